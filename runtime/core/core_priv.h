/* SPDX-License-Identifier: Apache-2.0 */
/* core_priv.h - what the files of core share: the worker with its wheel and its fibers. */
#ifndef CORE_CORE_PRIV_H
#define CORE_CORE_PRIV_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/mem.h"
#include "core/fiber.h"

enum { WHEEL_BITS = 6, WHEEL_SLOTS = 1 << WHEEL_BITS, WHEEL_LEVELS = 6, AT_END_MAX = 8 };

struct timers {
	uint64_t tick; /* ms; everything due before it has fired */
	uint64_t count;
	uint64_t busy[WHEEL_LEVELS]; /* a bit per slot that is not empty */
	struct list slot[WHEEL_LEVELS][WHEEL_SLOTS];
	struct list firing; /* due now; a stopped one leaves it like any slot */
};

struct fibers {
	struct list ready;
	struct fiber *current;
	struct fiber *spare; /* with their stacks */
	unsigned live, max, n_spare;
	uint64_t last_id;
	void *loop_asan; /* sanitizer's note of the loop's stack */
};

struct worker {
	struct world *world;
	struct worker *const *peers;
	unsigned index, count;
	uint64_t now;
	int64_t wall, wall_ahead; /* of `now` */
	uint64_t wall_due;        /* when to ask for it again */
	struct timers timers;
	struct fibers fibers;
	void *slots[WSLOT_COUNT];
	struct {
		worker_fn *fn;
		void *arg;
	} at_end[AT_END_MAX];
	unsigned n_at_end;
	_Atomic uint32_t posted;
	pthread_t thread;
	bool started;
};

void timers_init(struct timers *t, uint64_t now_us);
void timers_run(struct timers *t, uint64_t now_us);
/* Monotonic us of the next look, or WORLD_TIME_NEVER. */
uint64_t timers_deadline(const struct timers *t);
void fibers_init(struct fibers *f);
void fibers_fini(struct fibers *f);
/* Run what is ready; true when something is ready again. */
bool fibers_run(struct worker *w);

#endif
