/* SPDX-License-Identifier: Apache-2.0 */
/* net_priv.h - inside runtime/net only. */
#ifndef NET_NET_PRIV_H
#define NET_NET_PRIV_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/hashtab.h"
#include "base/list.h"
#include "base/mem.h"
#include "core/log.h"
#include "core/timer.h"
#include "net/net.h"

struct net_alias {
	bool below; /* names below it too */
	struct str host;
	uint16_t port;
	enum proto proto;
};

/* Counted by one worker, read by all; the names are those of struct net_stats. */
enum net_count {
	N_UDP_IN, N_UDP_OUT, N_UDP_DROPPED,
	N_TCP_IN, N_TCP_OUT, N_TCP_BAD,
	N_TCP_ESTABLISHED, N_TCP_ACCEPTED, N_TCP_CONNECTS, N_TCP_CONNECT_FAILED, N_TCP_REFUSED,
	N_TCP_WQ_FULL, N_TCP_TIMEOUTS, N_TCP_RESETS, N_TCP_SENDQ_FULL,
	N_HANDED_OVER, N_HANDOVER_DROPPED,
	N_DNS_HITS, N_DNS_MISSES, N_DNS_ERRORS,
	N_COUNT,
};

enum { NET_LOG_SOURCES = 1024, NET_SPARE_BATCHES = 4 };

struct net_conntab;
struct net_dns;
struct net_batch;

struct net {
	struct net_conf conf;
	struct net_handlers h;
	struct arena *arena;
	struct net_socket sockets[NET_SOCKETS_MAX];
	int fds[NET_SOCKETS_MAX][NET_WORKERS_MAX]; /* streams: the first is everybody's */
	unsigned n_sockets, workers;
	struct net_alias aliases[NET_ALIASES_MAX];
	unsigned n_aliases;
	_Atomic uint64_t next_conn;
	_Atomic uint64_t wq_bytes; /* queued for streams, also under way between workers */
	_Atomic uint32_t n_conns;
	_Atomic uint32_t inbox[NET_WORKERS_MAX]; /* messages under way to a worker */
	struct net_worker *_Atomic at[NET_WORKERS_MAX];
	struct net_conntab *conns;
	struct net_dns *dns;
	_Atomic uint64_t log_seen[NET_LOG_SOURCES]; /* second << 32 | hash of the source */
};

/* A worker's part. */
struct net_worker {
	struct net *net;
	struct worker *w;
	struct world_sock *udp[NET_SOCKETS_MAX];
	struct world_listener *tcp[NET_SOCKETS_MAX];
	struct net_port {
		struct net_worker *nw;
		const struct net_socket *sock;
	} ports[NET_SOCKETS_MAX];
	struct list conns;
	/* buffers that no connection needs now: an idle one holds none, a busy one takes these */
	struct {
		char *in, *out;
		size_t out_cap;
		struct net_queued *q;
		unsigned q_cap;
	} spare;
	struct net_batch *out[NET_WORKERS_MAX]; /* what waits for the end of the batch */
	struct net_batch *spare_out[NET_SPARE_BATCHES];
	unsigned n_spare_out;
	struct list flights; /* names being asked for; dns.c */
	unsigned n_flights;
	uint32_t local_ttl;  /* s; 0: what the answers say */
	net_conn_fn *observer[NET_OBSERVERS_MAX];
	unsigned n_observers;
	_Atomic uint64_t count[N_COUNT];
};

static inline void net_count(struct net_worker *nw, enum net_count c, uint64_t n)
{
	uint64_t v = atomic_load_explicit(&nw->count[c], memory_order_relaxed);

	atomic_store_explicit(&nw->count[c], v + n, memory_order_relaxed); /* its worker alone writes */
}

/* Messages of a batch, of which `i` are taken; the batch is where the caller has it and may be gone when fn has parked. */
struct net_series {
	struct net_worker *nw;
	size_t i, n;
	void (*take)(struct net_series *s, size_t i, net_msg_fn *fn);
};
/* Each of them runs in a fiber, and all in the same one as long as none has to wait: changing fibers costs more than a message's route may. */
void net_take_all(struct net_series *s);

/* ---- steer.c ---- */

/* Of a group of sockets that share an address: replies go to their worker's. */
int net_steer(int fd);

/* ---- conntab.c: connections of all workers, by peer and by id ---- */

enum { NET_CONN_ALIASES = 8 };

/* One way to find a connection: a peer address, or with family 0 its id. */
struct net_conn_key {
	struct hashtab_node node;
	struct net_conn *c; /* NULL: not in the table */
	struct addr peer;
	enum proto proto;
};

