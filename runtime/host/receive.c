/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parse, judge (400 or a counted drop), then the request route, or the core's reply route and the transaction, in a
 * fiber. The draft's texts have an arena of their own, for a transaction keeps them longer than what was parsed of the
 * message.
 */
#include "host/receive.h"

#include "host/tally.h"
#include "http/http.h"

#include "core/counter.h"
#include "core/fiber.h"
#include "core/latency.h"
#include "core/log.h"
#include "script/load.h"
#include "script/reply.h"
#include "script/run.h"
#include "script/vars.h"
#include "sip/check.h"
#include "txn/txn.h"

static struct {
	int32_t request, reply;
	int32_t received, pre_routing, parse_error; /* event routes, -1: none */
	int rcv_requests, rcv_replies, drop_requests, drop_replies, err_requests;
	bool force_rport, local_rport, check_via;
	unsigned lax; /* SIP_CHECK_*: what of the checks the script gave up */
} r_;

void receive_check_via(void)
{
	r_.check_via = true;
}

void receive_init(const struct program *p)
{
	r_.request = program_route_find(p, ROUTE_REQUEST, S(""));
	r_.reply = program_route_find(p, ROUTE_CORE_REPLY, S(""));
	r_.lax = (program_core_int(p, "tcp_accept_no_cl", 0) ? SIP_CHECK_NO_CLEN : 0u) |
		 (program_global_int(p, "kiln", "lax_length", 0) ? SIP_CHECK_LAX_CLEN : 0u) |
		 (program_global_int(p, "kiln", "lax_duplicates", 0) ? SIP_CHECK_LAX_DUP : 0u);
	r_.received = program_core_int(p, "received_route_mode", 0) ? script_event(p, "core:msg-received") : -1;
	r_.pre_routing = script_event(p, "core:pre-routing");
	r_.parse_error = script_event(p, "core:receive-parse-error");
	r_.force_rport = program_core_int(p, "force_rport", 0) != 0;
	r_.local_rport = program_core_int(p, "local_rport", 0) != 0;
	r_.check_via = program_core_int(p, "check_via", 0) != 0;
	r_.rcv_requests = counter_get(S("core"), S("rcv_requests"));
	r_.rcv_replies = counter_get(S("core"), S("rcv_replies"));
	r_.drop_requests = counter_get(S("core"), S("drop_requests"));
	r_.drop_replies = counter_get(S("core"), S("drop_replies"));
	r_.err_requests = counter_get(S("core"), S("err_requests"));
	tally_init();
}

struct job {
	struct worker *w;
	struct sip_msg *msg;
	struct sip_draft draft;
	struct arena *texts;
	struct script_vars *vars; /* those of the events before the route; NULL without any */
};

/* Event routes over the message; AVPs and flags stay for the routes to come. False: drop was executed. */
static bool run_event(struct job *j, int32_t route, const char *name)
{
	struct run r;

	if (route < 0)
		return true;
	if (!j->vars)
		j->vars = script_vars_new();
	if (!j->vars || run_begin(&r, j->w, &j->draft, IN_EVENT, NULL, j->vars)) {
		log_err("no memory to run event_route[%s]", name);
		return true;
	}
	r.event_name = name;
	script_exec(&r, route);
	run_end(&r);
	return !(r.ctl & RUN_DROP);
}

static uint64_t route_begins(const struct job *j)
{
	return log_on((int)latency_conf.cfg_level) ? world_now(worker_world(j->w)) : 0;
}

static void route_ended(const struct job *j, const char *which, uint64_t began)
{
	uint64_t us = began ? world_now(worker_world(j->w)) - began : 0;

	if (began && us >= (uint64_t)latency_conf.cfg_us)
		log_msg((int)latency_conf.cfg_level, "%s-route executed in: %llu usec", which, (unsigned long long)us);
}

