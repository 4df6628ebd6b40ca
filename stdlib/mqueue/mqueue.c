/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queues shared by all workers, one lock each, never held across a switch. What a run fetched is copied into
 * the run's own storage, where $mqk and $mqv find it.
 */
#define STD_NAME mqueue
#define STD_DEF "mqueue/mqueue.def"
#include "rpc/rpc.h"
#include "abi/std.h"

#include <pthread.h>

#include "base/arena.h"
#include "base/mem.h"
#include "core/log.h"
#include "script/env.h"
#include "script/run.h"

enum { QUEUES_MAX = 256, ADD_ALL = 0, KEEP_OLDEST = 1, KEEP_NEWEST = 2 };

struct item {
	struct item *next;
	size_t key_n, val_n;
	char bytes[]; /* key, value */
};

struct queue {
	struct queue *next;
	pthread_mutex_t lock;
	struct str name; /* the program's */
	int64_t limit, mode;
	struct item *first, **last;
	int64_t n;
	size_t bytes;
};

static struct queue *queues; /* the last declared first, as the reference lists them */

static struct str key_of(const struct item *i)
{
	return str_make(i->bytes, i->key_n);
}

static struct str val_of(const struct item *i)
{
	return str_make(i->bytes + i->key_n, i->val_n);
}

static struct queue *find(struct str name)
{
	struct queue *q = queues;

	while (q && !str_eq(q->name, name))
		q = q->next;
	return q;
}

/* ---- declaring ---- */

static int declare(struct str name, int64_t limit, int64_t mode)
{
	struct queue *q;
	int n = 0;

	if (!name.n || limit < 0 || mode < ADD_ALL || mode > KEEP_NEWEST)
		return RT_E_INVAL;
	if (find(name))
		return RT_E_EXIST;
	for (q = queues; q; q = q->next)
		n++;
	q = n < QUEUES_MAX ? mem_calloc(1, sizeof(*q)) : NULL;
	if (!q)
		return n < QUEUES_MAX ? RT_E_NOMEM : RT_E_LIMIT;
	q->name = name;
	q->limit = limit;
	q->mode = mode;
	q->last = &q->first;
	pthread_mutex_init(&q->lock, NULL);
	q->next = queues;
	queues = q;
	return 0;
}

int32_t std_mqueue_param_mqueue(const struct program_value *v)
{
	struct str rest = v->s, name = STR_NULL;
	int64_t size = 0, mode = 0, db = 0;

	while (rest.n) {
		struct str value = str_cut(&rest, ';'), attr = str_trim(str_cut(&value, '='));
		bool ok = true;

		value = str_trim(value);
		if (!attr.n)
			continue;
		if (str_eq(attr, S("name")))
			name = value;
		else if (str_eq(attr, S("size")))
			ok = str_to_i64(value, &size);
		else if (str_eq(attr, S("addmode")))
			ok = str_to_i64(value, &mode);
		else if (str_eq(attr, S("dbmode")))
			ok = str_to_i64(value, &db);
		else
			ok = false;
		if (!ok)
			return RT_E_INVAL;
	}
	if (db) {
		log_err("mqueue: dbmode of queue " STR_FMT " is known, not supported yet", STR_ARG(name));
		return RT_E_UNSUPP;
	}
	return declare(name, size, mode);
}

int32_t std_mqueue_param_mqueue_name(const struct program_value *v)
{
	return declare(v->s, param.mqueue_size, param.mqueue_addmode);
}

/* ---- items; the lock is held ---- */

static struct item *unlink_at(struct queue *q, struct item **at)
{
	struct item *i = *at;

	*at = i->next;
	if (q->last == &i->next)
		q->last = at;
	q->n--;
	q->bytes -= i->key_n + i->val_n;
	return i;
}

static struct item **find_key(struct queue *q, struct str key)
{
	struct item **at = &q->first;

	while (*at && !str_eq(key_of(*at), key))
		at = &(*at)->next;
	return at;
}

static void drop_first(struct queue *q)
{
	struct item *i = unlink_at(q, &q->first);

	mem_free(&i);
}

static void append(struct queue *q, struct item *i)
{
	if (q->mode == KEEP_NEWEST && *find_key(q, key_of(i))) {
		struct item *old = unlink_at(q, find_key(q, key_of(i)));

		mem_free(&old);
	}
	*q->last = i;
	q->last = &i->next;
	q->n++;
	q->bytes += i->key_n + i->val_n;
	while (q->n > 1 && ((q->limit && q->n > q->limit) || q->bytes > (size_t)param.max_bytes))
		drop_first(q);
}

int32_t std_mqueue_mq_add(struct run *r, const struct str *queue, const struct str *key, const struct str *value)
{
	struct queue *q = find(*queue);
	struct item *i;
	bool there;

	if (!q) {
		script_err(r, "there is no queue \"" STR_FMT "\"", STR_ARG(*queue));
		return -1;
	}
	i = mem_alloc(sizeof(*i) + key->n + value->n);
	if (!i)
		return -1;
	i->next = NULL;
	i->key_n = key->n;
	i->val_n = value->n;
	if (key->n)
		memcpy(i->bytes, key->p, key->n);
	if (value->n)
		memcpy(i->bytes + key->n, value->p, value->n);
	pthread_mutex_lock(&q->lock);
	there = q->mode == KEEP_OLDEST && *find_key(q, *key);
	if (!there)
		append(q, i);
	pthread_mutex_unlock(&q->lock);
	if (there)
		mem_free(&i);
	return 1;
}

