/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a script: preprocessor, scanner, parser, checker, lint. No crash, no hang, a sound tree,
 * every report at a place that exists. The bytes behind the first NUL are what any include gives.
 */
#include <stdlib.h>

#include "catalog/catalog.h"
#include "front/front.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { READS_MAX = 12 };

struct input {
	struct str main, include;
	int reads;
};

static bool read_input(void *arg, struct arena *a, struct str name, struct str *text)
{
	struct input *in = arg;

	(void)a;
	if (in->reads++ >= READS_MAX)
		return false;
	*text = str_eq(name, S("fuzz.cfg")) ? in->main : in->include;
	return true;
}

static void check_places(const struct compilation *c)
{
	for (const struct diag *d = c->diag.first; d; d = d->next) {
		struct source_pos pos = source_pos(&c->source, d->loc);

		if (d->loc.file > c->source.n_files || (d->loc.file && (!pos.line || !pos.column)) || !d->message.n)
			abort();
		if (d->loc.file && d->loc.off > c->source.files[d->loc.file].text.n)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct catalog *catalog;
	struct input in = {.main = str_make((const char *)data, size)};
	struct front_opts o = {.stop = STAGE_ALL, .read = read_input, .read_arg = &in};
	struct compilation *c;

	if (!catalog)
		catalog = catalog_new(arena_new(0));
	in.include = in.main;
	in.main = str_cut(&in.include, '\0');
	o.catalog = catalog;
	o.compat = size && data[size - 1] & 1 ? 6 : 5;
	c = compile_front(&o, "fuzz.cfg");
	if (!c)
		return 0;
	if (c->read && ast_check(c->script.items))
		abort();
	check_places(c);
	compile_free(&c);
	return 0;
}
