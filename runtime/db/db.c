/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread a database, a queue under a lock. A job belongs to whoever holds it: the queue, the thread, and at the end the
 * worker that asked, or nobody any more when its time ran out (then the thread frees it).
 */
#include "db/db.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/block.h"
#include "base/mem.h"
#include "base/sb.h"
#include "core/fiber.h"
#include "core/latency.h"
#include "core/log.h"
#include "core/worker.h"

enum { DRIVERS_MAX = 8 };

/* A job while it waits and runs. */
struct db_ask {
	struct db_ask *next;
	struct db *db;
	struct arena *arena; /* of statements and result */
	struct db_statement statements[DB_STATEMENTS_MAX];
	size_t n;
	struct db_result result;
	int err;
	char why[DB_WHY_MAX];
	struct worker *worker;
	struct fiber *fiber; /* NULL: nobody waits, or a thread does */
	_Atomic int state;   /* JOB_* */
	bool done;           /* told to the fiber; its worker's alone */
	bool now, over;      /* a thread waits for `over`; under the database's lock */
	bool shares;         /* a transaction, with its like */
};

enum {
	JOB_WANTED,
	JOB_DONE,   /* the news is on its way to the worker */
	JOB_UNTOLD, /* it is done, but the news could not be sent: the fiber looks for itself */
	JOB_ORPHAN, /* the fiber gave up */
};

struct db {
	struct db *next;
	char url[DB_URL_LENGTH_MAX], shown[DB_URL_LENGTH_MAX];
	const struct db_driver *driver;
	void *conn;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t more, over; /* a job came; one that a thread waits for is done */
	struct db_ask *first, **last;
	unsigned n_jobs;
	bool started, ending;
	bool fixture, down;         /* of the simulation; it is to fail */
};

static const struct db_driver *drivers[DRIVERS_MAX];
static struct db *all;

int db_driver_add(const struct db_driver *d)
{
	for (int i = 0; i < DRIVERS_MAX; i++) {
		if (drivers[i] == d)
			return 0;
		if (!drivers[i]) {
			drivers[i] = d;
			return 0;
		}
	}
	return RT_E_LIMIT;
}

static const struct db_driver *driver_of(struct str url)
{
	size_t n = str_find(url, S("://"));

	for (int i = 0; n != STR_NONE && i < DRIVERS_MAX && drivers[i]; i++)
		if (str_eq(str_of(drivers[i]->scheme), str_head(url, n)))
			return drivers[i];
	return NULL;
}

static struct db *known(struct str url)
{
	for (struct db *db = all; db; db = db->next)
		if (str_eq(str_of(db->url), url))
			return db;
	return NULL;
}

/* "scheme://user:secret@host": without the secret. */
static void show(const char *url, char ret[DB_URL_LENGTH_MAX])
{
	struct str s = str_of(url);
	size_t at = str_rchr(s, '@'), slashes = str_find(s, S("://"));
	size_t user = slashes == STR_NONE ? 0 : slashes + 3;
	size_t colon = at == STR_NONE || at < user ? STR_NONE : str_chr(str_make(s.p + user, at - user), ':');

	if (colon == STR_NONE)
		snprintf(ret, DB_URL_LENGTH_MAX, "%s", url);
	else
		snprintf(ret, DB_URL_LENGTH_MAX, STR_FMT STR_FMT, STR_ARG(str_head(s, user + colon)), STR_ARG(str_skip(s, at)));
}

static struct db *add(struct str url, const struct db_driver *d, const char **why)
{
	struct db *db;
	int n = 0;

	for (db = all; db; db = db->next)
		n++;
	*why = url.n >= DB_URL_LENGTH_MAX ? "its URL is too long" : n == DB_URLS_MAX ? "there are too many databases" : NULL;
	db = *why ? NULL : mem_calloc(1, sizeof(*db));
	if (!db) {
		*why = *why ? *why : "out of memory";
		return NULL;
	}
	memcpy(db->url, url.p, url.n);
	show(db->url, db->shown);
	db->driver = d;
	db->last = &db->first;
	pthread_mutex_init(&db->lock, NULL);
	pthread_cond_init(&db->more, NULL);
	pthread_cond_init(&db->over, NULL);
	db->next = all;
	return all = db;
}

