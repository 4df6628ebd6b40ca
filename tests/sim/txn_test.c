/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The transaction layer between endpoints that say exactly what they are told: timers A to K and C to the
 * millisecond, RFC 6026, CANCEL and 2xx races, merged requests. Streets of the network: caller 10.0.0.11,
 * callees 10.0.0.12 and 10.0.0.13, server 10.0.0.1, 5 ms each way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab.h"
#include "txn/txn.h"

static const char script[] =
	"loadmodule \"tm.so\"\nloadmodule \"sl.so\"\nloadmodule \"pv.so\"\nloadmodule \"textops.so\"\nloadmodule \"rr.so\"\nloadmodule \"corex.so\"\n"
	"request_route {\n"
	"	if (is_method(\"CANCEL|ACK\")) {\n"
	"		if (t_check_trans()) t_relay();\n"
	"		exit;\n"
	"	}\n"
	"	t_check_trans();\n"
	"	$ru = \"sip:b@10.0.0.12:5060\";\n"
	"	if ($hdr(X-Fork) == \"yes\") append_branch(\"sip:c@10.0.0.13:5060\");\n"
	"	if ($hdr(X-Edit) == \"yes\") {\n"
	"		record_route();\n"
	"		append_hf(\"Route: <sip:10.0.0.12;lr>\\r\\n\");\n"
	"	}\n"
	"	if ($hdr(X-Fail) == \"yes\") t_on_failure(\"NEXT\");\n"
	"	t_relay();\n"
	"}\n"
	"failure_route[NEXT] {\n"
	"	if (t_is_canceled()) exit;\n"
	"	$ru = \"sip:c@10.0.0.13:5060\";\n"
	"	t_relay();\n"
	"}\n";

enum { MAIL = 128, TEXT = 2048, FLIGHT = 5 };

struct letter {
	uint64_t ms; /* when it was received */
	char text[TEXT];
};

struct peer {
	struct world_sock *sock;
	unsigned n;
	struct letter got[MAIL];
};

static const struct program *program;
static struct lab lab;
static struct peer a, b, c;

/* ---- endpoints ---- */

static void on_dgrams(void *arg, struct world_sock *s, struct world_dgram *v, size_t n)
{
	struct peer *p = arg;

	(void)s;
	for (size_t i = 0; i < n; i++) {
		struct letter *l = &p->got[p->n++];

		assert_true(p->n < MAIL && v[i].n < TEXT);
		l->ms = sim_now(lab.sim) / 1000;
		memcpy(l->text, v[i].buf, v[i].n);
		l->text[v[i].n] = 0;
	}
}

static void open_peer(struct peer *p, unsigned n)
{
	struct addr at = lab.at;

	at.ip[3] = (uint8_t)n;
	memset(p, 0, sizeof(*p));
	assert_int_equal(world_udp_open(lab.world, &at, NULL, on_dgrams, p, &p->sock), 0);
}

