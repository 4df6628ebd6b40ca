/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xavp.h - structured variables: a root name has a stack of records or plain values, a record has
 * fields, a field a stack of values. Newest first: index 0. For the $xavp classes and for modules that
 * give records to the script.
 *
 * Three name spaces: $xavp, $xavi (names without case) and $xavu (one value a name, no stacks).
 */
#ifndef SCRIPT_XAVP_H
#define SCRIPT_XAVP_H

#include "script/vars.h"

enum xavp_kind { XAVP_PLAIN, XAVP_ICASE, XAVP_SINGLE, XAVP_KINDS };

struct xavp_pair {
	struct str name;
	struct value value;
};

/* root[index], or root[index]=>field[field_index]; negative indexes count from the oldest. */
struct xavp_place {
	enum xavp_kind kind;
	struct str root, field; /* field.n 0: the root itself */
	int64_t index, field_index;
};

/* ---- $xavp records, for modules ---- */

/* A record on top (index 0), or behind the others. RT_E_NOMEM. */
int xavp_push(struct script_vars *v, struct str root, const struct xavp_pair *pairs, size_t n);
int xavp_append(struct script_vars *v, struct str root, const struct xavp_pair *pairs, size_t n);
/* Push a value of a field of the i-th record; RT_E_NOENT: no such record. */
int xavp_field_add(struct script_vars *v, struct str root, int64_t i, struct str field, const struct value *val);
/* k-th value of a field of the i-th record; negative from the oldest. RT_E_NOENT. */
int xavp_field_at(const struct script_vars *v, struct str root, int64_t i, struct str field, int64_t k,
		  struct value *ret);
/* Newest value of the newest record. */
int xavp_field_get(const struct script_vars *v, struct str root, struct str field, struct value *ret);
bool xavp_exists(const struct script_vars *v, struct str root, int64_t i);
unsigned xavp_delete(struct script_vars *v, struct str root, bool all);

/* ---- any place of any kind ---- */

/* 0; RT_E_NOENT: nothing there; RT_E_STATE: a record, which has no value of its own. */
int xavp_read(const struct script_vars *v, const struct xavp_place *p, struct value *ret);
/* Values (or records) of that name; index is used for fields only. */
unsigned xavp_count(const struct script_vars *v, const struct xavp_place *p);
/* Replace what is there; RT_E_NOENT. */
int xavp_write(struct script_vars *v, const struct xavp_place *p, const struct value *val);
/* A new value on top: a new root, or a field of a record that exists (RT_E_NOENT, RT_E_STATE: no record). */
int xavp_add(struct script_vars *v, const struct xavp_place *p, const struct value *val);
/* A new value at the oldest end of a field; the record is made when it is missing. */
int xavp_add_last(struct script_vars *v, const struct xavp_place *p, const struct value *val);
/* A new record on top, holding that field; an empty field name: an empty record. */
int xavp_add_record(struct script_vars *v, const struct xavp_place *p, const struct value *val);
/* Take away the one, or all of that name (index ignored). The number that went. */
unsigned xavp_remove(struct script_vars *v, const struct xavp_place *p, bool all);
/* Copy record p->index of p->root to `to`: a new one at the oldest end, or in the place of to->index when `replace`. */
int xavp_copy(struct script_vars *v, const struct xavp_place *p, const struct xavp_place *to, bool replace);
/* The i-th field of a record from the front, whatever its name; false: no more. */
bool xavp_field_nth(const struct script_vars *v, const struct xavp_place *p, unsigned i, struct xavp_pair *ret);
/* The i-th root of a kind, whatever its name; false: no more. value VAL_NULL: a record. */
bool xavp_root_nth(const struct script_vars *v, enum xavp_kind kind, unsigned i, struct xavp_pair *ret);

#endif
