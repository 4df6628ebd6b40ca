/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record when a flagged transaction is answered, one when a flagged call is missed, and one when the
 * script asks. Each becomes a line of the log and goes to the backends of acc.h.
 */
#define STD_NAME acc
#define STD_DEF "acc/acc.def"
#include "abi/std.h"

#include <stdio.h>
#include <time.h>

#include "acc/acc.h"
#include "base/bug.h"
#include "core/log.h"
#include "core/worker.h"
#include "script/env.h"
#include "script/run.h"
#include "script/vars.h"
#include "sip/build.h"
#include "sip/draft.h"
#include "txn/txn.h"

enum { LINE_MAX_BYTES = 8192, LEGS_MAX = 16 };

static struct {
	acc_backend_fn *fn;
	void *arg;
} backends[ACC_BACKENDS_MAX];
static size_t n_backends;

int acc_add_backend(acc_backend_fn *fn, void *arg)
{
	if (n_backends == ACC_BACKENDS_MAX)
		return RT_E_LIMIT;
	backends[n_backends].fn = fn;
	backends[n_backends++].arg = arg;
	return 0;
}

static bool flagged(const struct sip_draft *d, int64_t flag)
{
	return flag >= 0 && flag < 32 && (d->flags >> flag & 1);
}

/* ---- the values ---- */

struct extras {
	struct acc_pair v[ACC_EXTRA_MAX];
	size_t n;
};

static void add_pair(struct extras *e, struct str name, struct str value)
{
	if (e->n < ACC_EXTRA_MAX)
		e->v[e->n++] = (struct acc_pair){name, value};
}

/* Null and what cannot be read show as empty. */
static struct str value_of(struct run *r, const struct fmt_ref *fmt)
{
	struct str s;

	if (fmt->eval(r, &s) || str_eq(s, S("<null>")))
		return S("");
	return s;
}

static void add_log_extra(struct run *r, struct extras *e)
{
	for (int32_t i = 0; i < param.log_extra.n; i++)
		add_pair(e, param.log_extra.pairs[i].name, value_of(r, &param.log_extra.pairs[i].fmt));
}

/* "$avp(x)" as its name in the variables, for walking its stack. */
static struct avp_key leg_key(struct str text)
{
	size_t open = str_chr(text, '('), close = str_rchr(text, ')');
	struct avp_key k = {.name = STR_NULL};

	if (open != STR_NONE && close != STR_NONE && close > open)
		k.name = str_trim(str_make(text.p + open + 1, close - open - 1));
	if (str_starts(k.name, S("s:")))
		k.name = str_skip(k.name, 2);
	return k;
}

/* One set per leg: the i-th value of each variable of the set, newest first; the first is shown also when empty. */
static void add_legs(struct run *r, struct extras *e)
{
	const struct program_value *set = &param.multi_leg_info;

	for (int64_t leg = 0; set->n && leg < LEGS_MAX; leg++) {
		size_t before = e->n;
		bool any = false;

		for (int32_t i = 0; i < set->n; i++) {
			struct value v = value_null();

			any = (r->sv && avp_get(r->sv, leg_key(set->pairs[i].fmt.text), leg, &v)) || any;
			add_pair(e, set->pairs[i].name, script_text(r, &v));
		}
		if (any)
			continue;
		if (leg > 0)
			e->n = before;
		return;
	}
}

/* ---- the line ---- */

/* Values may not break the line into two records. */
static void add_value(struct sb *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		sb_addc(b, s.p[i] == '\r' || s.p[i] == '\n' ? ' ' : s.p[i]);
}

static void add_time(struct sb *b, int64_t wall_us)
{
	time_t s = (time_t)(wall_us / 1000000);
	char fmt[128], text[128];
	struct tm tm;

	if (param.time_mode == 1) {
		sb_printf(b, ";" STR_FMT "=%lld", STR_ARG(param.time_exten), (long long)(wall_us % 1000000));
	} else if (param.time_mode == 2) {
		sb_printf(b, ";" STR_FMT "=%lld.%03lld", STR_ARG(param.time_attr), (long long)s,
			  (long long)(wall_us / 1000 % 1000));
	} else if (param.time_mode == 3 || param.time_mode == 4) {
		snprintf(fmt, sizeof(fmt), STR_FMT, STR_ARG(param.time_format));
		if (param.time_mode == 3)
			localtime_r(&s, &tm);
		else
			gmtime_r(&s, &tm);
		sb_printf(b, ";" STR_FMT "=", STR_ARG(param.time_attr));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* the script's own format */
		sb_add(b, str_make(text, strftime(text, sizeof(text), fmt, &tm)));
#pragma GCC diagnostic pop
	}
}

static void write_record(struct run *r, const struct acc_record *rec)
{
	struct sb b;

	sb_init(&b, r->arena, LINE_MAX_BYTES);
	sb_printf(&b, "ACC: " STR_FMT ": timestamp=%lld", STR_ARG(rec->what), (long long)(rec->wall_us / 1000000));
	add_time(&b, rec->wall_us);
	sb_printf(&b, ";method=" STR_FMT ";from_tag=" STR_FMT ";to_tag=" STR_FMT ";call_id=" STR_FMT ";code=" STR_FMT
		      ";reason=",
		  STR_ARG(rec->method), STR_ARG(rec->from_tag), STR_ARG(rec->to_tag), STR_ARG(rec->call_id),
		  STR_ARG(rec->code));
	add_value(&b, rec->reason);
	for (size_t i = 0; i < rec->n_extra; i++) {
		sb_printf(&b, ";" STR_FMT "=", STR_ARG(rec->extra[i].name));
		add_value(&b, rec->extra[i].value);
	}
	log_msg((int)param.log_level, STR_FMT, STR_ARG(sb_str(&b)));
	for (size_t i = 0; i < n_backends; i++)
		backends[i].fn(backends[i].arg, r, rec);
}

