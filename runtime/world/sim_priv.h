/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_priv.h - what the files of the simulated world share: the queue of events and the worlds in it.
 *
 * sim.c: clock, queue, randomness, loop. sim_net.c: datagrams, link, faults. sim_stream.c: streams.
 * sim_dns.c: zones. Everything is single-threaded.
 */
#ifndef WORLD_SIM_PRIV_H
#define WORLD_SIM_PRIV_H

#include "base/list.h"
#include "world/sim.h"
#include "world/world_priv.h"

/*
 * Something that happens at `due`; embedded at the beginning of what it carries. `run` owns it from then
 * on. Events of the same moment run in the order in which they were added.
 */
struct sim_event {
	uint64_t due, seq;
	size_t at; /* index in the heap */
	void (*run)(struct sim *s, struct sim_event *e);
	void (*drop)(struct sim_event *e); /* the simulation ends before it */
};

struct sim_fault_row {
	struct list node;
	struct addr to;
	enum sim_fault fault;
};

struct sim_link_row {
	struct list node;
	struct addr to;
	struct sim_link link;
};

struct sim {
	struct sim_opts o;
	uint64_t now, seq;
	uint64_t rng; /* of the network */
	struct sim_event **heap;
	size_t n_heap, cap_heap;
	struct list worlds;
	unsigned n_worlds_ever;
	struct list faults, links;
	struct list names, dns_faults;
	uint16_t next_port;
	uint64_t fail[SIM_FAIL_KINDS];
	sim_tap_fn *tap;
	void *tap_arg;
	sim_log_fn *log;
	void *log_arg;
	struct sim_counts counts;
};

struct world {
	struct world_head head;
	struct list node; /* sim.worlds */
	struct sim *sim;
	uint64_t rng;
	struct world_hooks hooks;
	void *hooks_arg;
	struct world_note *notes, **notes_end;
	struct list socks, listeners, streams, queries;
	struct world_stats stats;
	bool stop;
};

/* Memory of the simulation itself never fails by mem_fail_nth(). */
void *sim_alloc(size_t n);

uint64_t sim_draw(uint64_t *state);
/* From lo to hi, both included. */
uint64_t sim_draw_range(uint64_t *state, uint64_t lo, uint64_t hi);
/* The n-th of its kind is to fail now. */
bool sim_must_fail(struct sim *s, enum sim_failing kind);

/* RT_E_NOMEM: nothing was added. */
int sim_add(struct sim *s, struct sim_event *e, uint64_t due);
void sim_remove(struct sim *s, struct sim_event *e);

/* What reaches a world happens between these two. */
void sim_enter(struct world *w);
void sim_leave(struct world *w);

/* ---- sim_net.c ---- */

uint64_t sim_latency(struct sim *s, const struct addr *to);
enum sim_fault sim_fault_of(const struct sim *s, const struct addr *to);
uint16_t sim_free_port(struct sim *s);
void sim_net_fini(struct sim *s);
void sim_socks_close(struct world *w);
/* Bits that a and b have in common from the left; 0 when the families differ. */
unsigned sim_common_bits(const struct addr *a, const struct addr *b);
void sim_tell(struct sim *s, enum proto p, const struct addr *from, const struct addr *to, struct str bytes);

int sim_udp_open(struct world *w, const struct addr *addr, const struct world_udp_opts *o, world_dgram_fn *fn,
		 void *arg, struct world_sock **ret);
void sim_udp_close(struct world_sock *s);
const struct addr *sim_udp_addr(const struct world_sock *s);
int sim_udp_send(struct world_sock *s, const struct addr *to, const struct iovec *iov, int n);
int sim_source_addr(struct world *w, const struct addr *to, struct addr *ret);

/* ---- sim_stream.c ---- */

void sim_streams_close(struct world *w);
bool sim_tcp_bound(const struct sim *s, const struct addr *a);
/* Best address of w's listeners towards `to`; see sim_source_addr(). */
void sim_listener_source(struct world *w, const struct addr *to, struct addr *best, unsigned *bits);

int sim_tcp_listen(struct world *w, const struct addr *addr, const struct world_tcp_opts *o,
		   world_accept_fn *fn, void *arg, struct world_listener **ret);
void sim_listener_close(struct world_listener *l);
const struct addr *sim_listener_addr(const struct world_listener *l);
void sim_stream_accept(struct world_stream *s, const struct world_stream_ops *ops, void *arg);
int sim_tcp_connect(struct world *w, const struct addr *to, const struct world_tcp_opts *o,
		    const struct world_stream_ops *ops, void *arg, struct world_stream **ret);
ssize_t sim_stream_write(struct world_stream *s, const void *p, size_t n);
const struct addr *sim_stream_local(const struct world_stream *s);
const struct addr *sim_stream_peer(const struct world_stream *s);
int sim_stream_keepalive(struct world_stream *s, int idle, int intvl, int cnt);
void sim_stream_pause(struct world_stream *s, bool pause);
void sim_stream_close(struct world_stream *s, bool reset);

/* ---- sim_dns.c ---- */

/* A question under way; freed with its answer or when cancelled. */
struct world_query {
	struct world_head head;
	struct sim_event e; /* the answer comes */
	struct list node;   /* world.queries */
	struct world *w;
	enum world_dns_type type;
	world_dns_fn *fn;
	void *arg;
	size_t n;
	char name[WORLD_DNS_NAME_MAX];
};

void sim_dns_fini(struct sim *s);
int sim_dns_config(struct world *w, const struct world_dns_opts *o);
int sim_resolve(struct world *w, struct str name, enum world_dns_type type, world_dns_fn *fn, void *arg,
		struct world_query **ret);
void sim_resolve_cancel(struct world_query *q);

#endif
