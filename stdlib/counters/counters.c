/* SPDX-License-Identifier: Apache-2.0 */
#define STD_NAME counters
#define STD_DEF "counters/counters.def"
#include "rpc/rpc.h"
#include "abi/std.h"

#include "core/counter.h"
#include "core/log.h"

/* "group.name" or "name", a description may follow after a blank. */
static void split(struct str text, struct str *group, struct str *name)
{
	struct str word = str_cut(&text, ' ');
	size_t dot = str_chr(word, '.');

	*group = dot == STR_NONE ? param.script_cnt_grp_name : str_head(word, dot);
	*name = dot == STR_NONE ? word : str_skip(word, dot + 1);
}

enum { DECLARED_MAX = 512 };

static struct {
	int handle;
	struct str doc; /* of the program: lives as long */
} declared[DECLARED_MAX];
static size_t n_declared;

int32_t std_counters_param_script_counter(const struct program_value *v)
{
	size_t blank = str_chr(v->s, ' ');
	struct str group, name;
	int h;

	split(v->s, &group, &name);
	h = counter_get(group.n ? group : S("script"), name);
	if (h == COUNTER_NONE || n_declared == DECLARED_MAX)
		return RT_E_LIMIT;
	declared[n_declared].handle = h;
	declared[n_declared++].doc = blank == STR_NONE ? STR_NULL : str_trim(str_skip(v->s, blank));
	return 0;
}

static int handle_of(const struct str *text)
{
	static struct log_limit ll;
	struct str group, name;
	int h;

	split(*text, &group, &name);
	h = counter_find(group, name);
	if (h == COUNTER_NONE && log_allow(&ll, 1))
		log_err("counters: \"" STR_FMT "\" is not declared", STR_ARG(*text));
	return h;
}

int32_t std_counters_cnt_inc(struct run *r, const struct str *counter)
{
	int h = handle_of(counter);

	(void)r;
	counter_inc(h);
	return h == COUNTER_NONE ? -1 : 1;
}

int32_t std_counters_cnt_add(struct run *r, const struct str *counter, int64_t number)
{
	int h = handle_of(counter);

	(void)r;
	counter_add(h, number);
	return h == COUNTER_NONE ? -1 : 1;
}

int32_t std_counters_cnt_reset(struct run *r, const struct str *counter)
{
	int h = handle_of(counter);

	(void)r;
	counter_reset(h);
	return h == COUNTER_NONE ? -1 : 1;
}

/* ---- RPC ---- */

/* Group and name of the arguments; COUNTER_NONE with a fault. */
static int arg_handle(struct rpc *c)
{
	struct str group, name;
	int h;

	if (!rpc_arg_str(c, 0, false, &group) || !rpc_arg_str(c, 1, false, &name))
		return COUNTER_NONE;
	h = group.n ? counter_find(group, name) : COUNTER_NONE;
	if (h == COUNTER_NONE)
		rpc_fail(c, 400, "non-existent counter " STR_FMT "." STR_FMT, STR_ARG(group), STR_ARG(name));
	return h;
}

typedef void row_fn(struct rpc *c, struct rpc_node *to, const struct counter_row *row);

/* fn for every counter of the group, in order of names. */
static void each_of(struct rpc *c, struct str group, struct rpc_node *to, row_fn *fn)
{
	size_t n = 0;
	struct counter_row *v = counter_sorted(c->arena, &n);

	for (size_t i = 0; v && i < n; i++)
		if (str_eq(v[i].group, group))
			fn(c, to, &v[i]);
}

static void add_name(struct rpc *c, struct rpc_node *to, const struct counter_row *row)
{
	rpc_add_str(c, to, NULL, row->name);
}

static void add_value(struct rpc *c, struct rpc_node *to, const struct counter_row *row)
{
	char *name = str_z(c->arena, row->name);

	rpc_add_int(c, to, name ? name : "", counter_value(row->handle));
}

static void values_of_group(struct rpc *c)
{
	struct str group;

	if (rpc_arg_str(c, 0, false, &group))
		each_of(c, group, rpc_add_struct(c, NULL, NULL), add_value);
}

void std_counters_rpc_get(struct rpc *c)
{
	int h;

	if (c->n_args == 1) { /* a group alone: all of it */
		values_of_group(c);
		return;
	}
	h = arg_handle(c);
	if (!c->fault)
		rpc_add_int(c, NULL, NULL, counter_value(h));
}

void std_counters_rpc_get_raw(struct rpc *c)
{
	std_counters_rpc_get(c);
}

void std_counters_rpc_reset(struct rpc *c)
{
	counter_reset(arg_handle(c));
}

void std_counters_rpc_grps_list(struct rpc *c)
{
	size_t n = 0;
	struct counter_row *v = counter_sorted(c->arena, &n);

	rpc_list(c);
	for (size_t i = 0; v && i < n; i++)
		if (!i || !str_eq(v[i].group, v[i - 1].group))
			rpc_add_str(c, NULL, NULL, v[i].group);
}

void std_counters_rpc_list_groups(struct rpc *c)
{
	std_counters_rpc_grps_list(c);
}

void std_counters_rpc_var_list(struct rpc *c)
{
	struct str group;

	rpc_list(c);
	if (rpc_arg_str(c, 0, false, &group))
		each_of(c, group, NULL, add_name);
}

void std_counters_rpc_list_vars(struct rpc *c)
{
	std_counters_rpc_var_list(c);
}

void std_counters_rpc_grp_get_all(struct rpc *c)
{
	values_of_group(c);
}

void std_counters_rpc_get_vars(struct rpc *c)
{
	values_of_group(c);
}

/* What the script said of its own; the others have no text of their own beyond their name. */
void std_counters_rpc_help(struct rpc *c)
{
	int h = arg_handle(c);

	if (c->fault)
		return;
	for (size_t i = 0; i < n_declared; i++) {
		if (declared[i].handle != h)
			continue;
		rpc_add_str(c, NULL, NULL, declared[i].doc.n ? declared[i].doc : S("custom script counter."));
		return;
	}
	rpc_fail(c, 404, "counter has no description");
}

static void fini(void)
{
	n_declared = 0;
}

STD_MODULE(counters, .fini = fini)
