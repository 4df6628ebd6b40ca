/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A transaction that rests holds two pieces of memory besides its branches and the last reply: itself, and what is kept
 * of its request. That is one piece of just the size: the bytes of the request, which are parsed again when somebody
 * asks, the drafts as words (sip/rest.h), and their edits and texts. The arena in which they lay goes.
 *
 * What is kept stays while the transaction is awake, for the drafts' texts lie there, until the next rest has copied
 * what is still needed of it.
 */
#include "sip/rest.h"
#include "txn/txn_priv.h"

struct txn_kept {
	struct msg_origin origin;
	uint32_t id;
	uint32_t flags; /* of the message: txn_msg_flags() */
	struct str bytes;
	uint64_t words[]; /* the draft's and each branch's; edits and texts behind them */
};

static void set_msg(struct txn *t, struct sip_msg *m)
{
	t->req = m;
	t->draft->msg = m;
	for (unsigned i = 0; i < t->n_b; i++)
		t->b[i]->draft->msg = m;
}

static bool in_place(const struct txn *t, const struct sip_draft *d)
{
	return d->msg == t->req && d->arena == t->arena && !d->via_more;
}

/* All drafts are over the one request, what they say lies in our arena, and nobody looks at what was woken for him. */
static bool may_rest(const struct txn *t)
{
	if ((t->flags & TXN_LOCAL) || !t->draft || (t->kept && t->req->refs > 1) || !in_place(t, t->draft))
		return false;
	for (unsigned i = 0; i < t->n_b; i++)
		if (!in_place(t, t->b[i]->draft))
			return false;
	return true;
}

enum { DRAFTS_MAX = 1 + TXN_BRANCHES_MAX };

static const struct sip_draft *draft_at(const struct txn *t, unsigned i)
{
	return i ? t->b[i - 1]->draft : t->draft;
}

/* The drafts as words of `mask` to `to`, what they refer to to its new place; NULL: the masks are made and all is counted. */
static size_t pack_drafts(const struct txn *t, struct sip_mover *m, uint64_t mask[DRAFTS_MAX], uint64_t *to)
{
	size_t n = 0;

	for (unsigned i = 0; i <= t->n_b; i++) {
		const struct sip_draft *d = draft_at(t, i), *base = i ? t->draft : NULL;

		if (!to)
			mask[i] = sip_draft_mask(d, base);
		n += sip_draft_pack(m, d, mask[i], base, i ? to : NULL, to ? to + n : NULL);
	}
	return n;
}

enum { OWN_TEXTS = 4 };

static void own_texts(struct txn *t, struct str *ret[OWN_TEXTS])
{
	struct str *all[OWN_TEXTS] = {&t->by_key.text, &t->call_id, &t->from_tag, &t->tag};

	memcpy(ret, all, sizeof(all));
}

static struct txn_kept *keep(struct txn *t)
{
	struct sip_mover m = {.from = t->req->buf};
	struct str *own[OWN_TEXTS], buf = t->req->buf;
	uint64_t mask[DRAFTS_MAX];
	size_t n = pack_drafts(t, &m, mask, NULL), size;
	struct txn_kept *k;

	own_texts(t, own);
	for (int i = 0; i < OWN_TEXTS; i++)
		(void)sip_move_text(&m, *own[i]);
	size = sizeof(*k) + n * sizeof(k->words[0]) + m.nodes + m.texts + buf.n;
	k = m.odd ? NULL : slab_get(&t->tab->slab, size);
	if (!k)
		return NULL;
	*k = (struct txn_kept){.origin = t->req->origin, .id = t->req->id, .flags = t->draft->flags,
			       .bytes = str_make((char *)k + size - buf.n, buf.n)};
	memcpy((char *)k + size - buf.n, buf.p, buf.n);
	m = (struct sip_mover){.front = (char *)&k->words[n], .back = (char *)k + size - buf.n, .from = buf, .to = k->bytes};
	(void)pack_drafts(t, &m, mask, k->words);
	for (int i = 0; i < OWN_TEXTS; i++)
		*own[i] = sip_move_text(&m, *own[i]);
	return k;
}

