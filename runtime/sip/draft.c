/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The edit list is a persistent cons list, newest first: adding is one allocation and copies of a
 * draft share what they had in common. Nothing is applied here; build.c walks the list.
 */
#include "sip/draft.h"

#include "sip/build.h"

#include "sip/sip_priv.h"

enum { TAG_BODY = 0xfff0, REWRITE_MAX = 65535 };

void sip_draft_init(struct sip_draft *d, struct sip_msg *m, struct arena *a)
{
	*d = (struct sip_draft){.msg = m,
				.arena = a,
				.main = {.q = SIP_Q_NONE},
				.max_branches = SIP_BRANCHES_DEFAULT};
}

int sip_draft_copy(const struct sip_draft *d, struct sip_draft *ret)
{
	struct sip_branches *b = NULL;

	if (d->branches) {
		b = arena_new_of(d->arena, struct sip_branches);
		if (!b)
			return RT_E_NOMEM;
		*b = *d->branches;
	}
	*ret = *d;
	ret->branches = b;
	return 0;
}

int sip_draft_uri_parse(const struct sip_draft *d, struct sip_uri *ret)
{
	const struct sip_uri *u;

	if (d->main.uri.p)
		return sip_uri_parse(d->main.uri, ret);
	u = sip_ruri(d->msg); /* parsed once */
	if (!u)
		return d->msg->ruri_err ? d->msg->ruri_err : RT_E_PARSE;
	*ret = *u;
	return 0;
}

const struct sip_uri *sip_draft_uri_view_parse(struct sip_draft *d)
{
	struct sip_uri *u = arena_raw(d->arena, sizeof(*u));

	if (!u || sip_uri_parse(d->main.uri, u))
		return NULL;
	d->uri_parsed = u;
	return u;
}

/* A copy of s in the draft's arena; a p of NULL stays so. */
static int keep(struct sip_draft *d, struct str s, struct str *ret)
{
	struct str c = s.p ? str_dup(d->arena, s) : STR_NULL;

	if (s.p && !c.p)
		return RT_E_NOMEM;
	*ret = c;
	return 0;
}

/* No byte that would end the line, so that no script value can add a header. */
static bool one_line(struct str s)
{
	return str_chr(s, '\r') == STR_NONE && str_chr(s, '\n') == STR_NONE;
}

int sip_draft_set_uri(struct sip_draft *d, struct str uri)
{
	return sip_find_or_space(uri, ' ') == uri.n ? keep(d, uri, &d->main.uri) : RT_E_PARSE;
}

int sip_draft_rewrite(struct sip_draft *d, enum sip_uri_part part, struct str text, size_t n)
{
	struct sip_uri u;
	struct sb out;
	int err = sip_draft_uri_parse(d, &u);

	if (err)
		return err;
	sb_init(&out, d->arena, REWRITE_MAX);
	err = sip_uri_rewrite(&u, part, text, n, &out);
	if (!err)
		d->main.uri = sb_str(&out);
	return err;
}

int sip_draft_set_dst(struct sip_draft *d, struct str uri)
{
	struct sip_uri u;

	if (uri.n == 0) {
		d->main.dst_uri = STR_NULL;
		return 0;
	}
	if (sip_uri_parse(uri, &u))
		return RT_E_PARSE;
	return keep(d, uri, &d->main.dst_uri);
}

static bool printable(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 127)
			return false;
	return true;
}

int sip_draft_set_uri_raw(struct sip_draft *d, struct str uri)
{
	return uri.n && printable(uri) ? keep(d, uri, &d->main.uri) : RT_E_PARSE;
}

int sip_draft_set_dst_raw(struct sip_draft *d, struct str uri)
{
	if (!printable(uri))
		return RT_E_PARSE;
	return keep(d, uri.n ? uri : STR_NULL, &d->main.dst_uri);
}

int sip_draft_set_path(struct sip_draft *d, struct str path)
{
	if (!one_line(path))
		return RT_E_PARSE;
	return keep(d, path.n ? path : STR_NULL, &d->main.path);
}

int sip_draft_set_method(struct sip_draft *d, struct str method)
{
	if (method.p && !sip_all(method, SIP_CC_TOKEN))
		return RT_E_PARSE;
	return keep(d, method, &d->set_method);
}

int sip_draft_set_reply(struct sip_draft *d, int status, struct str reason)
{
	int err;

	if (status < 100 || status > 699 || !one_line(reason))
		return RT_E_PARSE;
	err = keep(d, reason, &d->set_reason);
	if (!err)
		d->set_status = status;
	return err;
}

