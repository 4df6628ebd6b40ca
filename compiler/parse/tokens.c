/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tokens.c - all tokens of the input in one array, with braces that pair.
 *
 * A brace that is missing or too many would send the parser astray for the rest of the file, and the
 * place where it notices says nothing. So braces are looked at first, with what only a reader sees:
 * a route begins at the top level, and a '}' stands as far left as the line of its '{'.
 */
#include "parse/parse_priv.h"

#include "abi/program.h"
#include "parser.h"

int kiln_lex_lex(union kiln_parse_value *v, struct loc *l, void *scanner);

struct brace {
	struct loc loc;
	uint32_t indent; /* of the line in which it stands */
};

struct balance {
	struct parser *ps;
	struct brace open[PARSE_DEPTH_MAX];
	int n_open;
	struct loc misfit; /* '{' whose '}' stands further left than its line begins; file 0: none */
};

/* ---- reading ---- */

/* Room for n more. */
static bool reserve(struct parser *ps, uint32_t n)
{
	uint32_t more = ps->cap_toks ? ps->cap_toks * 2 : 1024;
	struct ptoken *p;

	if (ps->n_toks + n <= ps->cap_toks)
		return true;
	p = more <= PARSE_TOKENS_MAX ? arena_raw(ps->arena, more * sizeof(*p)) : NULL;
	if (!p)
		return false;
	if (ps->n_toks)
		memcpy(p, ps->toks, ps->n_toks * sizeof(*p));
	ps->toks = p;
	ps->cap_toks = more;
	return true;
}

/* Recursion over the tree stays within bounds: nesting, and tokens of one statement. */
static bool within_bounds(struct parser *ps, const struct ptoken *t, int *parens, int *length)
{
	if (t->token == '{' || t->token == '}' || t->token == ';')
		*length = 0;
	ps->depth += (t->token == '{') - (t->token == '}' && ps->depth);
	*parens += (t->token == '(') - (t->token == ')' && *parens);
	if (ps->depth + *parens < PARSE_DEPTH_MAX && ++*length < PARSE_STATEMENT_MAX)
		return true;
	parse_error_at(ps, t->loc,
		       *length < PARSE_STATEMENT_MAX ? "blocks and parentheses are nested more than %d deep"
						     : "a statement has more than %d tokens",
		       *length < PARSE_STATEMENT_MAX ? PARSE_DEPTH_MAX : PARSE_STATEMENT_MAX);
	ps->fatal = true;
	return false;
}

static void read_all(struct parser *ps)
{
	union kiln_parse_value v;
	int token, parens = 0, length = 0;
	struct loc l = {0};

	memset(&v, 0, sizeof(v));
	while (!ps->fatal && (token = kiln_lex_lex(&v, &l, ps->scanner)) != T_END) {
		struct ptoken *t;

		if (!reserve(ps, 1)) {
			parse_error_at(ps, l, "the script is too long");
			ps->fatal = true;
			return;
		}
		t = &ps->toks[ps->n_toks++];
		*t = (struct ptoken){token, v.tok, l};
		ps->prev = token;
		ps->prev_loc = l;
		if (!within_bounds(ps, t, &parens, &length))
			return;
	}
}

/* ---- braces ---- */

static bool is_route_word(int token)
{
	return token == T_ROUTE || token == T_ROUTE_MAIN || token == T_ROUTE_KIND || token == T_ROUTE_EVENT;
}

static int token_at(const struct parser *ps, uint32_t i)
{
	return i < ps->n_toks ? ps->toks[i].token : T_END;
}

/* Does an item begin at token i that cannot stand in a block? */
static bool begins_item(const struct parser *ps, uint32_t i)
{
	int next = token_at(ps, i + 1);

	switch (token_at(ps, i)) {
	case T_ROUTE:
	case T_ROUTE_MAIN:
	case T_ROUTE_KIND:
	case T_ROUTE_EVENT:
		return next == '[' || next == '{' || next == T_EVENT_NAME;
	case T_LOADMODULE:
	case T_MODPARAM:
		return true;
	default:
		return false;
	}
}

/* May token i stand at the top level? */
static bool fits_top(const struct parser *ps, uint32_t i)
{
	int next = token_at(ps, i + 1);

	switch (token_at(ps, i)) {
	case T_END:
	case ';':
	case '}':
	case T_GLOBAL:
	case T_FLAGS:
	case T_LISTEN:
	case T_ALIAS:
	case T_LOADPATH:
	case T_CFGENGINE:
	case T_SOCKET:
	case T_COREPARAM:
		return true;
	case T_ID:
		return next == '.' || next == '[' || next == '=' || next == '{';
	case T_ACTION:
		return next == '=';
	default:
		return begins_item(ps, i) || is_route_word(token_at(ps, i));
	}
}

