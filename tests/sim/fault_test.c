/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Nth allocation, send, accept, connect or stream write fails, for every N that an operation makes:
 * a registration, a forked and cancelled call, a call over TCP, a write to a table, a start. What the
 * phones see may be a refusal or a timeout; the server must not crash, must hold nothing afterwards, and
 * must serve the next phone. FAULT_N=n runs that one alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "lab.h"

static const struct program *stock, *tables;

static const char tables_script[] =
	"loadmodule \"sl.so\"\nloadmodule \"pv.so\"\nloadmodule \"htable.so\"\nloadmodule \"tm.so\"\n"
	"loadmodule \"usrloc.so\"\nloadmodule \"registrar.so\"\nloadmodule \"textops.so\"\n"
	"modparam(\"htable\", \"htable\", \"t=>size=4;autoexpire=10\")\n"
	"request_route {\n"
	"	if (is_method(\"REGISTER\")) { save(\"location\"); exit; }\n"
	"	$sht(t=>$ci) = $fU;\n"
	"	$sht(t=>count) = $sht(t=>count) + 1;\n"
	"	$var(x) = $sht(t=>$ci) + \"-\" + $sht(t=>count) + \" and a text that is too long for any slot of its own .....\";\n"
	"	$sht(t=>$ci) = $var(x);\n"
	"	$sht(t=>gone) = $null;\n"
	"	sl_send_reply(\"200\", \"OK\");\n"
	"}\n";

enum { SOON = 40000, LONG = 200000, N_MAX = 100000 };

typedef void op_fn(struct lab *l, struct ua *a, struct ua *b, struct ua *c);

/* ---- operations: they ask for nothing, they only do what phones do ---- */

static void registration(struct lab *l, struct ua *a, struct ua *b, struct ua *c)
{
	(void)a;
	(void)c;
	ua_register(b, UA_OWN, 3600);
	lab_wait(l, &b->registered, SOON);
	ua_register(b, UA_OWN, 1800);
	lab_wait(l, &b->registered, SOON);
	ua_register(b, UA_QUERY, 0);
	lab_wait(l, &b->registered, SOON);
	ua_register(b, UA_STAR, 0);
	lab_wait(l, &b->registered, SOON);
}

static void forked_cancelled(struct lab *l, struct ua *a, struct ua *b, struct ua *c)
{
	b->manners.final = c->manners.final = 0;
	ua_invite(a, "bob", 70);
	lab_wait_state(l, a, UA_RINGING, 10000);
	if (a->provisional && !a->invited) {
		ua_cancel(a);
		lab_wait(l, &a->cancel, SOON);
	}
	lab_wait(l, &a->invited, LONG);
}

static void call(struct lab *l, struct ua *a, struct ua *b, struct ua *c)
{
	(void)c;
	ua_invite(a, "bob", 70);
	lab_wait(l, &a->invited, LONG);
	if (a->call.state == UA_TALKING) {
		lab_wait_count(l, &b->got_ack, 1, SOON);
		ua_bye(a);
		lab_wait(l, &a->bye, SOON);
	}
}

static void table_write(struct lab *l, struct ua *a, struct ua *b, struct ua *c)
{
	(void)b;
	(void)c;
	for (int i = 0; i < 3; i++) {
		ua_options(a, "sip:x@10.0.0.1");
		lab_wait(l, &a->options, SOON);
	}
}

/* ---- the loop ---- */

enum way { FAIL_ALLOC, FAIL_SEND, FAIL_CONNECT, FAIL_ACCEPT, FAIL_WRITE };

static void arm(struct lab *l, enum way way, uint64_t n)
{
	if (way == FAIL_ALLOC)
		mem_fail_nth(n);
	else
		sim_fail_nth(l->sim, (enum sim_failing)(SIM_FAIL_SEND + (int)way - FAIL_SEND), n);
}

static bool pending(struct lab *l, enum way way)
{
	return way == FAIL_ALLOC ? mem_fail_pending()
				 : sim_fail_pending(l->sim, (enum sim_failing)(SIM_FAIL_SEND + (int)way - FAIL_SEND));
}

/* A phone that had no part in it registers, and leaves. */
static bool still_serves(struct lab *l)
{
	struct ua *d = lab_phone(l, "dora");

	ua_register(d, UA_OWN, 60);
	if (lab_wait(l, &d->registered, SOON) != 200)
		return false;
	ua_register(d, UA_STAR, 0);
	return lab_wait(l, &d->registered, SOON) == 200;
}

