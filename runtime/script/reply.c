/* SPDX-License-Identifier: Apache-2.0 */
/* Replies of the script, with and without a transaction. */
#include "script/reply.h"

#include "net/net.h"
#include "script/env.h"
#include "sip/draft.h"
#include "txn/tag.h"
#include "txn/txn.h"

struct sip_ident script_ident;

static bool wants_rport(const struct sip_draft *d, const struct sip_via *v)
{
	return d->force_rport || v->rport.p;
}

static struct net_dst destination(struct worker *w, const struct sip_draft *d)
{
	struct txn_dst t;
	struct net_dst to;

	txn_reply_dst_await(w, d, &t);
	to = (struct net_dst){.proto = t.proto, .to = t.to, .sock = t.sock, .conn_id = t.conn_id};
	if (t.send_flags & SIP_SEND_NO_CONNECT)
		to.flags |= NET_NO_CONNECT;
	if (t.send_flags & SIP_SEND_CLOSE)
		to.flags |= NET_CLOSE_AFTER;
	return to;
}

int script_reply_draft(struct worker *w, struct sip_draft *d, int status, struct str reason)
{
	struct sip_via *v = sip_via_top(d->msg);
	char tag[TXN_TAG_LEN + 1];
	struct sip_reply rep = {.status = status, .reason = reason, .ident = &script_ident};
	struct sip_wire wire;
	struct net_dst to;
	int err;

	if (!d->msg->is_request || !v || d->msg->method == SIP_ACK)
		return RT_E_STATE;
	rep.to_tag = txn_tag(d->msg, tag);
	rep.rport = wants_rport(d, v);
	err = sip_build_reply(d->arena, d, &rep, &wire);
	if (err)
		return err;
	to = destination(w, d);
	return net_send(w, &to, wire.iov, (int)wire.n);
}

static int by_txn(struct run *r, int status, struct str reason)
{
	/* text added by append_to_reply since the transaction was made */
	if (r->kind == IN_REQUEST || r->kind == IN_FAILURE)
		txn_draft(r->txn)->reply_edits = r->draft->reply_edits;
	return txn_reply(r->txn, status, reason, STR_NULL, STR_NULL);
}

/* A request that has a transaction is answered by it, so that it gets one answer and not two. */
int script_reply_stateless(struct run *r, int status, struct str reason)
{
	int err;

	if (!r->draft || r->replied) {
		if (r->replied)
			script_warn(r, "the request was answered with %d already, %d is not sent", r->replied,
				    status);
		return RT_E_STATE;
	}
	if (r->txn && r->kind == IN_REQUEST)
		return by_txn(r, status, reason);
	err = script_reply_draft(r->worker, r->draft, status, reason);
	if (!err && status >= 200)
		r->replied = status;
	return err;
}

int script_reply(struct run *r, int status, struct str reason)
{
	return r->txn ? by_txn(r, status, reason) : script_reply_stateless(r, status, reason);
}
