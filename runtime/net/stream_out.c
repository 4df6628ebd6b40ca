/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sending over connections: reuse of the one that is there, whoever has it; else a new one. What the
 * peer does not take is queued within two bounds, the connection's and everybody's; who sent what is
 * remembered until it is written, so that a connection that fails tells each sender.
 */
#include "net/net_priv.h"

enum { SPARE_OUT_MAX = 4096, SPARE_NOTES_MAX = 16 };

/* ---- the queue ---- */

/* Buffers for one whose queue begins. */
static void borrow(struct net_conn *c)
{
	struct net_worker *nw = c->nw;

	if (!c->out) {
		c->out = nw->spare.out;
		c->out_cap = c->out ? nw->spare.out_cap : 0;
		nw->spare.out = NULL;
	}
	if (!c->q) {
		c->q = nw->spare.q;
		c->q_cap = c->q ? nw->spare.q_cap : 0;
		nw->spare.q = NULL;
	}
}

/* All has left: one whose queue is empty holds no buffers. */
static void let_go(struct net_conn *c)
{
	struct net_worker *nw = c->nw;

	if (!nw->spare.out && c->out_cap <= SPARE_OUT_MAX) {
		nw->spare.out = c->out;
		nw->spare.out_cap = c->out_cap;
		c->out = NULL;
	}
	if (!nw->spare.q && c->q_cap <= SPARE_NOTES_MAX) {
		nw->spare.q = c->q;
		nw->spare.q_cap = c->q_cap;
		c->q = NULL;
	}
	mem_free(&c->out);
	mem_free(&c->q);
	c->out_cap = 0;
	c->q_cap = 0;
}

void net_spare_free(struct net_worker *nw)
{
	mem_free(&nw->spare.in);
	mem_free(&nw->spare.out);
	mem_free(&nw->spare.q);
}

static int append(struct net_conn *c, struct str s)
{
	struct net *n = c->nw->net;

	borrow(c);
	if (c->out_n + s.n > c->out_cap) {
		size_t cap = (c->out_n + s.n) * 2;
		char *p = mem_realloc(c->out, cap);

		if (!p)
			return RT_E_NOMEM;
		c->out = p;
		c->out_cap = cap;
	}
	memcpy(c->out + c->out_n, s.p, s.n);
	c->out_n += s.n;
	atomic_fetch_add(&n->wq_bytes, s.n);
	return 0;
}

/* One message always fits into an empty queue, or nothing long could ever be sent. */
static bool is_full(struct net_conn *c, size_t more)
{
	struct net *n = c->nw->net;
	bool full = (c->out_n && c->out_n + more > n->conf.tcp_conn_wq_max) ||
		    atomic_load(&n->wq_bytes) + more > n->conf.tcp_wq_max;

	if (full)
		net_count(c->nw, N_TCP_WQ_FULL, 1);
	return full;
}

int net_conn_queue(struct net_conn *c, struct str s)
{
	return is_full(c, s.n) ? RT_E_LIMIT : append(c, s);
}

static bool room_for_note(struct net_conn *c)
{
	struct net_queued *q;
	unsigned cap;

	if (c->q_n == 0)
		borrow(c);
	if (c->q_n < c->q_cap)
		return true;
	cap = c->q_cap ? c->q_cap * 2 : 4;
	q = mem_realloc(c->q, cap * sizeof(*q));
	if (!q)
		return false;
	c->q = q;
	c->q_cap = cap;
	return true;
}

int net_conn_queue_message(struct net_conn *c, const struct iovec *iov, int n, uint64_t cookie, unsigned worker)
{
	size_t before = c->out_n, total = 0;
	int err = 0;

	for (int i = 0; i < n; i++)
		total += iov[i].iov_len;
	if (is_full(c, total))
		return RT_E_LIMIT;
	if (!room_for_note(c))
		return RT_E_NOMEM;
	for (int i = 0; !err && i < n; i++)
		err = append(c, str_make(iov[i].iov_base, iov[i].iov_len));
	if (err) {
		atomic_fetch_sub(&c->nw->net->wq_bytes, c->out_n - before);
		c->out_n = before; /* never half a message */
		return err;
	}
	c->q[c->q_n++] = (struct net_queued){c->out_n, cookie, (uint16_t)worker};
	return 0;
}

/* `n` bytes left from the front. */
static void written(struct net_conn *c, size_t n)
{
	unsigned gone = 0;

	memmove(c->out, c->out + n, c->out_n - n);
	c->out_n -= n;
	atomic_fetch_sub(&c->nw->net->wq_bytes, (uint64_t)n);
	while (gone < c->q_n && c->q[gone].end <= n)
		gone++;
	c->q_n -= gone;
	if (c->q_n)
		memmove(c->q, c->q + gone, c->q_n * sizeof(*c->q));
	for (unsigned i = 0; i < c->q_n; i++)
		c->q[i].end -= n;
}

