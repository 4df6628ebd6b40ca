/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What jitted code may call, as an explicit table: every body of every script module, every rt_
 * function, what inlined bodies call. Made from the same rows as all else; types do not matter here.
 */
#include "codegen/codegen.h"

#include "abi/def_empty.h"
#undef MODULE
#undef FN
#undef OVERLOAD
#undef PV_RO
#undef PV_RW
#undef TR
#define MODULE(m, doc) extern const char std_module_##m;
#define FN(m, f, ...) extern void std_##m##_##f(void);
#define OVERLOAD(m, f, c, ...) extern void std_##m##_##c(void);
#define PV_RO(m, n, c, ...) extern void std_##m##_pv_##c##_get(void);
#define PV_RW(m, n, c, ...)                                                                        \
	extern void std_##m##_pv_##c##_get(void);                                                  \
	extern void std_##m##_pv_##c##_set(void);
#define TR(m, k, n, c, ...) extern void std_##m##_tr_##c(void);
#include "stdlib_defs.inc"
#define RT(ret, name, sig, params) extern void name(void);
#include "abi/rt.def"
#undef RT
#define INLINE_CALLS(name) extern void called_##name(void) __asm__(#name); /* whose prototype may be known here */
#include "inline_symbols.inc"
#undef INLINE_CALLS

#include "abi/def_empty.h"
#undef MODULE
#undef FN
#undef OVERLOAD
#undef PV_RO
#undef PV_RW
#undef TR
#define MODULE(m, doc) {"std_module_" #m, NULL, &std_module_##m},
#define FN(m, f, ...) {"std_" #m "_" #f, std_##m##_##f, NULL},
#define OVERLOAD(m, f, c, ...) {"std_" #m "_" #c, std_##m##_##c, NULL},
#define PV_RO(m, n, c, ...) {"std_" #m "_pv_" #c "_get", std_##m##_pv_##c##_get, NULL},
#define PV_RW(m, n, c, ...)                                                                        \
	{"std_" #m "_pv_" #c "_get", std_##m##_pv_##c##_get, NULL},                                \
	{"std_" #m "_pv_" #c "_set", std_##m##_pv_##c##_set, NULL},
#define TR(m, k, n, c, ...) {"std_" #m "_tr_" #c, std_##m##_tr_##c, NULL},
#define RT(ret, name, sig, params) {#name, name, NULL},
#define INLINE_CALLS(name) {#name, called_##name, NULL},
static const struct codegen_symbol symbols[] = {
#include "stdlib_defs.inc"
#include "abi/rt.def"
#include "inline_symbols.inc"
};
#undef RT
#include "abi/def_undef.h"

const struct codegen_symbol *codegen_symbols(size_t *n)
{
	*n = sizeof(symbols) / sizeof(symbols[0]);
	return symbols;
}
