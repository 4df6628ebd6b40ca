/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "world/sim.h"

enum { MS = 1000, LOG_MAX = 4096 };

/* What two ends saw. */
struct fixture {
	struct sim *sim;
	struct world *a, *b;
	struct addr at_a, at_b;
	size_t blocks;
	char log[LOG_MAX];
	size_t n_log;
	uint64_t tap_hash;
	unsigned got, answers, notes;
	size_t bytes;
	struct world_stream *server, *client;
	bool pause_server;
	int closed_a, closed_b;
};

static struct fixture f;

static struct addr at(const char *ip, uint16_t port)
{
	struct addr a = {0};

	assert_true(addr_parse(str_of(ip), &a));
	a.port = port;
	return a;
}

static void begin(const struct sim_opts *o)
{
	f = (struct fixture){.blocks = mem_blocks(), .closed_a = 1, .closed_b = 1};
	assert_int_equal(sim_new(o, &f.sim), 0);
	f.a = sim_world_new(f.sim);
	f.b = sim_world_new(f.sim);
	f.at_a = at("10.0.0.1", 5060);
	f.at_b = at("10.0.0.2", 5060);
}

/* Worlds and simulation leave nothing behind, whatever was still open. */
static void end(void)
{
	struct sim_counts n;

	world_free(&f.a);
	world_free(&f.b);
	sim_get_counts(f.sim, &n);
	assert_int_equal(n.worlds + n.socks + n.streams + n.listeners + n.queries, 0);
	sim_free(&f.sim);
	assert_int_equal(mem_blocks(), f.blocks);
}

static void say(const char *text)
{
	size_t n = strlen(text);

	assert_true(f.n_log + n < LOG_MAX);
	memcpy(f.log + f.n_log, text, n + 1);
	f.n_log += n;
}

static void on_dgram(void *arg, struct world_sock *s, struct world_dgram *v, size_t n)
{
	(void)arg;
	(void)s;
	for (size_t i = 0; i < n; i++) {
		v[i].buf[v[i].n] = 0; /* the spare byte is ours */
		f.got++;
		if (f.n_log + v[i].n < LOG_MAX)
			say(v[i].buf);
	}
}

static int send_text(struct world_sock *s, const struct addr *to, const char *text)
{
	char copy[64];
	struct iovec v[2] = {{copy, 1}, {copy + 1, strlen(text) - 1}};

	memcpy(copy, text, strlen(text));
	return world_udp_send(s, to, v, 2);
}

static void test_datagram(void **state)
{
	struct sim_opts o = {.seed = 1, .link = {.latency_min = 5 * MS, .latency_max = 5 * MS}};
	struct world_sock *s, *r, *other;

	(void)state;
	begin(&o);
	assert_int_equal(world_udp_open(f.a, &f.at_a, NULL, on_dgram, NULL, &s), 0);
	assert_int_equal(world_udp_open(f.b, &f.at_b, NULL, on_dgram, NULL, &r), 0);
	assert_int_equal(world_udp_open(f.a, &f.at_b, NULL, on_dgram, NULL, &other), RT_E_IO); /* taken */
	assert_int_equal(send_text(s, &f.at_b, "hello"), 0);
	sim_run_until(f.sim, 5 * MS - 1);
	assert_int_equal(f.got, 0);
	sim_run_until(f.sim, 5 * MS);
	assert_string_equal(f.log, "hello");
	assert_int_equal(world_now(f.b), 5 * MS);
	assert_int_equal(world_wall(f.b), 1767225600000000 + 5 * MS);
	world_udp_close(&r);
	send_text(s, &f.at_b, "nobody");
	assert_true(sim_run_idle(f.sim, 1000 * MS));
	assert_int_equal(f.got, 1);
	end();
}

static void tap(void *arg, uint64_t now, enum proto p, const struct addr *from, const struct addr *to,
		struct str bytes)
{
	(void)arg;
	f.tap_hash = f.tap_hash * 31 + hash_fnv(bytes) + now + (uint64_t)p + from->port + to->port;
}

/* Numbers arrive; the link loses, doubles and swaps them. Returns a digest of the run. */
static uint64_t lossy_run(uint64_t seed, struct sim_counts *n)
{
	struct sim_opts o = {.seed = seed, .link = {.loss = 500, .dup = 300, .reorder = 1000,
						    .latency_min = 1 * MS, .latency_max = 2 * MS,
						    .reorder_by = 20 * MS}};
	struct world_sock *s, *r;
	uint64_t digest;

	begin(&o);
	sim_set_tap(f.sim, tap, NULL);
	world_udp_open(f.a, &f.at_a, NULL, on_dgram, NULL, &s);
	world_udp_open(f.b, &f.at_b, NULL, on_dgram, NULL, &r);
	for (int i = 0; i < 1000; i++) {
		char text[3] = {(char)('A' + i / 26 % 26), (char)('a' + i % 26), 0};

		send_text(s, &f.at_b, text);
		sim_run_for(f.sim, 3 * MS);
	}
	sim_run_for(f.sim, 100 * MS);
	sim_get_counts(f.sim, n);
	digest = f.tap_hash ^ hash_fnv(str_of(f.log)) ^ world_random_u64(f.a);
	end();
	return digest;
}

