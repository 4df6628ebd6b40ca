/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real world: one epoll loop. A wake-up runs the hooks' on_wake, what arrived, on_batch_end, and
 * then sends the queued datagrams.
 */
#include "world/world_real.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/list.h"
#include "base/mem.h"
#include "world/real_priv.h"

enum { EVENTS = 64, IN_BATCH = 32, DGRAM_MAX = 65535, OUT_BATCH = 64, STREAM_READ = 65536 };

/* What an epoll event points to. */
struct source {
	void (*fn)(struct source *s, uint32_t events);
};

struct out_dgram {
	struct world_sock *sock;
	struct sockaddr_storage to;
	struct iovec bytes;
};

struct in_dgram {
	struct sockaddr_storage from;
	struct iovec bytes;
};

struct world {
	struct world_head head;
	int epfd, wake_fd;
	struct source wake;
	_Atomic(struct world_note *) notes;
	atomic_bool sleeps; /* it may be in epoll_wait and must be poked */
	atomic_uint posters; /* at work in real_post */
	_Atomic bool stop;
	struct world_hooks hooks;
	void *hooks_arg;
	struct real_dns *dns; /* NULL until it is needed */
	struct list dead; /* closed while events may still point at them */
	struct world_stats stats;
	char random[256]; /* n_random of it are not used yet */
	size_t n_random;
	struct out_dgram out[OUT_BATCH];
	struct in_dgram in[IN_BATCH];
	struct mmsghdr out_head[OUT_BATCH], in_head[IN_BATCH]; /* of each of them, pointing there once and for all */
	int n_out;
	size_t out_n;
	char out_bytes[256 * 1024];
	char in_bytes[IN_BATCH][DGRAM_MAX + 1];
};

static const struct world_ops real_ops;

struct node {
	struct world_head head;
	struct source src;
	struct list dead;
	struct world *w;
	int fd;
	bool own_fd, closed;
};

struct world_sock {
	struct node n;
	struct addr addr;
	world_dgram_fn *fn;
	void *arg;
};

struct world_listener {
	struct node n;
	struct addr addr;
	world_accept_fn *fn;
	void *arg;
};

struct world_stream {
	struct node n;
	struct addr local, peer;
	const struct world_stream_ops *ops;
	void *arg;
	bool connecting, want_write, paused, accepted;
};

struct world_watch {
	struct node n;
	world_watch_fn *fn;
	void *arg;
};

/* ---- log ---- */

static enum world_log_to log_to = WORLD_LOG_STDERR;

void world_real_log_to(enum world_log_to to)
{
	log_to = to;
}

static bool log_color;

void world_real_log_color(bool on)
{
	log_color = on;
}

void world_real_log(int level, struct str line)
{
	static const int map[] = {LOG_ALERT, LOG_CRIT, LOG_CRIT, LOG_CRIT, LOG_ERR,
				  LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG};
	static const char *const colors[] = {"31;7", "35;7", "35;7", "31;43", "31", "33", "36", "34", "32"};
	int i = level < -5 ? 0 : level > 3 ? 8 : level + 5;

	if (log_to != WORLD_LOG_STDERR)
		syslog(map[i], STR_FMT, STR_ARG(line));
	else if (log_color)
		fprintf(stderr, "\033[%sm" STR_FMT "\033[0m\n", colors[i], STR_ARG(line));
	else
		(void)!writev(STDERR_FILENO, (struct iovec[]){{(void *)(uintptr_t)line.p, line.n}, {(char[]){'\n'}, 1}}, 2);
}

static void real_log(struct world *w, int level, struct str line)
{
	(void)w;
	world_real_log(level, line);
}

/* ---- life ---- */

static void watch_node(struct node *n, uint32_t events, bool add)
{
	struct epoll_event e = {.events = events, .data.ptr = &n->src};

	epoll_ctl(n->w->epfd, add ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, n->fd, &e);
}

/* Each poke is an edge, so nobody reads what was written. */
static void on_poke(struct source *s, uint32_t events)
{
	(void)s;
	(void)events;
}

