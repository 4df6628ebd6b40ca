/* SPDX-License-Identifier: Apache-2.0 */
/* A line when a flagged transaction is answered, and one when a flagged call is missed. */
#define STD_NAME acc
#define STD_DEF "acc/acc.def"
#include "abi/std.h"

#include "core/log.h"
#include "core/worker.h"
#include "script/run.h"
#include "sip/draft.h"
#include "txn/txn.h"

enum { LINE_MAX_BYTES = 8192 };

static bool flagged(const struct sip_draft *d, int64_t flag)
{
	return flag >= 0 && flag < 32 && (d->flags >> flag & 1);
}

/* Values may not break the line into two records. */
static void add_value(struct sb *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		sb_addc(b, s.p[i] == '\r' || s.p[i] == '\n' ? ' ' : s.p[i]);
}

static void add_extra(struct sb *b, struct run *r)
{
	const struct program_value *v = &param.log_extra;
	struct str s;

	for (int32_t i = 0; i < v->n; i++) {
		sb_printf(b, ";" STR_FMT "=", STR_ARG(v->pairs[i].name));
		if (v->pairs[i].fmt.eval(r, &s) == 0)
			add_value(b, s);
	}
}

static struct str to_tag_of(const struct txn_notice *n)
{
	struct sip_nameaddr *to = n->msg ? sip_to(n->msg) : NULL;

	return to && to->tag.n ? to->tag : txn_to_tag(n->t);
}

static void write_line(const struct txn_notice *n, const char *what)
{
	struct sip_msg *req = txn_request(n->t);
	struct worker *w = txn_worker(n->t);
	struct sip_nameaddr *from = sip_from(req);
	struct str reason = n->msg && !n->msg->is_request ? n->msg->reason : STR_NULL, tag = to_tag_of(n);
	struct run r;
	struct sb b;

	if (run_begin(&r, w, txn_draft(n->t), IN_REQUEST, n->t, txn_user(n->t))) {
		log_err("acc: no memory for a line");
		return;
	}
	sb_init(&b, r.arena, LINE_MAX_BYTES);
	sb_printf(&b, "ACC: %s: timestamp=%lld;method=" STR_FMT ";from_tag=" STR_FMT ";to_tag=" STR_FMT
		      ";call_id=" STR_FMT ";code=%d;reason=",
		  what, (long long)(worker_wall(w) / 1000000), STR_ARG(req->method_text),
		  STR_ARG(from ? from->tag : STR_NULL), STR_ARG(tag), STR_ARG(sip_call_id(req)), n->status);
	add_value(&b, reason);
	add_extra(&b, &r);
	log_msg((int)param.log_level, STR_FMT, STR_ARG(sb_str(&b)));
	run_end(&r);
}

static void on_reply_out(void *arg, const struct txn_notice *n)
{
	struct sip_draft *d = txn_draft(n->t);

	(void)arg;
	if (n->status < 200 || !d || !d->msg)
		return;
	if (n->status < 300 || flagged(d, param.failed_transaction_flag)) {
		if (flagged(d, param.log_flag))
			write_line(n, "transaction answered");
	}
	if (n->status >= 300 && flagged(d, param.log_missed_flag))
		write_line(n, "call missed");
}

static int init(const struct program *p)
{
	(void)p;
	if (param.early_media || param.report_ack || param.report_cancels || param.detect_direction) {
		log_err("acc: early_media, report_ack, report_cancels and detect_direction are not built yet");
		return RT_E_UNSUPP;
	}
	return txn_observe(TXN_EV_REPLY_OUT, on_reply_out, NULL);
}

STD_MODULE(acc, .init = init)
