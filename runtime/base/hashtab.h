/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hashtab.h - chained hash tables that grow a bucket at a time.
 *
 * For: tables of up to millions of things (location records, transactions, connections, items of
 * scripts). Linear hashing: an insertion into a full table splits one bucket, so none pays for the
 * growth of all. Nodes are embedded in what they link; nothing is allocated but buckets, and when
 * memory for those is out chains just grow longer. An all-zero table is a valid empty one.
 *
 * In a large table each node looked at is a miss of the cache. So a bucket says which hashes may be in its chain, and
 * neither an insertion nor a search looks at nodes of other hashes, but for one in sixteen.
 *
 * Not thread safe: the owner's lock guards it. Hashes of foreign bytes must be keyed (hash_str).
 */
#ifndef BASE_HASHTAB_H
#define BASE_HASHTAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Those of one hash stand behind one another. */
struct hashtab_node {
	uintptr_t link;            /* the next one, bit 0: it has the same hash */
	struct hashtab_node *prev; /* of the same hash; itself: the first of them; NULL: in no table */
	uint64_t hash;
};

enum { HASHTAB_FIRST = 8, HASHTAB_SEGMENTS = 40 };

struct hashtab {
	uintptr_t first[HASHTAB_FIRST];       /* the first node, and in the upper 16 bits which hashes are there */
	uintptr_t *segment[HASHTAB_SEGMENTS]; /* of HASHTAB_FIRST << i buckets */
	size_t grown; /* buckets beyond the first */
	size_t n;     /* nodes */
	uint64_t moved; /* nodes looked at by splits so far: what growth has cost */
};

/* In front of those with its hash. The node's own memory is the caller's. */
void hashtab_add(struct hashtab *h, struct hashtab_node *n, uint64_t hash);
/* Costs the same however many have its hash. Harmless on a node that is in no table. */
void hashtab_del(struct hashtab *h, struct hashtab_node *n);
static inline bool hashtab_has(const struct hashtab_node *n)
{
	return n->prev != NULL;
}
/* The newest with that hash, and the next older; NULL: none. Different things may share a hash. */
struct hashtab_node *hashtab_find(const struct hashtab *h, uint64_t hash);
static inline struct hashtab_node *hashtab_next(const struct hashtab_node *n)
{
	return (struct hashtab_node *)(n->link & ~(uintptr_t)1);
}
static inline struct hashtab_node *hashtab_find_next(const struct hashtab_node *n)
{
	return n->link & 1 ? hashtab_next(n) : NULL;
}
/* For walks over all: chain i of hashtab_buckets(), on by hashtab_next(); only deleting what was visited keeps it whole. */
size_t hashtab_buckets(const struct hashtab *h);
struct hashtab_node *hashtab_chain(const struct hashtab *h, size_t i);
/* Frees the buckets; the nodes are the caller's and must be out or are forgotten. */
void hashtab_fini(struct hashtab *h);

#endif
