/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stripes under locks of their own. A stripe owns the slots whose numbers end in its own, an index by
 * keyed hash that grows a bucket at a time (names come from the network: the slot's hash is public and weak,
 * so it decides the order of walks only), and a wheel of seconds for what expires.
 */
#include "htable/table_priv.h"

#include <stdlib.h>

#include "base/bug.h"
#include "base/hash.h"
#include "base/mem.h"
#include "core/log.h"

static struct ht_table *tables[HT_TABLES_MAX];
static unsigned n_tables;
static struct ht_table *by_name[HT_TABLES_MAX * 2]; /* open addressing, never full */
static struct ht_limits limits = {1000000, 512 << 20};

/* ---- all tables ---- */

static struct ht_table **name_slot(struct str name)
{
	uint64_t i = hash_fnv(name);

	while (by_name[i % (HT_TABLES_MAX * 2)] &&
	       !str_eq(by_name[i % (HT_TABLES_MAX * 2)]->spec.name, name))
		i++;
	return &by_name[i % (HT_TABLES_MAX * 2)];
}

struct ht_table *ht_find(struct str name)
{
	return *name_slot(name);
}

static void stripe_fini(struct ht_stripe *s)
{
	for (size_t i = 0; s->items && i < hashtab_buckets(&s->items->index); i++) {
		struct hashtab_node *n = hashtab_chain(&s->items->index, i), *next;

		for (; n; n = next) {
			struct ht_item *it = container_of(n, struct ht_item, node);

			next = n->next;
			mem_free(&it->text);
			mem_free(&it);
		}
	}
	if (s->items)
		hashtab_fini(&s->items->index);
	mem_free(&s->items);
}

static int stripe_init(struct ht_stripe *s)
{
	list_init(&s->holds);
	s->changes = 1;
	s->items = mem_alloc(sizeof(*s->items));
	return s->items ? 0 : RT_E_NOMEM;
}

void ht_free(struct ht_table **t)
{
	if (!*t)
		return;
	for (unsigned i = 0; i < (*t)->n_stripes; i++)
		stripe_fini(&(*t)->stripes[i]);
	mem_free(&(*t)->slots);
	mem_free(t);
}

static int table_new(const struct ht_spec *spec, struct ht_table **ret)
{
	unsigned stripes = spec->slots < HT_STRIPES_MAX ? spec->slots : HT_STRIPES_MAX;
	struct ht_table *t = mem_alloc(sizeof(*t) + stripes * sizeof(struct ht_stripe));
	int err = 0;

	if (!t)
		return RT_E_NOMEM;
	t->spec = *spec;
	t->n_stripes = stripes;
	t->slots = mem_calloc(spec->slots, sizeof(*t->slots));
	err = t->slots ? 0 : RT_E_NOMEM;
	for (unsigned i = 0; t->slots && i < spec->slots; i++)
		list_init(&t->slots[i]);
	for (unsigned i = 0; i < stripes; i++)
		if (stripe_init(&t->stripes[i]))
			err = RT_E_NOMEM;
	if (err) {
		ht_free(&t);
		return err;
	}
	memcpy(t->name, spec->name.p, spec->name.n);
	t->spec.name = str_make(t->name, spec->name.n);
	*ret = t;
	return 0;
}

int ht_declare(const struct ht_spec *spec)
{
	struct ht_table *t = NULL;
	int err;

	if (ht_find(spec->name))
		return RT_E_EXIST;
	if (n_tables == HT_TABLES_MAX)
		return RT_E_LIMIT;
	err = table_new(spec, &t);
	if (err)
		return err;
	*name_slot(t->spec.name) = t;
	tables[n_tables++] = t;
	return 0;
}

int ht_new_like(const struct ht_table *t, struct ht_table **ret)
{
	return table_new(&t->spec, ret);
}

static void swap_lists(struct list *a, struct list *b)
{
	struct list tmp;

	list_init(&tmp);
	list_add_tail(a, &tmp); /* tmp stands where a did */
	list_del(a);
	list_add_tail(b, a);
	list_del(b);
	list_add_tail(&tmp, b);
	list_del(&tmp);
}

static void bytes_of_stripe(const struct ht_stripe *s, uint64_t *bytes)
{
	*bytes = 0;
	for (size_t i = 0; i < hashtab_buckets(&s->items->index); i++)
		for (struct hashtab_node *n = hashtab_chain(&s->items->index, i); n; n = n->next) {
			const struct ht_item *it = container_of(n, struct ht_item, node);

			*bytes += sizeof(*it) + it->key_n + it->cap;
		}
}

