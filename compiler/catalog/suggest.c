/* SPDX-License-Identifier: Apache-2.0 */
/* suggest.c - the nearest name: what a misspelt one probably means. */
#include "catalog/catalog_priv.h"

struct best {
	struct str name; /* what was written */
	struct str hit;
	unsigned distance;
	int n_args; /* of the call; -1: it is none */
	bool fits;  /* the hit takes so many */
};

/* Of names equally near the first wins, but a function that takes as many arguments beats one that does not. */
static void consider_fn(struct best *b, const char *z, bool fits)
{
	struct str s = str_of(z);
	bool better = fits && !b->fits;
	unsigned d;

	if (b->distance == 0)
		return;
	d = cat_distance(b->name, s, better ? b->distance : b->distance - 1);
	if (d < b->distance || (d == b->distance && better && b->hit.n)) {
		b->distance = d;
		b->hit = s;
		b->fits = fits;
	}
}

static void consider(struct best *b, const char *z)
{
	consider_fn(b, z, false);
}

static void consider_built(const struct catalog *c, enum cat_known_kind k, struct best *b)
{
	size_t n;

	if (k == KNOWN_FN) {
		const struct cat_fn *f = cat_fn_all(c, &n);
		for (size_t i = 0; i < n; i++)
			consider_fn(b, f[i].name, f[i].n_args == b->n_args);
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

static struct str nearest(const struct catalog *c, enum cat_known_kind k, struct str name, int n_args)
{
	struct best b = {.name = name, .distance = cat_distance_max(name) + 1, .n_args = n_args};
	size_t n;
	const struct cat_known *rows = cat_known_rows(k, &n);

	consider_built(c, k, &b);
	for (size_t i = 0; i < n; i++)
		consider_fn(&b, rows[i].name, k == KNOWN_FN && n_args >= 0 && rows[i].a[0] == '0' + n_args && !rows[i].a[1]);
	return b.hit;
}

struct str cat_suggest(const struct catalog *c, enum cat_known_kind k, struct str name)
{
	return nearest(c, k, name, -1);
}

struct str cat_suggest_fn(const struct catalog *c, struct str name, int n_args)
{
	return nearest(c, KNOWN_FN, name, n_args);
}

struct str cat_suggest_core_param(const struct catalog *c, struct str name)
{
	struct best b = {.name = name, .distance = cat_distance_max(name) + 1, .n_args = -1};
	size_t n;
	const struct cat_core_param *rows = cat_core_params(&n);

	(void)c;
	for (size_t i = 0; i < n; i++)
		consider(&b, rows[i].name);
	return b.hit;
}
