/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes formatted: the same tokens as before in the same order, twice is once, and a script without
 * directives and syntax errors keeps its tree (around directives a line break may mean something; there
 * kiln fmt leaves a file alone that would change).
 */
#include <stdlib.h>

#include "fmt/fmt_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool reads_nothing(void *arg, struct arena *a, struct str name, struct str *text)
{
	(void)arg, (void)a, (void)name, (void)text;
	return false;
}

/* A comment's blanks at its end are all that may go. */
static struct str as_kept(const struct fmt_token *t)
{
	return t->kind == FMT_COMMENT ? str_rtrim(t->text) : t->text;
}

static bool check_tokens(struct str old, struct str new)
{
	size_t i = 0, k = 0;
	bool directives = false;

	for (;;) {
		struct fmt_token a = fmt_next(old, &i), b = fmt_next(new, &k);

		if (a.kind != b.kind || !str_eq(as_kept(&a), as_kept(&b)))
			abort();
		directives |= a.kind == FMT_DIRECTIVE;
		if (a.kind == FMT_END)
			return directives;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = str_make((const char *)data, size);
	struct arena *a = arena_new(0);
	struct sb once, twice;
	int errors;

	if (!a)
		return 0;
	sb_init(&once, a, FMT_MAX);
	sb_init(&twice, a, FMT_MAX);
	if (fmt_text(a, in, &once)) {
		bool directives = check_tokens(in, sb_str(&once));
		bool keeps = fmt_keeps(a, reads_nothing, NULL, S("fuzz.cfg"), in, sb_str(&once), &errors);

		if (!keeps && !directives && !errors)
			abort();
		if (!fmt_text(a, sb_str(&once), &twice) || (keeps && !str_eq(sb_str(&once), sb_str(&twice))))
			abort();
	}
	arena_free(&a);
	return 0;
}
