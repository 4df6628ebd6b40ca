/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite. Its calls block, which is why a database has a thread. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "db/db.h"

enum { COLUMNS_MAX = 256, ROWS_FIRST = 16, FILES_MAX = 32, BUSY_MS = 1000 };

static struct db_sqlite_opts files[FILES_MAX]; /* path empty: free */

struct db_sqlite_opts *db_sqlite_of(struct str path, bool read_only)
{
	for (int i = 0; i < FILES_MAX && path.n < DB_URL_LENGTH_MAX; i++) {
		if (files[i].path[0] && !str_eq(str_of(files[i].path), path))
			continue;
		if (!files[i].path[0]) {
			memcpy(files[i].path, path.p, path.n);
			files[i].busy_timeout = BUSY_MS;
		}
		files[i].read_only |= read_only;
		return &files[i];
	}
	return NULL;
}

void db_sqlite_forget(void)
{
	memset(files, 0, sizeof(files));
}

static const struct db_sqlite_opts *opts_of(const char *path)
{
	static const struct db_sqlite_opts none = {.busy_timeout = BUSY_MS};

	for (int i = 0; i < FILES_MAX && files[i].path[0]; i++)
		if (strcmp(files[i].path, path) == 0)
			return &files[i];
	return &none;
}

static void *sqlite_open(const char *rest, char *why, size_t size)
{
	const struct db_sqlite_opts *o = opts_of(rest);
	int flags = o->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
	sqlite3 *s = NULL;
	char pragma[64];

	if (sqlite3_open_v2(rest, &s, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
		snprintf(why, size, "%s", s ? sqlite3_errmsg(s) : "out of memory");
		sqlite3_close(s);
		return NULL;
	}
	sqlite3_busy_timeout(s, o->busy_timeout);
	if (o->journal_mode[0]) {
		snprintf(pragma, sizeof(pragma), "PRAGMA journal_mode=%s", o->journal_mode);
		if (sqlite3_exec(s, pragma, NULL, NULL, NULL) != SQLITE_OK) {
			snprintf(why, size, "%s", sqlite3_errmsg(s));
			sqlite3_close(s);
			return NULL;
		}
	}
	return s;
}

static bool read_cell(sqlite3_stmt *st, int i, struct arena *a, struct db_cell *c)
{
	int type = sqlite3_column_type(st, i);
	const char *text;

	if (type == SQLITE_NULL)
		return true;
	if (type == SQLITE_INTEGER) {
		*c = (struct db_cell){.type = DB_INT, .i = sqlite3_column_int64(st, i)};
		return true;
	}
	text = type == SQLITE_BLOB ? sqlite3_column_blob(st, i) : (const char *)sqlite3_column_text(st, i);
	c->type = type == SQLITE_FLOAT ? DB_REAL : DB_TEXT;
	c->s = str_dup(a, str_make(text, (size_t)sqlite3_column_bytes(st, i)));
	return c->s.p || !sqlite3_column_bytes(st, i);
}

static bool grow(struct arena *a, struct db_result *r, size_t *cap)
{
	size_t more = *cap ? 2 * *cap : ROWS_FIRST;
	struct db_cell *v = r->n_rows < DB_ROWS_MAX ? arena_calloc(a, more * r->n_cols, sizeof(*v)) : NULL;

	if (!v)
		return false;
	if (r->n_rows)
		memcpy(v, r->cells, r->n_rows * r->n_cols * sizeof(*v));
	r->cells = v;
	*cap = more;
	return true;
}

/* One statement to its end. */
static int run(sqlite3 *s, sqlite3_stmt *st, struct arena *a, struct db_result *r)
{
	int n = sqlite3_column_count(st), step;
	size_t cap = 0;

	*r = (struct db_result){.n_cols = (size_t)n};
	r->names = arena_calloc(a, (size_t)n + 1, sizeof(*r->names));
	if (!r->names || n > COLUMNS_MAX)
		return RT_E_LIMIT;
	for (int i = 0; i < n; i++)
		r->names[i] = str_dup(a, str_of(sqlite3_column_name(st, i)));
	while ((step = sqlite3_step(st)) == SQLITE_ROW) {
		if (r->n_rows == cap && !grow(a, r, &cap))
			return RT_E_LIMIT;
		for (int i = 0; i < n; i++)
			if (!read_cell(st, i, a, &r->cells[r->n_rows * r->n_cols + (size_t)i]))
				return RT_E_LIMIT;
		r->n_rows++;
	}
	if (step != SQLITE_DONE)
		return RT_E_IO;
	if (!n)
		r->changed = sqlite3_changes(s);
	return 0;
}

static int bind_one(sqlite3_stmt *st, int i, const struct db_cell *c, struct arena *a)
{
	switch (c->type) {
	case DB_NULL:
		return sqlite3_bind_null(st, i);
	case DB_INT:
		return sqlite3_bind_int64(st, i, c->i);
	case DB_REAL:
		return sqlite3_bind_double(st, i, strtod(str_z(a, c->s), NULL));
	case DB_TIME: /* days since noon of 24 November 4714 BC, which its date functions and the reference's driver take */
		return sqlite3_bind_double(st, i, (double)c->i / 86400.0 + 2440587.5);
	case DB_TEXT:
		break;
	}
	return sqlite3_bind_text(st, i, c->s.n ? c->s.p : "", (int)c->s.n, SQLITE_STATIC);
}

/* Once for each set of values. $1, $2 ... are names to SQLite, which any order of use may number. */
static int run_sets(sqlite3 *s, sqlite3_stmt *st, const struct db_statement *in, struct arena *a, struct db_result *r)
{
	int err = 0;

	for (size_t k = 0; !err && k < in->n_times; k++) {
		for (int i = 1; i <= sqlite3_bind_parameter_count(st); i++) {
			const char *name = sqlite3_bind_parameter_name(st, i);
			uint64_t n;

			if (!name || !str_to_u64(str_of(name + 1), in->n_args, &n) || !n)
				return RT_E_INVAL;
			if (bind_one(st, i, &in->args[k * in->n_args + n - 1], a) != SQLITE_OK)
				return RT_E_IO;
		}
		err = run(s, st, a, r);
		sqlite3_reset(st);
	}
	return err;
}

static int sqlite_exec(void *conn, const struct db_statement *in, struct arena *a, struct db_result *ret, char *why, size_t size)
{
	const char *at = in->sql.p, *end = in->sql.p + in->sql.n;
	sqlite3_stmt *st = NULL;
	int err = 0;

	while (!err && at < end) {
		if (sqlite3_prepare_v2(conn, at, (int)(end - at), &st, &at) != SQLITE_OK)
			err = RT_E_IO;
		else if (st && in->n_args)
			err = run_sets(conn, st, in, a, ret);
		else if (st)
			err = run(conn, st, a, ret);
		if (err)
			snprintf(why, size, "%s", err == RT_E_IO ? sqlite3_errmsg(conn) : err == RT_E_INVAL
				 ? "the statement has a value that nobody gave" : "the result is too large");
		sqlite3_finalize(st);
		st = NULL;
	}
	return err;
}

static void sqlite_close(void *conn)
{
	sqlite3_close(conn);
}

const struct db_driver db_sqlite = {"sqlite", sqlite_open, sqlite_exec, sqlite_close};
