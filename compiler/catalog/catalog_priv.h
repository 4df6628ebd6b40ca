/* SPDX-License-Identifier: Apache-2.0 */
/* catalog_priv.h - raw rows (tables.c) and the index type; inside compiler/catalog only. */
#ifndef CATALOG_CATALOG_PRIV_H
#define CATALOG_CATALOG_PRIV_H

#include "catalog/catalog.h"

struct cat_alias {
	const char *module;
	const char *alias;
	const char *name;
};

/* The rows as the .def files have them, each table with its length. */
struct cat_raw {
	const struct cat_module *modules;
	const struct cat_fn *fns;
	const struct cat_pv *pvs;
	const struct cat_tr *trs;
	const struct cat_param *params;
	const struct cat_named *events, *rpcs, *stats;
	const struct cat_alias *fn_alias, *pv_alias;
	size_t n_modules, n_fns, n_pvs, n_trs, n_params, n_events, n_rpcs, n_stats, n_fn_alias,
		n_pv_alias;
};
extern const struct cat_raw cat_raw;

struct cat_node {
	struct str key;
	const void *row;
	struct cat_node *next;
};

/* A chained hash from name to rows; chains keep the order of insertion. */
struct cat_index {
	struct cat_node **bucket;
	size_t mask;
	bool ignore_case;
};

struct catalog {
	struct arena *arena;
	struct cat_fn *fns;
	struct cat_pv *pvs;
	struct cat_tr *trs;
	size_t n_fns, n_pvs, n_trs;
	struct cat_index fn, pv, tr, param, module, core;
	struct cat_index known[KNOWN_KINDS];
};

bool cat_index_init(struct cat_index *x, struct arena *a, size_t n, bool ignore_case);
bool cat_index_add(struct cat_index *x, struct arena *a, struct str key, const void *row);
/* First node of that key, or NULL. */
const struct cat_node *cat_index_find(const struct cat_index *x, struct str key);
const struct cat_node *cat_index_next(const struct cat_index *x, const struct cat_node *n);

#endif
