/* SPDX-License-Identifier: Apache-2.0 */
#include "base/spin.h"

#include <sched.h>

enum { LOOKS = 200 };

void spin_wait(struct spin *s)
{
	do {
		for (int i = 0; i < LOOKS && atomic_load_explicit(&s->held, memory_order_relaxed); i++)
			__builtin_ia32_pause();
		if (atomic_load_explicit(&s->held, memory_order_relaxed))
			sched_yield();
	} while (atomic_exchange_explicit(&s->held, true, memory_order_acquire));
}
