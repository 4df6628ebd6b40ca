/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One lock for all: readings in a script are rare and short. An INT that its owner reads without the lock
 * (core.debug, max_while_loops) lives with the owner and is stored there atomically.
 */
#include "script/cfg.h"

#include <pthread.h>
#include <stdio.h>

#include "base/bug.h"
#include "base/mem.h"
#include "core/log.h"
#include "script/script_priv.h"

struct own { /* value of one instance */
	struct own *next;
	int64_t inst;
	struct cfg_value v;
};

struct cfg_var {
	struct cfg_var *next;
	const struct cfg_row *row; /* NULL: the script's */
	char *name, *doc;
	enum cfg_kind kind;
	struct cfg_value now, start;
	struct own *own;
};

struct instance {
	struct instance *next;
	int64_t id;
};

struct cfg_group {
	struct cfg_group *next;
	char *name;
	struct cfg_var *vars;
	struct instance *instances;
	unsigned n_instances;
};

struct pending {
	struct pending *next;
	struct cfg_group *g;
	struct cfg_var *v;
	int64_t inst;
	bool del;
	struct cfg_value to;
};

struct cfg_choice {
	struct cfg_choice *next;
	struct cfg_group *g;
	int64_t inst;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct cfg_group *groups;
static struct pending *pending;
static struct cfg_var **script_vars; /* by index of program.cfg_vars */
static struct cfg_group **script_groups;

/* ---- values ---- */

static bool copy_value(const struct cfg_value *from, struct cfg_value *to)
{
	char *p;

	*to = *from;
	if (!from->is_str || !from->s.p)
		return true;
	p = mem_alloc(from->s.n + 1);
	if (!p) {
		*to = (struct cfg_value){.is_str = true};
		return false;
	}
	memcpy(p, from->s.p, from->s.n);
	p[from->s.n] = 0;
	to->s = str_make(p, from->s.n);
	return true;
}

static void drop_value(struct cfg_value *v)
{
	char *p = v->is_str ? (char *)(uintptr_t)v->s.p : NULL;

	mem_free(&p);
	*v = (struct cfg_value){0};
}

/* `to` as a value of v's kind, texts allocated. */
static int converted(const struct cfg_var *v, const struct cfg_value *to, struct cfg_value *ret)
{
	struct cfg_value x = *to;
	char digits[24];

	if (v->kind == CFG_INT && to->is_str) {
		x.is_str = false;
		if (!str_number(to->s, 32, &x.i))
			return RT_E_INVAL;
	} else if (v->kind == CFG_STR && !to->is_str) {
		snprintf(digits, sizeof(digits), "%lld", (long long)to->i);
		x = (struct cfg_value){.is_str = true, .s = str_of(digits)};
	}
	if (v->row && v->kind == CFG_INT && (v->row->min || v->row->max) &&
	    (x.i < v->row->min || x.i > v->row->max))
		return RT_E_INVAL;
	return copy_value(&x, ret) ? 0 : RT_E_NOMEM;
}

/* ---- declaring ---- */

static char *z_copy(struct str s)
{
	char *p = mem_alloc(s.n + 1);

	if (!p)
		return NULL;
	if (s.n)
		memcpy(p, s.p, s.n);
	p[s.n] = 0;
	return p;
}

static struct cfg_group *group_get(struct str name)
{
	struct cfg_group **at = &groups;

	for (; *at; at = &(*at)->next)
		if (str_eq(str_of((*at)->name), name))
			return *at;
	*at = mem_calloc(1, sizeof(**at));
	if (!*at)
		return NULL;
	(*at)->name = z_copy(name);
	if (!(*at)->name)
		mem_free(at);
	return *at;
}

static struct cfg_var *var_add(struct cfg_group *g, struct str name, enum cfg_kind kind, struct str doc)
{
	struct cfg_var **at = &g->vars, *v;

