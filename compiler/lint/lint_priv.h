/* SPDX-License-Identifier: Apache-2.0 */
/* lint_priv.h - the state of one lint_run; inside compiler/lint only. */
#ifndef LINT_LINT_PRIV_H
#define LINT_LINT_PRIV_H

#include "diag/diag.h"
#include "lint/lint.h"

struct lint {
	struct arena *arena;
	const struct source *src;
	struct diag_sink *sink;
	struct ast_script *script;
	const struct sema_program *p;
	bool *var_set;  /* by slot: some statement sets it */
	bool *var_told;
};

/* Names of things, routes and the preprocessor: names.c. */
void lint_routes(struct lint *l);
void lint_defines(struct lint *l, const struct preproc *pp);
void lint_flags(struct lint *l);
/* What one expression or condition shows by itself: expr.c. */
void lint_expr(struct lint *l, struct ast *e);
void lint_condition(struct lint *l, struct ast *e);
/* What only a path through the statements shows: flow.c. */
void lint_flow(struct lint *l);

/* Traps of the language: traps.c. One node; all statements where they stand. */
void lint_trap(struct lint *l, struct ast *n);
void lint_places(struct lint *l);
/* Did a define have a part in this constant? */
bool lint_from_define(const struct lint *l, const struct ast *e);

/* What a place does not have: absent.c. */
void lint_absent(struct lint *l);
/* Does $rc stand in it? */
bool lint_reads_code(const struct ast *n);

/* Does a line of the preprocessor stand between the two? */
bool lint_directive_between(const struct lint *l, struct loc from, struct loc to);
/* Slot of a $var, $vz; -1 for anything else. */
int lint_var_slot(const struct sema_pv *pv);
/* Calls fn for every node below and including the chain. */
void lint_walk(struct ast *n, void (*fn)(void *, struct ast *), void *arg);
/* The same for one node and what is below it. */
void lint_walk_one(const struct ast *n, void (*fn)(void *, struct ast *), void *arg);

#endif
