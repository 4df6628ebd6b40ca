/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Record-Route is written when the way out is known: one, or two with ;r2=on when the message leaves on
 * another socket or transport than it came in. loose_route() takes ours off and follows the next
 * (RFC 3261 16.4, 16.6 step 6, 16.12); a strict router before or behind us is served too.
 */
#define STD_NAME rr
#define STD_DEF "rr/rr.def"
#include "abi/std.h"

#include "net/net.h"
#include "script/env.h"
#include "script/regex.h"
#include "sip/build.h"

enum { MARK = 0x5252 };

struct rr_text {
	struct str params; /* ";ftag=..." and the script's */
	bool full_lr, two;
};

static void one(struct sb *out, const struct rr_text *t, enum proto p, struct str host, uint16_t port, bool r2)
{
	sb_printf(out, "Record-Route: <sip:" STR_FMT, STR_ARG(host));
	if (port)
		sb_printf(out, ":%u", port);
	if (p != PROTO_UDP)
		sb_printf(out, ";transport=" STR_FMT, STR_ARG(proto_name(p)));
	if (r2)
		sb_addz(out, ";r2=on");
	sb_addz(out, t->full_lr ? ";lr=on" : ";lr");
	sb_add(out, t->params);
	sb_addz(out, ">\r\n");
}

static void write_rr(struct sb *out, const struct sip_hop *hop, const void *arg)
{
	const struct rr_text *t = arg;
	bool two;

	if (!hop)
		return;
	two = t->two && hop->recv_sock && (hop->recv_proto != hop->proto || hop->recv_port != hop->port ||
					   !str_eq(hop->recv_host, hop->host));
	one(out, t, hop->proto, hop->host, hop->port, two);
	if (two)
		one(out, t, hop->recv_proto, hop->recv_host, hop->recv_port, true);
}

static int32_t record(struct run *r, struct str params)
{
	struct sip_nameaddr *from = sip_from(r->draft->msg);
	struct rr_text *t;

	if (sip_draft_has(r->draft, MARK)) {
		script_warn(r, "record_route: there is one already");
		return -1;
	}
	t = arena_new_of(r->draft->arena, struct rr_text);
	if (!t)
		return -1;
	t->full_lr = param.enable_full_lr != 0;
	t->two = param.enable_double_rr != 0;
	t->params = str_dup(r->draft->arena, params);
	if (param.append_fromtag && from && from->tag.n)
		t->params = str_printf(r->draft->arena, ";ftag=" STR_FMT STR_FMT, STR_ARG(from->tag),
				       STR_ARG(params));
	if (sip_edit_late(r->draft, r->draft->msg->hdr_off, write_rr, t, SIP_PLACE_FIRST))
		return -1;
	sip_edit_mark(r->draft, MARK);
	return 1;
}

int32_t std_rr_record_route(struct run *r)
{
	return record(r, STR_NULL);
}

int32_t std_rr_record_route1(struct run *r, const struct str *params)
{
	return record(r, *params);
}

/* ---- loose routing ---- */

static bool is_ours(struct run *r, const struct sip_uri *u)
{
	return net_is_local(net_of(r->worker), u->host, sip_uri_port(u), u->proto);
}

/* Take one value off its header, and the header when it was the only one left. */
static int take_off(struct run *r, struct sip_nameaddr *a)
{
	struct sip_nameaddr *next = a->next;
	struct str gone = a->text;

	if (!next || next->hdr != a->hdr)
		return a->text.p == a->hdr->body.p || str_starts(str_ltrim(a->hdr->body), a->text)
			       ? sip_hdr_remove(r->draft, a->hdr)
			       : sip_edit_view(r->draft, gone, STR_NULL);
	gone.n = (size_t)(next->text.p - a->text.p);
	return sip_edit_view(r->draft, gone, STR_NULL);
}

/* The next hop does not know loose routing: its URI becomes the R-URI, ours goes to the end. */
static int strict_next(struct run *r, struct sip_nameaddr *next)
{
	struct str old = sip_draft_uri(r->draft);
	struct str h = str_printf(r->draft->arena, "Route: <" STR_FMT ">\r\n", STR_ARG(old));
	int err = take_off(r, next);

	if (!err)
		err = sip_hdr_append(r->draft, h);
	return err ? err : sip_draft_set_uri(r->draft, next->uri);
}

int32_t std_rr_loose_route(struct run *r)
{
	struct sip_nameaddr *a = NULL;
	struct sip_msg *m = r->draft->msg;
	const struct sip_uri *u;
	int err = 0;

	if (sip_addrs(m, SIP_HDR_ROUTE, &a) || !a)
		return -1;
	u = sip_nameaddr_uri(m, a);
	if (!u)
		return -1;
	for (int i = 0; u && i < 2 && is_ours(r, u); i++) {
		bool pair = u->r2.p != NULL;

		err = take_off(r, a);
		if (err)
			return -1;
		a = a->next;
		u = a ? sip_nameaddr_uri(m, a) : NULL;
		if (!pair)
			break;
	}
	if (!a)
		return 1;
	if (!u)
		return -1;
	err = u->lr.p ? sip_draft_set_dst(r->draft, a->uri) : strict_next(r, a);
	return err ? -1 : 1;
}

int32_t std_rr_check_route_param(struct run *r, const struct rt_regex *re)
{
	struct sip_nameaddr *a = NULL;
	const struct sip_uri *u;

	if (sip_addrs(r->draft->msg, SIP_HDR_ROUTE, &a) || !a)
		return -1;
	u = sip_nameaddr_uri(r->draft->msg, a);
	return re && u && is_ours(r, u) && rt_regex_exec(re, u->params, 0, NULL) ? 1 : -1;
}

STD_MODULE(rr)
