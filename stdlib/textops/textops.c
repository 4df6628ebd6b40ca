/* SPDX-License-Identifier: Apache-2.0 */
/* Adding, removing and asking for headers. */
#define TEXTOPS_MAIN
#include "textops/textops_priv.h"

#include <time.h>

#include "abi/rt.h"
#include "core/worker.h"
#include "script/regex.h"

int32_t to_edited(struct run *r, int err, const char *what)
{
	if (err >= 0)
		return 1;
	script_err(r, "%s: %s", what, rt_strerror(err));
	return -1;
}

/* ---- adding ---- */

/* Whole headers: a line end that the script forgot must not glue two headers together. */
static struct str whole(struct run *r, const struct str *text)
{
	return str_ends(*text, S("\r\n")) ? *text : str_join(r->arena, str_rtrim(*text), S("\r\n"));
}

typedef int put_fn(struct sip_draft *d, struct str text);
typedef int put_at_fn(struct sip_draft *d, const struct sip_hdr *h, struct str text);

static int32_t put(struct run *r, const struct str *text, put_fn *fn, const char *what)
{
	struct str t = whole(r, text);

	if (!to_msg(r) || !text->n)
		return -1;
	return t.p ? to_edited(r, fn(r->draft, t), what) : -1;
}

/* Beside the first header of that name; without one as if no name were given. */
static int32_t put_at(struct run *r, const struct str *text, const struct str *name, put_at_fn *at, put_fn *fn,
		      const char *what)
{
	struct sip_hdr *h = to_msg(r) ? sip_hdr_find(to_msg(r), *name) : NULL;
	struct str t = whole(r, text);

	if (!h)
		return put(r, text, fn, what);
	return t.p && text->n ? to_edited(r, at(r->draft, h, t), what) : -1;
}

int32_t std_textops_append_hf(struct run *r, const struct str *text)
{
	return put(r, text, sip_hdr_append, "append_hf");
}

int32_t std_textops_append_hf_at(struct run *r, const struct str *text, const struct str *name)
{
	return put_at(r, text, name, sip_hdr_insert_after, sip_hdr_append, "append_hf");
}

int32_t std_textops_insert_hf(struct run *r, const struct str *text)
{
	return put(r, text, sip_hdr_prepend, "insert_hf");
}

int32_t std_textops_insert_hf_at(struct run *r, const struct str *text, const struct str *name)
{
	return put_at(r, text, name, sip_hdr_insert_before, sip_hdr_prepend, "insert_hf");
}

int32_t std_textops_append_urihf(struct run *r, const struct str *prefix, const struct str *suffix)
{
	struct str t;

	if (!to_msg(r) || !to_msg(r)->is_request)
		return -1;
	t = str_printf(r->arena, STR_FMT STR_FMT STR_FMT, STR_ARG(*prefix), STR_ARG(sip_draft_uri(r->draft)),
		       STR_ARG(*suffix));
	return put(r, &t, sip_hdr_append, "append_urihf");
}

int32_t std_textops_append_to_reply(struct run *r, const struct str *text)
{
	return put(r, text, sip_reply_append, "append_to_reply");
}

