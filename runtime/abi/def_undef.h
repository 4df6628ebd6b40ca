/* SPDX-License-Identifier: Apache-2.0 */
/* def_undef.h - forget all row macros. No guard: included many times by abi/std.h and the catalog. */
#undef MODULE
#undef PARAM
#undef PARAM_NOOP
#undef FN
#undef OVERLOAD
#undef ALIAS
#undef PV_RO
#undef PV_RW
#undef PV_ALIAS
#undef TR
#undef EVENT
#undef RPC
#undef STAT
