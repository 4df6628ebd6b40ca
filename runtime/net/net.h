/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net.h - transports: listening sockets, datagrams, framed streams, who owns a message, sending.
 *
 * For: txn, host, stdlib, rpc. One struct net per server, shared by its workers and read-only once they
 * run, except for what is counted or locked inside. Order of life:
 *   net_new, net_add_listen ..., net_bind (parent process; not in a simulated world),
 *   net_attach per worker, messages flow, net_detach per worker, net_free.
 *
 * A received message is handed to the worker that owns its Call-ID, whoever received it. A connection
 * lives on the worker that accepted or made it; sends from elsewhere are posted there.
 */
#ifndef NET_NET_H
#define NET_NET_H

#include "core/worker.h"

struct net;
struct net_dst;

/* ---- configuration: defaults by net_conf_init() are the reference's ---- */

struct net_conf {
	/* datagrams */
	uint32_t maxbuffer, maxsndbuffer; /* upper bounds of the socket buffers, bytes */
	int tos;                          /* 0: leave */
	bool free_bind;
	int pmtu_discovery;               /* set DF and believe what the path tells */
	struct str mcast;                 /* interface for multicast, or empty */
	int mcast_ttl;                    /* -1: the system's */
	bool mcast_loopback;
	bool mhomed;                      /* choose the source per destination */
	uint32_t msg_max;                 /* longest message, bytes */
	bool reply_to_via;                /* answers go to the address in Via, not to the source */
	uint32_t udp_mtu;                 /* longer requests leave over udp_mtu_try_proto; 0: never */
	int udp_mtu_try_proto;            /* enum proto, 0: none */
	uint32_t handover_max;            /* messages under way to one other worker */
	/* streams */
	bool disable_tcp;
	bool tcp_no_connect, tcp_accept_no_cl, tcp_crlf_ping, tcp_keepalive, tcp_reuse_port;
	bool tcp_buf_write;               /* queue what the peer does not take yet */
	uint32_t tcp_max_connections;
	uint32_t tcp_connect_timeout, tcp_send_timeout, tcp_connection_lifetime; /* s */
	uint32_t tcp_first_byte_timeout;  /* s until the first byte of an accepted one; 0: lifetime only */
	uint32_t tcp_header_timeout;      /* s for the header section of a begun message; 0: none of its own */
	uint32_t tcp_msg_read_timeout;    /* s a begun message may take as a whole; 0: no limit */
	uint32_t tcp_msg_data_timeout;    /* s of silence within a message; 0: no limit */
	bool tcp_close_rst, tcp_accept_aliases;
	uint32_t tcp_conn_wq_max, tcp_wq_max; /* bytes */
	uint32_t tcp_rd_buf_size;         /* longest message over a stream; 0: msg_max */
	uint32_t tcp_accept_iplimit;      /* connections from one address; 0: no limit */
	uint32_t tcp_listen_backlog;
	uint32_t tcp_keepidle, tcp_keepintvl, tcp_keepcnt; /* 0: the system's */
	uint32_t tcp_linger2, tcp_syncnt, tcp_defer_accept;
	bool tcp_delayed_ack;             /* off: acknowledge at once (TCP_QUICKACK) */
	struct addr tcp_source_ipv4, tcp_source_ipv6; /* family 0: any */
	/* DNS */
	bool dns_try_ipv6, dns_try_naptr, dns_srv_lb, use_dns_cache, use_dns_cache_init, use_dns_failover;
	uint32_t dns_slow_query_ms;       /* a slower one is logged; 0: none */
	bool dns_use_search_list, dns_naptr_ignore_rfc;
	int dns_pref[8];                  /* by enum proto; negative: never */
	int dns_retr_time, dns_retr_no, dns_servers_no; /* s, -1: the system's */
	uint32_t dns_cache_flags;         /* 1 only A, 2 only AAAA, 4 AAAA first */
	uint32_t dns_cache_negative_ttl, dns_cache_min_ttl, dns_cache_max_ttl; /* s */
	uint32_t dns_cache_mem;           /* KB, all workers together */
	const char *dns_server;           /* "ip:port" instead of the system's; NULL */
	/* host names */
	bool auto_aliases;                /* names of the listen addresses are ours */
	bool auto_bind_ipv6, bind_ipv6_link_local;
};
void net_conf_init(struct net_conf *c);

/* The configuration is copied. */
int net_new(const struct net_conf *conf, struct net **ret);
void net_free(struct net **n);
const struct net_conf *net_get_conf(const struct net *n);
struct net *net_of(const struct worker *w);

