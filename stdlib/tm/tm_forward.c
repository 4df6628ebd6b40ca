/* SPDX-License-Identifier: Apache-2.0 */
/* tm: the ways to send a request on; they differ in where the address comes from. */
#define STD_NAME tm
#define STD_DEF "tm/tm.def"
#define STD_PROTOTYPES_ONLY
#include "rpc/rpc.h"
#include "abi/std.h"

#include "tm/tm_state.h"

/* The reference's numbers. */
static int32_t relay_code(int err)
{
	switch (err) {
	case 0:
		return 1;
	case RT_E_PARSE:
		return -479;
	case RT_E_NOENT:
		return -478;
	case RT_E_CLOSED:
		return -6;
	case RT_E_INVAL:
		return -7;
	default:
		return -1;
	}
}

static int32_t relay_cancel(struct run *r)
{
	struct txn *inv = txn_find_cancelled(r->worker, r->draft->msg);

	if (!inv)
		return 1;
	if (txn_match_request(r->worker, r->draft->msg, NULL) == TXN_RETRANSMISSION)
		return 0;
	return txn_cancel_await(inv, r->draft) == 0 ? 0 : -1;
}

/* A CANCEL whose INVITE is not known, by unmatched_cancel: statefully, statelessly, or not at all. */
static int32_t stray_cancel(struct run *r, const struct txn_relay_opts *o, bool *done)
{
	*done = tm_conf.unmatched_cancel != TM_CANCEL_STATEFUL;
	if (tm_conf.unmatched_cancel == TM_CANCEL_DROP)
		return 1;
	if (tm_conf.unmatched_cancel == TM_CANCEL_STATELESS)
		return txn_forward_await(r->worker, r->draft, o) == 0 ? 1 : -1;
	return 1;
}

/* The ACK of a negative reply of ours ends here; one of a 2xx has no transaction and goes on statelessly. */
static int32_t relay_ack(struct run *r, const struct txn_relay_opts *o)
{
	struct txn *t = txn_find_request(r->worker, r->draft->msg);

	if (t && txn_status(t) >= 300 && txn_match_request(r->worker, r->draft->msg, NULL) == TXN_ACK_NEGATIVE)
		return 1;
	return txn_forward_await(r->worker, r->draft, o) == 0 ? 1 : -1;
}

static int32_t relay(struct run *r, const struct txn_relay_opts *o)
{
	struct sip_msg *m = r->draft->msg;
	bool done = false;
	int32_t rc;

	if (r->kind != IN_FAILURE && m->method == SIP_ACK)
		return relay_ack(r, o);
	if (r->kind != IN_FAILURE && !r->txn && m->method == SIP_CANCEL) {
		if (txn_find_cancelled(r->worker, m)) {
			rc = relay_cancel(r);
			return rc == 0 ? 1 : rc;
		}
		rc = stray_cancel(r, o, &done);
		if (done)
			return rc;
	}
	rc = tm_need_txn(r);
	if (rc <= 0)
		return rc;
	return relay_code(txn_relay_await(r->txn, r->draft, o));
}

/* o->uri becomes that address; the protocol, when none is given, is the one the request came over. */
static bool set_address(struct run *r, struct txn_relay_opts *o, struct str host, int64_t port)
{
	bool v6 = host.n && str_chr(host, ':') != STR_NONE && host.p[0] != '[';

	if (!host.n || port < 0 || port > 65535)
		return false;
	if (o->proto == PROTO_NONE)
		o->proto = r->draft->msg->origin.proto;
	o->uri = str_printf(r->arena, "sip:%s" STR_FMT "%s:%u", v6 ? "[" : "", STR_ARG(host),
			    v6 ? "]" : "", port ? (unsigned)port : proto_port(o->proto));
	return o->uri.p != NULL;
}

