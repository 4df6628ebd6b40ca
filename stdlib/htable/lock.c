/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sht_lock: a slot belongs to one run until it is unlocked or the run ends. No lock is
 * held meanwhile: who comes later parks its fiber. The reference waits for ever for a lock that was
 * forgotten; here the end of the run gives it free, and who waits longer than WAIT_MS goes without.
 */
#include "htable/table_priv.h"

#include "abi/run.h"
#include "base/bug.h"
#include "core/fiber.h"
#include "core/log.h"
#include "script/env.h"
#include "script/run.h"

enum { HOLDS_MAX = 16, WAIT_MS = 5000 };

/* A slot that a run holds; lives in that run's storage. */
struct hold {
	struct list node; /* of the stripe */
	struct ht_table *t;
	const void *owner; /* the run's struct holds */
	unsigned slot;
	unsigned depth; /* 0: unused */
	struct list waiters;
};

struct holds {
	struct hold h[HOLDS_MAX];
};

enum wait_state { WAITING, GRANTED, GRANTED_AND_POSTED };

struct waiter { /* on the stack of a parked fiber */
	struct list node;
	struct hold *own; /* becomes the hold */
	struct fiber *fiber;
	struct worker *worker;
	enum wait_state state;
	bool woken;
};

static struct hold *find_hold(struct ht_stripe *s, const struct ht_table *t, unsigned slot)
{
	struct list *it, *tmp;

	list_each(it, tmp, &s->holds) {
		struct hold *h = container_of(it, struct hold, node);

		if (h->t == t && h->slot == slot)
			return h;
	}
	return NULL;
}

static void link_hold(struct ht_stripe *s, struct hold *h, struct list *waiters)
{
	h->depth = 1;
	list_init(&h->waiters);
	while (waiters && !list_empty(waiters)) {
		struct list *first = waiters->next;

		list_del(first);
		list_add_tail(&h->waiters, first);
	}
	list_add_tail(&s->holds, &h->node);
	atomic_fetch_add(&h->t->n_holds, 1);
}

static void wake(struct worker *w, void *arg)
{
	struct waiter *wt = arg;

	(void)w;
	wt->woken = true;
	fiber_wake(wt->fiber);
}

/* The stripe is locked. The first who waits gets the slot. */
static void give_up(struct ht_stripe *s, struct hold *h)
{
	struct list *first = h->waiters.next;
	struct waiter *wt;

	list_del(&h->node);
	atomic_fetch_sub(&h->t->n_holds, 1);
	h->depth = 0;
	if (first == &h->waiters)
		return;
	wt = container_of(first, struct waiter, node);
	list_del(first);
	link_hold(s, wt->own, &h->waiters);
	/* the fiber stays parked until the post is there, so that wt is valid; without a post its time runs out */
	wt->state = worker_post(wt->worker, wake, wt) ? GRANTED : GRANTED_AND_POSTED;
}

static void end_of_run(void *arg)
{
	struct holds *all = arg;

	for (int i = 0; i < HOLDS_MAX; i++) {
		struct hold *h = &all->h[i];
		struct ht_stripe *s;

		if (!h->depth)
			continue;
		s = ht_stripe_of(h->t, h->slot);
		spin_lock(&s->lock);
		give_up(s, h);
		spin_unlock(&s->lock);
	}
}

static struct holds *holds_of(struct run *r)
{
	static const char key;

	return run_local(r, &key, sizeof(struct holds), end_of_run);
}

static struct hold *free_hold(struct holds *all, struct ht_table *t, unsigned slot)
{
	for (int i = 0; i < HOLDS_MAX; i++) {
		if (all->h[i].depth)
			continue;
		all->h[i].t = t;
		all->h[i].slot = slot;
		all->h[i].owner = all;
		return &all->h[i];
	}
	return NULL;
}

static int wait_for(struct run *r, struct ht_stripe *s, struct waiter *wt)
{
	int err = 0;

	wt->fiber = fiber_self();
	wt->worker = r->worker;
	if (!wt->fiber)
		err = RT_E_STATE;
	if (!err)
		fiber_park_timeout(WAIT_MS);
	spin_lock(&s->lock);
	if (wt->state == WAITING) {
		list_del(&wt->node);
		err = RT_E_TIMEOUT;
	}
	spin_unlock(&s->lock);
	while (wt->state == GRANTED_AND_POSTED && !wt->woken)
		fiber_park();
	return err;
}

int ht_lock_await(struct run *r, struct ht_table *t, struct str key)
{
	unsigned slot = ht_slot_of(t, key);
	struct ht_stripe *s = ht_stripe_of(t, slot);
	struct holds *all = holds_of(r);
	struct hold *h, *mine = all ? free_hold(all, t, slot) : NULL;
	struct waiter wt = {.own = mine, .fiber = fiber_self(), .worker = r->worker};

	if (!all)
		return RT_E_NOMEM;
	spin_lock(&s->lock);
	h = find_hold(s, t, slot);
	if (h && h->owner == all) {
		h->depth++;
	} else if (!mine) {
		spin_unlock(&s->lock);
		return RT_E_LIMIT;
	} else if (!h) {
		link_hold(s, mine, NULL);
	} else {
		list_add_tail(&h->waiters, &wt.node);
		spin_unlock(&s->lock);
		return wait_for(r, s, &wt);
	}
	spin_unlock(&s->lock);
	return 0;
}

void ht_unlock(struct run *r, struct ht_table *t, struct str key)
{
	unsigned slot = ht_slot_of(t, key);
	struct ht_stripe *s = ht_stripe_of(t, slot);
	struct holds *all = holds_of(r);
	struct hold *h;

	spin_lock(&s->lock);
	h = find_hold(s, t, slot);
	if (h && h->owner == all && --h->depth == 0)
		give_up(s, h);
	spin_unlock(&s->lock);
}

void ht_pass_await(struct run *r, struct ht_table *t, struct str key)
{
	struct ht_stripe *s;
	struct hold *h;
	bool others;

	if (atomic_load(&t->n_holds) == 0)
		return;
	s = ht_stripe_of(t, ht_slot_of(t, key));
	spin_lock(&s->lock);
	h = find_hold(s, t, ht_slot_of(t, key));
	others = h && h->owner != holds_of(r);
	spin_unlock(&s->lock);
	if (!others)
		return;
	if (ht_lock_await(r, t, key) == 0)
		ht_unlock(r, t, key);
	else
		script_warn(r, "htable " STR_FMT ": the lock of another run was ignored after %d s",
			    STR_ARG(t->spec.name), WAIT_MS / 1000);
}
