/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spin.h - a lock for a few dozen instructions, such as one look into a table.
 *
 * Taking a free one is one locked instruction and giving it back none; a mutex needs two and two calls. Who finds
 * it held looks for a moment and then lets other threads run, the holder among them. Nothing may park or
 * block while it is held. All zero is a free one.
 */
#ifndef BASE_SPIN_H
#define BASE_SPIN_H

#include <stdatomic.h>
#include <stdbool.h>

struct spin {
	atomic_bool held;
};

/* The way of who comes while it is held. */
void spin_wait(struct spin *s);

static inline void spin_lock(struct spin *s)
{
	if (atomic_exchange_explicit(&s->held, true, memory_order_acquire))
		spin_wait(s);
}

static inline void spin_unlock(struct spin *s)
{
	atomic_store_explicit(&s->held, false, memory_order_release);
}

#endif
