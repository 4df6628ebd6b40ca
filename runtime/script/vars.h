/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vars.h - the variables that travel with a message and its transaction: AVPs (language.md 8).
 *
 * One object per message, shared by reference with the transaction; one worker, no locks. Each name is
 * a stack, newest first. Texts are copied into the object's arena, which bounds what a script can
 * make a message hold; what a deleted value took comes back when the object goes.
 */
#ifndef SCRIPT_VARS_H
#define SCRIPT_VARS_H

#include "abi/value.h"
#include "base/arena.h"
#include "base/hash.h"

struct script_vars;

enum { SCRIPT_VARS_LIMIT = 4 << 20, SCRIPT_AVPS_MAX = 65536 };

struct script_vars *script_vars_new(void);
struct script_vars *script_vars_ref(struct script_vars *v);
void script_vars_unref(struct script_vars **v);
/* Does nobody but two owners know of it, and is nothing in it? */
bool script_vars_spare(const struct script_vars *v);
/* Empty it for the next message; false: it has other owners and is as it was. */
bool script_vars_reset(struct script_vars *v);

/* Kind and class bits as sema numbers them (struct pv_name.num): names of different bits differ. */
struct avp_key {
	int64_t bits;
	struct str name;
	uint64_t hash; /* hash_fnv of the name */
	bool lasts;    /* the name lives as long as the program */
};

static inline struct avp_key avp_key(int64_t bits, struct str name)
{
	return (struct avp_key){bits, name, hash_fnv(name), false};
}

/* Push on top. RT_E_NOMEM, RT_E_LIMIT. */
int avp_add(struct script_vars *v, const struct avp_key *k, const struct value *val);
/* i-th from the newest, negative from the oldest; false: none. */
bool avp_get(const struct script_vars *v, const struct avp_key *k, int64_t i, struct value *ret);
unsigned avp_count(const struct script_vars *v, const struct avp_key *k);
/* Remove the newest, or all. The number removed. */
unsigned avp_delete(struct script_vars *v, const struct avp_key *k, bool all);
/* Flags of the newest, NULL when there is none. */
uint32_t *avp_flags(struct script_vars *v, const struct avp_key *k);

#endif
