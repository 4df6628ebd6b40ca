/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queue is a binary heap over (due, order of adding). A step runs whatever comes first: a note, a
 * world's own deadline, else the first event; timers due at the moment of an event have run before it,
 * because entering a world runs them. Each step is one wake-up of one world, so nothing depends on
 * anything but the seed and the calls made. The network and each world draw from numbers of their own:
 * a world that asks for more does not change what the network does.
 */
#include "world/sim_priv.h"

#include <string.h>

#include "base/mem.h"
#include "world/world_real.h"

enum { WALL_DEFAULT_S = 1767225600, EVENTS_DEFAULT = 1000000, WINDOW_DEFAULT = 65536 };

void *sim_alloc(size_t n)
{
	bool was = mem_fail_pause(true);
	void *p = mem_alloc(n);

	mem_fail_pause(was);
	return p;
}

/* ---- numbers: splitmix64 ---- */

uint64_t sim_draw(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

uint64_t sim_draw_range(uint64_t *state, uint64_t lo, uint64_t hi)
{
	return lo >= hi ? lo : lo + sim_draw(state) % (hi - lo + 1);
}

bool sim_must_fail(struct sim *s, enum sim_failing kind)
{
	return s->fail[kind] && --s->fail[kind] == 0;
}

void sim_fail_nth(struct sim *s, enum sim_failing kind, uint64_t n)
{
	s->fail[kind] = n;
}

bool sim_fail_pending(const struct sim *s, enum sim_failing kind)
{
	return s->fail[kind] != 0;
}

/* ---- the queue ---- */

static bool before(const struct sim_event *a, const struct sim_event *b)
{
	return a->due != b->due ? a->due < b->due : a->seq < b->seq;
}

static void place(struct sim *s, struct sim_event *e, size_t i)
{
	s->heap[i] = e;
	e->at = i;
}

static void sift_up(struct sim *s, struct sim_event *e, size_t i)
{
	while (i && before(e, s->heap[(i - 1) / 2])) {
		place(s, s->heap[(i - 1) / 2], i);
		i = (i - 1) / 2;
	}
	place(s, e, i);
}

static void sift_down(struct sim *s, struct sim_event *e, size_t i)
{
	for (;;) {
		size_t c = 2 * i + 1;

		if (c + 1 < s->n_heap && before(s->heap[c + 1], s->heap[c]))
			c++;
		if (c >= s->n_heap || !before(s->heap[c], e))
			break;
		place(s, s->heap[c], i);
		i = c;
	}
	place(s, e, i);
}

static bool grow(struct sim *s)
{
	size_t cap = s->cap_heap ? s->cap_heap * 2 : 256;
	bool was = mem_fail_pause(true);
	struct sim_event **p = mem_realloc(s->heap, cap * sizeof(struct sim_event *));

	mem_fail_pause(was);
	if (!p)
		return false;
	s->heap = p;
	s->cap_heap = cap;
	return true;
}

int sim_add(struct sim *s, struct sim_event *e, uint64_t due)
{
	if (s->n_heap == s->cap_heap && !grow(s))
		return RT_E_NOMEM;
	e->due = due;
	e->seq = ++s->seq;
	sift_up(s, e, s->n_heap++);
	return 0;
}

void sim_remove(struct sim *s, struct sim_event *e)
{
	size_t i = e->at;
	struct sim_event *last = s->heap[--s->n_heap];

	if (last == e)
		return;
	if (i && before(last, s->heap[(i - 1) / 2]))
		sift_up(s, last, i);
	else
		sift_down(s, last, i);
}

/* ---- life ---- */

int sim_new(const struct sim_opts *opts, struct sim **ret)
{
	struct sim *s = sim_alloc(sizeof(*s));

	if (!s)
		return RT_E_NOMEM;
	s->o = *opts;
	if (!s->o.wall_start)
		s->o.wall_start = (int64_t)WALL_DEFAULT_S * 1000000;
	if (!s->o.max_events)
		s->o.max_events = EVENTS_DEFAULT;
	if (!s->o.stream_window)
		s->o.stream_window = WINDOW_DEFAULT;
	sim_set_link(s, &opts->link);
	s->rng = opts->seed;
	s->next_port = 49152;
	list_init(&s->worlds);
	list_init(&s->faults);
	list_init(&s->links);
	list_init(&s->names);
	list_init(&s->dns_faults);
	*ret = s;
	return 0;
}

void sim_free(struct sim **ps)
{
	struct sim *s = *ps;

	if (!s)
		return;
	BUG_ON(!list_empty(&s->worlds));
	while (s->n_heap) {
		struct sim_event *e = s->heap[--s->n_heap];

		e->drop(e);
	}
	sim_net_fini(s);
	sim_dns_fini(s);
	mem_free(&s->heap);
	mem_free(ps);
}

static const struct world_ops sim_ops;

struct world *sim_world_new(struct sim *s)
{
	struct world *w = sim_alloc(sizeof(*w));

	if (!w)
		return NULL;
	w->head.ops = &sim_ops;
	w->sim = s;
	w->rng = s->o.seed ^ 0x6b696c6e00000000u * ++s->n_worlds_ever;
	w->notes_end = &w->notes;
	list_init(&w->socks);
	list_init(&w->listeners);
	list_init(&w->streams);
	list_init(&w->queries);
	list_add_tail(&s->worlds, &w->node);
	s->counts.worlds++;
	return w;
}

static void free_world(struct world *w)
{
	struct list *it, *tmp;

	list_each(it, tmp, &w->queries)
		sim_resolve_cancel(container_of(it, struct world_query, node));
	sim_streams_close(w);
	sim_socks_close(w);
	list_del(&w->node);
	w->sim->counts.worlds--;
	mem_free(&w);
}

/* ---- the loop ---- */

void sim_enter(struct world *w)
{
	if (w->hooks.on_wake)
		w->hooks.on_wake(w->hooks_arg);
}

void sim_leave(struct world *w)
{
	if (w->hooks.on_batch_end)
		w->hooks.on_batch_end(w->hooks_arg);
}

static void run_notes(struct world *w)
{
	struct world_note *n = w->notes;

	w->notes = NULL;
	w->notes_end = &w->notes;
	while (n) {
		struct world_note *next = n->next;

		w->sim->counts.notes--;
		n->fn(n);
		n = next;
	}
}

static uint64_t world_due(struct world *w)
{
	if (w->notes)
		return w->sim->now;
	return w->hooks.deadline ? w->hooks.deadline(w->hooks_arg) : WORLD_TIME_NEVER;
}

/* The world that wants to be woken first, in the order of their making. */
static struct world *first_world(struct sim *s, uint64_t *due)
{
	struct world *best = NULL;
	struct list *it, *tmp;

	*due = WORLD_TIME_NEVER;
	list_each(it, tmp, &s->worlds) {
		struct world *w = container_of(it, struct world, node);
		uint64_t d = world_due(w);

		if (d < *due) {
			*due = d;
			best = w;
		}
	}
	return best;
}

uint64_t sim_now(const struct sim *s)
{
	return s->now;
}

uint64_t sim_next(struct sim *s)
{
	uint64_t due;

	first_world(s, &due);
	if (s->n_heap && s->heap[0]->due < due)
		due = s->heap[0]->due;
	return due < s->now ? s->now : due;
}

static void advance(struct sim *s, uint64_t t)
{
	if (t > s->now)
		s->now = t;
}

bool sim_step(struct sim *s)
{
	uint64_t due;
	struct world *w = first_world(s, &due);

	if (w && (!s->n_heap || due <= s->heap[0]->due)) {
		advance(s, due);
		sim_enter(w);
		run_notes(w);
		sim_leave(w);
		return true;
	}
	if (!s->n_heap)
		return false;
	struct sim_event *e = s->heap[0];

	advance(s, e->due);
	sim_remove(s, e);
	e->run(s, e);
	return true;
}

void sim_run_until(struct sim *s, uint64_t t)
{
	while (sim_next(s) <= t && sim_step(s))
		;
	advance(s, t);
}

bool sim_run_idle(struct sim *s, uint64_t t)
{
	uint64_t next;

	while ((next = sim_next(s)) <= t && next != WORLD_TIME_NEVER)
		sim_step(s);
	return next == WORLD_TIME_NEVER;
}

static void run(struct world *w)
{
	while (!w->stop && sim_step(w->sim))
		;
	w->stop = false;
}

static void stop(struct world *w)
{
	w->stop = true;
}

static void post(struct world *w, struct world_note *n)
{
	n->next = NULL;
	*w->notes_end = n;
	w->notes_end = &n->next;
	w->sim->counts.notes++;
}

static void set_hooks(struct world *w, const struct world_hooks *h, void *arg)
{
	w->hooks = h ? *h : (struct world_hooks){0};
	w->hooks_arg = arg;
}

/* ---- clock, randomness, log ---- */

static uint64_t now(struct world *w)
{
	return w->sim->now;
}

static int64_t wall(struct world *w)
{
	return w->sim->o.wall_start + (int64_t)w->sim->now;
}

static void draw_bytes(struct world *w, void *buf, size_t n)
{
	char *p = buf;

	while (n) {
		uint64_t v = sim_draw(&w->rng);
		size_t k = n < sizeof(v) ? n : sizeof(v);

		memcpy(p, &v, k);
		p += k;
		n -= k;
	}
}

static void write_log(struct world *w, int level, struct str line)
{
	struct sim *s = w->sim;

	if (s->log)
		s->log(s->log_arg, s->now, level, line);
	else
		world_real_log(level, line);
}

void sim_set_log(struct sim *s, sim_log_fn *fn, void *arg)
{
	s->log = fn;
	s->log_arg = arg;
}

void sim_set_tap(struct sim *s, sim_tap_fn *fn, void *arg)
{
	s->tap = fn;
	s->tap_arg = arg;
}

void sim_tell(struct sim *s, enum proto p, const struct addr *from, const struct addr *to, struct str bytes)
{
	if (s->tap)
		s->tap(s->tap_arg, s->now, p, from, to, bytes);
}

void sim_get_counts(const struct sim *s, struct sim_counts *ret)
{
	*ret = s->counts;
	ret->events = s->n_heap;
}

/* ---- what a simulated world does not have ---- */

static int watch_fd(struct world *w, int fd, int events, world_watch_fn *fn, void *arg, struct world_watch **ret)
{
	(void)w;
	(void)fd;
	(void)events;
	(void)fn;
	(void)arg;
	(void)ret;
	return RT_E_UNSUPP;
}

static void watch_change(struct world_watch *x, int events)
{
	(void)x;
	(void)events;
	BUG_ON(true);
}

static void watch_close(struct world_watch *x)
{
	(void)x;
	BUG_ON(true);
}

static void get_stats(const struct world *w, struct world_stats *ret)
{
	*ret = w->stats;
}

static const struct world_ops sim_ops = {
	.is_sim = true,
	.free = free_world,
	.now = now,
	.wall = wall,
	.random = draw_bytes,
	.udp_open = sim_udp_open,
	.udp_close = sim_udp_close,
	.udp_addr = sim_udp_addr,
	.udp_send = sim_udp_send,
	.source_addr = sim_source_addr,
	.tcp_listen = sim_tcp_listen,
	.listener_close = sim_listener_close,
	.listener_addr = sim_listener_addr,
	.stream_accept = sim_stream_accept,
	.tcp_connect = sim_tcp_connect,
	.stream_write = sim_stream_write,
	.stream_local = sim_stream_local,
	.stream_peer = sim_stream_peer,
	.stream_keepalive = sim_stream_keepalive,
	.stream_pause = sim_stream_pause,
	.stream_close = sim_stream_close,
	.dns_config = sim_dns_config,
	.resolve = sim_resolve,
	.resolve_cancel = sim_resolve_cancel,
	.watch_fd = watch_fd,
	.watch_change = watch_change,
	.watch_close = watch_close,
	.post = post,
	.set_hooks = set_hooks,
	.run = run,
	.stop = stop,
	.log = write_log,
	.get_stats = get_stats,
};
