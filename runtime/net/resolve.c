/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a URI's host is reached (RFC 3263 4), as the reference does it: NAPTR only with dns_try_naptr
 * and when the URI names no transport; SRV only without a port; A, and AAAA where A has nothing (or
 * first, by dns_cache_flags). Transports that we have no socket for, or that their preference
 * forbids, are passed over. All targets come back, in order; whether more than the first is tried is
 * the caller's (use_dns_failover).
 */
#include "net/dns.h"

#include "base/sb.h"

enum { ONLY_V4 = 1, ONLY_V6 = 2, V6_FIRST = 4, NAPTR_MAX = 8, SRV_MAX = 32 };

struct finder {
	struct worker *w;
	const struct net *n;
	struct net_targets *ret;
	int err; /* the last reason for finding nothing */
};

static void note(struct finder *f, int err)
{
	if (err && (f->err == 0 || f->err == RT_E_NOENT))
		f->err = err;
}

static bool usable(const struct net *n, enum proto p, int family)
{
	int pref = p < PROTO_OTHER ? n->conf.dns_pref[p] : -1;

	return pref >= 0 && net_socket_default(n, p, family);
}

static void add_target(struct finder *f, enum proto p, const struct addr *a, uint16_t port)
{
	struct net_targets *t = f->ret;

	if (t->n == NET_TARGETS_MAX || !net_socket_default(f->n, p, a->family))
		return;
	t->v[t->n] = (struct net_target){p, *a};
	t->v[t->n].addr.port = port;
	t->n++;
}

/* ---- addresses ---- */

static unsigned add_family_await(struct finder *f, struct str host, enum proto p, uint16_t port, bool v6)
{
	struct net_dns_entry *e = NULL;
	unsigned before = f->ret->n;
	int err;

	if (!net_socket_default(f->n, p, v6 ? AF_INET6 : AF_INET))
		return 0;
	err = net_dns_lookup_await(f->w, host, v6 ? DNS_AAAA : DNS_A, &e);
	note(f, err ? err : e->status);
	for (unsigned i = 0; !err && i < e->n; i++)
		add_target(f, p, &e->rr[i].addr, port);
	net_dns_unref(&e);
	return f->ret->n - before;
}

static unsigned add_host_await(struct finder *f, struct str host, enum proto p, uint16_t port)
{
	uint32_t flags = f->n->conf.dns_cache_flags;
	bool v6 = f->n->conf.dns_try_ipv6 && !(flags & ONLY_V4), v4 = !(flags & ONLY_V6);
	bool v6_first = v6 && (flags & V6_FIRST);
	unsigned found = 0;
	struct addr a;

	if (addr_parse(host, &a)) {
		add_target(f, p, &a, port);
		return 1;
	}
	if (v6_first)
		found = add_family_await(f, host, p, port, true);
	if (!found && v4)
		found = add_family_await(f, host, p, port, false);
	if (!found && v6 && !v6_first)
		found = add_family_await(f, host, p, port, true);
	return found;
}

/* ---- SRV ---- */

/* RFC 2782: within one priority, drawn by weight. */
static void draw_by_weight(struct worker *w, struct world_rr **v, unsigned n)
{
	for (unsigned i = 0; i + 1 < n; i++) {
		uint32_t sum = 0, at;
		unsigned k = i;

		for (unsigned j = i; j < n; j++)
			sum += v[j]->weight;
		at = sum ? (uint32_t)(world_random_u64(worker_world(w)) % (sum + 1)) : 0;
		while (k + 1 < n && v[k]->weight < at)
			at -= v[k++]->weight;
		struct world_rr *x = v[k];

		for (; k > i; k--)
			v[k] = v[k - 1];
		v[i] = x;
	}
}

static bool before(const struct world_rr *a, const struct world_rr *b)
{
	return a->prio != b->prio ? a->prio < b->prio : a->weight > b->weight;
}

static unsigned sort_srv(struct worker *w, bool by_weight, struct net_dns_entry *e, struct world_rr *v[SRV_MAX])
{
	unsigned n = 0;

	for (unsigned i = 0; i < e->n && n < SRV_MAX; i++) {
		unsigned k = n++;

		for (; k > 0 && before(&e->rr[i], v[k - 1]); k--)
			v[k] = v[k - 1];
		v[k] = &e->rr[i];
	}
	for (unsigned i = 0, j; by_weight && i < n; i = j) {
		for (j = i + 1; j < n && v[j]->prio == v[i]->prio; j++)
			;
		draw_by_weight(w, v + i, j - i);
	}
	return n;
}

