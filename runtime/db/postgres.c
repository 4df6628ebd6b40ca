/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PostgreSQL by libpq. The database's thread may block, but never for good: every wait for the server is bounded, and a server
 * that stays silent loses its connection.
 */
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>

#include "core/log.h"
#include "db/db.h"

enum { COLUMNS_MAX = 256, ARGS_MAX = 256, CON_PARAMS_MAX = 16, CON_PARAM_LENGTH_MAX = 256, SILENCE_S = 60, CONNECT_S = 5 };

/* Types of pg_type that are no text here. */
enum { OID_BYTEA = 17, OID_INT8 = 20, OID_INT2 = 21, OID_INT4 = 23, OID_FLOAT4 = 700, OID_FLOAT8 = 701, OID_NUMERIC = 1700 };

struct db_postgres_opts db_postgres_opts;

static char con_keys[CON_PARAMS_MAX][CON_PARAM_LENGTH_MAX], con_values[CON_PARAMS_MAX][CON_PARAM_LENGTH_MAX];

/* The same name again replaces its value. */
int db_postgres_con_param(struct str key, struct str value)
{
	for (int i = 0; i < CON_PARAMS_MAX && key.n < CON_PARAM_LENGTH_MAX && value.n < CON_PARAM_LENGTH_MAX; i++) {
		if (con_keys[i][0] && !str_eq(str_of(con_keys[i]), key))
			continue;
		snprintf(con_keys[i], CON_PARAM_LENGTH_MAX, STR_FMT, STR_ARG(key));
		snprintf(con_values[i], CON_PARAM_LENGTH_MAX, STR_FMT, STR_ARG(value));
		return 0;
	}
	return RT_E_LIMIT;
}

void db_postgres_forget(void)
{
	memset(con_keys, 0, sizeof(con_keys));
}

static void notice(void *arg, const char *text)
{
	(void)arg;
	log_dbg("database: %s", text);
}

/* libpq's texts end with a newline and may have several lines; the first one says it. */
static int tell(PGconn *c, const char *text, char *why, size_t size, int err)
{
	struct str rest = str_of(text ? text : PQerrorMessage(c));
	struct str line = str_trim(str_cut(&rest, '\n'));

	snprintf(why, size, STR_FMT, STR_ARG(line));
	return PQstatus(c) == CONNECTION_BAD ? RT_E_CLOSED : err;
}

static bool prepare_connection(PGconn *c)
{
	PGresult *r;
	bool ok;

	PQsetNoticeProcessor(c, notice, NULL);
	if (!db_postgres_opts.bytea_escape)
		return true;
	r = PQexec(c, "SET bytea_output=escape");
	ok = PQresultStatus(r) == PGRES_COMMAND_OK;
	PQclear(r);
	return ok;
}

static void *postgres_open(const char *rest, char *why, size_t size)
{
	const char *keys[CON_PARAMS_MAX + 8], *values[CON_PARAMS_MAX + 8];
	char url[DB_URL_LENGTH_MAX + 16], wait[16], idle[16];
	PGconn *c;
	int n = 0;

	snprintf(url, sizeof(url), "postgresql://%s", rest);
	snprintf(wait, sizeof(wait), "%d", db_postgres_opts.timeout > 0 ? db_postgres_opts.timeout : CONNECT_S);
	snprintf(idle, sizeof(idle), "%d", db_postgres_opts.keepalive);
	keys[n] = "dbname", values[n++] = url;
	keys[n] = "connect_timeout", values[n++] = wait;
	keys[n] = "client_encoding", values[n++] = "UTF8";
	if (db_postgres_opts.keepalive > 0)
		keys[n] = "keepalives_idle", values[n++] = idle;
	for (int i = 0; i < CON_PARAMS_MAX && con_keys[i][0]; i++)
		keys[n] = con_keys[i], values[n++] = con_values[i];
	keys[n] = values[n] = NULL;
	c = PQconnectdbParams(keys, values, 1);
	if (c && PQstatus(c) == CONNECTION_OK && prepare_connection(c) && PQsetnonblocking(c, 1) == 0)
		return c;
	if (c)
		(void)tell(c, NULL, why, size, RT_E_IO);
	else
		snprintf(why, size, "out of memory");
	PQfinish(c);
	return NULL;
}

