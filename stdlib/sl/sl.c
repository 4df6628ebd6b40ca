/* SPDX-License-Identifier: Apache-2.0 */
#define STD_NAME sl
#define STD_DEF "sl/sl.def"
#include "rpc/rpc.h"
#include "abi/std.h"

#include <stdio.h>

#include "core/counter.h"
#include "script/env.h"
#include "script/reply.h"
#include "script/run.h"
#include "txn/tag.h"
#include "txn/txn.h"

/* The script's code; one that is no number or none of a reply makes the default, the reason stays. */
static int code_of(int32_t code)
{
	return code >= 100 && code <= 699 ? code : (int)param.default_code;
}

static struct str reason_of(const struct str *reason)
{
	return reason->n ? *reason : param.default_reason;
}

static int32_t sent(struct run *r, int err)
{
	if (err && err != RT_E_STATE)
		script_err(r, "reply is not sent: %s", rt_strerror(err));
	return err ? -1 : 1;
}

int32_t std_sl_sl_send_reply(struct run *r, int32_t code, const struct str *reason)
{
	return sent(r, script_reply_stateless(r, code_of(code), reason_of(reason)));
}

int32_t std_sl_send_reply(struct run *r, int32_t code, const struct str *reason)
{
	return sent(r, script_reply(r, code_of(code), reason_of(reason)));
}

enum { MODE_NO_CONNECT = 1, MODE_CLOSE = 2 };

int32_t std_sl_send_reply_mode(struct run *r, int32_t code, const struct str *reason,
			       int64_t mode)
{
	uint32_t flags = (mode & MODE_NO_CONNECT ? SIP_SEND_NO_CONNECT : 0) |
			 (mode & MODE_CLOSE ? SIP_SEND_CLOSE : 0);

	if (!r->draft)
		return -1;
	r->draft->rpl_send |= flags;
	if (r->txn && txn_draft(r->txn))
		txn_draft(r->txn)->rpl_send |= flags;
	return std_sl_send_reply(r, code, reason);
}

int32_t std_sl_sl_reply_error(struct run *r)
{
	struct txn_failure f = txn_failure(r->txn);
	int err = script_reply_stateless(r, f.status, str_printf(r->arena, "%s (%d/SL)", f.words, f.number));

	if (!err)
		counter_inc(counter_get(S("sl"), S("sent_err_replies")));
	return sent(r, err);
}

int32_t std_sl_send_reply_error(struct run *r)
{
	struct txn_failure f = txn_failure(r->txn);

	return r->txn ? sent(r, script_reply(r, f.status, str_printf(r->arena, "%s (%d/TM)", f.words, f.number)))
		      : std_sl_sl_reply_error(r);
}

/* ---- replies of others ---- */

int32_t std_sl_sl_forward_reply2(struct run *r, const struct str *code, const struct str *reason)
{
	struct sip_draft *d = r->draft;
	uint64_t n;

	if (!d || d->msg->is_request)
		return -1;
	n = (uint64_t)d->msg->status;
	if (code->n && (!str_to_u64(*code, 699, &n) || (int)n / 100 != d->msg->status / 100)) {
		script_err(r, "sl_forward_reply: the code must stay in its class");
		return -1;
	}
	if ((code->n || reason->n) && sip_draft_set_reply(d, (int)n, *reason))
		return -1;
	return sent(r, script_forward_reply_await(r->worker, d));
}

int32_t std_sl_sl_forward_reply1(struct run *r, const struct str *code)
{
	return std_sl_sl_forward_reply2(r, code, &(struct str){NULL, 0});
}

int32_t std_sl_sl_forward_reply(struct run *r)
{
	return std_sl_sl_forward_reply1(r, &(struct str){NULL, 0});
}

/* The tag is the same with and without a transaction. */
int32_t std_sl_pv_ltt_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct sip_msg *m = r->draft ? r->draft->msg : NULL;
	char buf[TXN_TAG_LEN + 1];
	struct str tag;

	(void)n;
	*ret = value_null();
	if (!m || !m->is_request)
		return 0;
	tag = str_dup(r->arena, txn_tag(m, buf));
	if (tag.p)
		*ret = value_str(tag);
	return 0;
}

