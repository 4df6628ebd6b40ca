/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One table for both kinds of key, in stripes with a lock each; no lock is held while anything else is
 * called. A connection is only looked into by its worker; others take its id away from here.
 */
#include "base/hash.h"
#include "net/net_priv.h"

enum { STRIPES = 64 };

struct stripe {
	pthread_mutex_t lock;
	struct hashtab keys;
};

/* How many connections an address has. */
struct share {
	struct hashtab_node node;
	struct addr ip;
	uint32_t n;
};

struct net_conntab {
	struct stripe stripe[STRIPES];
	pthread_mutex_t share_lock;
	struct hashtab shares;
};

int net_conntab_new(struct net_conntab **ret)
{
	struct net_conntab *t = mem_alloc(sizeof(*t));

	if (!t)
		return RT_E_NOMEM;
	for (int i = 0; i < STRIPES; i++)
		pthread_mutex_init(&t->stripe[i].lock, NULL);
	pthread_mutex_init(&t->share_lock, NULL);
	*ret = t;
	return 0;
}

void net_conntab_free(struct net_conntab **t)
{
	if (!*t)
		return;
	for (int i = 0; i < STRIPES; i++) {
		pthread_mutex_destroy(&(*t)->stripe[i].lock);
		hashtab_fini(&(*t)->stripe[i].keys);
	}
	hashtab_fini(&(*t)->shares);
	pthread_mutex_destroy(&(*t)->share_lock);
	mem_free(t);
}

static struct stripe *place(struct net_conntab *t, const struct addr *peer, uint64_t id, uint64_t *hash)
{
	uint64_t h = peer && peer->family ? addr_hash(peer) : hash_str(str_make((const char *)&id, sizeof(id)));

	*hash = h / STRIPES;
	return &t->stripe[h % STRIPES];
}

static struct net_conn *search(const struct stripe *s, uint64_t hash, enum proto p, const struct addr *peer, uint64_t id)
{
	struct hashtab_node *n;

	for (n = hashtab_find(&s->keys, hash); n; n = hashtab_find_next(n)) {
		struct net_conn_key *k = container_of(n, struct net_conn_key, node);

		if (peer ? k->proto == p && addr_eq(&k->peer, peer) : !k->peer.family && k->c->id == id)
			return k->c;
	}
	return NULL;
}

static void put(struct stripe *s, uint64_t hash, struct net_conn_key *k, struct net_conn *c)
{
	k->c = c;
	hashtab_add(&s->keys, &k->node, hash);
}

void net_conntab_add(struct net_conntab *t, struct net_conn_key *k, struct net_conn *c)
{
	uint64_t hash;
	struct stripe *s = place(t, &k->peer, c->id, &hash);

	pthread_mutex_lock(&s->lock);
	put(s, hash, k, c);
	pthread_mutex_unlock(&s->lock);
}

uint64_t net_conntab_claim(struct net_conntab *t, struct net_conn_key *k, struct net_conn *c)
{
	uint64_t hash;
	struct stripe *s = place(t, &k->peer, 0, &hash);
	struct net_conn *other;
	uint64_t id;

	pthread_mutex_lock(&s->lock);
	other = search(s, hash, k->proto, &k->peer, 0);
	id = other ? other->id : 0;
	if (!other)
		put(s, hash, k, c);
	pthread_mutex_unlock(&s->lock);
	return id;
}

void net_conntab_del(struct net_conntab *t, struct net_conn_key *k)
{
	uint64_t hash;
	struct stripe *s;

	if (!k->c)
		return;
	s = place(t, &k->peer, k->c->id, &hash);
	pthread_mutex_lock(&s->lock);
	hashtab_del(&s->keys, &k->node);
	pthread_mutex_unlock(&s->lock);
	k->c = NULL;
}

uint64_t net_conntab_find(struct net_conntab *t, enum proto p, const struct addr *peer)
{
	uint64_t hash;
	struct stripe *s = place(t, peer, 0, &hash);
	struct net_conn *c;
	uint64_t id;

	pthread_mutex_lock(&s->lock);
	c = search(s, hash, p, peer, 0);
	id = c ? c->id : 0;
	pthread_mutex_unlock(&s->lock);
	return id;
}

struct net_conn *net_conntab_get(struct net_conntab *t, uint64_t id)
{
	uint64_t hash;
	struct stripe *s = place(t, NULL, id, &hash);
	struct net_conn *c;

	pthread_mutex_lock(&s->lock);
	c = search(s, hash, PROTO_NONE, NULL, id);
	pthread_mutex_unlock(&s->lock);
	return c;
}

/* ---- shares ---- */

static uint64_t ip_hash(const struct addr *ip)
{
	struct addr key = *ip;

	key.port = 0;
	return addr_hash(&key);
}

static struct share *share_find(struct net_conntab *t, const struct addr *ip)
{
	struct hashtab_node *n = hashtab_find(&t->shares, ip_hash(ip));

	while (n && !addr_ip_eq(&container_of(n, struct share, node)->ip, ip))
		n = hashtab_find_next(n);
	return n ? container_of(n, struct share, node) : NULL;
}

static struct share *share_add(struct net_conntab *t, const struct addr *ip)
{
	struct share *s = mem_alloc(sizeof(*s));

	if (!s)
		return NULL;
	s->ip = *ip;
	hashtab_add(&t->shares, &s->node, ip_hash(ip));
	return s;
}

bool net_conntab_share_take(struct net_conntab *t, const struct addr *ip, uint32_t max)
{
	struct share *s;
	bool ok = false;

	pthread_mutex_lock(&t->share_lock);
	s = share_find(t, ip);
	if (!s)
		s = share_add(t, ip);
	if (s && (!max || s->n < max)) {
		s->n++;
		ok = true;
	}
	pthread_mutex_unlock(&t->share_lock);
	return ok;
}

void net_conntab_share_give(struct net_conntab *t, const struct addr *ip)
{
	struct share *s;

	pthread_mutex_lock(&t->share_lock);
	s = share_find(t, ip);
	if (s && --s->n == 0) {
		hashtab_del(&t->shares, &s->node);
		mem_free(&s);
	}
	pthread_mutex_unlock(&t->share_lock);
}
