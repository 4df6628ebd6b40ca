/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables in a database. A load fills a new table that then takes the place of the old one, a store deletes and inserts in one
 * transaction: who reads meanwhile, here or there, sees the one or the other.
 */
#include "db/db.h"

#include <stdio.h>

#include "base/sb.h"
#include "core/fiber.h"
#include "core/log.h"
#include "htable/htable_priv.h"

enum { WAIT_MS = 60000, ITEMS_PER_TURN = 1000 };

static struct htable_db_conf conf;
static struct db *db; /* NULL: no db_url */

int htable_db_init(const struct htable_db_conf *c)
{
	const char *why;

	conf = *c;
	db = c->url.n ? db_find(c->url, &why) : NULL;
	if (!c->url.n || db)
		return 0;
	log_err("htable: db_url: %s", why);
	return RT_E_UNSUPP;
}

void htable_db_fini(void)
{
	db = NULL;
}

bool htable_db_is_set(void)
{
	return db != NULL;
}

static int failed(const struct ht_table *t, const char *what, const char *why)
{
	log_err("htable: table " STR_FMT " cannot be %s: %s", STR_ARG(ht_spec(t)->name), what, why);
	return RT_E_IO;
}

/* ---- from the database ---- */

struct load {
	struct ht_table *to;
	int64_t now;
	struct arena *a;
	struct str array; /* name of the rows before, when they make an array */
	int64_t n_array;
	size_t row; /* from 1 */
	char why[DB_WHY_MAX];
};

static bool has_expires(const struct ht_table *t)
{
	return conf.with_expires && ht_spec(t)->autoexpire;
}

static struct str select_of(const struct ht_table *t, struct arena *a)
{
	const struct ht_spec *s = ht_spec(t);
	const struct str plain[] = {conf.key_name, conf.key_type, conf.value_type, conf.key_value, conf.expires};
	const struct str *cols = s->n_cols ? s->cols : plain;
	size_t n = s->n_cols ? s->n_cols : has_expires(t) ? 5 : 4;
	struct sb b;

	sb_init(&b, a, DB_QUERY_MAX);
	for (size_t i = 0; i < n; i++) {
		sb_add(&b, i ? S(", ") : S("SELECT "));
		db_add_name(&b, cols[i]);
	}
	sb_add(&b, S(" FROM "));
	db_add_name(&b, s->dbtable);
	if (!s->n_cols) { /* the rows of an array next to each other */
		sb_add(&b, S(" ORDER BY "));
		db_add_name(&b, conf.key_name);
	}
	return sb_str(&b);
}

static struct str text_of(const struct db_cell *c, struct arena *a)
{
	return c->type == DB_INT ? str_printf(a, "%lld", (long long)c->i) : c->s;
}

/* As the reference reads them: as far as there are digits, within 32 bits. */
static int64_t number_of(struct str s)
{
	bool minus = s.n && s.p[0] == '-';
	int64_t v = 0;

	for (size_t i = minus || (s.n && s.p[0] == '+'); i < s.n && ascii_digit(s.p[i]) && v <= INT32_MAX; i++)
		v = v * 10 + (s.p[i] - '0');
	if (v > INT32_MAX)
		v = INT32_MAX;
	return minus ? -v : v;
}

static int put(struct load *l, struct str key, const struct value *v, int64_t expires)
{
	int err = ht_set(l->to, key, v, l->now, expires);

	if (err)
		snprintf(l->why, sizeof(l->why), "row %zu, \"" STR_FMT "\": %s", l->row, STR_ARG(str_head(key, 64)),
			 rt_strerror(err));
	return err;
}

static int end_array(struct load *l)
{
	struct value n = value_int(l->n_array);
	int err = l->n_array ? put(l, str_printf(l->a, STR_FMT STR_FMT, STR_ARG(l->array), STR_ARG(conf.array_suffix)), &n,
				   HT_BY_TABLE) : 0;

	l->n_array = 0;
	return err;
}

