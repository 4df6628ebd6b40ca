/* SPDX-License-Identifier: Apache-2.0 */
/*
 * expr.h - expressions and assignments typed into a debugger, compiled like the script itself.
 *
 * A small script of the debugged one's declarations and the text is put through the whole compiler into
 * memory, so that what is typed means exactly what it would mean in the script. Code lives as long as
 * the process and is found again by its text. It runs on a stopped run and leaves nothing but its own
 * side effects.
 */
#ifndef DEBUG_EXPR_H
#define DEBUG_EXPR_H

#include "abi/run.h"
#include "front/front.h"

struct expr;
struct expr_scope;

/* The script that is debugged: observed code in memory. Everything lives in `a`. */
struct expr_scope *expr_scope_new(struct arena *a, const struct compilation *c, const struct program *p);

/*
 * NULL with *why (in the scope's arena) when it is no expression, or uses what the script does not
 * have. A text "$x = ..." is an assignment.
 */
const struct expr *expr_compile(struct expr_scope *s, struct str text, const char **why);

/* Value of a lone variable or select; of anything else 0 or 1: is it true? */
void expr_eval(const struct expr *e, struct run *r, struct arena *a, struct value *ret);
bool expr_true(const struct expr *e, struct run *r);

#endif
