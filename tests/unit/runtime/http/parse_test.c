/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/bug.h"
#include "http/http.h"

static int parse(const char *text, struct http_request *r)
{
	return http_parse(str_of(text), r);
}

static void accepted(void **state)
{
	struct http_request r;

	(void)state;
	assert_int_equal(parse("GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n", &r), 0);
	assert_true(str_eq(r.method, S("GET")) && str_eq(r.target, S("/a?b=c")) && str_eq(r.headers, S("Host: x\r\n")));
	assert_true(str_eq(http_path(r.target), S("/a")) && str_eq(http_query(r.target), S("b=c")));
	assert_int_equal(r.body.n, 0);
	assert_false(r.close);
	assert_int_equal(parse("POST / HTTP/1.0\nContent-Length: 3\nConnection: Close\n\nabc", &r), 0);
	assert_true(str_eq(r.body, S("abc")) && r.close);
	assert_int_equal(parse("GET / HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n", &r), 0);
}

static void refused(void **state)
{
	static const struct {
		const char *text;
		int err;
	} rows[] = {
		{"GET / HTTP/2.0\r\n\r\n", RT_E_PARSE},
		{"GET /\r\n\r\n", RT_E_PARSE},
		{"GET  HTTP/1.1\r\n\r\n", RT_E_PARSE},
		{"G T / HTTP/1.1\r\n\r\n", RT_E_PARSE},
		{"GET /a b HTTP/1.1\r\n\r\n", RT_E_PARSE},
		{"GET / HTTP/1.1\r\nHost: x\r\n", RT_E_PARSE},            /* no end */
		{"GET / HTTP/1.1\r\nHost : x\r\n\r\n", RT_E_PARSE},       /* blank before the colon */
		{"GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", RT_E_PARSE},     /* folded */
		{"GET / HTTP/1.1\r\nno colon\r\n\r\n", RT_E_PARSE},
		{"POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc", RT_E_PARSE},
		{"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", RT_E_PARSE},
		{"POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nabc", RT_E_PARSE},
		{"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nabc", RT_E_PARSE},
		{"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", RT_E_UNSUPP},
	};
	struct http_request r;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(parse(rows[i].text, &r), rows[i].err);
}

static void recognised(void **state)
{
	(void)state;
	assert_true(http_is_request(S("GET / HTTP/1.1\r\n")));
	assert_false(http_is_request(S("OPTIONS sip:x SIP/2.0\r\n")));
	assert_false(http_is_request(S("GET / HTTP/1.1")));
	assert_false(http_is_request(S("HTTP/1.1 200 OK\r\n")));
	assert_false(http_is_request(S("\r\n")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepted),
		cmocka_unit_test(refused),
		cmocka_unit_test(recognised),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
