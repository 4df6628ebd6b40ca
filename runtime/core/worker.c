/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker is the hooks of its world: timers on waking, fibers and flushes at the end of a batch.
 */
#include "core/worker.h"

#include "base/block.h"
#include "base/lane.h"
#include "core/core_priv.h"
#include "core/log.h"

enum { POSTED_MAX = 1 << 20, WALL_EVERY = 50000 };

static _Thread_local struct worker *self;

struct worker *worker_self(void)
{
	return self;
}

struct worker *worker_enter(struct worker *w)
{
	struct worker *before = self;

	self = w;
	return before;
}

static uint64_t hook_deadline(void *arg)
{
	struct worker *w = arg;

	return list_empty(&w->fibers.ready) ? timers_deadline(&w->timers) : 0;
}

/* How far the time of day is ahead changes only when somebody sets it: it need not be known at once. */
static void clock_read(struct worker *w)
{
	w->now = world_now(w->world);
	if (w->now >= w->wall_due) {
		w->wall_ahead = world_wall(w->world) - (int64_t)w->now;
		w->wall_due = w->now + WALL_EVERY;
	}
	w->wall = (int64_t)w->now + w->wall_ahead;
}

static void hook_wake(void *arg)
{
	struct worker *w = arg;

	self = w;
	clock_read(w);
	timers_run(&w->timers, w->now);
}

static void hook_end(void *arg)
{
	struct worker *w = arg;

	fibers_run(w);
	for (unsigned i = 0; i < w->n_at_end; i++)
		w->at_end[i].fn(w, w->at_end[i].arg);
}

int worker_new(struct world *world, unsigned index, unsigned count, struct worker **ret)
{
	static const struct world_hooks hooks = {hook_deadline, hook_wake, hook_end};
	struct worker *w = mem_alloc(sizeof(*w));

	if (!w)
		return RT_E_NOMEM;
	w->world = world;
	w->index = index;
	w->count = count ? count : 1;
	timers_init(&w->timers, world_now(world));
	fibers_init(&w->fibers);
	clock_read(w);
	world_set_hooks(world, &hooks, w);
	*ret = w;
	return 0;
}

void worker_free(struct worker **pw)
{
	struct worker *w = *pw;

	if (!w)
		return;
	if (self == w)
		self = NULL;
	world_set_hooks(w->world, NULL, NULL);
	fibers_fini(&w->fibers);
	mem_free(pw);
}

struct world *worker_world(const struct worker *w)
{
	return w->world;
}

unsigned worker_index(const struct worker *w)
{
	return w->index;
}

unsigned worker_count(const struct worker *w)
{
	return w->count;
}

struct worker *worker_peer(const struct worker *w, unsigned i)
{
	return w->peers && i < w->count ? w->peers[i] : NULL;
}

void worker_set_peers(struct worker *w, struct worker *const *peers)
{
	w->peers = peers;
}

uint64_t worker_now(const struct worker *w)
{
	return w->now;
}

int64_t worker_wall(const struct worker *w)
{
	return w->wall;
}

void *worker_slot(const struct worker *w, enum worker_slot slot)
{
	return w->slots[slot];
}

void worker_set_slot(struct worker *w, enum worker_slot slot, void *p)
{
	w->slots[slot] = p;
}

struct post {
	struct world_note note;
	struct worker *w;
	worker_fn *fn;
	void *arg;
};

static void post_run(struct world_note *n)
{
	struct post *p = container_of(n, struct post, note);
	struct worker *w = p->w;
	worker_fn *fn = p->fn;
	void *arg = p->arg;

	mem_free(&p);
	atomic_fetch_sub_explicit(&w->posted, 1, memory_order_relaxed);
	fn(w, arg);
}

static void post_drop(struct world_note *n)
{
	struct post *p = container_of(n, struct post, note);

	mem_free(&p);
}

int worker_post(struct worker *w, worker_fn *fn, void *arg)
{
	struct post *p;

	if (atomic_load_explicit(&w->posted, memory_order_relaxed) >= POSTED_MAX)
		return RT_E_LIMIT;
	p = mem_alloc(sizeof(*p));
	if (!p)
		return RT_E_NOMEM;
	p->note.fn = post_run;
	p->note.drop = post_drop;
	p->w = w;
	p->fn = fn;
	p->arg = arg;
	atomic_fetch_add_explicit(&w->posted, 1, memory_order_relaxed);
	world_post(w->world, &p->note);
	return 0;
}

int worker_at_batch_end(struct worker *w, worker_fn *fn, void *arg)
{
	if (w->n_at_end == AT_END_MAX)
		return RT_E_LIMIT;
	w->at_end[w->n_at_end].fn = fn;
	w->at_end[w->n_at_end++].arg = arg;
	return 0;
}

void worker_run(struct worker *w)
{
	struct worker *before = worker_enter(w);

	lane_take();
	world_run(w->world);
	lane_give();
	worker_enter(before);
}

void worker_stop(struct worker *w)
{
	world_stop(w->world);
}

static void *thread_main(void *arg)
{
	worker_run(arg);
	block_thread_fini();
	return NULL;
}

int worker_start(struct worker *w)
{
	if (pthread_create(&w->thread, NULL, thread_main, w) != 0)
		return RT_E_IO;
	w->started = true;
	return 0;
}

void worker_join(struct worker *w)
{
	if (w->started)
		pthread_join(w->thread, NULL);
	w->started = false;
}
