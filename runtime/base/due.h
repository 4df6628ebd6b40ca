/* SPDX-License-Identifier: Apache-2.0 */
/*
 * due.h - what falls due at which second: a timer wheel of embedded nodes without callbacks.
 *
 * For: tables whose entries expire (locations, items of scripts). Starting and stopping cost the same
 * however many there are; whoever sweeps says how many nodes it is willing to touch, and goes on later
 * where it stopped. Exact: a node comes out in the first sweep at or after its second, never before.
 * An all-zero wheel is a valid empty one. When the clock is set back, what it then makes due comes out late,
 * when the clock is where it was.
 *
 * Not thread safe: the owner's lock guards it.
 */
#ifndef BASE_DUE_H
#define BASE_DUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct due_node {
	struct due_node *next, **at; /* at NULL: in no wheel */
	int64_t when;                /* s */
};

enum { DUE_BITS = 6, DUE_SLOTS = 1 << DUE_BITS, DUE_LEVELS = 3 };

struct due {
	struct due_node *slot[DUE_LEVELS][DUE_SLOTS];
	uint64_t busy[DUE_LEVELS]; /* a bit per slot that may hold something */
	int64_t tick;              /* the second whose slot is being emptied */
	size_t n;
};

/* Due at second `when`; `now` is the present one. The node must be in no wheel. */
void due_add(struct due *d, struct due_node *n, int64_t when, int64_t now);
/* Harmless on a node that is in no wheel. */
void due_del(struct due *d, struct due_node *n);
/* Due at another second. One that is moved to a later one stays where it is until that slot's second comes, so that what
   is refreshed again and again is hardly touched. */
void due_move(struct due *d, struct due_node *n, int64_t when, int64_t now);
/*
 * Take out one node that is due at `now`; NULL: none is left, or *budget is used up. A node costs one each time that
 * it is taken or moves to another slot, at most DUE_LEVELS times (once more per 72 hours that it waits, and again for each
 * slot that a due_move() left it in).
 */
struct due_node *due_take(struct due *d, int64_t now, uint32_t *budget);

#endif
