/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

/* Names are short: two loads that may overlap cost less than a call of memcmp. n is 1 to 16. */
static bool short_eq(const char *a, const char *b, size_t n)
{
	uint64_t x, y, z, w;
	uint32_t p, q, r, s;

	if (n >= 8) {
		memcpy(&x, a, 8);
		memcpy(&y, b, 8);
		memcpy(&z, a + n - 8, 8);
		memcpy(&w, b + n - 8, 8);
		return ((x ^ y) | (z ^ w)) == 0;
	}
	if (n >= 4) {
		memcpy(&p, a, 4);
		memcpy(&q, b, 4);
		memcpy(&r, a + n - 4, 4);
		memcpy(&s, b + n - 4, 4);
		return ((p ^ q) | (r ^ s)) == 0;
	}
	return a[0] == b[0] && a[n / 2] == b[n / 2] && a[n - 1] == b[n - 1];
}

bool str_ieq_n(const char *a, const char *b, size_t n)
{
	if (n <= 16 ? short_eq(a, b, n) : memcmp(a, b, n) == 0) /* nearly always written as we write it */
		return true;
	for (size_t i = 0; i < n; i++)
		if (ascii_lower(a[i]) != ascii_lower(b[i]))
			return false;
	return true;
}

int str_cmp(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n ? memcmp(a.p, b.p, n) : 0;

	if (c)
		return c;
	return (a.n > b.n) - (a.n < b.n);
}

bool str_starts(struct str s, struct str prefix)
{
	return s.n >= prefix.n && str_eq(str_head(s, prefix.n), prefix);
}

bool str_istarts(struct str s, struct str prefix)
{
	return s.n >= prefix.n && str_ieq(str_head(s, prefix.n), prefix);
}

bool str_ends(struct str s, struct str suffix)
{
	return s.n >= suffix.n && str_eq(str_skip(s, s.n - suffix.n), suffix);
}

size_t str_rchr(struct str s, char c)
{
	for (size_t i = s.n; i-- > 0;)
		if (s.p[i] == c)
			return i;
	return STR_NONE;
}

size_t str_find(struct str s, struct str needle)
{
	if (needle.n == 0)
		return 0;
	for (size_t i = 0; i + needle.n <= s.n; i++)
		if (s.p[i] == needle.p[0] && memcmp(s.p + i, needle.p, needle.n) == 0)
			return i;
	return STR_NONE;
}

size_t str_ifind(struct str s, struct str needle)
{
	for (size_t i = 0; i + needle.n <= s.n; i++)
		if (str_ieq(str_make(s.p + i, needle.n), needle))
			return i;
	return STR_NONE;
}

struct str str_cut(struct str *s, char c)
{
	size_t i = str_chr(*s, c);
	struct str head = str_head(*s, i);

	*s = i == STR_NONE ? STR_NULL : str_skip(*s, i + 1);
	return head;
}

/* Of more than 18 digits, which always fit. */
static bool long_number(struct str s, uint64_t *ret)
{
	uint64_t v = 0;

	for (size_t i = 0; i < s.n; i++) {
		unsigned d = (unsigned char)s.p[i] - '0';

		if (d > 9 || v > (UINT64_MAX - d) / 10)
			return false;
		v = v * 10 + d;
	}
	*ret = v;
	return true;
}

static inline bool short_number(struct str s, uint64_t *ret)
{
	uint64_t v = 0;

	for (size_t i = 0; i < s.n; i++) {
		unsigned d = (unsigned char)s.p[i] - '0';

		if (d > 9)
			return false;
		v = v * 10 + d;
	}
	*ret = v;
	return s.n != 0;
}

bool str_to_u64(struct str s, uint64_t max, uint64_t *ret)
{
	uint64_t v;

	if (!(s.n <= 18 ? short_number(s, &v) : long_number(s, &v)) || v > max)
		return false;
	*ret = v;
	return true;
}

bool str_to_i64(struct str s, int64_t *ret)
{
	bool neg = s.n && s.p[0] == '-';
	uint64_t v;

	if (!str_to_u64(str_skip(s, neg), (uint64_t)INT64_MAX + neg, &v))
		return false;
	*ret = neg ? (int64_t)(0 - v) : (int64_t)v;
	return true;
}

bool str_number(struct str s, unsigned bits, int64_t *ret)
{
	int64_t max = bits == 64 ? INT64_MAX : INT32_MAX, v;
	uint64_t hex = 0;

	if (s.n > 2 && s.p[0] == '0' && (s.p[1] == 'x' || s.p[1] == 'X')) {
		for (size_t i = 2; i < s.n; i++) {
			if (hex_value(s.p[i]) < 0)
				return false;
			hex = hex << 4 | (unsigned)hex_value(s.p[i]);
		}
		*ret = bits == 64 ? (int64_t)hex : (int64_t)(int32_t)(uint32_t)hex;
		return true;
	}
	if (s.n > 1 && s.p[0] == '+' && s.p[1] != '-')
		s = str_skip(s, 1);
	if (!str_to_i64(s, &v) || v > max || v < -max - 1)
		return false;
	*ret = v;
	return true;
}

int hex_value(char c)
{
	if (ascii_digit(c))
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}
