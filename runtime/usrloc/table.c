/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stripes, records and bindings. A stripe's hash grows a bucket with each record, so that a million
 * contacts cost a million short chains and no pause.
 */
#include "usrloc/usrloc_priv.h"

#include "base/hash.h"

const struct ul_limits ul_limits_default = {4000000, 64, 8192};

static struct ul_record *record_of(struct hashtab_node *n)
{
	return n ? container_of(n, struct ul_record, node) : NULL;
}

static void stripe_fini(struct ul_stripe *s)
{
	for (size_t i = 0; i < hashtab_buckets(&s->records); i++) {
		struct ul_record *rec = record_of(hashtab_chain(&s->records, i)), *next;

		for (; rec; rec = next) {
			next = record_of(rec->node.next);
			while (rec->first) {
				struct ul_binding *b = rec->first;

				rec->first = b->next;
				ul_binding_free(&b);
			}
			mem_free(&rec);
		}
	}
	hashtab_fini(&s->records);
	pthread_mutex_destroy(&s->lock);
}

int ul_table_new(struct str name, const struct ul_limits *lim, struct ul_table **ret)
{
	struct ul_table *t;

	if (name.n >= sizeof(t->name))
		return RT_E_LIMIT;
	t = mem_alloc(sizeof(*t));
	if (!t)
		return RT_E_NOMEM;
	t->lim = lim ? *lim : ul_limits_default;
	if (t->lim.per_aor > UINT16_MAX)
		t->lim.per_aor = UINT16_MAX;
	memcpy(t->name, name.p, name.n);
	t->name_n = name.n;
	for (int i = 0; i < UL_STRIPES; i++)
		pthread_mutex_init(&t->stripes[i].lock, NULL);
	*ret = t;
	return 0;
}

void ul_table_free(struct ul_table **t)
{
	if (!*t)
		return;
	for (int i = 0; i < UL_STRIPES; i++)
		stripe_fini(&(*t)->stripes[i]);
	mem_free(t);
}

struct str ul_table_name(const struct ul_table *t)
{
	return str_make(t->name, t->name_n);
}

struct ul_stripe *ul_stripe_of(struct ul_table *t, uint64_t hash)
{
	return &t->stripes[hash >> 56];
}

struct ul_record *ul_record_find(struct ul_stripe *s, uint64_t hash, struct str aor)
{
	struct ul_record *rec = ul_record_next(s, hash, NULL);

	while (rec && !str_eq(str_make(rec->aor, rec->aor_n), aor))
		rec = ul_record_next(s, hash, rec);
	return rec;
}

struct ul_record *ul_record_next(const struct ul_stripe *s, uint64_t hash, const struct ul_record *prev)
{
	return record_of(prev ? hashtab_find_next(&prev->node) : hashtab_find(&s->records, hash));
}

struct ul_record *ul_record_add(struct ul_table *t, struct ul_stripe *s, uint64_t hash,
				struct str aor)
{
	struct ul_record *rec = mem_raw(offsetof(struct ul_record, aor) + aor.n);

	if (!rec)
		return NULL;
	rec->first = NULL;
	rec->n = 0;
	rec->aor_n = (uint16_t)aor.n;
	if (aor.n)
		memcpy(rec->aor, aor.p, aor.n);
	hashtab_add(&s->records, &rec->node, hash);
	atomic_fetch_add(&t->users, 1);
	return rec;
}

void ul_record_drop(struct ul_table *t, struct ul_stripe *s, struct ul_record *rec)
{
	BUG_ON(rec->first);
	hashtab_del(&s->records, &rec->node);
	atomic_fetch_sub(&t->users, 1);
	mem_free(&rec);
}

size_t ul_contact_bytes(const struct ul_contact *c)
{
	size_t n = 0;

	for (size_t i = 0; i < UL_TEXTS; i++)
		n += c->text[i].n;
	return n;
}

