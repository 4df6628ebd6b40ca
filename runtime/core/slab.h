/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slab.h - pieces of memory of some hundred bytes, of any size, for one worker.
 *
 * For: transactions, which hold a few such pieces each, for seconds. A piece has no header and costs some 30 steps to get
 * and to give back, whatever the order; a page of which no piece is in use goes back, but for one of each size.
 * One owner thread. Debug and sanitizer builds make each piece an allocation, so that a use after its end is found.
 */
#ifndef CORE_SLAB_H
#define CORE_SLAB_H

#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

enum { SLAB_UNIT = 16, SLAB_MAX = 2048, SLAB_CLASSES = SLAB_MAX / SLAB_UNIT + 1 };

struct slab {
	struct list pages[SLAB_CLASSES];    /* by the size of their pieces in units: those with a free one */
	uint8_t class_of[SLAB_CLASSES]; /* of a size in units: the largest of which as many fit into a page */
};

void slab_init(struct slab *s);
/* Pages with pieces in use stay, and count as held. */
void slab_fini(struct slab *s);
/* Not zeroed, aligned for any type; NULL: memory is out. Over SLAB_MAX: an allocation. */
void *slab_get(struct slab *s, size_t n);
/* The same, zeroed. */
void *slab_zeroed(struct slab *s, size_t n);
/* Give back what slab_get(s, n) gave, and null: slab_put(s, &p, n). NULL inside is fine. */
#define slab_put(s, pp, n) slab_put_((s), (void **)(void *)(pp), (n))
void slab_put_(struct slab *s, void **pp, size_t n);

#endif
