/* SPDX-License-Identifier: Apache-2.0 */
/* tm: looking at transactions and working on them by RPC. A call lives on the worker that owns its Call-ID. */
#define STD_NAME tm
#define STD_DEF "tm/tm.def"
#define STD_PROTOTYPES_ONLY
#include "rpc/rpc.h"
#include "abi/std.h"

#include <stdio.h>

#include "core/counter.h"
#include "core/fiber.h"
#include "net/net.h"
#include "tm/tm_state.h"

static int64_t count(struct str group, const char *name)
{
	int h = counter_find(group, str_of(name));

	return h == COUNTER_NONE ? 0 : counter_value(h);
}

void std_tm_rpc_stats(struct rpc *c)
{
	static const char *const classes[] = {"6xx", "5xx", "4xx", "3xx", "2xx"};
	struct rpc_node *n = rpc_add_struct(c, NULL, NULL);
	int64_t now = count(S("tmx"), "inuse_transactions"), made = count(S("tm"), "created");
	char name[32];

	rpc_add_int(c, n, "current", now);
	rpc_add_int(c, n, "waiting", count(S("tm"), "waiting"));
	rpc_add_int(c, n, "total", made);
	rpc_add_int(c, n, "total_local", count(S("tm"), "local"));
	rpc_add_int(c, n, "rpl_received", count(S("tmx"), "rpl_received"));
	rpc_add_int(c, n, "rpl_generated", count(S("tmx"), "rpl_generated"));
	rpc_add_int(c, n, "rpl_sent", count(S("tmx"), "rpl_sent"));
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		snprintf(name, sizeof(name), "%s_transactions", classes[i]);
		rpc_add_int(c, n, classes[i], count(S("tmx"), name));
	}
	rpc_add_int(c, n, "created", made);
	rpc_add_int(c, n, "freed", made - now);
	rpc_add_int(c, n, "delayed_free", 0);
}

void std_tm_rpc_hash_stats(struct rpc *c)
{
	rpc_fail(c, 500, "Hash statistics not supported (tryrecompiling with -DTM_HASH_STATS)");
}

void std_tm_rpc_clean(struct rpc *c)
{
	(void)c;
}

/* ---- list ---- */

static void add_header(struct rpc *c, struct rpc_node *n, const char *name, struct sip_msg *m,
		       enum sip_hdr_id id)
{
	struct sip_hdr *h = m ? m->first[id] : NULL;

	rpc_add_str(c, n, name, h ? sip_hdr_raw(h) : STR_NULL);
}

static bool list_one(void *arg, struct txn *t)
{
	struct rpc *c = arg;
	bool rests = txn_rests(t);
	struct sip_msg *m = txn_request(t);
	struct rpc_node *n = rpc_add_struct(c, NULL, NULL);
	struct sip_cseq cs = {0};

	rpc_add_fmt(c, n, "cell", "%p", (void *)t);
	rpc_add_int(c, n, "tindex", txn_index(t));
	rpc_add_int(c, n, "tlabel", txn_label(t));
	rpc_add_str(c, n, "method", m ? m->method_text : STR_NULL);
	add_header(c, n, "from", m, SIP_HDR_FROM);
	add_header(c, n, "to", m, SIP_HDR_TO);
	add_header(c, n, "callid", m, SIP_HDR_CALL_ID);
	if (m)
		(void)sip_cseq(m, &cs);
	rpc_add_fmt(c, n, "cseq", "CSeq: %u", cs.num);
	rpc_add_str(c, n, "uas_request", txn_flags(t) & TXN_LOCAL ? S("no") : S("yes"));
	rpc_add_int(c, n, "tflags", txn_flags(t));
	rpc_add_int(c, n, "outgoings", txn_branch_count(t));
	rpc_add_int(c, n, "ref_count", 1);
	rpc_add_int(c, n, "lifetime", txn_lifetime_ms(t));
	if (rests)
		txn_rest_again(t);
	return !c->fault;
}

static void list_worker(struct worker *w, void *arg)
{
	txn_each(w, list_one, arg);
}

void std_tm_rpc_list(struct rpc *c)
{
	rpc_each_worker(c, list_worker, c);
}

/* ---- work on one ---- */

