/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Datagrams of the simulated network. The link is drawn when a datagram is sent; who gets it is looked up
 * when it arrives, so closing and binding between the two behave as on a real network.
 */
#include "world/sim_priv.h"

#include <string.h>

#include "base/mem.h"

enum { DGRAM_MAX = 65507, PARTS = 10000, LATENCY_DEFAULT = 100, PORT_FIRST = 49152 };

struct world_sock {
	struct world_head head;
	struct list node; /* world.socks */
	struct world *w;
	struct addr addr;
	bool reuse_port;
	world_dgram_fn *fn;
	void *arg;
};

struct dgram {
	struct sim_event e;
	struct addr from, to;
	size_t n;
	char bytes[]; /* and one to spare */
};

/* ---- link and faults ---- */

static bool addr_matches(const struct addr *row, const struct addr *to)
{
	return addr_ip_eq(row, to) && (!row->port || row->port == to->port);
}

static struct sim_link link_default(const struct sim_link *l)
{
	struct sim_link r = *l;

	if (!r.latency_max && !r.latency_min)
		r.latency_min = LATENCY_DEFAULT;
	if (r.latency_max < r.latency_min)
		r.latency_max = r.latency_min;
	return r;
}

void sim_set_link(struct sim *s, const struct sim_link *l)
{
	s->o.link = link_default(l);
}

int sim_set_link_to(struct sim *s, const struct addr *to, const struct sim_link *l)
{
	struct sim_link_row *r = sim_alloc(sizeof(*r));

	if (!r)
		return RT_E_NOMEM;
	r->to = *to;
	r->link = link_default(l);
	list_add_head(&s->links, &r->node);
	return 0;
}

static const struct sim_link *link_to(const struct sim *s, const struct addr *to)
{
	struct list *it, *tmp;

	list_each(it, tmp, &s->links) {
		struct sim_link_row *r = container_of(it, struct sim_link_row, node);

		if (addr_matches(&r->to, to))
			return &r->link;
	}
	return &s->o.link;
}

uint64_t sim_latency(struct sim *s, const struct addr *to)
{
	const struct sim_link *l = link_to(s, to);

	return sim_draw_range(&s->rng, l->latency_min, l->latency_max);
}

int sim_set_fault(struct sim *s, const struct addr *to, enum sim_fault f)
{
	struct sim_fault_row *r;
	struct list *it, *tmp;

	list_each(it, tmp, &s->faults) {
		r = container_of(it, struct sim_fault_row, node);
		if (addr_eq(&r->to, to)) {
			list_del(it);
			mem_free(&r);
		}
	}
	if (f == SIM_OK)
		return 0;
	r = sim_alloc(sizeof(*r));
	if (!r)
		return RT_E_NOMEM;
	r->to = *to;
	r->fault = f;
	list_add_head(&s->faults, &r->node);
	return 0;
}

enum sim_fault sim_fault_of(const struct sim *s, const struct addr *to)
{
	struct list *it, *tmp;

	list_each(it, tmp, &s->faults) {
		struct sim_fault_row *r = container_of(it, struct sim_fault_row, node);

		if (addr_matches(&r->to, to))
			return r->fault;
	}
	return SIM_OK;
}

void sim_net_fini(struct sim *s)
{
	struct list *it, *tmp;

	list_each(it, tmp, &s->faults) {
		struct sim_fault_row *r = container_of(it, struct sim_fault_row, node);

		mem_free(&r);
	}
	list_each(it, tmp, &s->links) {
		struct sim_link_row *r = container_of(it, struct sim_link_row, node);

		mem_free(&r);
	}
}

/* ---- sockets ---- */

uint16_t sim_free_port(struct sim *s)
{
	uint16_t p = s->next_port++;

	if (s->next_port == 0)
		s->next_port = PORT_FIRST;
	return p;
}

/* Socket number *nth among those bound to `to`; the rest is left in *nth. */
static struct world_sock *bound(const struct sim *s, const struct addr *to, bool any, unsigned *nth)
{
	struct list *wi, *wt, *it, *tmp;

