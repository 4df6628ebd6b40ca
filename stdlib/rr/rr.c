/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Record-Route (RFC 3261 16.6 step 4), written when the way out is known: one, or two with ;r2=on
 * when the message leaves on another socket or transport than it came in. What the script has asked
 * for so far is one late edit of the draft; each further call puts a new one in its place, because
 * branches share what was there before.
 */
#define STD_NAME rr
#define STD_DEF "rr/rr.def"
#include "abi/std.h"

#include "net/net.h"
#include "rr/rr_conf.h"
#include "rr/rr_priv.h"
#include "script/env.h"
#include "sip/build.h"

enum { MARK = 0x5252, PARAMS_MAX = 1024 };

struct rr_text {
	bool on;           /* false: only parameters for a Record-Route to come */
	struct str scheme; /* "sip" or "sips" */
	struct str user;   /* "user@" or empty */
	struct str host;   /* advertised address, or empty: the socket's */
	struct str preset[2]; /* whole addresses; [0] is set: nothing is asked of the sockets */
	struct str before; /* parameters in front of ;lr */
	struct str fixed;  /* behind it: ";ftag=..." and those given with record_route */
	struct str added;  /* by add_rr_param */
	bool full_lr, names;
	int64_t twice;
};

static void address(struct sb *out, const struct rr_text *t, struct str host, uint16_t port)
{
	sb_add(out, S("Record-Route: <"));
	sb_add(out, t->scheme);
	sb_addc(out, ':');
	sb_add(out, t->user);
	sb_add(out, t->host.n ? t->host : host);
	if (port && port != proto_port(PROTO_UDP) && !t->host.n) {
		sb_addc(out, ':');
		sb_addi(out, port);
	}
}

static void end(struct sb *out, const struct rr_text *t)
{
	sb_add(out, t->before);
	sb_addz(out, t->full_lr ? ";lr=on" : ";lr");
	sb_add(out, t->fixed);
	sb_add(out, t->added);
	sb_addz(out, ">\r\n");
}

struct side {
	const struct net_socket *sock;
	enum proto proto;
	struct str host;
	uint16_t port;
};

static void one(struct sb *out, const struct rr_text *t, const struct side *s, bool r2)
{
	address(out, t, s->host, s->port);
	if (s->proto != PROTO_UDP || (r2 && t->host.n))
		sb_printf(out, ";transport=" STR_FMT, STR_ARG(proto_name(s->proto)));
	if (t->names && s->sock && s->sock->name.n)
		sb_printf(out, ";sn=" STR_FMT, STR_ARG(s->sock->name));
	if (r2)
		sb_addz(out, ";r2=on");
	end(out, t);
}

/* Two when the sides differ, an advertised address hides all but the transport. */
static bool needs_two(const struct rr_text *t, const struct side *a, const struct side *b)
{
	if (!t->twice || !b->sock)
		return false;
	if (t->twice == 2 || a->proto != b->proto)
		return true;
	return !t->host.n && (a->port != b->port || !str_eq(a->host, b->host));
}

static void write_rr(struct sb *out, const struct sip_hop *hop, const void *arg)
{
	const struct rr_text *t = arg;
	struct side o, i;
	bool two;

	if (!hop || !t->on)
		return;
	if (t->preset[0].n) {
		for (int k = 0; k < 2 && t->preset[k].n; k++) {
			address(out, t, t->preset[k], 0);
			end(out, t);
		}
		return;
	}
	o = (struct side){hop->sock, hop->proto, hop->host, hop->port};
	i = (struct side){hop->recv_sock, hop->recv_proto, hop->recv_host, hop->recv_port};
	two = needs_two(t, &o, &i);
	one(out, t, t->twice || !i.sock ? &o : &i, two); /* a single one names where the request came in */
	if (two)
		one(out, t, &i, true);
}

static const struct rr_text *current(const struct sip_draft *d)
{
	for (const struct sip_edit *e = d->edits; e; e = e->next)
		if (e->late == write_rr)
			return e->arg;
	return NULL;
}

/* A writable copy of what is asked for so far. */
static struct rr_text *begin(struct run *r)
{
	const struct rr_text *old = current(r->draft);
	struct rr_text *t = arena_new_of(r->draft->arena, struct rr_text);

	if (t && old)
		*t = *old;
	return t;
}

static int32_t commit(struct run *r, struct rr_text *t)
{
	struct sip_draft *d = r->draft;

	if (sip_draft_drop(d, MARK) ||
	    sip_edit_late(d, d->msg->hdr_off, write_rr, t, SIP_PLACE_FIRST))
		return -1;
	return sip_edit_mark(d, MARK) ? -1 : 1;
}