int net_conntab_new(struct net_conntab **ret);
void net_conntab_free(struct net_conntab **t);
/* k->peer and k->proto are set; k->c->id is. */
void net_conntab_add(struct net_conntab *t, struct net_conn_key *k, struct net_conn *c);
/* As add, unless another connection has that peer: its id comes back and nothing is added. Else 0. */
uint64_t net_conntab_claim(struct net_conntab *t, struct net_conn_key *k, struct net_conn *c);
void net_conntab_del(struct net_conntab *t, struct net_conn_key *k);
/* Id of the newest with that peer, 0: none. */
uint64_t net_conntab_find(struct net_conntab *t, enum proto p, const struct addr *peer);
/* The connection of an id, to be looked into by its own worker only; NULL: none. */
struct net_conn *net_conntab_get(struct net_conntab *t, uint64_t id);
/* Connections from one address: count one more unless that makes more than max; one less. */
bool net_conntab_share_take(struct net_conntab *t, const struct addr *ip, uint32_t max);
void net_conntab_share_give(struct net_conntab *t, const struct addr *ip);

/* ---- stream.c ---- */

/* A message in the queue, until it is written. */
struct net_queued {
	size_t end; /* bytes from the queue's front to its end */
	uint64_t cookie;
	uint16_t worker; /* whose it is */
};

struct net_conn {
	struct list node; /* of its worker */
	struct net_worker *nw;
	struct world_stream *stream;
	uint64_t id;
	const struct net_socket *sock;
	struct addr peer;
	struct net_conn_key by_id, by_peer;
	struct net_conn_key *alias; /* NET_CONN_ALIASES of them; NULL until one is needed */
	unsigned n_alias;
	uint32_t lifetime_ms;
	uint64_t active_us, born_us; /* last byte either way; monotonic */
	struct timer idle;  /* idling, connecting, first byte */
	struct timer msg;   /* a begun message */
	struct timer drain; /* the peer does not take what is queued */
	uint64_t msg_us;    /* when the message in work began; 0: none */
	bool connecting, outbound, close_after, counted, silent, want_event;
	bool deaf; /* what still comes is not read: it follows a bad frame */
	uint8_t crlf; /* CR and LF seen between messages */
	char *in;
	size_t in_n, in_cap;
	char *out;
	size_t out_n, out_cap;
	struct net_queued *q;
	unsigned q_n, q_cap;
};

struct net_worker *net_worker_of(struct worker *w);
int net_stream_send(struct net_worker *nw, const struct net_dst *d, const struct net_socket *sock,
		    const struct iovec *iov, int n);
void net_stream_accept(void *arg, struct world_listener *l, struct world_stream *s, const struct addr *from);
void net_conn_free(struct net_conn *c, enum net_conn_event why);
/* Index of the worker that has connection `id`. */
unsigned net_conn_worker(const struct net *n, uint64_t id);
void net_conn_touch(struct net_conn *c);
/* It closes when what is queued has left; nobody new finds it. */
void net_conn_retire(struct net_conn *c);

/* stream_out.c */
/* The worker's spare buffers go. */
void net_spare_free(struct net_worker *nw);
int net_conn_queue(struct net_conn *c, struct str s);
int net_conn_queue_message(struct net_conn *c, const struct iovec *iov, int n, uint64_t cookie,
			   unsigned worker);
/* Write what is queued; false: the connection is gone. */
bool net_conn_flush(struct net_conn *c);
/* Tell the senders of what is still queued. */
void net_conn_fail_queued(struct net_conn *c, int err);
struct net_conn *net_conn_connect(struct net_worker *nw, const struct addr *to,
				  const struct net_socket *sock, uint64_t *other, int *err);
struct net_conn *net_conn_new(struct net_worker *nw, const struct net_socket *sock,
			      const struct addr *peer);
extern const struct world_stream_ops net_stream_ops;

/* ---- handover.c ---- */

/* A received message goes to the worker that owns it: to fn, one of the handlers, or into the other's batch. */
void net_dispatch(struct net_worker *nw, net_msg_fn *fn, const struct msg_origin *o, char *buf, size_t n);
void net_handover_flush(struct net_worker *nw);
void net_handover_discard(struct net_worker *nw);

/* ---- frame.c: length of the first message in buf; 0: more bytes are needed; negative: NET_BAD_* - 100 ---- */
long net_frame(const struct net_conf *conf, const char *buf, size_t n);
/* The header section is whole. */
bool net_frame_has_head(const char *buf, size_t n);
/* Longest message that a stream may carry. */
size_t net_stream_msg_max(const struct net_conf *conf);

#endif
