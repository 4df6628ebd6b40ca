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
	bool renews; /* the match becomes it as it is */
};

struct plan {
	struct ul_table *t;
	struct ul_stripe *s;
	struct ul_record *rec;
	const struct ul_apply_opts *o;
	const struct ul_change *ch;
	struct step *step; /* of each change */
	size_t n;
	struct ul_room room; /* for the result */
	uint32_t retransmitted;
};

static bool is_match(const struct ul_binding *have, const struct ul_contact *want,
		     enum ul_match mode)
{
	if (want->reg_id && want->instance.n) /* RFC 5626 6: instance and reg-id decide */
		return have->reg_id == want->reg_id && str_eq(ul_text(have, UL_INSTANCE), want->instance);
	switch (mode) {
	case UL_MATCH_CONTACT:
		return str_eq(ul_text(have, UL_URI), want->uri);
	case UL_MATCH_CONTACT_CALLID:
		return str_eq(ul_text(have, UL_URI), want->uri) && str_eq(ul_text(have, UL_CALL_ID), want->call_id);
	case UL_MATCH_CONTACT_PATH:
		return str_eq(ul_text(have, UL_URI), want->uri) && str_eq(ul_text(have, UL_PATH), want->path);
	case UL_MATCH_CALLID:
		return str_eq(ul_text(have, UL_CALL_ID), want->call_id);
	}
	return false;
}

static struct ul_binding *find_match(const struct plan *p, const struct ul_contact *want)
{
	for (struct ul_binding *b = p->rec ? p->rec->first : NULL; b; b = b->next)
		if (!ul_is_expired(b, p->o->now) && is_match(b, want, p->o->match))
			return b;
	return NULL;
}

/* RFC 3261 10.3 step 7: with the same Call-ID the CSeq must have grown. */
static int check_order(struct plan *p, const struct ul_binding *have, const struct ul_contact *want)
{
	if (!str_eq(ul_text(have, UL_CALL_ID), want->call_id) || want->cseq > have->cseq)
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
		int err;

		if (ul_contact_bytes(want) > p->t->lim.contact_bytes)
			return RT_E_LIMIT;
		p->step[i].match = find_match(p, want);
		if (!p->step[i].match)
			continue;
		err = check_order(p, p->step[i].match, want);
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

	for (struct ul_binding *b = p->rec ? p->rec->first : NULL; b; b = b->next)
		n += !ul_is_expired(b, p->o->now) && !p->o->remove_all &&
		     (!p->o->only_these || is_named(p, p->n, b));
	for (size_t i = 0; i < p->n; i++) {
		if (p->ch[i].op == UL_OP_SAVE && !p->step[i].match)
			added++;
		else if (p->ch[i].op == UL_OP_REMOVE && p->step[i].match && n)
			n--;
	}
	if (!added)
		return 0;
	if ((max && n + added > max) || n + added > p->t->lim.per_aor ||
	    atomic_load(&p->t->contacts) + added > p->t->lim.contacts)
		return RT_E_LIMIT;
	return 0;
}

static int allocate_room(struct plan *p, struct arena *a)
{
	size_t bytes = 0, n = 0;

	for (struct ul_binding *b = p->rec ? p->rec->first : NULL; b; b = b->next, n++)
		bytes += ul_binding_bytes(b);
	for (size_t i = 0; i < p->n; i++, n++)
		bytes += p->step[i].fresh ? ul_binding_bytes(p->step[i].fresh) : 0;
	return ul_room_get(a, n, bytes, &p->room);
}

static int allocate_one(struct plan *p, size_t i)
{
	const struct ul_contact *c = &p->ch[i].c;
	struct step *st = &p->step[i];

	st->renews = st->match && !is_named(p, i, st->match) && ul_binding_fits(st->match, c);
	if (!st->renews) /* the binding keeps its identity */
		st->fresh = ul_binding_new(c, st->match ? ul_text(st->match, UL_RUID) : c->ruid, p->o->now);
	return st->renews || st->fresh ? 0 : RT_E_NOMEM;
}

static int allocate_all(struct plan *p, struct str aor, uint64_t hash, struct arena *a)
{
	bool saves = false;

	for (size_t i = 0; i < p->n; i++) {
		if (p->ch[i].op != UL_OP_SAVE)
			continue;
		if (allocate_one(p, i))
			return RT_E_NOMEM;
		saves = true;
	}
	if (saves && !p->rec) {
		p->rec = ul_record_add(p->t, p->s, hash, aor);
		if (!p->rec)
			return RT_E_NOMEM;
	}
	return allocate_room(p, a);
}

static void remove_binding(struct plan *p, struct ul_binding *b)
{
	ul_binding_unlink(p->t, p->s, b);
	ul_binding_free(&b);
}

/* "Contact: *" and the contacts that only_these does not name; expired ones go on the way. */
static void remove_others(struct plan *p, struct ul_result *res)
{
	for (struct ul_binding *b = p->rec ? p->rec->first : NULL, *next; b; b = next) {
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
	for (size_t j = i + 1; j < p->n; j++)
		if (p->step[j].match == old)
			p->step[j].match = NULL; /* named twice: the first took it */
	if (p->step[i].renews) {
		ul_binding_renew(p->s, old, &p->ch[i].c, p->o->now, p->o->by_time);
		res->updated++;
	} else if (old && fresh) {
		ul_binding_replace(p->s, old, fresh, p->o->by_time);
		res->updated++;
	} else if (old) {
		remove_binding(p, old);
		res->removed++;
	} else if (fresh) {
		ul_binding_link(p->t, p->s, p->rec, fresh, p->o->by_time);
		res->inserted++;
	}
}

static void commit(struct plan *p, struct ul_result *res)
{
	remove_others(p, res);
	for (size_t i = 0; i < p->n; i++)
		commit_one(p, i, res);
}

static void plan_fini(struct plan *p)
{
	for (size_t i = 0; i < p->n; i++)
		ul_binding_free(&p->step[i].fresh);
	if (p->rec && !p->rec->first)
		ul_record_drop(p->t, p->s, p->rec);
}

int ul_apply(struct ul_table *t, struct str aor, const struct ul_change *ch, size_t n,
	     const struct ul_apply_opts *o, struct arena *a, struct ul_result *ret)
{
	uint64_t hash = hash_str(aor);
	struct plan p = {.t = t, .s = ul_stripe_of(t, hash), .o = o, .ch = ch, .n = n};
	struct ul_result res = {0};
	int err;

	if (n > CHANGES_MAX || aor.n > UINT16_MAX)
		return RT_E_LIMIT;
	p.step = arena_calloc(a, n, sizeof(*p.step));
	if (!p.step)
		return RT_E_NOMEM;
	pthread_mutex_lock(&p.s->lock);
	p.rec = ul_record_find(p.s, hash, aor);
	err = find_all(&p);
	if (!err && n && p.retransmitted == n)
		err = RT_E_EXIST;
	if (!err)
		err = check_count(&p);
	if (!err)
		err = allocate_all(&p, aor, hash, a);
	if (!err) {
		commit(&p, &res);
		if (p.rec)
			ul_room_fill(&p.room, p.rec, o->now, &res);
	} else if (err == RT_E_EXIST && p.rec && ul_snapshot(p.rec, o->now, a, &res)) {
		err = RT_E_NOMEM;
	}
	plan_fini(&p);
	pthread_mutex_unlock(&p.s->lock);
	if (!err || err == RT_E_EXIST)
		*ret = res;
	return err;
}