/* ---- what is counted and told ---- */

static int32_t filtered_ack = -1, local_response = -1;

static void run_event(struct worker *w, struct sip_draft *d, int32_t route, const char *name)
{
	struct run r;

	if (route < 0 || run_begin(&r, w, d, IN_EVENT, NULL, NULL))
		return;
	r.event_name = name;
	(void)script_exec(&r, route);
	run_end(&r);
}

/* Handles of the counters that every reply moves; by name only at start. */
static const int own_status[] = {200, 202, 300, 301, 302, 400, 401, 403, 404, 407, 408, 483, 500};
static struct {
	int own[700], of_class[7], sent;
} counts;

static void find_counters(void)
{
	char name[32];

	for (int status = 0; status < 700; status++)
		counts.own[status] = COUNTER_NONE;
	for (size_t i = 0; i < sizeof(own_status) / sizeof(own_status[0]); i++) {
		snprintf(name, sizeof(name), "%d_replies", own_status[i]);
		counts.own[own_status[i]] = counter_get(S("sl"), str_of(name));
	}
	for (int i = 1; i < 7; i++) {
		snprintf(name, sizeof(name), "%dxx_replies", i);
		counts.of_class[i] = counter_get(S("sl"), str_of(name));
	}
	counts.sent = counter_get(S("sl"), S("sent_replies"));
}

static void count(int status)
{
	if (status >= 100 && status <= 699) {
		counter_inc(counts.own[status]);
		counter_inc(counts.of_class[status / 100]);
	}
	counter_inc(counts.sent);
}

/* The route sees the reply. */
static void tell(struct worker *w, struct str reply)
{
	struct sip_msg *m = NULL;
	struct sip_draft d;

	if (sip_msg_parse(NULL, reply, &m) != 0)
		return;
	sip_draft_init(&d, m, m->arena);
	run_event(w, &d, local_response, "sl:local-response");
	sip_msg_unref(&m);
}

static void on_sent(struct worker *w, struct str reply, int status, int err)
{
	if (err) {
		counter_inc(counter_get(S("sl"), S("failures")));
		return;
	}
	count(status);
	if (local_response >= 0)
		tell(w, reply);
}

/* An ACK of a negative reply has the branch of its INVITE, so the tag that we gave comes out again. */
static bool on_ack(struct worker *w, struct sip_draft *d)
{
	struct sip_nameaddr *to = sip_to(d->msg);
	char buf[TXN_TAG_LEN + 1];

	if (!to || to->tag.n != TXN_TAG_LEN || !str_eq(to->tag, txn_tag(d->msg, buf)) ||
	    txn_find_request(w, d->msg))
		return false;
	counter_inc(counter_get(S("sl"), S("received_ACKs")));
	run_event(w, d, filtered_ack, "sl:filtered-ack");
	return true;
}

static int64_t value_of(const char *name)
{
	return counter_value(counter_get(S("sl"), str_of(name)));
}

void std_sl_rpc_stats(struct rpc *c)
{
	static const char *const rows[] = {"200", "202", "2xx", "300", "301", "302", "3xx", "400", "401",
					   "403", "404", "407", "408", "483", "4xx", "500", "5xx", "6xx",
					   "xxx"};
	struct rpc_node *n = rpc_add_struct(c, NULL, NULL);
	char name[32];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(name, sizeof(name), "%s_replies", rows[i]);
		rpc_add_int(c, n, rows[i], value_of(name));
	}
}

static int init(const struct program *p)
{
	find_counters();
	filtered_ack = script_event(p, "sl:filtered-ack");
	local_response = script_event(p, "sl:local-response");
	script_reply_hooks.sent = on_sent;
	script_reply_hooks.ack = on_ack;
	return 0;
}

STD_MODULE(sl, .init = init)
