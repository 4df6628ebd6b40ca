/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sb.h - a growing byte buffer with a limit.
 *
 * Failure is sticky: after memory or the limit ran out every further add is ignored and sb_ok() is
 * false, so that callers check once at the end. Lives in an arena (nothing to free) or, when the
 * arena is NULL, on the heap (sb_fini).
 */
#ifndef BASE_SB_H
#define BASE_SB_H

#include <stdarg.h>

#include "base/arena.h"

struct sb {
	char *p;
	size_t n;
	size_t cap;
	size_t limit;
	struct arena *arena;
	bool failed;
};

/* Start empty; `limit` is the largest n ever. Cannot fail. */
void sb_init(struct sb *b, struct arena *arena, size_t limit);
/* In the caller's buffer, which is all the room there is; no sb_fini(). */
void sb_init_buf(struct sb *b, char *buf, size_t size);
void sb_fini(struct sb *b);
void sb_reset(struct sb *b);
/* sb_add's own: where there is no room yet. */
void sb_add_grow(struct sb *b, struct str s);
/* Inlined, so that a constant is stored and not copied. */
static inline void sb_add(struct sb *b, struct str s)
{
	if (b->failed || s.n >= b->cap - b->n) { /* cap is never past the limit */
		sb_add_grow(b, s);
		return;
	}
	if (s.n)
		memcpy(b->p + b->n, s.p, s.n);
	b->n += s.n;
	b->p[b->n] = 0;
}
void sb_addc(struct sb *b, char c);
void sb_addz(struct sb *b, const char *z);
void sb_addi(struct sb *b, int64_t v);
/* Room for n bytes behind what there is, for who writes them there; then they are added by sb_took(), which is given
   where they end. NULL: it failed. */
char *sb_room(struct sb *b, size_t n);
static inline void sb_took(struct sb *b, char *end)
{
	*end = 0;
	b->n = (size_t)(end - b->p);
}
void sb_printf(struct sb *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void sb_vprintf(struct sb *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

static inline bool sb_ok(const struct sb *b)
{
	return !b->failed;
}
/* What was added so far; valid until the next add. */
static inline struct str sb_str(const struct sb *b)
{
	return (struct str){b->p, b->n};
}

#endif
