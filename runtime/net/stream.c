/* SPDX-License-Identifier: Apache-2.0 */
/* Connections: reuse, connecting, bounded queues, idle lifetime, keepalives. */
#include "net/net_priv.h"

#include <stdio.h>

enum { READ_FIRST = 4096 };

static void on_idle(void *arg)
{
	struct net_conn *c = arg;

	c->nw->net->stats.tcp_timeouts++;
	net_conn_free(c, false);
}

static void touch(struct net_conn *c)
{
	timer_start(c->nw->w, &c->idle, c->nw->net->conf.tcp_connection_lifetime * 1000, on_idle, c);
}

void net_conn_free(struct net_conn *c, bool reset)
{
	struct net *n = c->nw->net;

	timer_stop(&c->idle);
	list_del(&c->node);
	atomic_fetch_sub(&n->wq_bytes, c->out_n);
	atomic_fetch_sub(&n->n_conns, 1);
	if (c->stream)
		world_stream_close(&c->stream, reset);
	if (n->h.conn)
		n->h.conn(c->nw->w, NET_CONN_CLOSED, c->id, &c->peer, PROTO_TCP);
	mem_free(&c->in);
	mem_free(&c->out);
	mem_free(&c);
}

/* Append to the queue within its bounds. */
static int queue(struct net_conn *c, struct str s)
{
	struct net *n = c->nw->net;

	if (c->out_n + s.n > n->conf.tcp_conn_wq_max ||
	    atomic_load(&n->wq_bytes) + s.n > n->conf.tcp_wq_max) {
		n->stats.tcp_wq_full++;
		return RT_E_LIMIT;
	}
	if (c->out_n + s.n > c->out_cap) {
		size_t cap = (c->out_n + s.n) * 2;
		char *p = mem_realloc(c->out, cap);

		if (!p)
			return RT_E_NOMEM;
		c->out = p;
		c->out_cap = cap;
	}
	memcpy(c->out + c->out_n, s.p, s.n);
	c->out_n += s.n;
	atomic_fetch_add(&n->wq_bytes, s.n);
	return 0;
}

/* Write what is queued; false: the connection is gone. */
static bool flush(struct net_conn *c)
{
	ssize_t n = c->out_n ? world_stream_write(c->stream, c->out, c->out_n) : 0;

	if (n < 0) {
		net_conn_free(c, true);
		return false;
	}
	memmove(c->out, c->out + n, c->out_n - (size_t)n);
	c->out_n -= (size_t)n;
	atomic_fetch_sub(&c->nw->net->wq_bytes, (uint64_t)n);
	if (c->out_n == 0 && c->close_after) {
		net_conn_free(c, false);
		return false;
	}
	return true;
}

static void on_open(void *arg, struct world_stream *s)
{
	struct net_conn *c = arg;

	(void)s;
	c->connecting = false;
	c->nw->net->stats.tcp_established++;
	touch(c);
	if (c->nw->net->h.conn)
		c->nw->net->h.conn(c->nw->w, NET_CONN_OPENED, c->id, &c->peer, PROTO_TCP);
	flush(c);
}

static void on_writable(void *arg, struct world_stream *s)
{
	(void)s;
	flush(arg);
}

static void on_close(void *arg, struct world_stream *s, int err)
{
	struct net_conn *c = arg;
	struct net *n = c->nw->net;
	struct worker *w = c->nw->w;
	struct net_dst d = {.proto = PROTO_TCP, .to = c->peer, .conn_id = c->id};
	bool failed = c->connecting || c->out_n;

	(void)s;
	c->stream = NULL; /* it is gone already */
	if (c->connecting)
		n->stats.tcp_connect_failed++;
	net_conn_free(c, false);
	if (failed && n->h.send_error)
		n->h.send_error(w, &d, err ? err : RT_E_CLOSED);
}

static struct msg_origin origin_of(struct net_conn *c)
{
	const struct addr *local = c->stream ? world_stream_local(c->stream) : &c->sock->addr;

	return (struct msg_origin){.proto = PROTO_TCP, .src = c->peer, .dst = *local, .sock = c->sock,
				   .conn_id = c->id, .wall_us = worker_wall(c->nw->w)};
}

