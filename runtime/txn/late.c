/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes again after a transaction has gone. RFC 3261 keeps server transactions over datagrams for
 * 64*T1 (timer J) and client ones at least 32 s (timer D), because an answer or an ACK may be lost several
 * times; the wait timer, the reference's, is far shorter. So a transaction that ends leaves the few bytes
 * that are needed: a request that comes again gets its last reply, a negative answer to an INVITE its ACK.
 */
#include "base/hash.h"
#include "txn/txn_priv.h"

enum { LATE_FIRST = 256 };

struct late_ack {
	unsigned branch;
	struct txn_dst dst;
	struct str bytes;
};

struct txn_late {
	struct list by_key, by_id, all;
	struct txn_table *tab;
	struct timer end;
	uint64_t key_hash;
	uint32_t index, label;
	struct txn_dst up;
	struct str key, reply;
	bool silent; /* an INVITE: its negative answer was acknowledged, or given up */
	unsigned n_acks;
	struct late_ack ack[];
};

int txn_late_init(struct txn_late_table *l)
{
	l->key = txn_rings_new(LATE_FIRST);
	l->id = txn_rings_new(LATE_FIRST);
	l->size = LATE_FIRST;
	list_init(&l->all);
	if (l->key && l->id)
		return 0;
	mem_free(&l->key);
	mem_free(&l->id);
	return RT_E_NOMEM;
}

static void forget(struct txn_late *x)
{
	timer_stop(&x->end);
	list_del(&x->by_key);
	list_del(&x->by_id);
	list_del(&x->all);
	x->tab->late.n--;
	mem_free(&x);
}

void txn_late_fini(struct txn_late_table *l)
{
	while (!list_empty(&l->all))
		forget(container_of(l->all.next, struct txn_late, all));
	mem_free(&l->key);
	mem_free(&l->id);
}

static void link_late(struct txn_late_table *l, struct txn_late *x)
{
	list_add_head(&l->key[x->key_hash % l->size], &x->by_key);
	list_add_head(&l->id[x->label % l->size], &x->by_id);
}

/* Without memory the chains just grow longer. */
static void grow(struct txn_late_table *l)
{
	size_t n = l->size * 2;
	struct list *key = txn_rings_new(n), *id = txn_rings_new(n), *it, *tmp;

	if (!key || !id) {
		mem_free(&key);
		mem_free(&id);
		return;
	}
	list_each(it, tmp, &l->all)
	{
		struct txn_late *x = container_of(it, struct txn_late, all);

		list_del(&x->by_key);
		list_del(&x->by_id);
	}
	mem_free(&l->key);
	mem_free(&l->id);
	l->key = key;
	l->id = id;
	l->size = n;
	list_each(it, tmp, &l->all)
		link_late(l, container_of(it, struct txn_late, all));
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
	x->key_hash = t->key_hash;
	x->index = t->index;
	x->label = t->label;
	x->up = t->up;
	x->up.cookie = 0;
	x->silent = t->method == SIP_INVITE;
	if (l->n >= l->size)
		grow(l);
	link_late(l, x);
	list_add_tail(&l->all, &x->all);
	l->n++;
	timer_start(t->w, &x->end, (uint32_t)((end - now) / 1000) + 1, on_end, x);
}

bool txn_late_request(struct worker *w, const struct sip_key *key, bool ack)
{
	struct txn_late_table *l = &txn_table(w)->late;
	struct list *it, *tmp;

	if (!key->text.p || !l->n)
		return false;
	list_each(it, tmp, &l->key[key->hash % l->size])
	{
		struct txn_late *x = container_of(it, struct txn_late, by_key);

		if (x->key_hash != key->hash || !str_eq(x->key, key->text))
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
	struct list *it, *tmp;

	if (!l->n || !txn_branch_id(m, &index, &label, &branch))
		return false;
	list_each(it, tmp, &l->id[label % l->size])
	{
		struct txn_late *x = container_of(it, struct txn_late, by_id);

		if (x->label != label || x->index != index)
			continue;
		for (unsigned i = 0; i < x->n_acks; i++)
			if (x->ack[i].branch == branch && m->status >= 300)
				(void)txn_down()->send(w, &x->ack[i].dst, x->ack[i].bytes, true);
		return true;
	}
	return false;
}
