/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One table: option, whether it has a value, how it is stored, its help. What the reference needs and
 * Kiln does not (memory sizes, allocators, poll method) is taken, checked for form, and has no effect;
 * the help says so.
 */
#include "host/options.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/version.h"

enum kind {
	K_FLAG,  /* bool */
	K_COUNT, /* int */
	K_INT,
	K_TEXT, /* const char * */
	K_LIST, /* struct host_list */
	K_YES,  /* int from yes/no */
	K_NOOP, /* value taken, no effect */
	K_NOOP_FLAG,
};

struct option_row {
	const char *name; /* "f", or "alias" for --alias=val */
	enum kind kind;
	size_t off;
	const char *arg;
	const char *help;
};

#define AT(field) offsetof(struct host_options, field)

static const struct option_row rows[] = {
	{"a", K_YES, AT(auto_aliases), "mode", "aliases from the listen addresses: yes|on or no|off"},
	{"alias", K_LIST, AT(alias), "val", "add an alias, [proto:]hostname[:port]"},
	{"atexit", K_NOOP, 0, "val", "no effect"},
	{"A", K_LIST, AT(define), "define", "preprocessor define, NAME or NAME=VALUE (when compiling)"},
	{"b", K_INT, AT(rcvbuf), "nr", "largest UDP receive buffer in bytes"},
	{"c", K_FLAG, AT(check), NULL, "check the script and end"},
	{"cfg-print", K_FLAG, AT(cfg_print), NULL, "print the script after includes and conditions"},
	{"compat", K_INT, AT(compat), "version", "language of the reference's version: 5 (default) or 6"},
	{"d", K_COUNT, AT(debug_more), NULL, "raise the log level by one each time"},
	{"debug", K_INT, AT(debug), "val", "log level"},
	{"debug-socket", K_TEXT, AT(debug_socket), "path", "let kiln attach look in (code compiled with --observe)"},
	{"dns-server", K_TEXT, AT(dns_server), "ip[:port]", "ask this name server instead of the system's"},
	{"D", K_COUNT, AT(no_fork), NULL, "-D, -DD: stay in the foreground; -DDD: daemon (default)"},
	{"e", K_FLAG, AT(log_color), NULL, "colours in the log (with -E)"},
	{"E", K_FLAG, AT(log_stderr), NULL, "log to stderr"},
	{"f", K_TEXT, AT(config), "file", "script (default /etc/kamailio/kamailio.cfg)"},
	{"g", K_TEXT, AT(group), "gid", "change to this group"},
	{"G", K_TEXT, AT(pgid_file), "file", "write the process group id here"},
	{"h", K_FLAG, AT(help), NULL, "this text"},
	{"help", K_FLAG, AT(help), NULL, "the same"},
	{"I", K_FLAG, AT(version), NULL, "version and build"},
	{"K", K_FLAG, AT(check_reply_via), NULL, "check the Via host of replies"},
	{"l", K_LIST, AT(listen), "address", "listen on [proto:]address[:port][/advertised], repeatable"},
	{"loadmodule", K_LIST, AT(loadmodule), "name", "load a module (when compiling)"},
	{"log-engine", K_TEXT, AT(log_engine), "val", "no effect: lines go to stderr or to syslog"},
	{"L", K_TEXT, AT(module_path), "path", "no effect: modules are part of the program"},
	{"m", K_NOOP, 0, "nr", "shared memory in MB: no effect, memory grows within budgets"},
	{"modparam", K_LIST, AT(modparam), "m:p:t:v", "module parameter, type s or i (when compiling)"},
	{"M", K_NOOP, 0, "nr", "private memory in MB: no effect"},
	{"n", K_INT, AT(children), "nr", "workers (default: one for each core)"},
	{"N", K_INT, AT(tcp_children), "nr", "no effect of its own: workers serve all transports"},
	{"O", K_NOOP, 0, "nr", "no effect: the compiler optimises"},
	{"P", K_TEXT, AT(pid_file), "file", "write the pid here"},
	{"Q", K_NOOP, 0, "nr", "no effect: no SCTP"},
	{"r", K_FLAG, AT(check_via_dns), NULL, "no effect: received is added whenever Via's host is not the source address"},
	{"R", K_FLAG, AT(check_via_rdns), NULL, "no effect: as -r"},
	{"server-id", K_INT, AT(server_id), "num", "value of server_id"},
	{"subst", K_LIST, AT(subst), "exp", "subst directive (when compiling)"},
	{"substdef", K_LIST, AT(substdef), "exp", "substdef directive (when compiling)"},
	{"substdefs", K_LIST, AT(substdefs), "exp", "substdefs directive (when compiling)"},
	{"S", K_NOOP_FLAG, 0, NULL, "no effect: no SCTP"},
	{"t", K_TEXT, AT(chroot), "dir", "chroot"},
	{"T", K_FLAG, AT(no_tcp), NULL, "no TCP"},
	{"u", K_TEXT, AT(user), "uid", "change to this user"},
	{"v", K_FLAG, AT(version), NULL, "version"},
	{"version", K_FLAG, AT(version), NULL, "version"},
	{"V", K_FLAG, AT(version), NULL, "version"},
	{"w", K_TEXT, AT(workdir), "dir", "working directory (default /)"},
	{"workers", K_INT, AT(workers), "nr", "exactly so many worker threads (default: -n 1 one, else one for each core)"},
	{"W", K_NOOP, 0, "type", "poll method: no effect, epoll"},
	{"x", K_NOOP, 0, "name", "memory manager: no effect"},
	{"X", K_NOOP, 0, "name", "memory manager: no effect"},
	{"Y", K_TEXT, AT(rundir), "dir", "run-time directory"},
};

