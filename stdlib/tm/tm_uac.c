/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tm: requests of our own, by t_uac_send and by RPC. The headers come as one text that must hold From
 * and To and may hold Call-ID and CSeq; the rest is sent as it is.
 */
#define STD_NAME tm
#define STD_DEF "tm/tm.def"
#define STD_PROTOTYPES_ONLY
#include "rpc/rpc.h"
#include "abi/std.h"

#include "core/fiber.h"
#include "net/net.h"
#include "script/env.h"
#include "tm/tm_state.h"

enum { ASK_ARGS = 5 }; /* the body may be missing */

/* What a caller gave. */
struct ask {
	struct str method, ruri, nexthop, socket, headers, body;
};

static bool given(struct str s)
{
	return s.n && !str_eq(s, S("."));
}

/* The headers of the text, parsed; NULL when it holds none that can be read. */
static struct sip_msg *parse_headers(struct arena *a, struct str headers)
{
	struct sip_msg *m = NULL;
	struct str s;
	bool ends = headers.n >= 2 && headers.p[headers.n - 1] == '\n';

	s = str_printf(a, "OPTIONS sip:x SIP/2.0\r\n" STR_FMT "%s\r\n", STR_ARG(headers),
		       ends ? "" : "\r\n");
	return s.p && sip_msg_parse(NULL, s, &m) == 0 ? m : NULL;
}

static const char *take_headers(struct sip_msg *m, struct arena *a, struct str body, struct txn_uac *u)
{
	struct sip_cseq cs = {0};
	struct sb rest;

	if (!m->first[SIP_HDR_TO])
		return "To missing";
	if (!m->first[SIP_HDR_FROM])
		return "From missing";
	if (body.n && !m->first[SIP_HDR_CONTENT_TYPE])
		return "Content-Type missing";
	if (m->first[SIP_HDR_CSEQ] && sip_cseq(m, &cs) != 0)
		return "Invalid headers";
	u->from = str_dup(a, m->first[SIP_HDR_FROM]->body);
	u->to = str_dup(a, m->first[SIP_HDR_TO]->body);
	u->call_id = m->first[SIP_HDR_CALL_ID] ? str_dup(a, sip_call_id(m)) : STR_NULL;
	u->cseq = m->first[SIP_HDR_CSEQ] ? cs.num : 0;
	u->max_forwards = m->first[SIP_HDR_MAX_FORWARDS] ? -1 : 0;
	sb_init(&rest, a, SIP_WIRE_MAX);
	for (struct sip_hdr *h = m->headers; h; h = h->next)
		if (h->id != SIP_HDR_FROM && h->id != SIP_HDR_TO && h->id != SIP_HDR_CALL_ID &&
		    h->id != SIP_HDR_CSEQ && h->id != SIP_HDR_VIA && h->id != SIP_HDR_CONTENT_LENGTH)
			sb_add(&rest, sip_hdr_raw(h));
	u->headers = sb_str(&rest);
	return sb_ok(&rest) ? NULL : "Headers too long";
}

/* NULL, or what is wrong with it. */
static const char *prepare(struct worker *w, struct arena *a, const struct ask *k, struct txn_uac *u)
{
	struct sip_uri uri;
	struct sip_msg *m;
	const char *wrong;

	if (sip_uri_parse(k->ruri, &uri) != 0)
		return "Invalid request uri";
	if (given(k->nexthop) && sip_uri_parse(k->nexthop, &uri) != 0)
		return "Invalid next-hop uri";
	u->sock = given(k->socket) ? net_socket_by_text(net_of(w), k->socket) : NULL;
	if (given(k->socket) && !u->sock)
		return "No local socket";
	m = k->headers.n ? parse_headers(a, k->headers) : NULL;
	if (!m)
		return "Invalid headers";
	u->method = k->method;
	u->ruri = k->ruri;
	u->next_hop = given(k->nexthop) ? k->nexthop : STR_NULL;
	u->body = k->body;
	wrong = take_headers(m, a, k->body, u);
	sip_msg_unref(&m);
	return wrong;
}

/* The one that waits; lives on its fiber's stack until the final reply has come. */
struct waiter {
	struct fiber *fiber;
	struct arena *arena;
	int status;
	struct str reason;
	bool done;
};

/* The sending, on the worker that will get the replies. */
struct job {
	struct txn_uac *u;
	struct waiter *wait; /* or NULL */
	int err;
};

