/* SPDX-License-Identifier: Apache-2.0 */
/*
 * program.h - a compiled script as the runtime sees it: one constant tree of tables.
 *
 * Emitted by codegen as the symbol `kiln_program` (executable) or handed over by the JIT; host_serve
 * takes it from there. Everything is read-only and lives as long as the program is loaded. Messages
 * pin the program they started with (struct run.prog), so that a new one can take over later.
 */
#ifndef ABI_PROGRAM_H
#define ABI_PROGRAM_H

#include "abi/run.h"

struct std_module;
struct pv_ref;

enum { PROGRAM_ABI = 7 }; /* raised whenever a layout in abi/ changes */

/* Where a statement stands. Index 0 is "no statement". */
struct program_site {
	const char *file;
	uint32_t line;
	uint32_t column;
	int32_t route; /* index into routes, -1 outside */
	int32_t unused;
};

enum route_kind {
	ROUTE_REQUEST,   /* request_route; name "" */
	ROUTE_SUB,       /* route[NAME] */
	ROUTE_CORE_REPLY,/* reply_route; name "" */
	ROUTE_ONREPLY,   /* onreply_route[NAME] */
	ROUTE_FAILURE,
	ROUTE_BRANCH,
	ROUTE_ONSEND,
	ROUTE_EVENT,     /* name "grp:event"; tm:branch-failure:NAME too */
};

struct program_route {
	struct str name;
	route_fn *fn;
	int32_t kind; /* enum route_kind */
	int32_t unused;
	const char *symbol; /* "route_sub_RELAY" */
};

/* A format string as code: evaluates into a view of the run's arena. 0, or negative on failure. */
struct fmt_ref {
	int32_t (*eval)(struct run *r, struct str *ret);
	struct str text; /* as written */
	int32_t arrived; /* 1: whenever it is evaluated it is the same for one message (PVF_ARRIVED) */
	int32_t unused;
};

/* name=format pairs of parameters such as acc's log_extra. */
struct fmt_pair {
	struct str name;
	struct fmt_ref fmt;
};

enum program_value_kind { PROGRAM_INT, PROGRAM_STR, PROGRAM_PV, PROGRAM_FMT, PROGRAM_PAIRS };

struct program_value {
	int32_t kind; /* enum program_value_kind */
	int32_t n;    /* number of pairs */
	int64_t i;
	struct str s; /* text as written, for every kind but INT */
	const struct pv_ref *pv;
	const struct fmt_ref *fmt;
	const struct fmt_pair *pairs;
};

struct program_param { /* one modparam, in the order of the script */
	const struct std_module *module;
	struct str name;
	struct program_value value;
	uint32_t site;
	uint32_t unused;
};

struct program_core_param { /* one core parameter assignment (canonical name), in order */
	struct str name;
	struct program_value value;
	uint32_t site;
	uint32_t unused;
};

struct program_cfg_var { /* group[inst].var = value */
	struct str group, name;
	int64_t instance; /* -1: the default instance */
	struct program_value value;
	struct str doc; /* desc "..." */
};

struct program_listen { /* listen= and socket{}; hosts resolved at start */
	int32_t proto;  /* enum proto; PROTO_NONE: all of udp and tcp */
	int32_t port;   /* 0: the default of that line */
	struct str host; /* ip, host name or interface */
	struct str name;
	struct str adv_host;
	int32_t adv_port;
	int32_t adv_proto;
	int32_t virtual_;
	int32_t workers; /* children in force at that line, 0: default */
};

struct program_alias {
	int32_t proto;
	int32_t port;
	struct str host;
};

struct program_flag { /* names from flags/avpflags */
	struct str name;
	int32_t number;
	int32_t is_avp;
};

struct program_define {
	struct str name, value;
};

struct program {
	uint32_t abi; /* PROGRAM_ABI */
	uint32_t compat; /* 5 or 6 */
	struct str name; /* script file as given */
	struct str hash; /* hex SHA-256 of the preprocessed script */
	const struct program_site *sites;
	uint64_t n_sites;
	const struct program_route *routes;
	uint64_t n_routes;
	const struct std_module *const *modules; /* in load order; "core" and what it needs first */
	uint64_t n_modules;
	const struct program_param *params;
	uint64_t n_params;
	const struct program_core_param *core;
	uint64_t n_core;
	const struct program_cfg_var *cfg_vars;
	uint64_t n_cfg_vars;
	const struct program_listen *listens;
	uint64_t n_listens;
	const struct program_alias *aliases;
	uint64_t n_aliases;
	const struct program_flag *flags;
	uint64_t n_flags;
	const struct program_define *defines; /* for $def and RPC */
	uint64_t n_defines;
	uint64_t n_vars; /* slots of a $var frame */
	const struct str *var_names;
	const uint32_t *kept_vars; /* slots whose values outlive a run; nobody reads an older value of the others */
	uint64_t n_kept_vars;
	/* constant regexes and substitutions, compiled once at load into the parallel slots */
	const struct program_regex *regexes;
	uint64_t n_regexes;
	uint64_t observed; /* the code tells script/observe.h what it does */
	int32_t (*init)(const struct program *p); /* reserved for generated start-up code, may be NULL */
};

/* A constant regex, substitution or select; generated code passes slot's content after program_load compiled it. */
enum program_constant { CONST_REGEX, CONST_SUBST /* "/re/repl/flags" */, CONST_SELECT /* "from.uri" */ };

struct program_regex {
	struct str text;
	int32_t flags; /* enum rt_regex_flag */
	int32_t kind;  /* enum program_constant */
	void **slot;
};

/* Is the statement in that file? `file` may be the end of the path, from a slash on; empty: any file. */
bool program_site_in(const struct program_site *s, struct str file);
/* The statement that begins there (file as it is shown), or 0. Linear. */
uint32_t program_site_find(const struct program *p, struct str file, uint32_t line, uint32_t column);
/* Index of the route of that kind and name, or -1. Linear: use at load or for dynamic names only. */
int32_t program_route_find(const struct program *p, enum route_kind kind, struct str name);

#endif
