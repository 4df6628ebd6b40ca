/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list of blocks, newest first; each block doubles up to a ceiling. Large requests get a block of
 * their own behind the current one, so that they do not waste its rest. The arena itself stands at the
 * start of its first block.
 *
 * Bytes are zeroed when they are given out, not before: most of a block is never used. First blocks
 * come from block.h, for a server makes and frees a few with every message.
 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdio.h>

#include "base/block.h"
#include "base/fmt.h"
#include "base/mem.h"

enum { SECOND_BLOCK = 16384, KEPT_BLOCK = 1024, LARGEST_BLOCK = 256 * 1024, PRINT_FIRST = 256 };

struct arena_block {
	struct arena_block *next;
	alignas(max_align_t) char data[];
};

static struct arena_block *block_new(size_t size)
{
	struct arena_block *b = mem_raw(sizeof(*b) + size);

	if (b)
		b->next = NULL;
	return b;
}

enum { ALIGN = alignof(max_align_t), ARENA_BYTES = (sizeof(struct arena) + ALIGN - 1) & ~(size_t)(ALIGN - 1) };

/* The one that the arena stands in. */
static struct arena_block *first_block(struct arena *a)
{
	return (struct arena_block *)(void *)((char *)a - offsetof(struct arena_block, data));
}

/* What of it is for others. */
static size_t first_room(enum block_kind k)
{
	return block_size(k) - offsetof(struct arena_block, data) - ARENA_BYTES;
}

/* From here on allocations come from [at, at + size), no more of it than the limit leaves. */
static void use_room(struct arena *a, char *at, size_t size)
{
	size_t room = size < a->left ? size : a->left & ~(size_t)(ALIGN - 1);

	a->at = a->from = at;
	a->end = at + room;
	a->left -= room;
}

static inline struct arena *new_of(enum block_kind k, size_t limit, size_t next_size)
{
	struct arena_block *b = block_alloc(k);
	struct arena *a;

	if (!b)
		return NULL;
	b->next = NULL;
	a = (struct arena *)b->data;
	*a = (struct arena){.head = b, .kind = k, .left = limit ? limit : SIZE_MAX, .next_size = next_size, .refs = 1};
	use_room(a, b->data + ARENA_BYTES, first_room(k));
	return a;
}

struct arena *arena_new(size_t limit)
{
	return new_of(BLOCK_LARGE, limit, SECOND_BLOCK);
}

struct arena *arena_new_kept(enum block_kind first, size_t limit)
{
	return new_of(first, limit, KEPT_BLOCK);
}

struct arena *arena_ref(struct arena *a)
{
	a->refs++;
	return a;
}

static bool has_others(struct arena *a)
{
	return a->head != first_block(a) || a->head->next;
}

/* All but the first, which has the arena in it. */
static void free_others(struct arena *a)
{
	struct arena_block *b = a->head, *first = first_block(a);

	while (b) {
		struct arena_block *next = b->next;

		if (b != first)
			mem_free(&b);
		b = next;
	}
	first->next = NULL;
	a->head = first;
}

void arena_free(struct arena **ap)
{
	struct arena *a = *ap;

	*ap = NULL;
	if (!a || --a->refs)
		return;
	if (has_others(a))
		free_others(a);
	block_free(first_block(a), a->kind);
}

size_t arena_count(void)
{
	return block_count(); /* each has one for itself */
}

void arena_reset(struct arena *a)
{
	a->left += arena_used(a) + (size_t)(a->end - a->at);
	free_others(a);
	a->used = 0;
	use_room(a, (char *)a + ARENA_BYTES, first_room(a->kind));
}

bool arena_reuse(struct arena *a)
{
#ifdef KILN_DEBUG
	return false; /* there the end of what was in it shall be seen */
#endif
	if (a->refs > 1 || has_others(a))
		return false;
	a->left += (size_t)(a->end - a->from);
	use_room(a, a->from, first_room(a->kind));
	return true;
}

