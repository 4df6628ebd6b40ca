/* SPDX-License-Identifier: Apache-2.0 */
/* A server over worlds of one simulation; what it holds after its start is the measure of what is left. */
#include "host/offline.h"

#include "base/arena.h"
#include "base/mem.h"
#include "core/fiber.h"
#include "core/timer.h"
#include "host/server.h"
#include "txn/txn.h"
#include "usrloc/tables.h"

struct offline {
	struct server server;
	struct sim *sim;
	struct world *world[SERVER_WORKERS_MAX];
	unsigned begun; /* workers that take messages */
	bool stopped;
	struct worker *entered; /* worker_self() before there was this server */
	uint64_t timers;
	size_t arenas, blocks, bytes; /* after the start */
};

static struct offline *the_one;

static void on_stop(void)
{
	the_one->stopped = true;
}

static uint64_t timers_of(const struct offline *s)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < s->begun; i++)
		n += timer_count(s->server.worker[i]);
	return n;
}

static int start(struct offline *s, const struct offline_opts *o)
{
	static const struct host_list none;
	struct server *v = &s->server;
	struct net_conf conf;
	bool own = o->listen_only && o->listen.n;
	struct program sockets = *v->p; /* a view of it without the script's sockets */
	int err = sim_new(&o->sim, &s->sim);

	if (err)
		return err;
	sim_set_tap(s->sim, o->tap, o->tap_arg);
	sim_set_log(s->sim, o->log, o->log_arg);
	server_log_level(v->p, o->log_set, o->log_level, 0);
	server_net_conf(v->p, &conf);
	err = net_new(&conf, &v->net);
	if (err)
		return err;
	if (own)
		sockets.n_listens = 0;
	for (unsigned i = 0; i < v->workers; i++) {
		s->world[i] = sim_world_new(s->sim);
		if (!s->world[i])
			return RT_E_NOMEM;
	}
	/* from here on lines of the log go to the simulation */
	for (unsigned i = 0; !err && i < v->workers; i++)
		err = server_worker_new(v, i, s->world[i]);
	if (err)
		return err;
	worker_enter(v->worker[0]);
	err = server_add_sockets(v->net, &sockets, o->listen.n ? &o->listen : &none, &o->alias,
				 o->address ? o->address : "127.0.0.1");
	v->pid = 1; /* the same in every run */
	if (!err)
		err = server_load(v);
	for (unsigned i = 0; !err && i < v->workers; i++) {
		err = server_worker_init(v, i);
		s->begun += !err;
	}
	return err;
}

int offline_new(const struct program *p, const struct offline_opts *o, struct offline **ret)
{
	struct offline *s;
	int err;

	if (the_one)
		return RT_E_STATE;
	if (o->workers > SERVER_WORKERS_MAX)
		return RT_E_INVAL;
	s = mem_alloc(sizeof(*s));
	if (!s)
		return RT_E_NOMEM;
	the_one = s;
	s->server = (struct server){.p = p, .workers = o->workers ? o->workers : 1, .stop = on_stop};
	s->entered = worker_self();
	err = start(s, o);
	if (err) {
		offline_free(&s);
		return err;
	}
	s->timers = timers_of(s);
	s->arenas = arena_count();
	s->blocks = mem_blocks();
	s->bytes = mem_bytes();
	*ret = s;
	return 0;
}

/* What the server opened it has closed; world_free() would hide it. */
static void assert_closed(const struct offline *s)
{
	for (unsigned i = 0; i < s->server.workers; i++) {
		struct world_stats st = {0};

		if (s->world[i])
			world_get_stats(s->world[i], &st);
		BUG_ON(st.socks_open || st.streams_open || st.queries_open);
	}
}

void offline_free(struct offline **ps)
{
	struct offline *s = *ps;
	struct server *v;

	if (!s)
		return;
	v = &s->server;
	for (unsigned i = s->begun; i-- > 0;)
		server_worker_fini(v, i);
	server_unload(v);
	for (unsigned i = 0; i < v->workers; i++)
		server_worker_free(v, i);
	worker_enter(s->entered);
	if (v->net)
		net_free(&v->net);
	assert_closed(s);
	for (unsigned i = 0; i < v->workers; i++)
		if (s->world[i])
			world_free(&s->world[i]);
	sim_free(&s->sim);
	the_one = NULL;
	mem_free(ps);
}

struct sim *offline_sim(struct offline *s)
{
	return s->sim;
}

struct net *offline_net(struct offline *s)
{
	return s->server.net;
}

unsigned offline_workers(const struct offline *s)
{
	return s->server.workers;
}

struct worker *offline_worker(struct offline *s, unsigned i)
{
	return i < s->begun ? s->server.worker[i] : NULL;
}

const struct program *offline_program(const struct offline *s)
{
	return s->server.p;
}

bool offline_stopped(const struct offline *s)
{
	return s->stopped;
}

/* ---- what is left ---- */

static void count_conn(void *arg, const struct net_conn_info *i)
{
	unsigned *n = arg;

	(void)i;
	(*n)++;
}

static void count_contacts(void *arg, struct ul_table *t)
{
	struct ul_counts n;
	uint64_t *sum = arg;

	ul_count(t, &n);
	*sum += n.contacts;
}

void offline_left(struct offline *s, struct offline_left *ret)
{
	struct sim_counts n;

	*ret = (struct offline_left){0};
	for (unsigned i = 0; i < s->begun; i++) {
		struct worker *w = s->server.worker[i];
		struct worker *before = worker_enter(w);
		struct world_stats st;

		ret->txns += txn_count(w);
		ret->fibers += worker_fibers(w);
		net_conn_each(w, count_conn, &ret->conns);
		world_get_stats(s->world[i], &st);
		ret->streams += st.streams_open;
		ret->queries += st.queries_open;
		worker_enter(before);
	}
	ul_tables_each(count_contacts, &ret->contacts);
	ret->timers = (int64_t)timers_of(s) - (int64_t)s->timers;
	ret->arenas = (int64_t)arena_count() - (int64_t)s->arenas;
	ret->blocks = (int64_t)mem_blocks() - (int64_t)s->blocks;
	ret->bytes = (int64_t)mem_bytes() - (int64_t)s->bytes;
	sim_get_counts(s->sim, &n);
	ret->under_way = n.events + n.notes;
}

bool offline_is_idle(struct offline *s)
{
	struct offline_left n;

	offline_left(s, &n);
	return !n.txns && !n.fibers && !n.conns && !n.streams && !n.queries && !n.under_way && n.timers <= 0;
}

bool offline_settle(struct offline *s, uint64_t limit)
{
	uint64_t end = sim_now(s->sim) + limit;

	while (!offline_is_idle(s)) {
		if (sim_next(s->sim) > end)
			return false;
		sim_step(s->sim);
	}
	return true;
}