static void run_notes(struct world *w)
{
	struct world_note *rev = NULL, *n = atomic_load(&w->notes) ? atomic_exchange(&w->notes, NULL) : NULL;

	while (n) {
		struct world_note *next = n->next;

		n->next = rev;
		rev = n;
		n = next;
	}
	while (rev) {
		n = rev;
		rev = n->next;
		n->fn(n);
	}
}

static void head_init(struct mmsghdr *h, struct sockaddr_storage *name, struct iovec *bytes)
{
	h->msg_hdr = (struct msghdr){.msg_name = name, .msg_namelen = sizeof(*name), .msg_iov = bytes, .msg_iovlen = 1};
}

static void dgrams_init(struct world *w)
{
	for (int i = 0; i < OUT_BATCH; i++)
		head_init(&w->out_head[i], &w->out[i].to, &w->out[i].bytes);
	for (int i = 0; i < IN_BATCH; i++) {
		w->in[i].bytes = (struct iovec){w->in_bytes[i], DGRAM_MAX};
		head_init(&w->in_head[i], &w->in[i].from, &w->in[i].bytes);
	}
}

int world_real_new(struct world **ret)
{
	struct world *w = mem_alloc(sizeof(*w));
	struct epoll_event e = {.events = EPOLLIN | EPOLLET};

	if (!w)
		return RT_E_NOMEM;
	w->head.ops = &real_ops;
	list_init(&w->dead);
	dgrams_init(w);
	w->epfd = epoll_create1(EPOLL_CLOEXEC);
	w->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	w->wake.fn = on_poke;
	e.data.ptr = &w->wake;
	if (w->epfd == -1 || w->wake_fd == -1 || epoll_ctl(w->epfd, EPOLL_CTL_ADD, w->wake_fd, &e) == -1) {
		world_free(&w);
		return RT_E_IO;
	}
	*ret = w;
	return 0;
}

static void reap(struct world *w)
{
	struct list *it, *tmp;

	list_each(it, tmp, &w->dead) {
		struct node *n = container_of(it, struct node, dead);

		list_del(it);
		mem_free(&n);
	}
}

static void node_init(struct node *n, struct world *w, int fd, bool own)
{
	n->head = w->head;
	n->w = w;
	n->fd = fd;
	n->own_fd = own;
	list_init(&n->dead);
}

/* Its events may still be in the batch: freed at the end of it. */
static void node_close(struct node *n)
{
	if (n->closed)
		return;
	n->closed = true;
	epoll_ctl(n->w->epfd, EPOLL_CTL_DEL, n->fd, NULL);
	if (n->own_fd)
		close(n->fd);
	list_add_tail(&n->w->dead, &n->dead);
}

static void real_free(struct world *w)
{
	struct world_note *n;

	while (atomic_load(&w->posters)) /* of threads that are none of our workers: it takes them a moment */
		sched_yield();
	n = atomic_exchange(&w->notes, NULL);
	while (n) {
		struct world_note *next = n->next;

		if (n->drop)
			n->drop(n);
		n = next;
	}
	real_dns_free(&w->dns);
	reap(w);
	if (w->epfd != -1)
		close(w->epfd);
	if (w->wake_fd != -1)
		close(w->wake_fd);
	mem_free(&w);
}

/* ---- time, randomness ---- */

