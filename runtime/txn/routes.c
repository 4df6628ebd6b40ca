/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As in the reference: a branch route edits its branch's copy alone; a failure route works on a copy
 * of the request as it was when it was relayed, so that its edits reach only the branches that it
 * makes; message flags are the transaction's and are written back by all of them.
 */
#include "txn/routes.h"

#include "txn/txn_priv.h"

static txn_run_fn *runner;

static bool run(struct txn_run *r)
{
	if (!runner)
		return true;
	r->user = r->t->user;
	r->draft->flags = *txn_msg_flags(r->t);
	runner(r->t->w, r);
	*txn_msg_flags(r->t) = r->draft->flags;
	return !r->dropped;
}

static bool on_branch(struct txn *t, struct txn_branch *b, int32_t route, struct sip_draft *d)
{
	struct txn_run r = {.kind = TXN_RUN_BRANCH,
			    .route = route,
			    .t = t,
			    .branch = (int32_t)b->idx,
			    .draft = d};

	return run(&r);
}

static bool on_reply(struct txn *t, struct txn_branch *b, int32_t route, struct sip_draft *d)
{
	struct txn_run r = {.kind = TXN_RUN_ONREPLY,
			    .route = route,
			    .t = t,
			    .branch = (int32_t)b->idx,
			    .draft = d};
	bool keep;

	d->main.flags = b->flags;
	keep = run(&r);
	b->flags = d->main.flags;
	return keep;
}

/* False, and a line of log: no memory. */
static bool copy_draft(struct txn *t, struct sip_draft *d)
{
	if (!txn_wake(t)) {
		log_err("no memory for a route of a transaction");
		return false;
	}
	*d = *t->draft;
	d->branches = NULL;
	return true;
}

static void over_copy(struct txn *t, struct txn_branch *b, int32_t kind, int32_t route,
		      const char *event)
{
	struct sip_draft d;
	struct txn_run r = {.kind = kind,
			    .route = route,
			    .event_name = event,
			    .t = t,
			    .branch = b ? (int32_t)b->idx : -1,
			    .draft = &d};

	if (!copy_draft(t, &d))
		return;
	if (b)
		d.main.flags = b->flags;
	(void)run(&r);
}

static void on_failure(struct txn *t, int32_t route)
{
	over_copy(t, t->picked, TXN_RUN_FAILURE, route, NULL);
}

static void on_branch_failure(struct txn *t, struct txn_branch *b, int32_t route)
{
	struct txn_branch *was = t->picked;

	t->picked = b;
	over_copy(t, b, TXN_RUN_FAILURE | TXN_RUN_EVENT, route, "tm:branch-failure");
	t->picked = was;
}

static bool on_local_request(struct txn *t, struct sip_draft *d)
{
	struct txn_run r = {.kind = TXN_RUN_EVENT,
			    .route = -1,
			    .event_name = "tm:local-request",
			    .t = t,
			    .branch = -1,
			    .draft = d};

	return run(&r);
}

/* The route sees the reply. */
static void on_local_response(struct txn *t, struct str bytes)
{
	struct sip_msg *m = NULL;
	struct sip_draft d;
	struct txn_run r = {.kind = TXN_RUN_EVENT,
			    .route = -1,
			    .event_name = "tm:local-response",
			    .t = t,
			    .branch = -1,
			    .draft = &d};

	if (sip_msg_parse(NULL, bytes, &m) != 0)
		return;
	sip_draft_init(&d, m, m->arena);
	(void)run(&r);
	sip_msg_unref(&m);
}

void txn_route_run(struct txn *t, int32_t kind, int32_t route)
{
	over_copy(t, NULL, kind, route, NULL);
}

void txn_routes_enable(txn_run_fn *fn, bool local_request, bool local_response, void (*user_ref)(void *),
		       void (*user_unref)(void *))
{
	struct txn_hooks h = {.branch = on_branch,
			      .onreply = on_reply,
			      .failure = on_failure,
			      .branch_failure = on_branch_failure,
			      .local_request = local_request ? on_local_request : NULL,
			      .local_response = local_response ? on_local_response : NULL,
			      .user_ref = user_ref,
			      .user_unref = user_unref};

	runner = fn;
	txn_set_hooks(&h);
}
