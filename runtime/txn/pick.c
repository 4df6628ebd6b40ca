/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of a branch's result (RFC 3261 16.7): provisional and 2xx replies go up at once, a 6xx
 * cancels the rest, and when no branch is active any more the best negative one is chosen, offered
 * to the failure route, and sent. Order of choice, as in the reference: 6xx, 3xx, 4xx (challenges,
 * 415, 420, 484 first), 5xx (503 last); within a class the lower code.
 */
#include "base/sb.h"
#include "txn/txn_priv.h"

static int rank(const struct txn_branch *b)
{
	int cls = b->status / 100, xx = b->status % 100, r;

	switch (cls) {
	case 6:
		r = 1000;
		break;
	case 3:
		r = 2000;
		break;
	case 4:
		r = xx == 1 || xx == 7 || xx == 15 || xx == 20 || xx == 84 ? 3000 : 4000;
		break;
	case 5:
		r = b->status == 503 ? 6000 : 5000;
		break;
	default:
		r = 30000;
		break;
	}
	return r + xx + (b->faked ? txn_cfg.faked_reply_prio : 0);
}

static struct txn_branch *best(const struct txn *t)
{
	struct txn_branch *win = NULL;
	unsigned i = txn_cfg.failure_reply_mode == 3 ? t->first_b : 0;

	for (; i < t->n_b; i++) {
		struct txn_branch *b = t->b[i];

		if (b->dropped || b->status < 200)
			continue;
		if (!win || rank(b) < rank(win))
			win = b;
	}
	return win;
}

/*
 * The challenges of all branches of the set in one text (RFC 3261 16.7 step 7); empty when there is
 * only one to tell, made in `a`. Bounded by the message that they must fit into.
 */
static struct str challenges(const struct txn *t, struct arena *a)
{
	static const enum sip_hdr_id ids[] = {SIP_HDR_WWW_AUTHENTICATE, SIP_HDR_PROXY_AUTHENTICATE};
	unsigned replies = 0;
	struct sb sb;

	sb_init(&sb, a, SIP_WIRE_MAX);
	for (unsigned i = t->first_b; i < t->n_b; i++) {
		struct txn_branch *b = t->b[i];

		if (b->dropped || !b->reply || (b->status != 401 && b->status != 407))
			continue;
		replies++;
		for (unsigned k = 0; k < 2; k++)
			for (struct sip_hdr *h = b->reply->first[ids[k]]; h; h = h->same)
				sb_add(&sb, sip_hdr_raw(h));
	}
	return replies > 1 && sb_ok(&sb) ? sb_str(&sb) : STR_NULL;
}

static int relay_up(struct txn *t, struct sip_draft *d, int status)
{
	struct str bytes;
	int err = sip_build_relayed_reply(d->arena, d, &bytes);

	if (err)
		return err;
	if (!txn_onsend_reply(t, d, bytes)) {
		txn_kept_back(t, status);
		return 0;
	}
	txn_stat(STAT_RPL_RELAYED, 1);
	return txn_send_up(t, status, bytes, d->msg);
}

static void send_faked(struct txn *t, int status)
{
	struct str reason = S("Request Terminated");

	if (t->flags & TXN_CANCELED)
		status = 487;
	else if (status == 408) {
		status = txn_cfg.reply_408_code;
		reason = txn_cfg.reply_408_reason;
	} else if (status == 503) {
		status = 477;
		reason = S("Unfortunately error on sending to next hop occurred (477/TM)");
	} else if (status != 487)
		reason = S("Server Internal Error");
	if (txn_reply(t, status, reason, STR_NULL, STR_NULL) != 0)
		txn_release(t);
}

/*
 * d: the winner's draft as its reply route left it, or NULL. Challenges of several branches and a 503
 * that leaves as 500 (RFC 3261 16.7 step 6) go up as replies of our own, as in the reference.
 */
static void send_best(struct txn *t, struct txn_branch *win, struct sip_draft *d)
{
	struct str all = STR_NULL;
	struct sip_draft own;
	int status, err;

	if (!win || !win->reply) {
		send_faked(t, win ? win->status : 408);
		return;
	}
	if (!d) {
		sip_draft_init(&own, win->reply, win->reply->arena);
		d = &own;
	}
	status = d->set_status ? d->set_status : win->status;
	if (status == 503 && txn_cfg.remap_503_500)
		err = txn_reply(t, 500, sip_status_text(503), STR_NULL, STR_NULL);
	else if ((status == 401 || status == 407) && txn_cfg.aggregate_challenges &&
		 (all = challenges(t, d->arena)).n)
		err = txn_reply(t, status, sip_status_text(status), all, STR_NULL);
	else
		err = relay_up(t, d, status);
	if (err)
		send_faked(t, 500);
}

