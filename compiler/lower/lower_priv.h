/* SPDX-License-Identifier: Apache-2.0 */
/* lower_priv.h - the state of lowering one function, and its emitters. */
#ifndef LOWER_LOWER_PRIV_H
#define LOWER_LOWER_PRIV_H

#include "lower/lower.h"

struct lw {
	struct rir_program *p;
	struct rir_fn *fn;
	int compat;
	uint32_t site;
	int route;       /* index, -1 in thunks */
	int value;       /* slot: value of the last action */
	int nest;        /* if, while, switch bodies around */
	int break_to;    /* label of the innermost while or switch, -1: leaves the route */
	int return_to;   /* label at the end of a block expression, -1: leaves the function */
	struct cse *cse; /* NULL: everything is computed where it is written */
};

/* ---- emit.c ---- */
struct rir_inst *lw_emit(struct lw *l, enum rir_op op);
int lw_temp(struct lw *l);
int lw_label(struct lw *l);
void lw_place(struct lw *l, int label);
void lw_jump(struct lw *l, int label);
void lw_branch(struct lw *l, int cond, int yes, int no);
void lw_ret(struct lw *l, int value);
int lw_const(struct lw *l, int64_t v);
int lw_text(struct lw *l, struct str s);
int lw_slot(struct lw *l, enum rir_slot kind, int count);
int lw_elem(struct lw *l, int base, enum rir_slot kind, int i);
int lw_load(struct lw *l, int slot);
void lw_store(struct lw *l, int v, int slot);
void lw_two(struct lw *l, enum rir_op op, int a, int b); /* SETINT, SETSTR, COPY, COPYSTR */
void lw_set_null(struct lw *l, int value);
int lw_one(struct lw *l, enum rir_op op, int a); /* TAG, LEN */
int lw_field(struct lw *l, enum rir_field f);
void lw_set_field(struct lw *l, enum rir_field f, int v);
int lw_bin(struct lw *l, enum ast_op op, int a, int b);
int lw_global(struct lw *l, const char *symbol);
/* name(run, args...) by a signature of rt.def; the result, or -1 for void. */
int lw_call(struct lw *l, const char *name, const char *sig, int n, const int *args);
int lw_regex(struct lw *l, struct str text, int flags, int kind);
#define LW_CALL(l, name, sig, ...)                                                                 \
	lw_call((l), (name), (sig), (int)(sizeof((int[]){__VA_ARGS__}) / sizeof(int)),             \
		(int[]){__VA_ARGS__})
uint32_t lw_site(struct rir_program *p, struct loc loc, int route);
void lw_at(struct lw *l, const struct ast *n);
/* Observed code: a condition came out as `value`. */
void lw_see_cond(struct lw *l, int value);
/* Timed code: when an action begins, and that it has ended; else nothing. */
int lw_clock(struct lw *l);
void lw_action_done(struct lw *l, const char *name, int began);
struct rir_fn *lw_fn_new(struct rir_program *p, enum rir_fn_kind kind, const char *symbol);

/* ---- expr.c ---- */
int lw_int(struct lw *l, struct ast *e);   /* int64 */
int lw_str(struct lw *l, struct ast *e);   /* struct str * */
int lw_value(struct lw *l, struct ast *e); /* struct value * */
void lw_cond(struct lw *l, struct ast *e, int yes, int no); /* > 0 */
/* The whole right side of an assignment: calls give their raw code. */
int lw_rhs(struct lw *l, struct ast *e);
bool lw_can_fail(const struct lw *l, const struct ast *e);
bool lw_is_int(const struct ast *e);
bool lw_is_str(const struct ast *e);

/* ---- text.c ---- */
int lw_pv(struct lw *l, const struct sema_pv *pv);                    /* struct value * */
void lw_pv_to(struct lw *l, const struct sema_pv *pv, int value, bool print);
int lw_pv_store(struct lw *l, const struct sema_pv *pv, int value, bool not_null); /* 1, or negative; not_null: it is known to be none */
int lw_subst(struct lw *l, struct str text, const struct sema_fmt *fmt); /* struct rt_subst *; fmt: its variables */
int lw_fmt(struct lw *l, const struct sema_fmt *fmt);                 /* struct str * */

bool lw_is_dynamic(const struct sema_pv *pv); /* its name is known only when it is read */

/* ---- cse.c ---- */
/* NULL: this program's code is to compute everything where it is written (or memory is out). */
struct cse *cse_new(const struct rir_program *p);
/* The key of a variable, of an expression that is wanted as `kind`; -1: not to be shared. */
int cse_pv(struct lw *l, const struct sema_pv *pv, bool print);
int cse_expr(struct lw *l, const struct ast *e, enum rir_slot kind);
/* Around the code of a key (-1: nothing is done). The result: an int, or the slot of a value that was made before cse_begin(). */
void cse_begin(struct lw *l, int key);
int cse_end(struct lw *l, int key, int result);
/* What comes next may find another message. */
void cse_clobber(struct lw *l);
/* The function is whole. */
void cse_run(struct lw *l);

/* ---- call.c ---- */
/* Raw code. in_expr: as an operand ($rc rules). Leaves the function when the script ends. */
int lw_call_node(struct lw *l, struct ast *n, bool in_expr);

/* ---- kept.c ---- */
bool lower_kept(struct rir_program *p); /* fills p->kept; false: memory is out */

/* ---- stmt.c ---- */
void lw_block(struct lw *l, struct ast *first);
void lw_assign(struct lw *l, struct ast *n);
void lw_end_if_exit(struct lw *l, int value);

#endif
