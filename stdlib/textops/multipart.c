/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parts of a multipart body (RFC 2046 5.1). What is written here is always closed by the last delimiter; the reference
 * leaves a new body open until a part is added.
 */
#include "textops/textops_priv.h"

static struct str header_value(struct str headers, struct str name)
{
	while (headers.n) {
		struct str line = str_cut(&headers, '\n');
		size_t colon = str_chr(line, ':');

		if (colon != STR_NONE && str_ieq(str_trim(str_head(line, colon)), name))
			return str_trim(str_skip(line, colon + 1));
	}
	return STR_NULL;
}

static void cut_part(struct str all, struct body_part *p)
{
	size_t blank = str_find(all, S("\r\n\r\n"));

	*p = (struct body_part){.all = all};
	if (str_starts(all, S("\r\n"))) {
		p->content = str_skip(all, 2);
	} else if (blank != STR_NONE) {
		p->headers = str_head(all, blank + 2);
		p->content = str_skip(all, blank + 4);
	}
	p->type = header_value(p->headers, S("Content-Type"));
	p->after_type = p->type.n ? str_skip(all, (size_t)(p->type.p + p->type.n - all.p) + 2) : all;
}

/* The next part of *rest; false: no more. `delimiter` is "--boundary". */
static bool next_part(struct str *rest, struct str delimiter, struct body_part *p)
{
	size_t i = str_find(*rest, delimiter), end;
	struct str all, from, line, whole;

	if (i == STR_NONE)
		return false;
	whole = str_skip(*rest, i);
	all = str_skip(*rest, i + delimiter.n);
	if (str_starts(all, S("--")))
		return false;
	i = str_find(all, S("\r\n"));
	if (i == STR_NONE)
		return false;
	all = str_skip(all, i + 2);
	end = str_find(all, delimiter);
	if (end == STR_NONE)
		return false;
	from = all;
	*rest = str_skip(all, end);
	line = *rest;
	str_cut(&line, '\n');
	all = str_head(all, end);
	cut_part(str_ends(all, S("\r\n")) ? str_head(all, all.n - 2) : all, p);
	p->after_type.n = (size_t)(all.p + all.n - p->after_type.p);
	p->whole = str_make(whole.p, (size_t)(rest->p - whole.p));
	p->raw = line.p ? str_make(from.p, (size_t)(line.p - from.p)) : from;
	return true;
}

static bool delimiter_of(struct run *r, struct str *ret)
{
	struct sip_hdr *h = to_msg(r) ? to_msg(r)->first[SIP_HDR_CONTENT_TYPE] : NULL;
	size_t semi = h ? str_chr(h->body, ';') : STR_NONE;
	struct str boundary;

	if (!h || semi == STR_NONE || !str_istarts(h->body, S("multipart/")) ||
	    !sip_pairs_find(str_skip(h->body, semi + 1), ';', S("boundary"), &boundary) || !boundary.n)
		return false;
	*ret = str_join(r->arena, S("--"), sip_unquote(boundary));
	return ret->p != NULL;
}

bool to_find_part(struct run *r, const struct str *type, struct body_part *p)
{
	struct str rest = to_body(r), delimiter;

	if (!rest.n)
		return false;
	if (!delimiter_of(r, &delimiter)) {
		*p = (struct body_part){.all = rest, .content = rest, .type = sip_content_type(to_msg(r))};
		return to_type_is(p->type, *type);
	}
	while (next_part(&rest, delimiter, p))
		if (to_type_is(p->type, *type))
			return true;
	return false;
}

/* Keep that part alone: its content is the body, its type the message's. */
int32_t std_textops_filter_body(struct run *r, const struct str *type)
{
	struct body_part p;

	if (!to_find_part(r, type, &p) || p.all.n == to_body(r).n)
		return -1; /* it is no multipart body */
	return to_edited(r, sip_draft_set_body(r->draft, p.content, p.type), "filter_body");
}

/* A body that is no multipart one is given whatever its type. */
static int32_t give_part(struct run *r, const struct str *type, const struct pv_ref *to, bool raw)
{
	struct str delimiter;
	struct body_part p;
	struct value v;

	if (!to_body(r).n)
		return -1;
	if (!delimiter_of(r, &delimiter))
		v = value_str(to_body(r));
	else if (to_find_part(r, type, &p))
		v = value_str(raw ? p.raw : p.after_type);
	else
		return -1;
	return to_answer(to->set(r, &v) >= 0);
}

int32_t std_textops_get_body_part(struct run *r, const struct str *type, const struct pv_ref *to)
{
	return give_part(r, type, to, false);
}

int32_t std_textops_get_body_part_raw(struct run *r, const struct str *type, const struct pv_ref *to)
{
	return give_part(r, type, to, true);
}


/* ---- making and changing ---- */

enum { MARK_MIME = 0x6d70, PART_MAX = 65535 };

static struct str part_text(struct run *r, struct str delimiter, struct str type, struct str disposition, struct str text)
{
	struct sb b;

