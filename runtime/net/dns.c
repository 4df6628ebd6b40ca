/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One table under one lock that is held for a search or a link only. Fibers of a worker that ask the
 * same while it is under way wait for the one question; two workers may ask the same twice.
 */
#include "net/dns.h"

#include "base/hash.h"
#include "core/fiber.h"

enum { BUCKETS = 1024, NAME_MAX_BYTES = 255 };

struct net_dns {
	struct net *net;
	pthread_mutex_t lock;
	struct list bucket[BUCKETS];
	struct list lru; /* used last in front */
	size_t bytes, n;
};

/* A question under way. */
struct net_flight {
	struct list node;
	struct net_worker *nw;
	struct wait_queue waiting;
	struct world_query *query;
	struct net_dns_entry *answer;
	unsigned users;
	bool done;
	int err;
	uint32_t local_ttl; /* of its worker when it was asked */
	uint64_t asked_us;
	enum world_dns_type type;
	size_t name_n;
	char name[NAME_MAX_BYTES];
};

/* ---- entries ---- */

void net_dns_unref(struct net_dns_entry **e)
{
	if (*e && atomic_fetch_sub(&(*e)->refs, 1) == 1)
		mem_free(e);
	*e = NULL;
}

static size_t texts_of(const struct world_rr *r)
{
	return r->name.n + r->flags.n + r->service.n + r->regexp.n;
}

static void move_text(struct str *s, char **at)
{
	if (s->n)
		memcpy(*at, s->p, s->n);
	s->p = *at;
	*at += s->n;
}

static struct net_dns_entry *entry_new(struct str name, enum world_dns_type type, int status,
				       const struct world_rr *rr, size_t n)
{
	size_t bytes = sizeof(struct net_dns_entry) + n * sizeof(*rr) + name.n;
	struct net_dns_entry *e;
	char *at;

	for (size_t i = 0; i < n; i++)
		bytes += texts_of(&rr[i]);
	e = mem_alloc(bytes);
	if (!e)
		return NULL;
	atomic_store(&e->refs, 1);
	e->type = type;
	e->status = status;
	e->bytes = bytes;
	e->n = (unsigned)n;
	at = (char *)&e->rr[n];
	e->name = name;
	move_text(&e->name, &at);
	for (size_t i = 0; i < n; i++) {
		struct world_rr *r = &e->rr[i];

		*r = rr[i];
		move_text(&r->name, &at);
		move_text(&r->flags, &at);
		move_text(&r->service, &at);
		move_text(&r->regexp, &at);
	}
	return e;
}

/* ---- the cache ---- */

int net_dns_new(struct net *n, struct net_dns **ret)
{
	struct net_dns *d = mem_alloc(sizeof(*d));

	if (!d)
		return RT_E_NOMEM;
	d->net = n;
	pthread_mutex_init(&d->lock, NULL);
	list_init(&d->lru);
	for (int i = 0; i < BUCKETS; i++)
		list_init(&d->bucket[i]);
	*ret = d;
	return 0;
}

static void unlink_entry(struct net_dns *d, struct net_dns_entry *e)
{
	list_del(&e->node);
	list_del(&e->lru);
	e->cached = false;
	d->bytes -= e->bytes;
	d->n--;
	net_dns_unref(&e);
}

static void forget_all(struct net_dns *d, bool permanent_too)
{
	struct list *it, *tmp;

	list_each(it, tmp, &d->lru) {
		struct net_dns_entry *e = container_of(it, struct net_dns_entry, lru);

		if (permanent_too || !e->permanent)
			unlink_entry(d, e);
	}
}

void net_dns_free(struct net_dns **d)
{
	if (!*d)
		return;
	forget_all(*d, true);
	pthread_mutex_destroy(&(*d)->lock);
	mem_free(d);
}

void net_dns_flush(struct net *n, bool permanent_too)
{
	pthread_mutex_lock(&n->dns->lock);
	forget_all(n->dns, permanent_too);
	pthread_mutex_unlock(&n->dns->lock);
}

