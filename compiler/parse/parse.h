/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse.h - from files to a tree.
 *
 * Drives grammar/lexer.l and grammar/parser.y over the preprocessor. Reports and goes on: the tree
 * has what could be read. Looks no name up and opens nothing but includes (through the source layer).
 */
#ifndef PARSE_PARSE_H
#define PARSE_PARSE_H

#include "preproc/preproc.h"

enum { PARSE_DEPTH_MAX = 400 }; /* nesting of braces and parentheses */

/* False when the main file cannot be read (reported). */
bool parse_file(struct preproc *p, struct str name, struct ast_script *ret);
/* The same for a text that is in memory. */
bool parse_text(struct preproc *p, struct str name, struct str text, struct ast_script *ret);

/* For --dump=tokens: every token as a line. */
bool parse_tokens(struct preproc *p, struct str name, struct sb *out);

#endif
