/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The short way through functions of rt.def, for the case that is common; what is not goes on to the
 * function itself. Compiled to bitcode by clang and linked into each script's module before that is
 * optimised (compiler/codegen/inline.c), where a call of rt_x becomes the body of fast_rt_x: constant
 * getters are then called directly, and known types cost no test.
 *
 * Self-contained: no state of the process is reached from here, only what the arguments point to. The
 * long way gets copies, so that the values themselves need not be in memory for its sake.
 */
#include "abi/rt.h"
#include "base/arena.h"
#include "script/regex.h"
#include "script/regex_dfa.h"

#define RT(ret, name, sig, params) ret fast_##name params;
#include "abi/rt.def"
#undef RT

/* The long ways are rare: their calls stand behind what a script mostly runs, which so takes fewer cache lines. */
#define RT(ret, name, sig, params) ret name params __attribute__((cold));
#include "abi/rt.def"
#undef RT

enum { SUM_INLINE = 8 };

static inline struct str text_of(struct run *r, struct value v)
{
	struct str s;

	rt_str(r, &v, &s);
	return s;
}

int32_t fast_rt_enter(struct run *r)
{
	char here;

	return r->depth <= r->depth_max && (uintptr_t)&here > r->stack_low ? 0 : rt_enter(r);
}

int64_t fast_rt_int(struct run *r, const struct value *v)
{
	struct value copy;

	if (v->tag & VAL_INT)
		return v->i;
	if (v->tag == VAL_NULL)
		return 0;
	copy = *v;
	return rt_int(r, &copy);
}

int64_t fast_rt_cast_int(struct run *r, const struct value *v)
{
	struct value copy = *v;

	return v->tag & VAL_INT ? v->i : rt_cast_int(r, &copy);
}

void fast_rt_str(struct run *r, const struct value *v, struct str *ret)
{
	struct value copy;

	if (v->tag & VAL_STR) {
		*ret = v->s;
		return;
	}
	copy = *v;
	*ret = text_of(r, copy);
}

static inline bool sum_of_ints(struct run *r, const struct value *v, int32_t n, struct value *ret)
{
	uint64_t sum = (uint64_t)v[0].i;

	for (int32_t i = 1; i < n; i++) {
		if (!(v[i].tag & VAL_INT))
			return false;
		sum += (uint64_t)v[i].i;
	}
	*ret = value_int(r->prog->compat == 6 ? (int64_t)sum : (int64_t)(int32_t)(uint32_t)sum);
	return true;
}

/* Texts end to end, made in one go. */
static inline bool sum_of_texts(struct run *r, const struct value *v, int32_t n, struct value *ret)
{
	size_t size = 0;
	char *p, *to;

	for (int32_t i = 0; i < n; i++) {
		if (v[i].tag == VAL_INT)
			return false;
		size += v[i].tag & VAL_STR ? v[i].s.n : 0;
	}
	to = p = arena_raw(r->arena, size + 1);
	if (!p)
		return false;
	for (int32_t i = 0; i < n; i++)
		if (v[i].tag & VAL_STR) {
			memcpy(to, v[i].s.p, v[i].s.n);
			to += v[i].s.n;
		}
	*ret = value_str(str_make(p, size));
	return true;
}

void fast_rt_sum(struct run *r, const struct value *v, int32_t n, struct value *ret)
{
	struct value copy[SUM_INLINE], sum;

	if (v[0].tag == VAL_INT ? sum_of_ints(r, v, n, ret) : sum_of_texts(r, v, n, ret))
		return;
	if (n > SUM_INLINE) {
		rt_sum(r, v, n, ret);
		return;
	}
	for (int32_t i = 0; i < n; i++)
		copy[i] = v[i];
	rt_sum(r, copy, n, &sum);
	*ret = sum;
}

int32_t fast_rt_eq(struct run *r, const struct value *a, const struct value *b)
{
	struct value x, y;

	if (a->tag == VAL_INT && b->tag & VAL_INT)
		return a->i == b->i;
	if (a->tag & VAL_STR && b->tag & VAL_STR)
		return str_eq(a->s, b->s);
	x = *a;
	y = *b;
	return rt_eq(r, &x, &y);
}

int32_t fast_rt_str_eq(struct run *r, const struct str *a, const struct str *b)
{
	(void)r;
	return str_eq(*a, *b);
}

int32_t fast_rt_empty_eq(struct run *r, const struct value *v)
{
	(void)r;
	if (v->tag == VAL_INT)
		return v->i == 0 ? 2 : 0;
	return !value_is_str(v) || v->s.n == 0;
}

int32_t fast_rt_pv_get(struct run *r, void *fn, const struct pv_name *n, struct value *ret)
{
	struct value got = value_null();
	pv_get_fn *get;
	int32_t rc;

	memcpy(&get, &fn, sizeof(get));
	rc = get(r, n, &got);
	*ret = rc >= 0 ? got : value_null();
	return rc >= 0 ? 0 : -1;
}

int32_t fast_rt_pv_set(struct run *r, void *fn, const struct pv_name *n, const struct value *v, const struct str *text)
{
	pv_set_fn *set;
	int32_t rc;

	memcpy(&set, &fn, sizeof(set));
	rc = set(r, n, v);
	return rc >= 0 ? 1 : rt_pv_set_failed(r, rc, text);
}

void fast_rt_var_set(struct run *r, int32_t slot, const struct value *v)
{
	struct value copy;

	if (v->tag & VAL_STR && (r->outer || v->s.n > RUN_VAR_MAX)) {
		copy = *v;
		rt_var_set(r, slot, &copy);
	} else {
		r->vars[slot] = *v;
	}
}

int32_t fast_rt_match(struct run *r, const struct str *s, const struct rt_regex *re)
{
	const struct regex_dfa *d = re ? ((const struct rt_regex_head *)re)->dfa : NULL;

	struct str copy = *s;

	return d && s->n <= RT_REGEX_SUBJECT_MAX ? regex_dfa_match(d, copy) : rt_match(r, &copy, re);
}

void fast_rt_print(struct run *r, int32_t rc, struct value *v)
{
	(void)r;
	if (rc < 0)
		*v = value_str(S(""));
}

void fast_rt_tr_done(struct run *r, int32_t rc, struct value *v)
{
	(void)r;
	if (rc < 0)
		*v = value_null();
}
