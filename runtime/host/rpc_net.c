/* SPDX-License-Identifier: Apache-2.0 */
/* The shapes are the reference's; net.stats is ours. */
#include "host/rpc_net.h"

#include "net/net.h"

/* ---- sockets, aliases ---- */

static struct str yes_no(bool b)
{
	return b ? S("yes") : S("no");
}

static void sockets_list(struct rpc *c)
{
	const struct net *n = net_of(c->worker);
	struct rpc_node *all = rpc_add_array(c, NULL, NULL);

	/* by transport, as the reference keeps them */
	for (int p = PROTO_UDP; p < PROTO_OTHER; p++) {
		for (unsigned i = 0; i < net_socket_count(n); i++) {
			const struct net_socket *s = net_socket_at(n, i);
			struct rpc_node *x;

			if ((int)s->proto != p)
				continue;
			x = rpc_add_struct(c, all, "socket");
			rpc_add_str(c, x, "proto", proto_name(s->proto));
			rpc_add_str(c, x, "address", s->host);
			if (!net_get_conf(n)->auto_aliases) /* the reference shows it then only */
				rpc_add_str(c, x, "ipaddress", s->host);
			rpc_add_fmt(c, x, "port", "%u", s->addr.port);
			rpc_add_str(c, x, "mcast", yes_no(addr_is_multicast(&s->addr)));
			rpc_add_str(c, x, "mhomed", S("no"));
			rpc_add_str(c, x, "virtual", yes_no(s->virtual_));
		}
	}
}

/* The same as corex shows it. */
static void udp4_raw_info(struct rpc *c)
{
	struct rpc_node *s = rpc_add_struct(c, NULL, NULL);

	rpc_add_int(c, s, "udp4_raw", 0); /* there are no raw sockets here */
	rpc_add_int(c, s, "udp4_raw_mtu", 1500);
	rpc_add_int(c, s, "udp4_raw_ttl", 64);
}

struct alias_list {
	struct rpc *c;
	struct rpc_node *to;
};

static void add_alias(void *arg, struct str host, uint16_t port, enum proto p)
{
	struct alias_list *l = arg;
	struct rpc_node *x = rpc_add_struct(l->c, l->to, "alias");

	rpc_add_str(l->c, x, "proto", p ? proto_name(p) : S("*"));
	rpc_add_str(l->c, x, "address", host);
	if (port)
		rpc_add_fmt(l->c, x, "port", "%u", port);
	else
		rpc_add_str(l->c, x, "port", S("*"));
}

static void aliases_list(struct rpc *c)
{
	struct rpc_node *top = rpc_add_struct(c, NULL, NULL);
	struct alias_list l = {.c = c};

	rpc_add_str(c, top, "myself_callbacks", S("no"));
	l.to = rpc_add_array(c, top, "aliases");
	net_alias_each(net_of(c->worker), add_alias, &l);
}

/* ---- connections ---- */

static void tcp_info(struct rpc *c)
{
	const struct net *n = net_of(c->worker);
	const struct net_conf *conf = net_get_conf(n);
	struct rpc_node *s;
	struct net_stats st;

	if (conf->disable_tcp) {
		rpc_fail(c, 500, "tcp support disabled");
		return;
	}
	net_get_stats(n, &st);
	s = rpc_add_struct(c, NULL, NULL);
	rpc_add_int(c, s, "readers", worker_count(c->worker));
	rpc_add_int(c, s, "max_connections", conf->tcp_max_connections);
	rpc_add_int(c, s, "max_tls_connections", conf->tcp_max_connections);
	rpc_add_int(c, s, "opened_connections", (int64_t)st.tcp_open);
	rpc_add_int(c, s, "opened_tls_connections", 0);
	rpc_add_int(c, s, "write_queued_bytes", (int64_t)st.tcp_wq_bytes);
}

