/* SPDX-License-Identifier: Apache-2.0 */
/*
 * regex_dfa.h - "does it match at all" by a table: one step a byte, nothing allocated, no call.
 *
 * For constant patterns of the kind that scripts are full of: literals, alternatives, classes, anchors.
 * Made at load from what regex_fast_takes() takes; a pattern whose automaton would be large has none.
 */
#ifndef SCRIPT_REGEX_DFA_H
#define SCRIPT_REGEX_DFA_H

#include "base/str.h"

/* Rows of `next` are as wide as there are classes of bytes; a state is the offset of its row. */
struct regex_dfa {
	uint16_t start;
	uint16_t match;          /* row of the state that has matched; that before it (0) never will */
	uint8_t class_of[256];   /* 0: a NUL, which ends the subject as its end does */
	uint16_t next[];
};

/* NULL: it would have too many states, or memory is out. Freed by mem_free. */
struct regex_dfa *regex_dfa_new(struct str pattern, bool icase);

static inline bool regex_dfa_match(const struct regex_dfa *d, struct str s)
{
	size_t at = d->start;

	for (size_t i = 0; i < s.n; i++) {
		at = d->next[at + d->class_of[(unsigned char)s.p[i]]];
		if (at <= d->match)
			return at == d->match;
	}
	return d->next[at] == d->match;
}

#endif
