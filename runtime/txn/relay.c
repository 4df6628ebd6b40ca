/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forwarding a request, taking its replies, taking its CANCEL: the three ways into a transaction
 * that need its turn.
 */
#include "base/sb.h"
#include "txn/txn_priv.h"

/* ---- relay ---- */

/* NULL: it is no URI. */
static const struct sip_uri *next_hop(struct sip_draft *d, const struct txn_relay_opts *o, struct sip_uri *own)
{
	struct str text = o->uri.n ? o->uri : d->main.dst_uri;
	struct sip_nameaddr *n;

	if (!text.n && d->main.path.n && sip_nameaddrs_parse(d->arena, d->main.path, &n) == 0 && n)
		text = n->uri;
	if (!text.n)
		return sip_draft_uri_view(d);
	return sip_uri_parse(text, own) ? NULL : own;
}

static int resolve_await(struct worker *w, struct sip_draft *d, const struct txn_relay_opts *o, struct txn_dst *ret, unsigned max,
			 unsigned *n)
{
	struct sip_uri own;
	const struct sip_uri *u = next_hop(d, o, &own);

	return u ? txn_down()->resolve_await(w, u, o->proto, d->main.force_sock, ret, max, n) : RT_E_PARSE;
}

static bool keep_dst(struct txn_branch *b, const struct txn_dst *dst)
{
	b->to = dst[0];
	if (b->n_dst < 2)
		return true;
	b->dst = mem_raw(b->n_dst * sizeof(*dst));
	if (b->dst)
		memcpy(b->dst, dst, b->n_dst * sizeof(*dst));
	return b->dst != NULL;
}

/* Branch route and addresses of a new branch; on failure it is marked done. */
static int prepare_await(struct txn_branch *b, const struct txn_relay_opts *o)
{
	struct txn_dst dst[TXN_DST_MAX];
	struct txn *t = b->t;
	unsigned n = 0;
	int err = 0;

	if (t->routes.on_branch >= 0 && txn_up.branch && !(t->flags & TXN_LOCAL) &&
	    !txn_up.branch(t, b, t->routes.on_branch, b->draft))
		err = RT_E_CLOSED;
	b->flags = b->draft->main.flags;
	if (!err)
		err = resolve_await(t->w, b->draft, o, dst, TXN_DST_MAX, &n);
	if (err == RT_E_TIMEOUT || err == RT_E_IO)
		err = RT_E_NOENT;
	for (unsigned i = 0; !err && i < n; i++) {
		dst[i].send_flags = b->draft->fwd_send;
		if (b->draft->use_otcpid && b->draft->main.otcpid > 0 && proto_is_stream(dst[i].proto))
			dst[i].conn_id = (uint64_t)b->draft->main.otcpid;
	}
	b->n_dst = (uint8_t)n;
	if (!err && !keep_dst(b, dst))
		err = RT_E_NOMEM;
	if (err) {
		b->n_dst = 0;
		b->done = true;
		b->dropped = true;
	}
	return err;
}

static bool changed(const struct str *a, const struct str *b)
{
	return a->p != b->p;
}

/*
 * The set to forward to. In a failure route the R-URI counts as a target of its own only when it or
 * the destination was set anew since the relay before, as in the reference.
 */
static int make_set(struct txn *t, const struct sip_draft *d)
{
	unsigned n = d->branches ? d->branches->n : 0;
	bool fresh = t->n_b == 0 || changed(&d->main.uri, &t->draft->main.uri) ||
		     changed(&d->main.dst_uri, &t->draft->main.dst_uri);

	if (t->n_b + n + fresh > TXN_BRANCHES_MAX)
		return RT_E_LIMIT;
	if (!fresh && n == 0)
		return RT_E_CLOSED;
	if (fresh && !txn_branch_new(t, d))
		return RT_E_NOMEM;
	for (unsigned i = 0; i < n; i++) {
		struct sip_draft copy = *d;

		copy.branches = NULL;
		sip_draft_take_branch(&copy, &d->branches->b[i]);
		if (!txn_branch_new(t, &copy))
			return RT_E_NOMEM;
	}
	return 0;
}

/* With failure_exec a branch whose sending failed is heard of by the failure route; true: it will be. */
static bool fail_later(struct txn_branch *b, int err)
{
	bool later = txn_cfg.failure_exec && err == RT_E_IO;

	b->done = !later;
	b->dropped = !later;
	if (later)
		txn_branch_fr(b, 1);
	return later;
}

static int send_set_await(struct txn *t, unsigned from, const struct txn_relay_opts *o)
{
	unsigned to = t->n_b, alive = 0;
	int err = RT_E_CLOSED, e, failed[TXN_BRANCHES_MAX];

	for (unsigned i = from; i < to; i++) {
		failed[i] = prepare_await(t->b[i], o);
		if (failed[i])
			err = failed[i];
	}
	for (unsigned i = from; i < to; i++) {
		struct txn_branch *b = t->b[i];

		e = failed[i] ? failed[i] : txn_branch_send(b);
		if (!e || fail_later(b, e))
			alive++;
		if (e)
			err = e;
	}
	return alive ? 0 : err;
}

