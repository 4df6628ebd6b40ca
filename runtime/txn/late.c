/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes again after a transaction has gone. RFC 3261 keeps server transactions over datagrams for
 * 64*T1 (timer J) and client ones at least 32 s (timer D), because an answer or an ACK may be lost several
 * times; RFC 6026 keeps an accepted INVITE as long, for its 2xx may come again. The wait timer, the reference's, is
 * far shorter. So a transaction that ends leaves the few bytes that are needed: a request that comes again gets its
 * last reply, an INVITE is absorbed, a negative answer to one gets its ACK, a 2xx goes up.
 */
#include "base/hash.h"
#include "txn/txn_priv.h"

struct late_ack {
	unsigned branch;
	struct txn_dst dst;
	struct str bytes;
};

struct txn_late {
	struct txn_keyed by_key;
	struct hashtab_node by_id;
	struct list all;
	uint64_t end; /* us */
	uint32_t index, label, size;
	struct txn_dst up;
	struct str reply;
	bool silent;   /* an INVITE: its negative answer was acknowledged, or given up */
	bool accepted; /* an INVITE with a 2xx */
	unsigned n_acks;
	struct late_ack ack[];
};

void txn_late_init(struct txn_late_table *l)
{
	list_init(&l->all);
}

static struct txn_late *oldest(const struct txn_late_table *l)
{
	return container_of(l->all.next, struct txn_late, all);
}

static void forget(struct txn_table *tab, struct txn_late *x)
{
	hashtab_del(&tab->key, &x->by_key.node);
	hashtab_del(&tab->late.id, &x->by_id);
	list_del(&x->all);
	tab->late.n--;
	slab_put(&tab->slab, &x, x->size);
}

void txn_late_fini(struct txn_table *tab)
{
	timer_stop(&tab->late.end);
	while (!list_empty(&tab->late.all))
		forget(tab, oldest(&tab->late));
	hashtab_fini(&tab->late.id);
}

/* They go in the order in which they came, so that one timer does: one with a shorter T1 than that before it stays as long. */
static void on_end(void *arg)
{
	struct txn_table *tab = arg;
	uint64_t now = worker_now(tab->w);

	while (!list_empty(&tab->late.all) && oldest(&tab->late)->end <= now)
		forget(tab, oldest(&tab->late));
	if (!list_empty(&tab->late.all))
		timer_start(tab->w, &tab->late.end, (uint32_t)((oldest(&tab->late)->end - now) / 1000) + 1, on_end, tab);
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
	return b->ack.n && !proto_is_stream(b->to.proto);
}

static struct txn_late *late_new(const struct txn *t)
{
	struct str reply = t->method == SIP_INVITE ? STR_NULL : txn_bytes_str(&t->reply);
	size_t n_acks = 0, size = sizeof(struct txn_late) + t->by_key.text.n + reply.n;
	struct txn_late *x;
	char *at;

	for (unsigned i = 0; i < t->n_b; i++)
		if (has_ack(t->b[i])) {
			n_acks++;
			size += sizeof(x->ack[0]) + t->b[i]->ack.n;
		}
	x = slab_get(&t->tab->slab, size);
	if (!x)
		return NULL;
	*x = (struct txn_late){.size = (uint32_t)size};
	at = (char *)&x->ack[n_acks];
	x->by_key.text = keep(&at, t->by_key.text);
	x->by_key.gone = true;
	x->reply = reply.n ? keep(&at, reply) : STR_NULL;
	for (unsigned i = 0; i < t->n_b; i++) {
		const struct txn_branch *b = t->b[i];

		if (has_ack(b))
			x->ack[x->n_acks++] = (struct late_ack){b->idx, b->to, keep(&at, txn_bytes_str(&b->ack))};
	}
	return x;
}

void txn_late_keep(struct txn *t)
{
	struct txn_late_table *l = &t->tab->late;
	uint64_t now = worker_now(t->w), end = t->final_at + 64000ULL * t->timers.t1;
	bool accepted = t->method == SIP_INVITE && t->uas_status < 300;
	struct txn_late *x;

	if ((t->flags & TXN_LOCAL) || !t->by_key.text.p || !t->reply.n || t->uas_status < 200 || now >= end ||
	    (!accepted && proto_is_stream(txn_origin(t)->proto)) || l->n >= txn_cfg.max_txns)
		return;
	x = late_new(t);
	if (!x)
		return; /* the peer's own timers end it */
	x->end = end;
	x->index = t->index;
	x->label = t->label;
	x->up = t->up;
	x->silent = t->method == SIP_INVITE;
	x->accepted = accepted;
	hashtab_add(&t->tab->key, &x->by_key.node, t->by_key.node.hash);
	hashtab_add(&l->id, &x->by_id, x->label);
	list_add_tail(&l->all, &x->all);
	l->n++;
	if (!timer_armed(&l->end))
		timer_start(t->w, &l->end, (uint32_t)((end - now) / 1000) + 1, on_end, t->tab);
}

bool txn_late_request(struct worker *w, struct txn_keyed *k, bool ack)
{
	const struct txn_late *x = container_of(k, struct txn_late, by_key);

	if (ack && x->accepted) /* the ACK of a 2xx is nobody's but the callee's */
		return false;
	if (!ack && !x->silent)
		(void)txn_down()->send(w, &x->up, x->reply, 0);
	return true;
}

/* A 2xx of an accepted INVITE goes where the first went (RFC 6026 7.2). */
static void pass_up(struct worker *w, const struct txn_late *x, const struct sip_draft *d)
{
	struct str bytes;

	if (sip_build_relayed_reply(d->arena, d, &bytes))
		return;
	if (txn_down()->send(w, &x->up, bytes, 0) == 0)
		txn_stat(STAT_RPL_SENT, 1);
}

bool txn_late_reply(struct worker *w, const struct sip_draft *d)
{
	struct txn_late_table *l = &txn_table(w)->late;
	struct sip_msg *m = d->msg;
	uint32_t index, label, branch;
	struct hashtab_node *n;
	struct sip_cseq cs;

	if (!l->n || !txn_branch_id(m, &index, &label, &branch) || sip_cseq(m, &cs) != 0)
		return false;
	for (n = hashtab_find(&l->id, label); n; n = hashtab_find_next(n)) {
		struct txn_late *x = container_of(n, struct txn_late, by_id);

		if (x->index != index)
			continue;
		for (unsigned i = 0; i < x->n_acks; i++)
			if (x->ack[i].branch == branch && m->status >= 300)
				(void)txn_down()->send(w, &x->ack[i].dst, x->ack[i].bytes, 0);
		if (x->accepted && cs.method == SIP_INVITE && m->status / 100 == 2)
			pass_up(w, x, d);
		return true;
	}
	return false;
}
