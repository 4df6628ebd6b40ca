/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many calls at once, for days of simulated time, with 5% loss: pairs of phones call each other through
 * Debian's script, each pair driven by a fiber of the phones' worker. Calls are answered, rejected,
 * cancelled or left ringing by chance. At the end nothing is left, every phone has seen what it should,
 * and on the way the server never holds more than its pairs explain. CALLS=n (make check-soak).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/fiber.h"
#include "lab.h"

enum { PAIRS = 60, REGISTER_S = 3000, POLL_MS = 20, ARENAS_PER_PAIR = 120 };

static struct lab lab;
static const struct program *stock;
static unsigned calls_left, talked, rejected, cancelled, unanswered, wrong, alive;
static char first_wrong[200];

struct pair {
	struct ua *a, *b;
	char name[16];
	unsigned number;
};

static uint64_t draw(uint64_t n)
{
	return world_random_u64(lab.world) % n;
}

static int await(const int *v, unsigned limit_ms)
{
	for (unsigned t = 0; !*v && t < limit_ms; t += POLL_MS)
		fiber_sleep_await(POLL_MS);
	return *v;
}

static bool await_count(const unsigned *v, unsigned n, unsigned limit_ms)
{
	for (unsigned t = 0; *v < n && t < limit_ms; t += POLL_MS)
		fiber_sleep_await(POLL_MS);
	return *v >= n;
}

static void check(const struct pair *p, const char *what, bool ok)
{
	if (!ok && wrong++ == 0)
		snprintf(first_wrong, sizeof(first_wrong), "%s of %s at %llu ms: invited %d, bye %d, cancel %d", what,
			 p->name, (unsigned long long)(sim_now(lab.sim) / 1000), p->a->invited, p->a->bye,
			 p->a->cancel);
}

static void talk(struct pair *p)
{
	unsigned acks = p->b->got_ack;

	p->b->manners = (struct ua_manners){.ring_ms = (int)draw(300), .final = 200, .final_ms = 300 + (int)draw(2000)};
	ua_invite(p->a, p->name, 70);
	check(p, "answer", await(&p->a->invited, 60000) == 200);
	check(p, "ack", await_count(&p->b->got_ack, acks + 1, 40000));
	fiber_sleep_await(500 + (uint32_t)draw(5000));
	if (draw(2)) {
		ua_bye(p->a);
		check(p, "bye", await(&p->a->bye, 40000) == 200);
	} else {
		ua_bye(p->b);
		check(p, "callee's bye", await(&p->b->bye, 40000) == 200);
	}
	talked++;
}

static void reject(struct pair *p)
{
	p->b->manners = (struct ua_manners){.ring_ms = -1, .final = 486, .final_ms = (int)draw(1000)};
	ua_invite(p->a, p->name, 70);
	check(p, "rejection", await(&p->a->invited, 60000) == 486);
	rejected++;
}

static void cancel(struct pair *p)
{
	p->b->manners = (struct ua_manners){.ring_ms = (int)draw(2000)};
	ua_invite(p->a, p->name, 70);
	await_count(&p->a->provisional, 1, 40000);
	fiber_sleep_await((uint32_t)draw(1500));
	ua_cancel(p->a);
	check(p, "cancel", await(&p->a->cancel, 40000) == 200);
	check(p, "cancelled call", await(&p->a->invited, 60000) == 487);
	cancelled++;
}

static void ring_out(struct pair *p)
{
	p->b->manners = (struct ua_manners){.ring_ms = 100};
	ua_invite(p->a, p->name, 70);
	check(p, "timeout", await(&p->a->invited, 200000) == 408);
	unanswered++;
}

static void run_pair(void *arg)
{
	struct pair *p = arg;
	uint64_t registered = 0;

	alive++;
	fiber_sleep_await(1 + (uint32_t)draw(5000));
	while (calls_left) {
		unsigned kind = (unsigned)draw(100);

		if (!registered || sim_now(lab.sim) - registered > REGISTER_S * 1000000ull) {
			ua_register(p->b, UA_OWN, 3600);
			check(p, "registration", await(&p->b->registered, 40000) == 200);
			registered = sim_now(lab.sim);
		}
		calls_left--;
		if (kind < 70)
			talk(p);
		else if (kind < 85)
			reject(p);
		else if (kind < 99)
			cancel(p);
		else
			ring_out(p);
		fiber_sleep_await(6000 + (uint32_t)draw(6000)); /* the phone's transactions end */
	}
	ua_register(p->b, UA_STAR, 0);
	check(p, "leaving", await(&p->b->registered, 40000) == 200);
	alive--;
}

static void soak(unsigned calls, unsigned workers)
{
	static struct pair pairs[PAIRS];
	struct lab_opts o = {.seed = calls + workers, .link = lab_bad, .workers = workers};
	struct offline_left left;
	int64_t most = 0;
	char why[400] = "";

	calls_left = calls;
	talked = rejected = cancelled = unanswered = wrong = alive = 0;
	assert_int_equal(lab_begin(&lab, stock, &o), 0);
	for (unsigned i = 0; i < PAIRS; i++) {
		struct pair *p = &pairs[i];

		snprintf(p->name, sizeof(p->name), "user%u", i);
		p->a = lab_phone(&lab, "caller");
		p->b = lab_phone(&lab, p->name);
		assert_int_equal(fiber_spawn(lab.worker, run_pair, p), 0);
	}
	do {
		lab_run_ms(&lab, 10000);
		offline_left(lab.server, &left);
		if (left.arenas > most)
			most = left.arenas;
	} while (alive);
	print_message("%u talked, %u rejected, %u cancelled, %u rang out; %.1f h simulated, %llu messages, at most %lld "
		      "arenas\n",
		      talked, rejected, cancelled, unanswered, (double)sim_now(lab.sim) / 3.6e9,
		      (unsigned long long)lab.sent, (long long)most);
	assert_int_equal(talked + rejected + cancelled + unanswered, calls);
	assert_true(most < PAIRS * ARENAS_PER_PAIR);
	if (wrong)
		fail_msg("%u things went wrong, first: %s", wrong, first_wrong);
	if (!lab_settle(&lab, why, sizeof(why)))
		fail_msg("%s", why);
	for (unsigned i = 0; i < lab.n_phones; i++)
		if (lab.phone[i].odd || lab.phone[i].unacked)
			fail_msg("phone %u saw %u odd things, %u answers had no ACK", i, lab.phone[i].odd,
				 lab.phone[i].unacked);
	if (!lab_end(&lab, why, sizeof(why)))
		fail_msg("%s", why);
}

static unsigned calls(void)
{
	const char *s = getenv("CALLS");

	return s && *s ? (unsigned)strtoul(s, NULL, 10) : 1000;
}

static void test_one_worker(void **state)
{
	(void)state;
	soak(calls(), 1);
}

static void test_two_workers(void **state)
{
	(void)state;
	soak(calls() / 4 + 1, 2);
}

static int compile(void **state)
{
	(void)state;
	stock = lab_compile("/etc/kamailio/kamailio.cfg");
	return stock ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_worker),
		cmocka_unit_test(test_two_workers),
	};

	setvbuf(stdout, NULL, _IOLBF, 0);
	return cmocka_run_group_tests_name("soak", tests, compile, NULL);
}