/* From i on, does a '}' come that closes nothing, before the next item begins? */
static bool one_too_many(const struct parser *ps, uint32_t i)
{
	int depth = 0;

	for (; i < ps->n_toks; i++) {
		if (depth == 0 && begins_item(ps, i))
			return false;
		depth += token_at(ps, i) == '{';
		if (token_at(ps, i) == '}' && depth-- == 0)
			return true;
	}
	return false;
}

static void note_open(struct balance *b, struct loc l)
{
	struct str line = source_line(b->ps->pp->src, l);

	if (b->n_open < PARSE_DEPTH_MAX)
		b->open[b->n_open++] = (struct brace){l, (uint32_t)(line.n - str_ltrim(line).n)};
}

static void note_close(struct balance *b, struct loc l)
{
	struct str line = source_line(b->ps->pp->src, l);
	uint32_t indent = (uint32_t)(line.n - str_ltrim(line).n);
	const struct brace *o = &b->open[--b->n_open];

	if (source_pos(b->ps->pp->src, l).column == indent + 1 && indent < o->indent && !b->misfit.file)
		b->misfit = o->loc;
	if (b->n_open == 0)
		b->misfit.file = 0;
}

/* What is open never closes: '}' are put in at token i. Returns how many. */
static uint32_t close_all(struct balance *b, uint32_t i)
{
	struct parser *ps = b->ps;
	struct loc at = b->misfit.file ? b->misfit : b->open[b->n_open - 1].loc;
	struct edit e = {.at = i, .n_ins = 1};
	struct diag *d = diag_report(ps->diag, E_UNCLOSED, at, "this brace is never closed");
	uint32_t n = (uint32_t)b->n_open;

	if (i < ps->n_toks)
		diag_span(ps->diag, d, ps->toks[i].loc, "this cannot stand inside the block");
	e.ins[0] = (struct ptoken){.token = '}', .loc = i ? ps->toks[i - 1].loc : at};
	for (; b->n_open > 0; b->n_open--)
		parse_apply(ps, &e);
	b->misfit.file = 0;
	return n;
}

static void drop_close(struct parser *ps, uint32_t i)
{
	struct edit e = {.at = i, .del = 1};
	struct diag *d = diag_report(ps->diag, E_SYNTAX, ps->toks[i].loc, "syntax error, this } closes nothing");

	diag_fix(ps->diag, d, ps->toks[i].loc, STR_NULL);
	parse_apply(ps, &e);
}

static void balance(struct parser *ps)
{
	struct balance *b = arena_new_of(ps->arena, struct balance);

	if (!b)
		return;
	b->ps = ps;
	for (uint32_t i = 0; i < ps->n_toks; i++) {
		if (b->n_open && begins_item(ps, i))
			i += close_all(b, i);
		if (ps->toks[i].token == '{') {
			note_open(b, ps->toks[i].loc);
		} else if (ps->toks[i].token == '}') {
			if (!b->n_open || (b->n_open == 1 && !fits_top(ps, i + 1) && one_too_many(ps, i + 1)))
				drop_close(ps, i--);
			else
				note_close(b, ps->toks[i].loc);
		}
	}
	if (b->n_open)
		close_all(b, ps->n_toks);
}

void parse_read_tokens(struct parser *ps)
{
	read_all(ps);
	if (!ps->fatal)
		balance(ps);
}

/* ---- handing out ---- */

const struct ptoken *parse_next(struct parser *ps)
{
	const struct edit *e = &ps->edit;
	uint32_t end = ps->limit < ps->n_toks ? ps->limit : ps->n_toks;

	if ((e->n_ins || e->del) && ps->at == e->at) {
		if (ps->ins_given < e->n_ins)
			return &e->ins[ps->ins_given++];
		if (ps->ins_given == e->n_ins) {
			ps->ins_given++;
			ps->at += e->del;
		}
	}
	if (ps->at < end)
		return &ps->toks[ps->at++];
	ps->end = (struct ptoken){.token = T_END, .loc = parse_behind(ps, end)};
	return &ps->end;
}

void parse_apply(struct parser *ps, const struct edit *e)
{
	uint32_t tail = ps->n_toks - e->at - e->del;

	if (!reserve(ps, (uint32_t)e->n_ins)) {
		ps->fatal = true;
		return;
	}
	memmove(ps->toks + e->at + e->n_ins, ps->toks + e->at + e->del, tail * sizeof(*ps->toks));
	for (int i = 0; i < e->n_ins; i++)
		ps->toks[e->at + (uint32_t)i] = e->ins[i];
	ps->n_toks = ps->n_toks - e->del + (uint32_t)e->n_ins;
}

struct loc parse_behind(const struct parser *ps, uint32_t i)
{
	struct loc l;

	if (i == 0 || ps->n_toks == 0)
		return (struct loc){.file = 1};
	l = ps->toks[(i < ps->n_toks ? i : ps->n_toks) - 1].loc;
	if (!l.exp && l.len) {
		l.off += l.len - 1;
		l.len = 1;
	}
	return l;
}