/* ---- listening sockets ---- */

enum { NET_SOCKETS_MAX = 64, NET_ALIASES_MAX = 1024, NET_WORKERS_MAX = 64, NET_OBSERVERS_MAX = 4 };

/* Plain data, constant once bound. */
struct net_socket {
	enum proto proto;
	struct addr addr;   /* with port */
	struct str name;    /* socket name of the script, or empty */
	struct str host;    /* IP as text, IPv6 bare */
	struct str host_br; /* the same with brackets round IPv6 */
	struct str text;    /* "udp:1.2.3.4:5060" */
	struct str adv_host; /* advertised, or empty */
	uint16_t adv_port;   /* 0: not given */
	struct str adv_text; /* "udp:host:port" of what is advertised; equals text without one */
	unsigned index;
	bool virtual_;
};

struct net_listen {
	enum proto proto; /* PROTO_NONE: UDP, and TCP unless disabled */
	struct str host;  /* literal, interface name, or host name; "" or "*": every address */
	uint16_t port;    /* 0: the protocol's default */
	bool any_port;    /* port 0 means: let the system choose (tests) */
	struct str name;
	struct str adv_host;
	uint16_t adv_port;
	bool virtual_;
};
/*
 * Add the sockets that a listen line names; strings are copied. RT_E_NOENT: no such host or
 * interface, RT_E_UNSUPP: protocol not built, RT_E_EXIST, RT_E_LIMIT.
 */
int net_add_listen(struct net *n, const struct net_listen *l);
/* Names of ours besides the listen addresses; port 0, PROTO_NONE: any. */
int net_add_alias(struct net *n, struct str host, uint16_t port, enum proto proto);
/* The same for the host and every name below it. */
int net_add_alias_tree(struct net *n, struct str host, uint16_t port, enum proto proto);
void net_alias_each(const struct net *n, void (*fn)(void *arg, struct str host, uint16_t port, enum proto p),
		    void *arg);
/*
 * Bind all sockets for `workers` workers in this process; the descriptors pass to forked children.
 * RT_E_IO: *failed tells which one (errno the reason). Not needed in a simulated world.
 */
int net_bind(struct net *n, unsigned workers, const struct net_socket **failed);

unsigned net_socket_count(const struct net *n);
/* NULL past the end. */
const struct net_socket *net_socket_at(const struct net *n, unsigned i);
/* Exact address; port 0 and PROTO_NONE match any. */
const struct net_socket *net_socket_find(const struct net *n, const struct addr *a, enum proto p);
const struct net_socket *net_socket_by_name(const struct net *n, struct str name);
/* "udp:1.2.3.4:5060", "1.2.3.4:5060", "1.2.3.4", or a socket name. */
const struct net_socket *net_socket_by_text(const struct net *n, struct str text);
/* First socket of that protocol and family (family 0: any), or NULL. */
const struct net_socket *net_socket_default(const struct net *n, enum proto p, int family);
/* host:port is one of ours: listen address, advertised address or alias. 0 / PROTO_NONE: any. */
bool net_is_local(const struct net *n, struct str host, uint16_t port, enum proto p);
/*
 * Socket to reach `to` from: `force` when it fits, the one with the right source address when
 * multihomed, else the default of protocol and family. NULL: none fits.
 */
const struct net_socket *net_socket_for(struct worker *w, enum proto p, const struct addr *to,
					const struct net_socket *force);

/* p, or the transport that a message of `size` bytes must leave over instead (udp_mtu). */
enum proto net_proto_for(struct worker *w, enum proto p, size_t size);

/* ---- receiving ---- */

/* One complete message in its owner's thread. buf is writable and gone when the call returns, or has parked. */
typedef void net_msg_fn(struct worker *w, const struct msg_origin *o, char *buf, size_t n);
/*
 * A stream sent what cannot be framed; buf holds the header section as far as it came. The handler may
 * net_send() an answer to o->conn_id; the connection is closed after what is queued has left.
 */
enum net_bad { NET_BAD_NO_LENGTH, NET_BAD_LENGTH, NET_BAD_TOO_LONG, NET_BAD_SYNTAX };
typedef void net_bad_fn(struct worker *w, const struct msg_origin *o, enum net_bad why, char *buf,
			size_t n);
