/* SPDX-License-Identifier: Apache-2.0 */
/* fmt_priv.h - tokens of a text as written: scan.c makes them, layout.c sets them. */
#ifndef FMT_FMT_PRIV_H
#define FMT_FMT_PRIV_H

#include "fmt/fmt.h"

enum fmt_kind {
	FMT_END,
	FMT_WORD,      /* letters, digits, _ */
	FMT_STRING,
	FMT_VALUE,     /* variable, select, attribute, cast */
	FMT_OP,        /* one of the operators and marks */
	FMT_COMMENT,   /* to the end of its line */
	FMT_BLOCK,     /* a comment in slashes and stars */
	FMT_DIRECTIVE, /* a line of the preprocessor, or an include */
};

struct fmt_token {
	enum fmt_kind kind;
	struct str text;
	int newlines; /* before it */
	bool blank;   /* anything blank before it */
	bool unclosed;
};

/* The token at *pos, which moves behind it. */
struct fmt_token fmt_next(struct str in, size_t *pos);
/* Would both, with nothing between them, be one operator? */
bool fmt_joins(struct str op, struct str next);

#endif
