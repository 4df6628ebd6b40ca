/* SPDX-License-Identifier: Apache-2.0 */
/* Comparing texts. */
#include "textops/textops_priv.h"

/* -1: the first is greater, -2: the second. */
static int32_t order(int cmp)
{
	return cmp == 0 ? 1 : cmp > 0 ? -1 : -2;
}

int32_t std_textops_cmp_str(struct run *r, const struct str *a, const struct str *b)
{
	(void)r;
	return order(str_cmp(*a, *b));
}

int32_t std_textops_cmp_istr(struct run *r, const struct str *a, const struct str *b)
{
	size_t n = a->n < b->n ? a->n : b->n;

	(void)r;
	for (size_t i = 0; i < n; i++)
		if (ascii_lower(a->p[i]) != ascii_lower(b->p[i]))
			return order(ascii_lower(a->p[i]) - ascii_lower(b->p[i]));
	return order(a->n < b->n ? -1 : a->n > b->n);
}

int32_t std_textops_starts_with(struct run *r, const struct str *text, const struct str *prefix)
{
	(void)r;
	return to_answer(str_starts(*text, *prefix));
}

int32_t std_textops_ends_with(struct run *r, const struct str *text, const struct str *suffix)
{
	(void)r;
	return to_answer(str_ends(*text, *suffix));
}

/* Counted from 1. */
static int32_t position(size_t i)
{
	return i == STR_NONE ? -1 : (int32_t)i + 1;
}

int32_t std_textops_str_find(struct run *r, const struct str *text, const struct str *what)
{
	(void)r;
	return what->n ? position(str_find(*text, *what)) : -1;
}

int32_t std_textops_str_ifind(struct run *r, const struct str *text, const struct str *what)
{
	(void)r;
	return what->n ? position(str_ifind(*text, *what)) : -1;
}

int32_t std_textops_str_any_in(struct run *r, const struct str *text, const struct str *set)
{
	(void)r;
	for (size_t i = 0; i < text->n; i++)
		if (str_chr(*set, text->p[i]) != STR_NONE)
			return 1;
	return -1;
}

int32_t std_textops_str_all_in(struct run *r, const struct str *text, const struct str *set)
{
	(void)r;
	for (size_t i = 0; i < text->n; i++)
		if (str_chr(*set, text->p[i]) == STR_NONE)
			return -1;
	return to_answer(text->n);
}

typedef bool member_fn(struct str subject, struct str member);

static int32_t any_member(struct str subject, struct str list, const struct str *sep, member_fn *fn)
{
	if (sep->n != 1)
		return -1;
	while (list.n) {
		struct str member = str_trim(str_cut(&list, sep->p[0]));

		if (member.n && fn(subject, member))
			return 1;
	}
	return -1;
}

int32_t std_textops_in_list(struct run *r, const struct str *subject, const struct str *list, const struct str *sep)
{
	(void)r;
	return any_member(*subject, *list, sep, str_eq);
}

int32_t std_textops_in_list_prefix(struct run *r, const struct str *subject, const struct str *list,
				   const struct str *sep)
{
	(void)r;
	return any_member(*subject, *list, sep, str_starts);
}