/* Looked for on every worker, since an index does not tell its own; found: the first. */
struct work {
	struct rpc *c;
	struct str call_id;
	uint32_t cseq, index, label;
	int code; /* 0: cancel */
	struct str reason, headers, body;
	bool found;
	int err;
	unsigned left;
};

static void work_on(struct worker *w, void *arg)
{
	struct work *x = arg;
	struct txn *t = x->call_id.n ? txn_find_callid(w, x->call_id, x->cseq)
				     : txn_find_id(w, x->index, x->label);

	if (!t || x->found)
		return;
	x->found = true;
	if (x->code) {
		x->err = txn_reply(t, x->code, x->reason, x->headers, x->body);
		return;
	}
	txn_cancel_branches(t, ~0ULL, 0, STR_NULL);
	for (unsigned i = 0; i < txn_branch_count(t); i++)
		x->left += txn_branch_status(txn_branch_at(t, i)) < 200;
}

/* Call-ID and CSeq number from argument i on; what is no number is that of no request. */
static bool call_args(struct rpc *c, size_t i, struct work *x)
{
	struct str text;
	uint64_t n = 0;

	if (!rpc_arg_str(c, i, true, &x->call_id) || !rpc_arg_str(c, i + 1, true, &text))
		return false;
	x->cseq = str_to_u64(text, UINT32_MAX, &n) ? (uint32_t)n : 0;
	return true;
}

void std_tm_rpc_cancel(struct rpc *c)
{
	struct work x = {.c = c};

	if (!call_args(c, 0, &x)) {
		rpc_fail(c, 400, "Callid and CSeq expected as parameters");
		return;
	}
	rpc_each_worker(c, work_on, &x);
	if (c->fault)
		return;
	if (!x.found) {
		rpc_fail(c, 400, "Transaction not found");
	} else if (x.left) {
		rpc_add_int(c, NULL, NULL, x.left);
		rpc_add_str(c, NULL, NULL, S("branches remaining (waiting for timeout)"));
	}
}

static bool code_args(struct rpc *c, struct work *x)
{
	struct str text;
	int64_t code;

	if (!rpc_arg_str(c, 0, true, &text) || !str_to_i64(text, &code) || code < 100 || code > 699) {
		rpc_fail(c, 400, "Reply code expected");
		return false;
	}
	if (!rpc_arg_str(c, 1, true, &x->reason)) {
		rpc_fail(c, 400, "Reason phrase expected");
		return false;
	}
	x->code = (int)code;
	return true;
}

/* The To tag of the reference's form is read and not used: a transaction keeps one tag. */
static void answer(struct rpc *c, struct work *x, size_t rest)
{
	struct str tag;

	if (!rpc_arg_str(c, rest - 1, true, &tag)) {
		rpc_fail(c, 400, "To tag expected");
		return;
	}
	if (!rpc_arg_str(c, rest, true, &x->headers) || str_eq(x->headers, S(".")))
		x->headers = STR_NULL;
	if (!rpc_arg_str(c, rest + 1, true, &x->body))
		x->body = STR_NULL;
	rpc_each_worker(c, work_on, x);
	if (c->fault)
		return;
	if (!x->found && x->call_id.n)
		rpc_fail(c, 404, "Transaction not found");
	else if (!x->found)
		rpc_fail(c, 481, "No such transaction");
	else if (x->err)
		rpc_fail(c, 500, "Reply failed");
}

void std_tm_rpc_reply(struct rpc *c)
{
	struct work x = {.c = c};
	struct str id, index;
	uint64_t i, l;

	if (!code_args(c, &x))
		return;
	if (!rpc_arg_str(c, 2, true, &id)) {
		rpc_fail(c, 400, "Transaction ID expected");
		return;
	}
	index = str_cut(&id, ':');
	if (!str_to_u64(index, UINT32_MAX, &i) || !str_to_u64(id, UINT32_MAX, &l)) {
		rpc_fail(c, 400, "Invalid transaction ID");
		return;
	}
	x.index = (uint32_t)i;
	x.label = (uint32_t)l;
	answer(c, &x, 4);
}

void std_tm_rpc_reply_callid(struct rpc *c)
{
	struct work x = {.c = c};

	if (!code_args(c, &x))
		return;
	if (!call_args(c, 2, &x)) {
		rpc_fail(c, 400, c->n_args < 3 ? "Call-ID expected" : "CSeq expected");
		return;
	}
	answer(c, &x, 5);
}
