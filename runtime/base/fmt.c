/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fmt.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct out {
	char *buf;
	size_t size, n; /* n may pass size: the length that it would have */
};

static void put(struct out *o, const char *p, size_t n)
{
	size_t room = o->n < o->size ? o->size - o->n : 0;

	if (n && room)
		memcpy(o->buf + o->n, p, n < room ? n : room);
	o->n += n;
}

static size_t digits(uint64_t v, char *buf)
{
	char t[FMT_INT_MAX];
	size_t n = sizeof(t);

	do {
		t[--n] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	memcpy(buf, t + n, sizeof(t) - n);
	return sizeof(t) - n;
}

size_t fmt_hex(uint64_t v, char *buf)
{
	size_t n = v ? (67 - (size_t)__builtin_clzll(v)) / 4 : 1;

	for (size_t i = n; i-- > 0; v >>= 4)
		buf[i] = "0123456789abcdef"[v & 15];
	return n;
}

/* Ports, lengths, codes: the number of digits is known from the value, and they are written in place, two at a time. */
static size_t small(uint32_t v, char *buf)
{
	static const char pairs[] = "0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849"
				    "5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";
	size_t n = v < 10 ? 1 : v < 100 ? 2 : v < 1000 ? 3 : v < 10000 ? 4 : 5, i = n;

	for (; i > 1; v /= 100)
		memcpy(buf + (i -= 2), pairs + 2 * (v % 100), 2);
	if (i)
		*buf = (char)('0' + v);
	return n;
}

size_t fmt_u64(uint64_t v, char *buf)
{
	return v < 100000 ? small((uint32_t)v, buf) : digits(v, buf);
}

size_t fmt_i64(int64_t v, char *buf)
{
	if (v >= 0)
		return fmt_u64((uint64_t)v, buf);
	buf[0] = '-';
	return 1 + fmt_u64(0 - (uint64_t)v, buf + 1);
}

static void put_number(struct out *o, char conv, int longs, va_list *ap)
{
	char t[FMT_INT_MAX];
	uint64_t u;
	int64_t i;

	if (conv == 'd') {
		i = longs ? va_arg(*ap, long long) : va_arg(*ap, int);
		put(o, t, fmt_i64(i, t));
		return;
	}
	u = longs ? va_arg(*ap, unsigned long long) : va_arg(*ap, unsigned);
	put(o, t, conv == 'u' ? fmt_u64(u, t) : fmt_hex(u, t));
}

/* One conversion behind its '%'; what follows it, or NULL: not one of ours. */
static const char *convert(struct out *o, const char *f, va_list *ap)
{
	bool bounded = f[0] == '.' && f[1] == '*' && f[2] == 's';
	int longs = 0, n;
	const char *z;
	char c;

	if (bounded || *f == 's') {
		n = bounded ? va_arg(*ap, int) : 0;
		z = va_arg(*ap, const char *);
		if (n < 0 || (!z && (!bounded || n)))
			return NULL;
		put(o, z, !z ? 0 : bounded ? strnlen(z, (size_t)n) : strlen(z));
		return f + (bounded ? 3 : 1);
	}
	for (; *f == 'l' || *f == 'z'; f++) /* long, long long and size_t are all 64 bits wide here */
		longs++;
	if (*f == 'd' || *f == 'u' || *f == 'x') {
		put_number(o, *f, longs, ap);
		return f + 1;
	}
	if (longs || (*f != 'c' && *f != '%'))
		return NULL;
	c = *f == 'c' ? (char)va_arg(*ap, int) : '%';
	put(o, &c, 1);
	return f + 1;
}

_Static_assert(sizeof(long) == 8 && sizeof(long long) == 8 && sizeof(size_t) == 8, "see convert()");

int fmt_print(char *buf, size_t size, const char *fmt, va_list ap)
{
	struct out o = {.buf = buf, .size = size};
	const char *f = fmt;
	va_list ours;

	va_copy(ours, ap);
	while (f && *f) {
		size_t n = 0;

		while (f[n] && f[n] != '%')
			n++;

		put(&o, f, n);
		f += n;
		if (*f)
			f = convert(&o, f + 1, &ours);
	}
	va_end(ours);
	if (!f || o.n > INT32_MAX)
		return vsnprintf(buf, size, fmt, ap);
	if (size)
		buf[o.n < size ? o.n : size - 1] = 0;
	return (int)o.n;
}