	list_each(wi, wt, &s->worlds) {
		struct world *w = container_of(wi, struct world, node);

		list_each(it, tmp, &w->socks) {
			struct world_sock *x = container_of(it, struct world_sock, node);
			bool hit = any ? addr_is_any(&x->addr) && x->addr.family == to->family &&
						 x->addr.port == to->port
				       : addr_eq(&x->addr, to);

			if (hit && (*nth)-- == 0)
				return x;
		}
	}
	return NULL;
}

static unsigned bound_count(const struct sim *s, const struct addr *to, bool any)
{
	unsigned nth = UINT32_MAX;

	bound(s, to, any, &nth);
	return UINT32_MAX - nth;
}

int sim_udp_open(struct world *w, const struct addr *addr, const struct world_udp_opts *o, world_dgram_fn *fn,
		 void *arg, struct world_sock **ret)
{
	struct world_sock *s, *other;
	struct addr a = *addr;
	unsigned nth = 0;

	if (!a.port)
		do
			a.port = sim_free_port(w->sim);
		while (bound_count(w->sim, &a, false));
	other = bound(w->sim, &a, false, &nth);
	if (other && !(o && o->reuse_port && other->reuse_port))
		return RT_E_IO;
	s = sim_alloc(sizeof(*s));
	if (!s)
		return RT_E_NOMEM;
	s->head = w->head;
	s->w = w;
	s->addr = a;
	s->reuse_port = o && o->reuse_port;
	s->fn = fn;
	s->arg = arg;
	list_add_tail(&w->socks, &s->node);
	w->stats.socks_open++;
	w->sim->counts.socks++;
	*ret = s;
	return 0;
}

void sim_udp_close(struct world_sock *s)
{
	list_del(&s->node);
	s->w->stats.socks_open--;
	s->w->sim->counts.socks--;
	mem_free(&s);
}

void sim_socks_close(struct world *w)
{
	while (!list_empty(&w->socks))
		sim_udp_close(container_of(w->socks.next, struct world_sock, node));
}

const struct addr *sim_udp_addr(const struct world_sock *s)
{
	return &s->addr;
}

unsigned sim_common_bits(const struct addr *a, const struct addr *b)
{
	unsigned max = a->family == AF_INET ? 32 : 128, n = 0;

	if (a->family != b->family)
		return 0;
	while (n < max && !((a->ip[n / 8] ^ b->ip[n / 8]) & 0x80 >> n % 8))
		n++;
	return n;
}

/* Of the addresses that the world has bound, the one nearest to `to` by its leading bits. */
int sim_source_addr(struct world *w, const struct addr *to, struct addr *ret)
{
	struct addr best = {0};
	struct list *it, *tmp;
	unsigned bits = 0;

	list_each(it, tmp, &w->socks) {
		struct world_sock *x = container_of(it, struct world_sock, node);
		unsigned b = addr_is_any(&x->addr) ? 0 : sim_common_bits(&x->addr, to);

		if (x->addr.family == to->family && (!best.family || b > bits)) {
			best = x->addr;
			bits = b;
		}
	}
	sim_listener_source(w, to, &best, &bits);
	if (!best.family)
		return RT_E_IO;
	best.port = 0;
	*ret = best;
	return 0;
}

/* ---- datagrams ---- */

static void dgram_drop(struct sim_event *e)
{
	struct dgram *d = container_of(e, struct dgram, e);

	mem_free(&d);
}

static void dgram_arrive(struct sim *s, struct sim_event *e)
{
	struct dgram *d = container_of(e, struct dgram, e);
	unsigned n = bound_count(s, &d->to, false), nth = n > 1 ? (unsigned)(addr_hash(&d->from) % n) : 0;
	struct world_sock *x = bound(s, &d->to, n == 0, &nth);
	struct world_dgram v = {.buf = d->bytes, .n = d->n, .from = d->from};

	if (x) {
		struct world *w = x->w;

		s->counts.delivered++;
		w->stats.dgrams_in++;
		sim_enter(w);
		x->fn(x->arg, x, &v, 1);
		sim_leave(w);
	} else {
		s->counts.unbound++;
	}
	mem_free(&d);
}