/* ---- edits ---- */

static int push(struct sip_draft *d, const struct sip_edit *e)
{
	struct sip_edit *copy;

	if (e->off > d->msg->buf.n || e->del > d->msg->buf.n - e->off)
		return RT_E_INVAL;
	copy = arena_raw(d->arena, sizeof(*copy));
	if (!copy)
		return RT_E_NOMEM;
	*copy = *e;
	copy->next = d->edits;
	d->edits = copy;
	return 0;
}

static int push_text(struct sip_draft *d, struct sip_edit e, struct str text)
{
	int err = keep(d, text, &e.text);

	return err ? err : push(d, &e);
}

int sip_edit_insert(struct sip_draft *d, uint32_t off, struct str text, enum sip_place place)
{
	return push_text(d, (struct sip_edit){.off = off, .first = place == SIP_PLACE_FIRST}, text);
}

int sip_edit_delete(struct sip_draft *d, uint32_t off, uint32_t len)
{
	return push(d, &(struct sip_edit){.off = off, .del = len});
}

int sip_edit_replace(struct sip_draft *d, uint32_t off, uint32_t len, struct str text)
{
	return push_text(d, (struct sip_edit){.off = off, .del = len}, text);
}

int sip_edit_view(struct sip_draft *d, struct str view, struct str text)
{
	struct str buf = d->msg->buf;

	if (!view.p || view.p < buf.p || view.p + view.n > buf.p + buf.n)
		return RT_E_INVAL;
	return sip_edit_replace(d, (uint32_t)(view.p - buf.p), (uint32_t)view.n, text);
}

int sip_edit_late(struct sip_draft *d, uint32_t off, sip_late_fn *fn, struct str data,
		  enum sip_place place)
{
	return push_text(d, (struct sip_edit){.off = off, .late = fn, .first = place == SIP_PLACE_FIRST}, data);
}

int sip_edit_mark(struct sip_draft *d, uint16_t tag)
{
	struct sip_edit *copy;

	if (!d->edits || d->edits->tag == tag)
		return 0;
	/* the node may already be shared with a copy of the draft */
	copy = arena_new_of(d->arena, struct sip_edit);
	if (!copy)
		return RT_E_NOMEM;
	*copy = *d->edits;
	copy->tag = tag;
	d->edits = copy;
	return 0;
}

bool sip_draft_has(const struct sip_draft *d, uint16_t tag)
{
	for (const struct sip_edit *e = d->edits; e; e = e->next)
		if (e->tag == tag)
			return true;
	return false;
}

/* Nodes newer than the oldest marked one are copied, the rest stays shared. */
int sip_draft_drop(struct sip_draft *d, uint16_t tag)
{
	const struct sip_edit *last = NULL, *e, *fresh = NULL, **tail = &fresh;

	for (e = d->edits; e; e = e->next)
		if (e->tag == tag)
			last = e;
	if (!last)
		return 0;
	for (e = d->edits; e != last; e = e->next) {
		struct sip_edit *copy;

		if (e->tag == tag)
			continue;
		copy = arena_new_of(d->arena, struct sip_edit);
		if (!copy)
			return RT_E_NOMEM;
		*copy = *e;
		*tail = copy;
		tail = &copy->next;
	}
	*tail = last->next;
	d->edits = fresh;
	return 0;
}

/* ---- headers ---- */

int sip_hdr_append(struct sip_draft *d, struct str text)
{
	return sip_edit_insert(d, d->msg->eoh_off, text, SIP_PLACE_LAST);
}

int sip_hdr_prepend(struct sip_draft *d, struct str text)
{
	return sip_edit_insert(d, d->msg->hdr_off, text, SIP_PLACE_LAST);
}

int sip_hdr_insert_before(struct sip_draft *d, const struct sip_hdr *h, struct str text)
{
	return sip_edit_insert(d, h->off, text, SIP_PLACE_LAST);
}

int sip_hdr_insert_after(struct sip_draft *d, const struct sip_hdr *h, struct str text)
{
	return sip_edit_insert(d, h->off + h->len, text, SIP_PLACE_LAST);
}

int sip_hdr_remove(struct sip_draft *d, const struct sip_hdr *h)
{
	return sip_hdr_is_removed(d, h) ? 0 : sip_edit_delete(d, h->off, h->len);
}

int sip_hdr_set(struct sip_draft *d, const struct sip_hdr *h, struct str body)
{
	return sip_edit_view(d, h->body, body);
}

