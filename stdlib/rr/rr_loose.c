/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Following Route (RFC 3261 16.4, 16.6 step 6, 16.12): ours are taken off, the next names the hop. A
 * strict router before us has put our URI into the R-URI and the target at the end; one behind us
 * wants the same of us. What was found is kept as an edit that writes nothing.
 */
#define STD_NAME rr
#define STD_DEF "rr/rr.def"
#define STD_PROTOTYPES_ONLY
#include "abi/std.h"

#include "net/net.h"
#include "rr/rr_conf.h"
#include "rr/rr_priv.h"
#include "script/regex.h"

enum { PRELOADED_OURS = -3 };

static void write_nothing(struct sb *out, const struct sip_hop *hop, struct str data)
{
	(void)out;
	(void)hop;
	(void)data;
}

const struct sip_edit *rr_routed(const struct sip_draft *d)
{
	const struct sip_edit *e = d->edits;

	while (e && e->late != write_nothing)
		e = e->next;
	return e;
}

static int remember(struct run *r, struct str params, bool next_hop)
{
	const struct sip_edit *before = rr_routed(r->draft);
	int err = before ? sip_draft_drop(r->draft, before->tag) : 0;

	if (!err)
		err = sip_edit_late(r->draft, r->draft->msg->hdr_off, write_nothing, params, SIP_PLACE_LAST);
	return err ? err : sip_edit_mark(r->draft, next_hop ? RR_ROUTED_ON : RR_ROUTED);
}

static bool is_ours(struct run *r, const struct sip_uri *u)
{
	struct str host = u->maddr.n ? u->maddr : u->host;

	return net_is_local(net_of(r->worker), host, sip_uri_port(u), sip_uri_proto(u));
}

static bool is_pair(const struct sip_uri *u)
{
	return rr_conf.double_rr && u->r2.p;
}

/* Take the values from `a`, the first of its header, up to `end` (NULL: all that follow) off. */
static int take_off(struct run *r, struct sip_nameaddr *a, const struct sip_nameaddr *end)
{
	int err = 0;

	while (a && a != end && !err) {
		struct sip_nameaddr *n = a->next;
		struct str gone = a->text;

		while (n && n != end && n->hdr == a->hdr)
			n = n->next;
		if (n && n->hdr == a->hdr) {
			gone.n = (size_t)(n->text.p - a->text.p);
			err = sip_edit_view(r->draft, gone, STR_NULL);
		} else {
			err = sip_hdr_remove(r->draft, a->hdr);
		}
		a = n;
	}
	return err;
}

static struct sip_nameaddr *last_of(struct sip_nameaddr *a)
{
	while (a->next)
		a = a->next;
	return a;
}

/* The last value alone: with the comma before it. */
static int take_last(struct run *r, struct sip_nameaddr *first, struct sip_nameaddr *last)
{
	struct sip_nameaddr *before = first;
	struct str gone;

	if (first == last)
		return take_off(r, last, NULL);
	while (before->next != last)
		before = before->next;
	if (before->hdr != last->hdr)
		return take_off(r, last, NULL);
	gone.p = before->text.p + before->text.n;
	gone.n = (size_t)(last->text.p + last->text.n - gone.p);
	return sip_edit_view(r->draft, gone, STR_NULL);
}

/* Leave by the socket that our (second) Route names. */
static void force_socket(struct run *r, const struct sip_uri *u)
{
	struct net *n = net_of(r->worker);
	const struct net_socket *s = NULL;
	struct str name;
	struct addr a;

	if (sip_uri_param(u, S("sn"), &name) && name.n)
		s = net_socket_by_name(n, name);
	if (!s && addr_parse(u->host, &a)) {
		a.port = sip_uri_port(u);
		s = net_socket_find(n, &a, sip_uri_proto(u));
	}
	for (unsigned i = 0; !s && i < net_socket_count(n); i++) {
		const struct net_socket *x = net_socket_at(n, i);
		uint16_t port = x->adv_port ? x->adv_port : x->addr.port;

		if (x->adv_host.n && str_ieq(x->adv_host, u->host) && port == sip_uri_port(u) &&
		    x->proto == sip_uri_proto(u))
			s = x;
	}
	if (s)
		r->draft->main.force_sock = s;
}

/* The next hop does not know loose routing: its URI becomes the R-URI, ours goes to the end. */
static int strict_next(struct run *r, struct sip_nameaddr *first, struct sip_nameaddr *next)
{
	struct str old = sip_draft_uri(r->draft);
	struct str h = str_printf(r->draft->arena, "Route: <" STR_FMT ">\r\n", STR_ARG(old));
	int err = take_off(r, first, next->next);

	if (!err)
		err = sip_hdr_append(r->draft, h);
	return err ? err : sip_draft_set_uri(r->draft, next->uri);
}

