/* SPDX-License-Identifier: Apache-2.0 */
/*
 * block.h - memory in blocks of a few sizes, for arenas and slabs.
 *
 * A server holds a block or two for each transaction, and a page of fresh memory costs a fault that is dearer than
 * the work done in it. So blocks come from regions of 2 MiB that the kernel may map at once (all but the first one,
 * so that a small server stays small), a thread keeps some, and a region that is empty goes back.
 *
 * Any thread may free what another had. mem.h counts them with every other memory.
 */
#ifndef BASE_BLOCK_H
#define BASE_BLOCK_H

#include <stddef.h>
#include <stdint.h>

/* Of arenas: for a few variables, for a transaction, and for what is made of one message while it is at work; of slabs. */
enum block_kind { BLOCK_TINY, BLOCK_SMALL, BLOCK_LARGE, BLOCK_PAGE, BLOCK_KINDS };
enum { BLOCK_TINY_SIZE = 1024, BLOCK_SMALL_SIZE = 4096, BLOCK_LARGE_SIZE = 8192, BLOCK_PAGE_SIZE = 16384 };
static inline size_t block_size(enum block_kind k)
{
	static const uint16_t sizes[BLOCK_KINDS] = {BLOCK_TINY_SIZE, BLOCK_SMALL_SIZE, BLOCK_LARGE_SIZE, BLOCK_PAGE_SIZE};

	return sizes[k];
}

/* Not zeroed, aligned for any type, in servers at a multiple of its size; NULL when memory is out. */
void *block_alloc(enum block_kind k);
void block_free(void *b, enum block_kind k);
/* Blocks of arenas that are given out. */
size_t block_count(void);
/* What of them mem.h does not count by itself. */
void block_held(size_t *bytes, size_t *blocks);
/* At the end of a thread: give back what it kept. */
void block_thread_fini(void);

#endif
