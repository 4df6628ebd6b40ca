/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From frames to messages: link layer, IPv4 and IPv6 with fragments, UDP, TCP streams. Every length
 * comes from the file and is checked before it is used; what does not fit is counted as other.
 */
#include <arpa/inet.h>
#include <pcap/pcap.h>

#include "capture/capture.h"

/* One direction of a TCP connection: bytes in order, and segments that came early. */
struct segment {
	struct segment *next;
	uint32_t seq;
	struct str bytes;
};

struct stream {
	struct stream *next;
	struct addr from, to;
	bool started;
	uint32_t next_seq;
	char *buf;
	size_t n, cap;
	size_t early_bytes;
	struct segment *early;
};

struct fragment {
	struct fragment *next;
	struct addr from, to;
	uint32_t id;
	uint8_t proto;
	char *buf;       /* 64 KiB */
	size_t have, total; /* total 0: the last one is missing */
};

struct capture_reader {
	struct arena *a;
	int linktype;
	struct capture *to;
	struct stream *streams;
	unsigned n_streams;
	struct fragment *fragments;
	unsigned n_fragments;
};

static unsigned u8(struct str s, size_t i)
{
	return i < s.n ? (unsigned char)s.p[i] : 0;
}

static unsigned u16(struct str s, size_t i)
{
	return u8(s, i) << 8 | u8(s, i + 1);
}

static uint32_t u32(struct str s, size_t i)
{
	return (uint32_t)u16(s, i) << 16 | u16(s, i + 2);
}

struct capture_reader *capture_reader_new(struct arena *a, int linktype, struct capture *to)
{
	struct capture_reader *r = arena_new_of(a, struct capture_reader);

	if (r)
		*r = (struct capture_reader){.a = a, .linktype = linktype, .to = to};
	return r;
}

static int emit(struct capture_reader *r, int64_t time_us, enum proto proto, const struct addr *from,
		const struct addr *to, struct str bytes)
{
	struct capture_message *m;

	if (r->to->n >= CAPTURE_MESSAGES_MAX || arena_used(r->a) > CAPTURE_BYTES_MAX)
		return RT_E_LIMIT;
	m = arena_new_of(r->a, struct capture_message);
	if (!m)
		return RT_E_NOMEM;
	*m = (struct capture_message){.time_us = time_us, .proto = proto, .from = *from, .to = *to,
				      .bytes = str_dup(r->a, bytes), .number = ++r->to->n};
	if (!m->bytes.p)
		return RT_E_NOMEM;
	if (r->to->last)
		r->to->last->next = m;
	else
		r->to->first = m;
	r->to->last = m;
	return 0;
}

/* Does it begin as SIP does: a method and a URI, or a status line? */
static bool looks_like_sip(struct str s)
{
	struct str line = str_head(s, 512), word;
	size_t eol = str_chr(line, '\n');

	if (eol == STR_NONE)
		return false;
	line = str_rtrim(str_head(line, eol));
	if (str_starts(line, S("SIP/2.0 ")))
		return true;
	word = str_head(line, str_chr(line, ' ') == STR_NONE ? 0 : str_chr(line, ' '));
	if (!word.n || word.n > 32 || !str_ends(line, S(" SIP/2.0")))
		return false;
	for (size_t i = 0; i < word.n; i++)
		if (!ascii_alpha(word.p[i]) && !ascii_digit(word.p[i]) && word.p[i] != '-' && word.p[i] != '_')
			return false;
	return true;
}

/* ---- TCP ---- */

static struct stream *stream_of(struct capture_reader *r, const struct addr *from, const struct addr *to)
{
	struct stream *s;

	for (s = r->streams; s; s = s->next)
		if (addr_eq(&s->from, from) && addr_eq(&s->to, to))
			return s;
	if (r->n_streams >= CAPTURE_STREAMS_MAX)
		return NULL;
	s = arena_new_of(r->a, struct stream);
	if (!s)
		return NULL;
	*s = (struct stream){.from = *from, .to = *to, .next = r->streams};
	r->streams = s;
	r->n_streams++;
	return s;
}

