/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker's transactions: three hashes (request key, id, Call-ID), references, turns, observers and
 * configuration.
 */
#include "base/hash.h"
#include "txn/txn_priv.h"

enum { OBSERVERS_MAX = 16 };

const struct txn_config txn_config_default = {
	.fr_timer = 30000,
	.fr_inv_timer = 120000,
	.wt_timer = 5000,
	.retr_t1 = 500,
	.retr_t2 = 4000,
	.max_inv_lifetime = 180000,
	.max_noninv_lifetime = 32000,
	.restart_fr_on_each_reply = true,
	.auto_inv_100 = true,
	.noisy_ctimer = true,
	.aggregate_challenges = true,
	.local_cancel_reason = true,
	.e2e_cancel_reason = true,
	.remap_503_500 = true,
	.dns_failover = true,
	.cancel_b_method = 1,
	.failure_reply_mode = 3,
	.auto_inv_100_reason = {"trying -- your call is important to us", 38},
	.reply_408_code = 408,
	.reply_408_reason = {"Request Timeout", 15},
	.max_txns = 262144,
	.retry_after = 5,
	.ident = {.server = {"kiln", 4}, .user_agent = {"kiln", 4}},
};

static const char *const stat_names[STAT_COUNT] = {
	"UAS_transactions",      "UAC_transactions",    "2xx_transactions", "3xx_transactions",
	"4xx_transactions",      "5xx_transactions",    "6xx_transactions", "inuse_transactions",
	"active_transactions",   "rpl_received",        "rpl_absorbed",     "rpl_generated",
	"rpl_relayed",           "rpl_sent",            "refused_transactions",
	/* for tm.stats alone, under "tm" */
	"created",               "local",               "waiting"};

struct txn_config txn_cfg;
struct txn_hooks txn_up;
static const struct txn_net *net_ops;
static int stats[STAT_COUNT];
static bool configured;
static struct {
	uint32_t events;
	txn_observer_fn *fn;
	void *arg;
} observers[OBSERVERS_MAX];
static unsigned n_observers;

void txn_set_net(const struct txn_net *net)
{
	net_ops = net;
}

const struct txn_net *txn_down(void)
{
	BUG_ON(!net_ops);
	return net_ops;
}

static txn_onsend_fn *onsend;
static bool onsend_replies;

void txn_set_onsend(txn_onsend_fn *fn, bool replies)
{
	onsend = fn;
	onsend_replies = replies;
}

bool txn_onsend(struct worker *w, struct txn *t, const struct sip_draft *d, const struct txn_dst *to,
		struct str bytes)
{
	return !onsend || (t && t->flags & TXN_LOCAL) || onsend(w, t, d, to, bytes);
}

bool txn_onsend_reply(struct txn *t, const struct sip_draft *d, struct str bytes)
{
	if (!onsend || !onsend_replies)
		return true;
	if (txn_wake(t))
		txn_reply_dst_await(t->w, t->draft, &t->up);
	return onsend(t->w, t, d, &t->up, bytes);
}

void txn_set_hooks(const struct txn_hooks *h)
{
	txn_up = h ? *h : (struct txn_hooks){0};
}

void txn_configure(const struct txn_config *c)
{
	txn_cfg = *c;
	for (int i = 0; i < STAT_COUNT; i++)
		stats[i] = counter_get(i >= STAT_CREATED ? S("tm") : S("tmx"), str_of(stat_names[i]));
	configured = true;
}

void txn_reconfigure(const struct txn_config *c)
{
	txn_cfg = *c;
}

const struct txn_config *txn_conf(void)
{
	return configured ? &txn_cfg : &txn_config_default;
}

void txn_reset(void)
{
	configured = false;
	n_observers = 0;
	net_ops = NULL;
	txn_set_hooks(NULL);
	txn_set_onsend(NULL, false);
}

void txn_stat(enum txn_stat s, int64_t n)
{
	counter_add(stats[s], n);
}

int txn_observe(uint32_t events, txn_observer_fn *fn, void *arg)
{
	if (n_observers == OBSERVERS_MAX)
		return RT_E_LIMIT;
	observers[n_observers].events = events;
	observers[n_observers].fn = fn;
	observers[n_observers].arg = arg;
	n_observers++;
	return 0;
}

