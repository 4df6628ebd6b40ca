/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The structural pass: first line, headers, body. Line ends are found 64 bytes at a time, names of headers
 * by their first 16 bytes, and one small record is made per header. So that both may be read in one go,
 * SLACK zero bytes stand behind the message.
 *
 * A line that is no header, or a first line that is none, is remembered in `fault` and the pass goes
 * on, so that a 400 can still be built from Via, From, To, Call-ID and CSeq. Lines may end in LF
 * alone, as the reference takes them.
 */
#include "sip/msg.h"

#include "sip/sip_priv.h"

const struct sip_limits sip_limits_default = {
	.msg_size = 65535, .headers = 512, .values = 256, .params = 128, .arena = 1u << 20};

static void set_fault(struct sip_msg *m, enum sip_fault f, size_t off)
{
	if (m->fault != SIP_FAULT_NONE)
		return;
	m->fault = f;
	m->fault_off = (uint32_t)off;
}

enum { SLACK = 64 };

/* Where the lines of a text with SLACK behind it end. */
struct ends {
	const char *p;
	size_t n, block; /* block: what `mask` is of */
	uint64_t mask;   /* line ends in it that are not taken yet */
};

static inline uint64_t line_ends(const char *p)
{
	uint32_t at[4];

#pragma GCC unroll 4
	for (int i = 0; i < 4; i++)
		at[i] = sip_mask(sip_block_of(p + 16 * i) == sip_each('\n'));
	return (at[0] | at[1] << 16) | (uint64_t)(at[2] | at[3] << 16) << 32;
}

/* Where the next line begins; 0: the rest has no end. */
static inline size_t next_line(struct ends *e)
{
	size_t at;

	while (!e->mask) {
		e->block += 64;
		if (e->block >= e->n)
			return 0;
		e->mask = line_ends(e->p + e->block);
	}
	at = e->block + (unsigned)__builtin_ctzll(e->mask);
	e->mask &= e->mask - 1;
	return at + 1;
}

/* Without its end, or the lack of one. */
static struct str bare_line(struct str line)
{
	if (line.n && line.p[line.n - 1] == '\n')
		line.n--;
	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	return line;
}

static bool is_version(struct str s)
{
	return str_ieq(s, S("SIP/2.0"));
}

/* "SIP/x.y" or "HTTP/x.y": something that names a protocol and a version. */
static bool looks_like_version(struct str s)
{
	struct str rest = s, name = str_cut(&rest, '/'), major = str_cut(&rest, '.');
	uint64_t v;

	return sip_all(name, SIP_CC_TOKEN) && ascii_alpha(*name.p) && major.n && rest.n &&
	       str_to_u64(major, UINT32_MAX, &v) && str_to_u64(rest, UINT32_MAX, &v);
}

/* SIP-Version SP 3DIGIT SP Reason-Phrase; the reason may be missing with its space. */
static void parse_status_line(struct sip_msg *m, struct str line)
{
	struct str rest = line;
	uint64_t code = 0;

	m->version = str_cut(&rest, ' ');
	m->status_text = str_cut(&rest, ' ');
	m->reason = rest.p ? rest : str_skip(line, line.n);
	if (m->status_text.n != 3 || !str_to_u64(m->status_text, 699, &code) || code < 100)
		set_fault(m, SIP_FAULT_FIRST_LINE, (size_t)(line.p - m->buf.p));
	else if (!is_version(m->version))
		set_fault(m, SIP_FAULT_VERSION, (size_t)(line.p - m->buf.p));
	m->status = (int)code;
}

/* A method that is known, a Request-URI without white space, our version. False: another shape; *m is then as it was. */
static bool take_usual_request(struct sip_msg *m, struct str line)
{
	static const char usual[8] = " SIP/2.0";
	size_t space = sip_find_or_space(line, ' ');
	struct str method = str_head(line, space), uri;
	enum sip_method id = sip_method_id(method);

	if (id == SIP_METHOD_OTHER || line.n < space + sizeof(usual) + 2 || line.p[space] != ' ' ||
	    memcmp(line.p + line.n - sizeof(usual), usual, sizeof(usual)) != 0)
		return false;
	uri = str_make(line.p + space + 1, line.n - sizeof(usual) - space - 1);
	if (sip_find_or_space(uri, ' ') != uri.n)
		return false;
	m->method = id;
	m->method_text = method;
	m->ruri = uri;
	m->version = str_skip(line, line.n - sizeof(usual) + 1);
	return true;
}

