/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena.h - memory that is freed all at once.
 *
 * One per message, per transaction, per compilation. Not thread safe: one owner at a time.
 * Blocks come from base/mem.h; the limit given at creation bounds what one peer can make us hold.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdalign.h>
#include <stdarg.h>

#include "base/block.h"
#include "base/str.h"

struct arena_block;

/* For arena_raw and arena.c only. */
struct arena {
	char *at, *end; /* what is free of the newest block */
	char *from;     /* where `at` began there */
	size_t left;    /* of the limit, without what is in [from, end) */
	size_t used;    /* before that block */
	size_t next_size;
	unsigned refs;
	enum block_kind kind; /* of the first */
	struct arena_block *head; /* the newest; the first holds this struct and goes last */
};

/* A new arena that will hold at most `limit` bytes (0: no bound); NULL when memory is out. */
struct arena *arena_new(size_t limit);
/* The same for what is kept long: blocks behind the first are no larger than what is needed asks for. */
struct arena *arena_new_kept(enum block_kind first, size_t limit);
/* A second owner: the arena goes when each has freed it. */
struct arena *arena_ref(struct arena *a);
/* Free all of it (by its last owner) and null the pointer. NULL inside is fine. */
void arena_free(struct arena **a);
/* Forget every allocation; keeps the first block for reuse. */
void arena_reset(struct arena *a);
/* The same for an arena that is to serve another; false, and nothing done: it has a second owner, or has grown. */
bool arena_reuse(struct arena *a);
/* n zeroed bytes, aligned for any type; NULL when memory or the limit is out. */
void *arena_alloc(struct arena *a, size_t n);
/* The same, not zeroed. */
void *arena_raw_grow(struct arena *a, size_t n);
static inline void *arena_raw(struct arena *a, size_t n)
{
	size_t need = (n + alignof(max_align_t) - 1) & ~(size_t)(alignof(max_align_t) - 1);
	void *p = a->at;

	if (need - 1 >= (size_t)(a->end - a->at)) /* 0 wraps, and so do sizes near the end of the range */
		return arena_raw_grow(a, n);
	a->at += need;
	return p;
}
/* As arena_alloc for arrays; NULL also on overflow. */
void *arena_calloc(struct arena *a, size_t count, size_t size);
/* Bytes given out so far. */
size_t arena_used(const struct arena *a);
/* Arenas alive in the process. For leak checks. */
size_t arena_count(void);

#define arena_new_of(a, type) ((type *)arena_alloc((a), sizeof(type)))

/* A copy of s that lives as long as the arena, with a NUL behind it; p is NULL when memory is out. */
struct str str_dup(struct arena *a, struct str s);
/* printf into the arena; p is NULL when memory is out. */
struct str str_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
struct str str_vprintf(struct arena *a, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));
/* n texts one behind the other. */
struct str str_joinv(struct arena *a, const struct str *v, size_t n);
#define str_cat(a, ...)                                                                            \
	str_joinv((a), (const struct str[]){__VA_ARGS__}, sizeof((const struct str[]){__VA_ARGS__}) / sizeof(struct str))
/* a followed by b. */
struct str str_join(struct arena *ar, struct str a, struct str b);
/* NUL-terminated copy, or NULL. */
char *str_z(struct arena *a, struct str s);

#endif
