/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Thompson's construction, generated from the right end so that every node knows what follows it, then
 * sets of nodes as states. The search begins anew at each byte, therefore the first node belongs to
 * every set; once matched the answer is known, whatever follows.
 */
#include "script/regex_dfa.h"

#include <ctype.h>

#include "base/bug.h"
#include "base/mem.h"
#include "script/regex_fast.h"

enum { PATTERN_MAX = 128, NODES_MAX = 256, SETS_MAX = 64, STATES_MAX = 64, WORDS = NODES_MAX / 64, INFINITE = -1 };
enum { DEAD, MATCH, FIRST }; /* states by number */

enum node_kind { NODE_SPLIT, NODE_SET, NODE_BEGIN, NODE_END, NODE_MATCH };

struct node {
	enum node_kind kind;
	int out, out2;
	int set;
};

struct bytes { /* a set of bytes */
	uint64_t w[4];
};

struct nodes { /* a set of nodes: those that wait for a byte or for the end */
	uint64_t w[WORDS];
};

struct build {
	struct str re;
	bool icase, full;
	struct node v[NODES_MAX];
	int n;
	struct bytes sets[SETS_MAX];
	int n_sets;
	uint8_t class_of[256];
	unsigned n_classes;
	struct nodes states[STATES_MAX];
	unsigned n_states;
	uint16_t next[STATES_MAX][SETS_MAX * 2];
};

/* ---- pattern to nodes ---- */

static int add(struct build *b, enum node_kind kind, int out, int out2)
{
	if (b->n == NODES_MAX) {
		b->full = true;
		return 0;
	}
	b->v[b->n] = (struct node){.kind = kind, .out = out, .out2 = out2};
	return b->n++;
}

static void put(struct bytes *s, unsigned c)
{
	s->w[c / 64] |= 1ull << c % 64;
}

static bool has(const struct bytes *s, unsigned c)
{
	return s->w[c / 64] >> c % 64 & 1;
}

static int add_set(struct build *b, struct bytes s, bool negated, int next)
{
	int i = 0, node;

	for (unsigned c = 'a'; b->icase && c <= 'z'; c++) {
		if (has(&s, c) || has(&s, c - 32)) {
			put(&s, c);
			put(&s, c - 32);
		}
	}
	for (int k = 0; negated && k < 4; k++)
		s.w[k] = ~s.w[k];
	s.w[0] &= ~1ull; /* a NUL is no byte of the subject */
	while (i < b->n_sets && memcmp(&b->sets[i], &s, sizeof(s)) != 0)
		i++;
	if (i == SETS_MAX) {
		b->full = true;
		return 0;
	}
	b->sets[i] = s;
	b->n_sets = i == b->n_sets ? i + 1 : b->n_sets;
	node = add(b, NODE_SET, next, -1);
	b->v[node].set = i;
	return node;
}

static bool in_class(struct str name, int c)
{
	static const struct {
		struct str name;
		int (*is)(int);
	} classes[] = {{S("alnum"), isalnum}, {S("alpha"), isalpha}, {S("blank"), isblank}, {S("cntrl"), iscntrl},
		       {S("digit"), isdigit}, {S("graph"), isgraph}, {S("lower"), islower}, {S("print"), isprint},
		       {S("punct"), ispunct}, {S("space"), isspace}, {S("upper"), isupper}, {S("xdigit"), isxdigit}};

	for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++)
		if (str_eq(classes[i].name, name))
			return c < 128 && classes[i].is(c);
	return false;
}

/* "[...]", which ends at `to`. */
static int bracket(struct build *b, size_t from, size_t to, int next)
{
	bool negated = b->re.p[from + 1] == '^';
	struct bytes s = {{0}};
	const char *p = b->re.p;

	for (size_t i = from + 1 + negated; i < to - 1; i++) {
		unsigned first = (unsigned char)p[i], last = first;

		if (p[i] == '[' && p[i + 1] == ':') {
			size_t n = str_find(str_skip(b->re, i), S(":]"));

			for (int c = 0; c < 128; c++)
				if (in_class(str_make(p + i + 2, n - 2), c))
					put(&s, (unsigned)c);
			i += n + 1;
			continue;
		}
		if (p[i + 1] == '-' && i + 2 < to - 1) {
			last = (unsigned char)p[i + 2];
			i += 2;
		}
		for (unsigned c = first; c <= last; c++)
			put(&s, c);
	}
	return add_set(b, s, negated, next);
}

static int alternatives(struct build *b, size_t from, size_t to, int next);

