/* SPDX-License-Identifier: Apache-2.0 */
/*
 * std.h - what a script module's .c includes to become that module.
 *
 *     #define STD_NAME maxfwd
 *     #define STD_DEF "maxfwd/maxfwd.def"
 *     #include "abi/std.h"
 *     ... bodies: int32_t std_maxfwd_process_maxfwd(struct run *r, int64_t limit) ...
 *     STD_MODULE(maxfwd, .init = my_init)
 *
 * It declares every body's prototype (a wrong signature does not compile), makes the parameter
 * storage `param` (a static struct with one member per PARAM: int64_t, struct str, const struct
 * pv_ref *, const struct fmt_ref *, struct program_value for PAIRS) and its table. A *_CB parameter
 * calls std_<module>_param_<name>(const struct program_value *) once per modparam: 0, or negative
 * when the value is refused. In a module of several .c files the others define STD_PROTOTYPES_ONLY.
 */
#ifndef ABI_STD_H
#define ABI_STD_H

#include "abi/def.h"
#include "abi/module.h"

#define A0
#define A1(k1, n1) , ARG_##k1 n1
#define A2(k1, n1, k2, n2) , ARG_##k1 n1, ARG_##k2 n2
#define A3(k1, n1, k2, n2, k3, n3) , ARG_##k1 n1, ARG_##k2 n2, ARG_##k3 n3
#define A4(k1, n1, k2, n2, k3, n3, k4, n4) , ARG_##k1 n1, ARG_##k2 n2, ARG_##k3 n3, ARG_##k4 n4
#define A5(k1, n1, k2, n2, k3, n3, k4, n4, k5, n5)                                                 \
	, ARG_##k1 n1, ARG_##k2 n2, ARG_##k3 n3, ARG_##k4 n4, ARG_##k5 n5
#define A6(k1, n1, k2, n2, k3, n3, k4, n4, k5, n5, k6, n6)                                         \
	, ARG_##k1 n1, ARG_##k2 n2, ARG_##k3 n3, ARG_##k4 n4, ARG_##k5 n5, ARG_##k6 n6

#define DEF_NOTHING_

/* ---- pass 1: prototypes ---- */
#include "abi/def_empty.h"
#undef FN
#undef OVERLOAD
#undef PV_RO
#undef PV_RW
#undef TR
#undef RPC
#undef PARAM
#define FN(m, f, res, ctx, fx, args, doc) int32_t std_##m##_##f(struct run *r args);
#define OVERLOAD(m, f, c, res, ctx, fx, args, doc) int32_t std_##m##_##c(struct run *r args);
#define PV_RO(m, n, c, inner, fl, ty, doc) pv_get_fn std_##m##_pv_##c##_get;
#define PV_RW(m, n, c, inner, fl, ty, doc)                                                         \
	pv_get_fn std_##m##_pv_##c##_get;                                                          \
	pv_set_fn std_##m##_pv_##c##_set;
#define TR(m, k, n, c, args, ty, doc)                                                              \
	int32_t std_##m##_tr_##c(struct run *r, const struct value *in args, struct value *ret);
#define RPC(m, n, c, doc) rpc_fn std_##m##_rpc_##c;
#define PARAM(m, n, type, def, doc) STD_CB_##type(m, n)
#define STD_CB_INT(m, n)
#define STD_CB_STR(m, n)
#define STD_CB_PV(m, n)
#define STD_CB_FMT(m, n)
#define STD_CB_PAIRS(m, n)
#define STD_CB_INT_CB(m, n) int32_t std_##m##_param_##n(const struct program_value *v);
#define STD_CB_STR_CB(m, n) int32_t std_##m##_param_##n(const struct program_value *v);
#include STD_DEF

#ifndef STD_PROTOTYPES_ONLY
/* ---- pass 2: parameter storage ---- */
#include "abi/def_empty.h"
#undef PARAM
#define PARAM(m, n, type, def, doc) STD_MEMBER_##type(n)
#define STD_MEMBER_INT(n) int64_t n;
#define STD_MEMBER_STR(n) struct str n;
#define STD_MEMBER_PV(n) const struct pv_ref *n;
#define STD_MEMBER_FMT(n) const struct fmt_ref *n;
#define STD_MEMBER_PAIRS(n) struct program_value n;
#define STD_MEMBER_INT_CB(n)
#define STD_MEMBER_STR_CB(n)
static struct std_param_storage {
	char unused;
#include STD_DEF
} param __attribute__((unused));

/* ---- pass 3: parameter table ---- */
#include "abi/def_empty.h"
#undef PARAM
#undef PARAM_NOOP
#define PARAM(m, n, type, def, doc) {#n, STD_KIND_##type, def, STD_STORE_##type(m, n)},
#define PARAM_NOOP(m, n, type, def, why) {#n, STD_KIND_##type, def, NULL, NULL},
#define STD_KIND_INT STD_PARAM_INT
#define STD_KIND_STR STD_PARAM_STR
#define STD_KIND_PV STD_PARAM_PV
#define STD_KIND_FMT STD_PARAM_FMT
#define STD_KIND_PAIRS STD_PARAM_PAIRS
#define STD_KIND_INT_CB STD_PARAM_INT
#define STD_KIND_STR_CB STD_PARAM_STR
#define STD_STORE_INT(m, n) &param.n, NULL
#define STD_STORE_STR(m, n) &param.n, NULL
#define STD_STORE_PV(m, n) (void *)&param.n, NULL
#define STD_STORE_FMT(m, n) (void *)&param.n, NULL
#define STD_STORE_PAIRS(m, n) &param.n, NULL
#define STD_STORE_INT_CB(m, n) NULL, std_##m##_param_##n
#define STD_STORE_STR_CB(m, n) NULL, std_##m##_param_##n
static const struct std_param std_params[] = {
#include STD_DEF
	{NULL, STD_PARAM_INT, NULL, NULL, NULL},
};

/* ---- pass 4: RPC and statistics tables ---- */
#include "abi/def_empty.h"
#undef RPC
#define RPC(m, n, c, doc) {n, std_##m##_rpc_##c, doc},
static const struct std_rpc std_rpcs[] = {
#include STD_DEF
	{NULL, NULL, NULL},
};
#include "abi/def_empty.h"
#undef STAT
#define STAT(m, g, n, doc) {g, n},
static const struct std_stat std_stats[] = {
#include STD_DEF
	{NULL, NULL},
};
#endif
#include "abi/def_undef.h"

/* The one symbol by which a program holds this module. Designated initialisers follow the name. */
#define STD_MODULE(m, ...)                                                                         \
	extern const struct std_module std_module_##m;                                             \
	__attribute__((visibility("default"))) const struct std_module std_module_##m = {          \
		.name = #m, .params = std_params, .rpcs = std_rpcs, .stats = std_stats, __VA_ARGS__};

#endif
