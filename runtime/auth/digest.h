/* SPDX-License-Identifier: Apache-2.0 */
/* digest.h - message digests as hexadecimal text, and the checksum CRC-32; the one door to OpenSSL's hashes. */
#ifndef AUTH_DIGEST_H
#define AUTH_DIGEST_H

#include "base/arena.h"

enum digest_alg {
	DIGEST_MD5, DIGEST_SHA1, DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512, DIGEST_SHA512_256,
	DIGEST_SHA3_224, DIGEST_SHA3_256, DIGEST_SHA3_384, DIGEST_SHA3_512,
};

enum { DIGEST_BYTES_MAX = 64 };

/* Raw bytes of the digest of s; their number, 0: the library refused. */
size_t digest_raw(enum digest_alg alg, struct str s, unsigned char out[DIGEST_BYTES_MAX]);
/* Lower-case hex in `a`; p NULL: memory is out, or the library refused. */
struct str digest_hex(struct arena *a, enum digest_alg alg, struct str s);
/* Keccak as before its standardisation as SHA-3; bits 224, 256, 384 or 512, else p NULL. */
struct str digest_keccak_hex(struct arena *a, unsigned bits, struct str s);
uint32_t digest_crc32(struct str s);

#endif