static struct item *take(struct queue *q)
{
	struct item *i = NULL;

	pthread_mutex_lock(&q->lock);
	if (q->first)
		i = unlink_at(q, &q->first);
	pthread_mutex_unlock(&q->lock);
	return i;
}

/* ---- what a run fetched ---- */

struct fetched {
	struct fetched *next;
	const struct queue *q;
	bool there;
	struct str key, value;
};

static const char fetched_key;

static struct fetched *fetched_of(struct run *r, const struct queue *q, bool make)
{
	struct fetched **head = make ? run_local(r, &fetched_key, sizeof(*head), NULL) : run_local_find(r, &fetched_key);
	struct fetched *f = head ? *head : NULL;

	while (f && f->q != q)
		f = f->next;
	if (f || !make || !head)
		return f;
	f = arena_new_of(r->arena, struct fetched);
	if (!f)
		return NULL;
	f->q = q;
	f->next = *head;
	*head = f;
	return f;
}

int32_t std_mqueue_mq_fetch(struct run *r, const struct str *queue)
{
	struct queue *q = find(*queue);
	struct fetched *f = q ? fetched_of(r, q, true) : NULL;
	struct item *i;

	if (!f) {
		if (!q)
			script_err(r, "there is no queue \"" STR_FMT "\"", STR_ARG(*queue));
		return -1;
	}
	f->there = false;
	i = take(q);
	if (!i)
		return -2;
	f->key = str_dup(r->arena, key_of(i));
	f->value = str_dup(r->arena, val_of(i));
	f->there = (f->key.p || !i->key_n) && (f->value.p || !i->val_n);
	mem_free(&i);
	return f->there ? 1 : -1;
}

int32_t std_mqueue_mq_pv_free(struct run *r, const struct str *queue)
{
	struct queue *q = find(*queue);
	struct fetched *f = q ? fetched_of(r, q, false) : NULL;

	if (f)
		f->there = false;
	return 1;
}

static int64_t size_of(struct queue *q)
{
	int64_t n;

	pthread_mutex_lock(&q->lock);
	n = q->n;
	pthread_mutex_unlock(&q->lock);
	return n;
}

int32_t std_mqueue_mq_size(struct run *r, const struct str *queue)
{
	struct queue *q = find(*queue);
	int64_t n = q ? size_of(q) : 0;

	(void)r;
	if (!q)
		return -2;
	return n ? (int32_t)(n > INT32_MAX ? INT32_MAX : n) : -1;
}

static int32_t fetched_part(struct run *r, const struct pv_name *n, bool value, struct value *ret)
{
	struct queue *q = find(n->text);
	struct fetched *f = q ? fetched_of(r, q, false) : NULL;

	*ret = !f || !f->there ? value_null() : value_str(value ? f->value : f->key);
	return 0;
}

int32_t std_mqueue_pv_mqk_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	return fetched_part(r, n, false, ret);
}

int32_t std_mqueue_pv_mqv_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	return fetched_part(r, n, true, ret);
}

int32_t std_mqueue_pv_mq_size_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct queue *q = find(n->text);

	(void)r;
	*ret = q ? value_int(size_of(q)) : value_null();
	return 0;
}

/* ---- RPC ---- */

static void add_queue(struct rpc *c, struct queue *q)
{
	struct rpc_node *s = rpc_add_struct(c, NULL, NULL);

	rpc_add_str(c, s, "name", q->name);
	rpc_add_int(c, s, "size", size_of(q));
}

/* The codes of faults: no name, no such queue. */
static struct queue *arg_queue(struct rpc *c, int unnamed, int unknown)
{
	struct queue *q;
	struct str name;

	if (!rpc_peek_str(c, 0, &name)) {
		rpc_fail(c, unnamed, "No queue name");
		return NULL;
	}
	q = find(name);
	if (!q)
		rpc_fail(c, unknown, "No such queue");
	return q;
}

void std_mqueue_rpc_get_size(struct rpc *c)
{
	struct queue *q = arg_queue(c, 400, 404);

	if (q)
		add_queue(c, q);
}

void std_mqueue_rpc_get_sizes(struct rpc *c)
{
	for (struct queue *q = queues; q; q = q->next)
		add_queue(c, q);
}

void std_mqueue_rpc_fetch(struct rpc *c)
{
	struct queue *q = arg_queue(c, 500, 500);
	struct item *i = q ? take(q) : NULL;
	struct rpc_node *s;

	if (q && !i)
		rpc_fail(c, 404, "Empty queue");
	if (!i)
		return;
	s = rpc_add_struct(c, NULL, NULL);
	rpc_add_str(c, s, "key", key_of(i));
	rpc_add_str(c, s, "val", val_of(i));
	mem_free(&i);
}

static void fini(void)
{
	while (queues) {
		struct queue *q = queues;

		queues = q->next;
		while (q->first)
			drop_first(q);
		pthread_mutex_destroy(&q->lock);
		mem_free(&q);
	}
}

STD_MODULE(mqueue, .fini = fini)
