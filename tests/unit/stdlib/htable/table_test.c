/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>

#include "base/bug.h"
#include "base/mem.h"
#include "htable/table.h"

enum { NOW = 1000000 };

static struct ht_table *table(const char *spec)
{
	struct ht_spec s;

	assert_int_equal(ht_spec_parse(str_of(spec), &s), 0);
	assert_int_equal(ht_declare(&s), 0);
	return ht_find(s.name);
}

static int setup(void **state)
{
	(void)state;
	ht_set_limits(&(struct ht_limits){1000000, 512 << 20});
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ht_free_all();
	return mem_blocks() == 0 ? 0 : -1; /* nothing leaked */
}

static int set(struct ht_table *t, const char *key, const char *text)
{
	struct value v = value_str(str_of(text));

	return ht_set(t, str_of(key), &v, NOW, HT_BY_TABLE);
}

/* All that is due, in bites of 4. */
static size_t expire(struct ht_table *t, int64_t now, struct arena *a, struct ht_entry out[4])
{
	size_t n, all = 0;
	bool more = true;

	while (more) {
		more = ht_expire(t, now, 4, a, out, &n);
		all += n;
	}
	return all;
}

static void declarations(void **state)
{
	struct ht_spec s;

	(void)state;
	assert_int_equal(ht_spec_parse(S("a=>size=8;autoexpire=5;updateexpire=0;initval=-1"), &s), 0);
	assert_int_equal(s.slots, 256);
	assert_int_equal(s.autoexpire, 5);
	assert_false(s.updateexpire);
	assert_true(s.has_init && s.init == -1);
	assert_int_equal(ht_spec_parse(S("a=>size=1;"), &s), 0);
	assert_int_equal(s.slots, 8);
	assert_int_equal(ht_spec_parse(S("a=>size=40;"), &s), 0);
	assert_int_equal(s.slots, 16384);
	assert_int_equal(ht_spec_parse(S("a;"), &s), RT_E_PARSE);
	assert_int_equal(ht_spec_parse(S("=>size=4;"), &s), RT_E_PARSE);
	assert_int_equal(ht_spec_parse(S("a=>size=x;"), &s), RT_E_PARSE);
	assert_int_equal(ht_spec_parse(S("a=>sise=4;"), &s), RT_E_PARSE);
	assert_int_equal(ht_spec_parse(S("a=>dbtable=x;"), &s), 0);
	assert_true(str_eq(s.dbtable, S("x")));
	assert_int_equal(ht_spec_parse(S("a=>dmqreplicate=1;"), &s), RT_E_UNSUPP);
	table("a=>size=4;");
	assert_int_equal(ht_declare(&(struct ht_spec){.name = S("a"), .slots = 4}), RT_E_EXIST);
	assert_null(ht_find(S("b")));
}

static void expiry(void **state)
{
	struct ht_table *t = table("e=>size=4;autoexpire=10;");
	struct arena *a = arena_new(0);
	struct ht_entry out[4];
	struct value v;

	(void)state;
	assert_int_equal(set(t, "k", "text"), 0);
	assert_int_equal(ht_left(t, S("k"), NOW + 3), 7);
	assert_int_equal(ht_get(t, S("k"), NOW + 10, a, &v), 0);
	assert_true(value_is_str(&v));
	assert_int_equal(ht_get(t, S("k"), NOW + 11, a, &v), 0);
	assert_int_equal(v.tag, VAL_NULL);
	assert_int_equal(expire(t, NOW + 10, a, out), 0);
	assert_int_equal(expire(t, NOW + 11, a, out), 1);
	assert_true(str_eq(out[0].key, S("k")) && str_eq(out[0].value.s, S("text")));
	assert_int_equal(ht_items(t), 0);
	/* longer than the finest slots reach */
	assert_int_equal(set(t, "long", "x"), 0);
	assert_int_equal(ht_set_left(t, S("long"), 5000, NOW), 0);
	for (int i = 0; i < 5000; i += 7)
		assert_int_equal(expire(t, NOW + i, NULL, NULL), 0);
	assert_int_equal(expire(t, NOW + 5001, NULL, NULL), 1);
	arena_free(&a);
}

