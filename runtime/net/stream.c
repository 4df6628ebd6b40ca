/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections: accepting within the budgets, reading, framing, their times, their end.
 *
 * Three timers bound what a peer can hold: `idle` (connecting, the first byte, then silence), `msg`
 * (a message that has begun: its header, all of it, and each pause in it) and `drain` (a queue that the
 * peer does not take). The idle one is not moved with each byte: when it fires it looks at the last.
 */
#include "core/fiber.h"
#include "net/net_priv.h"

enum { READ_FIRST = 4096 };

unsigned net_conn_worker(const struct net *n, uint64_t id)
{
	return n->workers > 1 && id ? (unsigned)((id - 1) % n->workers) : 0;
}

static void describe(const struct net_conn *c, struct net_conn_info *i)
{
	uint64_t now = worker_now(c->nw->w);

	*i = (struct net_conn_info){.id = c->id, .proto = PROTO_TCP, .peer = c->peer, .local = c->sock->addr,
				    .sock = c->sock,
				    .lifetime_s = c->lifetime_ms / 1000, .wq_bytes = (uint32_t)c->out_n,
				    .connecting = c->connecting, .outbound = c->outbound,
				    .marked = c->want_event, .aliases = c->n_alias};
	if (c->stream && !c->connecting)
		i->local = *world_stream_local(c->stream);
	i->idle_s = (uint32_t)((now - c->active_us) / 1000000);
	if (timer_armed(&c->idle))
		i->left_s = timer_left(&c->idle) / 1000;
}

static void notify(struct net_conn *c, enum net_conn_event e)
{
	struct net_conn_info i;

	if (!c->nw->n_observers)
		return;
	describe(c, &i);
	for (unsigned k = 0; k < c->nw->n_observers; k++)
		c->nw->observer[k](c->nw->w, e, &i);
}

struct net_conn *net_conn_new(struct net_worker *nw, const struct net_socket *sock, const struct addr *peer)
{
	struct net *n = nw->net;
	struct net_conn *c = NULL;

	if (atomic_fetch_add(&n->n_conns, 1) < n->conf.tcp_max_connections)
		c = mem_alloc(sizeof(*c));
	if (!c) {
		atomic_fetch_sub(&n->n_conns, 1);
		net_count(nw, N_TCP_REFUSED, 1);
		return NULL;
	}
	c->nw = nw;
	c->sock = sock;
	c->peer = *peer;
	c->id = atomic_fetch_add(&n->next_conn, 1) * n->workers + worker_index(nw->w) + 1;
	c->lifetime_ms = n->conf.tcp_connection_lifetime * 1000;
	c->born_us = c->active_us = worker_now(nw->w);
	c->by_peer.peer = *peer;
	c->by_peer.proto = PROTO_TCP;
	net_conntab_add(n->conns, &c->by_id, c);
	list_add_head(&nw->conns, &c->node);
	return c;
}

void net_conn_free(struct net_conn *c, enum net_conn_event why)
{
	struct net *n = c->nw->net;

	timer_stop(&c->idle);
	timer_stop(&c->msg);
	timer_stop(&c->drain);
	list_del(&c->node);
	net_conntab_del(n->conns, &c->by_id);
	net_conntab_del(n->conns, &c->by_peer);
	for (unsigned i = 0; i < c->n_alias; i++)
		net_conntab_del(n->conns, &c->alias[i]);
	if (c->counted)
		net_conntab_share_give(n->conns, &c->peer);
	if (!c->connecting)
		notify(c, why);
	if (c->stream)
		world_stream_close(&c->stream, why != NET_CONN_CLOSED || n->conf.tcp_close_rst);
	net_conn_fail_queued(c, why == NET_CONN_TIMEOUT ? RT_E_TIMEOUT : c->connecting ? RT_E_IO : RT_E_CLOSED);
	atomic_fetch_sub(&n->wq_bytes, c->out_n);
	atomic_fetch_sub(&n->n_conns, 1);
	mem_free(&c->in);
	mem_free(&c->out);
	mem_free(&c->q);
	mem_free(&c->alias);
	mem_free(&c);
}

void net_conn_retire(struct net_conn *c)
{
	c->close_after = true;
	net_conntab_del(c->nw->net->conns, &c->by_peer);
	for (unsigned i = 0; i < c->n_alias; i++)
		net_conntab_del(c->nw->net->conns, &c->alias[i]);
}

