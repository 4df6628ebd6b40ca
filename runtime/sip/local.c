/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ACK and CANCEL made from the INVITE as it was sent, and requests from a description.
 *
 * The former keep the headers that RFC 3261 17.1.1.3 and 9.1 name, as bytes and in the order in which
 * they were sent: topmost Via, From, To, Call-ID, CSeq, Route, Max-Forwards.
 */
#include "sip/build_priv.h"
#include "sip/sip_priv.h"

/* "CSeq: 7 INVITE" with another method. */
static void add_cseq(struct sip_out *o, struct sip_msg *m, const struct sip_hdr *h, struct str method)
{
	struct sip_cseq c;

	if (sip_cseq(m, &c)) {
		o->err = RT_E_PARSE;
		return;
	}
	sip_out_add(o, str_make(h->name.p, (size_t)(c.method_text.p - h->name.p)));
	sip_out_add(o, method);
	sip_out_add(o, S("\r\n"));
}

/* Only the first value of the first Via header. */
static void add_via(struct sip_out *o, struct sip_msg *m, const struct sip_hdr *h)
{
	struct sip_via *v = sip_via_top(m);

	if (h != m->first[SIP_HDR_VIA])
		return;
	if (!v) {
		o->err = RT_E_PARSE;
		return;
	}
	sip_out_header(o, h->name, v->text);
}

static void add_kept(struct sip_out *o, struct sip_msg *m, struct str method, struct str to, struct str prefix)
{
	for (struct sip_hdr *h = m->headers; h; h = h->next) {
		switch (h->id) {
		case SIP_HDR_VIA:
			add_via(o, m, h);
			break;
		case SIP_HDR_CSEQ:
			add_cseq(o, m, h, method);
			break;
		case SIP_HDR_TO:
			sip_out_add(o, to.n ? to : sip_hdr_raw(h));
			break;
		case SIP_HDR_CONTENT_LENGTH:
			sip_out_header(o, h->name, S("0"));
			break;
		case SIP_HDR_FROM:
		case SIP_HDR_CALL_ID:
		case SIP_HDR_ROUTE:
		case SIP_HDR_MAX_FORWARDS:
			sip_out_add(o, sip_hdr_raw(h));
			break;
		default: /* all the others stay away, but those that the server was told to keep */
			if (h->id == SIP_HDR_OTHER && prefix.n && str_istarts(h->name, prefix))
				sip_out_add(o, sip_hdr_raw(h));
			break;
		}
	}
	if (!m->first[SIP_HDR_CONTENT_LENGTH])
		sip_out_add(o, S("Content-Length: 0\r\n"));
}

static int build_from_sent(struct arena *a, struct str sent, struct str method, struct str to,
			   struct str headers, struct str prefix, struct sip_wire *ret)
{
	struct sip_msg *m = NULL;
	struct sip_wire w = {0};
	struct sip_out o;
	struct str flat;
	int err = sip_msg_parse(NULL, sent, &m);

	if (err)
		return err;
	sip_out_init(&o, a);
	if (!m->is_request || m->fault != SIP_FAULT_NONE)
		o.err = RT_E_PARSE;
	sip_out_add(&o, method);
	sip_out_add(&o, str_skip(str_head(m->buf, m->hdr_off), m->method_text.n));
	add_kept(&o, m, method, to, prefix);
	sip_out_add(&o, headers);
	sip_out_add(&o, S("\r\n"));
	err = sip_out_err(&o);
	flat = err ? STR_NULL : sip_wire_flat(&o.w, a);
	if (!err && !flat.p)
		err = RT_E_NOMEM;
	sip_msg_unref(&m); /* the pieces pointed into it, the flat copy does not */
	if (err)
		return err;
	sip_out_init(&o, a);
	sip_out_add(&o, flat);
	err = sip_out_end(&o, &w);
	if (!err)
		*ret = w;
	return err;
}

int sip_build_ack(struct arena *a, struct str sent, struct str to, struct str prefix,
		  struct sip_wire *ret)
{
	if (to.n < 2 || to.p[to.n - 1] != '\n')
		return RT_E_INVAL;
	return build_from_sent(a, sent, S("ACK"), to, STR_NULL, prefix, ret);
}

int sip_build_cancel(struct arena *a, struct str sent, struct str headers,
		     struct str prefix, struct sip_wire *ret)
{
	return build_from_sent(a, sent, S("CANCEL"), STR_NULL, headers, prefix, ret);
}

void sip_reason_header(struct sb *out, int cause, struct str text)
{
	sb_printf(out, "Reason: SIP;cause=%d", cause);
	if (text.n) {
		sb_add(out, S(";text=\""));
		for (size_t i = 0; i < text.n; i++) {
			if (text.p[i] == '"' || text.p[i] == '\\')
				sb_addc(out, '\\');
			if (text.p[i] != '\r' && text.p[i] != '\n')
				sb_addc(out, text.p[i]);
		}
		sb_addc(out, '"');
	}
	sb_add(out, S("\r\n"));
}

/* Order of the reference's own requests: Via To From CSeq Call-ID Route Max-Forwards ... */
int sip_build_uac(struct arena *a, const struct sip_uac *u, struct sip_wire *ret)
{
	const struct sip_ident *ident = u->ident ? u->ident : &sip_ident_default;
	struct sip_out o;

	if (!sip_all(u->method, SIP_CC_TOKEN) || u->ruri.n == 0 || u->call_id.n == 0)
		return RT_E_INVAL;
	sip_out_init(&o, a);
	sip_out_add(&o, u->method);
	sip_out_add(&o, S(" "));
	sip_out_add(&o, u->ruri);
	sip_out_add(&o, S(" SIP/2.0\r\n"));
	if (u->hop)
		sip_own_via(&o, u->hop);
	sip_out_header(&o, S("To"), u->to);
	sip_out_header(&o, S("From"), u->from);
	sip_out_printf(&o, "CSeq: %u ", (unsigned)u->cseq);
	sip_out_add(&o, u->method);
	sip_out_add(&o, S("\r\n"));
	sip_out_header(&o, S("Call-ID"), u->call_id);
	for (unsigned i = 0; i < u->n_routes; i++)
		sip_out_header(&o, S("Route"), u->routes[i]);
	if (u->max_forwards >= 0)
		sip_out_printf(&o, "Max-Forwards: %d\r\n", u->max_forwards ? u->max_forwards : 70);
	sip_out_printf(&o, "Content-Length: %zu\r\n", u->body.n);
	sip_out_header(&o, S("User-Agent"), ident->user_agent);
	sip_out_add(&o, u->headers);
	sip_out_add(&o, S("\r\n"));
	sip_out_add(&o, u->body);
	return sip_out_end(&o, ret);
}
