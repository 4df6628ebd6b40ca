/* SPDX-License-Identifier: Apache-2.0 */
/* tmx: extensions of tm. */
#define STD_NAME tmx
#define STD_DEF "tmx/tmx.def"
#include "abi/std.h"

#include "core/fiber.h"
#include "core/worker.h"
#include "net/net.h"
#include "script/env.h"
#include "script/log_prefix.h"
#include "script/run.h"
#include "tm/tm_state.h"
#include "txn/routes.h"

static int32_t yes(bool b)
{
	return b ? 1 : -1;
}

int32_t std_tmx_t_cancel_branches(struct run *r, int32_t which)
{
	uint64_t self = r->branch >= 0 ? 1ULL << r->branch : 0;
	uint64_t mask = which == 0 ? ~0ULL : which == 1 ? ~self : self;

	if (!r->txn || which < 0)
		return -1;
	txn_cancel_branches(r->txn, mask, 0, STR_NULL);
	return 1;
}

/* ---- transactions of other calls: each lives on the worker that owns its Call-ID ---- */

struct other {
	struct str call_id, reason;
	uint32_t cseq, index, label;
	int64_t code, flag, branch;
	int32_t route, rc;
};

static int32_t on_owner(struct run *r, struct worker *to, worker_fn *fn, struct other *x)
{
	x->rc = -1;
	if (worker_call_await(to ? to : r->worker, fn, x))
		script_err(r, "the other worker is too busy");
	return x->rc;
}

static int32_t by_callid(struct run *r, worker_fn *fn, struct other *x, const struct str *cseq)
{
	uint64_t n;

	if (!str_to_u64(*cseq, UINT32_MAX, &n))
		return -1;
	x->cseq = (uint32_t)n;
	return on_owner(r, worker_peer(r->worker, net_owner(x->call_id, worker_count(r->worker))), fn, x);
}

static bool set_id(struct other *x, int64_t tindex, int64_t tlabel)
{
	if (tindex < 0 || tlabel < 0 || tindex > UINT32_MAX || tlabel > UINT32_MAX)
		return false;
	x->index = (uint32_t)tindex;
	x->label = (uint32_t)tlabel;
	return true;
}

static void cancel_there(struct worker *w, void *arg)
{
	struct other *x = arg;
	struct txn *t = txn_find_callid(w, x->call_id, x->cseq);

	if (!t || !(txn_flags(t) & TXN_INVITE))
		return;
	if (x->flag > 0 && x->flag < 32)
		*txn_msg_flags(t) |= 1U << x->flag;
	txn_set_flag(t, TXN_CANCELED, true);
	txn_cancel_branches(t, ~0ULL, x->code > 0 && x->code < 700 ? (int)x->code : 0, STR_NULL);
	x->rc = 1;
}

int32_t std_tmx_t_cancel_callid_code(struct run *r, const struct str *callid, const struct str *cseq,
				     int64_t flag, int64_t code)
{
	struct other x = {.call_id = *callid, .flag = flag, .code = code};

	return by_callid(r, cancel_there, &x, cseq);
}

int32_t std_tmx_t_cancel_callid(struct run *r, const struct str *callid, const struct str *cseq,
				int64_t flag)
{
	return std_tmx_t_cancel_callid_code(r, callid, cseq, flag, 0);
}

static void reply_there(struct worker *w, void *arg)
{
	struct other *x = arg;
	struct txn *t = txn_find_callid(w, x->call_id, x->cseq);

	if (t && x->code >= 100 && x->code <= 699)
		x->rc = yes(txn_reply(t, (int)x->code, x->reason, STR_NULL, STR_NULL) == 0);
}

int32_t std_tmx_t_reply_callid(struct run *r, const struct str *callid, const struct str *cseq,
			       int64_t code, const struct str *reason)
{
	struct other x = {.call_id = *callid, .reason = *reason, .code = code};

	return by_callid(r, reply_there, &x, cseq);
}

static void continue_there(struct worker *w, void *arg)
{
	struct other *x = arg;
	struct txn *t = txn_find_id(w, x->index, x->label);

	if (!t || txn_continue_await(t) != 0)
		return;
	txn_route_run(t, TXN_RUN_FAILURE, x->route);
	txn_continue_done(t);
	x->rc = 1;
}

int32_t std_tmx_t_continue(struct run *r, int64_t tindex, int64_t tlabel, int32_t route)
{
	struct other x = {.route = route};

	if (route < 0 || !set_id(&x, tindex, tlabel))
		return -1;
	return on_owner(r, txn_index_worker(r->worker, x.index), continue_there, &x);
}

