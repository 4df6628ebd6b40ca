/* SPDX-License-Identifier: Apache-2.0 */
/* Where the message came from, where it was received, what it is sent from. */
#include "pv/pv_priv.h"

#include "net/net.h"

static const struct msg_origin *origin(struct run *r)
{
	static const struct msg_origin none;

	return r->draft ? &r->draft->msg->origin : &none;
}

static int32_t give_ip(struct run *r, const struct addr *a, bool brackets, struct value *ret)
{
	char buf[ADDR_TEXT_MAX];
	struct str s = addr_text(a, brackets, buf);

	return pv_give(ret, s.p ? str_dup(r->arena, s) : STR_NULL);
}

/* An address in one of its spellings. */
enum spelling { AS_URI, AS_URI_TRANSPORT, AS_SOCKET };

static int32_t give_place(struct run *r, struct str host, unsigned port, enum spelling how, struct value *ret)
{
	enum proto p = origin(r)->proto;
	struct str proto = proto_name(p);
	bool with = how == AS_URI_TRANSPORT || (how == AS_URI && p != PROTO_UDP);

	*ret = value_null();
	if (!host.n)
		return 0;
	if (how == AS_SOCKET)
		return pv_give(ret, str_printf(r->arena, STR_FMT ":" STR_FMT ":%u", STR_ARG(proto), STR_ARG(host), port));
	return pv_give(ret, str_printf(r->arena, "sip:" STR_FMT ":%u%s" STR_FMT, STR_ARG(host), port,
				       with ? ";transport=" : "", STR_ARG(with ? proto : S(""))));
}

static int32_t give_addr(struct run *r, const struct addr *a, enum spelling how, struct value *ret)
{
	char buf[ADDR_TEXT_MAX];

	return give_place(r, addr_text(a, true, buf), a->port, how, ret);
}

/* ---- source ---- */

PV_GET(si)
{
	return give_ip(r, &origin(r)->src, false, ret);
}

PV_GET(siz)
{
	return give_ip(r, &origin(r)->src, true, ret);
}

PV_GET(sp)
{
	return pv_give_int(ret, origin(r)->src.port);
}

PV_GET(su)
{
	return give_addr(r, &origin(r)->src, AS_URI, ret);
}

PV_GET(sut)
{
	return give_addr(r, &origin(r)->src, AS_URI_TRANSPORT, ret);
}

PV_GET(sas)
{
	return give_addr(r, &origin(r)->src, AS_SOCKET, ret);
}

/* ---- receiving socket ---- */

PV_GET(Ri)
{
	return give_ip(r, &origin(r)->dst, false, ret);
}

PV_GET(Rp)
{
	return pv_give_int(ret, origin(r)->dst.port);
}

PV_GET(Ru)
{
	return give_addr(r, &origin(r)->dst, AS_URI, ret);
}

PV_GET(Rut)
{
	return give_addr(r, &origin(r)->dst, AS_URI_TRANSPORT, ret);
}

PV_GET(Ras)
{
	return give_addr(r, &origin(r)->dst, AS_SOCKET, ret);
}

PV_GET(Rn)
{
	const struct net_socket *s = origin(r)->sock;

	return pv_give_text(ret, s ? s->name : STR_NULL);
}

/* ---- the same as advertised ---- */

static struct str advertised(struct run *r, char buf[ADDR_TEXT_MAX], bool brackets, unsigned *port)
{
	const struct msg_origin *o = origin(r);

	*port = o->sock && o->sock->adv_port ? o->sock->adv_port : o->dst.port;
	return o->sock && o->sock->adv_host.n ? o->sock->adv_host : addr_text(&o->dst, brackets, buf);
}

PV_GET(RAi)
{
	char buf[ADDR_TEXT_MAX];
	unsigned port;
	struct str s = advertised(r, buf, false, &port);

	return pv_give(ret, s.p ? str_dup(r->arena, s) : STR_NULL);
}

PV_GET(RAp)
{
	char buf[ADDR_TEXT_MAX];
	unsigned port;

	advertised(r, buf, false, &port);
	return pv_give_int(ret, port);
}

PV_GET(RAu)
{
	char buf[ADDR_TEXT_MAX];
	unsigned port;
	struct str s = advertised(r, buf, true, &port);

	return give_place(r, s, port, AS_URI, ret);
}

PV_GET(RAut)
{
	char buf[ADDR_TEXT_MAX];
	unsigned port;
	struct str s = advertised(r, buf, true, &port);

	return give_place(r, s, port, AS_URI_TRANSPORT, ret);
}

/* ---- transport ---- */

PV_GET(pr)
{
	*ret = value_strint(proto_name(origin(r)->proto), origin(r)->proto);
	return 0;
}

PV_GET(prid)
{
	return pv_give_int(ret, origin(r)->proto);
}

PV_GET(af)
{
	int family = origin(r)->src.family;

	if (n->text.n && n->num == 1)
		return pv_give(ret, family == AF_INET6 ? S("IPv6") : S("IPv4"));
	return pv_give_int(ret, family);
}

PV_GET(conid)
{
	uint64_t id = origin(r)->conn_id;

	*ret = id ? value_int((int64_t)id) : value_null();
	return 0;
}

/* ---- $rcv(k): only while the raw message is looked at ---- */

PV_GET(rcv)
{
	const struct msg_origin *o = origin(r);

	*ret = value_null();
	if (!r->event_name || !str_eq(str_of(r->event_name), S("core:msg-received")) || !r->draft)
		return 0;
	switch (n->num) {
	case 0:
		return pv_give(ret, o->src.family == AF_INET6 ? S("IPv6") : S("IPv4"));
	case 1:
		return pv_give(ret, r->draft->msg->buf);
	case 2:
		return pv_give_int(ret, (int64_t)r->draft->msg->buf.n);
	case 3:
		return pv_give(ret, proto_name(o->proto));
	case 4:
		return give_ip(r, &o->src, false, ret);
	case 5:
		return give_ip(r, &o->dst, false, ret);
	case 6:
		return give_addr(r, &o->src, AS_SOCKET, ret);
	case 7:
		return pv_give_int(ret, o->src.port);
	case 8:
		return pv_give_int(ret, o->dst.port);
	default:
		return 0;
	}
}

PV_GET(recv)
{
	return std_pv_pv_rcv_get(r, n, ret);
}

/* ---- forced socket ---- */

static const struct net_socket *forced(struct run *r)
{
	return r->draft ? r->draft->main.force_sock : NULL;
}

static int32_t force(struct run *r, const struct value *v, bool by_name)
{
	const struct net_socket *s = NULL;

	if (!r->draft || v->tag == VAL_INT)
		return RT_E_INVAL;
	if (value_is_str(v) && v->s.n) {
		s = by_name ? net_socket_by_name(net_of(r->worker), v->s)
			    : net_socket_by_text(net_of(r->worker), v->s);
		if (!s)
			return RT_E_NOENT;
	}
	r->draft->main.force_sock = s;
	return 0;
}

PV_GET(fs)
{
	return pv_give(ret, forced(r) ? forced(r)->text : STR_NULL);
}

PV_SET(fs)
{
	return force(r, v, false);
}

PV_GET(fsn)
{
	return pv_give_text(ret, forced(r) ? forced(r)->name : STR_NULL);
}

PV_SET(fsn)
{
	return force(r, v, true);
}

PV_GET(fsp)
{
	return pv_give_int(ret, forced(r) ? forced(r)->addr.port : 0);
}
