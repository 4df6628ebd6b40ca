/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow.c - one walk along the statements of each route, in the order in which they run.
 *
 * State at a point: what surely happened on the way (relayed, replied), which $var may have been
 * set, and which hold a string that a statement above gave them. Branches are walked apart and
 * joined: "surely" by and, "may" by or, types by agreement. Routes called are summarised once:
 * what surely happened when they come back.
 */
#include "lint/lint_priv.h"

enum { DID_RELAY = 1, DID_REPLY = 2, DEPTH = 24 };
enum var_type { VAR_UNKNOWN, VAR_TEXT, VAR_NUMBER };

struct state {
	bool dead;        /* nothing comes here */
	uint32_t did;     /* on every way here */
	uint32_t maybe;   /* on some way here, decided in this block: the same condition cannot have sorted it out */
	struct loc relay_at, reply_at;
	uint8_t *type;    /* enum var_type by slot */
	bool *may;        /* by slot: may be set by now */
};

struct summary {
	bool known, busy;
	bool returns;
	uint32_t did;
	uint32_t starts; /* what happens before anything is decided */
};

struct flow {
	struct lint *l;
	const struct sema_route *route;
	struct summary *sum; /* by route */
	bool quiet;          /* making a summary: no reports */
	bool reads;          /* request_route: report reads of unset variables */
	size_t n_vars;
	struct state ret;    /* joined state of all returns of the route in work */
	bool has_ret;
	int depth;
	bool *entered;       /* by route: walked for reads already */
	uint32_t *starts;    /* where to note it; NULL: something was decided */
};

static void chain(struct flow *f, struct ast *n, struct state *st);
static void expr(struct flow *f, struct ast *e, struct state *st, bool reading);

static struct state fork(struct flow *f, const struct state *st)
{
	struct state c = *st;

	c.type = arena_alloc(f->l->arena, f->n_vars + 1);
	c.may = arena_calloc(f->l->arena, f->n_vars + 1, sizeof(bool));
	if (!c.type || !c.may) {
		c.type = st->type;
		c.may = st->may;
		return c;
	}
	memcpy(c.type, st->type, f->n_vars);
	memcpy(c.may, st->may, f->n_vars * sizeof(bool));
	return c;
}

static void join(struct flow *f, struct state *a, const struct state *b)
{
	if (b->dead) {
		/* what was set on a way that ended may still be set from an earlier message: keep it */
		for (size_t i = 0; i < f->n_vars; i++)
			a->may[i] |= b->may[i];
		return;
	}
	if (a->dead) {
		bool *may = a->may;

		for (size_t i = 0; i < f->n_vars; i++)
			may[i] |= b->may[i];
		memcpy(a->type, b->type, f->n_vars);
		a->dead = false;
		a->did = b->did;
		a->relay_at = b->relay_at;
		a->reply_at = b->reply_at;
		return;
	}
	a->did &= b->did;
	for (size_t i = 0; i < f->n_vars; i++) {
		a->may[i] |= b->may[i];
		if (a->type[i] != b->type[i])
			a->type[i] = VAR_UNKNOWN;
	}
}

/* ---- variables ---- */

static void read_var(struct flow *f, const struct sema_pv *pv, struct loc at, struct state *st)
{
	int slot = lint_var_slot(pv);
	struct lint *l = f->l;

	if (slot < 0 || f->quiet || !f->reads || l->var_told[slot])
		return;
	if (st->may[slot])
		return;
	l->var_told[slot] = true;
	struct diag *d = diag_report(l->sink, W_VAR_UNSET, at, "%.*s is read before anything sets it",
				     (int)pv->text.n, pv->text.p);
	if (!l->var_set[slot])
		diag_hint(l->sink, d, "no statement of the script sets it");
}

static void read_fmt(struct flow *f, const struct sema_fmt *fmt, struct loc at, struct state *st)
{
	for (int i = 0; fmt && i < fmt->n_parts; i++)
		if (fmt->parts[i].pv)
			read_var(f, fmt->parts[i].pv, at, st);
}

static void set_var(struct flow *f, const struct sema_pv *pv, int type, struct state *st)
{
	if (!pv || !pv->row || pv->row->inner != CAT_INNER_VARSLOT || (size_t)pv->name.num >= f->n_vars)
		return;
	st->may[pv->name.num] = true;
	st->type[pv->name.num] = (uint8_t)type;
}

static void forget_types(struct flow *f, struct state *st)
{
	memset(st->type, VAR_UNKNOWN, f->n_vars);
}

/* ---- what calls do ---- */

