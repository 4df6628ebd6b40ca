/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One REGISTER as one change. Three steps under the stripe's lock: find what every contact of the
 * request matches and refuse what is out of order or too much; allocate all that is needed; only
 * then change. So a failure leaves the record as it was (RFC 3261 10.3 step 7).
 */
#include "usrloc/usrloc_priv.h"

#include "base/hash.h"

enum { CHANGES_MAX = 64 };

/* What a contact of the request comes to: neither `fresh` nor `renews`: its match is removed. */
struct step {
	struct ul_binding *match, *fresh;
	struct ul_binding *is; /* what it is in the end */
	unsigned same;         /* texts of the match, ul_same_texts() */
	bool renews;           /* the match becomes it as it is */
};

struct plan {
	struct ul_record rec;
	const struct ul_apply_opts *o;
	const struct ul_change *ch;
	struct step *step; /* of each change */
	size_t n;
	struct ul_room room; /* for the result */
	uint32_t retransmitted;
};

static bool is_match(const struct ul_binding *have, const struct ul_contact *want, enum ul_match mode, unsigned same)
{
	static const unsigned must[] = {
		[UL_MATCH_CONTACT] = 1 << UL_URI,
		[UL_MATCH_CONTACT_CALLID] = 1 << UL_URI | 1 << UL_CALL_ID,
		[UL_MATCH_CONTACT_PATH] = 1 << UL_URI | 1 << UL_PATH,
		[UL_MATCH_CALLID] = 1 << UL_CALL_ID,
	};

	if (want->reg_id && want->instance.n) /* RFC 5626 6: instance and reg-id decide */
		return have->reg_id == want->reg_id && same & 1 << UL_INSTANCE;
	return mode < sizeof(must) / sizeof(*must) && (same & must[mode]) == must[mode];
}

static void find_match(const struct plan *p, const struct ul_contact *want, struct step *st)
{
	for (struct ul_binding *b = p->rec.first; b; b = b->next) {
		if (ul_is_expired(b, p->o->now))
			continue;
		st->same = ul_same_texts(b, want);
		if (is_match(b, want, p->o->match, st->same)) {
			st->match = b;
			return;
		}
	}
}

/* RFC 3261 10.3 step 7: with the same Call-ID the CSeq must have grown. */
static int check_order(struct plan *p, const struct step *st, const struct ul_contact *want)
{
	const struct ul_binding *have = st->match;

	if (!(st->same & 1 << UL_CALL_ID) || want->cseq > have->cseq)
		return 0;
	if (want->cseq < have->cseq)
		return RT_E_STATE;
	if (p->o->now - have->modified <= p->o->cseq_delay) {
		p->retransmitted++;
		return 0;
	}
	return RT_E_STATE;
}

static int find_all(struct plan *p)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct ul_contact *want = &p->ch[i].c;
		struct step *st = &p->step[i];
		int err;

		if (ul_contact_bytes(want) > p->rec.t->lim.contact_bytes)
			return RT_E_LIMIT;
		find_match(p, want, st);
		err = st->match ? check_order(p, st, want) : 0;
		if (err)
			return err;
	}
	return 0;
}

/* By one of the first n changes. */
static bool is_named(const struct plan *p, size_t n, const struct ul_binding *b)
{
	for (size_t i = 0; i < n; i++)
		if (p->step[i].match == b)
			return true;
	return false;
}

/* Contacts that the AoR would have. */
static int check_count(struct plan *p)
{
	uint32_t n = 0, added = 0, max = p->o->max_contacts;

	for (size_t i = 0; i < p->n; i++)
		added += p->ch[i].op == UL_OP_SAVE && !p->step[i].match;
	if (!added)
		return 0;
	for (struct ul_binding *b = p->rec.first; b; b = b->next)
		n += !ul_is_expired(b, p->o->now) && !p->o->remove_all &&
		     (!p->o->only_these || is_named(p, p->n, b));
	for (size_t i = 0; i < p->n && n; i++)
		n -= p->ch[i].op == UL_OP_REMOVE && p->step[i].match;
	if ((max && n + added > max) || n + added > p->rec.t->lim.per_aor ||
	    atomic_load(&p->rec.t->contacts) + added > p->rec.t->lim.contacts)
		return RT_E_LIMIT;
	return 0;
}

/* For what the AoR has in the end: of what the request names only the id is copied, the rest is the request's own. */
static int allocate_room(struct plan *p, struct arena *a)
{
	size_t bytes = 0, n = p->n;

	for (struct ul_binding *b = p->rec.first; b; b = b->next, n++)
		bytes += is_named(p, p->n, b) ? b->text_n[UL_RUID] : ul_binding_bytes(b);
	for (size_t i = 0; i < p->n; i++)
		bytes += p->step[i].fresh ? p->step[i].fresh->text_n[UL_RUID] : 0;
	return ul_room_get(a, n, bytes, &p->room);
}

