/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record when a flagged transaction is answered, one when a flagged call is missed, and one when the
 * script asks. By its flag it becomes a line of the log, which goes to the backends of acc.h too, and rows of a database.
 */
#define STD_NAME acc
#define STD_DEF "acc/acc.def"
#include "abi/std.h"

#include <stdio.h>
#include <time.h>

#include "acc/acc_priv.h"
#include "base/bug.h"
#include "base/fmt.h"
#include "core/log.h"
#include "core/worker.h"
#include "script/env.h"
#include "script/run.h"
#include "script/vars.h"
#include "sip/build.h"
#include "sip/draft.h"
#include "txn/txn.h"

enum { LINE_MAX_BYTES = 8192 };

/* Where a record goes. */
enum { TO_LOG = 1, TO_DB = 2 };

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

static bool flagged(uint32_t flags, int64_t flag)
{
	return flag >= 0 && flag < 32 && (flags >> flag & 1);
}

/* ---- the values ---- */

struct extras {
	struct acc_pair v[ACC_EXTRA_MAX];
	size_t n;
};

static struct extras *extras_new(struct run *r)
{
	struct extras *e = arena_raw(r->arena, sizeof(*e));

	if (e)
		e->n = 0;
	return e;
}

static void add_pair(struct extras *e, struct acc_pair pair)
{
	if (e->n < ACC_EXTRA_MAX)
		e->v[e->n++] = pair;
}

/* Null and what cannot be read show as empty. */
static void add_pairs(struct run *r, struct extras *e, const struct program_value *pairs)
{
	for (int32_t i = 0; i < pairs->n; i++) {
		struct acc_pair p = {.name = pairs->pairs[i].name};

		p.is_null = pairs->pairs[i].fmt.eval(r, &p.value) || str_eq(p.value, S("<null>"));
		if (p.is_null)
			p.value = S("");
		add_pair(e, p);
	}
}

/* "$avp(x)" as its name in the variables, for walking its stack. */
static struct avp_key leg_key(struct str text)
{
	size_t open = str_chr(text, '('), close = str_rchr(text, ')');
	struct str name = STR_NULL;

	if (open != STR_NONE && close != STR_NONE && close > open)
		name = str_trim(str_make(text.p + open + 1, close - open - 1));
	if (str_starts(name, S("s:")))
		name = str_skip(name, 2);
	return avp_key(0, name);
}

/* One set per leg: the i-th value of each variable of the set, newest first; the first is shown also when empty. `max` bounds the
   values. The number of legs. */
static size_t add_legs(struct run *r, struct extras *e, size_t max)
{
	const struct program_value *set = &param.multi_leg_info;
	size_t leg = 0;

	for (; set->n && leg < ACC_LEGS_MAX && e->n + (size_t)set->n <= max; leg++) {
		size_t before = e->n;
		bool any = false;

		for (int32_t i = 0; i < set->n; i++) {
			struct acc_pair p = {.name = set->pairs[i].name};
			struct avp_key k = leg_key(set->pairs[i].fmt.text);
			struct value v = value_null();

			any = (r->sv && avp_get(r->sv, &k, (int64_t)leg, &v)) || any;
			p.is_null = v.tag == VAL_NULL;
			p.value = script_text(r, &v);
			add_pair(e, p);
		}
		if (any)
			continue;
		if (leg > 0)
			e->n = before;
		return leg ? leg : 1;
	}
	return leg;
}

/* ---- the line ---- */

/* Values may not break the line into two records. */
static void add_value(struct sb *b, struct str s)
{
	if (str_chr(s, '\r') == STR_NONE && str_chr(s, '\n') == STR_NONE) {
		sb_add(b, s);
		return;
	}
	for (size_t i = 0; i < s.n; i++)
		sb_addc(b, s.p[i] == '\r' || s.p[i] == '\n' ? ' ' : s.p[i]);
}

static void add_field(struct sb *b, struct str name, struct str value)
{
	sb_add(b, name);
	sb_add(b, value);
}

struct str acc_time_text(struct arena *a, int64_t wall_us, bool utc, struct str format)
{
	time_t s = (time_t)(wall_us / 1000000);
	char fmt[128], text[128];
	struct tm tm;

	snprintf(fmt, sizeof(fmt), STR_FMT, STR_ARG(format));
	if (!utc)
		localtime_r(&s, &tm);
	else
		gmtime_r(&s, &tm);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* the script's own format */
	return str_dup(a, str_make(text, strftime(text, sizeof(text), fmt, &tm)));
#pragma GCC diagnostic pop
}

