/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timer.h - one-shot timers of a worker.
 *
 * For: txn, net, dialog. The caller embeds `struct timer` (all zero is a valid unarmed one); nothing is
 * allocated, starting and stopping cost the same however many are armed. Resolution 1 ms; never early.
 * A timer belongs to the worker that started it; no call is safe from another. Timers due in the same
 * millisecond fire in the order in which they were started.
 */
#ifndef CORE_TIMER_H
#define CORE_TIMER_H

#include "base/list.h"
#include "core/worker.h"

typedef void timer_fn(void *arg);

struct timer {
	struct list node; /* in its slot; prev is NULL in a zeroed one */
	timer_fn *fn;
	void *arg;
	uint64_t due;         /* tick */
	struct timers *wheel; /* NULL: not armed */
};

enum { TIMER_MAX_MS = 1 << 30 }; /* about 12 days; longer is cut to it */

/*
 * Call fn(arg) once, `ms` from now; an armed timer is moved. Cannot fail.
 * `t` must outlive the firing or a timer_stop(t). fn may restart or free `t`.
 */
void timer_start(struct worker *w, struct timer *t, uint32_t ms, timer_fn *fn, void *arg);
/* Harmless on an unarmed one. */
void timer_stop(struct timer *t);
static inline bool timer_armed(const struct timer *t)
{
	return t->wheel != NULL;
}
/* Milliseconds until it fires; 0 when not armed. */
uint32_t timer_left(const struct timer *t);
/* Number of timers armed on this worker. */
uint64_t timer_count(const struct worker *w);

#endif