/* CRLF between messages: two of them are a ping, answered by one (RFC 5626 4.4.1). */
static size_t skip_crlf(struct net_conn *c)
{
	size_t n = 0;

	while (n < c->in_n && (c->in[n] == '\r' || c->in[n] == '\n'))
		n++;
	if (n >= 4 && c->nw->net->conf.tcp_crlf_ping)
		queue(c, S("\r\n"));
	return n;
}

static void drop_input(struct net_conn *c, size_t n)
{
	memmove(c->in, c->in + n, c->in_n - n);
	c->in_n -= n;
}

static void bad_frame(struct net_conn *c, long why)
{
	struct msg_origin o = origin_of(c);
	struct net *n = c->nw->net;

	n->stats.tcp_bad++;
	c->close_after = true;
	if (n->h.bad)
		n->h.bad(c->nw->w, &o, (enum net_bad)(-why - 100), c->in, c->in_n);
	c->in_n = 0;
}

/* Hand over whole messages. The handler may close this connection: it is looked up again each time. */
static void deliver(struct net_conn *c)
{
	struct net_worker *nw = c->nw;
	uint64_t id = c->id;

	while (!c->close_after && c->in_n) {
		struct msg_origin o = origin_of(c);
		char *copy;
		long n;

		drop_input(c, skip_crlf(c));
		n = c->in_n ? net_frame(&nw->net->conf, c->in, c->in_n) : 0;
		if (n == 0)
			break;
		if (n < 0) {
			bad_frame(c, n);
			break;
		}
		copy = mem_alloc((size_t)n + 1);
		if (!copy)
			break;
		memcpy(copy, c->in, (size_t)n);
		drop_input(c, (size_t)n);
		nw->net->stats.tcp_in++;
		nw->net->h.message(nw->w, &o, copy, (size_t)n);
		mem_free(&copy);
		if (!net_conn_alive(nw->w, id))
			return;
	}
	flush(c);
}

static void on_data(void *arg, struct world_stream *s, char *p, size_t n)
{
	struct net_conn *c = arg;
	size_t max = c->nw->net->conf.msg_max + READ_FIRST;

	touch(c);
	if (c->close_after)
		return;
	while (n) {
		size_t room, take;

		if (c->in_n == c->in_cap) {
			size_t cap = c->in_cap ? c->in_cap * 2 : READ_FIRST;
			char *q = cap / 2 > max ? NULL : mem_realloc(c->in, cap);

			if (!q) {
				net_conn_free(c, true);
				return;
			}
			c->in = q;
			c->in_cap = cap;
		}
		room = c->in_cap - c->in_n;
		take = n < room ? n : room;
		memcpy(c->in + c->in_n, p, take);
		c->in_n += take;
		p += take;
		n -= take;
	}
	(void)s;
	deliver(c);
}

static const struct world_stream_ops ops = {on_open, on_data, on_writable, on_close};

static struct net_conn *conn_new(struct net_worker *nw, const struct net_socket *sock, const struct addr *peer)
{
	struct net_conn *c;

	if (atomic_load(&nw->net->n_conns) >= nw->net->conf.tcp_max_connections) {
		nw->net->stats.tcp_refused++;
		return NULL;
	}
	c = mem_alloc(sizeof(*c));
	if (!c)
		return NULL;
	c->nw = nw;
	c->sock = sock;
	c->peer = *peer;
	c->id = atomic_fetch_add(&nw->net->next_conn, 1) + 1;
	list_add_head(&nw->conns, &c->node);
	atomic_fetch_add(&nw->net->n_conns, 1);
	return c;
}

void net_stream_accept(void *arg, struct world_listener *l, struct world_stream *s, const struct addr *from)
{
	struct net_port *p = arg;
	struct net_conn *c = conn_new(p->nw, p->sock, from);

	(void)l;
	if (!c)
		return;
	c->stream = s;
	p->nw->net->stats.tcp_accepted++;
	world_stream_accept(s, &ops, c);
	touch(c);
	if (p->nw->net->h.conn)
		p->nw->net->h.conn(p->nw->w, NET_CONN_OPENED, c->id, from, PROTO_TCP);
}

static struct net_conn *find(struct net_worker *nw, uint64_t id, const struct addr *peer)
{
	struct list *it, *tmp;

