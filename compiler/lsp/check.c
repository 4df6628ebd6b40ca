/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Diagnostics as you type. A file that another script of the folder includes is checked as part of that
 * script, for alone it has neither its modules nor its defines.
 */
#include <dirent.h>
#include <stdlib.h>

#include "base/mem.h"
#include "lsp/lsp_priv.h"

static bool read_text(void *arg, struct arena *a, struct str name, struct str *text)
{
	return lsp_text_of(arg, a, name, text);
}

static struct compilation *compile_path(struct lsp *l, const char *path)
{
	l->front.read = read_text;
	l->front.read_arg = l;
	l->front.stop = STAGE_CHECK;
	return compile_front(&l->front, path);
}

static bool has_file(struct lsp *l, const struct compilation *c, const char *path)
{
	for (uint32_t i = 1; i <= c->source.n_files; i++)
		if (strcmp(lsp_path(l, c->source.files[i].name), path) == 0)
			return true;
	return false;
}

/* Does the text include anything of that file name? A cheap question before compiling. */
static bool names_file(struct lsp *l, const char *script, const char *path)
{
	const char *slash = strrchr(path, '/');
	struct str text;

	return lsp_text_of(l, l->arena, str_of(script), &text) &&
	       str_find(text, S("_file")) != STR_NONE &&
	       str_find(text, str_of(slash ? slash + 1 : path)) != STR_NONE;
}

static bool includes(struct lsp *l, const char *script, const char *path)
{
	struct compilation *c;
	bool yes;

	if (strcmp(script, path) == 0 || !names_file(l, script, path))
		return false;
	c = compile_path(l, script);
	yes = c && has_file(l, c, path);
	if (c)
		compile_free(&c);
	return yes;
}

/* The script in the folder that includes `path`, or `path` itself. */
static const char *find_root(struct lsp *l, const char *path)
{
	struct str dir = str_of(l->folder);
	const char *slash = strrchr(path, '/'), *found = NULL;
	struct dirent *e;
	DIR *d;

	for (size_t i = 0; !found && i < l->n_docs; i++)
		if (includes(l, l->docs[i].path, path))
			found = l->docs[i].path;
	if (!dir.n)
		dir = str_make(path, slash ? (size_t)(slash - path) : 0);
	d = found || !dir.n ? NULL : opendir(str_z(l->arena, dir));
	for (int seen = 0; d && !found && seen < LSP_ROOTS_MAX && (e = readdir(d));) {
		struct str full = str_printf(l->arena, STR_FMT "/%s", STR_ARG(dir), e->d_name);

		if (!str_ends(str_of(e->d_name), S(".cfg")) || !full.p)
			continue;
		seen++;
		if (includes(l, lsp_path(l, full), path))
			found = lsp_path(l, full);
	}
	if (d)
		closedir(d);
	return found ? found : path;
}

struct compilation *lsp_compile(struct lsp *l, const struct lsp_doc *d)
{
	struct compilation *c = compile_path(l, d->root ? d->root : d->path);

	if (c && !has_file(l, c, d->path)) { /* no longer included */
		compile_free(&c);
		c = compile_path(l, d->path);
	}
	return c;
}

/* ---- publishing ---- */

static int severity(const struct diag *g)
{
	return g->severity == DIAG_ERROR ? 1 : g->severity == DIAG_WARNING ? 2 : 3;
}

static json_t *related(struct lsp *l, const struct compilation *c, const struct diag *g)
{
	json_t *all = json_array();

	for (int i = 0; i < g->n_spans; i++) {
		struct loc at = g->spans[i].loc;
		const struct source_file *f = at.file ? &c->source.files[at.file] : NULL;

		if (f)
			json_array_append_new(all, json_pack("{s:{s:o,s:o},s:s#}", "location", "uri",
							     lsp_uri(l, lsp_path(l, f->name)), "range",
							     lsp_range(l, f->text, at.off, at.len), "message",
							     g->spans[i].label.p, (int)g->spans[i].label.n));
	}
	return all;
}

static json_t *diagnostic(struct lsp *l, const struct compilation *c, const struct diag *g)
{
	const struct source_file *f = &c->source.files[g->loc.file];
	struct str text = str_dup(l->arena, g->message);

	if (g->hint.n)
		text = str_printf(l->arena, STR_FMT "\nhint: " STR_FMT, STR_ARG(g->message), STR_ARG(g->hint));
	return json_pack("{s:o,s:i,s:s,s:s,s:s#,s:o}", "range", lsp_range(l, f->text, g->loc.off, g->loc.len),
			 "severity", severity(g), "code", diag_info(g->id)->name, "source", "kiln", "message",
			 text.p ? text.p : "", (int)text.n, "relatedInformation", related(l, c, g));
}

/* Arms that are not read are shown faded: a hint with the tag "unnecessary". */
static void add_inactive(struct lsp *l, const struct compilation *c, uint32_t file, json_t *to)
{
	for (const struct ast_trivia *t = c->pp.trivia; t; t = t->next)
		if (t->kind == TRIVIA_SKIPPED && t->loc.file == file && t->loc.len)
			json_array_append_new(to, json_pack("{s:o,s:i,s:s,s:s,s:[i]}", "range",
							    lsp_range(l, c->source.files[file].text, t->loc.off,
								      t->loc.len),
							    "severity", 4, "source", "kiln", "message",
							    "not read: its condition does not hold", "tags", 1));
}