/* Targets of an SRV name; the number of records it has, so that none means "go on with A". */
static unsigned add_srv_name_await(struct finder *f, struct str name, enum proto p)
{
	struct net_dns_entry *e = NULL;
	struct world_rr *v[SRV_MAX];
	unsigned n = 0;
	int err = net_dns_lookup_await(f->w, name, DNS_SRV, &e);

	note(f, err ? err : e->status);
	if (!err)
		n = sort_srv(f->w, f->n->conf.dns_srv_lb, e, v);
	for (unsigned i = 0; i < n && f->ret->n < NET_TARGETS_MAX; i++)
		if (v[i]->name.n && !str_eq(v[i]->name, S(".")))
			(void)add_host_await(f, v[i]->name, p, v[i]->port);
	net_dns_unref(&e);
	return n;
}

static unsigned add_srv_await(struct finder *f, struct str host, enum proto p)
{
	char name[WORLD_DNS_NAME_MAX];
	struct sb b;

	sb_init_buf(&b, name, sizeof(name));
	sb_add(&b, p == PROTO_TLS ? S("_sips._tcp.") : S("_sip._"));
	if (p != PROTO_TLS) {
		sb_add(&b, p == PROTO_WS || p == PROTO_WSS ? S("tcp") : proto_name(p));
		sb_addc(&b, '.');
	}
	sb_add(&b, host);
	return sb_ok(&b) ? add_srv_name_await(f, sb_str(&b), p) : 0;
}

/* ---- NAPTR ---- */

static enum proto service_proto(struct str s, bool sips)
{
	static const struct {
		struct str name;
		enum proto p;
		bool plain;
	} services[] = {{S("SIP+D2U"), PROTO_UDP, true}, {S("SIP+D2T"), PROTO_TCP, true},
			{S("SIPS+D2T"), PROTO_TLS, false}, {S("SIP+D2S"), PROTO_SCTP, true}};

	for (unsigned i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		if (str_ieq(s, services[i].name) && !(sips && services[i].plain))
			return services[i].p;
	return PROTO_NONE;
}

/* By order and preference, or, with dns_naptr_ignore_rfc, by our own preference first. */
static bool naptr_before(const struct net_conf *c, const struct world_rr *a, enum proto pa,
			 const struct world_rr *b, enum proto pb)
{
	if (c->dns_naptr_ignore_rfc && c->dns_pref[pa] != c->dns_pref[pb])
		return c->dns_pref[pa] > c->dns_pref[pb];
	if (a->prio != b->prio)
		return a->prio < b->prio;
	return a->weight < b->weight;
}

static unsigned add_naptr_await(struct finder *f, struct str host, bool sips)
{
	struct net_dns_entry *e = NULL;
	const struct world_rr *v[NAPTR_MAX];
	enum proto p[NAPTR_MAX];
	unsigned n = 0, before_n = f->ret->n;
	int err = net_dns_lookup_await(f->w, host, DNS_NAPTR, &e);

	note(f, err ? err : e->status);
	for (unsigned i = 0; !err && i < e->n && n < NAPTR_MAX; i++) {
		const struct world_rr *r = &e->rr[i];
		enum proto mine = service_proto(r->service, sips);
		unsigned k = n;

		if (!str_ieq(r->flags, S("s")) || mine == PROTO_NONE || !usable(f->n, mine, 0))
			continue;
		for (; k > 0 && naptr_before(&f->n->conf, r, mine, v[k - 1], p[k - 1]); k--) {
			v[k] = v[k - 1];
			p[k] = p[k - 1];
		}
		v[k] = r;
		p[k] = mine;
		n++;
	}
	for (unsigned i = 0; i < n && f->ret->n < NET_TARGETS_MAX; i++)
		(void)add_srv_name_await(f, v[i]->name, p[i]);
	net_dns_unref(&e);
	return f->ret->n - before_n;
}

/* ---- all together ---- */

/* Transports in the order of their preference; the URI names none. */
static unsigned add_any_srv_await(struct finder *f, struct str host)
{
	static const enum proto all[] = {PROTO_UDP, PROTO_TCP, PROTO_TLS};
	bool done[3] = {false};
	unsigned found = 0;

	for (int round = 0; round < 3; round++) {
		int best = -1;

		for (int i = 0; i < 3; i++)
			if (!done[i] && usable(f->n, all[i], 0) &&
			    (best < 0 || f->n->conf.dns_pref[all[i]] > f->n->conf.dns_pref[all[best]]))
				best = i;
		if (best < 0)
			break;
		done[best] = true;
		found += add_srv_await(f, host, all[best]);
	}
	return found;
}

static void find_await(struct finder *f, struct str host, uint16_t port, enum proto proto, bool sips)
{
	enum proto p = proto != PROTO_NONE ? proto : sips ? PROTO_TLS : PROTO_UDP;
	bool try_naptr = f->n->conf.dns_try_naptr && proto == PROTO_NONE && !port;
	unsigned known = 0;

	if (try_naptr && add_naptr_await(f, host, sips))
		return;
	if (!port && try_naptr && !sips)
		known = add_any_srv_await(f, host);
	else if (!port)
		known = add_srv_await(f, host, p);
	if (!known)
		(void)add_host_await(f, host, p, port ? port : proto_port(p));
}

int net_resolve_await(struct worker *w, struct str host, uint16_t port, enum proto proto, bool sips,
		      struct net_targets *ret)
{
	struct finder f = {.w = w, .n = net_of(w), .ret = ret};
	enum proto p = proto != PROTO_NONE ? proto : sips ? PROTO_TLS : PROTO_UDP;
	struct addr a;