static struct list *bucket_of(struct net_dns *d, struct str name, enum world_dns_type type)
{
	return &d->bucket[(hash_str(name) + (uint64_t)type) % BUCKETS];
}

static struct net_dns_entry *search(struct net_dns *d, struct str name, enum world_dns_type type)
{
	struct list *it, *tmp, *b = bucket_of(d, name, type);

	list_each(it, tmp, b) {
		struct net_dns_entry *e = container_of(it, struct net_dns_entry, node);

		if (e->type == type && str_eq(e->name, name))
			return e;
	}
	return NULL;
}

/* A reference, or NULL. */
static struct net_dns_entry *cached(struct net_dns *d, struct str name, enum world_dns_type type, uint64_t now)
{
	struct net_dns_entry *e;

	pthread_mutex_lock(&d->lock);
	e = search(d, name, type);
	if (e && !e->permanent && e->expires <= now) {
		unlink_entry(d, e);
		e = NULL;
	}
	if (e) {
		list_del(&e->lru);
		list_add_head(&d->lru, &e->lru);
		atomic_fetch_add(&e->refs, 1);
	}
	pthread_mutex_unlock(&d->lock);
	return e;
}

static void make_room(struct net_dns *d, size_t bytes)
{
	size_t max = (size_t)d->net->conf.dns_cache_mem * 1024;
	struct list *it = d->lru.prev;

	while (it != &d->lru && d->bytes + bytes > max) {
		struct net_dns_entry *e = container_of(it, struct net_dns_entry, lru);

		it = it->prev;
		if (!e->permanent)
			unlink_entry(d, e);
	}
}

static void insert(struct net_dns *d, struct net_dns_entry *e)
{
	struct net_dns_entry *old;

	pthread_mutex_lock(&d->lock);
	old = search(d, e->name, e->type);
	if (old && old->permanent && !e->permanent)
		goto out;
	if (old)
		unlink_entry(d, old);
	make_room(d, e->bytes);
	if (d->bytes + e->bytes > (size_t)d->net->conf.dns_cache_mem * 1024)
		goto out;
	atomic_fetch_add(&e->refs, 1);
	e->cached = true;
	list_add_head(bucket_of(d, e->name, e->type), &e->node);
	list_add_head(&d->lru, &e->lru);
	d->bytes += e->bytes;
	d->n++;
out:
	pthread_mutex_unlock(&d->lock);
}

static uint32_t time_to_live(const struct net_conf *conf, uint32_t local, const struct world_answer *a)
{
	uint32_t ttl = UINT32_MAX;

	if (a->status == RT_E_NOENT)
		return conf->dns_cache_negative_ttl;
	if (local)
		return local;
	for (size_t i = 0; i < a->n; i++)
		ttl = a->rr[i].ttl < ttl ? a->rr[i].ttl : ttl;
	if (ttl < conf->dns_cache_min_ttl)
		ttl = conf->dns_cache_min_ttl;
	return ttl < conf->dns_cache_max_ttl ? ttl : conf->dns_cache_max_ttl;
}

/* ---- asking ---- */

static void flight_free(struct net_flight *f)
{
	if (f->users)
		return; /* the last of them frees it */
	net_dns_unref(&f->answer);
	list_del(&f->node);
	mem_free(&f);
}

static void tell_slow(const struct net_flight *f)
{
	uint64_t ms = (worker_now(f->nw->w) - f->asked_us) / 1000;
	uint32_t limit = f->nw->net->conf.dns_slow_query_ms;

	if (limit && ms >= limit)
		log_warn("the answer for %.*s (type %d) took %llu ms", (int)f->name_n, f->name, (int)f->type,
			 (unsigned long long)ms);
}

