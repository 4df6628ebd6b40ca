/* SPDX-License-Identifier: Apache-2.0 */
/* lint.c - the order of the rules, and the walk they share. */
#include "lint/lint_priv.h"

void lint_walk(struct ast *n, void (*fn)(void *, struct ast *), void *arg)
{
	for (; n; n = n->next) {
		fn(arg, n);
		for (int i = 0; i < 4; i++)
			lint_walk(n->kid[i], fn, arg);
	}
}

void lint_walk_one(const struct ast *n, void (*fn)(void *, struct ast *), void *arg)
{
	fn(arg, (struct ast *)(uintptr_t)n);
	for (int i = 0; i < 4; i++)
		lint_walk(n->kid[i], fn, arg);
}

bool lint_directive_between(const struct lint *l, struct loc from, struct loc to)
{
	for (const struct ast_trivia *t = l->script->trivia; t; t = t->next)
		if (t->kind != TRIVIA_COMMENT && t->loc.file == from.file && t->loc.off > from.off && t->loc.off < to.off)
			return true;
	return false;
}

int lint_var_slot(const struct sema_pv *pv)
{
	if (!pv || !pv->row || pv->row->inner != CAT_INNER_VARSLOT ||
	    str_eq(str_of(pv->row->name), S("vn")))
		return -1;
	return (int)pv->name.num;
}

static void note_set(struct lint *l, const struct sema_pv *pv)
{
	if (pv && pv->row && pv->row->inner == CAT_INNER_VARSLOT &&
	    (size_t)pv->name.num < l->p->var_names.n)
		l->var_set[pv->name.num] = true;
}

/* Assignments, and variables that functions get by reference. */
static void find_sets(void *arg, struct ast *n)
{
	struct lint *l = arg;
	const struct sema_call *c;

	if (n->kind == AST_ASSIGN && n->kid[0])
		note_set(l, n->kid[0]->bind);
	if (n->kind != AST_CALL || !n->bind)
		return;
	c = n->bind;
	for (int i = 0; i < c->n_args; i++) {
		int kind = c->args[i].kind;

		if (kind == CAT_PVAR || kind == CAT_PVAR_W || kind == CAT_AVP)
			note_set(l, c->args[i].pv);
		for (int k = 0; c->args[i].form == SEMA_ARG_PVLIST && k < c->args[i].fmt->n_parts; k++)
			note_set(l, c->args[i].fmt->parts[k].pv);
	}
}

/* modparam("pv", "varset", "x=i:5") */
static void find_presets(struct lint *l)
{
	for (size_t i = 0; i < l->p->params.n; i++) {
		struct str text = l->p->params.v[i].value.s, name = str_cut(&text, '=');

		for (size_t j = 0; j < l->p->var_names.n; j++)
			if (name.n && str_eq(l->p->var_names.v[j], name))
				l->var_told[j] = true;
	}
}

static void each_expr(void *arg, struct ast *n)
{
	struct lint *l = arg;

	if (n->kind == AST_IF || n->kind == AST_WHILE)
		lint_condition(l, n);
	lint_expr(l, n);
	lint_trap(l, n);
}

void lint_run(struct arena *a, const struct source *src, struct diag_sink *sink,
	      struct ast_script *script, const struct sema_program *p, const struct preproc *pp)
{
	struct lint l = {a, src, sink, script, p, NULL, NULL};

	if (sink->n_errors > p->unsupported)
		return;
	l.var_set = arena_calloc(a, p->var_names.n + 1, sizeof(bool));
	l.var_told = arena_calloc(a, p->var_names.n + 1, sizeof(bool));
	if (!l.var_set || !l.var_told)
		return;
	lint_walk(script->items, find_sets, &l);
	find_presets(&l);
	lint_routes(&l);
	lint_flags(&l);
	lint_walk(script->items, each_expr, &l);
	lint_places(&l);
	lint_absent(&l);
	lint_flow(&l);
	if (pp)
		lint_defines(&l, pp);
}
