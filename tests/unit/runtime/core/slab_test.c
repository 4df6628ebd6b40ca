/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/block.h"
#include "base/mem.h"
#include "core/slab.h"

enum { MANY = 3000 };

static struct slab slab;
static struct {
	unsigned char *p;
	size_t n;
} v[MANY];

static void have(unsigned i, size_t n)
{
	v[i].p = slab_get(&slab, n);
	v[i].n = n;
	assert_non_null(v[i].p);
	assert_int_equal((uintptr_t)v[i].p % SLAB_UNIT, 0);
	memset(v[i].p, (int)(i & 255), n);
}

static void give_back(unsigned i)
{
	for (size_t k = 0; k < v[i].n; k++)
		assert_int_equal(v[i].p[k], i & 255);
	slab_put(&slab, &v[i].p, v[i].n);
	assert_null(v[i].p);
}

/* No two overlap, of whatever sizes and in whatever order they come back. */
static void apart(void **state)
{
	(void)state;
	slab_init(&slab);
	for (unsigned i = 0; i < MANY; i++)
		have(i, i % (SLAB_MAX + 100));
	for (unsigned i = 0; i < MANY; i += 3)
		give_back(i);
	for (unsigned i = 0; i < MANY; i += 3)
		have(i, (i * 7) % SLAB_MAX);
	for (unsigned i = MANY; i-- > 0;)
		give_back(i);
	slab_fini(&slab);
	assert_int_equal(mem_blocks(), 0);
	assert_int_equal(mem_bytes(), 0);
	block_thread_fini();
}

static void zeroed(void **state)
{
	(void)state;
	slab_init(&slab);
	have(1, 300);
	give_back(1);
	v[1].p = slab_zeroed(&slab, 300);
	for (unsigned k = 0; k < 300; k++)
		assert_int_equal(v[1].p[k], 0);
	slab_put(&slab, &v[1].p, 300);
	slab_put(&slab, &v[1].p, 300); /* nothing inside */
	slab_fini(&slab);
	assert_int_equal(mem_blocks(), 0);
}

/* A piece that was forgotten is seen in the count. */
static void forgotten(void **state)
{
	(void)state;
	slab_init(&slab);
	have(1, 300);
	slab_fini(&slab);
	assert_int_equal(mem_blocks(), 1);
	slab_put(&slab, &v[1].p, 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(apart), cmocka_unit_test(zeroed), cmocka_unit_test(forgotten)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