static void post(struct peer *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void post(struct peer *p, const char *fmt, ...)
{
	char text[TEXT];
	struct iovec v = {.iov_base = text};
	va_list ap;

	va_start(ap, fmt);
	v.iov_len = (size_t)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	assert_int_equal(world_udp_send(p->sock, &lab.at, &v, 1), 0);
}

/* A request of the caller. */
static void ask(const char *method, const char *branch, const char *headers)
{
	post(&a, "%s sip:b@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.11:5060;branch=z9hG4bK%s\r\n"
		 "Max-Forwards: 70\r\nFrom: <sip:a@10.0.0.1>;tag=a1\r\nTo: <sip:b@10.0.0.1>\r\nCall-ID: x@11\r\n"
		 "CSeq: 1 %s\r\nContact: <sip:a@10.0.0.11:5060>\r\n%sContent-Length: 0\r\n\r\n",
	     method, branch, method, headers);
}

/* An answer of p to the request it got as number i. */
static void reply(struct peer *p, unsigned i, int status, const char *tag)
{
	const char *req = p->got[i].text;
	char via[400], up[400], from[200], to[200], cid[100], cseq[50];

	assert_true(i < p->n);
	ua_header(req, "Via", 0, via, sizeof(via));
	ua_header(req, "Via", 1, up, sizeof(up));
	ua_header(req, "From", 0, from, sizeof(from));
	ua_header(req, "To", 0, to, sizeof(to));
	ua_header(req, "Call-ID", 0, cid, sizeof(cid));
	ua_header(req, "CSeq", 0, cseq, sizeof(cseq));
	if (up[0])
		snprintf(via + strlen(via), sizeof(via) - strlen(via), "\r\nVia: %.200s", up);
	post(p, "SIP/2.0 %d Words\r\nVia: %s\r\nFrom: %s\r\nTo: %s;tag=%s\r\nCall-ID: %s\r\nCSeq: %s\r\n"
		"Contact: <sip:%s@10.0.0.12:5060>\r\nContent-Length: 0\r\n\r\n",
	     status, via, from, to, tag, cid, cseq, tag);
}

static bool is(const struct letter *l, const char *start)
{
	return strncmp(l->text, start, strlen(start)) == 0;
}

static unsigned count(const struct peer *p, const char *start)
{
	unsigned n = 0;

	for (unsigned i = 0; i < p->n; i++)
		n += is(&p->got[i], start);
	return n;
}

/* Index of the nth letter that starts so; fails the test when there is none. */
static unsigned nth(const struct peer *p, const char *start, unsigned n)
{
	for (unsigned i = 0; i < p->n; i++)
		if (is(&p->got[i], start) && n-- == 0)
			return i;
	fail_msg("no \"%s\" came", start);
	return 0;
}

/* p got letters that start so at these times (ms after t0), and no others. */
static void assert_times(const struct peer *p, const char *start, uint64_t t0, const unsigned *ms, unsigned n)
{
	unsigned seen = 0;

	for (unsigned i = 0; i < p->n; i++) {
		if (!is(&p->got[i], start))
			continue;
		assert_true(seen < n);
		assert_in_range(p->got[i].ms - t0, ms[seen], ms[seen] + 2); /* the wheel's tick and the way */
		seen++;
	}
	assert_int_equal(seen, n);
}

static void ms(unsigned n)
{
	lab_run_ms(&lab, n);
}

static int begin(void **state)
{
	struct lab_opts o = {.seed = 1, .link = lab_good};

	(void)state;
	assert_int_equal(lab_begin(&lab, program, &o), 0);
	open_peer(&a, 11);
	open_peer(&b, 12);
	open_peer(&c, 13);
	return 0;
}

static unsigned txns(void)
{
	return txn_count(offline_worker(lab.server, 0));
}

static int end(void **state)
{
	char why[400] = "";

	(void)state;
	if (!lab_settle(&lab, why, sizeof(why)) || !lab_end(&lab, why, sizeof(why))) {
		print_error("%s\n", why);
		return -1;
	}
	return 0;
}

/* ---- timers of client transactions ---- */

static void test_a_b(void **state)
{
	static const unsigned at[] = {10, 510, 1510, 3510, 7510, 11510, 15510, 19510, 23510, 27510};

	(void)state;
	ask("INVITE", "1", "");
	ms(30100);
	assert_times(&b, "INVITE", 0, at, 10); /* A doubles up to T2, as the reference does */
	assert_in_range(a.got[nth(&a, "SIP/2.0 408", 0)].ms, 30010, 30020);
	assert_int_equal(count(&a, "SIP/2.0 100"), 1);
	assert_int_equal(count(&b, "CANCEL"), 0); /* nothing came: nothing to cancel */
	ask("ACK", "1", "");
}

static void test_provisional_stops_a(void **state)
{
	(void)state;
	ask("INVITE", "1", "");
	ms(600);
	reply(&b, 0, 180, "b1");
	ms(20000);
	assert_int_equal(count(&b, "INVITE"), 2);
	reply(&b, 0, 200, "b1");
	ms(100);
	assert_int_equal(count(&a, "SIP/2.0 200"), 1);
}

static void test_e_f(void **state)
{
	static const unsigned at[] = {10, 510, 1510, 3510, 7510, 11510, 15510, 19510, 23510, 27510};

	(void)state;
	ask("MESSAGE", "1", "");
	ms(31000);
	assert_times(&b, "MESSAGE", 0, at, 10);
	assert_in_range(a.got[nth(&a, "SIP/2.0 408", 0)].ms, 30010, 30020);
}

static void test_e_after_provisional(void **state)
{
	static const unsigned at[] = {10, 510, 4510, 8510}; /* 17.1.2.2: T2 once in Proceeding */

	(void)state;
	ask("MESSAGE", "1", "");
	ms(12);
	reply(&b, 0, 183, "b1");
	ms(9000);
	assert_times(&b, "MESSAGE", 0, at, 4);
	reply(&b, 0, 202, "b1");
	ms(10000);
	assert_int_equal(count(&b, "MESSAGE"), 4);
	assert_int_equal(count(&a, "SIP/2.0 202"), 1);
}

static void test_c(void **state)
{
	(void)state;
	ask("INVITE", "1", "");
	ms(20);
	reply(&b, 0, 180, "b1");
	ms(60000);
	reply(&b, 0, 180, "b1"); /* each one starts it again */
	ms(119000);
	assert_int_equal(count(&b, "CANCEL"), 0);
	ms(2000);
	assert_int_equal(count(&b, "CANCEL"), 2); /* with timer E of its own */
	assert_int_equal(count(&a, "SIP/2.0 408"), 2); /* and G */
	reply(&b, nth(&b, "CANCEL", 0), 200, "b1");
	reply(&b, 0, 487, "b1");
	ms(10);
	assert_int_equal(count(&b, "ACK"), 1);
	ask("ACK", "1", "");
}

static void test_d(void **state)
{
	(void)state;
	ask("INVITE", "1", "");
	ms(20);
	reply(&b, 0, 486, "b1");
	ms(20);
	ask("ACK", "1", "");
	ms(10);
	for (unsigned i = 0; i < 7; i++) { /* our ACK gets lost again and again */
		reply(&b, 0, 486, "b1");
		ms(4000);
	}
	assert_int_equal(count(&b, "ACK"), 8);
	assert_int_equal(count(&a, "SIP/2.0 486"), 1);
	assert_int_equal(txns(), 0); /* what answers is a remnant */
	ms(20000);
	reply(&b, 0, 486, "b1");
	ms(20);
	assert_int_equal(count(&b, "ACK"), 8); /* not for ever */
}

static void test_k(void **state)
{
	(void)state;
	ask("MESSAGE", "1", "");
	ms(20);
	reply(&b, 0, 200, "b1");
	ms(20);
	reply(&b, 0, 200, "b1");
	reply(&b, 0, 500, "b1");
	ms(20);
	assert_int_equal(count(&a, "SIP/2.0 "), 1);
}

/* ---- timers of server transactions ---- */

static void test_g_h(void **state)
{
	static const unsigned at[] = {40, 540, 1540, 3540, 7540, 11540, 15540, 19540, 23540, 27540};
	uint64_t t0;

	(void)state;
	ask("INVITE", "1", "");
	ms(30);
	t0 = sim_now(lab.sim) / 1000 - 30;
	reply(&b, 0, 486, "b1");
	ms(40000);
	assert_times(&a, "SIP/2.0 486", t0, at, 10); /* until H */
	assert_int_equal(txns(), 0);
}

static void test_i(void **state)
{
	(void)state;
	ask("INVITE", "1", "");
	ms(30);
	reply(&b, 0, 486, "b1");
	ms(800);
	assert_int_equal(count(&a, "SIP/2.0 486"), 2);
	ask("ACK", "1", "");
	ms(20);
	ask("ACK", "1", ""); /* absorbed */
	ask("INVITE", "1", ""); /* a late one: no answer again, nothing forwarded */
	ms(3000);
	assert_int_equal(count(&a, "SIP/2.0 486"), 2);
	assert_int_equal(count(&b, "INVITE"), 1);
	assert_int_equal(count(&b, "ACK"), 1); /* our own */
}

static void test_j(void **state)
{
	(void)state;
	ask("MESSAGE", "1", "");
	ms(30);
	reply(&b, 0, 200, "b1");
	for (unsigned t = 0; t < 30; t += 4) {
		ms(4000);
		ask("MESSAGE", "1", "");
	}
	ms(20);
	assert_int_equal(count(&b, "MESSAGE"), 1);
	assert_int_equal(count(&a, "SIP/2.0 200"), 9);
}

/* ---- RFC 6026 ---- */

static void test_accepted(void **state)
{
	(void)state;
	ask("INVITE", "1", "");
	ms(30);
	reply(&b, 0, 200, "b1");
	ms(20);
	for (unsigned i = 0; i < 7; i++) {
		reply(&b, 0, 200, "b1"); /* the ACK is on its way: each is forwarded */
		ms(4000);
	}
	assert_int_equal(count(&a, "SIP/2.0 200"), 8);
	ask("INVITE", "1", ""); /* absorbed */
	ms(20);
	assert_int_equal(count(&b, "INVITE"), 1);
	assert_int_equal(count(&b, "ACK"), 0); /* a 2xx is acknowledged by the caller alone */
	assert_int_equal(count(&a, "SIP/2.0 200"), 8);
	assert_int_equal(txns(), 0); /* a few bytes are left of it behind its wait timer */
	ms(5000);
	reply(&b, 0, 200, "b1"); /* 16.7 as changed by RFC 6026: nothing is forwarded without a transaction */
	ms(20);
	assert_int_equal(count(&a, "SIP/2.0 200"), 8);
}

static void test_two_2xx(void **state)
{
	(void)state;
	ask("INVITE", "1", "X-Fork: yes\r\n");
	ms(30);
	reply(&b, 0, 180, "b1");
	reply(&c, 0, 180, "c1");
	ms(20);
	reply(&b, 0, 200, "b1");
	reply(&c, 0, 200, "c1");
	ms(30);
	assert_int_equal(count(&a, "SIP/2.0 200"), 2);
	assert_non_null(strstr(a.got[nth(&a, "SIP/2.0 200", 0)].text, "tag=b1"));
	assert_non_null(strstr(a.got[nth(&a, "SIP/2.0 200", 1)].text, "tag=c1"));
	ms(5);
	if (count(&c, "CANCEL")) /* it crossed the answer */
		reply(&c, nth(&c, "CANCEL", 0), 481, "c1");
	ms(20);
	assert_int_equal(count(&a, "SIP/2.0 "), 5); /* 100, two 180, two 200 */
}

/* ---- CANCEL ---- */

static void test_cancel_waits(void **state)
{
	(void)state;
	ask("INVITE", "1", "");
	ms(30);
	ask("CANCEL", "1", "");
	ms(2000);
	assert_int_equal(count(&a, "SIP/2.0 200"), 1); /* to the CANCEL */
	assert_int_equal(count(&b, "CANCEL"), 0);      /* 9.1: not before a provisional answer */
	reply(&b, 0, 180, "b1");
	ms(20);
	assert_int_equal(count(&b, "CANCEL"), 1);
	reply(&b, nth(&b, "CANCEL", 0), 200, "b1");
	reply(&b, 0, 487, "b1");
	ms(20);
	assert_int_equal(count(&a, "SIP/2.0 487"), 1);
	ask("ACK", "1", "");
}

static void test_cancel_meets_final(void **state)
{
	(void)state;
	ask("INVITE", "1", "");
	ms(30);
	ask("CANCEL", "1", "");
	ms(20);
	reply(&b, 0, 200, "b1"); /* never rang: there is nothing to cancel any more */
	ms(3000);
	assert_int_equal(count(&b, "CANCEL"), 0);
	assert_int_equal(count(&a, "SIP/2.0 200"), 2); /* CANCEL's and INVITE's */
	assert_int_equal(count(&a, "SIP/2.0 487"), 0);
}

static void test_cancel_crosses_200(void **state)
{
	(void)state;
	ask("INVITE", "1", "");
	ms(30);
	reply(&b, 0, 180, "b1");
	ms(20);
	reply(&b, 0, 200, "b1"); /* both are under way at once */
	ask("CANCEL", "1", "");
	ms(30);
	assert_int_equal(count(&a, "SIP/2.0 200"), 2);
	assert_int_equal(count(&a, "SIP/2.0 487"), 0);
	assert_int_equal(count(&b, "CANCEL"), 0);
}

static void test_cancel_unanswered(void **state)
{
	(void)state;
	ask("INVITE", "1", "");
	ms(30);
	reply(&b, 0, 180, "b1");
	ms(20);
	ask("CANCEL", "1", "");
	ms(29000);
	assert_in_range(count(&b, "CANCEL"), 8, 11);
	assert_int_equal(count(&a, "SIP/2.0 487"), 0);
	ms(2000); /* 9.1: 64*T1 (fr_timer) after the CANCEL the branch counts as cancelled */
	assert_int_not_equal(count(&a, "SIP/2.0 487"), 0);
	ask("ACK", "1", "");
	ms(40000);
	assert_int_equal(txns(), 0);
}

static void test_cancel_stops_failure_route(void **state)
{
	(void)state;
	ask("INVITE", "1", "X-Fail: yes\r\n");
	ms(30);
	reply(&b, 0, 180, "b1");
	ms(20);
	ask("CANCEL", "1", "");
	ms(20);
	reply(&b, nth(&b, "CANCEL", 0), 200, "b1");
	reply(&b, 0, 487, "b1");
	ms(30);
	assert_int_equal(c.n, 0);
	assert_int_equal(count(&a, "SIP/2.0 487"), 1);
	ask("ACK", "1", "");
}

/* RFC 3261 9.1, 17.1.1.3: target, Via, Route, Call-ID and number are those of the INVITE; in a CANCEL the To, too. */
static void assert_made_of(const char *req, const char *invite, bool to_too)
{
	static const char *const name[] = {"Via", "Route", "From", "Call-ID", "Max-Forwards", "To"};
	const char *line = strchr(invite, ' ');
	char want[400], got[400];

	assert_memory_equal(strchr(req, ' '), line, strcspn(line, "\n"));
	for (size_t i = 0; i < sizeof(name) / sizeof(name[0]) - !to_too; i++) {
		ua_header(invite, name[i], 0, want, sizeof(want));
		ua_header(req, name[i], 0, got, sizeof(got));
		assert_string_equal(got, want);
		assert_true(want[0]);
	}
	ua_header(req, "Via", 1, got, sizeof(got));
	assert_string_equal(got, "");
}

static struct txn *the_txn(void)
{
	struct worker *w = offline_worker(lab.server, 0), *before = worker_enter(w);
	struct txn *t = txn_find_callid(w, S("x@11"), 1);

	worker_enter(before);
	assert_non_null(t);
	return t;
}

/* The bytes that were sent are let go when it rings. */
static void test_cancel_of_resting(void **state)
{
	(void)state;
	ask("INVITE", "1", "X-Edit: yes\r\n");
	ms(30);
	reply(&b, 0, 180, "b1");
	ms(2000);
	assert_int_equal(count(&b, "INVITE"), 1);
	assert_true(txn_rests(the_txn()));
	ask("CANCEL", "1", "");
	ms(20);
	assert_made_of(b.got[nth(&b, "CANCEL", 0)].text, b.got[0].text, true);
	assert_true(txn_rests(the_txn()));
	reply(&b, nth(&b, "CANCEL", 0), 200, "b1");
	reply(&b, 0, 487, "b1");
	ms(20);
	assert_made_of(b.got[nth(&b, "ACK", 0)].text, b.got[0].text, false);
	assert_int_equal(count(&a, "SIP/2.0 487"), 1);
	ask("ACK", "1", "");
}

static void test_ack_of_resting(void **state)
{
	(void)state;
	ask("INVITE", "1", "X-Edit: yes\r\nX-Fail: yes\r\n");
	ms(30);
	reply(&b, 0, 180, "b1");
	ms(20);
	reply(&b, 0, 486, "b1");
	ms(20);
	assert_made_of(b.got[nth(&b, "ACK", 0)].text, b.got[0].text, false);
	assert_true(txn_rests(the_txn())); /* though its failure route has woken it */
	reply(&c, 0, 180, "c1");
	ms(20);
	ask("INVITE", "1", "X-Edit: yes\r\nX-Fail: yes\r\n");
	ms(20);
	assert_int_equal(count(&a, "SIP/2.0 180"), 3);
	reply(&c, 0, 486, "c1");
	ms(20);
	assert_made_of(c.got[nth(&c, "ACK", 0)].text, c.got[0].text, false);
	ask("ACK", "1", "");
}

static void test_serial_fork(void **state)
{
	(void)state;
	ask("INVITE", "1", "X-Fail: yes\r\n");
	ms(31000);
	assert_int_equal(count(&c, "INVITE"), 2); /* b was silent for fr_timer */
	reply(&b, 0, 180, "b1"); /* too late: b has had its turn */
	reply(&c, 0, 200, "c1");
	ms(30);
	assert_int_equal(count(&a, "SIP/2.0 200"), 1);
	reply(&b, 0, 200, "b1"); /* and yet answers: it may not be lost (16.7 step 5) */
	ms(30);
	assert_int_equal(count(&a, "SIP/2.0 200"), 2);
}

/* ---- merged requests ---- */

static void test_merged(void **state)
{
	struct worker *w = offline_worker(lab.server, 0), *before;
	struct txn_config conf = *txn_conf();
	struct sip_msg *m;
	struct txn *t = NULL;
	char text[TEXT];

	(void)state;
	conf.merge_check = true;
	txn_configure(&conf);
	ask("MESSAGE", "1", "");
	ms(10);
	assert_int_equal(txns(), 1);
	snprintf(text, sizeof(text), "%s",
		 "MESSAGE sip:b@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.99;branch=z9hG4bKother\r\n"
		 "From: <sip:a@10.0.0.1>;tag=a1\r\nTo: <sip:b@10.0.0.1>\r\nCall-ID: x@11\r\n"
		 "CSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n");
	assert_int_equal(sip_msg_parse(NULL, str_of(text), &m), 0);
	before = worker_enter(w);
	assert_int_equal(txn_match_request(w, m, &t), TXN_MERGED);
	assert_non_null(t);
	conf.merge_check = false;
	txn_configure(&conf);
	assert_int_equal(txn_match_request(w, m, &t), TXN_NO_MATCH);
	worker_enter(before);
	sip_msg_unref(&m);
	reply(&b, 0, 200, "b1");
	ms(20);
}

static int compile(void **state)
{
	(void)state;
	program = lab_compile_text(script);
	return program ? 0 : -1;
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_a_b),		 T(test_provisional_stops_a), T(test_e_f),
		T(test_e_after_provisional), T(test_c),		 T(test_d),
		T(test_k),		 T(test_g_h),		      T(test_i),
		T(test_j),		 T(test_accepted),	      T(test_two_2xx),
		T(test_cancel_waits),	 T(test_cancel_meets_final),  T(test_cancel_crosses_200),
		T(test_cancel_unanswered), T(test_cancel_stops_failure_route), T(test_cancel_of_resting), T(test_ack_of_resting), T(test_serial_fork),
		T(test_merged),
	};

	return cmocka_run_group_tests_name("txn", tests, compile, NULL);
}
