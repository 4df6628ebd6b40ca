/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <regex.h>
#include <stdio.h>

#include "base/mem.h"
#include "script/regex.h"
#include "script/regex_dfa.h"
#include "script/regex_fast.h"

/* What the C library says. */
static bool posix_says(const char *pattern, struct str s, int icase)
{
	regmatch_t m = {0, (regoff_t)s.n};
	regex_t re;
	bool ok;

	assert_int_equal(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB | (icase ? REG_ICASE : 0)), 0);
	ok = regexec(&re, s.p, 0, &m, REG_STARTEND) == 0;
	regfree(&re);
	return ok;
}

static const char *const patterns[] = {
	"^user[0-9]+$", "friendly|scanner|sipcli|sipvicious", "a.c", "^$", "", "x*", "(ab)+c", "a{2,3}b", "a{2}$",
	"[]x]y", "[^]x]y", "[a-c]-[-z]", "[[:digit:]]{2}", "[[:alpha:]_]+[[:space:]]", "a\\.b", "\\+49", "a|", "(|b)c",
	"a^b", "a$b", "(^a|b$)", "\\(x\\)", "^\\*$", ".*@.*", "(a|ab)(c|bcd)(d*)", "[0-9a-fA-F]+:", "[[]q", "a[$^.*]b",
};
static const char *const subjects[] = {
	"", "user1", "user", "xuser1", "USER12", "sipvicious/0.3", "abc", "a\nc", "ababc", "aab", "aaab", "aa", "]y",
	"xy", "zy", "a--", "b-z", "12", "ab_ ", "a.b", "axb", "+49", "ac", "bc", "c", "a^b", "a$b", "ba", "(x)", "*",
	"sip:a@b", "abcd", "dead:", "[q", "a$b a.b", "\n", "user1\n", "a\n",
};

/* Every pattern that has a fast form gives the C library's answer. */
static void agrees(void **state)
{
	int fast = 0, tables = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		for (int icase = 0; icase < 2; icase++) {
			struct regex_fast *f = regex_fast_new(str_of(patterns[i]), icase);
			struct rt_regex *re = rt_regex_new(str_of(patterns[i]), icase ? RT_REGEX_ICASE : 0);
			struct regex_dfa *d = regex_dfa_new(str_of(patterns[i]), icase);

			assert_non_null(re);
			fast += f != NULL;
			tables += d != NULL;
			for (size_t k = 0; k < sizeof(subjects) / sizeof(subjects[0]); k++) {
				struct str s = str_of(subjects[k]);
				bool want = posix_says(patterns[i], s, icase);

				if (f && regex_fast_match(f, s) != want)
					fail_msg("/%s/ on \"%s\": %d wanted", patterns[i], subjects[k], want);
				if (d && regex_dfa_match(d, s) != want)
					fail_msg("/%s/ on \"%s\" by table: %d wanted", patterns[i], subjects[k], want);
				assert_int_equal(rt_regex_exec(re, s, 0, NULL), want);
			}
			regex_fast_free(&f);
			rt_regex_free(&re);
			mem_free(&d);
		}
	assert_in_range(fast, sizeof(patterns) / sizeof(patterns[0]), 1000); /* most have one */
	assert_int_equal(tables, fast);
	regex_fast_thread_fini();
	assert_int_equal(mem_blocks(), 0);
}

/* What repeats nothing is not counted out; the C library is not asked, it does not survive such patterns. */
static void nothing_repeated_ends(void **state)
{
	struct regex_dfa *d = regex_dfa_new(S("((((((){250}){250}){250}){250}){250})x"), false);

	(void)state;
	assert_non_null(d);
	assert_true(regex_dfa_match(d, S("ax")));
	assert_false(regex_dfa_match(d, S("a")));
	mem_free(&d);
}

/* Patterns put together by chance, on texts by chance: as PCRE2 has it (the C library errs on a repeated anchor). */
static void tables_agree(void **state)
{
	static const char *const pieces[] = {"a", "b", "c", ".", "[ab]", "[^a]", "(", ")", "|", "*", "+", "?", "{2}", "{1,2}", "{2,}",
					     "^", "$", "(a|b)", "[[:upper:]]", "(^|b)", "(c|$)"};
	uint32_t seed = 1;
	int taken = 0;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		char re[64] = "", text[12];
		struct regex_dfa *d;
		struct regex_fast *f;
		bool icase;

#define CHANCE(n) ((seed = seed * 1664525u + 1013904223u) >> 16) % (n)
		for (unsigned n = 1 + CHANCE(8); n; n--)
			strncat(re, pieces[CHANCE(sizeof(pieces) / sizeof(pieces[0]))], sizeof(re) - strlen(re) - 1);
		icase = CHANCE(2);
		f = regex_fast_new(str_of(re), icase);
		d = f ? regex_dfa_new(str_of(re), icase) : NULL;
		taken += d != NULL;
		for (int k = 0; d && k < 4; k++) {
			size_t n = CHANCE(sizeof(text));

			for (size_t i = 0; i < n; i++)
				text[i] = "abcABx"[CHANCE(6)];
			if (regex_dfa_match(d, str_make(text, n)) != regex_fast_match(f, str_make(text, n)))
				fail_msg("/%s/ on \"%.*s\"", re, (int)n, text);
		}
		mem_free(&d);
		regex_fast_free(&f);
	}
	regex_fast_thread_fini();
	assert_in_range(taken, 3000, 20000);
}

/* Syntax that means something else, or nothing, to one of the two. */
static void refuses(void **state)
{
	static const char *const differ[] = {"\\d", "\\<a", "a\\b", "*a", "a**", "a+?", "(?:a)", "(*UTF)a", "a{,3}", "a{x}",
					     "[\\d]", "[[.a.]]", "[[=a=]]", "[a", "|*", "^*", "a|+", "\\", "\303\244", "a\tb",
					     "x{1}{2}", "(*a)"};

	(void)state;
	for (size_t i = 0; i < sizeof(differ) / sizeof(differ[0]); i++)
		if (regex_fast_takes(str_of(differ[i])))
			fail_msg("%s is taken", differ[i]);
}

/* A NUL ends the subject; one that asks too much of backtracking is answered all the same. */
static void hard(void **state)
{
	struct rt_regex *re = rt_regex_new(S("^a.*c$"), 0);
	char many[200];

	(void)state;
	assert_true(rt_regex_exec(re, str_make("abc\0d", 5), 0, NULL));
	assert_false(rt_regex_exec(re, str_make("a\0bc", 4), 0, NULL));
	rt_regex_free(&re);
	re = rt_regex_new(S("^(a|aa)+$"), 0);
	memset(many, 'a', sizeof(many));
	many[sizeof(many) - 1] = 'b';
	assert_false(rt_regex_exec(re, str_make(many, sizeof(many)), 0, NULL));
	rt_regex_free(&re);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(agrees), cmocka_unit_test(nothing_repeated_ends), cmocka_unit_test(tables_agree), cmocka_unit_test(refuses), cmocka_unit_test(hard)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