/* ---- times ---- */

static void timed_out(struct net_conn *c)
{
	net_count(c->nw, N_TCP_TIMEOUTS, 1);
	if (c->connecting)
		net_count(c->nw, N_TCP_CONNECT_FAILED, 1);
	net_conn_free(c, NET_CONN_TIMEOUT);
}

static void on_idle(void *arg)
{
	struct net_conn *c = arg;
	uint64_t idle_ms = (worker_now(c->nw->w) - c->active_us) / 1000;

	if (c->connecting || c->silent || idle_ms >= c->lifetime_ms)
		timed_out(c);
	else
		timer_start(c->nw->w, &c->idle, (uint32_t)(c->lifetime_ms - idle_ms), on_idle, c);
}

void net_conn_touch(struct net_conn *c)
{
	c->active_us = worker_now(c->nw->w);
	if (c->silent) {
		c->silent = false;
		timer_start(c->nw->w, &c->idle, c->lifetime_ms, on_idle, c);
	}
}

static void start_idle(struct net_conn *c)
{
	uint32_t first = c->nw->net->conf.tcp_first_byte_timeout * 1000;

	c->silent = !c->outbound && first && first < c->lifetime_ms;
	timer_start(c->nw->w, &c->idle, c->silent ? first : c->lifetime_ms, on_idle, c);
}

static void on_msg_late(void *arg)
{
	timed_out(arg);
}

static uint32_t at_most(uint32_t left, uint64_t since_us, uint64_t now, uint32_t limit_s)
{
	uint64_t gone = (now - since_us) / 1000, limit = (uint64_t)limit_s * 1000;
	uint64_t mine = gone < limit ? limit - gone : 0;

	return limit_s && mine < left ? (uint32_t)mine : left;
}

/* A part of a message is there: when must the rest have come? */
static void watch_message(struct net_conn *c, bool head_seen)
{
	const struct net_conf *conf = &c->nw->net->conf;
	uint64_t now = worker_now(c->nw->w);
	uint32_t left = UINT32_MAX;

	if (!c->msg_us)
		c->msg_us = now;
	left = at_most(left, c->msg_us, now, conf->tcp_msg_read_timeout);
	left = at_most(left, now, now, conf->tcp_msg_data_timeout);
	if (!head_seen)
		left = at_most(left, c->msg_us, now, conf->tcp_header_timeout);
	if (left != UINT32_MAX)
		timer_start(c->nw->w, &c->msg, left, on_msg_late, c);
}

/* ---- reading ---- */

static struct msg_origin origin_of(struct net_conn *c)
{
	const struct addr *local = c->stream ? world_stream_local(c->stream) : &c->sock->addr;

	return (struct msg_origin){.proto = PROTO_TCP, .src = c->peer, .dst = *local, .sock = c->sock,
				   .conn_id = c->id, .wall_us = worker_wall(c->nw->w)};
}

/* CRLF between messages: two of them are a ping, answered by one (RFC 5626 4.4.1). */
static size_t skip_crlf(struct net_conn *c, size_t at)
{
	while (at < c->in_n && (c->in[at] == '\r' || c->in[at] == '\n')) {
		at++;
		if (++c->crlf < 4)
			continue;
		c->crlf = 0;
		notify(c, NET_CONN_PING);
		if (c->nw->net->conf.tcp_crlf_ping)
			(void)net_conn_queue(c, S("\r\n"));
	}
	if (at < c->in_n)
		c->crlf = 0;
	return at;
}

/* What is at the front of the buffer is answered, if it can be, and the connection closes. */
static void end_badly(struct net_conn *c, enum net_bad why, bool tell)
{
	struct msg_origin o = origin_of(c);
	struct net_worker *nw = c->nw;
	uint64_t id = c->id;

	if (tell && nw->net->h.bad)
		nw->net->h.bad(nw->w, &o, why, c->in, c->in_n);
	if (net_conntab_get(nw->net->conns, id) != c)
		return;
	net_conn_retire(c);
	net_conn_flush(c);
}

/*
 * A stream that lost its framing closes. What came before may be with other workers still; a note visits
 * each of them behind the messages handed over, and comes home behind what they sent.
 */
