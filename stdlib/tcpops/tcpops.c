/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions of a connection by its id, wherever it lives (net/net.h asks its worker). An ended connection
 * runs its event route over a request made up for it, so that $conid, $si, $sp, $proto, $Ri and $Rp tell
 * about it.
 */
#define STD_NAME tcpops
#define STD_DEF "tcpops/tcpops.def"
#include "abi/std.h"

#include "base/mem.h"
#include "core/fiber.h"
#include "core/log.h"
#include "net/net.h"
#include "script/run.h"
#include "sip/draft.h"

enum { EVENTS_NEVER = 0, EVENTS_MARKED = 2 };

static int32_t routes[3]; /* closed, timeout, reset */

/* ---- functions ---- */

static uint64_t message_conn(const struct run *r)
{
	return r->draft && r->draft->msg ? r->draft->msg->origin.conn_id : 0;
}

static int32_t done(int err)
{
	return err ? -1 : 1;
}

static bool fits(int64_t v)
{
	return v >= 0 && v <= INT32_MAX;
}

int32_t std_tcpops_tcp_conid_alive(struct run *r, int64_t conid)
{
	return conid > 0 && net_conn_alive(r->worker, (uint64_t)conid) ? 1 : -1;
}

int32_t std_tcpops_tcp_conid_state(struct run *r, int64_t conid)
{
	struct net_conn_info i;

	if (conid <= 0 || net_conn_info_await(r->worker, (uint64_t)conid, &i))
		return -1;
	return i.connecting ? 3 : 1;
}

int32_t std_tcpops_tcp_keepalive_enable_id(struct run *r, int64_t conid, int64_t idle, int64_t count, int64_t interval)
{
	if (conid <= 0 || !fits(idle) || !fits(count) || !fits(interval) || idle == 0)
		return -1;
	return done(net_conn_keepalive(r->worker, (uint64_t)conid, (int)idle, (int)interval, (int)count));
}

int32_t std_tcpops_tcp_keepalive_enable(struct run *r, int64_t idle, int64_t count, int64_t interval)
{
	return std_tcpops_tcp_keepalive_enable_id(r, (int64_t)message_conn(r), idle, count, interval);
}

int32_t std_tcpops_tcp_keepalive_disable_id(struct run *r, int64_t conid)
{
	return conid > 0 ? done(net_conn_keepalive(r->worker, (uint64_t)conid, 0, 0, 0)) : -1;
}

int32_t std_tcpops_tcp_keepalive_disable(struct run *r)
{
	return std_tcpops_tcp_keepalive_disable_id(r, (int64_t)message_conn(r));
}

int32_t std_tcpops_tcp_set_connection_lifetime_id(struct run *r, int64_t conid, int64_t seconds)
{
	if (conid <= 0 || seconds < 1 || !fits(seconds))
		return -1;
	return done(net_conn_lifetime(r->worker, (uint64_t)conid, (uint32_t)seconds));
}

int32_t std_tcpops_tcp_set_connection_lifetime(struct run *r, int64_t seconds)
{
	return std_tcpops_tcp_set_connection_lifetime_id(r, (int64_t)message_conn(r), seconds);
}

int32_t std_tcpops_tcp_enable_closed_event_id(struct run *r, int64_t conid)
{
	if (param.closed_event != EVENTS_MARKED) {
		log_warn("tcp_enable_closed_event() needs closed_event to be 2");
		return -1;
	}
	return conid > 0 ? done(net_conn_mark(r->worker, (uint64_t)conid)) : -1;
}

int32_t std_tcpops_tcp_enable_closed_event(struct run *r)
{
	return std_tcpops_tcp_enable_closed_event_id(r, (int64_t)message_conn(r));
}

/* "host:port", "[v6]:port", the port 5060 when missing. */
static int find_await(struct run *r, struct str text, uint64_t *ret)
{
	struct net_targets t;
	uint64_t port = 5060;
	size_t colon = str_rchr(text, ':');
	struct str host = text;

	if (colon != STR_NONE && (text.p[0] != '[' || text.p[colon - 1] == ']') &&
	    (text.p[0] == '[' || str_chr(text, ':') == colon)) {
		host = str_head(text, colon);
		if (!str_to_u64(str_skip(text, colon + 1), 65535, &port))
			return RT_E_PARSE;
	}
	if (net_addresses_await(r->worker, host, &t))
		return RT_E_NOENT;
	for (unsigned i = 0; i < t.n; i++) {
		t.v[i].addr.port = (uint16_t)port;
		*ret = net_conn_find(r->worker, PROTO_TCP, &t.v[i].addr);
		if (*ret)
			return 0;
	}
	return RT_E_NOENT;
}

int32_t std_tcpops_tcp_get_conid(struct run *r, const struct str *hostport, const struct pv_ref *var)
{
	struct value v;
	uint64_t id = 0;
	bool found = hostport->n && !find_await(r, *hostport, &id);

	v = value_int(found ? (int64_t)id : 0);
	return var->set && var->set(r, &v) >= 0 && found ? 1 : -1;
}

