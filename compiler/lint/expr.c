/* SPDX-License-Identifier: Apache-2.0 */
/* expr.c - what an expression or a condition shows by itself. */
#include "lint/lint_priv.h"

#include "catalog/catalog.h"

static bool only_str(const struct ast *e)
{
	return (e->kind == AST_PV || e->kind == AST_SELECT) && (e->type & ~VT_NULL) == VT_STR;
}

static bool only_int(const struct ast *e)
{
	return e->kind == AST_PV && (e->type & ~VT_NULL) == VT_INT;
}

static bool is_number(struct str s)
{
	int64_t v;

	return str_to_i64(s, &v) || str_istarts(s, S("0x"));
}

static bool contains(struct str s, const char *what)
{
	return str_find(s, str_of(what)) != STR_NONE;
}

static bool looks_like_regex(struct str s)
{
	if (s.n < 3)
		return false;
	return s.p[0] == '^' || (s.p[s.n - 1] == '$' && s.p[s.n - 2] != '$') || contains(s, ".*") ||
	       contains(s, ".+") || contains(s, "[0-9]") || contains(s, "[a-z]") || contains(s, "\\d");
}

static const char *near_method(struct str m)
{
	static const char *const methods[] = {
#define METHOD(id, text, value) text,
#include "sip/method.def"
#undef METHOD
	};
	unsigned best = m.n < 3 ? 1 : 3;
	const char *near = NULL;

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		unsigned d = cat_distance(m, str_of(methods[i]), best - 1);

		if (str_eq(m, str_of(methods[i])))
			return NULL; /* methods are compared with case */
		if (d < best) {
			best = d;
			near = methods[i];
		}
	}
	return near;
}

static bool is_method_operand(const struct ast *e)
{
	return (e->kind == AST_CORE && e->op == CORE_METHOD) ||
	       (e->kind == AST_PV && (str_eq(e->text, S("$rm")) || str_eq(e->text, S("$(rm)"))));
}

static void method_compare(struct lint *l, const struct ast *e)
{
	const struct ast *r = e->kid[1];
	const struct sema_const *c = sema_const_of(r);
	const char *near;
	struct diag *d;

	if (c && !c->is_str)
		diag_report(l->sink, W_INT_COMPARE, e->loc, "the method is text and is compared with a number");
	if (r->kind != AST_STR && r->kind != AST_ID)
		return;
	near = near_method(r->text);
	if (!near)
		return;
	d = diag_report(l->sink, W_METHOD, r->loc, "%.*s is no method", (int)r->text.n, r->text.p);
	diag_hint(l->sink, d, "did you mean %s?", near);
}

static void equality(struct lint *l, struct ast *e)
{
	struct ast *a = e->kid[0], *b = e->kid[1];
	const struct sema_const *c = sema_const_of(b);
	struct diag *d;

	if (is_method_operand(a)) {
		method_compare(l, e);
		return;
	}
	if (!c || a->kind == AST_CORE)
		return;
	if (only_str(a) && !c->is_str) {
		d = diag_report(l->sink, W_INT_COMPARE, e->loc, "%.*s is text and is compared with a number",
				(int)a->text.n, a->text.p);
		diag_hint(l->sink, d, "write \"%lld\", or (int)%.*s", (long long)c->i, (int)a->text.n,
			  a->text.p);
	} else if (only_int(a) && c->is_str && c->s.n && !is_number(c->s)) {
		diag_report(l->sink, W_ALWAYS, e->loc, "%.*s is a number and never equals \"%.*s\" as text",
			    (int)a->text.n, a->text.p, (int)c->s.n, c->s.p);
	} else if (c->is_str && looks_like_regex(c->s)) {
		d = diag_report(l->sink, W_REGEX_EQ, e->loc, "%s compares with the text \"%.*s\" itself",
				ast_op_name((enum ast_op)e->op), (int)c->s.n, c->s.p);
		diag_hint(l->sink, d, "use =~ to match a regular expression");
	}
}

static bool compare(int op, int64_t a, int64_t b)
{
	switch ((enum ast_op)op) {
	case OP_EQ:
	case OP_IEQ:
		return a == b;
	case OP_NE:
	case OP_INE:
		return a != b;
	case OP_LT:
		return a < b;
	case OP_GT:
		return a > b;
	case OP_LE:
		return a <= b;
	default:
		return a >= b;
	}
}

static bool is_comparison(int op)
{
	return op == OP_EQ || op == OP_NE || op == OP_IEQ || op == OP_INE ||
	       (op >= OP_LT && op <= OP_GE);
}

