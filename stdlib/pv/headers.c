/* SPDX-License-Identifier: Apache-2.0 */
/* Headers by name, identities, digest credentials, Via, expiry. */
#include "pv/pv_priv.h"

/* ---- $hdr, $hdrc ---- */

static int64_t index_of(const struct pv_name *n)
{
	return n->index_kind == PV_INDEX_NUM ? n->index : 0;
}

static int64_t count_named(struct run *r, struct str name)
{
	int64_t count = 0;

	for (struct sip_hdr *h = pv_msg(r) ? sip_hdr_find(pv_msg(r), name) : NULL; h; h = sip_hdr_next(h))
		count++;
	return count;
}

static int32_t all_named(struct run *r, struct str name, struct value *ret)
{
	struct sip_hdr *h = pv_msg(r) ? sip_hdr_find(pv_msg(r), name) : NULL;
	bool any = h != NULL;
	struct sb b;

	sb_init(&b, r->arena, PV_TEXT_MAX);
	for (bool first = true; h; h = sip_hdr_next(h), first = false) {
		if (!first)
			sb_addc(&b, ',');
		sb_add(&b, h->body);
	}
	*ret = any ? value_str(b.p ? sb_str(&b) : S("")) : value_null();
	return sb_ok(&b) ? 0 : RT_E_LIMIT;
}

PV_GET(hdrc)
{
	return pv_give_int(ret, count_named(r, n->text));
}

PV_GET(hdr)
{
	int64_t i = index_of(n);
	struct sip_hdr *h = pv_msg(r) ? sip_hdr_find(pv_msg(r), n->text) : NULL;

	if (n->index_kind == PV_INDEX_ALL)
		return all_named(r, n->text, ret);
	*ret = value_null();
	if (i < 0)
		i += count_named(r, n->text);
	if (i < 0)
		return 0;
	for (; h && i > 0; i--)
		h = sip_hdr_next(h);
	if (h)
		*ret = value_str(h->body.p ? h->body : S(""));
	return 0;
}

/* ---- $hfl, $hflc: split where the values are addresses ---- */

static bool splits(enum sip_hdr_id id)
{
	switch (sip_hdr_kind(id)) {
	case SIP_KIND_NAMEADDRS:
	case SIP_KIND_CONTACT:
	case SIP_KIND_VIA:
		return true;
	default:
		return false;
	}
}

/* The values of one header; those of a Contact from the last to the first, as the reference lists them. */
static int split(struct run *r, const struct sip_hdr *h, struct sip_item **ret)
{
	struct sip_item *item, *turned = NULL;
	int err = sip_items_parse(r->arena, h->body, 256, &item);

	*ret = item;
	if (err || h->id != SIP_HDR_CONTACT)
		return err;
	while (item) {
		struct sip_item *next = item->next;

		item->next = turned;
		turned = item;
		item = next;
	}
	*ret = turned;
	return 0;
}

/* The i-th value of all headers of the name; p NULL: none. i -1 only counts into *count. */
static struct str value_at(struct run *r, struct str name, int64_t i, int64_t *count)
{
	enum sip_hdr_id id = sip_hdr_id(name);
	struct sip_hdr *h = pv_msg(r) ? sip_hdr_find(pv_msg(r), name) : NULL;
	struct sip_item *item;

	*count = 0;
	for (; h; h = sip_hdr_next(h)) {
		if (!splits(id) || split(r, h, &item)) {
			if ((*count)++ == i)
				return h->body;
			continue;
		}
		for (; item; item = item->next)
			if ((*count)++ == i)
				return item->text;
	}
	return STR_NULL;
}

PV_GET(hflc)
{
	int64_t count;

	value_at(r, n->text, -1, &count);
	return pv_give_int(ret, count);
}

PV_GET(hfl)
{
	int64_t i = index_of(n), count;

	if (n->index_kind == PV_INDEX_ALL)
		return all_named(r, n->text, ret);
	if (i < 0) {
		value_at(r, n->text, -1, &count);
		i += count;
	}
	return pv_give(ret, i < 0 ? STR_NULL : value_at(r, n->text, i, &count));
}

/* ---- identities ---- */

static struct sip_nameaddr *addr_at(struct run *r, enum sip_hdr_id id, int64_t i)
{
	struct sip_nameaddr *a;

