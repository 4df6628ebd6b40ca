/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_priv.h - the lexical helpers that the parsers of this folder share.
 *
 * A header body may hold folds; everywhere here CR and LF count as white space, because the
 * structural pass has already cut the message into headers.
 */
#ifndef SIP_PRIV_H
#define SIP_PRIV_H

#include "sip/msg.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* What the accessors have parsed of all headers of one id; hangs on the first of them. */
struct sip_hdr_cache {
	struct sip_nameaddr *addrs;
	struct sip_item *items;
	struct sip_creds *creds; /* of this header alone */
	int addrs_err, items_err, creds_err;
	bool addrs_done, items_done, creds_done;
};

/* The cache of h, made when missing; NULL when memory is out. */
struct sip_hdr_cache *sip_cache(struct sip_msg *m, struct sip_hdr *h);

enum {
	SIP_CC_TOKEN = 1,  /* RFC 3261 25.1 token */
	SIP_CC_HOST = 2,   /* letters, digits, '-', '.', '_' */
	SIP_CC_USER = 4,   /* user part, unescaped */
	SIP_CC_PARAM = 8,  /* URI parameter, unescaped */
	SIP_CC_LWS = 16,   /* SP HTAB CR LF */
	SIP_CC_SCHEME = 32,
};
extern const uint8_t sip_cc[256];

static inline bool sip_is(char c, unsigned cls)
{
	return (sip_cc[(unsigned char)c] & cls) != 0;
}

#ifdef __SSE2__
static inline __m128i sip_16(const char *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}
#endif

/* Index of the first c, s.n when there is none. For short texts, where a call of memchr costs more than its search. */
static inline size_t sip_find(struct str s, char c)
{
	size_t i = 0;
#ifdef __SSE2__
	const __m128i want = _mm_set1_epi8(c);
	unsigned mask;

	for (; i + 16 <= s.n; i += 16) {
		mask = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(sip_16(s.p + i), want));
		if (mask)
			return i + (unsigned)__builtin_ctz(mask);
	}
	if (i < s.n && s.n >= 16) { /* the last 16 again, without those that were asked */
		mask = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(sip_16(s.p + s.n - 16), want)) >> (16 - (s.n - i));
		return mask ? i + (unsigned)__builtin_ctz(mask) : s.n;
	}
#endif
	while (i < s.n && s.p[i] != c)
		i++;
	return i;
}

/*
 * Nothing in it that stands for more than itself: no white space or control byte, quote, bracket, or comment. Such a
 * text can be cut at its separators.
 */
static inline bool sip_plain(struct str s)
{
	size_t i = 0;
#ifdef __SSE2__
	const __m128i sp = _mm_set1_epi8(' '), quote = _mm_set1_epi8('"'), open = _mm_set1_epi8('<'), paren = _mm_set1_epi8('(');

	for (; i < s.n && s.n >= 16; i += 16) {
		__m128i v = sip_16(s.p + (i + 16 <= s.n ? i : s.n - 16));
		__m128i bad = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(_mm_min_epu8(v, sp), v), _mm_cmpeq_epi8(v, quote)),
					   _mm_or_si128(_mm_cmpeq_epi8(v, open), _mm_cmpeq_epi8(v, paren)));

		if (_mm_movemask_epi8(bad))
			return false;
	}
#endif
	for (; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == '"' || s.p[i] == '<' || s.p[i] == '(')
			return false;
	return true;
}

/* How many leading bytes are of the class. */
static inline size_t sip_span(struct str s, unsigned cls)
{
	size_t i = 0;

	while (i < s.n && sip_is(s.p[i], cls))
		i++;
	return i;
}
bool sip_all(struct str s, unsigned cls); /* false when empty */
bool sip_has_lws(struct str s); /* is any byte of SIP_CC_LWS? */

enum { SIP_NEST_PARENS = 1, SIP_NEST_ANGLES = 2 };
/*
 * Index of the first of `stops` outside quoted strings (and, as `nest` says, outside comments and
 * <...>); s.n when there is none; STR_NONE when a quote or bracket is not closed.
 */
size_t sip_until(struct str s, const char *stops, unsigned nest);
/* Length of the quoted string at the start of s, quotes included; 0 when it is not closed. */
size_t sip_quoted_len(struct str s);

/*
 * Next member of a comma list: false at the end. Members may come out empty. On an unclosed quote
 * *err is RT_E_PARSE.
 */
bool sip_list_next(struct str *rest, unsigned nest, struct str *member, int *err);

/* host [":" port] at the start of *s, white space allowed round ':'; *s is moved behind it. */
struct sip_hostport {
	struct str host, port_text;
	uint16_t port;
	bool ipv6, ipv4;
};
int sip_hostport_take(struct str *s, bool lws, struct sip_hostport *ret);

enum { SIP_PARAMS_STRICT = 1 }; /* an empty parameter is an error */
int sip_params_scan(struct arena *a, struct str text, unsigned max, unsigned flags,
		    struct sip_param **ret);

/* The same of a text that sip_plain() holds for: white space needs no thought. */
int sip_params_cut(struct arena *a, struct str text, unsigned max, unsigned flags, struct sip_param **ret);

/* Value of the parameter: p set and n 0 when it has none. */
struct str sip_param_text(const struct sip_param *p);

#endif
