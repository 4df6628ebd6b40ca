/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The little language of #!ifexp and #!defexp (language.md 2.4): numbers (floating), strings, names
 * of defines. By precedence climbing; the right operand is converted to the type of the left.
 */
#include "preproc/preproc.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>

#include "base/sb.h"

enum { EXPR_DEPTH = 64 };

struct val {
	bool is_str;
	double d;
	struct str s;
};

struct expr {
	struct preproc *p;
	struct str rest;
	int depth;
	bool bad;
};

static struct val parse_level(struct expr *e, int level);

/* Its whole part, within what an integer holds. */
static long long whole(double d)
{
	return d != d ? 0 : d >= 9223372036854775807.0 ? LLONG_MAX : d <= -9223372036854775808.0 ? LLONG_MIN : (long long)d;
}

static struct val number(double d)
{
	return (struct val){.d = d};
}

static bool truth(struct val v)
{
	return v.is_str ? v.s.n > 0 : v.d != 0;
}

static double to_number(struct expr *e, struct val v)
{
	char *z;

	if (!v.is_str)
		return v.d;
	z = str_z(e->p->arena, v.s);
	return z ? strtod(z, NULL) : 0;
}

static struct str to_text(struct expr *e, struct val v)
{
	if (v.is_str)
		return v.s;
	if (v.d == floor(v.d) && fabs(v.d) < 1e15)
		return str_printf(e->p->arena, "%lld", (long long)v.d);
	return str_printf(e->p->arena, "%g", v.d);
}

static void blanks(struct expr *e)
{
	e->rest = str_ltrim(e->rest);
}

static struct val fail(struct expr *e)
{
	e->bad = true;
	return number(0);
}

static struct val name_value(struct expr *e, struct str name)
{
	struct pp_define *d = pp_find(e->p, name);
	struct str v;

	if (!d) {
		pp_if_defined(e->p, name, pp_here(e->p));
		return number(0);
	}
	d->used = true;
	if (!d->has_value)
		return number(1);
	v = str_trim(d->value);
	if (v.n >= 2 && (v.p[0] == '"' || v.p[0] == '\'') && v.p[v.n - 1] == v.p[0])
		v = str_make(v.p + 1, v.n - 2);
	return (struct val){.is_str = true, .s = v};
}

static struct val primary(struct expr *e)
{
	struct val v;
	size_t n = 0;
	char c;

	blanks(e);
	if (!e->rest.n || ++e->depth > EXPR_DEPTH)
		return fail(e);
	c = e->rest.p[0];
	if (c == '(') {
		e->rest = str_skip(e->rest, 1);
		v = parse_level(e, 0);
		blanks(e);
		if (!e->rest.n || e->rest.p[0] != ')')
			return fail(e);
		e->rest = str_skip(e->rest, 1);
	} else if (c == '"' || c == '\'') {
		n = str_chr(str_skip(e->rest, 1), c);
		if (n == STR_NONE)
			return fail(e);
		v = (struct val){.is_str = true, .s = str_make(e->rest.p + 1, n)};
		e->rest = str_skip(e->rest, n + 2);
	} else if (c == '-' || c == '!' || c == '^') {
		e->rest = str_skip(e->rest, 1);
		v = primary(e);
		if (c == '-')
			v = number(-to_number(e, v));
		else if (c == '!')
			v = number(!truth(v));
		else
			v = number((double)~whole(to_number(e, v)));
	} else if (ascii_digit(c) || c == '.') {
		while (n < e->rest.n && (ascii_digit(e->rest.p[n]) || e->rest.p[n] == '.'))
			n++;
		v = number(strtod(str_z(e->p->arena, str_head(e->rest, n)), NULL));
		e->rest = str_skip(e->rest, n);
	} else {
		while (n < e->rest.n && (ascii_alpha(e->rest.p[n]) || ascii_digit(e->rest.p[n]) ||
					 e->rest.p[n] == '_'))
			n++;
		if (n == 0)
			return fail(e);
		v = name_value(e, str_head(e->rest, n));
		e->rest = str_skip(e->rest, n);
	}
	e->depth--;
	return v;
}

