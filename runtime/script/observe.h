/* SPDX-License-Identifier: Apache-2.0 */
/*
 * observe.h - what a script does, told as it happens: for trace, debugger, coverage, live trace.
 *
 * Only code compiled with `observe` (lower/lower.h) tells anything; ordinary code has no trace of it. Of
 * several runs under way each event names its own. A callback runs in the fiber of the run and may
 * park it (a breakpoint). Views are valid during the callback.
 */
#ifndef SCRIPT_OBSERVE_H
#define SCRIPT_OBSERVE_H

#include "abi/run.h"

/* NULL members are skipped. */
struct observer {
	void *arg;
	/* A route is run from the top (a message, an event, a branch ...), and has ended with `value`. */
	void (*begin)(void *arg, struct run *r, int32_t route);
	void (*end)(void *arg, struct run *r, int32_t route, int32_t value);
	/* Any route body, also the one that begins a run. */
	void (*enter)(void *arg, struct run *r, int32_t route);
	void (*leave)(void *arg, struct run *r, int32_t route, int64_t value);
	/* The statement r->site is about to run. */
	void (*site)(void *arg, struct run *r);
	void (*value)(void *arg, struct run *r, struct str pv, const struct value *v);
	/* rc < 0: the assignment failed. */
	void (*set)(void *arg, struct run *r, struct str pv, const struct value *v, int64_t rc);
	void (*code)(void *arg, struct run *r, struct str fn, int64_t code);
	void (*cond)(void *arg, struct run *r, bool taken);
};

/* Tell `o` (which must outlive it) from now on, in every thread; NULL: nobody. */
void script_observe(const struct observer *o);
const struct observer *script_observer(void);

#endif
