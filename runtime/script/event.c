/* SPDX-License-Identifier: Apache-2.0 */
#include "script/event.h"

#include <sys/socket.h>

#include "core/fiber.h"
#include "core/log.h"
#include "script/run.h"
#include "sip/draft.h"

static const char made_up[] = "OPTIONS sip:you@kamailio.org SIP/2.0\r\n"
			      "Via: SIP/2.0/UDP 127.0.0.1\r\n"
			      "From: <sip:you@kamailio.org>;tag=123\r\n"
			      "To: <sip:you@kamailio.org>\r\n"
			      "Call-ID: 123\r\n"
			      "CSeq: 1 OPTIONS\r\n"
			      "Content-Length: 0\r\n\r\n";

static struct sip_msg *make_message(struct worker *w)
{
	struct sip_msg *m;

	if (sip_msg_parse(NULL, str_of(made_up), &m))
		return NULL;
	m->origin.proto = PROTO_UDP;
	m->origin.src = (struct addr){.family = AF_INET, .port = 5060, .ip = {127, 0, 0, 1}};
	m->origin.dst = m->origin.src;
	m->origin.wall_us = worker_wall(w);
	return m;
}

bool script_event_await(struct worker *w, int32_t route, const struct script_event_opts *o)
{
	struct sip_msg *m = make_message(w);
	struct sip_draft d;
	struct run r;
	bool keep;

	if (m)
		sip_draft_init(&d, m, m->arena);
	if (!m || run_begin(&r, w, &d, IN_EVENT, NULL, o ? o->vars : NULL)) {
		log_err("no memory to run a route for %s", o && o->name ? o->name : "an event");
		sip_msg_unref(&m);
		return false;
	}
	r.event_name = o ? o->name : NULL;
	r.event = o ? o->event : NULL;
	script_exec(&r, route);
	keep = !(r.ctl & RUN_DROP);
	run_end(&r);
	sip_msg_unref(&m);
	return keep;
}

struct start {
	struct worker *w;
	int32_t route;
	struct script_event_opts o;
};

static void run_start(void *arg)
{
	struct start s = *(struct start *)arg; /* the caller's, gone once this parks */

	script_event_await(s.w, s.route, &s.o);
}

bool script_event_start(struct worker *w, int32_t route, const struct script_event_opts *o)
{
	struct start s = {.w = w, .route = route};

	if (o)
		s.o = *o;
	if (fiber_run_now(w, run_start, &s) == 0)
		return true;
	log_err("no fiber to run a route for %s", o && o->name ? o->name : "an event");
	return false;
}