static void budget(void **state)
{
	struct ht_table *t = table("b=>size=4;");
	char key[16];

	(void)state;
	ht_set_limits(&(struct ht_limits){100, 512 << 20});
	for (int i = 0; i < 100; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		assert_int_equal(set(t, key, "v"), 0);
	}
	assert_int_equal(set(t, "more", "v"), RT_E_LIMIT);
	assert_int_equal(set(t, "k5", "changed"), 0); /* what is there can be changed */
	assert_true(ht_remove(t, S("k6")));
	assert_int_equal(set(t, "more", "v"), 0);
	ht_set_limits(&(struct ht_limits){1000, 1});
	assert_int_equal(set(t, "bytes", "v"), RT_E_LIMIT);
	assert_int_equal(ht_items(t), 100);
}

/* Every allocation on the way of a new item fails once: no item, no leak, and it works afterwards. */
static void memory_out(void **state)
{
	struct ht_table *t = table("m=>size=4;");

	(void)state;
	for (int n = 1; n <= 2; n++) {
		mem_fail_nth((uint64_t)n);
		assert_int_equal(set(t, "key", "value"), RT_E_NOMEM);
		assert_int_equal(ht_items(t), 0);
	}
	mem_fail_nth(0);
	assert_int_equal(set(t, "key", "value"), 0);
}

static void a_million(void **state)
{
	struct ht_table *t = table("big=>size=8;autoexpire=3600;");
	struct arena *a = arena_new(0);
	struct value v = value_int(1);
	char key[32];
	size_t n;

	(void)state;
	for (int i = 0; i < 1000000; i++) {
		int len = snprintf(key, sizeof(key), "user%d@example.org", i);

		assert_int_equal(ht_set(t, str_make(key, (size_t)len), &v, NOW + i % 1000, HT_BY_TABLE), 0);
	}
	assert_int_equal(ht_items(t), 1000000);
	assert_int_equal(ht_get(t, S("user999999@example.org"), NOW, a, &v), 0);
	assert_int_equal(v.i, 1);
	while (ht_expire(t, NOW + 10000, 1000, NULL, NULL, &n))
		assert_true(n <= 1000);
	assert_int_equal(ht_items(t), 0);
	arena_free(&a);
}

enum { THREADS = 4, ROUNDS = 20000 };

static void *hammer(void *arg)
{
	struct ht_table *t = arg;
	struct arena *a = arena_new(0);
	struct value v;
	int64_t n;

	for (int i = 0; i < ROUNDS; i++) {
		assert_int_equal(ht_add(t, S("sum"), 1, NOW, &n), 0);
		assert_int_equal(set(t, i % 2 ? "x" : "y", i % 3 ? "short" : "a somewhat longer text"), 0);
		assert_int_equal(ht_get(t, S("x"), NOW, a, &v), 0);
		if (i % 5 == 0)
			ht_remove(t, S("y"));
		arena_reset(a);
	}
	arena_free(&a);
	return NULL;
}

static void threads(void **state)
{
	struct ht_table *t = table("t=>size=4;initval=0;");
	pthread_t th[THREADS];
	struct value v;

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&th[i], NULL, hammer, t), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(th[i], NULL);
	assert_int_equal(ht_get(t, S("sum"), NOW, NULL, &v), 0);
	assert_int_equal(v.i, THREADS * ROUNDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(declarations, setup, teardown),
		cmocka_unit_test_setup_teardown(expiry, setup, teardown),
		cmocka_unit_test_setup_teardown(budget, setup, teardown),
		cmocka_unit_test_setup_teardown(memory_out, setup, teardown),
		cmocka_unit_test_setup_teardown(a_million, setup, teardown),
		cmocka_unit_test_setup_teardown(threads, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
