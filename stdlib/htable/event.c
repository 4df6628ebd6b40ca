/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sweep and the event routes. Expired items leave their tables in bites; where a route is there to
 * see them it runs once per item, in one fiber at a time, and the next bite waits for it.
 */
#define STD_PROTOTYPES_ONLY
#define STD_NAME htable
#define STD_DEF "htable/htable.def"
#include "abi/std.h"

#include "base/mem.h"
#include "core/fiber.h"
#include "core/log.h"
#include "core/timer.h"
#include "htable/htable_priv.h"
#include "script/run.h"

enum { BITE = 1000, EVENT_BITE = 64, AGAIN_MS = 2 };

static int32_t mod_init_route = -1;
static int32_t expired_route[HT_TABLES_MAX]; /* by number of the table */
static struct timer sweep_timer;             /* of worker 0 */
static uint32_t sweep_ms;
static bool stopped;

int htable_events_init(const struct program *p)
{
	mod_init_route = script_event(p, "htable:mod-init");
	for (unsigned i = 0; i < ht_count(); i++) {
		char name[HT_NAME_MAX + 32] = "htable:expired:";
		struct str t = ht_spec(ht_at(i))->name;
		size_t n = strlen(name);

		memcpy(name + n, t.p, t.n);
		name[n + t.n] = '\0';
		expired_route[i] = script_event(p, name);
	}
	stopped = false;
	return 0;
}

/* ---- mod-init ---- */

static void run_mod_init(void *arg)
{
	struct worker *w = arg;
	struct run r;

	if (run_begin(&r, w, NULL, IN_EVENT, NULL, NULL)) {
		log_err("htable: no memory to run event_route[htable:mod-init]");
		return;
	}
	r.event_name = "htable:mod-init";
	script_exec(&r, mod_init_route);
	run_end(&r);
}

void htable_mod_init(struct worker *w)
{
	if (mod_init_route >= 0 && fiber_run_now(w, run_mod_init, w))
		log_err("htable: no fiber for event_route[htable:mod-init]");
}

/* ---- expired items ---- */

static const char record_key;

static void run_expired(struct worker *w, unsigned table, const struct ht_entry *e)
{
	const struct ht_entry **record;
	struct run r;

	if (run_begin(&r, w, NULL, IN_EVENT, NULL, NULL))
		return;
	r.event_name = "htable:expired";
	record = run_local(&r, &record_key, sizeof(*record), NULL);
	if (record) {
		*record = e;
		script_exec(&r, expired_route[table]);
	}
	run_end(&r);
}

int32_t std_htable_pv_shtrecord_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	const struct ht_entry **record = run_local_find(r, &record_key);

	*ret = value_null();
	if (record)
		*ret = n->num == 0 ? value_str((*record)->key) : (*record)->value;
	return 0;
}

static void on_sweep(void *arg);

/* True when there may be more. */
static bool sweep_table(struct worker *w, unsigned i)
{
	struct ht_table *t = ht_at(i);
	struct ht_entry list[EVENT_BITE];
	struct arena *a;
	bool more;
	size_t n;

	if (expired_route[i] < 0)
		return ht_expire(t, htable_now(w), BITE, NULL, NULL, &n);
	a = arena_new(0);
	if (!a)
		return false;
	more = ht_expire(t, htable_now(w), EVENT_BITE, a, list, &n);
	for (size_t k = 0; k < n; k++)
		run_expired(w, i, &list[k]);
	arena_free(&a);
	return more;
}

static void sweep(void *arg)
{
	struct worker *w = arg;
	bool more = false;

	for (unsigned i = 0; i < ht_count(); i++)
		more = sweep_table(w, i) || more;
	if (!stopped)
		timer_start(w, &sweep_timer, more ? AGAIN_MS : sweep_ms, on_sweep, w);
}

static void on_sweep(void *arg)
{
	struct worker *w = arg;

	if (fiber_spawn(w, sweep, w)) {
		timer_start(w, &sweep_timer, sweep_ms, on_sweep, w);
	}
}

void htable_sweep_start(struct worker *w, uint32_t interval_ms)
{
	sweep_ms = interval_ms;
	timer_start(w, &sweep_timer, sweep_ms, on_sweep, w);
}

void htable_sweep_stop(void)
{
	stopped = true;
	timer_stop(&sweep_timer);
}