void txn_notify(struct txn *t, enum txn_event e, struct txn_branch *b, struct sip_msg *m, int st)
{
	struct txn_notice n = {e, t, b, m, st};

	for (unsigned i = 0; i < n_observers; i++)
		if (observers[i].events & e)
			observers[i].fn(observers[i].arg, &n);
}

/* ---- table ---- */

struct txn_table *txn_table(const struct worker *w)
{
	return worker_slot(w, WSLOT_TXN);
}

static struct txn *txn_by_id(struct hashtab_node *n)
{
	return container_of(n, struct txn, by_id);
}

int txn_worker_init(struct worker *w)
{
	struct txn_table *tab = mem_alloc(sizeof(*tab));

	if (!configured)
		txn_configure(&txn_config_default);
	if (!tab)
		return RT_E_NOMEM;
	txn_late_init(&tab->late);
	slab_init(&tab->slab);
	tab->w = w;
	world_random(worker_world(w), &tab->next_label, sizeof(tab->next_label));
	worker_set_slot(w, WSLOT_TXN, tab);
	return 0;
}

void txn_worker_fini(struct worker *w)
{
	struct txn_table *tab = txn_table(w);

	if (!tab)
		return;
	for (size_t i = 0; i < hashtab_buckets(&tab->id); i++)
		while (hashtab_chain(&tab->id, i))
			txn_destroy(txn_by_id(hashtab_chain(&tab->id, i)));
	txn_late_fini(tab);
	slab_fini(&tab->slab);
	hashtab_fini(&tab->key);
	hashtab_fini(&tab->id);
	hashtab_fini(&tab->call);
	worker_set_slot(w, WSLOT_TXN, NULL);
	mem_free(&tab);
}

unsigned txn_count(const struct worker *w)
{
	struct txn_table *tab = txn_table(w);

	return tab ? tab->n : 0;
}

int txn_index_add(struct txn *t)
{
	struct txn_table *tab = t->tab;

	hashtab_add(&tab->id, &t->by_id, t->label);
	if (t->by_key.text.p)
		hashtab_add(&tab->key, &t->by_key.node, t->by_key.node.hash);
	hashtab_add(&tab->call, &t->by_call, hash_str(t->call_id));
	t->hashed = true;
	tab->n++;
	txn_stat(STAT_INUSE, 1);
	txn_stat(STAT_CREATED, 1);
	if (t->flags & TXN_LOCAL)
		txn_stat(STAT_LOCAL, 1);
	txn_stat(STAT_ACTIVE, 1);
	return 0;
}

int txn_alloc(struct worker *w, struct arena *a, struct txn **ret)
{
	struct txn_table *tab = txn_table(w);
	struct txn *t;

	if (tab->n >= txn_cfg.max_txns) {
		txn_stat(STAT_REFUSED, 1);
		return RT_E_LIMIT;
	}
	t = slab_zeroed(&tab->slab, sizeof(*t));
	if (!t)
		return RT_E_NOMEM;
	t->refs = 1;
	t->w = w;
	t->tab = tab;
	t->draft = arena_raw(a, sizeof(*t->draft)); /* the caller fills it */
	if (!t->draft) {
		slab_put(&tab->slab, &t, sizeof(*t));
		return RT_E_NOMEM;
	}
	t->arena = arena_ref(a);
	wait_queue_init(&t->turn);
	t->label = tab->next_label++;
	world_random(worker_world(w), &t->index, sizeof(t->index));
	t->index = t->index % (TXN_INDEX_MAX / worker_count(w)) * worker_count(w) + worker_index(w);
	t->routes = (struct txn_routes){-1, -1, -1, -1};
	t->timers = (struct txn_timers){txn_cfg.fr_timer, txn_cfg.fr_inv_timer, txn_cfg.retr_t1,
					txn_cfg.retr_t2, txn_cfg.max_inv_lifetime,
					txn_cfg.max_noninv_lifetime};
	*ret = t;
	return 0;
}

struct txn *txn_ref(struct txn *t)
{
	t->refs++;
	return t;
}

static void forget_replies(struct txn *t)
{
	for (unsigned i = 0; i < t->n_b; i++)
		sip_msg_unref(&t->b[i]->reply);
}

