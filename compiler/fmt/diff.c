/* SPDX-License-Identifier: Apache-2.0 */
/* diff.c - what formatting changes, as a unified diff: lines are matched forward within a window. */
#include "fmt/fmt.h"

enum { WINDOW = 200 };

static struct str line_at(struct str text, size_t pos)
{
	struct str rest = str_skip(text, pos);

	return str_head(rest, str_chr(rest, '\n'));
}

static size_t after(struct str text, size_t pos)
{
	pos += line_at(text, pos).n;
	return pos < text.n ? pos + 1 : text.n;
}

/* Lines from pos on until one equals `want` (its number), or WINDOW. */
static int find_line(struct str text, size_t pos, struct str want)
{
	for (int n = 0; n < WINDOW && pos < text.n; n++, pos = after(text, pos))
		if (str_eq(line_at(text, pos), want))
			return n;
	return WINDOW;
}

static void show(struct sb *out, char mark, struct str text, size_t *pos, int n, int *line)
{
	for (; n > 0 && *pos < text.n; n--, *pos = after(text, *pos), ++*line)
		sb_printf(out, "%c" STR_FMT "\n", mark, STR_ARG(line_at(text, *pos)));
}

void fmt_diff(struct str name, struct str old, struct str new, struct sb *out)
{
	size_t i = 0, k = 0;
	int a = 1, b = 1;

	if (str_eq(old, new))
		return;
	sb_printf(out, "--- " STR_FMT "\n+++ " STR_FMT " (formatted)\n", STR_ARG(name), STR_ARG(name));
	while (i < old.n || k < new.n) {
		int gone, come;

		if (i < old.n && k < new.n && str_eq(line_at(old, i), line_at(new, k))) {
			i = after(old, i);
			k = after(new, k);
			a++;
			b++;
			continue;
		}
		gone = k < new.n ? find_line(old, i, line_at(new, k)) : WINDOW;
		come = i < old.n ? find_line(new, k, line_at(old, i)) : WINDOW;
		sb_printf(out, "@@ -%d +%d @@\n", a, b);
		if (gone < come) {
			show(out, '-', old, &i, gone, &a);
		} else if (come < gone) {
			show(out, '+', new, &k, come, &b);
		} else {
			show(out, '-', old, &i, 1, &a);
			show(out, '+', new, &k, 1, &b);
		}
	}
}
