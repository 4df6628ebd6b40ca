/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tables.c - the rows of all stdlib/<module>/<module>.def as constant tables.
 *
 * gen/stdlib_defs.inc (Makefile.catalog) includes every .def; it is read once per table with other
 * meanings of the row macros. The prototype side of the same rows is abi/std.h.
 */
#include "catalog/catalog_priv.h"

/* ---- argument lists: A2(INT, a, ENUM("x|y"), b) -> 2, {{CAT_INT, NULL, "a"}, ...} ---- */
#define CAT_K_INT CAT_INT, NULL
#define CAT_K_STR CAT_STR, NULL
#define CAT_K_VSTR CAT_VSTR, NULL
#define CAT_K_CSTR CAT_CSTR, NULL
#define CAT_K_ANY CAT_ANY, NULL
#define CAT_K_CODE CAT_CODE, NULL
#define CAT_K_PVAR CAT_PVAR, NULL
#define CAT_K_PVAR_W CAT_PVAR_W, NULL
#define CAT_K_PVLIST_W CAT_PVLIST_W, NULL
#define CAT_K_AVP CAT_AVP, NULL
#define CAT_K_ROUTE CAT_ROUTE, NULL
#define CAT_K_ROUTE_ONREPLY CAT_ROUTE_ONREPLY, NULL
#define CAT_K_ROUTE_FAILURE CAT_ROUTE_FAILURE, NULL
#define CAT_K_ROUTE_BRANCH CAT_ROUTE_BRANCH, NULL
#define CAT_K_ROUTE_BRANCH_FAILURE CAT_ROUTE_BRANCH_FAILURE, NULL
#define CAT_K_REGEX CAT_REGEX, NULL
#define CAT_K_SUBST CAT_SUBST, NULL
#define CAT_K_METHODS CAT_METHODS, NULL
#define CAT_K_FLAG CAT_FLAG, NULL
#define CAT_K_LEVEL CAT_LEVEL, NULL
#define CAT_K_TABLE CAT_TABLE, NULL
#define CAT_K_SHT CAT_SHT, NULL
#define CAT_K_SHTKEY CAT_SHTKEY, NULL
#define CAT_K_ENUM(keys) CAT_ENUM, keys
#define CAT_K_HDRREF(forms) CAT_HDRREF, forms

