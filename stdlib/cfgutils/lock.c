/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lock(), trylock(), unlock(): a run owns a lock, not a thread. A run that waits parks its fiber; who gives the
 * lock up hands it to the first in the queue and wakes it in its own worker. What a run forgot to unlock is
 * given free when it ends.
 */
#define STD_NAME cfgutils
#define STD_DEF "cfgutils/cfgutils.def"
#define STD_PROTOTYPES_ONLY
#include "abi/std.h"

#include <pthread.h>

#include "base/hash.h"
#include "base/mem.h"
#include "cfgutils/cfgutils_priv.h"
#include "core/fiber.h"
#include "core/worker.h"
#include "script/env.h"
#include "script/run.h"

enum { POWER_MAX = 16, HELD_MAX = 16 };

struct waiter {
	struct waiter *next;
	struct fiber *f;
	struct worker *w;
	struct held *who;
	bool got;
};

struct lock {
	struct held *owner; /* NULL: free */
	struct waiter *first;
};

/* Of one run. */
struct held {
	unsigned n;
	struct lock *v[HELD_MAX];
};

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static struct lock *locks;
static uint32_t n_locks;
static const char held_key;

int cfgutils_locks_init(int64_t power)
{
	if (power < 0 || power > POWER_MAX)
		return RT_E_LIMIT;
	n_locks = power ? 1u << power : 0;
	locks = n_locks ? mem_calloc(n_locks, sizeof(*locks)) : NULL;
	return n_locks && !locks ? RT_E_NOMEM : 0;
}

void cfgutils_locks_fini(void)
{
	mem_free(&locks);
	n_locks = 0;
}

static void wake(struct worker *w, void *arg)
{
	struct waiter *x = arg;

	(void)w;
	fiber_wake(x->f);
}

/* The next in the queue owns it now. guard is held. */
static struct waiter *pass_on(struct lock *l)
{
	struct waiter *x = l->first;

	l->owner = x ? x->who : NULL;
	if (!x)
		return NULL;
	l->first = x->next;
	x->got = true;
	return x;
}

static void give_free(struct lock *l)
{
	struct waiter *x;

	pthread_mutex_lock(&guard);
	x = pass_on(l);
	if (x && x->w == worker_self())
		fiber_wake(x->f);
	else if (x)
		BUG_ON(worker_post(x->w, wake, x) != 0);
	pthread_mutex_unlock(&guard);
}

static void run_over(void *arg)
{
	struct held *h = arg;

	while (h->n)
		give_free(h->v[--h->n]);
}

static struct lock *lock_of(struct run *r, const struct str *key)
{
	if (!n_locks)
		script_err(r, "there are no locks: modparam(\"cfgutils\", \"lock_set_size\", ...) is not set");
	return n_locks ? &locks[hash_core(*key) & (n_locks - 1)] : NULL;
}

static int find_held(const struct held *h, const struct lock *l)
{
	for (unsigned i = 0; i < h->n; i++)
		if (h->v[i] == l)
			return (int)i;
	return -1;
}

static int32_t take_await(struct run *r, const struct str *key, bool wait)
{
	struct lock *l = lock_of(r, key);
	struct held *h = l ? run_local(r, &held_key, sizeof(*h), run_over) : NULL;
	struct waiter me = {.f = fiber_self(), .w = r->worker, .who = h};
	struct waiter **at;

	if (!h || h->n == HELD_MAX)
		return -1;
	if (find_held(h, l) >= 0) {
		script_err(r, "this run holds the lock already, waiting for it would never end");
		return -1;
	}
	pthread_mutex_lock(&guard);
	if (!l->owner) {
		l->owner = h;
		me.got = true;
	} else if (wait && me.f) {
		for (at = &l->first; *at; at = &(*at)->next)
			;
		*at = &me;
	}
	pthread_mutex_unlock(&guard);
	while (wait && me.f && !me.got)
		fiber_park();
	if (!me.got)
		return -1;
	h->v[h->n++] = l;
	return 1;
}

int32_t std_cfgutils_lock(struct run *r, const struct str *key)
{
	return take_await(r, key, true);
}

int32_t std_cfgutils_trylock(struct run *r, const struct str *key)
{
	return take_await(r, key, false);
}

int32_t std_cfgutils_unlock(struct run *r, const struct str *key)
{
	struct lock *l = lock_of(r, key);
	struct held *h = l ? run_local_find(r, &held_key) : NULL;
	int i = h ? find_held(h, l) : -1;

	if (i < 0)
		return -1;
	h->v[i] = h->v[--h->n];
	give_free(l);
	return 1;
}