void txn_unref(struct txn **pt)
{
	struct txn *t = *pt;

	*pt = NULL;
	if (!t || --t->refs)
		return;
	BUG_ON(t->hashed);
	txn_notify(t, TXN_EV_DESTROY, NULL, NULL, t->uas_status);
	if (t->user && txn_up.user_unref)
		txn_up.user_unref(t->user);
	while (t->n_b)
		txn_branch_free(&t->b[--t->n_b]);
	if (t->b != &t->one)
		mem_free(&t->b);
	sip_msg_unref(&t->req);
	arena_free(&t->arena);
	txn_kept_free(t);
	txn_bytes_free(t, &t->reply);
	slab_put(&t->tab->slab, &t, sizeof(*t));
}

void txn_destroy(struct txn *t)
{
	if (!t->hashed)
		return;
	t->hashed = false;
	hashtab_del(&t->tab->key, &t->by_key.node);
	hashtab_del(&t->tab->id, &t->by_id);
	hashtab_del(&t->tab->call, &t->by_call);
	t->tab->n--;
	txn_stat(STAT_INUSE, -1);
	if (t->final_at)
		txn_stat(STAT_WAITING, -1);
	timer_stop(&t->retr);
	timer_stop(&t->wait);
	for (unsigned i = 0; i < t->n_b; i++)
		txn_branch_stop(t->b[i]);
	txn_unref(&t);
}

/* ---- turns ---- */

void txn_lock_await(struct txn *t)
{
	struct fiber *self = fiber_self();

	if (t->owner == self && t->depth) {
		t->depth++;
		return;
	}
	while (t->depth)
		(void)wait_queue_await(&t->turn, 0);
	t->owner = self;
	t->depth = 1;
}

void txn_unlock(struct txn *t)
{
	BUG_ON(!t->depth);
	if (--t->depth)
		return;
	if (t->uas_status >= 200) /* the choice is made */
		forget_replies(t);
	if (t->hashed && !t->request_done_due)
		txn_let_rest(t);
	t->owner = NULL;
	(void)wait_queue_wake_one(&t->turn);
}

/* ---- lookups ---- */

static struct txn_keyed *find_keyed(struct worker *w, const struct sip_key *key)
{
	struct hashtab_node *n;

	if (!key->text.p)
		return NULL;
	n = hashtab_find(&txn_table(w)->key, key->hash);
	while (n && !str_eq(container_of(n, struct txn_keyed, node)->text, key->text))
		n = hashtab_find_next(n);
	return n ? container_of(n, struct txn_keyed, node) : NULL;
}

static struct txn *alive(struct txn_keyed *x)
{
	return x && !x->gone ? container_of(x, struct txn, by_key) : NULL;
}

static const struct sip_key *key_of(struct sip_msg *m)
{
	return txn_key(m, m->method == SIP_ACK ? SIP_INVITE : m->method);
}

struct txn *txn_find_request(struct worker *w, struct sip_msg *m)
{
	return alive(find_keyed(w, key_of(m)));
}

struct txn *txn_find_cancelled(struct worker *w, struct sip_msg *cancel)
{
	return alive(find_keyed(w, txn_key(cancel, SIP_INVITE)));
}

struct txn *txn_find_id(struct worker *w, uint32_t index, uint32_t label)
{
	struct hashtab_node *n = hashtab_find(&txn_table(w)->id, label);

	while (n && txn_by_id(n)->index != index)
		n = hashtab_find_next(n);
	return n ? txn_by_id(n) : NULL;
}

struct txn *txn_find_callid(struct worker *w, struct str call_id, uint32_t cseq)
{
	struct hashtab_node *n = hashtab_find(&txn_table(w)->call, hash_str(call_id));
	struct txn *oldest = NULL;

	for (; n; n = hashtab_find_next(n)) {
		struct txn *t = container_of(n, struct txn, by_call);

		if (t->cseq == cseq && t->method != SIP_CANCEL && str_eq(t->call_id, call_id))
			oldest = t;
	}
	return oldest;
}

static struct txn *find_same(struct worker *w, struct sip_msg *m, bool e2e)
{
	struct sip_nameaddr *f = sip_from(m);
	struct str call_id = sip_call_id(m);
	struct txn *oldest = NULL;
	struct hashtab_node *n;
	struct sip_cseq cs;

