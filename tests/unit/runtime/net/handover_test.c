/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>

#include "net/net.h"

#define LONG "X-Long: 0123456789012345678901234567890123456789012345678901234567890123456789\r\n"

static void finds_call_id(void **state)
{
	static const struct {
		struct str text, want; /* want.p NULL: there is none */
	} rows[] = {
		{S("A b C\r\nCall-ID: a@b\r\n\r\n"), S("a@b")},
		{S("A b C\r\ncall-id:q\r\n\r\n"), S("q")},
		{S("A b C\r\nCALL-ID \t:  q \r\nX: y\r\n\r\n"), S("q")},
		{S("A b C\nContact: x\ni :\n  abc \nCall-ID: z\n\n"), S("abc")},
		{S("A b C\r\n" LONG LONG "CSeq: 1 A\r\nContent-Length: 0\r\nid: no\r\nI:yes\r\n\r\n"), S("yes")},
		{S("A b C\r\n" LONG "Call-ID: last"), S("last")},
		{S("\r\n\r\nA b C\r\nCall-ID: behind\r\n\r\n"), S("behind")},
		{S("A b C\r\nCall-ID\r\n\r\n"), {NULL, 0}},
		{S("A b C\r\nCall-IDs: z\r\n" LONG "\r\n"), {NULL, 0}},
		{S("A b C\r\n" LONG "\r\nCall-ID: z\r\n"), {NULL, 0}},
		{S("Call-ID: z\r\n\r\n"), {NULL, 0}},
		{S("A\r\nC"), {NULL, 0}},
		{S(""), {NULL, 0}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str got = net_find_call_id(rows[i].text.p, rows[i].text.n);

		assert_int_equal(got.p != NULL, rows[i].want.p != NULL);
		assert_true(str_eq(got, rows[i].want));
	}
}

static void owners_of(const char *prefix, const char *suffix, unsigned workers)
{
	enum { CALLS = 20000 };
	unsigned n[8] = {0};

	for (unsigned i = 0; i < CALLS; i++) {
		char id[64];
		int len = snprintf(id, sizeof(id), "%s%u%s", prefix, i, suffix);
		unsigned owner = net_owner(str_make(id, (size_t)len), workers);

		assert_true(owner < workers);
		n[owner]++;
	}
	for (unsigned w = 0; w < workers; w++)
		assert_in_range(n[w], CALLS / workers * 9 / 10, CALLS / workers * 11 / 10 + 1);
}

/* Call-IDs that differ little go to all workers alike. */
static void owners_are_even(void **state)
{
	(void)state;
	for (unsigned workers = 1; workers <= 8; workers++) {
		owners_of("", "", workers);
		owners_of("call-", "@host.example.org", workers);
		owners_of("0123456789abcdef0123456789abcdef", "", workers);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_call_id),
		cmocka_unit_test(owners_are_even),
	};

	return cmocka_run_group_tests_name("handover", tests, NULL, NULL);
}
