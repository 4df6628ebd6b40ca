/* SPDX-License-Identifier: Apache-2.0 */
/* table_priv.h - the inside of a table, for table.c and lock.c. */
#ifndef HTABLE_TABLE_PRIV_H
#define HTABLE_TABLE_PRIV_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/list.h"
#include "htable/table.h"

enum { HT_STRIPES_MAX = 16, HT_FIRST_BUCKETS = 16, HT_DUE_SLOTS = 128, HT_DUE_SECONDS = 4 };

struct ht_item {
	struct ht_item *next; /* in its bucket */
	struct list slot;
	struct list due;
	uint64_t hash; /* keyed: the index */
	int64_t expires;
	int64_t i;
	char *text;
	uint32_t text_n, cap;
	uint32_t hid; /* hash_core() of the key: the slot and the order in it */
	uint32_t key_n;
	bool is_text;
	char key[];
};

struct ht_stripe {
	pthread_mutex_t lock;
	struct ht_item **buckets;
	size_t n_buckets, n_items;
	int64_t swept; /* time slot up to which expired items were taken */
	struct list holds; /* of sht_lock: struct hold in lock.c */
	struct list due[HT_DUE_SLOTS];
};

struct ht_table {
	struct ht_spec spec;
	char name[HT_NAME_MAX];
	_Atomic uint64_t items, bytes;
	_Atomic unsigned n_holds; /* slots that scripts have locked */
	struct list *slots;
	unsigned n_stripes;
	struct ht_stripe stripes[];
};

struct ht_stripe *ht_stripe_of(struct ht_table *t, uint32_t hid);

#endif