static uint64_t real_now(struct world *w)
{
	struct timespec t;

	(void)w;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static int64_t real_wall(struct world *w)
{
	struct timespec t;

	(void)w;
	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void world_real_random(void *buf, size_t n)
{
	char *p = buf;

	while (n) {
		ssize_t got = getrandom(p, n, 0);

		if (got <= 0)
			continue;
		p += got;
		n -= (size_t)got;
	}
}

/* A call of the kernel for a few bytes costs more than a transaction's other work: had in advance, used once. */
static void real_random(struct world *w, void *buf, size_t n)
{
	if (n > sizeof(w->random)) {
		world_real_random(buf, n);
		return;
	}
	if (n > w->n_random) {
		world_real_random(w->random, sizeof(w->random));
		w->n_random = sizeof(w->random);
	}
	w->n_random -= n;
	memcpy(buf, w->random + w->n_random, n);
	memset(w->random + w->n_random, 0, n);
}

/* ---- datagrams ---- */

static int bound_socket(struct addr *a, int type, bool reuse_port, bool free_bind)
{
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(a, &ss);
	int one = 1, fd = socket(a->family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd == -1)
		return -1;
	if (type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (reuse_port)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	if (free_bind)
		setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &one, sizeof(one));
	if (a->family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&ss, len) == -1) {
		close(fd);
		return -1;
	}
	len = sizeof(ss);
	if (getsockname(fd, (struct sockaddr *)&ss, &len) == 0)
		addr_from_sockaddr((struct sockaddr *)&ss, a);
	return fd;
}

static void set_int(int fd, int level, int name, int v)
{
	if (v > 0)
		setsockopt(fd, level, name, &v, sizeof(v));
}

static void set_tos(int fd, int family, int tos)
{
	if (family == AF_INET6)
		set_int(fd, IPPROTO_IPV6, IPV6_TCLASS, tos);
	else
		set_int(fd, IPPROTO_IP, IP_TOS, tos);
}

static void set_pmtu(int fd, int family, bool dont_fragment)
{
	int v = dont_fragment ? IP_PMTUDISC_DO : IP_PMTUDISC_DONT;

	if (family == AF_INET)
		setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &v, sizeof(v));
}

int world_udp_bind_fd(struct addr *a, const struct world_udp_opts *o, int *ret_fd)
{
	int one = 1, fd = bound_socket(a, SOCK_DGRAM, o && o->joins, o && o->free_bind);

	if (fd == -1)
		return RT_E_IO;
	if (o && o->reuse_port) /* bound alone, so that nobody else has it; now others may join */
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	if (o) {
		set_int(fd, SOL_SOCKET, SO_RCVBUF, o->rcvbuf);
		set_int(fd, SOL_SOCKET, SO_SNDBUF, o->sndbuf);
		set_tos(fd, a->family, o->tos);
		set_pmtu(fd, a->family, o->dont_fragment);
	}
	*ret_fd = fd;
	return 0;
}

int world_udp_join_fd(int fd, const struct addr *group, struct str interface, int ttl, bool loopback)
{
	char name[IF_NAMESIZE] = "";
	unsigned index = 0;
	int loop = loopback, err;

	if (interface.n >= sizeof(name))
		return RT_E_INVAL;
	memcpy(name, interface.p ? interface.p : "", interface.n);
	if (name[0] && !(index = if_nametoindex(name)))
		return RT_E_NOENT;
	if (group->family == AF_INET6) {
		struct ipv6_mreq m = {.ipv6mr_interface = index};

		memcpy(&m.ipv6mr_multiaddr, group->ip, 16);
		err = setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &m, sizeof(m));
		setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, &loop, sizeof(loop));
		set_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, ttl);
	} else {
		struct ip_mreqn m = {.imr_ifindex = (int)index};

		memcpy(&m.imr_multiaddr, group->ip, 4);
		err = setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, sizeof(m));
		setsockopt(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &loop, sizeof(loop));
		set_int(fd, IPPROTO_IP, IP_MULTICAST_TTL, ttl);
	}
	return err ? RT_E_IO : 0;
}

int world_udp_filter_fd(int fd, struct sock_filter *f, unsigned short n)
{
	struct sock_fprog p = {n, f};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &p, sizeof(p)) == -1 ? RT_E_IO : 0;
}

