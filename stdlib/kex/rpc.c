/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stats.*, mod.*, pkg.*: names and shapes are the reference's. What is named is "all", "group:" or one
 * statistic, with or without its group.
 */
#include "rpc/rpc.h"
#define STD_PROTOTYPES_ONLY
#define STD_NAME kex
#define STD_DEF "kex/kex.def"
#include "abi/std.h"

#include <unistd.h>

#include "base/mem.h"
#include "core/counter.h"

/* ---- statistics ---- */

static bool is_meant(const struct counter_row *row, struct str what)
{
	size_t colon = str_chr(what, ':');

	if (str_eq(what, S("all")))
		return true;
	if (colon == STR_NONE)
		return str_eq(row->name, what);
	return str_eq(row->group, str_head(what, colon)) &&
	       (colon + 1 == what.n || str_eq(row->name, str_skip(what, colon + 1)));
}

typedef void row_fn(struct rpc *c, struct rpc_node *to, const struct counter_row *row);

/* fn for every statistic that the arguments mean, in their order. */
static void each_meant(struct rpc *c, struct rpc_node *to, row_fn *fn)
{
	struct counter_row *v;
	struct str what;
	size_t n = 0;

	if (!c->n_args) {
		rpc_fail(c, 400, "Please provide which stats to retrieve");
		return;
	}
	v = counter_sorted(c->arena, &n);
	for (size_t i = 0; rpc_peek_str(c, i, &what); i++)
		for (size_t k = 0; v && k < n; k++)
			if (is_meant(&v[k], what))
				fn(c, to, &v[k]);
}

static void add_line(struct rpc *c, struct rpc_node *to, const struct counter_row *row)
{
	rpc_add_fmt(c, to, NULL, STR_FMT ":" STR_FMT " = %lld", STR_ARG(row->group), STR_ARG(row->name),
		    (long long)counter_value(row->handle));
}

static const char *dotted(struct rpc *c, const struct counter_row *row)
{
	const char *p = str_printf(c->arena, STR_FMT "." STR_FMT, STR_ARG(row->group), STR_ARG(row->name)).p;

	return p ? p : "";
}

static void add_text(struct rpc *c, struct rpc_node *to, const struct counter_row *row)
{
	rpc_add_fmt(c, to, dotted(c, row), "%lld", (long long)counter_value(row->handle));
}

static void add_number(struct rpc *c, struct rpc_node *to, const struct counter_row *row)
{
	rpc_add_int(c, to, dotted(c, row), counter_value(row->handle));
}

static void reset(struct rpc *c, struct rpc_node *to, const struct counter_row *row)
{
	(void)c;
	(void)to;
	counter_reset(row->handle);
}

static void add_line_and_reset(struct rpc *c, struct rpc_node *to, const struct counter_row *row)
{
	add_line(c, to, row);
	counter_reset(row->handle);
}

void std_kex_rpc_get_statistics(struct rpc *c)
{
	rpc_list(c);
	each_meant(c, NULL, add_line);
}

void std_kex_rpc_fetch(struct rpc *c)
{
	if (c->n_args)
		each_meant(c, rpc_add_struct(c, NULL, NULL), add_text);
	else
		each_meant(c, NULL, add_text);
}

void std_kex_rpc_fetchn(struct rpc *c)
{
	if (c->n_args)
		each_meant(c, rpc_add_struct(c, NULL, NULL), add_number);
	else
		each_meant(c, NULL, add_number);
}

void std_kex_rpc_reset_statistics(struct rpc *c)
{
	each_meant(c, NULL, reset);
}

void std_kex_rpc_clear_statistics(struct rpc *c)
{
	each_meant(c, NULL, add_line_and_reset);
}

/* ---- memory ---- */

/* There is one memory, kept by purpose and not by module: each module shows an empty list. */
static void add_module(struct rpc *c, const char *name, bool pkg, bool shm)
{
	rpc_add_fmt(c, NULL, NULL, "Module: %s", name);
	if (pkg)
		rpc_add_int(c, rpc_add_struct(c, NULL, NULL), "Total", 0);
	if (shm)
		rpc_add_int(c, rpc_add_struct(c, NULL, NULL), "Total",
			    strcmp(name, "core") == 0 ? (int64_t)mem_bytes() : 0);
	rpc_add_str(c, NULL, NULL, S(""));
}

void std_kex_rpc_mod_stats(struct rpc *c)
{
	struct str name, which = S("all");
	bool all, pkg, shm;

	if (!rpc_peek_str(c, 0, &name)) {
		rpc_fail(c, 500, "Module name or \"all\" needed");
		return;
	}
	rpc_list(c);
	rpc_peek_str(c, 1, &which);
	all = str_eq(which, S("all"));
	pkg = all || str_eq(which, S("pkg"));
	shm = all || str_eq(which, S("shm"));
	if (!str_eq(name, S("all"))) {
		add_module(c, str_z(c->arena, name), pkg, shm);
		return;
	}
	add_module(c, "core", pkg, shm);
	for (size_t i = c->prog->n_modules; i-- > 0;)
		if (strcmp(c->prog->modules[i]->name, "core") != 0)
			add_module(c, c->prog->modules[i]->name, pkg, shm);
}

static void add_worker(struct worker *w, void *arg)
{
	struct rpc *c = arg;
	struct rpc_node *s = rpc_add_struct(c, NULL, NULL);

	rpc_add_int(c, s, "entry", worker_index(w));
	rpc_add_int(c, s, "pid", getpid());
	rpc_add_int(c, s, "rank", worker_index(w) + 1);
	rpc_add_int(c, s, "used", (int64_t)mem_bytes());
	rpc_add_int(c, s, "free", 0);
	rpc_add_int(c, s, "real_used", (int64_t)mem_bytes());
	rpc_add_int(c, s, "total_size", (int64_t)mem_bytes());
	rpc_add_int(c, s, "total_frags", (int64_t)mem_blocks());
	rpc_add_fmt(c, s, "desc", "worker %u", worker_index(w));
}

void std_kex_rpc_pkg_stats(struct rpc *c)
{
	rpc_list(c);
	rpc_each_worker(c, add_worker, c);
}
