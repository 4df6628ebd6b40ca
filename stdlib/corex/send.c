/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes sent as they are, replies forwarded on demand, and where the message is said to have come from. */
#define STD_NAME corex
#define STD_DEF "corex/corex.def"
#define STD_PROTOTYPES_ONLY
#include "rpc/rpc.h"
#include "abi/std.h"

#include "net/net.h"
#include "script/env.h"
#include "script/reply.h"
#include "sip/draft.h"

/* ---- sending ---- */

static int32_t send_bytes(struct run *r, const char *who, const struct sip_uri *u, enum proto proto,
			  const struct net_socket *sock, struct str bytes)
{
	struct net_dst dst = {.sock = sock};
	struct net_targets t;
	int err = net_resolve_await(r->worker, u->host, u->port, proto, u->scheme == SIP_SCHEME_SIPS, &t);

	if (!err && !t.n)
		err = RT_E_NOENT;
	if (!err) {
		dst.proto = t.v[0].proto;
		dst.to = t.v[0].addr;
		err = net_send_text(r->worker, &dst, bytes);
	}
	if (err)
		script_err(r, "%s: %s", who, rt_strerror(err));
	return err ? -1 : 1;
}

/* The message as it was received. `host` is HOST or HOST:PORT; empty: the next hop. */
static int32_t send_message(struct run *r, const char *who, struct str host, enum proto proto)
{
	struct str uri = host;
	struct sip_uri u;

	if (!r->draft)
		return -1;
	if (host.n)
		uri = str_printf(r->arena, "sip:" STR_FMT, STR_ARG(host));
	else
		uri = r->draft->main.dst_uri.n ? r->draft->main.dst_uri : sip_draft_uri(r->draft);
	if (sip_uri_parse(uri, &u)) {
		script_err(r, "%s: \"" STR_FMT "\" is no host", who, STR_ARG(uri));
		return -1;
	}
	return send_bytes(r, who, &u, proto, NULL, r->draft->msg->buf);
}

int32_t std_corex_send_udp(struct run *r)
{
	return send_message(r, "send_udp", STR_NULL, PROTO_UDP);
}

int32_t std_corex_send_udp_to(struct run *r, const struct str *host)
{
	return send_message(r, "send_udp", *host, PROTO_UDP);
}

int32_t std_corex_send_tcp(struct run *r)
{
	return send_message(r, "send_tcp", STR_NULL, PROTO_TCP);
}

int32_t std_corex_send_tcp_to(struct run *r, const struct str *host)
{
	return send_message(r, "send_tcp", *host, PROTO_TCP);
}

static int32_t send_text(struct run *r, const char *who, struct str uri, const struct net_socket *sock, struct str data)
{
	struct sip_uri u;

	if (sip_uri_parse(uri, &u)) {
		script_err(r, "%s: \"" STR_FMT "\" is no URI", who, STR_ARG(uri));
		return -1;
	}
	return send_bytes(r, who, &u, sip_uri_proto(&u), sock, data);
}

int32_t std_corex_send_data(struct run *r, const struct str *uri, const struct str *data)
{
	return send_text(r, "send_data", *uri, NULL, *data);
}

/* A socket that is not there: the one that fits, as in the reference. */
int32_t std_corex_sendx(struct run *r, const struct str *uri, const struct str *socket, const struct str *data)
{
	const struct net_socket *s = net_socket_by_text(net_of(r->worker), *socket);

	if (!s)
		script_warn(r, "sendx: \"" STR_FMT "\" is no socket that we listen on", STR_ARG(*socket));
	return send_text(r, "sendx", *uri, s, *data);
}

int32_t std_corex_forward_reply(struct run *r)
{
	return r->draft && script_forward_reply_await(r->worker, r->draft) == 0 ? 1 : -1;
}

/* ---- where it came from ---- */

/* [PROTO:]ADDRESS[:PORT]; *proto PROTO_NONE and port 0 when they are not there. */
static bool parse_place(struct str text, enum proto *proto, struct addr *ret)
{
	uint64_t port = 0;
	size_t colon;

	*proto = proto_parse(str_head(text, str_chr(text, ':')));
	if (*proto != PROTO_NONE)
		str_cut(&text, ':');
	if (addr_parse(text, ret)) {
		ret->port = 0;
		return true;
	}
	colon = str_rchr(text, ':');
	if (colon == STR_NONE || !addr_parse(str_head(text, colon), ret) ||
	    !str_to_u64(str_skip(text, colon + 1), 65535, &port))
		return false;
	ret->port = (uint16_t)port;
	return true;
}

/* A socket that is not there changes nothing and is no failure, as in the reference. */
static int32_t received_on(struct run *r, const struct net_socket *s, struct str text)
{
	if (!r->draft)
		return -1;
	if (!s) {
		script_warn(r, "\"" STR_FMT "\" is no socket that we listen on", STR_ARG(text));
		return 1;
	}
	r->draft->msg->origin.sock = s;
	r->draft->msg->origin.dst = s->addr;
	return 1;
}

int32_t std_corex_set_recv_socket(struct run *r, const struct str *socket)
{
	const struct net_socket *s = net_socket_by_text(net_of(r->worker), *socket);
	enum proto proto;
	struct addr a;

	if (!s && !parse_place(*socket, &proto, &a)) {
		script_err(r, "set_recv_socket: \"" STR_FMT "\" is no address", STR_ARG(*socket));
		return -1;
	}
	return received_on(r, s, *socket);
}

int32_t std_corex_set_recv_socket_name(struct run *r, const struct str *name)
{
	return received_on(r, net_socket_by_name(net_of(r->worker), *name), *name);
}

/* Another protocol than the message's is refused: its connection stays what it is. */
int32_t std_corex_set_source_address(struct run *r, const struct str *address)
{
	enum proto proto;
	struct addr a;

	if (!r->draft)
		return -1;
	if (!parse_place(*address, &proto, &a) || (proto != PROTO_NONE && proto != r->draft->msg->origin.proto)) {
		script_err(r, "set_source_address: \"" STR_FMT "\" is no address of the message's protocol",
			   STR_ARG(*address));
		return -1;
	}
	r->draft->msg->origin.src = a;
	return 1;
}

/* ---- internal flags ---- */

static uint32_t iflag(struct str name)
{
	static const char *const names[] = {"USE_UAC_FROM", "USE_UAC_TO", "UAC_AUTH"};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_eq(name, str_of(names[i])))
			return 1u << i;
	return 0;
}

int32_t std_corex_msg_iflag_set(struct run *r, const struct str *name)
{
	if (r->draft)
		r->draft->iflags |= iflag(*name);
	return 1; /* as in the reference for whatever name */
}

int32_t std_corex_msg_iflag_reset(struct run *r, const struct str *name)
{
	uint32_t f = iflag(*name);

	if (r->draft)
		r->draft->iflags &= ~f;
	return r->draft && f ? 1 : -1;
}

int32_t std_corex_msg_iflag_is_set(struct run *r, const struct str *name)
{
	uint32_t f = iflag(*name);

	if (!r->draft || !f)
		return -1;
	return r->draft->iflags & f ? 1 : -2;
}
