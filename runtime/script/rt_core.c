/* SPDX-License-Identifier: Apache-2.0 */
/* Core operands of comparisons (language.md 5.7), custom globals. */
#include "script/script_priv.h"

#include <sys/socket.h>

#include "abi/core_operand.h"
#include "net/net.h"
#include "script/send.h"
#include "sip/draft.h"

static struct sip_msg *message(struct run *r)
{
	return r->draft ? r->draft->msg : NULL;
}

static struct str uri_operand(struct run *r, int32_t which)
{
	struct sip_msg *m = message(r);
	struct sip_nameaddr *a;

	if (!m)
		return S("");
	switch (which) {
	case CORE_FROM_URI:
		a = sip_from(m);
		return a ? a->uri : S("");
	case CORE_TO_URI:
		a = sip_to(m);
		return a ? a->uri : S("");
	default:
		if (!m->is_request)
			return m->status_text;
		return sip_draft_uri(r->draft);
	}
}

static struct str method_operand(struct run *r)
{
	struct sip_msg *m = message(r);
	struct sip_cseq c;

	if (!m)
		return S("");
	if (m->is_request)
		return m->method_text;
	return sip_cseq(m, &c) ? S("") : c.method_text;
}

static const struct addr *address(struct run *r, int32_t which)
{
	struct sip_msg *m = message(r);

	if (!m)
		return NULL;
	switch (which) {
	case CORE_SRC_IP:
	case CORE_SRC_PORT:
		return &m->origin.src;
	case CORE_TO_IP:
	case CORE_TO_PORT:
		return r->send ? r->send->to : NULL;
	case CORE_SND_IP:
	case CORE_SND_PORT:
		return r->send && r->send->sock ? &r->send->sock->addr : NULL;
	default:
		return &m->origin.dst;
	}
}

void rt_core_str(struct run *r, int32_t which, struct str *ret)
{
	const struct addr *a;
	char buf[ADDR_TEXT_MAX];

	if (which == CORE_SRC_IP || which == CORE_DST_IP || which == CORE_SND_IP || which == CORE_TO_IP) {
		a = address(r, which);
		*ret = a ? str_dup(r->arena, addr_text(a, false, buf)) : S("");
		return;
	}
	*ret = which == CORE_METHOD ? method_operand(r) : uri_operand(r, which);
}

int32_t rt_core_text(struct run *r, int32_t which, const struct str *s)
{
	struct str have;

	rt_core_str(r, which, &have);
	return str_ieq(have, *s);
}

int64_t rt_core_int(struct run *r, int32_t which)
{
	struct sip_msg *m = message(r);

	if (!m)
		return 0;
	switch (which) {
	case CORE_SRC_PORT:
	case CORE_DST_PORT:
	case CORE_SND_PORT:
	case CORE_TO_PORT:
		return address(r, which) ? address(r, which)->port : 0;
	case CORE_PROTO:
		return m->origin.proto;
	case CORE_SND_PROTO:
		return r->send ? r->send->proto : 0;
	case CORE_AF:
		return m->origin.src.family;
	case CORE_SND_AF:
		return r->send ? r->send->to->family : 0;
	case CORE_MSG_LEN:
		return (int64_t)(r->send ? r->send->bytes.n : m->buf.n);
	default:
		return 0;
	}
}

/* What uri_operand() gives, parsed; NULL: no URI. */
static const struct sip_uri *uri_view(struct run *r, int32_t which)
{
	struct sip_msg *m = message(r);
	struct sip_nameaddr *a;

	if (!m)
		return NULL;
	if (which != CORE_FROM_URI && which != CORE_TO_URI)
		return m->is_request ? sip_draft_uri_view(r->draft) : NULL;
	a = which == CORE_FROM_URI ? sip_from(m) : sip_to(m);
	return a ? sip_nameaddr_uri(m, a) : NULL;
}

static bool uri_is_local(struct run *r, const struct sip_uri *u)
{
	return u && u->host.n && net_is_local(net_of(r->worker), u->host, sip_uri_port(u), PROTO_NONE);
}

int32_t rt_core_myself(struct run *r, int32_t which)
{
	const struct addr *a;

	if (which == CORE_URI || which == CORE_STATUS || which == CORE_FROM_URI || which == CORE_TO_URI)
		return uri_is_local(r, uri_view(r, which));
	a = address(r, which);
	if (!a)
		return 0;
	struct addr bare = *a;

	bare.port = 0;
	return net_socket_find(net_of(r->worker), &bare, PROTO_NONE) != NULL;
}

int32_t rt_core_in_net(struct run *r, int32_t which, const struct str *ip, int32_t bits)
{
	const struct addr *a = address(r, which);
	struct addr net = {.family = ip->n == 4 ? AF_INET : AF_INET6};

	if (!a || ip->n > sizeof(net.ip))
		return 0;
	memcpy(net.ip, ip->p, ip->n);
	return bits < 0 ? addr_ip_eq(a, &net) : addr_in_net(a, &net, (unsigned)bits);
}

/* "1.2.3.4", "10.0.0.0/8", or a host name, which is resolved. */
int32_t rt_core_host(struct run *r, int32_t which, const struct str *host)
{
	struct str rest = *host, ip = str_cut(&rest, '/');
	const struct addr *a = address(r, which);
	struct net_targets t;
	struct addr parsed;
	uint64_t bits;

	if (!a)
		return 0;
	if (addr_parse(ip, &parsed))
		return rest.p && str_to_u64(rest, 128, &bits) ? addr_in_net(a, &parsed, (unsigned)bits)
							       : addr_ip_eq(a, &parsed);
	if (net_addresses_await(r->worker, ip, &t)) {
		script_err(r, "host name " STR_FMT " cannot be resolved", STR_ARG(ip));
		return 0;
	}
	for (unsigned i = 0; i < t.n; i++)
		if (addr_ip_eq(a, &t.v[i].addr))
			return 1;
	return 0;
}

int32_t rt_core_proto_text(struct run *r, const struct str *s)
{
	script_log(r, L_CRIT, "a protocol cannot be compared with the text \"" STR_FMT "\"", STR_ARG(*s));
	return 0;
}
