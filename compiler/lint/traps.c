/* SPDX-License-Identifier: Apache-2.0 */
/*
 * traps.c - what the language takes without a word and nearly nobody means (language.md 9.3): text that
 * is not expanded, & for &&, + that joins, labels that fall through, break and drop where they do
 * something else, loops that only the loop limit ends.
 */
#include "lint/lint_priv.h"

#include "base/sb.h"
#include "catalog/catalog.h"

static bool is_comparison(int op)
{
	return op >= OP_EQ && op <= OP_GE;
}

/* ---- operators ---- */

/* Is the value always 0 or 1? */
static bool is_truth(const struct ast *e)
{
	switch (e->kind) {
	case AST_CALL:
	case AST_DEFINED:
	case AST_STREMPTY:
		return true;
	case AST_UNARY:
		return e->op == OP_NOT;
	case AST_BINARY:
		return is_comparison(e->op) || e->op == OP_AND || e->op == OP_OR;
	default:
		return false;
	}
}

static void bitwise(struct lint *l, const struct ast *e)
{
	const char *doubled = e->op == OP_BAND ? "&&" : "||";
	struct diag *d;

	if ((e->op != OP_BAND && e->op != OP_BOR) || !(is_truth(e->kid[0]) || is_truth(e->kid[1])))
		return;
	d = diag_report(l->sink, W_BITWISE, e->loc, "%s works on bits and binds tighter than %s; an operand is true or false",
			ast_op_name((enum ast_op)e->op), doubled);
	diag_hint(l->sink, d, "did you mean %s?", doubled);
}

static bool is_text_pv(const struct ast *e)
{
	return e->kind == AST_PV && (e->type & ~VT_NULL) == VT_STR;
}

static void arithmetic(struct lint *l, const struct ast *e)
{
	const struct sema_const *c = sema_const_of(e->kid[1]);
	struct diag *d;

	if (!c || c->is_str)
		return;
	if ((e->op == OP_DIV || e->op == OP_MOD) && c->i == 0) {
		diag_report(l->sink, W_DIV_ZERO, e->loc, "division by 0: the statement fails at run time");
	} else if (e->op == OP_ADD && is_text_pv(e->kid[0])) {
		d = diag_report(l->sink, W_CONCAT, e->loc, "%.*s is text: + joins it with \"%lld\"", (int)e->kid[0]->text.n,
				e->kid[0]->text.p, (long long)c->i);
		diag_hint(l->sink, d, "write (int)%.*s + %lld to add", (int)e->kid[0]->text.n, e->kid[0]->text.p,
			  (long long)c->i);
	}
}

/* $x < 3 && $x > 5 */
static void empty_range(struct lint *l, const struct ast *e)
{
	const struct ast *a = e->kid[0], *b = e->kid[1];
	const struct sema_const *x, *y;
	bool a_low, b_low;

	if (e->op != OP_AND || a->kind != AST_BINARY || b->kind != AST_BINARY || a->op < OP_LT || a->op > OP_GE ||
	    b->op < OP_LT || b->op > OP_GE || a->kid[0]->kind != AST_PV || b->kid[0]->kind != AST_PV ||
	    !str_eq(a->kid[0]->text, b->kid[0]->text))
		return;
	x = sema_const_of(a->kid[1]);
	y = sema_const_of(b->kid[1]);
	a_low = a->op == OP_GT || a->op == OP_GE;
	b_low = b->op == OP_GT || b->op == OP_GE;
	if (!x || !y || x->is_str || y->is_str || a_low == b_low)
		return;
	int64_t low = a_low ? x->i : y->i, high = a_low ? y->i : x->i;
	bool open_low = (a_low ? a->op : b->op) == OP_GT, open_high = (a_low ? b->op : a->op) == OP_LT;
	if (low + open_low > high - open_high)
		diag_report(l->sink, W_ALWAYS, e->loc, "this is always false: no number is in both ranges");
}

