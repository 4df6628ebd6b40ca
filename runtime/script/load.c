/* SPDX-License-Identifier: Apache-2.0 */
#include "script/load.h"

#include "core/counter.h"
#include "core/latency.h"
#include "core/log.h"
#include "rpc/rpc.h"
#include "script/cfg.h"
#include "script/regex.h"
#include "script/run.h"
#include "script/select.h"
#include "script/script_priv.h"
#include "script/send.h"

/* ---- constants ---- */

int program_load_constants(const struct program *p)
{
	for (uint64_t i = 0; i < p->n_regexes; i++) {
		const struct program_regex *re = &p->regexes[i];

		*re->slot = re->kind == CONST_SUBST    ? (void *)rt_subst_new(re->text)
			    : re->kind == CONST_SELECT ? (void *)rt_select_new(re->text)
						       : (void *)rt_regex_new_constant(re->text, re->flags);
		if (!*re->slot) {
			log_err("bad %s \"" STR_FMT "\"",
				re->kind == CONST_SUBST ? "substitution" : "regular expression", STR_ARG(re->text));
			return RT_E_PARSE;
		}
	}
	return 0;
}

static void free_constants(const struct program *p)
{
	for (uint64_t i = 0; i < p->n_regexes; i++) {
		void *v = *p->regexes[i].slot;

		*p->regexes[i].slot = NULL;
		if (!v)
			continue;
		if (p->regexes[i].kind == CONST_SUBST) {
			struct rt_subst *s = v;

			rt_subst_free(&s);
		} else if (p->regexes[i].kind == CONST_SELECT) {
			struct rt_select *s = v;

			rt_select_free(&s);
		} else {
			struct rt_regex *re = v;

			rt_regex_free(&re);
		}
	}
}

/* ---- parameters ---- */

static void store(const struct std_param *to, const struct program_value *v)
{
	switch (to->kind) {
	case STD_PARAM_INT:
		*(int64_t *)to->storage = v->i;
		return;
	case STD_PARAM_STR:
		*(struct str *)to->storage = v->s;
		return;
	case STD_PARAM_PV:
		*(const struct pv_ref **)to->storage = v->pv;
		return;
	case STD_PARAM_FMT:
		*(const struct fmt_ref **)to->storage = v->fmt;
		return;
	case STD_PARAM_PAIRS:
		*(struct program_value *)to->storage = *v;
		return;
	}
}

static void set_defaults(const struct std_module *m)
{
	for (const struct std_param *p = m->params; p->name; p++) {
		struct program_value v = {.s = str_of(p->def)};

		if (!p->storage)
			continue;
		if (p->kind == STD_PARAM_INT && v.s.n && !str_to_i64(v.s, &v.i))
			log_err("%s: default \"%s\" of %s is no number", m->name, p->def, p->name);
		store(p, &v);
	}
}

static int set_param(const struct program_param *pp)
{
	for (const struct std_param *p = pp->module->params; p->name; p++) {
		if (!str_eq(str_of(p->name), pp->name))
			continue;
		if (p->set)
			return p->set(&pp->value);
		if (p->storage)
			store(p, &pp->value);
		return 0;
	}
	return RT_E_NOENT;
}

static int register_module(const struct std_module *m)
{
	for (const struct std_stat *s = m->stats; s && s->group; s++)
		if (counter_get(str_of(s->group), str_of(s->name)) == COUNTER_NONE)
			return RT_E_LIMIT;
	return rpc_register(m->rpcs);
}

