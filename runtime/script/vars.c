/* SPDX-License-Identifier: Apache-2.0 */
/* One chain, newest first: scripts use a dozen names, not thousands. */
#include "script/vars.h"

#include "base/bug.h"
#include "base/mem.h"
#include "script/vars_priv.h"

struct avp {
	struct avp *next;
	struct avp_key key;
	struct value val;
	uint32_t flags;
};

struct script_vars *script_vars_new(void)
{
	struct script_vars *v = mem_raw(sizeof(*v));

	if (!v)
		return NULL;
	*v = (struct script_vars){.refs = 1};
	return v;
}

struct script_vars *script_vars_ref(struct script_vars *v)
{
	v->refs++;
	return v;
}

void script_vars_unref(struct script_vars **v)
{
	struct script_vars *x = *v;

	*v = NULL;
	if (!x || --x->refs)
		return;
	arena_free(&x->arena);
	mem_free(&x);
}

bool script_vars_spare(const struct script_vars *v)
{
	return v->refs == 2 && !v->arena;
}

bool script_vars_reset(struct script_vars *v)
{
	if (v->refs != 1)
		return false;
	arena_free(&v->arena);
	*v = (struct script_vars){.refs = 1};
	return true;
}

struct arena *script_vars_arena(struct script_vars *v)
{
	if (!v->arena)
		v->arena = arena_new_kept(BLOCK_TINY, SCRIPT_VARS_LIMIT);
	return v->arena;
}

int script_vars_keep(struct script_vars *v, const struct value *from, struct value *to)
{
	*to = *from;
	if (!value_is_str(from))
		return 0;
	to->s = str_dup(v->arena, from->s);
	return to->s.p ? 0 : RT_E_NOMEM;
}

static bool same(const struct avp *a, const struct avp_key *k)
{
	return a->key.hash == k->hash && a->key.bits == k->bits && (a->key.name.p == k->name.p || str_eq(a->key.name, k->name));
}

static uint64_t bit_of(const struct avp_key *k)
{
	return 1ull << (k->hash & 63);
}

int avp_add(struct script_vars *v, const struct avp_key *k, const struct value *val)
{
	struct avp *a;

	if (v->n == SCRIPT_AVPS_MAX)
		return RT_E_LIMIT;
	if (!script_vars_arena(v))
		return RT_E_NOMEM;
	a = arena_raw(v->arena, sizeof(*a));
	if (!a)
		return RT_E_NOMEM;
	a->next = v->avps;
	a->key = *k;
	a->flags = 0;
	if (script_vars_keep(v, val, &a->val))
		return RT_E_NOMEM;
	if (!k->lasts)
		a->key.name = str_dup(v->arena, k->name);
	if (!a->key.name.p)
		return RT_E_NOMEM;
	v->avps = a;
	v->names |= bit_of(k);
	v->n++;
	return 0;
}

unsigned avp_count(const struct script_vars *v, const struct avp_key *k)
{
	unsigned n = 0;

	for (const struct avp *a = v->avps; a; a = a->next)
		n += same(a, k);
	return n;
}

static struct avp *find(const struct script_vars *v, const struct avp_key *k, int64_t i)
{
	if (i < 0)
		i += avp_count(v, k);
	if (i < 0 || !(v->names & bit_of(k)))
		return NULL;
	for (struct avp *a = v->avps; a; a = a->next)
		if (same(a, k) && i-- == 0)
			return a;
	return NULL;
}

bool avp_get(const struct script_vars *v, const struct avp_key *k, int64_t i, struct value *ret)
{
	const struct avp *a = find(v, k, i);

	if (a)
		*ret = a->val;
	return a != NULL;
}

uint32_t *avp_flags(struct script_vars *v, const struct avp_key *k)
{
	struct avp *a = find(v, k, 0);

	return a ? &a->flags : NULL;
}

unsigned avp_delete(struct script_vars *v, const struct avp_key *k, bool all)
{
	struct avp **p = &v->avps, *a;
	unsigned gone = 0;

	if (!(v->names & bit_of(k)))
		return 0;
	while ((a = *p) && (all || !gone)) {
		if (!same(a, k)) {
			p = &a->next;
			continue;
		}
		*p = a->next;
		v->n--;
		gone++;
	}
	return gone;
}
