/* SPDX-License-Identifier: Apache-2.0 */
/* Tables from modparams, the variables, and functions on single items. */
#define STD_NAME htable
#define STD_DEF "htable/htable.def"
#include "abi/std.h"

#include <stdatomic.h>

#include "base/mem.h"
#include "core/log.h"
#include "htable/htable_priv.h"
#include "script/env.h"

int32_t std_htable_param_htable(const struct program_value *v)
{
	struct ht_spec spec;
	int err = ht_spec_parse(v->s, &spec);

	if (!err)
		err = ht_declare(&spec);
	if (err == RT_E_EXIST)
		log_err("htable: table " STR_FMT " is declared twice", STR_ARG(spec.name));
	return err;
}

struct ht_table *htable_get(struct run *r, struct str name)
{
	struct ht_table *t = ht_find(name);
	static struct log_limit ll;

	if (!t && log_allow(&ll, 5))
		script_err(r, "cannot get hash table [" STR_FMT "]", STR_ARG(name));
	return t;
}

struct ht_table *htable_split(struct run *r, struct str text, struct str *rest)
{
	size_t arrow = str_find(text, S("=>"));

	*rest = arrow == STR_NONE ? STR_NULL : str_skip(text, arrow + 2);
	return htable_get(r, str_trim(str_head(text, arrow)));
}

/* Places of constant names: found once, kept in the program until the tables go. */
struct kept {
	struct kept *next;
	struct ht_place place;
	_Atomic(void *) *memo;
};
static _Atomic(struct kept *) all_kept;

static void keep(const struct ht_place *p, _Atomic(void *) *memo)
{
	struct kept *k = mem_alloc(sizeof(*k));
	void *none = NULL;

	if (!k)
		return;
	k->place = *p;
	k->memo = memo;
	if (!atomic_compare_exchange_strong(memo, &none, &k->place)) { /* another worker was first */
		mem_free(&k);
		return;
	}
	k->next = atomic_load(&all_kept);
	while (!atomic_compare_exchange_weak(&all_kept, &k->next, k))
		;
}

static void fini(void)
{
	struct kept *k = atomic_exchange(&all_kept, NULL), *next;

	for (; k; k = next) {
		next = k->next;
		atomic_store(k->memo, NULL);
		mem_free(&k);
	}
	ht_free_all();
	htable_db_fini();
}

__attribute__((cold)) static struct ht_place *target_anew(struct run *r, const struct pv_name *n, struct ht_place *buf)
{
	struct str key;
	struct ht_table *t = htable_split(r, n->text, &key);

	if (!t)
		return NULL;
	*buf = ht_place_of(t, key);
	if (n->memo)
		keep(buf, n->memo);
	return buf;
}

/* Where a $sht-like name leads, once no other run holds the slot; NULL, logged, when there is no such table. */
static inline struct ht_place *target(struct run *r, const struct pv_name *n, struct ht_place *buf)
{
	struct ht_place *p = n->memo ? atomic_load_explicit(n->memo, memory_order_acquire) : NULL;

	if (!p)
		p = target_anew(r, n, buf);
	if (p)
		ht_pass_await(r, p->t, p->key);
	return p;
}

/* ---- variables ---- */

int32_t std_htable_pv_sht_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct ht_place buf;
	struct ht_place *p = target(r, n, &buf);

	if (p)
		return ht_get_at(p, htable_now(r->worker), r->arena, ret);
	*ret = value_null();
	return 0;
}

int32_t std_htable_pv_sht_set(struct run *r, const struct pv_name *n, const struct value *v)
{
	struct ht_place buf;
	struct ht_place *p = target(r, n, &buf);

	if (!p)
		return RT_E_NOENT;
	if (v->tag == VAL_NULL) {
		ht_remove(p->t, p->key);
		return 0;
	}
	return ht_set_at(p, v, htable_now(r->worker), HT_BY_TABLE);
}

int32_t std_htable_pv_shtex_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct ht_place buf;
	struct ht_place *p = target(r, n, &buf);

	*ret = p ? value_int(ht_left(p->t, p->key, htable_now(r->worker))) : value_null();
	return 0;
}

int32_t std_htable_pv_shtex_set(struct run *r, const struct pv_name *n, const struct value *v)
{
	struct ht_place buf;
	struct ht_place *p = target(r, n, &buf);

	if (!p)
		return RT_E_NOENT;
	ht_set_left(p->t, p->key, value_is_int(v) ? v->i : 0, htable_now(r->worker));
	return 0;
}

static int32_t add(struct run *r, const struct pv_name *n, int64_t delta, struct value *ret)
{
	struct ht_place buf;
	struct ht_place *p = target(r, n, &buf);
	int64_t v;

	*ret = value_null();
	if (p && ht_add(p->t, p->key, delta, htable_now(r->worker), &v) == 0)
		*ret = value_int(v);
	return 0;
}