/* The R-URI is what the routes say, `a` the first that counts. */
static int32_t loose(struct run *r, struct sip_nameaddr *a, bool preloaded)
{
	struct sip_msg *m = r->draft->msg;
	struct sip_nameaddr *first = a;
	const struct sip_uri *u = sip_nameaddr_uri(m, a), *mine = NULL;
	int taken = 0, err;

	for (; u && taken < 2 && is_ours(r, u); taken++) {
		bool pair = is_pair(u);

		if (taken == 1 && !pair)
			break;
		mine = u;
		a = a->next;
		u = a ? sip_nameaddr_uri(m, a) : NULL;
		if (!pair) {
			taken++;
			break;
		}
	}
	if (a && !u)
		return -1;
	err = remember(r, mine ? mine->params : u ? u->params : STR_NULL, mine && a);
	if (mine && (first->next != a || rr_conf.force_send_socket))
		force_socket(r, mine);
	if (!a) {
		err = err ? err : take_off(r, first, NULL);
		return err ? -1 : preloaded ? PRELOADED_OURS : 1;
	}
	if (!err && !u->lr.p)
		err = strict_next(r, first, a);
	else if (!err)
		err = take_off(r, first, a) || sip_draft_set_dst(r->draft, a->uri);
	return err ? -1 : 1;
}

/* The R-URI is ours: the target is the last Route (RFC 3261 16.4). */
static int32_t strict(struct run *r, struct sip_nameaddr *a, const struct sip_uri *ruri)
{
	struct sip_msg *m = r->draft->msg;
	struct sip_nameaddr *first = a, *last;
	const struct sip_uri *u = sip_nameaddr_uri(m, a), *mine = ruri;
	int err;

	if (u && is_pair(ruri) && is_pair(u) && is_ours(r, u)) {
		mine = u;
		a = a->next;
		u = a ? sip_nameaddr_uri(m, a) : NULL;
		force_socket(r, mine);
	} else if (rr_conf.force_send_socket) {
		force_socket(r, mine);
	}
	if (!a || !u)
		return -1;
	err = remember(r, mine->params, false);
	if (!err && !u->lr.p) {
		err = take_off(r, first, a->next);
		return err || sip_draft_set_uri(r->draft, a->uri) ? -1 : 1;
	}
	last = last_of(a);
	if (!err)
		err = sip_draft_set_dst(r->draft, a->uri);
	if (!err)
		err = sip_draft_set_uri(r->draft, last->uri);
	if (!err && first != a)
		err = take_off(r, first, a);
	if (!err)
		err = take_last(r, a, last);
	return err ? -1 : 1;
}

static int32_t route(struct run *r, int64_t mode)
{
	struct sip_nameaddr *a = NULL, *to;
	struct sip_uri ruri;
	bool preloaded;

	if (!r->draft || sip_addrs(r->draft->msg, SIP_HDR_ROUTE, &a) || !a)
		return -1;
	to = sip_to(r->draft->msg);
	preloaded = !to || !to->tag.n;
	if (!preloaded && mode == 0 && sip_draft_uri_parse(r->draft, &ruri) == 0 &&
	    is_ours(r, &ruri))
		return strict(r, a, &ruri);
	return loose(r, a, preloaded);
}

int32_t std_rr_loose_route(struct run *r)
{
	return route(r, 0);
}

int32_t std_rr_loose_route_mode(struct run *r, int64_t mode)
{
	return route(r, mode);
}

int32_t std_rr_loose_route_preloaded(struct run *r)
{
	return route(r, 0) == PRELOADED_OURS ? 1 : -1;
}

/* ---- questions ---- */

int32_t std_rr_check_route_param(struct run *r, const struct rt_regex *re)
{
	const struct sip_edit *x = rr_routed(r->draft);

	return re && x && x->text.n && rt_regex_exec(re, x->text, 0, NULL) ? 1 : -1;
}

int rr_direction(struct run *r)
{
	const struct sip_edit *x = r->draft ? rr_routed(r->draft) : NULL;
	struct sip_nameaddr *from = r->draft ? sip_from(r->draft->msg) : NULL;
	struct str tag;

	if (!x || !from || !sip_pairs_find(x->text, ';', S("ftag"), &tag))
		return 1;
	return str_eq(tag, from->tag) ? 1 : 2;
}

int32_t std_rr_is_direction(struct run *r, int32_t dir)
{
	return rr_direction(r) == dir + 1 ? 1 : -1;
}

int32_t std_rr_rr_next_hop_route(struct run *r)
{
	const struct sip_edit *x = r->draft ? rr_routed(r->draft) : NULL;

	return x && x->tag == RR_ROUTED_ON ? 1 : -1;
}

/* ---- pseudo-variables ---- */

static int give(struct value *ret, struct str s)
{
	*ret = s.n ? value_str(s) : value_null();
	return 0;
}

int32_t std_rr_pv_route_uri_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct sip_nameaddr *a = NULL;

	(void)n;
	if (!r->draft || sip_addrs(r->draft->msg, SIP_HDR_ROUTE, &a) || !a)
		return give(ret, STR_NULL);
	return give(ret, a->uri);
}

static struct str tag_of(struct run *r, bool from)
{
	struct sip_nameaddr *a = !r->draft ? NULL : from ? sip_from(r->draft->msg) : sip_to(r->draft->msg);

	return a ? a->tag : STR_NULL;
}

int32_t std_rr_pv_fti_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	(void)n;
	return give(ret, tag_of(r, rr_direction(r) == 1));
}

int32_t std_rr_pv_tti_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	(void)n;
	return give(ret, tag_of(r, rr_direction(r) == 2));
}

int32_t std_rr_pv_rdir_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	int dir = rr_direction(r);

	*ret = n->num == 0 ? value_int(dir) : value_str(dir == 1 ? S("downstream") : S("upstream"));
	return 0;
}
