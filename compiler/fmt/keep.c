/* SPDX-License-Identifier: Apache-2.0 */
/* keep.c - does a text mean the same as another? The trees that the parser makes of both say so. */
#include "fmt/fmt.h"

#include "parse/parse.h"

/* The tree as text and the number of syntax errors; includes are read as they are. */
static struct str tree_of(struct arena *a, source_read_fn *read, void *read_arg, struct str name, struct str text, int *errors)
{
	struct source *src = arena_new_of(a, struct source);
	struct diag_sink *sink = arena_new_of(a, struct diag_sink);
	struct preproc *pp = arena_new_of(a, struct preproc);
	struct ast_script script = {0};
	struct sb b;

	sb_init(&b, a, FMT_MAX);
	*errors = 0;
	if (!src || !sink || !pp)
		return STR_NULL;
	source_init(src, a, read, read_arg);
	diag_init(sink, a, src);
	pp_init(pp, a, src, sink, 6);
	parse_text(pp, name, text, &script);
	ast_dump(script.items, &b);
	pp_fini(pp);
	*errors = sink->n_errors;
	return sb_str(&b);
}

bool fmt_keeps(struct arena *a, source_read_fn *read, void *read_arg, struct str name, struct str old, struct str new,
	       int *errors)
{
	int after;
	struct str before = tree_of(a, read, read_arg, name, old, errors);

	return str_eq(before, tree_of(a, read, read_arg, name, new, &after)) && *errors == after;
}