	while (*at)
		at = &(*at)->next;
	v = mem_calloc(1, sizeof(*v));
	if (!v)
		return NULL;
	v->name = z_copy(name);
	v->doc = z_copy(doc);
	v->kind = kind;
	v->now.is_str = v->start.is_str = kind == CFG_STR;
	*at = v;
	return v->name && v->doc ? v : NULL;
}

int cfg_declare(const struct cfg_row *rows)
{
	for (const struct cfg_row *r = rows; r->group; r++) {
		struct cfg_group *g = group_get(str_of(r->group));
		struct cfg_var *v;
		struct cfg_value def = {.is_str = true, .s = r->def ? str_of(r->def) : STR_NULL};

		if (!g)
			return RT_E_NOMEM;
		if (cfg_var_find(g, str_of(r->name)))
			return RT_E_EXIST;
		v = var_add(g, str_of(r->name), r->kind, str_of(r->doc));
		if (!v)
			return RT_E_NOMEM;
		if (r->value)
			v->now.i = *r->value;
		else if (r->def && converted(v, &def, &v->now))
			return RT_E_INVAL;
		v->row = r;
		if (!copy_value(&v->now, &v->start))
			return RT_E_NOMEM;
	}
	return 0;
}

int cfg_preset(struct cfg_var *v, const struct cfg_value *to)
{
	struct cfg_value x;
	int err = converted(v, to, &x);

	if (err)
		return err;
	drop_value(&v->now);
	drop_value(&v->start);
	v->now = x;
	return copy_value(&x, &v->start) ? 0 : RT_E_NOMEM;
}

static struct cfg_value value_of(const struct program_value *v)
{
	return (struct cfg_value){.is_str = v->kind != PROGRAM_INT, .i = v->i, .s = v->s};
}

static int load_var(const struct program_cfg_var *x, uint64_t i)
{
	struct cfg_group *g = group_get(x->group);
	struct cfg_value to = value_of(&x->value);
	struct cfg_var *v;

	if (!g)
		return RT_E_NOMEM;
	v = cfg_var_find(g, x->name);
	if (!v)
		v = var_add(g, x->name, to.is_str ? CFG_STR : CFG_INT, x->doc);
	if (!v)
		return RT_E_NOMEM;
	script_vars[i] = v;
	script_groups[i] = g;
	if (x->instance == CFG_NO_INSTANCE)
		return copy_value(&to, &v->now) && copy_value(&to, &v->start) ? 0 : RT_E_NOMEM;
	if (!cfg_instance_exists(g, x->instance) && cfg_instance_add(g, x->instance))
		return RT_E_NOMEM;
	return cfg_set(g, x->instance, v, &to);
}

int cfg_load(const struct program *p)
{
	int err = 0;

	script_vars = mem_calloc(p->n_cfg_vars + 1, sizeof(*script_vars));
	script_groups = mem_calloc(p->n_cfg_vars + 1, sizeof(*script_groups));
	if (!script_vars || !script_groups)
		return RT_E_NOMEM;
	for (uint64_t i = 0; !err && i < p->n_cfg_vars; i++)
		err = load_var(&p->cfg_vars[i], i);
	return err;
}

static void var_free(struct cfg_var **v)
{
	while ((*v)->own) {
		struct own *o = (*v)->own;

		(*v)->own = o->next;
		drop_value(&o->v);
		mem_free(&o);
	}
	drop_value(&(*v)->now);
	drop_value(&(*v)->start);
	mem_free(&(*v)->name);
	mem_free(&(*v)->doc);
	mem_free(v);
}

void cfg_unload(void)
{
	cfg_rollback();
	while (groups) {
		struct cfg_group *g = groups;

		groups = g->next;
		while (g->vars) {
			struct cfg_var *v = g->vars;

			g->vars = v->next;
			var_free(&v);
		}
		while (g->instances) {
			struct instance *i = g->instances;

			g->instances = i->next;
			mem_free(&i);
		}
		mem_free(&g->name);
		mem_free(&g);
	}
	mem_free(&script_vars);
	mem_free(&script_groups);
}

/* ---- looking ---- */

struct cfg_group *cfg_group_find(struct str name)
{
	struct cfg_group *g = groups;

	while (g && !str_eq(str_of(g->name), name))
		g = g->next;
	return g;
}

struct cfg_var *cfg_var_find(struct cfg_group *g, struct str name)
{
	struct cfg_var *v = g->vars;

	while (v && !str_eq(str_of(v->name), name))
		v = v->next;
	return v;
}

struct cfg_group *cfg_group_at(unsigned i)
{
	struct cfg_group *g = groups;

	while (g && i-- > 0)
		g = g->next;
	return g;
}

struct cfg_var *cfg_var_at(struct cfg_group *g, unsigned i)
{
	struct cfg_var *v = g->vars;

	while (v && i-- > 0)
		v = v->next;
	return v;
}

const char *cfg_group_name(const struct cfg_group *g)
{
	return g->name;
}

const char *cfg_var_name(const struct cfg_var *v)
{
	return v->name;
}

const char *cfg_var_doc(const struct cfg_var *v)
{
	return v->doc;
}

enum cfg_kind cfg_var_kind(const struct cfg_var *v)
{
	return v->kind;
}

bool cfg_var_hidden(const struct cfg_var *v)
{
	return v->row && (v->row->flags & CFG_HIDDEN);
}

bool cfg_instance_exists(struct cfg_group *g, int64_t inst)
{
	struct instance *i;

	pthread_mutex_lock(&lock);
	for (i = g->instances; i && i->id != inst; i = i->next)
		;
	pthread_mutex_unlock(&lock);
	return i != NULL;
}

static struct own *own_of(const struct cfg_var *v, int64_t inst)
{
	struct own *o = inst == CFG_NO_INSTANCE ? NULL : v->own;

