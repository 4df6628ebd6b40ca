/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/due.h"
#include "base/list.h"

enum { N = 5000 };

struct thing {
	struct due_node node;
	int64_t due; /* 0: in no wheel */
};

static uint64_t seed = 1;

static uint64_t random_below(uint64_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % n;
}

/* Seconds, minutes, hours, days, weeks ahead. */
static int64_t some_time(int64_t now)
{
	static const uint32_t range[] = {3, 60, 4000, 90000, 2000000};

	return now + (int64_t)random_below(range[random_below(5)]);
}

/* Against a plain array: what is due comes out, all of it, nothing else, within the budget. */
static void like_a_list(void **state)
{
	static struct thing all[N];
	static const uint32_t jump[] = {1, 2, 70, 5000, 300000};
	int64_t now = 1700000000;
	struct due d = {0};

	(void)state;
	for (int round = 0; round < 3000; round++) {
		uint32_t budget = 1 + (uint32_t)random_below(50), left;
		struct due_node *n;

		for (int k = 0; k < 20; k++) {
			struct thing *x = &all[random_below(N)];

			if (random_below(3) == 0) {
				x->due = some_time(now);
				due_move(&d, &x->node, x->due, now);
				continue;
			}
			due_del(&d, &x->node);
			x->due = 0;
			if (random_below(4) == 0)
				continue;
			x->due = some_time(now);
			due_add(&d, &x->node, x->due, now);
		}
		now += jump[random_below(round % 10 ? 2 : 5)];
		do { /* the budget runs out again and again */
			uint32_t taken = 0;

			left = budget;
			while ((n = due_take(&d, now, &left)) != NULL) {
				struct thing *x = container_of(n, struct thing, node);

				assert_in_range(x->due, 1, now);
				x->due = 0;
				taken++;
			}
			assert_true(taken + left <= budget);
		} while (left == 0);
		for (int k = 0; k < N; k++)
			assert_true(!all[k].due || all[k].due > now);
	}
	assert_true(d.n > 0);
}

/* A slot full of what is not due yet costs a sweep nothing (it was looked through from its head before). */
static void waiting_costs_nothing(void **state)
{
	static struct thing all[N];
	struct due d = {0};
	uint32_t budget = N * DUE_LEVELS, before;

	(void)state;
	for (int k = 0; k < N; k++)
		due_add(&d, &all[k].node, 1000 + 3600, 1000);
	for (int64_t now = 1000; now < 1000 + 3600; now++)
		assert_null(due_take(&d, now, &budget));
	assert_in_range(budget, N, N * DUE_LEVELS); /* each moved at most twice in the hour */
	before = budget;
	for (int64_t now = 1000 + 3599; now > 1000 + 3599 - 100; now--)
		assert_null(due_take(&d, now, &budget));
	assert_int_equal(budget, before);
	for (int k = 0; k < N; k++)
		assert_non_null(due_take(&d, 1000 + 3600, &budget));
	assert_int_equal(d.n, 0);
}

/* A clock set back: what was due then waits until it is there again, and nothing is lost. */
static void set_back(void **state)
{
	struct due d = {0};
	struct thing a = {0}, b = {0};
	uint32_t budget = 100;

	(void)state;
	due_add(&d, &a.node, 900000, 500000);
	assert_null(due_take(&d, 600000, &budget));
	due_add(&d, &b.node, 1100, 1000);
	assert_ptr_equal(due_take(&d, 600001, &budget), &b.node);
	assert_null(due_take(&d, 899999, &budget));
	assert_ptr_equal(due_take(&d, 900000, &budget), &a.node);
	due_add(&d, &b.node, 1100, 1000); /* an empty wheel goes by the new time */
	assert_ptr_equal(due_take(&d, 1100, &budget), &b.node);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(like_a_list),
		cmocka_unit_test(waiting_costs_nothing),
		cmocka_unit_test(set_back),
	};

	return cmocka_run_group_tests_name("due", tests, NULL, NULL);
}