static bool provisional(const struct sema_call *c)
{
	const struct sema_arg *a = &c->args[0];

	return c->n_args && (a->kind == CAT_INT || a->kind == CAT_CODE) && (a->form != SEMA_ARG_INT || a->num < 200);
}

static uint32_t effect(const struct sema_call *c)
{
	uint32_t did = 0;

	if (!c || c->kind != SEMA_CALL_FN || !c->fn)
		return 0;
	if (c->fn->effects & FX_RELAYS)
		did |= DID_RELAY;
	if ((c->fn->effects & FX_REPLIES) && !(c->fn->effects & FX_RELAYS) && !provisional(c))
		did |= DID_REPLY;
	return did;
}

static void report_twice(struct flow *f, uint32_t did, const struct ast *n, const struct state *st)
{
	uint32_t before = st->did | st->maybe;
	const char *sure = "";
	struct diag *d;

	if (!((did & before) & st->did) && !((did ^ 3) & st->did))
		sure = "perhaps ";
	if ((did & DID_RELAY) && (before & DID_RELAY)) {
		d = diag_report(f->l->sink, W_RELAY_TWICE, n->loc, "the request was %salready relayed on this path", sure);
		diag_span(f->l->sink, d, st->relay_at, "relayed here");
	} else if ((did & DID_REPLY) && (before & DID_REPLY)) {
		d = diag_report(f->l->sink, W_REPLY_TWICE, n->loc, "the request was %salready answered on this path", sure);
		diag_span(f->l->sink, d, st->reply_at, "answered here");
	} else if ((did & DID_RELAY) && (before & DID_REPLY)) {
		d = diag_report(f->l->sink, W_REPLY_RELAY, n->loc, "the request was %salready answered on this path", sure);
		diag_span(f->l->sink, d, st->reply_at, "answered here");
	} else if ((did & DID_REPLY) && (before & DID_RELAY)) {
		d = diag_report(f->l->sink, W_REPLY_RELAY, n->loc, "the request was %salready relayed on this path", sure);
		diag_span(f->l->sink, d, st->relay_at, "relayed here");
	} else {
		return;
	}
	diag_hint(f->l->sink, d, "leave with exit before it");
}

static void happen(struct flow *f, uint32_t did, const struct ast *n, struct state *st)
{
	if (!did || st->dead)
		return;
	if (!f->quiet && !f->depth)
		report_twice(f, did, n, st);
	if (f->starts)
		*f->starts |= did;
	if (did & DID_RELAY)
		st->relay_at = n->loc;
	if (did & DID_REPLY)
		st->reply_at = n->loc;
	st->did |= did;
}

static void walk_route(struct flow *f, const struct sema_route *r, struct state *st)
{
	for (const struct sema_body *b = r->bodies; b; b = b->next)
		chain(f, b->node->kid[0], st);
}

static const struct summary *summary(struct flow *f, int route, const struct state *from)
{
	struct summary *s = &f->sum[route];
	struct flow sub = *f;
	struct state st;

	if (s->known || s->busy || f->depth >= DEPTH) {
		return s;
	}
	s->busy = true;
	st = fork(f, from);
	st.did = st.maybe = 0;
	st.dead = false;
	sub.starts = &s->starts;
	sub.quiet = true;
	sub.has_ret = false;
	sub.depth++;
	sub.route = f->l->p->routes.v[route];
	walk_route(&sub, sub.route, &st);
	if (sub.has_ret) {
		join(&sub, &sub.ret, &st);
		st = sub.ret;
	}
	s->known = true;
	s->busy = false;
	s->returns = !st.dead;
	s->did = st.dead ? 0 : st.did;
	return s;
}

/* Reads and sets inside a called route, in the caller's order; only for the unset rule. */
static void enter_for_reads(struct flow *f, int route, struct state *st)
{
	struct flow sub = *f;
	struct state in;

	if (!f->reads || f->quiet || f->depth >= DEPTH || f->entered[route])
		return;
	f->entered[route] = true;
	in = fork(f, st);
	in.did = in.maybe = 0;
	sub.starts = NULL;
	sub.depth++;
	sub.has_ret = false;
	sub.route = f->l->p->routes.v[route];
	walk_route(&sub, sub.route, &in);
	for (size_t i = 0; i < f->n_vars; i++)
		st->may[i] |= in.may[i] || (sub.has_ret && sub.ret.may[i]);
}

