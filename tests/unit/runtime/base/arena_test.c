/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <limits.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/block.h"
#include "base/fmt.h"
#include "base/mem.h"

/* Blocks go round: what a new arena gives out is zeroed, whatever stood there. */
static void recycled(void **state)
{
	(void)state;
	for (int round = 0; round < 300; round++) {
		struct arena *a = arena_new(0), *b = arena_new(0);

		for (size_t n = 1; n < 6000; n = n * 3 + 1) {
			char *p = arena_alloc(round & 1 ? a : b, n);

			assert_non_null(p);
			for (size_t i = 0; i < n; i++)
				assert_int_equal(p[i], 0);
			memset(p, 0x5a, n);
		}
		arena_free(&a);
		assert_null(a);
		arena_free(&b);
	}
	assert_int_equal(arena_count(), 0);
	assert_int_equal(mem_blocks(), 0);
	block_thread_fini();
	assert_int_equal(mem_blocks(), 0);
	assert_int_equal(mem_bytes(), 0);
}

static void bounded(void **state)
{
	struct arena *a = arena_new(1000);

	(void)state;
	assert_non_null(arena_alloc(a, 900));
	assert_null(arena_alloc(a, 200));
	arena_reset(a);
	assert_non_null(arena_alloc(a, 900));
	assert_null(str_dup(a, str_make("x", 500)).p);
	arena_free(&a);
}

/* A failing allocation reaches arenas although blocks are kept. */
static void fails(void **state)
{
	struct arena *a = arena_new(0);

	(void)state;
	arena_free(&a);
	mem_fail_nth(1);
	assert_null(arena_new(0));
	a = arena_new(0);
	assert_non_null(a);
	arena_free(&a);
}

static void same(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void same(const char *fmt, ...)
{
	char want[600], got[600];

	for (size_t size = 0; size <= sizeof(got); size = size ? size * 7 : 1) {
		va_list ap;
		int n, m;

		memset(want, '#', sizeof(want));
		memset(got, '#', sizeof(got));
		va_start(ap, fmt);
		n = vsnprintf(want, size, fmt, ap);
		va_end(ap);
		va_start(ap, fmt);
		m = fmt_print(got, size, fmt, ap);
		va_end(ap);
		assert_int_equal(n, m);
		assert_memory_equal(want, got, sizeof(want));
	}
}

/* What is done here is what the C library does. */
static void prints(void **state)
{
	(void)state;
	same("plain");
	same("%%%c%c", 'a', 'b');
	same("%s|%.*s|%.*s", "text", 3, "abcdef", 9, "abc");
	same("%d %d %d %u %x", 0, INT_MIN, INT_MAX, UINT_MAX, 0xbeefu);
	same("%lld %lld %llu %llx", LLONG_MIN, LLONG_MAX, ULLONG_MAX, ULLONG_MAX);
	same("%ld %lu %zu %lx", LONG_MIN, ULONG_MAX, SIZE_MAX, 5ul);
	same("%5d|%-4s|%02x|%f", 42, "a", 7, 1.5); /* not ours: goes to vsnprintf */
	same("%d then %p", 3, (void *)0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(recycled), cmocka_unit_test(bounded),
					   cmocka_unit_test(fails), cmocka_unit_test(prints)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