static void test_link(void **state)
{
	struct sim_counts n, again;
	uint64_t d = lossy_run(7, &n);

	(void)state;
	assert_int_equal(n.sent, 1000);
	assert_int_equal(n.delivered, n.sent - n.lost + n.dup);
	assert_in_range(n.lost, 20, 90);
	assert_in_range(n.dup, 10, 60);
	assert_true(lossy_run(7, &again) == d); /* bit for bit */
	assert_int_equal(again.delivered, n.delivered);
	assert_true(lossy_run(8, &again) != d);
}

static void test_reorder(void **state)
{
	struct sim_opts o = {.seed = 3, .link = {.reorder = 5000, .latency_min = MS, .reorder_by = 50 * MS}};
	struct world_sock *s, *r;
	bool swapped = false;

	(void)state;
	begin(&o);
	world_udp_open(f.a, &f.at_a, NULL, on_dgram, NULL, &s);
	world_udp_open(f.b, &f.at_b, NULL, on_dgram, NULL, &r);
	for (char c = 'a'; c <= 'z'; c++) {
		char text[2] = {c, 0};
		struct iovec v = {text, 1};

		world_udp_send(s, &f.at_b, &v, 1);
	}
	sim_run_for(f.sim, 100 * MS);
	assert_int_equal(f.got, 26);
	for (size_t i = 1; i < 26; i++)
		swapped |= f.log[i] < f.log[i - 1];
	assert_true(swapped);
	end();
}

static void test_sharing_and_source(void **state)
{
	struct sim_opts o = {.seed = 1};
	struct world_udp_opts share = {.reuse_port = true};
	struct world_sock *s, *t, *any;
	struct addr to = at("10.0.0.9", 5060), src, far = at("192.168.7.7", 5060);

	(void)state;
	begin(&o);
	assert_int_equal(world_udp_open(f.a, &f.at_a, &share, on_dgram, NULL, &s), 0);
	assert_int_equal(world_udp_open(f.b, &f.at_a, &share, on_dgram, NULL, &t), 0);
	world_udp_open(f.a, &far, NULL, on_dgram, NULL, &any);
	assert_int_equal(world_source_addr(f.a, &to, &src), 0);
	assert_true(addr_ip_eq(&src, &f.at_a));
	to = at("192.168.1.1", 0);
	world_source_addr(f.a, &to, &src);
	assert_true(addr_ip_eq(&src, &far));
	for (uint16_t p = 1; p <= 100; p++) {
		struct addr from = at("10.0.0.3", p);

		assert_int_equal(sim_inject(f.sim, &from, &f.at_a, S("x"), 0), 0);
	}
	assert_true(sim_run_idle(f.sim, MS));
	struct world_stats a, b;

	world_get_stats(f.a, &a);
	world_get_stats(f.b, &b);
	assert_int_equal(a.dgrams_in + b.dgrams_in, 100);
	assert_true(a.dgrams_in > 20 && b.dgrams_in > 20);
	end();
}

/* ---- streams ---- */

static void c_open(void *arg, struct world_stream *s)
{
	(void)arg;
	(void)s;
	say("open ");
}

static void c_data(void *arg, struct world_stream *s, char *p, size_t n)
{
	(void)arg;
	(void)s;
	p[n] = 0;
	say(p);
}

static void c_close(void *arg, struct world_stream *s, int err)
{
	(void)arg;
	(void)s;
	f.client = NULL;
	f.closed_a = err;
}

static void s_data(void *arg, struct world_stream *s, char *p, size_t n)
{
	(void)arg;
	(void)p;
	(void)s;
	f.bytes += n;
}

static void s_close(void *arg, struct world_stream *s, int err)
{
	(void)arg;
	(void)s;
	f.server = NULL;
	f.closed_b = err;
}

static void c_writable(void *arg, struct world_stream *s)
{
	static char block[100000];
	size_t *left = arg;
	ssize_t n = left ? world_stream_write(s, block, *left) : 0;

	assert_true(n >= 0);
	if (left)
		*left -= (size_t)n;
}

static const struct world_stream_ops client_ops = {c_open, c_data, c_writable, c_close};
static const struct world_stream_ops server_ops = {NULL, s_data, NULL, s_close};

