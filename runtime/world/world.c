/* SPDX-License-Identifier: Apache-2.0 */
/* The door leads to the make that the object belongs to (world_priv.h). */
#include "world/world_priv.h"

static const struct world_ops *ops_of(const void *object)
{
	return ((const struct world_head *)object)->ops;
}

bool world_is_sim(const struct world *w)
{
	return ops_of(w)->is_sim;
}

uint64_t world_random_u64(struct world *w)
{
	uint64_t v;

	world_random(w, &v, sizeof(v));
	return v;
}

void world_free(struct world **w)
{
	if (*w)
		ops_of(*w)->free(*w);
	*w = NULL;
}

uint64_t world_now(struct world *w)
{
	return ops_of(w)->now(w);
}

int64_t world_wall(struct world *w)
{
	return ops_of(w)->wall(w);
}

void world_random(struct world *w, void *buf, size_t n)
{
	ops_of(w)->random(w, buf, n);
}

int world_udp_open(struct world *w, const struct addr *addr, const struct world_udp_opts *opts,
		   world_dgram_fn *fn, void *arg, struct world_sock **ret)
{
	return ops_of(w)->udp_open(w, addr, opts, fn, arg, ret);
}

void world_udp_close(struct world_sock **s)
{
	if (*s)
		ops_of(*s)->udp_close(*s);
	*s = NULL;
}

const struct addr *world_udp_addr(const struct world_sock *s)
{
	return ops_of(s)->udp_addr(s);
}

int world_udp_send(struct world_sock *s, const struct addr *to, const struct iovec *iov, int n)
{
	return ops_of(s)->udp_send(s, to, iov, n);
}

int world_source_addr(struct world *w, const struct addr *to, struct addr *ret)
{
	return ops_of(w)->source_addr(w, to, ret);
}

int world_tcp_listen(struct world *w, const struct addr *addr, const struct world_tcp_opts *opts,
		     world_accept_fn *fn, void *arg, struct world_listener **ret)
{
	return ops_of(w)->tcp_listen(w, addr, opts, fn, arg, ret);
}

void world_listener_close(struct world_listener **l)
{
	if (*l)
		ops_of(*l)->listener_close(*l);
	*l = NULL;
}

const struct addr *world_listener_addr(const struct world_listener *l)
{
	return ops_of(l)->listener_addr(l);
}

void world_stream_accept(struct world_stream *s, const struct world_stream_ops *ops, void *arg)
{
	ops_of(s)->stream_accept(s, ops, arg);
}

int world_tcp_connect(struct world *w, const struct addr *to, const struct world_tcp_opts *opts,
		      const struct world_stream_ops *ops, void *arg, struct world_stream **ret)
{
	return ops_of(w)->tcp_connect(w, to, opts, ops, arg, ret);
}

ssize_t world_stream_write(struct world_stream *s, const void *p, size_t n)
{
	return ops_of(s)->stream_write(s, p, n);
}

const struct addr *world_stream_local(const struct world_stream *s)
{
	return ops_of(s)->stream_local(s);
}

const struct addr *world_stream_peer(const struct world_stream *s)
{
	return ops_of(s)->stream_peer(s);
}

int world_stream_keepalive(struct world_stream *s, int idle, int intvl, int cnt)
{
	return ops_of(s)->stream_keepalive(s, idle, intvl, cnt);
}

void world_stream_pause(struct world_stream *s, bool pause)
{
	ops_of(s)->stream_pause(s, pause);
}

void world_stream_close(struct world_stream **s, bool reset)
{
	if (*s)
		ops_of(*s)->stream_close(*s, reset);
	*s = NULL;
}

int world_dns_config(struct world *w, const struct world_dns_opts *opts)
{
	return ops_of(w)->dns_config(w, opts);
}

int world_resolve(struct world *w, struct str name, enum world_dns_type type, world_dns_fn *fn,
		  void *arg, struct world_query **ret)
{
	return ops_of(w)->resolve(w, name, type, fn, arg, ret);
}

void world_resolve_cancel(struct world_query **q)
{
	if (*q)
		ops_of(*q)->resolve_cancel(*q);
	*q = NULL;
}

int world_watch_fd(struct world *w, int fd, int events, world_watch_fn *fn, void *arg,
		   struct world_watch **ret)
{
	return ops_of(w)->watch_fd(w, fd, events, fn, arg, ret);
}

void world_watch_change(struct world_watch *x, int events)
{
	ops_of(x)->watch_change(x, events);
}

void world_watch_close(struct world_watch **x)
{
	if (*x)
		ops_of(*x)->watch_close(*x);
	*x = NULL;
}

void world_post(struct world *w, struct world_note *n)
{
	ops_of(w)->post(w, n);
}

void world_set_hooks(struct world *w, const struct world_hooks *h, void *arg)
{
	ops_of(w)->set_hooks(w, h, arg);
}

void world_run(struct world *w)
{
	ops_of(w)->run(w);
}

void world_stop(struct world *w)
{
	ops_of(w)->stop(w);
}

void world_log(struct world *w, int level, struct str line)
{
	ops_of(w)->log(w, level, line);
}

void world_get_stats(const struct world *w, struct world_stats *ret)
{
	ops_of(w)->get_stats(w, ret);
}