static void cancel_branch_there(struct worker *w, void *arg)
{
	struct other *x = arg;
	struct txn *t = txn_find_id(w, x->index, x->label);

	if (!t || x->branch < 0 || x->branch >= txn_branch_count(t))
		return;
	txn_cancel_branches(t, 1ULL << x->branch, 0, STR_NULL);
	x->rc = 1;
}

int32_t std_tmx_t_cancel_branch_idx(struct run *r, int64_t tindex, int64_t tlabel, int64_t bindex)
{
	struct other x = {.branch = bindex};

	if (!set_id(&x, tindex, tlabel))
		return -1;
	return on_owner(r, txn_index_worker(r->worker, x.index), cancel_branch_there, &x);
}

/* ---- this transaction ---- */

int32_t std_tmx_t_flush_flags(struct run *r)
{
	if (!r->txn || !r->draft)
		return -1;
	*txn_msg_flags(r->txn) = r->draft->flags;
	return 1;
}

int32_t std_tmx_t_flush_xflags(struct run *r)
{
	struct sip_draft *d = r->txn && r->draft ? txn_draft(r->txn) : NULL;

	if (!d)
		return -1;
	memcpy(d->xflags, r->draft->xflags, sizeof(d->xflags));
	return 1;
}

int32_t std_tmx_t_is_failure_route(struct run *r)
{
	return yes(r->kind == IN_FAILURE);
}
int32_t std_tmx_t_is_branch_route(struct run *r)
{
	return yes(r->kind == IN_BRANCH);
}
int32_t std_tmx_t_is_reply_route(struct run *r)
{
	return yes((r->kind & IN_ONREPLY) != 0);
}
int32_t std_tmx_t_is_request_route(struct run *r)
{
	return yes(r->kind == IN_REQUEST);
}
int32_t std_tmx_t_precheck_trans(struct run *r)
{
	(void)r;
	return -1;
}

int32_t std_tmx_t_suspend(struct run *r)
{
	int32_t rc = tm_need_txn(r);

	if (rc <= 0)
		return rc;
	txn_save_draft(r->txn, r->draft);
	return yes(txn_suspend(r->txn) == 0);
}

/* Ends the script, too. */
int32_t std_tmx_t_drop(struct run *r)
{
	if (!r->txn)
		return -1;
	txn_release(r->txn);
	return 0;
}

int32_t std_tmx_t_drop_code(struct run *r, int64_t code)
{
	(void)code; /* nothing counts it: the transaction ends without a reply */
	return std_tmx_t_drop(r);
}

int32_t std_tmx_t_reuse_branch(struct run *r)
{
	struct txn_branch *b = r->txn ? txn_picked(r->txn) : NULL;

	if (!b || !r->draft)
		return -1;
	sip_draft_take_branch(r->draft, txn_branch_target(b));
	/* a text of its own, so that the relay sees a new target */
	return sip_draft_set_uri(r->draft, txn_branch_target(b)->uri) == 0 ? 1 : -1;
}

/* ---- pseudo-variables ---- */

static struct txn_branch *branch(struct run *r)
{
	if (!r->txn)
		return NULL;
	if (txn_picked(r->txn))
		return txn_picked(r->txn);
	return r->branch >= 0 ? txn_branch_at(r->txn, (unsigned)r->branch) : NULL;
}

static int code_now(struct run *r)
{
	struct txn_branch *b = r->kind == IN_FAILURE ? branch(r) : NULL;

	if (r->kind & IN_ONREPLY && r->draft && !r->draft->msg->is_request)
		return r->draft->msg->status;
	if (b)
		return txn_branch_status(b);
	return r->txn ? txn_status(r->txn) : 0;
}

/* A reply route of the core stands before any transaction. */
static bool before_txn(const struct run *r)
{
	return r->kind & IN_ONREPLY && !r->txn;
}

static bool in_failure(const struct run *r)
{
	return r->kind == IN_FAILURE && !r->event_name;
}

/* In a failure route the number of branches so far: it speaks for none of them. */
static int64_t branch_index(const struct run *r)
{
	if (in_failure(r) && r->txn)
		return txn_branch_count(r->txn);
	return r->branch >= 0 ? r->branch : before_txn(r) ? -1 : 0;
}

int32_t std_tmx_pv_t_branch_idx_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	(void)n;
	*ret = value_int(branch_index(r));
	return 0;
}

int32_t std_tmx_pv_t_reply_code_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	(void)n;
	*ret = value_int(code_now(r));
	return 0;
}

/* Of the reply that runs, or of the one that a failure route is about; empty elsewhere. */
int32_t std_tmx_pv_t_reply_reason_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct txn_branch *b = in_failure(r) ? branch(r) : NULL;
	struct sip_msg *m = b ? txn_branch_reply(b) : NULL;

	(void)n;
	if (r->kind & IN_ONREPLY && r->draft && !r->draft->msg->is_request)
		m = r->draft->msg;
	*ret = value_str(m ? m->reason : b ? sip_status_text(txn_branch_status(b)) : S(""));
	return 0;
}

