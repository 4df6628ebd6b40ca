/* SPDX-License-Identifier: Apache-2.0 */
#include "test/cover.h"

#include <stdlib.h>
#include <string.h>

json_t *cover_new(void)
{
	return json_object();
}

static json_t *member(json_t *of, const char *key)
{
	json_t *j = json_object_get(of, key);

	if (!j) {
		j = json_object();
		json_object_set_new(of, key, j);
	}
	return j;
}

static json_int_t at(json_t *list, size_t i)
{
	return json_integer_value(json_array_get(list, i));
}

/* key -> [a, b] summed. */
static void sum2(json_t *of, const char *key, json_int_t a, json_int_t b)
{
	json_t *old = json_object_get(of, key);

	json_object_set_new(of, key, json_pack("[I,I]", at(old, 0) + a, at(old, 1) + b));
}

void cover_add(json_t *cover, json_t *result)
{
	json_t *s, *file;
	char line[16];
	size_t i;

	json_array_foreach(json_object_get(result, "sites"), i, s) {
		json_t *lines, *branches;

		file = member(cover, json_string_value(json_array_get(s, 0)));
		lines = member(file, "lines");
		branches = member(file, "branches");
		snprintf(line, sizeof(line), "%d", (int)at(s, 1));
		/* several statements of a line: the one that ran most */
		if (!json_object_get(lines, line) || json_integer_value(json_object_get(lines, line)) < at(s, 3))
			json_object_set_new(lines, line, json_integer(at(s, 3)));
		if (at(s, 4) || at(s, 5))
			sum2(branches, line, at(s, 4), at(s, 5));
	}
	json_array_foreach(json_object_get(result, "routes"), i, s) {
		json_t *routes = member(member(cover, json_string_value(json_array_get(s, 0))), "routes");
		const char *name = json_string_value(json_array_get(s, 2));
		json_t *old = json_object_get(routes, name);

		json_object_set_new(routes, name, json_pack("[I,I]", at(s, 1), at(old, 1) + at(s, 3)));
	}
}

struct share {
	unsigned hit, all;
};

static struct share lines_of(json_t *file)
{
	struct share x = {0, 0};
	const char *key;
	json_t *v;

	json_object_foreach(json_object_get(file, "lines"), key, v) {
		x.all++;
		x.hit += json_integer_value(v) > 0;
	}
	return x;
}

static struct share branches_of(json_t *file)
{
	struct share x = {0, 0};
	const char *key;
	json_t *v;

	json_object_foreach(json_object_get(file, "branches"), key, v) {
		x.all += 2;
		x.hit += (at(v, 0) > 0) + (at(v, 1) > 0);
	}
	return x;
}

static struct share routes_of(json_t *file)
{
	struct share x = {0, 0};
	const char *key;
	json_t *v;

	json_object_foreach(json_object_get(file, "routes"), key, v) {
		x.all++;
		x.hit += at(v, 1) > 0;
	}
	return x;
}

static double percent(struct share x)
{
	return x.all ? 100.0 * x.hit / x.all : 100.0;
}

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* The numbers among the keys of an object, in order. */
static size_t numbers(json_t *of, int *v, size_t max)
{
	const char *key;
	json_t *unused;
	size_t n = 0;

	json_object_foreach(of, key, unused)
		if (n < max)
			v[n++] = (int)strtol(key, NULL, 10);
	qsort(v, n, sizeof(*v), by_number);
	return n;
}

enum { LINES_MAX = 100000 };
static int sorted[LINES_MAX];

static void as_text(json_t *cover, FILE *out)
{
	const char *file;
	json_t *f;

	fprintf(out, "%-40s %18s %18s %18s\n", "coverage", "lines", "branches", "routes");
	json_object_foreach(cover, file, f) {
		struct share l = lines_of(f), b = branches_of(f), r = routes_of(f);
		json_t *lines = json_object_get(f, "lines");
		size_t n = numbers(lines, sorted, LINES_MAX);
		bool first = true;
		char key[16];

		fprintf(out, "%-40s %4u/%-4u %6.1f%%  %4u/%-4u %6.1f%%  %4u/%-4u %6.1f%%\n", file, l.hit, l.all, percent(l), b.hit,
			b.all, percent(b), r.hit, r.all, percent(r));
		for (size_t i = 0; i < n; i++) {
			snprintf(key, sizeof(key), "%d", sorted[i]);
			if (json_integer_value(json_object_get(lines, key)))
				continue;
			fprintf(out, first ? "  not run: %d" : ", %d", sorted[i]);
			first = false;
		}
		if (!first)
			fputc('\n', out);
	}
}

