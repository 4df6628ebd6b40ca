/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams: a pipe with two ends. Bytes and the ends of a side travel as events in order; a side may have
 * `stream_window` bytes under way. The pipe lives until both ends are closed and nothing of it is under
 * way. An end that its world closed gets no callback; what still comes to it is dropped.
 */
#include "world/sim_priv.h"

#include <string.h>

#include "base/mem.h"

enum { CONNECT_DEFAULT_MS = 127000 }; /* what Linux does with its six SYNs */

struct pipe;

struct world_stream {
	struct world_head head;
	struct list node; /* world.streams while open */
	struct pipe *pipe;
	struct world *w;
	struct addr local, peer;
	const struct world_stream_ops *ops;
	void *arg;
	bool open;      /* its owner holds it */
	bool connected, paused, want_write, trap;
	size_t under_way; /* written here, not yet taken over there */
	uint64_t last_due;
	struct list held; /* packets that wait while paused */
};

struct pipe {
	struct sim *s;
	unsigned refs; /* open ends and packets */
	struct world_stream end[2];
};

enum kind { PK_SYN, PK_ACCEPTED, PK_REFUSED, PK_DATA, PK_CREDIT, PK_END };

/* One thing on its way to `to`. */
struct packet {
	struct sim_event e;
	struct list node; /* held */
	struct world_stream *to;
	enum kind kind;
	int err;
	bool dead; /* its sender reset the stream */
	size_t n;
	char bytes[];
};

struct world_listener {
	struct world_head head;
	struct list node; /* world.listeners */
	struct world *w;
	struct addr addr;
	bool reuse_port;
	world_accept_fn *fn;
	void *arg;
};

static void arrive(struct sim *s, struct sim_event *e);

static void pipe_unref(struct pipe *p)
{
	if (--p->refs == 0)
		mem_free(&p);
}

static struct world_stream *other(struct world_stream *s)
{
	return &s->pipe->end[s == &s->pipe->end[0]];
}

static void packet_free(struct packet *k)
{
	struct pipe *p = k->to->pipe;

	list_del(&k->node);
	mem_free(&k);
	pipe_unref(p);
}

static void packet_drop(struct sim_event *e)
{
	packet_free(container_of(e, struct packet, e));
}

/* NULL when memory is out. In order behind what went the same way before. */
static struct packet *launch(struct world_stream *to, enum kind kind, const void *bytes, size_t n, uint64_t delay)
{
	struct sim *s = to->pipe->s;
	struct packet *k = sim_alloc(sizeof(*k) + n + 1);
	uint64_t due = s->now + delay;

	if (!k)
		return NULL;
	list_init(&k->node);
	k->e.run = arrive;
	k->e.drop = packet_drop;
	k->to = to;
	k->kind = kind;
	k->n = n;
	if (n)
		memcpy(k->bytes, bytes, n);
	if (due < to->last_due)
		due = to->last_due;
	if (sim_add(s, &k->e, due)) {
		mem_free(&k);
		return NULL;
	}
	to->last_due = due;
	to->pipe->refs++;
	return k;
}

static void end_closed(struct world_stream *s)
{
	struct list *it, *tmp;

	s->open = false;
	list_del(&s->node);
	list_each(it, tmp, &s->held)
		packet_free(container_of(it, struct packet, node));
	s->w->stats.streams_open--;
	s->w->sim->counts.streams--;
	pipe_unref(s->pipe);
}

/* The owner is told that it is over. */
static void end_lost(struct world_stream *s, int err)
{
	const struct world_stream_ops *ops = s->ops;
	struct pipe *p = s->pipe;

	p->refs++;
	end_closed(s);
	if (ops && ops->on_close)
		ops->on_close(s->arg, s, err);
	pipe_unref(p);
}

static void end_open(struct world_stream *s, struct world *w)
{
	s->head = w->head;
	s->w = w;
	s->open = true;
	list_init(&s->held);
	list_add_tail(&w->streams, &s->node);
	w->stats.streams_open++;
	w->sim->counts.streams++;
	s->pipe->refs++;
}

/* ---- listeners ---- */

static struct world_listener *listener(const struct sim *s, const struct addr *a, bool any, unsigned *nth)
{
	struct list *wi, *wt, *it, *tmp;

	list_each(wi, wt, &s->worlds) {
		struct world *w = container_of(wi, struct world, node);

		list_each(it, tmp, &w->listeners) {
			struct world_listener *l = container_of(it, struct world_listener, node);
			bool hit = any ? addr_is_any(&l->addr) && l->addr.family == a->family &&
						 l->addr.port == a->port
				       : addr_eq(&l->addr, a);

			if (hit && (*nth)-- == 0)
				return l;
		}
	}
	return NULL;
}

bool sim_tcp_bound(const struct sim *s, const struct addr *a)
{
	unsigned nth = 0;

	return listener(s, a, false, &nth) != NULL;
}