static struct str user_of(struct run *r)
{
	struct sip_uri u;
	struct value v;
	struct str s = STR_NULL;

	if (!param.add_username)
		return STR_NULL;
	if (param.custom_user_avp && param.custom_user_avp->get(r, &v) == 0 && v.tag != VAL_NULL)
		s = script_text(r, &v);
	/* a branch writes the user that was asked for, not where it goes (as in the reference) */
	if (!s.n && (r->kind == IN_BRANCH ? sip_uri_parse(r->draft->msg->ruri, &u)
					  : sip_draft_uri_parse(r->draft, &u)) == 0)
		s = u.user;
	return s.n ? str_printf(r->draft->arena, STR_FMT "@", STR_ARG(s)) : STR_NULL;
}

/* The tag of the side that began the dialog. */
static struct str first_tag(struct run *r)
{
	struct sip_nameaddr *from = sip_from(r->draft->msg), *to = sip_to(r->draft->msg);

	if (rr_routed(r->draft) && rr_direction(r) == 2)
		return to ? to->tag : STR_NULL;
	return from ? from->tag : STR_NULL;
}

static int32_t record(struct run *r, struct rr_text *t, struct str params)
{
	struct arena *a = r->draft->arena;
	struct str tag = param.append_fromtag ? first_tag(r) : STR_NULL;
	struct sip_uri u;

	if (t->on) {
		script_warn(r, "record_route: there is one already");
		return -1;
	}
	t->on = true;
	t->full_lr = param.enable_full_lr != 0;
	t->names = param.sockname_mode != 0;
	t->twice = param.enable_double_rr;
	t->scheme = S("sip");
	if (!param.ignore_sips && sip_draft_uri_parse(r->draft, &u) == 0 &&
	    u.scheme == SIP_SCHEME_SIPS)
		t->scheme = S("sips");
	t->user = user_of(r);
	t->fixed = str_printf(a, "%s" STR_FMT STR_FMT, tag.n ? ";ftag=" : "", STR_ARG(tag),
			      STR_ARG(params));
	if (t->host.n || t->preset[0].n) { /* the reference's order in these */
		t->before = str_printf(a, STR_FMT STR_FMT, STR_ARG(t->fixed), STR_ARG(t->added));
		t->fixed = t->added = (struct str){"", 0};
	}
	return t->fixed.p ? commit(r, t) : -1;
}

int32_t std_rr_record_route1(struct run *r, const struct str *params)
{
	struct rr_text *t = r->draft ? begin(r) : NULL;

	return t ? record(r, t, *params) : -1;
}

int32_t std_rr_record_route(struct run *r)
{
	return std_rr_record_route1(r, &(struct str){NULL, 0});
}

int32_t std_rr_record_route_preset2(struct run *r, const struct str *outbound,
				    const struct str *inbound)
{
	struct rr_text *t = r->draft ? begin(r) : NULL;

	if (!t || !outbound->n)
		return -1;
	t->preset[0] = str_dup(r->draft->arena, *outbound);
	t->preset[1] = str_dup(r->draft->arena, *inbound);
	return t->preset[0].p ? record(r, t, STR_NULL) : -1;
}

int32_t std_rr_record_route_preset(struct run *r, const struct str *address)
{
	return std_rr_record_route_preset2(r, address, &(struct str){NULL, 0});
}

int32_t std_rr_record_route_advertised_address(struct run *r, const struct str *address)
{
	struct rr_text *t = r->draft ? begin(r) : NULL;

	if (!t || !address->n)
		return -1;
	t->host = str_dup(r->draft->arena, *address);
	return t->host.p ? record(r, t, STR_NULL) : -1;
}

int32_t std_rr_add_rr_param(struct run *r, const struct str *p)
{
	struct rr_text *t = r->draft ? begin(r) : NULL;

	if (!t || t->added.n + p->n > PARAMS_MAX)
		return -1;
	t->added = str_printf(r->draft->arena, STR_FMT STR_FMT, STR_ARG(t->added), STR_ARG(*p));
	return t->added.p ? commit(r, t) : -1;
}

int32_t std_rr_remove_record_route(struct run *r)
{
	return r->draft && sip_draft_drop(r->draft, MARK) == 0 ? 1 : -1;
}

struct rr_conf rr_conf;

static int init(const struct program *p)
{
	(void)p;
	rr_conf.force_send_socket = param.force_send_socket != 0;
	rr_conf.double_rr = param.enable_double_rr != 0;
	return 0;
}

STD_MODULE(rr, .init = init)
