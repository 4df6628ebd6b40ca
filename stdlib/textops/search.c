/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Searching and replacing in the message as received: what a script changed before does not count. The whole
 * message means from the first header on for changes, from the first byte for questions.
 */
#include "textops/textops_priv.h"

#include "abi/rt.h"
#include "script/regex.h"

enum where { WHOLE, HEADERS, BODY };

static struct str part(struct run *r, enum where w)
{
	struct sip_msg *m = to_msg(r);

	if (!m)
		return STR_NULL;
	switch (w) {
	case WHOLE:
		return str_skip(m->buf, m->hdr_off);
	case HEADERS:
		return str_make(m->buf.p + m->hdr_off, m->eoh_off - m->hdr_off);
	case BODY:
		return sip_body(m);
	}
	return STR_NULL;
}

/* ---- questions ---- */

int32_t std_textops_search(struct run *r, const struct rt_regex *re)
{
	return to_answer(to_msg(r) && re && rt_regex_exec(re, to_msg(r)->buf, 0, NULL));
}

int32_t std_textops_search_body(struct run *r, const struct rt_regex *re)
{
	struct str body = part(r, BODY);

	return to_answer(body.n && re && rt_regex_exec(re, body, 0, NULL));
}

/* Which headers of a name: order of the words in textops.def. */
enum which { FIRST, ALL, LAST };

static struct sip_hdr *last_of(struct sip_hdr *h)
{
	struct sip_hdr *next;

	while (h && (next = sip_hdr_next(h)) != NULL)
		h = next;
	return h;
}

int32_t std_textops_search_hf(struct run *r, const struct str *name, const struct rt_regex *re, int32_t which)
{
	struct sip_hdr *h = to_msg(r) && re ? sip_hdr_find(to_msg(r), *name) : NULL;

	if (which == LAST)
		h = last_of(h);
	for (; h; h = which == ALL ? sip_hdr_next(h) : NULL)
		if (rt_regex_exec(re, h->body, 0, NULL))
			return 1;
	return -1;
}

/* ---- one edit a match ---- */

/* Bytes [off, off+len) of s, a view of the message, become text. */
static int edit(struct run *r, struct str s, size_t off, size_t len, struct str text)
{
	return sip_edit_view(r->draft, str_make(s.p + off, len), text);
}

/* Replace the first match, or all; `behind`: add behind it instead. */
static int32_t change(struct run *r, enum where w, const struct rt_regex *re, struct str text, bool all, bool behind)
{
	struct str s = part(r, w);
	struct rt_span g[RT_REGEX_GROUPS];
	size_t at = 0;
	int n = 0;

	while (s.n && re && at <= s.n && rt_regex_exec(re, s, at, g)) {
		int err = behind ? edit(r, s, g[0].off + g[0].len, 0, text) : edit(r, s, g[0].off, g[0].len, text);

		if (err)
			return to_edited(r, err, "replace");
		n++;
		at = g[0].off + g[0].len + (g[0].len == 0);
		if (!all)
			break;
	}
	return to_answer(n);
}

int32_t std_textops_search_append(struct run *r, const struct rt_regex *re, const struct str *text)
{
	return change(r, WHOLE, re, *text, false, true);
}

int32_t std_textops_search_append_body(struct run *r, const struct rt_regex *re, const struct str *text)
{
	return change(r, BODY, re, *text, false, true);
}

int32_t std_textops_replace(struct run *r, const struct rt_regex *re, const struct str *text)
{
	return change(r, WHOLE, re, *text, false, false);
}

int32_t std_textops_replace_all(struct run *r, const struct rt_regex *re, const struct str *text)
{
	return change(r, WHOLE, re, *text, true, false);
}

int32_t std_textops_replace_hdrs(struct run *r, const struct rt_regex *re, const struct str *text)
{
	return change(r, HEADERS, re, *text, true, false);
}

int32_t std_textops_replace_body(struct run *r, const struct rt_regex *re, const struct str *text)
{
	return change(r, BODY, re, *text, false, false);
}

int32_t std_textops_replace_body_all(struct run *r, const struct rt_regex *re, const struct str *text)
{
	return change(r, BODY, re, *text, true, false);
}

int32_t std_textops_replace_body_atonce(struct run *r, const struct rt_regex *re, const struct str *text)
{
	return change(r, BODY, re, *text, true, false);
}

/* ---- plain texts ---- */

/* Content also when there is nothing to replace, as the reference is. */
static int32_t change_str(struct run *r, enum where w, struct str match, struct str text, int32_t mode)
{
	struct str s = part(r, w);
	size_t at = 0, i;

	while (match.n && (i = str_find(str_skip(s, at), match)) != STR_NONE) {
		if (edit(r, s, at + i, match.n, text))
			return -1;
		at += i + match.n;
		if (mode == FIRST)
			break;
	}
	return 1;
}

