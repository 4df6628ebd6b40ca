/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three meetings of all threads and the starter: set up, go, stopped. Between the first two the starter
 * may still give rights away or see that somebody failed.
 */
#include "host/workers.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/block.h"
#include "base/mem.h"
#include "host/crash.h"
#include "world/world_real.h"

struct slot {
	struct workers *all;
	struct world *world;
	pthread_t thread;
	int err;
	bool running;
};

struct workers {
	struct server *server;
	unsigned n;
	struct slot slot[NET_WORKERS_MAX];
	pthread_barrier_t meet;
	bool met;  /* the barrier is there */
	bool quit; /* written before the meeting in which it is read */
};

int workers_new(struct server *s, struct workers **ret)
{
	struct workers *ws = mem_alloc(sizeof(*ws));
	int err = 0;

	if (!ws)
		return RT_E_NOMEM;
	ws->server = s;
	ws->n = s->workers;
	for (unsigned i = 0; !err && i < ws->n; i++) {
		err = world_real_new(&ws->slot[i].world);
		if (!err)
			err = server_worker_new(s, i, ws->slot[i].world);
	}
	if (!err && pthread_barrier_init(&ws->meet, NULL, ws->n + 1))
		err = RT_E_NOMEM;
	ws->met = !err;
	if (err)
		workers_free(&ws);
	else
		*ret = ws;
	return err;
}

void workers_free(struct workers **pws)
{
	struct workers *ws = *pws;

	if (!ws)
		return;
	for (unsigned i = 0; i < ws->n; i++)
		server_worker_free(ws->server, i);
	for (unsigned i = 0; i < ws->n; i++)
		world_free(&ws->slot[i].world);
	if (ws->met)
		pthread_barrier_destroy(&ws->meet);
	mem_free(pws);
}

static void *thread_main(void *arg)
{
	struct slot *s = arg;
	struct workers *ws = s->all;
	unsigned me = (unsigned)(s - ws->slot);
	struct worker *w = ws->server->worker[me];
	char name[16];

	snprintf(name, sizeof(name), "worker %u", me);
	pthread_setname_np(pthread_self(), name);
	worker_enter(w);
	crash_worker(w);
	s->err = server_worker_init(ws->server, me);
	pthread_barrier_wait(&ws->meet);
	pthread_barrier_wait(&ws->meet);
	if (!ws->quit) {
		worker_run(w);
		pthread_barrier_wait(&ws->meet);
	}
	if (!s->err)
		server_worker_fini(ws->server, me);
	crash_forget(w);
	block_thread_fini();
	return NULL;
}

static void join_threads(struct workers *ws)
{
	for (unsigned i = 0; i < ws->n; i++) {
		if (ws->slot[i].running)
			pthread_join(ws->slot[i].thread, NULL);
		ws->slot[i].running = false;
	}
}

int workers_start(struct workers *ws)
{
	int err = 0;

	for (unsigned i = 0; i < ws->n; i++) {
		struct slot *s = &ws->slot[i];

		s->all = ws;
		/* half a server cannot meet: the process ends, the system takes what there is */
		if (pthread_create(&s->thread, NULL, thread_main, s))
			return RT_E_LIMIT;
		s->running = true;
	}
	pthread_barrier_wait(&ws->meet);
	for (unsigned i = 0; !err && i < ws->n; i++)
		err = ws->slot[i].err;
	if (err) {
		ws->quit = true;
		pthread_barrier_wait(&ws->meet);
		join_threads(ws);
	}
	return err;
}

void workers_go(struct workers *ws)
{
	pthread_barrier_wait(&ws->meet);
}

void workers_stop(struct workers *ws)
{
	for (unsigned i = 0; i < ws->n; i++)
		worker_stop(ws->server->worker[i]);
}

void workers_join(struct workers *ws)
{
	pthread_barrier_wait(&ws->meet);
	join_threads(ws);
}