size_t ul_binding_bytes(const struct ul_binding *b)
{
	size_t n = 0;

	for (size_t i = 0; i < UL_TEXTS; i++)
		n += b->text_n[i];
	return n;
}

/* All but the texts, when it expires and what links it. */
static void set_numbers(struct ul_binding *b, const struct ul_contact *c, int64_t now)
{
	b->sock = c->sock;
	b->conn_id = c->conn_id;
	b->modified = (uint32_t)now;
	b->cseq = c->cseq;
	b->flags = c->flags;
	b->cflags = c->cflags;
	b->methods = c->methods;
	b->reg_id = c->reg_id;
	b->server_id = c->server_id;
	b->q = (int16_t)c->q;
}

struct ul_binding *ul_binding_new(const struct ul_contact *c, struct str ruid, int64_t now)
{
	struct ul_binding *b = mem_raw(offsetof(struct ul_binding, text) + ul_contact_bytes(c) - c->ruid.n + ruid.n);
	char *p;

	if (!b)
		return NULL;
	b->rec = NULL;
	b->next = NULL;
	b->due = (struct due_node){.when = (uint32_t)c->expires};
	set_numbers(b, c, now);
	p = b->text;
	for (size_t i = 0; i < UL_TEXTS; i++) {
		struct str s = i == UL_RUID ? ruid : c->text[i];

		b->text_n[i] = (uint16_t)s.n;
		if (s.n)
			memcpy(p, s.p, s.n);
		p += s.n;
	}
	return b;
}

unsigned ul_same_texts(const struct ul_binding *b, const struct ul_contact *c)
{
	const char *p = b->text;
	unsigned same = 0;

	for (unsigned i = 0; i < UL_RUID; p += b->text_n[i++])
		same |= (unsigned)str_eq(str_make(p, b->text_n[i]), c->text[i]) << i;
	return same;
}

/* The binding, or a copy of it whose texts lie at `p`; returns where they end. */
static const char *view_at(const struct ul_binding *b, const char *p, struct ul_contact *ret)
{
	for (size_t i = 0; i < UL_TEXTS; p += b->text_n[i++])
		ret->text[i] = str_make(b->text_n[i] ? p : NULL, b->text_n[i]);
	ret->sock = b->sock;
	ret->expires = b->due.when;
	ret->modified = b->modified;
	ret->q = b->q;
	ret->cseq = b->cseq;
	ret->flags = b->flags;
	ret->cflags = b->cflags;
	ret->methods = b->methods;
	ret->reg_id = b->reg_id;
	ret->server_id = b->server_id;
	ret->conn_id = b->conn_id;
	return p;
}

void ul_view(const struct ul_binding *b, struct ul_contact *ret)
{
	(void)view_at(b, b->text, ret);
}

void ul_binding_free(struct ul_binding **b)
{
	mem_free(b);
}

/* Does `a` come before `b`? The higher q does; among equals the one that was there first. */
static bool is_before(const struct ul_binding *a, const struct ul_binding *b, bool by_time)
{
	return by_time || a->q > b->q;
}

static void list_at(struct ul_record *rec, struct ul_binding *b, struct ul_binding **at)
{
	b->next = *at;
	*at = b;
	b->rec = rec;
	rec->n++;
}

static void list_in(struct ul_record *rec, struct ul_binding *b, bool by_time)
{
	struct ul_binding **p = &rec->first;

	while (*p && !is_before(b, *p, by_time))
		p = &(*p)->next;
	list_at(rec, b, p);
}

/* Where it stood. */
static struct ul_binding **unlist(struct ul_binding *b)
{
	struct ul_binding **p = &b->rec->first;

	while (*p != b)
		p = &(*p)->next;
	*p = b->next;
	b->next = NULL;
	b->rec->n--;
	return p;
}