static void set_conf(const struct program *p)
{
	script_conf.max_recursive_level = program_core_int(p, "max_recursive_level", 256);
	if (script_conf.max_recursive_level > RUN_DEPTH_MAX || script_conf.max_recursive_level < 1)
		script_conf.max_recursive_level = RUN_DEPTH_MAX; /* what a fiber's stack carries */
	script_conf.max_while_loops = program_core_int(p, "max_while_loops", 100);
	script_conf.server_id = program_core_int(p, "server_id", 0);
	latency_conf = (struct latency_conf){
		.level = program_core_int(p, "latency_log", L_ERR),
		.cfg_level = program_core_int(p, "latency_cfg_log", L_DBG),
		.action_us = program_core_int(p, "latency_limit_action", 0),
		.db_us = program_core_int(p, "latency_limit_db", 0),
		.cfg_us = program_core_int(p, "latency_limit_cfg", 0),
	};
}

int program_load(const struct program *p)
{
	int err;

	if (p->abi != PROGRAM_ABI) {
		log_crit("the program was made for another runtime (%u, this is %d)", p->abi, PROGRAM_ABI);
		return RT_E_INVAL;
	}
	set_conf(p);
	script_onsend_enable(p);
	err = cfg_core_declare(p);
	if (!err)
		err = cfg_load(p);
	if (!err)
		err = program_load_constants(p);
	for (uint64_t i = 0; !err && i < p->n_modules; i++) {
		set_defaults(p->modules[i]);
		err = register_module(p->modules[i]);
	}
	for (uint64_t i = 0; !err && i < p->n_params; i++) {
		err = set_param(&p->params[i]);
		if (err)
			log_err("modparam(\"%s\", \"" STR_FMT "\"): %s", p->params[i].module->name,
				STR_ARG(p->params[i].name), rt_strerror(err));
	}
	for (uint64_t i = 0; !err && i < p->n_modules; i++) {
		if (!p->modules[i]->init)
			continue;
		err = p->modules[i]->init(p);
		if (err)
			log_err("module %s cannot start: %s", p->modules[i]->name, rt_strerror(err));
	}
	return err;
}

void program_unload(const struct program *p)
{
	for (uint64_t i = p->n_modules; i-- > 0;)
		if (p->modules[i]->fini)
			p->modules[i]->fini();
	free_constants(p);
	cfg_unload();
	script_presets_free();
	rpc_reset();
}

int program_worker_init(const struct program *p, struct worker *w)
{
	for (uint64_t i = 0; i < p->n_modules; i++) {
		int err = p->modules[i]->worker_init ? p->modules[i]->worker_init(w) : 0;

		if (!err)
			continue;
		log_err("module %s cannot start on a worker: %s", p->modules[i]->name, rt_strerror(err));
		while (i-- > 0)
			if (p->modules[i]->worker_fini)
				p->modules[i]->worker_fini(w);
		return err;
	}
	return 0;
}

void program_worker_fini(const struct program *p, struct worker *w)
{
	for (uint64_t i = p->n_modules; i-- > 0;)
		if (p->modules[i]->worker_fini)
			p->modules[i]->worker_fini(w);
}

/* ---- core parameters ---- */

const struct program_value *program_core_find(const struct program *p, const char *name)
{
	for (uint64_t i = p->n_core; i-- > 0;)
		if (str_eq(p->core[i].name, str_of(name)))
			return &p->core[i].value;
	return NULL;
}

int64_t program_global_int(const struct program *p, const char *group, const char *name, int64_t def)
{
	for (uint64_t i = 0; i < p->n_cfg_vars; i++) {
		const struct program_cfg_var *v = &p->cfg_vars[i];

		if (v->instance < 0 && v->value.kind == PROGRAM_INT && str_eq(v->group, str_of(group)) &&
		    str_eq(v->name, str_of(name)))
			def = v->value.i;
	}
	return def;
}

int64_t program_core_int(const struct program *p, const char *name, int64_t def)
{
	const struct program_value *v = program_core_find(p, name);

	return v && v->kind == PROGRAM_INT ? v->i : def;
}

struct str program_core_str(const struct program *p, const char *name, struct str def)
{
	const struct program_value *v = program_core_find(p, name);

	return v && v->kind != PROGRAM_INT ? v->s : def;
}
