/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One REGISTER as one change. Three steps under the stripe's lock: find what every contact of the
 * request matches and refuse what is out of order or too much; allocate all that is needed; only
 * then change. So a failure leaves the record as it was (RFC 3261 10.3 step 7).
 */
#include "usrloc/usrloc_priv.h"

#include "base/hash.h"

enum { CHANGES_MAX = 64 };

struct plan {
	struct ul_table *t;
	struct ul_stripe *s;
	struct ul_record *rec;
	const struct ul_apply_opts *o;
	const struct ul_change *ch;
	size_t n;
	struct ul_binding *match[CHANGES_MAX];
	struct ul_binding *fresh[CHANGES_MAX];
	struct ul_room room; /* for the result */
	uint32_t retransmitted;
};

static bool same_flow(const struct ul_contact *have, const struct ul_contact *want)
{
	return want->reg_id && have->reg_id == want->reg_id && want->instance.n &&
	       str_eq(have->instance, want->instance);
}

static bool is_match(const struct ul_contact *have, const struct ul_contact *want,
		     enum ul_match mode)
{
	if (want->reg_id && want->instance.n) /* RFC 5626 6: instance and reg-id decide */
		return same_flow(have, want);
	switch (mode) {
	case UL_MATCH_CONTACT:
		return str_eq(have->uri, want->uri);
	case UL_MATCH_CONTACT_CALLID:
		return str_eq(have->uri, want->uri) && str_eq(have->call_id, want->call_id);
	case UL_MATCH_CONTACT_PATH:
		return str_eq(have->uri, want->uri) && str_eq(have->path, want->path);
	case UL_MATCH_CALLID:
		return str_eq(have->call_id, want->call_id);
	}
	return false;
}

static struct ul_binding *find_match(const struct plan *p, const struct ul_contact *want)
{
	for (struct ul_binding *b = p->rec ? p->rec->first : NULL; b; b = b->next) {
		struct ul_contact have;

		if (ul_is_expired(b, p->o->now))
			continue;
		ul_view(b, &have);
		if (is_match(&have, want, p->o->match))
			return b;
	}
	return NULL;
}

/* RFC 3261 10.3 step 7: with the same Call-ID the CSeq must have grown. */
static int check_order(struct plan *p, const struct ul_contact *have, const struct ul_contact *want)
{
	if (!str_eq(have->call_id, want->call_id) || want->cseq > have->cseq)
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
		struct ul_contact have;
		int err;

		if (ul_contact_bytes(want) > p->t->lim.contact_bytes)
			return RT_E_LIMIT;
		p->match[i] = find_match(p, want);
		if (!p->match[i])
			continue;
		ul_view(p->match[i], &have);
		err = check_order(p, &have, want);
		if (err)
			return err;
	}
	return 0;
}

static bool is_named(const struct plan *p, const struct ul_binding *b)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->match[i] == b)
			return true;
	return false;
}

/* Contacts that the AoR would have. */
static int check_count(struct plan *p)
{
	uint32_t n = 0, added = 0, max = p->o->max_contacts;

	for (struct ul_binding *b = p->rec ? p->rec->first : NULL; b; b = b->next)
		n += !ul_is_expired(b, p->o->now) && !p->o->remove_all &&
		     (!p->o->only_these || is_named(p, b));
	for (size_t i = 0; i < p->n; i++) {
		if (p->ch[i].op == UL_OP_SAVE && !p->match[i])
			added++;
		else if (p->ch[i].op == UL_OP_REMOVE && p->match[i] && n)
			n--;
	}
	if (!added)
		return 0;
	if (max && n + added > max && !p->o->remove_first)
		return RT_E_LIMIT;
	if (n + added > p->t->lim.per_aor ||
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
		bytes += p->fresh[i] ? ul_binding_bytes(p->fresh[i]) : 0;
	return ul_room_get(a, n, bytes, &p->room);
}

static int allocate_all(struct plan *p, struct str aor, uint64_t hash, struct arena *a)
{
	bool saves = false;

	for (size_t i = 0; i < p->n; i++) {
		struct ul_contact c = p->ch[i].c, old;

		if (p->ch[i].op != UL_OP_SAVE)
			continue;
		if (p->match[i]) {
			ul_view(p->match[i], &old);
			c.ruid = old.ruid; /* the binding keeps its identity */
		}
		c.modified = p->o->now;
		p->fresh[i] = ul_binding_new(&c);
		if (!p->fresh[i])
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
		if (is_named(p, b) ||
		    !(expired || p->o->remove_all || p->o->only_these))
			continue;
		res->removed += !expired;
		remove_binding(p, b);
	}
}

static void drop_oldest(struct plan *p, struct ul_result *res)
{
	while (p->o->remove_first && p->o->max_contacts && p->rec->n >= p->o->max_contacts) {
		struct ul_binding *old = p->rec->first;

		for (struct ul_binding *b = old; b; b = b->next)
			if (b->modified < old->modified)
				old = b;
		remove_binding(p, old);
		res->removed++;
	}
}

/* One contact of the request. */
static void commit_one(struct plan *p, size_t i, struct ul_result *res)
{
	struct ul_binding *old = p->match[i], *fresh = p->fresh[i];

	p->fresh[i] = NULL;
	for (size_t j = i + 1; j < p->n; j++)
		if (p->match[j] == old)
			p->match[j] = NULL; /* named twice: the first took it */
	if (old && fresh) {
		ul_binding_replace(p->t, p->s, old, fresh, p->o->by_time);
		res->updated++;
	} else if (old) {
		remove_binding(p, old);
		res->removed++;
	} else if (fresh) {
		drop_oldest(p, res);
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
		ul_binding_free(&p->fresh[i]);
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
