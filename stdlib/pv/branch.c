/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Branches of the destination set, and the static branch that a script fills before it appends it. The
 * static one is kept as hidden variables of the message, one a field.
 */
#include "pv/pv_priv.h"

#include "net/net.h"
#include "script/vars.h"

/* Order of the keys in pv.def. */
enum field {
	F_URI, F_PATH, F_RUID, F_COUNT, F_FLAGS, F_OTCPID, F_DST_URI, F_INSTANCE, F_SEND_SOCKET, F_LOCATION_UA, F_Q,
	F_MAX,
};

enum { HIDDEN = 1 << 20 }; /* a class bit that no script can write */

/* ---- whole sets ---- */

static void add_q(struct sb *b, int q)
{
	if (q >= 1000) {
		sb_addz(b, ";q=1");
		return;
	}
	sb_printf(b, ";q=0.%03d", q);
	while (sb_ok(b) && b->p[b->n - 1] == '0' && b->p[b->n - 2] != '.')
		b->n--;
}

static void add_branch(struct sb *b, struct str uri, int q, bool brackets)
{
	brackets = brackets || q != SIP_Q_NONE;
	sb_printf(b, "%s" STR_FMT "%s", brackets ? "<" : "", STR_ARG(uri), brackets ? ">" : "");
	if (q != SIP_Q_NONE)
		add_q(b, q);
}

PV_GET(bR)
{
	struct sb b;

	sb_init(&b, r->arena, PV_TEXT_MAX);
	for (unsigned i = 0; r->draft && i < sip_branch_count(r->draft); i++) {
		if (i)
			sb_addz(&b, ", ");
		add_branch(&b, sip_branch_at(r->draft, i)->uri, sip_branch_at(r->draft, i)->q, false);
	}
	return sb_ok(&b) ? pv_give_text(ret, sb_str(&b)) : RT_E_LIMIT;
}

/* The request URI counts only when the script set it. */
PV_GET(ds)
{
	struct sb b;
	bool any = false;

	*ret = value_null();
	if (!pv_request(r))
		return 0;
	sb_init(&b, r->arena, PV_TEXT_MAX);
	sb_addz(&b, "Contact: ");
	if (r->draft->main.uri.p) {
		add_branch(&b, r->draft->main.uri, r->draft->main.q, true);
		any = true;
	}
	for (unsigned i = 0; i < sip_branch_count(r->draft); i++, any = true) {
		if (any)
			sb_addz(&b, ", ");
		add_branch(&b, sip_branch_at(r->draft, i)->uri, sip_branch_at(r->draft, i)->q, true);
	}
	if (!any)
		return 0;
	return sb_ok(&b) ? pv_give_text(ret, sb_str(&b)) : RT_E_LIMIT;
}

PV_GET(br)
{
	struct sip_branch *b = r->draft ? sip_branch_at(r->draft, 0) : NULL;

	return pv_give(ret, b ? b->uri : STR_NULL);
}

PV_SET(br)
{
	struct sip_branch b = {.q = SIP_Q_NONE};

	if (v->tag == VAL_NULL)
		return 0;
	if (!r->draft || !value_is_str(v))
		return RT_E_INVAL;
	b.uri = v->s;
	return sip_branch_append(r->draft, &b, NULL);
}

PV_GET(ruid)
{
	return pv_give_text(ret, r->draft ? r->draft->main.ruid : STR_NULL);
}

PV_GET(location_ua)
{
	return pv_give_text(ret, r->draft ? r->draft->main.location_ua : STR_NULL);
}

/* ---- one branch ---- */

static struct sip_branch *branch_of(struct run *r, const struct pv_name *n)
{
	int64_t i = n->index_kind == PV_INDEX_NUM ? n->index : 0;

	if (!r->draft)
		return NULL;
	if (i < 0)
		i += sip_branch_count(r->draft);
	return i < 0 || i > SIP_BRANCHES_MAX ? NULL : sip_branch_at(r->draft, (unsigned)i);
}

static int32_t give_count(struct run *r, struct value *ret)
{
	unsigned count = r->draft ? sip_branch_count(r->draft) : 0;

	*ret = count ? value_int(count) : value_null();
	return 0;
}

PV_GET(branch)
{
	const struct sip_branch *b = branch_of(r, n);

	if (n->num == F_COUNT)
		return give_count(r, ret);
	*ret = value_null();
	if (!b)
		return 0;
	switch ((enum field)n->num) {
	case F_URI:
		return pv_give_text(ret, b->uri);
	case F_PATH:
		return pv_give_text(ret, b->path);
	case F_RUID:
		return pv_give_text(ret, b->ruid);
	case F_FLAGS:
		return pv_give_int(ret, b->flags);
	case F_OTCPID:
		return pv_give_int(ret, b->otcpid);
	case F_DST_URI:
		return pv_give_text(ret, b->dst_uri);
	case F_INSTANCE:
		return pv_give_text(ret, b->instance);
	case F_SEND_SOCKET:
		return pv_give(ret, b->force_sock ? b->force_sock->text : STR_NULL);
	case F_LOCATION_UA:
		return pv_give_text(ret, b->location_ua);
	case F_Q: /* thousandths */
		return b->q == SIP_Q_NONE ? 0 : pv_give_int(ret, b->q);
	case F_COUNT:
	case F_MAX:
		break;
	}
	return 0;
}

