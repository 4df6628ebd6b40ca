/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list of blocks, newest first; each block doubles up to a ceiling. Large requests get a block of
 * their own behind the current one, so that they do not waste its rest.
 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/mem.h"

enum { FIRST_BLOCK = 4096 - 64, LARGEST_BLOCK = 256 * 1024 };

struct block {
	struct block *next;
	size_t size;
	size_t used;
	alignas(max_align_t) char data[];
};

struct arena {
	struct block *head;
	size_t limit;
	size_t used;
	size_t next_size;
};

static _Atomic size_t alive;

static struct block *block_new(size_t size)
{
	struct block *b = mem_alloc(sizeof(*b) + size);

	if (b)
		b->size = size;
	return b;
}

struct arena *arena_new(size_t limit)
{
	struct arena *a = mem_alloc(sizeof(*a));

	if (!a)
		return NULL;
	a->limit = limit ? limit : SIZE_MAX;
	a->next_size = FIRST_BLOCK;
	atomic_fetch_add_explicit(&alive, 1, memory_order_relaxed);
	return a;
}

static void free_blocks(struct block *b)
{
	while (b) {
		struct block *next = b->next;

		mem_free(&b);
		b = next;
	}
}

void arena_free(struct arena **ap)
{
	if (!*ap)
		return;
	free_blocks((*ap)->head);
	mem_free(ap);
	atomic_fetch_sub_explicit(&alive, 1, memory_order_relaxed);
}

size_t arena_count(void)
{
	return atomic_load_explicit(&alive, memory_order_relaxed);
}

void arena_reset(struct arena *a)
{
	struct block *keep = a->head;

	if (keep) {
		free_blocks(keep->next);
		keep->next = NULL;
		memset(keep->data, 0, keep->used);
		keep->used = 0;
	}
	a->used = 0;
}

static struct block *grow(struct arena *a, size_t n)
{
	size_t size = a->next_size;
	struct block *b;

	if (n > size / 2 && a->head) {
		b = block_new(n); /* its own block, behind the current one */
		if (b) {
			b->next = a->head->next;
			a->head->next = b;
		}
		return b;
	}
	b = block_new(n > size ? n : size);
	if (!b)
		return NULL;
	if (a->next_size < LARGEST_BLOCK)
		a->next_size *= 2;
	b->next = a->head;
	a->head = b;
	return b;
}

void *arena_alloc(struct arena *a, size_t n)
{
	const size_t al = alignof(max_align_t);
	struct block *b = a->head;
	void *p;

	if (n > a->limit - al || a->used > a->limit - n - al)
		return NULL;
	n = (n + al - 1) & ~(al - 1);
	if (n == 0)
		n = al;
	if (!b || b->size - b->used < n)
		b = grow(a, n);
	if (!b)
		return NULL;
	p = b->data + b->used;
	b->used += n;
	a->used += n;
	return p;
}

void *arena_calloc(struct arena *a, size_t count, size_t size)
{
	if (size && count > SIZE_MAX / 2 / size)
		return NULL;
	return arena_alloc(a, count * size);
}

size_t arena_used(const struct arena *a)
{
	return a->used;
}

struct str str_dup(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n + 1);

	if (!p)
		return STR_NULL;
	if (s.n)
		memcpy(p, s.p, s.n);
	return str_make(p, s.n);
}

struct str str_join(struct arena *ar, struct str a, struct str b)
{
	char *p = arena_alloc(ar, a.n + b.n + 1);

	if (!p)
		return STR_NULL;
	if (a.n)
		memcpy(p, a.p, a.n);
	if (b.n)
		memcpy(p + a.n, b.p, b.n);
	return str_make(p, a.n + b.n);
}

char *str_z(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n + 1);

	if (p && s.n)
		memcpy(p, s.p, s.n);
	return p;
}

struct str str_vprintf(struct arena *a, const char *fmt, va_list ap)
{
	va_list copy;
	int n;
	char *p;

	va_copy(copy, ap);
	n = vsnprintf(NULL, 0, fmt, copy);
	va_end(copy);
	if (n < 0)
		return STR_NULL;
	p = arena_alloc(a, (size_t)n + 1);
	if (!p)
		return STR_NULL;
	vsnprintf(p, (size_t)n + 1, fmt, ap);
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
