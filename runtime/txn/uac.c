/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests of our own: built, parsed like a received one, and forwarded by the ordinary way, so that
 * tm:local-request edits and the client machine are the same code. A 2xx to a local INVITE is
 * acknowledged here (RFC 3261 13.2.2.4); the dialog is the caller's business.
 */
#include "net/net.h"
#include "txn/txn_priv.h"

struct str txn_make_call_id(struct worker *w, struct arena *a)
{
	struct str id;

	do {
		id = str_printf(a, "%016llx-%u",
				(unsigned long long)world_random_u64(worker_world(w)),
				worker_index(w));
	} while (id.p && net_owner(id, worker_count(w)) != worker_index(w));
	return id;
}

static int build(struct txn *t, const struct txn_uac *u)
{
	struct arena *a = t->arena;
	struct sip_uac s = {.method = u->method,
			    .ruri = u->ruri,
			    .to = u->to.n ? u->to : str_printf(a, "<" STR_FMT ">", STR_ARG(u->ruri)),
			    .cseq = u->cseq ? u->cseq : 10,
			    .call_id = u->call_id.n ? u->call_id : txn_make_call_id(t->w, a),
			    .routes = u->routes,
			    .n_routes = u->n_routes,
			    .headers = u->headers,
			    .max_forwards = u->max_forwards,
			    .body = u->body,
			    .ident = &txn_cfg.ident};
	struct str bytes;
	int err;

	s.from = u->from;
	if (str_find(u->from, S(";tag=")) == STR_NONE)
		s.from = str_printf(a, STR_FMT ";tag=%016llx", STR_ARG(u->from),
				    (unsigned long long)world_random_u64(worker_world(t->w)));
	err = sip_build_uac(a, &s, &bytes);
	if (!err)
		err = sip_msg_parse(NULL, bytes, &t->req);
	if (err)
		return err;
	t->method = t->req->method;
	t->cseq = s.cseq;
	t->call_id = s.call_id;
	sip_draft_init(t->draft, t->req, t->req->arena);
	t->draft->main.force_sock = u->sock;
	return t->req->is_request ? 0 : RT_E_PARSE;
}

/* ---- ACK of a 2xx ---- */

enum { ROUTES_MAX = 32 };

/* The route set: Record-Route of the reply from the last to the first (RFC 3261 12.1.2). */
static unsigned route_set(struct sip_msg *m, struct str routes[ROUTES_MAX], struct str *first_uri)
{
	struct sip_nameaddr *rr = NULL, *a;
	unsigned n = 0, i;

	*first_uri = STR_NULL;
	if (sip_addrs(m, SIP_HDR_RECORD_ROUTE, &rr))
		return 0;
	for (a = rr; a && n < ROUTES_MAX; a = a->next)
		n++;
	i = n;
	for (a = rr; a && i > 0; a = a->next) {
		routes[--i] = a->text;
		*first_uri = a->uri; /* the last one read comes first */
	}
	return n;
}

static int ack_address_await(struct txn_branch *b, struct sip_msg *m, struct str hop)
{
	struct txn *t = b->t;
	struct sip_uri u;
	unsigned n = 0;

	b->ack_dst = arena_new_of(t->arena, struct txn_dst);
	if (!b->ack_dst)
		return RT_E_NOMEM;
	*b->ack_dst = b->to;
	if (txn_cfg.local_ack_mode == 2) {
		*b->ack_dst = (struct txn_dst){.proto = m->origin.proto, .to = m->origin.src,
					      .sock = m->origin.sock, .conn_id = m->origin.conn_id};
	} else if (txn_cfg.local_ack_mode == 0) {
		return sip_uri_parse(hop, &u) ? RT_E_PARSE
					      : txn_down()->resolve_await(t->w, &u, PROTO_NONE, b->draft->main.force_sock, b->ack_dst, 1, &n);
	}
	return 0;
}

static struct str body_of(struct sip_msg *m, enum sip_hdr_id id)
{
	return m->first[id] ? m->first[id]->body : STR_NULL;
}

