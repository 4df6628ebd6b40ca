/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "rpc/binrpc.h"

static void echo(struct rpc *c)
{
	struct str s;

	for (size_t i = 0; i < c->n_args; i++)
		if (rpc_arg_str(c, i, false, &s))
			rpc_add_str(c, NULL, NULL, s);
}

static void tree(struct rpc *c)
{
	struct rpc_node *st = rpc_add_struct(c, NULL, NULL), *ar;

	rpc_add_int(c, st, "n", -5);
	rpc_add_str(c, st, "s", S("x"));
	ar = rpc_add_array(c, st, "a");
	rpc_add_int(c, ar, NULL, 70000);
	rpc_add_double(c, ar, NULL, 1.5);
}

static void wants_int(struct rpc *c)
{
	int64_t v;

	if (rpc_arg_int(c, 0, false, &v))
		rpc_add_int(c, NULL, NULL, v + 1);
}

static const struct std_rpc rows[] = {
	{"t.echo", echo, ""}, {"t.tree", tree, ""}, {"t.int", wants_int, ""}, {NULL, NULL, NULL}};

static int setup(void **state)
{
	(void)state;
	rpc_reset();
	return rpc_register(rows);
}

static void check_json(const char *request, const char *want)
{
	struct arena *a = arena_new(0);
	struct sb out;

	sb_init(&out, a, 1 << 16);
	rpc_json(a, NULL, NULL, str_of(request), false, &out, NULL);
	assert_string_equal(out.p, want);
	arena_free(&a);
}

static void test_json(void **state)
{
	static const struct {
		const char *request, *want;
	} t[] = {
		{"{\"jsonrpc\":\"2.0\",\"method\":\"t.echo\",\"params\":[\"a\",5],\"id\":7}",
		 "{\"jsonrpc\":\"2.0\",\"result\":[\"a\",\"5\"],\"id\":7}"},
		{"{\"jsonrpc\":\"2.0\",\"method\":\"t.echo\",\"params\":[\"a\"],\"id\":7}",
		 "{\"jsonrpc\":\"2.0\",\"result\":\"a\",\"id\":7}"},
		{"{\"jsonrpc\":\"2.0\",\"method\":\"t.tree\",\"id\":\"x\"}",
		 "{\"jsonrpc\":\"2.0\",\"result\":{\"n\":-5,\"s\":\"x\",\"a\":[70000,1.5]},\"id\":\"x\"}"},
		{"{\"jsonrpc\":\"2.0\",\"method\":\"t.int\",\"params\":[\"41\"],\"id\":1}",
		 "{\"jsonrpc\":\"2.0\",\"result\":42,\"id\":1}"},
		{"{\"jsonrpc\":\"2.0\",\"method\":\"t.int\",\"id\":1}",
		 "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":400,\"message\":\"error at parameter 0: expected integer type but end of packet encountered\"},\"id\":1}"},
		{"{\"jsonrpc\":\"2.0\",\"method\":\"nope\",\"id\":1}",
		 "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":500,\"message\":\"Method Not Found\"},\"id\":1}"},
		{"{", "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32700,\"message\":\"Parse error\"},\"id\":null}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		check_json(t[i].request, t[i].want);
}

/* What kamcmd sent and the reference answered, byte for byte. */
static void test_binrpc(void **state)
{
	struct arena *a = arena_new(0);
	struct str command, cookie;
	struct sb out;
	struct rpc c;
	size_t need;

	(void)state;
	rpc_init(&c, a, NULL, NULL);
	assert_int_equal(binrpc_frame(S("\xa1\x03\x10LF\x87\xee\x91\x07t.echo\0Aabc\0\x10"), &need), 0);
	assert_int_equal(binrpc_request(&c, S("\xa1\x03\x10LF\x87\xee\x91\x07t.echo\0Aabc\0\x10\x0c"),
					&command, &cookie),
			 0);
	assert_true(str_eq(command, S("t.echo")));
	rpc_call(&c, command);
	sb_init(&out, a, 1000);
	binrpc_answer(&c, cookie, &out);
	assert_true(str_eq(sb_str(&out), S("\xa1\x13\x09LF\x87\xee"
					   "Aabc\0"
					   "112\0")));
	arena_free(&a);
}

static void test_binrpc_bad(void **state)
{
	static const struct str bad[] = {
		S("\xa1\x03\x02" "abcd" "\x91"), S("\xa1\x03\x02" "abcd" "\x91\xff"), S("\xa2\x03"),
		S("\xa1\x13\x01" "abcd" "\x00"), S("\xa1\x03\x01" "abcd" "\x03"),
	};
	struct arena *a = arena_new(0);

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct str command, cookie;
		struct rpc c;

		rpc_init(&c, a, NULL, NULL);
		assert_int_equal(binrpc_request(&c, bad[i], &command, &cookie), RT_E_PARSE);
	}
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_json, setup),
		cmocka_unit_test_setup(test_binrpc, setup),
		cmocka_unit_test(test_binrpc_bad),
	};

	return cmocka_run_group_tests_name("rpc", tests, NULL, NULL);
}
