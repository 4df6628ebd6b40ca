/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server side: RFC 3261 17.2 with RFC 6026.
 *
 * There is no state variable: uas_status (0, 1xx, 2xx, 3xx-6xx), `acked` and which timer runs say
 * it. After a 2xx to INVITE (Accepted) the INVITE is absorbed when it comes again and each further 2xx
 * forwarded. After a negative one timer G repeats it (datagrams only) until the ACK or fr_timer (H).
 * Everything then ends in the wait timer, which absorbs what is late; as it is shorter than J, D and L,
 * late.c keeps the rest of 64*T1 what a lost answer or ACK may still ask for.
 */
#include "txn/txn_priv.h"

static void wait_over(void *arg);

void txn_start_wait(struct txn *t, uint32_t ms)
{
	timer_start(t->w, &t->wait, ms, wait_over, t);
}

static void wait_over(void *arg)
{
	struct txn *t = arg;

	if (t->depth || txn_any_active(t)) {
		txn_start_wait(t, 1000);
		return;
	}
	timer_stop(&t->retr);
	if (t->method == SIP_INVITE && t->uas_status >= 300 && !t->acked &&
	    !(t->flags & TXN_LOCAL)) {
		t->acked = true; /* H: it will not come any more */
		txn_start_wait(t, txn_cfg.wt_timer);
		return;
	}
	txn_late_keep(t);
	txn_destroy(t);
}

static void send_last(struct txn *t)
{
	if (t->draft)
		txn_reply_dst_await(t->w, t->draft, &t->up);
	if (txn_down()->send(t->w, &t->up, txn_bytes_str(&t->reply), 0) == 0)
		txn_stat(STAT_RPL_SENT, 1);
}

static void timer_g(void *arg)
{
	struct txn *t = arg;

	send_last(t);
	t->retr_ms = t->retr_ms * 2 > t->timers.t2 ? t->timers.t2 : t->retr_ms * 2;
	timer_start(t->w, &t->retr, t->retr_ms, timer_g, t);
}

static void final_sent(struct txn *t, bool first)
{
	bool invite = t->method == SIP_INVITE;

	if (!first)
		return;
	t->final_at = worker_now(t->w);
	txn_stat(STAT_WAITING, 1);
	timer_stop(&t->retr);
	t->flags &= ~(uint32_t)TXN_SUSPENDED;
	txn_stat(STAT_ACTIVE, -1);
	txn_stat(STAT_2XX + t->uas_status / 100 - 2, 1);
	if (!invite || t->uas_status < 300) {
		txn_start_wait(t, (t->flags & TXN_LOCAL) && invite ? 64 * t->timers.t1 : txn_cfg.wt_timer);
		return;
	}
	txn_start_wait(t, t->timers.fr);
	if (!t->acked && !proto_is_stream(txn_origin(t)->proto)) {
		t->retr_ms = t->timers.t1;
		timer_start(t->w, &t->retr, t->retr_ms, timer_g, t);
	}
}

int txn_send_up(struct txn *t, int status, struct str bytes, struct sip_msg *m)
{
	bool first = t->uas_status < 200 && status >= 200;

	if (!txn_bytes_set(t, &t->reply, bytes))
		return RT_E_NOMEM;
	t->uas_status = status;
	send_last(t);
	txn_notify(t, TXN_EV_REPLY_OUT, t->picked, m, status);
	if (status >= 200)
		final_sent(t, first);
	if (first)
		txn_notify(t, TXN_EV_COMPLETED, t->picked, m, status);
	return 0;
}

void txn_kept_back(struct txn *t, int status)
{
	bool first = t->uas_status < 200 && status >= 200;

	if (!first)
		return;
	txn_bytes_free(t, &t->reply);
	t->uas_status = status;
	t->acked = true; /* none will come */
	final_sent(t, first);
	txn_notify(t, TXN_EV_COMPLETED, t->picked, NULL, status);
}

