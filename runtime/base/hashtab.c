/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linear hashing (Litwin 1980): with B buckets, 2^k <= B < 2^(k+1), a hash's low k+1 bits name its
 * bucket, or the low k bits where that bucket is not there yet. Adding bucket B takes from bucket
 * B - 2^k those whose next bit is set. Buckets lie in segments, each as large as all before it, so none
 * moves. A split keeps the order within a chain.
 *
 * User space has addresses of 47 bits, so 16 bits of a bucket are free: each node sets the one that its hash
 * names. A bit stays when its node goes, until the chain is empty or split.
 */
#include "base/hashtab.h"

#include "base/mem.h"

static size_t high_bit(size_t n)
{
	return (size_t)1 << (63 - __builtin_clzll(n));
}

enum { ADDRESS_BITS = 48 };

static const uintptr_t address = ((uintptr_t)1 << ADDRESS_BITS) - 1;

/* The high bits of a hash may be all the same, as those of a number. */
static uintptr_t mark_of(uint64_t hash)
{
	return (uintptr_t)1 << (ADDRESS_BITS + (hash * 0x9e3779b97f4a7c15u >> 60));
}

static struct hashtab_node *node_of(uintptr_t link)
{
	return (struct hashtab_node *)(link & address & ~(uintptr_t)1);
}

static uintptr_t *bucket_at(const struct hashtab *h, size_t i)
{
	size_t top;

	if (i < HASHTAB_FIRST)
		return (uintptr_t *)(uintptr_t)&h->first[i];
	top = high_bit(i);
	return &h->segment[__builtin_ctzll(top / HASHTAB_FIRST)][i - top];
}

static uintptr_t *bucket_of(const struct hashtab *h, uint64_t hash)
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
	return node_of(*bucket_at(h, i));
}

/* Memory for bucket number n; false: there is none. */
static bool make_room(struct hashtab *h, size_t n)
{
	uintptr_t **s;

	if (n != high_bit(n)) /* in the middle of a segment */
		return true;
	if ((size_t)__builtin_ctzll(n / HASHTAB_FIRST) >= HASHTAB_SEGMENTS)
		return false;
	s = &h->segment[__builtin_ctzll(n / HASHTAB_FIRST)];
	*s = mem_calloc(n, sizeof(**s));
	return *s != NULL;
}

/* What led to a node leads to another; marks of a bucket and bit 0 of a link stay. */
static void lead_to(uintptr_t *link, const struct hashtab_node *n)
{
	*link = (*link & (~address | 1)) | (uintptr_t)n;
}

/* Those of one hash stay together, so each link's bit 0 stays true. */
static void split(struct hashtab *h)
{
	size_t n = hashtab_buckets(h), top = high_bit(n);
	uintptr_t *bucket[2], *end[2];
	struct hashtab_node *x, *next;

	if (!make_room(h, n))
		return;
	h->grown++;
	bucket[0] = end[0] = bucket_at(h, n - top);
	bucket[1] = end[1] = bucket_at(h, n);
	x = node_of(*bucket[0]);
	*bucket[0] = 0;
	for (; x; x = next, h->moved++) {
		bool to = (x->hash & top) != 0;

		next = hashtab_next(x);
		lead_to(end[to], x);
		*bucket[to] |= mark_of(x->hash);
		x->link &= 1;
		end[to] = &x->link;
	}
}

/* The link that leads to the first node of that hash, or NULL. */
static uintptr_t *find_link(uintptr_t *bucket, uint64_t hash)
{
	uintptr_t *link = bucket;
	struct hashtab_node *x;

	if (!(*bucket & mark_of(hash)))
		return NULL;
	while ((x = node_of(*link)) && x->hash != hash)
		link = &x->link;
	return x ? link : NULL;
}

void hashtab_add(struct hashtab *h, struct hashtab_node *n, uint64_t hash)
{
	uintptr_t *bucket, *link;
	struct hashtab_node *same;

	if (h->n >= hashtab_buckets(h))
		split(h);
	bucket = bucket_of(h, hash);
	link = find_link(bucket, hash);
	same = link ? node_of(*link) : NULL;
	n->hash = hash;
	n->prev = n;
	n->link = (uintptr_t)(same ? same : node_of(*bucket)) | (same != NULL);
	if (same)
		same->prev = n;
	lead_to(same ? link : bucket, n);
	*bucket |= mark_of(hash);
	h->n++;
}

/* The link that leads to the first node of its hash. */
static uintptr_t *link_to(uintptr_t *bucket, const struct hashtab_node *n)
{
	uintptr_t *link = bucket;

	while (node_of(*link) != n)
		link = &node_of(*link)->link;
	return link;
}

void hashtab_del(struct hashtab *h, struct hashtab_node *n)
{
	struct hashtab_node *older = hashtab_find_next(n);
	uintptr_t *bucket;

	if (!hashtab_has(n))
		return;
	if (n->prev != n) { /* its link takes over that of n, with bit 0 */
		n->prev->link = n->link;
		if (older)
			older->prev = n->prev;
	} else {
		bucket = bucket_of(h, n->hash);
		lead_to(link_to(bucket, n), hashtab_next(n));
		if (!node_of(*bucket))
			*bucket = 0;
		if (older)
			older->prev = older;
	}
	n->prev = NULL;
	n->link = 0;
	h->n--;
}

struct hashtab_node *hashtab_find(const struct hashtab *h, uint64_t hash)
{
	uintptr_t *link = find_link(bucket_of(h, hash), hash);

	return link ? node_of(*link) : NULL;
}

void hashtab_fini(struct hashtab *h)
{
	for (size_t i = 0; i < HASHTAB_SEGMENTS; i++)
		mem_free(&h->segment[i]);
	*h = (struct hashtab){0};
}