/* `from` is the caller's alone and needs no lock. */
void ht_replace(struct ht_table *t, struct ht_table *from)
{
	for (unsigned i = 0; i < t->n_stripes; i++) {
		struct ht_stripe *s = &t->stripes[i], *f = &from->stripes[i];
		struct ht_items *items;
		uint64_t new, old;

		bytes_of_stripe(f, &new);
		spin_lock(&s->lock);
		bytes_of_stripe(s, &old);
		atomic_fetch_add(&t->items, f->items->index.n - s->items->index.n);
		atomic_fetch_add(&t->bytes, new - old);
		items = s->items;
		s->items = f->items;
		f->items = items;
		s->changes++;
		for (unsigned k = i; k < t->spec.slots; k += t->n_stripes)
			swap_lists(&t->slots[k], &from->slots[k]);
		spin_unlock(&s->lock);
	}
}

void ht_free_all(void)
{
	while (n_tables)
		ht_free(&tables[--n_tables]);
	memset(by_name, 0, sizeof(by_name));
}

void ht_set_limits(const struct ht_limits *l)
{
	limits = *l;
}

unsigned ht_count(void)
{
	return n_tables;
}

struct ht_table *ht_at(unsigned i)
{
	return i < n_tables ? tables[i] : NULL;
}

const struct ht_spec *ht_spec(const struct ht_table *t)
{
	return &t->spec;
}

/* ---- one stripe ---- */

unsigned ht_slot_of(const struct ht_table *t, struct str key)
{
	return hash_core(key) & (t->spec.slots - 1);
}

struct ht_stripe *ht_stripe_of(struct ht_table *t, uint32_t hid)
{
	return &t->stripes[hid & (t->n_stripes - 1)];
}

static bool is_over(const struct ht_item *it, int64_t now)
{
	return it->expires && it->expires < now;
}

static struct str key_of(const struct ht_item *it)
{
	return str_make(it->key, it->key_n);
}

static struct ht_item *find(const struct ht_stripe *s, uint64_t hash, struct str key)
{
	struct hashtab_node *n = hashtab_find(&s->items->index, hash);

	while (n && !str_eq(key_of(container_of(n, struct ht_item, node)), key))
		n = hashtab_find_next(n);
	return n ? container_of(n, struct ht_item, node) : NULL;
}

static void set_due(struct ht_stripe *s, struct ht_item *it, int64_t now, int64_t expires)
{
	it->expires = expires;
	if (expires)
		due_move(&s->items->due, &it->due, expires + 1, now); /* its last second counts */
	else
		due_del(&s->items->due, &it->due);
}

static size_t bytes_of(const struct ht_item *it)
{
	return sizeof(*it) + it->key_n + it->cap;
}

/* Out of every list, not freed. */
static void unlink_item(struct ht_table *t, struct ht_stripe *s, struct ht_item *it)
{
	s->changes++;
	hashtab_del(&s->items->index, &it->node);
	list_del(&it->slot);
	due_del(&s->items->due, &it->due);
	atomic_fetch_sub(&t->items, 1);
	atomic_fetch_sub(&t->bytes, bytes_of(it));
}

static void drop(struct ht_table *t, struct ht_stripe *s, struct ht_item *it)
{
	unlink_item(t, s, it);
	mem_free(&it->text);
	mem_free(&it);
}

static int full(const struct ht_table *t)
{
	static struct log_limit ll;

	if (log_allow(&ll, 1))
		log_warn("htable: table " STR_FMT " is full (%llu items), a new item is refused",
			 STR_ARG(t->spec.name), (unsigned long long)atomic_load(&t->items));
	return RT_E_LIMIT;
}