/* Longer spellings first. */
static const struct {
	const char *text;
	int level;
} ops[] = {
	{"||", 1}, {"&&", 2}, {"**", 11}, {"<<", 9}, {">>", 9}, {"==", 8}, {"!=", 8}, {"<=", 8}, {">=", 8},
	{",", 0},  {"^", 3},  {"|", 4},   {"&", 5},  {"<", 8},  {">", 8},  {"+", 10}, {"-", 10}, {"*", 11},
	{"/", 11}, {"%", 11},
};

static int find_op(struct expr *e)
{
	blanks(e);
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (str_starts(e->rest, str_of(ops[i].text)))
			return (int)i;
	return -1;
}

static struct val compare(struct expr *e, const char *op, struct val a, struct val b)
{
	double c;

	if (a.is_str)
		c = str_cmp(a.s, to_text(e, b));
	else
		c = a.d - to_number(e, b);
	switch (op[0]) {
	case '=':
		return number(c == 0);
	case '!':
		return number(c != 0);
	case '<':
		return number(op[1] ? c <= 0 : c < 0);
	default:
		return number(op[1] ? c >= 0 : c > 0);
	}
}

static struct val apply(struct expr *e, const char *op, struct val a, struct val b)
{
	double x, y;

	if (op[0] == ',')
		return b;
	if (op[0] == '|' && op[1])
		return number(truth(a) || truth(b));
	if (op[0] == '&' && op[1])
		return number(truth(a) && truth(b));
	if (op[0] == '=' || op[0] == '!' || ((op[0] == '<' || op[0] == '>') && op[1] != op[0]))
		return compare(e, op, a, b);
	if (op[0] == '+' && a.is_str)
		return (struct val){.is_str = true, .s = str_join(e->p->arena, a.s, to_text(e, b))};
	x = to_number(e, a);
	y = to_number(e, b);
	switch (op[0]) {
	case '+':
		return number(x + y);
	case '-':
		return number(x - y);
	case '*':
		return number(op[1] ? pow(x, y) : x * y);
	case '/':
		return y == 0 ? fail(e) : number(x / y);
	case '%':
		return !whole(y) ? fail(e) : number(whole(y) == -1 ? 0 : (double)(whole(x) % whole(y)));
	case '^':
		return number((double)(whole(x) ^ whole(y)));
	case '|':
		return number((double)(whole(x) | whole(y)));
	case '&':
		return number((double)(whole(x) & whole(y)));
	case '<':
		return number((double)(long long)((unsigned long long)whole(x) << (whole(y) & 63)));
	default:
		return number((double)(whole(x) >> (whole(y) & 63)));
	}
}

static struct val parse_level(struct expr *e, int level)
{
	struct val v = primary(e);
	int op;

	while (!e->bad && (op = find_op(e)) >= 0 && ops[op].level >= level) {
		bool right = strcmp(ops[op].text, "**") == 0;

		e->rest = str_skip(e->rest, strlen(ops[op].text));
		if (++e->depth > EXPR_DEPTH)
			return fail(e);
		v = apply(e, ops[op].text, v, parse_level(e, ops[op].level + !right));
		e->depth--;
	}
	return v;
}

static bool eval(struct preproc *p, struct str text, struct loc loc, enum diag_id id, struct val *ret)
{
	struct expr e = {.p = p, .rest = text};

	*ret = parse_level(&e, 0);
	blanks(&e);
	if (!e.bad && !e.rest.n)
		return true;
	diag_report(p->diag, id, loc, "expression \"" STR_FMT "\" cannot be evaluated",
		    STR_ARG(str_trim(text)));
	return false;
}

bool pp_expr_true(struct preproc *p, struct str text, struct loc loc, bool *ret)
{
	struct val v;

	*ret = eval(p, text, loc, W_EXPRESSION, &v) && truth(v); /* false when it cannot be evaluated */
	return true;
}

bool pp_expr_text(struct preproc *p, struct str text, struct loc loc, struct str *ret)
{
	struct expr e = {.p = p};
	struct val v;

	if (!eval(p, text, loc, E_DIRECTIVE, &v))
		return false;
	if (!v.is_str)
		v.d = trunc(v.d);
	*ret = to_text(&e, v);
	return true;
}
