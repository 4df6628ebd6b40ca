/* SPDX-License-Identifier: Apache-2.0 */
/* One pass over the bytes with one function per kind of token; each returns the offset behind it. */
#include "source/written.h"

struct scan {
	struct str s;
	uint32_t line;
};

static bool is_word(char c)
{
	return ascii_alpha(c) || ascii_digit(c) || c == '_';
}

static char at(const struct scan *x, size_t i)
{
	return i < x->s.n ? x->s.p[i] : 0;
}

static size_t word_end(const struct scan *x, size_t i)
{
	while (is_word(at(x, i)))
		i++;
	return i;
}

static size_t line_end(const struct scan *x, size_t i, bool continued)
{
	while (i < x->s.n && x->s.p[i] != '\n') {
		if (continued && x->s.p[i] == '\\' && at(x, i + 1) == '\n')
			i++;
		i++;
	}
	return i > x->s.n ? x->s.n : i;
}

static size_t block_comment_end(const struct scan *x, size_t i)
{
	int depth = 0;

	do {
		if (at(x, i) == '/' && at(x, i + 1) == '*') {
			depth++;
			i += 2;
		} else if (at(x, i) == '*' && at(x, i + 1) == '/') {
			depth--;
			i += 2;
		} else {
			i++;
		}
	} while (depth > 0 && i < x->s.n);
	return i > x->s.n ? x->s.n : i;
}

static size_t string_end(const struct scan *x, size_t i)
{
	char quote = x->s.p[i++];

	while (i < x->s.n && x->s.p[i] != quote)
		i += quote == '"' && x->s.p[i] == '\\' ? 2 : 1;
	return i < x->s.n ? i + 1 : x->s.n;
}

/* Behind the bracket that closes the one at i; a line end stops it, as it stops a variable. */
static size_t closed_end(const struct scan *x, size_t i, char open, char close)
{
	int depth = 0;

	for (; i < x->s.n && x->s.p[i] != '\n'; i++) {
		if (x->s.p[i] == open)
			depth++;
		else if (x->s.p[i] == close && --depth == 0)
			return i + 1;
	}
	return i;
}

static size_t pv_end(const struct scan *x, size_t i)
{
	i++;
	if (at(x, i) == '(')
		return closed_end(x, i, '(', ')');
	if (at(x, i) == '?')
		return i + 1;
	i = word_end(x, i);
	return at(x, i) == '(' ? closed_end(x, i, '(', ')') : i;
}

static size_t select_end(const struct scan *x, size_t i)
{
	for (i++; i < x->s.n;) {
		if (at(x, i) == '[')
			i = closed_end(x, i, '[', ']');
		else if (is_word(at(x, i)) || (at(x, i) == '.' && is_word(at(x, i + 1))))
			i++;
		else
			break;
	}
	return i;
}

static size_t punct_end(const struct scan *x, size_t i)
{
	static const char pairs[][3] = {"==", "!=", "=~", "<=", ">=", "&&", "||", "<<", ">>", "+="};

	for (size_t k = 0; k < sizeof(pairs) / sizeof(pairs[0]); k++)
		if (x->s.p[i] == pairs[k][0] && at(x, i + 1) == pairs[k][1])
			return i + 2;
	return i + 1;
}

static bool directive_here(const struct scan *x, size_t i)
{
	static const struct str words[] = {
		S("define"), S("def"), S("trydef"), S("trydefine"), S("redef"), S("redefine"), S("undef"),
		S("undefine"), S("tryundef"), S("tryundefine"), S("defexp"), S("defexps"), S("ifdef"),
		S("ifndef"), S("ifexp"), S("else"), S("endif"), S("subst"), S("substdef"), S("substdefs"),
		S("defenv"), S("defenvs"), S("trydefenv"), S("trydefenvs"), S("include_file"),
		S("import_file"),
	};
	struct str w;

	if (!((at(x, i) == '#' || at(x, i) == '!') && at(x, i + 1) == '!' && ascii_alpha(at(x, i + 2))))
		return false;
	w = str_make(x->s.p + i + 2, word_end(x, i + 2) - i - 2);
	for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++)
		if (str_eq(w, words[k]))
			return true;
	return false;
}