	if (!pv_msg(r) || sip_addrs(pv_msg(r), id, &a))
		return NULL;
	for (; a && i > 0; i--)
		a = a->next;
	return i == 0 ? a : NULL;
}

static int32_t give_uri(const struct sip_nameaddr *a, struct value *ret)
{
	return pv_give_text(ret, a ? a->uri : STR_NULL);
}

PV_GET(re)
{
	return give_uri(addr_at(r, SIP_HDR_RPID, 0), ret);
}

PV_GET(rt)
{
	return give_uri(addr_at(r, SIP_HDR_REFER_TO, 0), ret);
}

PV_GET(ai)
{
	return give_uri(addr_at(r, SIP_HDR_PAI, index_of(n)), ret);
}

PV_GET(pu)
{
	return give_uri(addr_at(r, SIP_HDR_PPI, index_of(n)), ret);
}

static const struct sip_uri *ppi_uri(struct run *r, const struct pv_name *n)
{
	struct sip_nameaddr *a = addr_at(r, SIP_HDR_PPI, index_of(n));

	return a ? sip_nameaddr_uri(pv_msg(r), a) : NULL;
}

PV_GET(pU)
{
	return pv_give_user(ret, ppi_uri(r, n));
}

PV_GET(pd)
{
	return pv_give_host(ret, ppi_uri(r, n));
}

PV_GET(pn)
{
	struct sip_nameaddr *a = addr_at(r, SIP_HDR_PPI, index_of(n));

	return pv_give_text(ret, a ? a->display : STR_NULL);
}

static int32_t diversion_param(struct run *r, struct str name, struct value *ret)
{
	struct sip_nameaddr *a = addr_at(r, SIP_HDR_DIVERSION, 0);
	struct str v = STR_NULL;

	if (a)
		sip_pairs_find(a->params, ';', name, &v);
	return pv_give_text(ret, v);
}

PV_GET(di)
{
	return give_uri(addr_at(r, SIP_HDR_DIVERSION, 0), ret);
}

PV_GET(dir)
{
	return diversion_param(r, S("reason"), ret);
}

PV_GET(dip)
{
	return diversion_param(r, S("privacy"), ret);
}

PV_GET(dic)
{
	return diversion_param(r, S("counter"), ret);
}

/* ---- expiry ---- */

PV_GET(expires)
{
	struct sip_nameaddr *a = pv_msg(r) ? sip_contacts(pv_msg(r)) : NULL;
	struct sip_number num;
	uint64_t min = UINT64_MAX, max = 0, e;
	bool any = false;

	if (pv_msg(r) && sip_number(pv_msg(r), SIP_HDR_EXPIRES, &num) == 0) {
		min = max = num.value;
		any = true;
	}
	for (; a; a = a->next) {
		if (!a->expires.p || !str_to_u64(a->expires, UINT32_MAX, &e))
			continue;
		min = e < min ? e : min;
		max = e > max ? e : max;
		any = true;
	}
	*ret = any ? value_int((int64_t)(n->num == 0 ? min : max)) : value_null();
	return 0;
}

/* ---- digest credentials: a proxy's before a server's, for REGISTER the other way ---- */

static const struct sip_creds *creds(struct run *r)
{
	struct sip_msg *m = pv_msg(r);
	bool reg = m && m->method == SIP_REGISTER;
	struct sip_creds *c;

	if (!m || (m->method & (SIP_ACK | SIP_CANCEL)))
		return NULL;
	if (sip_creds_find(m, reg ? SIP_HDR_AUTHORIZATION : SIP_HDR_PROXY_AUTHORIZATION, S(""), &c) == 0 ||
	    sip_creds_find(m, reg ? SIP_HDR_PROXY_AUTHORIZATION : SIP_HDR_AUTHORIZATION, S(""), &c) == 0)
		return c;
	return NULL;
}

#define CREDS(c_name, field)                                                                       \
	PV_GET(c_name)                                                                             \
	{                                                                                          \
		const struct sip_creds *c = creds(r);                                              \
		return pv_give(ret, !c ? STR_NULL : c->field.p ? c->field : S(""));                                 \
	}
CREDS(adu, uri)
CREDS(ar, realm)
CREDS(au, user)
CREDS(ad, user_domain)
CREDS(aU, username)
CREDS(aa, algorithm)
CREDS(adn, nonce)
CREDS(adc, cnonce)
CREDS(adr, response)
CREDS(ado, opaque)

