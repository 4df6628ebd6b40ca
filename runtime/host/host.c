/* SPDX-License-Identifier: Apache-2.0 */
/* From the command line to workers that serve, and back. */
#include "host/host.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/mem.h"
#include "core/log.h"
#include "host/crash.h"
#include "host/options.h"
#include "host/receive.h"
#include "host/supervise.h"
#include "net/net.h"
#include "rpc/core.h"
#include "script/env.h"
#include "script/load.h"
#include "script/reply.h"
#include "script/run.h"
#include "txn/txn.h"
#include "world/world_real.h"

enum { EXIT_NO_START = 5 };

struct host {
	const struct program *p;
	struct host_options o;
	struct net *net;
	struct worker *worker;
};

static struct worker *running; /* for signals: one server per process */

/* ---- settings ---- */

static void net_conf_from(const struct host *h, struct net_conf *c)
{
	const struct program *p = h->p;

	net_conf_init(c);
	c->disable_tcp = h->o.no_tcp || program_core_int(p, "disable_tcp", 0);
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
	if (h->o.rcvbuf > 0)
		c->maxbuffer = (uint32_t)h->o.rcvbuf;
}

static int add_listen(struct host *h, const struct net_listen *l)
{
	int err = net_add_listen(h->net, l);

	if (err && err != RT_E_EXIST)
		log_err("cannot listen on " STR_FMT ": %s", STR_ARG(l->host), rt_strerror(err));
	return err == RT_E_EXIST ? 0 : err;
}

/* -l [proto:]address[:port][/advertised[:port]] */
static int add_listen_option(struct host *h, const char *text)
{
	struct str rest = str_of(text), adv, host;
	struct net_listen l = {0};
	uint64_t port;
	size_t colon;

	adv = rest;
	rest = str_cut(&adv, '/');
	colon = str_chr(rest, ':');
	l.proto = colon == STR_NONE ? PROTO_NONE : proto_parse(str_head(rest, colon));
	if (l.proto != PROTO_NONE)
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
		l.port = (uint16_t)port;
	}
	l.host = host;
	l.adv_host = adv.n ? str_cut(&adv, ':') : STR_NULL;
	if (adv.n && str_to_u64(adv, 65535, &port))
		l.adv_port = (uint16_t)port;
	return add_listen(h, &l);
}

static int add_sockets(struct host *h)
{
	const struct program *p = h->p;
	int err = 0;

	for (uint64_t i = 0; !err && i < p->n_listens; i++) {
		const struct program_listen *x = &p->listens[i];
		struct net_listen l = {.proto = (enum proto)x->proto, .host = x->host,
				       .port = (uint16_t)(x->port > 0 ? x->port : 0), .name = x->name,
				       .adv_host = x->adv_host, .adv_port = (uint16_t)x->adv_port,
				       .virtual_ = x->virtual_ != 0};

		err = add_listen(h, &l);
	}
	for (size_t i = 0; !err && i < h->o.listen.n; i++)
		err = add_listen_option(h, h->o.listen.v[i]);
	if (!err && !p->n_listens && !h->o.listen.n) {
		struct net_listen all = {.host = S("*")};

		err = add_listen(h, &all);
	}
	for (uint64_t i = 0; !err && i < p->n_aliases; i++)
		err = net_add_alias(h->net, p->aliases[i].host,
				    (uint16_t)(p->aliases[i].port > 0 ? p->aliases[i].port : 0),
				    (enum proto)p->aliases[i].proto);
	for (size_t i = 0; !err && i < h->o.alias.n; i++)
		err = net_add_alias(h->net, str_of(h->o.alias.v[i]), 0, PROTO_NONE);
	return err;
}

static int set_log(struct host *h)
{
	int64_t level = h->o.debug_set ? h->o.debug : program_core_int(h->p, "debug", 0) + h->o.debug_more;
	bool err = h->o.log_stderr || program_core_int(h->p, "log_stderror", 0);

	log_set_level((int)level);
	if (!err) {
		openlog("kamailio", LOG_PID | LOG_CONS, LOG_DAEMON);
		world_real_log_to(WORLD_LOG_SYSLOG);
		log_set_head(false);
	}
	return err;
}

static int drop_rights(struct host *h)
{
	struct group *g = h->o.group ? getgrnam(h->o.group) : NULL;
	struct passwd *u = h->o.user ? getpwnam(h->o.user) : NULL;

	if ((h->o.group && !g) || (h->o.user && !u)) {
		log_err("no such user or group");
		return RT_E_NOENT;
	}
	if (h->o.chroot && (chroot(h->o.chroot) || chdir("/"))) {
		log_err("cannot chroot to %s: %s", h->o.chroot, strerror(errno));
		return RT_E_IO;
	}
	if ((g && setgid(g->gr_gid)) || (u && initgroups(h->o.user, u->pw_gid)) || (u && setuid(u->pw_uid))) {
		log_err("cannot change user or group: %s", strerror(errno));
		return RT_E_IO;
	}
	return 0;
}

