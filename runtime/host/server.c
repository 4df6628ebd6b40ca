/* SPDX-License-Identifier: Apache-2.0 */
/* Settings, sockets, loading and the start of a worker. */
#include "host/server.h"

#include <stddef.h>

#include "base/hash.h"
#include "core/counter.h"
#include "core/log.h"
#include "host/receive.h"
#include "host/rpc_net.h"
#include "host/stats.h"
#include "rpc/core.h"
#include "script/env.h"
#include "script/load.h"
#include "script/reply.h"
#include "script/run.h"
#include "txn/txn.h"

/* ---- settings ---- */

#define NET_INT(param, field) {param, offsetof(struct net_conf, field), CONF_INT}
#define NET_U32(param, field) {param, offsetof(struct net_conf, field), CONF_U32}
#define NET_BOOL(param, field) {param, offsetof(struct net_conf, field), CONF_BOOL}

enum conf_kind { CONF_INT, CONF_U32, CONF_BOOL };

/* Core parameter and its place; what the script does not set keeps net_conf_init()'s value. */
static const struct {
	const char *param;
	size_t at;
	enum conf_kind kind;
} net_params[] = {
	NET_BOOL("disable_tcp", disable_tcp), NET_BOOL("mhomed", mhomed), NET_BOOL("ip_free_bind", free_bind),
	NET_U32("maxbuffer", maxbuffer), NET_U32("maxsndbuffer", maxsndbuffer), NET_INT("tos", tos),
	NET_U32("msg_recv_max_size", msg_max), NET_INT("pmtu_discovery", pmtu_discovery),
	NET_U32("udp_mtu", udp_mtu), NET_BOOL("reply_to_via", reply_to_via),
	NET_BOOL("auto_aliases", auto_aliases), NET_BOOL("auto_bind_ipv6", auto_bind_ipv6),
	NET_BOOL("bind_ipv6_link_local", bind_ipv6_link_local),
	NET_INT("mcast_ttl", mcast_ttl), NET_BOOL("mcast_loopback", mcast_loopback),
	NET_BOOL("tcp_no_connect", tcp_no_connect), NET_BOOL("tcp_accept_no_cl", tcp_accept_no_cl),
	NET_BOOL("tcp_crlf_ping", tcp_crlf_ping), NET_BOOL("tcp_keepalive", tcp_keepalive),
	NET_BOOL("tcp_reuse_port", tcp_reuse_port), NET_BOOL("tcp_close_rst", tcp_close_rst),
	NET_BOOL("tcp_accept_aliases", tcp_accept_aliases), NET_BOOL("tcp_buf_write", tcp_buf_write),
	NET_U32("tcp_max_connections", tcp_max_connections),
	NET_U32("tcp_connection_lifetime", tcp_connection_lifetime),
	NET_U32("tcp_connect_timeout", tcp_connect_timeout), NET_U32("tcp_send_timeout", tcp_send_timeout),
	NET_U32("tcp_first_byte_timeout", tcp_first_byte_timeout),
	NET_U32("tcp_header_timeout", tcp_header_timeout),
	NET_U32("tcp_msg_read_timeout", tcp_msg_read_timeout),
	NET_U32("tcp_msg_data_timeout", tcp_msg_data_timeout),
	NET_U32("tcp_accept_iplimit", tcp_accept_iplimit), NET_U32("tcp_conn_wq_max", tcp_conn_wq_max),
	NET_U32("tcp_wq_max", tcp_wq_max), NET_U32("tcp_rd_buf_size", tcp_rd_buf_size),
	NET_U32("tcp_listen_backlog", tcp_listen_backlog), NET_U32("tcp_keepidle", tcp_keepidle),
	NET_U32("tcp_keepintvl", tcp_keepintvl), NET_U32("tcp_keepcnt", tcp_keepcnt),
	NET_U32("tcp_linger2", tcp_linger2), NET_U32("tcp_syncnt", tcp_syncnt),
	NET_U32("tcp_defer_accept", tcp_defer_accept),
	NET_BOOL("dns_try_ipv6", dns_try_ipv6), NET_BOOL("dns_try_naptr", dns_try_naptr),
	NET_BOOL("dns_srv_lb", dns_srv_lb), NET_BOOL("use_dns_cache", use_dns_cache),
	NET_BOOL("use_dns_failover", use_dns_failover),
	NET_BOOL("dns_use_search_list", dns_use_search_list),
	NET_BOOL("dns_naptr_ignore_rfc", dns_naptr_ignore_rfc),
	NET_INT("dns_udp_pref", dns_pref[PROTO_UDP]), NET_INT("dns_tcp_pref", dns_pref[PROTO_TCP]),
	NET_INT("dns_tls_pref", dns_pref[PROTO_TLS]), NET_INT("dns_sctp_pref", dns_pref[PROTO_SCTP]),
	NET_INT("dns_retr_time", dns_retr_time), NET_INT("dns_retr_no", dns_retr_no),
	NET_INT("dns_servers_no", dns_servers_no), NET_U32("dns_cache_flags", dns_cache_flags),
	NET_U32("dns_cache_negative_ttl", dns_cache_negative_ttl),
	NET_U32("dns_cache_min_ttl", dns_cache_min_ttl), NET_U32("dns_cache_max_ttl", dns_cache_max_ttl),
	NET_U32("dns_cache_mem", dns_cache_mem), NET_U32("dns_slow_query_ms", dns_slow_query_ms),
	NET_BOOL("dns_cache_init", use_dns_cache_init),
};

