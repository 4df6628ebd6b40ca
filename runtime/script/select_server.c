/* SPDX-License-Identifier: Apache-2.0 */
/* Selects of the server: sys, branch, cfg_get, and tm's of the transaction. */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "core/worker.h"
#include "script/cfg.h"
#include "script/run.h"
#include "script/select_priv.h"
#include "txn/txn.h"

/* ---- sys ---- */

enum sys { SYS_PID, SYS_SERVER_ID, SYS_UNIQUE, SYS_NOW, SYS_LOCAL, SYS_UTC };

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* the format is the script's */
static bool time_text(struct sel *s, const struct sel_part *p, bool utc)
{
	time_t now = (time_t)(worker_wall(s->r->worker) / 1000000);
	const char *fmt = p->has_key ? str_z(s->r->arena, p->key) : "%a %b %d %H:%M:%S %Y";
	char buf[256];
	struct tm tm;
	size_t n;

	if (!fmt)
		return false;
	if (utc)
		gmtime_r(&now, &tm);
	else
		localtime_r(&now, &tm);
	n = strftime(buf, sizeof(buf), fmt, &tm);
	return n && sel_give(s, str_printf(s->r->arena, "%.*s", (int)n, buf));
}

#pragma GCC diagnostic pop

static bool sys_step(struct sel *s, const struct sel_part *p, int what)
{
	struct arena *a = s->r->arena;
	uint32_t random[2];

	switch ((enum sys)what) {
	case SYS_PID:
		return sel_give(s, str_printf(a, "%d", (int)getpid()));
	case SYS_SERVER_ID:
		return sel_give(s, str_printf(a, "%lld", (long long)script_conf.server_id));
	case SYS_UNIQUE:
		world_random(worker_world(s->r->worker), random, sizeof(random));
		return sel_give(s, str_printf(a, "%x-%x-%x", (unsigned)getpid(), random[0], random[1]));
	case SYS_NOW:
		return sel_give(s, str_printf(a, "%lld", (long long)(worker_wall(s->r->worker) / 1000000)));
	case SYS_LOCAL:
	case SYS_UTC:
		return time_text(s, p, what == SYS_UTC);
	}
	return false;
}

/* ---- branches: [n] of the appended ones, all of them without an index ---- */

enum branch_part { B_COUNT, B_URI, B_DST, B_Q, B_URIQ };

static void add_branch(struct sb *out, const struct sip_branch *b, int what)
{
	bool q = b->q != SIP_Q_NONE;
	char text[24];
	size_t n;

	/* 500 is 0.5, 250 is 0.25, 1000 is 1 */
	n = (size_t)snprintf(text, sizeof(text), "%d.%03d", b->q / 1000, b->q % 1000);
	while (q && (text[n - 1] == '0' || text[n - 1] == '.') && n > 1)
		text[--n] = 0;
	if (what == B_DST)
		sb_add(out, b->dst_uri);
	else if (what == B_Q)
		sb_addz(out, q ? text : "");
	else if (what == B_URI || !q)
		sb_add(out, b->uri);
	else
		sb_printf(out, "<" STR_FMT ">;q=%s", STR_ARG(b->uri), text);
}

static bool branch_step(struct sel *s, const struct sel_part *p, int what)
{
	struct sip_draft *d = s->r->draft;
	unsigned n = d ? sip_branch_count(d) : 0, from = 0, to = n;
	struct sb out;

	if (!d)
		return false;
	if (what == B_COUNT)
		return sel_give(s, str_printf(s->r->arena, "%u", n));
	if (p->has_num) {
		if (p->num < 0)
			from = n; /* none */
		else
			from = (unsigned)p->num;
		to = from + 1;
	}
	if (from >= n)
		return false;
	s->many = to - from > 1;
	sb_init(&out, s->r->arena, 65536);
	for (unsigned i = from; i < to; i++) {
		if (i > from)
			sb_addc(&out, ',');
		add_branch(&out, sip_branch_at(d, i), what);
	}
	return sb_ok(&out) && sel_give(s, sb_str(&out));
}

/* ---- cfg_get.group.var, cfg_selected.group ---- */

static bool group_name(struct sel *s, const struct sel_part *p, int what)
{
	(void)what;
	s->group = p->name;
	return true;
}

static bool cfg_value(struct sel *s, const struct sel_part *p, int what)
{
	struct cfg_group *g = cfg_group_find(s->group);
	struct cfg_var *v = g ? cfg_var_find(g, p->name) : NULL;
	struct str t;

	(void)what;
	return v && cfg_text(s->r, g, v, &t) && sel_give(s, t);
}

static bool cfg_instance(struct sel *s, const struct sel_part *p, int what)
{
	struct cfg_group *g = cfg_group_find(p->name);
	int64_t inst = g ? cfg_selected(s->r, g) : CFG_NO_INSTANCE;

	(void)what;
	if (!g)
		return false;
	return sel_give(s, inst == CFG_NO_INSTANCE ? S("") : str_printf(s->r->arena, "%lld", (long long)inst));
}

/* ---- tm ---- */

enum tm_part {
	TM_METHOD, TM_UAS_STATUS, TM_UAS_REQUEST, TM_UAS_TAG, TM_UAC_COUNT, TM_UAC_LAST, TM_BRANCH, TM_B_STATUS,
	TM_B_URI, TM_B_RESPONSE, TM_B_REQUEST,
};