int32_t std_textops_replace_str(struct run *r, const struct str *match, const struct str *text, int32_t mode)
{
	return change_str(r, WHOLE, *match, *text, mode);
}

int32_t std_textops_replace_hdrs_str(struct run *r, const struct str *match, const struct str *text, int32_t mode)
{
	return change_str(r, HEADERS, *match, *text, mode);
}

int32_t std_textops_replace_body_str(struct run *r, const struct str *match, const struct str *text, int32_t mode)
{
	return change_str(r, BODY, *match, *text, mode);
}

/* ---- substitutions ---- */

struct place {
	struct run *r;
	struct str s;
};

static int put_edit(void *arg, size_t off, size_t len, struct str text)
{
	const struct place *p = arg;

	return edit(p->r, p->s, off, len, text);
}

static int32_t substitute(struct run *r, const struct rt_subst *su, struct str s)
{
	struct place p = {r, s};
	int n = s.n && su ? rt_subst_each(su, r->arena, s, put_edit, &p) : 0;

	return n > 0 ? 1 : n == 0 ? -1 : to_edited(r, n, "subst");
}

int32_t std_textops_subst(struct run *r, const struct rt_subst *su)
{
	return substitute(r, su, part(r, WHOLE));
}

int32_t std_textops_subst_body(struct run *r, const struct rt_subst *su)
{
	return substitute(r, su, part(r, BODY));
}

int32_t std_textops_subst_hf(struct run *r, const struct str *name, const struct rt_subst *su, int32_t which)
{
	struct sip_hdr *h = to_msg(r) ? sip_hdr_find(to_msg(r), *name) : NULL;
	int32_t ret = -1;

	if (which == LAST)
		h = last_of(h);
	for (; h; h = which == ALL ? sip_hdr_next(h) : NULL)
		if (substitute(r, su, h->body) > 0)
			ret = 1;
	return ret;
}

static bool applied(struct run *r, const struct rt_subst *su, struct str s, struct str *ret)
{
	struct sb b;

	sb_init(&b, r->arena, RT_REGEX_SUBJECT_MAX);
	if (!su || rt_subst_apply(su, s, &b) <= 0)
		return false;
	*ret = b.p ? sb_str(&b) : S("");
	return true;
}

int32_t std_textops_subst_uri(struct run *r, const struct rt_subst *su)
{
	struct str s;

	if (!to_msg(r) || !to_msg(r)->is_request || !applied(r, su, sip_draft_uri(r->draft), &s))
		return -1;
	return to_edited(r, sip_draft_set_uri_raw(r->draft, s), "subst_uri");
}

int32_t std_textops_subst_user(struct run *r, const struct rt_subst *su)
{
	struct sip_uri u;
	struct str s;

	if (!to_msg(r) || !to_msg(r)->is_request || sip_draft_uri_parse(r->draft, &u) || !applied(r, su, u.user, &s))
		return -1;
	return to_edited(r, sip_draft_rewrite(r->draft, SIP_URI_SET_USER, s, 0), "subst_user");
}

int32_t std_textops_subst_v(struct run *r, const struct str *text, const struct rt_subst *su, const struct pv_ref *to)
{
	struct value v;
	struct str s;

	if (!applied(r, su, *text, &s))
		return -1;
	v = value_str(s);
	return to_answer(to->set(r, &v) >= 0);
}

int32_t std_textops_tr_re_subst(struct run *r, const struct value *in, const struct rt_subst *su, struct value *ret)
{
	struct str s, out;

	if (in->tag == VAL_NULL || !su)
		return -1;
	s = script_text(r, in);
	*ret = value_str(applied(r, su, s, &out) ? out : s);
	return 0;
}

/* ---- any text ---- */

int32_t std_textops_search_str(struct run *r, const struct str *text, const struct rt_regex *re)
{
	(void)r;
	return to_answer(re && rt_regex_exec(re, *text, 0, NULL));
}

/* Group `index` of the match; `count` groups the expression must have at least. */
int32_t std_textops_regex_substring(struct run *r, const struct str *text, const struct str *expr, int64_t index,
				    int64_t count, const struct pv_ref *to)
{
	const struct rt_regex *re = rt_regex(r, expr, 0);
	struct rt_span g[RT_REGEX_GROUPS];
	struct value v;

	if (!re || index < 0 || index >= RT_REGEX_GROUPS || index > count)
		return -1;
	if (!rt_regex_exec(re, *text, 0, g) || g[index].off == STR_NONE)
		return -2;
	v = value_str(str_make(text->p + g[index].off, g[index].len));
	return to_answer(to->set(r, &v) >= 0);
}
