/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Iterators belong to the run. One holds copies of the slot that it is in, so nothing is locked between
 * two calls and the script may change the table meanwhile; what came into a slot after it was copied is
 * not seen.
 */
#define STD_PROTOTYPES_ONLY
#define STD_NAME htable
#define STD_DEF "htable/htable.def"
#include "abi/std.h"

#include "htable/htable_priv.h"
#include "script/env.h"
#include "script/run.h"

enum { ITERATORS_MAX = 4, ITERATOR_NAME_MAX = 64 };

struct iterator {
	struct ht_table *t; /* NULL: free */
	struct arena *a;    /* of the copies */
	char name[ITERATOR_NAME_MAX];
	size_t name_n;
	unsigned slot; /* the next to copy */
	struct ht_entry *list;
	size_t n, at; /* at: one past the current item, 0: none */
};

struct iterators {
	struct iterator it[ITERATORS_MAX];
};

static void end_of_run(void *arg)
{
	struct iterators *all = arg;

	for (int i = 0; i < ITERATORS_MAX; i++)
		arena_free(&all->it[i].a);
}

static const char iterators_key;

static struct iterator *find(struct run *r, struct str name)
{
	struct iterators *all = run_local_find(r, &iterators_key);

	for (int i = 0; all && i < ITERATORS_MAX; i++)
		if (all->it[i].t && str_eq(str_make(all->it[i].name, all->it[i].name_n), name))
			return &all->it[i];
	return NULL;
}

static struct iterator *find_or_log(struct run *r, struct str name)
{
	struct iterator *it = find(r, name);

	if (!it)
		script_err(r, "iterator not initialized [" STR_FMT "]", STR_ARG(name));
	return it;
}

static struct ht_entry *current(struct iterator *it)
{
	return it && it->at ? &it->list[it->at - 1] : NULL;
}

/* To the front, before the first item. */
static void rewind_iterator(struct iterator *it)
{
	it->slot = 0;
	it->n = it->at = 0;
}

int32_t std_htable_sht_iterator_start(struct run *r, const struct str *iname, const struct str *hname)
{
	struct iterators *all = run_local(r, &iterators_key, sizeof(*all), end_of_run);
	struct iterator *it = find(r, *iname);
	struct ht_table *t;

	for (int i = 0; all && !it && i < ITERATORS_MAX; i++)
		if (!all->it[i].t)
			it = &all->it[i];
	if (!it || iname->n >= ITERATOR_NAME_MAX) {
		script_err(r, "no iterator available - max number is %d", ITERATORS_MAX);
		return -1;
	}
	t = htable_get(r, *hname);
	if (!t)
		return -1;
	if (!it->a)
		it->a = arena_new(RUN_ARENA_LIMIT);
	if (!it->a)
		return -1;
	it->t = t;
	memcpy(it->name, iname->p, iname->n);
	it->name_n = iname->n;
	rewind_iterator(it);
	return 1;
}

/* At the end the iterator stands before the first item again, as in the reference. */
static bool next(struct run *r, struct iterator *it)
{
	if (it->at && it->at < it->n) {
		it->at++;
		return true;
	}
	it->n = it->at = 0;
	while (it->slot < ht_spec(it->t)->slots) {
		arena_reset(it->a);
		if (ht_slot(it->t, it->slot++, htable_now(r->worker), it->a, &it->list, &it->n)) {
			script_err(r, "no memory for an iterator");
			it->n = 0;
		}
		if (it->n) {
			it->at = 1;
			return true;
		}
	}
	rewind_iterator(it);
	return false;
}

int32_t std_htable_sht_iterator_next(struct run *r, const struct str *iname)
{
	struct iterator *it = find_or_log(r, *iname);

	return it && next(r, it) ? 1 : -1;
}

int32_t std_htable_sht_iterator_end(struct run *r, const struct str *iname)
{
	struct iterator *it = find_or_log(r, *iname);

	if (!it)
		return -1;
	it->t = NULL;
	return 1;
}

int32_t std_htable_sht_iterator_rm(struct run *r, const struct str *iname)
{
	struct iterator *it = find_or_log(r, *iname);
	struct ht_entry *e = current(it);

	if (!e)
		return -1;
	ht_remove(it->t, e->key);
	return next(r, it) ? 1 : -2;
}

static int32_t set_current(struct run *r, struct str name, const struct value *v)
{
	struct iterator *it = find_or_log(r, name);
	struct ht_entry *e = current(it);

	if (!e || ht_set(it->t, e->key, v, htable_now(r->worker), HT_BY_TABLE))
		return -1;
	e->value = *v;
	if (value_is_str(v))
		e->value.s = str_dup(it->a, v->s);
	return 1;
}

int32_t std_htable_sht_iterator_sets(struct run *r, const struct str *iname, const struct str *sval)
{
	struct value v = value_str(*sval);

	return set_current(r, *iname, &v);
}

int32_t std_htable_sht_iterator_seti(struct run *r, const struct str *iname, int64_t ival)
{
	struct value v = value_int((int32_t)ival);

	return set_current(r, *iname, &v);
}

int32_t std_htable_sht_iterator_setex(struct run *r, const struct str *iname, int64_t exval)
{
	struct iterator *it = find_or_log(r, *iname);
	struct ht_entry *e = current(it);

	if (!e)
		return -1;
	ht_set_left(it->t, e->key, exval, htable_now(r->worker));
	return 1;
}

int32_t std_htable_pv_shtitkey_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct ht_entry *e = current(find(r, n->text));

	*ret = e ? value_str(str_dup(r->arena, e->key)) : value_null();
	return 0;
}

int32_t std_htable_pv_shtitval_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct ht_entry *e = current(find(r, n->text));

	*ret = e ? e->value : value_null();
	if (value_is_str(ret))
		ret->s = str_dup(r->arena, ret->s);
	return 0;
}
