/* SPDX-License-Identifier: Apache-2.0 */
/* event_route[usrloc:contact-expired]: once per contact that the sweep took out, $ulc(exp=>...) tells which. */
#include "registrar/registrar_priv.h"

#include "core/log.h"
#include "core/worker.h"
#include "script/run.h"

static int32_t route = -1;

static void on_expired(struct ul_table *t, struct str aor, const struct ul_contact *c)
{
	struct run r;

	if (run_begin(&r, worker_self(), NULL, IN_EVENT, NULL, NULL)) {
		log_err("no memory to run event_route[usrloc:contact-expired]");
		return;
	}
	r.event_name = "usrloc:contact-expired";
	if (ulc_fill(&r, S("exp"), ul_table_name(t), aor, c, 1) == 0)
		script_exec(&r, route);
	ulc_forget(S("exp"));
	run_end(&r);
}

void reg_events_init(const struct program *p)
{
	route = script_event(p, "usrloc:contact-expired");
	if (route >= 0)
		ul_on_expired = on_expired;
}
