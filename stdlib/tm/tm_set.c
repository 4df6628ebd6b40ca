/* SPDX-License-Identifier: Apache-2.0 */
/* tm: what a script sets for a transaction and what it asks about one. */
#define STD_NAME tm
#define STD_DEF "tm/tm.def"
#define STD_PROTOTYPES_ONLY
#include "rpc/rpc.h"
#include "abi/std.h"

#include "script/regex.h"
#include "tm/tm_state.h"

/* Branch and reply routes speak for their branch, all others for the transaction. */
static struct txn_routes *routes(struct run *r)
{
	struct txn_branch *b;

	if (!r->txn)
		return tm_pending(r) ? &tm_pending(r)->routes : NULL;
	b = r->kind & (IN_BRANCH | IN_TM_ONREPLY) && r->branch >= 0
		    ? txn_branch_at(r->txn, (unsigned)r->branch)
		    : NULL;
	return b ? txn_branch_routes(b) : txn_routes(r->txn);
}

int32_t std_tm_t_on_failure(struct run *r, int32_t route)
{
	struct txn_routes *x = r->txn ? txn_routes(r->txn) : routes(r);

	if (!x)
		return -1;
	x->on_failure = route;
	return 1;
}

int32_t std_tm_t_on_branch(struct run *r, int32_t route)
{
	struct txn_routes *x = r->txn ? txn_routes(r->txn) : routes(r);

	if (!x)
		return -1;
	x->on_branch = route;
	return 1;
}

int32_t std_tm_t_on_reply(struct run *r, int32_t route)
{
	struct txn_routes *x = routes(r);

	if (!x)
		return -1;
	x->on_reply = route;
	return 1;
}

int32_t std_tm_t_on_branch_failure(struct run *r, int32_t route)
{
	struct txn_routes *x = routes(r);

	if (!x)
		return -1;
	x->on_branch_failure = route;
	return 1;
}

int32_t std_tm_t_is_set(struct run *r, const struct str *target)
{
	struct tm_pending *p = r->tm;
	const struct txn_routes *x = r->txn ? txn_routes(r->txn) : p ? &p->routes : NULL;
	int32_t v = -1;

	if (x && str_eq(*target, S("failure_route")))
		v = x->on_failure;
	else if (x && str_eq(*target, S("branch_route")))
		v = x->on_branch;
	else if (x && str_eq(*target, S("onreply_route")))
		v = x->on_reply;
	else if (x && str_eq(*target, S("branch_failure_route")))
		v = x->on_branch_failure;
	return v >= 0 ? 1 : -1;
}

/* ---- timers ---- */

static struct txn_timers *timers(struct run *r)
{
	if (r->txn)
		return txn_timers(r->txn);
	return tm_pending(r) ? &tm_pending(r)->timers : NULL;
}

/* Both values; 0 keeps, as in the reference. */
static int32_t set_two(uint32_t *a, int64_t va, uint32_t *b, int64_t vb)
{
	if (va < 0 || vb < 0 || va > TIMER_MAX_MS || vb > TIMER_MAX_MS)
		return -1;
	if (va)
		*a = (uint32_t)va;
	if (vb)
		*b = (uint32_t)vb;
	return 1;
}

int32_t std_tm_t_set_fr_both(struct run *r, int64_t inv, int64_t fr)
{
	struct txn_timers *t = timers(r);

	return t ? set_two(&t->fr_inv, inv, &t->fr, fr) : -1;
}
int32_t std_tm_t_set_fr(struct run *r, int64_t inv)
{
	return std_tm_t_set_fr_both(r, inv, 0);
}
int32_t std_tm_t_reset_fr(struct run *r)
{
	return std_tm_t_set_fr_both(r, txn_conf()->fr_inv_timer, txn_conf()->fr_timer);
}
int32_t std_tm_t_set_retr(struct run *r, int64_t t1, int64_t t2)
{
	struct txn_timers *t = timers(r);

	return t ? set_two(&t->t1, t1, &t->t2, t2) : -1;
}
int32_t std_tm_t_reset_retr(struct run *r)
{
	return std_tm_t_set_retr(r, txn_conf()->retr_t1, txn_conf()->retr_t2);
}
int32_t std_tm_t_set_max_lifetime(struct run *r, int64_t inv, int64_t noninv)
{
	struct txn_timers *t = timers(r);

	return t ? set_two(&t->life_inv, inv, &t->life_noninv, noninv) : -1;
}
int32_t std_tm_t_reset_max_lifetime(struct run *r)
{
	return std_tm_t_set_max_lifetime(r, txn_conf()->max_inv_lifetime,
					 txn_conf()->max_noninv_lifetime);
}

/* ---- flags ---- */

