/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event.h - routes that no message brought about: timers, tasks, the start of the server.
 *
 * They run over a request made up for them, OPTIONS sip:you@kamailio.org from 127.0.0.1, as the reference
 * does, so that flags, AVPs and variables of a message work in them.
 */
#ifndef SCRIPT_EVENT_H
#define SCRIPT_EVENT_H

#include "abi/program.h"

/* What the route's functions need to know (struct run.event) and its name; both may be NULL. */
struct script_event_opts {
	const char *name;
	void *event;
	struct script_vars *vars; /* NULL: new ones */
};

/* Run a route in this fiber. False: drop was executed, or memory is out (logged). */
bool script_event_await(struct worker *w, int32_t route, const struct script_event_opts *o);
/* The same in a fiber of its own, now. False: there is none to have (logged). */
bool script_event_start(struct worker *w, int32_t route, const struct script_event_opts *o);

#endif
