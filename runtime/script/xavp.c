/* SPDX-License-Identifier: Apache-2.0 */
/* One chain of roots a kind, one chain of fields a record, newest first: scripts use a dozen, not thousands. */
#include "script/xavp.h"

#include "base/bug.h"
#include "script/vars_priv.h"

static bool same(enum xavp_kind kind, struct str a, struct str b)
{
	return kind == XAVP_ICASE ? str_ieq(a, b) : str_eq(a, b);
}

static unsigned roots(const struct script_vars *v, const struct xavp_place *p)
{
	unsigned n = 0;

	for (struct xavp_root *r = v->xavps[p->kind]; r; r = r->next)
		n += same(p->kind, r->name, p->root);
	return n;
}

static unsigned fields(const struct xavp_root *r, const struct xavp_place *p)
{
	unsigned n = 0;

	for (struct xavp_field *f = r->fields; f; f = f->next)
		n += same(p->kind, f->name, p->field);
	return n;
}

/* Where the pointer to the root stands; NULL: no such root. */
static struct xavp_root **root_slot(struct script_vars *v, const struct xavp_place *p)
{
	int64_t i = p->index < 0 ? p->index + roots(v, p) : p->index;

	if (i < 0)
		return NULL;
	for (struct xavp_root **r = &v->xavps[p->kind]; *r; r = &(*r)->next)
		if (same(p->kind, (*r)->name, p->root) && i-- == 0)
			return r;
	return NULL;
}

static const struct xavp_root *root_find(const struct script_vars *v, const struct xavp_place *p)
{
	int64_t i = p->index < 0 ? p->index + roots(v, p) : p->index;

	for (const struct xavp_root *r = i < 0 ? NULL : v->xavps[p->kind]; r; r = r->next)
		if (same(p->kind, r->name, p->root) && i-- == 0)
			return r;
	return NULL;
}

static struct xavp_field **field_slot(struct xavp_root *r, const struct xavp_place *p)
{
	int64_t i = p->field_index < 0 ? p->field_index + fields(r, p) : p->field_index;

	if (i < 0)
		return NULL;
	for (struct xavp_field **f = &r->fields; *f; f = &(*f)->next)
		if (same(p->kind, (*f)->name, p->field) && i-- == 0)
			return f;
	return NULL;
}

static const struct xavp_field *field_find(const struct xavp_root *r, const struct xavp_place *p)
{
	int64_t i = p->field_index < 0 ? p->field_index + fields(r, p) : p->field_index;

	for (const struct xavp_field *f = i < 0 ? NULL : r->fields; f; f = f->next)
		if (same(p->kind, f->name, p->field) && i-- == 0)
			return f;
	return NULL;
}

/* ---- making ---- */

static struct xavp_field *field_new(struct script_vars *v, struct str name, const struct value *val)
{
	struct xavp_field *f;

	if (v->n == SCRIPT_AVPS_MAX || !script_vars_arena(v))
		return NULL;
	f = arena_new_of(v->arena, struct xavp_field);
	if (!f || script_vars_keep(v, val, &f->val))
		return NULL;
	f->name = str_dup(v->arena, name);
	v->n++;
	return f->name.p ? f : NULL;
}

static int field_add(struct script_vars *v, struct xavp_root *r, struct str name, const struct value *val)
{
	struct xavp_field *f = field_new(v, name, val);

	if (!f)
		return RT_E_NOMEM;
	f->next = r->fields;
	r->fields = f;
	return 0;
}

static struct xavp_root *root_new(struct script_vars *v, struct str name)
{
	struct xavp_root *r;

	if (v->n == SCRIPT_AVPS_MAX || !script_vars_arena(v))
		return NULL;
	r = arena_new_of(v->arena, struct xavp_root);
	if (!r)
		return NULL;
	r->name = str_dup(v->arena, name);
	v->n++;
	return r->name.p ? r : NULL;
}

