/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options.h - the reference server's command line, as data.
 *
 * Read by a built server (run-time part) and by `kamailio` mode of the tool (all of it). Texts are
 * views of argv. Repeated options are kept in order; more than HOST_OPT_MAX of one are refused.
 */
#ifndef HOST_OPTIONS_H
#define HOST_OPTIONS_H

#include <stdio.h>

#include "base/str.h"

enum { HOST_OPT_MAX = 64 };

struct host_list {
	const char *v[HOST_OPT_MAX];
	size_t n;
};

struct host_options {
	const char *config;      /* -f */
	bool check;              /* -c */
	bool cfg_print;          /* --cfg-print */
	bool help, version;      /* -h, -v */
	struct host_list listen; /* -l */
	struct host_list alias;  /* --alias */
	struct host_list define, subst, substdef, substdefs, loadmodule, modparam; /* compile time */
	const char *module_path; /* -L */
	const char *pid_file, *pgid_file, *user, *group, *chroot, *workdir, *rundir;
	const char *log_engine;
	const char *debug_socket; /* --debug-socket (ours) */
	int auto_aliases; /* -a: 1, 0, or -1 not told */
	int debug_more;   /* count of -d */
	bool debug_set;
	int debug;        /* --debug */
	int no_fork;      /* count of -D */
	bool log_stderr, log_color;
	int children, tcp_children; /* 0: not told */
	bool no_tcp;
	int server_id; /* -1: not told */
	bool check_via_dns, check_via_rdns, check_reply_via;
	int rcvbuf; /* -b, 0: not told */
	int workers; /* --workers (ours), 0: not told */
	const char *dns_server; /* --dns-server (ours) */
	int compat; /* --compat=6 (ours), 0: not told */
};

/* Fill *o; false after printing what is wrong to stderr. `program` goes before messages. */
bool host_options_parse(const char *program, int argc, char **argv, struct host_options *o);
/* The help text; says which options are taken without effect. */
void host_options_help(FILE *out, const char *program);
void host_version_print(FILE *out, const char *program);

#endif
