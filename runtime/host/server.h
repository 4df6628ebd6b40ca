/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server.h - a program in service: what a real (host.c) and a simulated server (offline.h) do alike.
 *
 * Order of life: server_load (main thread), server_worker_new for all workers, server_worker_init on
 * each worker's thread, messages flow, server_worker_fini on its thread, server_worker_free, server_unload.
 * One server at a time in a process: script modules keep their settings in the process. After
 * server_unload nothing of it is left and the next one may be loaded.
 */
#ifndef HOST_SERVER_H
#define HOST_SERVER_H

#include "abi/program.h"
#include "host/options.h"
#include "net/net.h"

enum { SERVER_WORKERS_MAX = NET_WORKERS_MAX };

struct server {
	const struct program *p;
	struct net *net;
	unsigned workers;
	bool loaded;
	struct worker *worker[SERVER_WORKERS_MAX];
	void (*stop)(void); /* core.kill */
	int64_t pid;        /* as peers are told it */
	int argc;           /* told by RPC */
	char **argv;
};

/* Settings of the transports from the core parameters of the script. RT_E_INVAL after logging why. */
int server_net_conf(const struct program *p, struct net_conf *c);
/*
 * The script's sockets and aliases and those of the command line. `any_host`, when not NULL, stands for
 * interface names and "*": what a simulated network has instead of interfaces.
 */
int server_add_sockets(struct net *n, const struct program *p, const struct host_list *listen,
		       const struct host_list *alias, const char *any_host);
/* Level of the log: `set` wins over the script's, `more` is added to it. */
void server_log_level(const struct program *p, bool is_set, int set, int more);

/* s->p, net, workers, stop are set. On failure nothing is left. */
int server_load(struct server *s);
/* Harmless when nothing is loaded; settings of the log go back in any case. */
void server_unload(struct server *s);
/* The first one draws the key of the hashes. */
int server_worker_new(struct server *s, unsigned i, struct world *world);
/* On failure what was begun is undone, the worker stays. */
int server_worker_init(struct server *s, unsigned i);
void server_worker_fini(struct server *s, unsigned i);
void server_worker_free(struct server *s, unsigned i);

#endif
