/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replies of our own (RFC 3261 8.2.6), in the reference's order: the copied headers as they stand in
 * the request, then the script's, Content-Type, Server, Content-Length. Record-Route is copied into
 * 101 to 299 only.
 */
#include "base/fmt.h"
#include "sip/build_priv.h"
#include "sip/sip_priv.h"

/* The reply; what of the request comes next as it stands there is in `kept`. */
struct flat {
	struct sip_flat out;
	struct str kept;
};

static inline __attribute__((always_inline)) void put(struct flat *f, struct str s)
{
	sip_put(&f->out, s);
}

static void put_kept(struct flat *f)
{
	put(f, f->kept);
	f->kept = STR_NULL;
}

/* Bytes of the request: neighbours are copied in one go. */
static inline void keep(struct flat *f, struct str s)
{
	if (!f->kept.p || f->kept.p + f->kept.n != s.p) {
		put_kept(f);
		f->kept.p = s.p;
	}
	f->kept.n += s.n;
}

static bool has_line_end(struct str s)
{
	return s.n && s.p[s.n - 1] == '\n';
}

/* To, with our tag unless it has one. */
static void put_to(struct flat *f, struct sip_msg *m, const struct sip_hdr *h, const struct sip_reply *r)
{
	struct sip_nameaddr *to = sip_to(m);
	struct str line = sip_hdr_raw(h);

	if (r->status == 100 || r->to_tag.n == 0 || (to && to->tag.n)) {
		keep(f, line);
		return;
	}
	while (line.n && (line.p[line.n - 1] == '\n' || line.p[line.n - 1] == '\r'))
		line.n--;
	keep(f, line);
	put_kept(f);
	put(f, S(";tag="));
	put(f, r->to_tag);
	put(f, S("\r\n"));
}

/* A value that stands where the parameter stood, or at the end of the Via: where the reference puts it. */
struct change {
	struct str there; /* p NULL: it did not */
	struct str name, value;
};

static const char *place_of(const struct change *c, const struct sip_via *v)
{
	return c->there.p ? c->there.p : v->text.p + v->text.n;
}

/* The topmost Via header with received= and rport= of the request's source (RFC 3261 18.2.1, RFC 3581 4). */
static void put_top_via(struct flat *f, const struct sip_draft *d, const struct sip_hdr *h, bool rport)
{
	const struct addr *src = &d->msg->origin.src;
	struct sip_via *v = sip_via_top(d->msg);
	char buf[ADDR_TEXT_MAX], port[FMT_INT_MAX];
	struct str received = v ? sip_via_received(v, src, buf) : STR_NULL;
	struct change c[2];
	unsigned n = 0;
	const char *p = h->name.p;

	put_kept(f);
	if (v && src->family && (v->rport_both.p || rport))
		c[n++] = (struct change){v->rport_both, S("rport="), str_make(port, fmt_u64(src->port, port))};
	if (received.p)
		c[n++] = (struct change){v->received_both, S("received="), received};
	if (n == 2 && place_of(&c[1], v) < place_of(&c[0], v)) {
		struct change first = c[1];

		c[1] = c[0];
		c[0] = first;
	}
	for (unsigned i = 0; i < n; i++) {
		const char *at = place_of(&c[i], v);

		put(f, str_make(p, (size_t)(at - p)));
		put(f, c[i].there.p ? S("") : S(";"));
		put(f, c[i].name);
		put(f, c[i].value);
		p = at + c[i].there.n;
	}
	keep(f, str_make(p, (size_t)(h->name.p + h->len - p)));
}

#define BIT(id) (1ull << SIP_HDR_##id)

/* The headers of the request that every reply carries; Record-Route in those that may make a dialog. */
static void put_copied(struct flat *f, const struct sip_draft *d, const struct sip_reply *r)
{
	uint64_t copied = BIT(VIA) | BIT(FROM) | BIT(TO) | BIT(CALL_ID) | BIT(CSEQ);

	if (r->status > 100 && r->status < 300)
		copied |= BIT(RECORD_ROUTE);
	for (struct sip_hdr *h = d->msg->headers; h; h = h->next) {
		if (h->id >= 64 || !(copied >> h->id & 1))
			continue;
		if (h == d->msg->first[SIP_HDR_VIA])
			put_top_via(f, d, h, d->force_rport || r->rport);
		else if (h->id == SIP_HDR_TO)
			put_to(f, d->msg, h, r);
		else
			keep(f, sip_hdr_raw(h));
	}
	if (f->kept.n && !has_line_end(f->kept)) { /* the last line of a message that was cut off */
		put_kept(f);
		put(f, S("\r\n"));
	}
	put_kept(f);
}

#undef BIT

