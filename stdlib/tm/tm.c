/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tm: requests. The state machines are runtime/txn; here are the script's names for them and the
 * reference's return codes. What is set before the transaction exists waits in struct tm_pending.
 */
#define STD_NAME tm
#define STD_DEF "tm/tm.def"
#define STD_PROTOTYPES_ONLY
#include "rpc/rpc.h"
#include "abi/std.h"

#include "core/log.h"
#include "script/env.h"
#include "script/reply.h"
#include "script/run.h"
#include "tm/tm_state.h"

struct tm_pending *tm_pending(struct run *r)
{
	struct tm_pending *p = r->tm;

	if (!p) {
		p = arena_new_of(r->arena, struct tm_pending);
		if (!p)
			return NULL;
		p->routes = (struct txn_routes){-1, -1, -1, -1};
		r->tm = p;
	}
	return p;
}

static void take(uint32_t *to, uint32_t v)
{
	if (v)
		*to = v;
}

/* A timer in seconds from the script's AVP. */
static void from_avp(struct run *r, const struct pv_ref *avp, uint32_t *ms)
{
	struct value v;
	int64_t s = 0;

	if (!avp || avp->get(r, &v) != 0 || v.tag == VAL_NULL)
		return;
	if (value_is_int(&v))
		s = v.i;
	else
		(void)str_to_i64(v.s, &s);
	if (s > 0 && s <= TIMER_MAX_MS / 1000)
		*ms = (uint32_t)s * 1000;
}

static void apply_pending(struct run *r)
{
	struct tm_pending *p = r->tm;
	struct txn_timers *t = txn_timers(r->txn);

	from_avp(r, tm_conf.fr_timer_avp, &t->fr);
	from_avp(r, tm_conf.fr_inv_timer_avp, &t->fr_inv);
	if (!p)
		return;
	*txn_routes(r->txn) = p->routes;
	take(&t->fr, p->timers.fr);
	take(&t->fr_inv, p->timers.fr_inv);
	take(&t->t1, p->timers.t1);
	take(&t->t2, p->timers.t2);
	take(&t->life_inv, p->timers.life_inv);
	take(&t->life_noninv, p->timers.life_noninv);
	txn_set_flag(r->txn, p->on, true);
	txn_set_flag(r->txn, p->off, false);
}

/* The budget is used up: the client may come again later, and the script ends. */
static void refuse(struct run *r)
{
	static struct log_limit ll;
	struct str h = str_printf(r->draft->arena, "Retry-After: %u\r\n", txn_conf()->retry_after);

	if (log_allow(&ll, 1))
		log_warn("max_transactions are in use: requests are answered 503");
	if (h.p && !r->replied && sip_reply_append(r->draft, h) == 0)
		(void)script_reply_stateless(r, 503, S("Service Unavailable"));
}

int32_t tm_need_txn(struct run *r)
{
	struct sip_msg *m = r->draft ? r->draft->msg : NULL;
	int err;

	if (r->txn)
		return 1;
	if (!m || !m->is_request || m->method == SIP_ACK)
		return -1;
	switch (txn_match_request(r->worker, m, NULL)) {
	case TXN_RETRANSMISSION:
		return 0;
	case TXN_MERGED:
		(void)script_reply_stateless(r, 482, S("Loop Detected"));
		return 0;
	default: /* an ACK does not come here */
		break;
	}
	err = txn_new(r->worker, r->draft, &r->txn);
	if (err == RT_E_LIMIT) {
		refuse(r);
		return 0;
	}
	if (err) {
		log_err("no transaction: %s", rt_strerror(err));
		return -1;
	}
	txn_set_user(r->txn, r->sv);
	apply_pending(r);
	return 1;
}

int32_t std_tm_t_newtran(struct run *r)
{
	if (r->txn)
		return -1; /* it exists already */
	return tm_need_txn(r);
}

/* ---- looking up ---- */