static void same_sides(struct lint *l, const struct ast *e)
{
	const struct ast *a = e->kid[0], *b = e->kid[1];

	if (is_comparison(e->op) && a->kind == AST_PV && b->kind == AST_PV && str_eq(a->text, b->text) &&
	    !str_eq(a->text, S("$null")) && !str_starts(a->text, S("$RAN")))
		diag_report(l->sink, W_ALWAYS, e->loc, "both sides are %.*s", (int)a->text.n, a->text.p);
}

/* A number alone between && and ||; defines are switches and stay. */
static void constant_operand(struct lint *l, const struct ast *e)
{
	if (e->op != OP_AND && e->op != OP_OR)
		return;
	for (int i = 0; i < 2; i++) {
		const struct ast *k = e->kid[i];

		if ((k->kind != AST_INT && k->kind != AST_STR) || lint_from_define(l, k))
			continue;
		struct diag *d = diag_report(l->sink, W_CONDITION, k->loc, "an operand of %s is constant",
					     ast_op_name((enum ast_op)e->op));
		if (!i || !is_comparison(e->kid[0]->op))
			return;
		diag_hint(l->sink, d, "repeat the comparison: ... %s ... %s ...", ast_op_name((enum ast_op)e->op),
			  ast_op_name((enum ast_op)e->kid[0]->op));
	}
}

/* ---- text ---- */

static bool is_pv_name(const struct lint *l, struct str name)
{
	return cat_pv_find(l->p->cat, name) || cat_known_find(l->p->cat, KNOWN_PV, name, 0);
}

/* The first variable in a text, as written; empty when there is none. */
static struct str variable_in(const struct lint *l, struct str t)
{
	for (size_t i = 0; i + 1 < t.n; i++) {
		size_t from = i + 1, n;

		if (t.p[i] != '$')
			continue;
		if (t.p[from] == '$') {
			i++;
			continue;
		}
		from += t.p[from] == '(';
		for (n = from; n < t.n && (ascii_alpha(t.p[n]) || ascii_digit(t.p[n]) || t.p[n] == '_');)
			n++;
		if (n > from && is_pv_name(l, str_make(t.p + from, n - from)))
			return str_make(t.p + i, n - i);
	}
	return STR_NULL;
}

static void not_expanded(struct lint *l, const struct ast *e)
{
	struct str pv;
	struct diag *d;

	if (e->kind == AST_STR) {
		pv = variable_in(l, e->text);
		if (!pv.n)
			return;
		d = diag_report(l->sink, W_NOT_EXPANDED, e->loc, "%.*s is not expanded here: this is the text itself",
				(int)pv.n, pv.p);
		diag_hint(l->sink, d, "join with +, or write $_s(...)");
		return;
	}
	if (e->kind == AST_BINARY || e->kind == AST_SELVAL || e->kind == AST_CASTSTR)
		for (int i = 0; i < 3; i++)
			if (e->kid[i])
				not_expanded(l, e->kid[i]);
}

/* Core actions and route() take text as it is, some functions all but exactly one variable. */
static void literal_arguments(struct lint *l, const struct ast *n)
{
	const struct sema_call *c = n->bind;
	int i = 0;

	for (const struct ast *e = n->kid[0]; e; e = e->next, i++)
		if (e->kind == AST_STR && (n->op == 1 || (c && c->kind == SEMA_CALL_FN && i < c->n_args &&
							  c->args[i].kind == CAT_VSTR && c->args[i].form == SEMA_ARG_TEXT)))
			not_expanded(l, e);
}

/* ---- assignments ---- */

static void assignment(struct lint *l, const struct ast *n)
{
	static const char *const text_only[] = {"ru", "rU", "rd", "du", "fu", "fU", "fd", "tu", "tU", "td", "fn", "tn"};
	const struct sema_pv *pv = n->kid[0] ? n->kid[0]->bind : NULL;
	const struct sema_const *c = n->kid[1] ? sema_const_of(n->kid[1]) : NULL;
	struct diag *d;

	if (n->kid[1])
		not_expanded(l, n->kid[1]);
	if (!pv || !pv->row)
		return;
	if (str_eq(str_of(pv->row->name), S("avp")) && pv->index.kind == PV_INDEX_NUM)
		diag_report(l->sink, W_INDEX, n->kid[0]->loc, "the index is ignored: the value is put in front of the others");
	for (size_t i = 0; c && !c->is_str && i < sizeof(text_only) / sizeof(text_only[0]); i++) {
		if (!str_eq(str_of(pv->row->name), str_of(text_only[i])))
			continue;
		d = diag_report(l->sink, W_ASSIGN_TYPE, n->loc, "$%s takes text; a number is refused at run time", text_only[i]);
		diag_hint(l->sink, d, "write \"%lld\"", (long long)c->i);
	}
}

