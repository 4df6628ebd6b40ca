/* SPDX-License-Identifier: Apache-2.0 */
/* Listening sockets, what is ours, datagrams, sending. */
#include "net/net_priv.h"

#include <ifaddrs.h>
#include <stdio.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/hash.h"
#include "world/world_real.h"

void net_conf_init(struct net_conf *c)
{
	*c = (struct net_conf){
		.maxbuffer = 262144, .msg_max = 65535, .handover_max = 4096, .tcp_crlf_ping = true,
		.tcp_keepalive = true, .tcp_buf_write = true, .tcp_max_connections = 2048,
		.tcp_connect_timeout = 10, .tcp_send_timeout = 10, .tcp_connection_lifetime = 120,
		.tcp_conn_wq_max = 32768, .tcp_wq_max = 10 << 20, .tcp_rd_buf_size = 16384,
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
	n->arena = arena_new(1 << 20);
	for (int i = 0; i < NET_SOCKETS_MAX; i++)
		n->fds[i] = -1;
	if (!n->arena) {
		mem_free(&n);
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
		if ((*n)->fds[i] != -1)
			close((*n)->fds[i]);
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

/* ---- listening sockets ---- */

static int add_socket(struct net *n, const struct net_listen *l, enum proto p, struct addr a)
{
	struct net_socket *s = &n->sockets[n->n_sockets];
	char buf[ADDR_TEXT_MAX];

	a.port = l->port || l->any_port ? l->port : proto_port(p);
	if (n->n_sockets == NET_SOCKETS_MAX)
		return RT_E_LIMIT;
	if (!l->any_port && net_socket_find(n, &a, p))
		return RT_E_EXIST;
	*s = (struct net_socket){.proto = p, .addr = a, .index = n->n_sockets, .virtual_ = l->virtual_};
	s->name = l->name.n ? str_dup(n->arena, l->name) : STR_NULL;
	s->host = str_dup(n->arena, addr_text(&a, false, buf));
	s->host_br = str_dup(n->arena, addr_text(&a, true, buf));
	s->text = str_printf(n->arena, STR_FMT ":" STR_FMT ":%u", STR_ARG(proto_name(p)), STR_ARG(s->host_br),
			     a.port);
	s->adv_text = s->text;
	if (l->adv_host.n) {
		s->adv_host = str_dup(n->arena, l->adv_host);
		s->adv_port = l->adv_port;
		s->adv_text = str_printf(n->arena, STR_FMT ":" STR_FMT ":%u", STR_ARG(proto_name(p)),
					 STR_ARG(s->adv_host), l->adv_port ? l->adv_port : a.port);
	}
	if (!s->text.p || !s->adv_text.p)
		return RT_E_NOMEM;
	n->n_sockets++;
	return 0;
}

static int add_address(struct net *n, const struct net_listen *l, struct addr a)
{
	int err;

	if (l->proto != PROTO_NONE && l->proto != PROTO_UDP && l->proto != PROTO_TCP)
		return RT_E_UNSUPP;
	if (l->proto == PROTO_UDP)
		return add_socket(n, l, PROTO_UDP, a);
	if (l->proto == PROTO_TCP)
		return n->conf.disable_tcp ? 0 : add_socket(n, l, PROTO_TCP, a);
	err = add_socket(n, l, PROTO_UDP, a);
	return err || n->conf.disable_tcp ? err : add_socket(n, l, PROTO_TCP, a);
}

/* All addresses of an interface, or of every one. */
static int add_interface(struct net *n, const struct net_listen *l)
{
	bool all = !l->host.n || str_eq(l->host, S("*"));
	struct ifaddrs *list, *i;
	int err = RT_E_NOENT;

	if (getifaddrs(&list))
		return RT_E_IO;
	for (i = list; i; i = i->ifa_next) {
		struct addr a;

		if (!i->ifa_addr || (!all && !str_eq(l->host, str_of(i->ifa_name))) ||
		    !addr_from_sockaddr(i->ifa_addr, &a))
			continue;
		if (a.family == AF_INET6 && (a.ip[0] == 0xfe || (all && !n->conf.auto_bind_ipv6)))
			continue;
		err = add_address(n, l, a);
		if (err && err != RT_E_EXIST)
			break;
	}
	freeifaddrs(list);
	return err;
}

int net_add_listen(struct net *n, const struct net_listen *l)
{
	struct addr a;

	if (str_ieq(l->host, S("localhost")))
		return addr_parse(S("127.0.0.1"), &a) ? add_address(n, l, a) : RT_E_NOENT;
	if (addr_parse(l->host, &a))
		return add_address(n, l, a);
	return add_interface(n, l);
}

int net_add_alias(struct net *n, struct str host, uint16_t port, enum proto proto)
{
	struct str copy = str_dup(n->arena, host);

	if (n->n_aliases == NET_ALIASES_MAX)
		return RT_E_LIMIT;
	if (!copy.p)
		return RT_E_NOMEM;
	n->aliases[n->n_aliases++] = (struct net_alias){copy, port, proto};
	return 0;
}

int net_bind(struct net *n, unsigned workers, const struct net_socket **failed)
{
	(void)workers;
	for (unsigned i = 0; i < n->n_sockets; i++) {
		struct net_socket *s = &n->sockets[i];
		struct world_udp_opts u = {.rcvbuf = (int)n->conf.maxbuffer, .tos = n->conf.tos,
					   .free_bind = n->conf.free_bind};
		struct world_tcp_opts t = {.backlog = (int)n->conf.tcp_listen_backlog,
					   .free_bind = n->conf.free_bind};
		int err = s->proto == PROTO_UDP ? world_udp_bind_fd(&s->addr, &u, &n->fds[i])
						: world_tcp_listen_fd(&s->addr, &t, &n->fds[i]);

		if (err) {
			*failed = s;
			return err;
		}
	}
	return 0;
}

unsigned net_socket_count(const struct net *n)
{
	return n->n_sockets;
}

const struct net_socket *net_socket_at(const struct net *n, unsigned i)
{
	return i < n->n_sockets ? &n->sockets[i] : NULL;
}

const struct net_socket *net_socket_find(const struct net *n, const struct addr *a, enum proto p)
{
	for (unsigned i = 0; i < n->n_sockets; i++) {
		const struct net_socket *s = &n->sockets[i];

		if (addr_ip_eq(&s->addr, a) && (!a->port || s->addr.port == a->port) &&
		    (p == PROTO_NONE || s->proto == p))
			return s;
	}
	return NULL;
}

const struct net_socket *net_socket_by_name(const struct net *n, struct str name)
{
	for (unsigned i = 0; name.n && i < n->n_sockets; i++)
		if (str_eq(n->sockets[i].name, name))
			return &n->sockets[i];
	return NULL;
}

const struct net_socket *net_socket_by_text(const struct net *n, struct str text)
{
	const struct net_socket *s = net_socket_by_name(n, text);
	struct str rest = text, head = str_cut(&rest, ':');
	enum proto p = proto_parse(head);
	struct addr a;
	uint64_t port = 0;
	size_t colon;

	if (s)
		return s;
	if (p == PROTO_NONE)
		rest = text;
	if (addr_parse(rest, &a))
		return net_socket_find(n, &a, p);
	colon = str_rchr(rest, ':');
	if (colon == STR_NONE || !addr_parse(str_head(rest, colon), &a) ||
	    !str_to_u64(str_skip(rest, colon + 1), 65535, &port))
		return NULL;
	a.port = (uint16_t)port;
	return net_socket_find(n, &a, p);
}

const struct net_socket *net_socket_default(const struct net *n, enum proto p, int family)
{
	for (unsigned i = 0; i < n->n_sockets; i++)
		if (n->sockets[i].proto == p && (!family || n->sockets[i].addr.family == family))
			return &n->sockets[i];
	return NULL;
}

static bool is_alias(const struct net *n, struct str host, uint16_t port, enum proto p)
{
	for (unsigned i = 0; i < n->n_aliases; i++) {
		const struct net_alias *a = &n->aliases[i];

		if (str_ieq(a->host, host) && (!a->port || !port || a->port == port) &&
		    (!a->proto || !p || a->proto == p))
			return true;
	}
	return false;
}

bool net_is_local(const struct net *n, struct str host, uint16_t port, enum proto p)
{
	struct addr a;

	if (addr_parse(host, &a)) {
		a.port = port;
		if (net_socket_find(n, &a, p))
			return true;
	}
	for (unsigned i = 0; i < n->n_sockets; i++) {
		const struct net_socket *s = &n->sockets[i];
		uint16_t mine = s->adv_port ? s->adv_port : s->addr.port;

		if (s->adv_host.n && str_ieq(s->adv_host, host) && (!port || port == mine) &&
		    (!p || p == s->proto))
			return true;
	}
	return is_alias(n, host, port, p);
}

bool net_is_alias(const struct net *n, struct str host, uint16_t port, enum proto p)
{
	(void)port;
	return net_is_local(n, host, 0, p);
}

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

static void on_dgrams(void *arg, struct world_sock *s, struct world_dgram *v, size_t n)
{
	struct net_port *p = arg;
	struct net *net = p->nw->net;

	(void)s;
	for (size_t i = 0; i < n; i++) {
		struct msg_origin o = {.proto = PROTO_UDP, .src = v[i].from, .dst = p->sock->addr,
				       .sock = p->sock, .wall_us = worker_wall(p->nw->w)};

		net->stats.udp_in++;
		if (is_keepalive(v[i].buf, v[i].n)) {
			if (net->h.dgram_keepalive)
				net->h.dgram_keepalive(p->nw->w, &o);
		} else {
			net->h.message(p->nw->w, &o, v[i].buf, v[i].n);
		}
	}
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
	for (unsigned i = 0; !err && i < n->n_sockets; i++) {
		const struct net_socket *s = &n->sockets[i];
		struct world_udp_opts u = {.fd = n->fds[i]};
		struct world_tcp_opts t = {.fd = n->fds[i]};

		nw->ports[i].nw = nw;
		nw->ports[i].sock = s;
		if (s->proto == PROTO_UDP)
			err = world_udp_open(worker_world(w), &s->addr, &u, on_dgrams, &nw->ports[i],
					     &nw->udp[i]);
		else
			err = world_tcp_listen(worker_world(w), &s->addr, &t, net_stream_accept,
					       &nw->ports[i], &nw->tcp[i]);
	}
	return err;
}

void net_detach(struct net *n, struct worker *w)
{
	struct net_worker *nw = net_worker_of(w);
	struct list *it, *tmp;

	if (!nw)
		return;
	list_each(it, tmp, &nw->conns)
		net_conn_free(container_of(it, struct net_conn, node), false);
	for (unsigned i = 0; i < n->n_sockets; i++) {
		if (nw->udp[i])
			world_udp_close(&nw->udp[i]);
		if (nw->tcp[i])
			world_listener_close(&nw->tcp[i]);
	}
	worker_set_slot(w, WSLOT_NET, NULL);
	mem_free(&nw);
}

unsigned net_owner(struct str call_id, unsigned workers)
{
	return (unsigned)(hash_str(call_id) % (workers ? workers : 1));
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
	nw->net->stats.udp_out += err == 0;
	nw->net->stats.udp_dropped += err != 0;
	return err;
}

void net_get_stats(const struct net *n, struct net_stats *ret)
{
	*ret = n->stats;
	ret->tcp_wq_bytes = atomic_load(&n->wq_bytes);
}

/* ---- finding the next hop: literals and the loopback's name; DNS is not built yet ---- */

int net_addresses_await(struct worker *w, struct str host, struct net_targets *ret)
{
	(void)w;
	*ret = (struct net_targets){.n = 1};
	if (addr_parse(host, &ret->v[0].addr))
		return 0;
	if (str_ieq(host, S("localhost")) && addr_parse(S("127.0.0.1"), &ret->v[0].addr))
		return 0;
	ret->n = 0;
	return RT_E_NOENT;
}

int net_resolve_await(struct worker *w, struct str host, uint16_t port, enum proto proto, bool sips,
		      struct net_targets *ret)
{
	enum proto p = proto != PROTO_NONE ? proto : sips ? PROTO_TLS : PROTO_UDP;
	int err = net_addresses_await(w, host, ret);

	for (unsigned i = 0; !err && i < ret->n; i++) {
		ret->v[i].proto = p;
		ret->v[i].addr.port = port ? port : proto_port(p);
	}
	return err;
}
