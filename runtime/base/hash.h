/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hash.h - keyed hashing of strings (SipHash-1-3), so that a peer cannot choose collisions, and the
 * plain 64-bit FNV-1a for what is not hostile (names in a script).
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/str.h"

/* The process's key is drawn once by hash_seed(); before that it is fixed (tests, the compiler). */
void hash_seed(const uint8_t key[16]);
uint64_t hash_str(struct str s);
/* 128 bits of a number and n texts by another function: nothing of hash_str() of the same texts can be read from them. */
void hash_texts128(uint32_t number, const struct str *v, unsigned n, uint64_t ret[2]);
/* ASCII case ignored. */
uint64_t hash_istr(struct str s);
uint64_t hash_fnv(struct str s);
/* For sharing out work: keyed and even, high bits best, but too weak for a table that a peer may fill. */
uint64_t hash_share(struct str s);
/* The reference server's own hash, by which its tables order what they show: public and weak, for order only. */
uint32_t hash_core(struct str s);
uint32_t hash_core2(struct str a, struct str b); /* of two texts, each from a word of its own on */

#endif