static bool one_line(struct str s)
{
	return str_chr(s, '\r') == STR_NONE && str_chr(s, '\n') == STR_NONE;
}

/* Texts go into the branch's own views; `keep` outlives the branch. */
static int32_t set_field(struct run *r, struct sip_branch *b, enum field f, const struct value *v, struct arena *keep)
{
	struct str *const texts[F_MAX] = {[F_URI] = &b->uri, [F_PATH] = &b->path, [F_RUID] = &b->ruid,
					  [F_DST_URI] = &b->dst_uri, [F_INSTANCE] = &b->instance,
					  [F_LOCATION_UA] = &b->location_ua};
	struct str s = value_is_str(v) ? v->s : STR_NULL;

	if (f == F_FLAGS || f == F_OTCPID || f == F_Q) {
		if (v->tag != VAL_NULL && !value_is_int(v))
			return RT_E_INVAL;
		if (f == F_Q) {
			b->q = v->tag == VAL_NULL || v->i < 0 || v->i > 1000 ? SIP_Q_NONE : (int)v->i;
			return 0;
		}
		if (f == F_FLAGS)
			b->flags = v->tag == VAL_NULL ? 0 : (uint32_t)v->i;
		else
			b->otcpid = v->tag == VAL_NULL ? 0 : (int)v->i;
		return 0;
	}
	if (f >= F_MAX || v->tag == VAL_INT || !one_line(s))
		return RT_E_INVAL;
	if (f == F_SEND_SOCKET) {
		b->force_sock = s.n ? net_socket_by_text(net_of(r->worker), s) : NULL;
		return s.n && !b->force_sock ? RT_E_NOENT : 0;
	}
	if (!texts[f])
		return RT_E_UNSUPP;
	*texts[f] = s.n ? str_dup(keep, s) : STR_NULL;
	return s.n && !texts[f]->p ? RT_E_NOMEM : 0;
}

/* null on the URI takes the branch away. */
PV_SET(branch)
{
	struct sip_branch *b = branch_of(r, n);

	if (!b || n->num < 0 || n->num == F_COUNT)
		return RT_E_NOENT;
	if (n->num == F_RUID || n->num == F_INSTANCE || n->num == F_LOCATION_UA)
		return RT_E_UNSUPP; /* only a lookup knows them, as in the reference */
	if (n->num == F_URI && v->tag == VAL_NULL)
		return sip_branch_remove(r->draft, (unsigned)(b - sip_branch_at(r->draft, 0)));
	return set_field(r, b, (enum field)n->num, v, r->draft->arena);
}

/* ---- the static branch ---- */

static struct avp_key static_key(int64_t field)
{
	return avp_key(HIDDEN + field, S("sbranch"));
}

static bool static_get(struct run *r, int64_t field, struct value *ret)
{
	struct avp_key k = static_key(field);

	*ret = value_null();
	return avp_get(r->sv, &k, 0, ret);
}

PV_GET(sbranch)
{
	struct value uri;

	if (n->num == F_COUNT) /* of the set, as $branch(count), but never null */
		return pv_give_int(ret, r->draft ? sip_branch_count(r->draft) : 0);
	if (!static_get(r, n->num, ret) && n->num == F_FLAGS && static_get(r, F_URI, &uri))
		*ret = value_int(0);
	return 0;
}

PV_SET(sbranch)
{
	struct sip_branch scratch = {.q = SIP_Q_NONE};
	struct avp_key k = static_key(n->num);
	int32_t err;

	if (n->num < 0 || n->num == F_COUNT)
		return RT_E_INVAL;
	err = set_field(r, &scratch, (enum field)n->num, v, r->arena);
	if (err)
		return err;
	avp_delete(r->sv, &k, true);
	return v->tag == VAL_NULL ? 0 : avp_add(r->sv, &k, v);
}

/* The static branch as a branch; false: it has no URI. */
static bool static_branch(struct run *r, struct sip_branch *b)
{
	struct value v;

	*b = (struct sip_branch){.q = SIP_Q_NONE};
	for (int f = 0; f < F_MAX; f++)
		if (f != F_COUNT && static_get(r, f, &v) && set_field(r, b, (enum field)f, &v, r->arena))
			return false;
	return b->uri.n != 0 && r->draft;
}

int32_t std_pv_sbranch_append(struct run *r)
{
	struct sip_branch b;

	return static_branch(r, &b) && sip_branch_append(r->draft, &b, NULL) == 0 ? 1 : -1;
}

int32_t std_pv_sbranch_set_ruri(struct run *r)
{
	struct sip_branch b, *main = r->draft ? &r->draft->main : NULL;

	if (!static_branch(r, &b) || sip_draft_set_uri(r->draft, b.uri))
		return -1;
	if (sip_draft_set_dst_raw(r->draft, b.dst_uri) || sip_draft_set_path(r->draft, b.path))
		return -1;
	main->flags = b.flags;
	main->otcpid = b.otcpid;
	main->q = b.q;
	if (b.force_sock)
		main->force_sock = b.force_sock;
	main->ruid = str_dup(r->draft->arena, b.ruid);
	main->location_ua = str_dup(r->draft->arena, b.location_ua);
	main->instance = str_dup(r->draft->arena, b.instance);
	return 1;
}

int32_t std_pv_sbranch_reset(struct run *r)
{
	for (int f = 0; f < F_MAX; f++) {
		struct avp_key k = static_key(f);

		avp_delete(r->sv, &k, true);
	}
	return 1;
}
