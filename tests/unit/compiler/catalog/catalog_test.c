/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "catalog/catalog.h"

static struct catalog *cat;
static struct arena *arena;

static int setup(void **state)
{
	(void)state;
	arena = arena_new(0);
	cat = catalog_new(arena);
	return cat ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static void known_rows_are_found(void **state)
{
	(void)state;
	assert_non_null(cat_known_in(cat, KNOWN_FN, S("tm"), S("t_relay"), 0));
	assert_null(cat_known_in(cat, KNOWN_FN, S("tm"), S("t_relay"), 5));
	assert_non_null(cat_known_find(cat, KNOWN_MODULE, S("dialog"), 0));
	assert_non_null(cat_known_find(cat, KNOWN_PV, S("ru"), 0));
	assert_non_null(cat_known_find(cat, KNOWN_TR, S("S.LEN"), 0));
	assert_null(cat_known_find(cat, KNOWN_TR, S("s.lenn"), 0));
	assert_non_null(cat_known_find(cat, KNOWN_GROUP, S("tm"), 0));
}

static void suggestions(void **state)
{
	static const struct {
		enum cat_known_kind kind;
		const char *name, *want;
	} rows[] = {
		{KNOWN_FN, "t_rellay", "t_relay"},        {KNOWN_FN, "foo_bar_baz", ""},
		{KNOWN_TR, "s.lenn", "s.len"},            {KNOWN_MODULE, "tmm", "tm"},
		{KNOWN_EVENT, "tm:local-requst", "tm:local-request"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str got = cat_suggest(cat, rows[i].kind, str_of(rows[i].name));

		if (!str_eq(got, str_of(rows[i].want)))
			fail_msg("%s: got %.*s", rows[i].name, (int)got.n, got.p ? got.p : "");
	}
}

static void events(void **state)
{
	(void)state;
	assert_true(cat_event_known(cat, S("htable:expired:ipban")));
	assert_true(cat_event_known(cat, S("tm:local-request")));
	assert_false(cat_event_known(cat, S("htable:expird:ipban")));
}

static void reasons(void **state)
{
	static const struct {
		enum cat_known_kind kind;
		const char *module, *name, *why;
	} rows[] = {
		{KNOWN_PARAM, "sanity", "size_body", "comes with 6.2"},
		{KNOWN_PARAM, "tm", "event_callback", "names a function of an embedded language (KEMI); the event route tells the same"},
		{KNOWN_FN, "dialog", "dlg_manage", "needs its module, which is not built"},
		{KNOWN_MODULE, "", "dialog", "not built"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(cat_why_not(cat, rows[i].kind, str_of(rows[i].module), str_of(rows[i].name)), rows[i].why);
	assert_null(cat_why_not(cat, KNOWN_FN, S("tm"), S("t_relay")));
}

static void core_params(void **state)
{
	const struct cat_core_param *p;

	(void)state;
	p = cat_core_param_find(cat, S("mem_log"));
	assert_non_null(p);
	assert_string_equal(p->name, "memlog");
	assert_false(p->effect);
	assert_true(str_eq(cat_suggest_core_param(cat, S("chidren")), S("children")));
}

static void distances(void **state)
{
	(void)state;
	assert_int_equal(cat_distance(S("abc"), S("abc"), 3), 0);
	assert_int_equal(cat_distance(S("abc"), S("acb"), 3), 1);
	assert_int_equal(cat_distance(S("INVTE"), S("INVITE"), 3), 1);
	assert_int_equal(cat_distance(S("abc"), S("xyz"), 1), 2);
	assert_int_equal(cat_key_index("a|bb|c", S("bb"), false), 1);
	assert_int_equal(cat_key_index("a|bb|c", S("d"), false), -1);
}

static void coverage_counts(void **state)
{
	struct sb out;

	(void)state;
	sb_init(&out, arena, 1 << 20);
	cat_coverage(cat, &out, true);
	assert_true(sb_ok(&out));
	assert_true(str_find(sb_str(&out), S("core parameters:")) != STR_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_rows_are_found), cmocka_unit_test(suggestions),
		cmocka_unit_test(events),               cmocka_unit_test(core_params), cmocka_unit_test(reasons),
		cmocka_unit_test(distances),            cmocka_unit_test(coverage_counts),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