static void notify(struct lsp *l, json_t *uri, json_t *list)
{
	wire_write(l->out, json_pack("{s:s,s:s,s:{s:o,s:o}}", "jsonrpc", "2.0", "method",
				     "textDocument/publishDiagnostics", "params", "uri", uri, "diagnostics", list));
}

static void publish_file(struct lsp *l, const struct compilation *c, uint32_t file, json_t *before, json_t *now)
{
	json_t *list = json_array(), *uri = lsp_uri(l, lsp_path(l, c->source.files[file].name));
	bool had = false;
	json_t *u;
	size_t i;

	for (const struct diag *g = c->diag.first; g; g = g->next)
		if (g->loc.file == file)
			json_array_append_new(list, diagnostic(l, c, g));
	add_inactive(l, c, file, list);
	json_array_foreach(before, i, u)
		had |= json_equal(u, uri);
	if (!json_array_size(list) && !had && file != 1) {
		json_decref(list);
		json_decref(uri);
		return;
	}
	if (json_array_size(list))
		json_array_append(now, uri);
	notify(l, uri, list);
}

void lsp_unpublish(struct lsp *l, const char *root)
{
	json_t *before = json_object_get(l->published, root), *u;
	size_t i;

	json_array_foreach(before, i, u)
		notify(l, json_incref(u), json_array());
	json_object_del(l->published, root);
}

void lsp_publish(struct lsp *l, struct lsp_doc *d)
{
	struct compilation *c;
	json_t *before, *now = json_array();

	if (!d->root) {
		struct str root = str_of(find_root(l, d->path));

		d->root = mem_alloc(root.n + 1);
		if (d->root)
			memcpy(d->root, root.p, root.n);
	}
	c = lsp_compile(l, d);
	if (!c) {
		json_decref(now);
		return;
	}
	before = json_object_get(l->published, d->root ? d->root : d->path);
	for (uint32_t i = 1; i <= c->source.n_files; i++)
		publish_file(l, c, i, before, now);
	json_object_set_new(l->published, d->root ? d->root : d->path, now);
	compile_free(&c);
}

/* ---- quick fixes ---- */

static json_t *edit_action(struct lsp *l, const struct diag *g, const struct source_file *f, const char *title,
			   uint32_t off, uint32_t len, struct str text)
{
	json_t *changes = json_object(), *uri = lsp_uri(l, lsp_path(l, f->name));
	json_t *edit = json_pack("{s:o,s:s#}", "range", lsp_range(l, f->text, off, len), "newText",
				 text.n ? text.p : "", (int)text.n);

	json_object_set_new(changes, json_string_value(uri), json_pack("[o]", edit));
	json_decref(uri);
	return json_pack("{s:s,s:s,s:b,s:{s:o}}", "title", title, "kind", "quickfix", "isPreferred",
			 g->has_fix ? 1 : 0, "edit", "changes", changes);
}

static void actions_of(struct lsp *l, const struct compilation *c, const struct diag *g, json_t *to)
{
	const struct source_file *f = &c->source.files[g->loc.file];
	struct str title, line = source_line(&c->source, g->loc);

	if (g->has_fix && g->fix_loc.file) {
		title = str_printf(l->arena, g->fix_text.n ? "Replace by \"%.*s\"" : "Remove it",
				   (int)g->fix_text.n, g->fix_text.n ? g->fix_text.p : "");
		if (title.p)
			json_array_append_new(to, edit_action(l, g, &c->source.files[g->fix_loc.file], title.p,
							      g->fix_loc.off, g->fix_loc.len, g->fix_text));
	}
	if (g->severity == DIAG_ERROR || !line.p)
		return;
	title = str_printf(l->arena, "Allow %s on this line", diag_info(g->id)->name);
	line = str_rtrim(line);
	if (title.p)
		json_array_append_new(to, edit_action(l, g, f, title.p, (uint32_t)(line.p + line.n - f->text.p), 0,
						      str_printf(l->arena, " # kiln: allow %s reason",
								 diag_info(g->id)->name)));
}

json_t *lsp_code_actions(struct lsp *l, struct lsp_doc *d, json_t *params)
{
	struct compilation *c = lsp_compile(l, d);
	json_t *range = json_object_get(params, "range"), *all = json_array();
	struct str text = str_make(d->text, d->n);
	uint32_t from = lsp_offset(l, text, json_object_get(range, "start"));
	uint32_t to = lsp_offset(l, text, json_object_get(range, "end"));

	for (const struct diag *g = c ? c->diag.first : NULL; g; g = g->next)
		if (g->loc.file && g->loc.off <= to && g->loc.off + g->loc.len >= from &&
		    strcmp(lsp_path(l, c->source.files[g->loc.file].name), d->path) == 0)
			actions_of(l, c, g, all);
	if (c)
		compile_free(&c);
	return all;
}
