/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world.h - everything that comes from outside: time, randomness, datagrams, streams, DNS, waking.
 *
 * One world per worker. Two makes behind one interface: the real one (world_real.h: epoll) and the
 * simulated one (sim.h: a deterministic event queue with a seed). Code above never knows which.
 *
 * Threads: a world and all that was opened in it belong to the thread that runs it; only world_post()
 * and world_stop() may be called from others. Callbacks run in the loop, never inside the call that
 * asked for something.
 */
#ifndef WORLD_WORLD_H
#define WORLD_WORLD_H

#include <sys/uio.h>

#include "base/addr.h"
#include "base/bug.h"

struct world;
struct world_sock;
struct world_stream;
struct world_listener;
struct world_query;
struct world_watch;

/* Close whatever is still open and free the world. NULL inside is fine. */
void world_free(struct world **w);
/* The world is simulated: there are no descriptors below it. */
bool world_is_sim(const struct world *w);

/* ---- time and randomness ---- */

#define WORLD_TIME_NEVER UINT64_MAX

/* Monotonic microseconds. */
uint64_t world_now(struct world *w);
/* Microseconds since the epoch. */
int64_t world_wall(struct world *w);
/* Unpredictable in the real world, from the seed in the simulated one. */
void world_random(struct world *w, void *buf, size_t n);
uint64_t world_random_u64(struct world *w);

/* ---- datagrams ---- */

struct world_dgram {
	char *buf; /* writable, one spare byte behind; gone when the callback returns */
	size_t n;
	struct addr from;
};

/* A batch of received datagrams. The callback may send, and may close this socket. */
typedef void world_dgram_fn(void *arg, struct world_sock *s, struct world_dgram *v, size_t n);

struct world_udp_opts {
	int fd;          /* > 0: an already bound descriptor, which stays the caller's (not closed) */
	/*
	 * Several workers bind the same address: reuse_port for the first (which fails when a foreign
	 * process has it), joins as well for the others.
	 */
	bool reuse_port, joins;
	bool free_bind;  /* bind an address that the host does not have */
	int rcvbuf, sndbuf; /* 0: the system's */
	int tos;            /* 0: leave */
	bool dont_fragment; /* path MTU discovery */
};

/* Bind `addr` (port 0: any free one). NULL opts: defaults. RT_E_IO when the system refuses. */
int world_udp_open(struct world *w, const struct addr *addr, const struct world_udp_opts *opts,
		   world_dgram_fn *fn, void *arg, struct world_sock **ret);
void world_udp_close(struct world_sock **s);
/* Address that is bound, with its port. */
const struct addr *world_udp_addr(const struct world_sock *s);
/*
 * Queue one datagram; the bytes are copied and leave at the end of the batch. RT_E_LIMIT when the
 * out-batch is full and cannot be emptied now (counted), RT_E_INVAL when too long.
 */
int world_udp_send(struct world_sock *s, const struct addr *to, const struct iovec *iov, int n);
/* The source address the system would use towards `to`, port 0. */
int world_source_addr(struct world *w, const struct addr *to, struct addr *ret);

/* ---- streams ---- */

/*
 * After on_close the stream is gone: forget the pointer and do not close it. err is 0 for an orderly
 * close by the peer, else RT_E_CLOSED (reset), RT_E_TIMEOUT, RT_E_IO (refused, unreachable). NULL
 * members are skipped. A callback may close its own stream.
 */
struct world_stream_ops {
	void (*on_open)(void *arg, struct world_stream *s); /* connected; not for accepted ones */
	void (*on_data)(void *arg, struct world_stream *s, char *p, size_t n);
	void (*on_writable)(void *arg, struct world_stream *s); /* after a short write */
	void (*on_close)(void *arg, struct world_stream *s, int err);
};

struct world_tcp_opts {
	int fd; /* listeners: > 0: an already listening descriptor, which stays the caller's */
	bool reuse_port;
	bool free_bind;
	int backlog;        /* 0: 1024 */
	int connect_ms;     /* connect: 0: the system's */
	bool keepalive;
	int keep_idle, keep_intvl, keep_cnt; /* s, s, count; 0: the system's */
	int linger2, syncnt, defer_accept;   /* 0: the system's */
	int sndbuf, tos;                     /* 0: the system's */
	const struct addr *source;           /* connect: bind to it; NULL: any */
};

/* A peer came. Take it with world_stream_accept() in the callback, else it is closed. */
typedef void world_accept_fn(void *arg, struct world_listener *l, struct world_stream *s,
			     const struct addr *from);

int world_tcp_listen(struct world *w, const struct addr *addr, const struct world_tcp_opts *opts,
		     world_accept_fn *fn, void *arg, struct world_listener **ret);
void world_listener_close(struct world_listener **l);
const struct addr *world_listener_addr(const struct world_listener *l);
void world_stream_accept(struct world_stream *s, const struct world_stream_ops *ops, void *arg);
/* Starts connecting; on_open or on_close tells how it ended. */
int world_tcp_connect(struct world *w, const struct addr *to, const struct world_tcp_opts *opts,
		      const struct world_stream_ops *ops, void *arg, struct world_stream **ret);