int32_t std_tmx_pv_t_reply_last_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	bool reply = r->kind & IN_ONREPLY && r->txn && r->draft && !r->draft->msg->is_request;

	(void)n;
	*ret = reply ? value_int(r->draft->msg->status) : value_str(S(""));
	return 0;
}

int32_t std_tmx_pv_t_reply_ruid_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct txn_branch *b = branch(r);

	(void)n;
	*ret = value_str(b && txn_branch_target(b)->ruid.n ? txn_branch_target(b)->ruid : S(""));
	return 0;
}

enum t_key { ID_INDEX, ID_LABEL, ID_INDEX_N, ID_LABEL_N, REPLY_CODE, REPLY_TYPE, BRANCH_INDEX, URI, RUID, FLAGS,
	     REPLY_REASON };

/* 1: a reply made here has won; told in failure routes alone. */
static struct value reply_type(struct run *r)
{
	struct txn_branch *b = in_failure(r) ? branch(r) : NULL;

	return r->txn ? value_int(b && !txn_branch_reply(b)) : value_null();
}

/* Of the branch that replied, in its reply route. */
static struct value branch_uri(struct run *r)
{
	struct txn_branch *b = r->kind & IN_ONREPLY ? branch(r) : NULL;

	return b && txn_branch_target(b)->uri.n ? value_str(txn_branch_target(b)->uri) : value_null();
}

/* $T(key) and $T_branch(key) are one and the same. */
int32_t std_tmx_pv_t_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct txn_branch *b = branch(r);

	switch ((enum t_key)n->num) {
	case REPLY_CODE:
		*ret = value_int(code_now(r));
		return 0;
	case REPLY_TYPE:
		*ret = reply_type(r);
		return 0;
	case BRANCH_INDEX:
		*ret = value_int(branch_index(r));
		return 0;
	case ID_INDEX:
	case ID_INDEX_N:
		*ret = r->txn ? value_int(txn_index(r->txn)) : value_null();
		return 0;
	case ID_LABEL:
	case ID_LABEL_N:
		*ret = r->txn ? value_int(txn_label(r->txn)) : value_null();
		return 0;
	case REPLY_REASON:
		return std_tmx_pv_t_reply_reason_get(r, n, ret);
	case URI:
		*ret = branch_uri(r);
		return 0;
	case RUID:
		if (!r->txn)
			break;
		return std_tmx_pv_t_reply_ruid_get(r, n, ret);
	case FLAGS:
		*ret = b && r->kind != IN_BRANCH ? value_int(*txn_branch_flags(b)) : value_null();
		return 0;
	}
	*ret = value_null();
	return 0;
}

int32_t std_tmx_pv_t_branch_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	return std_tmx_pv_t_get(r, n, ret);
}

/* The inner variable, evaluated over another message than the run's own. */
static int32_t over(struct run *r, struct sip_draft *d, int32_t kind, const struct pv_name *n,
		    struct value *ret)
{
	struct sip_draft *own = r->draft;
	int32_t own_kind = r->kind, rc;

	*ret = value_null();
	if (!d || !n->inner)
		return 0;
	script_log_prefix_settle();
	r->draft = d;
	r->kind = kind;
	rc = n->inner->get(r, ret);
	r->draft = own;
	r->kind = own_kind;
	return rc;
}

/* As it was received: what the script changed since is not seen. */
static int32_t over_msg(struct run *r, struct sip_msg *m, const struct pv_name *n, struct value *ret)
{
	struct sip_draft d;

	if (!m || !run_hold_msg(r, m))
		return over(r, NULL, 0, n, ret);
	sip_draft_init(&d, m, r->arena);
	return over(r, &d, m->is_request ? IN_REQUEST : IN_TM_ONREPLY, n, ret);
}

int32_t std_tmx_pv_t_req_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct txn *t = r->txn;

	if (!t && r->draft && !r->draft->msg->is_request) {
		struct txn_branch *b = txn_find_reply(r->worker, r->draft->msg);

		t = b ? txn_branch_txn(b) : NULL;
	}
	return over_msg(r, t ? txn_request(t) : NULL, n, ret);
}

int32_t std_tmx_pv_t_rpl_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct txn_branch *b = branch(r);

	return over_msg(r, b ? txn_branch_reply(b) : NULL, n, ret);
}

int32_t std_tmx_pv_t_inv_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct sip_msg *m = r->draft ? r->draft->msg : NULL;
	struct txn *t = m && m->is_request && m->method == SIP_CANCEL
				? txn_find_cancelled(r->worker, m)
				: NULL;

	return over_msg(r, t ? txn_request(t) : NULL, n, ret);
}

STD_MODULE(tmx)