/* A new item without a value, linked. */
static int add_item(const struct ht_place *p, struct ht_stripe *s, struct ht_item **ret)
{
	struct ht_table *t = p->t;
	struct str key = p->key;
	struct ht_item *it;

	if (key.n > HT_KEY_MAX)
		return RT_E_LIMIT;
	if (atomic_load(&t->items) >= limits.items || atomic_load(&t->bytes) + sizeof(*it) + key.n > limits.bytes)
		return full(t);
	it = mem_alloc(sizeof(*it) + key.n);
	if (!it)
		return RT_E_NOMEM;
	it->hid = p->hid;
	it->key_n = (uint32_t)key.n;
	if (key.n)
		memcpy(it->key, key.p, key.n);
	s->changes++;
	hashtab_add(&s->items->index, &it->node, p->hash);
	list_add_tail(&t->slots[p->hid & (t->spec.slots - 1)], &it->slot);
	atomic_fetch_add(&t->items, 1);
	atomic_fetch_add(&t->bytes, bytes_of(it));
	*ret = it;
	return 0;
}

/* The old value stays when this fails. */
static int put_value(struct ht_table *t, struct ht_item *it, const struct value *v)
{
	if (!value_is_str(v)) {
		atomic_fetch_sub(&t->bytes, it->cap);
		mem_free(&it->text);
		it->cap = it->text_n = 0;
		it->is_text = false;
		it->i = v->i;
		return 0;
	}
	if (v->s.n > HT_VALUE_MAX)
		return RT_E_LIMIT;
	if (v->s.n > it->cap || v->s.n * 4 < it->cap) {
		uint32_t cap = v->s.n < 16 ? 16 : (uint32_t)v->s.n;
		char *p;

		if (atomic_load(&t->bytes) - it->cap + cap > limits.bytes)
			return full(t);
		p = mem_alloc(cap);
		if (!p)
			return RT_E_NOMEM;
		atomic_fetch_add(&t->bytes, (uint64_t)cap - it->cap);
		mem_free(&it->text);
		it->text = p;
		it->cap = cap;
	}
	if (v->s.n)
		memcpy(it->text, v->s.p, v->s.n);
	it->text_n = (uint32_t)v->s.n;
	it->is_text = true;
	return 0;
}

static struct value value_of(const struct ht_item *it)
{
	return it->is_text ? value_str(str_make(it->text, it->text_n)) : value_int(it->i);
}

static struct ht_entry view(const struct ht_item *it)
{
	return (struct ht_entry){key_of(it), value_of(it), it->expires, it->hid};
}

static int copy(struct arena *a, const struct ht_item *it, struct ht_entry *ret)
{
	struct ht_entry e = view(it);

	e.key = str_dup(a, e.key);
	if (it->is_text)
		e.value.s = str_dup(a, e.value.s);
	if (!e.key.p || (it->is_text && !e.value.s.p))
		return RT_E_NOMEM;
	*ret = e;
	return 0;
}

/* ---- items ---- */

struct at { /* where a key is; its stripe is locked */
	struct ht_stripe *s;
	struct ht_item *it; /* NULL: none, or its time is over */
};

struct ht_place ht_place_of(struct ht_table *t, struct str key)
{
	return (struct ht_place){.t = t, .key = key, .hash = hash_str(key), .hid = hash_core(key)};
}

__attribute__((cold)) static void look_again(struct ht_place *p, const struct ht_stripe *s)
{
	p->item = find(s, p->hash, p->key);
	p->seen = s->changes;
}

static inline struct at lock_place(struct ht_place *p, int64_t now)
{
	struct ht_stripe *s = ht_stripe_of(p->t, p->hid);

	spin_lock(&s->lock);
	if (p->seen != s->changes)
		look_again(p, s);
	return (struct at){s, p->item && !is_over(p->item, now) ? p->item : NULL};
}

static struct at lock_at(struct ht_table *t, struct str key, int64_t now)
{
	struct ht_place p = ht_place_of(t, key);

	return lock_place(&p, now);
}

static void unlock(struct at *at)
{
	spin_unlock(&at->s->lock);
}

int ht_get_at(struct ht_place *p, int64_t now, struct arena *a, struct value *ret)
{
	struct at at = lock_place(p, now);
	struct str copy = S("");

	if (!at.it) {
		*ret = p->t->spec.has_init ? value_int(p->t->spec.init) : value_null();
	} else if (at.it->is_text) {
		copy = str_dup(a, str_make(at.it->text, at.it->text_n));
		*ret = value_str(copy);
	} else {
		*ret = value_int(at.it->i);
	}
	unlock(&at);
	return copy.p ? 0 : RT_E_NOMEM;
}

int ht_get(struct ht_table *t, struct str key, int64_t now, struct arena *a, struct value *ret)
{
	struct ht_place p = ht_place_of(t, key);

	return ht_get_at(&p, now, a, ret);
}

