/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each stripe has a wheel of seconds (base/due.h). A sweep takes out a few bindings under the lock, tells
 * of them without it, and goes on until nothing is due or its budget is used up.
 */
#include "usrloc/usrloc_priv.h"

enum { BATCH = 64 };

static void take(struct ul_table *t, struct ul_binding *b)
{
	struct ul_record rec;

	ul_record_of(t, b, &rec);
	ul_binding_unlink(&rec, b);
	ul_record_close(&rec);
}

/* Unlink what is due in one stripe, at most BATCH bindings, into out[]. */
static uint32_t collect(struct ul_table *t, struct ul_stripe *s, int64_t now, uint32_t *budget,
			struct ul_binding **out)
{
	struct due_node *d;
	uint32_t n = 0;

	while (n < BATCH && (d = due_take(&s->due, now, budget)) != NULL) {
		out[n] = container_of(d, struct ul_binding, due);
		take(t, out[n++]);
	}
	return n;
}

/* One batch of one stripe; true: there may be more. */
static bool expire_batch(struct ul_table *t, struct ul_stripe *s, int64_t now, uint32_t *budget,
			 ul_expired_fn *fn, void *arg)
{
	struct ul_binding *gone[BATCH];
	uint32_t n;

	pthread_mutex_lock(&s->lock);
	n = collect(t, s, now, budget, gone);
	pthread_mutex_unlock(&s->lock);
	for (uint32_t k = 0; k < n; k++) {
		struct ul_contact c;

		ul_view(gone[k], &c);
		if (fn)
			fn(arg, ul_aor(gone[k]), &c);
		ul_binding_free(&gone[k]);
	}
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