/* Length of the whole message at the start of s; 0: not all there, STR_NONE: not SIP. */
static size_t message_length(struct str s)
{
	size_t end = str_find(s, S("\r\n\r\n"));
	struct str head, line;
	uint64_t body = 0;

	if (end == STR_NONE)
		return s.n > CAPTURE_STREAM_MAX / 2 || (str_chr(s, '\n') != STR_NONE && !looks_like_sip(s)) ? STR_NONE : 0;
	if (!looks_like_sip(s))
		return STR_NONE;
	head = str_head(s, end + 2);
	while (head.n) {
		struct str name;

		line = str_trim(str_cut(&head, '\n'));
		name = str_rtrim(str_head(line, str_chr(line, ':') == STR_NONE ? 0 : str_chr(line, ':')));
		if (!str_ieq(name, S("Content-Length")) && !str_ieq(name, S("l")))
			continue;
		if (!str_to_u64(str_trim(str_skip(line, str_chr(line, ':') + 1)), CAPTURE_STREAM_MAX, &body))
			return STR_NONE;
	}
	return s.n >= end + 4 + body ? end + 4 + body : 0;
}

static void consume(struct stream *s, size_t n)
{
	memmove(s->buf, s->buf + n, s->n - n);
	s->n -= n;
}

static int cut_messages(struct capture_reader *r, struct stream *s, int64_t time_us)
{
	for (;;) {
		size_t n = 0;
		int err;

		while (n < s->n && (s->buf[n] == '\r' || s->buf[n] == '\n'))
			n++; /* keepalives between messages */
		consume(s, n);
		if (!s->n)
			return 0;
		n = message_length(str_make(s->buf, s->n));
		if (n == 0)
			return 0;
		if (n == STR_NONE) {
			r->to->other += s->n;
			s->n = 0;
			return 0;
		}
		err = emit(r, time_us, PROTO_TCP, &s->from, &s->to, str_make(s->buf, n));
		if (err)
			return err;
		consume(s, n);
	}
}

static int append(struct capture_reader *r, struct stream *s, struct str bytes)
{
	if (s->n + bytes.n > CAPTURE_STREAM_MAX) {
		r->to->other += s->n;
		s->n = 0;
		if (bytes.n > CAPTURE_STREAM_MAX)
			return 0;
	}
	if (s->n + bytes.n > s->cap) {
		size_t cap = s->cap ? s->cap : 4096;
		char *buf;

		while (cap < s->n + bytes.n)
			cap *= 2;
		buf = arena_alloc(r->a, cap);
		if (!buf)
			return RT_E_NOMEM;
		if (s->n)
			memcpy(buf, s->buf, s->n);
		s->buf = buf;
		s->cap = cap;
	}
	if (bytes.n)
		memcpy(s->buf + s->n, bytes.p, bytes.n);
	s->n += bytes.n;
	s->next_seq += (uint32_t)bytes.n;
	return 0;
}

static int keep_early(struct capture_reader *r, struct stream *s, uint32_t seq, struct str bytes)
{
	struct segment *g;

	if (s->early_bytes + bytes.n > CAPTURE_STREAM_MAX) {
		r->to->other++;
		return 0;
	}
	g = arena_new_of(r->a, struct segment);
	if (!g)
		return RT_E_NOMEM;
	*g = (struct segment){.next = s->early, .seq = seq, .bytes = str_dup(r->a, bytes)};
	if (!g->bytes.p)
		return RT_E_NOMEM;
	s->early = g;
	s->early_bytes += bytes.n;
	return 0;
}

