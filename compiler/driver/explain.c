/* SPDX-License-Identifier: Apache-2.0 */
/* kiln explain: a diagnostic's bad and good, why, and how to silence it; without a name the list of ids. */
#include <string.h>

#include "driver/show.h"

static const char *const severity_names[] = {"note", "warning", "error"};

static void show_code(struct sb *out, const char *label, const char *code)
{
	sb_printf(out, "%s:\n", label);
	for (const char *p = code; *p;) {
		size_t n = strcspn(p, "\n");

		sb_printf(out, "    %.*s\n", (int)n, p);
		p += n + (p[n] == '\n');
	}
}

static void explain_diag(struct sb *out, const struct diag_info *d)
{
	sb_printf(out, "%s: %s (%s)\n\n%s\n\n", d->name, d->title, severity_names[d->severity], d->why);
	show_code(out, "bad", d->bad);
	show_code(out, "good", d->good);
	if (d->severity == DIAG_ERROR)
		sb_addz(out, "silence: an error cannot be silenced; the script would not start\n");
	else
		sb_printf(out, "silence: a comment \"# kiln: allow %s reason\" on the line or the line before\n", d->name);
}

int verb_explain(int argc, char **argv)
{
	struct show s = {0};
	int id = argc == 1 ? diag_find(str_of(argv[0])) : -1;
	bool found = true;

	if (argc > 1)
		return driver_usage(stderr);
	if (!show_begin(&s))
		return show_end(&s, EXIT_INTERNAL);
	if (argc == 0) {
		for (int i = 0; i < DIAG_COUNT; i++)
			sb_printf(&s.out, "%-20s %s\n", diag_info((enum diag_id)i)->name, diag_info((enum diag_id)i)->title);
	} else if (id >= 0) {
		explain_diag(&s.out, diag_info((enum diag_id)id));
	} else {
		found = cat_explain(s.cat, str_of(argv[0]), &s.out);
	}
	if (!found)
		fprintf(stderr, "kiln: nothing is known as \"%s\"\n", argv[0]);
	return show_end(&s, found ? EXIT_OK : EXIT_USAGE);
}