#undef NET_INT
#undef NET_U32
#undef NET_BOOL

static uint32_t clamp_u32(int64_t v)
{
	return v < 0 ? 0 : v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
}

static bool core_addr(const struct program *p, const char *name, struct addr *ret)
{
	struct str s = program_core_str(p, name, STR_NULL);

	return !s.n || addr_parse(s, ret);
}

int server_net_conf(const struct program *p, struct net_conf *c)
{
	net_conf_init(c);
	addr_set_v6_style(program_core_str(p, "ipv6_hex_style", S("c"))); /* before sockets have texts */
	for (size_t i = 0; i < sizeof(net_params) / sizeof(net_params[0]); i++) {
		void *at = (char *)c + net_params[i].at;
		const struct program_value *v = program_core_find(p, net_params[i].param);

		if (!v || v->kind != PROGRAM_INT)
			continue;
		switch (net_params[i].kind) {
		case CONF_INT:
			*(int *)at = (int)v->i;
			break;
		case CONF_U32:
			*(uint32_t *)at = clamp_u32(v->i);
			break;
		case CONF_BOOL:
			*(bool *)at = v->i != 0;
			break;
		}
	}
	c->use_dns_cache = c->use_dns_cache && c->use_dns_cache_init;
	c->udp_mtu_try_proto = proto_parse(program_core_str(p, "udp_mtu_try_proto", S("none")));
	c->mcast = program_core_str(p, "mcast", STR_NULL);
	if (!core_addr(p, "tcp_source_ipv4", &c->tcp_source_ipv4) ||
	    !core_addr(p, "tcp_source_ipv6", &c->tcp_source_ipv6)) {
		log_err("tcp_source_ipv4 or tcp_source_ipv6 is no address");
		return RT_E_INVAL;
	}
	return 0;
}

void server_log_level(const struct program *p, bool is_set, int set, int more)
{
	log_set_level(is_set ? set : (int)program_core_int(p, "debug", 0) + more);
}

static int add_listen(struct net *n, const struct net_listen *l)
{
	int err = net_add_listen(n, l);

	if (err && err != RT_E_EXIST)
		log_err("cannot listen on " STR_FMT ": %s", STR_ARG(l->host), rt_strerror(err));
	return err == RT_E_EXIST ? 0 : err;
}

