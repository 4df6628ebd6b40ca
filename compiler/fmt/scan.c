/* SPDX-License-Identifier: Apache-2.0 */
/* scan.c - a script's bytes as tokens, as the scanner cuts them, with no define replaced and no arm left out. */
#include "fmt/fmt_priv.h"

static bool is_word(char c)
{
	return ascii_alpha(c) || ascii_digit(c) || c == '_';
}

static char at(struct str in, size_t i)
{
	return i < in.n ? in.p[i] : '\0';
}

static size_t line_end(struct str in, size_t i)
{
	while (i < in.n && in.p[i] != '\n')
		i++;
	return i;
}

static size_t word_end(struct str in, size_t i)
{
	while (i < in.n && is_word(in.p[i]))
		i++;
	return i;
}

/* in.n + 1: it has none. */
static size_t string_end(struct str in, size_t i)
{
	char quote = in.p[i++];

	for (; i < in.n && in.p[i] != quote; i++)
		if (quote == '"' && in.p[i] == '\\')
			i++;
	return i < in.n ? i + 1 : in.n + 1;
}

/* The same. */
static size_t comment_end(struct str in, size_t i)
{
	int depth = 0;

	for (; i < in.n; i++) {
		if (in.p[i] == '/' && at(in, i + 1) == '*') {
			depth++;
			i++;
		} else if (in.p[i] == '*' && at(in, i + 1) == '/') {
			i++;
			if (--depth == 0)
				return i + 1;
		}
	}
	return in.n + 1;
}

/* From "(" behind its ")", which is in the same line; in.n + 1: it is not. */
static size_t parens_end(struct str in, size_t i)
{
	int depth = 0;

	for (; i < in.n && in.p[i] != '\n'; i++) {
		depth += (in.p[i] == '(') - (in.p[i] == ')');
		if (depth == 0)
			return i + 1;
	}
	return in.n + 1;
}

static size_t value_end(struct str in, size_t i)
{
	char first = in.p[i++];

	if (first == '$') {
		if (at(in, i) == '?')
			return i + 1;
		if (at(in, i) != '(')
			i = word_end(in, i);
		return at(in, i) == '(' ? parens_end(in, i) : i;
	}
	for (;;) {
		i = word_end(in, i);
		while (at(in, i) == '[') {
			while (i < in.n && in.p[i] != ']' && in.p[i] != '\n')
				i++;
			i += at(in, i) == ']';
		}
		if (at(in, i) != '.' || !is_word(at(in, i + 1)))
			return i;
		i++;
	}
}

/* Directives whose value goes on behind a backslash at the end of the line. */
static bool joins_lines(struct str word)
{
	static const char *const words[] = {"def", "define", "trydef", "trydefine", "redef", "redefine", "defexp", "defexps",
					    "subst", "substdef", "substdefs"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (str_eq(word, str_of(words[i])))
			return true;
	return false;
}

static bool ends_in_backslash(struct str in, size_t end)
{
	size_t last = end - 1;

	last -= in.p[last] == '\r';
	return in.p[last] == '\\';
}

/* in.n + 1: it goes on where the text ends. */
static size_t directive_end(struct str in, size_t i)
{
	size_t end = word_end(in, i + 2);
	bool joins = joins_lines(str_make(in.p + i + 2, end - i - 2));

	end = line_end(in, end);
	while (joins && ends_in_backslash(in, end)) {
		if (end >= in.n)
			return in.n + 1;
		end = line_end(in, end + 1);
	}
	return end;
}

static bool is_include(struct str word)
{
	return str_eq(word, S("include_file")) || str_eq(word, S("import_file"));
}

static size_t include_end(struct str in, size_t i)
{
	while (i < in.n && (in.p[i] == ' ' || in.p[i] == '\t'))
		i++;
	while (i < in.n && !strchr(" \t\r\n", in.p[i]))
		i++;
	return i;
}

static size_t op_length(struct str in, size_t i)
{
	static const char *const two[] = {"==", "!=", "=~", "<=", ">=", "&&", "||", "<<", ">>", "+="};

	for (size_t k = 0; k < sizeof(two) / sizeof(two[0]); k++)
		if (str_starts(str_skip(in, i), str_of(two[k])))
			return 2;
	return 1;
}

bool fmt_joins(struct str op, struct str next)
{
	char both[] = {op.p[0], next.p[0]};

	return op.n == 1 && op_length(str_make(both, 2), 0) == 2;
}

static size_t blanks_end(struct str in, size_t i, struct fmt_token *t)
{
	size_t from = i;

	for (; i < in.n; i++) {
		if (in.p[i] == '\\' && (at(in, i + 1) == '\n' || (at(in, i + 1) == '\r' && at(in, i + 2) == '\n')))
			continue; /* it is a blank */
		if (!strchr(" \t\b\r\n", in.p[i]) || !in.p[i])
			break;
		t->newlines += in.p[i] == '\n';
	}
	t->blank = i > from;
	return i;
}

struct fmt_token fmt_next(struct str in, size_t *pos)
{
	struct fmt_token t = {.kind = FMT_OP};
	size_t i = blanks_end(in, *pos, &t), end;
	char c = at(in, i), next = at(in, i + 1);

	if (i >= in.n) {
		t.kind = FMT_END;
		*pos = i;
		return t;
	}
	if ((c == '#' || c == '!') && next == '!' && (ascii_alpha(at(in, i + 2)) || at(in, i + 2) == '_')) {
		t.kind = FMT_DIRECTIVE;
		end = directive_end(in, i);
	} else if (c == '#' || (c == '/' && next == '/')) {
		t.kind = FMT_COMMENT;
		end = line_end(in, i);
	} else if (c == '/' && next == '*') {
		t.kind = FMT_BLOCK;
		end = comment_end(in, i);
	} else if (c == '"' || c == '\'') {
		t.kind = FMT_STRING;
		end = string_end(in, i);
	} else if (str_starts(str_skip(in, i), S("(int)")) || str_starts(str_skip(in, i), S("(str)"))) {
		t.kind = FMT_VALUE;
		end = i + 5;
	} else if ((c == '$' && (is_word(next) || next == '(' || next == '?')) || ((c == '@' || c == '%') && is_word(next))) {
		t.kind = FMT_VALUE;
		end = value_end(in, i);
	} else if (is_word(c)) {
		t.kind = FMT_WORD;
		end = word_end(in, i);
		if (is_include(str_make(in.p + i, end - i))) {
			t.kind = FMT_DIRECTIVE;
			end = include_end(in, end);
		}
	} else {
		end = i + op_length(in, i);
	}
	t.unclosed = end > in.n;
	end = end > in.n ? in.n : end;
	t.text = str_make(in.p + i, end - i);
	*pos = end;
	return t;
}