static int build_ack_await(struct txn_branch *b, struct sip_msg *m)
{
	struct txn *t = b->t;
	struct sip_nameaddr *contact = NULL;
	struct str routes[ROUTES_MAX], first;
	struct sip_hop hop = {0};
	struct str bytes;
	struct sip_uac u = {.method = S("ACK"),
			    .from = body_of(t->req, SIP_HDR_FROM),
			    .to = body_of(m, SIP_HDR_TO),
			    .cseq = t->cseq,
			    .call_id = t->call_id,
			    .routes = routes,
			    .ident = &txn_cfg.ident,
			    .hop = &hop};
	int err;

	(void)sip_addrs(m, SIP_HDR_CONTACT, &contact);
	u.ruri = contact && !contact->star ? contact->uri : t->req->ruri;
	u.n_routes = route_set(m, routes, &first);
	err = ack_address_await(b, m, first.n ? first : u.ruri);
	if (!err)
		err = txn_down()->hop(t->w, b->ack_dst, b->draft, &hop);
	if (err)
		return err;
	hop.branch = str_printf(t->arena, "z9hG4bK.a%x.%x.%x", t->index, t->label, b->idx);
	err = hop.branch.p ? sip_build_uac(t->arena, &u, &bytes) : RT_E_NOMEM;
	if (!err && !txn_bytes_set(t, &b->ack, bytes))
		err = RT_E_NOMEM;
	return err;
}

void txn_local_ack_await(struct txn_branch *b, struct sip_msg *m)
{
	if (!b->ack.p && build_ack_await(b, m))
		log_warn("no ACK can be sent for the 2xx to an INVITE of our own");
	if (b->ack.p)
		(void)txn_down()->send(b->t->w, b->ack_dst, txn_bytes_str(&b->ack), 0);
}

/* ---- sending ---- */

/*
 * The event route sees where the request goes and from which socket, as if it had come in there; it cannot send it
 * elsewhere, as in the reference.
 */
static int tell_await(struct txn *t, struct sip_draft *d, const struct txn_relay_opts *o)
{
	struct msg_origin *from = &t->req->origin;
	struct txn_dst dst;
	struct sip_hop hop;
	struct sip_uri u;
	unsigned n = 0;
	int err = sip_uri_parse(o->uri, &u);

	if (!err)
		err = txn_down()->resolve_await(t->w, &u, o->proto, d->main.force_sock, &dst, 1, &n);
	if (!err)
		err = txn_down()->hop(t->w, &dst, d, &hop);
	if (err)
		return err == RT_E_TIMEOUT || err == RT_E_IO ? RT_E_NOENT : err;
	if (dst.sock) {
		from->proto = dst.proto;
		from->sock = dst.sock;
		from->src = from->dst = dst.sock->addr;
	}
	d->main.dst_uri = o->uri;
	return txn_up.local_request(t, d) ? 0 : RT_E_CLOSED;
}

int txn_uac_await(struct worker *w, const struct txn_uac *u, struct txn **ret)
{
	struct txn_relay_opts o = {.uri = u->next_hop};
	struct sip_draft d;
	struct arena *a;
	struct txn *t;
	int err;

	if (str_eq(u->method, S("ACK")) || str_eq(u->method, S("CANCEL")))
		return RT_E_UNSUPP;
	a = arena_new_kept(BLOCK_SMALL, TXN_ARENA_LIMIT);
	err = a ? txn_alloc(w, a, &t) : RT_E_NOMEM;
	arena_free(&a); /* the transaction's own now */
	if (err)
		return err;
	t->flags = TXN_LOCAL | (str_eq(u->method, S("INVITE")) ? TXN_INVITE : 0);
	err = build(t, u);
	if (err) {
		txn_unref(&t);
		return err;
	}
	t->uac_fn = u->fn;
	t->uac_arg = u->arg;
	(void)txn_index_add(t);
	(void)txn_ref(t);
	txn_lock_await(t);
	d = *t->draft;
	if (txn_up.local_request) {
		if (!o.uri.n)
			o.uri = t->req->ruri;
		err = tell_await(t, &d, &o);
		d.main.force_sock = u->sock;
		d.main.dst_uri = STR_NULL;
	}
	if (!err)
		err = txn_relay_await(t, &d, &o);
	if (err) {
		t->uac_fn = NULL; /* the return value tells */
		txn_release(t);
	} else if (ret) {
		*ret = t;
	}
	txn_unlock(t);
	txn_unref(&t);
	return err;
}