struct round_trip {
	struct net_worker *home;
	uint64_t id;
	enum net_bad why;
	bool tell; /* the handler; false: it has refused a message itself */
	unsigned next; /* the worker to visit */
};

static bool travel(struct worker *w, struct round_trip *t);

static void visit(struct worker *w, void *arg)
{
	struct round_trip *t = arg;
	struct net_conn *c;

	if (travel(w, t))
		return;
	c = net_conntab_get(t->home->net->conns, t->id);
	if (c)
		end_badly(c, t->why, t->tell);
	mem_free(&t);
}

/* On to the next worker, at last home; false: it is there. One that cannot go home is lost: the idle timer closes. */
static bool travel(struct worker *w, struct round_trip *t)
{
	struct net *n = t->home->net;

	while (t->next < n->workers) {
		struct net_worker *to = atomic_load(&n->at[t->next++]);

		if (to && to != t->home && worker_post(to->w, visit, t) == 0)
			return true;
	}
	if (w == t->home->w)
		return false;
	if (worker_post(t->home->w, visit, t))
		mem_free(&t);
	return true;
}

/* Close behind the answers to what came before. */
static void end_behind(struct net_conn *c, enum net_bad why, bool tell)
{
	struct round_trip *t = c->nw->net->workers > 1 ? mem_alloc(sizeof(*t)) : NULL;

	c->deaf = true;
	timer_stop(&c->msg);
	net_handover_flush(c->nw);
	if (t) {
		*t = (struct round_trip){.home = c->nw, .id = c->id, .why = why, .tell = tell};
		if (travel(c->nw->w, t))
			return;
		mem_free(&t);
	}
	end_badly(c, why, tell);
}

static void bad_frame(struct net_conn *c, enum net_bad why, size_t at)
{
	net_count(c->nw, N_TCP_BAD, 1);
	memmove(c->in, c->in + at, c->in_n - at);
	c->in_n -= at;
	end_behind(c, why, true);
}

/* Hand over whole messages. The handler may close this connection: false when it did. */
static bool deliver(struct net_conn *c)
{
	struct net_worker *nw = c->nw;
	uint64_t id = c->id;
	size_t at = 0;
	long n = 0;

	while (!c->close_after && !c->deaf && (at = skip_crlf(c, at)) < c->in_n) {
		struct msg_origin o = origin_of(c);

		n = net_frame(&nw->net->conf, c->in + at, c->in_n - at);
		if (n < 0) {
			bad_frame(c, (enum net_bad)(-n - 100), at);
			return false;
		}
		if (n == 0)
			break;
		net_count(nw, N_TCP_IN, 1);
		c->msg_us = 0;
		timer_stop(&c->msg);
		net_dispatch(nw, nw->net->h.message, &o, c->in + at, (size_t)n);
		if (net_conntab_get(nw->net->conns, id) != c)
			return false;
		at += (size_t)n;
	}
	memmove(c->in, c->in + at, c->in_n - at);
	c->in_n -= at;
	if (c->in_n)
		watch_message(c, net_frame_has_head(c->in, c->in_n));
	return true;
}

static bool make_room(struct net_conn *c, size_t max)
{
	size_t cap = c->in_cap ? c->in_cap * 2 : READ_FIRST;
	char *p;

	if (c->in_n + 1 < c->in_cap)
		return true;
	if (!c->in && c->nw->spare.in) {
		c->in = c->nw->spare.in;
		c->nw->spare.in = NULL;
		c->in_cap = READ_FIRST;
		return true;
	}
	if (cap > max)
		cap = max;
	p = cap > c->in_cap ? mem_realloc(c->in, cap) : NULL;
	if (!p)
		return false;
	c->in = p;
	c->in_cap = cap;
	return true;
}

/* An idle connection holds no buffer. */
static void let_go(struct net_conn *c)
{
	if (c->in_n)
		return;
	if (c->in_cap == READ_FIRST && !c->nw->spare.in) {
		c->nw->spare.in = c->in;
		c->in = NULL;
	}
	mem_free(&c->in);
	c->in_cap = 0;
}

