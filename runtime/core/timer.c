/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hierarchical wheel: level 0 has one slot per millisecond, each level above 64 times coarser. A
 * timer sits at the level where it differs from the current tick first, so it moves down at most five
 * times. A bit mask per level finds the next busy slot without walking. Firing order within one
 * millisecond follows the start order: slots are appended to and a cascade keeps their order, and a
 * slot of level 0 is entered by cascade before it is entered directly for the same tick.
 */
#include "core/core_priv.h"

enum { SLOT_MASK = WHEEL_SLOTS - 1 };

void timers_init(struct timers *t, uint64_t now_us)
{
	memset(t, 0, sizeof(*t));
	t->tick = now_us / 1000;
	list_init(&t->firing);
	for (int l = 0; l < WHEEL_LEVELS; l++)
		for (int s = 0; s < WHEEL_SLOTS; s++)
			list_init(&t->slot[l][s]);
}

/* The slot of a due tick, seen from the current one: the highest bit in which they differ decides. */
static void wheel_add(struct timers *t, struct timer *x)
{
	uint64_t diff = x->due ^ t->tick;
	unsigned level = diff ? (63u - (unsigned)__builtin_clzll(diff)) / WHEEL_BITS : 0, s;

	if (level >= WHEEL_LEVELS)
		level = WHEEL_LEVELS - 1;
	s = (unsigned)(x->due >> (level * WHEEL_BITS)) & SLOT_MASK;
	list_add_tail(&t->slot[level][s], &x->node);
	t->busy[level] |= 1ull << s;
}

void timer_start(struct worker *w, struct timer *x, uint32_t ms, timer_fn *fn, void *arg)
{
	struct timers *t = &w->timers;
	uint64_t now_us = world_now(w->world);

	timer_stop(x);
	if (ms > TIMER_MAX_MS)
		ms = TIMER_MAX_MS;
	x->fn = fn;
	x->arg = arg;
	x->due = (now_us + (uint64_t)ms * 1000 + 999) / 1000;
	if (x->due < t->tick)
		x->due = t->tick;
	x->wheel = t;
	t->count++;
	wheel_add(t, x);
}

void timer_stop(struct timer *x)
{
	if (!x->wheel)
		return;
	x->wheel->count--;
	x->wheel = NULL;
	list_del(&x->node);
}

uint32_t timer_left(const struct timer *x)
{
	uint64_t tick;

	if (!x->wheel)
		return 0;
	tick = x->wheel->tick;
	return x->due > tick ? (uint32_t)(x->due - tick) : 0;
}

uint64_t timer_count(const struct worker *w)
{
	return w->timers.count;
}

/* First tick at or after t->tick at which level l has something to do, or NEVER. */
static uint64_t level_next(const struct timers *t, unsigned l)
{
	unsigned shift = l * WHEEL_BITS, cur = (unsigned)(t->tick >> shift) & SLOT_MASK;
	uint64_t ahead = t->busy[l] >> cur << cur, base;

	if (!t->busy[l])
		return WORLD_TIME_NEVER;
	base = t->tick >> shift >> WHEEL_BITS;
	if (!ahead) { /* only the topmost level wraps round */
		base++;
		ahead = t->busy[l];
	}
	base = (base << WHEEL_BITS | (unsigned)__builtin_ctzll(ahead)) << shift;
	return base > t->tick ? base : t->tick;
}

static uint64_t next_tick(const struct timers *t)
{
	uint64_t best = WORLD_TIME_NEVER;

	for (unsigned l = 0; l < WHEEL_LEVELS; l++) {
		uint64_t n = level_next(t, l);

		if (n < best)
			best = n;
	}
	return best;
}

uint64_t timers_deadline(const struct timers *t)
{
	uint64_t n = t->count ? next_tick(t) : WORLD_TIME_NEVER;

	return n == WORLD_TIME_NEVER ? n : n * 1000;
}

/* Move a list away so that what is added meanwhile is not walked. */
static void take(struct list *from, struct list *to)
{
	list_init(to);
	while (!list_empty(from)) {
		struct list *n = from->next;

		list_del(n);
		list_add_tail(to, n);
	}
}

/* Slots of the upper levels whose time begins at t->tick move down. */
static void cascade(struct timers *t)
{
	for (unsigned l = WHEEL_LEVELS - 1; l >= 1; l--) {
		unsigned s = (unsigned)(t->tick >> (l * WHEEL_BITS)) & SLOT_MASK;
		struct list moving;

		if (!(t->busy[l] & 1ull << s))
			continue;
		t->busy[l] &= ~(1ull << s);
		take(&t->slot[l][s], &moving);
		while (!list_empty(&moving)) {
			struct timer *x = container_of(moving.next, struct timer, node);

			list_del(&x->node);
			wheel_add(t, x);
		}
	}
}

static void fire_tick(struct timers *t)
{
	unsigned s = (unsigned)t->tick & SLOT_MASK;

	t->busy[0] &= ~(1ull << s);
	take(&t->slot[0][s], &t->firing);
	t->tick++; /* what is started now for this tick fires with the next */
	cascade(t);
	while (!list_empty(&t->firing)) {
		struct timer *x = container_of(t->firing.next, struct timer, node);

		list_del(&x->node);
		x->wheel = NULL;
		t->count--;
		x->fn(x->arg);
	}
}

void timers_run(struct timers *t, uint64_t now_us)
{
	uint64_t now = now_us / 1000;

	while (t->tick <= now) {
		uint64_t n = t->count ? next_tick(t) : WORLD_TIME_NEVER;

		if (n > now) {
			/* nothing due: jump, but let slots that begin in between move down */
			t->tick = now + 1;
			cascade(t);
			return;
		}
		t->tick = n;
		cascade(t);
		if (t->busy[0] & 1ull << (t->tick & SLOT_MASK))
			fire_tick(t);
	}
}