void sim_listener_source(struct world *w, const struct addr *to, struct addr *best, unsigned *bits)
{
	struct list *it, *tmp;

	list_each(it, tmp, &w->listeners) {
		struct world_listener *l = container_of(it, struct world_listener, node);
		unsigned b = addr_is_any(&l->addr) ? 0 : sim_common_bits(&l->addr, to);

		if (l->addr.family == to->family && (!best->family || b > *bits)) {
			*best = l->addr;
			*bits = b;
		}
	}
}

int sim_tcp_listen(struct world *w, const struct addr *addr, const struct world_tcp_opts *o,
		   world_accept_fn *fn, void *arg, struct world_listener **ret)
{
	struct world_listener *l, *first;
	struct addr a = *addr;
	unsigned nth = 0;

	while (!a.port || (!addr->port && sim_tcp_bound(w->sim, &a)))
		a.port = sim_free_port(w->sim);
	first = listener(w->sim, &a, false, &nth);
	if (first && !(o && o->reuse_port && first->reuse_port))
		return RT_E_IO;
	l = sim_alloc(sizeof(*l));
	if (!l)
		return RT_E_NOMEM;
	l->head = w->head;
	l->w = w;
	l->addr = a;
	l->reuse_port = o && o->reuse_port;
	l->fn = fn;
	l->arg = arg;
	list_add_tail(&w->listeners, &l->node);
	w->sim->counts.listeners++;
	*ret = l;
	return 0;
}

void sim_listener_close(struct world_listener *l)
{
	list_del(&l->node);
	l->w->sim->counts.listeners--;
	mem_free(&l);
}

const struct addr *sim_listener_addr(const struct world_listener *l)
{
	return &l->addr;
}

void sim_stream_accept(struct world_stream *s, const struct world_stream_ops *ops, void *arg)
{
	s->ops = ops;
	s->arg = arg;
}

static struct world_listener *listener_for(struct sim *s, const struct addr *to, const struct addr *from)
{
	unsigned n = UINT32_MAX, nth;
	struct world_listener *l;

	listener(s, to, false, &n);
	n = UINT32_MAX - n;
	nth = n > 1 ? (unsigned)(addr_hash(from) % n) : 0;
	l = listener(s, to, n == 0, &nth);
	return l;
}

/* The connect reached the other side. */
static void syn_arrives(struct sim *s, struct world_stream *to)
{
	struct world_stream *from = other(to);
	enum sim_fault f = sim_fault_of(s, &from->peer);
	struct world_listener *l = f == SIM_REFUSED ? NULL : listener_for(s, &from->peer, &from->local);
	struct packet *k;
	struct world *w;

	if (f == SIM_LOST || !from->open)
		return;
	if (f != SIM_RESET && (!l || sim_must_fail(s, SIM_FAIL_ACCEPT))) {
		k = launch(from, PK_REFUSED, NULL, 0, sim_latency(s, &from->local));
		if (k)
			k->err = RT_E_IO;
		return;
	}
	launch(from, PK_ACCEPTED, NULL, 0, sim_latency(s, &from->local));
	if (f == SIM_RESET) {
		to->trap = true;
		return;
	}
	w = l->w;
	end_open(to, w);
	to->connected = true;
	to->local = from->peer;
	to->peer = from->local;
	sim_enter(w);
	l->fn(l->arg, l, to, &to->peer);
	if (to->open && !to->ops)
		sim_stream_close(to, true);
	sim_leave(w);
}

/* ---- data ---- */

static void data_taken(struct packet *k)
{
	struct world_stream *from = other(k->to), *to = k->to;

	from->under_way -= k->n;
	if (from->open && from->want_write)
		launch(from, PK_CREDIT, NULL, 0, sim_latency(to->pipe->s, &from->local));
	to->ops->on_data(to->arg, to, k->bytes, k->n);
}

/* Packet for an open end; true when it was kept for later. */
static bool handle(struct packet *k)
{
	struct world_stream *to = k->to;

	switch (k->kind) {
	case PK_ACCEPTED:
		to->connected = true;
		if (to->ops->on_open)
			to->ops->on_open(to->arg, to);
		if (to->open && to->want_write) {
			to->want_write = false;
			if (to->ops->on_writable)
				to->ops->on_writable(to->arg, to);
		}
		return false;
	case PK_CREDIT:
		if (to->want_write) {
			to->want_write = false;
			if (to->ops->on_writable)
				to->ops->on_writable(to->arg, to);
		}
		return false;
	case PK_DATA:
	case PK_END:
		if (to->paused) {
			list_add_tail(&to->held, &k->node);
			return true;
		}
		if (k->kind == PK_DATA)
			data_taken(k);
		else
			end_lost(to, k->err);
		return false;
	case PK_REFUSED:
		end_lost(to, k->err);
		return false;
	case PK_SYN:
		break;
	}
	return false;
}

