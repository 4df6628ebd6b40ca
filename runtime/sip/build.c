/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forwarded requests and replies, and msg_apply_changes.
 *
 * The builder's own changes (Via, received, Content-Length) are edits on a private copy of the draft,
 * so that they mix with the script's in one place: the edit list. Positions are those of the
 * reference: our Via stands before the first Via, behind what the script put there; received and
 * rport right behind sent-by; a missing Content-Length at the end of the headers.
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

static uint32_t offset_of(const struct sip_msg *m, const char *p)
{
	return (uint32_t)(p - m->buf.p);
}

/* Insert or replace ";name=value". */
static int fix_param(struct sip_draft *d, struct str there, const char *where, struct str name, struct str value)
{
	struct str text = str_cat(d->arena, there.p ? S("") : S(";"), name, S("="), value);

	if (!text.p)
		return RT_E_NOMEM;
	if (there.p)
		return sip_edit_replace_ref(d, offset_of(d->msg, there.p), (uint32_t)there.n, text);
	return sip_edit_replace_ref(d, offset_of(d->msg, where), 0, text);
}

/* Right behind sent-by: where the reference puts them in a request. */
static int via_fix(struct sip_draft *d)
{
	const struct msg_origin *org = &d->msg->origin;
	struct sip_via *v = sip_via_top(d->msg);
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
	if (v->rport_both.p || d->force_rport)
		err = fix_param(d, v->rport_both, where, S("rport"), str_make(port, fmt_u64(org->src.port, port)));
	received = sip_via_received(v, &org->src, buf);
	if (!err && received.p)
		err = fix_param(d, v->received_both, where, S("received"), received);
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

void sip_own_via(struct sip_out *o, const struct sip_hop *hop)
{
	struct str via = sip_own_via_text(o->w.arena, hop);

	if (!via.p && !o->err)
		o->err = RT_E_NOMEM;
	sip_out_add(o, via);
}

/* Before the first Via; before the first header when there is none. */
static uint32_t via_place(const struct sip_draft *d)
{
	const struct sip_hdr *h = d->msg->first[SIP_HDR_VIA];

	return h ? h->off : d->msg->hdr_off;
}

static void ask_more(const struct sip_draft *d, struct sip_hop *h)
{
	struct sip_via_more more = {.params = STR_NULL};

	d->via_more(d->via_more_arg, d->arena, &more);
	h->params = more.params;
	if (more.host.n)
		h->host = more.host;
	if (more.port) {
		h->port = more.port;
		h->port_told = true;
	}
}

static int add_own_via(struct sip_draft *d, const struct sip_hop *hop)
{
	struct sip_hop h = *hop;
	struct str via;

	h.rport = hop->rport || d->add_local_rport;
	h.alias = hop->alias || d->via_alias;
	if (d->via_more)
		ask_more(d, &h);
	via = sip_own_via_text(d->arena, &h);
	return via.p ? sip_edit_replace_ref(d, via_place(d), 0, via) : RT_E_NOMEM;
}

/* Path of the branch as Route: before the first Route, else behind our Via. */
static int add_path(struct sip_draft *d)
{
	const struct sip_hdr *h = d->msg->first[SIP_HDR_ROUTE];
	struct str text;

	if (d->main.path.n == 0)
		return 0;
	text = str_cat(d->arena, S("Route: "), d->main.path, S("\r\n"));
	if (!text.p)
		return RT_E_NOMEM;
	return sip_edit_replace_ref(d, h ? h->off : via_place(d), 0, text);
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
static void build_body(struct sip_out *o, const struct sip_draft *d, struct str received, const struct sip_hop *hop)
{
	struct sip_msg *m = d->msg;

	if (d->body_set)
		sip_out_add(o, d->body);
	else if (has_body_edits(d))
		sip_out_edited(o, d, m->body_off, m->body_off + (uint32_t)received.n, hop);
	else
		sip_out_add(o, received);
}

/* Make every Content-Length say `len`; a missing one is added when it must be there, one that the script took away counts as
   missing. */
static int fix_content_length(struct sip_draft *d, size_t len, bool must)
{
	char digits[FMT_INT_MAX];
	struct str number = str_make(digits, fmt_u64(len, digits)), text;
	bool there = false;
	uint64_t old;
	int err = 0;

	for (struct sip_hdr *h = d->msg->first[SIP_HDR_CONTENT_LENGTH]; h && !err; h = h->same) {
		if (sip_hdr_is_removed(d, h))
			continue;
		there = true;
		if (!str_to_u64(h->body, UINT32_MAX, &old) || old != len)
			err = sip_hdr_set(d, h, number);
	}
	if (err || there || !must)
		return err;
	text = str_cat(d->arena, S("Content-Length: "), number, S("\r\n"));
	return text.p ? sip_edit_replace_ref(d, d->msg->eoh_off, 0, text) : RT_E_NOMEM;
}

/* Headers from hdr_off on, empty line, body; Content-Length put right first. */
static void build_rest(struct sip_out *o, struct sip_draft *d, const struct sip_hop *hop, bool must)
{
	struct sip_msg *m = d->msg;
	struct str received = sip_body(m);
	struct sip_out body;

	sip_out_init(&body, o->w.arena);
	build_body(&body, d, received, hop);
	if (!body.err)
		body.err = fix_content_length(d, body.w.len, must || d->body_set || body.w.len != received.n);
	if (body.err && !o->err)
		o->err = body.err;
	sip_out_edited(o, d, m->hdr_off, m->eoh_off, hop);
	if (m->body_off > m->eoh_off)
		sip_out_add(o, str_make(m->buf.p + m->eoh_off, m->body_off - m->eoh_off));
	else
		sip_out_add(o, S("\r\n"));
	for (unsigned i = 0; i < body.w.n; i++)
		sip_out_add(o, str_make(body.w.iov[i].iov_base, body.w.iov[i].iov_len));
}

/* ---- first lines ---- */

static void add_first_line(struct sip_out *o, const struct sip_draft *d)
{
	struct sip_msg *m = d->msg;

	if (m->is_request && (d->main.uri.p || d->set_method.p)) {
		sip_out_add(o, d->set_method.p ? d->set_method : m->method_text);
		sip_out_add(o, S(" "));
		sip_out_add(o, sip_draft_uri(d));
		sip_out_add(o, S(" "));
		sip_out_add(o, m->version);
		sip_out_add(o, S("\r\n"));
	} else if (!m->is_request && (d->set_status || d->set_reason.p)) {
		sip_out_add(o, m->version);
		sip_out_printf(o, " %d ", d->set_status ? d->set_status : m->status);
		sip_out_add(o, d->set_reason.p ? d->set_reason : m->reason);
		sip_out_add(o, S("\r\n"));
	} else {
		sip_out_add(o, str_head(m->buf, m->hdr_off));
	}
}

/* ---- the doors ---- */

int sip_build_request(struct arena *a, const struct sip_draft *d, const struct sip_hop *hop,
		      struct sip_wire *ret)
{
	struct sip_draft t = *d;
	struct sip_out o;
	bool via = hop && !d->no_via;

	if (!d->msg->is_request)
		return RT_E_INVAL;
	sip_out_init(&o, a);
	t.arena = a;
	if (via) {
		o.err = via_fix(&t);
		if (!o.err)
			o.err = add_own_via(&t, hop);
		if (!o.err)
			o.err = add_path(&t);
	}
	if (o.err)
		return o.err;
	add_first_line(&o, &t);
	build_rest(&o, &t, hop, via && proto_is_stream(hop->proto));
	return sip_out_end(&o, ret);
}

/* Take the topmost Via value away. */
static int drop_top_via(struct sip_draft *d)
{
	struct sip_via *v = sip_via_top(d->msg);

	if (!v)
		return RT_E_PARSE;
	if (!v->next || v->next->hdr != v->hdr)
		return sip_edit_delete(d, v->hdr->off, v->hdr->len);
	return sip_edit_delete(d, offset_of(d->msg, v->text.p),
			       (uint32_t)(v->next->text.p - v->text.p));
}

int sip_build_relayed_reply(struct arena *a, const struct sip_draft *d, struct sip_wire *ret)
{
	struct sip_draft t = *d;
	struct sip_out o;

	if (d->msg->is_request)
		return RT_E_INVAL;
	sip_out_init(&o, a);
	t.arena = a;
	o.err = drop_top_via(&t);
	if (o.err)
		return o.err;
	add_first_line(&o, &t);
	build_rest(&o, &t, NULL, true);
	return sip_out_end(&o, ret);
}

int sip_apply_changes(const struct sip_draft *d, struct sip_msg **ret)
{
	struct arena *tmp = arena_new(d->msg->limits->arena);
	struct sip_draft t = *d;
	struct sip_msg *m = NULL;
	struct sip_out o;
	struct str flat;
	int err;

	if (!tmp)
		return RT_E_NOMEM;
	t.arena = tmp;
	sip_out_init(&o, tmp);
	add_first_line(&o, &t);
	build_rest(&o, &t, NULL, false);
	err = sip_out_err(&o);
	flat = err ? STR_NULL : sip_wire_flat(&o.w, tmp);
	if (!err && !flat.p)
		err = RT_E_NOMEM;
	if (!err)
		err = sip_msg_parse(d->msg->limits, flat, &m);
	arena_free(&tmp);
	if (err)
		return err;
	m->origin = d->msg->origin;
	m->id = d->msg->id;
	*ret = m;
	return 0;
}
