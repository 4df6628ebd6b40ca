/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies: whole, their types, parts of a multipart body (RFC 2046 5.1), SDP on hold. */
#include "textops/textops_priv.h"

int32_t std_textops_has_body(struct run *r)
{
	return to_answer(to_body(r).n);
}

/* Parameters do not count. */
static bool type_is(struct str have, struct str want)
{
	return str_ieq(str_trim(str_head(have, str_chr(have, ';'))), want);
}

int32_t std_textops_has_body_of(struct run *r, const struct str *type)
{
	return to_answer(to_body(r).n && type_is(sip_content_type(to_msg(r)), *type));
}

int32_t std_textops_set_body(struct run *r, const struct str *text, const struct str *type)
{
	if (!to_msg(r))
		return -1;
	return to_edited(r, sip_draft_set_body(r->draft, *text, *type), "set_body");
}

int32_t std_textops_set_reply_body(struct run *r, const struct str *text, const struct str *type)
{
	if (!to_msg(r) || !text->n)
		return -1;
	return to_edited(r, sip_reply_set_body(r->draft, *text, *type), "set_reply_body");
}

static bool from_hex(struct run *r, const struct str *hex, struct str *ret)
{
	struct sb b;

	sb_init(&b, r->arena, 65535);
	for (size_t i = 0; i + 1 < hex->n; i += 2) {
		int hi = hex_value(hex->p[i]), lo = hex_value(hex->p[i + 1]);

		if (hi < 0 || lo < 0)
			return false;
		sb_addc(&b, (char)(hi << 4 | lo));
	}
	*ret = sb_str(&b);
	return sb_ok(&b) && hex->n % 2 == 0;
}

int32_t std_textops_set_body_hex(struct run *r, const struct str *hex, const struct str *type)
{
	struct str text;

	return from_hex(r, hex, &text) ? std_textops_set_body(r, &text, type) : -1;
}

int32_t std_textops_set_reply_body_hex(struct run *r, const struct str *hex, const struct str *type)
{
	struct str text;

	return from_hex(r, hex, &text) ? std_textops_set_reply_body(r, &text, type) : -1;
}

/* ---- multipart ---- */

struct body_part {
	struct str all;     /* from behind the boundary line to before the next CRLF--boundary */
	struct str raw;     /* the same with the boundary line behind it */
	struct str headers; /* with their line ends */
	struct str content;
	struct str after_type; /* what stands behind the line of its Content-Type, up to the boundary */
	struct str type;
};

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
	struct str all, from, line;

	if (i == STR_NONE)
		return false;
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

/* The whole body counts as its only part when it is no multipart one. */
static bool find_part(struct run *r, const struct str *type, struct body_part *p)
{
	struct str rest = to_body(r), delimiter;

	if (!rest.n)
		return false;
	if (!delimiter_of(r, &delimiter)) {
		*p = (struct body_part){.all = rest, .content = rest, .type = sip_content_type(to_msg(r))};
		return type_is(p->type, *type);
	}
	while (next_part(&rest, delimiter, p))
		if (type_is(p->type, *type))
			return true;
	return false;
}

/* Keep that part alone: its content is the body, its type the message's. */
int32_t std_textops_filter_body(struct run *r, const struct str *type)
{
	struct body_part p;

	if (!find_part(r, type, &p))
		return -1;
	if (p.all.n == to_body(r).n)
		return 1; /* it is the only part */
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
	else if (find_part(r, type, &p))
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

/* ---- SDP ---- */

/* Audio is on hold: its connection address is 0.0.0.0, or it is sendonly or inactive (RFC 3264 8.4). */
int32_t std_textops_is_audio_on_hold(struct run *r)
{
	struct str type = S("application/sdp"), rest;
	bool session_hold = false, audio = false, hold = false;
	struct body_part p;

	if (!find_part(r, &type, &p))
		return -1;
	for (rest = p.content; rest.n;) {
		struct str line = str_rtrim(str_cut(&rest, '\n'));
		bool held = str_starts(line, S("c=IN IP4 0.0.0.0")) || str_eq(line, S("a=sendonly")) ||
			    str_eq(line, S("a=inactive"));

		if (str_starts(line, S("m="))) {
			if (audio && (hold || session_hold))
				return 1;
			audio = str_starts(line, S("m=audio"));
			hold = false;
		} else if (held && audio) {
			hold = true;
		} else if (held && !audio && str_find(p.content, S("\nm=")) > (size_t)(line.p - p.content.p)) {
			session_hold = true;
		}
	}
	return to_answer(audio && (hold || session_hold));
}