	list_each(it, tmp, &nw->conns) {
		struct net_conn *c = container_of(it, struct net_conn, node);

		if (c->close_after)
			continue;
		if (id ? c->id == id
		       : addr_eq(&c->peer, peer) || (c->alias_port == peer->port && addr_ip_eq(&c->peer, peer)))
			return c;
	}
	return NULL;
}

static int connect_to(struct net_worker *nw, const struct addr *to, const struct net_socket *sock,
		      struct net_conn **ret)
{
	const struct net_conf *conf = &nw->net->conf;
	struct world_tcp_opts o = {.connect_ms = (int)conf->tcp_connect_timeout * 1000,
				   .keepalive = conf->tcp_keepalive};
	struct net_conn *c = conn_new(nw, sock, to);
	int err;

	if (!c)
		return RT_E_LIMIT;
	c->connecting = c->outbound = true;
	err = world_tcp_connect(worker_world(nw->w), to, &o, &ops, c, &c->stream);
	if (err) {
		net_conn_free(c, false);
		return err;
	}
	nw->net->stats.tcp_connects++;
	timer_start(nw->w, &c->idle, conf->tcp_connect_timeout * 1000, on_idle, c);
	*ret = c;
	return 0;
}

int net_stream_send(struct net_worker *nw, const struct net_dst *d, const struct net_socket *sock,
		    const struct iovec *iov, int n)
{
	struct net_conn *c = d->conn_id ? find(nw, d->conn_id, NULL) : NULL;
	int err = 0;

	if (!c && !(d->flags & NET_CONN_ONLY))
		c = find(nw, 0, &d->to);
	if (!c && ((d->flags & (NET_NO_CONNECT | NET_CONN_ONLY)) || nw->net->conf.tcp_no_connect))
		return RT_E_CLOSED;
	if (!c)
		err = connect_to(nw, &d->to, sock, &c);
	for (int i = 0; !err && i < n; i++)
		err = queue(c, str_make(iov[i].iov_base, iov[i].iov_len));
	if (err)
		return err;
	nw->net->stats.tcp_out++;
	if (d->flags & NET_CLOSE_AFTER)
		c->close_after = true;
	if (!c->connecting && !flush(c))
		return d->flags & NET_CLOSE_AFTER ? 0 : RT_E_CLOSED;
	return 0;
}

void net_conn_close(struct worker *w, uint64_t conn_id)
{
	struct net_conn *c = find(net_worker_of(w), conn_id, NULL);

	if (!c)
		return;
	c->close_after = true;
	flush(c);
}

bool net_conn_alive(struct worker *w, uint64_t conn_id)
{
	struct list *it, *tmp;

	list_each(it, tmp, &net_worker_of(w)->conns)
		if (container_of(it, struct net_conn, node)->id == conn_id)
			return true;
	return false;
}

uint64_t net_conn_find(struct worker *w, enum proto p, const struct addr *peer)
{
	struct net_conn *c = p == PROTO_TCP ? find(net_worker_of(w), 0, peer) : NULL;

	return c ? c->id : 0;
}

int net_conn_alias(struct worker *w, uint64_t conn_id, uint16_t port)
{
	struct net_conn *c = find(net_worker_of(w), conn_id, NULL);

	if (!c)
		return RT_E_NOENT;
	c->alias_port = port;
	return 0;
}

void net_conn_lifetime(struct worker *w, uint64_t conn_id, uint32_t s)
{
	struct net_conn *c = find(net_worker_of(w), conn_id, NULL);

	if (c)
		timer_start(w, &c->idle, s * 1000, on_idle, c);
}

void net_conn_each(struct worker *w, void (*fn)(void *arg, const struct net_conn_info *i), void *arg)
{
	struct list *it, *tmp;

	list_each(it, tmp, &net_worker_of(w)->conns) {
		struct net_conn *c = container_of(it, struct net_conn, node);
		struct net_conn_info i = {.id = c->id, .proto = PROTO_TCP, .peer = c->peer,
					  .wq_bytes = (uint32_t)c->out_n, .connecting = c->connecting,
					  .outbound = c->outbound};

		fn(arg, &i);
	}
}