/* Until something came, or there is room to send; RT_E_TIMEOUT. */
static int wait_socket(PGconn *c, short events)
{
	struct pollfd p = {.fd = PQsocket(c), .events = events};

	return poll(&p, 1, 1000 * (db_postgres_opts.timeout > 0 ? db_postgres_opts.timeout : SILENCE_S)) > 0 ? 0 : RT_E_TIMEOUT;
}

static const char *value_of(const struct db_cell *v, struct arena *a)
{
	time_t at = (time_t)v->i;
	char text[32] = "";
	struct tm tm;

	switch (v->type) {
	case DB_NULL:
		return NULL;
	case DB_INT:
		return str_z(a, str_printf(a, "%lld", (long long)v->i));
	case DB_TIME: /* columns have no time zone */
		if (localtime_r(&at, &tm))
			(void)strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
		return str_z(a, str_of(text));
	case DB_TEXT:
	case DB_REAL:
		break;
	}
	return str_z(a, v->s);
}

static bool submit(PGconn *c, const struct db_statement *st, size_t set, struct arena *a)
{
	const char *values[ARGS_MAX];

	if (!st->n_args)
		return PQsendQuery(c, str_z(a, st->sql));
	for (size_t i = 0; i < st->n_args; i++)
		values[i] = value_of(&st->args[set * st->n_args + i], a);
	return PQsendQueryParams(c, str_z(a, st->sql), (int)st->n_args, NULL, values, NULL, NULL, 0);
}

static int send_statement(PGconn *c, const struct db_statement *st, size_t set, struct arena *a)
{
	int left;

	if (!submit(c, st, set, a))
		return RT_E_IO;
	while ((left = PQflush(c)) > 0)
		if (wait_socket(c, POLLIN | POLLOUT) || !PQconsumeInput(c))
			return RT_E_TIMEOUT;
	return left ? RT_E_IO : 0;
}

/* The next result of the statement; *ret NULL when there is none any more. */
static int next_result(PGconn *c, PGresult **ret)
{
	while (PQisBusy(c)) {
		if (wait_socket(c, POLLIN))
			return RT_E_TIMEOUT;
		if (!PQconsumeInput(c))
			return RT_E_IO;
	}
	*ret = PQgetResult(c);
	return 0;
}

/* Bytes come as "\\x.." or escaped. */
static bool read_bytes(struct str s, struct arena *a, struct db_cell *c)
{
	size_t n = 0;
	unsigned char *raw = PQunescapeBytea((const unsigned char *)s.p, &n);

	if (!raw)
		return false;
	c->type = DB_TEXT;
	c->s = str_dup(a, str_make((const char *)raw, n));
	PQfreemem(raw);
	return c->s.p || !n;
}

static bool read_cell(const PGresult *p, int row, int col, struct arena *a, struct db_cell *c)
{
	struct str s = str_make(PQgetvalue(p, row, col), (size_t)PQgetlength(p, row, col));
	Oid type = PQftype(p, col);

	if (PQgetisnull(p, row, col))
		return true;
	if (type == OID_INT2 || type == OID_INT4 || type == OID_INT8) {
		c->type = DB_INT;
		return str_to_i64(s, &c->i);
	}
	if (type == OID_BYTEA)
		return read_bytes(s, a, c);
	c->type = type == OID_FLOAT4 || type == OID_FLOAT8 || type == OID_NUMERIC ? DB_REAL : DB_TEXT;
	c->s = str_dup(a, s);
	return c->s.p || !s.n;
}

static int read_rows(const PGresult *p, struct arena *a, struct db_result *r)
{
	int cols = PQnfields(p), rows = PQntuples(p);

	*r = (struct db_result){.n_cols = (size_t)cols, .n_rows = (size_t)rows};
	if (cols > COLUMNS_MAX || rows > DB_ROWS_MAX)
		return RT_E_LIMIT;
	r->names = arena_calloc(a, r->n_cols + 1, sizeof(*r->names));
	r->cells = arena_calloc(a, r->n_cols * r->n_rows + 1, sizeof(*r->cells));
	if (!r->names || !r->cells)
		return RT_E_LIMIT;
	for (int i = 0; i < cols; i++)
		r->names[i] = str_dup(a, str_of(PQfname(p, i)));
	for (int row = 0; row < rows; row++)
		for (int i = 0; i < cols; i++)
			if (!read_cell(p, row, i, a, &r->cells[row * cols + i]))
				return RT_E_LIMIT;
	return 0;
}