static void tcp_options(struct rpc *c)
{
	const struct net_conf *n = net_get_conf(net_of(c->worker));
	const struct {
		const char *name;
		int64_t v;
	} rows[] = {{"connect_timeout", n->tcp_connect_timeout}, {"send_timeout", n->tcp_send_timeout},
		    {"connection_lifetime", n->tcp_connection_lifetime},
		    {"max_connections(soft)", n->tcp_max_connections}, {"max_tls_connections(soft)", n->tcp_max_connections},
		    {"no_connect", n->tcp_no_connect}, {"fd_cache", 1}, {"async", n->tcp_buf_write},
		    {"connect_wait", 1}, {"conn_wq_max", n->tcp_conn_wq_max}, {"wq_max", n->tcp_wq_max},
		    {"defer_accept", n->tcp_defer_accept}, {"delayed_ack", n->tcp_delayed_ack},
		    {"syncnt", n->tcp_syncnt}, {"linger2", n->tcp_linger2}, {"keepalive", n->tcp_keepalive},
		    {"keepidle", n->tcp_keepidle}, {"keepintvl", n->tcp_keepintvl},
		    {"keepcnt", n->tcp_keepcnt}, {"crlf_ping", n->tcp_crlf_ping},
		    {"accept_aliases", n->tcp_accept_aliases}, {"alias_flags", 1}, {"new_conn_alias_flags", 2}};
	struct rpc_node *s = rpc_add_struct(c, NULL, NULL);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		rpc_add_int(c, s, rows[i].name, rows[i].v);
}

static void add_conn(void *arg, const struct net_conn_info *i)
{
	struct rpc *c = arg;
	struct rpc_node *s = rpc_add_struct(c, NULL, NULL);
	char text[ADDR_TEXT_MAX];

	rpc_add_int(c, s, "id", (int64_t)i->id);
	rpc_add_str(c, s, "type", proto_via_name(i->proto));
	rpc_add_str(c, s, "state", i->connecting ? S("CONN_CONNECT") : S("CONN_OK"));
	rpc_add_int(c, s, "timeout", i->lifetime_s > i->idle_s ? i->lifetime_s - i->idle_s : 0);
	rpc_add_int(c, s, "lifetime", i->lifetime_s);
	rpc_add_int(c, s, "ref_count", 1);
	rpc_add_str(c, s, "src_ip", addr_text(&i->peer, false, text));
	rpc_add_int(c, s, "src_port", i->peer.port);
	rpc_add_str(c, s, "dst_ip", addr_text(&i->local, false, text));
	rpc_add_int(c, s, "dst_port", i->local.port);
}

static void list_there(struct worker *w, void *arg)
{
	net_conn_each(w, add_conn, arg);
}

static void tcp_list(struct rpc *c)
{
	rpc_list(c);
	rpc_each_worker(c, list_there, c);
}

/* ---- names ---- */

static const struct {
	struct str name;
	enum world_dns_type type;
} dns_types[] = {{S("A"), DNS_A}, {S("AAAA"), DNS_AAAA}, {S("SRV"), DNS_SRV}, {S("NAPTR"), DNS_NAPTR},
		 {S("TXT"), DNS_TXT}, {S("PTR"), DNS_PTR}};

static struct str type_name(enum world_dns_type t)
{
	for (size_t i = 0; i < sizeof(dns_types) / sizeof(dns_types[0]); i++)
		if (dns_types[i].type == t)
			return dns_types[i].name;
	return S("unknown");
}

static void add_record(struct rpc *c, struct rpc_node *s, const struct net_dns_info *d, unsigned k)
{
	const struct world_rr *r = &d->rr[k];
	char text[ADDR_TEXT_MAX];

	rpc_add_int(c, s, "rr_idx", k);
	switch (r->type) {
	case DNS_A:
	case DNS_AAAA:
		rpc_add_str(c, s, "rr_ip", addr_text(&r->addr, false, text));
		break;
	case DNS_SRV:
		rpc_add_str(c, s, "rr_name", r->name);
		rpc_add_int(c, s, "rr_port", r->port);
		rpc_add_int(c, s, "rr_priority", r->prio);
		rpc_add_int(c, s, "rr_weight", r->weight);
		break;
	case DNS_NAPTR:
		rpc_add_int(c, s, "rr_order", r->prio);
		rpc_add_int(c, s, "rr_preference", r->weight);
		rpc_add_str(c, s, "rr_flags", r->flags);
		rpc_add_str(c, s, "rr_service", r->service);
		rpc_add_str(c, s, "rr_regexp", r->regexp);
		rpc_add_str(c, s, "rr_replacement", r->name);
		break;
	case DNS_TXT:
	case DNS_PTR:
		rpc_add_str(c, s, "rr_name", r->name);
		break;
	}
	rpc_add_str(c, s, "rr_permanent", yes_no(d->permanent));
	rpc_add_int(c, s, "rr_expires", d->permanent ? 0 : d->left_s);
}

