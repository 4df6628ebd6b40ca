/* SPDX-License-Identifier: Apache-2.0 */
/* The location table's parameters and its sweep of expired contacts. */
#define STD_NAME usrloc
#define STD_DEF "usrloc/usrloc.def"
#include "abi/std.h"

#include "core/log.h"
#include "core/timer.h"
#include "usrloc/tables.h"

enum { SWEEP_BATCH = 2000, SWEEP_AGAIN_MS = 10 };

static struct timer sweep_timer; /* of worker 0 */

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
	int64_t now;
	bool more;
};

static void sweep_table(void *arg, struct ul_table *t)
{
	struct sweep *s = arg;

	if (ul_expire(t, s->now, SWEEP_BATCH, NULL, NULL) == SWEEP_BATCH)
		s->more = true;
}

/* A bounded bite each time, so that a million expiries at once stop no message for long. */
static void on_sweep(void *arg)
{
	struct worker *w = arg;
	struct sweep s = {.now = worker_wall(w) / 1000000};

	ul_tables_each(sweep_table, &s);
	timer_start(w, &sweep_timer,
		    s.more ? SWEEP_AGAIN_MS : (uint32_t)param.timer_interval * 1000, on_sweep, w);
}

static int init(const struct program *p)
{
	(void)p;
	ul_conf = (struct ul_conf){
		.use_domain = param.use_domain,
		.desc_time_order = param.desc_time_order,
		.matching_mode = param.matching_mode,
		.cseq_delay = param.cseq_delay,
		.nat_bflag = param.nat_bflag,
	};
	if (param.matching_mode < UL_MATCH_CONTACT || param.matching_mode > UL_MATCH_CALLID) {
		log_err("usrloc: matching_mode %lld is not 0 to 3", (long long)param.matching_mode);
		return RT_E_INVAL;
	}
	if (param.timer_interval < 1 || param.timer_interval > 86400) {
		log_err("usrloc: timer_interval %lld is not 1 to 86400",
			(long long)param.timer_interval);
		return RT_E_INVAL;
	}
	return 0;
}

static int worker_init(struct worker *w)
{
	if (worker_index(w) == 0)
		timer_start(w, &sweep_timer, (uint32_t)param.timer_interval * 1000, on_sweep, w);
	return 0;
}

static void worker_fini(struct worker *w)
{
	if (worker_index(w) == 0)
		timer_stop(&sweep_timer);
}

static void fini(void)
{
	ul_tables_free();
}

STD_MODULE(usrloc, .init = init, .worker_init = worker_init, .worker_fini = worker_fini, .fini = fini)