struct db *db_find(struct str url, const char **why)
{
	struct db *db = known(url);
	const struct db_driver *d = driver_of(url);

	*why = NULL;
	if (db)
		return db;
	if (!d) {
		*why = "no module that speaks to this kind of database is loaded";
		return NULL;
	}
	return add(url, d, why);
}

const char *db_shown(const struct db *db)
{
	return db->shown;
}

int db_fixture(struct str url, const struct db_driver *d, void *conn)
{
	const char *why;
	struct db *db = known(url);

	if (!db)
		db = add(url, d, &why);
	if (!db)
		return RT_E_LIMIT;
	if (db->conn)
		db->driver->close(db->conn);
	db->driver = d;
	db->conn = conn;
	db->fixture = true;
	return 0;
}

bool db_is_fixture(const struct db *db)
{
	return db->fixture;
}

int db_fixture_down(struct str url, bool down)
{
	struct db *db = known(url);

	if (!db || !db->fixture)
		return RT_E_NOENT;
	db->down = down;
	return 0;
}

int db_fixture_query(struct str url, struct str sql, struct arena *a, struct db_result *ret, char why[DB_WHY_MAX])
{
	struct db *db = known(url);

	snprintf(why, DB_WHY_MAX, "there is no such database here");
	if (!db || !db->fixture)
		return RT_E_NOENT;
	return db->driver->exec(db->conn, &(struct db_statement){.sql = sql}, a, ret, why, DB_WHY_MAX);
}

/* ---- the thread ---- */

static int connect_now(struct db *db, char *why)
{
	const char *rest = strstr(db->url, "://");

	if (!db->conn && !db->fixture)
		db->conn = db->driver->open(rest ? rest + 3 : "", why, DB_WHY_MAX);
	if (db->down)
		snprintf(why, DB_WHY_MAX, "the database is down");
	return db->conn && !db->down ? 0 : RT_E_IO;
}

static int say(struct db_ask *j, struct str sql, char *why)
{
	struct db_result none;

	return j->db->driver->exec(j->db->conn, &(struct db_statement){.sql = sql}, j->arena, &none, why, DB_WHY_MAX);
}

/* One statement; a slow one is told when a fiber waits for it, whose worker has the clock. */
static int execute_one(struct db_ask *j, const struct db_statement *st)
{
	struct world *world = latency_conf.db_us > 0 && j->worker ? worker_world(j->worker) : NULL;
	uint64_t began = world ? world_now(world) : 0;
	int err = j->db->driver->exec(j->db->conn, st, j->arena, &j->result, j->why, sizeof(j->why));
	uint64_t us = world ? world_now(world) - began : 0;

	if (world && us >= (uint64_t)latency_conf.db_us)
		log_msg((int)latency_conf.level, "alert - query execution too long [%llu us] for [" STR_FMT "]", (unsigned long long)us,
			STR_ARG(st->sql));
	return err;
}

static int execute_all(struct db_ask *j)
{
	bool whole = j->n > 1 || j->statements[0].n_times > 1;
	int err = whole ? say(j, S("BEGIN"), j->why) : 0;
	char unused[DB_WHY_MAX];

	if (err)
		return err;
	for (size_t i = 0; !err && i < j->n; i++)
		err = execute_one(j, &j->statements[i]);
	if (whole && !err)
		err = say(j, S("COMMIT"), j->why);
	if (whole && err && err != RT_E_CLOSED && say(j, S("ROLLBACK"), unused))
		err = RT_E_CLOSED; /* what is open on it goes with the connection */
	return err;
}

static void drop_connection(struct db *db)
{
	if (db->conn && !db->fixture)
		db->driver->close(db->conn);
	if (!db->fixture)
		db->conn = NULL;
}

static void execute(struct db_ask *j)
{
	j->err = connect_now(j->db, j->why);
	if (!j->err)
		j->err = execute_all(j);
	if (j->err == RT_E_CLOSED)
		drop_connection(j->db); /* the next query opens it again */
}