	while (o && o->inst != inst)
		o = o->next;
	return o;
}

int cfg_read(struct arena *a, struct cfg_group *g, int64_t inst, struct cfg_var *v, struct cfg_value *ret)
{
	const struct own *o;

	if (inst != CFG_NO_INSTANCE && !cfg_instance_exists(g, inst))
		return RT_E_NOENT;
	pthread_mutex_lock(&lock);
	o = own_of(v, inst);
	*ret = o ? o->v : v->now;
	if (!o && v->row && v->row->value)
		ret->i = __atomic_load_n(v->row->value, __ATOMIC_RELAXED);
	if (ret->is_str && ret->s.p)
		ret->s = str_dup(a, ret->s);
	pthread_mutex_unlock(&lock);
	return 0;
}

/* ---- changing ---- */

static int own_set(struct cfg_var *v, int64_t inst, struct cfg_value *x)
{
	struct own *o = own_of(v, inst);

	if (!o) {
		o = mem_calloc(1, sizeof(*o));
		if (!o)
			return RT_E_NOMEM;
		o->inst = inst;
		o->next = v->own;
		v->own = o;
	}
	drop_value(&o->v);
	o->v = *x;
	return 0;
}

int cfg_set(struct cfg_group *g, int64_t inst, struct cfg_var *v, const struct cfg_value *to)
{
	struct cfg_value x;
	int err;

	if (v->row && (v->row->flags & CFG_FIXED))
		return RT_E_STATE;
	if (inst != CFG_NO_INSTANCE && !cfg_instance_exists(g, inst))
		return RT_E_NOENT;
	err = converted(v, to, &x);
	if (err)
		return err;
	pthread_mutex_lock(&lock);
	if (inst != CFG_NO_INSTANCE) {
		err = own_set(v, inst, &x);
	} else {
		drop_value(&v->now);
		v->now = x;
		if (v->row && v->row->value)
			__atomic_store_n(v->row->value, x.i, __ATOMIC_RELAXED);
	}
	pthread_mutex_unlock(&lock);
	if (err)
		drop_value(&x);
	else if (inst == CFG_NO_INSTANCE && v->row && v->row->changed)
		v->row->changed(x.i);
	return err;
}

int cfg_del(struct cfg_group *g, int64_t inst, struct cfg_var *v)
{
	struct own **at = &v->own, *o;

	if (!cfg_instance_exists(g, inst))
		return RT_E_NOENT;
	pthread_mutex_lock(&lock);
	while (*at && (*at)->inst != inst)
		at = &(*at)->next;
	o = *at;
	if (o) {
		*at = o->next;
		drop_value(&o->v);
		mem_free(&o);
	}
	pthread_mutex_unlock(&lock);
	return 0;
}

int cfg_instance_add(struct cfg_group *g, int64_t inst)
{
	struct instance *i;

	if (inst < 0)
		return RT_E_INVAL;
	if (cfg_instance_exists(g, inst))
		return 0;
	if (g->n_instances >= CFG_INSTANCES_MAX)
		return RT_E_LIMIT;
	i = mem_calloc(1, sizeof(*i));
	if (!i)
		return RT_E_NOMEM;
	i->id = inst;
	pthread_mutex_lock(&lock);
	i->next = g->instances;
	g->instances = i;
	g->n_instances++;
	pthread_mutex_unlock(&lock);
	return 0;
}

int cfg_instance_del(struct cfg_group *g, int64_t inst)
{
	struct instance **at, *i;

	for (struct cfg_var *v = g->vars; v; v = v->next)
		cfg_del(g, inst, v);
	pthread_mutex_lock(&lock);
	for (at = &g->instances; *at && (*at)->id != inst; at = &(*at)->next)
		;
	i = *at;
	if (i) {
		*at = i->next;
		g->n_instances--;
	}
	pthread_mutex_unlock(&lock);
	if (!i)
		return RT_E_NOENT;
	mem_free(&i);
	return 0;
}

int cfg_reset_group(struct cfg_group *g)
{
	int err = 0;

	for (struct cfg_var *v = g->vars; v; v = v->next) {
		int e = v->row && (v->row->flags & CFG_FIXED) ? 0 : cfg_set(g, CFG_NO_INSTANCE, v, &v->start);

		err = err ? err : e;
	}
	return err;
}

/* ---- changes in waiting ---- */

int cfg_delay(struct cfg_group *g, int64_t inst, struct cfg_var *v, const struct cfg_value *to)
{
	struct pending **at, *p;
	unsigned n = 0;
	int err;

	if (v->row && (v->row->flags & CFG_FIXED))
		return RT_E_STATE;
	if (inst != CFG_NO_INSTANCE && !cfg_instance_exists(g, inst))
		return RT_E_NOENT;
	p = mem_calloc(1, sizeof(*p));
	if (!p)
		return RT_E_NOMEM;
	*p = (struct pending){.g = g, .v = v, .inst = inst, .del = !to};
	err = to ? converted(v, to, &p->to) : 0;
	pthread_mutex_lock(&lock);
	for (at = &pending; *at; at = &(*at)->next)
		n++;
	if (!err && n >= CFG_PENDING_MAX)
		err = RT_E_LIMIT;
	if (!err)
		*at = p;
	pthread_mutex_unlock(&lock);
	if (err) {
		drop_value(&p->to);
		mem_free(&p);
	}
	return err;
}

static struct pending *take_pending(void)
{
	struct pending *p;

