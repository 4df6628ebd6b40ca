/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A region is aligned to its size, so that a block finds it by its address; its first block is its head. Threads take
 * from and give to the regions a batch at once, under one lock.
 */
#include "base/block.h"

#include <pthread.h>
#include <stdint.h>
#include <sys/mman.h>

#include "base/bug.h"
#include "base/list.h"
#include "base/mem.h"

/* A build for finding faults shall see each block's end of life: there a block is an allocation. */
#ifdef KILN_DEBUG
enum { KEEP = 0 };
#else
enum { KEEP = 64 };
#endif
enum { BATCH = 16 };

enum { REGION = 2 << 20, REGION_BLOCKS = REGION / BLOCK_SIZE - 1 };

struct free_block {
	struct free_block *next;
};

struct region {
	struct list node; /* in `partial` while it has a free block */
	struct free_block *free;
	unsigned n_used, n_fresh; /* fresh: never given out, at the end */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct list partial = {&partial, &partial};
static unsigned n_regions, n_empty;
static _Thread_local struct free_block *kept;
static _Thread_local unsigned n_kept;

static struct region *region_of(void *b)
{
	return (struct region *)((uintptr_t)b & ~(uintptr_t)(REGION - 1));
}

/* Twice the size is asked for and the ends that do not fit the alignment are given back. */
static struct region *region_new(void)
{
	char *p = mmap(NULL, 2 * (size_t)REGION, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *at;
	struct region *r;

	if (p == MAP_FAILED)
		return NULL;
	at = (char *)(((uintptr_t)p + REGION - 1) & ~(uintptr_t)(REGION - 1));
	if (at > p)
		munmap(p, (size_t)(at - p));
	munmap(at + REGION, (size_t)(p + REGION - at));
	if (n_regions)
		(void)madvise(at, REGION, MADV_HUGEPAGE); /* where the kernel has none, pages come one by one */
	r = (struct region *)at;
	*r = (struct region){.n_fresh = REGION_BLOCKS};
	list_add_head(&partial, &r->node);
	n_regions++;
	n_empty++;
	return r;
}

/* One empty region stays, so that a load around its edge does not map and unmap it all the time. */
static void region_emptied(struct region *r)
{
	if (++n_empty < 2)
		return;
	list_del(&r->node);
	n_empty--;
	n_regions--;
	munmap(r, REGION);
}

static struct free_block *take(void)
{
	struct region *r = list_empty(&partial) ? region_new() : container_of(partial.next, struct region, node);
	struct free_block *b;

	if (!r)
		return NULL;
	b = r->free;
	if (b)
		r->free = b->next;
	else
		b = (struct free_block *)((char *)r + (size_t)(REGION_BLOCKS + 1 - r->n_fresh--) * BLOCK_SIZE);
	n_empty -= r->n_used++ == 0;
	if (!r->free && !r->n_fresh)
		list_del(&r->node);
	return b;
}

static void put(struct free_block *b)
{
	struct region *r = region_of(b);

	if (!r->free && !r->n_fresh)
		list_add_head(&partial, &r->node);
	b->next = r->free;
	r->free = b;
	BUG_ON(r->n_used == 0);
	if (--r->n_used == 0)
		region_emptied(r);
}

static void refill(void)
{
	struct free_block *b;

	pthread_mutex_lock(&lock);
	while (n_kept < BATCH && (b = take()) != NULL) {
		b->next = kept;
		kept = b;
		n_kept++;
	}
	pthread_mutex_unlock(&lock);
}

static void give_back(unsigned down_to)
{
	pthread_mutex_lock(&lock);
	while (n_kept > down_to) {
		struct free_block *b = kept;

		kept = b->next;
		n_kept--;
		put(b);
	}
	pthread_mutex_unlock(&lock);
}

void *block_alloc(void)
{
	struct free_block *b;

	if (!KEEP)
		return mem_raw(BLOCK_SIZE);
	if (mem_must_fail())
		return NULL;
	if (!kept)
		refill();
	b = kept;
	if (!b)
		return NULL;
	kept = b->next;
	n_kept--;
	mem_count(BLOCK_SIZE, 1);
	return b;
}

void block_free(void *p)
{
	struct free_block *b = p;

	if (!KEEP) {
		mem_free(&p);
		return;
	}
	mem_count(-BLOCK_SIZE, -1);
	b->next = kept;
	kept = b;
	if (++n_kept > KEEP)
		give_back(KEEP - BATCH);
}

void block_thread_fini(void)
{
	give_back(0);
}