/* The bytes of the request are the last of it. */
static size_t kept_size(const struct txn_kept *k)
{
	return (size_t)(k->bytes.p + k->bytes.n - (const char *)k);
}

void txn_kept_free(struct txn *t)
{
	if (t->kept)
		slab_put(&t->tab->slab, &t->kept, kept_size(t->kept));
}

/* What it has of the request and the drafts goes. */
static void let_go(struct txn *t)
{
	sip_msg_unref(&t->req);
	arena_free(&t->arena);
	t->draft = NULL;
	for (unsigned i = 0; i < t->n_b; i++)
		t->b[i]->draft = NULL;
}

void txn_let_rest(struct txn *t)
{
	struct txn_kept *k;

	if (!may_rest(t))
		return;
	if (t->up.proto == PROTO_NONE)
		txn_reply_dst_await(t->w, t->draft, &t->up);
	t->up.send_flags = t->draft->rpl_send;
	k = keep(t);
	if (!k)
		return;
	txn_kept_free(t);
	t->kept = k;
	let_go(t);
}

/* Drafts in t's arena for what is kept; false: no memory. */
static bool unpack(struct txn *t)
{
	const uint64_t *from = t->kept->words;
	struct sip_draft *d = arena_calloc(t->arena, 1 + t->n_b, sizeof(*d));

	if (!d)
		return false;
	t->draft = d;
	from += sip_draft_unpack(d, NULL, from);
	for (unsigned i = 0; i < t->n_b; i++) {
		t->b[i]->draft = &d[1 + i];
		from += sip_draft_unpack(&d[1 + i], d, from);
		d[1 + i].arena = t->arena;
	}
	d->arena = t->arena;
	d->flags = t->kept->flags;
	return true;
}

/* Views of the kept bytes become views of the message, so that the next rest finds them there; or the reverse. */
static void move_views(struct txn *t, struct str from, struct str to)
{
	struct str *own[OWN_TEXTS];

	own_texts(t, own);
	for (int i = 0; i < OWN_TEXTS; i++)
		if (own[i]->p >= from.p && own[i]->p < from.p + from.n)
			own[i]->p = to.p + (own[i]->p - from.p);
}

bool txn_wake(struct txn *t)
{
	struct sip_msg *m = NULL;

	if (t->draft)
		return true;
	t->arena = arena_new_kept(BLOCK_SMALL, TXN_ARENA_LIMIT);
	if (!t->arena)
		return false;
	if (sip_msg_parse(NULL, t->kept->bytes, &m) || !unpack(t)) {
		sip_msg_unref(&m);
		arena_free(&t->arena);
		return false;
	}
	m->origin = t->kept->origin;
	m->id = t->kept->id;
	set_msg(t, m);
	move_views(t, t->kept->bytes, m->buf);
	return true;
}

static bool within(struct str all, const char *p)
{
	return p >= all.p && p < all.p + all.n;
}

/* Was one of our texts made since it was woken? */
static bool new_texts(struct txn *t)
{
	struct str *own[OWN_TEXTS], kept = str_make((const char *)t->kept, kept_size(t->kept));
	bool is_new = false;

	own_texts(t, own);
	for (int i = 0; i < OWN_TEXTS; i++)
		is_new |= own[i]->p && !within(t->req->buf, own[i]->p) && !within(kept, own[i]->p);
	return is_new;
}

void txn_rest_again(struct txn *t)
{
	if (!may_rest(t) || !t->kept || new_texts(t)) {
		txn_let_rest(t);
		return;
	}
	t->kept->flags = t->draft->flags;
	move_views(t, t->req->buf, t->kept->bytes);
	let_go(t);
}

const struct msg_origin *txn_origin(const struct txn *t)
{
	return t->req ? &t->req->origin : &t->kept->origin;
}

uint32_t *txn_msg_flags(struct txn *t)
{
	return t->draft ? &t->draft->flags : &t->kept->flags;
}

struct sip_draft *txn_draft(struct txn *t)
{
	return txn_wake(t) ? t->draft : NULL;
}

struct sip_msg *txn_request(struct txn *t)
{
	return txn_wake(t) ? t->req : NULL;
}

bool txn_rests(const struct txn *t)
{
	return !t->draft;
}