void db_ask_free(struct db_ask **q)
{
	if (*q)
		arena_free(&(*q)->arena);
	mem_free(q);
}

static void tell(struct worker *w, void *arg)
{
	struct db_ask *j = arg;

	(void)w;
	j->done = true;
	fiber_wake(j->fiber);
}

static void finish(struct db_ask *j)
{
	struct db *db = j->db;
	int wanted = JOB_WANTED;

	if (j->now) {
		pthread_mutex_lock(&db->lock);
		j->over = true;
		pthread_cond_broadcast(&db->over);
		pthread_mutex_unlock(&db->lock);
		return;
	}
	if (!j->fiber && j->err)
		log_err("database %s: %s", db->shown, j->why);
	if (!j->fiber || !atomic_compare_exchange_strong(&j->state, &wanted, JOB_DONE))
		db_ask_free(&j);
	else if (worker_post(j->worker, tell, j))
		atomic_store(&j->state, JOB_UNTOLD);
}

/* All in one transaction: 0, or none of them happened, unless the connection was lost at its end (RT_E_CLOSED: nobody knows). */
static int execute_together(struct db_ask *first)
{
	struct db *db = first->db;
	char unused[DB_WHY_MAX];
	int err = connect_now(db, first->why);

	if (err)
		return RT_E_CLOSED;
	err = say(first, S("BEGIN"), first->why);
	if (err)
		return err;
	for (struct db_ask *j = first; !err && j; j = j->next)
		for (size_t i = 0; !err && i < j->n; i++)
			err = db->driver->exec(db->conn, &j->statements[i], j->arena, &j->result, first->why, DB_WHY_MAX);
	if (!err)
		err = say(first, S("COMMIT"), first->why);
	if (err && err != RT_E_CLOSED && say(first, S("ROLLBACK"), unused))
		err = RT_E_CLOSED;
	if (err == RT_E_CLOSED)
		drop_connection(db);
	return err;
}

/* One of them is enough to make all fail: then each has a try of its own. */
static void execute_shared(struct db_ask *first)
{
	int err = execute_together(first);

	for (struct db_ask *j = first; err && j; j = j->next) {
		if (err != RT_E_CLOSED) {
			execute(j);
			continue;
		}
		j->err = err;
		if (j != first)
			memcpy(j->why, first->why, sizeof(j->why));
	}
}

/* Those at the front that share a transaction, else the first alone; NULL: the end. */
static struct db_ask *next_jobs(struct db *db)
{
	struct db_ask *j, **end = &j;
	int n = 0;

	pthread_mutex_lock(&db->lock);
	while (!db->first && !db->ending)
		pthread_cond_wait(&db->more, &db->lock);
	do {
		*end = db->first;
		if (!*end)
			break;
		db->first = (*end)->next;
		db->n_jobs--;
		end = &(*end)->next;
	} while (j->shares && db->first && db->first->shares && ++n < DB_BATCH_MAX);
	*end = NULL;
	if (!db->first)
		db->last = &db->first;
	pthread_mutex_unlock(&db->lock);
	return j;
}

static void *thread_main(void *arg)
{
	struct db *db = arg;
	struct db_ask *j, *next;

	while ((j = next_jobs(db)) != NULL) {
		if (j->next)
			execute_shared(j);
		else
			execute(j);
		for (; j; j = next) {
			next = j->next;
			finish(j);
		}
	}
	block_thread_fini();
	return NULL;
}

/* Under the lock. */
static int start_thread(struct db *db)
{
	if (!db->started)
		db->started = !pthread_create(&db->thread, NULL, thread_main, db);
	return db->started ? 0 : RT_E_NOMEM;
}

int db_start(struct db *db)
{
	char why[DB_WHY_MAX] = "";
	int err = 0;

	pthread_mutex_lock(&db->lock);
	if (!db->started && !db->fixture) {
		err = connect_now(db, why);
		if (err)
			log_err("database %s: %s", db->shown, why);
		if (start_thread(db))
			err = RT_E_NOMEM;
	}
	pthread_mutex_unlock(&db->lock);
	return err;
}

/* ---- asking ---- */

struct db_ask *db_ask_new(struct db *db, size_t max_bytes)
{
	struct db_ask *q = mem_calloc(1, sizeof(*q));