static void on_dgrams(struct source *src, uint32_t events)
{
	struct world_sock *s = container_of(container_of(src, struct node, src), struct world_sock, n);
	struct world *w = s->n.w;
	struct world_dgram v[IN_BATCH];
	int n;

	(void)events;
	n = s->n.closed ? 0 : recvmmsg(s->n.fd, w->in_head, IN_BATCH, MSG_DONTWAIT, NULL);
	if (n <= 0)
		return;
	for (int i = 0; i < n; i++) {
		struct mmsghdr *h = &w->in_head[i];

		v[i] = (struct world_dgram){.buf = w->in_bytes[i], .n = h->msg_len};
		addr_from_sockaddr((struct sockaddr *)&w->in[i].from, &v[i].from);
		h->msg_hdr.msg_namelen = sizeof(w->in[i].from);
	}
	w->stats.dgrams_in += (uint64_t)n;
	s->fn(s->arg, s, v, (size_t)n);
}

static int real_udp_open(struct world *w, const struct addr *addr, const struct world_udp_opts *o,
		   world_dgram_fn *fn, void *arg, struct world_sock **ret)
{
	struct world_sock *s = mem_alloc(sizeof(*s));
	int fd = o && o->fd > 0 ? o->fd : -1;

	if (!s)
		return RT_E_NOMEM;
	s->addr = *addr;
	if (fd == -1 && world_udp_bind_fd(&s->addr, o, &fd)) {
		mem_free(&s);
		return RT_E_IO;
	}
	node_init(&s->n, w, fd, !(o && o->fd > 0));
	s->n.src.fn = on_dgrams;
	s->fn = fn;
	s->arg = arg;
	watch_node(&s->n, EPOLLIN, true);
	w->stats.socks_open++;
	*ret = s;
	return 0;
}

/* One that the kernel refuses does not keep those behind it. */
static void send_dgrams(struct world *w, struct world_sock *sock, int from, int n)
{
	while (n > 0) {
		int sent = sendmmsg(sock->n.fd, &w->out_head[from], (unsigned)n, MSG_DONTWAIT);

		if (sent > 0)
			w->stats.dgrams_out += (uint64_t)sent;
		else
			w->stats.dgrams_failed++;
		from += sent > 0 ? sent : 1;
		n -= sent > 0 ? sent : 1;
	}
}

static void flush_dgrams(struct world *w)
{
	for (int i = 0, n; i < w->n_out; i += n) {
		struct world_sock *sock = w->out[i].sock;

		for (n = 1; i + n < w->n_out && w->out[i + n].sock == sock; n++)
			;
		if (!sock->n.closed)
			send_dgrams(w, sock, i, n);
	}
	w->n_out = 0;
	w->out_n = 0;
}

static void real_udp_close(struct world_sock *s)
{
	flush_dgrams(s->n.w);
	s->n.w->stats.socks_open--;
	node_close(&s->n);
}

static const struct addr *real_udp_addr(const struct world_sock *s)
{
	return &s->addr;
}

static int real_udp_send(struct world_sock *s, const struct addr *to, const struct iovec *iov, int n)
{
	struct world *w = s->n.w;
	struct out_dgram *d;
	size_t total = 0;

	for (int i = 0; i < n; i++)
		total += iov[i].iov_len;
	if (total > DGRAM_MAX)
		return RT_E_INVAL;
	if (w->n_out == OUT_BATCH || total > sizeof(w->out_bytes) - w->out_n)
		flush_dgrams(w);
	d = &w->out[w->n_out];
	d->sock = s;
	d->bytes = (struct iovec){w->out_bytes + w->out_n, total};
	w->out_head[w->n_out++].msg_hdr.msg_namelen = addr_to_sockaddr(to, &d->to);
	for (int i = 0; i < n; i++) {
		memcpy(w->out_bytes + w->out_n, iov[i].iov_base, iov[i].iov_len);
		w->out_n += iov[i].iov_len;
	}
	return 0;
}

static int real_source_addr(struct world *w, const struct addr *to, struct addr *ret)
{
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(to, &ss);
	int fd = socket(to->family, SOCK_DGRAM | SOCK_CLOEXEC, 0), err = RT_E_IO;

	(void)w;
	if (fd == -1)
		return RT_E_IO;
	if (connect(fd, (struct sockaddr *)&ss, len) == 0) {
		len = sizeof(ss);
		if (getsockname(fd, (struct sockaddr *)&ss, &len) == 0 &&
		    addr_from_sockaddr((struct sockaddr *)&ss, ret)) {
			ret->port = 0;
			err = 0;
		}
	}
	close(fd);
	return err;
}