static bool add_entry(void *arg, const struct net_dns_info *d)
{
	struct rpc *c = arg;
	struct rpc_node *s = rpc_add_struct(c, NULL, NULL), *all;

	rpc_add_str(c, s, "name", d->name);
	rpc_add_str(c, s, "type", type_name(d->type));
	rpc_add_int(c, s, "size_bytes", (int64_t)d->bytes);
	rpc_add_int(c, s, "reference_counter", 1);
	rpc_add_str(c, s, "permanent", yes_no(d->permanent));
	rpc_add_int(c, s, "expires", d->permanent ? 0 : d->left_s);
	rpc_add_int(c, s, "last_used", 0);
	rpc_add_str(c, s, "negative_entry", yes_no(d->status != 0));
	if (d->status)
		return !c->fault;
	all = rpc_add_array(c, s, "records");
	for (unsigned i = 0; i < d->n; i++)
		add_record(c, rpc_add_struct(c, all, NULL), d, i);
	return !c->fault;
}

static bool arg_type(struct rpc *c, size_t i, enum world_dns_type *ret)
{
	struct str s;

	if (!rpc_arg_str(c, i, false, &s))
		return false;
	for (size_t k = 0; k < sizeof(dns_types) / sizeof(dns_types[0]); k++) {
		if (!str_ieq(dns_types[k].name, s))
			continue;
		*ret = dns_types[k].type;
		return true;
	}
	rpc_fail(c, 400, "Invalid type");
	return false;
}

struct wanted {
	struct rpc *c;
	struct str name;
	enum world_dns_type type;
	bool found;
};

static bool add_wanted(void *arg, const struct net_dns_info *d)
{
	struct wanted *x = arg;

	if (d->type != x->type || d->status || !str_ieq(d->name, x->name))
		return true; /* that there is none counts as not found */
	x->found = true;
	add_entry(x->c, d);
	return false;
}

static void dns_lookup(struct rpc *c)
{
	struct wanted x = {.c = c};

	if (!arg_type(c, 0, &x.type) || !rpc_arg_str(c, 1, false, &x.name))
		return;
	net_dns_each(c->worker, add_wanted, &x);
	if (!x.found && net_dns_learn_await(c->worker, x.name, x.type) == 0)
		net_dns_each(c->worker, add_wanted, &x);
	if (!x.found)
		rpc_fail(c, 400, "Not found");
}

static void dns_view(struct rpc *c)
{
	rpc_list(c);
	net_dns_each(c->worker, add_entry, c);
}

static bool add_debug(void *arg, const struct net_dns_info *d)
{
	struct rpc *c = arg;

	rpc_add_str(c, NULL, NULL, d->name);
	rpc_add_int(c, NULL, NULL, d->type);
	rpc_add_int(c, NULL, NULL, (int64_t)d->bytes);
	rpc_add_int(c, NULL, NULL, 1);
	rpc_add_int(c, NULL, NULL, d->left_s);
	rpc_add_int(c, NULL, NULL, 0);
	rpc_add_int(c, NULL, NULL, d->status != 0);
	return !c->fault;
}

static void dns_debug(struct rpc *c)
{
	net_dns_each(c->worker, add_debug, c);
}

/* A line of values for each record; what none of ours has been told of is 0. */
static void add_debug_record(struct rpc *c, const struct net_dns_info *d, unsigned k)
{
	const struct world_rr *r = &d->rr[k];
	char text[ADDR_TEXT_MAX];

	rpc_add_str(c, NULL, NULL, d->name);
	rpc_add_int(c, NULL, NULL, d->type);
	rpc_add_int(c, NULL, NULL, k);
	rpc_add_int(c, NULL, NULL, (int64_t)d->bytes);
	rpc_add_int(c, NULL, NULL, 1);
	rpc_add_int(c, NULL, NULL, d->left_s);
	rpc_add_int(c, NULL, NULL, 0);
	rpc_add_int(c, NULL, NULL, d->permanent ? NET_DNS_PERMANENT : 0);
	switch (r->type) {
	case DNS_A:
	case DNS_AAAA:
		rpc_add_str(c, NULL, NULL, S("ip"));
		rpc_add_str(c, NULL, NULL, addr_text(&r->addr, false, text));
		break;
	case DNS_SRV:
		rpc_add_str(c, NULL, NULL, S("srv"));
		rpc_add_str(c, NULL, NULL, r->name);
		break;
	case DNS_NAPTR:
		rpc_add_str(c, NULL, NULL, S("naptr "));
		rpc_add_fmt(c, NULL, NULL, STR_FMT STR_FMT STR_FMT STR_FMT, STR_ARG(r->flags), STR_ARG(r->service), STR_ARG(r->regexp),
			    STR_ARG(r->name));
		break;
	case DNS_TXT:
	case DNS_PTR:
		rpc_add_str(c, NULL, NULL, r->type == DNS_TXT ? S("txt") : S("ptr"));
		rpc_add_str(c, NULL, NULL, r->name);
		break;
	}
	rpc_add_int(c, NULL, NULL, d->left_s);
}

