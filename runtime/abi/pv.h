/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pv.h - how a pseudo-variable's inner name and index reach its getter and setter.
 *
 * A getter returns 0 with *ret filled (VAL_NULL for "no value"), or a negative RT_E_* when it
 * failed: then a format prints nothing and an expression sees null. A setter returns 0, or a
 * negative error which the caller logs with the statement's site; the old value stays.
 */
#ifndef ABI_PV_H
#define ABI_PV_H

#include "abi/run.h"

enum pv_index {
	PV_INDEX_NONE = 0, /* no [..] written */
	PV_INDEX_NUM = 1,  /* [n]: index is set, negative counts from the end */
	PV_INDEX_ALL = 2,  /* [*] */
};

struct pv_ref;

struct pv_name {
	struct str text;             /* inner name, evaluated; empty when the class has none */
	int64_t num;                 /* its number: ENUM key index, NUMBER value, flag number, var slot */
	int64_t index;
	int32_t index_kind;          /* enum pv_index */
	int32_t n_parts;             /* PATH: number of parts */
	const struct pv_name *parts; /* PATH (xavp a[0]=>b): each part with its own text and index */
	const struct pv_ref *inner;  /* PV: the inner pseudo-variable, as a reference */
	uint64_t hash;               /* hash_fnv of a constant text, which lives as long as the program; else 0 */
	_Atomic(void *) *memo;       /* SHTKEY, constant: where its module keeps what it found out, NULL at first */
};

typedef int32_t pv_get_fn(struct run *r, const struct pv_name *n, struct value *ret);
typedef int32_t pv_set_fn(struct run *r, const struct pv_name *n, const struct value *v);

/*
 * A pseudo-variable passed by reference (argument kinds PVAR, PVAR_W, AVP; parameter kind PV). The
 * functions are generated and cover dynamic inner names, indexes and transformations.
 */
struct pv_ref {
	int32_t (*get)(struct run *r, struct value *ret);
	int32_t (*set)(struct run *r, const struct value *v); /* NULL when it cannot be assigned */
	struct str text;            /* as written, "$avp(x)" */
	const char *pv_class;       /* "avp", "var", ... */
	const struct pv_name *name; /* NULL when the inner name is dynamic */
};

/* Several of them: argument kind PVLIST_W. In the arena of the run. */
enum { PV_LIST_MAX = 64 };
struct pv_list {
	size_t n;
	const struct pv_ref *v[PV_LIST_MAX];
};

#endif
