/* SPDX-License-Identifier: Apache-2.0 */
/* Diagnostics as text, JSON, SARIF 2.1.0. */
#include "driver/driver.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/version.h"

static const char *const severity_names[] = {"note", "warning", "error"};

enum { INCLUDES_SHOWN = 10 };

struct printer {
	FILE *out;
	const struct compilation *c;
	bool colour;
	bool brief; /* one line each */
};

static const char *paint(const struct printer *p, const char *code)
{
	return p->colour ? code : "";
}

/* The line and a caret under it; tabs kept so that both align. */
static void excerpt(const struct printer *p, struct loc l)
{
	struct source_pos pos = source_pos(&p->c->source, l);
	struct str line = source_line(&p->c->source, l);
	uint32_t len = l.len ? l.len : 1;

	if (l.file == 0)
		return;
	fprintf(p->out, "    %5u | " STR_FMT "\n          | ", pos.line, STR_ARG(line));
	for (uint32_t i = 1; i < pos.column; i++)
		fputc(i <= line.n && line.p[i - 1] == '\t' ? '\t' : ' ', p->out);
	fputs(paint(p, "\033[1;32m"), p->out);
	for (uint32_t i = 0; i < len && (i == 0 || pos.column - 1 + i < line.n); i++)
		fputc(i ? '~' : '^', p->out);
	fprintf(p->out, "%s\n", paint(p, "\033[0m"));
}

static void include_trail(const struct printer *p, struct loc l)
{
	for (int guard = 0; l.file && guard < INCLUDES_SHOWN; guard++) {
		struct loc from = p->c->source.files[l.file].included_from;
		struct source_pos pos = source_pos(&p->c->source, from);

		if (!from.file)
			return;
		fprintf(p->out, "    included from " STR_FMT ":%u\n", STR_ARG(pos.file), pos.line);
		l = from;
	}
}

static void print_text(const struct printer *p, const struct diag *d)
{
	struct source_pos pos = source_pos(&p->c->source, d->loc);
	const char *colour = d->severity == DIAG_ERROR ? "\033[1;31m" : "\033[1;35m";

	fprintf(p->out, STR_FMT ":%u:%u: %s%s[%s]%s: " STR_FMT, STR_ARG(pos.file), pos.line, pos.column,
		paint(p, colour), severity_names[d->severity], diag_info(d->id)->name, paint(p, "\033[0m"),
		STR_ARG(d->message));
	if (d->condition.n)
		fprintf(p->out, " (with " STR_FMT ")", STR_ARG(d->condition));
	fputc('\n', p->out);
	if (p->brief)
		return;
	excerpt(p, d->loc);
	include_trail(p, d->loc);
	for (int i = 0; i < d->n_spans; i++) {
		struct source_pos at = source_pos(&p->c->source, d->spans[i].loc);

		fprintf(p->out, "    " STR_FMT ":%u:%u: " STR_FMT "\n", STR_ARG(at.file), at.line, at.column,
			STR_ARG(d->spans[i].label));
		excerpt(p, d->spans[i].loc);
	}
	if (d->hint.n)
		fprintf(p->out, "    hint: " STR_FMT "\n", STR_ARG(d->hint));
	if (d->has_fix && d->fix_text.n)
		fprintf(p->out, "    fix: %s " STR_FMT "\n", d->fix_loc.len ? "write" : "insert", STR_ARG(d->fix_text));
	else if (d->has_fix)
		fprintf(p->out, "    fix: take it out\n");
}

static json_t *text(struct str s)
{
	json_t *j = json_stringn(s.n ? s.p : "", s.n);

	return j ? j : json_string("(not UTF-8)");
}

static json_t *json_place(const struct compilation *c, struct loc l)
{
	struct source_pos pos = source_pos(&c->source, l);
	json_t *j = json_object();

	json_object_set_new(j, "file", text(pos.file));
	json_object_set_new(j, "line", json_integer(pos.line));
	json_object_set_new(j, "column", json_integer(pos.column));
	json_object_set_new(j, "length", json_integer(l.len));
	return j;
}

