/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stmt.c - statements of a body: conditions, switch, return, and which contexts guards leave.
 *
 * `if (is_request())` and its kind narrow the contexts in which what follows can run; s->mask holds
 * what is left, and the call graph's proof uses it.
 */
#include "sema/sema_priv.h"

enum { WITH_REQUEST = IN_REQUEST | IN_FAILURE | IN_BRANCH | IN_ONSEND | IN_EVENT };

static const struct {
	const char *name;
	uint32_t when_true;
} guards[] = {
	{"is_request", WITH_REQUEST},         {"is_reply", IN_ONREPLY},
	{"t_is_request_route", IN_REQUEST},   {"t_is_reply_route", IN_ONREPLY},
	{"t_is_failure_route", IN_FAILURE},   {"t_is_branch_route", IN_BRANCH},
};

static uint32_t guard_call(const struct ast *c, bool truth)
{
	for (size_t i = 0; i < sizeof(guards) / sizeof(guards[0]); i++)
		if (str_eq(c->text, str_of(guards[i].name)))
			return truth ? guards[i].when_true : IN_ANY & ~guards[i].when_true;
	return IN_ANY;
}

/* $mt == 1 */
static uint32_t guard_mt(const struct ast *c, bool truth)
{
	const struct ast *l = c->kid[0], *r = c->kid[1];
	bool request;

	if (!l || !r || l->kind != AST_PV || r->kind != AST_INT || !str_eq(l->text, S("$mt")))
		return IN_ANY;
	request = (r->num == 1) == (c->op == OP_EQ);
	return request == truth ? WITH_REQUEST : IN_ONREPLY;
}

uint32_t sema_guard(const struct ast *c, bool truth)
{
	if (!c)
		return IN_ANY;
	if (c->kind == AST_CALL)
		return guard_call(c, truth);
	if (c->kind == AST_UNARY && c->op == OP_NOT)
		return sema_guard(c->kid[0], !truth);
	if (c->kind != AST_BINARY)
		return IN_ANY;
	if (c->op == OP_AND || c->op == OP_OR) {
		uint32_t a = sema_guard(c->kid[0], truth), b = sema_guard(c->kid[1], truth);

		return (c->op == OP_AND) == truth ? a & b : a | b;
	}
	return c->op == OP_EQ || c->op == OP_NE ? guard_mt(c, truth) : IN_ANY;
}

static bool ends(const struct ast *chain)
{
	const struct ast *last = chain;

	if (!last)
		return false;
	while (last->next)
		last = last->next;
	if (last->kind == AST_RETURN || last->kind == AST_BREAK)
		return true;
	return last->kind == AST_IF && last->kid[2] && ends(last->kid[1]) && ends(last->kid[2]);
}

static void chain(struct sema *s, struct ast *n);

static void if_stmt(struct sema *s, struct ast *n)
{
	uint32_t before = s->mask, after;

	sema_expr(s, n->kid[0]);
	s->mask = before & sema_guard(n->kid[0], true);
	chain(s, n->kid[1]);
	after = ends(n->kid[1]) ? 0 : before & sema_guard(n->kid[0], true);
	s->mask = before & sema_guard(n->kid[0], false);
	chain(s, n->kid[2]);
	if (!n->kid[2] || !ends(n->kid[2]))
		after |= before & sema_guard(n->kid[0], false);
	s->mask = after ? after : before;
}

static void no_text(struct sema *s, const struct ast *e, const char *where)
{
	struct diag *d;

	if (!e || !sema_static_str(e))
		return;
	d = diag_report(s->sink, E_CONDITION, e->loc, "%s needs a number, this is text", where);
	diag_hint(s->sink, d, "convert it with (int)");
}

static void while_stmt(struct sema *s, struct ast *n)
{
	sema_expr(s, n->kid[0]);
	no_text(s, n->kid[0], "while");
	chain(s, n->kid[1]);
}

static bool same_label(const struct ast *a, const struct ast *b)
{
	const struct sema_const *x = a->bind, *y = b->bind;

	if (!x || !y || a->op != b->op || x->is_str != y->is_str)
		return false;
	return x->is_str ? str_eq(x->s, y->s) : x->i == y->i;
}

