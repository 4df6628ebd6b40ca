/* SPDX-License-Identifier: Apache-2.0 */
/* known.c - the names of the reference as constant tables, made from known/<kind>.tsv at build time. */
#include "catalog/catalog_priv.h"

static const struct cat_known known_modules[] = {
#include "known_modules.inc"
};
static const struct cat_known known_functions[] = {
#include "known_functions.inc"
};
static const struct cat_known known_params[] = {
#include "known_params.inc"
};
static const struct cat_known known_pvars[] = {
#include "known_pvars.inc"
};
static const struct cat_known known_transformations[] = {
#include "known_transformations.inc"
};
static const struct cat_known known_events[] = {
#include "known_events.inc"
};
static const struct cat_known known_cfg_groups[] = {
#include "known_cfg_groups.inc"
};
static const struct cat_known known_selects[] = {
#include "known_selects.inc"
};
static const struct cat_known known_stats[] = {
#include "known_stats.inc"
};

#define N(t) (sizeof(t) / sizeof((t)[0]))
static const struct {
	const struct cat_known *rows;
	size_t n;
} known[KNOWN_KINDS] = {
	[KNOWN_MODULE] = {known_modules, N(known_modules)},
	[KNOWN_FN] = {known_functions, N(known_functions)},
	[KNOWN_PARAM] = {known_params, N(known_params)},
	[KNOWN_PV] = {known_pvars, N(known_pvars)},
	[KNOWN_TR] = {known_transformations, N(known_transformations)},
	[KNOWN_EVENT] = {known_events, N(known_events)},
	[KNOWN_GROUP] = {known_cfg_groups, N(known_cfg_groups)},
	[KNOWN_SELECT] = {known_selects, N(known_selects)},
	[KNOWN_STAT] = {known_stats, N(known_stats)},
};

const struct cat_known *cat_known_rows(enum cat_known_kind k, size_t *n)
{
	*n = known[k].n;
	return known[k].rows;
}

static struct cat_index *known_index(const struct catalog *c, enum cat_known_kind k)
{
	/* a catalog belongs to one thread, and an index is only a cache of constant rows */
	struct catalog *w = (struct catalog *)(uintptr_t)c;
	struct cat_index *x = &w->known[k];

	if (x->bucket)
		return x;
	if (!cat_index_init(x, w->arena, known[k].n, k == KNOWN_TR))
		return NULL;
	for (size_t i = 0; i < known[k].n; i++)
		if (!cat_index_add(x, w->arena, str_of(known[k].rows[i].name), &known[k].rows[i]))
			return NULL;
	return x;
}

const struct cat_known *cat_known_find(const struct catalog *c, enum cat_known_kind k,
				       struct str name, size_t i)
{
	struct cat_index *x = known_index(c, k);
	const struct cat_node *n = x ? cat_index_find(x, name) : NULL;

	while (n && i--)
		n = cat_index_next(x, n);
	return n ? n->row : NULL;
}

const struct cat_known *cat_known_in(const struct catalog *c, enum cat_known_kind k,
				     struct str module, struct str name, int nargs)
{
	const struct cat_known *row;

	for (size_t i = 0; (row = cat_known_find(c, k, name, i)) != NULL; i++) {
		if (module.n && !str_eq(str_of(row->module), module))
			continue;
		if (nargs >= 0 && !(row->a[0] == '0' + nargs && row->a[1] == 0))
			continue;
		return row;
	}
	return NULL;
}

/* "htable:expired:<table>" accepts any text for what stands in angle brackets. */
static bool event_matches(struct str pattern, struct str name)
{
	size_t lt = str_chr(pattern, '<');

	if (lt == STR_NONE)
		return str_eq(pattern, name);
	return name.n > lt && str_eq(str_head(pattern, lt), str_head(name, lt));
}

bool cat_event_known(const struct catalog *c, struct str name)
{
	size_t n;
	const struct cat_named *built = cat_event_all(c, &n);

	for (size_t i = 0; i < n; i++)
		if (event_matches(str_of(built[i].name), name))
			return true;
	for (size_t i = 0; i < known[KNOWN_EVENT].n; i++)
		if (event_matches(str_of(known[KNOWN_EVENT].rows[i].name), name))
			return true;
	return false;
}
