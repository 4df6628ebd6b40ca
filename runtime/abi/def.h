/* SPDX-License-Identifier: Apache-2.0 */
/*
 * def.h - the grammar of stdlib/<module>/<module>.def, and the C side of its argument kinds.
 *
 * A .def file consists of the rows below and nothing else; it is included several times with
 * different meanings of the row macros: by the module's own .c (through abi/std.h: prototypes,
 * parameter storage, module descriptor) and by the compiler's catalog (names, arities, kinds,
 * contexts, effects, docs), by codegen (symbols), and by the documentation. See style.md 2.11.
 *
 *   MODULE(module, doc)
 *   PARAM(module, name, TYPE, default, doc)        TYPE: INT STR PV FMT PAIRS INT_CB STR_CB
 *          default: text; "" for none. *_CB: may be given many times, handled by a function
 *   PARAM_NOOP(module, name, TYPE, default, why)    accepted without effect, `why` is printed in the
 *          coverage table (memory sizing and the like)
 *   FN(module, name, RESULT, contexts, effects, args, doc)        body: std_<module>_<name>
 *   OVERLOAD(module, name, c_name, RESULT, contexts, effects, args, doc)   body: std_<module>_<c_name>
 *   ALIAS(module, alias, name)                      another script name for all rows of `name`
 *   PV_RO(module, "name", c_name, INNER, flags, TYPE, doc)        std_<module>_pv_<c_name>_get
 *   PV_RW(module, "name", c_name, INNER, flags, TYPE, doc)        ... and _set
 *   PV_ALIAS(module, "alias", "name")
 *   TR(module, "class", "name", c_name, args, TYPE, doc)          std_<module>_tr_<c_name>
 *   EVENT(module, "grp:event", doc)                 an event route that this module runs
 *   RPC(module, "name", c_name, doc)                std_<module>_rpc_<c_name>(struct rpc *)
 *   STAT(module, "group", "name", doc)              a counter
 *
 * RESULT is RESULT for the ordinary positive/negative/0 code.
 * contexts: IN_* of abi/run.h or-ed. effects: FX_* below or-ed, 0 for none.
 * args: A0, A1(KIND, name), A2(KIND, name, KIND, name) ... A6.
 *
 * Argument kinds: what the script may write -> what C gets
 *   INT       number, "number", "$pv", int expression -> int64_t
 *   CODE      the same, of a reply                     -> int32_t, -1 when it holds no number: the call is made
 *   STR       format string or expression, evaluated   -> const struct str *
 *   VSTR      constant text, $ in it means nothing; or exactly one $pv -> const struct value *
 *   CSTR      constant text without $                  -> const struct str *
 *   ANY       number, format string or expression      -> const struct value *
 *   PVAR      exactly one $pv                          -> const struct pv_ref *
 *   PVAR_W    exactly one writable $pv                 -> const struct pv_ref *
 *   PVLIST_W  writable variables between spaces, ',' or ';'  -> const struct pv_list * (NULL: memory is out)
 *   AVP       exactly one $avp(..)                     -> const struct pv_ref *
 *   ROUTE ROUTE_ONREPLY ROUTE_FAILURE ROUTE_BRANCH ROUTE_BRANCH_FAILURE
 *             name of such a route, static or format   -> int32_t index, -1 when there is none
 *   REGEX     POSIX ERE, static or format              -> const struct rt_regex * (NULL: bad one)
 *   SUBST     "/re/replacement/flags"                  -> const struct rt_subst *
 *   METHODS   "INVITE|ACK", static or format           -> int64_t mask (0: no known name)
 *   FLAG      0..31 or a declared name, "$pv"          -> int32_t, -1 when out of range
 *   LEVEL     L_ERR ... or "$pv"                       -> int32_t
 *   TABLE     location table name                      -> const struct str *
 *   SHT       name of a hash table; a constant one must be declared (modparam htable) -> const struct str *
 *   SHTKEY    "table=>rest", table as for SHT          -> const struct str *
 *   ENUM(keys) one of "a|b|c"                          -> int32_t index
 *   HDRREF(forms) value of a header, constant, written in one of the forms of
 *             "NAME|NAME[N]|NAME[*]|NAME.P|NAME[N].P|NAME[*].P" that are given  -> const struct str *
 * "$pv" of INT and CODE must hold an int; the text of a select or of an expression is converted.
 * When an INT, STR or PVAR argument cannot be evaluated the call is not made and yields -1 (logged).
 *
 * INNER of a pseudo-variable:
 *   NOINNER             $ru
 *   KEY("a|b|c")        one of the keys -> pv_name.num is its index (dynamic inner: looked up)
 *   NAME                any text, may be a $pv -> text
 *   NUMBER              integer or $pv -> num
 *   FLAGNAME            flag number or name -> num
 *   VARSLOT             $var(x): compile-time slot -> num
 *   AVPNAME             avp names with classes -> text, num: see language.md 8
 *   PATH                xavp a[0]=>b -> parts
 *   RECORD("a|b[]")      ID=>KEY, one of the keys; KEY[index] for those with [] -> parts, as for PATH
 *   INNERPV             one pseudo-variable -> inner
 *   INNERFMT            format string -> text
 *   SHTKEY              format string "table=>key" of a declared hash table -> text
 * flags: 0, PVF_INDEX (may be indexed), PVF_OPTIONAL (inner may be missing); for the compiler, which may read
 *   it once for many: PVF_STEADY (until the message is edited), PVF_ARRIVED (until another takes its place), PVF_APART
 *   (assigning it edits no message).
 * TYPE: VT_STR VT_INT VT_STRINT VT_ANY; plus VT_NULL or-ed when it may be null.
 *
 * TR: int32_t std_<module>_tr_<c>(struct run *, const struct value *in, args..., struct value *ret);
 * negative: the transformation failed (result undefined). TYPE as above.
 */
