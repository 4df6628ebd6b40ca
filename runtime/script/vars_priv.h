/* SPDX-License-Identifier: Apache-2.0 */
/* vars_priv.h - what one message's variables are made of; inside vars.c and xavp.c only. */
#ifndef SCRIPT_VARS_PRIV_H
#define SCRIPT_VARS_PRIV_H

#include "script/xavp.h"

struct avp;

struct xavp_field {
	struct xavp_field *next; /* older */
	struct str name;
	struct value val;
};

/* A plain value (tag not VAL_NULL), or a record with fields. */
struct xavp_root {
	struct xavp_root *next; /* older */
	struct str name;
	struct value val;
	struct xavp_field *fields;
};

struct script_vars {
	unsigned refs;
	unsigned n;
	struct arena *arena;
	struct avp *avps;
	uint64_t names; /* a bit by the hash of each AVP that there was: most that scripts ask for there never was */
	struct xavp_root *xavps[XAVP_KINDS];
};

/* The arena is made when the first variable is: most messages have none. NULL: memory is out. */
struct arena *script_vars_arena(struct script_vars *v);
/* A copy that lives as long as v. RT_E_NOMEM. */
int script_vars_keep(struct script_vars *v, const struct value *from, struct value *to);

#endif
