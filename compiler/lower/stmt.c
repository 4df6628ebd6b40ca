/* SPDX-License-Identifier: Apache-2.0 */
/* Statements: each leaves its value in the route's slot (language.md 4.2, 5.2). */
#include "lower/lower_priv.h"

#include "abi/run.h"

static void set_value(struct lw *l, int64_t v)
{
	lw_store(l, lw_const(l, v), l->value);
}

static void leave(struct lw *l, int value)
{
	if (l->return_to >= 0) {
		lw_store(l, value, l->value);
		lw_jump(l, l->return_to);
	} else {
		lw_ret(l, value);
	}
}

static bool never_null(const struct ast *e)
{
	return sema_const_of(e) || lw_is_int(e) || lw_is_str(e); /* a select is assigned as text, see lw_rhs */
}

void lw_assign(struct lw *l, struct ast *n)
{
	const struct sema_pv *pv = n->kid[0]->bind;
	bool can_fail = lw_can_fail(l, n->kid[1]);
	int v, done = lw_label(l), good = lw_label(l), bad;

	if (!pv) {
		set_value(l, -1);
		return;
	}
	if (can_fail)
		lw_set_field(l, RIR_F_FAILED, lw_const(l, 0));
	v = lw_rhs(l, n->kid[1]);
	if (can_fail) {
		bad = lw_label(l);
		lw_branch(l, lw_field(l, RIR_F_FAILED), bad, good);
		lw_place(l, bad);
		set_value(l, -1);
		lw_jump(l, done);
		lw_place(l, good);
	}
	v = lw_pv_store(l, pv, v, never_null(n->kid[1]));
	lw_store(l, v, l->value);
	if (can_fail) {
		lw_jump(l, done);
		lw_place(l, done);
	}
}

static void lower_return(struct lw *l, struct ast *n)
{
	int v, bits = 0;

	if (n->op == AST_RETURN_RETURN && !n->kid[0]) {
		leave(l, lw_const(l, 1));
		return;
	}
	v = n->kid[0] ? lw_int(l, n->kid[0]) : lw_const(l, n->op == AST_RETURN_DROP ? 0 : 1);
	if (n->op == AST_RETURN_RETURN) {
		/* 0 ends the whole script */
		int go = lw_label(l), end = lw_label(l);

		lw_branch(l, v, go, end);
		lw_place(l, end);
		lw_set_field(l, RIR_F_CTL,
			     lw_bin(l, OP_BOR, lw_field(l, RIR_F_CTL), lw_const(l, RUN_EXIT)));
		lw_ret(l, v);
		lw_place(l, go);
		leave(l, v);
		return;
	}
	bits = n->op == AST_RETURN_DROP ? RUN_EXIT | RUN_DROP : RUN_EXIT;
	lw_set_field(l, RIR_F_CTL, lw_bin(l, OP_BOR, lw_field(l, RIR_F_CTL), lw_const(l, bits)));
	lw_ret(l, v);
}

static void lower_if(struct lw *l, struct ast *n)
{
	int yes = lw_label(l), no = lw_label(l), done = lw_label(l);

	lw_cond(l, n->kid[0], yes, no);
	lw_place(l, yes);
	l->nest++;
	lw_block(l, n->kid[1]);
	l->nest--;
	lw_jump(l, done);
	lw_place(l, no);
	if (n->sub) {
		l->nest++;
		lw_block(l, n->kid[2]);
		l->nest--;
	} else {
		set_value(l, 1);
	}
	lw_jump(l, done);
	lw_place(l, done);
}

static void lower_while(struct lw *l, struct ast *n)
{
	int head = lw_label(l), body = lw_label(l), run = lw_label(l), stop = lw_label(l), done = lw_label(l);
	int rounds = lw_slot(l, RIR_SLOT_INT, 1), outer = l->break_to, v;

	lw_store(l, lw_const(l, 0), rounds);
	set_value(l, 1);
	lw_jump(l, head);
	lw_place(l, head);
	if (l->p->observe)
		lw_at(l, n); /* each round asks again */
	if (l->compat == 6) {
		lw_cond(l, n->kid[0], body, done);
	} else {
		v = lw_int(l, n->kid[0]); /* any value but 0 */
		lw_see_cond(l, v);
		lw_branch(l, v, body, done);
	}
	lw_place(l, body);
	v = lw_bin(l, OP_ADD, lw_load(l, rounds), lw_const(l, 1));
	lw_store(l, v, rounds);
	lw_branch(l, LW_CALL(l, "rt_loop_limit", "ipl", v), stop, run);
	lw_place(l, stop);
	set_value(l, -1);
	lw_jump(l, done);
	lw_place(l, run);
	l->break_to = done;
	l->nest++;
	lw_block(l, n->kid[1]);
	l->nest--;
	l->break_to = outer;
	lw_jump(l, head);
	lw_place(l, done);
}

/* Does the label of c match? Jumps. */
static void test_label(struct lw *l, struct ast *c, int as_int, int as_str, int yes, int no)
{
	const struct sema_const *k = c->bind;
	int v;

	if (!k)
		v = lw_const(l, 0);
	else if (c->op == AST_CASE_REGEX)
		v = LW_CALL(l, "rt_match", "ippp", as_str, lw_regex(l, k->s, 0, 0));
	else if (as_str >= 0)
		v = LW_CALL(l, "rt_str_eq", "ippp", as_str, lw_text(l, k->s));
	else
		v = lw_bin(l, OP_EQ, as_int, lw_const(l, k->i));
	lw_branch(l, v, yes, no);
}

