/* SPDX-License-Identifier: Apache-2.0 */
/* A record becomes one INSERT with bound values: what came from the network never is part of a statement's text. */
#include "acc/acc_priv.h"

#include "base/sb.h"
#include "core/log.h"
#include "core/worker.h"

enum { QUESTION_MAX = 1 << 20, TIME_COLUMNS = 2 };

static struct acc_db_conf conf;
static struct db *db;
static bool absent; /* a simulation without this database */

int acc_db_init(const struct acc_db_conf *c)
{
	const char *why;

	conf = *c;
	absent = false;
	db = c->url.n ? db_find(c->url, &why) : NULL;
	if (!c->url.n || db)
		return 0;
	log_err("acc: db_url: %s", why);
	return RT_E_UNSUPP;
}

int acc_db_start(struct worker *w)
{
	if (!db || worker_index(w) != 0)
		return 0;
	if (!world_is_sim(worker_world(w)))
		return db_start(db);
	absent = !db_is_fixture(db);
	if (absent)
		log_warn("acc: nothing stands behind db_url in the simulation, no record is stored");
	return 0;
}

void acc_db_fini(void)
{
	db = NULL;
}

bool acc_db_is_set(void)
{
	return db && !absent;
}

/* ---- a row ---- */

struct row {
	struct arena *a;
	struct str *names;
	struct db_cell *v;
	size_t n;
};

static void add(struct row *row, struct str name, struct db_cell c)
{
	row->names[row->n] = name;
	row->v[row->n++] = c;
}

static void add_text(struct row *row, struct str name, struct str s)
{
	add(row, name, (struct db_cell){.type = DB_TEXT, .s = str_dup(row->a, s)});
}

static void add_pair(struct row *row, const struct acc_pair *p)
{
	if (p->is_null && conf.nullable)
		add(row, p->name, (struct db_cell){.type = DB_NULL});
	else
		add_text(row, p->name, p->value);
}

static void add_time(struct row *row, int64_t us)
{
	long long s = us / 1000000, rest = us % 1000000;

	add(row, conf.columns[6], (struct db_cell){.type = DB_TIME, .i = s});
	if (conf.time_mode == 1) {
		add(row, conf.time_attr, (struct db_cell){.type = DB_INT, .i = s});
		add(row, conf.time_exten, (struct db_cell){.type = DB_INT, .i = rest});
	} else if (conf.time_mode == 2) {
		add(row, conf.time_attr, (struct db_cell){.type = DB_REAL, .s = str_printf(row->a, "%lld.%06lld", s, rest)});
	} else if (conf.time_mode == 3 || conf.time_mode == 4) {
		add_text(row, conf.time_attr, acc_time_text(row->a, us, conf.time_mode == 4, conf.time_format));
	}
}

static void fill_row(struct row *row, const struct acc_rows *rows, size_t leg)
{
	const struct acc_record *rec = rows->rec;
	const struct str texts[] = {rec->method, rec->from_tag, rec->to_tag, rec->call_id, rec->code, rec->reason};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		add_text(row, conf.columns[i], texts[i]);
	add_time(row, rec->wall_us);
	for (size_t i = 0; i < rec->n_extra; i++)
		add_pair(row, &rec->extra[i]);
	for (size_t i = 0; i < rows->n_leg; i++)
		add_pair(row, &rows->legs[leg * rows->n_leg + i]);
}

static struct str insert_of(const struct row *row, struct str table)
{
	struct sb b;

	sb_init(&b, row->a, DB_QUERY_MAX);
	sb_add(&b, S("INSERT INTO "));
	db_add_name(&b, table);
	for (size_t i = 0; i < row->n; i++) {
		sb_add(&b, i ? S(", ") : S(" ("));
		db_add_name(&b, row->names[i]);
	}
	for (size_t i = 0; i < row->n; i++)
		sb_printf(&b, i ? ", $%zu" : ") VALUES ($%zu", i + 1);
	sb_addc(&b, ')');
	return sb_str(&b);
}

struct db_ask *acc_db_rows(const struct acc_rows *rows)
{
	struct db_ask *q = db_ask_new(db, QUESTION_MAX);
	struct db_statement st = {.n_times = rows->n_legs ? rows->n_legs : 1};
	size_t max = ACC_COLUMNS + TIME_COLUMNS + rows->rec->n_extra + rows->n_leg;
	struct db_cell *v = q ? arena_calloc(db_ask_arena(q), max * st.n_times, sizeof(*v)) : NULL;
	struct row row = {.names = v ? arena_calloc(db_ask_arena(q), max, sizeof(*row.names)) : NULL};

	for (size_t i = 0; row.names && i < st.n_times; i++) {
		row = (struct row){.a = db_ask_arena(q), .names = row.names, .v = &v[i * st.n_args]};
		fill_row(&row, rows, i);
		st.n_args = row.n;
	}
	if (row.names) {
		st.args = v;
		st.sql = insert_of(&row, rows->table);
	}
	if (!st.sql.p)
		db_ask_free(&q);
	else
		(void)db_ask_add(q, &st);
	return q;
}
