/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stripes and bindings. An AoR has no memory of its own: the table finds its first binding, which mostly is its only one,
 * and so a contact is one block and one miss of the cache. A stripe's hash grows a bucket with each AoR, so that a million
 * contacts cost a million short chains and no pause.
 */
#include "usrloc/usrloc_priv.h"

#include "base/hash.h"

const struct ul_limits ul_limits_default = {4000000, 64, 8192};

static struct ul_binding *binding_of(struct hashtab_node *n)
{
	return n ? container_of(n, struct ul_binding, node) : NULL;
}

static void free_all(struct ul_binding *b)
{
	for (struct ul_binding *next; b; b = next) {
		next = b->next;
		ul_binding_free(&b);
	}
}

static void stripe_fini(struct ul_stripe *s)
{
	for (size_t i = 0; i < hashtab_buckets(&s->aors); i++) {
		struct ul_binding *first = binding_of(hashtab_chain(&s->aors, i)), *next;

		for (; first; first = next) {
			next = binding_of(first->node.next);
			free_all(first);
		}
	}
	hashtab_fini(&s->aors);
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

struct ul_binding *ul_find(const struct ul_stripe *s, uint64_t hash, const struct str *aor)
{
	struct hashtab_node *n = hashtab_find(&s->aors, hash);

	while (n && aor && !str_eq(ul_aor(binding_of(n)), *aor))
		n = hashtab_find_next(n);
	return binding_of(n);
}

void ul_record_open(struct ul_table *t, uint64_t hash, struct str aor, struct ul_record *ret)
{
	struct ul_stripe *s = ul_stripe_of(t, hash);
	struct ul_binding *first = ul_find(s, hash, &aor);

	*ret = (struct ul_record){.t = t, .s = s, .hash = hash, .aor = aor, .first = first, .listed = first, .was = first != NULL};
}

void ul_record_of(struct ul_table *t, struct ul_binding *b, struct ul_record *ret)
{
	if (!b->node.at) {
		ul_record_open(t, b->node.hash, ul_aor(b), ret);
		return;
	}
	*ret = (struct ul_record){.t = t, .s = ul_stripe_of(t, b->node.hash), .hash = b->node.hash, .aor = ul_aor(b),
				  .first = b, .listed = b, .was = true};
}

void ul_record_close(struct ul_record *rec)
{
	bool is = rec->first != NULL;

	if (rec->listed != rec->first) {
		if (rec->listed)
			hashtab_del(&rec->s->aors, &rec->listed->node);
		hashtab_add(&rec->s->aors, &rec->first->node, rec->hash);
		rec->listed = rec->first;
	}
	if (is && !rec->was)
		atomic_fetch_add_explicit(&rec->t->users, 1, memory_order_relaxed);
	else if (rec->was && !is)
		atomic_fetch_sub_explicit(&rec->t->users, 1, memory_order_relaxed);
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

static char *put(char *p, struct str s)
{
	if (s.n)
		memcpy(p, s.p, s.n);
	return p + s.n;
}

struct ul_binding *ul_binding_new(const struct ul_record *rec, const struct ul_contact *c, struct str ruid, int64_t now)
{
	struct ul_binding *b =
		mem_raw(offsetof(struct ul_binding, text) + rec->aor.n + ul_contact_bytes(c) - c->ruid.n + ruid.n);
	char *p;

	if (!b)
		return NULL;
	b->node = (struct hashtab_node){.hash = rec->hash};
	b->next = NULL;
	b->due = (struct due_node){.when = (uint32_t)c->expires};
	set_numbers(b, c, now);
	b->aor_n = (uint16_t)rec->aor.n;
	p = put(b->text, rec->aor);
	for (size_t i = 0; i < UL_RUID; i++) {
		b->text_n[i] = (uint16_t)c->text[i].n;
		p = put(p, c->text[i]);
	}
	b->text_n[UL_RUID] = (uint16_t)ruid.n;
	put(p, ruid);
	return b;
}

unsigned ul_same_texts(const struct ul_binding *b, const struct ul_contact *c)
{
	const char *p = b->text + b->aor_n;
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
	(void)view_at(b, b->text + b->aor_n, ret);
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

static void list_at(struct ul_binding *b, struct ul_binding **at)
{
	b->next = *at;
	*at = b;
}

static void list_in(struct ul_record *rec, struct ul_binding *b, bool by_time)
{
	struct ul_binding **p = &rec->first;

	while (*p && !is_before(b, *p, by_time))
		p = &(*p)->next;
	list_at(b, p);
}

/* Where it stood. */
static struct ul_binding **unlist(struct ul_record *rec, struct ul_binding *b)
{
	struct ul_binding **p = &rec->first;

	while (*p != b)
		p = &(*p)->next;
	*p = b->next;
	b->next = NULL;
	if (b == rec->listed) {
		hashtab_del(&rec->s->aors, &b->node);
		rec->listed = NULL;
	}
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

void ul_binding_link(struct ul_record *rec, struct ul_binding *b, bool by_time)
{
	list_in(rec, b, by_time);
	set_due(rec->s, b, b->due.when);
	atomic_fetch_add_explicit(&rec->t->contacts, 1, memory_order_relaxed);
}

void ul_binding_unlink(struct ul_record *rec, struct ul_binding *b)
{
	unlist(rec, b);
	due_del(&rec->s->due, &b->due);
	atomic_fetch_sub_explicit(&rec->t->contacts, 1, memory_order_relaxed);
}

/* A refresh keeps its place, unless q or the order by time gives it another. */
static bool keeps_place(const struct ul_binding *b, int32_t q, bool by_time)
{
	return !by_time && b->q == q;
}

void ul_binding_replace(struct ul_record *rec, struct ul_binding *old, struct ul_binding *b, bool by_time)
{
	struct ul_binding **at = unlist(rec, old);

	due_del(&rec->s->due, &old->due);
	if (keeps_place(old, b->q, by_time))
		list_at(b, at);
	else
		list_in(rec, b, by_time);
	set_due(rec->s, b, b->due.when);
	ul_binding_free(&old);
}

void ul_binding_renew(struct ul_record *rec, struct ul_binding *b, const struct ul_contact *c, int64_t now, bool by_time)
{
	bool stays = keeps_place(b, c->q, by_time) || (by_time && rec->first == b);

	if (!stays)
		unlist(rec, b);
	set_numbers(b, c, now);
	set_due(rec->s, b, (uint32_t)c->expires);
	if (!stays)
		list_in(rec, b, by_time);
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

	memcpy(room->text, b->text + b->aor_n, bytes);
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

int ul_snapshot(const struct ul_binding *first, int64_t now, struct arena *a, struct ul_result *ret)
{
	struct ul_room room;
	size_t bytes = 0, n = 0;

	for (const struct ul_binding *b = first; b; b = b->next, n++)
		bytes += ul_binding_bytes(b);
	if (ul_room_get(a, n, bytes, &room))
		return RT_E_NOMEM;
	ret->contacts = room.contacts;
	ret->n = 0;
	for (const struct ul_binding *b = first; b; b = b->next)
		if (!ul_is_expired(b, now))
			ul_room_add(&room, b, ret);
	return 0;
}

/* AoR by hash, or by hash and name; its contacts copied. */
static int lookup(struct ul_table *t, uint64_t hash, const struct str *aor, int64_t now,
		  struct arena *a, struct ul_result *ret)
{
	struct ul_stripe *s = ul_stripe_of(t, hash);
	struct ul_result res = {0};
	const struct ul_binding *first;
	int err = RT_E_NOENT;

	pthread_mutex_lock(&s->lock);
	first = ul_find(s, hash, aor);
	if (first)
		err = ul_snapshot(first, now, a, &res);
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
	struct ul_record rec;
	uint32_t gone = 0;

	pthread_mutex_lock(&s->lock);
	ul_record_open(t, hash, aor, &rec);
	for (struct ul_binding *b = rec.first, *next; b; b = next) {
		next = b->next;
		if (ruid.n && !str_eq(ul_text(b, UL_RUID), ruid))
			continue;
		ul_binding_unlink(&rec, b);
		ul_binding_free(&b);
		gone++;
	}
	ul_record_close(&rec);
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
		n += t->stripes[i].aors.moved;
		pthread_mutex_unlock(&t->stripes[i].lock);
	}
	return n;
}

uint64_t ul_aor_hash(struct str aor)
{
	return hash_str(aor);
}

/* Copies of one stripe's AoRs, as a chain in the arena. */
struct copied {
	struct copied *next;
	struct str aor;
	struct ul_result res;
};

static struct copied *copy_stripe(struct ul_stripe *s, int64_t now, struct arena *a)
{
	struct copied *all = NULL;

	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < hashtab_buckets(&s->aors); i++) {
		for (struct ul_binding *first = binding_of(hashtab_chain(&s->aors, i)); first;
		     first = binding_of(first->node.next)) {
			struct copied *c = arena_new_of(a, struct copied);

			if (!c || ul_snapshot(first, now, a, &c->res))
				break;
			c->aor = str_dup(a, ul_aor(first));
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
