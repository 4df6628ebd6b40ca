/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Debian's script with phones, in simulated time: each case on a good link, then on a bad one under many
 * seeds (RUNS, else a few). After each run nothing may be left of the server. A failure names its seed;
 * SIM_SEED=n runs that one alone, SIM_SHOW=1 prints the messages; SIM_FROM=n begins there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab.h"

static const struct program *stock;

/* Everything a case asks is checked here; the first thing that is not so ends the case. */
#define WANT(cond)                                                                                                     \
	do {                                                                                                           \
		if (!(cond)) {                                                                                         \
			snprintf(why, size, "%s:%d: not so: %s", __func__, __LINE__, #cond);                           \
			return false;                                                                                  \
		}                                                                                                      \
	} while (0)

enum { SOON = 40000, LONG = 200000 }; /* ms: one transaction; the longest timers of the script */

typedef bool case_fn(struct lab *l, char *why, size_t size);

static bool registered(struct lab *l, struct ua *u)
{
	ua_register(u, UA_OWN, 3600);
	return lab_wait(l, &u->registered, SOON) == 200 && u->contacts >= 1;
}

static bool unregistered(struct lab *l, struct ua *u)
{
	ua_register(u, UA_STAR, 0);
	return lab_wait(l, &u->registered, SOON) == 200 && u->contacts == 0;
}

static bool options(struct lab *l, char *why, size_t size)
{
	struct ua *a = lab_phone(l, "alice");
	char uri[80];

	snprintf(uri, sizeof(uri), "sip:%s", a->domain);
	ua_options(a, uri);
	WANT(lab_wait(l, &a->options, SOON) == 200);
	return true;
}

static bool registration(struct lab *l, char *why, size_t size)
{
	struct ua *a = lab_phone(l, "alice");
	struct offline_left n;

	WANT(registered(l, a));
	lab_run_ms(l, 2000);
	WANT(registered(l, a)); /* refresh */
	WANT(a->contacts == 1);
	ua_register(a, UA_QUERY, 0);
	WANT(lab_wait(l, &a->registered, SOON) == 200 && a->contacts == 1);
	ua_register(a, UA_OWN, 0);
	WANT(lab_wait(l, &a->registered, SOON) == 200 && a->contacts == 0);
	WANT(registered(l, a));
	WANT(unregistered(l, a));
	ua_register(a, UA_OWN, 60); /* and one that is left to expire */
	WANT(lab_wait(l, &a->registered, SOON) == 200);
	lab_run_ms(l, 200000);
	offline_left(l->server, &n);
	WANT(n.contacts == 0);
	return true;
}

/* alice calls bob; both are talking. */
static bool talking(struct lab *l, struct ua *a, struct ua *b)
{
	ua_invite(a, "bob", 70);
	return lab_wait_state(l, a, UA_TALKING, LONG) && a->invited == 200 && lab_wait_count(l, &b->got_ack, 1, SOON);
}

static bool answered_bye(struct lab *l, char *why, size_t size)
{
	struct ua *a = lab_phone(l, "alice"), *b = lab_phone(l, "bob");

	WANT(registered(l, b));
	WANT(talking(l, a, b));
	WANT(b->got_invite == 1);
	lab_run_ms(l, 3000);
	ua_bye(a);
	WANT(lab_wait(l, &a->bye, SOON) == 200);
	WANT(b->got_bye == 1);
	WANT(unregistered(l, b));
	return true;
}

static bool answered_bye_callee(struct lab *l, char *why, size_t size)
{
	struct ua *a = lab_phone(l, "alice"), *b = lab_phone(l, "bob");

	WANT(registered(l, b));
	WANT(talking(l, a, b));
	lab_run_ms(l, 1000);
	ua_bye(b);
	WANT(lab_wait(l, &b->bye, SOON) == 200);
	WANT(a->got_bye == 1);
	WANT(unregistered(l, b));
	return true;
}

static bool reinvites(struct lab *l, char *why, size_t size)
{
	struct ua *a = lab_phone(l, "alice"), *b = lab_phone(l, "bob");

	WANT(registered(l, b));
	WANT(talking(l, a, b));
	ua_reinvite(a);
	WANT(lab_wait(l, &a->invited, SOON) == 200);
	WANT(lab_wait_count(l, &b->got_ack, 2, SOON));
	ua_reinvite(b);
	WANT(lab_wait(l, &b->invited, SOON) == 200);
	WANT(lab_wait_count(l, &a->got_ack, 1, SOON));
	WANT(a->got_reinvite == 1 && b->got_reinvite == 1);
	ua_bye(b);
	WANT(lab_wait(l, &b->bye, SOON) == 200);
	WANT(unregistered(l, b));
	return true;
}

static bool rejected(struct lab *l, char *why, size_t size)
{
	struct ua *a = lab_phone(l, "alice"), *b = lab_phone(l, "bob");

	b->manners.final = 486;
	WANT(registered(l, b));
	ua_invite(a, "bob", 70);
	WANT(lab_wait(l, &a->invited, LONG) == 486);
	WANT(lab_wait_count(l, &b->got_ack, 1, SOON));
	WANT(unregistered(l, b));
	return true;
}

static bool no_answer(struct lab *l, char *why, size_t size)
{
	struct ua *a = lab_phone(l, "alice"), *b = lab_phone(l, "bob");

	b->manners.final = 0;
	WANT(registered(l, b));
	ua_invite(a, "bob", 70);
	WANT(lab_wait(l, &a->invited, LONG) == 408);
	WANT(lab_wait_count(l, &b->got_cancel, 1, SOON));
	WANT(unregistered(l, b));
	return true;
}

static bool silent(struct lab *l, char *why, size_t size)
{
	struct ua *a = lab_phone(l, "alice"), *b = lab_phone(l, "bob");

	WANT(registered(l, b));
	b->manners.silent = true;
	ua_invite(a, "bob", 70);
	WANT(lab_wait(l, &a->invited, LONG) == 408);
	b->manners.silent = false;
	WANT(unregistered(l, b));
	return true;
}

/* before: bob has not rung yet; the server holds the CANCEL until he does. */
static bool cancel_when(struct lab *l, bool before, char *why, size_t size)
{
	struct ua *a = lab_phone(l, "alice"), *b = lab_phone(l, "bob");

	b->manners.final = 0;
	b->manners.ring_ms = before ? 3000 : 100;
	WANT(registered(l, b));
	ua_invite(a, "bob", 70);
	if (before) {
		WANT(lab_wait_count(l, &a->provisional, 1, SOON));
	} else {
		WANT(lab_wait_count(l, &b->got_invite, 1, SOON));
		WANT(lab_wait_count(l, &a->provisional, 1, SOON));
		lab_run_ms(l, 1000);
	}
	ua_cancel(a);
	WANT(lab_wait(l, &a->cancel, SOON) == 200);
	WANT(lab_wait(l, &a->invited, LONG) == 487);
	WANT(lab_wait_count(l, &b->got_cancel, 1, SOON));
	WANT(lab_wait_count(l, &b->got_ack, 1, SOON));
	WANT(unregistered(l, b));
	return true;
}

static bool cancel_before(struct lab *l, char *why, size_t size)
{
	return cancel_when(l, true, why, size);
}

static bool cancel_ringing(struct lab *l, char *why, size_t size)
{
	return cancel_when(l, false, why, size);
}

static bool forked(struct lab *l, char *why, size_t size)
{
	struct ua *a = lab_phone(l, "alice"), *b = lab_phone(l, "bob"), *c = lab_phone(l, "bob");

	c->manners.final = 0;
	WANT(registered(l, b));
	WANT(registered(l, c));
	WANT(c->contacts == 2);
	ua_invite(a, "bob", 70);
	WANT(lab_wait_state(l, a, UA_TALKING, LONG));
	WANT(lab_wait_count(l, &b->got_ack, 1, SOON));
	WANT(lab_wait_count(l, &c->got_cancel, 1, SOON));
	WANT(lab_wait_count(l, &c->got_ack, 1, SOON));
	ua_bye(a);
	WANT(lab_wait(l, &a->bye, SOON) == 200);
	WANT(b->got_bye == 1 && c->got_bye == 0);
	WANT(unregistered(l, b));
	return true;
}

static bool forked_rejected(struct lab *l, char *why, size_t size)
{
	struct ua *a = lab_phone(l, "alice"), *b = lab_phone(l, "bob"), *c = lab_phone(l, "bob");

	b->manners.final = 486;
	c->manners.final = 603;
	c->manners.final_ms = 2000;
	WANT(registered(l, b));
	WANT(registered(l, c));
	ua_invite(a, "bob", 70);
	WANT(lab_wait(l, &a->invited, LONG) == 603);
	WANT(lab_wait_count(l, &b->got_ack, 1, SOON));
	WANT(lab_wait_count(l, &c->got_ack, 1, SOON));
	WANT(unregistered(l, b));
	return true;
}

static bool unknown_user(struct lab *l, char *why, size_t size)
{
	struct ua *a = lab_phone(l, "alice");

	ua_invite(a, "nobody", 70);
	WANT(lab_wait(l, &a->invited, LONG) == 404);
	return true;
}

static bool too_many_hops(struct lab *l, char *why, size_t size)
{
	struct ua *a = lab_phone(l, "alice");

	ua_invite(a, "bob", 0);
	WANT(lab_wait(l, &a->invited, LONG) == 483);
	return true;
}

/* ---- running them ---- */

static bool phones_content(const struct lab *l, char *why, size_t size)
{
	for (unsigned i = 0; i < l->n_phones; i++) {
		const struct ua *u = &l->phone[i];

		if (u->odd || u->unacked) {
			snprintf(why, size, "phone %u (%s) saw %u odd things, %u answers had no ACK", i, u->user, u->odd,
				 u->unacked);
			return false;
		}
	}
	return true;
}

static bool run(case_fn *fn, const struct lab_opts *o, uint64_t *digest, char *why, size_t size)
{
	static struct lab l;
	char more[400] = "";
	bool ok;

	if (lab_begin(&l, stock, o)) {
		snprintf(why, size, "the server does not start");
		return false;
	}
	ok = fn(&l, why, size) && lab_settle(&l, why, size) && phones_content(&l, why, size);
	if (ok && l.n_lines) {
		snprintf(why, size, "the log says: %s", l.line[0]);
		ok = false;
	}
	if (digest)
		*digest = l.digest;
	if (!lab_end(&l, more, sizeof(more)) && ok) {
		snprintf(why, size, "%s", more);
		ok = false;
	}
	return ok;
}

/* Transports, address families and numbers of workers take turns with the seed; streams lose nothing. */
static struct lab_opts variant(uint64_t seed)
{
	return (struct lab_opts){.seed = seed, .link = lab_bad, .ipv6 = seed % 5 == 4,
				 .proto = seed % 7 == 6 ? PROTO_TCP : PROTO_UDP, .workers = seed % 3 == 2 ? 2 : 1};
}

static void many(case_fn *fn)
{
	const char *only = getenv("SIM_SEED"), *first = getenv("SIM_FROM");
	uint64_t from = only || first ? strtoull(only ? only : first, NULL, 10) : 0;
	uint64_t to = only ? from : lab_runs(10);
	char why[600] = "";

	for (uint64_t seed = from; seed <= to; seed++) {
		struct lab_opts o = variant(seed);

		if (seed == 0)
			o.link = lab_good;
		if (!run(fn, &o, NULL, why, sizeof(why)))
			fail_msg("SIM_SEED=%llu %s", (unsigned long long)seed, why);
	}
}

#define CASE(x)                                                                                                        \
	static void test_##x(void **state)                                                                             \
	{                                                                                                              \
		(void)state;                                                                                           \
		many(x);                                                                                               \
	}
CASE(options)
CASE(registration)
CASE(answered_bye)
CASE(answered_bye_callee)
CASE(reinvites)
CASE(rejected)
CASE(no_answer)
CASE(silent)
CASE(cancel_before)
CASE(cancel_ringing)
CASE(forked)
CASE(forked_rejected)
CASE(unknown_user)
CASE(too_many_hops)

/* The same seed is the same run, down to the microsecond and the byte. */
static void test_same(void **state)
{
	char why[600] = "";
	uint64_t first, again, other;
	struct lab_opts o = {.seed = 42, .link = lab_bad}, p = {.seed = 43, .link = lab_bad};

	(void)state;
	assert_true(run(forked, &o, &first, why, sizeof(why)));
	assert_true(run(forked, &p, &other, why, sizeof(why)));
	assert_true(run(forked, &o, &again, why, sizeof(why)));
	assert_true(first == again);
	assert_true(first != other);
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
		cmocka_unit_test(test_options),		cmocka_unit_test(test_registration),
		cmocka_unit_test(test_answered_bye),	cmocka_unit_test(test_answered_bye_callee),
		cmocka_unit_test(test_reinvites),	cmocka_unit_test(test_rejected),
		cmocka_unit_test(test_no_answer),	cmocka_unit_test(test_silent),
		cmocka_unit_test(test_cancel_before),	cmocka_unit_test(test_cancel_ringing),
		cmocka_unit_test(test_forked),		cmocka_unit_test(test_forked_rejected),
		cmocka_unit_test(test_unknown_user),	cmocka_unit_test(test_too_many_hops),
		cmocka_unit_test(test_same),
	};

	setvbuf(stdout, NULL, _IOLBF, 0);
	return cmocka_run_group_tests_name("calls", tests, compile, NULL);
}
