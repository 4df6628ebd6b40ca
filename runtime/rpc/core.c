/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/core.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/version.h"
#include "core/log.h"
#include "core/worker.h"

struct rpc_core_facts rpc_core_facts;

static int by_name(const void *a, const void *b)
{
	return strcmp((*(const struct std_rpc *const *)a)->name, (*(const struct std_rpc *const *)b)->name);
}

static void list_methods(struct rpc *c)
{
	const struct std_rpc **v = arena_calloc(c->arena, rpc_count() + 1, sizeof(*v));

	rpc_list(c);
	for (size_t i = 0; v && i < rpc_count(); i++)
		v[i] = rpc_at(i);
	if (v)
		qsort(v, rpc_count(), sizeof(*v), by_name);
	for (size_t i = 0; v && i < rpc_count(); i++)
		rpc_add_str(c, NULL, NULL, str_of(v[i]->name));
}

static const struct std_rpc *arg_command(struct rpc *c)
{
	const struct std_rpc *row = NULL;
	struct str name;

	if (!rpc_arg_str(c, 0, false, &name))
		return NULL;
	row = rpc_find(name);
	if (!row)
		rpc_fail(c, 400, "command not found");
	return row;
}

static void method_help(struct rpc *c)
{
	const struct std_rpc *row = arg_command(c);

	if (row)
		rpc_add_str(c, NULL, NULL, str_of(row->doc));
}

static void method_signature(struct rpc *c)
{
	if (arg_command(c))
		rpc_fail(c, 500, "Not Implemented Yet");
}

static void prints(struct rpc *c)
{
	struct str s;

	rpc_list(c);
	for (size_t i = 0; i < c->n_args; i++)
		if (rpc_arg_str(c, i, false, &s))
			rpc_add_str(c, NULL, NULL, s);
}

/* Parameters come back as text. */
static void echo(struct rpc *c)
{
	prints(c);
}

static void printi(struct rpc *c)
{
	int64_t v;

	rpc_list(c);
	for (size_t i = 0; i < c->n_args; i++)
		if (rpc_arg_int(c, i, false, &v))
			rpc_add_int(c, NULL, NULL, v);
}

static void version(struct rpc *c)
{
	rpc_add_fmt(c, NULL, NULL, "kiln %s (%s)", KILN_VERSION, KILN_TARGET);
}

/* What this server was built with, as words. */
static struct str build_flags(void)
{
	return S("USE_TCP, USE_DNS_CACHE, USE_DNS_FAILOVER, USE_NAPTR");
}

static void info(struct rpc *c)
{
	struct rpc_node *s = rpc_add_struct(c, NULL, NULL);

	rpc_add_fmt(c, s, "version", "kiln %s", KILN_VERSION);
	rpc_add_str(c, s, "id", c->prog->hash);
	rpc_add_str(c, s, "compiler", S("gcc " __VERSION__));
	rpc_add_str(c, s, "compiled", c->prog->name);
	rpc_add_str(c, s, "flags", build_flags());
}

static void flags(struct rpc *c)
{
	rpc_add_str(c, NULL, NULL, build_flags());
}

/* "Tue Nov 24 13:29:37 2026", local time. */
static void add_time(struct rpc *c, struct rpc_node *to, const char *name, int64_t us)
{
	time_t t = (time_t)(us / 1000000);
	struct tm tm;
	char buf[64];

	localtime_r(&t, &tm);
	strftime(buf, sizeof(buf), "%a %b %e %H:%M:%S %Y", &tm);
	rpc_add_str(c, to, name, str_of(buf));
}

static void uptime(struct rpc *c)
{
	struct rpc_node *s = rpc_add_struct(c, NULL, NULL);
	int64_t now = worker_wall(c->worker);

	add_time(c, s, "now", now);
	add_time(c, s, "up_since", rpc_core_facts.started_us);
	rpc_add_int(c, s, "uptime", (now - rpc_core_facts.started_us) / 1000000);
}

static void runinfo(struct rpc *c)
{
	struct rpc_node *s = rpc_add_struct(c, NULL, NULL);
	int64_t now = worker_wall(c->worker), up = (now - rpc_core_facts.started_us) / 1000000;

	rpc_add_str(c, s, "name", S("kiln"));
	rpc_add_str(c, s, "version", S(KILN_VERSION));
	rpc_add_str(c, s, "sourceid", c->prog->hash);
	rpc_add_str(c, s, "compiler", S("gcc " __VERSION__));
	rpc_add_str(c, s, "compiled", c->prog->name);
	add_time(c, s, "time_now", now);
	add_time(c, s, "time_started", rpc_core_facts.started_us);
	rpc_add_int(c, s, "uptime_secs", up);
	rpc_add_fmt(c, s, "utime_days", "%dd %dh %dm %ds", (int)(up / 86400), (int)(up / 3600 % 24), (int)(up / 60 % 60),
		    (int)(up % 60));
}

/* There is no pool of a fixed size: what is held is all there is. */
static void shmmem(struct rpc *c)
{
	struct rpc_node *s = rpc_add_struct(c, NULL, NULL);
	int64_t held = (int64_t)mem_bytes();

	rpc_add_int(c, s, "total", held);
	rpc_add_int(c, s, "free", 0);
	rpc_add_int(c, s, "used", held);
	rpc_add_int(c, s, "real_used", held);
	rpc_add_int(c, s, "max_used", held);
	rpc_add_int(c, s, "fragments", (int64_t)mem_blocks());
}