static void run_request(struct job *j)
{
	uint64_t began = route_begins(j);
	struct txn *t;
	struct run r;

	if (run_begin(&r, j->w, &j->draft, IN_REQUEST, NULL, j->vars)) {
		log_err("no memory to run the script for a request");
		return;
	}
	if (script_exec(&r, r_.request) < 0)
		log_warn("error while trying script");
	route_ended(j, "request", began);
	t = r.txn;
	run_leave_txn(&r);
	if (t)
		txn_request_done(t);
	run_end(&r);
}

/* Value 0, negative, or drop: the reply goes no further (language.md 4.2). */
static bool run_reply_route(struct job *j)
{
	uint64_t began = route_begins(j);
	int32_t value;
	struct run r;

	if (r_.reply < 0)
		return true;
	if (run_begin(&r, j->w, &j->draft, IN_CORE_ONREPLY, NULL, j->vars))
		return false;
	value = script_exec(&r, r_.reply);
	route_ended(j, "reply", began);
	if (value < 0)
		log_warn("reply route ended with %d, the reply is dropped", value);
	run_end(&r);
	return value > 0 && !(r.ctl & RUN_DROP);
}

/* It belongs to no transaction: forwarded when forward() sent the request, else only when a module says so. */
static bool stray_reply(struct job *j)
{
	if (txn_forwarded(j->msg))
		return script_forward_reply_await(j->w, &j->draft) == 0;
	return script_reply_hooks.stray_await && script_reply_hooks.stray_await(j->w, &j->draft);
}

static bool absorbed_ack(struct job *j)
{
	return j->msg->method == SIP_ACK && script_reply_hooks.ack &&
	       script_reply_hooks.ack(j->w, &j->draft);
}

/* check_via: a reply whose first Via is not ours was not meant for us. */
static bool is_ours(const struct job *j)
{
	struct sip_via *v = r_.check_via ? sip_via_top(j->msg) : NULL;

	return !v || net_is_local(net_of(j->w), v->host, v->port ? v->port : proto_port(v->proto), PROTO_NONE);
}

static void refuse(struct worker *w, struct sip_draft *d, const struct sip_judgement *v);

static void dispatch(struct job *j)
{
	struct sip_judgement v;

	if (!run_event(j, r_.received, "core:msg-received"))
		return;
	sip_judge(j->msg, r_.lax, &v);
	if (v.verdict != SIP_ACCEPT) {
		(void)run_event(j, r_.parse_error, "core:receive-parse-error");
		refuse(j->w, &j->draft, &v);
		return;
	}
	if (!run_event(j, r_.pre_routing, "core:pre-routing"))
		return;
	if (!j->msg->is_request) {
		if (!is_ours(j) || !run_reply_route(j) ||
		    !(txn_reply_await(j->w, &j->draft) || stray_reply(j)))
			counter_inc(r_.drop_replies);
	} else if (!absorbed_ack(j)) {
		run_request(j);
	}
}

/* What receive_message hands over; the job itself lives on the fiber's stack. */
struct arrival {
	struct worker *w;
	struct sip_msg *msg;
	struct arena *texts;
};

static void prepare(struct job *j, const struct msg_origin *o);

static void run_job(void *arg)
{
	const struct arrival *a = arg;
	struct sip_msg *msg = a->msg, *applied;
	struct job j; /* the draft in it is large, and cleared by whoever makes it */

	j.w = a->w;
	j.msg = msg;
	j.texts = a->texts;
	j.vars = NULL;
	prepare(&j, &msg->origin);
	dispatch(&j);
	script_vars_unref(&j.vars);
	applied = j.draft.msg;
	arena_free(&j.texts);
	if (applied != msg)
		sip_msg_unref(&applied);
	sip_msg_unref(&msg);
}

