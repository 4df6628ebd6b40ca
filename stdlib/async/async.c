/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run that waits is a parked fiber that holds its request and transaction: going on is going on. Only what the
 * reference shows outside is done besides: the transaction, and 100 for an INVITE.
 */
#define STD_NAME async
#define STD_DEF "async/async.def"
#include "abi/std.h"

#include "base/mem.h"
#include "core/fiber.h"
#include "core/log.h"
#include "core/worker.h"
#include "script/env.h"
#include "script/event.h"
#include "tm/tm_state.h"
#include "txn/routes.h"
#include "txn/txn.h"

enum { SECONDS_MAX = 100, MS_MAX = 30000, DATA_MAX = 65535 };

/* ---- requests ---- */

/* 1: there is a transaction; 0: it was a retransmission; -1. */
static int32_t hold(struct run *r)
{
	int32_t code = tm_need_txn(r);

	if (code > 0 && r->draft && r->draft->msg->method == SIP_INVITE && txn_status(r->txn) == 0)
		(void)txn_reply(r->txn, 100, txn_conf()->auto_inv_100_reason, STR_NULL, STR_NULL);
	return code;
}

static bool in_bounds(struct run *r, int64_t ms, int64_t max)
{
	if (ms < 0 || ms > max)
		script_err(r, "a wait of %lld ms is out of bounds", (long long)ms);
	return ms >= 0 && ms <= max;
}

static int32_t wait_await(struct run *r, int64_t ms, int64_t max)
{
	int32_t code = in_bounds(r, ms, max) ? hold(r) : -1;

	if (code > 0 && ms)
		fiber_sleep_await((uint32_t)ms);
	return code;
}

/* ---- with a return value: the request is put aside, the script goes on ---- */

static int64_t return_value;

int32_t std_async_param_return(const struct program_value *v)
{
	return_value = v->i;
	return v->i < INT32_MIN || v->i > INT32_MAX ? RT_E_INVAL : 0;
}

struct later {
	struct worker *w;
	uint32_t index, label; /* of the transaction, which may have ended meanwhile */
	uint32_t ms;
	int32_t route;
};

static void continue_later(void *arg)
{
	struct later *x = arg;
	struct txn *t;

	fiber_sleep_await(x->ms);
	t = txn_find_id(x->w, x->index, x->label);
	if (t && txn_continue_await(t) == 0) {
		txn_route_run(t, TXN_RUN_FAILURE, x->route);
		txn_continue_done(t);
	}
	mem_free(&x);
}

static int32_t put_aside(struct run *r, int32_t route, int64_t ms)
{
	int32_t code = tm_need_txn(r);
	struct later *x;

	if (code <= 0)
		return code;
	x = mem_alloc(sizeof(*x));
	if (!x)
		return -1;
	*x = (struct later){r->worker, txn_index(r->txn), txn_label(r->txn), (uint32_t)(ms ? ms : 1), route};
	txn_save_draft(r->txn, r->draft);
	if (txn_suspend(r->txn) == 0 && fiber_spawn(r->worker, continue_later, x) == 0)
		return (int32_t)return_value;
	mem_free(&x);
	return -1;
}

/* The script ends behind it (0). */
static int32_t go_on(struct run *r, int32_t route)
{
	r->prog->routes[route].fn(r);
	return 0;
}

static int32_t later_await(struct run *r, int32_t route, int64_t ms, int64_t max)
{
	int32_t code = -1;

	if (route >= 0 && return_value)
		return in_bounds(r, ms, max) ? put_aside(r, route, ms) : -1;
	if (route >= 0)
		code = wait_await(r, ms, max);
	return code > 0 ? go_on(r, route) : code;
}

int32_t std_async_async_route(struct run *r, int32_t route, int64_t seconds)
{
	return later_await(r, route, seconds > SECONDS_MAX ? -1 : seconds * 1000, SECONDS_MAX * 1000);
}