/* What of the early segments now fits; each at most once. */
static int take_early(struct capture_reader *r, struct stream *s)
{
	bool again = true;
	int err = 0;

	while (again && !err) {
		again = false;
		for (struct segment **p = &s->early; *p; p = &(*p)->next) {
			struct segment *g = *p;
			int32_t ahead = (int32_t)(s->next_seq - g->seq);

			if (ahead < 0)
				continue;
			*p = g->next;
			s->early_bytes -= g->bytes.n;
			err = append(r, s, str_skip(g->bytes, (uint32_t)ahead));
			again = true;
			break;
		}
	}
	return err;
}

static int tcp(struct capture_reader *r, int64_t time_us, struct addr from, struct addr to, struct str s)
{
	enum { FIN = 1, SYN = 2, RST = 4 };
	size_t head = (u8(s, 12) >> 4) * 4;
	unsigned flags = u8(s, 13);
	uint32_t seq = u32(s, 4);
	struct stream *st;
	int32_t ahead;
	int err;

	if (s.n < 20 || head < 20 || head > s.n) {
		r->to->other++;
		return 0;
	}
	from.port = (uint16_t)u16(s, 0);
	to.port = (uint16_t)u16(s, 2);
	st = stream_of(r, &from, &to);
	if (!st)
		return RT_E_LIMIT;
	s = str_skip(s, head);
	if (flags & SYN) {
		st->started = true;
		st->next_seq = seq + 1;
		st->n = st->early_bytes = 0;
		st->early = NULL;
		return 0;
	}
	if (!s.n)
		return 0;
	if (!st->started) { /* the capture began later */
		st->started = true;
		st->next_seq = seq;
	}
	ahead = (int32_t)(st->next_seq - seq);
	if (ahead < 0)
		return keep_early(r, st, seq, s);
	err = append(r, st, str_skip(s, (uint32_t)ahead));
	if (!err)
		err = take_early(r, st);
	return err ? err : cut_messages(r, st, time_us);
}

/* ---- UDP and IP ---- */

static int udp(struct capture_reader *r, int64_t time_us, struct addr from, struct addr to, struct str s)
{
	size_t n = u16(s, 4);

	if (s.n < 8 || n < 8 || !looks_like_sip(str_skip(str_head(s, n), 8))) {
		r->to->other++;
		return 0;
	}
	from.port = (uint16_t)u16(s, 0);
	to.port = (uint16_t)u16(s, 2);
	return emit(r, time_us, PROTO_UDP, &from, &to, str_skip(str_head(s, n), 8));
}

static int transport(struct capture_reader *r, int64_t time_us, const struct addr *from, const struct addr *to,
		     unsigned proto, struct str s)
{
	if (proto == 17)
		return udp(r, time_us, *from, *to, s);
	if (proto == 6)
		return tcp(r, time_us, *from, *to, s);
	r->to->other++;
	return 0;
}

static struct fragment *fragment_of(struct capture_reader *r, const struct addr *from, const struct addr *to,
				    uint32_t id, unsigned proto)
{
	enum { WHOLE = 65536 };
	struct fragment *f;

	for (f = r->fragments; f; f = f->next)
		if (f->id == id && f->proto == proto && addr_ip_eq(&f->from, from) && addr_ip_eq(&f->to, to))
			return f;
	if (r->n_fragments >= CAPTURE_FRAGMENTS_MAX)
		return NULL;
	f = arena_new_of(r->a, struct fragment);
	if (!f)
		return NULL;
	*f = (struct fragment){.from = *from, .to = *to, .id = id, .proto = (uint8_t)proto,
			       .buf = arena_alloc(r->a, WHOLE), .next = r->fragments};
	if (!f->buf)
		return NULL;
	r->fragments = f;
	r->n_fragments++;
	return f;
}

static void forget_fragment(struct capture_reader *r, struct fragment *f)
{
	for (struct fragment **p = &r->fragments; *p; p = &(*p)->next)
		if (*p == f) {
			*p = f->next;
			r->n_fragments--;
			return;
		}
}