/* Method SP Request-URI SP SIP-Version, exactly (RFC 3261 7.1, RFC 4475 3.1.2.8-10). */
static void parse_request_line(struct sip_msg *m, struct str line)
{
	struct str rest = line, ver;

	m->is_request = true;
	if (take_usual_request(m, line))
		return;
	m->method_text = str_cut(&rest, ' ');
	m->ruri = str_cut(&rest, ' ');
	ver = rest;
	if (!sip_all(m->method_text, SIP_CC_TOKEN) || m->ruri.n == 0 || !looks_like_version(ver)) {
		set_fault(m, SIP_FAULT_FIRST_LINE, (size_t)(line.p - m->buf.p));
		ver = str_skip(line, line.n);
	} else if (!is_version(ver)) {
		set_fault(m, SIP_FAULT_VERSION, (size_t)(ver.p - m->buf.p));
	}
	m->version = ver;
	m->method = sip_method_id(m->method_text);
	if (!m->ruri.p)
		m->ruri = str_skip(line, line.n);
}

/* Where the ':' of a line stands whose name is not long, which nearly all are; 0 when it is not found so. */
static size_t colon_at(struct str raw)
{
	unsigned mask = sip_mask(sip_block_of(raw.p) == sip_each(':')), at;

	if (!mask)
		mask = sip_mask(sip_block_of(raw.p + 16) == sip_each(':')) << 16;
	at = mask ? (unsigned)__builtin_ctz(mask) : 0;
	return at < raw.n ? at : 0;
}

/* What stands behind the colon, trimmed: nearly always one space before it and CRLF behind. */
static struct str known_body(struct str raw, size_t colon)
{
	struct str s = str_make(raw.p + colon + 1, raw.n - colon - 1);

	if (s.n > 3 && s.p[0] == ' ' && (unsigned char)s.p[1] > ' ' && (unsigned char)s.p[s.n - 3] > ' ' &&
	    memcmp(s.p + s.n - 2, "\r\n", 2) == 0)
		return str_make(s.p + 1, s.n - 3);
	return str_trim(bare_line(s)); /* an empty one stands in its own line */
}

/* Any token, and white space before the colon; false: it is no header. */
static bool any_name(struct str raw, struct str *name, struct str *body)
{
	struct str rest;

	*name = str_head(raw, sip_span(raw, SIP_CC_TOKEN));
	rest = str_ltrim(str_skip(raw, name->n));
	if (name->n == 0 || rest.n == 0 || *rest.p != ':')
		return false;
	*body = str_trim(str_skip(rest, 1));
	return true;
}

/* Name and body of a header line; the id, or -1: it is none. A name that is known needs no look at its bytes. */
static int cut_header(struct str raw, struct str *name, struct str *body)
{
	size_t n = colon_at(raw);
	enum sip_hdr_id id = sip_hdr_id_at(str_make(raw.p, n));

	if (id) {
		*name = str_make(raw.p, n);
		*body = known_body(raw, n);
		return (int)id;
	}
	return any_name(raw, name, body) ? (int)sip_hdr_id(*name) : -1;
}

enum { AT_ONCE = 8 };

/* Headers as they are found; room for some more is had at once. */
struct found {
	struct sip_hdr **tail, *room, *end;
	uint32_t n; /* with those that there is room for */
};

static int more_room(struct sip_msg *m, struct found *f)
{
	uint32_t left = m->limits->headers - f->n, n = left < AT_ONCE ? left : AT_ONCE;

	if (!n)
		return RT_E_LIMIT;
	f->room = arena_raw(m->arena, n * sizeof(*f->room));
	if (!f->room)
		return RT_E_NOMEM;
	f->end = f->room + n;
	f->n += n;
	return 0;
}

/* To the end of those with its id. */
static inline void index_header(struct sip_msg *m, struct sip_hdr *h)
{
	struct sip_hdr *first = m->first[h->id];

	if (!first) {
		m->first[h->id] = h;
		return;
	}
	first->last->same = h;
	first->last = h;
	if (h->id < 64)
		m->repeated |= 1ull << h->id;
}

static inline int add_header(struct sip_msg *m, struct str raw, size_t off, struct found *f)
{
	struct str name, body;
	int id = cut_header(raw, &name, &body), err = 0;
	struct sip_hdr *h;

	if (id < 0) {
		set_fault(m, SIP_FAULT_HEADER, off);
		return 0;
	}
	if (f->room == f->end)
		err = more_room(m, f);
	if (err)
		return err;
	h = f->room++;
	*f->tail = h;
	f->tail = &h->next;
	h->next = h->same = NULL;
	h->last = h;
	h->cache = NULL;
	h->id = (enum sip_hdr_id)id;
	h->off = (uint32_t)off;
	h->len = (uint32_t)raw.n;
	h->name = name;
	h->body = body;
	index_header(m, h);
	return 0;
}

/* Where the header at `off` ends: a line end that no white space follows. */
static inline size_t header_end(struct sip_msg *m, struct ends *e)
{
	size_t end;

	do
		end = next_line(e);
	while (end && (unsigned char)e->p[end] <= ' ' && (e->p[end] == ' ' || e->p[end] == '\t'));
	if (end)
		return end;
	set_fault(m, SIP_FAULT_TRUNCATED, m->buf.n);
	return m->buf.n;
}

