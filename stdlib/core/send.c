/* SPDX-License-Identifier: Apache-2.0 */
/* How and where a message is sent: forward and its kin, sockets, advertised address, TCP aliases. */
#define STD_NAME core
#define STD_DEF "core/core.def"
#define STD_PROTOTYPES_ONLY
#include "abi/std.h"

#include "core/send_priv.h"
#include "core/counter.h"
#include "net/net.h"
#include "script/env.h"
#include "txn/txn.h"

/* ---- forward: without a transaction ---- */

static int fwd_requests; /* the counter */

void core_send_init(void)
{
	fwd_requests = counter_get(S("core"), S("fwd_requests"));
}

static int32_t forward_to(struct run *r, struct str uri, enum proto proto)
{
	struct txn_relay_opts o = {.uri = uri, .proto = proto};
	int err;

	if (!r->draft || !r->draft->msg->is_request) {
		script_err(r, "only a request can be forwarded");
		return -1;
	}
	err = txn_forward_await(r->worker, r->draft, &o);
	if (err)
		script_err(r, "forward: %s", rt_strerror(err));
	else
		counter_inc(fwd_requests);
	return err ? -1 : 1;
}

/* host "uri:host" and port -1 mean those of the request URI; port 0: not given. */
static int32_t forward_host(struct run *r, struct str host, int64_t port, enum proto proto)
{
	bool of_uri = str_eq(host, S("uri:host"));
	struct sip_uri u;

	if (!r->draft || ((of_uri || port < 0) && sip_draft_uri_parse(r->draft, &u))) {
		script_err(r, "forward: the request URI is bad");
		return -1;
	}
	if (of_uri)
		host = u.host;
	else if (str_chr(host, ':') != STR_NONE && host.p[0] != '[')
		host = str_printf(r->arena, "[" STR_FMT "]", STR_ARG(host));
	if (port < 0)
		port = u.port;
	if (port > 65535)
		return -1;
	return forward_to(r, port ? str_printf(r->draft->arena, "sip:" STR_FMT ":%u", STR_ARG(host), (unsigned)port)
				  : str_printf(r->draft->arena, "sip:" STR_FMT, STR_ARG(host)), proto);
}

int32_t std_core_forward0(struct run *r)
{
	return forward_to(r, STR_NULL, PROTO_NONE);
}

#define FORWARD(name, proto)                                                                       \
	int32_t std_core_##name##1(struct run *r, const struct str *host)                          \
	{                                                                                          \
		return forward_host(r, *host, 0, proto);                                           \
	}                                                                                          \
	int32_t std_core_##name##2(struct run *r, const struct str *host, int64_t port)            \
	{                                                                                          \
		return forward_host(r, *host, port, proto);                                        \
	}
FORWARD(forward, PROTO_NONE)
FORWARD(forward_udp, PROTO_UDP)
FORWARD(forward_tcp, PROTO_TCP)
FORWARD(forward_tls, PROTO_TLS)
FORWARD(forward_sctp, PROTO_SCTP)

/* ---- what our Via says, what we send from ---- */

int32_t std_core_set_advertised_address(struct run *r, const struct str *host)
{
	struct str copy = r->draft ? str_dup(r->draft->arena, *host) : STR_NULL;

	if (!copy.p)
		return -1;
	r->draft->adv_host = copy;
	return 1;
}

int32_t std_core_set_advertised_port(struct run *r, int64_t port)
{
	if (!r->draft || port < 1 || port > 65535) {
		script_err(r, "%lld is no port", (long long)port);
		return -1;
	}
	r->draft->adv_port = (uint16_t)port;
	return 1;
}

int32_t std_core_force_send_socket(struct run *r, const struct str *socket)
{
	const struct net_socket *s = net_socket_by_text(net_of(r->worker), *socket);

	if (!s || !r->draft) {
		script_err(r, "\"" STR_FMT "\" is no socket that we listen on", STR_ARG(*socket));
		return -1;
	}
	r->draft->main.force_sock = s;
	return 1;
}

int32_t std_core_udp_mtu_try_proto(struct run *r, const struct str *proto)
{
	if (!r->draft)
		return -1;
	r->draft->mtu_proto = proto_parse(*proto);
	return 1;
}

/* ---- TCP aliases: the peer is also reachable under the port of its Via (RFC 5923) ---- */

static int32_t alias(struct run *r, uint16_t port)
{
	const struct msg_origin *o = r->draft ? &r->draft->msg->origin : NULL;

	if (!o)
		return -1;
	if (!proto_is_stream(o->proto))
		return 1;
	return net_conn_alias(r->worker, o->conn_id, port) ? -1 : 1;
}

int32_t std_core_force_tcp_alias(struct run *r)
{
	const struct sip_via *v = r->draft ? sip_via_top(r->draft->msg) : NULL;

	if (!v)
		return -1;
	return alias(r, v->port ? v->port : proto_port(v->proto));
}

int32_t std_core_force_tcp_alias_port(struct run *r, int64_t port)
{
	return port < 1 || port > 65535 ? -1 : alias(r, (uint16_t)port);
}
