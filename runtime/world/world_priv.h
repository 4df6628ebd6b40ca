/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world_priv.h - how one door leads to two makes.
 *
 * Every object of a make (world, socket, listener, stream, query, watch) begins with a struct
 * world_head; world.c calls through it and does nothing else. A new function of world.h is a row here,
 * a line in world.c, and a body in real.c and sim.c. Pointers to pointers are nulled by world.c.
 */
#ifndef WORLD_WORLD_PRIV_H
#define WORLD_WORLD_PRIV_H

#include "world/world.h"

struct world_head {
	const struct world_ops *ops;
};

struct world_ops {
	bool is_sim;
	void (*free)(struct world *w);

	uint64_t (*now)(struct world *w);
	int64_t (*wall)(struct world *w);
	void (*random)(struct world *w, void *buf, size_t n);

	int (*udp_open)(struct world *w, const struct addr *addr, const struct world_udp_opts *opts,
			world_dgram_fn *fn, void *arg, struct world_sock **ret);
	void (*udp_close)(struct world_sock *s);
	const struct addr *(*udp_addr)(const struct world_sock *s);
	int (*udp_send)(struct world_sock *s, const struct addr *to, const struct iovec *iov, int n);
	int (*source_addr)(struct world *w, const struct addr *to, struct addr *ret);

	int (*tcp_listen)(struct world *w, const struct addr *addr, const struct world_tcp_opts *opts,
			  world_accept_fn *fn, void *arg, struct world_listener **ret);
	void (*listener_close)(struct world_listener *l);
	const struct addr *(*listener_addr)(const struct world_listener *l);
	void (*stream_accept)(struct world_stream *s, const struct world_stream_ops *ops, void *arg);
	int (*tcp_connect)(struct world *w, const struct addr *to, const struct world_tcp_opts *opts,
			   const struct world_stream_ops *ops, void *arg, struct world_stream **ret);
	ssize_t (*stream_write)(struct world_stream *s, const void *p, size_t n);
	const struct addr *(*stream_local)(const struct world_stream *s);
	const struct addr *(*stream_peer)(const struct world_stream *s);
	int (*stream_keepalive)(struct world_stream *s, int idle, int intvl, int cnt);
	void (*stream_pause)(struct world_stream *s, bool pause);
	void (*stream_close)(struct world_stream *s, bool reset);

	int (*dns_config)(struct world *w, const struct world_dns_opts *opts);
	int (*resolve)(struct world *w, struct str name, enum world_dns_type type, world_dns_fn *fn,
		       void *arg, struct world_query **ret);
	void (*resolve_cancel)(struct world_query *q);

	int (*watch_fd)(struct world *w, int fd, int events, world_watch_fn *fn, void *arg,
			struct world_watch **ret);
	void (*watch_change)(struct world_watch *x, int events);
	void (*watch_close)(struct world_watch *x);

	void (*post)(struct world *w, struct world_note *n);
	void (*set_hooks)(struct world *w, const struct world_hooks *h, void *arg);
	void (*run)(struct world *w);
	void (*stop)(struct world *w);
	void (*log)(struct world *w, int level, struct str line);
	void (*get_stats)(const struct world *w, struct world_stats *ret);
};

#endif