static int fragmented(struct capture_reader *r, int64_t time_us, const struct addr *from, const struct addr *to,
		      uint32_t id, unsigned proto, size_t off, bool more, struct str s)
{
	struct fragment *f = fragment_of(r, from, to, id, proto);

	if (!f || off + s.n > 65535) {
		r->to->other++;
		return 0;
	}
	memcpy(f->buf + off, s.p, s.n);
	f->have += s.n;
	if (!more)
		f->total = off + s.n;
	if (!f->total || f->have < f->total)
		return 0;
	forget_fragment(r, f);
	return transport(r, time_us, from, to, proto, str_make(f->buf, f->total));
}

static struct addr ip_addr(struct str s, size_t at, int family)
{
	struct addr a = {.family = (uint16_t)family};

	memcpy(a.ip, s.p + at, family == AF_INET ? 4 : 16);
	return a;
}

static int ip4(struct capture_reader *r, int64_t time_us, struct str s)
{
	size_t head = (u8(s, 0) & 15) * 4, total = u16(s, 2), off = (u16(s, 6) & 0x1fff) * 8u;
	bool more = u16(s, 6) & 0x2000;
	struct addr from, to;

	if (s.n < 20 || head < 20 || head > s.n || total < head) {
		r->to->other++;
		return 0;
	}
	from = ip_addr(s, 12, AF_INET);
	to = ip_addr(s, 16, AF_INET);
	if (off || more)
		return fragmented(r, time_us, &from, &to, u16(s, 4), u8(s, 9), off, more, str_skip(str_head(s, total), head));
	return transport(r, time_us, &from, &to, u8(s, 9), str_skip(str_head(s, total), head));
}

static int ip6(struct capture_reader *r, int64_t time_us, struct str s)
{
	enum { HOP_BY_HOP = 0, ROUTING = 43, FRAGMENT = 44, OPTIONS = 60 };
	size_t at = 40, total = 40 + u16(s, 4);
	unsigned next = u8(s, 6);
	struct addr from, to;

	if (s.n < 40) {
		r->to->other++;
		return 0;
	}
	s = str_head(s, total);
	from = ip_addr(s, 8, AF_INET6);
	to = ip_addr(s, 24, AF_INET6);
	for (int hops = 0; hops < 8 && at < s.n; hops++) {
		if (next == FRAGMENT)
			return fragmented(r, time_us, &from, &to, u32(s, at + 4), u8(s, at), u16(s, at + 2) & 0xfff8u,
					  u16(s, at + 2) & 1, str_skip(s, at + 8));
		if (next != HOP_BY_HOP && next != ROUTING && next != OPTIONS)
			break;
		next = u8(s, at);
		at += (u8(s, at + 1) + 1) * 8;
	}
	return transport(r, time_us, &from, &to, next, str_skip(s, at));
}

static int ip(struct capture_reader *r, int64_t time_us, struct str s)
{
	unsigned version = u8(s, 0) >> 4;

	if (version == 4)
		return ip4(r, time_us, s);
	if (version == 6)
		return ip6(r, time_us, s);
	r->to->other++;
	return 0;
}

int capture_packet(struct capture_reader *r, int64_t time_us, struct str f)
{
	size_t at = 14;

	switch (r->linktype) {
	case DLT_EN10MB:
		while (u16(f, at - 2) == 0x8100 || u16(f, at - 2) == 0x88a8)
			at += 4; /* VLAN tags; ends, for past the frame u16 is 0 */
		return ip(r, time_us, str_skip(f, at));
	case DLT_RAW:
	case DLT_IPV4:
	case DLT_IPV6:
		return ip(r, time_us, f);
	case DLT_NULL:
	case DLT_LOOP:
		return ip(r, time_us, str_skip(f, 4));
	case DLT_LINUX_SLL:
		return ip(r, time_us, str_skip(f, 16));
	case DLT_LINUX_SLL2:
		return ip(r, time_us, str_skip(f, 20));
	default:
		return RT_E_UNSUPP;
	}
}
