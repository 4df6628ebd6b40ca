/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sema.h - gives every name of a script its meaning, and refuses what the language refuses.
 *
 * sema_run walks the parsed tree twice (declarations, then route bodies), sets bind, type and aux of
 * its nodes, and returns the program's tables. Reports through the diag sink and goes on after an
 * error; with errors the tables are incomplete but safe to read (lint, language server). What is
 * bound on which node:
 *
 *   PV, SERATTR        bind: const struct sema_pv *, type: VT_* (PV of an unknown name: NULL)
 *   SELECT             bind: const struct sema_cfg_var * for cfg_get.group.var, else NULL;
 *                      type VT_STR | VT_NULL
 *   CALL               bind: const struct sema_call *; type VT_INT
 *   ASSIGN             kid0 as PV; type VT_INT
 *   CASE               kid0 is constant: bind of the CASE is const struct sema_const *
 *   SWITCH             aux: VT_INT or VT_STR, the kind of its labels (0: no label)
 *   other expressions  type: VT_INT, VT_STR, VT_ANY ... ; bind: const struct sema_const * when the
 *                      value is known at compile time and dropping the operands is safe
 *   ROUTE              bind: const struct sema_route *
 *   MODPARAM ...       see the tables
 */
#ifndef SEMA_SEMA_H
#define SEMA_SEMA_H

#include "abi/program.h"
#include "ast/ast.h"
#include "catalog/catalog.h"
#include "sema/text.h"

struct diag_sink;

struct sema_const {
	bool is_str;
	int64_t i;
	struct str s;
};

enum sema_arg_form {
	SEMA_ARG_INT,   /* num (INT, FLAG, LEVEL, ENUM, METHODS mask when constant) */
	SEMA_ARG_TEXT,  /* text: constant, $$ reduced */
	SEMA_ARG_FMT,   /* fmt: evaluated per call */
	SEMA_ARG_PV,    /* pv: PVAR, PVAR_W, AVP by reference; INT, FLAG, LEVEL: its value */
	SEMA_ARG_EXPR,  /* expr: value of the expression */
	SEMA_ARG_ROUTE, /* num: index of the route, -1 when it does not exist (only warned) */
	SEMA_ARG_REGEX, /* text: constant regex, already compiled once to see that it is good */
	SEMA_ARG_SUBST, /* text: constant "/re/repl/flags" */
	SEMA_ARG_PVLIST, /* fmt: its variables by reference; what is between them has no meaning */
};

struct sema_arg {
	int kind; /* enum cat_arg_kind of the row */
	int form; /* enum sema_arg_form */
	int64_t num;
	struct str text;
	const struct sema_fmt *fmt;
	const struct sema_pv *pv;
	struct ast *expr; /* the argument as written */
};

enum sema_call_kind { SEMA_CALL_FN, SEMA_CALL_ROUTE, SEMA_CALL_ROUTE_DYN };

struct sema_call {
	int kind;                /* enum sema_call_kind */
	const struct cat_fn *fn; /* CALL_FN; module "core" for core actions */
	int n_args;
	struct sema_arg args[CAT_ARGS_MAX];
	int route;               /* CALL_ROUTE: index */
	struct ast *name;        /* CALL_ROUTE_DYN: expression of the name */
};

/* request_route blocks append to each other: several bodies, in order. */
struct sema_body {
	struct ast *node; /* AST_ROUTE */
	struct sema_body *next;
};

struct sema_route {
	int index;
	int kind;           /* enum route_kind */
	struct str name;
	struct loc loc;
	struct sema_body *bodies;
	uint32_t declared;  /* IN_* by its kind */
	uint32_t contexts;  /* IN_* from which it can be reached over the call graph */
	bool called;        /* by route(), t_on_..., or an event */
	bool called_in_expr;
	const char *symbol; /* "route_sub_RELAY": letters, digits and _ only, unique */
};

struct sema_module {
	const char *name;
	const struct cat_module *row; /* NULL: known but not built */
	struct loc loc;
};

struct sema_pair {
	struct str name;
	const struct sema_fmt *fmt;
};

struct sema_value {
	int kind; /* enum program_value_kind */
	int64_t i;
	struct str s;
	const struct sema_pv *pv;
	const struct sema_fmt *fmt;
	int n_pairs;
	const struct sema_pair *pairs;
};

struct sema_param {
	const char *module;
	const struct cat_param *row;
	struct sema_value value;
	struct loc loc;
};

struct sema_core_param {
	const struct cat_core_param *row; /* canonical name */
	struct sema_value value;
	struct loc loc;
};

struct sema_cfg_var {
	struct str group, name;
	int64_t instance; /* -1: default */
	struct str doc;
	struct sema_value value;
	struct loc loc;
};

/* One address of a listen line; fields as struct program_listen. */
struct sema_listen {
	int proto, port;
	struct str host, name, adv_host;
	int adv_port, adv_proto, is_virtual, workers;
	struct loc loc;
};

struct sema_alias {
	int proto, port;
	struct str host;
};

struct sema_flag {
	struct str name;
	int number;
	bool is_avp;
	struct loc loc;
};

#define SEMA_TABLE(type, name)                                                                     \
	struct {                                                                                   \
		type *v;                                                                           \
		size_t n, cap;                                                                     \
	} name

struct sema_program {
	struct arena *arena;
	const struct catalog *cat;
	int compat; /* 5 or 6 */
	SEMA_TABLE(struct sema_route *, routes);
	SEMA_TABLE(struct sema_module, modules); /* "core" first, then in load order */
	SEMA_TABLE(struct sema_param, params);
	SEMA_TABLE(struct sema_core_param, core);
	SEMA_TABLE(struct sema_cfg_var, cfg_vars);
	SEMA_TABLE(struct sema_listen, listens);
	SEMA_TABLE(struct sema_alias, aliases);
	SEMA_TABLE(struct sema_flag, flags);
	SEMA_TABLE(struct str, var_names); /* slots of $var, $vn, $vz */
	uint32_t dynamic_kinds;            /* bit per enum route_kind whose names are also computed */
	int n_pvs, n_fmts;                 /* ids of sema_pv and sema_fmt */
	int unsupported;                   /* uses of known things that are not built */
	int errors;
};

struct sema_opts {
	int compat;               /* 5 (0) or 6 */
	bool quiet_load;          /* loading a module that is not built yet is no diagnostic by itself */
	const char *const *extra_modules; /* --loadmodule, NULL-terminated, or NULL */
};

/* Bind and check. NULL only when memory is out. The program lives in the arena. */
struct sema_program *sema_run(struct arena *a, const struct catalog *cat, const struct source *src,
			      struct diag_sink *sink, struct ast_script *script,
			      const struct sema_opts *opts);

/* Value of an expression that is known at compile time, or NULL. */
const struct sema_const *sema_const_of(const struct ast *expr);
/* A route of that kind and name, or NULL. */
struct sema_route *sema_route_find(const struct sema_program *p, int kind, struct str name);
/* Bound tree and tables as text (--dump=bound). */
void sema_dump(const struct sema_program *p, const struct ast_script *script, struct sb *out);

#endif