int32_t std_tcpops_tcp_con_alive(struct run *r, const struct str *address)
{
	uint64_t id;

	return address->n && !find_await(r, *address, &id) && net_conn_alive(r->worker, id) ? 1 : -1;
}

int32_t std_tcpops_tcp_set_otcpid(struct run *r, int64_t conid)
{
	if (!r->draft || !fits(conid))
		return -1;
	r->draft->main.otcpid = (int)conid;
	return 1;
}

int32_t std_tcpops_tcp_set_otcpid_flag(struct run *r, int64_t mode)
{
	if (!r->draft)
		return -1;
	r->draft->use_otcpid = mode != 0;
	return 1;
}

int32_t std_tcpops_tcp_close_connection_id(struct run *r, int64_t conid)
{
	if (conid <= 0 || !net_conn_alive(r->worker, (uint64_t)conid))
		return -1;
	net_conn_close(r->worker, (uint64_t)conid);
	return 1;
}

int32_t std_tcpops_tcp_close_connection(struct run *r)
{
	return std_tcpops_tcp_close_connection_id(r, (int64_t)message_conn(r));
}

int32_t std_tcpops_pv_tcp_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	enum { ADDRESS, PORT, ID };
	const struct msg_origin *o = r->draft && r->draft->msg ? &r->draft->msg->origin : NULL;
	char text[ADDR_TEXT_MAX];

	*ret = value_null();
	if (!o || !o->conn_id)
		return 0;
	switch (n->num % 3) { /* the active connection (ac_*) is the message's */
	case ADDRESS:
		*ret = value_str(str_dup(r->arena, addr_text(&o->src, false, text)));
		break;
	case PORT:
		*ret = value_int(o->src.port);
		break;
	case ID:
		*ret = value_int((int64_t)o->conn_id);
		break;
	}
	return 0;
}

/* ---- events ---- */

struct ended {
	struct worker *w;
	int32_t route;
	const char *name;
	struct msg_origin origin;
};

static void run_event(void *arg)
{
	static const struct str made_up = S("OPTIONS sip:you@kamailio.org SIP/2.0\r\n"
					    "Via: SIP/2.0/UDP 127.0.0.1\r\nFrom: <sip:you@kamailio.org>;tag=123\r\n"
					    "To: <sip:you@kamailio.org>\r\nCall-ID: 123\r\nCSeq: 1 OPTIONS\r\n"
					    "Content-Length: 0\r\n\r\n");
	struct ended *e = arg;
	struct sip_draft d;
	struct sip_msg *m;
	struct run r;

	if (sip_msg_parse(NULL, made_up, &m) == 0) {
		m->origin = e->origin;
		sip_draft_init(&d, m, m->arena);
		if (run_begin(&r, e->w, &d, IN_EVENT, NULL, NULL) == 0) {
			r.event_name = e->name;
			script_exec(&r, e->route);
			run_end(&r);
		}
		sip_msg_unref(&m);
	}
	mem_free(&e);
}

static int kind_of(enum net_conn_event ev)
{
	return ev == NET_CONN_CLOSED ? 0 : ev == NET_CONN_TIMEOUT ? 1 : ev == NET_CONN_RESET ? 2 : -1;
}

static void on_conn(struct worker *w, enum net_conn_event ev, const struct net_conn_info *i)
{
	static const char *const names[] = {"tcp:closed", "tcp:timeout", "tcp:reset"};
	int k = kind_of(ev);
	struct ended *e;

	if (k < 0 || routes[k] < 0 || (param.closed_event == EVENTS_MARKED && !i->marked))
		return;
	e = mem_alloc(sizeof(*e));
	if (!e)
		return;
	*e = (struct ended){.w = w, .route = routes[k], .name = names[k],
			    .origin = {.proto = i->proto, .src = i->peer, .dst = i->local, .sock = i->sock,
				       .conn_id = i->id, .wall_us = worker_wall(w)}};
	if (fiber_spawn(w, run_event, e)) {
		log_err("no fiber for event_route[%s]", names[k]);
		mem_free(&e);
	}
}

static int init(const struct program *p)
{
	routes[0] = script_event(p, "tcp:closed");
	routes[1] = script_event(p, "tcp:timeout");
	routes[2] = script_event(p, "tcp:reset");
	if (param.closed_event < 0 || param.closed_event > EVENTS_MARKED) {
		log_err("tcpops: closed_event %lld is not 0 to 2", (long long)param.closed_event);
		return RT_E_INVAL;
	}
	return 0;
}

static int worker_init(struct worker *w)
{
	bool wanted = routes[0] >= 0 || routes[1] >= 0 || routes[2] >= 0;

	return wanted && param.closed_event != EVENTS_NEVER ? net_observe(w, on_conn) : 0;
}

STD_MODULE(tcpops, .init = init, .worker_init = worker_init)
