/* SPDX-License-Identifier: Apache-2.0 */
/*
 * written.h - a file's tokens as they are written: nothing expanded, nothing skipped.
 *
 * For the formatter and the language server, which must see comments, directives and the arms of
 * #!ifdef that are not read, and texts that do not parse. The language's own scanner (grammar/lexer.l)
 * replaces defines while it reads, so it cannot show this. Every byte that is no blank belongs to
 * exactly one token; tokens come in order and never overlap.
 */
#ifndef SOURCE_WRITTEN_H
#define SOURCE_WRITTEN_H

#include "base/arena.h"
#include "base/str.h"

enum written_kind {
	WRITTEN_WORD,      /* letters, digits, _ */
	WRITTEN_STRING,    /* with its quotes; an unclosed one goes to the end */
	WRITTEN_PV,        /* $name, $name(..), $(..) */
	WRITTEN_SELECT,    /* @a.b["c"] */
	WRITTEN_COMMENT,   /* without its line end; block comments nest */
	WRITTEN_DIRECTIVE, /* #!word or !!word up to the line end, continued lines included */
	WRITTEN_PUNCT,     /* an operator of up to two bytes, a bracket, or a stray byte */
};

/* What a directive does to the text around it. */
enum written_directive { DIRECTIVE_OTHER, DIRECTIVE_IF, DIRECTIVE_ELSE, DIRECTIVE_ENDIF };

struct written {
	enum written_kind kind;
	uint32_t off, len;
	uint32_t line;   /* from 0, of its first byte */
	struct str text; /* view of the file */
};

struct written_list {
	struct written *v;
	size_t n;
};

/* False when memory is out. The tokens are views of `text`. */
bool written_scan(struct arena *a, struct str text, struct written_list *ret);
enum written_directive written_directive_of(const struct written *w);
/* "ifdef" of "#!ifdef NAME"; *rest what follows, trimmed. Only for WRITTEN_DIRECTIVE. */
struct str written_directive_word(const struct written *w, struct str *rest);
/* The text between a string's quotes. */
struct str written_string_body(const struct written *w);
static inline bool written_is(const struct written *w, struct str s)
{
	return str_eq(w->text, s);
}
/* Index of the token that covers or ends at `off`, or n. */
size_t written_at(const struct written_list *l, uint32_t off);

#endif
