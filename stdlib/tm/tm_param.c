/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tm: its parameters, and the group "tm" of variables that RPC reads and changes while the server runs
 * (script/cfg.h). What has no effect here, or is taken at start, can be read and refuses a change.
 */
#define STD_NAME tm
#define STD_DEF "tm/tm.def"
#include "rpc/rpc.h"
#include "abi/std.h"

#include "core/log.h"
#include "script/cfg.h"
#include "script/reply.h"
#include "tm/tm_run.h"
#include "tm/tm_state.h"
#include "txn/txn_net.h"

struct tm_conf tm_conf;

/* Numbers of running transactions' layer: an aligned word, so a worker reads the old one or the new one. */
static void take_numbers(struct txn_config *c)
{
	c->fr_timer = (uint32_t)param.fr_timer;
	c->fr_inv_timer = (uint32_t)param.fr_inv_timer;
	c->wt_timer = (uint32_t)param.wt_timer;
	c->retr_t1 = (uint32_t)param.retr_timer1;
	c->retr_t2 = (uint32_t)param.retr_timer2;
	c->max_inv_lifetime = (uint32_t)param.max_inv_lifetime;
	c->max_noninv_lifetime = (uint32_t)param.max_noninv_lifetime;
	c->restart_fr_on_each_reply = param.restart_fr_on_each_reply != 0;
	c->auto_inv_100 = param.auto_inv_100 != 0;
	c->aggregate_challenges = param.aggregate_challenges != 0;
	c->cancel_b_method = (int)param.cancel_b_method;
	c->disable_6xx = param.disable_6xx_block != 0;
	c->local_cancel_reason = param.local_cancel_reason != 0;
	c->e2e_cancel_reason = param.e2e_cancel_reason != 0;
	c->relay_100 = param.relay_100 != 0;
	c->local_ack_mode = (int)param.local_ack_mode;
	c->callid_matching = param.callid_matching != 0;
	c->uac_failure = param.enable_uac_fr != 0;
	tm_conf.unmatched_cancel = param.unmatched_cancel;
	tm_conf.default_code = param.default_code;
}

static void take_rest(struct txn_config *c)
{
	c->auto_inv_100_reason = param.auto_inv_100_reason;
	c->kept_prefix = param.ac_extra_hdrs;
	c->failure_reply_mode = (int)param.failure_reply_mode;
	c->faked_reply_prio = (int)param.faked_reply_prio;
	c->remap_503_500 = param.remap_503_500 != 0;
	c->failure_exec = param.failure_exec_mode != 0;
	c->merge_check = param.merge_check != 0;
	c->dns_reuse_rcv_socket = param.dns_reuse_rcv_socket != 0;
	if (param.max_transactions > 0)
		c->max_txns = (uint32_t)param.max_transactions;
	c->retry_after = (uint32_t)param.retry_after;
	c->reply_408_code = (int)param.reply_408_code;
	c->reply_408_reason = param.reply_408_reason;
	tm_conf.default_reason = param.default_reason;
	tm_conf.contacts = param.contacts_avp;
	tm_conf.flows = param.contact_flows_avp;
	tm_conf.attrs = param.xavp_contact;
	tm_conf.fr_timer_avp = param.fr_timer_avp;
	tm_conf.fr_inv_timer_avp = param.fr_inv_timer_avp;
	tm_conf.forward_stray = param.forward_stray_replies != 0;
	script_reply_hooks.rich_redirect = param.rich_redirect;
}

/* ---- variables ---- */

static void changed(int64_t v)
{
	struct txn_config c = *txn_conf();

	(void)v;
	take_numbers(&c);
	txn_reconfigure(&c);
}

enum { ANY = 0, RETR_MAX = 65535 };