static void on_answer(void *arg, const struct world_answer *a)
{
	struct net_flight *f = arg;
	struct net_worker *nw = f->nw;
	const struct net_conf *conf = &nw->net->conf;
	uint32_t ttl = time_to_live(conf, f->local_ttl, a);

	f->query = NULL;
	f->done = true;
	tell_slow(f);
	f->answer = entry_new(str_make(f->name, f->name_n), f->type, a->status, a->rr, a->status ? 0 : a->n);
	if (a->status && a->status != RT_E_NOENT)
		net_count(nw, N_DNS_ERRORS, 1);
	if (!f->answer)
		f->err = RT_E_NOMEM;
	else if (conf->use_dns_cache && ttl && (!a->status || a->status == RT_E_NOENT)) {
		f->answer->expires = worker_now(nw->w) + (uint64_t)ttl * 1000000;
		insert(nw->net->dns, f->answer);
	}
	list_del(&f->node); /* who asks now asks anew or finds it cached */
	wait_queue_wake_all(&f->waiting);
	flight_free(f);
}

static struct net_flight *flight_find(struct net_worker *nw, struct str name, enum world_dns_type type)
{
	struct list *it, *tmp;

	list_each(it, tmp, &nw->flights) {
		struct net_flight *f = container_of(it, struct net_flight, node);

		if (f->type == type && str_eq(str_make(f->name, f->name_n), name))
			return f;
	}
	return NULL;
}

static int flight_start(struct net_worker *nw, struct str name, enum world_dns_type type, struct net_flight **ret)
{
	struct net_flight *f;
	int err;

	if (nw->n_flights >= NET_DNS_FLIGHTS)
		return RT_E_LIMIT;
	f = mem_alloc(sizeof(*f));
	if (!f)
		return RT_E_NOMEM;
	f->nw = nw;
	f->local_ttl = nw->local_ttl;
	f->asked_us = worker_now(nw->w);
	f->type = type;
	f->name_n = name.n;
	memcpy(f->name, name.p, name.n);
	wait_queue_init(&f->waiting);
	err = world_resolve(worker_world(nw->w), name, type, on_answer, f, &f->query);
	if (err) {
		mem_free(&f);
		return err;
	}
	list_add_tail(&nw->flights, &f->node);
	*ret = f;
	return 0;
}

static int ask_await(struct net_worker *nw, struct str name, enum world_dns_type type, struct net_dns_entry **ret)
{
	struct net_flight *f = flight_find(nw, name, type);
	int err = f ? 0 : flight_start(nw, name, type, &f);

	if (err)
		return err;
	f->users++;
	nw->n_flights++;
	while (!f->done)
		(void)wait_queue_await(&f->waiting, 0);
	f->users--;
	nw->n_flights--;
	err = f->err;
	if (!err) {
		*ret = f->answer;
		atomic_fetch_add(&f->answer->refs, 1);
	}
	flight_free(f);
	return err;
}

int net_dns_lookup_await(struct worker *w, struct str name, enum world_dns_type type, struct net_dns_entry **ret)
{
	struct net_worker *nw = net_worker_of(w);
	char buf[NAME_MAX_BYTES];
	struct net_dns_entry *e;
	struct str key;

	while (name.n && name.p[name.n - 1] == '.')
		name.n--;
	if (!name.n || name.n > sizeof(buf))
		return RT_E_INVAL;
	for (size_t i = 0; i < name.n; i++)
		buf[i] = ascii_lower(name.p[i]);
	key = str_make(buf, name.n);
	e = cached(nw->net->dns, key, type, worker_now(w)); /* permanent ones also without a cache */
	if (e) {
		net_count(nw, N_DNS_HITS, 1);
		*ret = e;
		return 0;
	}
	if (!fiber_self())
		return RT_E_STATE;
	net_count(nw, N_DNS_MISSES, 1);
	return ask_await(nw, key, type, ret);
}

void net_dns_local_ttl(struct worker *w, uint32_t s)
{
	net_worker_of(w)->local_ttl = s;
}