static void set_due(struct ul_stripe *s, struct ul_binding *b, int64_t expires)
{
	if (expires) {
		due_move(&s->due, &b->due, expires, b->modified);
	} else {
		due_del(&s->due, &b->due);
		b->due.when = 0;
	}
}

void ul_binding_link(struct ul_table *t, struct ul_stripe *s, struct ul_record *rec,
		     struct ul_binding *b, bool by_time)
{
	list_in(rec, b, by_time);
	set_due(s, b, b->due.when);
	atomic_fetch_add_explicit(&t->contacts, 1, memory_order_relaxed);
}

void ul_binding_unlink(struct ul_table *t, struct ul_stripe *s, struct ul_binding *b)
{
	unlist(b);
	due_del(&s->due, &b->due);
	atomic_fetch_sub_explicit(&t->contacts, 1, memory_order_relaxed);
}

/* A refresh keeps its place, unless q or the order by time gives it another. */
static bool keeps_place(const struct ul_binding *b, int32_t q, bool by_time)
{
	return !by_time && b->q == q;
}

void ul_binding_replace(struct ul_stripe *s, struct ul_binding *old, struct ul_binding *b, bool by_time)
{
	struct ul_binding **at = unlist(old);

	due_del(&s->due, &old->due);
	if (keeps_place(old, b->q, by_time))
		list_at(old->rec, b, at);
	else
		list_in(old->rec, b, by_time);
	set_due(s, b, b->due.when);
	ul_binding_free(&old);
}

void ul_binding_renew(struct ul_stripe *s, struct ul_binding *b, const struct ul_contact *c, int64_t now, bool by_time)
{
	bool stays = keeps_place(b, c->q, by_time);

	if (!stays)
		unlist(b);
	set_numbers(b, c, now);
	set_due(s, b, (uint32_t)c->expires);
	if (!stays)
		list_in(b->rec, b, by_time);
}

int ul_room_get(struct arena *a, size_t contacts, size_t bytes, struct ul_room *ret)
{
	ret->contacts = arena_raw(a, contacts * sizeof(*ret->contacts));
	ret->text = arena_raw(a, bytes);
	return ret->contacts && ret->text ? 0 : RT_E_NOMEM;
}

void ul_room_add(struct ul_room *room, const struct ul_binding *b, struct ul_result *ret)
{
	size_t bytes = (size_t)(view_at(b, room->text, &ret->contacts[ret->n++]) - room->text);

	memcpy(room->text, b->text, bytes);
	room->text += bytes;
}

void ul_room_add_as(struct ul_room *room, const struct ul_binding *b, const struct ul_contact *c, struct ul_result *ret)
{
	struct ul_contact *to = &ret->contacts[ret->n++];
	struct str ruid = ul_text(b, UL_RUID);

	*to = *c;
	to->modified = b->modified;
	to->ruid = str_make(room->text, ruid.n);
	memcpy(room->text, ruid.p, ruid.n);
	room->text += ruid.n;
}

int ul_snapshot(const struct ul_record *rec, int64_t now, struct arena *a, struct ul_result *ret)
{
	struct ul_room room;
	size_t bytes = 0;

	for (const struct ul_binding *b = rec->first; b; b = b->next)
		bytes += ul_binding_bytes(b);
	if (ul_room_get(a, rec->n, bytes, &room))
		return RT_E_NOMEM;
	ret->contacts = room.contacts;
	ret->n = 0;
	for (const struct ul_binding *b = rec->first; b; b = b->next)
		if (!ul_is_expired(b, now))
			ul_room_add(&room, b, ret);
	return 0;
}

/* Record by hash, or by hash and name; its contacts copied. */
static int lookup(struct ul_table *t, uint64_t hash, const struct str *aor, int64_t now,
		  struct arena *a, struct ul_result *ret)
{
	struct ul_stripe *s = ul_stripe_of(t, hash);
	struct ul_result res = {0};
	struct ul_record *rec;
	int err = RT_E_NOENT;

