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
#include "base/lane.h"
#include "base/list.h"
#include "base/mem.h"

/* A build for finding faults shall see each block's end of life: there a block is an allocation. */
#ifdef KILN_DEBUG
enum { KEEP = 0 };
#else
enum { KEEP = 32 };
#endif
enum { BATCH = 8 };

enum { REGION = 2 << 20 };

struct free_block {
	struct free_block *next;
};

struct region {
	struct list node; /* in the pool's `partial` while it has a free block */
	struct free_block *free;
	unsigned n_used, n_fresh; /* fresh: never given out, at the end */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct pool {
	struct list partial;
	unsigned n_regions, n_empty;
} pools[BLOCK_KINDS] = {
	{{&pools[0].partial, &pools[0].partial}, 0, 0},
	{{&pools[1].partial, &pools[1].partial}, 0, 0},
	{{&pools[2].partial, &pools[2].partial}, 0, 0},
	{{&pools[3].partial, &pools[3].partial}, 0, 0},
};
static _Thread_local struct {
	struct free_block *first;
	unsigned n;
} kept[BLOCK_KINDS];

static struct {
	_Alignas(64) _Atomic int64_t n[BLOCK_KINDS]; /* given out less given back */
} out[LANES];

static struct region *region_of(void *b)
{
	return (struct region *)((uintptr_t)b & ~(uintptr_t)(REGION - 1));
}

/* The first block's place is the region's head. */
static unsigned blocks_of(enum block_kind k)
{
	return REGION / (unsigned)block_size(k) - 1;
}

/* Twice the size is asked for and the ends that do not fit the alignment are given back. */
static struct region *region_new(enum block_kind k)
{
	char *p = mmap(NULL, 2 * (size_t)REGION, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *at;
	struct pool *pool = &pools[k];
	struct region *r;

	if (p == MAP_FAILED)
		return NULL;
	at = (char *)(((uintptr_t)p + REGION - 1) & ~(uintptr_t)(REGION - 1));
	if (at > p)
		munmap(p, (size_t)(at - p));
	munmap(at + REGION, (size_t)(p + REGION - at));
	if (pool->n_regions)
		(void)madvise(at, REGION, MADV_HUGEPAGE); /* where the kernel has none, pages come one by one */
	r = (struct region *)at;
	*r = (struct region){.n_fresh = blocks_of(k)};
	list_add_head(&pool->partial, &r->node);
	pool->n_regions++;
	pool->n_empty++;
	return r;
}

/* One empty region stays, so that a load around its edge does not map and unmap it all the time. */
static void region_emptied(struct pool *pool, struct region *r)
{
	if (++pool->n_empty < 2)
		return;
	list_del(&r->node);
	pool->n_empty--;
	pool->n_regions--;
	munmap(r, REGION);
}

static struct free_block *take(enum block_kind k)
{
	struct pool *pool = &pools[k];
	struct region *r = list_empty(&pool->partial) ? region_new(k) : container_of(pool->partial.next, struct region, node);
	struct free_block *b;

	if (!r)
		return NULL;
	b = r->free;
	if (b)
		r->free = b->next;
	else
		b = (struct free_block *)((char *)r + (blocks_of(k) + 1 - r->n_fresh--) * block_size(k));
	pool->n_empty -= r->n_used++ == 0;
	if (!r->free && !r->n_fresh)
		list_del(&r->node);
	return b;
}

static void put(enum block_kind k, struct free_block *b)
{
	struct region *r = region_of(b);

	if (!r->free && !r->n_fresh)
		list_add_head(&pools[k].partial, &r->node);
	b->next = r->free;
	r->free = b;
	BUG_ON(r->n_used == 0);
	if (--r->n_used == 0)
		region_emptied(&pools[k], r);
}

static void keep(struct free_block *b, enum block_kind k)
{
	b->next = kept[k].first;
	kept[k].first = b;
	kept[k].n++;
}

static struct free_block *kept_one(enum block_kind k)
{
	struct free_block *b = kept[k].first;

	if (b) {
		kept[k].first = b->next;
		kept[k].n--;
	}
	return b;
}

static __attribute__((noinline)) void refill(enum block_kind k)
{
	struct free_block *b;

	pthread_mutex_lock(&lock);
	while (kept[k].n < BATCH && (b = take(k)) != NULL)
		keep(b, k);
	pthread_mutex_unlock(&lock);
}

static __attribute__((noinline)) void give_back(enum block_kind k, unsigned down_to)
{
	pthread_mutex_lock(&lock);
	while (kept[k].n > down_to)
		put(k, kept_one(k));
	pthread_mutex_unlock(&lock);
}

static inline void *take_block(enum block_kind k)
{
	if (!KEEP)
		return mem_raw(block_size(k));
	if (mem_must_fail())
		return NULL;
	if (!kept[k].first)
		refill(k);
	return kept_one(k);
}

void *block_alloc(enum block_kind k)
{
	void *b = take_block(k);

	if (b)
		lane_add(&out[lane_mine].n[k], 1);
	return b;
}

void block_free(void *p, enum block_kind k)
{
	lane_add(&out[lane_mine].n[k], -1);
	if (!KEEP) {
		mem_free(&p);
		return;
	}
	keep(p, k);
	if (kept[k].n > KEEP)
		give_back(k, KEEP - BATCH);
}

static size_t count_of(enum block_kind k)
{
	int64_t n = 0;

	for (int i = 0; i < LANES; i++)
		n += atomic_load_explicit(&out[i].n[k], memory_order_relaxed);
	return (size_t)n;
}

size_t block_count(void)
{
	return count_of(BLOCK_TINY) + count_of(BLOCK_SMALL) + count_of(BLOCK_LARGE);
}

void block_held(size_t *bytes, size_t *blocks)
{
	*bytes = *blocks = 0;
	for (int k = 0; KEEP > 0 && k < BLOCK_KINDS; k++) {
		*bytes += count_of((enum block_kind)k) * block_size((enum block_kind)k);
		*blocks += count_of((enum block_kind)k);
	}
}

void block_thread_fini(void)
{
	for (int k = 0; k < BLOCK_KINDS; k++)
		give_back(k, 0);
}