static void shm_info(struct rpc *c)
{
	struct rpc_node *s = rpc_add_struct(c, NULL, NULL);

	rpc_add_str(c, s, "name", S("malloc"));
	rpc_add_int(c, s, "size", (int64_t)mem_bytes());
}

static void psx(struct rpc *c)
{
	rpc_list(c);
	for (unsigned i = 0; i < rpc_core_facts.workers; i++) {
		struct rpc_node *s = rpc_add_struct(c, NULL, NULL);

		rpc_add_int(c, s, "IDX", i);
		rpc_add_int(c, s, "PID", getpid());
		rpc_add_fmt(c, s, "DSC", "worker %u", i);
	}
}

static void psa(struct rpc *c)
{
	rpc_list(c);
	for (unsigned i = 0; i < rpc_core_facts.workers; i++) {
		struct rpc_node *s = rpc_add_struct(c, NULL, NULL);

		rpc_add_int(c, s, "index", i);
		rpc_add_int(c, s, "pid", getpid());
		rpc_add_int(c, s, "status", 1);
		rpc_add_int(c, s, "rank", i + 1);
		rpc_add_fmt(c, s, "description", "worker %u", i);
	}
}

static void ps(struct rpc *c)
{
	rpc_list(c);
	for (unsigned i = 0; i < rpc_core_facts.workers; i++) {
		rpc_add_int(c, NULL, NULL, getpid());
		rpc_add_fmt(c, NULL, NULL, "worker %u", i);
	}
}

static void pwd(struct rpc *c)
{
	char buf[512];

	rpc_list(c);
	if (!getcwd(buf, sizeof(buf)))
		rpc_fail(c, 500, "cannot tell");
	else
		rpc_add_str(c, NULL, NULL, str_of(buf));
}

static void arg(struct rpc *c)
{
	rpc_list(c);
	for (int i = 0; i < rpc_core_facts.argc; i++)
		rpc_add_str(c, NULL, NULL, str_of(rpc_core_facts.argv[i]));
}

static void kill_server(struct rpc *c)
{
	(void)c;
	if (rpc_core_facts.stop)
		rpc_core_facts.stop();
}

static void modules(struct rpc *c)
{
	rpc_list(c);
	for (size_t i = c->prog->n_modules; i-- > 0;)
		if (strcmp(c->prog->modules[i]->name, "core") != 0)
			rpc_add_str(c, NULL, NULL, str_of(c->prog->modules[i]->name));
}

static void ppdefines(struct rpc *c)
{
	rpc_list(c);
	for (size_t i = 0; i < c->prog->n_defines; i++)
		rpc_add_str(c, NULL, NULL, c->prog->defines[i].name);
}

static void ppdefines_full(struct rpc *c)
{
	rpc_list(c);
	for (size_t i = 0; i < c->prog->n_defines; i++) {
		struct rpc_node *s = rpc_add_struct(c, NULL, NULL);

		rpc_add_str(c, s, "name", c->prog->defines[i].name);
		rpc_add_int(c, s, "type", 0);
		rpc_add_str(c, s, "value", c->prog->defines[i].value.n ? c->prog->defines[i].value : S("none"));
	}
}

/* What the reference answers without use_dst_blocklist. */
static void no_blocklist(struct rpc *c)
{
	rpc_fail(c, 500, "dst blocklist support disabled");
}

const struct std_rpc rpc_core_commands[] = {
	{"system.listMethods", list_methods, "Names of all commands."},
	{"system.methodHelp", method_help, "What a command does."},
	{"system.methodSignature", method_signature, "Types of a command (not declared)."},
	{"core.echo", echo, "Return the parameters."},
	{"core.prints", prints, "Return strings."},
	{"core.printi", printi, "Return integers."},
	{"core.version", version, "Version of this server."},
	{"core.info", info, "Version, compiler, script and its hash."},
	{"core.uptime", uptime, "Now, start, and seconds between."},
	{"core.psx", psx, "Workers: number, process, what they are."},
	{"core.psa", psa, "Workers: number, process, state, rank, what they are."},
	{"core.ps", ps, "Workers: process and what they are."},
	{"core.pwd", pwd, "Working directory."},
	{"core.arg", arg, "Command line."},
	{"core.kill", kill_server, "End the server."},
	{"core.modules", modules, "Modules that are linked in."},
	{"core.ppdefines", ppdefines, "Preprocessor defines of the script."},
	{"core.ppdefines_full", ppdefines_full, "The same with values."},
	{"core.flags", flags, "What the server was built with."},
	{"core.runinfo", runinfo, "Version, start and seconds since."},
	{"core.shmmem", shmmem, "Memory held, in bytes."},
	{"shm.stats", shmmem, "Memory held, in bytes."},
	{"shm.info", shm_info, "How memory is had, and how much is held."},
	{"pkg.info", shm_info, "The same: there is one memory."},
	{"dst_blocklist.add", no_blocklist, "There is no destination blocklist: always a fault."},
	{"dst_blocklist.debug", no_blocklist, "The same."},
	{"dst_blocklist.delete_all", no_blocklist, "The same."},
	{"dst_blocklist.mem_info", no_blocklist, "The same."},
	{"dst_blocklist.view", no_blocklist, "The same."},
	{NULL, NULL, NULL},
};
