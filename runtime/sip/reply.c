/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replies of our own (RFC 3261 8.2.6), in the reference's order: the copied headers as they stand in
 * the request, then the script's, Content-Type, Server, Content-Length. Record-Route is copied into
 * 101 to 299 only.
 */
#include "base/fmt.h"
#include "sip/build_priv.h"
#include "sip/sip_priv.h"

static bool has_line_end(struct str raw)
{
	return raw.n && raw.p[raw.n - 1] == '\n';
}

static void add_raw(struct sip_out *o, const struct sip_hdr *h)
{
	sip_out_add(o, h->raw);
	if (!has_line_end(h->raw))
		sip_out_add(o, S("\r\n"));
}

/* To, with our tag unless it has one. */
static void add_to(struct sip_out *o, struct sip_msg *m, const struct sip_hdr *h,
		   const struct sip_reply *r)
{
	struct sip_nameaddr *to = sip_to(m);
	struct str line = h->raw;

	if (r->status == 100 || r->to_tag.n == 0 || (to && to->tag.n)) {
		add_raw(o, h);
		return;
	}
	while (line.n && (line.p[line.n - 1] == '\n' || line.p[line.n - 1] == '\r'))
		line.n--;
	sip_out_add(o, line);
	sip_out_text(o, S(";tag="), r->to_tag, S("\r\n"));
}

/* The headers of the request that every reply carries. */
static void add_copied(struct sip_out *o, const struct sip_draft *d, const struct sip_reply *r)
{
	bool routes = r->status > 100 && r->status < 300;

	for (struct sip_hdr *h = d->msg->headers; h; h = h->next) {
		if (h->id == SIP_HDR_VIA && h == d->msg->first[SIP_HDR_VIA]) {
			sip_out_edited(o, d, h->off, h->off + h->len - 1, NULL);
			sip_out_add(o, S("\n"));
		} else if (h->id == SIP_HDR_TO) {
			add_to(o, d->msg, h, r);
		} else if (h->id == SIP_HDR_VIA || h->id == SIP_HDR_FROM ||
			   h->id == SIP_HDR_CALL_ID || h->id == SIP_HDR_CSEQ ||
			   (routes && h->id == SIP_HDR_RECORD_ROUTE)) {
			add_raw(o, h);
		}
	}
}

/* The list is newest first, the reply wants the oldest first. */
static void add_reply_edits(struct sip_out *o, const struct sip_edit *e)
{
	unsigned n = 0;

	for (const struct sip_edit *it = e; it; it = it->next)
		n++;
	while (n-- > 0) {
		const struct sip_edit *it = e;

		for (unsigned i = 0; i < n; i++)
			it = it->next;
		sip_out_add(o, it->text);
	}
}

/* What the reference's sip_warning tells, in its words (RFC 3261 20.43). */
static void add_warning(struct sip_out *o, const struct sip_draft *d, int64_t pid)
{
	const struct msg_origin *from = &d->msg->origin;
	char ip[ADDR_TEXT_MAX], src[ADDR_TEXT_MAX];
	struct str at = addr_text(&from->dst, true, ip), who = addr_text(&from->src, false, src);
	unsigned vias = 0;

	while (sip_via_at(d->msg, vias))
		vias++;
	sip_out_printf(o, "Warning: 392 " STR_FMT ":%u \"Noisy feedback tells:  pid=%lld req_src_ip=" STR_FMT " req_src_port=%u in_uri=" STR_FMT
		       " out_uri=" STR_FMT " via_cnt==%u\"\r\n", STR_ARG(at), from->dst.port, (long long)pid, STR_ARG(who),
		       from->src.port, STR_ARG(d->msg->ruri), STR_ARG(sip_draft_uri(d)), vias);
}

int sip_build_reply(struct arena *a, const struct sip_draft *d, const struct sip_reply *r,
		    struct sip_wire *ret)
{
	const struct sip_ident *ident = r->ident ? r->ident : &sip_ident_default;
	struct sip_hdr *via = d->msg->first[SIP_HDR_VIA];
	bool own = r->body.n == 0 && d->reply_body.n != 0;
	struct str body = own ? d->reply_body : r->body, type = own ? STR_NULL : r->content_type;
	struct sip_draft t = *d;
	char number[FMT_INT_MAX];
	struct sip_out o;

	if (!d->msg->is_request || r->status < 100 || r->status > 699)
		return RT_E_INVAL;
	if (!via || !has_line_end(via->raw))
		return RT_E_PARSE;
	sip_out_init(&o, a);
	t.arena = a;
	t.edits = NULL; /* replies are made from the request as it came */
	t.force_rport = t.force_rport || r->rport;
	o.err = sip_via_fix(&t, true);
	sip_out_text(&o, S("SIP/2.0 "), str_make(number, fmt_u64((uint64_t)r->status, number)), S(" "), r->reason,
		     S("\r\n"));
	add_copied(&o, &t, r);
	add_reply_edits(&o, d->reply_edits);
	sip_out_add(&o, r->headers);
	sip_out_header(&o, S("Content-Type"), type);
	if (ident->server.n)
		sip_out_text(&o, S("Server: "), ident->server, S("\r\n"));
	sip_out_text(&o, S("Content-Length: "), str_make(number, fmt_u64(body.n, number)), S("\r\n"));
	if (ident->warning_pid)
		add_warning(&o, d, ident->warning_pid);
	sip_out_add(&o, S("\r\n"));
	sip_out_add(&o, body);
	return sip_out_end(&o, ret);
}
