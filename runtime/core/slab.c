/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page is a block (base/block.h), which lies at a multiple of its size, so that a piece finds its page by its address.
 * All pieces of a page are of one size; sizes of which as many fit are one class, so that little is lost at its end.
 */
#include "core/slab.h"

#include <stdbool.h>
#include <string.h>

#include "base/block.h"
#include "base/bug.h"
#include "base/mem.h"

#ifdef KILN_DEBUG
enum { PIECE_MAX = 0 };
#else
enum { PIECE_MAX = SLAB_MAX };
#endif

struct piece {
	struct piece *next;
};

struct page {
	struct list node;
	struct piece *free;
	uint32_t size, n_used, n_fresh; /* fresh: never given out, at the end */
	uint32_t n_all;
};

enum { HEAD = (sizeof(struct page) + SLAB_UNIT - 1) / SLAB_UNIT * SLAB_UNIT, UNITS = (BLOCK_PAGE_SIZE - HEAD) / SLAB_UNIT };

void slab_init(struct slab *s)
{
	for (unsigned u = 0; u < SLAB_CLASSES; u++) {
		unsigned largest = u ? UNITS / (UNITS / u) : 1;

		list_init(&s->pages[u]);
		s->class_of[u] = (uint8_t)(largest < SLAB_CLASSES ? largest : SLAB_CLASSES - 1);
	}
}

void slab_fini(struct slab *s)
{
	struct list *it, *tmp;

	for (unsigned u = 0; u < SLAB_CLASSES; u++)
		list_each(it, tmp, &s->pages[u])
			if (!container_of(it, struct page, node)->n_used)
				block_free(it, BLOCK_PAGE);
}

static struct page *page_new(struct slab *s, unsigned class)
{
	struct page *p = block_alloc(BLOCK_PAGE);

	if (!p)
		return NULL;
	p->free = NULL;
	p->size = class * SLAB_UNIT;
	p->n_used = 0;
	p->n_all = p->n_fresh = UNITS / class;
	list_add_head(&s->pages[class], &p->node);
	return p;
}

/* There is a free one. */
static void *take(struct page *p)
{
	struct piece *x = p->free;

	if (x)
		p->free = x->next;
	else
		x = (struct piece *)(void *)((char *)p + HEAD + (size_t)(p->n_all - p->n_fresh--) * p->size);
	if (++p->n_used == p->n_all)
		list_del(&p->node);
	return x;
}

void *slab_get(struct slab *s, size_t n)
{
	unsigned class;
	struct page *p;

	if (n > PIECE_MAX || !PIECE_MAX)
		return mem_raw(n);
	if (mem_must_fail())
		return NULL;
	class = s->class_of[(n + SLAB_UNIT - 1) / SLAB_UNIT];
	p = list_empty(&s->pages[class]) ? page_new(s, class) : container_of(s->pages[class].next, struct page, node);
	return p ? take(p) : NULL;
}

void *slab_zeroed(struct slab *s, size_t n)
{
	void *p = slab_get(s, n);

	return p ? memset(p, 0, n) : NULL;
}

static struct page *page_of(void *piece)
{
	return (struct page *)((uintptr_t)piece & ~(uintptr_t)(BLOCK_PAGE_SIZE - 1));
}

static void give_back(struct slab *s, struct piece *x)
{
	struct page *p = page_of(x);
	struct list *pages = &s->pages[p->size / SLAB_UNIT];

	BUG_ON(!p->n_used);
	if (p->n_used == p->n_all)
		list_add_head(pages, &p->node);
	x->next = p->free;
	p->free = x;
	if (--p->n_used || (pages->next == &p->node && pages->prev == &p->node))
		return;
	list_del(&p->node);
	block_free(p, BLOCK_PAGE);
}

void slab_put_(struct slab *s, void **pp, size_t n)
{
	void *p = *pp;

	if (n > PIECE_MAX || !PIECE_MAX) {
		mem_free(pp);
		return;
	}
	*pp = NULL;
	if (p)
		give_back(s, p);
}
