/* SPDX-License-Identifier: Apache-2.0 */
/*
 * save(): RFC 3261 10.3 step by step. The contacts of the request become a list of changes, the
 * location table applies them whole or not at all, the result becomes the reply.
 */
#include "registrar/registrar_priv.h"

#include "abi/pv.h"
#include "base/mem.h"
#include "core/worker.h"
#include "net/net.h"
#include "world/world.h"

enum { CONTACTS_MAX = 64, CALL_ID_MAX = 255 };

/* s, -1: no header */
static int64_t header_expires(struct sip_msg *m)
{
	struct sip_number n;
	int err = sip_number(m, SIP_HDR_EXPIRES, &n);

	if (err == RT_E_NOENT)
		return -1;
	return err ? reg_conf.default_expires : n.value;
}

/* RFC 3261 10.2.1.1: a malformed value counts as if there were none. */
static int64_t param_expires(struct str text)
{
	uint64_t v;

	return str_to_u64(text, UINT32_MAX, &v) ? (int64_t)v : -1;
}

/* Shorten by up to `percent` at random, so that phones do not come back all at once. */
static int64_t spread(struct reg_save *s, int64_t seconds, int64_t percent)
{
	int64_t span = percent > 0 && percent <= 100 ? seconds * percent / 100 : 0;

	if (!span || (s->flags & REG_SAVE_NO_RANGE))
		return seconds;
	return seconds - (int64_t)(world_random_u64(worker_world(s->r->worker)) % (uint64_t)(span + 1));
}

/* Seconds that this contact gets, 0: remove it; -1 with s->error set. */
static int64_t contact_seconds(struct reg_save *s, const struct sip_nameaddr *a)
{
	int64_t v;

	if (reg_cfg_int(s->r, "expires", &v))
		return v;
	v = a->expires.p ? param_expires(a->expires) : -1;
	if (v < 0)
		v = header_expires(s->msg);
	if (v < 0)
		v = spread(s, reg_conf.default_expires, reg_conf.default_expires_range);
	else if (v > 0)
		v = spread(s, v, reg_conf.expires_range);
	if (v == 0)
		return 0;
	if (v < reg_conf.min_expires) {
		if (reg_conf.min_expires_mode) {
			s->error = REG_E_BRIEF;
			return -1;
		}
		v = reg_conf.min_expires;
	}
	if (reg_conf.max_expires && v > reg_conf.max_expires)
		v = reg_conf.max_expires;
	return v;
}

static int contact_q(struct reg_save *s, const struct sip_nameaddr *a)
{
	int64_t v;
	int q;

	if (reg_cfg_int(s->r, "q", &v))
		return v >= 0 && v <= 1000 ? (int)v : SIP_Q_NONE;
	if (!a->q.p)
		return (int)reg_conf.default_q;
	q = sip_q_parse(a->q);
	if (q < 0)
		s->error = REG_E_Q;
	return q;
}

static uint32_t methods_mask(struct sip_msg *m, const struct sip_nameaddr *a)
{
	struct sip_item *it = NULL;
	uint32_t mask = 0;

	if (a->methods.p) {
		struct str rest = sip_unquote(a->methods);

		while (rest.n)
			mask |= sip_method_id(str_trim(str_cut(&rest, ',')));
		return mask;
	}
	if (sip_items(m, SIP_HDR_ALLOW, &it) || !it)
		return UINT32_MAX;
	for (; it; it = it->next)
		mask |= sip_method_id(it->value);
	return mask;
}

/* A malformed one counts as if there were none. */
static uint32_t contact_reg_id(const struct sip_nameaddr *a)
{
	uint64_t id;

	return a->reg_id.n && str_to_u64(a->reg_id, UINT32_MAX, &id) ? (uint32_t)id : 0;
}

/* What a contact of the request has for itself becomes part of its change; s->error when it must be refused. */
static void to_change(struct reg_save *s, const struct sip_nameaddr *a, struct ul_change *ch)
{
	int64_t seconds;

	if (a->uri.n > (size_t)reg_conf.contact_max_size ||
	    ch->c.received.n > (size_t)reg_conf.contact_max_size) {
		s->error = REG_E_TOO_LONG;
		return;
	}
	seconds = contact_seconds(s, a);
	if (s->error)
		return;
	ch->op = seconds ? UL_OP_SAVE : UL_OP_REMOVE;
	ch->c.uri = a->uri;
	ch->c.expires = s->now + seconds;
	ch->c.q = contact_q(s, a);
	ch->c.methods = methods_mask(s->msg, a);
	ch->c.instance = a->instance;
	ch->c.reg_id = contact_reg_id(a);
	ch->c.ruid = reg_ruid(s->r);
	if (!ch->c.ruid.p)
		s->error = REG_E_INTERNAL;
}