/* Name, its kind, kind of value, value, end. */
static int put_plain(struct load *l, const struct db_cell *row)
{
	struct str key = text_of(&row[0], l->a), text = text_of(&row[3], l->a);
	struct value v = row[2].i ? value_int(number_of(text)) : value_str(text);
	int64_t left = HT_BY_TABLE;
	int err;

	if (row[0].type == DB_NULL || row[3].type == DB_NULL) {
		snprintf(l->why, sizeof(l->why), "row %zu: the name or value is null", l->row);
		return RT_E_INVAL;
	}
	if (has_expires(l->to) && row[4].i > 0) {
		left = row[4].i - l->now;
		if (left <= 0)
			return 0;
	}
	if (row[1].i == 1) {
		err = str_eq(key, l->array) ? 0 : end_array(l);
		l->array = key;
		key = str_printf(l->a, STR_FMT "[%lld]", STR_ARG(key), (long long)l->n_array++);
		if (err)
			return err;
	}
	return put(l, key, &v, left);
}

/* The key, then columns that are joined. */
static int put_joined(struct load *l, const struct db_cell *row)
{
	const struct ht_spec *s = ht_spec(l->to);
	struct value v;
	struct sb b;

	if (row[0].type != DB_TEXT) {
		snprintf(l->why, sizeof(l->why), "row %zu: the name is %s", l->row,
			 row[0].type == DB_NULL ? "null" : "no text");
		return RT_E_INVAL;
	}
	sb_init(&b, l->a, HT_VALUE_MAX + 1);
	for (unsigned i = 1; i < s->n_cols; i++) {
		if (i > 1)
			sb_add(&b, s->colsep);
		sb_add(&b, row[i].type == DB_NULL ? s->colnull : text_of(&row[i], l->a));
	}
	v = value_str(sb_str(&b));
	return put(l, row[0].s, &v, HT_BY_TABLE);
}

static int fill(struct load *l, const struct db_result *r)
{
	bool joined = ht_spec(l->to)->n_cols;
	int err = 0;

	for (size_t i = 0; !err && i < r->n_rows; i++) {
		const struct db_cell *row = &r->cells[i * r->n_cols];

		l->row = i + 1;
		err = joined ? put_joined(l, row) : put_plain(l, row);
		if (i % ITEMS_PER_TURN == ITEMS_PER_TURN - 1 && fiber_self())
			fiber_sleep_await(1);
	}
	if (err)
		return err;
	return end_array(l);
}

/* A question whose statement reads the table; NULL, logged. */
static struct db_ask *ask_load(const struct ht_table *t)
{
	struct db_ask *q = db_ask_new(db, DB_BULK_MAX);
	struct db_statement st = {0};

	if (q)
		st.sql = select_of(t, db_ask_arena(q));
	if (st.sql.p)
		(void)db_ask_add(q, &st);
	else
		db_ask_free(&q);
	if (!q)
		(void)failed(t, "loaded", "out of memory");
	return q;
}

static int load_into(struct ht_table *to, struct db_ask *q, int64_t now)
{
	struct load l = {.to = to, .now = now, .a = db_ask_arena(q)};
	int err = fill(&l, db_ask_result(q));

	return err ? failed(to, "loaded", l.why) : 0;
}

int htable_db_reload_await(struct ht_table *t, int64_t now)
{
	struct ht_table *fresh = NULL;
	struct db_ask *q = ask_load(t);
	char why[DB_WHY_MAX];
	int err;

	if (!q)
		return RT_E_NOMEM;
	err = db_ask_await(&q, WAIT_MS, why);
	if (err)
		(void)failed(t, "loaded", why);
	else if (!(err = ht_new_like(t, &fresh)))
		err = load_into(fresh, q, now);
	if (!err)
		ht_replace(t, fresh);
	ht_free(&fresh);
	db_ask_free(&q);
	return err;
}

static int load_now(struct ht_table *t, int64_t now)
{
	struct db_ask *q = ask_load(t);
	char why[DB_WHY_MAX];
	int err;

	if (!q)
		return RT_E_NOMEM;
	err = db_ask_now(q, why);
	err = err ? failed(t, "loaded", why) : load_into(t, q, now);
	db_ask_free(&q);
	return err;
}

/* Offline a script may be looked at without its database: its tables are empty then. */
static bool is_there(const struct worker *w)
{
	return db && (!world_is_sim(worker_world(w)) || db_is_fixture(db));
}

int htable_db_load_all(struct worker *w)
{
	int err = 0;

	if (!is_there(w)) {
		if (db)
			log_warn("htable: nothing stands behind db_url in the simulation, no table is loaded");
		return 0;
	}
	err = db_start(db);
	for (unsigned i = 0; !err && i < ht_count(); i++)
		if (ht_spec(ht_at(i))->dbtable.n)
			err = load_now(ht_at(i), htable_now(w));
	return err;
}

