/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listening sockets and what else is ours: interfaces and names become addresses once, at start.
 *
 * Each worker has a datagram socket of its own per address and the system spreads by source; a
 * listening stream socket is shared, and whoever accepts keeps the connection.
 */
#include "net/net_priv.h"

#include <ifaddrs.h>
#include <netdb.h>

#include "base/arena.h"
#include "world/world_real.h"

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
		if (a.family == AF_INET6 && ((a.ip[0] == 0xfe && !n->conf.bind_ipv6_link_local) ||
					 (all && !n->conf.auto_bind_ipv6)))
			continue;
		err = add_address(n, l, a);
		if (err && err != RT_E_EXIST)
			break;
	}
	freeifaddrs(list);
	return err;
}

/* A name is looked up once, before there is a server. */
static int add_host(struct net *n, const struct net_listen *l)
{
	struct addrinfo hints = {.ai_socktype = SOCK_DGRAM}, *list, *i;
	char name[256];
	struct addr a;
	int err = RT_E_NOENT;

	if (!l->host.n || l->host.n >= sizeof(name))
		return RT_E_NOENT;
	memcpy(name, l->host.p, l->host.n);
	name[l->host.n] = 0;
	if (getaddrinfo(name, NULL, &hints, &list))
		return RT_E_NOENT;
	for (i = list; i; i = i->ai_next) {
		if (!addr_from_sockaddr(i->ai_addr, &a))
			continue;
		err = add_address(n, l, a);
		if (err && err != RT_E_EXIST)
			break;
	}
	freeaddrinfo(list);
	return err;
}

int net_add_listen(struct net *n, const struct net_listen *l)
{
	struct addr a;
	int err;

	if (str_ieq(l->host, S("localhost")))
		return addr_parse(S("127.0.0.1"), &a) ? add_address(n, l, a) : RT_E_NOENT;
	if (addr_parse(l->host, &a))
		return add_address(n, l, a);
	err = add_interface(n, l);
	return err == RT_E_NOENT ? add_host(n, l) : err;
}

static int add_alias(struct net *n, struct str host, uint16_t port, enum proto proto, bool below)
{
	struct str copy = str_dup(n->arena, host);

	if (n->n_aliases == NET_ALIASES_MAX)
		return RT_E_LIMIT;
	if (!copy.p)
		return RT_E_NOMEM;
	n->aliases[n->n_aliases++] = (struct net_alias){.below = below, .host = copy, .port = port, .proto = proto};
	return 0;
}

int net_add_alias(struct net *n, struct str host, uint16_t port, enum proto proto)
{
	return add_alias(n, host, port, proto, false);
}

int net_add_alias_tree(struct net *n, struct str host, uint16_t port, enum proto proto)
{
	return add_alias(n, host, port, proto, true);
}

void net_alias_each(const struct net *n, void (*fn)(void *arg, struct str host, uint16_t port, enum proto p),
		    void *arg)
{
	for (unsigned i = 0; i < n->n_aliases; i++)
		fn(arg, n->aliases[i].host, n->aliases[i].port, n->aliases[i].proto);
}

static int bind_one(struct net *n, struct net_socket *s, int fds[], unsigned workers)
{
	struct world_udp_opts u = {.rcvbuf = (int)n->conf.maxbuffer, .sndbuf = (int)n->conf.maxsndbuffer,
				   .tos = n->conf.tos, .free_bind = n->conf.free_bind,
				   .reuse_port = workers > 1, .dont_fragment = n->conf.pmtu_discovery != 0};
	struct world_tcp_opts t = {.backlog = (int)n->conf.tcp_listen_backlog,
				   .free_bind = n->conf.free_bind, .tos = n->conf.tos,
				   .reuse_port = n->conf.tcp_reuse_port,
				   .defer_accept = (int)n->conf.tcp_defer_accept};
	int err = 0;

	if (s->proto == PROTO_TCP)
		return world_tcp_listen_fd(&s->addr, &t, &fds[0]); /* shared by all workers */
	for (unsigned i = 0; !err && i < workers; i++) {
		u.joins = i > 0;
		err = world_udp_bind_fd(&s->addr, &u, &fds[i]);
		if (!err && i == 0 && addr_is_multicast(&s->addr))
			err = world_udp_join_fd(fds[0], &s->addr, n->conf.mcast, n->conf.mcast_ttl,
						n->conf.mcast_loopback);
	}
	if (!err && workers > 1)
		(void)net_steer(fds[0]); /* without it replies are handed over */
	return err;
}

int net_bind(struct net *n, unsigned workers, const struct net_socket **failed)
{
	BUG_ON(workers > NET_WORKERS_MAX);
	n->workers = workers;
	for (unsigned i = 0; i < n->n_sockets; i++) {
		int err = bind_one(n, &n->sockets[i], n->fds[i], workers);

		if (err) {
			*failed = &n->sockets[i];
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

static bool covers(const struct net_alias *a, struct str host)
{
	size_t more = host.n > a->host.n ? host.n - a->host.n : 0;

	if (str_ieq(a->host, host))
		return true;
	return a->below && more > 1 && host.p[more - 1] == '.' && str_ieq(str_skip(host, more), a->host);
}

static bool is_alias(const struct net *n, struct str host, uint16_t port, enum proto p)
{
	for (unsigned i = 0; i < n->n_aliases; i++) {
		const struct net_alias *a = &n->aliases[i];

		if (covers(a, host) && (!a->port || !port || a->port == port) &&
		    (!a->proto || !p || a->proto == p))
			return true;
	}
	return false;
}

/* An address as a socket's text has it needs no parsing, and of IPv4 there is no other text. */
static bool is_socket_text(const struct net *n, struct str host, uint16_t port, enum proto p)
{
	for (unsigned i = 0; i < n->n_sockets; i++) {
		const struct net_socket *s = &n->sockets[i];

		if (str_eq(s->host_br, host) && (!port || s->addr.port == port) && (!p || s->proto == p))
			return true;
	}
	return false;
}

bool net_is_local(const struct net *n, struct str host, uint16_t port, enum proto p)
{
	struct addr a;

	if (is_socket_text(n, host, port, p))
		return true;
	if (str_chr(host, ':') != STR_NONE && addr_parse(host, &a)) {
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