int sip_hdr_remove_named(struct sip_draft *d, struct str name)
{
	int n = 0;

	for (struct sip_hdr *h = sip_hdr_find(d->msg, name); h; h = sip_hdr_next(h)) {
		int err = sip_hdr_remove(d, h);

		if (err)
			return err;
		n++;
	}
	return n;
}

int sip_hdr_remove_if(struct sip_draft *d, sip_hdr_match_fn *fn, void *arg)
{
	int n = 0;

	for (struct sip_hdr *h = d->msg->headers; h; h = h->next) {
		int err;

		if (!fn(h, arg))
			continue;
		err = sip_hdr_remove(d, h);
		if (err)
			return err;
		n++;
	}
	return n;
}

bool sip_hdr_is_removed(const struct sip_draft *d, const struct sip_hdr *h)
{
	for (const struct sip_edit *e = d->edits; e; e = e->next)
		if (e->del && e->off <= h->off && e->off + e->del >= h->off + h->len)
			return true;
	return false;
}

/* ---- body ---- */

static int set_content_type(struct sip_draft *d, struct str type)
{
	struct sip_hdr *h = d->msg->first[SIP_HDR_CONTENT_TYPE];
	struct str text = str_printf(d->arena, "Content-Type: " STR_FMT "\r\n", STR_ARG(type));
	int err = text.p ? sip_draft_drop(d, TAG_BODY) : RT_E_NOMEM;

	for (; h && !err; h = h->same)
		err = sip_hdr_remove(d, h);
	if (!err)
		err = sip_hdr_append(d, text);
	return err ? err : sip_edit_mark(d, TAG_BODY);
}

int sip_draft_set_body(struct sip_draft *d, struct str body, struct str type)
{
	struct str copy = str_dup(d->arena, body);
	int err = 0;

	if (!one_line(type))
		return RT_E_PARSE;
	if (!copy.p)
		return RT_E_NOMEM;
	if (type.n)
		err = set_content_type(d, type);
	if (err)
		return err;
	d->body = copy;
	d->body_set = true;
	return 0;
}

int sip_draft_remove_body(struct sip_draft *d)
{
	d->body = S("");
	d->body_set = true;
	return 0;
}

int sip_reply_set_body(struct sip_draft *d, struct str body, struct str type)
{
	struct str header = str_printf(d->arena, "Content-Type: " STR_FMT "\r\n", STR_ARG(type));
	bool again = d->reply_body.n != 0;
	int err = one_line(type) ? keep(d, body, &d->reply_body) : RT_E_PARSE;

	if (err || again || !type.n) /* the type told first stays, as where it stands */
		return err;
	return header.p ? sip_reply_append(d, header) : RT_E_NOMEM;
}

int sip_reply_append_ref(struct sip_draft *d, struct str text)
{
	struct sip_edit *e = arena_raw(d->arena, sizeof(*e));

	if (!e)
		return RT_E_NOMEM;
	*e = (struct sip_edit){.text = text, .next = d->reply_edits};
	d->reply_edits = e;
	return 0;
}

int sip_reply_append(struct sip_draft *d, struct str text)
{
	struct str kept;
	int err = keep(d, text, &kept);

	return err ? err : sip_reply_append_ref(d, kept);
}

struct str sip_reply_edits(const struct sip_draft *d, struct arena *a)
{
	struct str all = STR_NULL;

	for (const struct sip_edit *e = d->reply_edits; e; e = e->next) /* newest first */
		all = str_join(a, e->text, all);
	return all;
}

/* ---- branches ---- */

static int keep_branch(struct sip_draft *d, const struct sip_branch *b, struct sip_branch *ret)
{
	struct sip_branch c = *b;
	struct str *texts[] = {&c.uri,  &c.dst_uri,     &c.path,
			       &c.ruid, &c.location_ua, &c.instance};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (keep(d, *texts[i], texts[i]))
			return RT_E_NOMEM;
	*ret = c;
	return 0;
}

int sip_branch_append(struct sip_draft *d, const struct sip_branch *b, struct sip_branch **ret)
{
	unsigned max = d->max_branches < SIP_BRANCHES_MAX ? d->max_branches : SIP_BRANCHES_MAX;
	struct sip_branch *slot;
	int err;

	if (!one_line(b->uri) || !one_line(b->path) || !one_line(b->dst_uri))
		return RT_E_PARSE;
	if (!d->branches)
		d->branches = arena_new_of(d->arena, struct sip_branches);
	if (!d->branches)
		return RT_E_NOMEM;
	if (d->branches->n + 1 >= max) /* the main branch counts */
		return RT_E_LIMIT;
	slot = &d->branches->b[d->branches->n];
	err = keep_branch(d, b, slot);
	if (err)
		return err;
	d->branches->n++;
	if (ret)
		*ret = slot;
	return 0;
}