/* The Path headers, joined as they will become Route headers. */
static void collect_path(struct reg_save *s)
{
	struct sb b;

	if (!reg_conf.use_path || !s->msg->first[SIP_HDR_PATH])
		return;
	if (reg_conf.path_mode == 2 && !s->path) {
		s->error = REG_E_PATH;
		return;
	}
	sb_init(&b, s->r->arena, 8192);
	for (struct sip_hdr *h = s->msg->first[SIP_HDR_PATH]; h; h = h->same) {
		if (b.n)
			sb_addc(&b, ',');
		sb_add(&b, h->body);
	}
	if (!sb_ok(&b))
		s->error = REG_E_TOO_LONG;
	s->path_text = sb_str(&b);
}

/* received of the first Path URI (path_use_received). */
static struct str path_received(struct reg_save *s)
{
	struct sip_nameaddr *first = NULL;
	const struct sip_uri *u;
	struct str v = STR_NULL;
	struct sb b;

	if (!reg_conf.path_use_received || sip_addrs(s->msg, SIP_HDR_PATH, &first) || !first)
		return STR_NULL;
	u = sip_nameaddr_uri(s->msg, first);
	if (!u || !sip_uri_param(u, S("received"), &v))
		return STR_NULL;
	sb_init(&b, s->r->arena, v.n);
	sip_unescape(v, &b);
	return sb_ok(&b) ? sb_str(&b) : STR_NULL;
}

/* The contact came through a proxy that saw the phone behind NAT: *flags gets nat_bflag. */
static struct str received_of(struct reg_save *s, uint32_t *flags)
{
	struct value v = value_null();
	struct str from_path;

	if (reg_conf.received_avp && reg_conf.received_avp->get(s->r, &v) == 0 && value_is_str(&v))
		return v.s;
	from_path = path_received(s);
	if (from_path.n && ul_conf.nat_bflag >= 0 && ul_conf.nat_bflag < 32)
		*flags |= 1u << ul_conf.nat_bflag;
	return from_path;
}

static const struct net_socket *socket_of(struct reg_save *s)
{
	const struct net_socket *sock = NULL;
	struct str text = STR_NULL;
	struct sip_hdr *h;

	if (reg_cfg_str(s->r, "socket", &text)) {
		sock = net_socket_by_text(net_of(s->r->worker), text);
	} else if (reg_conf.sock_flag >= 0 && reg_conf.sock_flag < 32 &&
		   (s->r->draft->flags >> reg_conf.sock_flag & 1) && reg_conf.sock_hdr_name.n) {
		h = sip_hdr_find(s->msg, reg_conf.sock_hdr_name);
		sock = h ? net_socket_by_text(net_of(s->r->worker), h->body) : NULL;
	}
	return sock ? sock : s->msg->origin.sock;
}

/* What all contacts of the request share. */
static void fill_common(struct reg_save *s, struct ul_contact *c)
{
	struct sip_hdr *ua = s->msg->first[SIP_HDR_USER_AGENT];
	struct sip_cseq cseq = {0};

	if (sip_cseq(s->msg, &cseq))
		s->error = REG_E_CSEQ;
	*c = (struct ul_contact){
		.call_id = sip_call_id(s->msg),
		.user_agent = ua ? str_head(ua->body, 255) : S("n/a"),
		.path = s->path_text,
		.cseq = cseq.num,
		.cflags = s->r->draft->main.flags,
		.sock = socket_of(s),
		.conn_id = s->msg->origin.conn_id,
		.attrs = reg_attrs_take(s->r),
	};
	c->received = received_of(s, &c->cflags);
	if (c->call_id.n > CALL_ID_MAX)
		s->error = REG_E_CALL_ID;
}

/* "Contact: *" stands alone and with Expires 0 (RFC 3261 10.3 step 6). */
static bool is_star(struct reg_save *s, const struct sip_nameaddr *list)
{
	bool star = false;
	unsigned n = 0;

	for (const struct sip_nameaddr *a = list; a; a = a->next, n++)
		star = star || a->star;
	if (!star)
		return false;
	if (header_expires(s->msg) != 0)
		s->error = REG_E_STAR;
	else if (n > 1)
		s->error = REG_E_STAR_MORE;
	return true;
}

/* 0: no limit but the table's */
static uint32_t max_contacts(struct reg_save *s)
{
	int64_t max = reg_conf.max_contacts, cfg;

	if (reg_cfg_int(s->r, "max_contacts", &cfg) && cfg >= 0)
		max = cfg;
	return max < 0 ? 0 : max > UINT32_MAX ? UINT32_MAX : (uint32_t)max;
}