static int allocate_one(struct plan *p, size_t i)
{
	const struct ul_contact *c = &p->ch[i].c;
	struct step *st = &p->step[i];

	st->renews = st->match && st->same == UL_SAME_ALL && !is_named(p, i, st->match);
	if (!st->renews) /* the binding keeps its identity */
		st->fresh = ul_binding_new(&p->rec, c, st->match ? ul_text(st->match, UL_RUID) : c->ruid, p->o->now);
	return st->renews || st->fresh ? 0 : RT_E_NOMEM;
}

static int allocate_all(struct plan *p, struct arena *a)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->ch[i].op == UL_OP_SAVE && allocate_one(p, i))
			return RT_E_NOMEM;
	return allocate_room(p, a);
}

static void remove_binding(struct plan *p, struct ul_binding *b)
{
	ul_binding_unlink(&p->rec, b);
	ul_binding_free(&b);
}

/* "Contact: *" and the contacts that only_these does not name; expired ones go on the way. */
static void remove_others(struct plan *p, struct ul_result *res)
{
	for (struct ul_binding *b = p->rec.first, *next; b; b = next) {
		bool expired = ul_is_expired(b, p->o->now);

		next = b->next;
		if (is_named(p, p->n, b) ||
		    !(expired || p->o->remove_all || p->o->only_these))
			continue;
		res->removed += !expired;
		remove_binding(p, b);
	}
}

/* One contact of the request. */
static void commit_one(struct plan *p, size_t i, struct ul_result *res)
{
	struct ul_binding *old = p->step[i].match, *fresh = p->step[i].fresh;

	p->step[i].fresh = NULL;
	p->step[i].is = p->step[i].renews ? old : fresh;
	for (size_t j = i + 1; j < p->n; j++)
		if (p->step[j].match == old)
			p->step[j].match = NULL; /* named twice: the first took it */
	if (p->step[i].renews) {
		ul_binding_renew(&p->rec, old, &p->ch[i].c, p->o->now, p->o->by_time);
		res->updated++;
	} else if (old && fresh) {
		ul_binding_replace(&p->rec, old, fresh, p->o->by_time);
		res->updated++;
	} else if (old) {
		remove_binding(p, old);
		res->removed++;
	} else if (fresh) {
		ul_binding_link(&p->rec, fresh, p->o->by_time);
		res->inserted++;
	}
}

static void commit(struct plan *p, struct ul_result *res)
{
	remove_others(p, res);
	for (size_t i = 0; i < p->n; i++)
		commit_one(p, i, res);
}

/* Of which change it is; p->n: of none. */
static size_t change_of(const struct plan *p, const struct ul_binding *b)
{
	size_t i = 0;

	while (i < p->n && p->step[i].is != b)
		i++;
	return i;
}

/* What the AoR has now. */
static void tell(struct plan *p, struct ul_result *res)
{
	res->contacts = p->room.contacts;
	for (const struct ul_binding *b = p->rec.first; b; b = b->next) {
		size_t i = change_of(p, b);

		if (ul_is_expired(b, p->o->now))
			continue;
		if (i == p->n)
			ul_room_add(&p->room, b, res);
		else
			ul_room_add_as(&p->room, b, &p->ch[i].c, res);
	}
}

static void plan_fini(struct plan *p)
{
	for (size_t i = 0; i < p->n; i++)
		ul_binding_free(&p->step[i].fresh);
	ul_record_close(&p->rec);
}

int ul_apply(struct ul_table *t, struct str aor, const struct ul_change *ch, size_t n,
	     const struct ul_apply_opts *o, struct arena *a, struct ul_result *ret)
{
	uint64_t hash = hash_str(aor);
	struct ul_stripe *s = ul_stripe_of(t, hash);
	struct step step[CHANGES_MAX];
	struct plan p = {.o = o, .ch = ch, .step = step, .n = n};
	struct ul_result res = {0};
	int err;

	if (n > CHANGES_MAX || aor.n > UINT16_MAX)
		return RT_E_LIMIT;
	for (size_t i = 0; i < n; i++)
		step[i] = (struct step){0};
	pthread_mutex_lock(&s->lock);
	ul_record_open(t, hash, aor, &p.rec);
	err = find_all(&p);
	if (!err && n && p.retransmitted == n)
		err = RT_E_EXIST;
	if (!err)
		err = check_count(&p);
	if (!err)
		err = allocate_all(&p, a);
	if (!err) {
		commit(&p, &res);
		tell(&p, &res);
	} else if (err == RT_E_EXIST && ul_snapshot(p.rec.first, o->now, a, &res)) {
		err = RT_E_NOMEM;
	}
	plan_fini(&p);
	pthread_mutex_unlock(&s->lock);
	if (!err || err == RT_E_EXIST)
		*ret = res;
	return err;
}