static void on_stuck(void *arg)
{
	struct net_conn *c = arg;

	net_count(c->nw, N_TCP_TIMEOUTS, 1);
	net_conn_free(c, NET_CONN_TIMEOUT);
}

bool net_conn_flush(struct net_conn *c)
{
	uint32_t patience = c->nw->net->conf.tcp_send_timeout * 1000;
	ssize_t n = c->out_n && !c->connecting ? world_stream_write(c->stream, c->out, c->out_n) : 0;

	if (n < 0) {
		net_count(c->nw, N_TCP_RESETS, 1);
		net_conn_free(c, NET_CONN_RESET);
		return false;
	}
	if (n > 0) {
		written(c, (size_t)n);
		net_conn_touch(c);
	}
	if (c->out_n == 0) {
		timer_stop(&c->drain);
		let_go(c);
	} else if (!c->connecting && patience && (n > 0 || !timer_armed(&c->drain))) {
		timer_start(c->nw->w, &c->drain, patience, on_stuck, c);
	}
	if (c->out_n == 0 && c->close_after && !c->connecting) {
		net_conn_free(c, NET_CONN_CLOSED);
		return false;
	}
	return true;
}

/* ---- telling senders ---- */

struct failure {
	struct net_dst dst;
	int err;
};

static void tell(struct worker *w, void *arg)
{
	struct failure *f = arg;
	struct net *n = net_of(w);

	if (n && n->h.send_error)
		n->h.send_error(w, &f->dst, f->err);
	mem_free(&f);
}

/* Never inside the call that sent: posted, also to ourselves. */
static void report(struct net_worker *nw, unsigned worker, const struct net_dst *d, int err)
{
	struct worker *to = worker_index(nw->w) == worker ? nw->w : worker_peer(nw->w, worker);
	struct failure *f;

	if (!d->cookie || !to)
		return;
	f = mem_alloc(sizeof(*f));
	if (!f)
		return; /* the sender's own timer will tell it */
	*f = (struct failure){*d, err};
	if (worker_post(to, tell, f))
		mem_free(&f);
}

void net_conn_fail_queued(struct net_conn *c, int err)
{
	struct net_dst d = {.proto = PROTO_TCP, .to = c->peer, .sock = c->sock, .conn_id = c->id};

	for (unsigned i = 0; i < c->q_n; i++) {
		d.cookie = c->q[i].cookie;
		report(c->nw, c->q[i].worker, &d, err);
	}
	c->q_n = 0;
}

/* ---- connecting ---- */

static void on_no_connect(void *arg)
{
	struct net_conn *c = arg;

	net_count(c->nw, N_TCP_TIMEOUTS, 1);
	net_count(c->nw, N_TCP_CONNECT_FAILED, 1);
	net_conn_free(c, NET_CONN_TIMEOUT);
}

static void connect_options(const struct net_conf *conf, const struct net_socket *sock, const struct addr *to,
			    struct world_tcp_opts *o, struct addr *source)
{
	*o = (struct world_tcp_opts){
		.keepalive = conf->tcp_keepalive, .keep_idle = (int)conf->tcp_keepidle,
		.keep_intvl = (int)conf->tcp_keepintvl, .keep_cnt = (int)conf->tcp_keepcnt,
		.linger2 = (int)conf->tcp_linger2, .syncnt = (int)conf->tcp_syncnt, .tos = conf->tos};
	*source = to->family == AF_INET ? conf->tcp_source_ipv4 : conf->tcp_source_ipv6;
	if (!source->family && !addr_is_any(&sock->addr)) {
		*source = sock->addr;
		source->port = 0;
	}
	if (conf->tcp_reuse_port && source->family) {
		source->port = sock->addr.port;
		o->reuse_port = true;
	}
	if (source->family == to->family)
		o->source = source;
}

/*
 * A new connection of this worker, or NULL: then *other is the id of one that another worker has just
 * begun to the same peer, or *err tells why.
 */
struct net_conn *net_conn_connect(struct net_worker *nw, const struct addr *to, const struct net_socket *sock,
				  uint64_t *other, int *err)
{
	struct net_conn *c = net_conn_new(nw, sock, to);
	struct world_tcp_opts o;
	struct addr source;

	*other = 0;
	*err = RT_E_LIMIT;
	if (!c)
		return NULL;
	c->connecting = c->outbound = true;
	*other = net_conntab_claim(nw->net->conns, &c->by_peer, c);
	*err = 0;
	if (!*other) {
		connect_options(&nw->net->conf, sock, to, &o, &source);
		*err = world_tcp_connect(worker_world(nw->w), to, &o, &net_stream_ops, c, &c->stream);
	}
	if (*other || *err) {
		if (*err)
			net_count(nw, N_TCP_CONNECT_FAILED, 1);
		net_conn_free(c, NET_CONN_CLOSED);
		return NULL;
	}
	net_count(nw, N_TCP_CONNECTS, 1);
	timer_start(nw->w, &c->idle, nw->net->conf.tcp_connect_timeout * 1000, on_no_connect, c);
	return c;
}

