/* SPDX-License-Identifier: Apache-2.0 */
#include "core/pool.h"

#include <string.h>

#include "base/mem.h"

struct spare {
	struct spare *next;
};

void pool_init(struct pool *p, size_t size, uint32_t max)
{
	*p = (struct pool){.size = size < sizeof(struct spare) ? sizeof(struct spare) : size, .max = max};
#ifndef KILN_DEBUG
	p->spare_max = max && max < 1024 ? max : 1024;
#endif
}

void pool_fini(struct pool *p)
{
	while (p->free) {
		struct spare *s = p->free;

		p->free = s->next;
		mem_free(&s);
	}
	p->spare = 0;
}

void *pool_get(struct pool *p)
{
	struct spare *s = p->free;

	if (p->max && p->used >= p->max) {
		p->refused++;
		return NULL;
	}
	if (s) {
		p->free = s->next;
		p->spare--;
		memset(s, 0, p->size);
	} else {
		s = mem_alloc(p->size);
		if (!s)
			return NULL;
	}
	p->used++;
	return s;
}

void pool_put_(struct pool *p, void **pp)
{
	struct spare *s = *pp;

	*pp = NULL;
	if (!s)
		return;
	p->used--;
	if (p->spare >= p->spare_max) {
		mem_free(&s);
		return;
	}
	s->next = p->free;
	p->free = s;
	p->spare++;
}