static bool add_debug_all(void *arg, const struct net_dns_info *d)
{
	struct rpc *c = arg;

	for (unsigned k = 0; k < d->n; k++)
		add_debug_record(c, d, k);
	return !c->fault;
}

static void dns_debug_all(struct rpc *c)
{
	net_dns_each(c->worker, add_debug_all, c);
}

static void dns_mem_info(struct rpc *c)
{
	size_t used, max;

	net_dns_memory(net_of(c->worker), &used, &max);
	rpc_add_int(c, NULL, NULL, (int64_t)used);
	rpc_add_int(c, NULL, NULL, (int64_t)max);
}

static void delete_all(struct rpc *c, bool permanent_too)
{
	struct rpc_node *s;

	net_dns_flush(net_of(c->worker), permanent_too);
	s = rpc_add_struct(c, NULL, NULL);
	rpc_add_str(c, s, "status", S("ok"));
}

static void dns_delete_all(struct rpc *c)
{
	delete_all(c, false);
}

static void dns_delete_all_force(struct rpc *c)
{
	delete_all(c, true);
}

static void delete_one(struct rpc *c, enum world_dns_type type)
{
	struct str name;
	int err;

	if (!rpc_arg_str(c, 0, false, &name))
		return;
	err = net_dns_delete(c->worker, name, type);
	if (err)
		rpc_fail(c, 400, err == RT_E_STATE ? "Permanent entries cannot be deleted" : "Not found");
}

static void dns_delete_a(struct rpc *c)
{
	delete_one(c, DNS_A);
}

static void dns_delete_aaaa(struct rpc *c)
{
	delete_one(c, DNS_AAAA);
}

static void dns_delete_srv(struct rpc *c)
{
	delete_one(c, DNS_SRV);
}

static void dns_delete_naptr(struct rpc *c)
{
	delete_one(c, DNS_NAPTR);
}

static void dns_delete_txt(struct rpc *c)
{
	delete_one(c, DNS_TXT);
}

static void dns_delete_ptr(struct rpc *c)
{
	delete_one(c, DNS_PTR);
}

/* CNAMEs are followed when an answer comes and not kept of their own. */
static void dns_delete_none(struct rpc *c)
{
	rpc_fail(c, 400, "Not found");
}

static void put(struct rpc *c, struct str name, struct world_rr *rr, int64_t ttl, int64_t flags)
{
	int err = ttl < 0 || ttl > INT32_MAX ? RT_E_INVAL
					     : net_dns_put(c->worker, name, rr, (uint32_t)ttl, (unsigned)flags & 3);

	if (err)
		rpc_fail(c, 400, "Failed to add the entry to the cache");
}

static void add_address(struct rpc *c, enum world_dns_type type, int family)
{
	struct world_rr rr = {.type = type};
	struct str name, ip;
	int64_t ttl, flags = 0;

	if (!rpc_arg_str(c, 0, false, &name) || !rpc_arg_int(c, 1, false, &ttl) ||
	    !rpc_arg_str(c, 2, false, &ip) || !rpc_arg_int(c, 3, false, &flags))
		return;
	if (!addr_parse(ip, &rr.addr) || rr.addr.family != family)
		rpc_fail(c, 400, "Failed to add the entry to the cache");
	else
		put(c, name, &rr, ttl, flags);
}

static void dns_add_a(struct rpc *c)
{
	add_address(c, DNS_A, AF_INET);
}

static void dns_add_aaaa(struct rpc *c)
{
	add_address(c, DNS_AAAA, AF_INET6);
}

