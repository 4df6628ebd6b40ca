/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests of our own: built, parsed like a received one, and forwarded by the ordinary way, so that
 * tm:local-request edits and the client machine are the same code. INVITE is not offered: nothing
 * here would send the ACK to its 2xx.
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
			    .body = u->body,
			    .ident = &txn_cfg.ident};
	struct sip_wire wire;
	struct str bytes;
	int err;

	s.from = u->from;
	if (str_find(u->from, S(";tag=")) == STR_NONE)
		s.from = str_printf(a, STR_FMT ";tag=%016llx", STR_ARG(u->from),
				    (unsigned long long)world_random_u64(worker_world(t->w)));
	err = sip_build_uac(a, &s, &wire);
	if (err)
		return err;
	bytes = sip_wire_flat(&wire, a);
	if (!bytes.p)
		return RT_E_NOMEM;
	err = sip_msg_parse(NULL, bytes, &t->req);
	if (err)
		return err;
	t->method = t->req->method;
	t->cseq = s.cseq;
	t->call_id = s.call_id;
	sip_draft_init(&t->draft, t->req, t->req->arena);
	t->draft.main.force_sock = u->sock;
	return t->req->is_request ? 0 : RT_E_PARSE;
}

int txn_uac_await(struct worker *w, const struct txn_uac *u, struct txn **ret)
{
	struct txn_relay_opts o = {.uri = u->next_hop};
	struct sip_draft d;
	struct txn *t;
	int err;

	if (str_eq(u->method, S("INVITE")) || str_eq(u->method, S("ACK")) ||
	    str_eq(u->method, S("CANCEL")))
		return RT_E_UNSUPP;
	err = txn_alloc(w, &t);
	if (err)
		return err;
	t->flags = TXN_LOCAL;
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
	d = t->draft;
	if (txn_up.local_request && !txn_up.local_request(t, &d))
		err = RT_E_CLOSED;
	else
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