/* Behind the headers: the empty line, then the body. */
static void end_headers(struct sip_msg *m, size_t off, struct ends *e)
{
	size_t end = next_line(e);

	m->eoh_off = (uint32_t)off;
	if (!end)
		set_fault(m, SIP_FAULT_TRUNCATED, m->buf.n);
	else if (bare_line(str_make(e->p + off, end - off)).n) /* a lone CR */
		set_fault(m, SIP_FAULT_HEADER, m->eoh_off);
	m->body = str_skip(m->buf, end ? end : m->buf.n);
	m->body_off = (uint32_t)(m->body.p - e->p);
}

static int parse_headers(struct sip_msg *m, size_t off, struct ends *at)
{
	struct found f = {.tail = &m->headers};
	struct ends e = *at; /* its own, so that it need not be in memory */
	const char *p = e.p;
	size_t end;
	int err = 0;

	m->hdr_off = (uint32_t)off;
	/* no line end, which is rarely asked of more than once: 0 stands behind the last byte */
	for (; !err && ((unsigned char)p[off] > '\r' || (off < e.n && p[off] != '\r' && p[off] != '\n')); off = end) {
		end = header_end(m, &e);
		err = add_header(m, str_make(p + off, end - off), off, &f);
	}
	m->n_headers = f.n - (uint32_t)(f.end - f.room);
	if (!err)
		end_headers(m, off, &e);
	return err;
}

static int parse_all(struct sip_msg *m)
{
	struct ends e = {m->buf.p, m->buf.n, 0, line_ends(m->buf.p)};
	size_t off = next_line(&e);

	m->first_line = bare_line(str_head(m->buf, off ? off : m->buf.n));
	if (m->first_line.n == 0)
		return RT_E_PARSE;
	if (str_istarts(m->first_line, S("SIP/")))
		parse_status_line(m, m->first_line);
	else
		parse_request_line(m, m->first_line);
	if (!off)
		set_fault(m, SIP_FAULT_TRUNCATED, m->buf.n);
	return parse_headers(m, off ? off : m->buf.n, &e);
}

/* A copy with SLACK behind it. */
static struct str keep_bytes(struct arena *a, struct str bytes)
{
	char *p = arena_raw(a, bytes.n + SLACK);

	if (!p)
		return STR_NULL;
	memcpy(p, bytes.p, bytes.n);
	memset(p + bytes.n, 0, SLACK);
	return str_make(p, bytes.n);
}

/* Keep-alive CRLF before a message are no part of it (RFC 3261 7.5). */
static struct str skip_blank_lines(struct str s)
{
	while (s.n && (*s.p == '\r' || *s.p == '\n'))
		s = str_skip(s, 1);
	return s;
}

int sip_msg_parse(const struct sip_limits *lim, struct str bytes, struct sip_msg **ret)
{
	struct arena *arena;
	struct sip_msg *m;
	int err = RT_E_NOMEM;

	if (!lim)
		lim = &sip_limits_default;
	bytes = skip_blank_lines(bytes);
	if (bytes.n == 0)
		return RT_E_PARSE;
	if (bytes.n > lim->msg_size)
		return RT_E_LIMIT;
	arena = arena_new(lim->arena);
	if (!arena)
		return RT_E_NOMEM;
	m = arena_raw(arena, sizeof(*m));
	if (!m)
		goto out;
	*m = (struct sip_msg){.refs = 1, .arena = arena, .limits = lim};
	m->buf = keep_bytes(arena, bytes);
	if (!m->buf.p)
		goto out;
	err = parse_all(m);
	if (err)
		goto out;
	*ret = m;
	return 0;
out:
	arena_free(&arena);
	return err;
}

struct sip_msg *sip_msg_ref(struct sip_msg *m)
{
	m->refs++;
	return m;
}

void sip_msg_unref(struct sip_msg **mp)
{
	struct sip_msg *m = *mp, *before;
	struct arena *arena;

	*mp = NULL;
	if (!m)
		return;
	BUG_ON(m->refs == 0);
	if (--m->refs)
		return;
	arena = m->arena; /* m itself lies in it */
	before = m->before;
	arena_free(&arena);
	sip_msg_unref(&before);
}

struct sip_hdr_cache *sip_cache(struct sip_msg *m, struct sip_hdr *h)
{
	if (!h->cache)
		h->cache = arena_new_of(m->arena, struct sip_hdr_cache);
	return h->cache;
}

const struct sip_uri *sip_ruri_parse(struct sip_msg *m)
{
	if (!m->ruri_parsed && !m->ruri_err) {
		struct sip_uri *u = arena_raw(m->arena, sizeof(*u));

		m->ruri_err = u ? sip_uri_parse(m->ruri, u) : RT_E_NOMEM;
		if (!m->ruri_err)
			m->ruri_parsed = u;
	}
	return m->ruri_parsed;
}

struct str sip_body(struct sip_msg *m)
{
	struct sip_number len;

	if (sip_number(m, SIP_HDR_CONTENT_LENGTH, &len) == 0 && len.value <= m->body.n)
		return str_head(m->body, len.value);
	return m->body;
}
