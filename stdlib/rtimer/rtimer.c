/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A timer runs its routes one after the other in a fiber, over a made-up message (script/event.h), and is armed
 * again from its own beat; while the routes still run a beat is left out. Runner i of a timer lives on worker
 * i mod N.
 */
#define STD_NAME rtimer
#define STD_DEF "rtimer/rtimer.def"
#include "abi/std.h"

#include "base/mem.h"
#include "core/fiber.h"
#include "core/log.h"
#include "core/timer.h"
#include "core/worker.h"
#include "script/event.h"

enum { TIMERS_MAX = 64, ROUTES_MAX = 16, RUNNERS_MAX = 64 };

struct rtimer {
	struct str name;
	uint32_t ms;
	int64_t mode;
	unsigned n;
	struct str names[ROUTES_MAX];
	int32_t routes[ROUTES_MAX];
};

struct runner {
	struct runner *next;
	struct timer timer;
	const struct rtimer *t;
	struct worker *w;
	int64_t index;
	bool busy;
};

static struct rtimer timers[TIMERS_MAX];
static unsigned n_timers;
static struct runner *runners[RUNNERS_MAX]; /* by worker, mod RUNNERS_MAX; a list each */

/* ---- parameters ---- */

static struct rtimer *find(struct str name)
{
	for (unsigned i = 0; i < n_timers; i++)
		if (str_eq(timers[i].name, name))
			return &timers[i];
	return NULL;
}

/* "10" seconds, "100000u" microseconds. */
static bool interval(struct str s, uint32_t *ms)
{
	bool us = s.n && s.p[s.n - 1] == 'u';
	uint64_t v;

	if (!str_to_u64(us ? str_head(s, s.n - 1) : s, us ? 1000000000000ull : 4000000, &v) || !v)
		return false;
	*ms = us ? (uint32_t)((v + 999) / 1000) : (uint32_t)v * 1000;
	return true;
}

int32_t std_rtimer_param_timer(const struct program_value *v)
{
	struct rtimer t = {.ms = (uint32_t)param.default_interval * 1000, .mode = 1};
	struct str rest = v->s;

	while (rest.n) {
		struct str value = str_cut(&rest, ';'), attr = str_trim(str_cut(&value, '='));
		bool ok = true;

		value = str_trim(value);
		if (!attr.n)
			continue;
		if (str_eq(attr, S("name")))
			t.name = value;
		else if (str_eq(attr, S("mode")))
			ok = str_to_i64(value, &t.mode) && t.mode >= 0 && t.mode <= RUNNERS_MAX;
		else if (str_eq(attr, S("interval")))
			ok = interval(value, &t.ms);
		else
			ok = false;
		if (!ok)
			return RT_E_INVAL;
	}
	if (!t.name.n || find(t.name))
		return t.name.n ? RT_E_EXIST : RT_E_INVAL;
	if (n_timers == TIMERS_MAX)
		return RT_E_LIMIT;
	timers[n_timers++] = t;
	return 0;
}

int32_t std_rtimer_param_exec(const struct program_value *v)
{
	struct str rest = v->s, route = STR_NULL;
	struct rtimer *t = NULL;

	while (rest.n) {
		struct str value = str_cut(&rest, ';'), attr = str_trim(str_cut(&value, '='));

		value = str_trim(value);
		if (str_eq(attr, S("timer")))
			t = find(value);
		else if (str_eq(attr, S("route")))
			route = value;
		else if (attr.n)
			return RT_E_INVAL;
	}
	if (!t || !route.n)
		return RT_E_NOENT;
	if (t->n == ROUTES_MAX)
		return RT_E_LIMIT;
	t->names[t->n++] = route;
	return 0;
}

/* ---- running ---- */

static void run_routes(void *arg)
{
	struct runner *x = arg;

	for (unsigned i = x->t->n; i-- > 0;) /* the last declared first, as in the reference */
		script_event_await(x->w, x->t->routes[i],
				   &(struct script_event_opts){.name = "rtimer", .event = x});
	x->busy = false;
}

static void beat(void *arg)
{
	struct runner *x = arg;

	timer_start(x->w, &x->timer, x->t->ms, beat, x);
	if (x->busy)
		return;
	x->busy = true;
	if (fiber_spawn(x->w, run_routes, x)) {
		log_err("rtimer: no fiber for timer " STR_FMT, STR_ARG(x->t->name));
		x->busy = false;
	}
}

int32_t std_rtimer_pv_rtimer_worker_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	bool ours = r->event_name && strcmp(r->event_name, "rtimer") == 0;

	(void)n;
	*ret = value_int(ours ? ((const struct runner *)r->event)->index : 0);
	return 0;
}

/* ---- life ---- */

static int init(const struct program *p)
{
	for (unsigned i = 0; i < n_timers; i++)
		for (unsigned k = 0; k < timers[i].n; k++) {
			timers[i].routes[k] = program_route_find(p, ROUTE_SUB, timers[i].names[k]);
			if (timers[i].routes[k] >= 0)
				continue;
			log_err("rtimer: there is no route[" STR_FMT "]", STR_ARG(timers[i].names[k]));
			return RT_E_NOENT;
		}
	return 0;
}

static int worker_init(struct worker *w)
{
	unsigned me = worker_index(w);

	if (me >= RUNNERS_MAX)
		return 0;
	for (unsigned i = 0; i < n_timers; i++) {
		int64_t count = timers[i].mode > 1 ? timers[i].mode : 1;

		for (int64_t k = 0; k < count && timers[i].n; k++) {
			struct runner *x;

			if ((uint64_t)k % worker_count(w) != me)
				continue;
			x = mem_calloc(1, sizeof(*x));
			if (!x)
				return RT_E_NOMEM;
			x->t = &timers[i];
			x->w = w;
			x->index = k;
			x->next = runners[me];
			runners[me] = x;
			timer_start(w, &x->timer, x->t->ms, beat, x);
		}
	}
	return 0;
}

static void worker_fini(struct worker *w)
{
	unsigned me = worker_index(w);

	while (me < RUNNERS_MAX && runners[me]) {
		struct runner *x = runners[me];

		runners[me] = x->next;
		timer_stop(&x->timer);
		mem_free(&x);
	}
}

static void fini(void)
{
	memset(timers, 0, sizeof(timers));
	n_timers = 0;
}

STD_MODULE(rtimer, .init = init, .worker_init = worker_init, .worker_fini = worker_fini, .fini = fini)
