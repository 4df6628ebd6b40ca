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

/* Texts are looked through 16 bytes at a time. A mask has a bit for each byte, the first one lowest. */
typedef unsigned char sip_block __attribute__((vector_size(16)));
typedef signed char sip_hits __attribute__((vector_size(16))); /* what comparing blocks gives */

static inline unsigned sip_mask(sip_hits h)
{
#ifdef __SSE2__
	return (unsigned)_mm_movemask_epi8((__m128i)h);
#else
	unsigned mask = 0;

	for (int i = 0; i < 16; i++)
		mask |= (h[i] & 1u) << i;
	return mask;
#endif
}

static inline sip_block sip_each(char c)
{
	unsigned char u = (unsigned char)c;

	return (sip_block){u, u, u, u, u, u, u, u, u, u, u, u, u, u, u, u};
}

typedef sip_block sip_block_unaligned __attribute__((aligned(1), may_alias));

/* All 16 bytes at p may be read. */
static inline sip_block sip_block_of(const char *p)
{
	return *(const sip_block_unaligned *)(const void *)p;
}

/* The block that ends in the text's last bytes and is not to be read as a whole. */
sip_block sip_block_end(const char *p, size_t n);

/*
 * The block at p, of which the first n bytes are the text's and the others anything. A load that does not leave its page
 * cannot fault; the tools that watch each load are told to look away.
 */
__attribute__((no_sanitize("address", "thread"))) static inline sip_block sip_block_at(const char *p, size_t n)
{
	if (((uintptr_t)p & 4095) > 4096 - sizeof(sip_block))
		return sip_block_end(p, n);
	return *(const sip_block_unaligned *)(const void *)p;
}

/* The bits of the text's own n bytes. */
static inline unsigned sip_first_bits(size_t n)
{
	return n < 16 ? (1u << n) - 1 : 0xffff;
}

/*
 * Names of headers, filled by hdr.c before main(): the first 16 bytes of each. Letters are compared with bit 0x20 set,
 * which folds them and nothing else: the other bytes have it clear in `fold`.
 */
struct sip_known {
	sip_block text, fold;
};
enum { SIP_NAME_BUCKETS = 512 };
extern struct sip_known sip_known[SIP_HDR_COUNT];
extern uint16_t sip_known_behind[SIP_HDR_COUNT]; /* the bits of a block that are behind the name */
extern uint8_t sip_known_len[SIP_HDR_COUNT];     /* 0: it is longer than a block */
extern uint8_t sip_name_bucket[SIP_NAME_BUCKETS]; /* first id with the hash, 0: none */
extern uint8_t sip_name_chain[SIP_HDR_COUNT];     /* next id with the same */
enum sip_hdr_id sip_compact_id(char c);

/* Of the first 8 bytes, which can be read, and the length. That other bytes than letters fall together does no harm in a hash. */
static inline unsigned sip_name_hash(const char *p, size_t n)
{
	static const uint8_t behind[32] = {0, 56, 48, 40, 32, 24, 16, 8}; /* bits that are not of a short name; no longer one has an id */
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	w = (w | 0x2020202020202020u) << behind[n % 32];
	return (unsigned)((w + n) * 0x9e3779b97f4a7c15u >> 32) % SIP_NAME_BUCKETS;
}

/* Is the name in b, of n bytes, the short one that has the id? */
static inline bool sip_is_known(unsigned id, sip_block b, size_t n)
{
	unsigned same = sip_mask((b | sip_known[id].fold) == sip_known[id].text);

	return (same | sip_known_behind[id]) == 0xffff && sip_known_len[id] == n;
}

enum sip_hdr_id sip_hdr_id_chained(struct str name, sip_block b, unsigned id);

/* sip_hdr_id() of a name at which 16 bytes can be read: it costs one hash of a word and, nearly always, one comparison. */
static inline enum sip_hdr_id sip_hdr_id_at(struct str name)
{
	sip_block b;
	unsigned id;

	if (name.n < 2)
		return name.n ? sip_compact_id(*name.p) : SIP_HDR_OTHER;
	b = sip_block_of(name.p);
	id = sip_name_bucket[sip_name_hash(name.p, name.n)];
	return !id || sip_is_known(id, b, name.n) ? (enum sip_hdr_id)id : sip_hdr_id_chained(name, b, id);
}

/* With bits in the mask of the block at *i: moves *i to the first, at most to n, where the text ends. */
static inline bool sip_hit(unsigned mask, size_t n, size_t *i)
{
	if (!mask)
		return false;
	*i += (unsigned)__builtin_ctz(mask);
	*i = *i < n ? *i : n;
	return true;
}

/* Index of the first c, s.n when there is none. For short texts, where a call of memchr costs more than its search. */
static inline size_t sip_find(struct str s, char c)
{
	for (size_t i = 0; i < s.n; i += 16) {
		unsigned mask = sip_mask(sip_block_at(s.p + i, s.n - i) == sip_each(c));

		if (sip_hit(mask, s.n, &i))
			return i;
	}
	return s.n;
}

/* Index of the first c or byte up to SP, whichever comes first; s.n when there is neither. */
static inline size_t sip_find_or_space(struct str s, char c)
{
	for (size_t i = 0; i < s.n; i += 16) {
		sip_block b = sip_block_at(s.p + i, s.n - i);
		unsigned mask = sip_mask((b == sip_each(c)) | (b <= sip_each(' ')));

		if (sip_hit(mask, s.n, &i))
			return i;
	}
	return s.n;
}

/* White space, control bytes, quotes, brackets, comments, commas: a text with none of them can be cut at its separators. */
static inline sip_hits sip_not_plain(sip_block b)
{
	return (b <= sip_each(' ')) | (b == sip_each('"')) | (b == sip_each('<')) | (b == sip_each('(')) | (b == sip_each(','));
}

/* How many leading bytes are letters, digits, '-', '.' and '_': of SIP_CC_HOST. */
static inline size_t sip_host_span(struct str s)
{
	for (size_t i = 0; i < s.n; i += 16) {
		sip_block b = sip_block_at(s.p + i, s.n - i), letter = (b | sip_each(0x20)) - sip_each('a');
		sip_hits host = (letter <= sip_each('z' - 'a')) | (b - sip_each('0') <= sip_each(9)) |
				(b - sip_each('-') <= sip_each('.' - '-')) | (b == sip_each('_'));
		unsigned mask = sip_mask(host) ^ 0xffff;

		if (sip_hit(mask, s.n, &i))
			return i;
	}
	return s.n;
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
	bool ipv6;
};
int sip_hostport_take(struct str *s, bool lws, struct sip_hostport *ret);

/* Who is given each parameter of a text: *p is good for the call. Not 0: an error that ends it. */
typedef int sip_param_fn(void *arg, const struct sip_param *p);
enum { SIP_PARAMS_STRICT = 1 }; /* an empty parameter is an error */
struct sip_params_to {
	unsigned max, flags;
	sip_param_fn *fn;
	void *arg;
};

/* Any text; the first ones may be given twice. */
int sip_params_each(struct str text, const struct sip_params_to *to);

enum { SIP_NOT_PLAIN = 1 };
/* The same when it is plain (sip_not_plain), else SIP_NOT_PLAIN, perhaps when some have been given. */
int sip_params_plain(struct str text, const struct sip_params_to *to);

/* Value of the parameter: p set and n 0 when it has none. */
static inline struct str sip_param_text(const struct sip_param *p)
{
	return p->value.p ? p->value : str_make(p->name.p + p->name.n, 0);
}

#endif
