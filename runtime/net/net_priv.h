/* SPDX-License-Identifier: Apache-2.0 */
/* net_priv.h - inside runtime/net only. */
#ifndef NET_NET_PRIV_H
#define NET_NET_PRIV_H

#include <stdatomic.h>

#include "base/list.h"
#include "base/mem.h"
#include "core/log.h"
#include "core/timer.h"
#include "net/net.h"

struct net_alias {
	struct str host;
	uint16_t port;
	enum proto proto;
};

struct net {
	struct net_conf conf;
	struct net_handlers h;
	struct arena *arena;
	struct net_socket sockets[NET_SOCKETS_MAX];
	int fds[NET_SOCKETS_MAX];
	unsigned n_sockets;
	struct net_alias aliases[NET_ALIASES_MAX];
	unsigned n_aliases;
	_Atomic uint64_t next_conn;
	_Atomic uint64_t wq_bytes;
	_Atomic uint32_t n_conns;
	struct net_stats stats; /* of one worker; sums are near enough while there is one */
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
};

struct net_conn {
	struct list node;
	struct net_worker *nw;
	struct world_stream *stream;
	uint64_t id;
	const struct net_socket *sock;
	struct addr peer;
	uint16_t alias_port;
	struct timer idle;
	bool connecting, outbound, close_after;
	char *in;
	size_t in_n, in_cap;
	char *out;
	size_t out_n, out_cap;
};

struct net_worker *net_worker_of(struct worker *w);
/* stream.c */
int net_stream_send(struct net_worker *nw, const struct net_dst *d, const struct net_socket *sock,
		    const struct iovec *iov, int n);
void net_stream_accept(void *arg, struct world_listener *l, struct world_stream *s, const struct addr *from);
void net_conn_free(struct net_conn *c, bool reset);
/* frame.c: length of the first message in buf; 0: more bytes are needed; negative: NET_BAD_* - 100. */
long net_frame(const struct net_conf *conf, const char *buf, size_t n);

#endif