static void on_data(void *arg, struct world_stream *s, char *p, size_t n)
{
	struct net_conn *c = arg;
	size_t max = net_stream_msg_max(&c->nw->net->conf) + READ_FIRST;

	(void)s;
	net_conn_touch(c);
	while (n && !c->close_after && !c->deaf) {
		size_t take;

		if (!make_room(c, max)) {
			net_conn_free(c, NET_CONN_RESET);
			return;
		}
		take = c->in_cap - 1 - c->in_n; /* one spare byte behind */
		take = n < take ? n : take;
		memcpy(c->in + c->in_n, p, take);
		c->in_n += take;
		p += take;
		n -= take;
		if (!deliver(c))
			return;
	}
	let_go(c);
	net_conn_flush(c);
}

/* ---- opening, closing ---- */

static void on_open(void *arg, struct world_stream *s)
{
	struct net_conn *c = arg;

	(void)s;
	c->connecting = false;
	c->active_us = worker_now(c->nw->w);
	net_count(c->nw, N_TCP_ESTABLISHED, 1);
	start_idle(c);
	notify(c, NET_CONN_OPENED);
	net_conn_flush(c);
}

static void on_writable(void *arg, struct world_stream *s)
{
	(void)s;
	net_conn_flush(arg);
}

static void on_close(void *arg, struct world_stream *s, int err)
{
	struct net_conn *c = arg;

	(void)s;
	c->stream = NULL; /* it is gone already */
	if (c->connecting)
		net_count(c->nw, N_TCP_CONNECT_FAILED, 1);
	else if (err)
		net_count(c->nw, N_TCP_RESETS, 1);
	net_conn_free(c, err == RT_E_TIMEOUT ? NET_CONN_TIMEOUT : err ? NET_CONN_RESET : NET_CONN_CLOSED);
}

const struct world_stream_ops net_stream_ops = {on_open, on_data, on_writable, on_close};

void net_stream_accept(void *arg, struct world_listener *l, struct world_stream *s, const struct addr *from)
{
	struct net_port *p = arg;
	struct net *n = p->nw->net;
	struct net_conn *c;

	(void)l;
	if (!net_conntab_share_take(n->conns, from, n->conf.tcp_accept_iplimit)) {
		net_count(p->nw, N_TCP_REFUSED, 1);
		return;
	}
	c = net_conn_new(p->nw, p->sock, from);
	if (!c) {
		net_conntab_share_give(n->conns, from);
		return;
	}
	c->counted = true;
	c->stream = s;
	net_conntab_add(n->conns, &c->by_peer, c);
	net_count(p->nw, N_TCP_ACCEPTED, 1);
	world_stream_accept(s, &net_stream_ops, c);
	if (n->conf.tcp_keepalive)
		(void)world_stream_keepalive(s, n->conf.tcp_keepidle ? (int)n->conf.tcp_keepidle : -1,
					     (int)n->conf.tcp_keepintvl, (int)n->conf.tcp_keepcnt);
	start_idle(c);
	notify(c, NET_CONN_OPENED);
}

/* ---- what others ask of a connection; it may be another worker's ---- */

enum ask { ASK_CLOSE, ASK_CLOSE_BEHIND, ASK_ALIAS, ASK_LIFETIME, ASK_MARK, ASK_KEEPALIVE };

struct request {
	uint64_t id;
	enum ask what;
	uint32_t value;
	int idle, intvl, cnt;
};

static int add_alias(struct net_conn *c, uint16_t port)
{
	struct net_conn_key *k;

	if (port == c->peer.port)
		return 0;
	for (unsigned i = 0; i < c->n_alias; i++)
		if (c->alias[i].peer.port == port)
			return 0;
	if (c->n_alias == NET_CONN_ALIASES)
		return RT_E_LIMIT;
	if (!c->alias)
		c->alias = mem_calloc(NET_CONN_ALIASES, sizeof(*c->alias));
	if (!c->alias)
		return RT_E_NOMEM;
	k = &c->alias[c->n_alias];
	k->peer = c->peer;
	k->peer.port = port;
	k->proto = PROTO_TCP;
	if (net_conntab_claim(c->nw->net->conns, k, c))
		return RT_E_EXIST; /* somebody else's: not taken away from it (RFC 5923 section 6) */
	c->n_alias++;
	return 0;
}