	sb_init(&b, r->arena, PART_MAX);
	sb_printf(&b, STR_FMT "\r\nContent-Type: " STR_FMT "\r\n", STR_ARG(delimiter), STR_ARG(type));
	if (disposition.n)
		sb_printf(&b, "Content-Disposition: " STR_FMT "\r\n", STR_ARG(disposition));
	sb_addz(&b, "\r\n");
	sb_add(&b, text);
	sb_addz(&b, "\r\n");
	return sb_ok(&b) ? sb_str(&b) : STR_NULL;
}

static int add_mime_version(struct run *r)
{
	struct sip_draft *d = r->draft;
	int err;

	if (sip_hdr_find(d->msg, S("MIME-Version")) || sip_draft_has(d, MARK_MIME))
		return 0;
	err = sip_hdr_append(d, S("Mime-Version: 1.0\r\n"));
	return err ? err : sip_edit_mark(d, MARK_MIME);
}

/* A body of one part; text empty: the present body becomes it, unless it is a multipart one. */
static int32_t make_multipart(struct run *r, struct str text, struct str type, struct str boundary)
{
	struct str delimiter, part, body, value;
	int err;

	if (!to_msg(r) || (!text.n && !to_body(r).n) || str_chr(boundary, '"') != STR_NONE)
		return -1;
	if (!text.n && delimiter_of(r, &delimiter))
		return 1;
	if (!text.n) {
		text = to_body(r);
		type = to_msg(r)->first[SIP_HDR_CONTENT_TYPE] ? to_msg(r)->first[SIP_HDR_CONTENT_TYPE]->body : STR_NULL;
	}
	if (!boundary.n)
		boundary = S("unique-boundary-1");
	delimiter = str_join(r->arena, S("--"), boundary);
	part = part_text(r, delimiter, type.n ? type : S("text/plain"), STR_NULL, text);
	body = str_printf(r->arena, STR_FMT STR_FMT "--\r\n", STR_ARG(part), STR_ARG(delimiter));
	value = str_printf(r->arena, "multipart/mixed;boundary=\"" STR_FMT "\"", STR_ARG(boundary));
	if (!part.p || !body.p || !value.p)
		return -1;
	err = sip_draft_set_body(r->draft, body, value);
	return to_edited(r, err ? err : add_mime_version(r), "set_body_multipart");
}

int32_t std_textops_set_body_multipart(struct run *r)
{
	return make_multipart(r, STR_NULL, STR_NULL, STR_NULL);
}

int32_t std_textops_set_body_multipart_boundary(struct run *r, const struct str *boundary)
{
	return make_multipart(r, STR_NULL, STR_NULL, *boundary);
}

int32_t std_textops_set_body_multipart_of(struct run *r, const struct str *text, const struct str *type)
{
	return make_multipart(r, *text, *type, STR_NULL);
}

int32_t std_textops_set_body_multipart_full(struct run *r, const struct str *text, const struct str *type,
					    const struct str *boundary)
{
	return make_multipart(r, *text, *type, *boundary);
}

/* Before the last delimiter. */
static int32_t append_part(struct run *r, struct str text, struct str type, struct str disposition)
{
	struct str body = to_body(r), delimiter, closing, part;
	size_t at;

	if (!text.n || !type.n || !body.n || !delimiter_of(r, &delimiter))
		return -1;
	closing = str_join(r->arena, delimiter, S("--"));
	part = part_text(r, delimiter, type, disposition, text);
	if (!closing.p || !part.p)
		return -1;
	at = str_find(body, closing);
	if (at == STR_NONE)
		return -1;
	return to_edited(r, sip_edit_view(r->draft, str_make(body.p + at, 0), part), "append_body_part");
}

int32_t std_textops_append_body_part(struct run *r, const struct str *text, const struct str *type)
{
	return append_part(r, *text, *type, STR_NULL);
}

int32_t std_textops_append_body_part_disp(struct run *r, const struct str *text, const struct str *type,
					  const struct str *disposition)
{
	return append_part(r, *text, *type, *disposition);
}

int32_t std_textops_append_body_part_hex(struct run *r, const struct str *hex, const struct str *type)
{
	struct str text;

	return to_bytes(r, hex, &text) ? append_part(r, text, *type, STR_NULL) : -1;
}

int32_t std_textops_append_body_part_hex_disp(struct run *r, const struct str *hex, const struct str *type,
					      const struct str *disposition)
{
	struct str text;

	return to_bytes(r, hex, &text) ? append_part(r, text, *type, *disposition) : -1;
}

int32_t std_textops_remove_body_part(struct run *r, const struct str *type)
{
	struct str delimiter;
	struct body_part p;

	if (!type->n || !to_body(r).n || !delimiter_of(r, &delimiter) || !to_find_part(r, type, &p))
		return -1;
	return to_edited(r, sip_edit_view(r->draft, p.whole, S("")), "remove_body_part");
}
