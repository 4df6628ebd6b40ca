/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Serial forking by q: the targets wait in an XAVP, best first; each call takes the next class of equal
 * q. Of one +sip.instance only the first flow is tried, the others wait in a second XAVP until the
 * first has failed (RFC 5626).
 */
#define STD_NAME tm
#define STD_DEF "tm/tm.def"
#define STD_PROTOTYPES_ONLY
#include "rpc/rpc.h"
#include "abi/std.h"

#include "core/worker.h"
#include "net/net.h"
#include "script/env.h"
#include "script/xavp.h"
#include "tm/tm_state.h"

enum { TARGETS_MAX = SIP_BRANCHES_MAX + 1 };

/*
 * Attributes of contacts (xavp_contact): record i of that XAVP is that of target i. While the targets wait theirs
 * wait under a name that no script can write.
 */
#define WAITING_ATTRS S("\1tm")
enum { NO_ATTRS = -1 };

struct target {
	struct sip_branch b;
	int64_t attrs; /* index of the waiting record, or NO_ATTRS */
};

struct targets {
	unsigned n;
	struct target v[TARGETS_MAX];
};

static int q_of(const struct target *t)
{
	return t->b.q < 0 ? 0 : t->b.q;
}

/* Best first; of equal ones the one that came last, as in the reference. */
static void sort(struct targets *t)
{
	for (unsigned i = 1; i < t->n; i++) {
		struct target x = t->v[i];
		unsigned k = i;

		for (; k > 0 && q_of(&t->v[k - 1]) <= q_of(&x); k--)
			t->v[k] = t->v[k - 1];
		t->v[k] = x;
	}
}

/* Each place is drawn among those left with q as weight; without one a target comes last. */
static void draw(struct worker *w, struct targets *t)
{
	for (unsigned i = 0; i + 1 < t->n; i++) {
		uint64_t sum = 0, at;
		struct target x;
		unsigned k = i;

		for (unsigned j = i; j < t->n; j++)
			sum += (uint64_t)q_of(&t->v[j]);
		if (!sum)
			return;
		at = world_random_u64(worker_world(w)) % sum;
		while (at >= (uint64_t)q_of(&t->v[k]))
			at -= (uint64_t)q_of(&t->v[k++]);
		x = t->v[i];
		t->v[i] = t->v[k];
		t->v[k] = x;
	}
}

/* ---- records ---- */

static int put(struct run *r, struct str root, const struct target *t, bool last_of_class)
{
	const struct sip_branch *b = &t->b;
	struct xavp_pair p[13];
	size_t n = 0;

#define TEXT(field, v)                                                                             \
	if ((v).n)                                                                                 \
		p[n++] = (struct xavp_pair){S(field), value_str(v)}
#define NUMBER(field, v) p[n++] = (struct xavp_pair){S(field), value_int(v)}
	TEXT("uri", b->uri);
	TEXT("dst_uri", b->dst_uri);
	TEXT("path", b->path);
	TEXT("instance", b->instance);
	TEXT("ruid", b->ruid);
	TEXT("location_ua", b->location_ua);
	if (b->force_sock)
		TEXT("sock", b->force_sock->text);
	NUMBER("flags", b->flags);
	NUMBER("q", b->q);
	NUMBER("q_flag", last_of_class);
	NUMBER("reg_id", b->reg_id);
	NUMBER("otcpid", b->otcpid);
	if (t->attrs != NO_ATTRS)
		NUMBER("attrs", t->attrs);
#undef TEXT
#undef NUMBER
	return xavp_push(r->sv, root, p, n);
}

static struct str text_field(struct run *r, struct str root, int64_t i, struct str field)
{
	struct value v;

	if (xavp_field_at(r->sv, root, i, field, 0, &v) || !value_is_str(&v))
		return STR_NULL;
	return str_dup(r->draft->arena, v.s); /* the record goes before the draft does */
}

static int64_t int_field(struct run *r, struct str root, int64_t i, struct str field)
{
	struct value v;

	return xavp_field_at(r->sv, root, i, field, 0, &v) || !value_is_int(&v) ? 0 : v.i;
}

static struct sip_branch branch_at(struct run *r, struct str root, int64_t i)
{
	struct str sock = text_field(r, root, i, S("sock"));

	return (struct sip_branch){
		.uri = text_field(r, root, i, S("uri")),
		.dst_uri = text_field(r, root, i, S("dst_uri")),
		.path = text_field(r, root, i, S("path")),
		.instance = text_field(r, root, i, S("instance")),
		.ruid = text_field(r, root, i, S("ruid")),
		.location_ua = text_field(r, root, i, S("location_ua")),
		.force_sock = sock.n ? net_socket_by_text(net_of(r->worker), sock) : NULL,
		.flags = (uint32_t)int_field(r, root, i, S("flags")),
		.q = (int)int_field(r, root, i, S("q")),
		.reg_id = (uint32_t)int_field(r, root, i, S("reg_id")),
		.otcpid = (int)int_field(r, root, i, S("otcpid")),
	};
}

static struct target get(struct run *r, struct str root, int64_t i)
{
	struct target t = {.b = branch_at(r, root, i), .attrs = NO_ATTRS};
	struct value v;

	if (!xavp_field_at(r->sv, root, i, S("attrs"), 0, &v) && value_is_int(&v))
		t.attrs = v.i;
	return t;
}

/* ---- attributes ---- */

static struct xavp_place attrs_place(struct str root, int64_t i)
{
	return (struct xavp_place){.kind = XAVP_PLAIN, .root = root, .index = i};
}

