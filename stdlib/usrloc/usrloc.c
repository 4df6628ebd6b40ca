/* SPDX-License-Identifier: Apache-2.0 */
/* The location table's parameters and its sweep of expired contacts. */
#include "rpc/rpc.h"
#define STD_NAME usrloc
#define STD_DEF "usrloc/usrloc.def"
#include "abi/std.h"

#include <stdio.h>

#include "core/fiber.h"
#include "core/log.h"
#include "core/timer.h"
#include "core/counter.h"
#include "net/net.h"
#include "script/load.h"
#include "usrloc/tables.h"
#include "usrloc/usrloc_rpc.h"

enum { SWEEP_BITE = 2000, EVENT_BITE = 64, AGAIN_MS = 5 };

static struct timer sweep_timer; /* of worker 0 */
static unsigned lost_at; /* how far the search for contacts of lost connections is */
static bool stopped;

int32_t std_usrloc_param_preload(const struct program_value *v)
{
	return ul_table_get(v->s) ? 0 : RT_E_NOMEM;
}

int32_t std_usrloc_param_db_mode(const struct program_value *v)
{
	if (v->i == 0)
		return 0;
	log_err("usrloc: db_mode %lld is known and not built yet: only 0 (memory)", (long long)v->i);
	return RT_E_UNSUPP;
}

struct sweep {
	struct worker *w;
	bool more, more_lost;
};

static void tell(void *arg, struct str aor, const struct ul_contact *c)
{
	if (param.close_expired_tcp && c->conn_id)
		net_conn_close(worker_self(), c->conn_id);
	if (ul_on_expired)
		ul_on_expired(arg, aor, c);
}

static void sweep_table(void *arg, struct ul_table *t)
{
	bool told = ul_on_expired || param.close_expired_tcp;
	uint32_t bite = told ? EVENT_BITE : SWEEP_BITE;
	struct sweep *s = arg;

	if (ul_expire(t, worker_wall(s->w) / 1000000 - param.rm_expired_delay, bite, told ? tell : NULL, t))
		s->more = true;
}

/* Contacts of a connection that ended: it is the only way to them. */
static bool remove_lost(void *arg, struct str aor, const struct ul_contact *c, uint32_t n)
{
	struct ul_table *t = arg;

	for (uint32_t i = 0; i < n; i++) {
		if (!c[i].conn_id || net_conn_alive(worker_self(), c[i].conn_id) || ul_remove(t, aor, c[i].ruid))
			continue;
		if (ul_on_expired)
			ul_on_expired(t, aor, &c[i]);
	}
	return true;
}

static void sweep_lost(void *arg, struct ul_table *t)
{
	struct sweep *s = arg;
	unsigned at = lost_at;

	if (ul_each_bite(t, &at, worker_wall(s->w) / 1000000, remove_lost, t))
		s->more_lost = true;
}

static void on_sweep(void *arg);

/* A bounded bite each time, so that a million expiries at once stop no message for long. */
static void sweep(void *arg)
{
	struct sweep s = {.w = arg};

	ul_tables_each(sweep_table, &s);
	if (param.handle_lost_tcp && !s.more) {
		ul_tables_each(sweep_lost, &s);
		lost_at = s.more_lost ? lost_at + 1 : 0;
		s.more = s.more_lost;
	}
	if (!stopped)
		timer_start(s.w, &sweep_timer, s.more ? AGAIN_MS : (uint32_t)param.timer_interval * 1000, on_sweep,
			    s.w);
}

static void on_sweep(void *arg)
{
	struct worker *w = arg;

	if (fiber_spawn(w, sweep, w))
		timer_start(w, &sweep_timer, (uint32_t)param.timer_interval * 1000, on_sweep, w);
}

uint32_t usrloc_slots(void)
{
	return 1u << (param.hash_size > 0 && param.hash_size < 31 ? param.hash_size : 10);
}

/* ---- statistics: usrloc:TABLE_users and its kin ---- */

static int64_t count_users(void *arg)
{
	struct ul_counts n;

	ul_count(arg, &n);
	return (int64_t)n.users;
}

static int64_t count_contacts(void *arg)
{
	struct ul_counts n;

	ul_count(arg, &n);
	return (int64_t)n.contacts;
}

static int64_t count_expired(void *arg)
{
	struct ul_counts n;

	ul_count(arg, &n);
	return (int64_t)n.expired;
}

static void add_users(void *arg, struct ul_table *t)
{
	*(int64_t *)arg += count_users(t);
}

static int64_t count_all_users(void *arg)
{
	int64_t n = 0;

	(void)arg;
	ul_tables_each(add_users, &n);
	return n;
}

static char separator = '_'; /* stats_name_separator */

static void table_counter(struct ul_table *t, const char *what, int64_t (*fn)(void *arg))
{
	struct str table = ul_table_name(t);
	char name[128];
	int n = snprintf(name, sizeof(name), STR_FMT "%c%s", STR_ARG(table), separator, what);

	if (n > 0 && (size_t)n < sizeof(name))
		counter_set_fn(counter_get(S("usrloc"), str_make(name, (size_t)n)), fn, t);
}

static void on_table(struct ul_table *t)
{
	table_counter(t, "users", count_users);
	table_counter(t, "contacts", count_contacts);
	table_counter(t, "expires", count_expired);
}

static int init(const struct program *p)
{
	struct str sep = program_core_str(p, "stats_name_separator", S("_"));

	separator = sep.n ? sep.p[0] : '_';
	ul_conf = (struct ul_conf){
		.use_domain = param.use_domain,
		.desc_time_order = param.desc_time_order,
		.matching_mode = param.matching_mode,
		.cseq_delay = param.cseq_delay,
		.nat_bflag = param.nat_bflag,
		.xavp_contact = param.xavp_contact,
		.max_contacts = param.max_contacts,
		.on_table = on_table,
	};
	counter_set_fn(counter_get(S("usrloc"), S("registered_users")), count_all_users, NULL);
	if (param.matching_mode < UL_MATCH_CONTACT || param.matching_mode > UL_MATCH_CALLID) {
		log_err("usrloc: matching_mode %lld is not 0 to 3", (long long)param.matching_mode);
		return RT_E_INVAL;
	}
	if (!ul_table_get(S("location"))) /* what every script uses; RPC knows it before the first REGISTER */
		return RT_E_NOMEM;
	if (param.timer_interval < 1 || param.timer_interval > 86400) {
		log_err("usrloc: timer_interval %lld is not 1 to 86400",
			(long long)param.timer_interval);
		return RT_E_INVAL;
	}
	return 0;
}

static int worker_init(struct worker *w)
{
	if (worker_index(w) != 0)
		return 0;
	stopped = false;
	lost_at = 0;
	timer_start(w, &sweep_timer, (uint32_t)param.timer_interval * 1000, on_sweep, w);
	return 0;
}

static void worker_fini(struct worker *w)
{
	if (worker_index(w) != 0)
		return;
	stopped = true;
	timer_stop(&sweep_timer);
}

static void fini(void)
{
	ul_tables_free();
}

STD_MODULE(usrloc, .init = init, .worker_init = worker_init, .worker_fini = worker_fini, .fini = fini)
