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

int32_t std_counters_param_script_counter(const struct program_value *v)
{
	struct str group, name;

	split(v->s, &group, &name);
	return counter_get(group.n ? group : S("script"), name) == COUNTER_NONE ? RT_E_LIMIT : 0;
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

static int arg_handle(struct rpc *c)
{
	struct str group, name;
	int h;

	if (!rpc_arg_str(c, 0, false, &group) || !rpc_arg_str(c, 1, false, &name))
		return COUNTER_NONE;
	h = counter_find(group, name);
	if (h == COUNTER_NONE)
		rpc_fail(c, 400, "counter " STR_FMT "." STR_FMT " not found", STR_ARG(group),
			 STR_ARG(name));
	return h;
}

void std_counters_rpc_get(struct rpc *c)
{
	int h = arg_handle(c);

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

struct walk {
	struct rpc *c;
	struct rpc_node *to;
	struct str group;
	bool values;
};

static bool add_group(void *arg, int h, struct str group, struct str name)
{
	struct rpc *c = arg;

	(void)h;
	(void)name;
	for (struct rpc_node *n = c->top.first; n; n = n->next)
		if (str_eq(n->s, group))
			return true;
	rpc_add_str(c, NULL, NULL, group);
	return true;
}

void std_counters_rpc_grps_list(struct rpc *c)
{
	counter_each(add_group, c);
}

void std_counters_rpc_list_groups(struct rpc *c)
{
	counter_each(add_group, c);
}

static bool add_var(void *arg, int h, struct str group, struct str name)
{
	struct walk *w = arg;

	if (!str_eq(group, w->group))
		return true;
	if (w->values)
		rpc_add_int(w->c, w->to, str_z(w->c->arena, name), counter_value(h));
	else
		rpc_add_str(w->c, w->to, NULL, name);
	return true;
}

static void list_group(struct rpc *c, bool values)
{
	struct walk w = {.c = c, .values = values};

	if (!rpc_arg_str(c, 0, false, &w.group))
		return;
	if (values)
		w.to = rpc_add_struct(c, NULL, NULL);
	counter_each(add_var, &w);
}

void std_counters_rpc_var_list(struct rpc *c)
{
	list_group(c, false);
}

void std_counters_rpc_list_vars(struct rpc *c)
{
	list_group(c, false);
}

void std_counters_rpc_grp_get_all(struct rpc *c)
{
	list_group(c, true);
}

void std_counters_rpc_get_vars(struct rpc *c)
{
	list_group(c, true);
}

STD_MODULE(counters)
