/* SPDX-License-Identifier: Apache-2.0 */
#include "script/regex_fast.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* The JIT's code would take 32 KiB of a fiber's stack, so it gets one of the thread. */
enum { JIT_STACK = 64 * 1024, MATCH_LIMIT = 100000 };

static _Thread_local struct {
	pcre2_match_data *data;
	pcre2_match_context *ctx;
	pcre2_jit_stack *stack;
} mine;

/* ---- which syntax is common to both ---- */

static bool is_plain(char c)
{
	return c >= ' ' && c < 127;
}

size_t regex_skip_bracket(struct str s, size_t i)
{
	size_t first;

	i++;
	if (i < s.n && s.p[i] == '^')
		i++;
	for (first = i; i < s.n; i++) {
		if (s.p[i] == ']' && i > first)
			return i + 1;
		if (s.p[i] == '\\' || !is_plain(s.p[i]))
			return 0;
		if (s.p[i] != '[' || i + 1 >= s.n)
			continue;
		if (s.p[i + 1] == '.' || s.p[i + 1] == '=')
			return 0;
		if (s.p[i + 1] == ':') {
			size_t end = str_find(str_skip(s, i + 2), S(":]"));

			if (end == STR_NONE)
				return 0;
			i += end + 3;
		}
	}
	return 0;
}

/* "{m}", "{m,}", "{m,n}" at s[i]: index behind it, or 0. */
static size_t skip_interval(struct str s, size_t i)
{
	size_t digits = 0, commas = 0;

	for (i++; i < s.n && s.p[i] != '}'; i++) {
		if (ascii_digit(s.p[i]))
			digits++;
		else if (s.p[i] != ',' || digits == 0 || commas++)
			return 0;
	}
	return i < s.n && digits && digits < 8 ? i + 1 : 0;
}

bool regex_fast_takes(struct str s)
{
	bool atom = false; /* something that may be repeated stands before */

	for (size_t i = 0; i < s.n;) {
		char c = s.p[i];

		if (!is_plain(c))
			return false;
		if (c == '[') {
			i = regex_skip_bracket(s, i);
			atom = true;
		} else if (c == '\\') {
			char next = i + 1 < s.n ? s.p[i + 1] : 'a';

			/* of punctuation only: a letter, and GNU's \< \> \` \', mean something */
			if (!is_plain(next) || next == ' ' || ascii_alpha(next) || ascii_digit(next) ||
			    next == '<' || next == '>' || next == '`' || next == '\'' || next == '_')
				return false;
			i += 2;
			atom = true;
		} else if (c == '*' || c == '+' || c == '?' || c == '{') {
			if (!atom)
				return false;
			i = c == '{' ? skip_interval(s, i) : i + 1;
			atom = false;
		} else {
			if (c == '(' && i + 1 < s.n && (s.p[i + 1] == '?' || s.p[i + 1] == '*'))
				return false;
			atom = c != '(' && c != '|' && c != '^' && c != '$';
			i++;
		}
		if (i == 0)
			return false;
	}
	return true;
}

/* ---- door ---- */

struct regex_fast *regex_fast_new(struct str pattern, bool icase)
{
	uint32_t options = PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY | PCRE2_NO_AUTO_CAPTURE | (icase ? PCRE2_CASELESS : 0);
	pcre2_code *code;
	PCRE2_SIZE at;
	int err;

	if (!regex_fast_takes(pattern))
		return NULL;
	code = pcre2_compile((PCRE2_SPTR)pattern.p, pattern.n, options, &err, &at, NULL);
	if (code && pcre2_jit_compile(code, PCRE2_JIT_COMPLETE) != 0) {
		pcre2_code_free(code);
		code = NULL;
	}
	return (struct regex_fast *)code;
}

void regex_fast_free(struct regex_fast **f)
{
	if (*f)
		pcre2_code_free((pcre2_code *)*f);
	*f = NULL;
}

void regex_fast_thread_fini(void)
{
	pcre2_match_data_free(mine.data);
	pcre2_match_context_free(mine.ctx);
	pcre2_jit_stack_free(mine.stack);
	mine.data = NULL;
	mine.ctx = NULL;
	mine.stack = NULL;
}

static bool have_mine(void)
{
	if (mine.data)
		return true;
	mine.ctx = pcre2_match_context_create(NULL);
	mine.stack = pcre2_jit_stack_create(8 * 1024, JIT_STACK, NULL);
	if (mine.ctx && mine.stack)
		mine.data = pcre2_match_data_create(1, NULL);
	if (!mine.data) {
		regex_fast_thread_fini();
		return false;
	}
	pcre2_set_match_limit(mine.ctx, MATCH_LIMIT);
	pcre2_jit_stack_assign(mine.ctx, NULL, mine.stack);
	return true;
}

int regex_fast_match(const struct regex_fast *f, struct str s)
{
	int n;

	if (!have_mine())
		return -1;
	n = pcre2_jit_match((const pcre2_code *)f, (PCRE2_SPTR)(s.p ? s.p : ""), s.n, 0, 0, mine.data, mine.ctx);
	return n >= 0 ? 1 : n == PCRE2_ERROR_NOMATCH ? 0 : -1;
}
