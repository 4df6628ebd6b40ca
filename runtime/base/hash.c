/* SPDX-License-Identifier: Apache-2.0 */
/* SipHash-1-3 after Aumasson and Bernstein, "SipHash: a fast short-input PRF". */
#include "base/hash.h"

static uint64_t key0 = 0x0706050403020100u, key1 = 0x0f0e0d0c0b0a0908u;

struct sip_state {
	uint64_t a, b, c, d;
};

static uint64_t rotl(uint64_t x, int r)
{
	return (x << r) | (x >> (64 - r));
}

static inline void sip_round(struct sip_state *v)
{
	v->a += v->b;
	v->b = rotl(v->b, 13) ^ v->a;
	v->a = rotl(v->a, 32);
	v->c += v->d;
	v->d = rotl(v->d, 16) ^ v->c;
	v->a += v->d;
	v->d = rotl(v->d, 21) ^ v->a;
	v->c += v->b;
	v->b = rotl(v->b, 17) ^ v->c;
	v->c = rotl(v->c, 32);
}

void hash_seed(const uint8_t key[16])
{
	memcpy(&key0, key, 8);
	memcpy(&key1, key + 8, 8);
}

static inline void add_word(struct sip_state *v, uint64_t m)
{
	v->d ^= m;
	sip_round(v);
	v->a ^= m;
}

/* `b`: added to the second word, which makes the functions different ones. */
static inline struct sip_state begin(uint64_t b)
{
	return (struct sip_state){key0 ^ 0x736f6d6570736575u, key1 ^ 0x646f72616e646f6du ^ b,
				  key0 ^ 0x6c7967656e657261u, key1 ^ 0x7465646279746573u};
}

/* The last n bytes of a text, less than 8, as a word. */
static inline uint64_t rest_word(struct str s, size_t n)
{
	uint64_t m = 0;

	if (n && s.n >= 8) {
		memcpy(&m, s.p + s.n - 8, 8);
		return m >> (64 - 8 * n);
	}
	for (size_t i = 0; i < n; i++)
		m |= (uint64_t)(unsigned char)s.p[i] << (8 * i);
	return m;
}

static inline void add_text(struct sip_state *v, struct str s)
{
	uint64_t m;

	for (size_t i = 0; i + 8 <= s.n; i += 8) {
		memcpy(&m, s.p + i, 8);
		add_word(v, m);
	}
}

static inline void add_folded(struct sip_state *v, struct str s)
{
	uint64_t m = 0;

	for (size_t i = 0; i < s.n; i++) {
		m |= (uint64_t)(unsigned char)ascii_lower(s.p[i]) << (8 * (i & 7));
		if ((i & 7) == 7) {
			add_word(v, m);
			m = 0;
		}
	}
	add_word(v, m | (uint64_t)(s.n & 0xff) << 56);
}

static inline uint64_t finish(struct sip_state *v)
{
	for (int i = 0; i < 3; i++)
		sip_round(v);
	return v->a ^ v->b ^ v->c ^ v->d;
}

static inline uint64_t end(struct sip_state *v)
{
	v->c ^= 0xff;
	return finish(v);
}

/* The number makes the function another one; the last word of each text tells how long it is, as in hash_str(). */
void hash_texts128(uint32_t number, const struct str *t, unsigned n, uint64_t ret[2])
{
	struct sip_state v = begin(0xee ^ (uint64_t)number << 8);

	for (unsigned i = 0; i < n; i++) {
		add_text(&v, t[i]);
		add_word(&v, rest_word(t[i], t[i].n & 7) | (uint64_t)(t[i].n & 0xff) << 56);
	}
	v.c ^= 0xee;
	ret[0] = finish(&v);
	v.b ^= 0xdd;
	ret[1] = finish(&v);
}

uint64_t hash_str(struct str s)
{
	struct sip_state v = begin(0);

	add_text(&v, s);
	add_word(&v, rest_word(s, s.n & 7) | (uint64_t)(s.n & 0xff) << 56);
	return end(&v);
}

uint64_t hash_istr(struct str s)
{
	struct sip_state v = begin(0);

	add_folded(&v, s);
	return end(&v);
}

uint64_t hash_fnv(struct str s)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 0x100000001b3u;
	return h;
}

static uint64_t mixed(uint64_t a, uint64_t b)
{
	unsigned __int128 m = (unsigned __int128)a * b;

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

/* The last word overlaps the one before it, or a text of less than a word is read byte by byte. */
uint64_t hash_share(struct str s)
{
	uint64_t h = key0 ^ s.n, m = 0;

	for (size_t i = 0; i + 8 < s.n; i += 8) {
		memcpy(&m, s.p + i, 8);
		h = mixed(h ^ m, key1 ^ 0x9e3779b97f4a7c15u);
	}
	if (s.n >= 8)
		memcpy(&m, s.p + s.n - 8, 8);
	for (size_t i = 0; s.n < 8 && i < s.n; i++)
		m = m << 8 | (unsigned char)s.p[i];
	return mixed(h ^ m, key1 ^ 0xbf58476d1ce4e5b9u);
}

static uint32_t core_sum(struct str s)
{
	uint32_t h = 0, v;
	size_t i = 0;

	for (; i + 4 <= s.n; i += 4) {
		v = (uint32_t)(unsigned char)s.p[i] << 24 | (uint32_t)(unsigned char)s.p[i + 1] << 16 |
		    (uint32_t)(unsigned char)s.p[i + 2] << 8 | (unsigned char)s.p[i + 3];
		h += v ^ (v >> 3);
	}
	for (v = 0; i < s.n; i++)
		v = v << 8 | (unsigned char)s.p[i];
	return h + (v ^ (v >> 3));
}

uint32_t hash_core2(struct str a, struct str b)
{
	uint32_t h = core_sum(a) + core_sum(b);

	return h + (h >> 11) + (h >> 13) + (h >> 23);
}

uint32_t hash_core(struct str s)
{
	return hash_core2(s, STR_NULL);
}
