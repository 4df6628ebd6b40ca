/* SPDX-License-Identifier: Apache-2.0 */
/* Conversions, operators on tagged values, format strings (language.md 5.4). */
#include "script/script_priv.h"

#include <string.h>

#include "base/arena.h"
#include "base/bug.h"
#include "base/fmt.h"

enum { PRINT_LIMIT = 1 << 20 };

static bool text_int(const struct run *r, struct str s, int64_t *ret)
{
	return str_number(s, r->prog->compat == 6 ? 64 : 32, ret);
}

int64_t rt_int(struct run *r, const struct value *v)
{
	int64_t i = 0;

	if (value_is_int(v))
		return v->i;
	if (!value_is_str(v) || v->s.n == 0 || text_int(r, v->s, &i))
		return i;
	if (r->prog->compat == 6)
		r->failed = 1;
	script_warn(r, "\"" STR_FMT "\" is no number%s", STR_ARG(str_head(v->s, 64)),
		    r->prog->compat == 6 ? "" : ", 0 is used");
	return 0;
}

int64_t rt_cast_int(struct run *r, const struct value *v)
{
	int64_t i = 0;

	if (value_is_int(v))
		return v->i;
	return value_is_str(v) && text_int(r, v->s, &i) ? i : 0;
}

void rt_str(struct run *r, const struct value *v, struct str *ret)
{
	*ret = script_text(r, v);
}

void rt_int_str(struct run *r, int64_t i, struct str *ret)
{
	*ret = str_printf(r->arena, "%lld", (long long)i);
}

void rt_concat(struct run *r, const struct str *a, const struct str *b, struct str *ret)
{
	*ret = str_join(r->arena, *a, *b);
	if (!ret->p)
		script_err(r, "no memory for a text of %zu bytes", a->n + b->n);
}

/* One text of known size, made in one go. */
static void join(struct run *r, const struct value *v, int32_t n, struct value *ret)
{
	struct str part, s = S("");
	size_t size = 0;
	char *p;

	for (int32_t i = 0; i < n; i++)
		size += script_text(r, &v[i]).n;
	p = arena_raw(r->arena, size + 1);
	if (!p)
		script_err(r, "no memory for a text of %zu bytes", size);
	for (int32_t i = 0; p && i < n; i++) {
		part = script_text(r, &v[i]);
		if (part.n)
			memcpy(p + s.n, part.p, part.n);
		s = str_make(p, s.n + part.n);
	}
	*ret = value_str(s);
}

void rt_sum(struct run *r, const struct value *v, int32_t n, struct value *ret)
{
	int64_t sum = v[0].i;

	if (v[0].tag != VAL_INT) {
		join(r, v, n, ret);
		return;
	}
	for (int32_t i = 1; i < n; i++)
		sum = script_wrap(r, (int64_t)((uint64_t)sum + (uint64_t)rt_int(r, &v[i])));
	*ret = value_int(sum);
}

int32_t rt_str_eq(struct run *r, const struct str *a, const struct str *b)
{
	(void)r;
	return str_eq(*a, *b);
}

/* The left side's type decides; an undefined left takes the right's. */
int32_t rt_eq(struct run *r, const struct value *a, const struct value *b)
{
	bool as_int = a->tag == VAL_INT || (a->tag == VAL_NULL && b->tag == VAL_INT);
	struct str x, y;

	if (as_int)
		return (a->tag == VAL_INT ? a->i : 0) == rt_int(r, b);
	x = script_text(r, a);
	y = script_text(r, b);
	return str_eq(x, y);
}

int32_t rt_empty_eq(struct run *r, const struct value *v)
{
	(void)r;
	if (v->tag == VAL_INT)
		return v->i == 0 ? 2 : 0;
	return !value_is_str(v) || v->s.n == 0;
}

int64_t rt_div(struct run *r, int64_t a, int64_t b)
{
	if (b == 0) {
		r->failed = 1;
		script_err(r, "division by zero");
		return 0;
	}
	return b == -1 ? script_wrap(r, (int64_t)(0 - (uint64_t)a)) : a / b;
}