static void arrive(struct sim *s, struct sim_event *e)
{
	struct packet *k = container_of(e, struct packet, e);
	struct world_stream *to = k->to;
	bool kept = false;

	if (k->kind == PK_SYN) {
		syn_arrives(s, to);
	} else if (to->open && !k->dead) {
		struct world *w = to->w;

		sim_enter(w);
		if (to->open) /* timers that just ran may have closed it */
			kept = handle(k);
		sim_leave(w);
	} else if (to->trap && k->kind == PK_DATA && other(to)->open) {
		struct packet *r = launch(other(to), PK_END, NULL, 0, sim_latency(s, &other(to)->local));

		if (r)
			r->err = RT_E_CLOSED;
	}
	if (!kept)
		packet_free(k);
}

/* ---- the owner's calls ---- */

int sim_tcp_connect(struct world *w, const struct addr *to, const struct world_tcp_opts *o,
		    const struct world_stream_ops *ops, void *arg, struct world_stream **ret)
{
	struct sim *s = w->sim;
	uint64_t limit = o && o->connect_ms ? (uint64_t)o->connect_ms : CONNECT_DEFAULT_MS;
	struct world_stream *x;
	struct packet *k;
	struct pipe *p;

	if (sim_must_fail(s, SIM_FAIL_CONNECT))
		return RT_E_IO;
	p = sim_alloc(sizeof(*p));
	if (!p)
		return RT_E_NOMEM;
	p->s = s;
	p->refs = 1; /* ours until all is said */
	p->end[0].pipe = p->end[1].pipe = p;
	list_init(&p->end[1].held);
	list_init(&p->end[1].node);
	x = &p->end[0];
	end_open(x, w);
	x->ops = ops;
	x->arg = arg;
	x->peer = *to;
	if (o && o->source && o->source->family)
		x->local = *o->source;
	else if (sim_source_addr(w, to, &x->local))
		x->local = *to; /* a world with no address of its own sits on the peer's host */
	if (!x->local.port)
		x->local.port = sim_free_port(s);
	k = launch(&p->end[1], PK_SYN, NULL, 0, sim_latency(s, to));
	if (k && sim_fault_of(s, to) == SIM_LOST) {
		struct packet *late = launch(x, PK_REFUSED, NULL, 0, limit * 1000);

		if (late)
			late->err = RT_E_TIMEOUT;
	}
	if (!k)
		end_closed(x);
	pipe_unref(p);
	if (!k)
		return RT_E_NOMEM;
	*ret = x;
	return 0;
}

ssize_t sim_stream_write(struct world_stream *x, const void *p, size_t n)
{
	struct sim *s = x->pipe->s;
	size_t room = s->o.stream_window - x->under_way, take = n < room ? n : room;

	if (!x->open || sim_must_fail(s, SIM_FAIL_WRITE))
		return RT_E_CLOSED;
	if (!x->connected)
		take = 0;
	if (take && !launch(other(x), PK_DATA, p, take, sim_latency(s, &x->peer)))
		take = 0;
	x->under_way += take;
	if (take)
		sim_tell(s, PROTO_TCP, &x->local, &x->peer, str_make(p, take));
	if (take < n)
		x->want_write = true;
	return (ssize_t)take;
}

const struct addr *sim_stream_local(const struct world_stream *s)
{
	return &s->local;
}

const struct addr *sim_stream_peer(const struct world_stream *s)
{
	return &s->peer;
}

/* Nothing to see: peers of a simulation do not vanish silently. */
int sim_stream_keepalive(struct world_stream *s, int idle, int intvl, int cnt)
{
	(void)s;
	(void)idle;
	(void)intvl;
	(void)cnt;
	return 0;
}

void sim_stream_pause(struct world_stream *s, bool pause)
{
	struct list *it, *tmp;

	s->paused = pause;
	if (pause)
		return;
	/* callbacks come from the loop: what was held arrives anew, now */
	list_each(it, tmp, &s->held) {
		struct packet *k = container_of(it, struct packet, node);

		list_del(it);
		if (sim_add(s->pipe->s, &k->e, s->pipe->s->now))
			packet_free(k);
	}
}

/* What the resetting side sent and has not arrived is lost. */
static void kill_under_way(struct world_stream *to)
{
	struct sim *s = to->pipe->s;

	for (size_t i = 0; i < s->n_heap; i++)
		if (s->heap[i]->run == arrive) {
			struct packet *k = container_of(s->heap[i], struct packet, e);

			k->dead |= k->to == to && k->kind == PK_DATA;
		}
}

void sim_stream_close(struct world_stream *x, bool reset)
{
	struct world_stream *peer = other(x);
	struct packet *k;

	if (!x->open)
		return;
	if (reset)
		kill_under_way(peer);
	k = launch(peer, PK_END, NULL, 0, sim_latency(x->pipe->s, &x->peer));
	if (k)
		k->err = reset ? RT_E_CLOSED : 0;
	end_closed(x);
}

void sim_streams_close(struct world *w)
{
	while (!list_empty(&w->streams))
		sim_stream_close(container_of(w->streams.next, struct world_stream, node), true);
	while (!list_empty(&w->listeners))
		sim_listener_close(container_of(w->listeners.next, struct world_listener, node));
}