int net_dns_attach(struct net_worker *nw)
{
	const struct net_conf *c = &nw->net->conf;
	struct world_dns_opts o = {.timeout_ms = c->dns_retr_time > 0 ? c->dns_retr_time * 1000 : 0,
				   .tries = c->dns_retr_no > 0 ? c->dns_retr_no : 0,
				   .servers = c->dns_servers_no > 0 ? c->dns_servers_no : 0,
				   .no_search = !c->dns_use_search_list, .server = c->dns_server};

	list_init(&nw->flights);
	return world_dns_config(worker_world(nw->w), &o);
}

void net_dns_detach(struct net_worker *nw)
{
	struct list *it, *tmp;

	list_each(it, tmp, &nw->flights) {
		struct net_flight *f = container_of(it, struct net_flight, node);

		if (f->query)
			world_resolve_cancel(&f->query);
		f->users = 0;
		flight_free(f); /* its fibers never run again */
	}
}

/* ---- for RPC ---- */

int net_dns_put(struct worker *w, struct str name, const struct world_rr *rr, uint32_t ttl, unsigned flags)
{
	struct net *n = net_of(w);
	char buf[NAME_MAX_BYTES];
	struct net_dns_entry *e;

	if (!name.n || name.n > sizeof(buf))
		return RT_E_INVAL;
	for (size_t i = 0; i < name.n; i++)
		buf[i] = ascii_lower(name.p[i]);
	e = entry_new(str_make(buf, name.n), rr->type, flags & NET_DNS_NEGATIVE ? RT_E_NOENT : 0, rr, flags & NET_DNS_NEGATIVE ? 0 : 1);
	if (!e)
		return RT_E_NOMEM;
	e->permanent = flags & NET_DNS_PERMANENT;
	e->expires = worker_now(w) + (uint64_t)ttl * 1000000;
	insert(n->dns, e);
	net_dns_unref(&e);
	return 0;
}

int net_dns_learn_await(struct worker *w, struct str name, enum world_dns_type type)
{
	struct net_dns_entry *e = NULL;
	int err = net_dns_lookup_await(w, name, type, &e);

	if (!err)
		err = e->status;
	net_dns_unref(&e);
	return err;
}

int net_dns_delete(struct worker *w, struct str name, enum world_dns_type type)
{
	struct net_dns *d = net_of(w)->dns;
	char buf[NAME_MAX_BYTES];
	struct net_dns_entry *e = NULL;
	int err = RT_E_NOENT;

	if (name.n > sizeof(buf))
		return RT_E_NOENT;
	for (size_t i = 0; i < name.n; i++)
		buf[i] = ascii_lower(name.p[i]);
	pthread_mutex_lock(&d->lock);
	e = search(d, str_make(buf, name.n), type);
	if (e)
		err = e->permanent ? RT_E_STATE : 0;
	if (!err)
		unlink_entry(d, e);
	pthread_mutex_unlock(&d->lock);
	return err;
}

void net_dns_each(struct worker *w, net_dns_visit_fn *fn, void *arg)
{
	struct net_dns *d = net_of(w)->dns;
	struct list *it, *tmp;

	pthread_mutex_lock(&d->lock);
	list_each(it, tmp, &d->lru) {
		struct net_dns_entry *e = container_of(it, struct net_dns_entry, lru);
		struct net_dns_info i = {e->name, e->type, e->status, e->permanent, 0, e->bytes, e->n, e->rr};

		if (e->expires > worker_now(w))
			i.left_s = (uint32_t)((e->expires - worker_now(w)) / 1000000);
		if (!fn(arg, &i))
			break;
	}
	pthread_mutex_unlock(&d->lock);
}

void net_dns_memory(const struct net *n, size_t *used, size_t *max)
{
	pthread_mutex_lock(&n->dns->lock);
	*used = n->dns->bytes;
	pthread_mutex_unlock(&n->dns->lock);
	*max = (size_t)n->conf.dns_cache_mem * 1024;
}