static struct txn_branch *tm_branch(struct sel *s)
{
	return txn_branch_at(s->r->txn, (unsigned)s->index);
}

static bool branch_value(struct sel *s, int what)
{
	struct txn_branch *b = tm_branch(s);
	struct sip_msg *reply;

	if (!b)
		return false;
	switch (what) {
	case TM_B_STATUS:
		return sel_give(s, str_printf(s->r->arena, "%d", txn_branch_status(b)));
	case TM_B_URI:
		return sel_give(s, txn_branch_target(b)->uri);
	case TM_B_RESPONSE:
		reply = txn_branch_reply(b);
		return reply && run_hold_msg(s->r, reply) && sel_give(s, reply->buf);
	default:
		return false;
	}
}

static bool tm_step(struct sel *s, const struct sel_part *p, int what)
{
	struct txn *t = s->r->txn;
	unsigned n;

	if (!t)
		return false;
	n = txn_branch_count(t);
	switch ((enum tm_part)what) {
	case TM_METHOD:
		return txn_request(t) && run_hold_msg(s->r, txn_request(t)) && sel_give(s, txn_request(t)->method_text);
	case TM_UAS_STATUS:
		return sel_give(s, str_printf(s->r->arena, "%d", txn_status(t)));
	case TM_UAS_REQUEST:
		return txn_request(t) && run_hold_msg(s->r, txn_request(t)) && sel_give(s, txn_request(t)->buf);
	case TM_UAS_TAG:
		return sel_give(s, txn_to_tag(t));
	case TM_UAC_COUNT:
		return sel_give(s, str_printf(s->r->arena, "%u", n));
	case TM_UAC_LAST:
		return n && sel_give(s, str_printf(s->r->arena, "%d", txn_branch_status(txn_branch_at(t, n - 1))));
	case TM_BRANCH:
		s->index = p->has_num ? p->num : 0;
		return s->index >= 0 && s->index < (int64_t)n;
	case TM_B_STATUS:
	case TM_B_URI:
	case TM_B_RESPONSE:
	case TM_B_REQUEST:
		return branch_value(s, what);
	}
	return false;
}

#define SYS(name, index, to, what) {SEL_SYS, name, index, to, sys_step, what}
#define BRANCH(name, to, what) {SEL_BRANCH, name, SEL_MAY_NUM, to, branch_step, what}

const struct sel_row sel_rows_server[] = {
	{SEL_ROOT, "sys", 0, SEL_SYS, NULL, 0},
	SYS("pid", 0, SEL_END, SYS_PID), SYS("server_id", 0, SEL_END, SYS_SERVER_ID),
	SYS("unique", 0, SEL_END, SYS_UNIQUE), SYS("now", 0, SEL_NOW, SYS_NOW),
	{SEL_NOW, "local", SEL_MAY_KEY, SEL_END, sys_step, SYS_LOCAL},
	{SEL_NOW, "utc", SEL_MAY_KEY, SEL_END, sys_step, SYS_UTC},
	{SEL_NOW, "gmt", SEL_MAY_KEY, SEL_END, sys_step, SYS_UTC},

	{SEL_ROOT, "branch", 0, SEL_BRANCH, NULL, 0},
	{SEL_BRANCH, "count", 0, SEL_END, branch_step, B_COUNT},
	BRANCH("uri", SEL_URI, B_URI), BRANCH("dst_uri", SEL_URI, B_DST), BRANCH("q", SEL_END, B_Q),
	BRANCH("uriq", SEL_ADDR_TEXT, B_URIQ),

	{SEL_ROOT, "cfg_get", 0, SEL_CFG_GROUP, NULL, 0},
	{SEL_CFG_GROUP, NULL, 0, SEL_CFG_VAR, group_name, 0},
	{SEL_CFG_VAR, NULL, 0, SEL_ADDR_TEXT, cfg_value, 0},
	{SEL_ROOT, "cfg_selected", 0, SEL_CFG_SELECTED, NULL, 0},
	{SEL_CFG_SELECTED, NULL, 0, SEL_END, cfg_instance, 0},

	{SEL_ROOT, "tm", 0, SEL_TM, NULL, 0},
	{SEL_TM, "method", 0, SEL_END, tm_step, TM_METHOD},
	{SEL_TM, "uas", 0, SEL_TM_UAS, NULL, 0},
	{SEL_TM_UAS, "status", 0, SEL_END, tm_step, TM_UAS_STATUS},
	{SEL_TM_UAS, "request", 0, SEL_END, tm_step, TM_UAS_REQUEST},
	{SEL_TM_UAS, "req", 0, SEL_END, tm_step, TM_UAS_REQUEST},
	{SEL_TM_UAS, "local_to_tag", 0, SEL_END, tm_step, TM_UAS_TAG},
	{SEL_TM, "uac", SEL_MAY_NUM, SEL_TM_UAC, tm_step, TM_BRANCH},
	{SEL_TM_UAC, "count", 0, SEL_END, tm_step, TM_UAC_COUNT},
	{SEL_TM_UAC, "last_status", 0, SEL_END, tm_step, TM_UAC_LAST},
	{SEL_TM_UAC, "status", 0, SEL_END, tm_step, TM_B_STATUS},
	{SEL_TM_UAC, "uri", 0, SEL_END, tm_step, TM_B_URI},
	{SEL_TM_UAC, "response", 0, SEL_END, tm_step, TM_B_RESPONSE},
	{SEL_END, NULL, 0, SEL_END, NULL, 0},
};
