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

enum { PARAMS_MAX = 1024 };

enum rr_part {
	SCHEME,  /* "sip" or "sips" */
	USER,    /* "user@" or empty */
	HOST,    /* advertised address, or empty: the socket's */
	PRESET,  /* a whole address: nothing is asked of the sockets */
	PRESET2, /* the second one, or empty */
	BEFORE,  /* parameters in front of ;lr */
	FIXED,   /* behind it: ";ftag=..." and those given with record_route */
	ADDED,   /* by add_rr_param */
	PARTS
};

/* The data of the edit are the flags and lengths, then the texts. */
struct rr_head {
	bool on; /* false: only parameters for a Record-Route to come */
	bool full_lr, names;
	uint8_t twice;
	uint32_t len[PARTS];
};

struct rr_text {
	struct rr_head head;
	struct str part[PARTS];
};

static struct str flat(struct arena *a, const struct rr_text *t)
{
	struct rr_head h = t->head;
	struct str all[1 + PARTS] = {{(const char *)&h, sizeof(h)}};

	for (int i = 0; i < PARTS; i++) {
		h.len[i] = (uint32_t)t->part[i].n;
		all[1 + i] = t->part[i];
	}
	return str_joinv(a, all, 1 + PARTS);
}

static struct rr_text text_of(struct str data)
{
	struct rr_text t;
	const char *at = data.p + sizeof(t.head);

	memcpy(&t.head, data.p, sizeof(t.head));
	for (int i = 0; i < PARTS; at += t.head.len[i++])
		t.part[i] = str_make(at, t.head.len[i]);
	return t;
}

static void address(struct sb *out, const struct rr_text *t, struct str host, uint16_t port)
{
	sb_add(out, S("Record-Route: <"));
	sb_add(out, t->part[SCHEME]);
	sb_addc(out, ':');
	sb_add(out, t->part[USER]);
	sb_add(out, t->part[HOST].n ? t->part[HOST] : host);
	if (port && port != proto_port(PROTO_UDP) && !t->part[HOST].n) {
		sb_addc(out, ':');
		sb_addi(out, port);
	}
}

static void end(struct sb *out, const struct rr_text *t)
{
	sb_add(out, t->part[BEFORE]);
	sb_addz(out, t->head.full_lr ? ";lr=on" : ";lr");
	sb_add(out, t->part[FIXED]);
	sb_add(out, t->part[ADDED]);
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
	if (s->proto != PROTO_UDP || (r2 && t->part[HOST].n))
		sb_printf(out, ";transport=" STR_FMT, STR_ARG(proto_name(s->proto)));
	if (t->head.names && s->sock && s->sock->name.n)
		sb_printf(out, ";sn=" STR_FMT, STR_ARG(s->sock->name));
	if (r2)
		sb_addz(out, ";r2=on");
	end(out, t);
}

/* Two when the sides differ, an advertised address hides all but the transport. */
static bool needs_two(const struct rr_text *t, const struct side *a, const struct side *b)
{
	if (!t->head.twice || !b->sock)
		return false;
	if (t->head.twice == 2 || a->proto != b->proto)
		return true;
	return !t->part[HOST].n && (a->port != b->port || !str_eq(a->host, b->host));
}

static void write_rr(struct sb *out, const struct sip_hop *hop, struct str data)
{
	const struct rr_text text = text_of(data), *t = &text;
	struct side o, i;
	bool two;

	if (!hop || !t->head.on)
		return;
	if (t->part[PRESET].n) {
		for (int k = PRESET; k <= PRESET2 && t->part[k].n; k++) {
			address(out, t, t->part[k], 0);
			end(out, t);
		}
		return;
	}
	o = (struct side){hop->sock, hop->proto, hop->host, hop->port};
	i = (struct side){hop->recv_sock, hop->recv_proto, hop->recv_host, hop->recv_port};
	two = needs_two(t, &o, &i);
	one(out, t, t->head.twice || !i.sock ? &o : &i, two); /* a single one names where the request came in */
	if (two)
		one(out, t, &i, true);
}

/* What is asked for so far. */
static struct rr_text current(const struct run *r)
{
	for (const struct sip_edit *e = r->draft->edits; e; e = e->next)
		if (e->late == write_rr)
			return text_of(e->text);
	return (struct rr_text){.head = {.on = false}};
}

static int32_t commit(struct run *r, const struct rr_text *t)
{
	struct sip_draft *d = r->draft;
	struct str data = flat(r->arena, t);

	if (!data.p || sip_draft_drop(d, RR_RECORDED) ||
	    sip_edit_late(d, d->msg->hdr_off, write_rr, data, SIP_PLACE_FIRST))
		return -1;
	return sip_edit_mark(d, RR_RECORDED) ? -1 : 1;
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
	return s.n ? str_cat(r->arena, s, S("@")) : STR_NULL;
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
	struct str *part = t->part;
	struct str tag = param.append_fromtag ? first_tag(r) : STR_NULL;
	struct sip_uri u;

	if (t->head.on) {
		script_warn(r, "record_route: there is one already");
		return -1;
	}
	t->head.on = true;
	t->head.full_lr = param.enable_full_lr != 0;
	t->head.names = param.sockname_mode != 0;
	t->head.twice = param.enable_double_rr == 2 ? 2 : param.enable_double_rr != 0;
	part[SCHEME] = S("sip");
	if (!param.ignore_sips && sip_draft_uri_parse(r->draft, &u) == 0 &&
	    u.scheme == SIP_SCHEME_SIPS)
		part[SCHEME] = S("sips");
	part[USER] = user_of(r);
	part[FIXED] = str_cat(r->arena, tag.n ? S(";ftag=") : S(""), tag, params);
	if (part[HOST].n || part[PRESET].n) { /* the reference's order in these */
		part[BEFORE] = str_cat(r->arena, part[FIXED], part[ADDED]);
		part[FIXED] = part[ADDED] = S("");
	}
	return part[FIXED].p ? commit(r, t) : -1;
}

int32_t std_rr_record_route1(struct run *r, const struct str *params)
{
	struct rr_text t;

	if (!r->draft)
		return -1;
	t = current(r);
	return record(r, &t, *params);
}

int32_t std_rr_record_route(struct run *r)
{
	return std_rr_record_route1(r, &(struct str){NULL, 0});
}

int32_t std_rr_record_route_preset2(struct run *r, const struct str *outbound,
				    const struct str *inbound)
{
	struct rr_text t;

	if (!r->draft || !outbound->n)
		return -1;
	t = current(r);
	t.part[PRESET] = *outbound;
	t.part[PRESET2] = *inbound;
	return record(r, &t, STR_NULL);
}

int32_t std_rr_record_route_preset(struct run *r, const struct str *address)
{
	return std_rr_record_route_preset2(r, address, &(struct str){NULL, 0});
}

int32_t std_rr_record_route_advertised_address(struct run *r, const struct str *address)
{
	struct rr_text t;

	if (!r->draft || !address->n)
		return -1;
	t = current(r);
	t.part[HOST] = *address;
	return record(r, &t, STR_NULL);
}

int32_t std_rr_add_rr_param(struct run *r, const struct str *p)
{
	struct rr_text t;

	if (!r->draft)
		return -1;
	t = current(r);
	if (t.part[ADDED].n + p->n > PARAMS_MAX)
		return -1;
	t.part[ADDED] = str_cat(r->arena, t.part[ADDED], *p);
	return t.part[ADDED].p ? commit(r, &t) : -1;
}

int32_t std_rr_remove_record_route(struct run *r)
{
	return r->draft && sip_draft_drop(r->draft, RR_RECORDED) == 0 ? 1 : -1;
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