static void read_args(struct flow *f, const struct sema_call *c, struct ast *n, struct state *st)
{
	struct ast *e = n->kid[0];

	for (int i = 0; i < c->n_args && e; i++, e = e->next) {
		const struct sema_arg *a = &c->args[i];
		bool by_ref = a->kind == CAT_PVAR || a->kind == CAT_PVAR_W || a->kind == CAT_AVP;

		for (int k = 0; a->form == SEMA_ARG_PVLIST && k < a->fmt->n_parts; k++)
			set_var(f, a->fmt->parts[k].pv, VAR_UNKNOWN, st);
		if (by_ref)
			set_var(f, a->pv, VAR_UNKNOWN, st);
		else if (a->form == SEMA_ARG_FMT)
			read_fmt(f, a->fmt, e->loc, st);
		else if (a->form == SEMA_ARG_PV)
			read_var(f, a->pv, e->loc, st);
		else if (a->form == SEMA_ARG_EXPR)
			expr(f, e, st, true);
	}
}

/* Returns what surely happened when the call succeeds; applies nothing but variables. */
static uint32_t call(struct flow *f, struct ast *n, struct state *st)
{
	const struct sema_call *c = n->bind;
	const struct summary *s;

	if (!c)
		return 0;
	if (c->kind == SEMA_CALL_FN) {
		read_args(f, c, n, st);
		return effect(c);
	}
	forget_types(f, st);
	if (c->kind == SEMA_CALL_ROUTE_DYN || c->route < 0) {
		memset(st->may, 1, f->n_vars * sizeof(bool));
		return 0;
	}
	s = summary(f, c->route, st);
	enter_for_reads(f, c->route, st);
	return s->known ? s->did : 0;
}

/* ---- expressions ---- */

static void text_as_number(struct flow *f, const struct ast *e, const struct state *st)
{
	const struct ast *sides[] = {e->kid[0], e->kid[1]};

	for (int i = 0; i < 2 && !f->quiet && !f->depth; i++) {
		const struct ast *a = sides[i], *o = sides[1 - i];
		int slot = a && a->kind == AST_PV ? lint_var_slot(a->bind) : -1;

		if (slot < 0 || !o || st->type[slot] != VAR_TEXT || ((const struct sema_pv *)a->bind)->n_trs)
			continue;
		if ((e->op == OP_EQ || e->op == OP_NE) && (i == 1 || !sema_const_of(o) || sema_const_of(o)->is_str))
			continue;
		diag_report(f->l->sink, W_INT_COMPARE, e->loc, "%.*s holds text here and is used as a number",
			    (int)a->text.n, a->text.p);
		return;
	}
}

static bool is_number_text(struct str t)
{
	int64_t v;

	return str_to_i64(t, &v);
}

/* $var(x) = 4; then $var(x) == "a", $var(x) + "a" */
static void number_as_text(struct flow *f, const struct ast *e, const struct state *st)
{
	const struct ast *a = e->kid[0], *o = e->kid[1];
	const struct sema_const *c = o ? sema_const_of(o) : NULL;
	int slot = a && a->kind == AST_PV ? lint_var_slot(a->bind) : -1;

	if (f->quiet || f->depth || slot < 0 || st->type[slot] != VAR_NUMBER || !c || !c->is_str || is_number_text(c->s) ||
	    ((const struct sema_pv *)a->bind)->n_trs || (e->op != OP_EQ && e->op != OP_NE && e->op != OP_ADD))
		return;
	diag_report(f->l->sink, W_INT_COMPARE, e->loc, e->op == OP_ADD ? "%.*s holds a number here: \"%.*s\" is added as 0"
								       : "%.*s holds a number here and never equals \"%.*s\"",
		    (int)a->text.n, a->text.p, (int)c->s.n, c->s.p);
}

static bool is_numeric_op(int op)
{
	return op == OP_LT || op == OP_GT || op == OP_LE || op == OP_GE || op == OP_EQ || op == OP_NE ||
	       op == OP_IEQ || op == OP_INE;
}

static bool is_null(const struct ast *e)
{
	return e && e->kind == AST_PV && str_eq(e->text, S("$null"));
}

