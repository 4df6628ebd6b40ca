/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each stripe has a wheel of seconds (base/due.h). A sweep takes out a few bindings under the lock, tells
 * of them without it, and goes on until nothing is due or its budget is used up.
 */
#include "usrloc/usrloc_priv.h"

enum { BATCH = 64 };

/* Unlink what is due in one stripe, at most BATCH bindings, into out[]. */
static uint32_t collect(struct ul_table *t, struct ul_stripe *s, int64_t now, uint32_t *budget,
			struct ul_binding **out)
{
	struct due_node *d;
	uint32_t n = 0;

	while (n < BATCH && (d = due_take(&s->due, now, budget)) != NULL) {
		out[n] = container_of(d, struct ul_binding, due);
		ul_binding_unlink(t, s, out[n]);
		n++;
	}
	return n;
}

/* Records that lost their last binding; each is dropped once although several of its may be gone. */
static void drop_empty(struct ul_table *t, struct ul_stripe *s, struct ul_binding **gone, uint32_t n)
{
	for (uint32_t k = 0; k < n; k++) {
		bool last = !gone[k]->rec->first;

		for (uint32_t j = k + 1; last && j < n; j++)
			last = gone[j]->rec != gone[k]->rec;
		if (last)
			ul_record_drop(t, s, gone[k]->rec);
	}
}

/* One batch of one stripe; true: there may be more. */
static bool expire_batch(struct ul_table *t, struct ul_stripe *s, int64_t now, uint32_t *budget,
			 ul_expired_fn *fn, void *arg)
{
	struct arena *a = fn ? arena_new(0) : NULL;
	struct ul_binding *gone[BATCH];
	struct str aor[BATCH];
	uint32_t n;

	pthread_mutex_lock(&s->lock);
	n = collect(t, s, now, budget, gone);
	for (uint32_t k = 0; a && k < n; k++) /* the record may go before fn runs */
		aor[k] = str_dup(a, str_make(gone[k]->rec->aor, gone[k]->rec->aor_n));
	drop_empty(t, s, gone, n);
	pthread_mutex_unlock(&s->lock);
	for (uint32_t k = 0; k < n; k++) {
		if (a) {
			struct ul_contact c;

			ul_view(gone[k], &c);
			fn(arg, aor[k], &c);
		}
		ul_binding_free(&gone[k]);
	}
	arena_free(&a);
	atomic_fetch_add(&t->expired, n);
	return n == BATCH;
}

bool ul_expire(struct ul_table *t, int64_t now, uint32_t budget, ul_expired_fn *fn, void *arg)
{
	for (int i = 0; i < UL_STRIPES && budget; i++)
		while (expire_batch(t, &t->stripes[i], now, &budget, fn, arg))
			;
	return budget == 0;
}
