/* SPDX-License-Identifier: Apache-2.0 */
/*
 * counter.h - named numbers of the process: statistics.
 *
 * For: everyone who counts; read by $stat, counters, kex, RPC. A counter is found by group and name
 * once, at start, and then used by its handle. Counting costs one relaxed add on a cell of the
 * worker's own. At most COUNTERS_MAX counters; names are copied.
 */
#ifndef CORE_COUNTER_H
#define CORE_COUNTER_H

#include "base/str.h"

enum { COUNTERS_MAX = 2048, COUNTER_NONE = -1 };

/* The handle, made when it is new; COUNTER_NONE when there are too many (counting on it is harmless). */
int counter_get(struct str group, struct str name);
/* The handle or COUNTER_NONE; `name` may also be searched in all groups with an empty group. */
int counter_find(struct str group, struct str name);
void counter_add(int handle, int64_t n);
static inline void counter_inc(int handle)
{
	counter_add(handle, 1);
}
int64_t counter_value(int handle);
void counter_reset(int handle);
/* As if none had ever been made; handles are void. Between two servers of a process. */
void counter_forget_all(void);
/* Its value is computed: fn(arg) instead of the cells. */
void counter_set_fn(int handle, int64_t (*fn)(void *arg), void *arg);

struct arena;
struct counter_row {
	struct str group, name;
	int handle;
};
/* All of them by group and name, in the arena; NULL when memory is out. */
struct counter_row *counter_sorted(struct arena *a, size_t *n);

#endif