/* "Date: Thu, 26 Nov 2026 01:02:03 GMT" */
static struct str date_header(struct run *r)
{
	time_t t = (time_t)(world_wall(worker_world(r->worker)) / 1000000);
	char buf[64];
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(buf, sizeof(buf), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
	return str_dup(r->arena, str_of(buf));
}

int32_t std_textops_append_time(struct run *r)
{
	struct str t = date_header(r);

	return put(r, &t, sip_reply_append, "append_time");
}

int32_t std_textops_append_time_to_request(struct run *r)
{
	struct str t = date_header(r);

	return put(r, &t, sip_hdr_append, "append_time_to_request");
}

/* ---- removing ---- */

static int32_t removed(struct run *r, int n, const char *what)
{
	return n > 0 ? 1 : n == 0 ? -1 : to_edited(r, n, what);
}

int32_t std_textops_remove_hf(struct run *r, const struct str *name)
{
	return to_msg(r) ? removed(r, sip_hdr_remove_named(r->draft, *name), "remove_hf") : -1;
}

/* Content also with none of that name, as the reference is. */
int32_t std_textops_remove_hf_pv(struct run *r, const struct str *name)
{
	return to_msg(r) ? to_edited(r, sip_hdr_remove_named(r->draft, *name), "remove_hf_pv") : -1;
}

/* From the first (0, 1, ...) or the last (-1, -2, ...) of that name; 2 when there is none. */
int32_t std_textops_remove_hf_idx(struct run *r, const struct str *name, int64_t i)
{
	struct sip_hdr *h = to_msg(r) ? sip_hdr_find(to_msg(r), *name) : NULL;
	int64_t count = 0;

	for (struct sip_hdr *k = h; k; k = sip_hdr_next(k))
		count++;
	if (i < 0)
		i += count;
	for (; h && i > 0; i--)
		h = sip_hdr_next(h);
	if (!to_msg(r))
		return -1;
	return h && i == 0 ? to_edited(r, sip_hdr_remove(r->draft, h), "remove_hf_idx") : 2;
}

struct by_name {
	const struct rt_regex *match, *skip;
};

static bool name_matches(const struct sip_hdr *h, void *arg)
{
	const struct by_name *b = arg;

	return rt_regex_exec(b->match, h->name, 0, NULL) && !(b->skip && rt_regex_exec(b->skip, h->name, 0, NULL));
}

int32_t std_textops_remove_hf_re(struct run *r, const struct rt_regex *re)
{
	struct by_name b = {.match = re};

	return to_msg(r) && re ? removed(r, sip_hdr_remove_if(r->draft, name_matches, &b), "remove_hf_re") : -1;
}

/* Whose names match the first and not the second expression. */
int32_t std_textops_remove_hf_exp(struct run *r, const struct rt_regex *match, const struct rt_regex *skip)
{
	struct by_name b = {.match = match, .skip = skip};

	if (!to_msg(r) || !match || !skip)
		return -1;
	return removed(r, sip_hdr_remove_if(r->draft, name_matches, &b), "remove_hf_exp");
}

/* Order of the words in textops.def: eq ne in re sw. */
static bool body_matches(struct run *r, struct str body, int32_t op, const struct str *expr)
{
	switch (op) {
	case 0:
		return str_eq(body, *expr);
	case 1:
		return !str_eq(body, *expr);
	case 2:
		return str_find(body, *expr) != STR_NONE;
	case 3:
		return rt_match(r, &body, rt_regex(r, expr, RT_REGEX_ICASE | RT_REGEX_NEWLINE));
	case 4:
		return str_starts(body, *expr);
	default:
		return false;
	}
}

int32_t std_textops_remove_hf_match(struct run *r, const struct str *name, int32_t op, const struct str *expr)
{
	struct sip_hdr *h = to_msg(r) ? sip_hdr_find(to_msg(r), *name) : NULL;
	int n = 0;

	for (; h; h = sip_hdr_next(h)) {
		if (!body_matches(r, h->body, op, expr))
			continue;
		if (sip_hdr_remove(r->draft, h))
			return -1;
		n++;
	}
	return n ? 1 : -2;
}

/* ---- asking ---- */

int32_t std_textops_is_present_hf(struct run *r, const struct str *name)
{
	return to_answer(to_msg(r) && sip_hdr_find(to_msg(r), *name));
}

int32_t std_textops_is_present_hf_re(struct run *r, const struct rt_regex *re)
{
	for (struct sip_hdr *h = to_msg(r) && re ? to_msg(r)->headers : NULL; h; h = h->next)
		if (rt_regex_exec(re, h->name, 0, NULL))
			return 1;
	return -1;
}

/* Privacy (RFC 3323 4.2): values are separated by ';', some write ','. */
int32_t std_textops_is_privacy(struct run *r, int32_t which)
{
	static const char *const words[] = {"user", "header", "session", "none", "critical", "id", "history"};
	struct sip_hdr *h = to_msg(r) ? to_msg(r)->first[SIP_HDR_PRIVACY] : NULL;

	for (; h; h = h->same) {
		struct str rest = h->body;

		while (rest.n) {
			size_t n = 0;

			while (n < rest.n && rest.p[n] != ';' && rest.p[n] != ',')
				n++;
			if (str_ieq(str_trim(str_head(rest, n)), str_of(words[which])))
				return 1;
			rest = str_skip(rest, n + 1);
		}
	}
	return -1;
}

STD_MODULE(textops)
