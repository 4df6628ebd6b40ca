/* SPDX-License-Identifier: Apache-2.0 */
/* Settings, sockets, loading and the start of a worker. */
#include "host/server.h"

#include "base/hash.h"
#include "core/counter.h"
#include "core/log.h"
#include "host/receive.h"
#include "rpc/core.h"
#include "script/env.h"
#include "script/load.h"
#include "script/reply.h"
#include "script/run.h"
#include "txn/txn.h"

static struct server *current; /* for RPC: one server per process */

/* ---- settings ---- */

void server_net_conf(const struct program *p, struct net_conf *c)
{
	net_conf_init(c);
	c->disable_tcp = program_core_int(p, "disable_tcp", 0) != 0;
	c->mhomed = program_core_int(p, "mhomed", 0) != 0;
	c->free_bind = program_core_int(p, "ip_free_bind", 0) != 0;
	c->tcp_no_connect = program_core_int(p, "tcp_no_connect", 0) != 0;
	c->tcp_accept_no_cl = program_core_int(p, "tcp_accept_no_cl", 0) != 0;
	c->tcp_crlf_ping = program_core_int(p, "tcp_crlf_ping", 1) != 0;
	c->tcp_keepalive = program_core_int(p, "tcp_keepalive", 1) != 0;
	c->tcp_max_connections = (uint32_t)program_core_int(p, "tcp_max_connections", 2048);
	c->tcp_connection_lifetime = (uint32_t)program_core_int(p, "tcp_connection_lifetime", 120);
	c->tcp_connect_timeout = (uint32_t)program_core_int(p, "tcp_connect_timeout", 10);
	c->tcp_conn_wq_max = (uint32_t)program_core_int(p, "tcp_conn_wq_max", 32768);
	c->tcp_wq_max = (uint32_t)program_core_int(p, "tcp_wq_max", 10 << 20);
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

/* -l [proto:]address[:port][/advertised[:port]] */
static int parse_listen(const char *text, struct net_listen *l)
{
	struct str rest = str_of(text), adv, host;
	uint64_t port;
	size_t colon;

	*l = (struct net_listen){0};
	adv = rest;
	rest = str_cut(&adv, '/');
	colon = str_chr(rest, ':');
	l->proto = colon == STR_NONE ? PROTO_NONE : proto_parse(str_head(rest, colon));
	if (l->proto != PROTO_NONE)
		rest = str_skip(rest, colon + 1);
	colon = str_rchr(rest, ':');
	host = rest;
	if (colon != STR_NONE && str_chr(str_skip(rest, colon), ']') == STR_NONE &&
	    (rest.p[0] == '[' || str_chr(rest, ':') == colon)) {
		host = str_head(rest, colon);
		if (!str_to_u64(str_skip(rest, colon + 1), 65535, &port)) {
			log_err("-l %s: bad port", text);
			return RT_E_INVAL;
		}
		l->port = (uint16_t)port;
	}
	l->host = host;
	l->adv_host = adv.n ? str_cut(&adv, ':') : STR_NULL;
	if (adv.n && str_to_u64(adv, 65535, &port))
		l->adv_port = (uint16_t)port;
	return 0;
}

static void no_interface(struct net_listen *l, const char *any_host)
{
	struct addr a;

	if (any_host && !addr_parse(l->host, &a) && !str_ieq(l->host, S("localhost")))
		l->host = str_of(any_host);
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
		err = add_listen(n, &l);
	}
	for (size_t i = 0; !err && i < listen->n; i++) {
		err = parse_listen(listen->v[i], &l);
		no_interface(&l, any_host);
		if (!err)
			err = add_listen(n, &l);
	}
	if (!err && !p->n_listens && !listen->n) {
		no_interface(&l, any_host);
		err = add_listen(n, &l);
	}
	for (uint64_t i = 0; !err && i < p->n_aliases; i++)
		err = net_add_alias(n, p->aliases[i].host,
				    (uint16_t)(p->aliases[i].port > 0 ? p->aliases[i].port : 0),
				    (enum proto)p->aliases[i].proto);
	for (size_t i = 0; !err && i < alias->n; i++)
		err = net_add_alias(n, str_of(alias->v[i]), 0, PROTO_NONE);
	return err;
}

/* ---- RPC facts ---- */

static void rpc_sockets(struct rpc *c)
{
	struct rpc_node *all = rpc_add_struct(c, NULL, NULL);

	for (unsigned i = 0; i < net_socket_count(current->net); i++) {
		const struct net_socket *s = net_socket_at(current->net, i);
		struct rpc_node *n = rpc_add_struct(c, all, "socket");

		rpc_add_str(c, n, "proto", proto_name(s->proto));
		rpc_add_str(c, n, "address", s->host);
		rpc_add_str(c, n, "ipaddress", s->host);
		rpc_add_fmt(c, n, "port", "%u", s->addr.port);
		rpc_add_str(c, n, "mcast", S("no"));
		rpc_add_str(c, n, "mhomed", S("no"));
		rpc_add_str(c, n, "virtual", s->virtual_ ? S("yes") : S("no"));
	}
}

static void rpc_tcp(struct rpc *c)
{
	const struct net_conf *conf = net_get_conf(current->net);
	struct rpc_node *s = rpc_add_struct(c, NULL, NULL);
	struct net_stats st;

	net_get_stats(current->net, &st);
	rpc_add_int(c, s, "readers", 1);
	rpc_add_int(c, s, "max_connections", conf->tcp_max_connections);
	rpc_add_int(c, s, "opened_connections", (int64_t)st.tcp_open);
	rpc_add_int(c, s, "write_queued_bytes", (int64_t)st.tcp_wq_bytes);
}

/* ---- life ---- */

int server_load(struct server *s)
{
	static const struct net_handlers handlers = {.message = receive_message, .bad = receive_bad,
						     .send_error = receive_send_error};
	int err;

	current = s;
	s->loaded = true;
	script_ident = (struct sip_ident){S("kiln"), S("kiln")};
	if (!program_core_int(s->p, "server_signature", 1))
		script_ident.server = S("");
	rpc_core_facts = (struct rpc_core_facts){.argc = s->argc, .argv = s->argv, .stop = s->stop,
						 .sockets = rpc_sockets, .tcp = rpc_tcp,
						 .workers = s->workers};
	receive_init(s->p);
	net_set_handlers(s->net, &handlers);
	err = rpc_register(rpc_core_commands);
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
	current = NULL;
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
