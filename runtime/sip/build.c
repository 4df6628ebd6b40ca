/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forwarded requests and replies, and msg_apply_changes.
 *
 * The builder's own changes (Via, received, Content-Length) are edits in front of the draft's list, which lives as long
 * as the building, so that they mix with the script's in one place. Positions are those of the reference: our Via stands
 * before the first Via, behind what the script put there; received and rport right behind sent-by; a missing
 * Content-Length at the end of the headers. Then all is written in one go into room for the most that it may be.
 */
#include "sip/build.h"

#include "base/fmt.h"
#include "sip/build_priv.h"
#include "sip/sip_priv.h"

const struct sip_ident sip_ident_default = {.server = {"kiln", 4}, .user_agent = {"kiln", 4}};

/* ---- Via ---- */

struct str sip_via_received(const struct sip_via *v, const struct addr *src,
			    char buf[ADDR_TEXT_MAX])
{
	struct addr host;

	if (src->family == 0)
		return STR_NULL;
	/* RFC 3581 4: with rport it is always written */
	if (!v->rport.p && addr_parse(v->host, &host) && addr_ip_eq(&host, src))
		return STR_NULL;
	return addr_text(src, false, buf);
}

/* ---- our edits ---- */

enum {
	OURS_FEW = 8,
	OURS_TEXTS = sizeof(";rport=;received=") + ADDR_TEXT_MAX + 2 * FMT_INT_MAX, /* of the parameters of Via, and the length */
};

struct ours {
	const struct sip_draft *d;
	struct arena *a;
	const struct sip_edit *edits; /* ours, then the draft's */
	struct sip_flat text;         /* where their texts lie */
	unsigned n;
	struct sip_edit few[OURS_FEW];
	char room[OURS_TEXTS];
};

static void ours_init(struct ours *o, struct arena *a, const struct sip_draft *d)
{
	o->d = d;
	o->a = a;
	o->edits = d->edits;
	o->text = (struct sip_flat){o->room, o->room + sizeof(o->room), false};
	o->n = 0;
}

static uint32_t offset_of(const struct sip_msg *m, const char *p)
{
	return (uint32_t)(p - m->buf.p);
}

/* `text` stands where `del` bytes stood. */
static int change(struct ours *o, uint32_t off, size_t del, struct str text)
{
	struct sip_edit *e = o->n < OURS_FEW ? &o->few[o->n++] : arena_raw(o->a, sizeof(*e));

	if (!e)
		return RT_E_NOMEM;
	*e = (struct sip_edit){.next = o->edits, .off = off, .del = (uint32_t)del, .text = text};
	o->edits = e;
	return 0;
}

/* Insert at `where` or replace ";name=value"; name with its '='. */
static int fix_param(struct ours *o, struct str there, const char *where, struct str name, struct str value)
{
	const char *begin = o->text.p;
	struct str text;

	if (!there.p)
		sip_put(&o->text, S(";"));
	sip_put(&o->text, name);
	sip_put(&o->text, value);
	text = str_make(begin, (size_t)(o->text.p - begin));
	return there.p ? change(o, offset_of(o->d->msg, there.p), there.n, text)
		       : change(o, offset_of(o->d->msg, where), 0, text);
}

/* Right behind sent-by: where the reference puts them in a request. */
static int via_fix(struct ours *o)
{
	const struct msg_origin *org = &o->d->msg->origin;
	struct sip_via *v = sip_via_top(o->d->msg);
	char buf[ADDR_TEXT_MAX], port[FMT_INT_MAX];
	struct str received;
	const char *where;
	int err = 0;

	if (!v || org->src.family == 0)
		return 0;
	if (v->params.p)
		where = v->params.p - 1; /* the ';' */
	else
		where = v->port_text.n ? v->port_text.p + v->port_text.n : v->host.p + v->host.n;
	if (v->rport_both.p || o->d->force_rport)
		err = fix_param(o, v->rport_both, where, S("rport="), str_make(port, fmt_u64(org->src.port, port)));
	received = sip_via_received(v, &org->src, buf);
	if (!err && received.p)
		err = fix_param(o, v->received_both, where, S("received="), received);
	return err;
}

/* Via: SIP/2.0/UDP host:port;branch=...;i=1;rport;alias */
struct str sip_own_via_text(struct arena *a, const struct sip_hop *hop)
{
	size_t room = sizeof("Via: SIP/2.0/OTHER :;branch=;i=;rport;alias\r\n") + 2 * FMT_INT_MAX + hop->host.n + hop->branch.n +
		      hop->params.n;
	char number[FMT_INT_MAX], *begin = arena_raw(a, room);
	struct sip_flat f = {begin, begin + room, !begin};

