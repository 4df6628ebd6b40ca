/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/sb.h"
#include "capture/capture.h"

enum { RAW_IP = 12 };

#define MESSAGE "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP x\r\nl: 4\r\n\r\nbody"

static void put16(struct sb *b, unsigned v)
{
	sb_addc(b, (char)(v >> 8));
	sb_addc(b, (char)v);
}

/* An IPv4 packet from 10.0.0.1 to 10.0.0.2; off in bytes. */
static struct str ip4(struct arena *a, unsigned proto, unsigned off, bool more, struct str payload)
{
	struct sb b;

	sb_init(&b, a, 4096);
	put16(&b, 0x4500);
	put16(&b, 20 + (unsigned)payload.n);
	put16(&b, 7);
	put16(&b, off / 8 | (more ? 0x2000 : 0));
	put16(&b, 64 << 8 | proto);
	put16(&b, 0);
	sb_add(&b, str_make("\n\0\0\1\n\0\0\2", 8));
	sb_add(&b, payload);
	return sb_str(&b);
}

static struct str udp(struct arena *a, struct str payload)
{
	struct sb b;

	sb_init(&b, a, 4096);
	put16(&b, 5060);
	put16(&b, 5062);
	put16(&b, 8 + (unsigned)payload.n);
	put16(&b, 0);
	sb_add(&b, payload);
	return sb_str(&b);
}

static struct str tcp(struct arena *a, unsigned seq, unsigned flags, struct str payload)
{
	struct sb b;

	sb_init(&b, a, 4096);
	put16(&b, 5060);
	put16(&b, 5062);
	put16(&b, 0);
	put16(&b, seq);
	put16(&b, 0);
	put16(&b, 0);
	put16(&b, 5 << 12 | flags);
	put16(&b, 0);
	put16(&b, 0);
	put16(&b, 0);
	sb_add(&b, payload);
	return sb_str(&b);
}

struct fixture {
	struct arena *a;
	struct capture c;
	struct capture_reader *r;
};

static int setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){.a = arena_new(0)};
	f.r = capture_reader_new(f.a, RAW_IP, &f.c);
	*state = &f;
	return f.r ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	arena_free(&f->a);
	return 0;
}

static void test_datagram(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(capture_packet(f->r, 5, ip4(f->a, 17, 0, false, udp(f->a, S(MESSAGE)))), 0);
	assert_int_equal(f->c.n, 1);
	assert_int_equal(f->c.first->from.port, 5060);
	assert_int_equal(f->c.first->to.ip[3], 2);
	assert_true(str_eq(f->c.first->bytes, S(MESSAGE)));
}

static void test_fragments_in_any_order(void **state)
{
	struct fixture *f = *state;
	struct str whole = udp(f->a, S(MESSAGE));

	capture_packet(f->r, 1, ip4(f->a, 17, 24, false, str_skip(whole, 24)));
	assert_int_equal(f->c.n, 0);
	capture_packet(f->r, 2, ip4(f->a, 17, 0, true, str_head(whole, 24)));
	assert_int_equal(f->c.n, 1);
	assert_true(str_eq(f->c.first->bytes, S(MESSAGE)));
}

static void test_stream(void **state)
{
	enum { SYN = 2, ACK = 16 };
	struct fixture *f = *state;
	struct str two = S(MESSAGE "\r\n\r\n" MESSAGE);

	capture_packet(f->r, 1, ip4(f->a, 6, 0, false, tcp(f->a, 99, SYN, S(""))));
	capture_packet(f->r, 3, ip4(f->a, 6, 0, false, tcp(f->a, 110, ACK, str_skip(two, 10)))); /* early */
	assert_int_equal(f->c.n, 0);
	capture_packet(f->r, 2, ip4(f->a, 6, 0, false, tcp(f->a, 100, ACK, str_head(two, 10))));
	capture_packet(f->r, 4, ip4(f->a, 6, 0, false, tcp(f->a, 100, ACK, str_head(two, 10)))); /* again */
	assert_int_equal(f->c.n, 2);
	assert_true(str_eq(f->c.last->bytes, S(MESSAGE)));
	assert_int_equal(f->c.last->proto, PROTO_TCP);
}

static void test_other_traffic_is_counted(void **state)
{
	struct fixture *f = *state;

	capture_packet(f->r, 1, ip4(f->a, 17, 0, false, udp(f->a, S("hello\n"))));
	capture_packet(f->r, 1, ip4(f->a, 1, 0, false, S("ping")));
	capture_packet(f->r, 1, S("\x45"));
	assert_int_equal(f->c.n, 0);
	assert_int_equal(f->c.other, 3);
}

static void test_text(void **state)
{
	struct fixture *f = *state;
	struct capture c;

	assert_int_equal(capture_text(f->a, S("A sip:b SIP/2.0\nX: 1\nContent-Length: 99\n\nv=0\n---- next\nB sip:b SIP/2.0\n"), &c), 0);
	assert_int_equal(c.n, 2);
	assert_int_equal(c.last->time_us, 1000000);
	assert_true(str_eq(c.first->bytes, S("A sip:b SIP/2.0\r\nX: 1\r\nContent-Length: 5\r\n\r\nv=0\r\n")));
	assert_true(str_eq(c.last->bytes, S("B sip:b SIP/2.0\r\n\r\n")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_datagram, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fragments_in_any_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stream, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_traffic_is_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_text, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
