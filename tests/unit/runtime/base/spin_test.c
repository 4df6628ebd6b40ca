/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that count together miss nothing, also when who holds the lock has to wait. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>

#include "base/spin.h"

enum { THREADS = 4, ROUNDS = 20000 };

static struct shared {
	struct spin lock;
	uint64_t n, odd;
} shared;

static void *count(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		spin_lock(&shared.lock);
		shared.n++;
		if (i % 512 == 0)
			sched_yield(); /* others come meanwhile */
		shared.odd += shared.n & 1;
		spin_unlock(&shared.lock);
	}
	return arg;
}

static void threads_count_together(void **state)
{
	pthread_t t[THREADS];

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, count, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	assert_int_equal(shared.n, THREADS * ROUNDS);
	assert_int_equal(shared.odd, THREADS * ROUNDS / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(threads_count_together)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
