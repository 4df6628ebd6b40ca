/* SPDX-License-Identifier: Apache-2.0 */
/* The transport layer of a server and its part on each worker; datagrams; sending. */
#include "net/dns.h"
#include "net/net_priv.h"

#include <netinet/ip.h>
#include <unistd.h>

#include "base/arena.h"
#include "core/fiber.h"

void net_conf_init(struct net_conf *c)
{
	*c = (struct net_conf){
		.maxbuffer = 262144, .maxsndbuffer = 262144, .msg_max = 32767, .tos = IPTOS_LOWDELAY, .mcast_ttl = -1,
		.use_dns_cache_init = true, .handover_max = 4096, .tcp_crlf_ping = true,
		.tcp_keepalive = true, .tcp_delayed_ack = true, .tcp_buf_write = true, .tcp_max_connections = 2048,
		.tcp_connect_timeout = 10, .tcp_send_timeout = 10, .tcp_connection_lifetime = 120,
		.tcp_conn_wq_max = 32768, .tcp_wq_max = 10 << 20, .tcp_msg_read_timeout = 20,
		.tcp_msg_data_timeout = 20, .tcp_accept_iplimit = 1024,
		.tcp_listen_backlog = 1024, .dns_try_ipv6 = true, .use_dns_cache = true,
		.dns_use_search_list = true, .dns_naptr_ignore_rfc = true, .dns_retr_time = -1,
		.dns_retr_no = -1, .dns_servers_no = -1, .dns_cache_negative_ttl = 60,
		.dns_cache_max_ttl = UINT32_MAX, .dns_cache_mem = 500, .auto_aliases = true,
	};
	c->dns_pref[PROTO_UDP] = 30;
	c->dns_pref[PROTO_TCP] = 20;
	c->dns_pref[PROTO_TLS] = 10;
	c->dns_pref[PROTO_SCTP] = 20;
}

int net_new(const struct net_conf *conf, struct net **ret)
{
	struct net *n = mem_alloc(sizeof(*n));

	if (!n)
		return RT_E_NOMEM;
	n->conf = *conf;
	n->workers = 1;
	n->arena = arena_new(1 << 20);
	for (int i = 0; i < NET_SOCKETS_MAX; i++)
		for (int k = 0; k < NET_WORKERS_MAX; k++)
			n->fds[i][k] = -1;
	if (!n->arena || net_conntab_new(&n->conns) || net_dns_new(n, &n->dns)) {
		net_free(&n);
		return RT_E_NOMEM;
	}
	*ret = n;
	return 0;
}

void net_free(struct net **n)
{
	if (!*n)
		return;
	for (unsigned i = 0; i < (*n)->n_sockets; i++)
		for (unsigned k = 0; k < NET_WORKERS_MAX; k++)
			if ((*n)->fds[i][k] != -1)
				close((*n)->fds[i][k]);
	net_conntab_free(&(*n)->conns);
	net_dns_free(&(*n)->dns);
	arena_free(&(*n)->arena);
	mem_free(n);
}

const struct net_conf *net_get_conf(const struct net *n)
{
	return &n->conf;
}

struct net_worker *net_worker_of(struct worker *w)
{
	return worker_slot(w, WSLOT_NET);
}

struct net *net_of(const struct worker *w)
{
	struct net_worker *nw = worker_slot(w, WSLOT_NET);

	return nw ? nw->net : NULL;
}

/* ---- choosing the way out ---- */

const struct net_socket *net_socket_for(struct worker *w, enum proto p, const struct addr *to,
					const struct net_socket *force)
{
	struct net *n = net_of(w);
	const struct net_socket *s;
	struct addr src;

	if (force && force->proto == p && force->addr.family == to->family)
		return force;
	if (n->conf.mhomed && world_source_addr(worker_world(w), to, &src) == 0) {
		s = net_socket_find(n, &src, p);
		if (s)
			return s;
	}
	return net_socket_default(n, p, to->family);
}

enum proto net_proto_for(struct worker *w, enum proto p, size_t size)
{
	const struct net_conf *c = &net_of(w)->conf;

