/* SPDX-License-Identifier: Apache-2.0 */
/* The request URI, the one received, the destination, the next hop. */
#include "pv/pv_priv.h"

#include "net/net.h"

/* ---- parts ---- */

struct str pv_phone_user(const struct sip_uri *u)
{
	return str_head(u->user, str_chr(u->user, ';'));
}

int32_t pv_give_user(struct value *ret, const struct sip_uri *u)
{
	return pv_give_text(ret, u ? pv_uri_user(u) : STR_NULL);
}

int32_t pv_give_host(struct value *ret, const struct sip_uri *u)
{
	return pv_give_text(ret, u ? u->host : STR_NULL);
}

/* The text as it was written, or that of a default, costs no printing. */
int32_t pv_give_port(struct run *r, struct value *ret, const struct sip_uri *u)
{
	unsigned port;

	*ret = value_null();
	if (!u)
		return 0;
	port = sip_uri_port(u);
	if (u->port && u->port_text.p[0] != '0')
		*ret = value_strint(u->port_text, port);
	else if (port == 5060 || port == 5061)
		*ret = value_strint(port == 5060 ? S("5060") : S("5061"), port);
	else
		pv_give_number(r, ret, port);
	return 0;
}

int32_t pv_give_transport(struct value *ret, const struct sip_uri *u)
{
	return pv_give(ret, !u ? STR_NULL : u->transport.n ? u->transport : S("UDP"));
}

/* A URI with ;user=phone counts as a telephone number, as in the reference. */
static struct str scheme_of(const struct sip_uri *u)
{
	if (u->flags & SIP_URI_USER_PHONE)
		return u->scheme == SIP_SCHEME_SIPS ? S("tels") : u->scheme == SIP_SCHEME_SIP ? S("tel") : u->scheme_text;
	return u->scheme_text;
}

/* ---- the request URI ---- */

static const struct sip_uri *ruri(struct run *r)
{
	return pv_request(r) ? sip_draft_uri_view(r->draft) : NULL;
}

PV_GET(ru)
{
	/* 5.6 shows nothing when it does not parse */
	if (!pv_request(r) || (r->prog->compat != 6 && !ruri(r)))
		return pv_give(ret, STR_NULL);
	return pv_give(ret, sip_draft_uri(r->draft));
}

PV_SET(ru)
{
	if (!pv_request(r) || !value_is_str(v) || !v->s.n)
		return RT_E_INVAL;
	return sip_draft_set_uri_raw(r->draft, v->s);
}

static int32_t rewrite(struct run *r, enum sip_uri_part part, struct str s)
{
	return pv_request(r) ? sip_draft_rewrite(r->draft, part, s, 0) : RT_E_STATE;
}

PV_SET(rU)
{
	return v->tag == VAL_INT ? RT_E_INVAL : rewrite(r, SIP_URI_SET_USER, value_is_str(v) ? v->s : S(""));
}

PV_SET(rd)
{
	return value_is_str(v) ? rewrite(r, SIP_URI_SET_HOST, v->s) : RT_E_INVAL;
}

PV_SET(rp)
{
	return rewrite(r, SIP_URI_SET_PORT, script_text(r, v));
}

PV_GET(rU)
{
	return pv_give_user(ret, ruri(r));
}

PV_GET(rd)
{
	return pv_give_host(ret, ruri(r));
}

PV_GET(rp)
{
	return pv_give_port(r, ret, ruri(r));
}

PV_GET(rP)
{
	return pv_give_transport(ret, ruri(r));
}

PV_GET(rz)
{
	const struct sip_uri *u = ruri(r);

	return pv_give_text(ret, u ? scheme_of(u) : STR_NULL);
}

PV_GET(rUl)
{
	const struct sip_uri *u = ruri(r);

	return pv_give_int(ret, u ? (int64_t)pv_uri_user(u).n : 0);
}

PV_GET(rul)
{
	return pv_give_int(ret, pv_request(r) ? (int64_t)sip_draft_uri(r->draft).n : 0);
}

/* ---- as received ---- */

static const struct sip_uri *received(struct run *r)
{
	return pv_request(r) ? sip_ruri(pv_msg(r)) : NULL;
}

PV_GET(ou)
{
	return pv_give(ret, pv_request(r) ? pv_msg(r)->ruri : STR_NULL);
}

PV_GET(oU)
{
	return pv_give_user(ret, received(r));
}

PV_GET(od)
{
	return pv_give_host(ret, received(r));
}

PV_GET(op)
{
	return pv_give_port(r, ret, received(r));
}

PV_GET(oP)
{
	return pv_give_transport(ret, received(r));
}

PV_GET(oUl)
{
	const struct sip_uri *u = received(r);

	return pv_give_int(ret, u ? (int64_t)pv_uri_user(u).n : 0);
}

/* ---- destination ---- */

static const struct sip_uri *destination(struct run *r, struct sip_uri *u)
{
	return r->draft && r->draft->main.dst_uri.n && sip_uri_parse(r->draft->main.dst_uri, u) == 0 ? u : NULL;
}

PV_GET(du)
{
	return pv_give_text(ret, r->draft ? r->draft->main.dst_uri : STR_NULL);
}

PV_SET(du)
{
	if (!r->draft || v->tag == VAL_INT)
		return RT_E_INVAL;
	return sip_draft_set_dst_raw(r->draft, value_is_str(v) ? v->s : S(""));
}

PV_GET(dd)
{
	struct sip_uri u;

	return pv_give_host(ret, destination(r, &u));
}

PV_GET(dp)
{
	struct sip_uri u;

	return pv_give_port(r, ret, destination(r, &u));
}

PV_GET(dP)
{
	struct sip_uri u;

	return pv_give_transport(ret, destination(r, &u));
}

/* ---- next hop: the destination, else the request URI ---- */

/* 4 or 6 when the host is an address, 0 when it is a name. */
static int64_t hop_ip_version(const struct sip_uri *u)
{
	struct addr a;

	return !addr_parse(u->host, &a) ? 0 : str_chr(u->host, ':') != STR_NONE ? 6 : 4;
}

PV_GET(nh)
{
	struct sip_uri buf;
	const struct sip_uri *u;

	*ret = value_null();
	if (!pv_request(r))
		return 0;
	if (n->num == 0)
		return pv_give(ret, r->draft->main.dst_uri.n ? r->draft->main.dst_uri : sip_draft_uri(r->draft));
	u = r->draft->main.dst_uri.n ? destination(r, &buf) : ruri(r);
	if (!u)
		return 0;
	switch (n->num) {
	case 1:
		return pv_give_user(ret, u);
	case 2:
		return pv_give_host(ret, u);
	case 3:
		return pv_give_port(r, ret, u);
	case 4:
		return pv_give_transport(ret, u);
	case 5:
		return pv_give_int(ret, hop_ip_version(u));
	default:
		return 0;
	}
}