static void root_push(struct script_vars *v, enum xavp_kind kind, struct xavp_root *r)
{
	r->next = v->xavps[kind];
	v->xavps[kind] = r;
}

static struct xavp_root *record_of(struct script_vars *v, struct str root, const struct xavp_pair *pairs, size_t n)
{
	struct xavp_root *r = root_new(v, root);

	for (size_t i = 0; r && i < n; i++)
		if (field_add(v, r, pairs[i].name, &pairs[i].value))
			return NULL;
	return r;
}

int xavp_push(struct script_vars *v, struct str root, const struct xavp_pair *pairs, size_t n)
{
	struct xavp_root *r = record_of(v, root, pairs, n);

	if (!r)
		return RT_E_NOMEM;
	root_push(v, XAVP_PLAIN, r);
	return 0;
}

int xavp_append(struct script_vars *v, struct str root, const struct xavp_pair *pairs, size_t n)
{
	struct xavp_root *r = record_of(v, root, pairs, n), **p = &v->xavps[XAVP_PLAIN];

	if (!r)
		return RT_E_NOMEM;
	while (*p)
		p = &(*p)->next;
	*p = r;
	return 0;
}

int xavp_add_record(struct script_vars *v, const struct xavp_place *p, const struct value *val)
{
	struct xavp_root *r = root_new(v, p->root);

	if (!r || (p->field.n && field_add(v, r, p->field, val)))
		return RT_E_NOMEM;
	root_push(v, p->kind, r);
	return 0;
}

int xavp_add(struct script_vars *v, const struct xavp_place *p, const struct value *val)
{
	struct xavp_root **slot, *r;

	if (!p->field.n) {
		r = root_new(v, p->root);
		if (!r || script_vars_keep(v, val, &r->val))
			return RT_E_NOMEM;
		root_push(v, p->kind, r);
		return 0;
	}
	slot = root_slot(v, p);
	if (!slot)
		return RT_E_NOENT;
	return (*slot)->val.tag != VAL_NULL ? RT_E_STATE : field_add(v, *slot, p->field, val);
}

int xavp_add_last(struct script_vars *v, const struct xavp_place *p, const struct value *val)
{
	struct xavp_root **slot = root_slot(v, p);
	struct xavp_field **f, *fresh;

	if (!slot)
		return xavp_add_record(v, p, val);
	if ((*slot)->val.tag != VAL_NULL)
		return RT_E_STATE;
	fresh = field_new(v, p->field, val);
	if (!fresh)
		return RT_E_NOMEM;
	f = &(*slot)->fields;
	while (*f)
		f = &(*f)->next;
	*f = fresh;
	return 0;
}

/* ---- reading and changing ---- */

int xavp_read(const struct script_vars *v, const struct xavp_place *p, struct value *ret)
{
	const struct xavp_root *r = root_find(v, p);
	const struct xavp_field *f;

	if (!r)
		return RT_E_NOENT;
	if (!p->field.n) {
		if (r->val.tag == VAL_NULL)
			return RT_E_STATE;
		*ret = r->val;
		return 0;
	}
	f = field_find(r, p);
	if (!f)
		return RT_E_NOENT;
	*ret = f->val;
	return 0;
}

unsigned xavp_count(const struct script_vars *v, const struct xavp_place *p)
{
	const struct xavp_root *r;

	if (!p->field.n)
		return roots(v, p);
	r = root_find(v, p);
	return r ? fields(r, p) : 0;
}

int xavp_write(struct script_vars *v, const struct xavp_place *p, const struct value *val)
{
	struct xavp_root **slot = root_slot(v, p);
	struct xavp_field **f;
	struct value copy;

	if (!slot)
		return RT_E_NOENT;
	f = p->field.n ? field_slot(*slot, p) : NULL;
	if (p->field.n && !f)
		return RT_E_NOENT;
	if (script_vars_keep(v, val, &copy))
		return RT_E_NOMEM;
	if (f) {
		(*f)->val = copy;
	} else {
		(*slot)->val = copy;
		(*slot)->fields = NULL;
	}
	return 0;
}

