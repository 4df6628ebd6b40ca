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

struct targets {
	unsigned n;
	struct sip_branch b[TARGETS_MAX];
};

static int q_of(const struct sip_branch *b)
{
	return b->q < 0 ? 0 : b->q;
}

/* Best first; of equal ones the one that came last, as in the reference. */
static void sort(struct targets *t)
{
	for (unsigned i = 1; i < t->n; i++) {
		struct sip_branch x = t->b[i];
		unsigned k = i;

		for (; k > 0 && q_of(&t->b[k - 1]) <= q_of(&x); k--)
			t->b[k] = t->b[k - 1];
		t->b[k] = x;
	}
}

/* Each place is drawn among those left with q as weight; without one a target comes last. */
static void draw(struct worker *w, struct targets *t)
{
	for (unsigned i = 0; i + 1 < t->n; i++) {
		uint64_t sum = 0, at;
		struct sip_branch x;
		unsigned k = i;

		for (unsigned j = i; j < t->n; j++)
			sum += (uint64_t)q_of(&t->b[j]);
		if (!sum)
			return;
		at = world_random_u64(worker_world(w)) % sum;
		while (at >= (uint64_t)q_of(&t->b[k]))
			at -= (uint64_t)q_of(&t->b[k++]);
		x = t->b[i];
		t->b[i] = t->b[k];
		t->b[k] = x;
	}
}

/* ---- records ---- */

static int put(struct run *r, struct str root, const struct sip_branch *b, bool last_of_class)
{
	struct xavp_pair p[12];
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

static struct sip_branch get(struct run *r, struct str root, int64_t i)
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
	t.b[0] = r->draft->main;
	t.b[0].uri = sip_draft_uri(r->draft);
	for (unsigned i = 0; i < sip_branch_count(r->draft) && t.n < TARGETS_MAX; i++)
		t.b[t.n++] = *sip_branch_at(r->draft, i);
	if (mode == 1)
		draw(r->worker, &t);
	else
		sort(&t);
	(void)xavp_delete(r->sv, tm_conf.contacts, true);
	for (unsigned i = t.n; i-- > 0;) { /* the best ends on top */
		bool last = i + 1 == t.n || mode == 1 || q_of(&t.b[i]) != q_of(&t.b[i + 1]);

		if (put(r, tm_conf.contacts, &t.b[i], last))
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
		if (str_eq(t->b[i].instance, instance))
			return true;
	return false;
}

static int32_t use(struct run *r, const struct targets *t)
{
	sip_draft_take_branch(r->draft, &t->b[0]);
	for (unsigned i = 1; i < t->n; i++)
		if (sip_branch_append(r->draft, &t->b[i], NULL))
			return -1;
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
		struct sip_branch b = get(r, tm_conf.contacts, 0);

		last = int_field(r, tm_conf.contacts, 0, S("q_flag")) != 0;
		(void)xavp_delete(r->sv, tm_conf.contacts, false);
		if (!b.uri.n)
			return -1;
		if (tm_conf.flows.n && known_instance(&t, b.instance)) {
			if (put(r, tm_conf.flows, &b, false))
				return -1;
		} else {
			t.b[t.n++] = b;
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
		struct sip_branch x = get(r, tm_conf.flows, i);

		if (!won.n && instance.n && str_eq(x.instance, instance))
			won.b[won.n++] = x;
		else
			all.b[all.n++] = x;
	}
	if (!won.n)
		return -1;
	(void)xavp_delete(r->sv, tm_conf.flows, true);
	while (all.n > 0)
		if (put(r, tm_conf.flows, &all.b[--all.n], false))
			return -1;
	return use(r, &won);
}
