/* SPDX-License-Identifier: Apache-2.0 */
/*
 * regex.h - POSIX extended regular expressions and "/regex/replacement/flags" substitutions.
 *
 * Constant ones are compiled when the program is loaded and live as long as it; others are compiled
 * at the call and kept in a small cache of the thread.
 */
#ifndef SCRIPT_REGEX_H
#define SCRIPT_REGEX_H

#include "base/sb.h"

#include "abi/regex.h"

struct rt_regex;
struct rt_subst;
struct run;

enum { RT_REGEX_GROUPS = 10, RT_REGEX_SUBJECT_MAX = 65535 };

/* NULL: bad pattern (or memory is out). Freed with rt_regex_free. */
struct rt_regex *rt_regex_new(struct str text, int flags);
/* The same for one that is asked often: more is done now. */
struct rt_regex *rt_regex_new_constant(struct str text, int flags);
/* What every rt_regex begins with, for inlined code. */
struct rt_regex_head {
	struct regex_dfa *dfa; /* NULL: ask rt_regex_exec */
};
void rt_regex_free(struct rt_regex **re);
struct rt_span {
	size_t off, len; /* off STR_NONE: the group took no part */
};
/* Match from `from` on; groups may be NULL. A NUL ends the subject, as in the reference. */
bool rt_regex_exec(const struct rt_regex *re, struct str s, size_t from, struct rt_span groups[RT_REGEX_GROUPS]);

/* NULL: not of that form. $variables in the replacement stay as written. */
struct rt_subst *rt_subst_new(struct str text);
void rt_subst_free(struct rt_subst **s);
/*
 * Each replacement in order: bytes [off, off+len) of s become `text` (in `a`). fn negative stops. The number of
 * them, or negative.
 */
typedef int rt_subst_fn(void *arg, size_t off, size_t len, struct str text);
int rt_subst_each(const struct rt_subst *su, struct arena *a, struct str s, rt_subst_fn *fn, void *arg);
/* The replaced text into *out; the number of replacements, negative: memory is out. */
int rt_subst_apply(const struct rt_subst *su, struct str s, struct sb *out);

#endif