enum { N_ROWS = sizeof(rows) / sizeof(rows[0]) };

static const struct option_row *row_find(struct str name)
{
	for (size_t i = 0; i < N_ROWS; i++)
		if (str_eq(str_of(rows[i].name), name))
			return &rows[i];
	return NULL;
}

static bool has_value(const struct option_row *row)
{
	return row->kind != K_FLAG && row->kind != K_COUNT && row->kind != K_NOOP_FLAG;
}

static bool bad(const char *program, const char *what, struct str name)
{
	fprintf(stderr, "%s: %s: %s" STR_FMT " (see -h)\n", program, what, name.n > 1 ? "--" : "-",
		STR_ARG(name));
	return false;
}

static bool parse_yes(const char *v, int *ret)
{
	static const char *const yes[] = {"yes", "on", "1", "true"};
	static const char *const no[] = {"no", "off", "0", "false"};

	for (int i = 0; i < 4; i++) {
		if (str_ieq(str_of(v), str_of(yes[i]))) {
			*ret = 1;
			return true;
		}
		if (str_ieq(str_of(v), str_of(no[i]))) {
			*ret = 0;
			return true;
		}
	}
	return false;
}

static bool store(const char *program, const struct option_row *row, const char *v,
		  struct host_options *o)
{
	void *at = (char *)o + row->off;
	struct str name = str_of(row->name);
	int64_t n;

	switch (row->kind) {
	case K_FLAG:
		*(bool *)at = true;
		return true;
	case K_COUNT:
		(*(int *)at)++;
		return true;
	case K_INT:
		if (!str_to_i64(str_of(v), &n) || n < INT32_MIN || n > INT32_MAX)
			return bad(program, "not a number", name);
		*(int *)at = (int)n;
		if (row->off == AT(debug))
			o->debug_set = true;
		return true;
	case K_TEXT:
		*(const char **)at = v;
		return true;
	case K_LIST: {
		struct host_list *l = at;

		if (l->n == HOST_OPT_MAX)
			return bad(program, "given too often", name);
		l->v[l->n++] = v;
		return true;
	}
	case K_YES:
		return parse_yes(v, at) || bad(program, "not yes or no", name);
	case K_NOOP:
	case K_NOOP_FLAG:
		return true;
	}
	return false;
}

static bool parse_long(const char *program, const char *arg, struct host_options *o)
{
	struct str rest = str_of(arg + 2), name = str_cut(&rest, '=');
	const struct option_row *row = name.n > 1 ? row_find(name) : NULL;

	if (!row)
		return bad(program, "unknown option", name);
	if (has_value(row) && !rest.p)
		return bad(program, "needs a value (--name=value)", name);
	return store(program, row, rest.p, o);
}

/* "-DDE", "-fFILE", "-f FILE". */
static bool parse_short(const char *program, int argc, char **argv, int *i, struct host_options *o)
{
	for (const char *p = argv[*i] + 1; *p; p++) {
		const struct option_row *row = row_find(str_make(p, 1));
		const char *v = p + 1;

		if (!row)
			return bad(program, "unknown option", str_make(p, 1));
		if (!has_value(row)) {
			if (!store(program, row, NULL, o))
				return false;
			continue;
		}
		if (!*v && *i + 1 == argc)
			return bad(program, "needs a value", str_make(p, 1));
		return store(program, row, *v ? v : argv[++*i], o);
	}
	return true;
}

bool host_options_parse(const char *program, int argc, char **argv, struct host_options *o)
{
	*o = (struct host_options){.auto_aliases = -1, .server_id = -1};
	for (int i = 1; i < argc; i++) {
		bool ok;

		if (argv[i][0] != '-' || !argv[i][1]) {
			fprintf(stderr, "%s: unexpected argument: %s (see -h)\n", program, argv[i]);
			return false;
		}
		ok = argv[i][1] == '-' ? parse_long(program, argv[i], o)
				       : parse_short(program, argc, argv, &i, o);
		if (!ok)
			return false;
	}
	return true;
}

void host_options_help(FILE *out, const char *program)
{
	host_version_print(out, program);
	fprintf(out, "Usage: %s [options]\nOptions:\n", program);
	for (size_t i = 0; i < N_ROWS; i++) {
		const struct option_row *row = &rows[i];
		bool is_long = row->name[1] != 0;
		char left[48];

		snprintf(left, sizeof(left), "%s%s%s%s", is_long ? "--" : "-", row->name,
			 !row->arg ? "" : is_long ? "=" : " ", row->arg ? row->arg : "");
		fprintf(out, "    %-20s %s\n", left, row->help);
	}
}

void host_version_print(FILE *out, const char *program)
{
	fprintf(out, "version: %s %s (%s), kiln; takes scripts of kamailio 5.6\n", program, KILN_VERSION,
		KILN_TARGET);
}
