/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker's loop gives the code that runs in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/lane.h"
#include "core/worker.h"
#include "world/world_real.h"

static void note_lane(struct worker *w, void *arg)
{
	*(unsigned *)arg = lane_mine;
	worker_stop(w);
}

/* Without one each sum of a message would be a locked instruction. */
static void a_running_worker_has_a_lane(void **state)
{
	struct world *world;
	struct worker *w;
	unsigned lane = 0;

	(void)state;
	assert_int_equal(world_real_new(&world), 0);
	assert_int_equal(worker_new(world, 0, 1, &w), 0);
	assert_int_equal(worker_post(w, note_lane, &lane), 0);
	worker_run(w);
	assert_int_not_equal(lane, 0);
	assert_int_equal(lane_mine, 0);
	worker_free(&w);
	world_free(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_running_worker_has_a_lane)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