/* "host", "host:port", "[v6]:port"; an IPv6 address without brackets has no port. */
static bool split_port(struct str s, struct str *host, int64_t *port)
{
	size_t end = s.n && s.p[0] == '[' ? str_chr(s, ']') : 0, colon;
	uint64_t n = 0;

	*host = s;
	*port = 0;
	if (end == STR_NONE)
		return false;
	colon = str_chr(str_skip(s, end), ':');
	if (colon == STR_NONE || str_chr(str_skip(s, end + colon + 1), ':') != STR_NONE)
		return true;
	*host = str_head(s, end + colon);
	if (!str_to_u64(str_skip(s, end + colon + 1), 65535, &n))
		return false;
	*port = (int64_t)n;
	return true;
}

static int32_t relay_hp(struct run *r, struct txn_relay_opts o, struct str host, int64_t port)
{
	return set_address(r, &o, host, port) ? relay(r, &o) : -1;
}

static int32_t relay_proto(struct run *r, enum proto p)
{
	return relay(r, &(struct txn_relay_opts){.proto = p});
}

int32_t std_tm_t_relay(struct run *r)
{
	return relay_proto(r, PROTO_NONE);
}
int32_t std_tm_t_relay_to_udp(struct run *r)
{
	return relay_proto(r, PROTO_UDP);
}
int32_t std_tm_t_relay_to_tcp(struct run *r)
{
	return relay_proto(r, PROTO_TCP);
}
int32_t std_tm_t_relay_to_tls(struct run *r)
{
	return relay_proto(r, PROTO_TLS);
}
int32_t std_tm_t_relay_to_sctp(struct run *r)
{
	return relay_proto(r, PROTO_SCTP);
}

/* The families of functions that take a host and a port: one for each protocol. */
#define HOST_PORT(name, how, ...)                                                                  \
	int32_t std_tm_##name(struct run *r, const struct str *host, int64_t port)                 \
	{                                                                                          \
		return how(r, (struct txn_relay_opts){__VA_ARGS__}, *host, port);                  \
	}
HOST_PORT(t_relay_hp, relay_hp, .proto = PROTO_NONE)
HOST_PORT(t_relay_to_udp_hp, relay_hp, .proto = PROTO_UDP)
HOST_PORT(t_relay_to_tcp_hp, relay_hp, .proto = PROTO_TCP)
HOST_PORT(t_relay_to_tls_hp, relay_hp, .proto = PROTO_TLS)
HOST_PORT(t_relay_to_sctp_hp, relay_hp, .proto = PROTO_SCTP)
HOST_PORT(t_replicate_hp, relay_hp, .replicate = true)
HOST_PORT(t_replicate_udp, relay_hp, .proto = PROTO_UDP, .replicate = true)
HOST_PORT(t_replicate_tcp, relay_hp, .proto = PROTO_TCP, .replicate = true)
HOST_PORT(t_replicate_tls, relay_hp, .proto = PROTO_TLS, .replicate = true)
HOST_PORT(t_replicate_sctp, relay_hp, .proto = PROTO_SCTP, .replicate = true)

int32_t std_tm_t_replicate(struct run *r)
{
	return relay(r, &(struct txn_relay_opts){.replicate = true});
}
int32_t std_tm_t_replicate_uri(struct run *r, const struct str *uri)
{
	return relay(r, &(struct txn_relay_opts){.replicate = true, .uri = *uri});
}

static int32_t to_text(struct run *r, bool replicate, const struct str *proto, const struct str *text)
{
	struct txn_relay_opts o = {.proto = proto_parse(*proto), .replicate = replicate};
	struct str host;
	int64_t port;

	if (proto->n && o.proto == PROTO_NONE)
		return -1;
	return split_port(*text, &host, &port) ? relay_hp(r, o, host, port) : -1;
}
int32_t std_tm_t_replicate_to(struct run *r, const struct str *proto, const struct str *hostport)
{
	return to_text(r, true, proto, hostport);
}
int32_t std_tm_t_relay_to_avp(struct run *r, const struct str *proto, const struct str *hostport)
{
	return to_text(r, false, proto, hostport);
}

