/* SPDX-License-Identifier: Apache-2.0 */
/*
 * catalog.h - everything a script may name, as data.
 *
 * Two layers. Built: the rows of stdlib/<module>/<module>.def, compiled into tables; what is in there
 * works. Known: names, arities and contexts of what the reference server has (known/<kind>.tsv), so
 * that "not supported yet" and "no such thing" are different diagnostics. For sema, lint, lower,
 * coverage and explain. A catalog lives in the arena it was made in and is never changed after
 * catalog_new, but for lazily made indexes: one thread at a time.
 */
#ifndef CATALOG_CATALOG_H
#define CATALOG_CATALOG_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/def.h"
#include "base/arena.h"
#include "base/sb.h"
#include "base/str.h"

struct catalog;

enum { CAT_ARGS_MAX = 6 };

/* Argument kinds, as in abi/def.h. */
enum cat_arg_kind {
	CAT_INT,
	CAT_STR,
	CAT_VSTR,
	CAT_CSTR,
	CAT_ANY,
	CAT_PVAR,
	CAT_PVAR_W,
	CAT_AVP,
	CAT_ROUTE,
	CAT_ROUTE_ONREPLY,
	CAT_ROUTE_FAILURE,
	CAT_ROUTE_BRANCH,
	CAT_ROUTE_BRANCH_FAILURE,
	CAT_REGEX,
	CAT_SUBST,
	CAT_METHODS,
	CAT_FLAG,
	CAT_LEVEL,
	CAT_CODE,
	CAT_TABLE,
	CAT_SHT,
	CAT_SHTKEY,
	CAT_ENUM,
	CAT_HDRREF,
	CAT_PVLIST_W,
};

enum cat_inner {
	CAT_INNER_NONE,
	CAT_INNER_KEY,
	CAT_INNER_NAME,
	CAT_INNER_NUMBER,
	CAT_INNER_FLAGNAME,
	CAT_INNER_VARSLOT,
	CAT_INNER_AVPNAME,
	CAT_INNER_PATH,
	CAT_INNER_PV,
	CAT_INNER_FMT,
	CAT_INNER_SHTKEY,
};

enum cat_param_type {
	CAT_PARAM_INT,
	CAT_PARAM_STR,
	CAT_PARAM_PV,
	CAT_PARAM_FMT,
	CAT_PARAM_PAIRS,
	CAT_PARAM_INT_CB,
	CAT_PARAM_STR_CB,
};

struct cat_arg {
	int kind;         /* enum cat_arg_kind */
	const char *keys; /* ENUM, HDRREF: "a|b|c" */
	const char *name;
};

struct cat_module {
	const char *name;
	const char *doc;
	int index; /* position in the catalog */
};

struct cat_fn {
	const char *module;
	const char *name;   /* as the script calls it */
	const char *c_name; /* body is std_<module>_<c_name> */
	uint32_t contexts;  /* IN_* */
	uint32_t effects;   /* FX_* */
	int n_args;
	struct cat_arg args[CAT_ARGS_MAX];
	const char *doc;
	const char *alias_of;      /* name of the row this is an alias of, or NULL */
	bool const_args;           /* the reference takes constant expressions only */
	const struct cat_fn *next; /* same name: another arity or module */
};

struct cat_pv {
	const char *module;
	const char *name;
	const char *c_name; /* std_<module>_pv_<c_name>_get, _set */
	int inner;          /* enum cat_inner */
	const char *keys;   /* KEY: "a|b|c"; PATH: NULL, or those of ID=>KEY, "a[]" with an index */
	uint32_t flags;     /* PVF_* */
	uint32_t type;      /* VT_* */
	bool writable;
	const char *doc;
	const char *alias_of;
	const struct cat_pv *next;
};

struct cat_tr {
	const char *module;
	const char *klass;
	const char *name;
	const char *c_name; /* std_<module>_tr_<c_name> */
	int n_args;
	struct cat_arg args[CAT_ARGS_MAX];
	uint32_t type; /* VT_* */
	const char *doc;
	const struct cat_tr *next; /* same class.name: another arity or module */
};

struct cat_param {
	const char *module;
	const char *name;
	int type; /* enum cat_param_type */
	const char *def;
	const char *doc;
	bool noop; /* accepted without effect; doc says why */
	const struct cat_param *next;
};

/* EVENT, RPC and STAT rows. */
struct cat_named {
	const char *module;
	const char *name;
	const char *c_name; /* RPC: std_<module>_rpc_<c_name>; STAT: the group */
	const char *doc;
};

/* A name of the reference. What a..c hold depends on the kind. */
enum cat_known_kind {
	KNOWN_MODULE,
	KNOWN_FN,     /* a: number of arguments, b: blocks RFBSCTE, c: const|dyn|- */
	KNOWN_PARAM,  /* a: int, str, func:int ... */
	KNOWN_PV,     /* a: inner|index|..., b: ro|rw */
	KNOWN_TR,     /* name is class.name; a: parameters */
	KNOWN_EVENT,
	KNOWN_GROUP,  /* configuration groups taken by the core and by modules */
	KNOWN_SELECT, /* name with @ and %s, %d */
	KNOWN_STAT,
	KNOWN_KINDS,
};

