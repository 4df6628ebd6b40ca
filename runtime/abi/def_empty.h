/* SPDX-License-Identifier: Apache-2.0 */
/* def_empty.h - define all row macros as nothing. No guard: included many times. */
#include "abi/def_undef.h"
#define MODULE(m, doc)
#define PARAM(m, n, type, def, doc)
#define PARAM_NOOP(m, n, type, def, why)
#define FN(m, f, res, ctx, fx, args, doc)
#define OVERLOAD(m, f, c, res, ctx, fx, args, doc)
#define ALIAS(m, a, n)
#define PV_RO(m, n, c, inner, fl, ty, doc)
#define PV_RW(m, n, c, inner, fl, ty, doc)
#define PV_ALIAS(m, a, n)
#define TR(m, k, n, c, args, ty, doc)
#define EVENT(m, n, doc)
#define RPC(m, n, c, doc)
#define STAT(m, g, n, doc)
