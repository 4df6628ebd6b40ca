/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ACK and CANCEL made from the INVITE as it was sent, and requests from a description.
 *
 * The former keep the headers that RFC 3261 17.1.1.3 and 9.1 name, as bytes and in the order in which
 * they were sent: topmost Via, From, To, Call-ID, CSeq, Route, Max-Forwards.
 */
#include "base/sb.h"
#include "sip/build_priv.h"
#include "sip/sip_priv.h"

/* "Name: value\r\n" unless value is empty. */
static void add_header(struct sb *o, struct str name, struct str value)
{
	if (value.n == 0)
		return;
	sb_add(o, name);
	sb_add(o, S(": "));
	sb_add(o, value);
	sb_add(o, S("\r\n"));
}

/* "CSeq: 7 INVITE" with another method. */
static int add_cseq(struct sb *o, struct sip_msg *m, const struct sip_hdr *h, struct str method)
{
	struct sip_cseq c;

	if (sip_cseq(m, &c))
		return RT_E_PARSE;
	sb_add(o, str_make(h->name.p, (size_t)(c.method_text.p - h->name.p)));
	sb_add(o, method);
	sb_add(o, S("\r\n"));
	return 0;
}

/* Only the first value of the first Via header. */
static int add_via(struct sb *o, struct sip_msg *m, const struct sip_hdr *h)
{
	struct sip_via *v = sip_via_top(m);

	if (h == m->first[SIP_HDR_VIA] && v)
		add_header(o, h->name, v->text);
	return v ? 0 : RT_E_PARSE;
}

static int add_kept(struct sb *o, struct sip_msg *m, struct str method, struct str to, struct str prefix)
{
	int err = 0;

	for (struct sip_hdr *h = m->headers; h && !err; h = h->next) {
		switch (h->id) {
		case SIP_HDR_VIA:
			err = add_via(o, m, h);
			break;
		case SIP_HDR_CSEQ:
			err = add_cseq(o, m, h, method);
			break;
		case SIP_HDR_TO:
			sb_add(o, to.n ? to : sip_hdr_raw(h));
			break;
		case SIP_HDR_CONTENT_LENGTH:
			add_header(o, h->name, S("0"));
			break;
		case SIP_HDR_FROM:
		case SIP_HDR_CALL_ID:
		case SIP_HDR_ROUTE:
		case SIP_HDR_MAX_FORWARDS:
			sb_add(o, sip_hdr_raw(h));
			break;
		default: /* all the others stay away, but those that the server was told to keep */
			if (h->id == SIP_HDR_OTHER && prefix.n && str_istarts(h->name, prefix))
				sb_add(o, sip_hdr_raw(h));
			break;
		}
	}
	if (!m->first[SIP_HDR_CONTENT_LENGTH])
		sb_add(o, S("Content-Length: 0\r\n"));
	return err;
}

/* The text, or the error: an arena's memory is out, or it grew too long. */
static int finish(const struct sb *o, struct str *ret)
{
	if (!sb_ok(o))
		return RT_E_LIMIT;
	*ret = sb_str(o);
	return 0;
}

static int build_from_sent(struct arena *a, struct str sent, struct str method, struct str to,
			   struct str headers, struct str prefix, struct str *ret)
{
	struct sip_msg *m = NULL;
	struct sb o;
	int err = sip_msg_parse(NULL, sent, &m);

	if (err)
		return err;
	sb_init(&o, a, SIP_WIRE_MAX);
	if (!m->is_request || m->fault != SIP_FAULT_NONE)
		err = RT_E_PARSE;
	sb_add(&o, method);
	sb_add(&o, str_skip(str_head(m->buf, m->hdr_off), m->method_text.n));
	if (!err)
		err = add_kept(&o, m, method, to, prefix);
	sb_add(&o, headers);
	sb_add(&o, S("\r\n"));
	sip_msg_unref(&m);
	return err ? err : finish(&o, ret);
}

int sip_build_ack(struct arena *a, struct str sent, struct str to, struct str prefix,
		  struct str *ret)
{
	if (to.n < 2 || to.p[to.n - 1] != '\n')
		return RT_E_INVAL;
	return build_from_sent(a, sent, S("ACK"), to, STR_NULL, prefix, ret);
}

int sip_build_cancel(struct arena *a, struct str sent, struct str headers,
		     struct str prefix, struct str *ret)
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
int sip_build_uac(struct arena *a, const struct sip_uac *u, struct str *ret)
{
	const struct sip_ident *ident = u->ident ? u->ident : &sip_ident_default;
	struct str via = u->hop ? sip_own_via_text(a, u->hop) : S("");
	struct sb o;

	if (!sip_all(u->method, SIP_CC_TOKEN) || u->ruri.n == 0 || u->call_id.n == 0)
		return RT_E_INVAL;
	if (!via.p)
		return RT_E_NOMEM;
	sb_init(&o, a, SIP_WIRE_MAX);
	sb_add(&o, u->method);
	sb_add(&o, S(" "));
	sb_add(&o, u->ruri);
	sb_add(&o, S(" SIP/2.0\r\n"));
	sb_add(&o, via);
	add_header(&o, S("To"), u->to);
	add_header(&o, S("From"), u->from);
	sb_printf(&o, "CSeq: %u ", (unsigned)u->cseq);
	sb_add(&o, u->method);
	sb_add(&o, S("\r\n"));
	add_header(&o, S("Call-ID"), u->call_id);
	for (unsigned i = 0; i < u->n_routes; i++)
		add_header(&o, S("Route"), u->routes[i]);
	if (u->max_forwards >= 0)
		sb_printf(&o, "Max-Forwards: %d\r\n", u->max_forwards ? u->max_forwards : 70);
	sb_printf(&o, "Content-Length: %zu\r\n", u->body.n);
	add_header(&o, S("User-Agent"), ident->user_agent);
	sb_add(&o, u->headers);
	sb_add(&o, S("\r\n"));
	sb_add(&o, u->body);
	return finish(&o, ret);
}