#define LIVE(n, lo, hi, fl, text)                                                                  \
	{.group = "tm", .name = #n, .kind = CFG_INT, .flags = fl, .min = lo, .max = hi, .value = &param.n, .changed = changed, .doc = text}
#define FIXED_INT(n, def_, fl, text)                                                               \
	{.group = "tm", .name = #n, .kind = CFG_INT, .flags = CFG_FIXED | (fl), .def = def_, .doc = text}
#define FIXED_STR(n, text)                                                                         \
	{.group = "tm", .name = #n, .kind = CFG_STR, .flags = CFG_FIXED, .doc = text}

/* In the reference's order; what it hides of cfg.get is hidden here. */
static const struct cfg_row rows[] = {
	FIXED_STR(auto_inv_100_reason, "reason of the 100 to an INVITE"),
	FIXED_STR(default_reason, "reason of a reply whose own cannot be evaluated"),
	FIXED_STR(ac_extra_hdrs, "beginning of the names of headers that go from an INVITE into its ACK and CANCEL"),
	FIXED_INT(ruri_matching, "1", 0, "RFC 2543 matching looks at the R-URI"),
	FIXED_INT(via1_matching, "1", 0, "RFC 2543 matching looks at the top Via"),
	LIVE(callid_matching, ANY, ANY, 0, "a reply must have the Call-ID of its transaction"),
	LIVE(fr_timer, 1, TIMER_MAX_MS, CFG_HIDDEN, "ms without a final reply, or the ACK of a negative one"),
	LIVE(fr_inv_timer, 1, TIMER_MAX_MS, CFG_HIDDEN, "ms an INVITE may ring"),
	FIXED_INT(fr_inv_timer_next, "30000", 0, "ms an INVITE may ring in serial forking"),
	LIVE(wt_timer, 1, TIMER_MAX_MS, CFG_HIDDEN, "ms a finished transaction absorbs what is late"),
	LIVE(retr_timer1, 1, RETR_MAX, CFG_HIDDEN, "ms until the first retransmission"),
	LIVE(retr_timer2, 1, RETR_MAX, CFG_HIDDEN, "longest interval of retransmissions, ms"),
	LIVE(max_inv_lifetime, 1, TIMER_MAX_MS, CFG_HIDDEN, "ms an INVITE transaction may be active"),
	LIVE(max_noninv_lifetime, 1, TIMER_MAX_MS, CFG_HIDDEN, "ms any other transaction may be active"),
	FIXED_INT(noisy_ctimer, "1", 0, "timer C answers and cancels"),
	LIVE(auto_inv_100, 0, 1, 0, "answer 100 when an INVITE is relayed"),
	FIXED_INT(unix_tx_timeout, "500", 0, "limit of sending to a unix socket, ms"),
	LIVE(restart_fr_on_each_reply, 0, 1, 0, "each provisional reply starts fr_inv_timer again"),
	FIXED_INT(pass_provisional_replies, "0", 0, "observers are told of provisional replies"),
	LIVE(aggregate_challenges, 0, 1, 0, "put all challenges into the reply"),
	LIVE(unmatched_cancel, 0, 2, 0, "a CANCEL without INVITE: 0 forwarded statefully, 1 statelessly, 2 dropped"),
	LIVE(default_code, 400, 699, 0, "code of a reply whose own cannot be evaluated"),
	FIXED_INT(reparse_invite, "1", 0, "ACK and CANCEL are made from the INVITE as sent"),
	FIXED_INT(blst_503, "0", 0, "a 503 puts its sender on the blocklist"),
	FIXED_INT(blst_503_def_timeout, "0", 0, "for how long, s"),
	FIXED_INT(blst_503_min_timeout, "0", 0, "at least, s"),
	FIXED_INT(blst_503_max_timeout, "3600", 0, "at most, s"),
	FIXED_INT(blst_methods_add, "1", 0, "requests whose failure adds to the blocklist"),
	FIXED_INT(blst_methods_lookup, "-9", 0, "requests that ask the blocklist"),
	LIVE(cancel_b_method, 0, 2, CFG_HIDDEN, "branch without reply: 0 fake 487, 1 wait, 2 CANCEL at once"),
	FIXED_INT(reparse_on_dns_failover, "1", CFG_HIDDEN, "failover starts from the branch's request"),
	LIVE(disable_6xx_block, 0, 1, 0, "a 6xx is an ordinary reply"),
	LIVE(local_ack_mode, 0, 2, 0, "where the ACK of a 2xx to our own INVITE goes"),
	LIVE(local_cancel_reason, 0, 1, 0, "Reason in our own CANCELs"),
	LIVE(e2e_cancel_reason, 0, 1, 0, "copy Reason of a received CANCEL"),
	LIVE(relay_100, 0, 1, 0, "forward 100 too"),
	LIVE(enable_uac_fr, 0, 1, 0, "requests of our own have failure routes"),
	{.group = NULL},
};

/* What was set by the script for those that are kept with the variable. */
static int preset(const struct program *p)
{
	struct cfg_group *g = cfg_group_find(S("tm"));

	for (uint64_t i = 0; i < p->n_params; i++) {
		const struct program_param *x = &p->params[i];
		struct cfg_value v = {.is_str = x->value.kind != PROGRAM_INT, .i = x->value.i, .s = x->value.s};
		struct cfg_var *var = x->module->params == std_params ? cfg_var_find(g, x->name) : NULL;
		int err = var ? cfg_preset(var, &v) : 0;

		if (err)
			return err;
	}
	return 0;
}

static int declare(const struct program *p)
{
	int err = cfg_declare(rows);
	struct cfg_group *g = err ? NULL : cfg_group_find(S("tm"));
	struct cfg_value v = {.is_str = true, .s = param.auto_inv_100_reason};

	if (!err)
		err = cfg_preset(cfg_var_find(g, S("auto_inv_100_reason")), &v);
	v.s = param.default_reason;
	if (!err)
		err = cfg_preset(cfg_var_find(g, S("default_reason")), &v);
	return err ? err : preset(p);
}

static int init(const struct program *p)
{
	struct txn_config c = *txn_conf();
	int err = tm_stray_init(p, param.on_sl_reply);

	if (!err)
		err = declare(p);
	if (err)
		return err;
	take_numbers(&c);
	take_rest(&c);
	if (c.fr_timer == 0 || c.wt_timer == 0 || c.retr_t1 == 0 || c.retr_t2 < c.retr_t1) {
		log_err("a timer parameter is 0 or retr_timer2 is below retr_timer1");
		return RT_E_INVAL;
	}
	txn_configure(&c);
	txn_set_net(txn_net_default());
	tm_run_enable(p);
	return 0;
}

STD_MODULE(tm, .init = init)
