/* SPDX-License-Identifier: Apache-2.0 */
/* Who has which lane: a bit each, lane 0 nobody's. */
#include "base/lane.h"

_Thread_local unsigned lane_mine;

static _Atomic uint64_t taken = 1;

_Static_assert(LANES == 64, "a bit each");

void lane_take(void)
{
	uint64_t seen = atomic_load(&taken);

	while (!lane_mine && ~seen)
		if (atomic_compare_exchange_weak(&taken, &seen, seen | (seen + 1)))
			lane_mine = (unsigned)__builtin_ctzll(~seen);
}

void lane_give(void)
{
	if (lane_mine)
		atomic_fetch_and(&taken, ~(1ULL << lane_mine));
	lane_mine = 0;
}
