/* SPDX-License-Identifier: Apache-2.0 */
/* One chain, newest first: scripts use a dozen names, not thousands. */
#include "script/vars.h"

#include "base/bug.h"
#include "base/mem.h"
#include "script/xavp.h"

struct avp {
	struct avp *next;
	struct avp_key key;
	struct value val;
};

struct xavp_root {
	struct xavp_root *next;
	struct str name;
	struct xavp_field {
		struct xavp_field *next;
		struct str name;
		struct value val;
	} *fields;
};

struct script_vars {
	unsigned refs;
	unsigned n;
	struct arena *arena;
	struct avp *avps;
	struct xavp_root *xavps;
};

struct script_vars *script_vars_new(void)
{
	struct script_vars *v = mem_alloc(sizeof(*v));

	if (!v)
		return NULL;
	v->refs = 1;
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

/* The arena is made when the first variable is: most messages have none. */
static struct arena *arena_of(struct script_vars *v)
{
	if (!v->arena)
		v->arena = arena_new(SCRIPT_VARS_LIMIT);
	return v->arena;
}

static int copy_value(struct script_vars *v, const struct value *from, struct value *to)
{
	*to = *from;
	if (!value_is_str(from))
		return 0;
	to->s = str_dup(v->arena, from->s);
	return to->s.p ? 0 : RT_E_NOMEM;
}

static bool same(struct avp_key a, struct avp_key b)
{
	return a.bits == b.bits && str_eq(a.name, b.name);
}

int avp_add(struct script_vars *v, struct avp_key k, const struct value *val)
{
	struct avp *a;

	if (v->n == SCRIPT_AVPS_MAX)
		return RT_E_LIMIT;
	if (!arena_of(v))
		return RT_E_NOMEM;
	a = arena_new_of(v->arena, struct avp);
	if (!a || copy_value(v, val, &a->val))
		return RT_E_NOMEM;
	a->key.bits = k.bits;
	a->key.name = str_dup(v->arena, k.name);
	if (!a->key.name.p)
		return RT_E_NOMEM;
	a->next = v->avps;
	v->avps = a;
	v->n++;
	return 0;
}

unsigned avp_count(const struct script_vars *v, struct avp_key k)
{
	unsigned n = 0;

	for (const struct avp *a = v->avps; a; a = a->next)
		n += same(a->key, k);
	return n;
}

static struct avp *find(const struct script_vars *v, struct avp_key k, int64_t i)
{
	if (i < 0)
		i += avp_count(v, k);
	if (i < 0)
		return NULL;
	for (struct avp *a = v->avps; a; a = a->next)
		if (same(a->key, k) && i-- == 0)
			return a;
	return NULL;
}

bool avp_get(const struct script_vars *v, struct avp_key k, int64_t i, struct value *ret)
{
	const struct avp *a = find(v, k, i);

	if (a)
		*ret = a->val;
	return a != NULL;
}

bool avp_replace(struct script_vars *v, struct avp_key k, int64_t i, const struct value *val)
{
	struct avp *a = find(v, k, i);

	return a && copy_value(v, val, &a->val) == 0;
}

unsigned avp_delete(struct script_vars *v, struct avp_key k, bool all)
{
	struct avp **p = &v->avps;
	unsigned gone = 0;

	while (*p && (all || !gone)) {
		if (!same((*p)->key, k)) {
			p = &(*p)->next;
			continue;
		}
		*p = (*p)->next;
		v->n--;
		gone++;
	}
	return gone;
}

/* ---- XAVPs ---- */

static struct xavp_root *root_find(const struct script_vars *v, struct str name, int64_t i)
{
	int64_t n = 0;

	for (struct xavp_root *r = v->xavps; r && i < 0; r = r->next)
		n += str_eq(r->name, name);
	if (i < 0)
		i += n;
	for (struct xavp_root *r = v->xavps; r && i >= 0; r = r->next)
		if (str_eq(r->name, name) && i-- == 0)
			return r;
	return NULL;
}

static int field_add(struct script_vars *v, struct xavp_root *r, struct str name, const struct value *val)
{
	struct xavp_field *f = v->n < SCRIPT_AVPS_MAX ? arena_new_of(v->arena, struct xavp_field) : NULL;

	if (!f || copy_value(v, val, &f->val))
		return RT_E_NOMEM;
	f->name = str_dup(v->arena, name);
	f->next = r->fields;
	r->fields = f;
	v->n++;
	return f->name.p ? 0 : RT_E_NOMEM;
}

int xavp_append(struct script_vars *v, struct str root, const struct xavp_pair *pairs, size_t n)
{
	struct xavp_root *r = arena_of(v) ? arena_new_of(v->arena, struct xavp_root) : NULL, **p = &v->xavps;

	if (!r)
		return RT_E_NOMEM;
	r->name = str_dup(v->arena, root);
	for (size_t i = 0; i < n; i++)
		if (field_add(v, r, pairs[i].name, &pairs[i].value))
			return RT_E_NOMEM;
	while (*p)
		p = &(*p)->next;
	*p = r;
	return 0;
}

int xavp_push(struct script_vars *v, struct str root, const struct xavp_pair *pairs, size_t n)
{
	struct xavp_root *r = arena_of(v) ? arena_new_of(v->arena, struct xavp_root) : NULL;

	if (!r)
		return RT_E_NOMEM;
	r->name = str_dup(v->arena, root);
	for (size_t i = 0; i < n; i++)
		if (field_add(v, r, pairs[i].name, &pairs[i].value))
			return RT_E_NOMEM;
	r->next = v->xavps;
	v->xavps = r;
	return r->name.p ? 0 : RT_E_NOMEM;
}

int xavp_field_add(struct script_vars *v, struct str root, int64_t i, struct str field, const struct value *val)
{
	struct xavp_root *r = root_find(v, root, i);

	return r ? field_add(v, r, field, val) : RT_E_NOENT;
}

int xavp_field_at(const struct script_vars *v, struct str root, int64_t i, struct str field, int64_t k,
		  struct value *ret)
{
	struct xavp_root *r = root_find(v, root, i);
	int64_t n = 0;

	if (!r)
		return RT_E_NOENT;
	for (struct xavp_field *f = r->fields; f && k < 0; f = f->next)
		n += str_eq(f->name, field);
	if (k < 0)
		k += n;
	for (struct xavp_field *f = r->fields; f && k >= 0; f = f->next)
		if (str_eq(f->name, field) && k-- == 0) {
			*ret = f->val;
			return 0;
		}
	return RT_E_NOENT;
}

int xavp_field_get(const struct script_vars *v, struct str root, struct str field, struct value *ret)
{
	return xavp_field_at(v, root, 0, field, 0, ret);
}

bool xavp_exists(const struct script_vars *v, struct str root, int64_t i)
{
	return root_find(v, root, i) != NULL;
}

unsigned xavp_delete(struct script_vars *v, struct str root, bool all)
{
	struct xavp_root **p = &v->xavps;
	unsigned gone = 0;

	while (*p && (all || !gone)) {
		if (!str_eq((*p)->name, root)) {
			p = &(*p)->next;
			continue;
		}
		*p = (*p)->next;
		gone++;
	}
	return gone;
}