/* ---- RPC facts ---- */

static struct host *the_host;

static void rpc_sockets(struct rpc *c)
{
	struct rpc_node *all = rpc_add_struct(c, NULL, NULL);

	for (unsigned i = 0; i < net_socket_count(the_host->net); i++) {
		const struct net_socket *s = net_socket_at(the_host->net, i);
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
	const struct net_conf *conf = net_get_conf(the_host->net);
	struct rpc_node *s = rpc_add_struct(c, NULL, NULL);
	struct net_stats st;

	net_get_stats(the_host->net, &st);
	rpc_add_int(c, s, "readers", 1);
	rpc_add_int(c, s, "max_connections", conf->tcp_max_connections);
	rpc_add_int(c, s, "opened_connections", (int64_t)(st.tcp_accepted + st.tcp_established));
	rpc_add_int(c, s, "write_queued_bytes", (int64_t)st.tcp_wq_bytes);
}

static void stop_running(void)
{
	if (running)
		worker_stop(running);
}

static void on_end_signal(int sig)
{
	(void)sig;
	stop_running();
}

/* ---- the child ---- */

static int start_worker(struct host *h, struct world *world)
{
	struct net_handlers handlers = {.message = receive_message, .bad = receive_bad};
	static struct worker *peers[1];
	uint8_t key[16];
	int err;

	world_random(world, key, sizeof(key));
	hash_seed(key);
	err = worker_new(world, 0, 1, &h->worker);
	if (err)
		return err;
	peers[0] = h->worker;
	worker_set_peers(h->worker, peers);
	worker_enter(h->worker);
	net_set_handlers(h->net, &handlers);
	err = script_worker_init(h->worker, h->p);
	if (!err)
		err = txn_worker_init(h->worker);
	if (!err)
		err = net_attach(h->net, h->worker);
	if (!err)
		err = program_worker_init(h->p, h->worker);
	return err;
}

static int serve(struct host *h)
{
	struct world *world = NULL;
	int err = world_real_new(&world);

	signal(SIGPIPE, SIG_IGN);
	crash_install(h->p);
	receive_init(h->p);
	rpc_register(rpc_core_commands);
	if (!err)
		err = program_load(h->p);
	if (!err)
		err = start_worker(h, world);
	if (!err)
		err = drop_rights(h);
	if (err) {
		log_crit("cannot start: %s", rt_strerror(err));
		return EXIT_NO_START;
	}
	rpc_core_facts.started_us = world_wall(world);
	running = h->worker;
	signal(SIGTERM, on_end_signal);
	signal(SIGINT, on_end_signal);
	supervise_ready();
	worker_run(h->worker);
	program_worker_fini(h->p, h->worker);
	net_detach(h->net, h->worker);
	txn_worker_fini(h->worker);
	script_worker_fini(h->worker);
	program_unload(h->p);
	worker_free(&h->worker);
	world_free(&world);
	return 0;
}

int host_serve(const struct program *p, int argc, char **argv)
{
	static struct host h;
	struct supervise_opts so;
	const struct net_socket *failed = NULL;
	struct net_conf conf;
	bool to_stderr;
	int code;

	h.p = p;
	the_host = &h;
	if (!host_options_parse(argv[0], argc, argv, &h.o))
		return 2;
	if (h.o.help || h.o.version) {
		if (h.o.help)
			host_options_help(stdout, argv[0]);
		else
			host_version_print(stdout, argv[0]);
		return 0;
	}
	to_stderr = set_log(&h) != 0;
	if (h.o.rundir) {
		script_set_run_dir(h.o.rundir);
		mkdir(h.o.rundir, 0755);
	} else {
		mkdir("/run/kamailio", 0755);
	}
	script_ident = (struct sip_ident){S("kiln"), S("kiln")};
	if (!program_core_int(p, "server_signature", 1))
		script_ident.server = S("");
	rpc_core_facts = (struct rpc_core_facts){.argc = argc, .argv = argv, .stop = stop_running,
						 .sockets = rpc_sockets, .tcp = rpc_tcp, .workers = 1};
	net_conf_from(&h, &conf);
	if (net_new(&conf, &h.net) || add_sockets(&h))
		return EXIT_NO_START;
	if (net_bind(h.net, 1, &failed)) {
		log_crit("cannot bind " STR_FMT ": %s", STR_ARG(failed->text), strerror(errno));
		return EXIT_NO_START;
	}
	if (h.o.workdir && chdir(h.o.workdir)) {
		log_crit("cannot change to %s: %s", h.o.workdir, strerror(errno));
		return EXIT_NO_START;
	}
	so = (struct supervise_opts){.pid_file = h.o.pid_file, .pgid_file = h.o.pgid_file,
				     .daemon = (h.o.no_fork == 0 || h.o.no_fork > 2) &&
					       program_core_int(p, "fork", 1),
				     .keep_stderr = to_stderr};
	code = supervise(&so);
	if (code == SUPERVISE_SERVE)
		code = serve(&h);
	net_free(&h.net);
	return code;
}