static int act(struct net_worker *nw, const struct request *r)
{
	struct net_conn *c = net_conntab_get(nw->net->conns, r->id);

	if (!c)
		return RT_E_NOENT;
	switch (r->what) {
	case ASK_CLOSE:
		net_conn_retire(c);
		net_conn_flush(c);
		return 0;
	case ASK_CLOSE_BEHIND:
		if (!c->deaf && !c->close_after)
			end_behind(c, NET_BAD_SYNTAX, false);
		return 0;
	case ASK_ALIAS:
		return add_alias(c, (uint16_t)r->value);
	case ASK_LIFETIME:
		c->lifetime_ms = r->value > TIMER_MAX_MS / 1000 ? TIMER_MAX_MS : r->value * 1000;
		c->active_us = worker_now(nw->w);
		c->silent = false;
		timer_start(nw->w, &c->idle, c->lifetime_ms, on_idle, c);
		return 0;
	case ASK_MARK:
		c->want_event = true;
		return 0;
	case ASK_KEEPALIVE:
		return world_stream_keepalive(c->stream, r->idle, r->intvl, r->cnt);
	}
	return 0;
}

static void act_there(struct worker *w, void *arg)
{
	struct request *r = arg;

	if (net_worker_of(w))
		(void)act(net_worker_of(w), r);
	mem_free(&r);
}

/* Here and now, or posted to the connection's worker: then only its existence is known. */
static int ask(struct worker *w, const struct request *r)
{
	struct net_worker *nw = net_worker_of(w);
	unsigned at = net_conn_worker(nw->net, r->id);
	struct request *copy;
	int err;

	if (at == worker_index(w))
		return act(nw, r);
	if (!net_conntab_get(nw->net->conns, r->id))
		return RT_E_NOENT;
	copy = mem_alloc(sizeof(*copy));
	if (!copy)
		return RT_E_NOMEM;
	*copy = *r;
	err = worker_post(worker_peer(w, at), act_there, copy);
	if (err)
		mem_free(&copy);
	return err;
}

void net_conn_close(struct worker *w, uint64_t id)
{
	(void)ask(w, &(struct request){.id = id, .what = ASK_CLOSE});
}

void net_conn_close_behind(struct worker *w, uint64_t id)
{
	(void)ask(w, &(struct request){.id = id, .what = ASK_CLOSE_BEHIND});
}

int net_conn_alias(struct worker *w, uint64_t id, uint16_t port)
{
	return ask(w, &(struct request){.id = id, .what = ASK_ALIAS, .value = port});
}

int net_conn_lifetime(struct worker *w, uint64_t id, uint32_t s)
{
	return ask(w, &(struct request){.id = id, .what = ASK_LIFETIME, .value = s});
}

int net_conn_mark(struct worker *w, uint64_t id)
{
	return ask(w, &(struct request){.id = id, .what = ASK_MARK});
}

int net_conn_keepalive(struct worker *w, uint64_t id, int idle, int intvl, int cnt)
{
	return ask(w, &(struct request){.id = id, .what = ASK_KEEPALIVE, .idle = idle, .intvl = intvl, .cnt = cnt});
}

bool net_conn_alive(struct worker *w, uint64_t id)
{
	return id && net_conntab_get(net_worker_of(w)->net->conns, id);
}

uint64_t net_conn_find(struct worker *w, enum proto p, const struct addr *peer)
{
	return net_conntab_find(net_worker_of(w)->net->conns, p, peer);
}

struct lookup {
	uint64_t id;
	struct net_conn_info *ret;
	bool found;
};

static void look_there(struct worker *w, void *arg)
{
	struct lookup *x = arg;
	struct net_conn *c = net_conntab_get(net_worker_of(w)->net->conns, x->id);

	if (!c)
		return;
	describe(c, x->ret);
	x->found = true;
}

int net_conn_info_await(struct worker *w, uint64_t id, struct net_conn_info *ret)
{
	struct lookup x = {.id = id, .ret = ret};
	unsigned at = net_conn_worker(net_of(w), id);
	int err = at == worker_index(w) ? 0 : worker_call_await(worker_peer(w, at), look_there, &x);

	if (at == worker_index(w))
		look_there(w, &x);
	return err ? err : x.found ? 0 : RT_E_NOENT;
}

void net_conn_each(struct worker *w, void (*fn)(void *arg, const struct net_conn_info *i), void *arg)
{
	struct list *it, *tmp;

	list_each(it, tmp, &net_worker_of(w)->conns) {
		struct net_conn_info i;

		describe(container_of(it, struct net_conn, node), &i);
		fn(arg, &i);
	}
}