static int read_result(PGconn *c, PGresult *p, struct arena *a, struct db_result *r, char *why, size_t size)
{
	uint64_t n;

	switch (PQresultStatus(p)) {
	case PGRES_TUPLES_OK:
		if (!read_rows(p, a, r))
			return 0;
		snprintf(why, size, "the result is too large");
		return RT_E_LIMIT;
	case PGRES_COMMAND_OK:
		*r = (struct db_result){0};
		if (str_to_u64(str_of(PQcmdTuples(p)), INT32_MAX, &n))
			r->changed = (int64_t)n;
		return 0;
	case PGRES_EMPTY_QUERY:
		return 0;
	default: /* an error; copying in or out has no place here and ends with the connection */
		return tell(c, PQresultErrorMessage(p), why, size, PQresultStatus(p) == PGRES_FATAL_ERROR ? RT_E_IO : RT_E_CLOSED);
	}
}

/* A server that went away while nothing was asked is found out before the statement is sent: it cannot have run. Not within a
   transaction: what it began is gone, and must not go on as if it were there. */
static bool alive(PGconn *c)
{
	if (PQtransactionStatus(c) != PQTRANS_IDLE)
		return PQconsumeInput(c) && PQstatus(c) == CONNECTION_OK;
	for (int i = 0; i <= db_postgres_opts.retries; i++) {
		if (PQconsumeInput(c) && PQstatus(c) == CONNECTION_OK)
			return true;
		PQreset(c);
		if (PQstatus(c) == CONNECTION_OK && prepare_connection(c) && PQsetnonblocking(c, 1) == 0)
			return true;
	}
	return false;
}

/* One execution to its end; *failed is what the statement came to when the conversation itself went well. */
static int execute_set(PGconn *c, const struct db_statement *st, size_t set, struct arena *a, struct db_result *ret, int *failed,
		       char *why, size_t size)
{
	PGresult *p = NULL;
	int err = send_statement(c, st, set, a);

	while (!err && !(err = next_result(c, &p)) && p) {
		int now = read_result(c, p, a, ret, why, size);

		*failed = *failed ? *failed : now;
		PQclear(p);
		if (*failed == RT_E_CLOSED)
			break;
	}
	return err;
}

/* libpq's values end at a NUL, and so would what came behind it. */
static bool args_ok(const struct db_statement *st)
{
	for (size_t i = 0; i < st->n_args * st->n_times; i++)
		if (st->args[i].s.n && memchr(st->args[i].s.p, 0, st->args[i].s.n))
			return false;
	return st->n_args <= ARGS_MAX;
}

static int postgres_exec(void *conn, const struct db_statement *st, struct arena *a, struct db_result *ret, char *why, size_t size)
{
	size_t sets = st->n_args ? st->n_times : 1;
	PGconn *c = conn;
	int err = 0, failed = 0;

	if (!args_ok(st)) {
		snprintf(why, size, "a value holds a NUL, or there are too many");
		return RT_E_INVAL;
	}
	if (!alive(c))
		return tell(c, NULL, why, size, RT_E_CLOSED);
	for (size_t i = 0; !err && !failed && i < sets; i++)
		err = execute_set(c, st, i, a, ret, &failed, why, size);
	if (!err)
		return failed;
	if (err == RT_E_TIMEOUT)
		snprintf(why, size, "the database does not answer");
	else
		(void)tell(c, NULL, why, size, err);
	return RT_E_CLOSED; /* nobody knows where the conversation stands */
}

static void postgres_close(void *conn)
{
	PQfinish(conn);
}

const struct db_driver db_postgres = {"postgres", postgres_open, postgres_exec, postgres_close};