static void attribute(struct lint *l, const struct ast *n)
{
	const struct sema_pv *pv = n->kind == AST_PV ? n->bind : NULL;
	struct str near;
	struct diag *d;

	if (!pv || !pv->ser_attr || n->sub != 1)
		return;
	near = cat_suggest(l->p->cat, KNOWN_PV, str_skip(n->text, 1));
	if (!near.n)
		return;
	d = diag_report(l->sink, W_ATTRIBUTE, n->loc, "%.*s is no variable: without #!KAMAILIO it is an attribute of its own",
			(int)n->text.n, n->text.p);
	diag_hint(l->sink, d, "did you mean $%.*s?", (int)near.n, near.p);
}

/* ---- selects ---- */

/* One component of a pattern or select, "name" or "name[x]"; false at the end. */
static bool component(struct str *rest, struct str *name, bool *index)
{
	size_t bracket;

	if (!rest->p || !rest->n)
		return false;
	*name = str_cut(rest, '.');
	bracket = str_chr(*name, '[');
	*index = bracket != STR_NONE;
	if (*index)
		*name = str_head(*name, bracket);
	return true;
}

/* How many components of the select fit the pattern; all of it fits when *whole. */
static int fits(struct str pattern, struct str sel, bool *whole)
{
	struct str p, s;
	bool pi, si;
	int n = 0;

	pattern = str_skip(pattern, 1);
	while (component(&sel, &s, &si)) {
		*whole = false;
		if (!component(&pattern, &p, &pi) || (!str_eq(p, S("%s")) && !str_eq(p, S("%d")) && !str_eq(p, s)))
			return n;
		n++;
	}
	*whole = true;
	return n;
}

static void select_name(struct lint *l, const struct ast *e)
{
	size_t n;
	const struct cat_known *rows = cat_known_rows(KNOWN_SELECT, &n);
	struct str first = e->text, head;
	bool whole = false, index;

	if (e->bind || !component(&first, &head, &index))
		return;
	for (size_t i = 0; i < n; i++)
		if (fits(str_of(rows[i].name), e->text, &whole), whole)
			return;
	diag_report(l->sink, W_SELECT, e->loc, "there is no select @%.*s: it gives nothing", (int)e->text.n, e->text.p);
}

/* ---- switch ---- */

static bool leaves(const struct ast *n)
{
	if (n->kind == AST_RETURN || n->kind == AST_BREAK)
		return true;
	if (n->kind == AST_CALL) /* a route may end the script */
		return n->op == 1 && str_eq(n->text, S("route"));
	if (n->kind != AST_IF || !n->kid[1] || !n->kid[2])
		return false;
	for (int i = 1; i <= 2; i++) {
		const struct ast *last = n->kid[i];

		while (last->next)
			last = last->next;
		if (!leaves(last))
			return false;
	}
	return true;
}

static bool said_so(const struct lint *l, struct loc from, struct loc to)
{
	for (const struct ast_trivia *t = l->script->trivia; t; t = t->next) {
		if (t->kind != TRIVIA_COMMENT || t->loc.file != from.file || t->loc.off < from.off || t->loc.off > to.off)
			continue;
		if (str_ifind(str_make(l->src->files[t->loc.file].text.p + t->loc.off, t->loc.len), S("fall")) != STR_NONE)
			return true;
	}
	return false;
}