/* A request came again: the last reply goes again, but not behind the ACK of a negative one. */
bool txn_absorb(struct txn *t)
{
	bool invite = t->method == SIP_INVITE;

	if (t->reply.p && !(invite && t->uas_status >= 300 && t->acked))
		send_last(t);
	return true;
}

void txn_got_ack(struct txn *t)
{
	if (t->acked)
		return;
	t->acked = true;
	timer_stop(&t->retr);
	txn_start_wait(t, txn_cfg.wt_timer);
	txn_notify(t, TXN_EV_ACK_IN, NULL, NULL, t->uas_status);
}

int txn_reply_again(struct txn *t)
{
	if (!t->reply.p)
		return RT_E_NOENT;
	send_last(t);
	return 0;
}

int txn_new(struct worker *w, const struct sip_draft *d, struct txn **ret)
{
	struct sip_msg *m = d->msg;
	struct sip_nameaddr *from = sip_from(m);
	const struct sip_key *key;
	struct sip_cseq cs;
	struct txn *t;
	int err;

	if (!from || sip_cseq(m, &cs) != 0 || !sip_via_top(m) || m->method == SIP_ACK)
		return RT_E_PARSE;
	err = txn_alloc(w, d->arena, &t);
	if (err)
		return err;
	t->method = m->method;
	key = txn_key(m, m->method);
	t->by_key.text = str_dup(t->arena, key->text);
	t->by_key.node.hash = key->hash;
	t->call_id = sip_call_id(m);
	t->from_tag = from->tag;
	t->cseq = cs.num;
	t->flags = m->method == SIP_INVITE ? TXN_INVITE : 0;
	t->req = sip_msg_ref(m);
	if (!key->text.p || !t->by_key.text.p)
		err = RT_E_NOMEM;
	else if (txn_find_request(w, m))
		err = RT_E_EXIST;
	if (!err)
		err = sip_draft_copy(d, t->draft);
	if (err) {
		txn_unref(&t);
		return err;
	}
	(void)txn_index_add(t);
	txn_lock_await(t);
	(void)txn_ref(t); /* until txn_request_done */
	t->request_done_due = true;
	txn_stat(STAT_UAS, 1);
	txn_notify(t, TXN_EV_REQUEST_IN, NULL, m, 0);
	*ret = t;
	return 0;
}

static int reply_now(struct txn *t, struct arena *tmp, const struct sip_reply *r)
{
	struct str bytes;
	int err = sip_build_reply(tmp, t->draft, r, &bytes);

	if (err)
		return err;
	txn_stat(STAT_RPL_GENERATED, 1);
	return txn_send_up(t, r->status, bytes, NULL);
}

int txn_reply(struct txn *t, int status, struct str reason, struct str headers, struct str body)
{
	struct sip_reply r = {.status = status, .reason = reason, .headers = headers, .body = body,
			      .ident = &txn_cfg.ident};
	struct arena *tmp;
	struct sip_via *v;
	int err;

	if (t->flags & TXN_LOCAL)
		return RT_E_INVAL;
	if (t->uas_status >= 200)
		return RT_E_STATE;
	if (!txn_wake(t))
		return RT_E_NOMEM;
	v = sip_via_top(t->req);
	r.to_tag = status == 100 ? STR_NULL : txn_to_tag(t);
	r.rport = (v && v->rport.p) || t->draft->force_rport;
	tmp = arena_new(TXN_ARENA_LIMIT);
	err = tmp ? reply_now(t, tmp, &r) : RT_E_NOMEM;
	arena_free(&tmp);
	if (!err && status >= 200)
		txn_cancel_branches(t, ~0ULL, status, STR_NULL);
	if (!err && txn_up.local_response)
		txn_up.local_response(t, txn_bytes_str(&t->reply));
	return err;
}

void txn_send_100(struct txn *t)
{
	if (t->method == SIP_INVITE && txn_cfg.auto_inv_100 && !t->uas_status &&
	    !(t->flags & (TXN_NO_100 | TXN_LOCAL | TXN_REPLICATE)))
		(void)txn_reply(t, 100, txn_cfg.auto_inv_100_reason, STR_NULL, STR_NULL);
}

