/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table.h - the tables of htable: items by name, with an optional time to live.
 *
 * For: the module's own files. Any thread may call; a table is stripes, each under its lock, and no lock
 * is held when a call returns. What is read is copied into the caller's arena. Times are wall-clock
 * seconds given by the caller. An item whose time is over is gone for every reader, whether or not the
 * sweep has come by. Items belong to slots (the reference's 2^size buckets) only so that walks and dumps
 * go in the reference's order; finding one goes through an index of its own that grows with the table.
 */
#ifndef HTABLE_TABLE_H
#define HTABLE_TABLE_H

#include "abi/value.h"
#include "base/arena.h"

struct ht_table;

enum { HT_NAME_MAX = 64, HT_KEY_MAX = 8192, HT_VALUE_MAX = 65536, HT_TABLES_MAX = 256, HT_COLS_MAX = 32 };

struct ht_spec {
	struct str name;
	unsigned slots; /* a power of two */
	int64_t autoexpire; /* s, 0: items never expire */
	bool updateexpire;  /* a new value starts the time again */
	bool has_init;
	int64_t init; /* what a missing item reads as */
	struct str dbtable; /* empty: none; these texts are the program's */
	bool dbmode;        /* written back at the end */
	struct str cols[HT_COLS_MAX]; /* the key's column, then those that are joined to a value; none: one row is one item */
	unsigned n_cols;
	struct str colsep, colnull;
};

struct ht_limits {
	uint64_t items, bytes;
};

struct ht_entry { /* a copy of an item */
	struct str key;
	struct value value;
	int64_t expires; /* 0: never */
	uint32_t hid;
};

/* Read "name=>size=8;autoexpire=300;...". RT_E_PARSE, RT_E_UNSUPP (logged). */
int ht_spec_parse(struct str text, struct ht_spec *ret);

/* All tables of the process; made before workers run. RT_E_EXIST, RT_E_NOMEM, RT_E_LIMIT. */
int ht_declare(const struct ht_spec *spec);
/* A table like `t`, empty, that nobody finds by name. RT_E_NOMEM. */
int ht_new_like(const struct ht_table *t, struct ht_table **ret);
void ht_free(struct ht_table **t);
/* All items of `t` go and those of `from`, made by ht_new_like(t), take their place; no reader sees a slot in between. */
void ht_replace(struct ht_table *t, struct ht_table *from);
void ht_free_all(void);
void ht_set_limits(const struct ht_limits *l);
struct ht_table *ht_find(struct str name);
unsigned ht_count(void);
struct ht_table *ht_at(unsigned i); /* in order of declaration */
const struct ht_spec *ht_spec(const struct ht_table *t);

/* A key with what finding it needs; `key` is the caller's. Several threads may share one. */
struct ht_place {
	struct ht_table *t;
	struct str key;
	uint64_t hash;
	uint32_t hid; /* see struct ht_item */
	/* What was found when the stripe was at `seen`; the stripe's lock guards both. */
	struct ht_item *item;
	uint64_t seen;
};
struct ht_place ht_place_of(struct ht_table *t, struct str key);

/* 0, also when there is none: then the initial value, or null. RT_E_NOMEM. */
int ht_get_at(struct ht_place *p, int64_t now, struct arena *a, struct value *ret);
int ht_get(struct ht_table *t, struct str key, int64_t now, struct arena *a, struct value *ret);
/* The item itself; RT_E_NOENT. */
int ht_entry(struct ht_table *t, struct str key, int64_t now, struct arena *a, struct ht_entry *ret);
/* expires: seconds from now, HT_BY_TABLE: the table's rule. RT_E_NOMEM, RT_E_LIMIT (full, or too long). */
enum { HT_BY_TABLE = -1 };
int ht_set_at(struct ht_place *p, const struct value *v, int64_t now, int64_t expires);
int ht_set(struct ht_table *t, struct str key, const struct value *v, int64_t now, int64_t expires);
bool ht_remove(struct ht_table *t, struct str key);
/* Add to an integer item; a missing one starts at the initial value. RT_E_NOENT: neither; RT_E_STATE: text. */
int ht_add(struct ht_table *t, struct str key, int64_t delta, int64_t now, int64_t *ret);
/* Seconds left, 0: never or no such item. */
int64_t ht_left(struct ht_table *t, struct str key, int64_t now);
/* 0 seconds: never. Without effect on tables whose items do not expire. */
int ht_set_left(struct ht_table *t, struct str key, int64_t seconds, int64_t now);

/* Items that fn says yes to. The entry's texts are the item's own: valid in fn only, which must be short. */
typedef bool ht_match_fn(void *arg, const struct ht_entry *e);
uint64_t ht_count_if(struct ht_table *t, int64_t now, ht_match_fn *fn, void *arg);
bool ht_any(struct ht_table *t, int64_t now, ht_match_fn *fn, void *arg);
uint64_t ht_remove_if(struct ht_table *t, ht_match_fn *fn, void *arg);
void ht_reset(struct ht_table *t);

/* Copies of the items of one slot, in the reference's order. RT_E_NOMEM. */
int ht_slot(struct ht_table *t, unsigned slot, int64_t now, struct arena *a, struct ht_entry **ret, size_t *n);
unsigned ht_slot_of(const struct ht_table *t, struct str key);
/*
 * Take expired items out, as copies in out[] (a NULL: they are only dropped; out has room for `budget`). At most
 * `budget` items are touched, taken or sorted by when they are due; *n were taken. True: call again.
 */
bool ht_expire(struct ht_table *t, int64_t now, uint32_t budget, struct arena *a, struct ht_entry *out, size_t *n);
uint64_t ht_items(const struct ht_table *t);
void ht_slot_sizes(struct ht_table *t, uint64_t *least, uint64_t *most);

/* ---- lock.c: sht_lock ---- */
struct run;
/* Wait until no other run holds the slot and hold it, or one level more. RT_E_TIMEOUT, RT_E_LIMIT, RT_E_NOMEM. */
int ht_lock_await(struct run *r, struct ht_table *t, struct str key);
void ht_unlock(struct run *r, struct ht_table *t, struct str key);
/* For plain access: wait while another run holds the slot. */
void ht_pass_await(struct run *r, struct ht_table *t, struct str key);

#endif