static void fall_through(struct lint *l, const struct ast *sw)
{
	for (const struct ast *c = sw->kid[1]; c && c->next; c = c->next) {
		const struct ast *last = NULL;
		struct diag *d;
		bool left = false; /* what stands behind is told as unreachable */

		for (const struct ast *s = c->kid[1]; s; s = s->next) {
			if (s->kind != AST_EMPTY)
				last = s;
			left |= leaves(s);
		}
		if (!last || left || said_so(l, last->loc, c->next->loc))
			continue;
		d = diag_report(l->sink, W_FALLTHROUGH, last->loc, "this runs on into the next label");
		diag_span(l->sink, d, c->next->loc, "this one");
		diag_hint(l->sink, d, "end it with break; or say so in a comment: # fall through");
	}
}

/* ---- loops ---- */

struct loop {
	const struct ast *cond;
	bool ends; /* something inside may end it */
	bool only_vars;
	bool changes;
};

static void look_at_condition(void *arg, struct ast *n)
{
	struct loop *w = arg;

	if (n->kind == AST_PV && lint_var_slot(n->bind) < 0)
		w->only_vars = false;
	if (n->kind == AST_CALL || n->kind == AST_SELECT || n->kind == AST_CORE || n->kind == AST_SERATTR || n->kind == AST_ASSIGN)
		w->only_vars = false;
}

static void look_for_slot(void *arg, struct ast *n)
{
	int *slot = arg;

	if (n->kind == AST_PV && lint_var_slot(n->bind) == *slot)
		*slot = -2;
}

static bool reads_slot(const struct ast *cond, int slot)
{
	int s = slot;

	lint_walk_one(cond, look_for_slot, &s);
	return s == -2;
}

static void look_at_body(void *arg, struct ast *n)
{
	struct loop *w = arg;
	const struct sema_call *c = n->kind == AST_CALL ? n->bind : NULL;

	if (n->kind == AST_RETURN || n->kind == AST_BREAK || (n->kind == AST_CALL && (!c || c->kind != SEMA_CALL_FN)))
		w->ends = true;
	if (n->kind == AST_ASSIGN && n->kid[0] && reads_slot(w->cond, lint_var_slot(n->kid[0]->bind)))
		w->changes = true;
	for (int i = 0; c && i < c->n_args; i++)
		if (c->args[i].pv && reads_slot(w->cond, lint_var_slot(c->args[i].pv)))
			w->changes = true;
}

static void endless(struct lint *l, const struct ast *n)
{
	struct loop w = {n->kid[0], false, true, false};
	const struct sema_const *c = n->kid[0] ? sema_const_of(n->kid[0]) : NULL;

	if (!n->kid[0] || (c && !c->is_str && c->i == 0))
		return;
	lint_walk_one(n->kid[0], look_at_condition, &w);
	lint_walk(n->kid[1], look_at_body, &w);
	if (w.ends || w.changes || !w.only_vars)
		return;
	struct diag *d = diag_report(l->sink, W_LOOP, n->loc, "nothing in this loop changes its condition");
	diag_hint(l->sink, d, "it ends after max_while_loops rounds with an error");
}

/* ---- statements where they do something else ---- */

struct place {
	struct lint *l;
	const struct sema_route *route;
	int breakable; /* loops and switches around */
};

static void statements(struct place *p, const struct ast *n);

static void stray_break(struct place *p, const struct ast *n)
{
	struct diag *d;

	if (n->kind != AST_BREAK || p->breakable)
		return;
	d = diag_report(p->l->sink, W_BREAK, n->loc, "break outside of a loop or switch leaves the route with 0");
	diag_hint(p->l->sink, d, "write return or exit");
}

static void useless_drop(struct place *p, const struct ast *n)
{
	struct diag *d;

	if (n->kind != AST_RETURN || n->op != AST_RETURN_DROP || p->route->kind != ROUTE_FAILURE)
		return;
	d = diag_report(p->l->sink, W_DROP, n->loc, "drop does nothing more than exit in a failure_route: the reply is sent");
	diag_hint(p->l->sink, d, "write exit, or t_reply() for another reply");
}