/* Malformed: answered once where RFC 3261 lets us, else dropped and counted. */
static void refuse(struct worker *w, struct sip_draft *d, const struct sip_judgement *v)
{
	char from[ADDR_TEXT_MAX];

	if (log_on(L_NOTICE) && net_log_allow(w, &d->msg->origin.src))
		log_notice("message from " STR_FMT ":%u refused: " STR_FMT,
			   STR_ARG(addr_text(&d->msg->origin.src, true, from)), d->msg->origin.src.port,
			   STR_ARG(v->reason));
	if (!d->msg->is_request) {
		counter_inc(r_.drop_replies);
	} else if (v->verdict == SIP_REJECT) {
		counter_inc(r_.err_requests);
		if (v->close)
			d->rpl_send |= SIP_SEND_CLOSE;
		script_reply_draft(w, d, v->status, v->reason);
	} else {
		counter_inc(r_.drop_requests);
	}
	if (v->close && d->msg->origin.conn_id)
		net_conn_close_behind(w, d->msg->origin.conn_id);
}

/* What the core parameters say of every message. */
static void prepare(struct job *j, const struct msg_origin *o)
{
	struct sip_via *v;

	sip_draft_init(&j->draft, j->msg, j->texts);
	j->draft.force_rport = r_.force_rport && j->msg->is_request;
	j->draft.add_local_rport = r_.local_rport;
	if (!o->conn_id || !j->msg->is_request || !net_get_conf(net_of(j->w))->tcp_accept_aliases)
		return;
	v = sip_via_top(j->msg);
	if (v && v->alias.p)
		(void)net_conn_alias(j->w, o->conn_id, v->port ? v->port : proto_port(o->proto));
}

/* False: nothing is to be done with it any more. */
static bool take_in(struct worker *w, const struct msg_origin *o, char *buf, size_t n, struct arrival *ret)
{
	static _Thread_local uint32_t number; /* as the reference's processes count */
	struct sip_msg *msg;

	if (o->conn_id && http_is_request(str_make(buf, n))) {
		http_receive(w, o, str_make(buf, n));
		return false;
	}
	if (sip_msg_parse(NULL, str_make(buf, n), &msg)) {
		counter_inc(r_.drop_requests);
		if (o->conn_id)
			net_conn_close_behind(w, o->conn_id);
		return false;
	}
	msg->origin = *o;
	msg->id = ++number;
	counter_inc(msg->is_request ? r_.rcv_requests : r_.rcv_replies);
	tally(msg);
	*ret = (struct arrival){w, msg, arena_new_kept(BLOCK_SMALL, TXN_ARENA_LIMIT)};
	if (!ret->texts)
		sip_msg_unref(&msg);
	return ret->texts != NULL;
}

void receive_message(struct worker *w, const struct msg_origin *o, char *buf, size_t n)
{
	struct arrival a;
	struct sip_draft d;

	if (!take_in(w, o, buf, n, &a) || fiber_run_now(w, run_job, &a) == 0)
		return;
	log_err("no fiber for a message");
	sip_draft_init(&d, a.msg, a.texts);
	if (a.msg->is_request)
		script_reply_draft(w, &d, 503, S("Service Unavailable"));
	arena_free(&a.texts);
	sip_msg_unref(&a.msg);
}

void receive_message_here(struct worker *w, const struct msg_origin *o, char *buf, size_t n)
{
	struct arrival a;

	if (take_in(w, o, buf, n, &a))
		run_job(&a);
}

void receive_bad(struct worker *w, const struct msg_origin *o, enum net_bad why, char *buf, size_t n)
{
	static const struct sip_judgement bad = {.verdict = SIP_REJECT, .status = 400,
						 .reason = S("Bad Content-Length"), .close = true};
	struct sip_draft d;
	struct sip_msg *msg;

	(void)why;
	if (http_is_request(str_make(buf, n))) {
		if (http_handler)
			http_refuse(w, o, why == NET_BAD_TOO_LONG ? RT_E_LIMIT : RT_E_PARSE);
		return;
	}
	if (sip_msg_parse(NULL, str_make(buf, n), &msg))
		return;
	msg->origin = *o;
	sip_draft_init(&d, msg, msg->arena);
	refuse(w, &d, &bad);
	sip_msg_unref(&msg);
}

void receive_send_error(struct worker *w, const struct net_dst *dst, int err)
{
	(void)err;
	txn_send_failed(w, dst->cookie);
}