#ifndef ABI_DEF_H
#define ABI_DEF_H

#include "abi/pv.h"

enum fn_effect {
	FX_NONE = 0,
	FX_SUSPENDS = 1,     /* may park the fiber */
	FX_EDITS_MSG = 2,    /* changes the message or its destination */
	FX_ENDS_ROUTE = 4,   /* may return 0: the script ends */
	FX_DB = 8,           /* asks a database */
	FX_REPLIES = 16,     /* sends a reply to the request when it succeeds */
	FX_RELAYS = 32,      /* sends the request on */
	FX_PURE = 64,        /* reads only; a lone statement of it has no effect but $rc */
	FX_CREATES_TXN = 128,
	FX_SETS_ROUTE = 256, /* arms a route by name */
};

enum pv_flag {
	PVF_INDEX = 1,
	PVF_OPTIONAL = 2,
	PVF_STEADY = 4, /* its value changes only when the message, its destination or its source is edited */
	PVF_APART = 8,  /* assigning it edits none of them */
	PVF_ARRIVED = 16 | PVF_STEADY, /* what the message says as it arrived, whatever edits are noted */
};

enum value_type { VT_STR = 1, VT_INT = 2, VT_STRINT = 3, VT_ANY = 7, VT_NULL = 8 };

struct rt_regex;
struct rt_subst;

/* C types of the argument kinds. */
#define ARG_INT int64_t
#define ARG_CODE int32_t
#define ARG_STR const struct str *
#define ARG_VSTR const struct value *
#define ARG_CSTR const struct str *
#define ARG_ANY const struct value *
#define ARG_PVAR const struct pv_ref *
#define ARG_PVAR_W const struct pv_ref *
#define ARG_PVLIST_W const struct pv_list *
#define ARG_AVP const struct pv_ref *
#define ARG_ROUTE int32_t
#define ARG_ROUTE_ONREPLY int32_t
#define ARG_ROUTE_FAILURE int32_t
#define ARG_ROUTE_BRANCH int32_t
#define ARG_ROUTE_BRANCH_FAILURE int32_t
#define ARG_REGEX const struct rt_regex *
#define ARG_SUBST const struct rt_subst *
#define ARG_METHODS int64_t
#define ARG_FLAG int32_t
#define ARG_LEVEL int32_t
#define ARG_TABLE const struct str *
#define ARG_SHT const struct str *
#define ARG_SHTKEY const struct str *
#define ARG_ENUM(keys) int32_t
#define ARG_HDRREF(forms) const struct str *

#endif
