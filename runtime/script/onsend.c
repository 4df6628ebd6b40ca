/* SPDX-License-Identifier: Apache-2.0 */
/* The route sees the message as received; drop or the value 0 keeps the request here (language.md 4.2). */
#include "script/send.h"

#include "core/log.h"
#include "script/load.h"
#include "script/run.h"
#include "txn/txn.h"

static int32_t route_of(const struct worker *w)
{
	return program_route_find(script_program(w), ROUTE_ONSEND, S(""));
}

static bool onsend(struct worker *w, struct txn *t, const struct sip_draft *d, const struct txn_dst *to,
		   struct str bytes)
{
	struct script_send s = {.proto = to->proto, .to = &to->to, .sock = to->sock, .bytes = bytes};
	const struct run *outer = script_run_now(w);
	struct sip_draft draft = *d;
	struct script_vars *sv = NULL;
	int32_t value;
	struct run r;

	if (t)
		sv = txn_user(t);
	else if (outer)
		sv = outer->sv;
	if (run_begin(&r, w, &draft, IN_ONSEND, t, sv)) {
		log_err("no memory for the onsend route, the request leaves without it");
		return true;
	}
	r.send = &s;
	value = script_exec(&r, route_of(w));
	run_end(&r);
	return value != 0 && !(r.ctl & RUN_DROP);
}

void script_onsend_enable(const struct program *p)
{
	txn_set_onsend(program_route_find(p, ROUTE_ONSEND, S("")) >= 0 ? onsend : NULL,
		       program_core_int(p, "onsend_route_reply", 0) != 0);
}
