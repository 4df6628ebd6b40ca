/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread a database, a queue under a lock. A job belongs to whoever holds it: the queue, the thread, and at the end the
 * worker that asked, or nobody any more when its time ran out (then the thread frees it).
 */
#include "db/db.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/mem.h"
#include "core/fiber.h"
#include "core/log.h"
#include "core/worker.h"

enum { DRIVERS_MAX = 8 };

struct job {
	struct job *next;
	struct db *db;
	struct str sql; /* behind it */
	struct arena *arena; /* of the result; NULL: nobody waits */
	struct db_result result;
	int err;
	char why[DB_WHY_MAX];
	struct worker *worker;
	struct fiber *fiber;
	_Atomic int state; /* JOB_* */
	bool done;         /* told to the fiber; its worker's alone */
};

enum {
	JOB_WANTED,
	JOB_DONE,   /* the news is on its way to the worker */
	JOB_UNTOLD, /* it is done, but the news could not be sent: the fiber looks for itself */
	JOB_ORPHAN, /* the fiber gave up */
};

struct db {
	struct db *next;
	char url[DB_URL_LENGTH_MAX];
	const struct db_driver *driver;
	void *conn;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct job *first, **last;
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
	db->driver = d;
	db->last = &db->first;
	pthread_mutex_init(&db->lock, NULL);
	pthread_cond_init(&db->more, NULL);
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

struct str db_url(const struct db *db)
{
	return str_of(db->url);
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
	return db->driver->exec(db->conn, sql, a, ret, why, DB_WHY_MAX);
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

static void execute(struct job *j)
{
	struct arena *a = j->arena ? j->arena : arena_new(DB_RESULT_MAX);

	if (!a) {
		j->err = RT_E_NOMEM;
		snprintf(j->why, sizeof(j->why), "out of memory");
		return;
	}
	j->err = connect_now(j->db, j->why);
	if (!j->err)
		j->err = j->db->driver->exec(j->db->conn, j->sql, a, &j->result, j->why, sizeof(j->why));
	if (j->err == RT_E_CLOSED) { /* the next query opens it again */
		j->db->driver->close(j->db->conn);
		j->db->conn = NULL;
	}
	if (!j->arena)
		arena_free(&a);
}

static void free_job(struct job *j)
{
	arena_free(&j->arena);
	mem_free(&j);
}

static void tell(struct worker *w, void *arg)
{
	struct job *j = arg;

	(void)w;
	j->done = true;
	fiber_wake(j->fiber);
}

static void finish(struct job *j)
{
	int wanted = JOB_WANTED;

	if (!j->fiber && j->err)
		log_err("database %s: %s", j->db->url, j->why);
	if (!j->fiber || !atomic_compare_exchange_strong(&j->state, &wanted, JOB_DONE))
		free_job(j);
	else if (worker_post(j->worker, tell, j))
		atomic_store(&j->state, JOB_UNTOLD);
}

static struct job *next_job(struct db *db)
{
	struct job *j;

	pthread_mutex_lock(&db->lock);
	while (!db->first && !db->ending)
		pthread_cond_wait(&db->more, &db->lock);
	j = db->first;
	if (j) {
		db->first = j->next;
		if (!db->first)
			db->last = &db->first;
		db->n_jobs--;
	}
	pthread_mutex_unlock(&db->lock);
	return j;
}

static void *thread_main(void *arg)
{
	struct db *db = arg;
	struct job *j;

	while ((j = next_job(db)) != NULL) {
		execute(j);
		finish(j);
	}
	arena_thread_fini();
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
			log_err("database %s: %s", db->url, why);
		if (start_thread(db))
			err = RT_E_NOMEM;
	}
	pthread_mutex_unlock(&db->lock);
	return err;
}

/* ---- asking ---- */

static struct job *job_new(struct db *db, struct str sql, bool wanted)
{
	struct job *j = sql.n <= DB_QUERY_MAX ? mem_calloc(1, sizeof(*j) + sql.n) : NULL;

	if (!j)
		return NULL;
	j->db = db;
	if (sql.n)
		memcpy(j + 1, sql.p, sql.n);
	j->sql = str_make((char *)(j + 1), sql.n);
	if (wanted) {
		j->arena = arena_new(DB_RESULT_MAX);
		j->fiber = fiber_self();
		j->worker = fiber_worker(j->fiber);
		if (!j->arena)
			mem_free(&j);
	}
	return j;
}

static int enqueue(struct db *db, struct job *j)
{
	int err = 0;

	pthread_mutex_lock(&db->lock);
	if (db->n_jobs == DB_QUEUE_MAX || db->ending || start_thread(db)) { /* an event at start may ask first */
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
static int wait_for(struct job *j, uint32_t timeout_ms)
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

int db_query_await(struct db *db, struct str sql, uint32_t timeout_ms, struct arena *a, struct db_result *ret,
		   char why[DB_WHY_MAX])
{
	struct job *j;
	int err;

	*ret = (struct db_result){0};
	BUG_ON(!fiber_self());
	j = job_new(db, sql, true);
	if (!j) {
		snprintf(why, DB_WHY_MAX, sql.n > DB_QUERY_MAX ? "the statement is too long" : "out of memory");
		return sql.n > DB_QUERY_MAX ? RT_E_LIMIT : RT_E_NOMEM;
	}
	if (world_is_sim(worker_world(j->worker))) {
		if (!db->fixture) {
			j->err = RT_E_IO;
			snprintf(j->why, sizeof(j->why), "nothing stands behind this URL in the simulation");
		} else {
			execute(j);
		}
		err = j->err;
	} else {
		err = enqueue(db, j);
		if (err)
			snprintf(j->why, sizeof(j->why), "too many queries wait");
		else
			err = wait_for(j, timeout_ms);
		if (err == RT_E_TIMEOUT) {
			snprintf(why, DB_WHY_MAX, "no answer within %u ms", timeout_ms);
			return err; /* the thread frees it */
		}
		err = err ? err : j->err;
	}
	memcpy(why, j->why, DB_WHY_MAX);
	if (!err) {
		err = copy_result(a, &j->result, ret);
		if (err)
			snprintf(why, DB_WHY_MAX, "the result is too large");
	}
	free_job(j);
	return err;
}

int db_query_later(struct db *db, struct str sql)
{
	struct job *j = job_new(db, sql, false);
	int err = j ? 0 : RT_E_LIMIT;

	if (j && db->fixture) {
		execute(j);
		finish(j);
	} else if (j) {
		err = enqueue(db, j);
		if (err)
			free_job(j);
	}
	return err;
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
		mem_free(&db);
	}
	memset(drivers, 0, sizeof(drivers));
}