/* A large request gets a block of its own, behind the current one. */
static void *alone(struct arena *a, size_t n)
{
	struct arena_block *b = block_new(n);

	if (!b)
		return NULL;
	b->next = a->head->next;
	a->head->next = b;
	a->left -= n;
	a->used += n;
	return b->data;
}

/* The rest of the newest block goes back to the limit when it is left behind, or needed elsewhere. */
static void give_up_room(struct arena *a)
{
	a->left += (size_t)(a->end - a->at);
	a->end = a->at;
}

void *arena_raw_grow(struct arena *a, size_t n)
{
	size_t size = a->next_size;
	struct arena_block *b;

	if (n > SIZE_MAX / 2)
		return NULL;
	n = n ? (n + ALIGN - 1) & ~(size_t)(ALIGN - 1) : ALIGN;
	if (n <= (size_t)(a->end - a->at)) {
		a->at += n;
		return a->at - n;
	}
	if (n > a->left + (size_t)(a->end - a->at))
		return NULL;
	if (n > a->left || n <= size / 2)
		give_up_room(a);
	if (n > size / 2)
		return alone(a, n);
	b = block_new(size);
	if (!b)
		return NULL;
	if (a->next_size < LARGEST_BLOCK)
		a->next_size *= 2;
	b->next = a->head;
	a->head = b;
	a->used += (size_t)(a->at - a->from);
	use_room(a, b->data, size);
	a->at += n;
	return a->at - n;
}

void *arena_alloc(struct arena *a, size_t n)
{
	void *p = arena_raw(a, n);

	return p ? memset(p, 0, n) : NULL;
}

void *arena_calloc(struct arena *a, size_t count, size_t size)
{
	if (size && count > SIZE_MAX / 2 / size)
		return NULL;
	return arena_alloc(a, count * size);
}

size_t arena_used(const struct arena *a)
{
	return a->used + (size_t)(a->at - a->from);
}

struct str str_dup(struct arena *a, struct str s)
{
	char *p = arena_raw(a, s.n + 1);

	if (!p)
		return STR_NULL;
	if (s.n)
		memcpy(p, s.p, s.n);
	p[s.n] = 0;
	return str_make(p, s.n);
}

struct str str_join(struct arena *ar, struct str a, struct str b)
{
	char *p = arena_raw(ar, a.n + b.n + 1);

	if (!p)
		return STR_NULL;
	if (a.n)
		memcpy(p, a.p, a.n);
	if (b.n)
		memcpy(p + a.n, b.p, b.n);
	p[a.n + b.n] = 0;
	return str_make(p, a.n + b.n);
}

struct str str_joinv(struct arena *a, const struct str *v, size_t n)
{
	size_t len = 0, at = 0;
	char *p;

	for (size_t i = 0; i < n; i++)
		len += v[i].n;
	p = arena_raw(a, len + 1);
	if (!p)
		return STR_NULL;
	for (size_t i = 0; i < n; at += v[i++].n)
		if (v[i].n)
			memcpy(p + at, v[i].p, v[i].n);
	p[len] = 0;
	return str_make(p, len);
}

char *str_z(struct arena *a, struct str s)
{
	struct str copy = str_dup(a, s);

	return (char *)(uintptr_t)copy.p;
}

/* Most texts are short: printed once on the stack, and again in place only when they are not. */
struct str str_vprintf(struct arena *a, const char *fmt, va_list ap)
{
	char buf[PRINT_FIRST];
	va_list copy;
	int n;
	char *p;

	va_copy(copy, ap);
	n = fmt_print(buf, sizeof(buf), fmt, copy);
	va_end(copy);
	if (n < 0)
		return STR_NULL;
	if ((size_t)n < sizeof(buf))
		return str_dup(a, str_make(buf, (size_t)n));
	p = arena_raw(a, (size_t)n + 1);
	if (!p)
		return STR_NULL;
	fmt_print(p, (size_t)n + 1, fmt, ap);
	return str_make(p, (size_t)n);
}

struct str str_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	struct str s;

	va_start(ap, fmt);
	s = str_vprintf(a, fmt, ap);
	va_end(ap);
	return s;
}
