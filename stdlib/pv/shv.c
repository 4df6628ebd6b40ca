/* SPDX-License-Identifier: Apache-2.0 */
/* $shv: variables that all workers share, under one lock; scripts use a handful. */
#include "pv/pv_priv.h"

#include <pthread.h>

#include "base/mem.h"
#include "rpc/rpc.h"

enum { SHV_MAX = 4096 };

struct shv {
	struct shv *next;
	char *name;
	size_t name_n;
	bool is_text;
	int64_t i;
	char *text;
	size_t text_n;
};

static struct shv *all;
static unsigned n_all;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct shv *find(struct str name)
{
	for (struct shv *v = all; v; v = v->next)
		if (str_eq(str_make(v->name, v->name_n), name))
			return v;
	return NULL;
}

static char *copy(struct str s)
{
	char *p = mem_alloc(s.n + 1);

	if (p && s.n)
		memcpy(p, s.p, s.n);
	return p;
}

static struct shv *make(struct str name)
{
	struct shv *v = n_all < SHV_MAX ? mem_alloc(sizeof(*v)) : NULL;

	if (!v)
		return NULL;
	v->name = copy(name);
	v->name_n = name.n;
	if (!v->name) {
		mem_free(&v);
		return NULL;
	}
	v->next = all;
	all = v;
	n_all++;
	return v;
}

/* null: a text becomes empty, a number 0. */
static int store(struct shv *v, const struct value *val)
{
	char *p = value_is_str(val) ? copy(val->s) : NULL;

	if (value_is_str(val) && !p)
		return RT_E_NOMEM;
	mem_free(&v->text);
	v->text_n = 0;
	v->i = 0;
	if (val->tag == VAL_NULL)
		return 0;
	v->is_text = value_is_str(val);
	v->i = v->is_text ? 0 : val->i;
	v->text = p;
	v->text_n = v->is_text ? val->s.n : 0;
	return 0;
}

static int set(struct str name, const struct value *val)
{
	struct shv *v;
	int err;

	if (value_is_str(val) && val->s.n > PV_TEXT_MAX)
		return RT_E_LIMIT;
	pthread_mutex_lock(&lock);
	v = find(name);
	if (!v)
		v = make(name);
	err = v ? store(v, val) : RT_E_LIMIT;
	pthread_mutex_unlock(&lock);
	return err;
}

int pv_shv_preset(struct str name, const struct value *v)
{
	return set(name, v);
}

void pv_shv_free(void)
{
	while (all) {
		struct shv *v = all;

		all = v->next;
		mem_free(&v->name);
		mem_free(&v->text);
		mem_free(&v);
	}
	n_all = 0;
}

static void get(struct arena *a, struct str name, struct value *ret)
{
	const struct shv *v;

	pthread_mutex_lock(&lock);
	v = find(name);
	*ret = v && v->is_text ? value_str(str_dup(a, str_make(v->text, v->text_n))) : value_int(v ? v->i : 0);
	pthread_mutex_unlock(&lock);
}

PV_GET(shv)
{
	get(r->arena, n->text, ret);
	return 0;
}

PV_SET(shv)
{
	return set(n->text, v);
}

PV_GET(shvinc)
{
	struct shv *v;

	pthread_mutex_lock(&lock);
	v = find(n->text);
	if (!v)
		v = make(n->text);
	if (v && !v->is_text)
		v->i++;
	*ret = value_int(v && !v->is_text ? v->i : 0);
	pthread_mutex_unlock(&lock);
	return v ? 0 : RT_E_LIMIT;
}

/* ---- RPC ---- */

static void add_shv(struct rpc *c, struct rpc_node *to, const struct shv *v)
{
	rpc_add_str(c, to, "name", str_make(v->name, v->name_n));
	rpc_add_str(c, to, "type", v->is_text ? S("string") : S("int"));
	if (v->is_text)
		rpc_add_str(c, to, "value", str_make(v->text, v->text_n));
	else
		rpc_add_int(c, to, "value", v->i);
}

void std_pv_rpc_shvGet(struct rpc *c)
{
	struct str name;
	struct rpc_node *items;
	const struct shv *v;

	pthread_mutex_lock(&lock);
	if (rpc_arg_str(c, 0, true, &name)) {
		v = find(name);
		if (v)
			add_shv(c, rpc_add_struct(c, NULL, ""), v);
		else
			rpc_fail(c, 404, "Variable not found");
	} else {
		items = rpc_add_struct(c, rpc_add_struct(c, NULL, ""), "items");
		for (v = all; v; v = v->next)
			add_shv(c, rpc_add_struct(c, items, "shv"), v);
	}
	pthread_mutex_unlock(&lock);
}

static bool value_arg(struct rpc *c, struct value *val)
{
	struct str type, text;
	int64_t i;

	if (!rpc_peek_str(c, 1, &type))
		rpc_fail(c, 500, "Missing parameter type (Parameters: varname type value)");
	else if (str_ieq(type, S("int")) && rpc_peek_int(c, 2, &i))
		*val = value_int(i);
	else if (str_ieq(type, S("int")))
		rpc_fail(c, 500, "Missing integer parameter value (Parameters: varname type value)");
	else if (!str_ieq(type, S("str")) && !str_ieq(type, S("string")))
		rpc_fail(c, 500, "Unknown parameter type (Types: int or str)");
	else if (rpc_peek_str(c, 2, &text))
		*val = value_str(text);
	else
		rpc_fail(c, 500, "Missing string parameter value (Parameters: varname type value)");
	return !c->fault;
}

/* Only variables that a script or a parameter made. */
void std_pv_rpc_shvSet(struct rpc *c)
{
	struct value val;
	struct str name;
	bool there;

	if (!rpc_arg_str(c, 0, false, &name) || !value_arg(c, &val))
		return;
	pthread_mutex_lock(&lock);
	there = find(name) != NULL;
	pthread_mutex_unlock(&lock);
	if (!there)
		rpc_fail(c, 404, "Variable not found");
	else if (set(name, &val))
		rpc_fail(c, 500, "Cannot set shared variable value");
	else
		rpc_add_str(c, NULL, "", S("Ok. Variable set to new value."));
}
