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

/* All but the finalization. `b`: added to the second word, which makes the functions different ones. */
static inline struct sip_state absorb(struct str s, bool fold, uint64_t b)
{
	struct sip_state v = {key0 ^ 0x736f6d6570736575u, key1 ^ 0x646f72616e646f6du ^ b,
			      key0 ^ 0x6c7967656e657261u, key1 ^ 0x7465646279746573u};
	uint64_t m = 0;
	size_t i;

	for (i = 0; !fold && i + 8 <= s.n; i += 8) {
		memcpy(&m, s.p + i, 8);
		v.d ^= m;
		sip_round(&v);
		v.a ^= m;
	}
	m = 0;
	if (!fold && i < s.n)
		memcpy(&m, s.p + i, s.n - i);
	for (; fold && i < s.n; i++) {
		m |= (uint64_t)(unsigned char)ascii_lower(s.p[i]) << (8 * (i & 7));
		if ((i & 7) == 7) {
			v.d ^= m;
			sip_round(&v);
			v.a ^= m;
			m = 0;
		}
	}
	m |= (uint64_t)(s.n & 0xff) << 56;
	v.d ^= m;
	sip_round(&v);
	v.a ^= m;
	return v;
}

static inline uint64_t finish(struct sip_state *v)
{
	for (int i = 0; i < 3; i++)
		sip_round(v);
	return v->a ^ v->b ^ v->c ^ v->d;
}

static inline uint64_t siphash(struct str s, bool fold)
{
	struct sip_state v = absorb(s, fold, 0);

	v.c ^= 0xff;
	return finish(&v);
}

void hash_str128(struct str s, uint64_t ret[2])
{
	struct sip_state v = absorb(s, false, 0xee);

	v.c ^= 0xee;
	ret[0] = finish(&v);
	v.b ^= 0xdd;
	ret[1] = finish(&v);
}

uint64_t hash_str(struct str s)
{
	return siphash(s, false);
}

uint64_t hash_istr(struct str s)
{
	return siphash(s, true);
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