/* The reference's answers to a relay that failed; the last row is for all others. */
static const struct {
	int err, status, number;
	const char *words;
} failures[] = {
	{RT_E_PARSE, 479, 479, "Regretfully, we were not able to process the URI"},
	{RT_E_NOENT, 478, 478, "Unresolvable destination"},
	{RT_E_IO, 477, 477, "Unfortunately error on sending to next hop occurred"},
	{RT_E_INVAL, 500, 7, "I'm terribly sorry, server error occurred"},
	{0, 500, 1, "I'm terribly sorry, server error occurred"},
};

struct txn_failure txn_failure(const struct txn *t)
{
	unsigned i = 0;

	while (failures[i].err && (!t || failures[i].err != t->relay_err))
		i++;
	return (struct txn_failure){failures[i].status, failures[i].number, failures[i].words};
}

static void answer_error(struct txn *t)
{
	struct txn_failure f = txn_failure(t);
	struct str reason = txn_wake(t) ? str_printf(t->arena, "%s (%d/TM)", f.words, f.number) : STR_NULL;

	if (!reason.p || txn_reply(t, f.status, reason, STR_NULL, STR_NULL) != 0)
		txn_release(t);
}

void txn_request_done(struct txn *t)
{
	if (!t->request_done_due)
		return;
	t->request_done_due = false;
	if (t->uas_status < 200 && !txn_any_active(t) &&
	    !(t->flags & (TXN_RELEASED | TXN_SUSPENDED))) {
		if (!t->relay_err)
			log_warn("script writer didn't release transaction");
		if (!(t->flags & TXN_NO_INTERNAL_REPLY) && t->relay_err)
			answer_error(t);
		else
			txn_release(t);
	}
	txn_unlock(t);
	txn_unref(&t);
}

void txn_release(struct txn *t)
{
	t->flags |= TXN_RELEASED;
	t->acked = true;
	if (!timer_armed(&t->wait))
		txn_start_wait(t, txn_cfg.wt_timer);
}

/* ---- suspension ---- */


static void susp_expired(void *arg)
{
	struct txn *t = arg;

	txn_lock_await(t);
	if (t->flags & TXN_SUSPENDED) {
		t->flags &= ~(uint32_t)TXN_SUSPENDED;
		(void)txn_branch_expired(t); /* so that the failure route sees a 408 */
		if (!txn_any_active(t))
			txn_finish(t);
	}
	txn_unlock(t);
	txn_unref(&t);
}

static void susp_timer(void *arg)
{
	struct txn *t = arg;

	(void)txn_ref(t);
	if (fiber_run_now(t->w, susp_expired, t) != 0) {
		timer_start(t->w, &t->retr, 200, susp_timer, t);
		txn_unref(&t);
	}
}

int txn_suspend(struct txn *t)
{
	if (t->uas_status >= 200)
		return RT_E_STATE;
	txn_send_100(t);
	t->flags |= TXN_SUSPENDED;
	timer_start(t->w, &t->retr, t->timers.fr, susp_timer, t);
	return 0;
}

int txn_continue_await(struct txn *t)
{
	(void)txn_ref(t);
	txn_lock_await(t);
	if (!(t->flags & TXN_SUSPENDED)) {
		txn_unlock(t);
		txn_unref(&t);
		return RT_E_STATE;
	}
	t->flags &= ~(uint32_t)TXN_SUSPENDED;
	timer_stop(&t->retr);
	return 0;
}

void txn_continue_done(struct txn *t)
{
	if (t->uas_status < 200 && !txn_any_active(t) && !(t->flags & TXN_SUSPENDED)) {
		if (t->flags & TXN_CANCELED)
			(void)txn_reply(t, 487, S("Request Terminated"), STR_NULL, STR_NULL);
		else
			answer_error(t);
	}
	txn_unlock(t);
	txn_unref(&t);
}
