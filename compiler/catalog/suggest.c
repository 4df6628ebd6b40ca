/* SPDX-License-Identifier: Apache-2.0 */
/* suggest.c - the nearest name: what a misspelt one probably means. */
#include "catalog/catalog_priv.h"

struct best {
	struct str name; /* what was written */
	struct str hit;
	unsigned distance;
};

static void consider(struct best *b, const char *z)
{
	struct str s = str_of(z);
	unsigned d;

	if (b->distance == 0)
		return;
	d = cat_distance(b->name, s, b->distance - 1);
	if (d < b->distance) {
		b->distance = d;
		b->hit = s;
	}
}

static void consider_built(const struct catalog *c, enum cat_known_kind k, struct best *b)
{
	size_t n;

	if (k == KNOWN_FN) {
		const struct cat_fn *f = cat_fn_all(c, &n);
		for (size_t i = 0; i < n; i++)
			consider(b, f[i].name);
	} else if (k == KNOWN_PV) {
		const struct cat_pv *p = cat_pv_all(c, &n);
		for (size_t i = 0; i < n; i++)
			consider(b, p[i].name);
	} else if (k == KNOWN_PARAM) {
		const struct cat_param *p = cat_param_all(c, &n);
		for (size_t i = 0; i < n; i++)
			consider(b, p[i].name);
	} else if (k == KNOWN_EVENT) {
		const struct cat_named *e = cat_event_all(c, &n);
		for (size_t i = 0; i < n; i++)
			consider(b, e[i].name);
	} else if (k == KNOWN_TR) {
		const struct cat_tr *t = cat_tr_all(c, &n);
		for (size_t i = 0; i < n; i++) {
			struct str s = str_printf(c->arena, "%s.%s", t[i].klass, t[i].name);
			if (s.p)
				consider(b, s.p);
		}
	}
}

struct str cat_suggest(const struct catalog *c, enum cat_known_kind k, struct str name)
{
	struct best b = {name, {NULL, 0}, cat_distance_max(name) + 1};
	size_t n;
	const struct cat_known *rows = cat_known_rows(k, &n);

	consider_built(c, k, &b);
	for (size_t i = 0; i < n; i++)
		consider(&b, rows[i].name);
	return b.hit;
}

struct str cat_suggest_core_param(const struct catalog *c, struct str name)
{
	struct best b = {name, {NULL, 0}, cat_distance_max(name) + 1};
	size_t n;
	const struct cat_core_param *rows = cat_core_params(&n);

	(void)c;
	for (size_t i = 0; i < n; i++)
		consider(&b, rows[i].name);
	return b.hit;
}