	pthread_mutex_lock(&s->lock);
	rec = aor ? ul_record_find(s, hash, *aor) : ul_record_next(s, hash, NULL);
	if (rec)
		err = ul_snapshot(rec, now, a, &res);
	pthread_mutex_unlock(&s->lock);
	if (!err && res.n == 0)
		err = RT_E_NOENT;
	if (!err)
		*ret = res;
	return err;
}

int ul_lookup(struct ul_table *t, struct str aor, int64_t now, struct arena *a,
	      struct ul_result *ret)
{
	return lookup(t, hash_str(aor), &aor, now, a, ret);
}

int ul_lookup_hash(struct ul_table *t, uint64_t hash, int64_t now, struct arena *a,
		   struct ul_result *ret)
{
	return lookup(t, hash, NULL, now, a, ret);
}

int ul_remove(struct ul_table *t, struct str aor, struct str ruid)
{
	uint64_t hash = hash_str(aor);
	struct ul_stripe *s = ul_stripe_of(t, hash);
	struct ul_record *rec;
	struct ul_contact c;
	uint32_t gone = 0;

	pthread_mutex_lock(&s->lock);
	rec = ul_record_find(s, hash, aor);
	for (struct ul_binding *b = rec ? rec->first : NULL, *next; b; b = next) {
		next = b->next;
		ul_view(b, &c);
		if (ruid.n && !str_eq(c.ruid, ruid))
			continue;
		ul_binding_unlink(t, s, b);
		ul_binding_free(&b);
		gone++;
	}
	if (rec && !rec->first)
		ul_record_drop(t, s, rec);
	pthread_mutex_unlock(&s->lock);
	return gone ? 0 : RT_E_NOENT;
}

void ul_count(struct ul_table *t, struct ul_counts *ret)
{
	ret->users = atomic_load(&t->users);
	ret->contacts = atomic_load(&t->contacts);
	ret->expired = atomic_load(&t->expired);
}

uint64_t ul_moved(struct ul_table *t)
{
	uint64_t n = 0;

	for (int i = 0; i < UL_STRIPES; i++) {
		pthread_mutex_lock(&t->stripes[i].lock);
		n += t->stripes[i].records.moved;
		pthread_mutex_unlock(&t->stripes[i].lock);
	}
	return n;
}

uint64_t ul_aor_hash(struct str aor)
{
	return hash_str(aor);
}

/* Copies of one stripe's records, as a chain in the arena. */
struct copied {
	struct copied *next;
	struct str aor;
	struct ul_result res;
};

static struct copied *copy_stripe(struct ul_stripe *s, int64_t now, struct arena *a)
{
	struct copied *all = NULL;

	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < hashtab_buckets(&s->records); i++) {
		for (struct ul_record *rec = record_of(hashtab_chain(&s->records, i)); rec;
		     rec = record_of(rec->node.next)) {
			struct copied *c = arena_new_of(a, struct copied);

			if (!c || ul_snapshot(rec, now, a, &c->res))
				break;
			c->aor = str_dup(a, str_make(rec->aor, rec->aor_n));
			c->next = all;
			all = c;
		}
	}
	pthread_mutex_unlock(&s->lock);
	return all;
}

bool ul_each_bite(struct ul_table *t, unsigned *at, int64_t now, ul_visit_fn *fn, void *arg)
{
	struct arena *a = *at < UL_STRIPES ? arena_new(0) : NULL;
	bool go = true;

	if (!a)
		return false;
	for (struct copied *c = copy_stripe(&t->stripes[*at], now, a); c && go; c = c->next)
		go = fn(arg, c->aor, c->res.contacts, c->res.n);
	arena_free(&a);
	return go && ++*at < UL_STRIPES;
}

void ul_each(struct ul_table *t, int64_t now, ul_visit_fn *fn, void *arg)
{
	unsigned at = 0;

	while (ul_each_bite(t, &at, now, fn, arg))
		;
}