static int dgram_add(struct sim *s, const struct addr *from, const struct addr *to, const struct iovec *iov,
		     int n, uint64_t delay)
{
	size_t total = 0, at = 0;
	struct dgram *d;

	for (int i = 0; i < n; i++)
		total += iov[i].iov_len;
	if (s->n_heap >= s->o.max_events)
		return RT_E_LIMIT;
	d = sim_alloc(sizeof(*d) + total + 1);
	if (!d)
		return RT_E_NOMEM;
	d->e.run = dgram_arrive;
	d->e.drop = dgram_drop;
	d->from = *from;
	d->to = *to;
	d->n = total;
	for (int i = 0; i < n; i++) {
		memcpy(d->bytes + at, iov[i].iov_base, iov[i].iov_len);
		at += iov[i].iov_len;
	}
	if (!sim_add(s, &d->e, s->now + delay))
		return 0;
	mem_free(&d);
	return RT_E_NOMEM;
}

static void tell_dgram(struct sim *s, const struct addr *from, const struct addr *to, const struct iovec *iov,
		       int n)
{
	static _Thread_local char flat[DGRAM_MAX];
	size_t at = 0;

	if (!s->tap)
		return;
	for (int i = 0; i < n; i++) {
		memcpy(flat + at, iov[i].iov_base, iov[i].iov_len);
		at += iov[i].iov_len;
	}
	sim_tell(s, PROTO_UDP, from, to, str_make(flat, at));
}

static bool by_chance(struct sim *s, uint32_t parts)
{
	return parts && sim_draw(&s->rng) % PARTS < parts;
}

static void transmit(struct sim *s, const struct addr *from, const struct addr *to, const struct iovec *iov,
		     int n)
{
	const struct sim_link *l = link_to(s, to);
	bool lost = by_chance(s, l->loss);
	int copies = by_chance(s, l->dup) ? 2 : 1;

	if (lost || sim_fault_of(s, to) != SIM_OK) {
		s->counts.lost++;
		return;
	}
	s->counts.dup += copies == 2;
	while (copies--) {
		uint64_t delay = sim_latency(s, to);

		if (by_chance(s, l->reorder))
			delay += l->reorder_by;
		if (dgram_add(s, from, to, iov, n, delay))
			s->counts.lost++;
	}
}

int sim_udp_send(struct world_sock *x, const struct addr *to, const struct iovec *iov, int n)
{
	struct sim *s = x->w->sim;
	struct addr from = x->addr;
	size_t total = 0;

	for (int i = 0; i < n; i++)
		total += iov[i].iov_len;
	if (total > DGRAM_MAX || to->family != from.family)
		return RT_E_INVAL;
	if (sim_must_fail(s, SIM_FAIL_SEND)) {
		x->w->stats.dgrams_failed++;
		return RT_E_LIMIT;
	}
	if (addr_is_any(&from)) {
		sim_source_addr(x->w, to, &from);
		from.port = x->addr.port;
	}
	x->w->stats.dgrams_out++;
	s->counts.sent++;
	tell_dgram(s, &from, to, iov, n);
	transmit(s, &from, to, iov, n);
	return 0;
}

int sim_inject(struct sim *s, const struct addr *from, const struct addr *to, struct str bytes, uint64_t delay)
{
	struct iovec iov = {.iov_len = bytes.n};

	if (bytes.n > DGRAM_MAX)
		return RT_E_INVAL;
	iov.iov_base = (void *)(uintptr_t)bytes.p; /* only read */
	s->counts.sent++;
	tell_dgram(s, from, to, &iov, 1);
	return dgram_add(s, from, to, &iov, 1, delay);
}
