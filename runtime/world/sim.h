/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim.h - the simulated world: one event queue, one clock, one network, for any number of worlds.
 *
 * For: tests, kiln test, debugger, replay. Same seed and same calls = same run, bit for bit. All of a
 * simulation lives on one thread. Time starts at 0 and moves only from event to event; nothing waits. A
 * datagram goes to whichever world has bound its destination (several that bound it with reuse_port share
 * it by source, as SO_REUSEPORT does); what nobody has bound is lost, or refused. The simulation's own
 * memory is left out of mem_fail_nth().
 */
#ifndef WORLD_SIM_H
#define WORLD_SIM_H

#include "world/world.h"

struct sim;

/* Parts of 10000; times in us. Applies to datagrams; streams have only the latency. */
struct sim_link {
	uint32_t loss, dup, reorder;
	uint32_t latency_min, latency_max; /* each packet draws from this range */
	uint32_t reorder_by;               /* extra delay of a reordered one */
};

struct sim_opts {
	uint64_t seed;
	int64_t wall_start;   /* us since the epoch at time 0; 0: 2026-01-01 */
	struct sim_link link; /* all zero: no loss, latency 100 us */
	uint32_t max_events;  /* 0: 1000000; beyond it packets are lost */
	uint32_t stream_window; /* bytes in flight per direction; 0: 65536 */
};

int sim_new(const struct sim_opts *opts, struct sim **ret);
/* Worlds must have been freed before. */
void sim_free(struct sim **s);
/* A new world in it; free with world_free(). NULL when memory is out. */
struct world *sim_world_new(struct sim *s);

/* ---- running ---- */

uint64_t sim_now(const struct sim *s);
/* When the next event or timer is due, or WORLD_TIME_NEVER. */
uint64_t sim_next(struct sim *s);
/* Run the next event; false when there is none. */
bool sim_step(struct sim *s);
/* Run all that is due until t, then set the clock to t. */
void sim_run_until(struct sim *s, uint64_t t);
static inline void sim_run_for(struct sim *s, uint64_t us)
{
	sim_run_until(s, sim_now(s) + us);
}
/* Until nothing is left or t is reached; true when nothing is left. */
bool sim_run_idle(struct sim *s, uint64_t t);

/* ---- the network ---- */

/* All zero: no loss, latency 100 us. */
void sim_set_link(struct sim *s, const struct sim_link *l);
/* Another link for what goes to one destination; port 0: every port of that address. */
int sim_set_link_to(struct sim *s, const struct addr *to, const struct sim_link *l);

enum sim_fault {
	SIM_OK,      /* remove the fault */
	SIM_LOST,    /* datagrams vanish, connects never complete */
	SIM_REFUSED, /* connects are refused, datagrams vanish */
	SIM_RESET,   /* connects succeed and are reset on the first byte */
};
/* For one destination; port 0: every port of that address. */
int sim_set_fault(struct sim *s, const struct addr *to, enum sim_fault f);

/* The n-th of its kind from now fails once (1: the next one); 0 switches off. */
enum sim_failing {
	SIM_FAIL_SEND,    /* a datagram: RT_E_LIMIT */
	SIM_FAIL_CONNECT, /* a connect cannot be started: RT_E_IO */
	SIM_FAIL_ACCEPT,  /* an accept: the peer is reset */
	SIM_FAIL_WRITE,   /* a stream write: RT_E_CLOSED */
	SIM_FAIL_KINDS,
};
void sim_fail_nth(struct sim *s, enum sim_failing kind, uint64_t n);
/* It has not happened yet. */
bool sim_fail_pending(const struct sim *s, enum sim_failing kind);

/* Put a datagram on the wire as if `from` had sent it, `delay` us from now; no loss, no duplication. */
int sim_inject(struct sim *s, const struct addr *from, const struct addr *to, struct str bytes,
	       uint64_t delay);

/* Sees every datagram as it is sent (before loss) and every stream write. */
typedef void sim_tap_fn(void *arg, uint64_t now, enum proto p, const struct addr *from,
			const struct addr *to, struct str bytes);
void sim_set_tap(struct sim *s, sim_tap_fn *fn, void *arg);
typedef void sim_log_fn(void *arg, uint64_t now, int level, struct str line);
void sim_set_log(struct sim *s, sim_log_fn *fn, void *arg);

/* ---- DNS ---- */

/* Add a record; strings are copied. A name with no record answers RT_E_NOENT. */
int sim_dns_add(struct sim *s, struct str name, const struct world_rr *rr);
/* Queries for the name end with `status` (RT_E_TIMEOUT ...) after delay us; status 0 only delays. */
int sim_dns_fault(struct sim *s, struct str name, int status, uint64_t delay);

struct sim_counts {
	uint64_t worlds, socks, streams, listeners, queries, events, notes;
	uint64_t sent, lost, dup, delivered, unbound; /* datagrams so far */
	uint64_t dns_asked;
};
void sim_get_counts(const struct sim *s, struct sim_counts *ret);

#endif