int32_t tm_set_flag(struct run *r, uint32_t flag, bool on)
{
	struct tm_pending *p;

	if (r->txn) {
		txn_set_flag(r->txn, flag, on);
		return 1;
	}
	p = tm_pending(r);
	if (!p)
		return -1;
	p->on = on ? p->on | flag : p->on & ~flag;
	p->off = on ? p->off & ~flag : p->off | flag;
	return 1;
}

int32_t std_tm_t_set_auto_inv_100(struct run *r, int64_t on)
{
	return tm_set_flag(r, TXN_NO_100, on == 0);
}
int32_t std_tm_t_set_disable_6xx(struct run *r, int64_t on)
{
	return tm_set_flag(r, TXN_NO_6XX, on != 0);
}
int32_t std_tm_t_set_disable_failover(struct run *r, int64_t on)
{
	return tm_set_flag(r, TXN_NO_FAILOVER, on != 0);
}
int32_t std_tm_t_set_no_e2e_cancel_reason(struct run *r, int64_t on)
{
	return tm_set_flag(r, TXN_NO_CANCEL_REASON, on != 0);
}
int32_t std_tm_t_set_disable_internal_reply(struct run *r, int64_t on)
{
	return tm_set_flag(r, TXN_NO_INTERNAL_REPLY, on != 0);
}

/* ---- questions ---- */

static int32_t yes(bool b)
{
	return b ? 1 : -1;
}

static struct txn_branch *branch(struct run *r)
{
	if (!r->txn)
		return NULL;
	if (txn_picked(r->txn))
		return txn_picked(r->txn);
	return r->branch >= 0 ? txn_branch_at(r->txn, (unsigned)r->branch) : NULL;
}

int32_t std_tm_t_branch_timeout(struct run *r)
{
	struct txn_branch *b = branch(r);

	return yes(b && txn_branch_timed_out(b));
}
int32_t std_tm_t_branch_replied(struct run *r)
{
	struct txn_branch *b = branch(r);

	return yes(b && txn_branch_replied(b));
}

static bool any(struct run *r, bool (*fn)(const struct txn_branch *b))
{
	for (unsigned i = 0; r->txn && i < txn_branch_count(r->txn); i++)
		if (fn(txn_branch_at(r->txn, i)))
			return true;
	return false;
}

int32_t std_tm_t_any_timeout(struct run *r)
{
	return yes(any(r, txn_branch_timed_out));
}
int32_t std_tm_t_any_replied(struct run *r)
{
	return yes(any(r, txn_branch_replied));
}
int32_t std_tm_t_is_canceled(struct run *r)
{
	return yes(r->txn && txn_flags(r->txn) & TXN_CANCELED);
}
int32_t std_tm_t_is_expired(struct run *r)
{
	return yes(r->txn && txn_flags(r->txn) & TXN_EXPIRED);
}

int32_t std_tm_t_grep_status(struct run *r, int64_t code)
{
	for (unsigned i = 0; r->txn && i < txn_branch_count(r->txn); i++)
		if (txn_branch_status(txn_branch_at(r->txn, i)) == code && code >= 200)
			return 1;
	return -1;
}

int32_t std_tm_t_drop_replies_mode(struct run *r, const struct str *mode)
{
	if (!r->txn)
		return -1;
	txn_drop_replies(r->txn, mode->n ? mode->p[0] : 'a');
	return 1;
}
int32_t std_tm_t_drop_replies(struct run *r)
{
	return std_tm_t_drop_replies_mode(r, &S("a"));
}

static int status_now(struct run *r)
{
	struct txn_branch *b = r->kind == IN_FAILURE ? branch(r) : NULL;

	if (r->kind & IN_ONREPLY && r->draft)
		return r->draft->msg->status;
	if (b)
		return txn_branch_status(b);
	return r->txn ? txn_status(r->txn) : 0;
}

int32_t std_tm_t_get_status_code(struct run *r)
{
	int st = r->txn ? status_now(r) : 0;

	return st > 0 ? st : -1;
}

int32_t std_tm_t_check_status(struct run *r, const struct rt_regex *re)
{
	int st = status_now(r);
	struct str s;

	if (!re || st <= 0)
		return -1;
	s = str_printf(r->arena, "%d", st);
	return yes(s.p && rt_regex_exec(re, s, 0, NULL));
}

int32_t std_tm_t_exists(struct run *r)
{
	return yes(r->txn || (r->draft && r->draft->msg->is_request &&
			      txn_find_request(r->worker, r->draft->msg)));
}

/* ---- what is always so ---- */

int32_t std_tm_t_is_retr_async_reply(struct run *r)
{
	(void)r;
	return -1;
}

int32_t std_tm_t_use_uac_headers(struct run *r)
{
	(void)r;
	return 1;
}

int32_t std_tm_t_clean(struct run *r)
{
	(void)r;
	return 1;
}