static void lower_switch(struct lw *l, struct ast *n)
{
	int done = lw_label(l), fallback = done, outer = l->break_to, as_int = -1, as_str = -1;
	int n_cases = 0, k = 0, *bodies;

	for (struct ast *c = n->kid[1]; c; c = c->next)
		n_cases++;
	bodies = arena_calloc(l->p->arena, (size_t)n_cases + 1, sizeof(int));
	if (!bodies)
		return;
	if (n->aux == VT_STR)
		as_str = lw_str(l, n->kid[0]);
	else
		as_int = lw_int(l, n->kid[0]);
	for (struct ast *c = n->kid[1]; c; c = c->next, k++) {
		int next = lw_label(l);

		bodies[k] = lw_label(l);
		if (c->op == AST_CASE_DEFAULT) {
			fallback = bodies[k];
			lw_jump(l, next);
		} else {
			test_label(l, c, as_int, as_str, bodies[k], next);
		}
		lw_place(l, next);
	}
	lw_jump(l, fallback);
	l->break_to = done;
	l->nest++;
	k = 0;
	for (struct ast *c = n->kid[1]; c; c = c->next, k++) {
		lw_place(l, bodies[k]);
		lw_block(l, c->kid[1]);
		lw_jump(l, k + 1 < n_cases ? bodies[k + 1] : done);
	}
	l->nest--;
	l->break_to = outer;
	lw_place(l, done);
}

static void lower_break(struct lw *l)
{
	if (l->break_to >= 0) {
		lw_jump(l, l->break_to);
		return;
	}
	leave(l, lw_const(l, 0));
}

static bool is_function(const struct ast *n)
{
	const struct sema_call *call = n->kind == AST_CALL ? n->bind : NULL;

	return call && call->kind == SEMA_CALL_FN;
}

static void lower_statement(struct lw *l, struct ast *n)
{
	switch (n->kind) {
	case AST_EMPTY:
		return;
	case AST_CALL:
		lw_at(l, n);
		lw_store(l, lw_call_node(l, n, false), l->value);
		return;
	case AST_ASSIGN:
		lw_at(l, n);
		lw_assign(l, n);
		return;
	case AST_IF:
		lw_at(l, n);
		lower_if(l, n);
		return;
	case AST_WHILE:
		lw_at(l, n);
		lower_while(l, n);
		return;
	case AST_SWITCH:
		lw_at(l, n);
		lower_switch(l, n);
		return;
	case AST_RETURN:
		lw_at(l, n);
		lower_return(l, n);
		lw_place(l, lw_label(l)); /* what follows is not reached */
		return;
	case AST_BREAK:
		lw_at(l, n);
		lower_break(l);
		lw_place(l, lw_label(l));
		return;
	default:
		return;
	}
}

/* Functions are measured where they are called; what leaves the route is not. */
static void statement(struct lw *l, struct ast *n)
{
	bool measured = l->p->timed && !is_function(n);
	uint32_t outer = l->site;
	int began = measured ? lw_clock(l) : -1;

	lower_statement(l, n);
	if (!measured || n->kind == AST_EMPTY)
		return;
	l->site = lw_site(l->p, n->loc, l->route);
	lw_action_done(l, "corefunc", began);
	l->site = outer;
}

void lw_block(struct lw *l, struct ast *first)
{
	for (struct ast *n = first; n; n = n->next)
		statement(l, n);
}

static void lower_route(struct rir_program *p, const struct sema_route *r, struct cse *cse)
{
	struct lw l = {.p = p, .compat = p->sema->compat, .route = r->index, .break_to = -1, .return_to = -1, .cse = cse};

	l.fn = lw_fn_new(p, RIR_ROUTE, r->symbol);
	if (!l.fn)
		return;
	l.fn->route = r->index;
	l.fn->loc = r->loc;
	if (p->observe)
		LW_CALL(&l, "rt_see_enter", "vpi", lw_const(&l, r->index));
	l.value = lw_slot(&l, RIR_SLOT_INT, 1);
	lw_store(&l, lw_const(&l, 1), l.value);
	for (struct sema_body *b = r->bodies; b; b = b->next)
		lw_block(&l, b->node->kid[0]);
	lw_ret(&l, lw_load(&l, l.value));
	cse_run(&l);
}

/* Parameters that are variables or formats become functions too. */
static void lower_value(struct rir_program *p, const struct sema_value *v)
{
	if (v->pv)
		lower_pvref(p, v->pv);
	if (v->fmt)
		lower_fmtref(p, v->fmt);
	for (int i = 0; i < v->n_pairs; i++)
		lower_fmtref(p, v->pairs[i].fmt);
}

static bool sets_action_limit(const struct sema_program *sp)
{
	bool yes = false;

	for (size_t i = 0; i < sp->core.n; i++)
		if (strcmp(sp->core.v[i].row->name, "latency_limit_action") == 0)
			yes = sp->core.v[i].value.i > 0;
	return yes;
}

struct rir_program *lower_run(struct arena *a, const struct sema_program *sp, const struct source *src, bool observe)
{
	struct rir_program *p = arena_new_of(a, struct rir_program);
	struct loc none = {0};
	struct cse *cse;

	if (!p)
		return NULL;
	p->arena = a;
	p->sema = sp;
	p->src = src;
	p->observe = observe;
	p->timed = sets_action_limit(sp);
	cse = cse_new(p);
	lw_site(p, none, -1); /* 0: no statement */
	for (size_t i = 0; i < sp->routes.n; i++)
		lower_route(p, sp->routes.v[i], cse);
	for (size_t i = 0; i < sp->params.n; i++)
		lower_value(p, &sp->params.v[i].value);
	for (size_t i = 0; i < sp->core.n; i++)
		lower_value(p, &sp->core.v[i].value);
	return p->failed || !lower_kept(p) ? NULL : p;
}