static void on_accept(void *arg, struct world_listener *l, struct world_stream *s, const struct addr *from)
{
	(void)arg;
	(void)l;
	assert_true(addr_ip_eq(from, &f.at_a));
	world_stream_accept(s, &server_ops, NULL);
	world_stream_pause(s, f.pause_server);
	f.server = s;
}

static void connect_it(size_t *left)
{
	struct world_listener *l;
	struct world_sock *s;

	world_udp_open(f.a, &f.at_a, NULL, on_dgram, NULL, &s);
	assert_int_equal(world_tcp_listen(f.b, &f.at_b, NULL, on_accept, NULL, &l), 0);
	assert_int_equal(world_tcp_connect(f.a, &f.at_b, NULL, &client_ops, left, &f.client), 0);
	assert_int_equal(world_stream_write(f.client, "x", 1), 0); /* not before it is open */
	sim_run_for(f.sim, 10 * MS);
}

static void test_stream(void **state)
{
	struct sim_opts o = {.seed = 1};

	(void)state;
	begin(&o);
	connect_it(NULL);
	assert_string_equal(f.log, "open ");
	assert_int_equal(world_stream_write(f.server, "12", 2), 2);
	assert_int_equal(world_stream_write(f.server, "34", 2), 2);
	world_stream_close(&f.server, false);
	assert_int_equal(f.closed_a, 1); /* nothing inside the call */
	sim_run_for(f.sim, 10 * MS);
	assert_string_equal(f.log, "open 1234");
	assert_int_equal(f.closed_a, 0);
	assert_int_equal(f.closed_b, 1); /* its owner closed it: no callback */
	end();
}

static void test_window_and_pause(void **state)
{
	struct sim_opts o = {.seed = 1, .stream_window = 1000};
	size_t left = 100000;

	(void)state;
	begin(&o);
	f.pause_server = true;
	connect_it(&left);
	assert_int_equal(left, 99000);
	assert_int_equal(f.bytes, 0);
	world_stream_pause(f.server, false);
	assert_int_equal(f.bytes, 0);
	assert_true(sim_run_idle(f.sim, 10000 * MS));
	assert_int_equal(left, 0);
	assert_int_equal(f.bytes, 100000);
	world_stream_write(f.client, "lost", 4);
	world_stream_close(&f.client, true);
	sim_run_for(f.sim, 10 * MS);
	assert_int_equal(f.bytes, 100000); /* a reset overtakes what was under way */
	assert_int_equal(f.closed_b, RT_E_CLOSED);
	end();
}

/* Connect under a fault; how it ended and when. */
static int connect_fault(enum sim_fault fault, enum sim_failing nth, uint64_t *when)
{
	struct sim_opts o = {.seed = 1};
	struct world_tcp_opts t = {.connect_ms = 3000};
	struct world_listener *l;
	int err;

	begin(&o);
	world_tcp_listen(f.b, &f.at_b, NULL, on_accept, NULL, &l);
	if (fault != SIM_OK)
		sim_set_fault(f.sim, &f.at_b, fault);
	if (nth != SIM_FAIL_KINDS)
		sim_fail_nth(f.sim, nth, 1);
	assert_int_equal(world_tcp_connect(f.a, &f.at_b, &t, &client_ops, NULL, &f.client), 0);
	assert_ptr_equal(f.server, NULL);
	sim_run_for(f.sim, 10 * MS);
	if (f.client && fault == SIM_RESET)
		world_stream_write(f.client, "x", 1);
	while (f.client && sim_step(f.sim))
		;
	*when = sim_now(f.sim);
	err = f.closed_a;
	end();
	return err;
}

static void test_connect_faults(void **state)
{
	uint64_t when;

	(void)state;
	assert_int_equal(connect_fault(SIM_REFUSED, SIM_FAIL_KINDS, &when), RT_E_IO);
	assert_int_equal(connect_fault(SIM_OK, SIM_FAIL_ACCEPT, &when), RT_E_IO);
	assert_int_equal(connect_fault(SIM_RESET, SIM_FAIL_KINDS, &when), RT_E_CLOSED);
	assert_string_equal(f.log, "open ");
	assert_int_equal(connect_fault(SIM_LOST, SIM_FAIL_KINDS, &when), RT_E_TIMEOUT);
	assert_int_equal(when, 3000 * MS);
}