static void expr(struct flow *f, struct ast *e, struct state *st, bool reading)
{
	if (!e)
		return;
	switch (e->kind) {
	case AST_PV:
		if (reading)
			read_var(f, e->bind, e->loc, st);
		return;
	case AST_CALL:
		call(f, e, st);
		return;
	case AST_ASSIGN:
		expr(f, e->kid[1], st, true);
		set_var(f, e->kid[0] ? e->kid[0]->bind : NULL, VAR_UNKNOWN, st);
		return;
	case AST_DEFINED:
		expr(f, e->kid[0], st, false);
		return;
	case AST_BLOCK:
		chain(f, e->kid[0], st);
		return;
	case AST_BINARY:
		if (is_null(e->kid[0]) || is_null(e->kid[1]))
			reading = false;
		expr(f, e->kid[0], st, reading);
		expr(f, e->kid[1], st, reading);
		if (is_numeric_op(e->op))
			text_as_number(f, e, st);
		number_as_text(f, e, st);
		return;
	default:
		for (int i = 0; i < 4; i++)
			expr(f, e->kid[i], st, true);
		return;
	}
}

/* Condition: `yes` and `no` get what holds when it is true or false. */
static void condition(struct flow *f, struct ast *e, struct state *st, uint32_t *yes, uint32_t *no)
{
	*yes = *no = 0;
	if (!e)
		return;
	if (e->kind == AST_CALL) {
		*yes = call(f, e, st);
		return;
	}
	if (e->kind == AST_UNARY && e->op == OP_NOT) {
		condition(f, e->kid[0], st, no, yes);
		return;
	}
	expr(f, e, st, true);
}

/* ---- statements ---- */

static void unreachable(struct flow *f, const struct ast *n)
{
	const struct ast *next = n->next;

	while (next && next->kind == AST_EMPTY)
		next = next->next;
	/* a break that ends a case after exit is a habit, not a fault */
	if (f->quiet || !next || next->kind == AST_BREAK ||
	    (next->kind == AST_RETURN && !next->next && !next->kid[0]))
		return;
	/* exit behind a route that ends the script says so to the reader; an arm may cut off what follows it */
	if ((n->kind == AST_CALL && next->kind == AST_RETURN) || lint_directive_between(f->l, n->loc, next->loc))
		return;
	diag_report(f->l->sink, W_UNREACHABLE, next->loc, "this is never reached");
}

static bool gives_bool(const struct ast *e)
{
	const struct sema_call *c = e->bind;

	if (e->kind == AST_CALL)
		return c && c->kind == SEMA_CALL_FN;
	if (e->kind == AST_UNARY)
		return e->op == OP_NOT;
	return e->kind == AST_BINARY && e->op >= OP_EQ && e->op <= OP_GE;
}

static void return_zero(struct flow *f, const struct ast *n)
{
	const struct ast *e = n->kid[0];
	const struct sema_const *c = e ? sema_const_of(e) : NULL;
	struct diag *d;

	if (f->quiet || n->op != AST_RETURN_RETURN || !e || f->depth || f->route->kind != ROUTE_SUB)
		return;
	if (c ? c->is_str || c->i != 0 : !gives_bool(e) || !f->route->called_in_expr)
		return;
	if (f->route->called_in_expr)
		d = diag_report(f->l->sink, W_RETURN_ZERO, n->loc,
				"%s ends the whole script; the condition that calls route[%.*s] is never decided",
				c ? "return 0" : "returning a false condition is return 0 and", (int)f->route->name.n,
				f->route->name.p);
	else
		d = diag_report(f->l->sink, W_RETURN_ZERO, n->loc, "return 0 ends the whole script, not only this route");
	diag_hint(f->l->sink, d, f->route->called_in_expr ? "return -1 for false"
							  : "write exit to end the script, return to go back");
}

static void leave(struct flow *f, const struct ast *n, struct state *st)
{
	if (n->kind == AST_RETURN && n->op == AST_RETURN_RETURN && !st->dead) {
		if (f->has_ret) {
			join(f, &f->ret, st);
		} else {
			f->ret = fork(f, st);
			f->has_ret = true;
		}
	}
	st->dead = true;
}

/* One arm of an if: what it does counts as decided there. */
static void arm(struct flow *f, struct ast *body, const struct ast *cond, uint32_t did, struct state *st)
{
	st->maybe = 0;
	if (did & DID_RELAY)
		st->relay_at = cond->loc;
	if (did & DID_REPLY)
		st->reply_at = cond->loc;
	st->did |= did;
	chain(f, body, st);
}

static void if_stmt(struct flow *f, struct ast *n, struct state *st)
{
	uint32_t yes, no, before = st->did, maybe = st->maybe, *starts = f->starts;
	struct state other, at = *st;

	condition(f, n->kid[0], st, &yes, &no);
	happen(f, yes | no, n->kid[0], &at);
	f->starts = NULL;
	other = fork(f, st);
	arm(f, n->kid[1], n->kid[0], yes, st);
	arm(f, n->kid[2], n->kid[0], no, &other);
	f->starts = st->dead || other.dead ? NULL : starts;
	maybe |= (st->dead ? 0 : (st->did & ~before) | st->maybe) | (other.dead ? 0 : (other.did & ~before) | other.maybe);
	if (!other.dead && (st->dead || (other.did & ~st->did & DID_REPLY)))
		st->reply_at = other.reply_at;
	if (!other.dead && (st->dead || (other.did & ~st->did & DID_RELAY)))
		st->relay_at = other.relay_at;
	join(f, st, &other);
	st->maybe = maybe;
}

