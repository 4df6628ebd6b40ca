/* SPDX-License-Identifier: Apache-2.0 */
/*
 * block.h - memory in blocks of one size, for arenas.
 *
 * A server holds a block or two for each transaction, and a page of fresh memory costs a fault that is dearer than
 * the work done in it. So blocks come from regions of 2 MiB that the kernel may map at once (all but the first one,
 * so that a small server stays small), a thread keeps some, and a region that is empty goes back.
 *
 * Any thread may free what another had. Counted by mem.h like every other memory.
 */
#ifndef BASE_BLOCK_H
#define BASE_BLOCK_H

#include <stddef.h>

enum { BLOCK_SIZE = 4096 };

/* Not zeroed, aligned for any type; NULL when memory is out. */
void *block_alloc(void);
void block_free(void *b);
/* At the end of a thread: give back what it kept. */
void block_thread_fini(void);

#endif