	if (!begin)
		return STR_NULL;
	sip_put(&f, S("Via: SIP/2.0/"));
	sip_put(&f, proto_via_name(hop->proto));
	sip_put(&f, S(" "));
	sip_put(&f, hop->host);
	if (hop->port && (hop->port != proto_port(PROTO_UDP) || hop->port_told)) {
		sip_put(&f, S(":"));
		sip_put(&f, str_make(number, fmt_u64(hop->port, number)));
	}
	if (hop->branch.n) {
		sip_put(&f, S(";branch="));
		sip_put(&f, hop->branch);
	}
	if (hop->conn_id) {
		sip_put(&f, S(";i="));
		sip_put(&f, str_make(number, fmt_hex(hop->conn_id, number)));
	}
	if (hop->rport)
		sip_put(&f, S(";rport"));
	if (hop->alias)
		sip_put(&f, S(";alias"));
	sip_put(&f, hop->params);
	sip_put(&f, S("\r\n"));
	return str_make(begin, (size_t)(f.p - begin));
}

/* Before the first Via; before the first header when there is none. */
static uint32_t via_place(const struct sip_draft *d)
{
	const struct sip_hdr *h = d->msg->first[SIP_HDR_VIA];

	return h ? h->off : d->msg->hdr_off;
}

static void ask_more(const struct sip_draft *d, struct sip_hop *h, struct arena *a)
{
	struct sip_via_more more = {.params = STR_NULL};

	d->via_more(d->via_more_arg, a, &more);
	h->params = more.params;
	if (more.host.n)
		h->host = more.host;
	if (more.port) {
		h->port = more.port;
		h->port_told = true;
	}
}

static int add_own_via(struct ours *o, const struct sip_hop *hop)
{
	const struct sip_draft *d = o->d;
	struct sip_hop h = *hop;
	struct str via;

	h.rport = hop->rport || d->add_local_rport;
	h.alias = hop->alias || d->via_alias;
	if (d->via_more)
		ask_more(d, &h, o->a);
	via = sip_own_via_text(o->a, &h);
	return via.p ? change(o, via_place(d), 0, via) : RT_E_NOMEM;
}

/* Path of the branch as Route: before the first Route, else behind our Via. */
static int add_path(struct ours *o)
{
	const struct sip_hdr *h = o->d->msg->first[SIP_HDR_ROUTE];
	struct str text;

	if (o->d->main.path.n == 0)
		return 0;
	text = str_cat(o->a, S("Route: "), o->d->main.path, S("\r\n"));
	return text.p ? change(o, h ? h->off : via_place(o->d), 0, text) : RT_E_NOMEM;
}

/* ---- body and Content-Length ---- */

static bool has_body_edits(const struct sip_draft *d)
{
	const struct sip_edit *e = d->edits;

	while (e && e->off < d->msg->body_off)
		e = e->next;
	return e != NULL;
}

/* The new body: what the script set, or the received one (as long as it said) with edits. */
static int body_of(const struct ours *o, size_t received, const struct sip_hop *hop, struct str *ret)
{
	const struct sip_draft *d = o->d;
	struct sip_msg *m = d->msg;
	struct sip_edited x;
	struct sip_flat f;

	*ret = d->body_set ? d->body : str_head(m->body, received);
	if (d->body_set || !has_body_edits(d))
		return 0;
	if (sip_edited_init(&x, o->a, m->buf, d->edits, m->body_off, m->body_off + (uint32_t)received, hop))
		return RT_E_NOMEM;
	f = (struct sip_flat){.p = arena_raw(o->a, x.room)};
	if (!f.p)
		return RT_E_NOMEM;
	ret->p = f.p;
	f.end = f.p + x.room;
	sip_edited_put(&f, &x);
	ret->n = (size_t)(f.p - ret->p);
	return 0;
}

/* Make every Content-Length say `len`; a missing one is added when it must be there, one that the script took away counts as
   missing. */
static int fix_content_length(struct ours *o, size_t len, bool must)
{
	struct sip_msg *m = o->d->msg;
	char digits[FMT_INT_MAX];
	struct str number = str_make(digits, fmt_u64(len, digits)), text;
	bool there = false;
	uint64_t old;
	int err = 0;

	for (struct sip_hdr *h = m->first[SIP_HDR_CONTENT_LENGTH]; h && !err; h = h->same) {
		if (sip_hdr_is_removed(o->d, h))
			continue;
		there = true;
		if (str_to_u64(h->body, UINT32_MAX, &old) && old == len)
			continue;
		text = str_dup(o->a, number);
		err = text.p ? change(o, offset_of(m, h->body.p), h->body.n, text) : RT_E_NOMEM;
	}
	if (err || there || !must)
		return err;
	text = str_cat(o->a, S("Content-Length: "), number, S("\r\n"));
	return text.p ? change(o, m->eoh_off, 0, text) : RT_E_NOMEM;
}

/* ---- first lines ---- */