	if (!f || sip_cseq(m, &cs) != 0)
		return NULL;
	n = hashtab_find(&txn_table(w)->call, hash_str(call_id));
	for (; n; n = hashtab_find_next(n)) {
		struct txn *t = container_of(n, struct txn, by_call);
		bool kind = e2e ? t->method == SIP_INVITE && t->uas_status >= 200 &&
					  t->uas_status < 300
				: t->method == m->method && !(t->flags & TXN_LOCAL);

		if (kind && t->cseq == cs.num && str_eq(t->from_tag, f->tag) &&
		    str_eq(t->call_id, call_id))
			oldest = t;
	}
	return oldest;
}

enum txn_match txn_match_request(struct worker *w, struct sip_msg *m, struct txn **ret)
{
	struct txn_keyed *x = find_keyed(w, key_of(m));
	struct txn *t = alive(x);
	struct sip_nameaddr *to;
	enum txn_match r = TXN_NO_MATCH;

	if (m->method == SIP_ACK) {
		if (t && t->uas_status >= 300) {
			txn_got_ack(t);
			r = TXN_ACK_NEGATIVE;
		} else {
			t = find_same(w, m, true);
			r = t ? TXN_ACK_E2E : TXN_NO_MATCH;
			if (t)
				txn_notify(t, TXN_EV_ACK_IN, NULL, m, 0);
			else if (x && x->gone && txn_late_request(w, x, true))
				r = TXN_ACK_NEGATIVE;
		}
	} else if (t) {
		txn_absorb(t);
		r = TXN_RETRANSMISSION;
	} else if (x && txn_late_request(w, x, false)) {
		r = TXN_RETRANSMISSION;
	} else if (txn_cfg.merge_check && m->method != SIP_CANCEL) {
		to = sip_to(m);
		t = to && !to->tag.n ? find_same(w, m, false) : NULL;
		r = t ? TXN_MERGED : TXN_NO_MATCH;
	}
	if (ret)
		*ret = r == TXN_NO_MATCH ? NULL : t;
	return r;
}

void txn_branch_prefix(const struct worker *w, char kind, char to[TXN_BRANCH_PREFIX])
{
	memcpy(to, "z9hG4bK", 7);
	to[7] = kind;
	net_branch_letters(worker_index(w), to + 8);
}

/* Our branch: the prefix, <index hex>.<label hex>.<branch hex>. The first of these and its '.', if any, are taken off. */
static bool hex_part(struct str *s, uint32_t *ret)
{
	uint32_t v = 0;
	size_t n = 0;

	for (; n < s->n && n < 8; n++) {
		unsigned c = (unsigned char)s->p[n], digit = c - '0';

		if (digit > 9) {
			digit = (c | 0x20) - 'a';
			if (digit > 5)
				break;
			digit += 10;
		}
		v = v << 4 | digit;
	}
	if (n == 0 || (n < s->n && s->p[n] != '.'))
		return false;
	*s = str_skip(*s, n + 1);
	*ret = v;
	return true;
}

bool txn_branch_id(struct sip_msg *reply, uint32_t *index, uint32_t *label, uint32_t *branch)
{
	struct sip_via *v = sip_via_top(reply);
	struct str s;

	if (!v || !str_starts(v->branch, S("z9hG4bK-")))
		return false;
	s = str_skip(v->branch, TXN_BRANCH_PREFIX);
	return hex_part(&s, index) && hex_part(&s, label) && hex_part(&s, branch);
}

struct txn_branch *txn_find_reply(struct worker *w, struct sip_msg *reply)
{
	uint32_t index, label, n;
	struct sip_cseq cs;
	struct txn *t;

	if (!txn_branch_id(reply, &index, &label, &n) || sip_cseq(reply, &cs) != 0)
		return NULL;
	t = txn_find_id(w, index, label);
	if (!t || n >= t->n_b)
		return NULL;
	if (txn_cfg.callid_matching && !str_eq(sip_call_id(reply), t->call_id))
		return NULL;
	if (cs.method == SIP_CANCEL)
		return t->b[n]->cancel_sent ? t->b[n] : NULL;
	return cs.method == t->method ? t->b[n] : NULL;
}

void txn_each(struct worker *w, txn_visit_fn *fn, void *arg)
{
	struct txn_table *tab = txn_table(w);

	for (size_t i = 0; i < hashtab_buckets(&tab->id); i++)
		for (struct hashtab_node *n = hashtab_chain(&tab->id, i); n; n = n->next)
			if (!fn(arg, txn_by_id(n)))
				return;
}