static void send_there(struct worker *w, void *arg)
{
	struct job *j = arg;

	if (j->wait)
		j->wait->fiber = fiber_self();
	j->err = txn_uac_await(w, j->u, NULL);
	while (!j->err && j->wait && !j->wait->done)
		fiber_park();
}

static int send_request_await(struct worker *w, struct txn_uac *u, struct waiter *wait)
{
	unsigned owner = u->call_id.n ? net_owner(u->call_id, worker_count(w)) : worker_index(w);
	struct worker *to = owner == worker_index(w) ? w : worker_peer(w, owner);
	struct job j = {.u = u, .wait = wait};
	int err = worker_call_await(to ? to : w, send_there, &j);

	return err ? err : j.err;
}

int32_t std_tm_t_uac_send(struct run *r, const struct str *method, const struct str *ruri,
			  const struct str *nexthop, const struct str *socket,
			  const struct str *headers, const struct str *body)
{
	struct ask k = {*method, *ruri, *nexthop, *socket, *headers, *body};
	struct txn_uac u = {0};
	const char *wrong = prepare(r->worker, r->arena, &k, &u);

	if (wrong) {
		script_err(r, "t_uac_send: %s", wrong);
		return -1;
	}
	return send_request_await(r->worker, &u, NULL) == 0 ? 1 : -1;
}

/* ---- RPC ---- */

static void on_reply(void *arg, struct txn *t, int status, struct sip_msg *reply)
{
	struct waiter *x = arg;

	(void)t;
	if (status < 200 || x->done)
		return;
	x->done = true;
	x->status = status;
	x->reason = str_dup(x->arena, reply ? reply->reason : sip_status_text(status));
	fiber_wake(x->fiber);
}

static void uac(struct rpc *c, struct waiter *wait)
{
	struct ask k;
	struct txn_uac u = {0};
	const char *wrong;
	int err;

	if (c->n_args < ASK_ARGS) { /* the reference's words */
		rpc_fail(c, 400, "too few parameters (%d/%d)", -(int)c->n_args, ASK_ARGS);
		return;
	}
	if (!rpc_arg_str(c, 0, false, &k.method) || !rpc_arg_str(c, 1, false, &k.ruri) ||
	    !rpc_arg_str(c, 2, false, &k.nexthop) || !rpc_arg_str(c, 3, false, &k.socket) ||
	    !rpc_arg_str(c, 4, false, &k.headers))
		return;
	if (!rpc_arg_str(c, 5, true, &k.body))
		k.body = STR_NULL;
	wrong = prepare(c->worker, c->arena, &k, &u);
	if (wrong) {
		if (str_starts(str_of(wrong), S("Invalid req")))
			rpc_fail(c, 400, "%s \"" STR_FMT "\"", wrong, STR_ARG(k.ruri));
		else if (str_starts(str_of(wrong), S("Invalid next")))
			rpc_fail(c, 400, "%s \"" STR_FMT "\"", wrong, STR_ARG(k.nexthop));
		else if (str_starts(str_of(wrong), S("No local")))
			rpc_fail(c, 400, "%s for \"" STR_FMT "\"", wrong, STR_ARG(k.socket));
		else
			rpc_fail(c, 400, "%s", wrong);
		return;
	}
	if (wait) {
		u.fn = on_reply;
		u.arg = wait;
	}
	err = send_request_await(c->worker, &u, wait);
	if (err == RT_E_CLOSED) /* dropped by tm:local-request */
		rpc_fail(c, 500, "No error (0/RPC/UAC)");
	else if (err)
		rpc_fail(c, 500, "I'm terribly sorry, server error occurred (%d/RPC/UAC)", err == RT_E_NOENT || err == RT_E_INVAL ? 7 : 1);
}

void std_tm_rpc_uac_start(struct rpc *c)
{
	uac(c, NULL);
}

void std_tm_rpc_uac_wait_block(struct rpc *c)
{
	struct waiter wait = {.arena = c->arena};
	struct rpc_node *n;

	if (!fiber_self()) {
		rpc_fail(c, 600, "Reply wait/async mode not supported by this rpc transport");
		return;
	}
	uac(c, &wait);
	if (c->fault)
		return;
	n = rpc_add_struct(c, NULL, NULL);
	rpc_add_int(c, n, "code", wait.status);
	rpc_add_str(c, n, "text", wait.reason);
}

/* A command's fiber may wait on every transport here. */
void std_tm_rpc_uac_wait(struct rpc *c)
{
	std_tm_rpc_uac_wait_block(c);
}
