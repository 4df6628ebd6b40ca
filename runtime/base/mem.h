/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mem.h - the one place that allocates from the system.
 *
 * All other folders use these, arenas (arena.h) or pools. Every call may fail with NULL and the
 * caller handles it. mem_fail_nth() makes the n-th allocation from now fail (fault tests).
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed memory of n bytes, or NULL. n is at least 1. */
void *mem_alloc(size_t n);
/* Zeroed array; NULL also when count * size overflows. */
void *mem_calloc(size_t count, size_t size);
/* The same, not zeroed. */
void *mem_raw(size_t n);
/* As realloc; new bytes are not zeroed. NULL leaves p valid. */
void *mem_realloc(void *p, size_t n);
/* Free and null in one step: mem_free(&x->buf). NULL inside is fine. */
#define mem_free(pp) mem_free_((void **)(void *)(pp))
void mem_free_(void **pp);

/* Bytes and blocks now held through this interface (process wide). For leak checks and $stat. */
size_t mem_bytes(void);
size_t mem_blocks(void);

/* Let the n-th allocation from now fail once (1 = the next); 0 switches off. Test use only. */
void mem_fail_nth(uint64_t n);
/* While paused allocations are not counted and do not fail: test code's own. Returns what was. */
bool mem_fail_pause(bool pause);
/* mem_must_fail()'s. */
extern _Atomic uint64_t mem_fail_in;
bool mem_fails_now(void);
/* For memory that is had otherwise (stacks): counts as an allocation; true: it is to fail now. */
static inline bool mem_must_fail(void)
{
	return atomic_load_explicit(&mem_fail_in, memory_order_relaxed) != 0 && mem_fails_now();
}
/* The failure asked for has not come yet: for tests. */
bool mem_fail_pending(void);

#endif