static size_t token_end(const struct scan *x, size_t i, enum written_kind *kind)
{
	char c = x->s.p[i];

	if (directive_here(x, i)) {
		*kind = WRITTEN_DIRECTIVE;
		return line_end(x, i, true);
	}
	*kind = WRITTEN_COMMENT;
	if (c == '#' || (c == '/' && at(x, i + 1) == '/'))
		return line_end(x, i, false);
	if (c == '/' && at(x, i + 1) == '*')
		return block_comment_end(x, i);
	*kind = WRITTEN_STRING;
	if (c == '"' || c == '\'')
		return string_end(x, i);
	*kind = WRITTEN_WORD;
	if (is_word(c))
		return word_end(x, i);
	*kind = WRITTEN_PV;
	if (c == '$' && (is_word(at(x, i + 1)) || at(x, i + 1) == '(' || at(x, i + 1) == '?'))
		return pv_end(x, i);
	*kind = WRITTEN_SELECT;
	if (c == '@' && is_word(at(x, i + 1)))
		return select_end(x, i);
	*kind = WRITTEN_PUNCT;
	return punct_end(x, i);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\b';
}

/* A lone backslash before a line end is white space. */
static size_t skip_blanks(struct scan *x, size_t i)
{
	for (; i < x->s.n; i++) {
		if (x->s.p[i] == '\\' && (at(x, i + 1) == '\n'))
			continue;
		if (!is_blank(x->s.p[i]))
			break;
		x->line += x->s.p[i] == '\n';
	}
	return i;
}

static bool push(struct arena *a, struct written_list *l, size_t *cap, const struct written *w)
{
	if (l->n == *cap) {
		size_t more = *cap ? *cap * 2 : 1024;
		struct written *v = arena_calloc(a, more, sizeof(*v));

		if (!v)
			return false;
		if (l->n)
			memcpy(v, l->v, l->n * sizeof(*v));
		l->v = v;
		*cap = more;
	}
	l->v[l->n++] = *w;
	return true;
}

bool written_scan(struct arena *a, struct str text, struct written_list *ret)
{
	struct scan x = {.s = text};
	size_t cap = 0;

	*ret = (struct written_list){0};
	for (size_t i = skip_blanks(&x, 0); i < text.n; i = skip_blanks(&x, i)) {
		struct written w = {.off = (uint32_t)i, .line = x.line};
		size_t end = token_end(&x, i, &w.kind);

		w.len = (uint32_t)(end - i);
		w.text = str_make(text.p + i, end - i);
		if (!push(a, ret, &cap, &w))
			return false;
		for (; i < end; i++)
			x.line += text.p[i] == '\n';
	}
	return true;
}

struct str written_directive_word(const struct written *w, struct str *rest)
{
	size_t n = 2;

	while (n < w->text.n && is_word(w->text.p[n]))
		n++;
	*rest = str_trim(str_skip(w->text, n));
	return str_make(w->text.p + 2, n - 2);
}

enum written_directive written_directive_of(const struct written *w)
{
	struct str rest, word = written_directive_word(w, &rest);

	if (str_eq(word, S("ifdef")) || str_eq(word, S("ifndef")) || str_eq(word, S("ifexp")))
		return DIRECTIVE_IF;
	if (str_eq(word, S("else")) && rest.n == 0)
		return DIRECTIVE_ELSE;
	/* text behind it makes it a comment (language.md 2) */
	return str_eq(word, S("endif")) && rest.n == 0 ? DIRECTIVE_ENDIF : DIRECTIVE_OTHER;
}

struct str written_string_body(const struct written *w)
{
	struct str s = str_skip(w->text, 1);

	return s.n && s.p[s.n - 1] == w->text.p[0] ? str_head(s, s.n - 1) : s;
}

size_t written_at(const struct written_list *l, uint32_t off)
{
	size_t lo = 0, hi = l->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (l->v[mid].off + l->v[mid].len < off)
			lo = mid + 1;
		else
			hi = mid;
	}
	/* of two that touch, the one that begins here */
	if (lo + 1 < l->n && l->v[lo].off + l->v[lo].len == off && l->v[lo + 1].off == off)
		lo++;
	return lo < l->n && l->v[lo].off <= off ? lo : l->n;
}