/* A status of 200 and above that a condition asks for; 0 when none. */
static int final_status(const struct ast *e)
{
	const struct ast *a = e->kid[0], *b = e->kid[1];
	const struct sema_const *c;
	int64_t code = 0;

	if (e->kind != AST_BINARY || !a || !b)
		return 0;
	if (e->op == OP_AND)
		return final_status(a) ? final_status(a) : final_status(b);
	c = sema_const_of(b);
	if ((e->op != OP_EQ && e->op != OP_GE && e->op != OP_GT) || !c)
		return 0;
	if (!(a->kind == AST_CORE && a->op == CORE_STATUS) &&
	    !(a->kind == AST_PV && (str_eq(a->text, S("$rs")) || str_eq(a->text, S("$T_reply_code")))))
		return 0;
	if (c->is_str)
		str_to_i64(c->s, &code);
	else
		code = c->i;
	return code >= 200 && code < 700 ? (int)code : 0;
}

static void drop_of_final(struct place *p, const struct ast *n)
{
	const struct ast *s = n->kid[1];
	struct diag *d;

	if (p->route->kind != ROUTE_ONREPLY || n->kind != AST_IF || !n->kid[0] || !final_status(n->kid[0]))
		return;
	for (; s; s = s->next) {
		if (s->kind != AST_RETURN || s->op != AST_RETURN_DROP)
			continue;
		d = diag_report(p->l->sink, W_DROP, s->loc, "a final reply cannot be dropped in an onreply_route of a transaction");
		diag_hint(p->l->sink, d, "only provisional replies can");
	}
}

/* A test whose answer nobody takes; the last one of a route is its result. */
static void unused_test(struct place *p, const struct ast *n)
{
	const struct sema_call *c = n->kind == AST_CALL ? n->bind : NULL;
	const struct ast *next = n->next;

	while (next && next->kind == AST_EMPTY)
		next = next->next;
	if (!c || c->kind != SEMA_CALL_FN || !c->fn || !(c->fn->effects & FX_PURE) || (next && lint_reads_code(next)))
		return;
	if (!next && p->route->kind == ROUTE_SUB)
		return;
	diag_report(p->l->sink, W_NO_EFFECT, n->loc, "%.*s only tests, and nobody looks at the result", (int)n->text.n,
		    n->text.p);
}

static void statements(struct place *p, const struct ast *n)
{
	for (; n; n = n->next) {
		bool loop = n->kind == AST_WHILE || n->kind == AST_SWITCH;

		stray_break(p, n);
		useless_drop(p, n);
		drop_of_final(p, n);
		unused_test(p, n);
		p->breakable += loop;
		if (n->kind == AST_IF || n->kind == AST_WHILE || n->kind == AST_CASE)
			statements(p, n->kid[1]);
		if (n->kind == AST_IF)
			statements(p, n->kid[2]);
		if (n->kind == AST_SWITCH)
			statements(p, n->kid[1]);
		p->breakable -= loop;
	}
}

/* A route whose first unconditional way leads into itself. */
static void recursion(struct lint *l, const struct sema_route *r)
{
	for (const struct ast *n = r->bodies ? r->bodies->node->kid[0] : NULL; n; n = n->next) {
		const struct sema_call *c = n->kind == AST_CALL ? n->bind : NULL;

		if (n->kind == AST_RETURN || n->kind == AST_IF || n->kind == AST_SWITCH || n->kind == AST_WHILE)
			return;
		if (c && c->kind == SEMA_CALL_ROUTE && c->route == r->index)
			diag_report(l->sink, W_RECURSION, n->loc, "route[%.*s] calls itself on every way", (int)r->name.n,
				    r->name.p);
	}
}

/* ---- a request that gets no answer ---- */

struct answer {
	bool acts;   /* something may answer, relay or take the request elsewhere */
	bool speaks; /* there is a statement at all */
};

static void look_for_answer(void *arg, struct ast *n)
{
	struct answer *a = arg;
	const struct sema_call *c = n->kind == AST_CALL ? n->bind : NULL;
	bool harmless;

	if (n->kind == AST_RETURN && n->op == AST_RETURN_DROP)
		a->acts = true;
	if (n->kind != AST_CALL)
		return;
	a->speaks = true;
	if (!c || c->kind == SEMA_CALL_ROUTE_DYN) {
		a->acts = true;
		return;
	}
	if (c->kind == SEMA_CALL_ROUTE || !c->fn)
		return;
	harmless = (c->fn->effects & FX_PURE) || str_eq(str_of(c->fn->module), S("xlog")) ||
		   str_eq(str_of(c->fn->module), S("core")) || str_eq(str_of(c->fn->module), S("textops"));
	if (!harmless || str_starts(n->text, S("forward")))
		a->acts = true;
}