/* A call, comparison or logic gives 0 or 1; a length is not negative. */
static void fixed_outcome(struct lint *l, const struct ast *e)
{
	const struct ast *a = e->kid[0];
	const struct sema_const *c = sema_const_of(e->kid[1]);
	bool bit = a->kind == AST_CALL || a->kind == AST_DEFINED || a->kind == AST_STREMPTY;
	bool outcome;

	if (!c || c->is_str || e->kid[1]->loc.exp)
		return;
	if (a->kind == AST_STRLEN) {
		if (c->i >= 0 && !(c->i == 0 && (e->op == OP_LT || e->op == OP_GE)))
			return;
		outcome = compare(e->op, 0, c->i);
	} else {
		outcome = compare(e->op, 0, c->i);
		if (!bit || outcome != compare(e->op, 1, c->i))
			return;
	}
	struct diag *d = diag_report(l->sink, W_ALWAYS, e->loc, "this comparison is always %s",
				     outcome ? "true" : "false");
	if (a->kind == AST_CALL)
		diag_hint(l->sink, d, "a call inside an expression is 1 or 0; assign it to a $var to see its code");
}

/* $x == "a" && $x == "b", $x != "a" || $x != "b" */
static void contradiction(struct lint *l, const struct ast *e)
{
	const struct ast *a = e->kid[0], *b = e->kid[1];
	int op = e->op == OP_AND ? OP_EQ : OP_NE;
	const struct sema_const *x, *y;

	if (!a || !b || a->kind != AST_BINARY || b->kind != AST_BINARY || a->op != op || b->op != op ||
	    a->kid[0]->kind != AST_PV || b->kid[0]->kind != AST_PV ||
	    !str_eq(a->kid[0]->text, b->kid[0]->text))
		return;
	x = sema_const_of(a->kid[1]);
	y = sema_const_of(b->kid[1]);
	if (!x || !y || x->is_str != y->is_str || (x->is_str ? str_eq(x->s, y->s) : x->i == y->i))
		return;
	diag_report(l->sink, W_ALWAYS, e->loc, "this is always %s: %.*s cannot %s both",
		    e->op == OP_AND ? "false" : "true", (int)a->kid[0]->text.n, a->kid[0]->text.p,
		    e->op == OP_AND ? "equal" : "fail to differ from");
}

void lint_expr(struct lint *l, struct ast *e)
{
	if (e->kind != AST_BINARY || !e->kid[0] || !e->kid[1])
		return;
	if (e->op == OP_EQ || e->op == OP_NE)
		equality(l, e);
	if (e->op == OP_AND || e->op == OP_OR)
		contradiction(l, e);
	else if (is_comparison(e->op))
		fixed_outcome(l, e);
}

static void assignments(struct lint *l, const struct ast *e)
{
	struct diag *d;

	if (e->kind == AST_ASSIGN) {
		d = diag_report(l->sink, W_ASSIGN_COND, e->loc, "= assigns; the condition is always true");
		diag_hint(l->sink, d, "compare with ==");
		return;
	}
	if ((e->kind == AST_BINARY && (e->op == OP_AND || e->op == OP_OR)) ||
	    (e->kind == AST_UNARY && e->op == OP_NOT))
		for (int i = 0; i < 2; i++)
			if (e->kid[i])
				assignments(l, e->kid[i]);
}

/* A place in parentheses is told as written, so a name may stand in it although exp is 0. */
static bool holds_name(const struct lint *l, struct loc at)
{
	struct str text;

	if (!at.file || at.file > l->src->n_files)
		return false;
	text = l->src->files[at.file].text;
	for (size_t i = at.off; i < (size_t)at.off + at.len && i < text.n; i++)
		if (ascii_alpha(text.p[i]) || text.p[i] == '_')
			return true;
	return false;
}

bool lint_from_define(const struct lint *l, const struct ast *e)
{
	if (e->loc.exp || (e->kind == AST_INT && holds_name(l, e->loc)))
		return true;
	for (int i = 0; i < 3; i++)
		if (e->kid[i] && lint_from_define(l, e->kid[i]))
			return true;
	return false;
}

void lint_condition(struct lint *l, struct ast *n)
{
	const struct ast *e = n->kid[0];

	if (!e)
		return;
	assignments(l, e);
	if (n->kind == AST_IF && sema_const_of(e) && !lint_from_define(l, e))
		diag_report(l->sink, W_CONDITION, e->loc, "the condition is constant");
}
