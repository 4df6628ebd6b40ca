/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client side: one struct txn_branch per address set (RFC 3261 17.1).
 *
 * A branch is active until it has a final status, received or faked. INVITE and other requests are
 * sent again at T1, doubling up to T2 (the reference's way for INVITE too); fr_timer ends a silent
 * branch, fr_inv_timer one that rang too long (timer C). An address that fails or stays silent hands
 * over to the next address in a new branch with a new Via branch (RFC 3263 4.3).
 */
#include "txn/txn_priv.h"

enum { BRANCH_TEXT_MAX = TXN_BRANCH_PREFIX + 3 * 8 + 2 };

bool txn_branch_active(const struct txn_branch *b)
{
	return !b->done && b->status < 200;
}

bool txn_any_sent(const struct txn *t)
{
	for (unsigned i = 0; i < t->n_b; i++)
		if (txn_branch_active(t->b[i]))
			return true;
	return false;
}

bool txn_any_active(const struct txn *t)
{
	return (t->flags & TXN_SUSPENDED) || txn_any_sent(t);
}

void txn_branch_stop(struct txn_branch *b)
{
	timer_stop(&b->retr);
	timer_stop(&b->fr);
}

/* Room for one more. */
static bool branches_grow(struct txn *t)
{
	unsigned cap = t->cap_b ? t->cap_b * 4 : 1;
	struct txn_branch **b = &t->one;

	if (t->n_b < t->cap_b)
		return true;
	if (t->n_b == TXN_BRANCHES_MAX)
		return false;
	if (t->cap_b)
		b = mem_raw(cap * sizeof(*b));
	if (!b)
		return false;
	if (t->n_b)
		memcpy(b, t->b, t->n_b * sizeof(*b));
	if (t->b != &t->one)
		mem_free(&t->b);
	t->b = b;
	t->cap_b = (uint8_t)cap;
	return true;
}

struct txn_branch *txn_branch_new(struct txn *t, const struct sip_draft *d)
{
	struct txn_branch *b;

	if (!branches_grow(t))
		return NULL;
	b = slab_zeroed(&t->tab->slab, sizeof(*b));
	if (!b)
		return NULL;
	b->draft = arena_raw(t->arena, sizeof(*b->draft));
	if (!b->draft) {
		slab_put(&t->tab->slab, &b, sizeof(*b));
		return NULL;
	}
	b->t = t;
	b->idx = t->n_b;
	b->flags = d->main.flags;
	*b->draft = *d;
	b->draft->branches = NULL;
	b->routes = (struct txn_routes){-1, -1, -1, t->routes.on_branch_failure};
	t->b[t->n_b++] = b;
	return b;
}

void txn_branch_free(struct txn_branch **pb)
{
	struct txn_branch *b = *pb;
	struct txn *t = b->t;

	*pb = NULL;
	txn_branch_stop(b);
	sip_msg_unref(&b->reply);
	mem_free(&b->dst);
	txn_bytes_free(t, &b->sent);
	txn_bytes_free(t, &b->ack);
	txn_bytes_free(t, &b->cancel);
	slab_put(&t->tab->slab, &b, sizeof(*b));
}

/* ---- bytes ---- */

bool txn_bytes_set(struct txn *t, struct txn_bytes *x, struct str s)
{
	if (s.n > x->room || !s.n) {
		char *p = s.n ? slab_get(&t->tab->slab, s.n) : NULL;

		if (!p && s.n)
			return false;
		txn_bytes_free(t, x);
		x->p = p;
		x->room = (uint32_t)s.n;
	}
	if (s.n)
		memcpy(x->p, s.p, s.n);
	x->n = (uint32_t)s.n;
	return true;
}

void txn_bytes_free(struct txn *t, struct txn_bytes *x)
{
	slab_put(&t->tab->slab, &x->p, x->room);
	x->n = x->room = 0;
}

static void retransmit(void *arg)
{
	struct txn_branch *b = arg;
	struct txn *t = b->t;

	(void)txn_down()->send(t->w, &b->to, txn_bytes_str(&b->sent), 0);
	b->retr_ms = b->retr_ms * 2 > t->timers.t2 ? t->timers.t2 : b->retr_ms * 2;
	timer_start(t->w, &b->retr, b->retr_ms, retransmit, b);
}

/* ---- timeouts ---- */

static void fake(struct txn_branch *b, int status)
{
	b->status = status;
	b->faked = true;
	sip_msg_unref(&b->reply);
	txn_branch_let_go(b);
}

struct txn_branch *txn_branch_expired(struct txn *t)
{
	struct txn_branch *b = txn_wake(t) ? txn_branch_new(t, t->draft) : NULL;

	if (!b)
		return NULL;
	b->timed_out = true;
	fake(b, 408);
	return b;
}

static void timed_out(void *arg)
{
	struct txn_branch *b = arg;
	struct txn *t = b->t;

	txn_lock_await(t);
	if (txn_branch_active(b) && !timer_armed(&b->fr) && t->hashed) {
		timer_stop(&b->retr);
		if (t->life_end && worker_now(t->w) + 1000 >= t->life_end)
			t->flags |= TXN_EXPIRED;
		b->timed_out = !b->send_failed;
		if (b->replied || b->cancel_sent || b->cancel_wanted || !txn_branch_failover(b)) {
			if (t->method == SIP_INVITE && b->replied && !b->cancel_sent)
				txn_branch_cancel_now(b);
			fake(b, b->send_failed && !txn_cfg.failure_exec ? 503 : 408);
			txn_result(b, NULL);
		}
	}
	txn_unlock(t);
	txn_unref(&t);
}

static void fr_over(void *arg)
{
	struct txn_branch *b = arg;
	struct txn *t = txn_ref(b->t);

	if (fiber_run_now(t->w, timed_out, b) != 0) {
		timer_start(t->w, &b->fr, 200, fr_over, b);
		txn_unref(&t);
	}
}

void txn_branch_fr(struct txn_branch *b, uint32_t ms)
{
	struct txn *t = b->t;
	uint64_t now = worker_now(t->w);
	uint64_t left = t->life_end > now ? (t->life_end - now) / 1000 : 0;

	if (t->life_end && left < ms && !b->cancel_sent)
		ms = left ? (uint32_t)left : 1;
	timer_start(t->w, &b->fr, ms, fr_over, b);
}

/* ---- sending ---- */

/* Label, index (16 bits) and branch, never 0. */
static uint64_t cookie_of(const struct txn_branch *b)
{
	return (uint64_t)b->t->label << 24 | (uint64_t)b->t->index << 8 | (b->idx + 1);
}

void txn_send_failed(struct worker *w, uint64_t cookie)
{
	unsigned i = (unsigned)(cookie & 0xff);
	struct txn *t = txn_find_id(w, (uint32_t)(cookie >> 8) & 0xffff, (uint32_t)(cookie >> 24));
	struct txn_branch *b = t && i ? txn_branch_at(t, i - 1) : NULL;

	if (!b || !txn_branch_active(b) || b->replied)
		return;
	b->send_failed = true;
	timer_start(w, &b->fr, 1, fr_over, b); /* its fiber does the rest */
}

int txn_build_for(struct worker *w, struct arena *a, struct txn_dst *dst, const struct sip_draft *d,
		  struct str branch, struct str *ret)
{
	struct txn_dst first = *dst;
	bool again = false;
	enum proto p;

	for (;;) {
		struct sip_hop hop = {0};
		int err = txn_down()->hop(w, dst, d, &hop);

		hop.branch = branch;
		if (!err)
			err = sip_build_request(a, d, &hop, ret);
		if (err && !again)
			return err;
		if (err) { /* no way over the other protocol */
			*dst = first;
			continue;
		}
		p = !again && txn_down()->proto_for ? txn_down()->proto_for(w, dst, d, ret->n) : dst->proto;
		if (p == dst->proto)
			return 0;
		dst->proto = p; /* too long for a datagram: its Via must say so (RFC 3261 18.1.1) */
		dst->sock = NULL;
		again = true;
	}
}

static size_t put_hex(char *to, uint32_t v)
{
	unsigned digits = v ? (35u - (unsigned)__builtin_clz(v)) / 4 : 1;

	for (unsigned i = 0; i < digits; i++)
		to[i] = "0123456789abcdef"[v >> (4 * (digits - 1 - i)) & 15];
	return digits;
}

/* What txn_branch_id reads: the prefix, <index>.<label>.<branch>. */
static struct str branch_text(const struct txn_branch *b, char buf[BRANCH_TEXT_MAX])
{
	const uint32_t part[] = {b->t->index, b->t->label, b->idx};
	size_t n = TXN_BRANCH_PREFIX;

	txn_branch_prefix(b->t->w, '-', buf);
	for (unsigned i = 0; i < 3; i++) {
		if (i)
			buf[n++] = '.';
		n += put_hex(buf + n, part[i]);
	}
	return str_make(buf, n);
}

static int build_bytes(struct txn_branch *b, struct arena *a, struct str *ret)
{
	char buf[BRANCH_TEXT_MAX];

	return txn_build_for(b->t->w, a, &b->to, b->draft, branch_text(b, buf), ret);
}

static int build(struct txn_branch *b)
{
	struct arena *tmp = arena_new(TXN_ARENA_LIMIT);
	struct str bytes;
	int err = tmp ? build_bytes(b, tmp, &bytes) : RT_E_NOMEM;

	if (!err && !txn_bytes_set(b->t, &b->sent, bytes))
		err = RT_E_NOMEM;
	arena_free(&tmp);
	return err;
}

struct str txn_branch_bytes(struct txn_branch *b, struct arena *a)
{
	struct str bytes;

	if (b->sent.p || b->cancel_sent)
		return txn_bytes_str(b->sent.p ? &b->sent : &b->cancel);
	return txn_wake(b->t) && build_bytes(b, a, &bytes) == 0 ? bytes : STR_NULL;
}

/* But not where a module's say in our Via may have changed (via_more): CANCEL and ACK have the same. */
void txn_branch_let_go(struct txn_branch *b)
{
	if (!b->draft || !b->draft->via_more)
		txn_bytes_free(b->t, &b->sent);
}

/* The next address; false: there is none. */
static bool next_dst(struct txn_branch *b)
{
	if (b->cur_dst + 1 >= b->n_dst || (b->t->flags & TXN_NO_FAILOVER) || !txn_cfg.dns_failover)
		return false;
	b->to = b->dst[++b->cur_dst];
	return true;
}

int txn_branch_send(struct txn_branch *b)
{
	struct txn *t = b->t;
	int err = RT_E_IO;

	if (!txn_wake(t))
		return RT_E_NOMEM;
	do {
		err = build(b);
		if (!err && !txn_onsend(t->w, t, b->draft, &b->to, txn_bytes_str(&b->sent)))
			err = RT_E_IO;
		if (!err)
			err = txn_down()->send(t->w, &b->to, txn_bytes_str(&b->sent), cookie_of(b));
	} while (err && next_dst(b));
	if (err)
		return err == RT_E_NOMEM || err == RT_E_INVAL ? err : RT_E_IO;
	txn_stat(STAT_UAC, 1);
	if (!proto_is_stream(b->to.proto)) {
		b->retr_ms = t->timers.t1;
		timer_start(t->w, &b->retr, b->retr_ms, retransmit, b);
	}
	txn_branch_fr(b, t->timers.fr);
	txn_notify(t, TXN_EV_REQUEST_OUT, b, t->req, 0);
	return 0;
}

/* The next address of b as a branch of its own; false: there is none or it cannot be had. */
bool txn_branch_failover(struct txn_branch *b)
{
	struct txn *t = b->t;
	struct txn_branch *nb;

	if (b->cur_dst + 1 >= b->n_dst || !txn_cfg.dns_failover || (t->flags & TXN_NO_FAILOVER) ||
	    t->uas_status >= 200 || (t->flags & TXN_CANCELED) || !txn_wake(t))
		return false;
	nb = txn_branch_new(t, b->draft);
	if (!nb)
		return false;
	nb->routes = b->routes;
	nb->dst = b->dst; /* the older one needs but its own */
	nb->n_dst = b->n_dst;
	nb->cur_dst = b->cur_dst;
	b->dst = NULL;
	b->n_dst = 0;
	(void)next_dst(nb);
	if (txn_cfg.dns_reuse_rcv_socket && !nb->draft->main.force_sock && t->req->origin.sock &&
	    t->req->origin.proto == nb->to.proto)
		nb->to.sock = t->req->origin.sock;
	if (txn_branch_send(nb) != 0) {
		nb->done = true;
		nb->dropped = true;
		return false;
	}
	fake(b, 408);
	b->dropped = true; /* the newer one speaks for both */
	return true;
}

/* ---- CANCEL ---- */

static void cancel_again(void *arg)
{
	struct txn_branch *b = arg;
	struct txn *t = b->t;

	(void)txn_down()->send(t->w, &b->to, txn_bytes_str(&b->cancel), 0);
	b->cretr_sum += b->retr_ms;
	b->retr_ms = b->retr_ms * 2 > t->timers.t2 ? t->timers.t2 : b->retr_ms * 2;
	if (b->cretr_sum < t->timers.fr)
		timer_start(t->w, &b->retr, b->retr_ms, cancel_again, b);
}

/* The headers that it was to have give way to its bytes. */
static bool build_cancel(struct txn_branch *b)
{
	struct arena *tmp = arena_new(TXN_ARENA_LIMIT);
	struct str bytes;
	bool ok = tmp && sip_build_cancel(tmp, txn_branch_bytes(b, tmp), txn_bytes_str(&b->cancel), txn_cfg.kept_prefix, &bytes) == 0 &&
		  txn_bytes_set(b->t, &b->cancel, bytes);

	arena_free(&tmp);
	return ok;
}

void txn_branch_cancel_now(struct txn_branch *b)
{
	struct txn *t = b->t;

	b->cancel_wanted = false;
	if (!build_cancel(b))
		return;
	timer_stop(&b->retr);
	b->cancel_sent = true;
	txn_branch_let_go(b); /* the ACK can be made of the CANCEL */
	(void)txn_down()->send(t->w, &b->to, txn_bytes_str(&b->cancel), 0);
	if (!proto_is_stream(b->to.proto)) {
		b->retr_ms = t->timers.t1;
		timer_start(t->w, &b->retr, b->retr_ms, cancel_again, b);
	}
	txn_branch_fr(b, t->timers.fr);
}

void txn_branch_cancel(struct txn_branch *b, struct str headers)
{
	if (!txn_branch_active(b) || b->cancel_sent || b->t->method != SIP_INVITE)
		return;
	if (!txn_bytes_set(b->t, &b->cancel, headers))
		return;
	if (b->status || txn_cfg.cancel_b_method == 2) {
		txn_branch_cancel_now(b);
	} else if (txn_cfg.cancel_b_method == 0) {
		txn_branch_stop(b);
		fake(b, 487);
	} else {
		b->cancel_wanted = true;
	}
}

void txn_cancel_branches(struct txn *t, uint64_t mask, int cause, struct str text)
{
	struct str headers = STR_NULL;
	struct arena *tmp = NULL;
	uint64_t active = 0;
	struct sb sb;

	for (unsigned i = 0; i < t->n_b; i++)
		active |= (uint64_t)txn_branch_active(t->b[i]) << i;
	mask &= active;
	if (t->method != SIP_INVITE || !mask)
		return;
	if (cause == 200 && !text.n)
		text = S("Call completed elsewhere");
	if (cause && txn_cfg.local_cancel_reason && (tmp = arena_new(TXN_ARENA_LIMIT)) != NULL) {
		sb_init(&sb, tmp, 1024);
		sip_reason_header(&sb, cause, text);
		if (sb_ok(&sb))
			headers = sb_str(&sb);
	}
	for (unsigned i = 0; i < t->n_b; i++)
		if (mask >> i & 1)
			txn_branch_cancel(t->b[i], headers);
	arena_free(&tmp);
}
