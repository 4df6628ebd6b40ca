/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fmt.h - printf for the short texts of messages: tags, ports, header lines.
 *
 * The conversions that those use (%s %.*s %c %d %u %x with l, ll and z) are done here, without locale
 * and stream; a format with anything else goes to vsnprintf as a whole.
 */
#ifndef BASE_FMT_H
#define BASE_FMT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* As vsnprintf. */
int fmt_print(char *buf, size_t size, const char *fmt, va_list ap) __attribute__((format(printf, 3, 0)));

enum { FMT_INT_MAX = 21 };
/* Decimal digits of v, at most FMT_INT_MAX, no NUL; their number. */
size_t fmt_u64(uint64_t v, char *buf);
size_t fmt_i64(int64_t v, char *buf);
/* The same in lower case hex. */
size_t fmt_hex(uint64_t v, char *buf);

#endif