static const struct sip_uri *from_uri(struct run *r)
{
	struct sip_nameaddr *a = pv_msg(r) ? sip_from(pv_msg(r)) : NULL;

	return a ? sip_nameaddr_uri(pv_msg(r), a) : NULL;
}

PV_GET(Au)
{
	const struct sip_uri *u = from_uri(r);

	if (!u || !u->user.n)
		return pv_give(ret, STR_NULL);
	return pv_give(ret, str_printf(r->arena, STR_FMT "@" STR_FMT, STR_ARG(pv_uri_user(u)), STR_ARG(u->host)));
}

PV_GET(AU)
{
	return pv_give_user(ret, from_uri(r));
}

/* ---- Via ---- */

static int32_t via_param(const struct sip_via *v, const char *name, struct value *ret)
{
	struct str s = STR_NULL;

	sip_pairs_find(v->params, ';', str_of(name), &s);
	return pv_give_text(ret, s);
}

static int32_t via_field(struct run *r, const struct sip_via *v, int64_t key, struct value *ret)
{
	*ret = value_null();
	if (!v)
		return 0;
	switch (key) {
	case 0:
		return pv_give_text(ret, v->host);
	case 1:
		return pv_give_number(r, ret, v->port ? v->port : 5060);
	case 2:
		return pv_give_text(ret, v->transport);
	case 3:
		return pv_give_int(ret, v->proto);
	case 4:
		return pv_give_text(ret, v->branch);
	case 5:
		return pv_give_text(ret, v->rport);
	case 6:
		return pv_give_text(ret, v->received);
	case 7:
		return pv_give_text(ret, v->params);
	case 8:
		return via_param(v, "oc", ret);
	case 9:
	case 10:
		return via_param(v, "oc", ret);
	case 11:
	case 12:
		return via_param(v, "oc-validity", ret);
	case 13:
	case 14:
		return via_param(v, "oc-algo", ret);
	case 15:
	case 16:
		return via_param(v, "oc-seq", ret);
	default:
		return 0;
	}
}

static struct sip_via *via_last(struct run *r)
{
	struct sip_via *v;

	if (!pv_msg(r) || sip_vias(pv_msg(r), &v))
		return NULL;
	while (v && v->next)
		v = v->next;
	return v;
}

PV_GET(via0)
{
	return via_field(r, pv_msg(r) ? sip_via_top(pv_msg(r)) : NULL, n->num, ret);
}

PV_GET(via1)
{
	return via_field(r, pv_msg(r) ? sip_via_at(pv_msg(r), 1) : NULL, n->num, ret);
}

PV_GET(viaZ)
{
	return via_field(r, via_last(r), n->num, ret);
}

/* ---- where a reply goes: received and rport of the second Via before its sent-by (RFC 3261 18.2.2) ---- */

static int64_t count_vias(struct run *r)
{
	struct sip_via *v;
	int64_t count = 0;

	for (v = sip_via_top(pv_msg(r)); v; v = v->next)
		count++;
	return count;
}

static int64_t count_addrs(struct run *r, enum sip_hdr_id id)
{
	struct sip_nameaddr *a;
	int64_t count = 0;

	if (sip_addrs(pv_msg(r), id, &a))
		return 0;
	for (; a; a = a->next)
		count++;
	return count;
}

PV_GET(rpl)
{
	struct sip_via *v;
	struct str host, port;

	*ret = value_null();
	if (!pv_msg(r) || pv_msg(r)->is_request)
		return 0;
	if (n->num == 5)
		return pv_give_int(ret, count_vias(r));
	if (n->num == 6)
		return pv_give_int(ret, count_addrs(r, SIP_HDR_RECORD_ROUTE));
	v = sip_via_at(pv_msg(r), 1);
	if (!v)
		return 0;
	host = v->received.n ? v->received : v->host;
	port = v->rport.n ? v->rport : v->port_text.n ? v->port_text : S("5060");
	switch (n->num) {
	case 0:
		return pv_give(ret, str_printf(r->arena, "sip:" STR_FMT ":" STR_FMT ";transport=" STR_FMT, STR_ARG(host),
					       STR_ARG(port), STR_ARG(proto_name(v->proto))));
	case 1:
		return pv_give(ret, host);
	case 2:
		return pv_give(ret, port);
	case 3:
		return pv_give(ret, proto_name(v->proto));
	case 4:
		return pv_give_int(ret, v->proto);
	default:
		return 0;
	}
}
