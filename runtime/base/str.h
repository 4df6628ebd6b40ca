/* SPDX-License-Identifier: Apache-2.0 */
/*
 * str.h - a view of bytes that somebody else owns.
 *
 * Never NUL-terminated by promise; p may be NULL only if n is 0. By value inside C, by
 * `const struct str *` across the ABI. The one way to keep a view past its owner is str_dup()
 * of arena.h.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
	const char *p;
	size_t n;
};

#define S(lit) ((struct str){(lit), sizeof(lit) - 1})
#define STR_NULL ((struct str){NULL, 0})
#define STR_FMT "%.*s"
#define STR_ARG(s) (int)(s).n, (s).p ? (s).p : ""

static inline struct str str_of(const char *z)
{
	return (struct str){z, z ? strlen(z) : 0};
}

static inline struct str str_make(const char *p, size_t n)
{
	return (struct str){p, n};
}

static inline bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline char ascii_lower(char c)
{
	return (c >= 'A' && c <= 'Z') ? (char)(c + 32) : c;
}

/* The same for texts of one length, which is not 0. */
bool str_ieq_n(const char *a, const char *b, size_t n);
/* ASCII case folding only, as SIP wants (RFC 3261 7.3.1). */
static inline bool str_ieq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || (((*a.p ^ *b.p) & ~0x20) == 0 && str_ieq_n(a.p, b.p, a.n)));
}
/* The same with a constant, that s is nearly always written as: compared without a call. */
#define str_is(s, constant)                                                                        \
	((s).n == sizeof(constant) - 1 &&                                                          \
	 (memcmp((s).p, constant, sizeof(constant) - 1) == 0 || str_ieq_n((s).p, constant, sizeof(constant) - 1)))
/* <0, 0, >0 as memcmp, the shorter first. */
int str_cmp(struct str a, struct str b);
bool str_starts(struct str s, struct str prefix);
bool str_istarts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);

#define STR_NONE ((size_t)-1)
/* Index of the first (last) byte c, or STR_NONE. */
static inline size_t str_chr(struct str s, char c)
{
	const char *q = s.n ? (const char *)memchr(s.p, c, s.n) : NULL;

	return q ? (size_t)(q - s.p) : STR_NONE;
}
size_t str_rchr(struct str s, char c);
/* Index of the first occurrence of `needle`, or STR_NONE; an empty needle is found at 0. */
size_t str_find(struct str s, struct str needle);
size_t str_ifind(struct str s, struct str needle);

/* Without leading and trailing SP, HTAB, CR, LF. */
static inline bool ascii_lws(char c)
{
	return (unsigned char)c <= ' ' && (c == ' ' || c == '\t' || c == '\r' || c == '\n');
}
static inline struct str str_ltrim(struct str s)
{
	while (s.n && ascii_lws(*s.p)) {
		s.p++;
		s.n--;
	}
	return s;
}
static inline struct str str_rtrim(struct str s)
{
	while (s.n && ascii_lws(s.p[s.n - 1]))
		s.n--;
	return s;
}
static inline struct str str_trim(struct str s)
{
	return str_rtrim(str_ltrim(s));
}
/* From byte i on; empty when i is past the end. */
static inline struct str str_skip(struct str s, size_t i)
{
	return i >= s.n ? (struct str){s.p ? s.p + s.n : NULL, 0} : (struct str){s.p + i, s.n - i};
}
/* The first n bytes, or all. */
static inline struct str str_head(struct str s, size_t n)
{
	return (struct str){s.p, n < s.n ? n : s.n};
}

/*
 * Cut s at the first byte c: returns what stands before it and leaves the rest, without c, in *s.
 * Without c all of it is returned and *s becomes empty with p NULL.
 */
struct str str_cut(struct str *s, char c);

/* The whole of s is a decimal number with optional '-', within the type; else false. */
bool str_to_i64(struct str s, int64_t *ret);
/* As the routing language reads a number in a text: decimal with an optional sign, within `bits` (32, 64), or
   0x hex, which wraps; all of the text. */
bool str_number(struct str s, unsigned bits, int64_t *ret);
/* The whole of s is decimal digits and the value is at most max; else false. */
bool str_to_u64(struct str s, uint64_t max, uint64_t *ret);
/* Value of a hex digit, or -1. */
int hex_value(char c);

static inline char ascii_upper(char c)
{
	return (c >= 'a' && c <= 'z') ? (char)(c - 32) : c;
}
static inline bool ascii_digit(char c)
{
	return c >= '0' && c <= '9';
}
static inline bool ascii_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

#endif
