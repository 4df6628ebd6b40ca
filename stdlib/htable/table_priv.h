/* SPDX-License-Identifier: Apache-2.0 */
/* table_priv.h - the inside of a table, for table.c and lock.c. */
#ifndef HTABLE_TABLE_PRIV_H
#define HTABLE_TABLE_PRIV_H

#include <stdatomic.h>

#include "base/due.h"
#include "base/hashtab.h"
#include "base/list.h"
#include "base/spin.h"
#include "htable/table.h"

enum { HT_STRIPES_MAX = 16 };

struct ht_item {
	struct hashtab_node node; /* by keyed hash: the index */
	struct list slot;
	struct due_node due;
	int64_t expires;
	int64_t i;
	char *text;
	uint32_t text_n, cap;
	uint32_t hid; /* hash_core() of the key: the slot and the order in it */
	uint32_t key_n;
	bool is_text;
	char key[];
};

/* Of a stripe: in one piece, to be exchanged as one (ht_replace). */
struct ht_items {
	struct hashtab index;
	struct due due;
};

struct ht_stripe {
	struct spin lock;
	struct ht_items *items;
	struct list holds; /* of sht_lock: struct hold in lock.c */
	uint64_t changes;  /* of what items there are; from 1 on */
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
