/* SPDX-License-Identifier: Apache-2.0 */
/*
 * regex_fast.h - "does it match at all", as machine code.
 *
 * Scripts ask mostly that, and regexec takes thousands of instructions for it. A POSIX extended regex
 * whose syntax means the same to PCRE2 is compiled to code by its JIT; which text is matched (the
 * longest there, the first here) makes no difference to a yes or no. Anything else has no fast form.
 */
#ifndef SCRIPT_REGEX_FAST_H
#define SCRIPT_REGEX_FAST_H

#include "base/str.h"

struct regex_fast;

/* NULL: the pattern is not of the common kind, or memory is out. Usable from all threads. */
struct regex_fast *regex_fast_new(struct str pattern, bool icase);
void regex_fast_free(struct regex_fast **f);
/* 1 match, 0 none, -1: it gave up (too much work); then the slow way must be asked. s holds no NUL. */
int regex_fast_match(const struct regex_fast *f, struct str s);
/* Does the syntax mean the same to both? */
bool regex_fast_takes(struct str pattern);
/* "[...]" at s[i]: index behind it, or 0 when its meaning may differ. */
size_t regex_skip_bracket(struct str s, size_t i);
void regex_fast_thread_fini(void);

#endif