	if (p != PROTO_UDP || !c->udp_mtu || size <= c->udp_mtu || !c->udp_mtu_try_proto)
		return p;
	return net_socket_default(net_of(w), (enum proto)c->udp_mtu_try_proto, 0) ? (enum proto)c->udp_mtu_try_proto
										  : p;
}

/* ---- receiving ---- */

void net_set_handlers(struct net *n, const struct net_handlers *h)
{
	n->h = *h;
}

static bool is_keepalive(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != 0 && p[i] != '\r' && p[i] != '\n' && p[i] != ' ')
			return false;
	return n <= 4;
}

static void take_some(void *arg)
{
	struct net_series *s = arg;
	net_msg_fn *fn = s->nw->net->h.message_here;

	do
		s->take(s, s->i++, fn);
	while (fiber_again() && s->i < s->n);
}

void net_take_all(struct net_series *s)
{
	const struct net_handlers *h = &s->nw->net->h;

	while (s->i < s->n)
		if (!h->message_here || fiber_run_now(s->nw->w, take_some, s))
			s->take(s, s->i++, h->message);
}

struct dgrams {
	struct net_series series;
	struct world_dgram *v;
	struct msg_origin origin; /* of the one that is taken */
};

static void take_dgram(struct net_series *s, size_t i, net_msg_fn *fn)
{
	struct dgrams *d = container_of(s, struct dgrams, series);
	struct world_dgram *v = &d->v[i];
	struct net *net = s->nw->net;

	d->origin.src = v->from;
	if (v->n > net->conf.msg_max)
		net_count(s->nw, N_UDP_DROPPED, 1);
	else if (!is_keepalive(v->buf, v->n))
		net_dispatch(s->nw, fn, &d->origin, v->buf, v->n);
	else if (net->h.dgram_keepalive)
		net->h.dgram_keepalive(s->nw->w, &d->origin);
}

static void on_dgrams(void *arg, struct world_sock *s, struct world_dgram *v, size_t n)
{
	struct net_port *p = arg;
	struct dgrams d = {.series = {.nw = p->nw, .n = n, .take = take_dgram},
			   .v = v,
			   .origin = {.proto = PROTO_UDP, .dst = p->sock->addr, .sock = p->sock, .wall_us = worker_wall(p->nw->w)}};

	(void)s;
	net_count(p->nw, N_UDP_IN, n);
	net_take_all(&d.series);
}

static void at_batch_end(struct worker *w, void *arg)
{
	struct net_worker *nw = net_worker_of(w);

	(void)arg;
	if (nw)
		net_handover_flush(nw);
}

static int open_socket(struct net_worker *nw, unsigned i)
{
	struct net *n = nw->net;
	const struct net_socket *s = &n->sockets[i];
	unsigned me = worker_index(nw->w);
	struct world_udp_opts u = {.fd = n->fds[i][me], .reuse_port = n->workers > 1};
	struct world_tcp_opts t = {.fd = n->fds[i][0], .reuse_port = n->workers > 1};

	nw->ports[i].nw = nw;
	nw->ports[i].sock = s;
	if (s->proto == PROTO_UDP)
		return world_udp_open(worker_world(nw->w), &s->addr, &u, on_dgrams, &nw->ports[i], &nw->udp[i]);
	return world_tcp_listen(worker_world(nw->w), &s->addr, &t, net_stream_accept, &nw->ports[i], &nw->tcp[i]);
}

int net_attach(struct net *n, struct worker *w)
{
	struct net_worker *nw = mem_alloc(sizeof(*nw));
	int err = 0;

	if (!nw)
		return RT_E_NOMEM;
	nw->net = n;
	nw->w = w;
	list_init(&nw->conns);
	worker_set_slot(w, WSLOT_NET, nw);
	if (n->workers != worker_count(w))
		n->workers = worker_count(w); /* no net_bind() in a simulated world */
	err = net_dns_attach(nw);
	if (!err && worker_count(w) > 1)
		err = worker_at_batch_end(w, at_batch_end, NULL);
	for (unsigned i = 0; !err && i < n->n_sockets; i++)
		err = open_socket(nw, i);
	atomic_store(&n->at[worker_index(w)], nw);
	return err;
}

