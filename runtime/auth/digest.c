/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSL for what it has. Keccak with its first padding is not there: FIPS 202's permutation, written out. */
#include "auth/digest.h"

#include <openssl/evp.h>

static const EVP_MD *md_of(enum digest_alg alg)
{
	switch (alg) {
	case DIGEST_MD5:
		return EVP_md5();
	case DIGEST_SHA1:
		return EVP_sha1();
	case DIGEST_SHA256:
		return EVP_sha256();
	case DIGEST_SHA384:
		return EVP_sha384();
	case DIGEST_SHA512:
		return EVP_sha512();
	case DIGEST_SHA512_256:
		return EVP_sha512_256();
	case DIGEST_SHA3_224:
		return EVP_sha3_224();
	case DIGEST_SHA3_256:
		return EVP_sha3_256();
	case DIGEST_SHA3_384:
		return EVP_sha3_384();
	case DIGEST_SHA3_512:
		return EVP_sha3_512();
	}
	return NULL;
}

size_t digest_raw(enum digest_alg alg, struct str s, unsigned char out[DIGEST_BYTES_MAX])
{
	unsigned n = 0;

	return EVP_Digest(s.p ? s.p : "", s.n, out, &n, md_of(alg), NULL) == 1 ? n : 0;
}

static struct str hex_of(struct arena *a, const unsigned char *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	char *p = n ? arena_alloc(a, 2 * n + 1) : NULL;

	for (size_t i = 0; p && i < n; i++) {
		p[2 * i] = digits[bytes[i] >> 4];
		p[2 * i + 1] = digits[bytes[i] & 15];
	}
	return str_make(p, p ? 2 * n : 0);
}

struct str digest_hex(struct arena *a, enum digest_alg alg, struct str s)
{
	unsigned char raw[DIGEST_BYTES_MAX];

	return hex_of(a, raw, digest_raw(alg, s, raw));
}

/* ---- Keccak-f[1600] (FIPS 202 3.2) ---- */

static uint64_t rotl(uint64_t x, unsigned n)
{
	return n ? x << n | x >> (64 - n) : x;
}

static void keccak_f(uint64_t st[25])
{
	static const unsigned rot[24] = {1,  3,	 6,  10, 15, 21, 28, 36, 45, 55, 2,  14,
					 27, 41, 56, 8,	 25, 43, 62, 18, 39, 61, 20, 44};
	static const unsigned lane[24] = {10, 7,  11, 17, 18, 3, 5,  16, 8,  21, 24, 4,
					  15, 23, 19, 13, 12, 2, 20, 14, 22, 9,	 6,  1};
	uint64_t rc = 1, bc[5], t;

	for (int round = 0; round < 24; round++) {
		for (int i = 0; i < 5; i++)
			bc[i] = st[i] ^ st[i + 5] ^ st[i + 10] ^ st[i + 15] ^ st[i + 20];
		for (int i = 0; i < 25; i++)
			st[i] ^= bc[(i + 4) % 5] ^ rotl(bc[(i + 1) % 5], 1);
		t = st[1];
		for (int i = 0; i < 24; i++) {
			uint64_t keep = st[lane[i]];

			st[lane[i]] = rotl(t, rot[i]);
			t = keep;
		}
		for (int j = 0; j < 25; j += 5) {
			memcpy(bc, st + j, sizeof(bc));
			for (int i = 0; i < 5; i++)
				st[j + i] ^= ~bc[(i + 1) % 5] & bc[(i + 2) % 5];
		}
		/* the round constant comes out of a linear feedback register of 8 bits */
		for (unsigned bit = 0; bit < 7; bit++) {
			if (rc & 1)
				st[0] ^= (uint64_t)1 << ((1u << bit) - 1);
			rc = rc << 1 ^ (rc & 0x80 ? 0x171 : 0);
		}
	}
}

struct str digest_keccak_hex(struct arena *a, unsigned bits, struct str s)
{
	size_t rate = 200 - bits / 4, n = 0;
	unsigned char out[DIGEST_BYTES_MAX];
	uint64_t st[25] = {0};

	if (bits != 224 && bits != 256 && bits != 384 && bits != 512)
		return STR_NULL;
	for (size_t i = 0; i < s.n; i++) {
		st[n / 8] ^= (uint64_t)(unsigned char)s.p[i] << (n % 8 * 8);
		if (++n == rate) {
			keccak_f(st);
			n = 0;
		}
	}
	st[n / 8] ^= (uint64_t)1 << (n % 8 * 8);
	st[(rate - 1) / 8] ^= (uint64_t)0x80 << ((rate - 1) % 8 * 8);
	keccak_f(st);
	for (size_t i = 0; i < bits / 8; i++)
		out[i] = (unsigned char)(st[i / 8] >> (i % 8 * 8));
	return hex_of(a, out, bits / 8);
}

uint32_t digest_crc32(struct str s)
{
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < s.n; i++) {
		crc ^= (unsigned char)s.p[i];
		for (int k = 0; k < 8; k++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}
