/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pool.h - objects of one size, kept for reuse, at most `max` in use.
 *
 * One owner thread (a worker). Objects come zeroed. Debug and sanitizer builds free each object at
 * once so that a use after it is found.
 */
#ifndef CORE_POOL_H
#define CORE_POOL_H

#include <stddef.h>
#include <stdint.h>

struct pool {
	size_t size;
	uint32_t used, max;       /* max 0: no bound */
	uint32_t spare, spare_max; /* kept for reuse */
	uint64_t refused;         /* asked for when full */
	void *free;
};

void pool_init(struct pool *p, size_t size, uint32_t max);
/* Frees the spare ones; those in use stay the caller's problem. */
void pool_fini(struct pool *p);
/* NULL when full (counted) or memory is out. */
void *pool_get(struct pool *p);
/* Give back and null: pool_put(p, &obj). NULL inside is fine. */
#define pool_put(p, pp) pool_put_((p), (void **)(void *)(pp))
void pool_put_(struct pool *p, void **pp);

#endif
