/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One table for both kinds of key, in stripes with a lock each; no lock is held while anything else is
 * called. A connection is only looked into by its worker; others take its id away from here.
 */
#include "base/hash.h"
#include "net/net_priv.h"

enum { STRIPES = 64, BUCKETS = 128, SHARES = 4096 };

struct stripe {
	pthread_mutex_t lock;
	struct list bucket[BUCKETS];
};

/* How many connections an address has. */
struct share {
	struct share *next;
	struct addr ip;
	uint32_t n;
};

struct net_conntab {
	struct stripe stripe[STRIPES];
	pthread_mutex_t share_lock;
	struct share *share[SHARES];
};

int net_conntab_new(struct net_conntab **ret)
{
	struct net_conntab *t = mem_alloc(sizeof(*t));

	if (!t)
		return RT_E_NOMEM;
	for (int i = 0; i < STRIPES; i++) {
		pthread_mutex_init(&t->stripe[i].lock, NULL);
		for (int j = 0; j < BUCKETS; j++)
			list_init(&t->stripe[i].bucket[j]);
	}
	pthread_mutex_init(&t->share_lock, NULL);
	*ret = t;
	return 0;
}

void net_conntab_free(struct net_conntab **t)
{
	if (!*t)
		return;
	for (int i = 0; i < STRIPES; i++)
		pthread_mutex_destroy(&(*t)->stripe[i].lock);
	pthread_mutex_destroy(&(*t)->share_lock);
	mem_free(t);
}

static struct stripe *place(struct net_conntab *t, const struct addr *peer, uint64_t id, struct list **bucket)
{
	uint64_t h = peer && peer->family ? addr_hash(peer) : hash_str(str_make((const char *)&id, sizeof(id)));
	struct stripe *s = &t->stripe[h % STRIPES];

	*bucket = &s->bucket[h / STRIPES % BUCKETS];
	return s;
}

static struct net_conn *search(struct list *bucket, enum proto p, const struct addr *peer, uint64_t id)
{
	struct list *it, *tmp;

	list_each(it, tmp, bucket) {
		struct net_conn_key *k = container_of(it, struct net_conn_key, node);

		if (peer ? k->proto == p && addr_eq(&k->peer, peer) : !k->peer.family && k->c->id == id)
			return k->c;
	}
	return NULL;
}

static void put(struct list *bucket, struct net_conn_key *k, struct net_conn *c)
{
	k->c = c;
	list_add_head(bucket, &k->node);
}

void net_conntab_add(struct net_conntab *t, struct net_conn_key *k, struct net_conn *c)
{
	struct list *bucket;
	struct stripe *s = place(t, &k->peer, c->id, &bucket);

	pthread_mutex_lock(&s->lock);
	put(bucket, k, c);
	pthread_mutex_unlock(&s->lock);
}

uint64_t net_conntab_claim(struct net_conntab *t, struct net_conn_key *k, struct net_conn *c)
{
	struct list *bucket;
	struct stripe *s = place(t, &k->peer, 0, &bucket);
	struct net_conn *other;
	uint64_t id;

	pthread_mutex_lock(&s->lock);
	other = search(bucket, k->proto, &k->peer, 0);
	id = other ? other->id : 0;
	if (!other)
		put(bucket, k, c);
	pthread_mutex_unlock(&s->lock);
	return id;
}

void net_conntab_del(struct net_conntab *t, struct net_conn_key *k)
{
	struct list *bucket;
	struct stripe *s;

	if (!k->c)
		return;
	s = place(t, &k->peer, k->c->id, &bucket);
	pthread_mutex_lock(&s->lock);
	list_del(&k->node);
	pthread_mutex_unlock(&s->lock);
	k->c = NULL;
}

uint64_t net_conntab_find(struct net_conntab *t, enum proto p, const struct addr *peer)
{
	struct list *bucket;
	struct stripe *s = place(t, peer, 0, &bucket);
	struct net_conn *c;
	uint64_t id;

	pthread_mutex_lock(&s->lock);
	c = search(bucket, p, peer, 0);
	id = c ? c->id : 0;
	pthread_mutex_unlock(&s->lock);
	return id;
}

struct net_conn *net_conntab_get(struct net_conntab *t, uint64_t id)
{
	struct list *bucket;
	struct stripe *s = place(t, NULL, id, &bucket);
	struct net_conn *c;

	pthread_mutex_lock(&s->lock);
	c = search(bucket, PROTO_NONE, NULL, id);
	pthread_mutex_unlock(&s->lock);
	return c;
}

/* ---- shares ---- */

static struct share **share_at(struct net_conntab *t, const struct addr *ip)
{
	struct addr key = *ip;
	struct share **s;

	key.port = 0;
	s = &t->share[addr_hash(&key) % SHARES];
	while (*s && !addr_ip_eq(&(*s)->ip, ip))
		s = &(*s)->next;
	return s;
}

bool net_conntab_share_take(struct net_conntab *t, const struct addr *ip, uint32_t max)
{
	struct share **s;
	bool ok = false;

	pthread_mutex_lock(&t->share_lock);
	s = share_at(t, ip);
	if (!*s) {
		*s = mem_alloc(sizeof(**s));
		if (*s)
			(*s)->ip = *ip;
	}
	if (*s && (!max || (*s)->n < max)) {
		(*s)->n++;
		ok = true;
	}
	pthread_mutex_unlock(&t->share_lock);
	return ok;
}

void net_conntab_share_give(struct net_conntab *t, const struct addr *ip)
{
	struct share **s, *x;

	pthread_mutex_lock(&t->share_lock);
	s = share_at(t, ip);
	x = *s;
	if (x && --x->n == 0) {
		*s = x->next;
		mem_free(&x);
	}
	pthread_mutex_unlock(&t->share_lock);
}
