/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layout.c - where lines break and blanks stand.
 *
 * A tab a level; one statement a line; "{" at the end of its line, "} else {" in one; labels one level in,
 * their statements two. Inside a statement the writer's line breaks stay, one level deeper. Around marks
 * that may be part of a host, an address or a label ( . - : / * [ ] ) the writer's blanks stay, too.
 * Directives stand at the left edge; the arms of a condition begin at the same level.
 */
#include "fmt/fmt_priv.h"

enum { DEPTH_MAX = 512 };

struct level {
	bool is_switch, in_case;
	int parens; /* of the statement around */
};

struct state {
	struct level levels[DEPTH_MAX];
	int depth, parens;
	bool starts;    /* the next token begins a statement */
	bool is_switch; /* the statement is one */
	bool label;     /* between case and its ":" */
};

struct arm {
	struct arm *outer;
	struct state before, first;
	bool has_else;
};

struct layout {
	struct sb *out;
	struct arena *arena;
	struct state s;
	struct arm *arms;  /* the conditions that are open, innermost first */
	struct arm *spare; /* closed ones, to use again */
	struct fmt_token prev;
	bool line_open; /* something stands on the line already */
	bool failed;    /* memory is out */
};

static bool is(const struct fmt_token *t, const char *text)
{
	return t->kind == FMT_OP && str_eq(t->text, str_of(text));
}

static bool is_word(const struct fmt_token *t, const char *text)
{
	return t->kind == FMT_WORD && str_eq(t->text, str_of(text));
}

static bool one_of(const struct fmt_token *t, const char *const *list)
{
	for (; *list; list++)
		if (str_eq(t->text, str_of(*list)))
			return true;
	return false;
}

/* ---- blanks between two tokens of a line ---- */

static bool spaced_op(const struct layout *l, const struct fmt_token *t)
{
	static const char *const ops[] = {"==", "!=", "=~", "<=", ">=", "&&", "||", "<<", ">>", "+=", "+", "=", "<", ">", "&", "|", "^",
					  NULL};

	return t->kind == FMT_OP && l->s.depth > 0 && one_of(t, ops);
}

static bool opens_condition(const struct fmt_token *t)
{
	static const char *const words[] = {"if", "while", "switch", "else", "and", "or", "not", NULL};

	return t->kind == FMT_WORD && one_of(t, words);
}

static bool is_type(const struct fmt_token *t)
{
	return is_word(t, "int") || is_word(t, "str");
}

static bool blank_between(const struct layout *l, const struct fmt_token *t)
{
	const struct fmt_token *p = &l->prev;

	if (t->kind == FMT_COMMENT || t->kind == FMT_BLOCK || p->kind == FMT_BLOCK)
		return true;
	if (p->kind == FMT_OP && t->kind == FMT_OP && (fmt_joins(p->text, t->text) || (is(p, "!") && is(t, "!"))))
		return t->blank; /* they would be another operator, or begin a directive, as "!!a" does */
	if (is(t, ",") || is(t, ";"))
		return false;
	if (is(t, ")")) /* "(int)" is a cast, "( int )" none */
		return t->blank && is_type(p);
	if (is(p, "("))
		return t->blank && is_type(t);
	if (is(p, ",") || is(t, "{") || is(p, "{") || is(p, "}"))
		return true;
	if (is(p, "!"))
		return t->blank && str_ends(sb_str(l->out), S("!!"));
	if (l->s.depth == 0 && (is(t, "=") || is(p, "=")))
		return t->blank && p->kind == FMT_OP && t->kind == FMT_OP;
	if (spaced_op(l, p) || spaced_op(l, t))
		return true;
	if (is(t, "("))
		return opens_condition(p) || (p->kind != FMT_WORD && t->blank);
	return t->blank;
}

/* ---- lines ---- */

static void new_line(struct layout *l)
{
	if (!l->line_open)
		return;
	sb_addc(l->out, '\n');
	l->line_open = false;
}

static int indent_of(const struct layout *l, const struct fmt_token *t, bool goes_on)
{
	int n = l->s.depth;

	for (int i = 1; i <= l->s.depth && i < DEPTH_MAX; i++)
		n += l->s.levels[i].in_case;
	if (is(t, "}"))
		n -= 1 + l->s.levels[l->s.depth].in_case;
	if (l->s.levels[l->s.depth].is_switch && l->s.levels[l->s.depth].in_case &&
	    (is_word(t, "case") || is_word(t, "default")))
		n--;
	if (goes_on) /* in parentheses two: the body of an if without braces has one */
		n += (l->s.depth > 0) + (l->s.parens > 0);
	return n < 0 ? 0 : n;
}

static void put(struct layout *l, const struct fmt_token *t, bool goes_on)
{
	struct str text = t->text;

	if (t->kind == FMT_COMMENT)
		text = str_rtrim(text);
	if (!l->line_open && t->kind != FMT_DIRECTIVE)
		for (int i = indent_of(l, t, goes_on); i > 0; i--)
			sb_addc(l->out, '\t');
	else if (l->line_open && blank_between(l, t))
		sb_addc(l->out, ' ');
	sb_add(l->out, text);
	l->line_open = true;
}