	if (!q)
		return NULL;
	q->db = db;
	q->arena = arena_new(max_bytes);
	if (!q->arena)
		mem_free(&q);
	return q;
}

struct arena *db_ask_arena(struct db_ask *q)
{
	return q->arena;
}

int db_ask_add(struct db_ask *q, const struct db_statement *st)
{
	if (q->n == DB_STATEMENTS_MAX)
		return RT_E_LIMIT;
	q->statements[q->n++] = *st;
	return 0;
}

const struct db_result *db_ask_result(const struct db_ask *q)
{
	return &q->result;
}

/* A question of one statement without args; NULL with why filled. */
static struct db_ask *plain(struct db *db, struct str sql, char why[DB_WHY_MAX])
{
	struct db_ask *q = sql.n <= DB_QUERY_MAX ? db_ask_new(db, DB_RESULT_MAX + DB_QUERY_MAX) : NULL;
	struct db_statement st = {0};

	snprintf(why, DB_WHY_MAX, sql.n > DB_QUERY_MAX ? "the statement is too long" : "out of memory");
	if (q && sql.n) {
		st.sql = str_dup(q->arena, sql);
		if (!st.sql.p)
			db_ask_free(&q);
	}
	if (q)
		(void)db_ask_add(q, &st);
	return q;
}

static int enqueue(struct db *db, struct db_ask *j)
{
	int err = 0;

	pthread_mutex_lock(&db->lock);
	if (db->n_jobs >= (j->shares ? DB_LATER_MAX : DB_QUEUE_MAX) || db->ending || start_thread(db)) { /* an event at start may ask first */
		err = RT_E_LIMIT;
	} else {
		*db->last = j;
		db->last = &j->next;
		db->n_jobs++;
		pthread_cond_signal(&db->more);
	}
	pthread_mutex_unlock(&db->lock);
	return err;
}

static int copy_result(struct arena *a, const struct db_result *from, struct db_result *to)
{
	size_t n = from->n_cols * from->n_rows;

	*to = *from;
	to->names = arena_calloc(a, from->n_cols + 1, sizeof(*to->names));
	to->cells = arena_calloc(a, n + 1, sizeof(*to->cells));
	if (!to->names || !to->cells)
		return RT_E_NOMEM;
	for (size_t i = 0; i < from->n_cols; i++)
		to->names[i] = str_dup(a, from->names[i]);
	for (size_t i = 0; i < n; i++) {
		to->cells[i] = from->cells[i];
		if (from->cells[i].s.n && !(to->cells[i].s = str_dup(a, from->cells[i].s)).p)
			return RT_E_NOMEM;
	}
	return 0;
}

/* Park until the thread has told. RT_E_TIMEOUT: the job is the thread's from now on. */
static int wait_for(struct db_ask *j, uint32_t timeout_ms)
{
	enum { LOOK_MS = 200 };
	uint64_t end = worker_now(j->worker) + timeout_ms * 1000ULL;
	int wanted = JOB_WANTED;

	while (!j->done && atomic_load(&j->state) != JOB_UNTOLD) {
		if (worker_now(j->worker) >= end && atomic_compare_exchange_strong(&j->state, &wanted, JOB_ORPHAN))
			return RT_E_TIMEOUT;
		wanted = JOB_WANTED;
		(void)fiber_park_timeout(LOOK_MS);
	}
	return 0;
}

int db_ask_await(struct db_ask **q, uint32_t timeout_ms, char why[DB_WHY_MAX])
{
	struct db_ask *j = *q;
	int err;

	BUG_ON(!fiber_self());
	j->fiber = fiber_self();
	j->worker = fiber_worker(j->fiber);
	if (world_is_sim(worker_world(j->worker)))
		return db_ask_now(j, why);
	err = enqueue(j->db, j);
	if (err) {
		snprintf(why, DB_WHY_MAX, "too many queries wait");
		return err;
	}
	err = wait_for(j, timeout_ms);
	if (err == RT_E_TIMEOUT) {
		snprintf(why, DB_WHY_MAX, "no answer within %u ms", timeout_ms);
		*q = NULL; /* the thread frees it */
		return err;
	}
	memcpy(why, j->why, DB_WHY_MAX);
	return j->err;
}