/* The tracefile of lcov and genhtml. */
static void as_lcov(json_t *cover, FILE *out)
{
	const char *file, *name;
	json_t *f, *v;
	char key[16];

	json_object_foreach(cover, file, f) {
		json_t *lines = json_object_get(f, "lines"), *branches = json_object_get(f, "branches");
		struct share l = lines_of(f), b = branches_of(f), r = routes_of(f);
		size_t n = numbers(lines, sorted, LINES_MAX);

		fprintf(out, "TN:\nSF:%s\n", file);
		json_object_foreach(json_object_get(f, "routes"), name, v)
			fprintf(out, "FN:%d,%s\nFNDA:%d,%s\n", (int)at(v, 0), name, (int)at(v, 1), name);
		fprintf(out, "FNF:%u\nFNH:%u\n", r.all, r.hit);
		for (size_t i = 0; i < n; i++) {
			snprintf(key, sizeof(key), "%d", sorted[i]);
			v = json_object_get(branches, key);
			if (v)
				fprintf(out, "BRDA:%d,0,0,%d\nBRDA:%d,0,1,%d\n", sorted[i], (int)at(v, 0), sorted[i], (int)at(v, 1));
		}
		fprintf(out, "BRF:%u\nBRH:%u\n", b.all, b.hit);
		for (size_t i = 0; i < n; i++) {
			snprintf(key, sizeof(key), "%d", sorted[i]);
			fprintf(out, "DA:%d,%d\n", sorted[i], (int)json_integer_value(json_object_get(lines, key)));
		}
		fprintf(out, "LF:%u\nLH:%u\nend_of_record\n", l.all, l.hit);
	}
}

static void escaped(const char *s, FILE *out)
{
	for (; *s; s++) {
		if (*s == '&')
			fputs("&amp;", out);
		else if (*s == '<')
			fputs("&lt;", out);
		else
			fputc(*s, out);
	}
}

static void html_file(const char *file, json_t *f, FILE *out)
{
	json_t *lines = json_object_get(f, "lines"), *branches = json_object_get(f, "branches"), *n, *b;
	FILE *in = fopen(file, "r");
	char text[4096], key[16];

	fprintf(out, "<h2>%s</h2><p>lines %.1f%%, branches %.1f%%, routes %.1f%%</p><pre>", file, percent(lines_of(f)),
		percent(branches_of(f)), percent(routes_of(f)));
	for (int line = 1; in && fgets(text, sizeof(text), in); line++) {
		snprintf(key, sizeof(key), "%d", line);
		n = json_object_get(lines, key);
		b = json_object_get(branches, key);
		fprintf(out, "<span class=%s>%5d %8.*s ", !n ? "none" : json_integer_value(n) ? "hit" : "miss", line, n ? 8 : 0,
			n ? json_integer_value(n) ? "ran" : "never" : "");
		fprintf(out, "%s", !b ? "    " : at(b, 0) && at(b, 1) ? "T F " : at(b, 0) ? "T - " : "- F ");
		escaped(text, out);
		fputs("</span>", out);
	}
	fputs("</pre>\n", out);
	if (in)
		fclose(in);
}

static void as_html(json_t *cover, FILE *out)
{
	const char *file;
	json_t *f;

	fputs("<!doctype html><meta charset=utf-8><title>coverage</title><style>body{font-family:sans-serif}pre{line-height:1.3}"
	      ".hit{background:#e4f4e4}.miss{background:#f8dcd8}.none{color:#777}span{display:block}</style>\n<h1>Coverage</h1>\n", out);
	json_object_foreach(cover, file, f)
		html_file(file, f, out);
}

void cover_print(json_t *cover, enum test_coverage how, FILE *out)
{
	if (how == COVERAGE_TEXT)
		as_text(cover, out);
	else if (how == COVERAGE_LCOV)
		as_lcov(cover, out);
	else if (how == COVERAGE_HTML)
		as_html(cover, out);
}