void net_detach(struct net *n, struct worker *w)
{
	struct net_worker *nw = net_worker_of(w);
	struct list *it, *tmp;

	if (!nw)
		return;
	atomic_store(&n->at[worker_index(w)], NULL);
	nw->n_observers = 0;
	list_each(it, tmp, &nw->conns)
		net_conn_free(container_of(it, struct net_conn, node), NET_CONN_CLOSED);
	for (unsigned i = 0; i < n->n_sockets; i++) {
		if (nw->udp[i])
			world_udp_close(&nw->udp[i]);
		if (nw->tcp[i])
			world_listener_close(&nw->tcp[i]);
	}
	net_dns_detach(nw);
	net_handover_discard(nw);
	worker_set_slot(w, WSLOT_NET, NULL);
	net_spare_free(nw);
	mem_free(&nw);
}

int net_observe(struct worker *w, net_conn_fn *fn)
{
	struct net_worker *nw = net_worker_of(w);

	if (nw->n_observers == NET_OBSERVERS_MAX)
		return RT_E_LIMIT;
	nw->observer[nw->n_observers++] = fn;
	return 0;
}

bool net_log_allow(struct worker *w, const struct addr *src)
{
	struct net *n = net_of(w);
	struct addr ip = *src;
	uint64_t hash, second = worker_now(w) / 1000000, seen;
	_Atomic uint64_t *slot;

	ip.port = 0;
	hash = addr_hash(&ip);
	slot = &n->log_seen[hash % NET_LOG_SOURCES];
	seen = atomic_load_explicit(slot, memory_order_relaxed);
	/* sources that share a slot share its line: still bounded */
	return seen >> 32 != (second & UINT32_MAX) &&
	       atomic_compare_exchange_strong(slot, &seen, second << 32 | (hash & UINT32_MAX));
}

/* ---- sending ---- */

int net_send(struct worker *w, const struct net_dst *d, const struct iovec *iov, int n)
{
	struct net_worker *nw = net_worker_of(w);
	const struct net_socket *s;
	int err;

	if (d->proto != PROTO_UDP && d->proto != PROTO_TCP)
		return RT_E_UNSUPP;
	s = net_socket_for(w, d->proto, &d->to, d->sock);
	if (!s)
		return RT_E_INVAL;
	if (d->proto == PROTO_TCP)
		return net_stream_send(nw, d, s, iov, n);
	err = world_udp_send(nw->udp[s->index], &d->to, iov, n);
	net_count(nw, err ? N_UDP_DROPPED : N_UDP_OUT, 1);
	return err;
}

static uint64_t sum(const struct net *n, enum net_count c)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < n->workers; i++) {
		struct net_worker *nw = atomic_load(&n->at[i]);

		v += nw ? atomic_load_explicit(&nw->count[c], memory_order_relaxed) : 0;
	}
	return v;
}

void net_get_stats(const struct net *n, struct net_stats *ret)
{
	*ret = (struct net_stats){
		.udp_in = sum(n, N_UDP_IN), .udp_out = sum(n, N_UDP_OUT),
		.udp_dropped = sum(n, N_UDP_DROPPED), .tcp_in = sum(n, N_TCP_IN),
		.tcp_out = sum(n, N_TCP_OUT), .tcp_bad = sum(n, N_TCP_BAD),
		.tcp_established = sum(n, N_TCP_ESTABLISHED), .tcp_accepted = sum(n, N_TCP_ACCEPTED),
		.tcp_connects = sum(n, N_TCP_CONNECTS), .tcp_connect_failed = sum(n, N_TCP_CONNECT_FAILED),
		.tcp_refused = sum(n, N_TCP_REFUSED), .tcp_wq_full = sum(n, N_TCP_WQ_FULL),
		.tcp_timeouts = sum(n, N_TCP_TIMEOUTS), .tcp_resets = sum(n, N_TCP_RESETS),
		.handed_over = sum(n, N_HANDED_OVER), .handover_dropped = sum(n, N_HANDOVER_DROPPED),
		.dns_hits = sum(n, N_DNS_HITS), .dns_misses = sum(n, N_DNS_MISSES),
		.dns_errors = sum(n, N_DNS_ERRORS), .tcp_open = atomic_load(&n->n_conns),
		.tcp_wq_bytes = atomic_load(&n->wq_bytes)};
}
