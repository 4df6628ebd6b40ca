/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each stripe has a ring of time slots; a binding hangs in the slot of its expiry. A sweep looks at
 * the slots between the last sweep and now only; what hangs there for a later turn stays.
 */
#include "usrloc/usrloc_priv.h"

enum { BATCH = 64 };

/* Unlink up to `max` expired bindings of one stripe into out[]; the table counts them. */
static uint32_t collect(struct ul_table *t, struct ul_stripe *s, int64_t now, uint32_t max,
			struct ul_binding **out)
{
	int64_t slot_now = now / UL_SLOT_SECONDS, slot = s->swept;
	uint32_t n = 0;

	if (slot_now - slot >= UL_SLOTS)
		slot = slot_now - UL_SLOTS + 1;
	for (; slot <= slot_now; slot++) {
		struct list *head = &s->ring[slot % UL_SLOTS], *it, *tmp;

		list_each(it, tmp, head) {
			struct ul_binding *b = container_of(it, struct ul_binding, slot);

			if (!ul_is_expired(b, now))
				continue;
			if (n == max)
				return n; /* swept stays: the next call goes on here */
			ul_binding_unlink(t, b);
			out[n++] = b;
		}
		s->swept = slot;
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

/* One batch of one stripe. */
static uint32_t expire_batch(struct ul_table *t, struct ul_stripe *s, int64_t now, uint32_t max,
			     ul_expired_fn *fn, void *arg)
{
	struct arena *a = fn ? arena_new(0) : NULL;
	struct ul_binding *gone[BATCH];
	struct str aor[BATCH];
	uint32_t n;

	pthread_mutex_lock(&s->lock);
	n = collect(t, s, now, max, gone);
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
	return n;
}

uint32_t ul_expire(struct ul_table *t, int64_t now, uint32_t max, ul_expired_fn *fn, void *arg)
{
	uint32_t total = 0;

	for (int i = 0; i < UL_STRIPES && total < max;) {
		uint32_t want = max - total < BATCH ? max - total : BATCH;
		uint32_t n = expire_batch(t, &t->stripes[i], now, want, fn, arg);

		total += n;
		if (n < want)
			i++;
	}
	return total;
}
