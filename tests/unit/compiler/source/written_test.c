/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "source/written.h"

static struct written_list scan(struct arena *a, const char *text)
{
	struct written_list l;

	assert_true(written_scan(a, str_of(text), &l));
	return l;
}

static void check(const char *text, const char *const *want, const enum written_kind *kinds, size_t n)
{
	struct arena *a = arena_new(0);
	struct written_list l = scan(a, text);

	assert_int_equal(l.n, n);
	for (size_t i = 0; i < n; i++) {
		assert_true(str_eq(l.v[i].text, str_of(want[i])));
		assert_int_equal(l.v[i].kind, kinds[i]);
	}
	arena_free(&a);
}

static void test_kinds(void **state)
{
	static const char *const want[] = {"if", "(", "$(var(x){s.len})", ">=", "0x1f", ")", "# not a #!directive", "#!ifdef A \\\n b",
					   "/* a /* b */ c */", "@hdr[\"X\"].a", "'it\\'", "\"a\\\"b\"", ";"};
	static const enum written_kind kinds[] = {WRITTEN_WORD, WRITTEN_PUNCT, WRITTEN_PV, WRITTEN_PUNCT, WRITTEN_WORD, WRITTEN_PUNCT,
						  WRITTEN_COMMENT, WRITTEN_DIRECTIVE, WRITTEN_COMMENT, WRITTEN_SELECT,
						  WRITTEN_STRING, WRITTEN_STRING, WRITTEN_PUNCT};

	(void)state;
	check("if ($(var(x){s.len})>=0x1f) # not a #!directive\n#!ifdef A \\\n b\n/* a /* b */ c */@hdr[\"X\"].a 'it\\'\"a\\\"b\";\n",
	      want, kinds, 13);
}

static void test_unclosed_goes_to_the_end(void **state)
{
	static const char *const want[] = {"x", "\"abc\n\\"};
	static const enum written_kind kinds[] = {WRITTEN_WORD, WRITTEN_STRING};

	(void)state;
	check("x \"abc\n\\", want, kinds, 2);
}

static void test_lines_and_positions(void **state)
{
	struct arena *a = arena_new(0);
	struct written_list l = scan(a, "a\n\"b\nc\" d\n e");

	(void)state;
	assert_int_equal(l.n, 4);
	assert_int_equal(l.v[1].line, 1);
	assert_int_equal(l.v[2].line, 2);
	assert_int_equal(l.v[3].line, 3);
	assert_int_equal(written_at(&l, 0), 0);
	assert_int_equal(written_at(&l, 1), 0); /* the end of a */
	assert_int_equal(written_at(&l, 2), 1);
	assert_int_equal(written_at(&l, 12), 3);
	arena_free(&a);
}

static void test_directives(void **state)
{
	struct arena *a = arena_new(0);
	struct written_list l = scan(a, "#!ifdef A\n#!else\n#!endif # no\n#!endif\n#!define X 1\n#!KAMAILIO\n");
	struct str rest;

	(void)state;
	assert_int_equal(l.n, 6);
	assert_int_equal(written_directive_of(&l.v[0]), DIRECTIVE_IF);
	assert_int_equal(written_directive_of(&l.v[1]), DIRECTIVE_ELSE);
	assert_int_equal(written_directive_of(&l.v[2]), DIRECTIVE_OTHER);
	assert_int_equal(written_directive_of(&l.v[3]), DIRECTIVE_ENDIF);
	assert_true(str_eq(written_directive_word(&l.v[4], &rest), S("define")));
	assert_true(str_eq(rest, S("X 1")));
	assert_int_equal(l.v[5].kind, WRITTEN_COMMENT);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_unclosed_goes_to_the_end),
		cmocka_unit_test(test_lines_and_positions),
		cmocka_unit_test(test_directives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