/* Must the line end before this token? */
static bool breaks_before(const struct layout *l, const struct fmt_token *t)
{
	const struct fmt_token *p = &l->prev;

	if (p->kind == FMT_END)
		return false;
	if (p->kind == FMT_COMMENT || p->kind == FMT_DIRECTIVE || t->kind == FMT_DIRECTIVE)
		return true;
	if (t->kind == FMT_COMMENT || t->kind == FMT_BLOCK)
		return t->newlines > 0;
	if (is(t, "}"))
		return true;
	if (is(t, "{") || is(t, ";"))
		return t->newlines > 0 && p->kind == FMT_BLOCK;
	if (is_word(t, "else") && is(p, "}"))
		return false;
	if (l->s.starts && l->s.depth > 0)
		return true;
	if (is(p, "}") && l->s.depth == 0)
		return true;
	return t->newlines > 0;
}

/* ---- what a token does to the state ---- */

static void push_brace(struct layout *l)
{
	if (l->s.depth + 1 < DEPTH_MAX)
		l->s.depth++;
	l->s.levels[l->s.depth] = (struct level){l->s.is_switch, false, l->s.parens};
	l->s.parens = 0;
	l->s.starts = true;
	l->s.is_switch = false;
}

static void pop_brace(struct layout *l)
{
	l->s.parens = l->s.levels[l->s.depth].parens;
	l->s.depth -= l->s.depth > 0;
	l->s.starts = l->s.parens == 0;
	l->s.is_switch = false;
}

static void advance(struct layout *l, const struct fmt_token *t)
{
	bool started = l->s.starts;

	if (t->kind == FMT_COMMENT || t->kind == FMT_BLOCK || t->kind == FMT_DIRECTIVE)
		return;
	l->s.starts = false;
	if (is(t, "{")) {
		push_brace(l);
	} else if (is(t, "}")) {
		pop_brace(l);
	} else if (is(t, ";") && l->s.parens == 0) {
		l->s.starts = true;
		l->s.is_switch = false;
	} else if (is(t, "(")) {
		l->s.parens++;
	} else if (is(t, ")")) {
		l->s.parens -= l->s.parens > 0;
	} else if (started && is_word(t, "switch")) {
		l->s.is_switch = true;
	} else if (started && l->s.levels[l->s.depth].is_switch && (is_word(t, "case") || is_word(t, "default"))) {
		l->s.levels[l->s.depth].in_case = true;
		l->s.label = true;
	} else if (is(t, ":") && l->s.label && l->s.parens == 0) {
		l->s.label = false;
		l->s.starts = true;
	}
}

static void open_condition(struct layout *l)
{
	struct arm *a = l->spare ? l->spare : arena_new_of(l->arena, struct arm);

	if (!a) {
		l->failed = true;
		return;
	}
	if (l->spare)
		l->spare = a->outer;
	a->outer = l->arms;
	a->before = l->s;
	a->has_else = false;
	l->arms = a;
}

static void close_condition(struct layout *l)
{
	struct arm *a = l->arms;

	if (a->has_else)
		l->s = a->first;
	l->arms = a->outer;
	a->outer = l->spare;
	l->spare = a;
}

/* Each arm of a condition begins where the condition stood; behind it goes on what the first arm left. */
static void conditional(struct layout *l, struct str text)
{
	struct str word = str_skip(text, 2);
	struct arm *a = l->arms;

	if (str_starts(word, S("ifdef")) || str_starts(word, S("ifndef")) || str_starts(word, S("ifexp"))) {
		open_condition(l);
	} else if (str_eq(str_rtrim(word), S("else")) && a) {
		if (!a->has_else)
			a->first = l->s;
		a->has_else = true;
		l->s = a->before;
	} else if (str_eq(str_rtrim(word), S("endif")) && a) {
		close_condition(l);
	}
}

static void token(struct layout *l, const struct fmt_token *t)
{
	bool goes_on = !l->s.starts && !is(t, "}"), first = l->prev.kind == FMT_END;

	if (breaks_before(l, t)) {
		new_line(l);
		if (t->newlines > 1 && !first && !is(&l->prev, "{") && !is(t, "}"))
			sb_addc(l->out, '\n');
	}
	put(l, t, goes_on && t->kind != FMT_COMMENT && t->kind != FMT_BLOCK);
	if (t->kind == FMT_DIRECTIVE)
		conditional(l, t->text);
	advance(l, t);
	l->prev = *t;
}

bool fmt_text(struct arena *a, struct str in, struct sb *out)
{
	struct layout *l = arena_new_of(a, struct layout);
	size_t pos = 0;

	if (!l || str_chr(in, '\0') < in.n) /* a comment ends there */
		return false;
	l->arena = a;
	l->out = out;
	l->s.starts = true;
	for (;;) {
		struct fmt_token t = fmt_next(in, &pos);

		if (t.kind == FMT_END)
			break;
		if (t.unclosed || is(&t, "\\")) /* a line's end behind it would make it a blank */
			return false;
		token(l, &t);
	}
	if (l->line_open)
		sb_addc(out, '\n');
	return sb_ok(out) && !l->failed;
}
