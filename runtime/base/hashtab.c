/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linear hashing (Litwin 1980): with B buckets, 2^k <= B < 2^(k+1), a hash's low k+1 bits name its
 * bucket, or the low k bits where that bucket is not there yet. Adding bucket B takes from bucket
 * B - 2^k those whose next bit is set. Buckets lie in segments, each as large as all before it, so none
 * moves. A split keeps the order within a chain.
 */
#include "base/hashtab.h"

#include "base/mem.h"

static size_t high_bit(size_t n)
{
	return (size_t)1 << (63 - __builtin_clzll(n));
}

static struct hashtab_node **bucket_at(const struct hashtab *h, size_t i)
{
	size_t top;

	if (i < HASHTAB_FIRST)
		return (struct hashtab_node **)(uintptr_t)&h->first[i];
	top = high_bit(i);
	return &h->segment[__builtin_ctzll(top / HASHTAB_FIRST)][i - top];
}

static struct hashtab_node **bucket_of(const struct hashtab *h, uint64_t hash)
{
	size_t n = hashtab_buckets(h), top = high_bit(n), i = hash & (2 * top - 1);

	return bucket_at(h, i < n ? i : i - top);
}

size_t hashtab_buckets(const struct hashtab *h)
{
	return HASHTAB_FIRST + h->grown;
}

struct hashtab_node *hashtab_chain(const struct hashtab *h, size_t i)
{
	return *bucket_at(h, i);
}

/* Memory for bucket number n; false: there is none. */
static bool make_room(struct hashtab *h, size_t n)
{
	struct hashtab_node ***s;

	if (n != high_bit(n)) /* in the middle of a segment */
		return true;
	if ((size_t)__builtin_ctzll(n / HASHTAB_FIRST) >= HASHTAB_SEGMENTS)
		return false;
	s = &h->segment[__builtin_ctzll(n / HASHTAB_FIRST)];
	*s = mem_calloc(n, sizeof(**s));
	return *s != NULL;
}

static void link_at(struct hashtab_node **at, struct hashtab_node *n)
{
	n->next = *at;
	n->at = at;
	if (n->next)
		n->next->at = &n->next;
	*at = n;
}

static void unlink_node(struct hashtab_node *n)
{
	*n->at = n->next;
	if (n->next)
		n->next->at = n->at;
}

static void split(struct hashtab *h)
{
	size_t n = hashtab_buckets(h), top = high_bit(n);
	struct hashtab_node **to, *x, *next;

	if (!make_room(h, n))
		return;
	h->grown++;
	to = bucket_at(h, n);
	for (x = *bucket_at(h, n - top); x; x = next, h->moved++) {
		next = x->next;
		if (!(x->hash & top))
			continue;
		unlink_node(x);
		link_at(to, x);
		to = &x->next;
	}
}

void hashtab_add(struct hashtab *h, struct hashtab_node *n, uint64_t hash)
{
	if (h->n >= hashtab_buckets(h))
		split(h);
	n->hash = hash;
	link_at(bucket_of(h, hash), n);
	h->n++;
}

void hashtab_del(struct hashtab *h, struct hashtab_node *n)
{
	if (!n->at)
		return;
	unlink_node(n);
	n->at = NULL;
	n->next = NULL;
	h->n--;
}

struct hashtab_node *hashtab_find(const struct hashtab *h, uint64_t hash)
{
	struct hashtab_node *n = *bucket_of(h, hash);

	while (n && n->hash != hash)
		n = n->next;
	return n;
}

struct hashtab_node *hashtab_find_next(const struct hashtab_node *n)
{
	uint64_t hash = n->hash;
	struct hashtab_node *x = n->next;

	while (x && x->hash != hash)
		x = x->next;
	return x;
}

void hashtab_fini(struct hashtab *h)
{
	for (size_t i = 0; i < HASHTAB_SEGMENTS; i++)
		mem_free(&h->segment[i]);
	*h = (struct hashtab){0};
}
