/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hashtab.h - chained hash tables that grow a bucket at a time.
 *
 * For: tables of up to millions of things (location records, transactions, connections, items of
 * scripts). Linear hashing: an insertion into a full table splits one bucket, so none pays for the
 * growth of all. Nodes are embedded in what they link; nothing is allocated but buckets, and when
 * memory for those is out chains just grow longer. An all-zero table is a valid empty one.
 *
 * Not thread safe: the owner's lock guards it. Hashes of foreign bytes must be keyed (hash_str).
 */
#ifndef BASE_HASHTAB_H
#define BASE_HASHTAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hashtab_node {
	struct hashtab_node *next, **at; /* at NULL: in no table */
	uint64_t hash;
};

enum { HASHTAB_FIRST = 8, HASHTAB_SEGMENTS = 40 };

struct hashtab {
	struct hashtab_node *first[HASHTAB_FIRST];
	struct hashtab_node **segment[HASHTAB_SEGMENTS]; /* of HASHTAB_FIRST << i buckets */
	size_t grown; /* buckets beyond the first */
	size_t n;     /* nodes */
	uint64_t moved; /* nodes looked at by splits so far: what growth has cost */
};

/* In front of those with its hash. The node's own memory is the caller's. */
void hashtab_add(struct hashtab *h, struct hashtab_node *n, uint64_t hash);
/* Costs the same however long the chain is. Harmless on a node that is in no table. */
void hashtab_del(struct hashtab *h, struct hashtab_node *n);
/* The newest with that hash, and the next older; NULL: none. Different things may share a hash. */
struct hashtab_node *hashtab_find(const struct hashtab *h, uint64_t hash);
struct hashtab_node *hashtab_find_next(const struct hashtab_node *n);
/* For walks over all: chain i of hashtab_buckets(); only deleting what was visited keeps it whole. */
size_t hashtab_buckets(const struct hashtab *h);
struct hashtab_node *hashtab_chain(const struct hashtab *h, size_t i);
/* Frees the buckets; the nodes are the caller's and must be out or are forgotten. */
void hashtab_fini(struct hashtab *h);

#endif