/* "[v6]:5", "host:5", "(a, b):5": what stands before the last colon that is no part of an address. */
static bool split_port(struct str text, struct str *host, uint16_t *port)
{
	size_t colon = str_rchr(text, ':');
	uint64_t v;
	bool bracket = text.n && (text.p[0] == '[' || text.p[0] == '(');

	*host = text;
	*port = 0;
	if (colon == STR_NONE || (bracket && (!colon || (text.p[colon - 1] != ']' && text.p[colon - 1] != ')'))) ||
	    (!bracket && str_chr(text, ':') != colon))
		return true;
	*host = str_head(text, colon);
	if (!str_to_u64(str_skip(text, colon + 1), 65535, &v))
		return false;
	*port = (uint16_t)v;
	return true;
}

static enum proto cut_proto(struct str *text)
{
	size_t colon = str_chr(*text, ':');
	enum proto p = colon == STR_NONE ? PROTO_NONE : proto_parse(str_head(*text, colon));

	if (p != PROTO_NONE)
		*text = str_skip(*text, colon + 1);
	return p;
}

/* -l [proto:]address[:port][/advertised[:port]]; address may be a list in parentheses, then l->host is one. */
static int parse_listen(const char *text, struct net_listen *l)
{
	struct str adv = str_of(text), rest = str_cut(&adv, '/');

	*l = (struct net_listen){.proto = cut_proto(&rest)};
	if (!split_port(rest, &l->host, &l->port) || (adv.n && !split_port(adv, &l->adv_host, &l->adv_port))) {
		log_err("-l %s: bad port", text);
		return RT_E_INVAL;
	}
	return 0;
}

static void no_interface(struct net_listen *l, const char *any_host)
{
	struct addr a;

	if (any_host && !addr_parse(l->host, &a) && !str_ieq(l->host, S("localhost")))
		l->host = str_of(any_host);
}

/* advertised_address and advertised_port stand for sockets that say nothing themselves. */
static void advertise(struct net_listen *l, const struct program *p)
{
	int64_t port = program_core_int(p, "advertised_port", 0);

	if (l->adv_host.n)
		return;
	l->adv_host = program_core_str(p, "advertised_address", STR_NULL);
	l->adv_port = port > 0 && port <= 65535 ? (uint16_t)port : 0;
}

static int add_each(struct net *n, struct net_listen l, const char *any_host)
{
	struct str rest = l.host;
	int err = 0;

	if (rest.n < 2 || rest.p[0] != '(') {
		no_interface(&l, any_host);
		return add_listen(n, &l);
	}
	rest = str_make(rest.p + 1, rest.n - 2);
	while (!err && rest.n) {
		l.host = str_trim(str_cut(&rest, ','));
		no_interface(&l, any_host);
		if (l.host.n)
			err = add_listen(n, &l);
	}
	return err;
}

/* --alias=[proto:]host[:port] */
static int add_alias_option(struct net *n, const char *text)
{
	struct str rest = str_of(text), host;
	enum proto p = cut_proto(&rest);
	uint16_t port;

	if (!split_port(rest, &host, &port) || !host.n) {
		log_err("--alias=%s: bad port", text);
		return RT_E_INVAL;
	}
	return net_add_alias(n, host, port, p);
}

int server_add_sockets(struct net *n, const struct program *p, const struct host_list *listen,
		       const struct host_list *alias, const char *any_host)
{
	struct net_listen l = {.host = S("*")};
	int err = 0;

	for (uint64_t i = 0; !err && i < p->n_listens; i++) {
		const struct program_listen *x = &p->listens[i];

		l = (struct net_listen){.proto = (enum proto)x->proto, .host = x->host,
					.port = (uint16_t)(x->port > 0 ? x->port : 0), .name = x->name,
					.adv_host = x->adv_host, .adv_port = (uint16_t)x->adv_port,
					.virtual_ = x->virtual_ != 0};
		no_interface(&l, any_host);
		advertise(&l, p);
		err = add_listen(n, &l);
	}
	for (size_t i = 0; !err && i < listen->n; i++) {
		err = parse_listen(listen->v[i], &l);
		advertise(&l, p);
		if (!err)
			err = add_each(n, l, any_host);
	}
	if (!err && !p->n_listens && !listen->n) {
		no_interface(&l, any_host);
		advertise(&l, p);
		err = add_listen(n, &l);
	}
	for (uint64_t i = 0; !err && i < p->n_aliases; i++)
		err = net_add_alias(n, p->aliases[i].host,
				    (uint16_t)(p->aliases[i].port > 0 ? p->aliases[i].port : 0),
				    (enum proto)p->aliases[i].proto);
	for (size_t i = 0; !err && i < alias->n; i++)
		err = add_alias_option(n, alias->v[i]);
	return err;
}