	pthread_mutex_lock(&lock);
	p = pending;
	pending = NULL;
	pthread_mutex_unlock(&lock);
	return p;
}

int cfg_commit(void)
{
	struct pending *p = take_pending(), *next;
	int err = 0;

	for (; p; p = next) {
		int e = p->del ? cfg_del(p->g, p->inst, p->v) : cfg_set(p->g, p->inst, p->v, &p->to);

		err = err ? err : e;
		next = p->next;
		drop_value(&p->to);
		mem_free(&p);
	}
	return err;
}

void cfg_rollback(void)
{
	struct pending *p = take_pending(), *next;

	for (; p; p = next) {
		next = p->next;
		drop_value(&p->to);
		mem_free(&p);
	}
}

bool cfg_pending(struct arena *a, unsigned i, struct cfg_change *ret)
{
	struct pending *p;

	pthread_mutex_lock(&lock);
	for (p = pending; p && i > 0; p = p->next)
		i--;
	if (p) {
		*ret = (struct cfg_change){p->g, p->v, p->inst, {0}, p->del ? p->v->now : p->to};
		if (ret->now.is_str && ret->now.s.p)
			ret->now.s = str_dup(a, ret->now.s);
	}
	pthread_mutex_unlock(&lock);
	return p && cfg_read(a, ret->g, ret->inst, ret->v, &ret->old) == 0;
}

/* ---- for a run ---- */

int64_t cfg_selected(const struct run *r, const struct cfg_group *g)
{
	for (const struct cfg_choice *c = r->cfg; c; c = c->next)
		if (c->g == g)
			return c->inst;
	return CFG_NO_INSTANCE;
}

static int choose(struct run *r, struct cfg_group *g, int64_t inst)
{
	struct cfg_choice *c = r->cfg;

	while (c && c->g != g)
		c = c->next;
	if (!c) {
		c = arena_new_of(r->arena, struct cfg_choice);
		if (!c)
			return RT_E_NOMEM;
		c->g = g;
		c->next = r->cfg;
		r->cfg = c;
	}
	c->inst = inst;
	return 0;
}

int cfg_select(struct run *r, struct str group, int64_t inst)
{
	struct cfg_group *g = cfg_group_find(group);

	if (!g || !cfg_instance_exists(g, inst))
		return RT_E_NOENT;
	return choose(r, g, inst);
}

int cfg_unselect(struct run *r, struct str group)
{
	struct cfg_group *g = cfg_group_find(group);

	return g ? choose(r, g, CFG_NO_INSTANCE) : RT_E_NOENT;
}

bool cfg_text(struct run *r, struct cfg_group *g, struct cfg_var *v, struct str *ret)
{
	int64_t inst = cfg_selected(r, g);
	struct cfg_value x;

	if (inst != CFG_NO_INSTANCE && !cfg_instance_exists(g, inst))
		inst = CFG_NO_INSTANCE; /* it was deleted meanwhile */
	if (cfg_read(r->arena, g, inst, v, &x))
		return false;
	*ret = !x.is_str ? str_printf(r->arena, "%lld", (long long)x.i) : x.s.p ? x.s : S("");
	return true;
}

void rt_cfg_get(struct run *r, int32_t index, struct value *ret)
{
	struct str s;

	*ret = value_null();
	if (cfg_text(r, script_groups[index], script_vars[index], &s))
		*ret = value_str(s);
}