int ht_entry(struct ht_table *t, struct str key, int64_t now, struct arena *a, struct ht_entry *ret)
{
	struct at at = lock_at(t, key, now);
	int err = at.it ? copy(a, at.it, ret) : RT_E_NOENT;

	unlock(&at);
	return err;
}

static int64_t end_of(const struct ht_table *t, int64_t now, int64_t seconds)
{
	if (!t->spec.autoexpire || seconds == 0)
		return 0;
	return now + (seconds < 0 ? t->spec.autoexpire : seconds);
}

/* The stripe is locked; `at->it` is what was found. */
static int store(const struct ht_place *p, struct at *at, const struct value *v, int64_t now, int64_t expires)
{
	struct ht_item *old = at->it ? NULL : p->item, *it = at->it;
	struct ht_table *t = p->t;
	int err = 0;

	if (old) /* its time is over: a new one begins */
		drop(t, at->s, old);
	if (!it)
		err = add_item(p, at->s, &it);
	if (err)
		return err;
	err = put_value(t, it, v);
	if (err) {
		if (!at->it)
			drop(t, at->s, it);
		return err;
	}
	if (!at->it || expires != HT_BY_TABLE || t->spec.updateexpire)
		set_due(at->s, it, now, end_of(t, now, expires));
	return 0;
}

int ht_set_at(struct ht_place *p, const struct value *v, int64_t now, int64_t expires)
{
	struct at at = lock_place(p, now);
	int err = store(p, &at, v, now, expires);

	unlock(&at);
	return err;
}

int ht_set(struct ht_table *t, struct str key, const struct value *v, int64_t now, int64_t expires)
{
	struct ht_place p = ht_place_of(t, key);

	return ht_set_at(&p, v, now, expires);
}

bool ht_remove(struct ht_table *t, struct str key)
{
	struct at at = lock_at(t, key, 0);
	bool found = at.it != NULL;

	if (found)
		drop(t, at.s, at.it);
	unlock(&at);
	return found;
}

int ht_add(struct ht_table *t, struct str key, int64_t delta, int64_t now, int64_t *ret)
{
	struct ht_place p = ht_place_of(t, key);
	struct at at = lock_place(&p, now);
	struct value v = value_int(0);
	int err = 0;

	if (at.it && at.it->is_text)
		err = RT_E_STATE;
	else if (!at.it && !t->spec.has_init)
		err = RT_E_NOENT;
	if (!err) {
		v.i = (int32_t)((uint64_t)(at.it ? at.it->i : t->spec.init) + (uint64_t)delta);
		err = store(&p, &at, &v, now, HT_BY_TABLE);
	}
	unlock(&at);
	if (!err)
		*ret = v.i;
	return err;
}

int64_t ht_left(struct ht_table *t, struct str key, int64_t now)
{
	struct at at = lock_at(t, key, now);
	int64_t left = at.it && at.it->expires ? at.it->expires - now : 0;

	unlock(&at);
	return left;
}

int ht_set_left(struct ht_table *t, struct str key, int64_t seconds, int64_t now)
{
	struct at at = lock_at(t, key, now);
	int err = at.it ? 0 : RT_E_NOENT;

	if (at.it && t->spec.autoexpire)
		set_due(at.s, at.it, now, seconds > 0 ? now + seconds : 0);
	unlock(&at);
	return err;
}

uint64_t ht_items(const struct ht_table *t)
{
	return atomic_load(&t->items);
}

/* ---- walks ---- */

/* Every item of the stripe, oldest slot first; fn false ends it. Items may be dropped in fn. */
typedef bool item_fn(void *arg, struct ht_table *t, struct ht_stripe *s, struct ht_item *it);

static void each(struct ht_table *t, item_fn *fn, void *arg)
{
	bool more = true;

	for (unsigned i = 0; more && i < t->spec.slots; i++) {
		struct ht_stripe *s = ht_stripe_of(t, i);
		struct list *it, *tmp;

		spin_lock(&s->lock);
		list_each(it, tmp, &t->slots[i]) {
			more = fn(arg, t, s, container_of(it, struct ht_item, slot));
			if (!more)
				break;
		}
		spin_unlock(&s->lock);
	}
}

struct walk {
	ht_match_fn *fn;
	void *arg;
	int64_t now;
	uint64_t n;
	bool first_only;
	bool remove;
};

