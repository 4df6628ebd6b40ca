/* SPDX-License-Identifier: Apache-2.0 */
/* Arguments to variables; the variables themselves are script/cfg.h. */
#define STD_NAME cfg_rpc
#define STD_DEF "cfg_rpc/cfg_rpc.def"
#include "rpc/rpc.h"
#include "abi/std.h"

#include "script/cfg.h"

/* ---- arguments ---- */

struct target {
	struct cfg_group *g; /* NULL: no such group */
	int64_t inst;
	struct cfg_var *v; /* NULL: no such variable, or not asked for */
};

/* "group" or "group[7]". */
static bool group_arg(struct rpc *c, bool must_be_instance, struct target *t)
{
	struct str s, id;
	size_t open;
	bool ok = true;

	*t = (struct target){.inst = CFG_NO_INSTANCE};
	if (!rpc_arg_str(c, 0, false, &s))
		return false;
	open = str_chr(s, '[');
	if (open == STR_NONE) {
		ok = !must_be_instance;
	} else {
		id = str_skip(s, open + 1);
		ok = open > 0 && id.n > 1 && id.p[id.n - 1] == ']' &&
		     str_to_i64(str_head(id, id.n - 1), &t->inst) && t->inst >= 0;
		s = str_head(s, open);
	}
	if (!ok)
		rpc_fail(c, 400, must_be_instance ? "Wrong group syntax. Use \"group[id]\"" : "Wrong group syntax. Use either \"group\", or \"group[id]\"");
	t->g = ok ? cfg_group_find(s) : NULL;
	return ok;
}

static bool target_arg(struct rpc *c, bool must_be_instance, struct target *t)
{
	struct str name;

	if (!group_arg(c, must_be_instance, t) || !rpc_arg_str(c, 1, false, &name))
		return false;
	t->v = t->g ? cfg_var_find(t->g, name) : NULL;
	return true;
}

/* kind RPC_INT or RPC_STR: that one only; RPC_STRUCT: either. */
static bool value_arg(struct rpc *c, enum rpc_kind kind, struct cfg_value *ret)
{
	const struct rpc_node *n = c->n_args > 2 ? c->args[2] : NULL;

	if (!n || (n->kind != RPC_INT && n->kind != RPC_STR) || (kind != RPC_STRUCT && n->kind != kind)) {
		rpc_fail(c, 400, "error at parameter 2: expected %s type but %s", kind == RPC_INT ? "integer" : "string",
			 n ? "record doesn't match type" : "end of packet encountered");
		return false;
	}
	*ret = (struct cfg_value){.is_str = n->kind == RPC_STR, .i = n->i, .s = n->s};
	return true;
}

/* ---- reading ---- */

static void add_value(struct rpc *c, struct rpc_node *to, const char *name, const struct cfg_value *v)
{
	if (!v->is_str)
		rpc_add_int(c, to, name, v->i);
	else
		rpc_add_str(c, to, name, v->s.p ? v->s : S("<null string>"));
}

static void get_group(struct rpc *c, const struct target *t)
{
	struct rpc_node *all = rpc_add_struct(c, NULL, NULL);
	struct cfg_value x;
	struct cfg_var *v;

	for (unsigned i = 0; (v = cfg_var_at(t->g, i)) != NULL; i++)
		if (!cfg_var_hidden(v) && cfg_read(c->arena, t->g, t->inst, v, &x) == 0)
			add_value(c, all, cfg_var_name(v), &x);
}

void std_cfg_rpc_rpc_get(struct rpc *c)
{
	struct cfg_value x;
	struct target t;
	struct str name;

	if (c->n_args == 0) {
		rpc_fail(c, 500, "Failed to get the parameters");
		return;
	}
	if (!group_arg(c, false, &t))
		return;
	if (t.g && rpc_arg_str(c, 1, true, &name))
		t.v = cfg_var_find(t.g, name);
	if (!t.g || (c->n_args > 1 && !t.v) || (t.inst != CFG_NO_INSTANCE && !cfg_instance_exists(t.g, t.inst)))
		rpc_fail(c, 400, "Failed to get the variable");
	else if (c->n_args == 1)
		get_group(c, &t);
	else if (cfg_var_hidden(t.v))
		rpc_fail(c, 400, "Variable exists, but it is not readable via RPC interface");
	else if (cfg_read(c->arena, t.g, t.inst, t.v, &x) == 0)
		add_value(c, NULL, NULL, &x);
}

void std_cfg_rpc_rpc_list(struct rpc *c)
{
	struct str only = STR_NULL;
	struct cfg_group *g;
	struct cfg_var *v;

	rpc_arg_str(c, 0, true, &only);
	for (unsigned i = 0; (g = cfg_group_at(i)) != NULL; i++) {
		if (only.p && !str_eq(only, str_of(cfg_group_name(g))))
			continue;
		for (unsigned k = 0; (v = cfg_var_at(g, k)) != NULL; k++)
			rpc_add_fmt(c, NULL, NULL, "%s: %s", cfg_group_name(g), cfg_var_name(v));
	}
}

