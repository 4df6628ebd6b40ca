/* SPDX-License-Identifier: Apache-2.0 */
/* struct txn_net over net/: txn_set_net(txn_net_default()). */
#include "net/net.h"
#include "txn/txn.h"
#include "txn/txn_net.h"

static int resolve(struct worker *w, const struct sip_uri *u, enum proto proto,
		   const struct net_socket *sock, struct txn_dst *ret, unsigned max, unsigned *n)
{
	struct net_targets t;
	bool sips;
	int err;

	if (u->scheme == SIP_SCHEME_OTHER)
		return RT_E_PARSE;
	if (u->scheme != SIP_SCHEME_SIP && u->scheme != SIP_SCHEME_SIPS)
		return RT_E_NOENT;
	sips = u->scheme == SIP_SCHEME_SIPS;
	if (proto == PROTO_NONE)
		proto = u->proto == PROTO_OTHER ? PROTO_NONE : u->proto;
	err = net_resolve_await(w, u->maddr.n ? u->maddr : u->host, u->port, proto, sips, &t);
	if (err)
		return err;
	if (!net_get_conf(net_of(w))->use_dns_failover)
		max = 1;
	for (*n = 0; *n < t.n && *n < max; (*n)++)
		ret[*n] = (struct txn_dst){
			.proto = t.v[*n].proto, .to = t.v[*n].addr, .sock = sock};
	return *n ? 0 : RT_E_NOENT;
}

static int hop(struct worker *w, struct txn_dst *d, const struct sip_draft *draft,
	       struct sip_hop *ret)
{
	const struct msg_origin *o = &draft->msg->origin;
	const struct net_socket *s = net_socket_for(w, d->proto, &d->to, d->sock);
	const struct net_socket *in = o->sock;

	if (!s)
		return RT_E_INVAL;
	d->sock = s;
	*ret = (struct sip_hop){.sock = s,
				.recv_sock = in,
				.proto = d->proto,
				.recv_proto = o->proto,
				.host = draft->adv_host.n ? draft->adv_host
					: s->adv_host.n   ? s->adv_host
							  : s->host_br,
				.port = draft->adv_port ? draft->adv_port
					: s->adv_port   ? s->adv_port
							: s->addr.port,
				.port_told = draft->adv_port || s->adv_port,
				.rport = draft->add_local_rport,
				.alias = draft->via_alias};
	if (in) {
		ret->recv_host = in->adv_host.n ? in->adv_host : in->host_br;
		ret->recv_port = in->adv_port ? in->adv_port : in->addr.port;
		ret->conn_id = proto_is_stream(o->proto) ? o->conn_id : 0;
	}
	return 0;
}

static int send_bytes(struct worker *w, const struct txn_dst *d, struct str bytes, uint64_t cookie)
{
	struct net_dst nd = {.proto = d->proto, .to = d->to, .sock = d->sock, .conn_id = d->conn_id,
			     .cookie = cookie};

	if (d->send_flags & SIP_SEND_NO_CONNECT)
		nd.flags |= NET_NO_CONNECT;
	if (d->send_flags & SIP_SEND_CLOSE)
		nd.flags |= NET_CLOSE_AFTER;
	return net_send_text(w, &nd, bytes);
}

/* udp_mtu (language.md 3.2); what the script chose for this message comes first. */
static enum proto proto_for(struct worker *w, const struct txn_dst *d, const struct sip_draft *draft, size_t size)
{
	uint32_t mtu = net_get_conf(net_of(w))->udp_mtu;

	if (d->proto == PROTO_UDP && mtu && size > mtu && draft->mtu_proto &&
	    net_socket_for(w, draft->mtu_proto, &d->to, NULL))
		return draft->mtu_proto;
	return net_proto_for(w, d->proto, size);
}

static bool look_up(struct worker *w, struct str host, uint16_t port, struct txn_dst *d)
{
	struct net_targets t;

	if (!host.n || net_resolve_await(w, host, port, d->proto, false, &t))
		return false;
	d->to = t.v[0].addr;
	return true;
}

void txn_reply_dst_await(struct worker *w, const struct sip_draft *d, struct txn_dst *ret)
{
	const struct msg_origin *o = &d->msg->origin;
	struct sip_via *v = sip_via_top(d->msg);
	bool back; /* to the port that it came from */

	*ret = (struct txn_dst){.proto = o->proto, .to = o->src, .sock = o->sock, .conn_id = o->conn_id,
				.send_flags = d->rpl_send};
	if (!v)
		return;
	back = !proto_is_stream(o->proto) && (v->rport.p || d->force_rport);
	if (v->maddr.n && look_up(w, v->maddr, v->port, ret))
		return;
	if (!back && net_get_conf(net_of(w))->reply_to_via && look_up(w, v->host, v->port, ret))
		return;
	if (!back)
		ret->to.port = v->port ? v->port : proto_port(o->proto); /* a stream's: when it is lost */
}

const struct txn_net *txn_net_default(void)
{
	static const struct txn_net ops = {resolve, hop, send_bytes, proto_for};

	return &ops;
}