static json_t *json_diag(const struct compilation *c, const struct diag *d)
{
	json_t *j = json_place(c, d->loc), *spans = json_array();
	struct loc from = d->loc;

	json_object_set_new(j, "id", json_string(diag_info(d->id)->name));
	json_object_set_new(j, "severity", json_string(severity_names[d->severity]));
	json_object_set_new(j, "message", text(d->message));
	for (int i = 0; i < d->n_spans; i++) {
		json_t *s = json_place(c, d->spans[i].loc);

		json_object_set_new(s, "label", text(d->spans[i].label));
		json_array_append_new(spans, s);
	}
	for (int i = 0; i < INCLUDES_SHOWN && from.file && c->source.files[from.file].included_from.file; i++) {
		json_t *s;

		from = c->source.files[from.file].included_from;
		s = json_place(c, from);
		json_object_set_new(s, "label", json_string("included from here"));
		json_array_append_new(spans, s);
	}
	json_object_set_new(j, "spans", spans);
	if (d->hint.n)
		json_object_set_new(j, "hint", text(d->hint));
	if (d->condition.n)
		json_object_set_new(j, "condition", text(d->condition));
	if (d->has_fix) {
		json_t *f = json_place(c, d->fix_loc);

		json_object_set_new(f, "text", text(d->fix_text));
		json_object_set_new(j, "fix", f);
	}
	return j;
}

/* A path as the relative or absolute reference that RFC 3986 asks for. */
static json_t *uri_of(struct str path)
{
	char buf[4096];
	size_t n = 0;

	for (size_t i = 0; i < path.n && n + 4 < sizeof(buf); i++) {
		char c = path.p[i];

		if (ascii_alpha(c) || ascii_digit(c) || strchr("/-._~", c))
			buf[n++] = c;
		else
			n += (size_t)snprintf(buf + n, sizeof(buf) - n, "%%%02X", (unsigned char)c);
	}
	return json_stringn(buf, n);
}

static json_t *sarif_region(const struct compilation *c, struct loc l)
{
	struct source_pos pos = source_pos(&c->source, l), end;
	json_t *j = json_pack("{s:i,s:i}", "startLine", (int)pos.line, "startColumn", (int)pos.column);

	l.off += l.len;
	end = source_pos(&c->source, l);
	json_object_set_new(j, "endLine", json_integer(end.line));
	json_object_set_new(j, "endColumn", json_integer(end.column));
	return j;
}

static json_t *sarif_location(const struct compilation *c, struct loc l, struct str message)
{
	json_t *j = json_pack("{s:{s:{s:o},s:o}}", "physicalLocation", "artifactLocation", "uri",
			      uri_of(source_pos(&c->source, l).file), "region", sarif_region(c, l));

	if (message.n)
		json_object_set_new(j, "message", json_pack("{s:o}", "text", text(message)));
	return j;
}

static json_t *sarif_fix(const struct compilation *c, const struct diag *d)
{
	json_t *what = json_pack("{s:o}", "deletedRegion", sarif_region(c, d->fix_loc));

	if (d->fix_text.n)
		json_object_set_new(what, "insertedContent", json_pack("{s:o}", "text", text(d->fix_text)));
	return json_pack("{s:{s:s},s:[{s:{s:o},s:[o]}]}", "description", "text", "change the text here", "artifactChanges",
			 "artifactLocation", "uri", uri_of(source_pos(&c->source, d->fix_loc).file), "replacements", what);
}

/* Message, condition and hint: SARIF has one text. */
static json_t *sarif_text(const struct diag *d)
{
	char buf[4096];
	int n = snprintf(buf, sizeof(buf), STR_FMT "%s" STR_FMT "%s%s" STR_FMT, STR_ARG(d->message),
			 d->condition.n ? " (with " : "", STR_ARG(d->condition), d->condition.n ? ")" : "",
			 d->hint.n ? "; " : "", STR_ARG(d->hint));

	return text(str_make(buf, n < 0 ? 0 : (size_t)n < sizeof(buf) ? (size_t)n : sizeof(buf) - 1));
}