/* A 2xx of any branch, else the best of the negative ones. */
static struct txn_branch *best_local(const struct txn *t)
{
	for (unsigned i = 0; i < t->n_b; i++)
		if (t->b[i]->status / 100 == 2 && !t->b[i]->dropped)
			return t->b[i];
	return best(t);
}

static void local_done(struct txn *t, struct txn_branch *b)
{
	int status = b ? b->status : 408;
	txn_uac_fn *fn = t->uac_fn;

	t->uas_status = status;
	t->final_at = worker_now(t->w);
	txn_stat(STAT_WAITING, 1);
	txn_start_wait(t, t->method == SIP_INVITE && status < 300 ? 64 * t->timers.t1
								   : txn_cfg.wt_timer);
	txn_stat(STAT_ACTIVE, -1);
	txn_notify(t, TXN_EV_COMPLETED, b, b ? b->reply : NULL, status);
	if (fn)
		fn(t->uac_arg, t, status, b ? b->reply : NULL);
}

static void finish(struct txn *t, struct txn_branch *last, struct sip_draft *d)
{
	int32_t route = t->routes.on_failure;
	struct txn_branch *win;

	if (t->uas_status >= 200 || (t->flags & TXN_RELEASED))
		return;
	if (t->flags & TXN_REPLICATE) {
		txn_release(t);
		return;
	}
	win = t->flags & TXN_LOCAL ? best_local(t) : best(t);
	if (t->flags & TXN_LOCAL && (!txn_cfg.uac_failure || route < 0 || (win && win->status < 300))) {
		local_done(t, win);
		return;
	}
	t->picked = win;
	txn_notify(t, TXN_EV_FAILURE, win, win ? win->reply : NULL, win ? win->status : 408);
	t->routes.on_failure = -1; /* both are armed anew by the route, or not */
	t->routes.on_branch = -1;
	if (route >= 0 && txn_up.failure)
		txn_up.failure(t, route);
	if (t->flags & TXN_LOCAL) {
		if (!txn_any_active(t))
			local_done(t, best_local(t));
	} else if (t->uas_status < 200 && !txn_any_active(t) && !(t->flags & TXN_RELEASED))
		send_best(t, best(t), best(t) == last ? d : NULL);
	t->picked = NULL;
}

void txn_finish(struct txn *t)
{
	finish(t, NULL, NULL);
}

/* What its event relays belongs to the set of the branch that failed: the choice goes on over all of it. */
static void branch_failed(struct txn_branch *b)
{
	struct txn *t = b->t;
	int32_t route = b->routes.on_branch_failure;

	if (route < 0 || !txn_up.branch_failure || t->uas_status >= 200)
		return;
	b->routes.on_branch_failure = -1;
	t->routes.on_branch_failure = -1;
	t->routes.on_branch = -1;
	t->same_set = true;
	txn_up.branch_failure(t, b, route);
	t->same_set = false;
}

static void success(struct txn_branch *b, struct sip_draft *d)
{
	struct txn *t = b->t;
	bool again = t->uas_status >= 200;

	if (again && !(t->method == SIP_INVITE && t->uas_status < 300))
		return;
	t->picked = b;
	if (relay_up(t, d, d->set_status ? d->set_status : b->status) != 0 && !again)
		send_faked(t, 500);
	t->picked = NULL;
	if (!again)
		txn_cancel_branches(t, ~(1ULL << b->idx), 200, STR_NULL);
}

void txn_result(struct txn_branch *b, struct sip_draft *d)
{
	struct txn *t = b->t;

	if (t->flags & TXN_LOCAL && t->method == SIP_INVITE && b->status / 100 == 2 && b->reply)
		txn_local_ack_await(b, b->reply);
	if (t->flags & (TXN_LOCAL | TXN_REPLICATE)) {
		if (b->status >= 200 && !txn_any_active(t))
			finish(t, b, d);
		else if (t->uac_fn && b->reply)
			t->uac_fn(t->uac_arg, t, b->status, b->reply);
		return;
	}
	if (b->status < 200) {
		if (t->uas_status < 200 && d && (b->status > 100 || txn_cfg.relay_100))
			(void)relay_up(t, d, d->set_status ? d->set_status : b->status);
		return;
	}
	if (b->status < 300) {
		success(b, d);
		return;
	}
	if (b->status == 503 && !b->faked && b->cur_dst + 1 < b->n_dst && txn_branch_failover(b))
		return;
	branch_failed(b);
	if (b->status >= 600 && !txn_cfg.disable_6xx && !(t->flags & TXN_NO_6XX))
		txn_cancel_branches(t, ~(1ULL << b->idx), b->status, STR_NULL);
	if (!txn_any_active(t))
		finish(t, b, d);
}

void txn_drop_replies(struct txn *t, char mode)
{
	for (unsigned i = mode == 'l' ? t->first_b : 0; mode != 'n' && i < t->n_b; i++)
		if (t->b[i]->status >= 200)
			t->b[i]->dropped = true;
}