static bool ms_allowed(struct run *r)
{
	if (param.ms_timer <= 0)
		script_err(r, "waits in milliseconds need modparam(\"async\", \"ms_timer\", ...)");
	return param.ms_timer > 0;
}

int32_t std_async_async_ms_route(struct run *r, int32_t route, int64_t ms)
{
	return ms_allowed(r) ? later_await(r, route, ms, MS_MAX) : -1;
}

static int32_t slept(int32_t code)
{
	return code > 0 && return_value ? (int32_t)return_value : code;
}

int32_t std_async_async_sleep(struct run *r, int64_t seconds)
{
	return slept(wait_await(r, seconds > SECONDS_MAX ? -1 : seconds * 1000, SECONDS_MAX * 1000));
}

int32_t std_async_async_ms_sleep(struct run *r, int64_t ms)
{
	return ms_allowed(r) ? slept(wait_await(r, ms, MS_MAX)) : -1;
}

/* ---- groups: names only ---- */

static struct str name_of(struct str spec)
{
	while (spec.n) {
		struct str value = str_cut(&spec, ';');

		if (str_eq(str_trim(str_cut(&value, '=')), S("name")))
			return str_trim(value);
	}
	return STR_NULL;
}

static bool group_exists(struct run *r, struct str group)
{
	bool there = str_eq(group, S("default"));

	for (uint64_t i = 0; !there && i < r->prog->n_core; i++)
		there = str_eq(r->prog->core[i].name, S("async_workers_group")) &&
			str_eq(name_of(r->prog->core[i].value.s), group);
	if (!there)
		script_err(r, "there is no group \"" STR_FMT "\" of asynchronous workers", STR_ARG(group));
	return there;
}

int32_t std_async_async_task_route(struct run *r, int32_t route)
{
	int32_t code;

	if (route >= 0 && return_value)
		return put_aside(r, route, 0);
	code = route < 0 ? -1 : hold(r);
	if (code <= 0)
		return code;
	fiber_wake(fiber_self()); /* at the end of this batch */
	fiber_park();
	return go_on(r, route);
}

int32_t std_async_async_task_group_route(struct run *r, int32_t route, const struct str *group)
{
	return group_exists(r, *group) ? std_async_async_task_route(r, route) : -1;
}

/* ---- tasks with data ---- */

struct task {
	struct worker *w;
	int32_t route;
	struct str group, data;
	char bytes[];
};

static void run_task(void *arg)
{
	struct task *t = arg;

	script_event_await(t->w, t->route, &(struct script_event_opts){.name = "async:task-data", .event = t});
	mem_free(&t);
}

static int32_t start(struct run *r, int32_t route, struct str group, struct str data)
{
	struct task *t;

	if (route < 0 || data.n > DATA_MAX)
		return -1;
	t = mem_alloc(sizeof(*t) + group.n + data.n);
	if (!t)
		return -1;
	t->w = r->worker;
	t->route = route;
	memcpy(t->bytes, group.p, group.n);
	t->group = str_make(t->bytes, group.n);
	if (data.n)
		memcpy(t->bytes + group.n, data.p, data.n);
	t->data = str_make(t->bytes + group.n, data.n);
	if (fiber_spawn(r->worker, run_task, t) == 0)
		return 1;
	script_err(r, "no fiber for a task");
	mem_free(&t);
	return -1;
}

int32_t std_async_async_task_data(struct run *r, int32_t route, const struct str *data)
{
	return start(r, route, S("default"), *data);
}

int32_t std_async_async_task_group_data(struct run *r, int32_t route, const struct str *group, const struct str *data)
{
	return group_exists(r, *group) ? start(r, route, *group, *data) : -1;
}

int32_t std_async_pv_async_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	const struct task *t = r->event_name && strcmp(r->event_name, "async:task-data") == 0 ? r->event : NULL;

	*ret = !t ? value_null() : value_str(n->num ? t->group : t->data);
	return 0;
}

static void fini(void)
{
	return_value = 0;
}

STD_MODULE(async, .fini = fini)