static void no_answer(struct lint *l)
{
	const struct sema_route *r = sema_route_find(l->p, ROUTE_REQUEST, STR_NULL);
	struct answer a = {false, false};
	bool can = false;

	for (size_t i = 0; i < l->p->modules.n; i++)
		can |= str_eq(str_of(l->p->modules.v[i].name), S("sl")) || str_eq(str_of(l->p->modules.v[i].name), S("tm"));
	if (!r || !can || !r->bodies || !r->bodies->node->kid[0] || r->bodies->node->kid[0]->kind == AST_RETURN)
		return;
	for (size_t i = 0; i < l->p->routes.n; i++)
		if (l->p->routes.v[i] == r || l->p->routes.v[i]->kind == ROUTE_SUB)
			for (const struct sema_body *b = l->p->routes.v[i]->bodies; b; b = b->next)
				lint_walk(b->node->kid[0], look_for_answer, &a);
	if (a.speaks && !a.acts)
		diag_report(l->sink, W_NO_ANSWER, r->loc, "nothing here answers or relays a request");
}

/* ---- tables of htable: sema refuses the others ---- */

static bool is_table(const struct lint *l, struct str name)
{
	for (size_t i = 0; i < l->p->params.n; i++) {
		const struct sema_param *p = &l->p->params.v[i];
		struct str text = p->value.s;

		if (str_eq(str_of(p->module), S("htable")) && str_eq(str_of(p->row->name), S("htable")) &&
		    str_eq(str_trim(str_head(text, str_find(text, S("=>")))), name))
			return true;
	}
	return false;
}

static void table(struct lint *l, struct str name, struct loc at)
{
	name = str_trim(str_head(name, str_find(name, S("=>"))));
	if (!name.n || str_chr(name, '$') != STR_NONE || is_table(l, name))
		return;
	diag_report(l->sink, W_TABLE, at, "no modparam declares the table \"%.*s\"", (int)name.n, name.p);
}

static void table_of_event(struct lint *l, const struct sema_route *r)
{
	static const char *const events[] = {"htable:expired:", "htable:reloaded:"};

	for (int i = 0; i < 2 && r->kind == ROUTE_EVENT; i++)
		if (str_starts(r->name, str_of(events[i])))
			table(l, str_skip(r->name, strlen(events[i])), r->loc);
}

/* ---- door ---- */

void lint_trap(struct lint *l, struct ast *n)
{
	switch (n->kind) {
	case AST_BINARY:
		if (!n->kid[0] || !n->kid[1])
			break;
		bitwise(l, n);
		arithmetic(l, n);
		empty_range(l, n);
		same_sides(l, n);
		constant_operand(l, n);
		if (is_comparison(n->op)) {
			not_expanded(l, n->kid[1]);
			if (n->kid[0]->kind == AST_STR)
				not_expanded(l, n->kid[0]);
		}
		break;
	case AST_ASSIGN:
		assignment(l, n);
		break;
	case AST_CALL:
		literal_arguments(l, n);
		break;
	case AST_PV:
		attribute(l, n);
		break;
	case AST_SELECT:
		select_name(l, n);
		break;
	case AST_CASE:
		if (n->kid[0] && n->kid[0]->kind == AST_STR && n->op != AST_CASE_REGEX)
			not_expanded(l, n->kid[0]);
		break;
	case AST_SWITCH:
		fall_through(l, n);
		break;
	case AST_WHILE:
		endless(l, n);
		break;
	default:
		break;
	}
}

void lint_places(struct lint *l)
{
	for (size_t i = 0; i < l->p->routes.n; i++) {
		struct place p = {l, l->p->routes.v[i], 0};

		for (const struct sema_body *b = p.route->bodies; b; b = b->next)
			statements(&p, b->node->kid[0]);
		recursion(l, p.route);
		table_of_event(l, p.route);
	}
	no_answer(l);
}