static void save_draft(struct txn *t, const struct sip_draft *d)
{
	const struct sip_edit *kept = t->draft->edits;

	txn_save_draft(t, d);
	if (t->flags & TXN_EDITS_KEPT)
		t->draft->edits = kept;
}

static int relay(struct txn *t, struct sip_draft *d, const struct txn_relay_opts *o)
{
	unsigned from = t->n_b, first = t->first_b;
	int err;

	if (t->uas_status >= 200 || (t->flags & TXN_CANCELED))
		return RT_E_STATE;
	if (!txn_wake(t))
		return RT_E_NOMEM;
	txn_send_100(t);
	err = make_set(t, d);
	if (err) {
		while (t->n_b > from)
			txn_branch_free(&t->b[--t->n_b]);
		return err;
	}
	if (from == 0)
		save_draft(t, d);
	if (!t->life_end)
		t->life_end = worker_now(t->w) + 1000ULL * (t->method == SIP_INVITE
								    ? t->timers.life_inv
								    : t->timers.life_noninv);
	if (!t->same_set)
		t->first_b = from;
	t->flags |= TXN_RELAYED | (o->replicate ? TXN_REPLICATE : 0);
	err = send_set_await(t, from, o);
	if (err)
		t->first_b = first; /* the set before keeps its say */
	return err;
}

int txn_relay_await(struct txn *t, struct sip_draft *d, const struct txn_relay_opts *o)
{
	static const struct txn_relay_opts none;
	int err;

	txn_lock_await(t);
	err = relay(t, d, o ? o : &none);
	t->relay_err = err;
	txn_unlock(t);
	return err;
}

int txn_forward_await(struct worker *w, struct sip_draft *d, const struct txn_relay_opts *o)
{
	struct txn_dst dst;
	struct arena *tmp;
	struct str bytes;
	char prefix[TXN_BRANCH_PREFIX], tag[TXN_TAG_LEN + 1];
	unsigned n = 0;
	int err = resolve_await(w, d, o, &dst, 1, &n);

	if (err)
		return err;
	dst.send_flags = d->fwd_send;
	txn_branch_prefix(w, '+', prefix);
	tmp = arena_new(TXN_ARENA_LIMIT);
	err = tmp ? txn_build_for(w, tmp, &dst, d, str_cat(tmp, str_make(prefix, sizeof(prefix)), txn_tag(d->msg, tag)), &bytes)
		  : RT_E_NOMEM;
	if (!err && !txn_onsend(w, NULL, d, &dst, bytes))
		err = RT_E_IO;
	if (!err)
		err = txn_down()->send(w, &dst, bytes, 0);
	arena_free(&tmp);
	return err;
}

bool txn_forwarded(struct sip_msg *reply)
{
	struct sip_via *ours = sip_via_at(reply, 0), *next = ours ? sip_via_at(reply, 1) : NULL;
	char tag[TXN_TAG_LEN + 1];

	return next && str_starts(ours->branch, S("z9hG4bK+")) &&
	       str_eq(str_skip(ours->branch, TXN_BRANCH_PREFIX), txn_tag_by(reply, next, tag));
}

/* ---- CANCEL ---- */

static struct str reasons_of(const struct sip_draft *cancel, struct arena *a)
{
	struct sb sb;

	sb_init(&sb, a, 4096);
	for (struct sip_hdr *h = cancel->msg->first[SIP_HDR_REASON]; h; h = h->same)
		sb_add(&sb, sip_hdr_raw(h));
	return sb_ok(&sb) ? sb_str(&sb) : STR_NULL;
}

static void cancel_all(struct txn *inv, const struct sip_draft *cancel)
{
	struct str headers = STR_NULL;

	if (inv->uas_status >= 200)
		return;
	inv->flags |= TXN_CANCELED;
	txn_notify(inv, TXN_EV_CANCELED, NULL, cancel->msg, 0);
	if (txn_cfg.e2e_cancel_reason && !(inv->flags & TXN_NO_CANCEL_REASON))
		headers = reasons_of(cancel, cancel->arena);
	for (unsigned i = 0; i < inv->n_b; i++)
		txn_branch_cancel(inv->b[i], headers);
	inv->flags &= ~(uint32_t)TXN_SUSPENDED;
	timer_stop(&inv->retr);
	if (!txn_any_active(inv))
		(void)txn_reply(inv, 487, S("Request canceled"), STR_NULL, STR_NULL);
}

