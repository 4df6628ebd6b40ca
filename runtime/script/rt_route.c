/* SPDX-License-Identifier: Apache-2.0 */
/* Calls: arguments known only now, routes by name, bounds on depth and rounds. */
#include "script/script_priv.h"

#include "core/latency.h"
#include "core/log.h"
#include "script/run.h"
#include "sip/msg.h"

static const struct {
	struct str name;
	int level;
} levels[] = {
	{S("L_ALERT"), L_ALERT}, {S("L_BUG"), L_BUG},       {S("L_CRIT"), L_CRIT}, {S("L_ERR"), L_ERR},
	{S("L_WARN"), L_WARN},   {S("L_NOTICE"), L_NOTICE}, {S("L_INFO"), L_INFO}, {S("L_DBG"), L_DBG},
};

int32_t rt_arg_int(struct run *r, const struct value *v, int64_t *ret)
{
	(void)r;
	if (!value_is_int(v))
		return -1;
	*ret = v->i;
	return 0;
}

int32_t rt_arg_number(struct run *r, const struct value *v, int64_t *ret)
{
	if (rt_arg_int(r, v, ret) == 0)
		return 0;
	return value_is_str(v) && str_number(v->s, r->prog->compat == 6 ? 64 : 32, ret) ? 0 : -1;
}

int32_t rt_arg_flag(struct run *r, const struct value *v)
{
	int64_t i;

	if (rt_arg_number(r, v, &i) == 0)
		return i >= 0 && i < 32 ? (int32_t)i : -1;
	for (uint64_t k = 0; value_is_str(v) && k < r->prog->n_flags; k++)
		if (str_eq(r->prog->flags[k].name, v->s))
			return r->prog->flags[k].number;
	return -1;
}

int32_t rt_arg_level(struct run *r, const struct value *v)
{
	int64_t i;

	if (rt_arg_number(r, v, &i) == 0)
		return i < L_ALERT ? L_ALERT : i > L_DBG ? L_DBG : (int32_t)i;
	for (size_t k = 0; k < sizeof(levels) / sizeof(levels[0]); k++)
		if (value_is_str(v) && str_eq(levels[k].name, v->s))
			return levels[k].level;
	return L_ERR;
}

int32_t rt_arg_key(struct run *r, const struct str *s, const struct str *keys)
{
	struct str rest = *keys;

	for (int32_t i = 0; rest.p; i++)
		if (str_eq(str_cut(&rest, '|'), *s))
			return i;
	script_err(r, "\"" STR_FMT "\" is none of " STR_FMT, STR_ARG(*s), STR_ARG(*keys));
	return -1;
}

void *rt_pvlist_new(struct run *r)
{
	return arena_new_of(r->arena, struct pv_list);
}

void rt_pvlist_add(struct run *r, void *list, const struct pv_ref *ref)
{
	struct pv_list *l = list;

	(void)r;
	if (l && l->n < PV_LIST_MAX)
		l->v[l->n++] = ref;
}

int64_t rt_arg_methods(struct run *r, const struct str *s)
{
	struct str rest = *s;
	int64_t mask = 0;

	(void)r;
	while (rest.n) {
		int id = (int)sip_method_id(str_trim(str_cut(&rest, '|')));

		mask |= id == SIP_METHOD_OTHER ? 0 : id;
	}
	return mask;
}

int32_t rt_arg_failed(struct run *r, const struct str *call)
{
	script_err(r, "an argument of " STR_FMT "() cannot be evaluated, it is not called", STR_ARG(*call));
	return -1;
}

int32_t rt_enter(struct run *r)
{
	char here;

	if (r->depth <= r->depth_max && (uintptr_t)&here > r->stack_low)
		return 0;
	script_err(r, "too many recursive routing table lookups (%d) giving up!", r->depth);
	return -1;
}

int32_t rt_route_find(struct run *r, int32_t kind, const struct str *name)
{
	int32_t i = program_route_find(r->prog, (enum route_kind)kind, *name);

	if (i < 0)
		script_err(r, "route \"" STR_FMT "\" does not exist", STR_ARG(*name));
	return i;
}

int32_t rt_route_call(struct run *r, int32_t route)
{
	return r->prog->routes[route].fn(r);
}

int64_t rt_clock(struct run *r)
{
	return (int64_t)world_now(worker_world(r->worker));
}

void rt_action_done(struct run *r, const struct str *name, int32_t site, int64_t began)
{
	const struct program_site *s = &r->prog->sites[site];
	int64_t us = rt_clock(r) - began;

	if (us >= latency_conf.action_us && log_on((int)latency_conf.level))
		log_at((int)latency_conf.level, "script", NULL, 0, "alert - action [" STR_FMT "] cfg [%s:%u] took too long [%lld us]",
		       STR_ARG(*name), s->file, s->line, (long long)us);
}

int32_t rt_loop_limit(struct run *r, int64_t rounds)
{
	if (script_conf.max_while_loops == 0 || rounds <= script_conf.max_while_loops)
		return 0;
	script_err(r, "runaway while: stopped after %lld rounds", (long long)script_conf.max_while_loops);
	return 1;
}
