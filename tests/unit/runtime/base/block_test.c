/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <string.h>

#include "base/block.h"
#include "base/mem.h"

enum { MANY = 2000 }; /* several regions */

static void *v[MANY];
static enum block_kind kind;

static void have(unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		v[i] = block_alloc(kind);
		assert_non_null(v[i]);
		assert_int_equal((uintptr_t)v[i] % sizeof(max_align_t), 0);
		memset(v[i], (int)(i & 255), block_size(kind));
	}
}

static void check_and_free(unsigned i)
{
	const unsigned char *p = v[i];

	for (unsigned k = 0; k < block_size(kind); k++)
		assert_int_equal(p[k], i & 255);
	block_free(v[i], kind);
	v[i] = NULL;
}

/* No two overlap, whatever order they come back in. */
static void apart(void **state)
{
	(void)state;
	for (int round = 0; round < 2 * BLOCK_KINDS; round++) {
		kind = (enum block_kind)(round % BLOCK_KINDS);
		have(0, MANY);
		assert_int_equal(mem_blocks(), MANY);
		for (unsigned i = 0; i < MANY; i += 2)
			check_and_free(i);
		for (unsigned i = 0; i < MANY; i += 2)
			have(i, i + 1);
		for (unsigned i = MANY; i-- > 0;)
			check_and_free(i);
		assert_int_equal(mem_blocks(), 0);
		assert_int_equal(mem_bytes(), 0);
	}
	block_thread_fini();
}

static void *free_all(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < MANY; i++)
		check_and_free(i);
	block_thread_fini();
	return NULL;
}

/* A block may be freed by another thread than the one that had it. */
static void elsewhere(void **state)
{
	pthread_t t;

	(void)state;
	have(0, MANY);
	assert_int_equal(pthread_create(&t, NULL, free_all, NULL), 0);
	pthread_join(t, NULL);
	assert_int_equal(mem_blocks(), 0);
	block_thread_fini();
}

static void fails(void **state)
{
	void *b;

	(void)state;
	mem_fail_nth(1);
	assert_null(block_alloc(kind));
	b = block_alloc(kind);
	assert_non_null(b);
	block_free(b, kind);
	block_thread_fini();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(apart),
		cmocka_unit_test(elsewhere),
		cmocka_unit_test(fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