/* The script's records wait for their targets. */
static void put_attrs_aside(struct run *r, struct targets *t)
{
	struct str root = tm_conf.attrs;

	for (unsigned i = 0; i < t->n; i++)
		t->v[i].attrs = NO_ATTRS;
	if (!root.n)
		return;
	(void)xavp_delete(r->sv, WAITING_ATTRS, true);
	for (unsigned i = 0; i < t->n && xavp_exists(r->sv, root, i); i++) {
		struct xavp_place from = attrs_place(root, i), to = attrs_place(WAITING_ATTRS, 0);

		if (xavp_copy(r->sv, &from, &to, false) == 0)
			t->v[i].attrs = i;
	}
	(void)xavp_delete(r->sv, root, true);
}

static bool is_empty(struct run *r, struct str root)
{
	struct xavp_place top = attrs_place(root, 0);
	struct xavp_pair p;

	return xavp_exists(r->sv, root, 0) && !xavp_field_nth(r->sv, &top, 0, &p);
}

/* The records of the targets taken come on top, in their order; an empty one there gives way. */
static void take_attrs(struct run *r, const struct targets *t)
{
	struct str root = tm_conf.attrs;

	while (root.n && is_empty(r, root))
		(void)xavp_delete(r->sv, root, false);
	for (unsigned i = t->n; root.n && i-- > 0;) {
		struct xavp_place from = attrs_place(WAITING_ATTRS, t->v[i].attrs), to = attrs_place(root, 0);

		if (t->v[i].attrs != NO_ATTRS && xavp_push(r->sv, root, NULL, 0) == 0)
			(void)xavp_copy(r->sv, &from, &to, true);
	}
}

/* ---- the three functions ---- */

int32_t std_tm_t_load_contacts_mode(struct run *r, int64_t mode)
{
	struct targets t = {.n = 1};

	if (!tm_conf.contacts.n) {
		script_err(r, "t_load_contacts: contacts_avp is not set");
		return -1;
	}
	if (!r->draft || !sip_branch_count(r->draft))
		return r->draft ? 1 : -1;
	t.v[0].b = r->draft->main;
	t.v[0].b.uri = sip_draft_uri(r->draft);
	for (unsigned i = 0; i < sip_branch_count(r->draft) && t.n < TARGETS_MAX; i++)
		t.v[t.n++].b = *sip_branch_at(r->draft, i);
	put_attrs_aside(r, &t);
	if (mode == 1)
		draw(r->worker, &t);
	else
		sort(&t);
	(void)xavp_delete(r->sv, tm_conf.contacts, true);
	for (unsigned i = t.n; i-- > 0;) { /* the best ends on top */
		bool last = i + 1 == t.n || mode == 1 || q_of(&t.v[i]) != q_of(&t.v[i + 1]);

		if (put(r, tm_conf.contacts, &t.v[i], last))
			return -1;
	}
	sip_branches_clear(r->draft);
	return 1;
}

int32_t std_tm_t_load_contacts(struct run *r)
{
	return std_tm_t_load_contacts_mode(r, 0);
}

static bool known_instance(const struct targets *t, struct str instance)
{
	for (unsigned i = 0; instance.n && i < t->n; i++)
		if (str_eq(t->v[i].b.instance, instance))
			return true;
	return false;
}

static int32_t use(struct run *r, const struct targets *t)
{
	sip_draft_take_branch(r->draft, &t->v[0].b);
	for (unsigned i = 1; i < t->n; i++)
		if (sip_branch_append(r->draft, &t->v[i].b, NULL))
			return -1;
	take_attrs(r, t);
	return 1;
}

int32_t std_tm_t_next_contacts(struct run *r)
{
	struct targets t = {0};
	bool last = false;

	if (!tm_conf.contacts.n || !r->draft)
		return -1;
	if (!xavp_exists(r->sv, tm_conf.contacts, 0))
		return -2;
	if (tm_conf.flows.n)
		(void)xavp_delete(r->sv, tm_conf.flows, true);
	while (!last && t.n < TARGETS_MAX && xavp_exists(r->sv, tm_conf.contacts, 0)) {
		struct target x = get(r, tm_conf.contacts, 0);

		last = int_field(r, tm_conf.contacts, 0, S("q_flag")) != 0;
		(void)xavp_delete(r->sv, tm_conf.contacts, false);
		if (!x.b.uri.n)
			return -1;
		if (tm_conf.flows.n && known_instance(&t, x.b.instance)) {
			if (put(r, tm_conf.flows, &x, false))
				return -1;
		} else {
			t.v[t.n++] = x;
		}
	}
	return use(r, &t);
}

/* Records cannot be taken from the middle: all are read, the others written back in their order. */
int32_t std_tm_t_next_contact_flow(struct run *r)
{
	struct txn_branch *b = r->txn ? txn_picked(r->txn) : NULL;
	struct str instance = b ? txn_branch_target(b)->instance : STR_NULL;
	struct targets all = {0}, won = {0};

	if (!tm_conf.flows.n || !r->draft || !b)
		return -1;
	if (!xavp_exists(r->sv, tm_conf.flows, 0))
		return -2;
	for (int64_t i = 0; all.n < TARGETS_MAX && xavp_exists(r->sv, tm_conf.flows, i); i++) {
		struct target x = get(r, tm_conf.flows, i);

		if (!won.n && instance.n && str_eq(x.b.instance, instance))
			won.v[won.n++] = x;
		else
			all.v[all.n++] = x;
	}
	if (!won.n)
		return -1;
	(void)xavp_delete(r->sv, tm_conf.flows, true);
	while (all.n > 0)
		if (put(r, tm_conf.flows, &all.v[--all.n], false))
			return -1;
	return use(r, &won);
}
