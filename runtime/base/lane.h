/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lane.h - sums that all threads add to and few read.
 *
 * A sum has a cell in each lane. A worker's thread has a lane of its own, where adding is a load and a store; all other
 * threads share lane 0, where it is a locked instruction, which costs as much as twenty others.
 */
#ifndef BASE_LANE_H
#define BASE_LANE_H

#include <stdatomic.h>
#include <stdint.h>

enum { LANES = 64 };

extern _Thread_local unsigned lane_mine; /* below LANES */

/* A lane for this thread alone until lane_give(), unless all are taken. */
void lane_take(void);
void lane_give(void);

/* The cell must be one of lane_mine. */
static inline void lane_add(_Atomic int64_t *cell, int64_t n)
{
	if (lane_mine)
		atomic_store_explicit(cell, atomic_load_explicit(cell, memory_order_relaxed) + n, memory_order_relaxed);
	else
		atomic_fetch_add_explicit(cell, n, memory_order_relaxed);
}

#endif
