/* SPDX-License-Identifier: Apache-2.0 */
/* Replies of the script, with and without a transaction. */
#include "script/reply.h"

#include <ctype.h>
#include <string.h>

#include "net/net.h"
#include "script/env.h"
#include "sip/draft.h"
#include "txn/tag.h"
#include "txn/txn.h"

struct sip_ident script_ident;
struct script_reply_hooks script_reply_hooks;

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
	struct net_dst to;
	struct str bytes;
	int err;

	if (!d->msg->is_request || !v || d->msg->method == SIP_ACK)
		return RT_E_STATE;
	rep.to_tag = txn_tag(d->msg, tag);
	rep.rport = wants_rport(d, v);
	err = sip_build_reply(d->arena, d, &rep, &bytes);
	if (err)
		return err;
	to = destination(w, d);
	err = net_send_text(w, &to, bytes);
	if (script_reply_hooks.sent)
		script_reply_hooks.sent(w, bytes, status, err);
	return err;
}

/* ---- redirecting ---- */

enum { RICH_FLAGS = 1, RICH_PATH = 2 };

/* As the value of a header in a URI (RFC 3261 19.1.1), digits as the reference writes them. */
static void add_escaped(struct sb *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (isalnum(c) || (c && strchr("-_.!~*'()[]/:+$", c)))
			sb_addc(b, (char)c);
		else
			sb_printf(b, "%%%02x", c);
	}
}

static void add_target(struct sb *b, const struct sip_branch *t, int64_t rich)
{
	sb_printf(b, "%s<" STR_FMT, b->n > sizeof("Contact: ") - 1 ? ", " : "", STR_ARG(t->uri));
	if (rich & RICH_PATH && t->path.n) {
		sb_addz(b, "?Route=");
		add_escaped(b, t->path);
	}
	sb_addc(b, '>');
	if (t->q >= 1000)
		sb_addz(b, ";q=1");
	else if (t->q >= 0) {
		sb_printf(b, ";q=0.%03d", t->q);
		while (b->p[b->n - 1] == '0' && b->p[b->n - 2] != '.')
			b->n--;
	}
	if (rich & RICH_FLAGS && t->flags)
		sb_printf(b, ";flags=%u", (unsigned)t->flags);
}

/* The R-URI, when the script has changed it, and the branches. */
static int add_targets(struct sip_draft *d, int64_t rich)
{
	struct sb b;

	if (!d->main.uri.p && !sip_branch_count(d))
		return 0;
	sb_init(&b, d->arena, SIP_WIRE_MAX);
	sb_addz(&b, "Contact: ");
	if (d->main.uri.p)
		add_target(&b, &d->main, rich);
	for (unsigned i = 0; i < sip_branch_count(d); i++)
		add_target(&b, sip_branch_at(d, i), rich);
	sb_addz(&b, "\r\n");
	return sb_ok(&b) ? sip_reply_append_ref(d, sb_str(&b)) : RT_E_LIMIT;
}

/* ---- answering ---- */

static int by_txn(struct run *r, int status, struct str reason)
{
	int err = status / 100 == 3 && r->draft ? add_targets(r->draft, script_reply_hooks.rich_redirect) : 0;

	if (err)
		return err;
	/* text added by append_to_reply since the transaction was made */
	if (r->kind == IN_REQUEST || r->kind == IN_FAILURE) {
		struct sip_draft *own = txn_draft(r->txn);

		if (!own)
			return RT_E_NOMEM;
		own->reply_edits = r->draft->reply_edits;
		own->reply_body = r->draft->reply_body;
	}
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
	err = status / 100 == 3 ? add_targets(r->draft, 0) : 0;
	if (!err)
		err = script_reply_draft(r->worker, r->draft, status, reason);
	if (!err && status >= 200)
		r->replied = status;
	return err;
}

int script_reply(struct run *r, int status, struct str reason)
{
	return r->txn ? by_txn(r, status, reason) : script_reply_stateless(r, status, reason);
}

/* ---- replies of others ---- */

static int target_of(struct worker *w, const struct sip_via *v, struct addr *ret)
{
	struct str host = v->received.n ? v->received : v->maddr.n ? v->maddr : v->host;
	struct net_targets t;
	uint64_t port = 0;
	int err = 0;

	if (!addr_parse(host, ret)) {
		err = net_addresses_await(w, host, &t);
		if (err || !t.n)
			return err ? err : RT_E_NOENT;
		*ret = t.v[0].addr;
	}
	if (v->rport.n && str_to_u64(v->rport, 65535, &port) && port)
		ret->port = (uint16_t)port;
	else
		ret->port = v->port ? v->port : proto_port(v->proto);
	return 0;
}

/* The connection that the request came by, as our Via tells it: ;i=hex. */
static uint64_t connection_of(const struct sip_via *ours)
{
	uint64_t v = 0;

	for (size_t i = 0; i < ours->i.n && i < 16 && hex_value(ours->i.p[i]) >= 0; i++)
		v = v << 4 | (unsigned)hex_value(ours->i.p[i]);
	return v;
}

int script_forward_reply_await(struct worker *w, struct sip_draft *d)
{
	struct sip_via *v = sip_via_top(d->msg);
	struct net_dst to = {0};
	struct str bytes;
	int err;

	v = v ? v->next : NULL;
	if (!v || v->proto == PROTO_OTHER)
		return RT_E_NOENT;
	to.proto = v->proto;
	to.conn_id = connection_of(sip_via_top(d->msg));
	err = target_of(w, v, &to.to);
	if (!err)
		err = sip_build_relayed_reply(d->arena, d, &bytes);
	return err ? err : net_send_text(w, &to, bytes);
}
