/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fiber.h - fibers of a worker: stackful, never moving to another thread.
 *
 * Each message runs in one. What must wait parks and the worker goes on; functions that may do so
 * end in _await and must run in a fiber. Stacks are 512 KiB of address space with a guard page, backed by
 * memory as far as they were used, and are pooled; their number is bounded. Started or resumed code runs until it parks or ends: no preemption.
 */
#ifndef CORE_FIBER_H
#define CORE_FIBER_H

#include "base/list.h"
#include "core/timer.h"

struct fiber;
typedef void fiber_fn(void *arg);

enum { FIBER_STACK = 512 * 1024, FIBER_MAX_DEFAULT = 8192 };

/* Change the bound of w's live fibers. */
void fiber_set_max(struct worker *w, unsigned max);
/* Run fn(arg) in a new fiber at the end of this batch. RT_E_LIMIT, RT_E_NOMEM. */
int fiber_spawn(struct worker *w, fiber_fn *fn, void *arg);
/* The same at once: returns when it parks or ends. May be called from a fiber (nests). */
int fiber_run_now(struct worker *w, fiber_fn *fn, void *arg);

/*
 * The work of the fiber that runs is done, and it may take some more as if it had begun anew. False: it has parked, so
 * that whoever started it has gone on and is not to be relied upon.
 */
bool fiber_again(void);

/* The fiber that runs now, or NULL in the loop. */
struct fiber *fiber_self(void);
/* Wait for fiber_wake(). One that came since the last park lets it return at once. */
void fiber_park(void);
/* As fiber_park; RT_E_TIMEOUT after ms without a wake. */
int fiber_park_timeout(uint32_t ms);
/* Let it go on at the end of this batch; same worker only. Waking twice counts once. */
void fiber_wake(struct fiber *f);
void fiber_sleep_await(uint32_t ms);

/*
 * Run fn(to, arg) in a fiber of the other worker and wait for its end. RT_E_STATE: not in a fiber,
 * RT_E_LIMIT, RT_E_NOMEM: no fiber there. With to ourselves it is a plain call.
 */
int worker_call_await(struct worker *to, worker_fn *fn, void *arg);

/* One pointer for who runs in it: the run of a route (script/run.h). */
void fiber_set_user(struct fiber *f, void *user);
void *fiber_user(const struct fiber *f);
/* Where its stack ends, which grows downwards. */
uintptr_t fiber_stack_end(const struct fiber *f);
uint64_t fiber_id(const struct fiber *f);
struct worker *fiber_worker(const struct fiber *f);

/* The user pointer of the fiber that runs on w now, or NULL. For a crash report: any thread, no promise. */
void *worker_fiber_user(const struct worker *w);
/* Live (started, not ended) fibers of w. */
unsigned worker_fibers(const struct worker *w);

/* ---- several fibers waiting for one thing on the same worker ---- */

struct wait_queue {
	struct list waiters;
};
void wait_queue_init(struct wait_queue *q);
/* Park until woken, first come first served. ms 0: no limit. RT_E_TIMEOUT. */
int wait_queue_await(struct wait_queue *q, uint32_t ms);
/* True when somebody waited. */
bool wait_queue_wake_one(struct wait_queue *q);
void wait_queue_wake_all(struct wait_queue *q);

#endif