static bool try_item(void *arg, struct ht_table *t, struct ht_stripe *s, struct ht_item *it)
{
	struct walk *w = arg;
	struct ht_entry e = view(it);

	if (is_over(it, w->now) || !w->fn(w->arg, &e))
		return true;
	w->n++;
	if (w->remove)
		drop(t, s, it);
	return !w->first_only;
}

uint64_t ht_count_if(struct ht_table *t, int64_t now, ht_match_fn *fn, void *arg)
{
	struct walk w = {.fn = fn, .arg = arg, .now = now};

	each(t, try_item, &w);
	return w.n;
}

bool ht_any(struct ht_table *t, int64_t now, ht_match_fn *fn, void *arg)
{
	struct walk w = {.fn = fn, .arg = arg, .now = now, .first_only = true};

	each(t, try_item, &w);
	return w.n != 0;
}

uint64_t ht_remove_if(struct ht_table *t, ht_match_fn *fn, void *arg)
{
	struct walk w = {.fn = fn, .arg = arg, .remove = true};

	each(t, try_item, &w);
	return w.n;
}

static bool every(void *arg, const struct ht_entry *e)
{
	(void)arg;
	(void)e;
	return true;
}

void ht_reset(struct ht_table *t)
{
	ht_remove_if(t, every, NULL);
}

static int by_hid(const void *a, const void *b)
{
	const struct ht_entry *x = a, *y = b;

	return x->hid < y->hid ? -1 : x->hid > y->hid ? 1 : str_cmp(x->key, y->key);
}

int ht_slot(struct ht_table *t, unsigned slot, int64_t now, struct arena *a, struct ht_entry **ret, size_t *n)
{
	struct ht_stripe *s = ht_stripe_of(t, slot);
	struct list *it, *tmp;
	struct ht_entry *list;
	size_t all = 0, k = 0;
	int err = 0;

	spin_lock(&s->lock);
	list_each(it, tmp, &t->slots[slot])
		all++;
	list = all ? arena_calloc(a, all, sizeof(*list)) : NULL;
	if (all && !list)
		err = RT_E_NOMEM;
	if (list) {
		list_each(it, tmp, &t->slots[slot]) {
			struct ht_item *item = container_of(it, struct ht_item, slot);

			if (err || is_over(item, now))
				continue;
			err = copy(a, item, &list[k]);
			k++;
		}
	}
	spin_unlock(&s->lock);
	if (err)
		return err;
	if (k > 1)
		qsort(list, k, sizeof(*list), by_hid);
	*ret = list;
	*n = k;
	return 0;
}

void ht_slot_sizes(struct ht_table *t, uint64_t *least, uint64_t *most)
{
	*least = UINT64_MAX;
	*most = 0;
	for (unsigned i = 0; i < t->spec.slots; i++) {
		struct ht_stripe *s = ht_stripe_of(t, i);
		struct list *it, *tmp;
		uint64_t n = 0;

		spin_lock(&s->lock);
		list_each(it, tmp, &t->slots[i])
			n++;
		spin_unlock(&s->lock);
		*least = n < *least ? n : *least;
		*most = n > *most ? n : *most;
	}
}

/* ---- expiry ---- */

/* What is due in one stripe; the number taken. */
static size_t expire_stripe(struct ht_table *t, struct ht_stripe *s, int64_t now, uint32_t *budget, struct arena *a,
			    struct ht_entry *out)
{
	struct due_node *d;
	size_t n = 0;

	while ((d = due_take(&s->items->due, now, budget)) != NULL) {
		struct ht_item *item = container_of(d, struct ht_item, due);

		if (a && copy(a, item, &out[n])) {
			due_add(&s->items->due, d, d->when, now); /* memory is out: told of another time */
			break;
		}
		drop(t, s, item);
		n++;
	}
	return n;
}

bool ht_expire(struct ht_table *t, int64_t now, uint32_t budget, struct arena *a, struct ht_entry *out, size_t *n)
{
	*n = 0;
	for (unsigned i = 0; i < t->n_stripes && budget; i++) {
		struct ht_stripe *s = &t->stripes[i];

		spin_lock(&s->lock);
		*n += expire_stripe(t, s, now, &budget, a, a ? out + *n : NULL);
		spin_unlock(&s->lock);
	}
	return budget == 0;
}
