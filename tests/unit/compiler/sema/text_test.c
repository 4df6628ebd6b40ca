/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sema/text.h"

static struct arena *arena;
static struct sema_text_env env;

static int64_t flag(void *ctx, struct str name)
{
	(void)ctx;
	return str_eq(name, S("FLT")) ? 7 : -1;
}

static int64_t var(void *ctx, struct str name)
{
	(void)ctx;
	return (int64_t)name.n;
}

static int setup(void **state)
{
	(void)state;
	arena = arena_new(0);
	env = (struct sema_text_env){.arena = arena, .cat = catalog_new(arena), .flag = flag, .var = var};
	return env.cat ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static void extents(void **state)
{
	static const struct {
		const char *text;
		size_t want;
	} rows[] = {
		{"$ru", 3},       {"$ru rest", 3},          {"$var(x)[1]", 7}, {"$(ru{s.len}) x", 12},
		{"$", 0},         {"$ 5", 0},               {"$(ru", 0},       {"$hdr(a(b)c)d", 11},
		{"$rU. x", 4},    {"$(avp(x)[$var(i)])", 18},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(sema_pv_extent(str_of(rows[i].text)), rows[i].want);
}

/* Runs with whatever modules are built: only what cannot depend on them. */
static void faults(void **state)
{
	static const struct {
		const char *text;
		enum sema_text_code code;
		size_t at;
	} rows[] = {
		{"cost $ 5", TEXT_LONE_DOLLAR, 5},
		{"x $(ru", TEXT_SYNTAX, 2},
		{"ruri $rX\n", TEXT_UNKNOWN_PV, 6},
		{"$qqqq(x)", TEXT_UNKNOWN_PV, 1},
		{"$dns(a=>bogus)", TEXT_BAD_NAME, 8},
		{"$dns(a=>addr)", TEXT_BAD_INDEX, 8},
		{"$dns(a)", TEXT_BAD_NAME, 5},
		{"$dns(a=>addr[0]=>x)", TEXT_BAD_NAME, 5},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_null(sema_fmt_bind(&env, str_of(rows[i].text)));
		assert_int_equal(env.err.code, rows[i].code);
		assert_int_equal(env.err.at, rows[i].at);
	}
}

static void constants(void **state)
{
	const struct sema_fmt *f = sema_fmt_bind(&env, S("a $$ b"));

	(void)state;
	assert_non_null(f);
	assert_true(f->constant);
	assert_true(str_eq(f->plain, S("a $ b")));
	f = sema_fmt_bind(&env, S(""));
	assert_non_null(f);
	assert_true(f->constant);
	assert_int_equal(f->plain.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(extents),
		cmocka_unit_test(faults),
		cmocka_unit_test(constants),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