/* ---- sending ---- */

static int send_over(struct net_worker *nw, struct net_conn *c, const struct net_dst *d, const struct iovec *iov,
		     int n, unsigned worker)
{
	int err = net_conn_queue_message(c, iov, n, d->cookie, worker);

	if (err)
		return err;
	net_count(nw, N_TCP_OUT, 1);
	if (d->flags & NET_CLOSE_AFTER)
		net_conn_retire(c);
	net_conn_flush(c); /* when it fails now its sender is told as when it fails later */
	return 0;
}

/* A message on its way to the worker that has the connection. */
struct parcel {
	struct net_dst dst;
	unsigned from;
	size_t n;
	char bytes[];
};

static int deliver_here(struct net_worker *nw, const struct net_dst *d, const struct iovec *iov, int n,
			unsigned worker);

static void parcel_arrived(struct worker *w, void *arg)
{
	struct parcel *p = arg;
	struct net_worker *nw = net_worker_of(w);
	struct iovec iov = {p->bytes, p->n};
	int err = RT_E_CLOSED;

	if (nw) {
		atomic_fetch_sub(&nw->net->wq_bytes, p->n);
		err = deliver_here(nw, &p->dst, &iov, 1, p->from);
		if (err)
			report(nw, p->from, &p->dst, err);
	}
	mem_free(&p);
}

static int send_parcel(struct net_worker *nw, unsigned to, const struct net_dst *d, const struct iovec *iov, int n)
{
	struct net *net = nw->net;
	size_t total = 0;
	struct parcel *p;

	for (int i = 0; i < n; i++)
		total += iov[i].iov_len;
	if (atomic_load(&net->wq_bytes) + total > net->conf.tcp_wq_max) {
		net_count(nw, N_TCP_WQ_FULL, 1);
		return RT_E_LIMIT;
	}
	p = mem_alloc(sizeof(*p) + total);
	if (!p)
		return RT_E_NOMEM;
	p->dst = *d;
	p->from = worker_index(nw->w);
	for (int i = 0; i < n; i++) {
		memcpy(p->bytes + p->n, iov[i].iov_base, iov[i].iov_len);
		p->n += iov[i].iov_len;
	}
	atomic_fetch_add(&net->wq_bytes, total); /* before it is there: it may be taken off at once */
	if (worker_post(worker_peer(nw->w, to), parcel_arrived, p)) {
		atomic_fetch_sub(&net->wq_bytes, total);
		mem_free(&p);
		return RT_E_LIMIT;
	}
	return 0;
}

/* Id of the connection to use, 0: a new one is needed. */
static uint64_t choose(struct net_worker *nw, const struct net_dst *d)
{
	if (d->conn_id && net_conntab_get(nw->net->conns, d->conn_id))
		return d->conn_id;
	return d->flags & NET_CONN_ONLY ? 0 : net_conntab_find(nw->net->conns, d->proto, &d->to);
}

/* Over a connection of this worker, or a new one; never passed on again. */
static int deliver_here(struct net_worker *nw, const struct net_dst *d, const struct iovec *iov, int n,
			unsigned worker)
{
	uint64_t id = choose(nw, d), other;
	struct net_conn *c = NULL;
	int err = RT_E_CLOSED;

	if (id && net_conn_worker(nw->net, id) == worker_index(nw->w))
		c = net_conntab_get(nw->net->conns, id);
	if (c && c->close_after)
		c = NULL;
	if (!c && !(d->flags & (NET_NO_CONNECT | NET_CONN_ONLY)) && !nw->net->conf.tcp_no_connect)
		c = net_conn_connect(nw, &d->to, d->sock, &other, &err);
	return c ? send_over(nw, c, d, iov, n, worker) : err ? err : RT_E_CLOSED;
}

int net_stream_send(struct net_worker *nw, const struct net_dst *d, const struct net_socket *sock,
		    const struct iovec *iov, int n)
{
	unsigned me = worker_index(nw->w), at = me;
	struct net_dst dst = *d;
	uint64_t id = choose(nw, d);
	struct net_conn *c;
	int err;

	dst.sock = sock;
	if (id)
		at = net_conn_worker(nw->net, id);
	if (at != me)
		return send_parcel(nw, at, &dst, iov, n);
	c = id ? net_conntab_get(nw->net->conns, id) : NULL;
	if (c && c->close_after)
		c = NULL;
	if (c)
		return send_over(nw, c, &dst, iov, n, me);
	if ((d->flags & (NET_NO_CONNECT | NET_CONN_ONLY)) || nw->net->conf.tcp_no_connect)
		return RT_E_CLOSED;
	c = net_conn_connect(nw, &d->to, sock, &id, &err);
	if (c)
		return send_over(nw, c, &dst, iov, n, me);
	return id ? send_parcel(nw, net_conn_worker(nw->net, id), &dst, iov, n) : err;
}