int32_t std_tm_t_lookup_request(struct run *r)
{
	return r->txn || txn_find_request(r->worker, r->draft->msg) ? 1 : -1;
}

int32_t std_tm_t_lookup_cancel_flags(struct run *r, int64_t copy)
{
	struct sip_msg *m = r->draft->msg;
	struct txn *t = m->method == SIP_CANCEL ? txn_find_cancelled(r->worker, m) : NULL;

	if (t && copy == 1)
		r->draft->flags = *txn_msg_flags(t);
	return t ? 1 : -1;
}

int32_t std_tm_t_lookup_cancel(struct run *r)
{
	return std_tm_t_lookup_cancel_flags(r, 0);
}

int32_t std_tm_t_check_trans(struct run *r)
{
	struct sip_msg *m = r->draft->msg;

	if (!m->is_request)
		return txn_find_reply(r->worker, m) ? 1 : -1;
	if (r->txn)
		return 1;
	switch (txn_match_request(r->worker, m, NULL)) {
	case TXN_RETRANSMISSION: /* a CANCEL too: it may come again after its INVITE has gone */
	case TXN_ACK_NEGATIVE:
		return 0;
	case TXN_ACK_E2E:
		return 1;
	case TXN_MERGED:
	case TXN_NO_MATCH:
		break;
	}
	return m->method == SIP_CANCEL ? std_tm_t_lookup_cancel(r) : -1;
}

/* ---- replies ---- */

int32_t std_tm_t_reply(struct run *r, int32_t code, const struct value *reason)
{
	bool known = code >= 100 && code <= 699;

	if (!r->txn) {
		script_err(r, "t_reply: the request has no transaction: call t_newtran() before");
		return -1;
	}
	return script_reply(r, known ? code : (int)tm_conf.default_code,
			    reason->tag == VAL_NULL ? tm_conf.default_reason : script_text(r, reason)) == 0 ? 1 : -1;
}

int32_t std_tm_t_send_reply(struct run *r, int32_t code, const struct value *reason)
{
	int32_t rc = tm_need_txn(r);

	return rc <= 0 ? rc : std_tm_t_reply(r, code, reason);
}

int32_t std_tm_t_retransmit_reply(struct run *r)
{
	struct txn *t = r->txn ? r->txn : txn_find_request(r->worker, r->draft->msg);

	return t && txn_reply_again(t) == 0 ? 1 : -1;
}

int32_t std_tm_t_release(struct run *r)
{
	if (!r->txn)
		return -1;
	txn_release(r->txn);
	return 1;
}

int32_t std_tm_t_save_lumps(struct run *r)
{
	if (!r->txn)
		return -1;
	txn_save_draft(r->txn, r->draft);
	txn_set_flag(r->txn, TXN_EDITS_KEPT, true);
	return 1;
}

/* ---- replies that belong to nothing ---- */

static int32_t sl_reply_route = -1;

/* True when it may go on: 0 and drop stop it. */
static bool run_sl_reply(struct worker *w, struct sip_draft *d)
{
	struct run r;
	int32_t value;

	if (sl_reply_route < 0)
		return tm_conf.forward_stray;
	if (run_begin(&r, w, d, IN_CORE_ONREPLY, NULL, NULL))
		return false;
	value = script_exec(&r, sl_reply_route);
	run_end(&r);
	return value != 0 && !(r.ctl & RUN_DROP);
}

static bool stray_reply(struct worker *w, struct sip_draft *d)
{
	return run_sl_reply(w, d) && script_forward_reply_await(w, d) == 0;
}

int tm_stray_init(const struct program *p, struct str route)
{
	sl_reply_route = -1;
	if (route.n) {
		sl_reply_route = program_route_find(p, ROUTE_ONREPLY, route);
		if (sl_reply_route < 0) {
			log_err("on_sl_reply: there is no onreply_route[" STR_FMT "]", STR_ARG(route));
			return RT_E_NOENT;
		}
	}
	script_reply_hooks.stray_await = stray_reply;
	return 0;
}
