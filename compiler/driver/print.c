/* SPDX-License-Identifier: Apache-2.0 */
/* Diagnostics as text, JSON, SARIF 2.1.0; and `explain`. */
#include "driver/driver.h"

#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "base/version.h"

static const char *const severity_names[] = {"note", "warning", "error"};

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
	for (int guard = 0; l.file && guard < 16; guard++) {
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
	if (d->has_fix)
		fprintf(p->out, "    fix: " STR_FMT "\n", STR_ARG(d->fix_text));
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

	json_object_set_new(j, "id", json_string(diag_info(d->id)->name));
	json_object_set_new(j, "severity", json_string(severity_names[d->severity]));
	json_object_set_new(j, "message", text(d->message));
	for (int i = 0; i < d->n_spans; i++) {
		json_t *s = json_place(c, d->spans[i].loc);

		json_object_set_new(s, "label", text(d->spans[i].label));
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

static json_t *sarif_location(const struct compilation *c, struct loc l, struct str message)
{
	struct source_pos pos = source_pos(&c->source, l);
	json_t *j = json_pack("{s:{s:{s:o},s:{s:i,s:i}}}", "physicalLocation", "artifactLocation", "uri",
			      text(pos.file), "region", "startLine", (int)pos.line, "startColumn",
			      (int)pos.column);

	if (message.n)
		json_object_set_new(j, "message", json_pack("{s:o}", "text", text(message)));
	return j;
}

static json_t *sarif_diag(const struct compilation *c, const struct diag *d)
{
	json_t *related = json_array();
	json_t *j = json_pack("{s:s,s:s,s:{s:o},s:[o]}", "ruleId", diag_info(d->id)->name, "level",
			      severity_names[d->severity], "message", "text", text(d->message), "locations",
			      sarif_location(c, d->loc, STR_NULL));

	for (int i = 0; i < d->n_spans; i++)
		json_array_append_new(related, sarif_location(c, d->spans[i].loc, d->spans[i].label));
	json_object_set_new(j, "relatedLocations", related);
	return j;
}

static json_t *sarif(const struct compilation *c, json_t *results)
{
	json_t *rules = json_array();
	bool seen[DIAG_COUNT] = {false};

	for (const struct diag *d = c->diag.first; d; d = d->next) {
		if (seen[d->id])
			continue;
		seen[d->id] = true;
		json_array_append_new(rules, json_pack("{s:s,s:{s:s},s:{s:s}}", "id", diag_info(d->id)->name,
						       "shortDescription", "text", diag_info(d->id)->title,
						       "fullDescription", "text", diag_info(d->id)->why));
	}
	return json_pack("{s:s,s:s,s:[{s:{s:{s:s,s:s,s:o}},s:o}]}", "$schema",
			 "https://json.schemastore.org/sarif-2.1.0.json", "version", "2.1.0", "runs", "tool",
			 "driver", "name", "kiln", "version", KILN_VERSION, "rules", rules, "results", results);
}

void print_diags(FILE *out, const struct driver_opts *o, const struct compilation *c)
{
	struct printer p = {out, c, isatty(fileno(out)) != 0, o->brief};
	json_t *list = json_array(), *all;

	for (const struct diag *d = c->diag.first; d; d = d->next) {
		switch (o->format) {
		case FORMAT_TEXT:
			print_text(&p, d);
			break;
		case FORMAT_JSON:
			json_array_append_new(list, json_diag(c, d));
			break;
		case FORMAT_SARIF:
			json_array_append_new(list, sarif_diag(c, d));
			break;
		}
	}
	if (o->format == FORMAT_TEXT) {
		json_decref(list);
		return;
	}
	all = o->format == FORMAT_SARIF ? sarif(c, list) : json_pack("{s:o}", "diagnostics", list);
	json_dumpf(all, out, JSON_INDENT(2));
	fputc('\n', out);
	json_decref(all);
}

static void show_code(const char *label, const char *code)
{
	printf("%s:\n", label);
	for (const char *p = code; *p;) {
		size_t n = strcspn(p, "\n");

		printf("    %.*s\n", (int)n, p);
		p += n + (p[n] == '\n');
	}
}

static bool explain_diag(const char *what)
{
	int id = diag_find(str_of(what));
	const struct diag_info *d;

	if (id < 0)
		return false;
	d = diag_info((enum diag_id)id);
	printf("%s: %s (%s)\n\n%s\n\n", d->name, d->title, severity_names[d->severity], d->why);
	show_code("bad", d->bad);
	show_code("good", d->good);
	if (d->severity != DIAG_ERROR)
		printf("silence: a comment \"# kiln: allow %s reason\" on the line or the line before\n", d->name);
	return true;
}

int explain(const char *what)
{
	if (explain_diag(what))
		return EXIT_OK;
	fprintf(stderr, "kiln: nothing is known as \"%s\"\n", what);
	return EXIT_USAGE;
}

int compile_exit_code(const struct driver_opts *o, const struct compilation *c)
{
	if (!c->read)
		return EXIT_NO_INPUT;
	if (c->program && c->program->unsupported && c->diag.n_errors == c->program->unsupported)
		return EXIT_UNSUPPORTED;
	if (c->diag.n_errors || (o->fail_on_warning && c->diag.n_warnings))
		return EXIT_FINDINGS;
	return EXIT_OK;
}