static int atom(struct build *b, size_t from, size_t to, int next)
{
	struct bytes s = {{0}};
	char c = b->re.p[from];

	switch (c) {
	case '(':
		return alternatives(b, from + 1, to - 1, next);
	case '[':
		return bracket(b, from, to, next);
	case '^':
		return add(b, NODE_BEGIN, next, -1);
	case '$':
		return add(b, NODE_END, next, -1);
	case '.':
		return add_set(b, s, true, next);
	case '\\':
		c = b->re.p[from + 1];
		break;
	default:
		break;
	}
	put(&s, (unsigned char)c);
	return add_set(b, s, false, next);
}

/* Index behind the atom at i. */
static size_t atom_end(struct str re, size_t i)
{
	int depth = 0;

	do {
		if (re.p[i] == '[')
			i = regex_skip_bracket(re, i) - 1;
		else if (re.p[i] == '\\')
			i++;
		else if (re.p[i] == '(')
			depth++;
		else if (re.p[i] == ')')
			depth--;
		i++;
	} while (depth > 0 && i < re.n);
	return i;
}

/* The quantifier at i, if there is one: index behind it. */
static size_t quantifier(struct str re, size_t i, int *min, int *max)
{
	char c = i < re.n ? re.p[i] : 0;

	*min = c == '*' || c == '?' ? 0 : 1;
	*max = c == '*' || c == '+' ? INFINITE : 1;
	if (c == '*' || c == '+' || c == '?')
		return i + 1;
	if (c != '{')
		return i;
	for (*min = 0, i++; ascii_digit(re.p[i]); i++)
		*min = *min < NODES_MAX ? *min * 10 + re.p[i] - '0' : NODES_MAX;
	*max = *min;
	if (re.p[i] == ',') {
		i++;
		*max = ascii_digit(re.p[i]) ? 0 : INFINITE;
		for (; ascii_digit(re.p[i]); i++)
			*max = *max < NODES_MAX ? *max * 10 + re.p[i] - '0' : NODES_MAX;
	}
	return i + 1;
}

static int sequence(struct build *b, size_t from, size_t to, int next)
{
	int min, max, first, after;
	size_t end, rest;

	if (from >= to || b->full)
		return next;
	end = atom_end(b->re, from);
	rest = quantifier(str_head(b->re, to), end, &min, &max);
	after = first = sequence(b, rest, to, next);
	if (max == INFINITE) {
		first = add(b, NODE_SPLIT, -1, after);
		after = atom(b, from, end, first);
		b->v[first].out = after;
	}
	for (int i = min; i < max && !b->full; i++)
		first = add(b, NODE_SPLIT, atom(b, from, end, first), after); /* adds a node each time: bounded */
	for (int i = 0; i < min && !b->full; i++) {
		int one = atom(b, from, end, first);

		if (one == first)
			break; /* nothing, however often: ((){255}){255} shall not be counted out */
		first = one;
	}
	return first;
}

static int alternatives(struct build *b, size_t from, size_t to, int next)
{
	size_t i = from;
	int rest;

	while (i < to && b->re.p[i] != '|') {
		b->full |= b->re.p[i] == ')'; /* one that nothing opens: a byte to one library, an error to the other */
		i = atom_end(b->re, i);
	}
	if (b->full)
		return next;
	if (i >= to)
		return sequence(b, from, to, next);
	rest = alternatives(b, i + 1, to, next);
	return add(b, NODE_SPLIT, sequence(b, from, i, next), rest);
}

/* ---- nodes to states ---- */

/* Everything reached from `node` without a byte; true when that is a match. */
static bool reach(const struct build *b, int node, bool at_begin, bool at_end, struct nodes *seen)
{
	const struct node *n = &b->v[node];
	bool left, right;

	if (seen->w[node / 64] >> node % 64 & 1)
		return false;
	seen->w[node / 64] |= 1ull << node % 64;
	switch (n->kind) {
	case NODE_SPLIT:
		left = reach(b, n->out, at_begin, at_end, seen);
		right = reach(b, n->out2, at_begin, at_end, seen);
		return left || right;
	case NODE_BEGIN:
		return at_begin && reach(b, n->out, at_begin, at_end, seen);
	case NODE_END:
		return at_end && reach(b, n->out, at_begin, at_end, seen);
	case NODE_MATCH:
		return true;
	case NODE_SET:
		return false;
	}
	return false;
}

/* Those of the nodes that something can still come of. */
static struct nodes waiting(const struct build *b, struct nodes s)
{
	for (int i = 0; i < b->n; i++)
		if (b->v[i].kind != NODE_SET && b->v[i].kind != NODE_END)
			s.w[i / 64] &= ~(1ull << i % 64);
	return s;
}

