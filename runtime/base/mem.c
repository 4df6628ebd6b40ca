/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accounting uses malloc_usable_size instead of a header of our own, so that blocks keep the
 * allocator's alignment and foreign tools (ASan, valgrind) see plain mallocs.
 */
#include "base/mem.h"

#include <malloc.h>
#include <stdlib.h>

#include "base/block.h"
#include "base/lane.h"

static struct {
	_Alignas(64) _Atomic int64_t bytes, blocks;
} held[LANES];
_Atomic uint64_t mem_fail_in;
static _Atomic bool paused;

bool mem_fails_now(void)
{
	return !atomic_load_explicit(&paused, memory_order_relaxed) && atomic_fetch_sub(&mem_fail_in, 1) == 1;
}

static void mem_count(int64_t bytes, int64_t blocks)
{
	lane_add(&held[lane_mine].bytes, bytes);
	lane_add(&held[lane_mine].blocks, blocks);
}

static void *account(void *p)
{
	if (p)
		mem_count((int64_t)malloc_usable_size(p), 1);
	return p;
}

void *mem_calloc(size_t count, size_t size)
{
	if (mem_must_fail())
		return NULL;
	return account(calloc(count, size));
}

void *mem_alloc(size_t n)
{
	return mem_calloc(1, n);
}

void *mem_raw(size_t n)
{
	if (mem_must_fail())
		return NULL;
	return account(malloc(n));
}

void *mem_realloc(void *p, size_t n)
{
	size_t old = p ? malloc_usable_size(p) : 0;
	void *q;

	if (mem_must_fail())
		return NULL;
	q = realloc(p, n);
	if (!q)
		return NULL;
	if (old)
		mem_count(-(int64_t)old, -1);
	return account(q);
}

void mem_free_(void **pp)
{
	void *p = *pp;

	*pp = NULL;
	if (!p)
		return;
	mem_count(-(int64_t)malloc_usable_size(p), -1);
	free(p);
}

size_t mem_bytes(void)
{
	size_t n, blocks;

	block_held(&n, &blocks);
	for (int i = 0; i < LANES; i++)
		n += (size_t)atomic_load_explicit(&held[i].bytes, memory_order_relaxed);
	return n;
}

size_t mem_blocks(void)
{
	size_t n, bytes;

	block_held(&bytes, &n);
	for (int i = 0; i < LANES; i++)
		n += (size_t)atomic_load_explicit(&held[i].blocks, memory_order_relaxed);
	return n;
}

void mem_fail_nth(uint64_t n)
{
	atomic_store(&mem_fail_in, n);
}

bool mem_fail_pause(bool pause)
{
	return atomic_exchange(&paused, pause);
}

bool mem_fail_pending(void)
{
	return atomic_load(&mem_fail_in) != 0;
}
