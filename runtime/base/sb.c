/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sb.h"


#include "base/fmt.h"
#include "base/mem.h"

void sb_init(struct sb *b, struct arena *arena, size_t limit)
{
	*b = (struct sb){.arena = arena, .limit = limit};
}

void sb_init_buf(struct sb *b, char *buf, size_t size)
{
	*b = (struct sb){.p = buf, .cap = size, .limit = size - 1};
}

void sb_fini(struct sb *b)
{
	if (!b->arena)
		mem_free(&b->p);
	*b = (struct sb){.arena = b->arena, .limit = b->limit};
}

void sb_reset(struct sb *b)
{
	b->n = 0;
	b->failed = false;
}

static bool grow(struct sb *b, size_t more)
{
	size_t want, cap;
	char *p;

	if (b->failed || more > b->limit || b->n > b->limit - more) {
		b->failed = true;
		return false;
	}
	want = b->n + more + 1;
	cap = b->cap ? b->cap * 2 : 128;
	if (cap < want)
		cap = want;
	if (cap > b->limit)
		cap = b->limit + 1;
	p = b->arena ? arena_raw(b->arena, cap) : mem_realloc(b->p, cap);
	if (!p) {
		b->failed = true;
		return false;
	}
	if (b->arena && b->n)
		memcpy(p, b->p, b->n);
	b->p = p;
	b->cap = cap;
	return true;
}

/* Make room for `more` bytes and a NUL. */
static inline bool reserve(struct sb *b, size_t more)
{
	if (!b->failed && more < b->cap - b->n) /* which is never past the limit */
		return true;
	return grow(b, more);
}

char *sb_room(struct sb *b, size_t n)
{
	return reserve(b, n) ? b->p + b->n : NULL;
}

void sb_add_grow(struct sb *b, struct str s)
{
	if (grow(b, s.n))
		sb_add(b, s);
}

void sb_addc(struct sb *b, char c)
{
	if (!reserve(b, 1))
		return;
	b->p[b->n++] = c;
	b->p[b->n] = 0;
}

void sb_addz(struct sb *b, const char *z)
{
	sb_add(b, str_of(z));
}

void sb_addi(struct sb *b, int64_t v)
{
	char t[FMT_INT_MAX];

	sb_add(b, str_make(t, fmt_i64(v, t)));
}

void sb_vprintf(struct sb *b, const char *fmt, va_list ap)
{
	va_list copy;
	bool fits;
	int n;

	va_copy(copy, ap);
	n = fmt_print(b->p ? b->p + b->n : NULL, b->failed ? 0 : b->cap - b->n, fmt, copy);
	va_end(copy);
	fits = n >= 0 && (size_t)n < b->cap - b->n;
	if (n < 0 || !reserve(b, (size_t)n)) {
		if (b->p && b->n < b->cap)
			b->p[b->n] = 0;
		return;
	}
	if (!fits)
		fmt_print(b->p + b->n, (size_t)n + 1, fmt, ap);
	b->n += (size_t)n;
}

void sb_printf(struct sb *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	sb_vprintf(b, fmt, ap);
	va_end(ap);
}
