/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repair.c - what to do where the parser stops: one report, a change of the tokens, and on.
 *
 * Changes are tried in order: put in what is missing, take out what is too many, mend a misspelt word.
 * Each trial parses from the item's start a few tokens past the fault; the change that gets furthest is
 * made, and its kind decides the words of the report. When none helps, the statement is given up, else
 * the item. The tree is built anew from the start of the item, so a trial leaves nothing behind. Trials are
 * bounded for the whole script: hopeless text costs no more than some parses of it.
 */
#include "parse/parse_priv.h"

#include "abi/program.h"
#include "parser.h"

enum { LOOK_AHEAD = 24, GOOD_ENOUGH = 4 };

struct fault {
	struct parser *ps;
	uint32_t at;   /* the token that does not fit */
	uint32_t want; /* WANT_* */
	const char *found;
	struct edit best;
	uint32_t reach; /* how far the best one gets */
	const char *what; /* a missing token, or NULL */
	const struct parse_keyword *word; /* what a misspelt word was meant to be */
	uint32_t word_at;
};

static const struct ptoken *tok(const struct parser *ps, int64_t i)
{
	static const struct ptoken none = {.token = T_END};

	return i >= 0 && i < ps->n_toks ? &ps->toks[i] : &none;
}

/* ---- trials ---- */

/* How far the parser comes with the change in force. */
static uint32_t trial(struct parser *ps, const struct edit *e, uint32_t limit)
{
	struct chain items = ps->items;
	uint32_t done = ps->done, reach;

	if (ps->tried > PARSE_TRIALS_MAX)
		return 0;
	ps->trial = true;
	ps->limit = limit;
	ps->edit = *e;
	ps->ins_given = 0;
	ps->at = ps->done;
	if (kiln_parse_parse(ps) == 0)
		reach = UINT32_MAX;
	else
		reach = ps->at >= limit ? limit : ps->at ? ps->at - 1 : 0;
	if (reach != UINT32_MAX && ps->ins_given <= e->n_ins)
		reach = 0; /* what was put in does not fit itself */
	ps->tried += ps->at - done;
	ps->trial = false;
	ps->limit = UINT32_MAX;
	ps->edit = (struct edit){0};
	ps->items = items;
	if (items.tail)
		items.tail->next = NULL;
	ps->done = done;
	return reach;
}

static bool consider(struct fault *f, const struct edit *e)
{
	uint32_t reach = trial(f->ps, e, f->at + e->del + LOOK_AHEAD);

	if (reach <= f->reach || reach < e->at + e->del + GOOD_ENOUGH) {
		/* near the end of the file there is not much left to look at */
		if (reach <= f->reach || reach < f->ps->n_toks)
			return false;
	}
	f->reach = reach;
	f->best = *e;
	return true;
}

static struct ptoken made_up(const struct fault *f, int token)
{
	struct ptoken t = {.token = token, .loc = parse_behind(f->ps, f->at)};

	t.v.text = S("0");
	return t;
}

static void try_missing(struct fault *f)
{
	static const struct {
		uint32_t bit;
		int token;
		const char *text;
	} all[] = {{WANT_PAREN, ')', ")"}, {WANT_SEMICOLON, ';', ";"}, {WANT_COMMA, ',', ","}, {WANT_COLON, ':', ":"},
		   {WANT_BRACKET, ']', "]"}, {WANT_OPEN, '(', "("}};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct edit e = {.at = f->at, .n_ins = 1};

		if (!(f->want & all[i].bit))
			continue;
		e.ins[0] = made_up(f, all[i].token);
		if (consider(f, &e))
			f->what = all[i].text;
		/* xlog("a" <end of line>: both are missing, one is told */
		e.n_ins = 2;
		e.ins[1] = made_up(f, ';');
		if (all[i].token == ')' && consider(f, &e))
			f->what = ")";
	}
	if (f->want & WANT_VALUE) {
		struct edit e = {.at = f->at, .n_ins = 1};

		e.ins[0] = made_up(f, T_NUMBER);
		if (consider(f, &e))
			f->what = "value";
	}
}

