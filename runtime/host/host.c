/* SPDX-License-Identifier: Apache-2.0 */
/* From the command line to workers that serve, and back. */
#include "host/host.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "core/log.h"
#include "host/crash.h"
#include "host/options.h"
#include "host/server.h"
#include "host/supervise.h"
#include "host/workers.h"
#include "script/env.h"
#include "script/load.h"
#include "world/world_real.h"

enum { EXIT_NO_START = 5 };

struct host {
	const struct program *p;
	struct host_options o;
	struct server server;
	struct workers *workers;
};

static struct workers *running; /* for signals: one server per process */

/* ---- settings ---- */

static int set_log(struct host *h)
{
	bool err = h->o.log_stderr || program_core_int(h->p, "log_stderror", 0);

	server_log_level(h->p, h->o.debug_set, h->o.debug, h->o.debug_more);
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

/* ---- the child ---- */

static void stop_running(void)
{
	if (running)
		workers_stop(running);
}

static void on_end_signal(int sig)
{
	(void)sig;
	stop_running();
}

static int bring_up(struct host *h)
{
	int err = server_load(&h->server);

	if (!err)
		err = workers_new(&h->server, &h->workers);
	if (!err)
		err = workers_start(h->workers);
	if (!err)
		err = drop_rights(h);
	return err;
}

static int serve(struct host *h)
{
	int err;

	signal(SIGPIPE, SIG_IGN);
	crash_install(h->p);
	err = bring_up(h);
	if (err) {
		log_crit("cannot start: %s", rt_strerror(err));
		return EXIT_NO_START;
	}
	running = h->workers;
	signal(SIGTERM, on_end_signal);
	signal(SIGINT, on_end_signal);
	workers_go(h->workers);
	supervise_ready();
	workers_join(h->workers);
	running = NULL;
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

int host_serve(const struct program *p, int argc, char **argv)
{
	static struct host h;
	struct supervise_opts so;
	const struct net_socket *failed = NULL;
	struct net_conf conf;
	bool to_stderr;
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
	to_stderr = set_log(&h) != 0;
	if (h.o.rundir) {
		script_set_run_dir(h.o.rundir);
		mkdir(h.o.rundir, 0755);
	} else {
		mkdir("/run/kamailio", 0755);
	}
	h.server = (struct server){.p = p, .workers = worker_number(&h), .stop = stop_running, .argc = argc, .argv = argv};
	if (server_net_conf(p, &conf))
		return EXIT_NO_START;
	conf.disable_tcp |= h.o.no_tcp;
	if (h.o.auto_aliases >= 0)
		conf.auto_aliases = h.o.auto_aliases != 0;
	conf.dns_server = h.o.dns_server;
	if (h.o.rcvbuf > 0)
		conf.maxbuffer = (uint32_t)h.o.rcvbuf;
	if (net_new(&conf, &h.server.net) ||
	    server_add_sockets(h.server.net, p, &h.o.listen, &h.o.alias, NULL))
		return EXIT_NO_START;
	if (net_bind(h.server.net, h.server.workers, &failed)) {
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
	net_free(&h.server.net);
	return code;
}