/* ---- t_relay_to ---- */

enum { RELAY_NO_100 = 1, RELAY_NO_REPLY = 2, RELAY_NO_FAILOVER = 4 };

static bool is_number(struct str s, int64_t *ret)
{
	uint64_t n = 0;
	size_t i = 0;
	bool hex = s.n > 2 && s.p[0] == '0' && (s.p[1] == 'x' || s.p[1] == 'X');

	for (i = hex ? 2 : 0; i < s.n && n < 0x10000; i++) {
		int d = hex_value(s.p[i]);

		if (d < 0 || (!hex && d > 9))
			return false;
		n = n * (hex ? 16 : 10) + (uint64_t)d;
	}
	*ret = (int64_t)n;
	return s.n > 0 && i == s.n;
}

int32_t std_tm_t_relay_to2(struct run *r, const struct str *proxy, int64_t flags)
{
	struct str rest = *proxy, first = str_cut(&rest, ':'), host;
	struct txn_relay_opts o = {.proto = proto_parse(first)};
	int64_t port;

	if (flags & RELAY_NO_100)
		(void)tm_set_flag(r, TXN_NO_100, true);
	if (flags & RELAY_NO_REPLY)
		(void)tm_set_flag(r, TXN_NO_INTERNAL_REPLY, true);
	if (flags & RELAY_NO_FAILOVER)
		(void)tm_set_flag(r, TXN_NO_FAILOVER, true);
	if (!proxy->n)
		return relay(r, &(struct txn_relay_opts){0});
	if (o.proto == PROTO_NONE)
		rest = *proxy;
	return split_port(rest, &host, &port) ? relay_hp(r, o, host, port) : -1;
}
int32_t std_tm_t_relay_to1(struct run *r, const struct str *proxy)
{
	int64_t flags;

	if (is_number(*proxy, &flags))
		return std_tm_t_relay_to2(r, &(struct str){NULL, 0}, flags);
	return std_tm_t_relay_to2(r, proxy, 0);
}
int32_t std_tm_t_relay_to(struct run *r)
{
	return std_tm_t_relay_to2(r, &(struct str){NULL, 0}, 0);
}

int32_t std_tm_t_relay_cancel(struct run *r)
{
	return r->draft->msg->method == SIP_CANCEL ? relay_cancel(r) : -1;
}

/* ---- t_forward_nonack: in a transaction that exists ---- */

static int32_t nonack(struct run *r, struct txn_relay_opts o)
{
	if (!r->txn || r->draft->msg->method == SIP_ACK)
		return -1;
	txn_set_flag(r->txn, TXN_NO_100, true);
	return relay_code(txn_relay_await(r->txn, r->draft, &o));
}

static int32_t nonack_hp(struct run *r, struct txn_relay_opts o, struct str host, int64_t port)
{
	return set_address(r, &o, host, port) ? nonack(r, o) : -1;
}
HOST_PORT(t_forward_nonack, nonack_hp, .proto = PROTO_NONE)
HOST_PORT(t_forward_nonack_udp, nonack_hp, .proto = PROTO_UDP)
HOST_PORT(t_forward_nonack_tcp, nonack_hp, .proto = PROTO_TCP)
HOST_PORT(t_forward_nonack_tls, nonack_hp, .proto = PROTO_TLS)
HOST_PORT(t_forward_nonack_sctp, nonack_hp, .proto = PROTO_SCTP)

int32_t std_tm_t_forward_nonack_uri(struct run *r)
{
	return nonack(r, (struct txn_relay_opts){0});
}
int32_t std_tm_t_forward_nonack_to(struct run *r, const struct str *proto, const struct str *hostport)
{
	struct txn_relay_opts o = {.proto = proto_parse(*proto)};
	struct str host;
	int64_t port;

	return split_port(*hostport, &host, &port) ? nonack_hp(r, o, host, port) : -1;
}
