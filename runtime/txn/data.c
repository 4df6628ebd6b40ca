/* SPDX-License-Identifier: Apache-2.0 */
/* Accessors: what scripts and observers read and set. */
#include "txn/txn_priv.h"

uint32_t txn_flags(const struct txn *t)
{
	return t->flags;
}

void txn_set_flag(struct txn *t, uint32_t flag, bool on)
{
	t->flags = on ? t->flags | flag : t->flags & ~flag;
}

struct txn_routes *txn_routes(struct txn *t)
{
	return &t->routes;
}

struct txn_timers *txn_timers(struct txn *t)
{
	return &t->timers;
}

void *txn_user(const struct txn *t)
{
	return t->user;
}

void txn_set_user(struct txn *t, void *user)
{
	if (user && txn_up.user_ref)
		txn_up.user_ref(user);
	if (t->user && txn_up.user_unref)
		txn_up.user_unref(t->user);
	t->user = user;
}

enum sip_method txn_method(const struct txn *t)
{
	return t->method;
}

void txn_save_draft(struct txn *t, const struct sip_draft *d)
{
	if (d == t->draft || !txn_wake(t))
		return;
	if (d->msg != t->req) {
		(void)txn_tag_make(t); /* it is that of the request as it came, and so are these */
		t->call_id = str_dup(t->arena, t->call_id);
		t->from_tag = str_dup(t->arena, t->from_tag);
		(void)sip_msg_ref(d->msg);
		sip_msg_unref(&t->req);
		t->req = d->msg;
	}
	*t->draft = *d;
	t->draft->branches = NULL;
}

struct worker *txn_worker(const struct txn *t)
{
	return t->w;
}

struct worker *txn_index_worker(struct worker *w, uint32_t index)
{
	struct worker *to = worker_peer(w, index % worker_count(w));

	return to ? to : w;
}

uint32_t txn_index(const struct txn *t)
{
	return t->index;
}

uint32_t txn_label(const struct txn *t)
{
	return t->label;
}

int txn_status(const struct txn *t)
{
	return t->uas_status;
}

int64_t txn_lifetime_ms(const struct txn *t)
{
	uint64_t now = worker_now(t->w);

	return t->life_end > now ? (int64_t)((t->life_end - now) / 1000) : 0;
}

struct str txn_to_tag(struct txn *t)
{
	return txn_tag_make(t) ? t->tag : STR_NULL;
}

struct txn_branch *txn_picked(const struct txn *t)
{
	return t->picked;
}

unsigned txn_branch_count(const struct txn *t)
{
	return t->n_b;
}

struct txn_branch *txn_branch_at(const struct txn *t, unsigned i)
{
	return i < t->n_b ? t->b[i] : NULL;
}

struct txn *txn_branch_txn(const struct txn_branch *b)
{
	return b->t;
}

int txn_branch_status(const struct txn_branch *b)
{
	return b->status;
}

bool txn_branch_timed_out(const struct txn_branch *b)
{
	return b->timed_out;
}

bool txn_branch_replied(const struct txn_branch *b)
{
	return b->replied;
}

struct sip_msg *txn_branch_reply(const struct txn_branch *b)
{
	return b->reply;
}

const struct sip_branch *txn_branch_target(const struct txn_branch *b)
{
	static const struct sip_branch none = {.q = SIP_Q_NONE};

	return txn_wake(b->t) ? &b->draft->main : &none;
}

struct txn_routes *txn_branch_routes(struct txn_branch *b)
{
	return &b->routes;
}

uint32_t *txn_branch_flags(struct txn_branch *b)
{
	return &b->flags;
}
