/* SPDX-License-Identifier: Apache-2.0 */
/*
 * db.h - SQL databases, asked by fibers.
 *
 * For: sqlops, htable, acc and whoever else keeps things in a database. A database is named by its URL; which driver speaks to it
 * the part before "://" tells. Each has a thread of its own, for a driver may block: a fiber that asks parks, its worker goes
 * on. Queries wait in a queue of DB_QUEUE_MAX and no longer than the time limit; a full queue, a dead database and a time
 * that ran out are errors that the caller sees. Between queries a connection that failed is opened again.
 *
 * In the simulated world there are no threads: a query runs at once, on what db_fixture() put behind the URL.
 */
#ifndef DB_DB_H
#define DB_DB_H

#include "base/arena.h"
#include "base/bug.h"

enum {
	DB_QUEUE_MAX = 1024,
	DB_LATER_MAX = 16384,         /* of db_ask_later(), with what else waits */
	DB_BATCH_MAX = 512,           /* of these in one transaction */
	DB_URLS_MAX = 64,
	DB_URL_LENGTH_MAX = 512,
	DB_QUERY_MAX = 64 * 1024,     /* bytes of a statement */
	DB_RESULT_MAX = 16 << 20,     /* bytes of a result, in its arena */
	DB_BULK_MAX = 1 << 30,        /* bytes of a question that loads or stores a whole table, with its result */
	DB_ROWS_MAX = 2000000,        /* rows of a result */
	DB_STATEMENTS_MAX = 4,        /* of one question */
	DB_WHY_MAX = 256,
	DB_TIMEOUT_DEFAULT = 10000    /* ms */
};

enum db_type {
	DB_NULL,
	DB_INT,
	DB_TEXT,
	DB_REAL, /* s: as the database writes it */
	DB_TIME, /* i: seconds since 1970, for a column of date and time; bound only, never read */
};

struct db_cell {
	enum db_type type;
	int64_t i;
	struct str s;
};

struct db_result {
	size_t n_cols, n_rows;
	struct str *names;
	struct db_cell *cells; /* row after row */
	int64_t changed;       /* rows that an INSERT, UPDATE or DELETE touched */
};

/* Values from outside never become text of a statement: they are bound to its $1, $2 ... */
struct db_statement {
	struct str sql;
	const struct db_cell *args; /* n_times sets of n_args, one execution after the other */
	size_t n_args, n_times;     /* without args: once */
};

/* Speaks one kind of database; calls are from one thread at a time for each connection and may block. */
struct db_driver {
	const char *scheme;
	/* `rest`: the URL behind "scheme://", a C string. NULL with why filled. */
	void *(*open)(const char *rest, char *why, size_t size);
	/* Without args several statements may follow each other in the text; the last one's rows count. RT_E_IO;
	   RT_E_CLOSED: the connection is gone; RT_E_LIMIT. why is filled. */
	int (*exec)(void *conn, const struct db_statement *st, struct arena *a, struct db_result *ret, char *why, size_t size);
	void (*close)(void *conn);
};

struct db;

/* At start; the driver is static. RT_E_LIMIT. */
int db_driver_add(const struct db_driver *d);
/* The database of a URL, one for all who name it. NULL with the reason in *why: no driver, too many, too long. No I/O. */
struct db *db_find(struct str url, const char **why);
/* The URL for people: without the password. */
const char *db_shown(const struct db *db);
/* Open it now, in the real world, and start its thread; from a worker's thread at start. RT_E_IO: told in the log. */
int db_start(struct db *db);
/* In a fiber. The result lives in `a`. RT_E_LIMIT: queue or statement; RT_E_TIMEOUT; RT_E_IO; why is filled. */
int db_query_await(struct db *db, struct str sql, uint32_t timeout_ms, struct arena *a, struct db_result *ret,
		   char why[DB_WHY_MAX]);
/* Queue a statement that nobody waits for; its failure is logged. RT_E_LIMIT. */
int db_query_later(struct db *db, struct str sql);

/*
 * A question of up to DB_STATEMENTS_MAX statements, built in an arena of its own. Several, or one with several sets of args,
 * are a transaction: all of them happen or none. Only the last one's result is kept, in the same arena.
 */
struct db_ask;
/* NULL: memory is out. */
struct db_ask *db_ask_new(struct db *db, size_t max_bytes);
/* Where texts and args are to live; its limit is max_bytes, the result's included. */
struct arena *db_ask_arena(struct db_ask *q);
/* RT_E_LIMIT: too many. */
int db_ask_add(struct db_ask *q, const struct db_statement *st);
/* In a fiber, as db_query_await(). After RT_E_TIMEOUT *q is NULL: it still runs, then it goes. */
int db_ask_await(struct db_ask **q, uint32_t timeout_ms, char why[DB_WHY_MAX]);
/* At start and at the end only: the thread waits, for as long as the driver does. */
int db_ask_now(struct db_ask *q, char why[DB_WHY_MAX]);
/*
 * Nobody waits; a failure is logged. RT_E_LIMIT: the queue is full. *q is NULL in any case. Where all statements have args,
 * those that wait share a transaction, for a commit costs more than a row; when it fails each is executed alone.
 */
int db_ask_later(struct db_ask **q);
const struct db_result *db_ask_result(const struct db_ask *q);
void db_ask_free(struct db_ask **q);

/* Append the name of a table or column: as it is when it is plain ("calls.acc" too), else quoted. */
struct sb;
void db_add_name(struct sb *b, struct str name);
/* All databases and drivers are forgotten, after what waits was done. */
void db_fini(void);

/* ---- the simulated world ---- */

/* What stands behind a URL there: an open connection, the fixture's from now on. RT_E_LIMIT. */
int db_fixture(struct str url, const struct db_driver *d, void *conn);
bool db_is_fixture(const struct db *db);
/* Every query fails, or works again. RT_E_NOENT. */
int db_fixture_down(struct str url, bool down);
/* Ask a fixture from outside of the simulation, also one that is down. */
int db_fixture_query(struct str url, struct str sql, struct arena *a, struct db_result *ret, char why[DB_WHY_MAX]);

/* SQLite (sqlite.c): scheme "sqlite", `rest` a path, ":memory:" too. */
extern const struct db_driver db_sqlite;
struct db_sqlite_opts {
	char path[DB_URL_LENGTH_MAX];
	bool read_only;
	char journal_mode[16]; /* empty: the file's */
	int busy_timeout;      /* ms that a lock of others is waited for; 0: fail at once */
};
/* Settings of a file, at start; NULL when there are too many. */
struct db_sqlite_opts *db_sqlite_of(struct str path, bool read_only);
void db_sqlite_forget(void);

/* PostgreSQL (postgres.c): scheme "postgres", `rest` as libpq's URLs. */
extern const struct db_driver db_postgres;
extern struct db_postgres_opts {
	int retries;       /* connecting again for one query */
	int timeout;       /* s; 0: the driver's own limits */
	int keepalive;     /* s; 0: the system's */
	bool bytea_escape;
} db_postgres_opts;
/* A setting of all connections, at start. RT_E_LIMIT: too many, too long. */
int db_postgres_con_param(struct str key, struct str value);
void db_postgres_forget(void);

#endif
