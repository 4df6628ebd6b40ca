/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/hashtab.h"
#include "base/list.h"
#include "base/mem.h"

enum { MANY = 1000000, DEAREST = 16 };

struct thing {
	struct hashtab_node node;
	uint32_t id;
};

static uint64_t hash_of(uint32_t id)
{
	return hash_str(str_make((const char *)&id, sizeof(id)));
}

static struct thing *find(const struct hashtab *h, uint32_t id)
{
	struct hashtab_node *n = hashtab_find(h, hash_of(id));

	while (n && container_of(n, struct thing, node)->id != id)
		n = hashtab_find_next(n);
	return n ? container_of(n, struct thing, node) : NULL;
}

/* Steps, not times: no insertion among a million looks at more than a chain. */
static void growth_is_spread(void **state)
{
	struct thing *all = mem_calloc(MANY, sizeof(*all));
	struct hashtab h = {0};
	uint64_t before, most = 0;

	(void)state;
	for (uint32_t i = 0; i < MANY; i++) {
		before = h.moved;
		all[i].id = i;
		hashtab_add(&h, &all[i].node, hash_of(i));
		most = h.moved - before > most ? h.moved - before : most;
	}
	assert_int_equal(h.n, MANY);
	assert_true(hashtab_buckets(&h) >= MANY);
	assert_in_range(most, 1, DEAREST);
	for (size_t i = 0; i < hashtab_buckets(&h); i++) {
		size_t n = 0;

		for (struct hashtab_node *x = hashtab_chain(&h, i); x; x = x->next)
			n++;
		assert_in_range(n, 0, DEAREST);
	}
	for (uint32_t i = 0; i < MANY; i++)
		assert_ptr_equal(find(&h, i), &all[i]);
	assert_null(find(&h, MANY));
	for (uint32_t i = 0; i < MANY; i += 2)
		hashtab_del(&h, &all[i].node);
	hashtab_del(&h, &all[0].node); /* once more does no harm */
	for (uint32_t i = 0; i < MANY; i++)
		assert_ptr_equal(find(&h, i), i & 1 ? &all[i] : NULL);
	assert_int_equal(h.n, MANY / 2);
	hashtab_fini(&h);
	mem_free(&all);
	assert_int_equal(mem_blocks(), 0);
}

/* Of one hash: newest first, before and after their chain was split. */
static void same_hash(void **state)
{
	struct thing same[40], other[400];
	struct hashtab h = {0};
	int i = 40;

	(void)state;
	for (int k = 0; k < 40; k++)
		hashtab_add(&h, &same[k].node, 7);
	for (unsigned k = 0; k < 400; k++)
		hashtab_add(&h, &other[k].node, 1000 + k);
	for (struct hashtab_node *n = hashtab_find(&h, 7); n; n = hashtab_find_next(n))
		assert_ptr_equal(n, &same[--i].node);
	assert_int_equal(i, 0);
	hashtab_fini(&h);
}

static void without_memory(void **state)
{
	struct thing all[1000];
	struct hashtab h = {0};

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		all[i].id = i;
		mem_fail_nth(i < 900);
		hashtab_add(&h, &all[i].node, hash_of(i));
		mem_fail_nth(0);
		for (uint32_t k = 0; k <= i; k += 97)
			assert_ptr_equal(find(&h, k), &all[k]);
	}
	hashtab_fini(&h);
	assert_int_equal(mem_blocks(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(growth_is_spread),
		cmocka_unit_test(same_hash),
		cmocka_unit_test(without_memory),
	};

	return cmocka_run_group_tests_name("hashtab", tests, NULL, NULL);
}