/* The list is newest first, the reply wants the oldest first. */
static void put_reply_edits(struct flat *f, const struct sip_edit *e)
{
	unsigned n = 0;

	for (const struct sip_edit *it = e; it; it = it->next)
		n++;
	while (n-- > 0) {
		const struct sip_edit *it = e;

		for (unsigned i = 0; i < n; i++)
			it = it->next;
		put(f, it->text);
	}
}

enum { ROOM_FIXED = 256 + ADDR_TEXT_MAX }; /* first line but its reason, names of headers, numbers, received and rport */

/* At most so many bytes it will be: as if all headers were copied. */
static size_t room_for(const struct sip_draft *d, const struct sip_reply *r, struct str body, struct str type, struct str server)
{
	size_t n = ROOM_FIXED + r->reason.n + r->headers.n + body.n + type.n + server.n;

	n += d->msg->eoh_off - d->msg->hdr_off;
	for (const struct sip_hdr *h = d->msg->first[SIP_HDR_TO]; h; h = h->same)
		n += r->to_tag.n + sizeof(";tag=\r\n");
	for (const struct sip_edit *e = d->reply_edits; e; e = e->next)
		n += e->text.n;
	return n;
}

static inline void put_header(struct flat *f, struct str name, struct str value)
{
	if (!value.n)
		return;
	put(f, name);
	put(f, value);
	put(f, S("\r\n"));
}

/* What the reference's sip_warning tells, in its words (RFC 3261 20.43); empty when it is not asked for. */
static struct str warning_text(struct arena *a, const struct sip_draft *d, int64_t pid)
{
	const struct msg_origin *from = &d->msg->origin;
	char ip[ADDR_TEXT_MAX], src[ADDR_TEXT_MAX];
	struct str at, who;
	unsigned vias = 0;

	if (!pid)
		return STR_NULL;
	at = addr_text(&from->dst, true, ip);
	who = addr_text(&from->src, false, src);
	while (sip_via_at(d->msg, vias))
		vias++;
	return str_printf(a, "392 " STR_FMT ":%u \"Noisy feedback tells:  pid=%lld req_src_ip=" STR_FMT " req_src_port=%u in_uri=" STR_FMT
			  " out_uri=" STR_FMT " via_cnt==%u\"", STR_ARG(at), from->dst.port, (long long)pid, STR_ARG(who),
			  from->src.port, STR_ARG(d->msg->ruri), STR_ARG(sip_draft_uri(d)), vias);
}

static void put_status_line(struct flat *f, const struct sip_reply *r)
{
	char begin[] = "SIP/2.0 000 ";

	begin[8] = (char)(begin[8] + r->status / 100);
	begin[9] = (char)(begin[9] + r->status / 10 % 10);
	begin[10] = (char)(begin[10] + r->status % 10);
	put(f, str_make(begin, sizeof(begin) - 1));
	put(f, r->reason);
	put(f, S("\r\n"));
}

/* Content-Length and what comes behind it. */
static void put_end(struct flat *f, struct str warning, struct str body)
{
	char number[FMT_INT_MAX];

	if (!body.n && !warning.n) {
		put(f, S("Content-Length: 0\r\n\r\n"));
		return;
	}
	put_header(f, S("Content-Length: "), str_make(number, fmt_u64(body.n, number)));
	put_header(f, S("Warning: "), warning);
	put(f, S("\r\n"));
	put(f, body);
}

int sip_build_reply(struct arena *a, const struct sip_draft *d, const struct sip_reply *r,
		    struct str *ret)
{
	const struct sip_ident *ident = r->ident ? r->ident : &sip_ident_default;
	struct sip_hdr *via = d->msg->first[SIP_HDR_VIA];
	bool own = r->body.n == 0 && d->reply_body.n != 0;
	struct str body = own ? d->reply_body : r->body, type = own ? STR_NULL : r->content_type, warning;
	char *begin;
	struct flat f;
	size_t room;

	if (!d->msg->is_request || r->status < 100 || r->status > 699)
		return RT_E_INVAL;
	if (!via || !has_line_end(sip_hdr_raw(via)))
		return RT_E_PARSE;
	warning = warning_text(a, d, ident->warning_pid);
	room = room_for(d, r, body, type, ident->server) + warning.n;
	begin = arena_raw(a, room);
	if (!begin)
		return RT_E_NOMEM;
	f = (struct flat){.out = {begin, begin + room, false}};
	put_status_line(&f, r);
	put_copied(&f, d, r);
	put_reply_edits(&f, d->reply_edits);
	put(&f, r->headers);
	put_header(&f, S("Content-Type: "), type);
	put_header(&f, S("Server: "), ident->server);
	put_end(&f, warning, body);
	*ret = str_make(begin, (size_t)(f.out.p - begin));
	return f.out.full || ret->n > SIP_WIRE_MAX ? RT_E_LIMIT : 0;
}