#define A0 0, {{0, NULL, NULL}}
#define A1(k1, n1) 1, {{CAT_K_##k1, #n1}}
#define A2(k1, n1, k2, n2) 2, {{CAT_K_##k1, #n1}, {CAT_K_##k2, #n2}}
#define A3(k1, n1, k2, n2, k3, n3) 3, {{CAT_K_##k1, #n1}, {CAT_K_##k2, #n2}, {CAT_K_##k3, #n3}}
#define A4(k1, n1, k2, n2, k3, n3, k4, n4)                                                         \
	4, {{CAT_K_##k1, #n1}, {CAT_K_##k2, #n2}, {CAT_K_##k3, #n3}, {CAT_K_##k4, #n4}}
#define A5(k1, n1, k2, n2, k3, n3, k4, n4, k5, n5)                                                 \
	5, {{CAT_K_##k1, #n1}, {CAT_K_##k2, #n2}, {CAT_K_##k3, #n3}, {CAT_K_##k4, #n4},            \
	    {CAT_K_##k5, #n5}}
#define A6(k1, n1, k2, n2, k3, n3, k4, n4, k5, n5, k6, n6)                                         \
	6, {{CAT_K_##k1, #n1}, {CAT_K_##k2, #n2}, {CAT_K_##k3, #n3}, {CAT_K_##k4, #n4},            \
	    {CAT_K_##k5, #n5}, {CAT_K_##k6, #n6}}

#include "abi/def_empty.h"
#undef MODULE
#define MODULE(m, doc) {#m, doc, 0},
static const struct cat_module modules[] = {
#include "stdlib_defs.inc"
	{NULL, NULL, 0},
};

#include "abi/def_empty.h"
#undef FN
#undef OVERLOAD
#define FN(m, f, res, ctx, fx, args, doc) {#m, #f, #f, ctx, fx, args, doc, NULL, false, NULL},
#define OVERLOAD(m, f, c, res, ctx, fx, args, doc)                                                 \
	{#m, #f, #c, ctx, fx, args, doc, NULL, false, NULL},
static const struct cat_fn fns[] = {
#include "stdlib_defs.inc"
	{NULL, NULL, NULL, 0, 0, A0, NULL, NULL, false, NULL},
};

#include "abi/def_empty.h"
#undef ALIAS
#define ALIAS(m, a, n) {#m, #a, #n},
static const struct cat_alias fn_alias[] = {
#include "stdlib_defs.inc"
	{NULL, NULL, NULL},
};

/* ---- pseudo-variables: inner kinds give two fields ---- */
#define NOINNER CAT_INNER_NONE, NULL
#define KEY(keys) CAT_INNER_KEY, keys
#define NAME CAT_INNER_NAME, NULL
#define NUMBER CAT_INNER_NUMBER, NULL
#define FLAGNAME CAT_INNER_FLAGNAME, NULL
#define VARSLOT CAT_INNER_VARSLOT, NULL
#define AVPNAME CAT_INNER_AVPNAME, NULL
#define PATH CAT_INNER_PATH, NULL
#define RECORD(keys) CAT_INNER_PATH, keys
#define INNERPV CAT_INNER_PV, NULL
#define INNERFMT CAT_INNER_FMT, NULL
#define SHTKEY CAT_INNER_SHTKEY, NULL

#include "abi/def_empty.h"
#undef PV_RO
#undef PV_RW
#define PV_RO(m, n, c, inner, fl, ty, doc) {#m, n, #c, inner, fl, ty, false, doc, NULL, NULL},
#define PV_RW(m, n, c, inner, fl, ty, doc) {#m, n, #c, inner, fl, ty, true, doc, NULL, NULL},
static const struct cat_pv pvs[] = {
#include "stdlib_defs.inc"
	{NULL, NULL, NULL, NOINNER, 0, 0, false, NULL, NULL, NULL},
};

#include "abi/def_empty.h"
#undef PV_ALIAS
#define PV_ALIAS(m, a, n) {#m, a, n},
static const struct cat_alias pv_alias[] = {
#include "stdlib_defs.inc"
	{NULL, NULL, NULL},
};

#include "abi/def_empty.h"
#undef TR
#define TR(m, k, n, c, args, ty, doc) {#m, k, n, #c, args, ty, doc, NULL},
static const struct cat_tr trs[] = {
#include "stdlib_defs.inc"
	{NULL, NULL, NULL, NULL, A0, 0, NULL, NULL},
};

#include "abi/def_empty.h"
#undef PARAM
#undef PARAM_NOOP
#define PARAM(m, n, type, def, doc) {#m, #n, CAT_PARAM_##type, def, doc, false, NULL},
#define PARAM_NOOP(m, n, type, def, why) {#m, #n, CAT_PARAM_##type, def, why, true, NULL},
static const struct cat_param params[] = {
#include "stdlib_defs.inc"
	{NULL, NULL, 0, NULL, NULL, false, NULL},
};

#include "abi/def_empty.h"
#undef EVENT
#define EVENT(m, n, doc) {#m, n, NULL, doc},
static const struct cat_named events[] = {
#include "stdlib_defs.inc"
	{NULL, NULL, NULL, NULL},
};

#include "abi/def_empty.h"
#undef RPC
#define RPC(m, n, c, doc) {#m, n, #c, doc},
static const struct cat_named rpcs[] = {
#include "stdlib_defs.inc"
	{NULL, NULL, NULL, NULL},
};

#include "abi/def_empty.h"
#undef STAT
#define STAT(m, g, n, doc) {#m, n, g, doc},
static const struct cat_named stats[] = {
#include "stdlib_defs.inc"
	{NULL, NULL, NULL, NULL},
};
#include "abi/def_undef.h"

#define N(t) (sizeof(t) / sizeof((t)[0]) - 1)
const struct cat_raw cat_raw = {
	.modules = modules,   .n_modules = N(modules),   .fns = fns,           .n_fns = N(fns),
	.pvs = pvs,           .n_pvs = N(pvs),           .trs = trs,           .n_trs = N(trs),
	.params = params,     .n_params = N(params),     .events = events,     .n_events = N(events),
	.rpcs = rpcs,         .n_rpcs = N(rpcs),         .stats = stats,       .n_stats = N(stats),
	.fn_alias = fn_alias, .n_fn_alias = N(fn_alias), .pv_alias = pv_alias, .n_pv_alias = N(pv_alias),
};
