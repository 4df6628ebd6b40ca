/* SPDX-License-Identifier: Apache-2.0 */
/* parse_priv.h - shared by parse.c, grammar/lexer.l and grammar/parser.y. */
#ifndef PARSE_PARSE_PRIV_H
#define PARSE_PARSE_PRIV_H

#include "parse/parse.h"

struct chain {
	struct ast *head, *tail;
};

/* A token's value. */
struct token {
	struct str text;
	int64_t num;
};

/* A token as the scanner gave it. */
struct ptoken {
	int token;
	struct token v;
	struct loc loc;
};

/* A change of the tokens: at `at`, `del` tokens go and `ins` come. */
struct edit {
	uint32_t at, del;
	int n_ins;
	struct ptoken ins[2];
};

/* What would fit where the parser stopped. */
enum {
	WANT_SEMICOLON = 1,
	WANT_PAREN = 2,
	WANT_COMMA = 4,
	WANT_COLON = 8,
	WANT_BRACKET = 16,
	WANT_OPEN = 32,
	WANT_VALUE = 64,
	WANT_ELSE = 128,
};

struct parser {
	struct preproc *pp;
	struct arena *arena;
	struct diag_sink *diag;
	void *scanner;
	struct chain items;
	/* ---- scanner ---- */
	struct parse_keyword **keywords; /* hash table */
	int prev;            /* token before */
	struct loc prev_loc; /* its place */
	bool event_name;     /* event_route was read: its [name] follows */
	int depth;           /* of braces */
	struct loc stray;    /* the last byte that belonged to no token */
	bool fatal;          /* no use to go on */
	/* ---- tokens: tokens.c ---- */
	struct ptoken *toks;
	uint32_t n_toks, cap_toks;
	uint32_t at;         /* the next token for the parser */
	uint32_t done;       /* behind the last complete item */
	struct ptoken end;
	/* ---- trials and errors: repair.c ---- */
	bool trial;          /* nothing is reported */
	uint32_t tried;      /* tokens that trials have read so far */
	uint32_t limit;      /* the parser sees the end of the file here */
	struct edit edit;    /* in force while the parser runs */
	int ins_given;
	struct {
		uint32_t want;
		const char *found;
	} err;
};

enum { PARSE_ERRORS_MAX = 40, PARSE_TRIALS_MAX = 100000 /* tokens */, PARSE_TOKENS_MAX = 4 << 20, PARSE_STATEMENT_MAX = 8192 };

struct parse_keyword {
	struct parse_keyword *next;
	struct str text;
	int token;
	int64_t num;
	bool six; /* a keyword of 6.x only, see keywords.def */
};

bool parse_keywords_init(struct parser *ps);
const struct parse_keyword *parse_keyword_find(const struct parser *ps, struct str text);

/* Scanner (grammar/lexer.l). */
int scanner_open(struct parser *ps);
void scanner_close(struct parser *ps);

void parse_error_at(struct parser *ps, struct loc loc, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* All tokens of the input into ps->toks; braces that do not pair are reported and made to pair. */
void parse_read_tokens(struct parser *ps);
/* The next token, with ps->edit in force; T_END at ps->limit. */
const struct ptoken *parse_next(struct parser *ps);
/* Make the edit for good. */
void parse_apply(struct parser *ps, const struct edit *e);
/* Parse; at each fault one report and a repair, until the end. */
void parse_and_repair(struct parser *ps);
/* Where something is missing: the last byte of token i - 1. */
struct loc parse_behind(const struct parser *ps, uint32_t i);
/* The keyword that `word` was meant to be, for the repair; NULL when none is near. */
const struct parse_keyword *parse_keyword_near(const struct parser *ps, struct str word);

/* Builders used by the grammar; never NULL (an out-of-memory node is shared and harmless). */
struct ast *mk(struct parser *ps, enum ast_kind kind, struct loc loc);
struct ast *mk_text(struct parser *ps, enum ast_kind kind, struct loc loc, struct str text);
struct ast *mk_num(struct parser *ps, struct loc loc, int64_t num, int sub);
struct ast *mk_unary(struct parser *ps, enum ast_kind kind, int op, struct loc loc, struct ast *a);
struct ast *mk_binary(struct parser *ps, int op, struct loc loc, struct ast *a, struct ast *b);
struct chain chain_of(struct ast *n);
struct chain chain_add(struct chain c, struct ast *n);
struct chain chain_cat(struct chain a, struct chain b);

#endif