static void apply(struct reg_save *s, const struct ul_change *ch, size_t n, bool star)
{
	struct ul_apply_opts o = {
		.match = (enum ul_match)ul_conf.matching_mode,
		.now = s->now,
		.cseq_delay = (int32_t)ul_conf.cseq_delay,
		.max_contacts = max_contacts(s),
		.remove_all = star,
		.only_these = (s->flags & REG_SAVE_ONE) != 0,
		.by_time = ul_conf.desc_time_order != 0,
	};
	int err = ul_apply(s->table, s->aor, ch, n, &o, s->r->arena, &s->res);

	if (err == 0 || err == RT_E_EXIST)
		return;
	s->error = err == RT_E_STATE ? REG_E_CSEQ : err == RT_E_LIMIT ? REG_E_TOO_MANY : REG_E_INTERNAL;
	ul_lookup(s->table, s->aor, s->now, s->r->arena, &s->res);
}

/* Of those that may be saved at once. */
static size_t count(const struct sip_nameaddr *list)
{
	size_t n = 0;

	for (; list && n < CONTACTS_MAX; list = list->next)
		n++;
	return n;
}

static int32_t save_contacts(struct reg_save *s, struct sip_nameaddr *list)
{
	size_t room = count(list);
	struct ul_change *ch = arena_raw(s->r->arena, room * sizeof(*ch));
	bool star = is_star(s, list);
	size_t n = 0;

	if (!ch)
		s->error = REG_E_INTERNAL;
	if (!s->error)
		collect_path(s);
	if (!s->error)
		fill_common(s, &ch->c);
	for (struct sip_nameaddr *a = list; a && !star && !s->error; a = a->next, n++) {
		if (n == room) {
			s->error = REG_E_TOO_MANY;
			break;
		}
		if (n)
			ch[n].c = ch->c;
		to_change(s, a, &ch[n]);
	}
	if (s->error) {
		if (!star)
			ul_lookup(s->table, s->aor, s->now, s->r->arena, &s->res);
		return -1;
	}
	apply(s, ch, n, star);
	if (s->error)
		return s->error == REG_E_TOO_MANY ? -2 : -1;
	return s->res.inserted ? 1 : s->res.updated ? 2 : s->res.removed || star ? 3 : 1;
}

static void read_options(struct reg_save *s)
{
	struct sip_msg *m = s->msg;
	bool required;

	if (!m->first[SIP_HDR_SUPPORTED] && !m->first[SIP_HDR_REQUIRE])
		return;
	required = sip_has_item(m, SIP_HDR_REQUIRE, S("outbound"));
	s->path = sip_has_item(m, SIP_HDR_SUPPORTED, S("path"));
	s->gruu = reg_conf.gruu_enabled && (sip_has_item(m, SIP_HDR_SUPPORTED, S("gruu")) ||
					    sip_has_item(m, SIP_HDR_REQUIRE, S("gruu")));
	s->outbound = reg_conf.outbound_mode && (required || sip_has_item(m, SIP_HDR_SUPPORTED, S("outbound")));
	if (required && !reg_conf.outbound_mode)
		s->error = REG_E_OUTBOUND;
}

static int32_t save_request(struct reg_save *s)
{
	struct sip_nameaddr *list = NULL;
	int err = sip_addrs(s->msg, SIP_HDR_CONTACT, &list);

	if (s->error)
		return -1;
	if (err == RT_E_NOENT) { /* a query */
		ul_lookup(s->table, s->aor, s->now, s->r->arena, &s->res);
		return 4;
	}
	if (err) {
		s->error = REG_E_PARSE;
		return -1;
	}
	return save_contacts(s, list);
}

int32_t reg_save(struct run *r, struct str table, uint32_t flags, struct str uri)
{
	struct reg_save s = {.r = r, .msg = r->draft->msg, .flags = flags, .now = reg_now(r)};
	bool reply = r->kind != IN_CORE_ONREPLY && r->kind != IN_TM_ONREPLY;
	struct sip_nameaddr *to = uri.n ? NULL : sip_to(s.msg);
	const struct sip_uri *u = to ? sip_nameaddr_uri(s.msg, to) : reg_uri(r, uri);
	int32_t rc = -1;

	s.table = ul_table_get(table);
	if (!s.table)
		s.error = REG_E_INTERNAL;
	if (!s.error && reg_aor(r, u, &s.aor, &s.domain))
		s.error = REG_E_AOR;
	if (!s.error)
		read_options(&s);
	if (!s.error)
		rc = save_request(&s);
	if (reply && reg_reply(&s, !(flags & REG_SAVE_NO_REPLY)))
		return -1;
	return rc;
}