static void try_removal(struct fault *f)
{
	struct edit e = {.at = f->at, .del = 1};
	int token = tok(f->ps, f->at)->token;

	if (token != '{' && token != '}' && token != T_END && consider(f, &e))
		f->what = NULL;
}

/* First token of the statement in which i stands. */
static uint32_t statement_start(const struct parser *ps, uint32_t i)
{
	int depth = 0;

	while (i > ps->done) {
		int t = tok(ps, (int64_t)i - 1)->token;

		if (t == '}' && depth == 0)
			break; /* a block ends there: else goes with what is before, but so it is */
		depth += (t == ')') - (t == '(' && depth > 0);
		if (t == ';' || t == '{')
			break;
		i--;
	}
	return i;
}

static struct ptoken keyword_token(const struct parser *ps, uint32_t at, const struct parse_keyword *k)
{
	struct ptoken t = *tok(ps, at);

	t.token = k->token;
	t.v.text = k->text;
	t.v.num = k->num;
	return t;
}

static bool is_else_if(struct str w)
{
	return str_ieq(w, S("elseif")) || str_ieq(w, S("elsif")) || str_ieq(w, S("elif"));
}

/* The word at `at` as the keyword that it is nearly. */
static void try_word(struct fault *f, uint32_t at)
{
	const struct parse_keyword *k;
	struct edit e = {.at = at, .del = 1, .n_ins = 1};
	struct str w = tok(f->ps, at)->v.text;

	if (tok(f->ps, at)->token != T_ID)
		return;
	k = parse_keyword_near(f->ps, w);
	if (is_else_if(w)) {
		k = parse_keyword_find(f->ps, S("else"));
		e.ins[1] = keyword_token(f->ps, at, parse_keyword_find(f->ps, S("if")));
		e.n_ins = 2;
	}
	if (!k)
		return;
	e.ins[0] = keyword_token(f->ps, at, k);
	if (consider(f, &e)) {
		f->what = NULL;
		f->word = k;
		f->word_at = at;
	}
}

/* ---- giving up ---- */

