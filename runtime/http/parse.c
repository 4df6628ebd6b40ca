/* SPDX-License-Identifier: Apache-2.0 */
/* Strict where two readers could differ: what is ambiguous is refused, not mended. */
#include "http/http.h"

static bool is_token(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_alpha(s.p[i]) && !ascii_digit(s.p[i]) && !memchr("!#$%&'*+-.^_`|~", s.p[i], 15))
			return false;
	return s.n != 0;
}

/* A line without its end; CR LF or LF. */
static struct str cut_line(struct str *rest)
{
	struct str l = str_cut(rest, '\n');

	return l.n && l.p[l.n - 1] == '\r' ? str_head(l, l.n - 1) : l;
}

/* "METHOD target HTTP/1.x" */
static bool request_line(struct str line, struct http_request *r)
{
	size_t first = str_chr(line, ' '), last = str_rchr(line, ' ');

	if (first == STR_NONE || last == first)
		return false;
	r->method = str_head(line, first);
	r->target = str_make(line.p + first + 1, last - first - 1);
	r->version = str_skip(line, last + 1);
	return is_token(r->method) && (str_eq(r->version, S("HTTP/1.1")) || str_eq(r->version, S("HTTP/1.0")));
}

bool http_is_request(struct str bytes)
{
	struct http_request r;
	size_t end = str_chr(str_head(bytes, HTTP_TARGET_MAX + 64), '\n');

	if (end == STR_NONE)
		return false;
	return request_line(cut_line(&(struct str){bytes.p, end}), &r);
}

static bool target_is_clean(struct str t)
{
	for (size_t i = 0; i < t.n; i++)
		if ((unsigned char)t.p[i] <= ' ' || t.p[i] == 0x7f)
			return false;
	return t.n != 0;
}

struct fields {
	uint64_t length;
	bool has_length;
	unsigned n;
};

/* One field. A name followed by a blank, a folded line and a second, different length are refused. */
static int field(struct http_request *r, struct str line, struct fields *f)
{
	size_t colon = str_chr(line, ':');
	struct str name = str_head(line, colon), value;
	uint64_t v;

	if (colon == STR_NONE || !is_token(name))
		return RT_E_PARSE;
	if (++f->n > HTTP_HEADERS_MAX)
		return RT_E_LIMIT;
	value = str_trim(str_skip(line, colon + 1));
	if (memchr(value.n ? value.p : "", '\r', value.n) || memchr(value.n ? value.p : "", 0, value.n))
		return RT_E_PARSE;
	if (str_ieq(name, S("transfer-encoding")))
		return RT_E_UNSUPP;
	if (str_ieq(name, S("connection")) && str_ifind(value, S("close")) != STR_NONE)
		r->close = true;
	if (!str_ieq(name, S("content-length")))
		return 0;
	if (!str_to_u64(value, UINT32_MAX, &v) || (f->has_length && v != f->length))
		return RT_E_PARSE;
	f->has_length = true;
	f->length = v;
	return 0;
}

int http_parse(struct str bytes, struct http_request *ret)
{
	struct http_request r = {0};
	struct fields f = {0};
	struct str rest = bytes;
	const char *start;
	int err = 0;

	if (!request_line(cut_line(&rest), &r) || !target_is_clean(r.target))
		return RT_E_PARSE;
	if (r.target.n > HTTP_TARGET_MAX)
		return RT_E_LIMIT;
	start = rest.p;
	for (;;) {
		const char *at = rest.p;
		struct str line;

		if (!rest.n)
			return RT_E_PARSE; /* no blank line */
		line = cut_line(&rest);
		if (!line.n) {
			r.headers = str_make(start, (size_t)(at - start));
			break;
		}
		err = field(&r, line, &f);
		if (err)
			return err;
	}
	if (rest.n != f.length)
		return RT_E_PARSE;
	r.body = rest;
	*ret = r;
	return 0;
}

struct str http_path(struct str target)
{
	return str_head(target, str_chr(target, '?'));
}

struct str http_query(struct str target)
{
	size_t mark = str_chr(target, '?');

	return mark == STR_NONE ? S("") : str_skip(target, mark + 1);
}