int64_t rt_mod(struct run *r, int64_t a, int64_t b)
{
	if (b == 0) {
		r->failed = 1;
		script_err(r, "modulo by zero");
		return 0;
	}
	return b == -1 ? 0 : a % b;
}

/* ---- variables ---- */

int32_t rt_pv_get(struct run *r, void *fn, const struct pv_name *n, struct value *ret)
{
	pv_get_fn *get;
	int32_t rc;

	memcpy(&get, &fn, sizeof(get));
	*ret = value_null();
	rc = get(r, n, ret);
	if (rc < 0)
		*ret = value_null();
	return rc < 0 ? -1 : 0;
}

int32_t rt_pv_set(struct run *r, void *fn, const struct pv_name *n, const struct value *v,
		  const struct str *text)
{
	pv_set_fn *set;
	int32_t rc;

	memcpy(&set, &fn, sizeof(set));
	rc = set(r, n, v);
	return rc >= 0 ? 1 : rt_pv_set_failed(r, rc, text);
}

int32_t rt_pv_set_failed(struct run *r, int32_t rc, const struct str *text)
{
	script_err(r, "cannot assign to " STR_FMT ": %s", STR_ARG(*text), rt_strerror(rc));
	return -1;
}

static int key_index(struct str keys, struct str key)
{
	for (int i = 0; keys.n || keys.p; i++) {
		if (str_eq(str_cut(&keys, '|'), key))
			return i;
		if (!keys.p)
			break;
	}
	return -1;
}

void rt_pv_name(struct run *r, const struct pv_name *t, const struct value *inner, const struct value *index,
		const struct str *keys, struct pv_name *ret)
{
	*ret = *t;
	if (inner) {
		ret->text = script_text(r, inner);
		ret->hash = 0;
		ret->memo = NULL;
		if (keys->n)
			ret->num = key_index(*keys, ret->text);
		else if (inner->tag == VAL_INT || !str_to_i64(ret->text, &ret->num))
			ret->num = inner->tag == VAL_INT ? inner->i : t->num;
	}
	if (index) {
		ret->index_kind = PV_INDEX_NUM;
		ret->index = rt_int(r, index);
	}
}

void rt_pv_path(struct run *r, const struct pv_name *t, const struct pv_name *parts, struct pv_name *ret)
{
	(void)r;
	*ret = *t;
	ret->parts = parts;
}

/* ---- format strings ---- */

void rt_print(struct run *r, int32_t rc, struct value *v)
{
	(void)r;
	if (rc < 0)
		*v = value_str(S(""));
}

void rt_tr_done(struct run *r, int32_t rc, struct value *v)
{
	(void)r;
	if (rc < 0)
		*v = value_null();
}

void rt_fmt(struct run *r, const struct value *pieces, int32_t n, struct str *ret)
{
	size_t room = 0, at = 0;
	int32_t i = 0;
	char *p;

	for (int32_t k = 0; k < n; k++)
		room += pieces[k].tag == VAL_NULL ? sizeof("<null>") : pieces[k].tag == VAL_INT ? FMT_INT_MAX : pieces[k].s.n;
	if (room > PRINT_LIMIT)
		room = PRINT_LIMIT;
	p = arena_raw(r->arena, room);
	for (; p && i < n; i++) {
		char number[FMT_INT_MAX];
		struct str text;

		text = pieces[i].tag == VAL_NULL  ? S("<null>")
		       : pieces[i].tag == VAL_INT ? str_make(number, fmt_i64(pieces[i].i, number))
						  : pieces[i].s;
		if (text.n > room - at)
			break;
		if (text.n)
			memcpy(p + at, text.p, text.n);
		at += text.n;
	}
	if (i < n)
		script_err(r, "text is cut: no memory, or over %d bytes", PRINT_LIMIT);
	*ret = p ? str_make(p, at) : S("");
}
