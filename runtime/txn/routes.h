/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes.h - the routes that transactions run, in one place.
 *
 * Implements struct txn_hooks once: which draft a route sees, what of its flags stays, what `drop`
 * means. The upper layer (script or host) only gives a function that runs one route.
 */
#ifndef TXN_ROUTES_H
#define TXN_ROUTES_H

#include "txn/txn.h"

/* The bits of enum run_kind (abi/run.h), which this layer does not include. */
enum { TXN_RUN_FAILURE = 2, TXN_RUN_BRANCH = 4, TXN_RUN_ONREPLY = 32, TXN_RUN_EVENT = 64 };

struct txn_run {
	int32_t kind;
	int32_t route;          /* index; -1 with an event name: find it, or run nothing */
	const char *event_name; /* "tm:local-request", "tm:branch-failure", or NULL */
	struct txn *t;
	int32_t branch; /* index of the branch, -1 */
	struct sip_draft *draft;
	void *user;     /* txn_user(): the script's variables */
	bool dropped;   /* out: drop was executed */
	int32_t result; /* out: value of the route */
};
/* Run it to its end in this fiber. Must not keep anything of *r. */
typedef void txn_run_fn(struct worker *w, struct txn_run *r);

/*
 * Installs the hooks (txn_set_hooks). local_request, local_response: there is such an event route. ref/unref keep the
 * user state alive; may be NULL.
 */
void txn_routes_enable(txn_run_fn *run, bool local_request, bool local_response, void (*user_ref)(void *),
		       void (*user_unref)(void *));
/* Run route `route` of kind `kind` over the transaction's own draft (t_continue). */
void txn_route_run(struct txn *t, int32_t kind, int32_t route);

#endif