enum { FIRST_FIXED = sizeof("SIP/2.0  \r\n") + FMT_INT_MAX };

static size_t first_line_room(const struct sip_draft *d)
{
	return FIRST_FIXED + d->msg->hdr_off + d->set_method.n + d->main.uri.n + d->set_reason.n;
}

static void put_first_line(struct sip_flat *f, const struct sip_draft *d)
{
	struct sip_msg *m = d->msg;
	char status[FMT_INT_MAX];

	if (m->is_request && (d->main.uri.p || d->set_method.p)) {
		sip_put(f, d->set_method.p ? d->set_method : m->method_text);
		sip_put(f, S(" "));
		sip_put(f, sip_draft_uri(d));
		sip_put(f, S(" "));
		sip_put(f, m->version);
		sip_put(f, S("\r\n"));
	} else if (!m->is_request && (d->set_status || d->set_reason.p)) {
		sip_put(f, m->version);
		sip_put(f, S(" "));
		sip_put(f, str_make(status, fmt_i64(d->set_status ? d->set_status : m->status, status)));
		sip_put(f, S(" "));
		sip_put(f, d->set_reason.p ? d->set_reason : m->reason);
		sip_put(f, S("\r\n"));
	} else {
		sip_put(f, str_head(m->buf, m->hdr_off));
	}
}

/* ---- writing ---- */

/* First line, headers, empty line, body; Content-Length put right first. */
static int write_all(struct ours *o, const struct sip_hop *hop, bool must, struct str *ret)
{
	const struct sip_draft *d = o->d;
	struct sip_msg *m = d->msg;
	size_t received = sip_body(m).n, room;
	struct str body, gap = m->body_off > m->eoh_off ? str_make(m->buf.p + m->eoh_off, m->body_off - m->eoh_off) : S("\r\n");
	struct sip_edited x;
	struct sip_flat f;
	int err = body_of(o, received, hop, &body);

	if (!err)
		err = fix_content_length(o, body.n, must || d->body_set || body.n != received);
	if (!err)
		err = sip_edited_init(&x, o->a, m->buf, o->edits, m->hdr_off, m->eoh_off, hop);
	if (err)
		return err;
	room = first_line_room(d) + x.room + gap.n + body.n;
	f = (struct sip_flat){.p = arena_raw(o->a, room)};
	if (!f.p)
		return RT_E_NOMEM;
	f.end = f.p + room;
	ret->p = f.p;
	put_first_line(&f, d);
	sip_edited_put(&f, &x);
	sip_put(&f, gap);
	sip_put(&f, body);
	BUG_ON(f.full);
	ret->n = (size_t)(f.p - ret->p);
	return ret->n > SIP_WIRE_MAX ? RT_E_LIMIT : 0;
}

/* ---- the doors ---- */

int sip_build_request(struct arena *a, const struct sip_draft *d, const struct sip_hop *hop, struct str *ret)
{
	bool via = hop && !d->no_via;
	struct ours o;
	int err = 0;

	if (!d->msg->is_request)
		return RT_E_INVAL;
	ours_init(&o, a, d);
	if (via) {
		err = via_fix(&o);
		if (!err)
			err = add_own_via(&o, hop);
		if (!err)
			err = add_path(&o);
	}
	return err ? err : write_all(&o, hop, via && proto_is_stream(hop->proto), ret);
}

/* Take the topmost Via value away. */
static int drop_top_via(struct ours *o)
{
	struct sip_msg *m = o->d->msg;
	struct sip_via *v = sip_via_top(m);

	if (!v)
		return RT_E_PARSE;
	if (!v->next || v->next->hdr != v->hdr)
		return change(o, v->hdr->off, v->hdr->len, STR_NULL);
	return change(o, offset_of(m, v->text.p), (size_t)(v->next->text.p - v->text.p), STR_NULL);
}

int sip_build_relayed_reply(struct arena *a, const struct sip_draft *d, struct str *ret)
{
	struct ours o;
	int err;

	if (d->msg->is_request)
		return RT_E_INVAL;
	ours_init(&o, a, d);
	err = drop_top_via(&o);
	return err ? err : write_all(&o, NULL, true, ret);
}

int sip_apply_changes(const struct sip_draft *d, struct sip_msg **ret)
{
	struct arena *tmp = arena_new(d->msg->limits->arena);
	struct sip_msg *m = NULL;
	struct str bytes;
	struct ours o;
	int err;

	if (!tmp)
		return RT_E_NOMEM;
	ours_init(&o, tmp, d);
	err = write_all(&o, NULL, false, &bytes);
	if (!err)
		err = sip_msg_parse(d->msg->limits, bytes, &m);
	arena_free(&tmp);
	if (err)
		return err;
	m->origin = d->msg->origin;
	m->id = d->msg->id;
	*ret = m;
	return 0;
}