/* Words that other languages have. Returns what to say, or NULL. */
static const char *foreign(const struct ptoken *t)
{
	static const struct {
		const char *word, *say;
	} words[] = {
		{"for", "there is no for; use while"},         {"foreach", "there is no foreach; use while"},
		{"do", "there is no do; use while"},           {"unless", "there is no unless; use if (!...)"},
		{"until", "there is no until; use while"},     {"continue", "there is no continue"},
		{"goto", "there is no goto; use route(NAME)"}, {"function", "there are no functions; use route[NAME]"},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (t->token == T_ID && str_ieq(t->v.text, str_of(words[i].word)))
			return words[i].say;
	return NULL;
}

/*
 * Behind the statement that holds token i: its ';', its block, or before the '}' around it. in_loop: it is
 * a for (a; b; c) of another language.
 */
static uint32_t statement_end(const struct parser *ps, uint32_t i, bool in_loop)
{
	int depth = 0, parens = 0;

	for (uint32_t k = statement_start(ps, i); k < i; k++)
		parens += (ps->toks[k].token == '(') - (ps->toks[k].token == ')');
	for (; i < ps->n_toks; i++) {
		int t = ps->toks[i].token;

		if (depth == 0 && t == '}')
			return i;
		parens += depth ? 0 : (t == '(') - (t == ')');
		if (depth == 0 && t == ';' && (parens <= 0 || !in_loop))
			return i + 1;
		depth += t == '{';
		if (t == '}' && --depth == 0 && tok(ps, (int64_t)i + 1)->token != T_ELSE)
			return i + 1;
	}
	return i;
}

static bool starts_item(const struct parser *ps, uint32_t i)
{
	const struct source *src = ps->pp->src;

	switch (tok(ps, i)->token) {
	case T_ROUTE:
	case T_ROUTE_MAIN:
	case T_ROUTE_KIND:
	case T_ROUTE_EVENT:
	case T_LOADMODULE:
	case T_MODPARAM:
	case T_FLAGS:
	case T_LOADPATH:
	case T_CFGENGINE:
		return true;
	case T_GLOBAL:
	case T_LISTEN:
	case T_ALIAS:
	case T_ID:
		return source_pos(src, tok(ps, i)->loc).line != source_pos(src, tok(ps, (int64_t)i - 1)->loc).line;
	default:
		return false;
	}
}

static uint32_t item_end(const struct parser *ps, uint32_t i)
{
	int depth = 0;

	for (uint32_t from = i; i < ps->n_toks; i++) {
		int t = ps->toks[i].token;

		if (depth == 0 && i > from && starts_item(ps, i))
			return i;
		if (depth == 0 && t == ';')
			return i + 1;
		depth += t == '{';
		if (t == '}' && --depth <= 0)
			return i + 1;
	}
	return i;
}

static bool inside_block(const struct parser *ps, uint32_t i)
{
	int depth = 0;

	for (uint32_t k = ps->done; k < i && k < ps->n_toks; k++)
		depth += (ps->toks[k].token == '{') - (ps->toks[k].token == '}');
	return depth > 0;
}

static void give_up(struct fault *f)
{
	struct parser *ps = f->ps;
	struct edit e = {.at = ps->done};

	f->reach = 0;
	if (inside_block(ps, f->at)) {
		e.at = statement_start(ps, f->at);
		e.del = statement_end(ps, f->at, foreign(tok(ps, e.at)) != NULL) - e.at;
		e.n_ins = 1;
		e.ins[0] = made_up(f, ';');
		if (trial(ps, &e, e.at + e.del + 2) >= e.at + e.del + 1) {
			f->best = e;
			return;
		}
		e.n_ins = 0;
		if (e.del && trial(ps, &e, e.at + e.del + 2) >= e.at + e.del + 1) {
			f->best = e;
			return;
		}
	}
	e.at = ps->done;
	e.n_ins = 0;
	e.del = item_end(ps, ps->done) - ps->done;
	if (e.at + e.del <= f->at && e.at + e.del < ps->n_toks)
		e.del = item_end(ps, f->at) - ps->done;
	f->best = e;
}

/* ---- reports ---- */

static struct diag *say(struct fault *f, struct loc l, const char *text)
{
	return diag_report(f->ps->diag, E_SYNTAX, l, "%s", text);
}

static void report_missing(struct fault *f)
{
	struct loc l = parse_behind(f->ps, f->at), gap = l;
	struct diag *d = diag_report(f->ps->diag, E_SYNTAX, l, "syntax error, '%s' is missing here", f->what);

	if (l.exp || str_eq(str_of(f->what), S("value")))
		return;
	gap.off += gap.len;
	gap.len = 0;
	diag_fix(f->ps->diag, d, gap, str_of(f->what));
}

/* Faults that have words of their own; true when told (and f->best is set). */
static bool report_known(struct fault *f)
{
	struct parser *ps = f->ps;
	const struct ptoken *t = tok(ps, f->at), *before = tok(ps, (int64_t)f->at - 1);
	uint32_t start = statement_start(ps, f->at);
	const char *other = foreign(tok(ps, start));
	struct diag *d;

	if (t->token == '}' && before->token == '{') {
		f->best = (struct edit){.at = f->at, .n_ins = 1, .ins = {made_up(f, ';')}};
		d = say(f, before->loc, "syntax error, a block must not be empty");
		diag_hint(ps->diag, d, "write { ; }");
		if (!t->loc.exp)
			diag_fix(ps->diag, d, (struct loc){t->loc.file, t->loc.off, 0, 0}, S("; "));
		return true;
	}
	if (t->token == T_PLUSEQ || (t->token == T_MATCH && before->token == T_PV && start + 1 == f->at)) {
		f->best = (struct edit){.at = f->at, .del = 1, .n_ins = 1, .ins = {*t}};
		f->best.ins[0].token = '=';
		d = say(f, t->loc, t->token == T_MATCH ? "syntax error, =~ compares; this is no assignment"
						       : "syntax error, there is no +=");
		if (t->token == T_PLUSEQ)
			diag_hint(ps->diag, d, "write " STR_FMT " = " STR_FMT " + ...", STR_ARG(before->v.text),
				  STR_ARG(before->v.text));
		else
			diag_hint(ps->diag, d, "write = ~ with a blank to assign a complement");
		return true;
	}
	if (other) {
		give_up(f);
		d = say(f, tok(ps, start)->loc, "syntax error, a word of another language");
		diag_hint(ps->diag, d, "%s", other);
		return true;
	}
	if (t->token == '=' && before->token == T_ID && !inside_block(ps, f->at)) {
		const struct parse_keyword *k = parse_keyword_near(ps, before->v.text);

		give_up(f);
		d = diag_report(ps->diag, E_CORE_PARAM, before->loc, "unknown core parameter " STR_FMT,
				STR_ARG(before->v.text));
		if (k) {
			diag_hint(ps->diag, d, "did you mean " STR_FMT "?", STR_ARG(k->text));
			if (!before->loc.exp)
				diag_fix(ps->diag, d, before->loc, k->text);
		}
		return true;
	}
	return false;
}

static void report(struct fault *f)
{
	const struct ptoken *t = tok(f->ps, f->at);
	struct diag *d;

	if (f->reach && f->word) {
		const struct ptoken *w = tok(f->ps, f->word_at);
		struct str better = is_else_if(w->v.text) ? S("else if") : f->word->text;

		d = diag_report(f->ps->diag, E_SYNTAX, w->loc, "syntax error, unknown word " STR_FMT,
				STR_ARG(w->v.text));
		diag_hint(f->ps->diag, d, "did you mean " STR_FMT "?", STR_ARG(better));
		if (!w->loc.exp)
			diag_fix(f->ps->diag, d, w->loc, better);
		return;
	}
	if (f->reach && f->what) {
		report_missing(f);
		return;
	}
	if (t->token == T_END) {
		say(f, parse_behind(f->ps, f->at), "syntax error, the file ends here");
		return;
	}
	d = diag_report(f->ps->diag, E_SYNTAX, t->loc, "syntax error, unexpected %s", f->found);
	if (t->token == T_NUM_ID)
		diag_hint(f->ps->diag, d, "numbers are 12, 0x1f, 017 or 101b; they take no unit and no leading 0");
	if (f->reach && !t->loc.exp)
		diag_fix(f->ps->diag, d, t->loc, STR_NULL);
}

static void repair(struct parser *ps, uint32_t at)
{
	struct fault f = {.ps = ps, .at = at, .want = ps->err.want, .found = ps->err.found};

	if (!report_known(&f)) {
		uint32_t start = statement_start(ps, at);

		try_missing(&f);
		try_removal(&f);
		if (at)
			try_word(&f, at - 1);
		try_word(&f, at);
		try_word(&f, start);
		if (!f.reach)
			give_up(&f);
		report(&f);
	}
	if (!f.best.del && !f.best.n_ins) /* always less than before: no endless repair */
		f.best = (struct edit){.at = ps->done, .del = ps->n_toks - ps->done};
	parse_apply(ps, &f.best);
}

void parse_and_repair(struct parser *ps)
{
	ps->limit = UINT32_MAX;
	for (int faults = 0; !ps->fatal; faults++) {
		ps->at = ps->done;
		if (kiln_parse_parse(ps) == 0 || faults == PARSE_ERRORS_MAX || ps->fatal)
			return;
		/* at counts the token that was refused, unless that was the end */
		repair(ps, ps->at && ps->at < ps->n_toks + 1 && ps->err.found &&
			    !str_eq(str_of(ps->err.found), S("end of file")) ? ps->at - 1 : ps->n_toks);
	}
}
