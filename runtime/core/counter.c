/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names are only added, under a lock; readers need none.
 */
#include "core/counter.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/lane.h"

enum { NAME_MAX_BYTES = 64 };

struct counter {
	char group[NAME_MAX_BYTES], name[NAME_MAX_BYTES];
	uint8_t group_n, name_n;
	int64_t (*fn)(void *arg);
	void *arg;
};

struct lane {
	_Atomic int64_t cell[COUNTERS_MAX];
};

static struct counter counters[COUNTERS_MAX];
static struct lane lanes[LANES];
static _Atomic int64_t zero[COUNTERS_MAX]; /* what the sum was at the last reset: nobody else writes a thread's cells */
static _Atomic int n_counters;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct str group_of(const struct counter *c)
{
	return str_make(c->group, c->group_n);
}

static struct str name_of(const struct counter *c)
{
	return str_make(c->name, c->name_n);
}

int counter_find(struct str group, struct str name)
{
	int n = atomic_load_explicit(&n_counters, memory_order_acquire);

	for (int i = 0; i < n; i++)
		if (str_eq(name_of(&counters[i]), name) &&
		    (!group.n || str_eq(group_of(&counters[i]), group)))
			return i;
	return COUNTER_NONE;
}

static int add(struct str group, struct str name)
{
	int n = atomic_load(&n_counters);
	struct counter *c = &counters[n];

	if (n == COUNTERS_MAX || group.n > NAME_MAX_BYTES || name.n > NAME_MAX_BYTES)
		return COUNTER_NONE;
	memcpy(c->group, group.p, group.n);
	memcpy(c->name, name.p, name.n);
	c->group_n = (uint8_t)group.n;
	c->name_n = (uint8_t)name.n;
	atomic_store_explicit(&n_counters, n + 1, memory_order_release);
	return n;
}

int counter_get(struct str group, struct str name)
{
	int h = counter_find(group, name);

	if (h != COUNTER_NONE)
		return h;
	pthread_mutex_lock(&lock);
	h = counter_find(group, name);
	if (h == COUNTER_NONE)
		h = add(group, name);
	pthread_mutex_unlock(&lock);
	return h;
}

void counter_add(int handle, int64_t n)
{
	if (handle >= 0)
		lane_add(&lanes[lane_mine].cell[handle], n);
}

static int64_t sum(int handle)
{
	int64_t v = 0;

	for (int i = 0; i < LANES; i++)
		v += atomic_load_explicit(&lanes[i].cell[handle], memory_order_relaxed);
	return v;
}

int64_t counter_value(int handle)
{
	if (handle < 0)
		return 0;
	if (counters[handle].fn)
		return counters[handle].fn(counters[handle].arg);
	return sum(handle) - atomic_load_explicit(&zero[handle], memory_order_relaxed);
}

void counter_reset(int handle)
{
	if (handle >= 0)
		atomic_store_explicit(&zero[handle], sum(handle), memory_order_relaxed);
}

void counter_forget_all(void)
{
	int n = atomic_exchange(&n_counters, 0);

	for (int i = 0; i < n; i++) {
		counter_reset(i);
		counters[i].fn = NULL;
	}
}

void counter_set_fn(int handle, int64_t (*fn)(void *arg), void *arg)
{
	if (handle < 0)
		return;
	counters[handle].arg = arg;
	counters[handle].fn = fn;
}

static int by_name(const void *a, const void *b)
{
	const struct counter_row *x = a, *y = b;
	int d = str_cmp(x->group, y->group);

	return d ? d : str_cmp(x->name, y->name);
}

struct counter_row *counter_sorted(struct arena *a, size_t *n)
{
	int all = atomic_load_explicit(&n_counters, memory_order_acquire);
	struct counter_row *v = arena_calloc(a, (size_t)all + 1, sizeof(*v));

	if (!v)
		return NULL;
	for (int i = 0; i < all; i++)
		v[i] = (struct counter_row){group_of(&counters[i]), name_of(&counters[i]), i};
	qsort(v, (size_t)all, sizeof(*v), by_name);
	*n = (size_t)all;
	return v;
}