int sip_branch_set(struct sip_draft *d, struct sip_branch *at, const struct sip_branch *b)
{
	struct sip_branch copy;
	int err;

	if (!one_line(b->uri) || !one_line(b->path) || !one_line(b->dst_uri))
		return RT_E_PARSE;
	err = keep_branch(d, b, &copy);
	if (!err)
		*at = copy;
	return err;
}

unsigned sip_branch_count(const struct sip_draft *d)
{
	return d->branches ? d->branches->n : 0;
}

struct sip_branch *sip_branch_at(struct sip_draft *d, unsigned i)
{
	return i < sip_branch_count(d) ? &d->branches->b[i] : NULL;
}

int sip_branch_remove(struct sip_draft *d, unsigned i)
{
	unsigned n = sip_branch_count(d);

	if (i >= n)
		return RT_E_NOENT;
	memmove(&d->branches->b[i], &d->branches->b[i + 1],
		(n - i - 1) * sizeof(*d->branches->b));
	d->branches->n--;
	return 0;
}

void sip_branches_clear(struct sip_draft *d)
{
	if (d->branches)
		d->branches->n = 0;
}

void sip_draft_take_branch(struct sip_draft *d, const struct sip_branch *b)
{
	d->main = *b;
	d->branches = NULL;
}

/* ---- taking the changes over ---- */

static int move_branch(struct sip_draft *to, const struct sip_branch *b, struct sip_branch *ret)
{
	struct sip_branch kept;
	int err = keep_branch(to, b, &kept);

	if (!err)
		*ret = kept;
	return err;
}

/* Texts of the draft go into its arena of now: where the new message lives when they lived with the old one, which may end first. */
static int move_texts(const struct sip_draft *from, struct sip_draft *to)
{
	int err = move_branch(to, &from->main, &to->main);

	to->branches = NULL;
	to->reply_edits = NULL;
	if (!err && from->branches)
		to->branches = arena_new_of(to->arena, struct sip_branches);
	if (!err && from->branches && !to->branches)
		err = RT_E_NOMEM;
	for (unsigned i = 0; !err && to->branches && i < from->branches->n; i++) {
		err = move_branch(to, &from->branches->b[i], &to->branches->b[i]);
		to->branches->n = i + 1;
	}
	for (const struct sip_edit *e = from->reply_edits, **tail = &to->reply_edits; !err && e; e = e->next) {
		struct sip_edit *copy = arena_new_of(to->arena, struct sip_edit);

		err = copy ? keep(to, e->text, &copy->text) : RT_E_NOMEM;
		if (!err) {
			*tail = copy;
			tail = &copy->next;
		}
	}
	if (!err)
		err = keep(to, from->adv_host, &to->adv_host);
	return err ? err : keep(to, from->reply_body, &to->reply_body);
}

/* `m` becomes the message of the draft, which takes the reference. */
static int become(struct sip_draft *d, struct sip_msg *m)
{
	struct sip_draft t = *d;
	int err;

	t.msg = m;
	if (d->arena == d->msg->arena)
		t.arena = m->arena;
	t.edits = NULL;
	err = move_texts(d, &t);
	if (err) {
		sip_msg_unref(&m);
		return err;
	}
	m->before = sip_msg_ref(d->msg);
	if (d->msg->before) { /* made by an earlier call: the reference was this draft's */
		struct sip_msg *old = d->msg;

		sip_msg_unref(&old);
	}
	t.uri_parsed = NULL;
	t.main.uri = STR_NULL; /* it stands in the first line now */
	t.set_method = t.set_reason = STR_NULL;
	t.set_status = 0;
	t.body_set = false;
	t.body = STR_NULL;
	*d = t;
	return 0;
}

int sip_draft_apply(struct sip_draft *d)
{
	struct sip_msg *m;
	int err = sip_apply_changes(d, &m);

	return err ? err : become(d, m);
}

int sip_draft_set_message(struct sip_draft *d, struct str bytes)
{
	struct sip_msg *m;
	int err = sip_msg_parse(d->msg->limits, bytes, &m);

	if (err)
		return err;
	if (m->fault != SIP_FAULT_NONE || m->is_request != d->msg->is_request) {
		sip_msg_unref(&m);
		return RT_E_PARSE;
	}
	m->origin = d->msg->origin;
	m->id = d->msg->id;
	return become(d, m);
}