static void test_failing_calls(void **state)
{
	struct sim_opts o = {.seed = 1};
	struct world_sock *s;
	struct world_stream *x;

	(void)state;
	begin(&o);
	world_udp_open(f.a, &f.at_a, NULL, on_dgram, NULL, &s);
	sim_fail_nth(f.sim, SIM_FAIL_SEND, 2);
	assert_int_equal(send_text(s, &f.at_b, "ab"), 0);
	assert_true(sim_fail_pending(f.sim, SIM_FAIL_SEND));
	assert_int_equal(send_text(s, &f.at_b, "ab"), RT_E_LIMIT);
	assert_false(sim_fail_pending(f.sim, SIM_FAIL_SEND));
	assert_int_equal(send_text(s, &f.at_b, "ab"), 0);
	sim_fail_nth(f.sim, SIM_FAIL_CONNECT, 1);
	assert_int_equal(world_tcp_connect(f.a, &f.at_b, NULL, &client_ops, NULL, &x), RT_E_IO);
	end();
}

/* ---- names, notes, hooks ---- */

static void on_answer(void *arg, const struct world_answer *a)
{
	int *status = arg;

	f.answers++;
	*status = a->status;
	for (size_t i = 0; i < a->n; i++)
		if (a->rr[i].type == DNS_SRV) {
			char t[64];

			memcpy(t, a->rr[i].name.p, a->rr[i].name.n);
			t[a->rr[i].name.n] = 0;
			say(t);
		}
}

static void test_dns(void **state)
{
	struct sim_opts o = {.seed = 1};
	struct world_rr srv = {.type = DNS_SRV, .name = S("pbx.example.org"), .port = 5070, .ttl = 60};
	struct world_query *q;
	int status = 1;

	(void)state;
	begin(&o);
	assert_int_equal(sim_dns_add(f.sim, S("_sip._udp.example.org"), &srv), 0);
	sim_dns_fault(f.sim, S("slow.example.org"), RT_E_TIMEOUT, 2000 * MS);
	assert_int_equal(world_resolve(f.a, S("_SIP._udp.Example.org."), DNS_SRV, on_answer, &status, &q), 0);
	assert_int_equal(f.answers, 0);
	sim_run_for(f.sim, MS);
	assert_int_equal(status, 0);
	assert_string_equal(f.log, "pbx.example.org");
	world_resolve(f.a, S("_sip._udp.example.org"), DNS_A, on_answer, &status, &q);
	sim_run_for(f.sim, MS);
	assert_int_equal(status, RT_E_NOENT);
	world_resolve(f.a, S("slow.example.org"), DNS_A, on_answer, &status, &q);
	sim_run_for(f.sim, 1999 * MS);
	assert_int_equal(status, RT_E_NOENT);
	sim_run_for(f.sim, MS);
	assert_int_equal(status, RT_E_TIMEOUT);
	world_resolve(f.a, S("slow.example.org"), DNS_A, on_answer, &status, &q);
	world_resolve_cancel(&q);
	assert_true(sim_run_idle(f.sim, WORLD_TIME_NEVER - 1));
	assert_int_equal(f.answers, 3);
	world_resolve(f.a, S("slow.example.org"), DNS_A, on_answer, &status, &q); /* left open */
	end();
}

static void on_note(struct world_note *n)
{
	(void)n;
	f.notes++;
	world_stop(f.a);
}

static uint64_t due_at;
static uint64_t h_deadline(void *arg)
{
	(void)arg;
	return due_at;
}
static void h_wake(void *arg)
{
	if (world_now(arg) >= due_at)
		due_at = WORLD_TIME_NEVER;
	say("<");
}
static void h_end(void *arg)
{
	(void)arg;
	say(">");
}

static void test_loop(void **state)
{
	static const struct world_hooks hooks = {h_deadline, h_wake, h_end};
	struct sim_opts o = {.seed = 1};
	struct world_note n = {.fn = on_note}, m = {.fn = on_note};

	(void)state;
	begin(&o);
	due_at = 7 * MS;
	world_set_hooks(f.a, &hooks, f.a);
	assert_int_equal(sim_next(f.sim), 7 * MS);
	world_post(f.a, &n);
	world_post(f.a, &m);
	assert_int_equal(sim_next(f.sim), 0);
	world_run(f.a); /* until the note stops it */
	assert_int_equal(f.notes, 2);
	assert_string_equal(f.log, "<>");
	assert_true(sim_run_idle(f.sim, 1000 * MS));
	assert_int_equal(sim_now(f.sim), 7 * MS);
	assert_string_equal(f.log, "<><>");
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_datagram),	 cmocka_unit_test(test_link),
		cmocka_unit_test(test_reorder),		 cmocka_unit_test(test_sharing_and_source),
		cmocka_unit_test(test_stream),		 cmocka_unit_test(test_window_and_pause),
		cmocka_unit_test(test_connect_faults),	 cmocka_unit_test(test_failing_calls),
		cmocka_unit_test(test_dns),		 cmocka_unit_test(test_loop),
	};

	return cmocka_run_group_tests_name("sim", tests, NULL, NULL);
}