/* ---- streams ---- */

int world_tcp_listen_fd(struct addr *a, const struct world_tcp_opts *o, int *ret_fd)
{
	int fd = bound_socket(a, SOCK_STREAM, o && o->reuse_port, o && o->free_bind);

	if (fd == -1)
		return RT_E_IO;
	if (o) {
		set_int(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, o->defer_accept);
		set_tos(fd, a->family, o->tos);
	}
	if (listen(fd, o && o->backlog ? o->backlog : 1024) == -1) {
		close(fd);
		return RT_E_IO;
	}
	*ret_fd = fd;
	return 0;
}

static void stream_events(struct world_stream *s)
{
	uint32_t e = (s->paused ? 0 : EPOLLIN) | (s->connecting || s->want_write ? EPOLLOUT : 0);

	watch_node(&s->n, e | EPOLLRDHUP, false);
}

static void stream_gone(struct world_stream *s, int err)
{
	if (s->n.closed)
		return;
	s->n.w->stats.streams_open--;
	node_close(&s->n);
	if (s->ops && s->ops->on_close)
		s->ops->on_close(s->arg, s, err);
}

static void stream_read(struct world_stream *s)
{
	static __thread char buf[STREAM_READ + 1];

	for (int i = 0; i < 4 && !s->n.closed && !s->paused; i++) {
		ssize_t n = recv(s->n.fd, buf, STREAM_READ, MSG_DONTWAIT);

		if (n > 0) {
			s->ops->on_data(s->arg, s, buf, (size_t)n);
			if (n < STREAM_READ)
				return;
			continue;
		}
		if (n == 0)
			stream_gone(s, 0);
		else if (errno != EAGAIN && errno != EINTR)
			stream_gone(s, errno == ECONNRESET ? RT_E_CLOSED : RT_E_IO);
		return;
	}
}

static bool finish_connect(struct world_stream *s)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(int);
	int err = 0;

	getsockopt(s->n.fd, SOL_SOCKET, SO_ERROR, &err, &len);
	if (err) {
		stream_gone(s, RT_E_IO);
		return false;
	}
	s->connecting = false;
	len = sizeof(ss);
	if (getsockname(s->n.fd, (struct sockaddr *)&ss, &len) == 0)
		addr_from_sockaddr((struct sockaddr *)&ss, &s->local);
	stream_events(s);
	if (s->ops->on_open)
		s->ops->on_open(s->arg, s);
	return !s->n.closed;
}

static void on_stream(struct source *src, uint32_t events)
{
	struct world_stream *s = container_of(container_of(src, struct node, src), struct world_stream, n);

	if (s->n.closed)
		return;
	if (s->connecting && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) && !finish_connect(s))
		return;
	if (!s->connecting && (events & EPOLLOUT) && s->want_write) {
		s->want_write = false;
		stream_events(s);
		if (s->ops->on_writable)
			s->ops->on_writable(s->arg, s);
	}
	if (!s->n.closed && (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) && !s->paused)
		stream_read(s);
}

static void stream_options(int fd, const struct world_tcp_opts *o)
{
	set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	if (!o)
		return;
	set_int(fd, SOL_SOCKET, SO_REUSEADDR, o->reuse_port);
	set_int(fd, SOL_SOCKET, SO_REUSEPORT, o->reuse_port);
	set_int(fd, SOL_SOCKET, SO_KEEPALIVE, o->keepalive);
	set_int(fd, IPPROTO_TCP, TCP_KEEPIDLE, o->keep_idle);
	set_int(fd, IPPROTO_TCP, TCP_KEEPINTVL, o->keep_intvl);
	set_int(fd, IPPROTO_TCP, TCP_KEEPCNT, o->keep_cnt);
	set_int(fd, IPPROTO_TCP, TCP_LINGER2, o->linger2);
	set_int(fd, IPPROTO_TCP, TCP_SYNCNT, o->syncnt);
	set_int(fd, SOL_SOCKET, SO_SNDBUF, o->sndbuf);
}