static void dns_add_srv(struct rpc *c)
{
	struct world_rr rr = {.type = DNS_SRV};
	int64_t ttl, prio, weight, port, flags;
	struct str name;

	if (!rpc_arg_str(c, 0, false, &name) || !rpc_arg_int(c, 1, false, &ttl) ||
	    !rpc_arg_int(c, 2, false, &prio) || !rpc_arg_int(c, 3, false, &weight) ||
	    !rpc_arg_int(c, 4, false, &port) || !rpc_arg_str(c, 5, false, &rr.name) ||
	    !rpc_arg_int(c, 6, false, &flags))
		return;
	if (prio < 0 || prio > 65535 || weight < 0 || weight > 65535 || port < 0 || port > 65535) {
		rpc_fail(c, 400, "Failed to add the entry to the cache");
		return;
	}
	rr.prio = (uint16_t)prio;
	rr.weight = (uint16_t)weight;
	rr.port = (uint16_t)port;
	put(c, name, &rr, ttl, flags);
}

/* ---- figures ---- */

static void net_stats_(struct rpc *c)
{
	struct net_stats s;
	struct rpc_node *n = rpc_add_struct(c, NULL, NULL);

	net_get_stats(net_of(c->worker), &s);
	const struct {
		const char *name;
		uint64_t v;
	} rows[] = {{"workers", worker_count(c->worker)}, {"udp_in", s.udp_in}, {"udp_out", s.udp_out},
		    {"udp_dropped", s.udp_dropped}, {"tcp_in", s.tcp_in}, {"tcp_out", s.tcp_out},
		    {"tcp_bad", s.tcp_bad}, {"tcp_open", s.tcp_open}, {"tcp_accepted", s.tcp_accepted},
		    {"tcp_connects", s.tcp_connects}, {"tcp_connect_failed", s.tcp_connect_failed},
		    {"tcp_established", s.tcp_established}, {"tcp_refused", s.tcp_refused},
		    {"tcp_timeouts", s.tcp_timeouts}, {"tcp_resets", s.tcp_resets},
		    {"tcp_wq_bytes", s.tcp_wq_bytes}, {"tcp_wq_full", s.tcp_wq_full},
		    {"handed_over", s.handed_over}, {"handover_dropped", s.handover_dropped},
		    {"dns_hits", s.dns_hits}, {"dns_misses", s.dns_misses}, {"dns_errors", s.dns_errors}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		rpc_add_int(c, n, rows[i].name, (int64_t)rows[i].v);
}

const struct std_rpc rpc_net_commands[] = {
	{"core.sockets_list", sockets_list, "Sockets listened on."},
	{"core.aliases_list", aliases_list, "Names that are ourselves."},
	{"core.udp4_raw_info", udp4_raw_info, "Raw UDP sockets: there are none."},
	{"core.tcp_info", tcp_info, "Numbers of stream connections and their limits."},
	{"core.tcp_options", tcp_options, "Settings of streams."},
	{"core.tcp_list", tcp_list, "Stream connections of all workers."},
	{"net.stats", net_stats_, "Counts of the transport layer over all workers."},
	{"dns.mem_info", dns_mem_info, "Bytes of cached names: used, limit."},
	{"dns.debug", dns_debug, "Cached names in short."},
	{"dns.debug_all", dns_debug_all, "Cached records in short."},
	{"dns.view", dns_view, "Cached names with their records."},
	{"dns.lookup", dns_lookup, "What is known or can be learnt: type and name."},
	{"dns.add_a", dns_add_a, "Put an address: name, ttl, ip, flags (2: for good)."},
	{"dns.add_aaaa", dns_add_aaaa, "Put an IPv6 address: name, ttl, ip, flags."},
	{"dns.add_srv", dns_add_srv, "Put a service: name, ttl, priority, weight, port, host, flags."},
	{"dns.delete_all", dns_delete_all, "Forget cached names but those put for good."},
	{"dns.delete_all_force", dns_delete_all_force, "Forget all cached names."},
	{"dns.delete_a", dns_delete_a, "Forget an address."},
	{"dns.delete_aaaa", dns_delete_aaaa, "Forget an IPv6 address."},
	{"dns.delete_srv", dns_delete_srv, "Forget a service."},
	{"dns.delete_naptr", dns_delete_naptr, "Forget a NAPTR record."},
	{"dns.delete_txt", dns_delete_txt, "Forget a text."},
	{"dns.delete_ptr", dns_delete_ptr, "Forget the name of an address."},
	{"dns.delete_cname", dns_delete_none, "CNAMEs are not kept of their own: not found."},
	{"dns.delete_ebl", dns_delete_none, "EBL records are not asked for: not found."},
	{NULL, NULL, NULL},
};