/* ---- life ---- */

/* The script gives whole header lines; ours are values. */
static struct str header_value(const struct program *p, const char *param, struct str def)
{
	struct str s = program_core_str(p, param, STR_NULL);
	size_t colon = str_chr(s, ':');

	return !s.n ? def : colon == STR_NONE ? str_trim(s) : str_trim(str_skip(s, colon + 1));
}

static void set_ident(const struct program *p, int64_t pid)
{
	struct txn_config c = txn_config_default;

	script_ident = (struct sip_ident){header_value(p, "server_header", S("kiln")),
					  header_value(p, "user_agent_header", S("kiln")),
					  program_core_int(p, "sip_warning", 0) ? pid : 0};
	if (!program_core_int(p, "server_signature", 1))
		script_ident.server = S("");
	c.ident = script_ident;
	txn_configure(&c);
}

int server_load(struct server *s)
{
	static const struct net_handlers handlers = {.message = receive_message, .message_here = receive_message_here,
						     .bad = receive_bad, .send_error = receive_send_error};
	int err;

	s->loaded = true;
	set_ident(s->p, s->pid);
	rpc_core_facts = (struct rpc_core_facts){.argc = s->argc, .argv = s->argv, .stop = s->stop,
						 .workers = s->workers};
	receive_init(s->p);
	net_set_handlers(s->net, &handlers);
	stats_init(s->net);
	err = rpc_register(rpc_core_commands);
	if (!err)
		err = rpc_register(rpc_net_commands);
	if (!err)
		err = program_load(s->p);
	if (err)
		server_unload(s);
	return err;
}

void server_unload(struct server *s)
{
	log_reset();
	if (!s->loaded)
		return;
	s->loaded = false;
	program_unload(s->p);
	txn_reset();
	counter_forget_all();
	rpc_core_facts = (struct rpc_core_facts){0};
}

int server_worker_new(struct server *s, unsigned i, struct world *world)
{
	uint8_t key[16];
	int err;

	if (i == 0) {
		world_random(world, key, sizeof(key));
		hash_seed(key);
		rpc_core_facts.started_us = world_wall(world);
	}
	err = worker_new(world, i, s->workers, &s->worker[i]);
	if (!err)
		worker_set_peers(s->worker[i], s->worker);
	return err;
}

int server_worker_init(struct server *s, unsigned i)
{
	struct worker *w = s->worker[i];
	int err;

	worker_enter(w);
	err = script_worker_init(w, s->p);
	if (err)
		return err;
	err = txn_worker_init(w);
	if (err)
		goto no_txn;
	err = net_attach(s->net, w);
	if (!err)
		err = program_worker_init(s->p, w);
	if (!err)
		return 0;
	net_detach(s->net, w);
	txn_worker_fini(w);
no_txn:
	script_worker_fini(w);
	return err;
}

void server_worker_fini(struct server *s, unsigned i)
{
	struct worker *w = s->worker[i];

	worker_enter(w);
	program_worker_fini(s->p, w);
	net_detach(s->net, w);
	txn_worker_fini(w);
	script_worker_fini(w);
}

void server_worker_free(struct server *s, unsigned i)
{
	worker_free(&s->worker[i]);
}