static struct world_stream *stream_new(struct world *w, int fd)
{
	struct world_stream *s = mem_alloc(sizeof(*s));

	if (!s)
		return NULL;
	node_init(&s->n, w, fd, true);
	s->n.src.fn = on_stream;
	w->stats.streams_open++;
	return s;
}

static void on_listener(struct source *src, uint32_t events)
{
	struct world_listener *l = container_of(container_of(src, struct node, src), struct world_listener, n);

	(void)events;
	for (int i = 0; i < 16 && !l->n.closed; i++) {
		struct sockaddr_storage ss;
		socklen_t len = sizeof(ss);
		int fd = accept4(l->n.fd, (struct sockaddr *)&ss, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		struct world_stream *s;

		if (fd == -1)
			return;
		stream_options(fd, NULL);
		s = stream_new(l->n.w, fd);
		if (!s) {
			close(fd);
			return;
		}
		addr_from_sockaddr((struct sockaddr *)&ss, &s->peer);
		len = sizeof(ss);
		if (getsockname(fd, (struct sockaddr *)&ss, &len) == 0)
			addr_from_sockaddr((struct sockaddr *)&ss, &s->local);
		l->fn(l->arg, l, s, &s->peer);
		if (!s->accepted)
			world_stream_close(&s, true);
	}
}

static int real_tcp_listen(struct world *w, const struct addr *addr, const struct world_tcp_opts *o,
		     world_accept_fn *fn, void *arg, struct world_listener **ret)
{
	struct world_listener *l = mem_alloc(sizeof(*l));
	int fd = o && o->fd > 0 ? o->fd : -1;

	if (!l)
		return RT_E_NOMEM;
	l->addr = *addr;
	if (fd == -1 && world_tcp_listen_fd(&l->addr, o, &fd)) {
		mem_free(&l);
		return RT_E_IO;
	}
	node_init(&l->n, w, fd, !(o && o->fd > 0));
	l->n.src.fn = on_listener;
	l->fn = fn;
	l->arg = arg;
	watch_node(&l->n, EPOLLIN | EPOLLEXCLUSIVE, true);
	*ret = l;
	return 0;
}

static void real_listener_close(struct world_listener *l)
{
	node_close(&l->n);
}

static const struct addr *real_listener_addr(const struct world_listener *l)
{
	return &l->addr;
}

static void real_stream_accept(struct world_stream *s, const struct world_stream_ops *ops, void *arg)
{
	s->ops = ops;
	s->arg = arg;
	s->accepted = true;
	watch_node(&s->n, EPOLLIN | EPOLLRDHUP, true);
}

static int real_tcp_connect(struct world *w, const struct addr *to, const struct world_tcp_opts *o,
		      const struct world_stream_ops *ops, void *arg, struct world_stream **ret)
{
	struct sockaddr_storage ss;
	socklen_t len;
	int fd = socket(to->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct world_stream *s;

	if (fd == -1)
		return RT_E_IO;
	stream_options(fd, o);
	set_tos(fd, to->family, o ? o->tos : 0);
	if (o && o->source && o->source->family) {
		len = addr_to_sockaddr(o->source, &ss);
		if (bind(fd, (struct sockaddr *)&ss, len) == -1) {
			close(fd);
			return RT_E_IO;
		}
	}
	len = addr_to_sockaddr(to, &ss);
	if (connect(fd, (struct sockaddr *)&ss, len) == -1 && errno != EINPROGRESS) {
		close(fd);
		return RT_E_IO;
	}
	s = stream_new(w, fd);
	if (!s) {
		close(fd);
		return RT_E_NOMEM;
	}
	s->peer = *to;
	s->ops = ops;
	s->arg = arg;
	s->accepted = s->connecting = true;
	watch_node(&s->n, EPOLLOUT | EPOLLRDHUP, true);
	*ret = s;
	return 0;
}

static ssize_t real_stream_write(struct world_stream *s, const void *p, size_t n)
{
	ssize_t got;

	if (s->n.closed)
		return RT_E_CLOSED;
	if (s->connecting)
		return 0;
	got = send(s->n.fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (got < 0 && errno != EAGAIN && errno != EINTR)
		return RT_E_CLOSED;
	if (got < (ssize_t)n) {
		s->want_write = true;
		stream_events(s);
	}
	return got < 0 ? 0 : got;
}

static const struct addr *real_stream_local(const struct world_stream *s)
{
	return &s->local;
}

static const struct addr *real_stream_peer(const struct world_stream *s)
{
	return &s->peer;
}

static int real_stream_keepalive(struct world_stream *s, int idle, int intvl, int cnt)
{
	int on = idle != 0;

	if (s->n.closed || setsockopt(s->n.fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)) == -1)
		return RT_E_IO;
	set_int(s->n.fd, IPPROTO_TCP, TCP_KEEPIDLE, idle);
	set_int(s->n.fd, IPPROTO_TCP, TCP_KEEPINTVL, intvl);
	set_int(s->n.fd, IPPROTO_TCP, TCP_KEEPCNT, cnt);
	return 0;
}

static void real_stream_pause(struct world_stream *s, bool pause)
{
	s->paused = pause;
	if (!s->n.closed)
		stream_events(s);
}

static void real_stream_close(struct world_stream *s, bool reset)
{
	struct linger l = {.l_onoff = 1};

	if (s->n.closed)
		return;
	if (reset)
		setsockopt(s->n.fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
	s->n.w->stats.streams_open--;
	node_close(&s->n);
}

/* ---- DNS: real_dns.c ---- */

static int real_dns_config(struct world *w, const struct world_dns_opts *o)
{
	real_dns_free(&w->dns);
	return real_dns_new(w, o, &w->dns);
}

static int real_resolve(struct world *w, struct str name, enum world_dns_type type, world_dns_fn *fn, void *arg,
			struct world_query **ret)
{
	int err = w->dns ? 0 : real_dns_new(w, NULL, &w->dns);

	return err ? err : real_dns_resolve(w->dns, name, type, fn, arg, ret);
}

/* ---- foreign descriptors ---- */

static uint32_t watch_events(int e)
{
	return (e & WATCH_READ ? EPOLLIN : 0) | (e & WATCH_WRITE ? EPOLLOUT : 0);
}

static void on_watch(struct source *src, uint32_t events)
{
	struct world_watch *x = container_of(container_of(src, struct node, src), struct world_watch, n);
	int e = (events & (EPOLLIN | EPOLLHUP | EPOLLERR) ? WATCH_READ : 0) | (events & EPOLLOUT ? WATCH_WRITE : 0);

	if (!x->n.closed)
		x->fn(x->arg, x->n.fd, e);
}

static int real_watch_fd(struct world *w, int fd, int events, world_watch_fn *fn, void *arg, struct world_watch **ret)
{
	struct world_watch *x = mem_alloc(sizeof(*x));

	if (!x)
		return RT_E_NOMEM;
	node_init(&x->n, w, fd, false);
	x->n.src.fn = on_watch;
	x->fn = fn;
	x->arg = arg;
	watch_node(&x->n, watch_events(events), true);
	*ret = x;
	return 0;
}

static void real_watch_change(struct world_watch *x, int events)
{
	watch_node(&x->n, watch_events(events), false);
}

static void real_watch_close(struct world_watch *x)
{
	node_close(&x->n);
}

/* ---- notes, loop ---- */

static void poke(struct world *w)
{
	uint64_t one = 1;
	ssize_t n = write(w->wake_fd, &one, sizeof(one));

	(void)n;
}

static void real_post(struct world *w, struct world_note *n)
{
	struct world_note *head;

	atomic_fetch_add(&w->posters, 1); /* the note may be the last that w waits for */
	head = atomic_load(&w->notes);
	do
		n->next = head;
	while (!atomic_compare_exchange_weak(&w->notes, &head, n));
	if (atomic_load(&w->sleeps) && atomic_exchange(&w->sleeps, false))
		poke(w); /* a busy one looks for notes by itself, and one poke is enough */
	atomic_fetch_sub(&w->posters, 1);
}

static void real_set_hooks(struct world *w, const struct world_hooks *h, void *arg)
{
	w->hooks = h ? *h : (struct world_hooks){0};
	w->hooks_arg = arg;
}

static void real_stop(struct world *w)
{
	atomic_store(&w->stop, true);
	poke(w);
}

static int timeout_ms(struct world *w)
{
	uint64_t due = w->hooks.deadline ? w->hooks.deadline(w->hooks_arg) : WORLD_TIME_NEVER, now;
	int dns = w->dns && real_dns_open(w->dns) ? real_dns_timeout_ms(w->dns) : -1, ms;

	if (due == WORLD_TIME_NEVER)
		return dns;
	now = real_now(w);
	if (due <= now)
		return 0;
	due = (due - now + 999) / 1000;
	ms = due > 60000 ? 60000 : (int)due;
	return dns >= 0 && dns < ms ? dns : ms;
}

/* Who posts looks at `sleeps` after the note is there, we look for notes after it is set: one of us sees the other. */
static int wait_events(struct world *w, struct epoll_event *ev)
{
	int ms = timeout_ms(w), n;

	if (ms != 0) {
		atomic_store(&w->sleeps, true);
		if (atomic_load(&w->notes) || atomic_load(&w->stop))
			ms = 0;
	}
	n = epoll_wait(w->epfd, ev, EVENTS, ms);
	atomic_store_explicit(&w->sleeps, false, memory_order_relaxed);
	return n;
}

static void real_run(struct world *w)
{
	struct epoll_event ev[EVENTS];

	while (!atomic_load(&w->stop)) {
		int n = wait_events(w, ev);

		if (w->hooks.on_wake)
			w->hooks.on_wake(w->hooks_arg);
		if (w->dns && real_dns_open(w->dns))
			real_dns_tick(w->dns);
		for (int i = 0; i < n; i++) {
			struct source *s = ev[i].data.ptr;

			s->fn(s, ev[i].events);
		}
		run_notes(w);
		if (w->hooks.on_batch_end)
			w->hooks.on_batch_end(w->hooks_arg);
		flush_dgrams(w);
		reap(w);
	}
}

static void real_get_stats(const struct world *w, struct world_stats *ret)
{
	*ret = w->stats;
	ret->queries_open = w->dns ? real_dns_open(w->dns) : 0;
}

static const struct world_ops real_ops = {
	.free = real_free,
	.now = real_now,
	.wall = real_wall,
	.random = real_random,
	.udp_open = real_udp_open,
	.udp_close = real_udp_close,
	.udp_addr = real_udp_addr,
	.udp_send = real_udp_send,
	.source_addr = real_source_addr,
	.tcp_listen = real_tcp_listen,
	.listener_close = real_listener_close,
	.listener_addr = real_listener_addr,
	.stream_accept = real_stream_accept,
	.tcp_connect = real_tcp_connect,
	.stream_write = real_stream_write,
	.stream_local = real_stream_local,
	.stream_peer = real_stream_peer,
	.stream_keepalive = real_stream_keepalive,
	.stream_pause = real_stream_pause,
	.stream_close = real_stream_close,
	.dns_config = real_dns_config,
	.resolve = real_resolve,
	.resolve_cancel = real_dns_cancel,
	.watch_fd = real_watch_fd,
	.watch_change = real_watch_change,
	.watch_close = real_watch_close,
	.post = real_post,
	.set_hooks = real_set_hooks,
	.run = real_run,
	.stop = real_stop,
	.log = real_log,
	.get_stats = real_get_stats,
};
