/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes again after a transaction has gone. RFC 3261 keeps server transactions over datagrams for
 * 64*T1 (timer J) and client ones at least 32 s (timer D), because an answer or an ACK may be lost several
 * times; the wait timer, the reference's, is far shorter. So a transaction that ends leaves the few bytes
 * that are needed: a request that comes again gets its last reply, a negative answer to an INVITE its ACK.
 */
#include "base/hash.h"
#include "txn/txn_priv.h"

struct late_ack {
	unsigned branch;
	struct txn_dst dst;
	struct str bytes;
};

struct txn_late {
	struct hashtab_node by_key, by_id;
	struct list all;
	struct txn_table *tab;
	struct timer end;
	uint32_t index, label;
	struct txn_dst up;
	struct str key, reply;
	bool silent; /* an INVITE: its negative answer was acknowledged, or given up */
	unsigned n_acks;
	struct late_ack ack[];
};

void txn_late_init(struct txn_late_table *l)
{
	list_init(&l->all);
}

static void forget(struct txn_late *x)
{
	timer_stop(&x->end);
	hashtab_del(&x->tab->late.key, &x->by_key);
	hashtab_del(&x->tab->late.id, &x->by_id);
	list_del(&x->all);
	x->tab->late.n--;
	mem_free(&x);
}

void txn_late_fini(struct txn_late_table *l)
{
	while (!list_empty(&l->all))
		forget(container_of(l->all.next, struct txn_late, all));
	hashtab_fini(&l->key);
	hashtab_fini(&l->id);
}

static void on_end(void *arg)
{
	forget(arg);
}

static struct str keep(char **at, struct str s)
{
	struct str r = str_make(*at, s.n);

	memcpy(*at, s.p, s.n);
	*at += s.n;
	return r;
}

static bool has_ack(const struct txn_branch *b)
{
	return b->ack.n && !proto_is_stream(b->dst[b->cur_dst].proto);
}

static struct txn_late *late_new(const struct txn *t)
{
	size_t n_acks = 0, bytes = t->key.n + t->reply_n;
	struct txn_late *x;
	char *at;

	for (unsigned i = 0; i < t->n_b; i++)
		if (has_ack(t->b[i])) {
			n_acks++;
			bytes += t->b[i]->ack.n;
		}
	x = mem_alloc(sizeof(*x) + n_acks * sizeof(x->ack[0]) + bytes);
	if (!x)
		return NULL;
	at = (char *)&x->ack[n_acks];
	x->key = keep(&at, t->key);
	x->reply = t->reply ? keep(&at, str_make(t->reply, t->reply_n)) : STR_NULL;
	for (unsigned i = 0; i < t->n_b; i++) {
		const struct txn_branch *b = t->b[i];

		if (has_ack(b))
			x->ack[x->n_acks++] = (struct late_ack){b->idx, b->dst[b->cur_dst], keep(&at, b->ack)};
	}
	for (unsigned i = 0; i < x->n_acks; i++)
		x->ack[i].dst.cookie = 0;
	return x;
}

void txn_late_keep(struct txn *t)
{
	struct txn_late_table *l = &t->tab->late;
	uint64_t now = worker_now(t->w), end = t->final_at + 64000ULL * t->timers.t1;
	struct txn_late *x;

	if ((t->flags & TXN_LOCAL) || !t->key.p || !t->reply_n || t->uas_status < 200 || now >= end ||
	    proto_is_stream(txn_origin(t)->proto) || l->n >= txn_cfg.max_txns)
		return;
	x = late_new(t);
	if (!x)
		return; /* the peer's own timers end it */
	x->tab = t->tab;
	x->index = t->index;
	x->label = t->label;
	x->up = t->up;
	x->up.cookie = 0;
	x->silent = t->method == SIP_INVITE;
	hashtab_add(&l->key, &x->by_key, t->by_key.hash);
	hashtab_add(&l->id, &x->by_id, x->label);
	list_add_tail(&l->all, &x->all);
	l->n++;
	timer_start(t->w, &x->end, (uint32_t)((end - now) / 1000) + 1, on_end, x);
}

bool txn_late_request(struct worker *w, const struct sip_key *key, bool ack)
{
	struct txn_late_table *l = &txn_table(w)->late;
	struct hashtab_node *n;

	if (!key->text.p || !l->n)
		return false;
	for (n = hashtab_find(&l->key, key->hash); n; n = hashtab_find_next(n)) {
		struct txn_late *x = container_of(n, struct txn_late, by_key);

		if (!str_eq(x->key, key->text))
			continue;
		if (!ack && !x->silent)
			(void)txn_down()->send(w, &x->up, x->reply, false);
		return true;
	}
	return false;
}

bool txn_late_reply(struct worker *w, struct sip_msg *m)
{
	struct txn_late_table *l = &txn_table(w)->late;
	uint32_t index, label, branch;
	struct hashtab_node *n;

	if (!l->n || !txn_branch_id(m, &index, &label, &branch))
		return false;
	for (n = hashtab_find(&l->id, label); n; n = hashtab_find_next(n)) {
		struct txn_late *x = container_of(n, struct txn_late, by_id);

		if (x->index != index)
			continue;
		for (unsigned i = 0; i < x->n_acks; i++)
			if (x->ack[i].branch == branch && m->status >= 300)
				(void)txn_down()->send(w, &x->ack[i].dst, x->ack[i].bytes, true);
		return true;
	}
	return false;
}