static json_t *sarif_diag(const struct compilation *c, const struct diag *d)
{
	json_t *related = json_array(), *places = json_array();
	json_t *j = json_pack("{s:s,s:s,s:{s:o}}", "ruleId", diag_info(d->id)->name, "level", severity_names[d->severity],
			      "message", "text", sarif_text(d));
	struct loc from = d->loc;

	if (d->loc.file)
		json_array_append_new(places, sarif_location(c, d->loc, STR_NULL));
	json_object_set_new(j, "locations", places);
	for (int i = 0; i < d->n_spans; i++)
		json_array_append_new(related, sarif_location(c, d->spans[i].loc, d->spans[i].label));
	for (int i = 0; i < INCLUDES_SHOWN && from.file && c->source.files[from.file].included_from.file; i++) {
		from = c->source.files[from.file].included_from;
		json_array_append_new(related, sarif_location(c, from, S("included from here")));
	}
	json_object_set_new(j, "relatedLocations", related);
	if (d->has_fix && d->fix_loc.file)
		json_object_set_new(j, "fixes", json_pack("[o]", sarif_fix(c, d)));
	return j;
}

static json_t *sarif_rule(const struct diag_info *i)
{
	static const char *const levels[] = {"note", "warning", "error"};

	return json_pack("{s:s,s:{s:s},s:{s:s},s:{s:s}}", "id", i->name, "shortDescription", "text", i->title,
			 "fullDescription", "text", i->why, "defaultConfiguration", "level", levels[i->severity]);
}

static json_t *sarif(struct compilation *const *c, size_t n, json_t *results)
{
	json_t *rules = json_array();
	bool seen[DIAG_COUNT] = {false};

	for (size_t i = 0; i < n; i++)
		for (const struct diag *d = c[i]->diag.first; d; d = d->next)
			seen[d->id] = true;
	for (int id = 0; id < DIAG_COUNT; id++)
		if (seen[id])
			json_array_append_new(rules, sarif_rule(diag_info((enum diag_id)id)));
	return json_pack("{s:s,s:s,s:[{s:{s:{s:s,s:s,s:o}},s:s,s:o}]}", "$schema",
			 "https://json.schemastore.org/sarif-2.1.0.json", "version", "2.1.0", "runs", "tool", "driver", "name",
			 "kiln", "version", KILN_VERSION, "rules", rules, "columnKind", "unicodeCodePoints", "results", results);
}

void print_all(FILE *out, const struct driver_opts *o, struct compilation *const *c, size_t n)
{
	json_t *list = json_array(), *all;

	for (size_t i = 0; i < n; i++) {
		struct printer p = {out, c[i], isatty(fileno(out)) && !getenv("NO_COLOR"), o->brief};

		for (const struct diag *d = c[i]->diag.first; d; d = d->next) {
			if (o->format == FORMAT_TEXT)
				print_text(&p, d);
			else
				json_array_append_new(list, o->format == FORMAT_JSON ? json_diag(c[i], d) : sarif_diag(c[i], d));
		}
	}
	if (o->format == FORMAT_TEXT) {
		json_decref(list);
		return;
	}
	all = o->format == FORMAT_SARIF ? sarif(c, n, list) : json_pack("{s:o}", "diagnostics", list);
	json_dumpf(all, out, JSON_INDENT(2));
	fputc('\n', out);
	json_decref(all);
}

void print_diags(FILE *out, const struct driver_opts *o, const struct compilation *c)
{
	struct compilation *one = (struct compilation *)(uintptr_t)c;

	print_all(out, o, &one, 1);
}

int compile_exit_code(const struct driver_opts *o, const struct compilation *c)
{
	int unsupported = 0;

	if (!c->read)
		return EXIT_NO_INPUT;
	for (const struct diag *d = c->diag.first; d; d = d->next)
		unsupported += d->id == E_UNSUPPORTED;
	if (c->diag.n_errors > unsupported)
		return EXIT_FINDINGS;
	if (unsupported)
		return EXIT_UNSUPPORTED;
	return o->fail_on_warning && c->diag.n_warnings ? EXIT_FINDINGS : EXIT_OK;
}