/* CLOSED: in order; RESET: by an error or a refusal; TIMEOUT: one of the times ran out. */
enum net_conn_event { NET_CONN_OPENED, NET_CONN_CLOSED, NET_CONN_RESET, NET_CONN_TIMEOUT, NET_CONN_PING };
struct net_conn_info;
typedef void net_conn_fn(struct worker *w, enum net_conn_event e, const struct net_conn_info *i);

/* All optional; set before the first net_attach(). */
struct net_handlers {
	net_msg_fn *message;
	net_msg_fn *message_here; /* the same in a fiber that is its own until it returns; NULL: message does */
	net_bad_fn *bad;
	void (*send_error)(struct worker *w, const struct net_dst *dst, int err);
	/* keepalive of 4 zero bytes or CRLF in a datagram; answered by nobody, told for statistics */
	void (*dgram_keepalive)(struct worker *w, const struct msg_origin *o);
};
void net_set_handlers(struct net *n, const struct net_handlers *h);

/* Hear of this worker's connections, after net_attach(). RT_E_LIMIT: NET_OBSERVERS_MAX are there. */
int net_observe(struct worker *w, net_conn_fn *fn);
/* A line about this source may be logged: at most one in a second, whichever worker asks. */
bool net_log_allow(struct worker *w, const struct addr *src);

/* Start (stop) receiving on this worker. In a simulated world this binds the sockets there. */
int net_attach(struct net *n, struct worker *w);
void net_detach(struct net *n, struct worker *w);

enum { NET_BRANCH_LETTERS = 2 };
/*
 * A reply comes straight to the worker whose letters the branch of our request has behind "z9hG4bK" and one more byte
 * (where the system can: datagrams).
 */
void net_branch_letters(unsigned worker, char to[NET_BRANCH_LETTERS]);
/* Index of the worker that owns a call. */
unsigned net_owner(struct str call_id, unsigned workers);
/* Value of the Call-ID header found without parsing; empty when there is none. */
struct str net_find_call_id(const char *buf, size_t n);

/* ---- sending ---- */

enum net_dst_flags {
	NET_NO_CONNECT = 1,  /* only over a connection that exists */
	NET_CLOSE_AFTER = 2, /* close the connection when this has left */
	NET_CONN_ONLY = 4,   /* conn_id or nothing; else a lost conn_id falls back to `to` */
};

struct net_dst {
	enum proto proto;
	struct addr to;
	const struct net_socket *sock; /* NULL: net_socket_for() chooses */
	uint64_t conn_id;              /* 0: by peer address */
	unsigned flags;
	uint64_t cookie;               /* comes back in send_error; 0 is fine */
};

/*
 * Send one message; the bytes are copied. 0: taken. Failure that is known at once: RT_E_INVAL (no
 * socket fits), RT_E_LIMIT (a queue is full), RT_E_CLOSED (no connection and may not connect),
 * RT_E_UNSUPP, RT_E_IO. What fails later is told once to send_error in this worker.
 */
int net_send(struct worker *w, const struct net_dst *dst, const struct iovec *iov, int n);
static inline int net_send_text(struct worker *w, const struct net_dst *dst, struct str s)
{
	return net_send(w, dst, &(struct iovec){(void *)(uintptr_t)s.p, s.n}, 1); /* iovec has no const; it is only read */
}
/* Close a connection (any worker's) when what is queued has left. */
void net_conn_close(struct worker *w, uint64_t conn_id);
/* The same behind what other workers have to answer to the messages before; nothing more is read of it. */
void net_conn_close_behind(struct worker *w, uint64_t conn_id);
/* The connection exists (it may be closing by the time you act). */
bool net_conn_alive(struct worker *w, uint64_t conn_id);
/* Id of a connection to that peer, 0: none. */
uint64_t net_conn_find(struct worker *w, enum proto p, const struct addr *peer);
/*
 * About a connection, any worker's: RT_E_NOENT when there is none. When another worker has it, the rest
 * happens there later and cannot fail visibly.
 */
/* Besides its own port, the connection's peer is reachable under `port` (RFC 5923). */
int net_conn_alias(struct worker *w, uint64_t conn_id, uint16_t port);
/* Change the idle lifetime, s. */
int net_conn_lifetime(struct worker *w, uint64_t conn_id, uint32_t s);
/* Probes of the system after `idle` s, each `intvl` s, cnt times; idle 0: none; not positive else: the system's. */
int net_conn_keepalive(struct worker *w, uint64_t conn_id, int idle, int intvl, int cnt);
/* Set net_conn_info.marked. */
int net_conn_mark(struct worker *w, uint64_t conn_id);

