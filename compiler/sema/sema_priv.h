/* SPDX-License-Identifier: Apache-2.0 */
/* sema_priv.h - the state of one sema_run; inside compiler/sema only. */
#ifndef SEMA_SEMA_PRIV_H
#define SEMA_SEMA_PRIV_H

#include "diag/diag.h"
#include "sema/sema.h"

/* A call of a route, for the proof over the call graph. */
struct sema_edge {
	int from, to;
	uint32_t mask; /* contexts that the guards around it leave */
	struct loc loc;
};

/* A call of a function in a route[]. */
struct sema_use {
	int route;
	const struct cat_fn *fn;
	uint32_t mask;
	struct loc loc;
};

struct sema {
	struct arena *arena;
	const struct catalog *cat;
	const struct source *src;
	struct diag_sink *sink;
	struct sema_opts opts;
	struct sema_program *p;
	struct sema_text_env text;
	bool late;                /* format strings: every module of the script is visible */
	size_t n_loaded;          /* p->modules that stand above the item in work */
	struct sema_route *route; /* whose body is in work */
	uint32_t block;           /* IN_* by which functions of this body are checked */
	uint32_t mask;            /* contexts that remain after the guards around */
	int in_expr;              /* inside a condition or operand */
	bool seen_modparam;       /* above the item in work */
	int children;             /* in force for the next listen */
	SEMA_TABLE(struct str, hash_tables); /* declared by modparam("htable", "htable", ...) */
	bool hash_tables_open;    /* ... and by one whose name is only known at start */
	SEMA_TABLE(struct sema_edge, edges);
	SEMA_TABLE(struct sema_use, uses);
};

/* Add a zeroed element to a table; NULL when memory is out. */
void *sema_grow(struct arena *a, void **v, size_t *n, size_t *cap, size_t size);
#define SEMA_PUSH(s, t) sema_grow((s)->arena, (void **)&(t).v, &(t).n, &(t).cap, sizeof(*(t).v))

/* Report env->err of a text that stands at `l`. */
void sema_report_text(struct sema *s, struct loc l, struct str text);
/* "known, not supported yet: why". `module` may be NULL. */
void sema_unsupported(struct sema *s, struct loc l, enum cat_known_kind kind, struct str name,
		      const char *module);
/* The same of what has no row; `why` tells the reason. */
void sema_unsupported_part(struct sema *s, struct loc l, const char *what, struct str name, const char *why);
bool sema_loaded(const struct sema *s, const char *module);

/* decl.c */
void sema_collect(struct sema *s, struct ast *items);
void sema_declare(struct sema *s, struct ast *item);
bool sema_hash_table_known(const struct sema *s, struct str name);
const struct sema_flag *sema_flag_find(const struct sema *s, struct str name, bool is_avp);
/* expr.c: binds and types an expression. */
void sema_expr(struct sema *s, struct ast *e);
bool sema_static_str(const struct ast *e);
bool sema_static_int(const struct ast *e);
const struct sema_pv *sema_bind_pv_node(struct sema *s, struct ast *n);
void sema_fold(struct sema *s, struct ast *e);
/* cfg_get.group.var must be declared; false and reported when it is not. */
const struct sema_cfg_var *sema_cfg_get(struct sema *s, struct str select, struct loc l);
/* call.c */
void sema_call_node(struct sema *s, struct ast *n);
/* NULL when good, else what is wrong with it. */
const char *sema_regex_fault(struct str re, bool subst, char *buf, size_t size);
/* stmt.c */
void sema_body_check(struct sema *s, struct ast *route);
/* Contexts in which the condition can be true (when `truth`) or false. */
uint32_t sema_guard(const struct ast *cond, bool truth);
/* graph.c */
void sema_prove_contexts(struct sema *s);

/* Four numbers with dots are an address: each is at most 255. Anything else is a name. */
bool sema_ip4_ok(struct str host);

#endif
