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

struct brace {
	struct loc loc;
	uint32_t indent; /* of the line in which it stands */
};

struct parser {
	struct preproc *pp;
	struct arena *arena;
	struct diag_sink *diag;
	void *scanner;
	struct ast_script *script;
	struct chain items;
	/* ---- scanner ---- */
	struct parse_keyword **keywords; /* hash table */
	int prev;            /* token before */
	struct loc prev_loc; /* its place */
	struct loc before_loc; /* of the one before that */
	bool ended;
	bool event_name;     /* event_route was read: its [name] follows */
	struct brace braces[PARSE_DEPTH_MAX];
	int n_braces;
	struct loc misfit;   /* '{' whose '}' stands further left than its line begins; file 0: none */
	int closing;         /* '}' tokens to make up because a route begins inside a block */
	int held;            /* token to give after them, 0: none */
	struct token held_value;
	struct loc held_loc;
	bool fatal;          /* the scanner gave up */
	int n_reported;      /* syntax errors, to stop a flood */
	struct loc last_error;
};

enum { PARSE_ERRORS_MAX = 50 };

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

/* One message: something is missing here. */
void parse_missing(struct parser *ps, struct loc loc, const char *what);

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