static int wait_now(struct db_ask *q)
{
	struct db *db = q->db;
	int err;

	q->now = true;
	err = enqueue(db, q);
	if (err) {
		snprintf(q->why, sizeof(q->why), "too many queries wait");
		return err;
	}
	pthread_mutex_lock(&db->lock);
	while (!q->over)
		pthread_cond_wait(&db->over, &db->lock);
	pthread_mutex_unlock(&db->lock);
	return q->err;
}

int db_ask_now(struct db_ask *q, char why[DB_WHY_MAX])
{
	struct worker *w = worker_self();
	int err;

	if (q->db->fixture) {
		execute(q);
		err = q->err;
	} else if (w && world_is_sim(worker_world(w))) {
		err = RT_E_IO;
		snprintf(q->why, sizeof(q->why), "nothing stands behind this URL in the simulation");
	} else {
		err = wait_now(q);
	}
	memcpy(why, q->why, DB_WHY_MAX);
	return err;
}

int db_ask_later(struct db_ask **q)
{
	struct worker *w = worker_self();
	struct db_ask *j = *q;
	int err = 0;

	*q = NULL;
	j->fiber = NULL;
	j->shares = true;
	for (size_t i = 0; i < j->n; i++)
		j->shares = j->shares && j->statements[i].n_args;
	if (j->db->fixture) {
		execute(j);
		finish(j);
	} else if (w && world_is_sim(worker_world(w))) { /* no thread there, and nothing of the real world */
		log_err("database %s: nothing stands behind this URL in the simulation", j->db->shown);
		db_ask_free(&j);
		err = RT_E_IO;
	} else {
		err = enqueue(j->db, j);
		if (err)
			db_ask_free(&j);
	}
	return err;
}

int db_query_await(struct db *db, struct str sql, uint32_t timeout_ms, struct arena *a, struct db_result *ret,
		   char why[DB_WHY_MAX])
{
	struct db_ask *q = plain(db, sql, why);
	int err;

	*ret = (struct db_result){0};
	if (!q)
		return sql.n > DB_QUERY_MAX ? RT_E_LIMIT : RT_E_NOMEM;
	err = db_ask_await(&q, timeout_ms, why);
	if (!err) {
		err = copy_result(a, &q->result, ret);
		if (err)
			snprintf(why, DB_WHY_MAX, "the result is too large");
	}
	db_ask_free(&q);
	return err;
}

int db_query_later(struct db *db, struct str sql)
{
	char why[DB_WHY_MAX];
	struct db_ask *q = plain(db, sql, why);

	return q ? db_ask_later(&q) : RT_E_LIMIT;
}

/* ---- statements ---- */

static bool is_plain(struct str name)
{
	for (size_t i = 0; i < name.n; i++)
		if (!ascii_alpha(name.p[i]) && !ascii_digit(name.p[i]) && name.p[i] != '_' && (name.p[i] != '.' || i == 0 || i + 1 == name.n))
			return false;
	return name.n && !ascii_digit(name.p[0]);
}

void db_add_name(struct sb *b, struct str name)
{
	if (is_plain(name)) {
		sb_add(b, name);
		return;
	}
	sb_addc(b, '"');
	for (size_t i = 0; i < name.n; i++) {
		if (name.p[i] == '"')
			sb_addc(b, '"');
		sb_addc(b, name.p[i]);
	}
	sb_addc(b, '"');
}

void db_fini(void)
{
	while (all) {
		struct db *db = all;

		all = db->next;
		pthread_mutex_lock(&db->lock);
		db->ending = true;
		pthread_cond_signal(&db->more);
		pthread_mutex_unlock(&db->lock);
		if (db->started)
			pthread_join(db->thread, NULL);
		if (db->conn)
			db->driver->close(db->conn);
		pthread_mutex_destroy(&db->lock);
		pthread_cond_destroy(&db->more);
		pthread_cond_destroy(&db->over);
		mem_free(&db);
	}
	memset(drivers, 0, sizeof(drivers));
}