static unsigned remove_fields(struct script_vars *v, const struct xavp_place *p, bool all)
{
	struct xavp_root **slot = root_slot(v, p);
	struct xavp_field **f;
	unsigned n = 0;

	if (!slot)
		return 0;
	if (!all) {
		f = field_slot(*slot, p);
		if (f)
			*f = (*f)->next;
		return f != NULL;
	}
	for (f = &(*slot)->fields; *f;) {
		if (same(p->kind, (*f)->name, p->field)) {
			*f = (*f)->next;
			n++;
		} else {
			f = &(*f)->next;
		}
	}
	return n;
}

unsigned xavp_remove(struct script_vars *v, const struct xavp_place *p, bool all)
{
	struct xavp_root **r;
	unsigned n = 0;

	if (p->field.n)
		return remove_fields(v, p, all);
	if (!all) {
		r = root_slot(v, p);
		if (r)
			*r = (*r)->next;
		return r != NULL;
	}
	for (r = &v->xavps[p->kind]; *r;) {
		if (same(p->kind, (*r)->name, p->root)) {
			*r = (*r)->next;
			n++;
		} else {
			r = &(*r)->next;
		}
	}
	return n;
}

int xavp_copy(struct script_vars *v, const struct xavp_place *p, const struct xavp_place *to, bool replace)
{
	const struct xavp_root *from = root_find(v, p);
	struct xavp_root *r, **slot = replace ? root_slot(v, to) : NULL;
	struct xavp_field **tail;

	if (!from || (replace && !slot))
		return RT_E_NOENT;
	r = root_new(v, to->root);
	if (!r)
		return RT_E_NOMEM;
	r->val = from->val; /* texts live as long as v anyway */
	tail = &r->fields;
	for (struct xavp_field *f = from->fields; f; f = f->next, tail = &(*tail)->next) {
		*tail = field_new(v, f->name, &f->val);
		if (!*tail)
			return RT_E_NOMEM;
	}
	if (slot) {
		r->next = (*slot)->next;
	} else {
		for (slot = &v->xavps[to->kind]; *slot; slot = &(*slot)->next)
			;
	}
	*slot = r;
	return 0;
}

bool xavp_field_nth(const struct script_vars *v, const struct xavp_place *p, unsigned i, struct xavp_pair *ret)
{
	const struct xavp_root *r = root_find(v, p);
	const struct xavp_field *f = r ? r->fields : NULL;

	while (f && i--)
		f = f->next;
	if (f)
		*ret = (struct xavp_pair){f->name, f->val};
	return f != NULL;
}

bool xavp_root_nth(const struct script_vars *v, enum xavp_kind kind, unsigned i, struct xavp_pair *ret)
{
	const struct xavp_root *r = v->xavps[kind];

	while (r && i--)
		r = r->next;
	if (r)
		*ret = (struct xavp_pair){r->name, r->val};
	return r != NULL;
}

/* ---- $xavp records by name ---- */

int xavp_field_add(struct script_vars *v, struct str root, int64_t i, struct str field, const struct value *val)
{
	return xavp_add(v, &(struct xavp_place){.root = root, .index = i, .field = field}, val);
}

int xavp_field_at(const struct script_vars *v, struct str root, int64_t i, struct str field, int64_t k,
		  struct value *ret)
{
	return xavp_read(v, &(struct xavp_place){.root = root, .index = i, .field = field, .field_index = k}, ret);
}

int xavp_field_get(const struct script_vars *v, struct str root, struct str field, struct value *ret)
{
	return xavp_field_at(v, root, 0, field, 0, ret);
}

bool xavp_exists(const struct script_vars *v, struct str root, int64_t i)
{
	return root_find(v, &(struct xavp_place){.root = root, .index = i}) != NULL;
}

unsigned xavp_delete(struct script_vars *v, struct str root, bool all)
{
	return xavp_remove(v, &(struct xavp_place){.root = root}, all);
}
