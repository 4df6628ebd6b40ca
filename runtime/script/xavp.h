/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xavp.h - structured variables: a root name has a stack of records, a record has fields, a field a
 * stack of values. For the $xavp class and for modules that give records to the script.
 */
#ifndef SCRIPT_XAVP_H
#define SCRIPT_XAVP_H

#include "script/vars.h"

struct xavp_pair {
	struct str name;
	struct value value;
};

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

#endif