static unsigned state_of(struct build *b, bool matched, struct nodes s)
{
	static const struct nodes none;
	unsigned i = FIRST + 1; /* FIRST stands at the beginning, unlike all others */

	if (matched)
		return MATCH;
	s = waiting(b, s);
	if (memcmp(&s, &none, sizeof(s)) == 0)
		return DEAD;
	while (i < b->n_states && memcmp(&b->states[i], &s, sizeof(s)) != 0)
		i++;
	if (i == STATES_MAX) {
		b->full = true;
		return DEAD;
	}
	b->states[i] = s;
	b->n_states = i == b->n_states ? i + 1 : b->n_states;
	return i;
}

/* Bytes that every set treats alike are one class. */
static void classify(struct build *b)
{
	uint64_t of[SETS_MAX * 2], sign;
	unsigned k;

	b->n_classes = 1;
	of[0] = 0;
	for (unsigned c = 1; c < 256; c++) {
		sign = 0;
		for (int i = 0; i < b->n_sets; i++)
			sign |= (uint64_t)has(&b->sets[i], c) << i;
		for (k = 1; k < b->n_classes && of[k] != sign; k++)
			;
		if (k == SETS_MAX * 2) {
			b->full = true;
			return;
		}
		of[k] = sign;
		b->n_classes = k == b->n_classes ? k + 1 : b->n_classes;
		b->class_of[c] = (uint8_t)k;
	}
}

static unsigned step(struct build *b, unsigned state, unsigned c, int start)
{
	const struct nodes from = b->states[state];
	struct nodes to = {{0}};
	bool matched = c != 0 && reach(b, start, false, false, &to);

	for (int i = 0; i < b->n; i++) {
		if (!(from.w[i / 64] >> i % 64 & 1))
			continue;
		if (c == 0 && b->v[i].kind == NODE_END)
			matched |= reach(b, b->v[i].out, state == FIRST, true, &to);
		if (c != 0 && b->v[i].kind == NODE_SET && has(&b->sets[b->v[i].set], c))
			matched |= reach(b, b->v[i].out, false, false, &to);
	}
	return c ? state_of(b, matched, to) : matched ? MATCH : DEAD;
}

static void make_states(struct build *b, int start)
{
	struct nodes first = {{0}};
	uint8_t sample[SETS_MAX * 2] = {0};

	for (unsigned c = 255; c > 0; c--)
		sample[b->class_of[c]] = (uint8_t)c;
	b->n_states = FIRST + 1;
	for (unsigned k = 0; k < b->n_classes; k++)
		b->next[MATCH][k] = MATCH;
	if (reach(b, start, true, false, &first)) {
		memcpy(b->next[FIRST], b->next[MATCH], sizeof(b->next[MATCH]));
		return;
	}
	b->states[FIRST] = waiting(b, first);
	for (unsigned s = FIRST; s < b->n_states && !b->full; s++)
		for (unsigned k = 0; k < b->n_classes; k++)
			b->next[s][k] = (uint16_t)step(b, s, sample[k], start);
}

static struct regex_dfa *table(const struct build *b)
{
	struct regex_dfa *d = mem_alloc(sizeof(*d) + sizeof(d->next[0]) * b->n_states * b->n_classes);

	if (!d)
		return NULL;
	d->start = (uint16_t)(FIRST * b->n_classes);
	d->match = (uint16_t)(MATCH * b->n_classes);
	memcpy(d->class_of, b->class_of, sizeof(d->class_of));
	for (unsigned s = 0; s < b->n_states; s++)
		for (unsigned k = 0; k < b->n_classes; k++)
			d->next[s * b->n_classes + k] = (uint16_t)(b->next[s][k] * b->n_classes);
	return d;
}

struct regex_dfa *regex_dfa_new(struct str pattern, bool icase)
{
	struct regex_dfa *d = NULL;
	struct build *b;
	int start;

	if (pattern.n > PATTERN_MAX || !regex_fast_takes(pattern))
		return NULL;
	b = mem_alloc(sizeof(*b));
	if (!b)
		return NULL;
	b->re = pattern;
	b->icase = icase;
	start = alternatives(b, 0, pattern.n, add(b, NODE_MATCH, -1, -1));
	if (!b->full)
		classify(b);
	if (!b->full)
		make_states(b, start);
	if (!b->full)
		d = table(b);
	mem_free(&b);
	return d;
}