static void add_time(struct run *r, struct sb *b, int64_t wall_us)
{
	if (param.time_mode == 1)
		sb_printf(b, ";" STR_FMT "=%lld", STR_ARG(param.time_exten), (long long)(wall_us % 1000000));
	else if (param.time_mode == 2)
		sb_printf(b, ";" STR_FMT "=%lld.%03lld", STR_ARG(param.time_attr), (long long)(wall_us / 1000000),
			  (long long)(wall_us / 1000 % 1000));
	else if (param.time_mode == 3 || param.time_mode == 4)
		sb_printf(b, ";" STR_FMT "=" STR_FMT, STR_ARG(param.time_attr),
			  STR_ARG(acc_time_text(r->arena, wall_us, param.time_mode == 4, param.time_format)));
}

static void write_record(struct run *r, const struct acc_record *rec)
{
	struct sb b;

	sb_init(&b, r->arena, LINE_MAX_BYTES);
	add_field(&b, S("ACC: "), rec->what);
	sb_add(&b, S(": timestamp="));
	sb_addi(&b, rec->wall_us / 1000000);
	add_time(r, &b, rec->wall_us);
	add_field(&b, S(";method="), rec->method);
	add_field(&b, S(";from_tag="), rec->from_tag);
	add_field(&b, S(";to_tag="), rec->to_tag);
	add_field(&b, S(";call_id="), rec->call_id);
	add_field(&b, S(";code="), rec->code);
	sb_add(&b, S(";reason="));
	add_value(&b, rec->reason);
	for (size_t i = 0; i < rec->n_extra; i++) {
		add_field(&b, S(";"), rec->extra[i].name);
		sb_add(&b, S("="));
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

static void to_log(struct run *r, struct acc_record *rec)
{
	struct extras *e = extras_new(r);

	if (e) {
		add_pairs(r, e, &param.log_extra);
		(void)add_legs(r, e, ACC_EXTRA_MAX);
		rec->extra = e->v;
		rec->n_extra = e->n;
	}
	write_record(r, rec);
}

/* A row for each leg, else one: a question that is not asked yet. NULL: memory is out. */
static struct db_ask *rows_of(struct run *r, struct acc_record *rec, struct str table)
{
	struct extras *e = extras_new(r), *legs = extras_new(r);
	struct acc_rows rows = {.rec = rec, .table = table};

	if (!e || !legs)
		return NULL;
	add_pairs(r, e, &param.db_extra);
	rows.n_legs = add_legs(r, legs, ACC_EXTRA_MAX);
	rec->extra = e->v;
	rec->n_extra = e->n;
	rows.legs = legs->v;
	rows.n_leg = rows.n_legs ? legs->n / rows.n_legs : 0;
	return acc_db_rows(&rows);
}

/* Nobody waits: the answer goes on, a failure is logged. */
static void to_db(struct run *r, struct acc_record *rec, const struct fmt_ref *table, struct str by_default)
{
	struct str name = by_default;
	struct db_ask *q;

	if (table && table->eval(r, &name))
		name = by_default;
	q = rows_of(r, rec, name);
	if (!q || db_ask_later(&q))
		log_err("acc: a record of call " STR_FMT " is lost: %s", STR_ARG(rec->call_id),
			"too many wait for the database, or memory is out");
}

/* ---- transactions ---- */

/* The reply's, else the request's within a dialog, else that of our own replies. */
static struct str to_tag_of(const struct txn_notice *n, struct sip_msg *req)
{
	struct sip_nameaddr *to = n->msg ? sip_to(n->msg) : NULL;

	if (!to || !to->tag.n)
		to = sip_to(req);
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

static const struct str missed = {"call missed", 11};

static void account(const struct txn_notice *n, struct str what, unsigned where)
{
	struct acc_record rec = {.what = what};
	bool rests = txn_rests(n->t);
	char code[FMT_INT_MAX];
	struct sip_msg *req = where ? txn_request(n->t) : NULL;
	struct run r;

	if (!where)
		return;
	if (!req || run_begin(&r, txn_worker(n->t), txn_draft(n->t), IN_REQUEST, n->t, txn_user(n->t))) {
		log_err("acc: no memory for a record");
		return;
	}
	(void)sip_msg_ref(req); /* a database may take its time */
	fill_request(&rec, req);
	rec.to_tag = to_tag_of(n, req);
	rec.code = str_make(code, fmt_i64(n->status, code));
	rec.reason = reason_of(n);
	rec.wall_us = worker_wall(r.worker);
	if (where & TO_LOG)
		to_log(&r, &rec);
	if ((where & TO_DB) && str_eq(what, missed))
		to_db(&r, &rec, param.db_table_missed_calls, S("missed_calls"));
	else if (where & TO_DB)
		to_db(&r, &rec, param.db_table_acc, S("acc"));
	run_end(&r);
	sip_msg_unref(&req);
	if (rests)
		txn_rest_again(n->t);
}

static unsigned where(uint32_t flags, int64_t log_flag, int64_t db_flag)
{
	return (flagged(flags, log_flag) ? TO_LOG : 0) | (flagged(flags, db_flag) && acc_db_is_set() ? TO_DB : 0);
}

static unsigned where_answered(uint32_t flags)
{
	return where(flags, param.log_flag, param.db_flag);
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

static bool is_wanted(const struct txn_notice *n, uint32_t flags)
{
	if (n->status < 200)
		return param.early_media && n->msg && n->msg->body.n;
	return n->status < 300 || (flagged(flags, param.failed_transaction_flag) && !filtered(n->status));
}

static unsigned bit(int64_t flag)
{
	return flag >= 0 && flag < 32 ? 1u << flag : 0;
}

/* Once for each time that the flag was set: who tries another callee sets it again. */
static void account_missed(const struct txn_notice *n)
{
	account(n, missed, where(*txn_msg_flags(n->t), param.log_missed_flag, param.db_missed_flag));
	*txn_msg_flags(n->t) &= ~(bit(param.log_missed_flag) | bit(param.db_missed_flag));
}

static void on_failure(void *arg, const struct txn_notice *n)
{
	(void)arg;
	if (txn_method(n->t) == SIP_INVITE)
		account_missed(n);
}

static void on_reply_out(void *arg, const struct txn_notice *n)
{
	(void)arg;
	if (txn_method(n->t) == SIP_CANCEL && !param.report_cancels)
		return;
	if (txn_method(n->t) == SIP_INVITE && n->status >= 300)
		account_missed(n);
	if (is_wanted(n, *txn_msg_flags(n->t)))
		account(n, n->status < 200 ? S("early media") : S("transaction answered"), where_answered(*txn_msg_flags(n->t)));
}

static void on_ack(void *arg, const struct txn_notice *n)
{
	(void)arg;
	if (param.report_ack && n->msg && n->status < 300)
		account(n, S("request acknowledged"), where_answered(*txn_msg_flags(n->t)));
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

/* False, logged: there is no message. */
static bool record_of(struct run *r, struct str comment, struct acc_record *rec)
{
	struct sip_nameaddr *to = r->draft ? sip_to(r->draft->msg) : NULL;

	if (!to) {
		script_err(r, "there is no message to be accounted");
		return false;
	}
	*rec = (struct acc_record){.what = S("request accounted"), .to_tag = to->tag, .wall_us = worker_wall(r->worker)};
	fill_request(rec, r->draft->msg);
	split_comment(comment, rec);
	return true;
}

int32_t std_acc_acc_log_request(struct run *r, const struct str *comment)
{
	struct acc_record rec;

	if (!record_of(r, *comment, &rec))
		return -1;
	to_log(r, &rec);
	return 1;
}

static int32_t db_request_await(struct run *r, struct acc_record *rec, struct str table)
{
	char why[DB_WHY_MAX] = "out of memory";
	struct db_ask *q = rows_of(r, rec, table);
	int err = q ? db_ask_await(&q, DB_TIMEOUT_DEFAULT, why) : RT_E_NOMEM;

	db_ask_free(&q);
	if (err)
		script_err(r, "the request cannot be accounted in " STR_FMT ": %s", STR_ARG(table), why);
	return err ? -1 : 1;
}

int32_t std_acc_acc_db_request(struct run *r, const struct str *comment, const struct str *table)
{
	struct acc_record rec;

	if (!acc_db_is_set()) {
		script_err(r, "acc_db_request: there is no database (modparam acc db_url)");
		return -1;
	}
	return record_of(r, *comment, &rec) ? db_request_await(r, &rec, *table) : -1;
}

int32_t std_acc_acc_request(struct run *r, const struct str *comment, const struct str *table)
{
	struct acc_record rec;

	if (!record_of(r, *comment, &rec))
		return -1;
	to_log(r, &rec);
	return acc_db_is_set() ? db_request_await(r, &rec, *table) : 1;
}

int32_t std_acc_param_cdr_enable(const struct program_value *v)
{
	if (!v->i)
		return 0;
	log_err("acc: cdr_enable: call records need the dialog module, which is known, not supported yet");
	return RT_E_UNSUPP;
}

static int init_db(void)
{
	const struct acc_db_conf c = {
		.url = param.db_url,
		.columns = {param.acc_method_column, param.acc_from_tag_column, param.acc_to_tag_column, param.acc_callid_column,
			    param.acc_sip_code_column, param.acc_sip_reason_column, param.acc_time_column},
		.time_mode = (int)param.time_mode,
		.time_attr = param.time_attr,
		.time_exten = param.time_exten,
		.time_format = param.time_format,
		.nullable = param.acc_extra_nullable != 0,
	};

	return acc_db_init(&c);
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
	err = init_db();
	if (!err)
		err = txn_observe(TXN_EV_FAILURE, on_failure, NULL);
	if (!err)
		err = txn_observe(TXN_EV_REPLY_OUT, on_reply_out, NULL);
	return err ? err : txn_observe(TXN_EV_ACK_IN, on_ack, NULL);
}

STD_MODULE(acc, .init = init, .worker_init = acc_db_start, .fini = acc_db_fini)