static void fill_request(struct acc_record *rec, struct sip_msg *req)
{
	struct sip_nameaddr *from = sip_from(req);

	rec->method = req->method_text;
	rec->from_tag = from ? from->tag : STR_NULL;
	rec->call_id = sip_call_id(req);
}

static void finish(struct run *r, struct acc_record *rec)
{
	struct extras *e = arena_new_of(r->arena, struct extras);

	rec->wall_us = worker_wall(r->worker);
	if (e) {
		add_log_extra(r, e);
		add_legs(r, e);
		rec->extra = e->v;
		rec->n_extra = e->n;
	}
	write_record(r, rec);
}

/* ---- transactions ---- */

static struct str to_tag_of(const struct txn_notice *n)
{
	struct sip_nameaddr *to = n->msg ? sip_to(n->msg) : NULL;

	return to && to->tag.n ? to->tag : txn_to_tag(n->t);
}

/* The reply's phrase, or its Reason header when that is wanted and there. */
static struct str reason_of(const struct txn_notice *n)
{
	struct sip_hdr *h;

	if (!n->msg || n->msg->is_request)
		return sip_status_text(n->status);
	h = param.reason_from_hf ? sip_hdr_find(n->msg, S("Reason")) : NULL;
	return h ? h->body : n->msg->reason;
}

static void account(const struct txn_notice *n, struct str what)
{
	struct acc_record rec = {.what = what, .to_tag = to_tag_of(n)};
	struct sip_msg *req = txn_request(n->t);
	struct run r;

	if (!req || run_begin(&r, txn_worker(n->t), txn_draft(n->t), IN_REQUEST, n->t, txn_user(n->t))) {
		log_err("acc: no memory for a record");
		return;
	}
	fill_request(&rec, req);
	rec.code = str_printf(r.arena, "%d", n->status);
	rec.reason = reason_of(n);
	finish(&r, &rec);
	run_end(&r);
}

static bool filtered(int status)
{
	struct str rest = param.failed_filter;

	while (rest.n) {
		uint64_t v;

		if (str_to_u64(str_trim(str_cut(&rest, ',')), 999, &v) && (int)v == status)
			return true;
	}
	return false;
}

static bool is_wanted(const struct txn_notice *n, const struct sip_draft *d)
{
	if (n->status < 200)
		return param.early_media && n->msg && n->msg->body.n;
	return n->status < 300 || (flagged(d, param.failed_transaction_flag) && !filtered(n->status));
}

static void on_reply_out(void *arg, const struct txn_notice *n)
{
	struct sip_draft *d = txn_draft(n->t);
	bool cancel, invite;

	(void)arg;
	cancel = txn_method(n->t) == SIP_CANCEL;
	invite = txn_method(n->t) == SIP_INVITE;
	if (cancel && !param.report_cancels)
		return;
	if (invite && n->status >= 300 && flagged(d, param.log_missed_flag))
		account(n, S("call missed"));
	if (is_wanted(n, d) && flagged(d, param.log_flag))
		account(n, n->status < 200 ? S("early media") : S("transaction answered"));
}

static void on_ack(void *arg, const struct txn_notice *n)
{
	struct sip_draft *d = txn_draft(n->t);

	(void)arg;
	if (param.report_ack && n->msg && n->status < 300 && flagged(d, param.log_flag))
		account(n, S("request acknowledged"));
}

/* ---- script ---- */

/* "486 Busy" gives code and reason, anything else is the reason. */
static void split_comment(struct str comment, struct acc_record *rec)
{
	rec->reason = comment;
	if (comment.n < 3 || !ascii_digit(comment.p[0]) || !ascii_digit(comment.p[1]) || !ascii_digit(comment.p[2]))
		return;
	rec->code = str_head(comment, 3);
	rec->reason = str_ltrim(str_skip(comment, 3));
}

int32_t std_acc_acc_log_request(struct run *r, const struct str *comment)
{
	struct acc_record rec = {.what = S("request accounted")};
	struct sip_nameaddr *to = r->draft ? sip_to(r->draft->msg) : NULL;

	if (!r->draft || !to) {
		script_err(r, "acc_log_request: there is no message");
		return -1;
	}
	rec.to_tag = to->tag;
	fill_request(&rec, r->draft->msg);
	split_comment(*comment, &rec);
	finish(r, &rec);
	return 1;
}

static int init(const struct program *p)
{
	int err;

	(void)p;
	n_backends = 0;
	if (param.detect_direction) {
		log_err("acc: detect_direction is known, not supported yet");
		return RT_E_UNSUPP;
	}
	if (!str_eq(param.log_facility, S("LOG_DAEMON"))) {
		log_err("acc: log_facility other than LOG_DAEMON is known, not supported yet");
		return RT_E_UNSUPP;
	}
	err = txn_observe(TXN_EV_REPLY_OUT, on_reply_out, NULL);
	return err ? err : txn_observe(TXN_EV_ACK_IN, on_ack, NULL);
}

STD_MODULE(acc, .init = init)
