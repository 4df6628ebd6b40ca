/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fmt.h - one style for scripts.
 *
 * For: kiln fmt, the language server. Works on the text as written: comments, directives, arms that are
 * not read and line breaks inside statements stay; blanks, indentation, braces and statements per line
 * are set. Idempotent. What a define puts together is not looked into.
 */
#ifndef FMT_FMT_H
#define FMT_FMT_H

#include "base/sb.h"
#include "source/source.h"

enum { FMT_MAX = 64 << 20 }; /* bytes of a formatted text */

/*
 * The formatted text into *out; false when a string, a comment, a name's parenthesis or a
 * directive never ends, when a backslash stands alone, a byte is 0, or memory or the builder's limit is out.
 */
bool fmt_text(struct arena *a, struct str in, struct sb *out);
/*
 * Do both texts of the file `name` give the same tree and as many syntax errors, *errors in the old one?
 * Includes are read with `read` (NULL: the file system).
 */
bool fmt_keeps(struct arena *a, source_read_fn *read, void *read_arg, struct str name, struct str old, struct str new,
	       int *errors);
/* A unified diff with one line of context; nothing when the texts are equal. */
void fmt_diff(struct str name, struct str old, struct str new, struct sb *out);

#endif