static void while_stmt(struct flow *f, struct ast *n, struct state *st)
{
	struct state body;

	expr(f, n->kid[0], st, true);
	body = fork(f, st);
	body.maybe = 0;
	f->starts = NULL;
	forget_types(f, &body);
	chain(f, n->kid[1], &body);
	body.dead = false;
	body.did = st->did;
	join(f, st, &body);
	forget_types(f, st);
}

static void switch_stmt(struct flow *f, struct ast *n, struct state *st)
{
	struct state out, in;

	expr(f, n->kid[0], st, true);
	out = fork(f, st);
	for (struct ast *c = n->kid[1]; c; c = c->next) {
		in = fork(f, st);
		in.maybe = 0;
		f->starts = NULL;
		forget_types(f, &in);
		chain(f, c->kid[1], &in);
		in.dead = false; /* break or fall through: nothing sure */
		in.did = st->did;
		join(f, &out, &in);
	}
	forget_types(f, &out);
	*st = out;
}

static void statement(struct flow *f, struct ast *n, struct state *st)
{
	const struct sema_const *c;

	switch (n->kind) {
	case AST_CALL: {
		uint32_t did = call(f, n, st);
		const struct sema_call *sc = n->bind;

		if (sc && sc->kind == SEMA_CALL_ROUTE && sc->route >= 0)
			did |= f->sum[sc->route].starts;
		happen(f, did, n, st);
		if (sc && sc->kind == SEMA_CALL_ROUTE && sc->route >= 0 && f->sum[sc->route].known &&
		    !f->sum[sc->route].returns)
			st->dead = true;
		break;
	}
	case AST_ASSIGN:
		if (!n->kid[1])
			break;
		expr(f, n->kid[1], st, true);
		if (n->kid[1]->kind == AST_CALL)
			happen(f, call(f, n->kid[1], st), n->kid[1], st);
		c = sema_const_of(n->kid[1]);
		set_var(f, n->kid[0] ? n->kid[0]->bind : NULL,
			c && c->is_str ? VAR_TEXT : c ? VAR_NUMBER : VAR_UNKNOWN, st);
		break;
	case AST_IF:
		if_stmt(f, n, st);
		break;
	case AST_WHILE:
		while_stmt(f, n, st);
		break;
	case AST_SWITCH:
		switch_stmt(f, n, st);
		break;
	case AST_RETURN:
		expr(f, n->kid[0], st, true);
		return_zero(f, n);
		leave(f, n, st);
		break;
	case AST_BREAK:
		leave(f, n, st);
		break;
	default:
		break;
	}
}

static void chain(struct flow *f, struct ast *n, struct state *st)
{
	for (; n; n = n->next) {
		bool dead = st->dead;

		statement(f, n, st);
		if (!f->depth && !dead && st->dead)
			unreachable(f, n);
	}
}

void lint_flow(struct lint *l)
{
	size_t n = l->p->routes.n;
	struct flow f = {.l = l, .n_vars = l->p->var_names.n};

	f.sum = arena_calloc(l->arena, n + 1, sizeof(*f.sum));
	f.entered = arena_calloc(l->arena, n + 1, sizeof(bool));
	if (!f.sum || !f.entered)
		return;
	for (size_t i = 0; i < n; i++) {
		const struct sema_route *r = l->p->routes.v[i];

		f.route = r;
		f.reads = r->kind != ROUTE_SUB;
		for (const struct sema_body *b = r->bodies; b; b = b->next) {
			struct state st = {.dead = false};

			st.type = arena_alloc(l->arena, f.n_vars + 1);
			st.may = arena_calloc(l->arena, f.n_vars + 1, sizeof(bool));
			if (!st.type || !st.may)
				return;
			/* other routes come after the request's: whatever the script sets may be set */
			for (size_t v = 0; v < f.n_vars; v++)
				st.may[v] = (b != r->bodies || r->kind != ROUTE_REQUEST) && l->var_set[v];
			f.has_ret = false;
			chain(&f, b->node->kid[0], &st);
		}
	}
}