struct net_stats {
	uint64_t udp_in, udp_out, udp_dropped;   /* messages */
	uint64_t tcp_in, tcp_out, tcp_bad;
	uint64_t tcp_established, tcp_accepted, tcp_connects, tcp_connect_failed, tcp_refused;
	uint64_t tcp_wq_bytes, tcp_wq_full, tcp_timeouts, tcp_resets, tcp_open;
	uint64_t handed_over, handover_dropped;
	uint64_t dns_hits, dns_misses, dns_errors;
};
void net_get_stats(const struct net *n, struct net_stats *ret);

struct net_conn_info {
	uint64_t id;
	enum proto proto;
	struct addr peer, local;
	const struct net_socket *sock;
	uint32_t idle_s, lifetime_s, left_s, wq_bytes; /* left: until the idle timer looks again */
	unsigned aliases;
	bool connecting, outbound, marked;
};
/* RT_E_NOENT; may ask another worker: in a fiber (RT_E_STATE). */
int net_conn_info_await(struct worker *w, uint64_t conn_id, struct net_conn_info *ret);
/* Connections of this worker. */
void net_conn_each(struct worker *w, void (*fn)(void *arg, const struct net_conn_info *i), void *arg);

/* ---- finding the next hop (RFC 3263) ---- */

enum { NET_TARGETS_MAX = 16 };

struct net_target {
	enum proto proto;
	struct addr addr;
};
struct net_targets {
	unsigned n;
	struct net_target v[NET_TARGETS_MAX];
};

/*
 * Where `host` is reached, in the order to be tried. port 0 and PROTO_NONE: not given in the URI;
 * sips: TLS or nothing. Literals and cached names come back without a fiber switch; otherwise it must
 * run in a fiber. RT_E_NOENT, RT_E_TIMEOUT, RT_E_IO; RT_E_STATE outside of a fiber with an uncached name.
 */
int net_resolve_await(struct worker *w, struct str host, uint16_t port, enum proto proto, bool sips,
		      struct net_targets *ret);
/* Name of an address (PTR), in the caller's buffer. */
int net_reverse_await(struct worker *w, const struct addr *a, char *buf, size_t size, struct str *ret);
/* Plain A/AAAA addresses of a name, no SRV; ports 0. */
int net_addresses_await(struct worker *w, struct str host, struct net_targets *ret);
/*
 * The records of a name, each told to fn (which may not wait; views live as long as the call): SRV in
 * the order of RFC 2782, those of one priority drawn by weight, NAPTR by order and preference
 * (RFC 3403 4.1), others as they came. RT_E_NOENT when there are none; else as net_resolve_await.
 */
typedef void net_record_fn(void *arg, const struct world_rr *r);
int net_records_await(struct worker *w, struct str name, enum world_dns_type type, net_record_fn *fn, void *arg);
/* What this worker asks from now on is believed for s seconds, whatever the answers say; 0: as they say. */
void net_dns_local_ttl(struct worker *w, uint32_t s);
/* ---- the cache of names, for RPC ---- */

/* Forget all cached names but, unless told, those that were put there for good. */
void net_dns_flush(struct net *n, bool permanent_too);
/* Add or replace an entry of one record. RT_E_INVAL, RT_E_NOMEM. */
enum net_dns_put { NET_DNS_NEGATIVE = 1 /* that there is none */, NET_DNS_PERMANENT = 2 /* never forgotten or replaced */ };
int net_dns_put(struct worker *w, struct str name, const struct world_rr *rr, uint32_t ttl, unsigned flags);
/* Ask when it is not cached. RT_E_NOENT, RT_E_TIMEOUT, RT_E_IO ... */
int net_dns_learn_await(struct worker *w, struct str name, enum world_dns_type type);
/* RT_E_NOENT; RT_E_STATE: it was put there for good. */
int net_dns_delete(struct worker *w, struct str name, enum world_dns_type type);
void net_dns_memory(const struct net *n, size_t *used, size_t *max);

struct net_dns_info {
	struct str name;
	enum world_dns_type type;
	int status; /* 0 or RT_E_NOENT */
	bool permanent;
	uint32_t left_s;
	size_t bytes;
	unsigned n;
	const struct world_rr *rr;
};
/* Last used first, under the cache's lock; false stops. */
typedef bool net_dns_visit_fn(void *arg, const struct net_dns_info *i);
void net_dns_each(struct worker *w, net_dns_visit_fn *fn, void *arg);

#endif