	ret->n = 0;
	if (addr_parse(host, &a)) {
		a.port = port ? port : proto_port(p);
		ret->v[ret->n++] = (struct net_target){p, a}; /* whether a socket fits is told by sending */
		return 0;
	}
	find_await(&f, host, port, proto, sips);
	return ret->n ? 0 : f.err ? f.err : RT_E_NOENT;
}

int net_addresses_await(struct worker *w, struct str host, struct net_targets *ret)
{
	static const enum world_dns_type types[] = {DNS_A, DNS_AAAA};
	struct addr a;
	int err = 0;

	ret->n = 0;
	if (addr_parse(host, &a)) {
		ret->v[ret->n++].addr = a;
		return 0;
	}
	for (int k = 0; k < 2; k++) {
		struct net_dns_entry *e = NULL;
		int one = net_dns_lookup_await(w, host, types[k], &e);

		if (!one)
			one = e->status;
		for (unsigned i = 0; !one && i < e->n && ret->n < NET_TARGETS_MAX; i++)
			ret->v[ret->n++] = (struct net_target){PROTO_NONE, e->rr[i].addr};
		net_dns_unref(&e);
		if (one && (!err || err == RT_E_NOENT))
			err = one;
	}
	return ret->n ? 0 : err;
}

/* ---- records as they are ---- */

static unsigned sort_naptr(struct net_dns_entry *e, struct world_rr *v[SRV_MAX])
{
	unsigned n = 0;

	for (unsigned i = 0; i < e->n && n < SRV_MAX; i++) {
		struct world_rr *r = &e->rr[i];
		unsigned k = n++;

		for (; k > 0 && (r->prio != v[k - 1]->prio ? r->prio < v[k - 1]->prio : r->weight < v[k - 1]->weight); k--)
			v[k] = v[k - 1];
		v[k] = r;
	}
	return n;
}

int net_records_await(struct worker *w, struct str name, enum world_dns_type type, net_record_fn *fn, void *arg)
{
	struct net_dns_entry *e = NULL;
	struct world_rr *v[SRV_MAX];
	unsigned n = 0;
	int err = net_dns_lookup_await(w, name, type, &e);

	if (!err)
		err = e->status;
	if (!err && type == DNS_SRV)
		n = sort_srv(w, true, e, v);
	else if (!err && type == DNS_NAPTR)
		n = sort_naptr(e, v);
	else
		for (; !err && n < e->n && n < SRV_MAX; n++)
			v[n] = &e->rr[n];
	for (unsigned i = 0; i < n; i++)
		fn(arg, v[i]);
	net_dns_unref(&e);
	return err;
}

/* "4.3.2.1.in-addr.arpa", nibbles for IPv6. */
static struct str reverse_name(const struct addr *a, char *buf, size_t size)
{
	static const char hex[] = "0123456789abcdef";
	struct sb b;

	sb_init_buf(&b, buf, size);
	if (a->family == AF_INET) {
		for (int i = 3; i >= 0; i--)
			sb_printf(&b, "%u.", a->ip[i]);
		sb_add(&b, S("in-addr.arpa"));
	} else {
		for (int i = 15; i >= 0; i--)
			sb_printf(&b, "%c.%c.", hex[a->ip[i] & 15], hex[a->ip[i] >> 4]);
		sb_add(&b, S("ip6.arpa"));
	}
	return sb_str(&b);
}

int net_reverse_await(struct worker *w, const struct addr *a, char *buf, size_t size, struct str *ret)
{
	char name[WORLD_DNS_NAME_MAX];
	struct net_dns_entry *e = NULL;
	int err = net_dns_lookup_await(w, reverse_name(a, name, sizeof(name)), DNS_PTR, &e);

	if (!err)
		err = e->status;
	if (!err && (!e->n || e->rr[0].name.n > size))
		err = RT_E_NOENT;
	if (!err) {
		memcpy(buf, e->rr[0].name.p, e->rr[0].name.n);
		*ret = str_make(buf, e->rr[0].name.n);
	}
	net_dns_unref(&e);
	return err;
}