/* ---- to the database ---- */

static struct str delete_of(const struct ht_table *t, struct arena *a)
{
	struct sb b;

	sb_init(&b, a, DB_QUERY_MAX);
	sb_add(&b, S("DELETE FROM "));
	db_add_name(&b, ht_spec(t)->dbtable);
	return sb_str(&b);
}

static struct str insert_of(const struct ht_table *t, struct arena *a)
{
	const struct str cols[] = {conf.key_name, conf.key_type, conf.value_type, conf.key_value, conf.expires};
	size_t n = has_expires(t) ? 5 : 4;
	struct sb b;

	sb_init(&b, a, DB_QUERY_MAX);
	sb_add(&b, S("INSERT INTO "));
	db_add_name(&b, ht_spec(t)->dbtable);
	for (size_t i = 0; i < n; i++) {
		sb_add(&b, i ? S(", ") : S(" ("));
		db_add_name(&b, cols[i]);
	}
	for (size_t i = 0; i < n; i++)
		sb_printf(&b, i ? ", $%zu" : ") VALUES ($%zu", i + 1);
	sb_addc(&b, ')');
	return sb_str(&b);
}

/* One set of values for each item; NULL when memory is out. */
static struct db_cell *cells_of(struct ht_table *t, int64_t now, struct arena *a, size_t n_cols, size_t *n)
{
	size_t max = ht_items(t) + ITEMS_PER_TURN, k = 0; /* others may add meanwhile */
	struct db_cell *v = arena_calloc(a, max * n_cols, sizeof(*v));
	struct ht_entry *list;
	size_t in_slot;

	for (unsigned slot = 0; v && slot < ht_spec(t)->slots; slot++) {
		if (ht_slot(t, slot, now, a, &list, &in_slot))
			return NULL;
		for (size_t i = 0; i < in_slot && k < max; i++, k++) {
			struct db_cell *row = &v[k * n_cols];
			bool text = value_is_str(&list[i].value);

			row[0] = (struct db_cell){.type = DB_TEXT, .s = list[i].key};
			row[1] = (struct db_cell){.type = DB_INT, .i = 0};
			row[2] = (struct db_cell){.type = DB_INT, .i = !text};
			row[3] = (struct db_cell){.type = DB_TEXT, .s = text ? list[i].value.s
				: str_printf(a, "%lld", (long long)list[i].value.i)};
			if (n_cols == 5)
				row[4] = (struct db_cell){.type = DB_INT, .i = list[i].expires};
		}
	}
	*n = k;
	return v;
}

/* A question that puts the table's items in place of its rows; NULL, logged. */
static struct db_ask *ask_store(struct ht_table *t, int64_t now)
{
	struct db_ask *q = db_ask_new(db, DB_BULK_MAX);
	struct arena *a = q ? db_ask_arena(q) : NULL;
	struct db_statement del = {0}, ins = {.n_args = has_expires(t) ? 5 : 4};

	if (q) {
		del.sql = delete_of(t, a);
		ins.sql = insert_of(t, a);
		ins.args = cells_of(t, now, a, ins.n_args, &ins.n_times);
	}
	if (del.sql.p && ins.sql.p && ins.args) {
		(void)db_ask_add(q, &del);
		(void)db_ask_add(q, &ins);
	} else {
		db_ask_free(&q);
		(void)failed(t, "stored", "out of memory");
	}
	return q;
}

int htable_db_store_await(struct ht_table *t, int64_t now)
{
	struct db_ask *q = ask_store(t, now);
	char why[DB_WHY_MAX];
	int err = q ? db_ask_await(&q, WAIT_MS, why) : RT_E_NOMEM;
	if (q && err)
		(void)failed(t, "stored", why);
	db_ask_free(&q);
	return err;
}

static void store_now(struct ht_table *t, int64_t now)
{
	struct db_ask *q = ask_store(t, now);
	char why[DB_WHY_MAX];

	if (q && db_ask_now(q, why))
		(void)failed(t, "stored", why);
	db_ask_free(&q);
}

void htable_db_store_all(struct worker *w)
{
	for (unsigned i = 0; is_there(w) && i < ht_count(); i++) {
		const struct ht_spec *s = ht_spec(ht_at(i));

		if (s->dbtable.n && s->dbmode && !s->n_cols)
			store_now(ht_at(i), htable_now(w));
	}
}