int32_t std_htable_pv_shtinc_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	return add(r, n, 1, ret);
}

int32_t std_htable_pv_shtdec_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	return add(r, n, -1, ret);
}

/* ---- functions ---- */

int32_t std_htable_sht_rm(struct run *r, const struct str *htname, const struct str *itname)
{
	struct ht_table *t = htable_get(r, *htname);

	if (!t)
		return -1;
	ht_pass_await(r, t, *itname);
	ht_remove(t, *itname);
	return 1;
}

static int32_t set_for(struct run *r, struct str table, struct str key, const struct value *v, int64_t seconds)
{
	struct ht_table *t = htable_get(r, table);

	if (!t)
		return -1;
	ht_pass_await(r, t, key);
	return ht_set(t, key, v, htable_now(r->worker), seconds < 0 ? 0 : seconds) ? -1 : 1;
}

int32_t std_htable_sht_setxs(struct run *r, const struct str *htname, const struct str *itname,
			     const struct str *itval, int64_t exval)
{
	struct value v = value_str(*itval);

	return set_for(r, *htname, *itname, &v, exval);
}

int32_t std_htable_sht_setxi(struct run *r, const struct str *htname, const struct str *itname, int64_t itval,
			     int64_t exval)
{
	struct value v = value_int((int32_t)itval);

	return set_for(r, *htname, *itname, &v, exval);
}

int32_t std_htable_sht_reset(struct run *r, const struct str *htable)
{
	struct ht_table *t = htable_get(r, *htable);

	if (!t)
		return -1;
	ht_reset(t);
	return 1;
}

enum { NO_TABLE = -11 }; /* as the reference */

int32_t std_htable_sht_lock(struct run *r, const struct str *key)
{
	struct str name;
	struct ht_table *t = htable_split(r, *key, &name);
	int err;

	if (!t)
		return NO_TABLE;
	err = ht_lock_await(r, t, name);
	if (err)
		script_err(r, "sht_lock: %s", rt_strerror(err));
	return err ? -1 : 1;
}

int32_t std_htable_sht_unlock(struct run *r, const struct str *key)
{
	struct str name;
	struct ht_table *t = htable_split(r, *key, &name);

	if (!t)
		return NO_TABLE;
	ht_unlock(r, t, name);
	return 1;
}

int32_t std_htable_sht_print(struct run *r)
{
	for (unsigned i = ht_count(); i-- > 0;) {
		struct ht_table *t = ht_at(i);
		const struct ht_spec *s = ht_spec(t);

		log_err("htable[" STR_FMT "] exp: %lld", STR_ARG(s->name), (long long)s->autoexpire);
		for (unsigned k = 0; k < s->slots; k++) {
			struct arena *a = arena_new(0);
			struct ht_entry *list;
			size_t n = 0;

			if (!a || ht_slot(t, k, htable_now(r->worker), a, &list, &n))
				n = 0;
			for (size_t j = 0; j < n; j++)
				log_err("htable[%u] -- cell: " STR_FMT " expire: %lld v: " STR_FMT, k,
					STR_ARG(list[j].key), (long long)list[j].expires,
					STR_ARG(script_text(r, &list[j].value)));
			arena_free(&a);
		}
	}
	return 1;
}

/* ---- life ---- */

static int init(const struct program *p)
{
	const struct htable_db_conf db = {
		.url = param.db_url,
		.key_name = param.key_name_column,
		.key_type = param.key_type_column,
		.value_type = param.value_type_column,
		.key_value = param.key_value_column,
		.expires = param.expires_column,
		.array_suffix = param.array_size_suffix,
		.with_expires = param.db_expires != 0,
	};
	int err = htable_db_init(&db);

	if (err)
		return err;
	ht_set_limits(&(struct ht_limits){param.max_items > 0 ? (uint64_t)param.max_items : 0,
					  param.max_bytes > 0 ? (uint64_t)param.max_bytes : 0});
	return htable_events_init(p);
}

static int worker_init(struct worker *w)
{
	int err;

	if (worker_index(w) != 0)
		return 0;
	err = htable_db_load_all(w);
	if (err)
		return err;
	htable_mod_init(w);
	htable_sweep_start(w, (uint32_t)(param.timer_interval > 0 ? param.timer_interval : 20) * 1000);
	return 0;
}

static void worker_fini(struct worker *w)
{
	if (worker_index(w) != 0)
		return;
	htable_sweep_stop();
	htable_db_store_all(w);
}

STD_MODULE(htable, .init = init, .worker_init = worker_init, .worker_fini = worker_fini, .fini = fini)