int txn_cancel_await(struct txn *inv, const struct sip_draft *cancel)
{
	struct worker *w = inv->w;
	struct txn *t;
	bool pending;
	int err;

	(void)txn_ref(inv);
	txn_lock_await(inv);
	err = txn_new(w, cancel, &t);
	if (!err) {
		pending = txn_any_sent(inv);
		if (!pending)
			cancel_all(inv, cancel); /* the INVITE's answer first, as in the reference */
		err = txn_reply(t, 200, pending ? S("canceling") : S("ok -- no more pending branches"),
				STR_NULL, STR_NULL);
		if (pending)
			cancel_all(inv, cancel);
		txn_request_done(t);
	}
	txn_unlock(inv);
	txn_unref(&inv);
	return err;
}

/* ---- replies ---- */

static void send_ack(struct txn_branch *b, struct sip_msg *m)
{
	struct sip_hdr *to = m->first[SIP_HDR_TO];
	struct str ack;

	if (!b->ack.p && to) {
		struct arena *tmp = arena_new(TXN_ARENA_LIMIT);

		if (tmp && sip_build_ack(tmp, txn_branch_bytes(b, tmp), sip_hdr_raw(to), txn_cfg.kept_prefix, &ack) == 0)
			(void)txn_bytes_set(b->t, &b->ack, ack);
		arena_free(&tmp);
	}
	if (b->ack.p)
		(void)txn_down()->send(b->t->w, &b->to, txn_bytes_str(&b->ack), 0);
}

static void restart_fr(struct txn_branch *b, int status)
{
	struct txn *t = b->t;

	if (t->method != SIP_INVITE) {
		b->retr_ms = t->timers.t2;
		return;
	}
	if (b->cancel_sent)
		return;
	timer_stop(&b->retr);
	if (status > 100 && !b->cancel_wanted) /* it goes on for long, and its ACK or CANCEL is rare */
		txn_branch_let_go(b);
	if (!b->replied || txn_cfg.restart_fr_on_each_reply ||
	    (status >= 180 && status > b->status))
		txn_branch_fr(b, t->timers.fr_inv);
}

static bool run_onreply(struct txn_branch *b, struct sip_draft *d)
{
	struct txn *t = b->t;
	int32_t route = b->routes.on_reply >= 0 ? b->routes.on_reply : t->routes.on_reply;

	if (route < 0 || !txn_up.onreply || (t->flags & TXN_REPLICATE))
		return true;
	return txn_up.onreply(t, b, route, d);
}

/* A final reply to a branch that has ended. True: nothing more to do. */
static bool late(struct txn_branch *b, struct sip_msg *m)
{
	struct txn *t = b->t;
	bool invite = t->method == SIP_INVITE;

	if (txn_branch_active(b))
		return false;
	if (invite && m->status >= 200 && m->status < 300 && t->uas_status < 300 &&
	    (b->faked || b->status < 300))
		return false;
	txn_stat(STAT_RPL_ABSORBED, 1);
	if (invite && m->status >= 300)
		send_ack(b, m);
	return true;
}

static void take_reply(struct txn_branch *b, struct sip_draft *d)
{
	struct txn *t = b->t;
	struct sip_msg *m = d->msg;
	int status = m->status;

	txn_notify(t, TXN_EV_REPLY_IN, b, m, status);
	if (late(b, m))
		return;
	if (status < 200) {
		restart_fr(b, status);
		b->replied = true;
		b->status = b->status > status ? b->status : status; /* the route may cancel it */
		if (b->cancel_wanted)
			txn_branch_cancel_now(b);
		if (t->flags & TXN_CANCELED)
			return; /* neither route nor caller hears of it, as in the reference */
	} else {
		txn_branch_stop(b);
		if (t->method == SIP_INVITE && status >= 300)
			send_ack(b, m);
		txn_branch_let_go(b);
	}
	if (!run_onreply(b, d) && status < 200)
		return;
	if (!txn_branch_active(b) && status >= 300)
		return; /* the reply route parked and the branch ended meanwhile */
	b->replied = true;
	b->faked = false;
	b->status = status;
	sip_msg_unref(&b->reply);
	b->reply = sip_msg_ref(m);
	txn_result(b, d);
	if (status < 300 && b->reply == m) /* it has gone up; only negative ones may be chosen later */
		sip_msg_unref(&b->reply);
}

bool txn_reply_await(struct worker *w, struct sip_draft *d)
{
	struct txn_branch *b = txn_find_reply(w, d->msg);
	struct sip_cseq cs;
	struct txn *t;

	txn_stat(STAT_RPL_RECEIVED, 1);
	if (!b)
		return txn_late_reply(w, d);
	t = txn_ref(b->t);
	txn_lock_await(t);
	if (sip_cseq(d->msg, &cs) == 0 && cs.method == SIP_CANCEL)
		timer_stop(&b->retr);
	else if (t->hashed)
		take_reply(b, d);
	txn_unlock(t);
	txn_unref(&t);
	return true;
}