struct cat_known {
	const char *module;
	const char *name;
	const char *a, *b, *c;
};

enum cat_core_kind {
	CATCORE_NUM,    /* unsigned number */
	CATCORE_INT,    /* number with optional sign */
	CATCORE_STR,
	CATCORE_ID,
	CATCORE_ID_STR,
	CATCORE_ID_NUM,
	CATCORE_NUM_STR,
	CATCORE_IP4,
	CATCORE_IP6,
	CATCORE_PROTO,
	CATCORE_HOST,
	CATCORE_LIST,   /* listen, alias: their own syntax */
	CATCORE_TLSM,
	CATCORE_ATTR,
};

/* A core parameter; `effect` false: accepted, does nothing here, `why` tells the reason. */
struct cat_core_param {
	const char *name;    /* canonical */
	const char *aliases; /* "a,b" or "" */
	int kind;            /* enum cat_core_kind */
	const char *def;
	bool effect;
	const char *why;
};

/* NULL when memory is out. */
struct catalog *catalog_new(struct arena *a);

/* Built modules in table order; "core" among them when it is built. */
const struct cat_module *cat_modules(const struct catalog *c, size_t *n);
const struct cat_module *cat_module_find(const struct catalog *c, struct str name);

/* First of the rows of that name over all built modules (follow ->next), or NULL. */
const struct cat_fn *cat_fn_find(const struct catalog *c, struct str name);
const struct cat_pv *cat_pv_find(const struct catalog *c, struct str name);
/* Class and name ignore case. */
const struct cat_tr *cat_tr_find(const struct catalog *c, struct str klass, struct str name);
/* Exact parameter of one module. */
const struct cat_param *cat_param_find(const struct catalog *c, struct str module, struct str name);
/* Canonical name or alias; "coreparam" names too. */
const struct cat_core_param *cat_core_param_find(const struct catalog *c, struct str name);
const struct cat_core_param *cat_core_params(size_t *n);

/* All rows, for coverage, explain and completion. */
const struct cat_fn *cat_fn_all(const struct catalog *c, size_t *n);
const struct cat_pv *cat_pv_all(const struct catalog *c, size_t *n);
const struct cat_tr *cat_tr_all(const struct catalog *c, size_t *n);
const struct cat_param *cat_param_all(const struct catalog *c, size_t *n);
const struct cat_named *cat_event_all(const struct catalog *c, size_t *n);
const struct cat_named *cat_rpc_all(const struct catalog *c, size_t *n);
const struct cat_named *cat_stat_all(const struct catalog *c, size_t *n);

/* Rows of the reference. cat_known_find: the i-th of that name (0 first), NULL when there is none. */
const struct cat_known *cat_known_rows(enum cat_known_kind k, size_t *n);
const struct cat_known *cat_known_find(const struct catalog *c, enum cat_known_kind k,
				       struct str name, size_t i);
/* The row of that module and name, or NULL; nargs < 0: any (functions). */
const struct cat_known *cat_known_in(const struct catalog *c, enum cat_known_kind k,
				     struct str module, struct str name, int nargs);

extern const char *const cat_kind_words[KNOWN_KINDS]; /* "function", "parameter" ... */
/* Why a known row is refused (reasons.tsv), or NULL: nobody has said. */
const char *cat_why_not(const struct catalog *c, enum cat_known_kind kind, struct str module, struct str name);

/* Does an event route name match one that something runs ("htable:expired:<table>")? */
bool cat_event_known(const struct catalog *c, struct str name);

/* The name of that kind nearest to `name`, or an empty str when nothing is near. */
struct str cat_suggest(const struct catalog *c, enum cat_known_kind k, struct str name);
/* As cat_suggest among functions; of equally near ones one that takes n_args. */
struct str cat_suggest_fn(const struct catalog *c, struct str name, int n_args);
/* As cat_suggest among core parameters. */
struct str cat_suggest_core_param(const struct catalog *c, struct str name);

/* Edits (insert, delete, replace, swap) from a to b, or max + 1 when more. ASCII case ignored. */
unsigned cat_distance(struct str a, struct str b, unsigned max);
/* The largest distance at which `name` is still taken for a misspelling. */
unsigned cat_distance_max(struct str name);
/* Position of `key` in "a|b|c", or -1; ignore_case as told. */
int cat_key_index(const char *keys, struct str key, bool ignore_case);

/* Print what works out of what exists, per module; `detail`: name what is missing. */
void cat_coverage(const struct catalog *c, struct sb *out, bool detail);
/* Text for `kiln explain NAME` about a function, $pv, {transformation}, parameter or event. */
bool cat_explain(const struct catalog *c, struct str name, struct sb *out);

#endif
