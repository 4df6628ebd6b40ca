/* SPDX-License-Identifier: Apache-2.0 */
/*
 * catalog.c - indexes over the built rows.
 *
 * Rows are copied into the arena so that aliases become rows of their own and rows of one name are
 * chained in table order.
 */
#include "catalog/catalog_priv.h"

static const struct cat_core_param core_params[] = {
#define CORE_PARAM(name, aliases, kind, def, effect, why)                                          \
	{name, aliases, CATCORE_##kind, def, effect, why},
#include "catalog/core_params.def"
#undef CORE_PARAM
};

const struct cat_core_param *cat_core_params(size_t *n)
{
	*n = sizeof(core_params) / sizeof(core_params[0]);
	return core_params;
}

static bool z_eq(const char *a, const char *b)
{
	return str_eq(str_of(a), str_of(b));
}

static bool load_fns(struct catalog *c)
{
	const struct cat_raw *raw = &cat_raw;
	size_t cap = raw->n_fns + raw->n_fn_alias * 4;

	c->fns = arena_calloc(c->arena, cap + 1, sizeof(*c->fns));
	if (!c->fns || !cat_index_init(&c->fn, c->arena, cap, false))
		return false;
	for (size_t i = 0; i < raw->n_fns; i++)
		c->fns[c->n_fns++] = raw->fns[i];
	for (size_t i = 0; i < raw->n_fn_alias; i++) {
		const struct cat_alias *al = &raw->fn_alias[i];

		for (size_t j = 0; j < raw->n_fns && c->n_fns < cap; j++) {
			if (!z_eq(raw->fns[j].name, al->name) || !z_eq(raw->fns[j].module, al->module))
				continue;
			c->fns[c->n_fns] = raw->fns[j];
			c->fns[c->n_fns].name = al->alias;
			c->fns[c->n_fns++].alias_of = al->name;
		}
	}
	for (size_t i = 0; i < c->n_fns; i++) {
		struct cat_fn *f = &c->fns[i];
		struct str name = str_of(f->name);
		const struct cat_node *first = cat_index_find(&c->fn, name);
		const struct cat_known *k =
			cat_known_in(c, KNOWN_FN, str_of(f->module), name, f->n_args);

		f->const_args = k && z_eq(k->c, "const");
		if (!first) {
			if (!cat_index_add(&c->fn, c->arena, name, f))
				return false;
			continue;
		}
		struct cat_fn *at = &c->fns[(const struct cat_fn *)first->row - c->fns];
		while (at->next)
			at = &c->fns[at->next - c->fns];
		at->next = f;
	}
	return true;
}

static bool load_pvs(struct catalog *c)
{
	const struct cat_raw *raw = &cat_raw;
	size_t cap = raw->n_pvs + raw->n_pv_alias;

	c->pvs = arena_calloc(c->arena, cap + 1, sizeof(*c->pvs));
	if (!c->pvs || !cat_index_init(&c->pv, c->arena, cap, false))
		return false;
	for (size_t i = 0; i < raw->n_pvs; i++)
		c->pvs[c->n_pvs++] = raw->pvs[i];
	for (size_t i = 0; i < raw->n_pv_alias; i++) {
		for (size_t j = 0; j < raw->n_pvs; j++) {
			if (!z_eq(raw->pvs[j].name, raw->pv_alias[i].name) ||
			    !z_eq(raw->pvs[j].module, raw->pv_alias[i].module))
				continue;
			c->pvs[c->n_pvs] = raw->pvs[j];
			c->pvs[c->n_pvs].name = raw->pv_alias[i].alias;
			c->pvs[c->n_pvs++].alias_of = raw->pv_alias[i].name;
			break;
		}
	}
	for (size_t i = 0; i < c->n_pvs; i++) {
		struct str name = str_of(c->pvs[i].name);
		const struct cat_node *first = cat_index_find(&c->pv, name);

		if (!first) {
			if (!cat_index_add(&c->pv, c->arena, name, &c->pvs[i]))
				return false;
			continue;
		}
		struct cat_pv *at = &c->pvs[(const struct cat_pv *)first->row - c->pvs];
		while (at->next)
			at = &c->pvs[at->next - c->pvs];
		at->next = &c->pvs[i];
	}
	return true;
}

static bool load_trs(struct catalog *c)
{
	const struct cat_raw *raw = &cat_raw;

	c->trs = arena_calloc(c->arena, raw->n_trs + 1, sizeof(*c->trs));
	if (!c->trs || !cat_index_init(&c->tr, c->arena, raw->n_trs, true))
		return false;
	for (size_t i = 0; i < raw->n_trs; i++) {
		struct str key = str_printf(c->arena, "%s.%s", raw->trs[i].klass, raw->trs[i].name);
		const struct cat_node *first = cat_index_find(&c->tr, key);

		c->trs[c->n_trs++] = raw->trs[i];
		if (!first) {
			if (!key.p || !cat_index_add(&c->tr, c->arena, key, &c->trs[i]))
				return false;
			continue;
		}
		struct cat_tr *at = &c->trs[(const struct cat_tr *)first->row - c->trs];
		while (at->next)
			at = &c->trs[at->next - c->trs];
		at->next = &c->trs[i];
	}
	return true;
}

static bool load_names(struct catalog *c)
{
	size_t n;
	const struct cat_core_param *cp = cat_core_params(&n);

	if (!cat_index_init(&c->param, c->arena, cat_raw.n_params, false) ||
	    !cat_index_init(&c->module, c->arena, cat_raw.n_modules, false) ||
	    !cat_index_init(&c->core, c->arena, n * 2, false))
		return false;
	for (size_t i = 0; i < cat_raw.n_params; i++)
		if (!cat_index_add(&c->param, c->arena, str_of(cat_raw.params[i].name),
				   &cat_raw.params[i]))
			return false;
	for (size_t i = 0; i < cat_raw.n_modules; i++)
		if (!cat_index_add(&c->module, c->arena, str_of(cat_raw.modules[i].name),
				   &cat_raw.modules[i]))
			return false;
	for (size_t i = 0; i < n; i++) {
		struct str rest = str_of(cp[i].aliases);

		if (!cat_index_add(&c->core, c->arena, str_of(cp[i].name), &cp[i]))
			return false;
		while (rest.n)
			if (!cat_index_add(&c->core, c->arena, str_cut(&rest, ','), &cp[i]))
				return false;
	}
	return true;
}

struct catalog *catalog_new(struct arena *a)
{
	struct catalog *c = arena_alloc(a, sizeof(*c));

	if (!c)
		return NULL;
	c->arena = a;
	if (!load_fns(c) || !load_pvs(c) || !load_trs(c) || !load_names(c))
		return NULL;
	return c;
}

static const void *first_row(const struct cat_index *x, struct str name)
{
	const struct cat_node *n = cat_index_find(x, name);

	return n ? n->row : NULL;
}

const struct cat_module *cat_modules(const struct catalog *c, size_t *n)
{
	(void)c;
	*n = cat_raw.n_modules;
	return cat_raw.modules;
}

const struct cat_module *cat_module_find(const struct catalog *c, struct str name)
{
	return first_row(&c->module, name);
}

const struct cat_fn *cat_fn_find(const struct catalog *c, struct str name)
{
	return first_row(&c->fn, name);
}

const struct cat_pv *cat_pv_find(const struct catalog *c, struct str name)
{
	return first_row(&c->pv, name);
}

const struct cat_tr *cat_tr_find(const struct catalog *c, struct str klass, struct str name)
{
	char buf[96];

	if (klass.n + name.n + 1 >= sizeof(buf))
		return NULL;
	memcpy(buf, klass.p, klass.n);
	buf[klass.n] = '.';
	memcpy(buf + klass.n + 1, name.p, name.n);
	return first_row(&c->tr, str_make(buf, klass.n + 1 + name.n));
}

const struct cat_param *cat_param_find(const struct catalog *c, struct str module, struct str name)
{
	const struct cat_node *n = cat_index_find(&c->param, name);

	for (; n; n = cat_index_next(&c->param, n)) {
		const struct cat_param *p = n->row;

		if (str_eq(str_of(p->module), module))
			return p;
	}
	return NULL;
}

const struct cat_core_param *cat_core_param_find(const struct catalog *c, struct str name)
{
	return first_row(&c->core, name);
}

const struct cat_fn *cat_fn_all(const struct catalog *c, size_t *n)
{
	*n = c->n_fns;
	return c->fns;
}

const struct cat_pv *cat_pv_all(const struct catalog *c, size_t *n)
{
	*n = c->n_pvs;
	return c->pvs;
}

const struct cat_tr *cat_tr_all(const struct catalog *c, size_t *n)
{
	*n = c->n_trs;
	return c->trs;
}

const struct cat_param *cat_param_all(const struct catalog *c, size_t *n)
{
	(void)c;
	*n = cat_raw.n_params;
	return cat_raw.params;
}

const struct cat_named *cat_event_all(const struct catalog *c, size_t *n)
{
	(void)c;
	*n = cat_raw.n_events;
	return cat_raw.events;
}

const struct cat_named *cat_rpc_all(const struct catalog *c, size_t *n)
{
	(void)c;
	*n = cat_raw.n_rpcs;
	return cat_raw.rpcs;
}

const struct cat_named *cat_stat_all(const struct catalog *c, size_t *n)
{
	(void)c;
	*n = cat_raw.n_stats;
	return cat_raw.stats;
}
