/* SPDX-License-Identifier: Apache-2.0 */
/* From the command line to workers that serve, and back. */
#include "host/host.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/log.h"
#include "host/crash.h"
#include "host/debug_socket.h"
#include "host/options.h"
#include "host/process.h"
#include "host/receive.h"
#include "host/server.h"
#include "host/supervise.h"
#include "host/workers.h"
#include "script/load.h"
#include "script/run.h"

enum { EXIT_NO_START = 5 };

struct host {
	const struct program *p;
	struct host_options o;
	struct process_conf process;
	struct server server;
	struct workers *workers;
};

/* ---- the child ---- */

/* core.kill: as if the supervisor had asked. */
static void stop_running(void)
{
	kill(getpid(), SIGTERM);
}

/* Signals are taken by this thread where it waits; the workers inherit that they are blocked. */
static void end_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, set, NULL);
}

static void wait_for_end(const sigset_t *set)
{
	int sig = SIGHUP;

	while (sig == SIGHUP) /* nothing to read anew: the script is part of the program */
		if (sigwait(set, &sig))
			return;
}

static int bring_up(struct host *h)
{
	int err;

	h->server.pid = getpid();
	err = server_load(&h->server);

	if (h->o.server_id >= 0)
		script_conf.server_id = h->o.server_id;
	if (h->o.check_reply_via)
		receive_check_via();
	if (!err)
		err = workers_new(&h->server, &h->workers);
	if (!err)
		err = workers_start(h->workers);
	if (!err)
		err = process_drop_rights(&h->process);
	if (!err && h->o.debug_socket) {
		err = debug_socket_open(h->p, h->o.debug_socket);
		if (err)
			log_crit("--debug-socket %s: %s", h->o.debug_socket,
				 err == RT_E_UNSUPP ? "the server was not compiled with --observe" : rt_strerror(err));
	}
	return err;
}

static int serve(struct host *h)
{
	sigset_t set;
	int err;

	signal(SIGPIPE, SIG_IGN);
	end_signals(&set);
	crash_install(h->p);
	err = bring_up(h);
	if (err) {
		log_crit("cannot start: %s", rt_strerror(err));
		return EXIT_NO_START;
	}
	workers_go(h->workers);
	supervise_ready();
	wait_for_end(&set);
	debug_socket_close(); /* what is stopped goes on first */
	workers_stop(h->workers);
	workers_join(h->workers);
	workers_free(&h->workers);
	server_unload(&h->server);
	return 0;
}

/* children=1 asks for one; any other number is the reference's way of saying "enough". */
static unsigned worker_number(const struct host *h)
{
	int64_t children = h->o.children ? h->o.children : program_core_int(h->p, "children", 0);
	cpu_set_t set;
	int n;

	if (h->o.workers)
		n = h->o.workers;
	else if (children == 1 || h->o.no_fork == 1 || !program_core_int(h->p, "fork", 1))
		n = 1;
	else
		n = sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set);
	return n < 1 ? 1 : n > NET_WORKERS_MAX ? NET_WORKERS_MAX : (unsigned)n;
}

/* Settings and bound sockets, in the process that will watch the server. */
static int prepare(struct host *h)
{
	const struct net_socket *failed = NULL;
	struct net_conf conf;
	struct server *s = &h->server;

	if (process_conf_from(h->p, &h->o, &h->process) || process_log(h->p, &h->o, &h->process) ||
	    process_dirs(&h->process) || server_net_conf(h->p, &conf))
		return RT_E_INVAL;
	conf.disable_tcp |= h->o.no_tcp;
	conf.dns_server = h->o.dns_server;
	if (h->o.rcvbuf > 0)
		conf.maxbuffer = (uint32_t)h->o.rcvbuf;
	if (h->o.auto_aliases >= 0)
		conf.auto_aliases = h->o.auto_aliases != 0;
	if (process_limits(h->p, conf.disable_tcp ? 0 : conf.tcp_max_connections) || net_new(&conf, &s->net) ||
	    server_add_sockets(s->net, h->p, &h->o.listen, &h->o.alias, NULL))
		return RT_E_INVAL;
	if (net_bind(s->net, s->workers, &failed)) {
		log_crit("cannot bind " STR_FMT ": %s", STR_ARG(failed->text), strerror(errno));
		return RT_E_IO;
	}
	return 0;
}

int host_serve(const struct program *p, int argc, char **argv)
{
	static struct host h;
	struct supervise_opts so;
	int code;

	h.p = p;
	if (!host_options_parse(argv[0], argc, argv, &h.o))
		return 2;
	if (h.o.help || h.o.version) {
		if (h.o.help)
			host_options_help(stdout, argv[0]);
		else
			host_version_print(stdout, argv[0]);
		return 0;
	}
	h.server = (struct server){.p = p, .workers = worker_number(&h), .stop = stop_running, .argc = argc,
				   .argv = argv};
	if (prepare(&h))
		return EXIT_NO_START;
	so = (struct supervise_opts){.pid_file = h.o.pid_file, .pgid_file = h.o.pgid_file,
				     .daemon = (h.o.no_fork == 0 || h.o.no_fork > 2) &&
					       program_core_int(p, "fork", 1),
				     .keep_stderr = h.process.log_stderr,
				     .exit_timeout = (unsigned)(h.process.exit_timeout > 0 ? h.process.exit_timeout : 0)};
	code = supervise(&so);
	if (code == SUPERVISE_SERVE)
		code = serve(&h);
	net_free(&h.server.net);
	return code;
}