/*
 * Bytes taken (possibly 0; on_writable follows when fewer than given), or a negative RT_E_CLOSED.
 * Nothing is taken before on_open.
 */
ssize_t world_stream_write(struct world_stream *s, const void *p, size_t n);
/* Own end and peer's end, as known to the system. */
const struct addr *world_stream_local(const struct world_stream *s);
const struct addr *world_stream_peer(const struct world_stream *s);
/* Probe the peer after `idle` s of silence, each `intvl` s, cnt times (not positive: the system's); idle 0: do not. */
int world_stream_keepalive(struct world_stream *s, int idle, int intvl, int cnt);
/* Stop or go on reading (a slow consumer). */
void world_stream_pause(struct world_stream *s, bool pause);
/* No callback comes after it. Bytes already taken are still sent unless `reset`. */
void world_stream_close(struct world_stream **s, bool reset);

/* ---- DNS ---- */

enum world_dns_type {
	DNS_A = 1,
	DNS_PTR = 12,
	DNS_TXT = 16,
	DNS_AAAA = 28,
	DNS_SRV = 33,
	DNS_NAPTR = 35,
};

enum { WORLD_DNS_RR_MAX = 64, WORLD_DNS_NAME_MAX = 256 };

/* One record; views live as long as the callback. */
struct world_rr {
	enum world_dns_type type;
	uint32_t ttl;     /* s */
	struct addr addr; /* A, AAAA; port 0 */
	struct str name;  /* SRV target, PTR name, NAPTR replacement, TXT text */
	uint16_t prio, weight, port;       /* SRV; NAPTR: prio = order, weight = preference */
	struct str flags, service, regexp; /* NAPTR */
};

/* status: 0, RT_E_NOENT (no such name or no such record), RT_E_TIMEOUT, RT_E_IO, RT_E_PARSE. */
struct world_answer {
	int status;
	const struct world_rr *rr; /* only records of the type asked for, CNAMEs followed */
	size_t n;
	uint32_t neg_ttl; /* with RT_E_NOENT: how long that may be believed, 0: not told */
};
typedef void world_dns_fn(void *arg, const struct world_answer *a);

struct world_dns_opts {
	int timeout_ms, tries; /* 0: the system's */
	int servers;           /* use at most so many of the system's servers; 0: all */
	bool no_search;        /* do not use the search list */
	const char *server;    /* "127.0.0.1:5353": use it instead of the system's; NULL */
};
/* Before the first query; without it the system's settings hold. */
int world_dns_config(struct world *w, const struct world_dns_opts *opts);
/* fn is called once, unless cancelled. The hosts file is honoured for A and AAAA. */
int world_resolve(struct world *w, struct str name, enum world_dns_type type, world_dns_fn *fn,
		  void *arg, struct world_query **ret);
void world_resolve_cancel(struct world_query **q);

/* ---- descriptors of foreign libraries (real world only; RT_E_UNSUPP in the simulated one) ---- */

enum { WATCH_READ = 1, WATCH_WRITE = 2 };
typedef void world_watch_fn(void *arg, int fd, int events);
int world_watch_fd(struct world *w, int fd, int events, world_watch_fn *fn, void *arg,
		   struct world_watch **ret);
void world_watch_change(struct world_watch *x, int events);
/* The descriptor stays the caller's. */
void world_watch_close(struct world_watch **x);

/* ---- between threads ---- */

/* Embedded in what is handed over; fn runs in the world's thread and owns the note from then on. */
struct world_note {
	struct world_note *next;
	void (*fn)(struct world_note *n);
	/* Instead of fn when the world is freed first; NULL: nothing to be done. */
	void (*drop)(struct world_note *n);
};
/* From any thread, wait-free; notes of one sender keep their order. The world must be alive. */
void world_post(struct world *w, struct world_note *n);

/* ---- the loop ---- */

/*
 * The worker's part of the loop. A wake-up is: on_wake, arrivals, on_batch_end, queued datagrams
 * leave. on_wake runs due timers; deadline tells when the next wake-up must be (monotonic us).
 */
struct world_hooks {
	uint64_t (*deadline)(void *arg);
	void (*on_wake)(void *arg);
	void (*on_batch_end)(void *arg);
};
void world_set_hooks(struct world *w, const struct world_hooks *h, void *arg);
/* Until world_stop(). In a simulated world: runs the whole simulation until then or until it is idle. */
void world_run(struct world *w);
/* From any thread or a signal handler. */
void world_stop(struct world *w);

/* ---- log sink ---- */

/* One line without its end; the level is the language's (-5 alert .. 3 debug). */
void world_log(struct world *w, int level, struct str line);

struct world_stats {
	uint64_t dgrams_in, dgrams_out, dgrams_dropped, dgrams_failed;
	uint64_t streams_open, socks_open, queries_open;
};
void world_get_stats(const struct world *w, struct world_stats *ret);

#endif