/* False: the Nth did not come any more. */
static bool once(const struct program *p, op_fn *op, bool bob_is_there, const struct lab_opts *o, enum way way,
		 uint64_t n)
{
	static struct lab l;
	struct ua *a, *b, *c;
	char why[400] = "";
	bool came, ok;

	assert_int_equal(lab_begin(&l, p, o), 0);
	a = lab_phone(&l, "alice");
	b = lab_phone(&l, "bob");
	c = lab_phone(&l, "bob");
	for (unsigned i = 1; bob_is_there && i <= 2; i++) {
		ua_register(&l.phone[i], UA_OWN, 3600);
		assert_int_equal(lab_wait(&l, &l.phone[i].registered, SOON), 200);
	}
	arm(&l, way, n);
	op(&l, a, b, c);
	came = !pending(&l, way);
	arm(&l, way, 0);
	if (bob_is_there) {
		ua_register(b, UA_STAR, 0);
		lab_wait(&l, &b->registered, SOON);
	}
	ok = still_serves(&l);
	if (!ok)
		snprintf(why, sizeof(why), "no more service");
	if (ok)
		ok = lab_settle(&l, why, sizeof(why));
	if (!ok || !lab_end(&l, why, sizeof(why)))
		fail_msg("FAULT_N=%llu (seed %llu): %s; first line of the log: %s", (unsigned long long)n,
			 (unsigned long long)o->seed, why, l.line[0]);
	return came;
}

/* On a good link, and with RUNS on bad ones too. */
static void every(const struct program *p, op_fn *op, bool bob_is_there, enum proto proto, enum way way)
{
	const char *only = getenv("FAULT_N");

	for (uint64_t seed = 1; seed <= lab_runs(1); seed++) {
		struct lab_opts o = {.seed = seed, .link = seed == 1 ? lab_good : lab_bad, .proto = proto};
		uint64_t n = only ? strtoull(only, NULL, 10) : 1;

		while (once(p, op, bob_is_there, &o, way, n) && !only && n < N_MAX)
			n++;
		if (seed == 1)
			print_message("%llu places\n", (unsigned long long)n - 1);
		assert_true(only || n > 1); /* it did fail somewhere */
	}
}

static void test_registration(void **state)
{
	(void)state;
	every(stock, registration, false, PROTO_UDP, FAIL_ALLOC);
}
static void test_forked(void **state)
{
	(void)state;
	every(stock, forked_cancelled, true, PROTO_UDP, FAIL_ALLOC);
}
static void test_call(void **state)
{
	(void)state;
	every(stock, call, true, PROTO_UDP, FAIL_ALLOC);
}
static void test_tcp(void **state)
{
	(void)state;
	every(stock, call, true, PROTO_TCP, FAIL_ALLOC);
}
static void test_tcp_registration(void **state)
{
	(void)state;
	every(stock, registration, false, PROTO_TCP, FAIL_ALLOC);
}
static void test_table(void **state)
{
	(void)state;
	every(tables, table_write, false, PROTO_UDP, FAIL_ALLOC);
}
static void test_send(void **state)
{
	(void)state;
	every(stock, registration, false, PROTO_UDP, FAIL_SEND);
	every(stock, forked_cancelled, true, PROTO_UDP, FAIL_SEND);
	every(stock, call, true, PROTO_UDP, FAIL_SEND);
}
static void test_connect(void **state)
{
	(void)state;
	every(stock, call, true, PROTO_TCP, FAIL_CONNECT);
}
static void test_accept(void **state)
{
	(void)state;
	every(stock, registration, false, PROTO_TCP, FAIL_ACCEPT);
	every(stock, call, true, PROTO_TCP, FAIL_ACCEPT);
}
static void test_write(void **state)
{
	(void)state;
	every(stock, registration, false, PROTO_TCP, FAIL_WRITE);
	every(stock, forked_cancelled, true, PROTO_TCP, FAIL_WRITE);
}

/* A start either succeeds or is refused; then nothing of it is there, and the next one succeeds. */
static void every_start(const struct program *p)
{
	static struct lab l;
	struct lab_opts o = {.seed = 1, .link = lab_good};
	size_t blocks = mem_blocks();
	char why[400] = "";
	uint64_t n;
	bool came = true;

	for (n = 1; came; n++) {
		int err;

		mem_fail_nth(n);
		err = lab_begin(&l, p, &o);
		came = !mem_fail_pending();
		mem_fail_nth(0);
		assert_true(!err || came);
		if (!err)
			assert_true(still_serves(&l));
		if (!lab_end(&l, why, sizeof(why)) || mem_blocks() != blocks)
			fail_msg("FAULT_N=%llu (start %s): %s", (unsigned long long)n, err ? "refused" : "done", why);
	}
	print_message("%llu places\n", (unsigned long long)n - 2);
}

static void test_start(void **state)
{
	(void)state;
	every_start(stock);
	every_start(tables);
}

static int compile(void **state)
{
	(void)state;
	stock = lab_compile("/etc/kamailio/kamailio.cfg");
	tables = lab_compile_text(tables_script);
	return stock && tables ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_registration), cmocka_unit_test(test_forked),
		cmocka_unit_test(test_call),	     cmocka_unit_test(test_tcp),
		cmocka_unit_test(test_tcp_registration), cmocka_unit_test(test_send),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_connect),	     cmocka_unit_test(test_accept),
		cmocka_unit_test(test_write),	     cmocka_unit_test(test_start),
	};

	setvbuf(stdout, NULL, _IOLBF, 0);
	return cmocka_run_group_tests_name("fault", tests, compile, NULL);
}
