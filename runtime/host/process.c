/* SPDX-License-Identifier: Apache-2.0 */
#include "host/process.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "core/log.h"
#include "host/server.h"
#include "script/env.h"
#include "script/load.h"
#include "script/log_prefix.h"
#include "world/world_real.h"

enum { TEXT_MAX = 256, FILES_BESIDE = 1024 };

/* ---- settings ---- */

/* The option, or the script's text in one of a few slots of the process. */
static int text_of(const struct program *p, const char *option, const char *name, const char **ret)
{
	static char slots[8][TEXT_MAX];
	static unsigned used;
	struct str s = program_core_str(p, name, STR_NULL);

	*ret = option;
	if (option || !s.n)
		return 0;
	if (s.n >= TEXT_MAX || used == 8) {
		log_err("%s is too long", name);
		return RT_E_INVAL;
	}
	memcpy(slots[used], s.p, s.n);
	*ret = slots[used++];
	return 0;
}

int process_conf_from(const struct program *p, const struct host_options *o, struct process_conf *c)
{
	*c = (struct process_conf){.exit_timeout = program_core_int(p, "exit_timeout", 60),
				   .log_stderr = o->log_stderr || program_core_int(p, "log_stderror", 0),
				   .log_color = o->log_color || program_core_int(p, "log_color", 0)};
	return text_of(p, o->user, "user", &c->user) || text_of(p, o->group, "group", &c->group) ||
			       text_of(p, o->chroot, "chroot", &c->chroot) ||
			       text_of(p, o->workdir, "workdir", &c->workdir) ||
			       text_of(p, o->rundir, "run_dir", &c->run_dir)
		       ? RT_E_INVAL
		       : 0;
}

/* ---- log ---- */

static const struct {
	const char *name;
	int facility;
} facilities[] = {
	{"LOG_AUTH", LOG_AUTH},     {"LOG_AUTHPRIV", LOG_AUTHPRIV}, {"LOG_CRON", LOG_CRON},
	{"LOG_DAEMON", LOG_DAEMON}, {"LOG_FTP", LOG_FTP},	    {"LOG_KERN", LOG_KERN},
	{"LOG_LOCAL0", LOG_LOCAL0}, {"LOG_LOCAL1", LOG_LOCAL1},	    {"LOG_LOCAL2", LOG_LOCAL2},
	{"LOG_LOCAL3", LOG_LOCAL3}, {"LOG_LOCAL4", LOG_LOCAL4},	    {"LOG_LOCAL5", LOG_LOCAL5},
	{"LOG_LOCAL6", LOG_LOCAL6}, {"LOG_LOCAL7", LOG_LOCAL7},	    {"LOG_LPR", LOG_LPR},
	{"LOG_MAIL", LOG_MAIL},     {"LOG_NEWS", LOG_NEWS},	    {"LOG_SYSLOG", LOG_SYSLOG},
	{"LOG_USER", LOG_USER},     {"LOG_UUCP", LOG_UUCP},
};

static bool facility_of(struct str name, int *ret)
{
	for (size_t i = 0; i < sizeof(facilities) / sizeof(facilities[0]); i++) {
		if (!str_eq(name, str_of(facilities[i].name)))
			continue;
		*ret = facilities[i].facility;
		return true;
	}
	return false;
}

int process_log(const struct program *p, const struct host_options *o, const struct process_conf *c)
{
	struct str facility = program_core_str(p, "log_facility", S("LOG_DAEMON"));
	const char *ident = NULL;
	int number;

	server_log_level(p, o->debug_set, o->debug, o->debug_more);
	script_log_prefix(p);
	world_real_log_color(c->log_color);
	if (c->log_stderr)
		return 0;
	if (!facility_of(facility, &number)) {
		log_err("unknown log_facility " STR_FMT, STR_ARG(facility));
		return RT_E_INVAL;
	}
	if (text_of(p, NULL, "log_name", &ident))
		return RT_E_INVAL;
	openlog(ident ? ident : "kamailio", LOG_PID | LOG_CONS, number);
	world_real_log_to(WORLD_LOG_SYSLOG);
	log_set_head(false);
	return 0;
}

/* ---- folders, limits ---- */

int process_dirs(const struct process_conf *c)
{
	const char *run = c->run_dir ? c->run_dir : "/run/kamailio";

	script_set_run_dir(run);
	mkdir(run, 0755); /* when it cannot be, the first who needs it says so */
	if (c->workdir && chdir(c->workdir)) {
		log_crit("cannot change to %s: %s", c->workdir, strerror(errno));
		return RT_E_IO;
	}
	return 0;
}

static int set_limit(int what, const char *name, rlim_t want, bool must)
{
	struct rlimit l;

	if (getrlimit(what, &l))
		return RT_E_IO;
	if (l.rlim_cur >= want && !must)
		return 0;
	l.rlim_cur = want;
	if (want > l.rlim_max)
		l.rlim_max = want;
	if (setrlimit(what, &l) == 0)
		return 0;
	getrlimit(what, &l);
	l.rlim_cur = l.rlim_max;
	if (setrlimit(what, &l) || must) {
		log_err("cannot set the limit of %s: %s", name, strerror(errno));
		return RT_E_IO;
	}
	return 0;
}

int process_limits(const struct program *p, unsigned conns)
{
	int64_t files = program_core_int(p, "open_files_limit", -1);
	struct rlimit core;

	if (!getrlimit(RLIMIT_CORE, &core)) {
		core.rlim_cur = program_core_int(p, "disable_core_dump", 0) ? 0 : core.rlim_max;
		(void)setrlimit(RLIMIT_CORE, &core);
	}
	if (program_core_int(p, "mlock_pages", 0) && mlockall(MCL_CURRENT | MCL_FUTURE))
		log_warn("memory is not locked: %s", strerror(errno));
	if (files > 0)
		return set_limit(RLIMIT_NOFILE, "open files", (rlim_t)files, true);
	(void)set_limit(RLIMIT_NOFILE, "open files", (rlim_t)conns + FILES_BESIDE, false);
	return 0;
}

int process_drop_rights(const struct process_conf *c)
{
	struct group *g = c->group ? getgrnam(c->group) : NULL;
	struct passwd *u = c->user ? getpwnam(c->user) : NULL;
	int64_t number;
	gid_t gid = g ? g->gr_gid : u ? u->pw_gid : 0;
	uid_t uid = u ? u->pw_uid : 0;

	if (c->group && !g) {
		if (!str_to_i64(str_of(c->group), &number) || number < 0) {
			log_err("no such group: %s", c->group);
			return RT_E_NOENT;
		}
		gid = (gid_t)number;
	}
	if (c->user && !u) {
		if (!str_to_i64(str_of(c->user), &number) || number < 0) {
			log_err("no such user: %s", c->user);
			return RT_E_NOENT;
		}
		uid = (uid_t)number;
	}
	if (c->chroot && (chroot(c->chroot) || chdir("/"))) {
		log_err("cannot chroot to %s: %s", c->chroot, strerror(errno));
		return RT_E_IO;
	}
	if (((c->group || u) && setgid(gid)) || (u && initgroups(u->pw_name, gid)) || (c->user && setuid(uid))) {
		log_err("cannot change user or group: %s", strerror(errno));
		return RT_E_IO;
	}
	return 0;
}