void std_cfg_rpc_rpc_help(struct rpc *c)
{
	struct target t;

	if (!target_arg(c, false, &t))
		return;
	if (!t.v) {
		rpc_fail(c, 400, "Failed to get the variable description");
		return;
	}
	rpc_add_fmt(c, NULL, NULL, "%s", cfg_var_doc(t.v));
	rpc_add_fmt(c, NULL, NULL, "(parameter type is %s)", cfg_var_kind(t.v) == CFG_INT ? "integer" : "string");
}

/* ---- changing ---- */

/* One that is taken at start tells so; the reference would change it. */
static void refuse(struct rpc *c, int err)
{
	if (err)
		rpc_fail(c, 400, err == RT_E_STATE ? "Failed to set the variable: it is taken at start" : "Failed to set the variable");
}

static void set(struct rpc *c, enum rpc_kind kind, bool delayed)
{
	struct cfg_value to;
	struct target t;

	if (!target_arg(c, false, &t) || !value_arg(c, kind, &to))
		return;
	if (!t.v)
		refuse(c, RT_E_NOENT);
	else
		refuse(c, delayed ? cfg_delay(t.g, t.inst, t.v, &to) : cfg_set(t.g, t.inst, t.v, &to));
}

void std_cfg_rpc_rpc_set(struct rpc *c)
{
	set(c, RPC_STRUCT, false);
}

void std_cfg_rpc_rpc_set_now_int(struct rpc *c)
{
	set(c, RPC_INT, false);
}

void std_cfg_rpc_rpc_seti(struct rpc *c)
{
	set(c, RPC_INT, false);
}

void std_cfg_rpc_rpc_set_now_string(struct rpc *c)
{
	set(c, RPC_STR, false);
}

void std_cfg_rpc_rpc_sets(struct rpc *c)
{
	set(c, RPC_STR, false);
}

void std_cfg_rpc_rpc_set_delayed(struct rpc *c)
{
	set(c, RPC_STRUCT, true);
}

void std_cfg_rpc_rpc_set_delayed_int(struct rpc *c)
{
	set(c, RPC_INT, true);
}

void std_cfg_rpc_rpc_set_delayed_string(struct rpc *c)
{
	set(c, RPC_STR, true);
}

static void del(struct rpc *c, bool delayed)
{
	struct target t;

	if (!target_arg(c, true, &t))
		return;
	if (!t.v || (delayed ? cfg_delay(t.g, t.inst, t.v, NULL) : cfg_del(t.g, t.inst, t.v)))
		rpc_fail(c, 400, "Failed to delete the value");
}

void std_cfg_rpc_rpc_del(struct rpc *c)
{
	del(c, false);
}

void std_cfg_rpc_rpc_del_delayed(struct rpc *c)
{
	del(c, true);
}

void std_cfg_rpc_rpc_commit(struct rpc *c)
{
	refuse(c, cfg_commit());
}

void std_cfg_rpc_rpc_rollback(struct rpc *c)
{
	(void)c;
	cfg_rollback();
}

void std_cfg_rpc_rpc_diff(struct rpc *c)
{
	struct cfg_change x;

	for (unsigned i = 0; cfg_pending(c->arena, i, &x); i++) {
		struct rpc_node *s = rpc_add_struct(c, NULL, NULL);

		rpc_add_fmt(c, s, "group name", "%s", cfg_group_name(x.g));
		if (x.inst != CFG_NO_INSTANCE)
			rpc_add_int(c, s, "group id", x.inst);
		rpc_add_fmt(c, s, "variable name", "%s", cfg_var_name(x.v));
		add_value(c, s, "old value", &x.old);
		add_value(c, s, "new value", &x.now);
	}
}

void std_cfg_rpc_rpc_reset(struct rpc *c)
{
	struct target t;

	if (!group_arg(c, false, &t) || !t.g)
		return; /* an unknown group is no error, as in the reference */
	refuse(c, cfg_reset_group(t.g));
}

static void instance(struct rpc *c, int (*fn)(struct cfg_group *g, int64_t inst))
{
	struct target t;

	if (!group_arg(c, true, &t))
		return;
	if (!t.g || fn(t.g, t.inst))
		rpc_fail(c, 400, "Failed to %s the group instance", fn == cfg_instance_add ? "add" : "delete");
}

void std_cfg_rpc_rpc_add_group_inst(struct rpc *c)
{
	instance(c, cfg_instance_add);
}

void std_cfg_rpc_rpc_del_group_inst(struct rpc *c)
{
	instance(c, cfg_instance_del);
}

STD_MODULE(cfg_rpc)
