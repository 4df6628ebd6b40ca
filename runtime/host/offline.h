/* SPDX-License-Identifier: Apache-2.0 */
/*
 * offline.h - serve a compiled program inside a simulated world: no socket, signal, thread or root.
 *
 * For: kiln test, trace, debug; tests/sim. It is the real server (server.h, receive.h) over sim.h: the
 * same receive path, transactions, timers, script start. One at a time in a process, any number one after
 * another; each leaves nothing behind. All of it, peers included, lives on the calling thread.
 *
 *   struct offline_opts o = {.listen = {{"udp:10.0.0.1:5060"}, 1}, .sim = {.seed = 7}};
 *   offline_new(program, &o, &s);
 *   struct world *phone = sim_world_new(offline_sim(s));       peers bind addresses in worlds of their own
 *   sim_run_for(offline_sim(s), 5000000);                      or sim_step() one event at a time
 *   offline_free(&s);                                          after the peers' worlds
 *
 * Options of the simulation (seed, link, wall clock, faults, DNS, injection, tap of all datagrams and
 * streams, log lines) are sim.h's. What the script does is observed through offline_worker() and the doors
 * of the layers: txn_each, ul_tables_each, counter_value, program->sites with struct run.
 */
#ifndef HOST_OFFLINE_H
#define HOST_OFFLINE_H

#include "abi/program.h"
#include "host/options.h"
#include "net/net.h"
#include "world/sim.h"

struct offline;

struct offline_opts {
	struct sim_opts sim;
	unsigned workers;        /* 0: 1; they take turns on this thread */
	struct host_list listen; /* "[proto:]address[:port][/advertised[:port]]" */
	bool listen_only;        /* the script's own sockets are left out when `listen` has any */
	struct host_list alias;
	/* The simulated host's address: for "*", interface names, and a script that names no socket.
	   NULL: 127.0.0.1 */
	const char *address;
	bool log_set; /* log_level wins over the script's `debug` */
	int log_level;
	sim_tap_fn *tap; /* from the first moment on; also sim_set_tap() */
	void *tap_arg;
	sim_log_fn *log;
	void *log_arg;
};

/*
 * The program must outlive it. RT_E_STATE: there is one already; else what the start of a server may
 * fail with (told to the log).
 */
int offline_new(const struct program *p, const struct offline_opts *o, struct offline **ret);
/* Worlds that others made in the simulation must be gone; a fiber that waits then is a bug (see offline_left). */
void offline_free(struct offline **s);

struct sim *offline_sim(struct offline *s);
struct net *offline_net(struct offline *s);
unsigned offline_workers(const struct offline *s);
struct worker *offline_worker(struct offline *s, unsigned i);
const struct program *offline_program(const struct offline *s);
/* core.kill was called. */
bool offline_stopped(const struct offline *s);

/* What is alive in the server beyond what a server that has just started holds. */
struct offline_left {
	unsigned txns, fibers, conns;
	uint64_t streams, queries; /* in the server's worlds */
	uint64_t contacts;         /* in all location tables */
	int64_t timers;            /* more than after the start */
	int64_t arenas, blocks, bytes;
	uint64_t under_way;        /* events of the simulation: packets, answers */
};
void offline_left(struct offline *s, struct offline_left *ret);
/* No transaction, fiber, connection, question, packet under way, and no more timers than after the start. */
bool offline_is_idle(struct offline *s);
/* Run until idle, at most until `limit` us of simulated time; true when idle. */
bool offline_settle(struct offline *s, uint64_t limit);

#endif
