/* SPDX-License-Identifier: Apache-2.0 */
/* tm: runs a transaction's routes as script runs (txn/routes.h decides over which draft). */
#include "tm/tm_run.h"

#include "core/log.h"
#include "script/run.h"
#include "script/vars.h"
#include "txn/routes.h"

static void run_route(struct worker *w, struct txn_run *x)
{
	const struct program *p = script_program(w);
	int32_t kind = x->kind & TXN_RUN_FAILURE ? IN_FAILURE : x->kind;
	int32_t route = x->route;
	struct run r;

	if (route < 0 && x->event_name)
		route = script_event(p, x->event_name);
	if (route < 0)
		return;
	if (run_begin(&r, w, x->draft, kind, x->t, x->user) != 0) {
		log_err("no memory for a route of a transaction");
		return;
	}
	r.branch = x->branch;
	r.event_name = x->event_name;
	x->result = script_exec(&r, route);
	x->dropped = (r.ctl & RUN_DROP) != 0;
	run_end(&r);
}

static void vars_ref(void *v)
{
	(void)script_vars_ref(v);
}

static void vars_unref(void *v)
{
	struct script_vars *sv = v;

	script_vars_unref(&sv);
}

void tm_run_enable(const struct program *p)
{
	txn_routes_enable(run_route, script_event(p, "tm:local-request") >= 0,
			  script_event(p, "tm:local-response") >= 0, vars_ref, vars_unref);
}
