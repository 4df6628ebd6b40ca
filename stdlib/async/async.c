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

static int32_t wait_await(struct run *r, int64_t ms, int64_t max)
{
	int32_t code;

	if (ms < 0 || ms > max) {
		script_err(r, "a wait of %lld ms is out of bounds", (long long)ms);
		return -1;
	}
	code = hold(r);
	if (code > 0 && ms)
		fiber_sleep_await((uint32_t)ms);
	return code;
}

/* The script ends behind it (0). */
static int32_t go_on(struct run *r, int32_t route)
{
	r->prog->routes[route].fn(r);
	return 0;
}

static int32_t later_await(struct run *r, int32_t route, int64_t ms, int64_t max)
{
	int32_t code = route < 0 ? -1 : wait_await(r, ms, max);

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

int32_t std_async_async_sleep(struct run *r, int64_t seconds)
{
	return wait_await(r, seconds > SECONDS_MAX ? -1 : seconds * 1000, SECONDS_MAX * 1000);
}

int32_t std_async_async_ms_sleep(struct run *r, int64_t ms)
{
	return ms_allowed(r) ? wait_await(r, ms, MS_MAX) : -1;
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
	int32_t code = route < 0 ? -1 : hold(r);

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

STD_MODULE(async)
