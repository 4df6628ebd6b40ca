/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker.h - a worker: one thread with its world, timers, fibers and per-layer state.
 *
 * What belongs to a worker (fibers, timers, transactions, connections) is touched by its thread only.
 * Others reach it with worker_post(). In the simulated world several workers share one thread and
 * take turns; worker_self() follows.
 */
#ifndef CORE_WORKER_H
#define CORE_WORKER_H

#include "base/bug.h"
#include "world/world.h"

struct worker;

/* Each layer hangs its state of a worker into one slot. */
enum worker_slot {
	WSLOT_NET,
	WSLOT_TXN,
	WSLOT_SCRIPT,
	WSLOT_USRLOC,
	WSLOT_DIALOG,
	WSLOT_RPC,
	WSLOT_HOST,
	WSLOT_DB,
	WSLOT_STD, /* stdlib modules: one table of theirs */
	WSLOT_TEST,
	WSLOT_COUNT,
};

/*
 * A worker over `world` (whose hooks it takes); number `index` of `count`. The world must outlive it.
 * Freeing: all its fibers must have ended; a parked one is a leak (worker_fibers() tells).
 */
int worker_new(struct world *world, unsigned index, unsigned count, struct worker **ret);
void worker_free(struct worker **w);

/* The worker whose code runs now on this thread, or NULL. */
struct worker *worker_self(void);
/* Make it so by hand: start-up code and tests. Returns the one before. */
struct worker *worker_enter(struct worker *w);

struct world *worker_world(const struct worker *w);
unsigned worker_index(const struct worker *w);
unsigned worker_count(const struct worker *w);
/* Number i of the same server; NULL before worker_set_peers(). */
struct worker *worker_peer(const struct worker *w, unsigned i);
/* `peers` (worker_count() of them) must outlive the workers. */
void worker_set_peers(struct worker *w, struct worker *const *peers);

/* Monotonic us, read once per batch. */
uint64_t worker_now(const struct worker *w);
/* Wall clock, us since the epoch, of the same moment. */
int64_t worker_wall(const struct worker *w);

void *worker_slot(const struct worker *w, enum worker_slot slot);
void worker_set_slot(struct worker *w, enum worker_slot slot, void *p);

typedef void worker_fn(struct worker *w, void *arg);
/* Run fn(w, arg) in w's thread. From any thread. RT_E_NOMEM or RT_E_LIMIT: not posted. */
int worker_post(struct worker *w, worker_fn *fn, void *arg);
/* Run fn(w, arg) at the end of each batch, before datagrams leave; at most 8 of them. */
int worker_at_batch_end(struct worker *w, worker_fn *fn, void *arg);

/* The loop, until worker_stop() (from any thread). */
void worker_run(struct worker *w);
void worker_stop(struct worker *w);
/* The same on a thread of its own; worker_join() waits for its end. */
int worker_start(struct worker *w);
void worker_join(struct worker *w);

#endif
