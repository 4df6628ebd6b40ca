/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three levels of 64 slots: seconds, 64 seconds, 4096 seconds. A node lies in the finest level whose
 * range, which begins at a multiple of its size, holds both it and the tick; so the slots of a level that
 * are not empty all lie ahead of the tick. The topmost wraps round, and what is further away than it reaches
 * waits in its farthest slot. When the tick enters an upper slot its nodes move down one by one, and the tick
 * stays until all have moved: that is how a sweep can stop anywhere.
 */
#include "base/due.h"

enum { MASK = DUE_SLOTS - 1, TOP = DUE_LEVELS - 1 };

static unsigned index_at(int64_t second, unsigned level)
{
	return (unsigned)(second >> (level * DUE_BITS)) & MASK;
}

static void place(struct due *d, struct due_node *n)
{
	const int64_t reach = (int64_t)MASK << (TOP * DUE_BITS);
	int64_t t = n->when > d->tick ? n->when : d->tick;
	struct due_node **at;
	unsigned l = 0, i;

	if (t > d->tick + reach)
		t = d->tick + reach;
	while (l < TOP && t >> ((l + 1) * DUE_BITS) != d->tick >> ((l + 1) * DUE_BITS))
		l++;
	i = index_at(t, l);
	at = &d->slot[l][i];
	d->busy[l] |= 1ull << i;
	n->next = *at;
	n->at = at;
	if (n->next)
		n->next->at = &n->next;
	*at = n;
}

void due_add(struct due *d, struct due_node *n, int64_t when, int64_t now)
{
	if (d->n++ == 0)
		d->tick = now;
	n->when = when;
	place(d, n);
}

void due_move(struct due *d, struct due_node *n, int64_t when, int64_t now)
{
	if (n->at && when >= n->when) {
		n->when = when;
		return;
	}
	due_del(d, n);
	due_add(d, n, when, now);
}

static void take_out(struct due_node *n)
{
	*n->at = n->next;
	if (n->next)
		n->next->at = n->at;
	n->next = NULL;
	n->at = NULL;
}

void due_del(struct due *d, struct due_node *n)
{
	if (!n->at)
		return;
	take_out(n);
	d->n--;
}

/* A node of the slot that the tick is in on that level, or NULL; then the slot is known to be empty. */
static struct due_node *here(struct due *d, unsigned level)
{
	unsigned i = index_at(d->tick, level);

	if (!d->slot[level][i])
		d->busy[level] &= ~(1ull << i);
	return d->slot[level][i];
}

/* Second at which the next slot begins that may hold something, INT64_MAX: none. */
static int64_t next_tick(const struct due *d)
{
	for (unsigned l = 0; l < DUE_LEVELS; l++) {
		unsigned cur = index_at(d->tick, l), shift = l * DUE_BITS;
		uint64_t ahead = cur == MASK ? 0 : d->busy[l] >> (cur + 1) << (cur + 1);
		int64_t lap = d->tick >> shift >> DUE_BITS;

		if (!ahead && l == TOP && d->busy[l]) {
			ahead = d->busy[l];
			lap++;
		}
		if (ahead)
			return (lap << DUE_BITS | __builtin_ctzll(ahead)) << shift;
	}
	return INT64_MAX;
}

struct due_node *due_take(struct due *d, int64_t now, uint32_t *budget)
{
	struct due_node *n;

	while (d->n && d->tick <= now) {
		unsigned l = DUE_LEVELS;
		int64_t next;

		n = NULL;
		while (!n && l)
			n = here(d, --l);
		if (n) {
			if (!*budget)
				return NULL;
			--*budget;
			take_out(n);
			if (l == 0 && n->when <= d->tick) { /* else it was moved */
				d->n--;
				return n;
			}
			place(d, n);
			continue;
		}
		next = next_tick(d);
		d->tick = next < now + 1 ? next : now + 1;
	}
	return NULL;
}