static void check_label(struct sema *s, struct ast *sw, struct ast *c)
{
	const struct sema_const *v = c->bind;
	int kind;
	char buf[128];

	if (!v)
		return;
	kind = c->op == AST_CASE_REGEX || v->is_str ? VT_STR : VT_INT;
	if (sw->aux && sw->aux != kind)
		diag_report(s->sink, E_CASE, c->kid[0]->loc, "labels are all numbers or all text");
	else
		sw->aux = kind;
	if (c->op == AST_CASE_REGEX && v->is_str) {
		const char *fault = sema_regex_fault(v->s, false, buf, sizeof(buf));

		if (fault)
			diag_report(s->sink, E_REGEX, c->kid[0]->loc,
				    "bad regular expression \"%.*s\": %s", (int)v->s.n, v->s.p, fault);
	}
	for (struct ast *o = sw->kid[1]; o && o != c; o = o->next) {
		if (o->kind != AST_CASE || o->op == AST_CASE_DEFAULT || !same_label(o, c))
			continue;
		struct diag *d = diag_report(s->sink, E_CASE, c->kid[0]->loc, "this label stands twice");
		diag_span(s->sink, d, o->loc, "first here");
		break;
	}
}

static void switch_stmt(struct sema *s, struct ast *n)
{
	struct ast *dflt = NULL;
	int labels = 0;

	sema_expr(s, n->kid[0]);
	for (struct ast *c = n->kid[1]; c; c = c->next) {
		if (c->kind != AST_CASE)
			continue;
		if (c->op == AST_CASE_DEFAULT) {
			if (dflt)
				diag_report(s->sink, E_CASE, c->loc, "a switch has one default");
			dflt = c;
		} else if (c->kid[0]) {
			labels++;
			sema_expr(s, c->kid[0]);
			c->bind = sema_const_of(c->kid[0]);
			if (!c->bind)
				diag_report(s->sink, E_CASE, c->kid[0]->loc, "a label is a constant");
			check_label(s, n, c);
		}
		chain(s, c->kid[1]);
	}
	if (dflt && !labels && !sema_const_of(n->kid[0]))
		diag_report(s->sink, E_CASE, n->loc, "a switch over a variable needs a case besides default");
}

static void return_stmt(struct sema *s, struct ast *n)
{
	static const char *const words[] = {"return", "exit", "drop"};

	if (!n->kid[0])
		return;
	sema_expr(s, n->kid[0]);
	no_text(s, n->kid[0], words[n->op < 3 ? n->op : 0]);
}

static void statement(struct sema *s, struct ast *n)
{
	switch (n->kind) {
	case AST_CALL:
		sema_call_node(s, n);
		break;
	case AST_ASSIGN:
		/* its value is the statement's own: not a condition */
		s->in_expr--;
		sema_expr(s, n);
		s->in_expr++;
		break;
	case AST_IF:
		if_stmt(s, n);
		break;
	case AST_WHILE:
		while_stmt(s, n);
		break;
	case AST_SWITCH:
		switch_stmt(s, n);
		break;
	case AST_RETURN:
		return_stmt(s, n);
		break;
	default:
		break;
	}
}

static void chain(struct sema *s, struct ast *n)
{
	for (; n; n = n->next)
		statement(s, n);
}

static uint32_t block_of(int route_kind)
{
	switch ((enum route_kind)route_kind) {
	case ROUTE_REQUEST:
	case ROUTE_SUB:
		return IN_REQUEST;
	case ROUTE_CORE_REPLY:
		return IN_CORE_ONREPLY;
	case ROUTE_ONREPLY:
		return IN_TM_ONREPLY;
	case ROUTE_FAILURE:
		return IN_FAILURE;
	case ROUTE_BRANCH:
		return IN_BRANCH;
	case ROUTE_ONSEND:
		return IN_ONSEND;
	case ROUTE_EVENT:
		return IN_EVENT | IN_REQUEST;
	}
	return IN_REQUEST;
}

void sema_body_check(struct sema *s, struct ast *n)
{
	int in_expr = s->in_expr;

	s->in_expr = 0;
	if (n->kind == AST_ROUTE) {
		s->route = (struct sema_route *)(uintptr_t)n->bind;
		s->block = block_of(s->route ? s->route->kind : n->op);
		s->mask = IN_ANY;
	}
	chain(s, n->kid[0]);
	if (n->kind == AST_ROUTE)
		s->route = NULL;
	s->in_expr = in_expr;
}
