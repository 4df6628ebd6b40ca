/* SPDX-License-Identifier: Apache-2.0 */
/* Definition, references, rename, symbols, folding. */
#include "abi/program.h"
#include "lsp/lsp_priv.h"

static bool index_of(struct lsp *l, struct lsp_doc *d, struct compilation **c, struct lsp_index *x)
{
	*c = lsp_compile(l, d);
	return *c && lsp_index_build(l, *c, x);
}

static json_t *location(struct lsp *l, const struct lsp_index *x, const struct lsp_name *n)
{
	const struct lsp_file *f = &x->files[n->file];

	return json_pack("{s:o,s:o}", "uri", lsp_uri(l, f->path), "range", lsp_range(l, f->text, n->off, n->len));
}

/* The file that an include names: as the compiler found it. */
static json_t *include_target(struct lsp *l, const struct compilation *c, const struct lsp_index *x,
			      const struct lsp_name *n)
{
	for (uint32_t i = 1; i <= c->source.n_files; i++) {
		struct loc from = c->source.files[i].included_from;

		if (from.file && from.file - 1 == n->file && from.off <= n->off && n->off <= from.off + from.len + n->len + 16 &&
		    str_ends(c->source.files[i].name, n->text))
			return json_pack("{s:o,s:o}", "uri", lsp_uri(l, x->files[i - 1].path), "range",
					 lsp_range(l, x->files[i - 1].text, 0, 0));
	}
	return NULL;
}

json_t *lsp_definition(struct lsp *l, struct lsp_doc *d, uint32_t off)
{
	struct compilation *c;
	struct lsp_index x;
	json_t *all = json_array(), *file;
	const struct lsp_name *n = index_of(l, d, &c, &x) ? lsp_name_at(&x, d->path, off) : NULL;

	if (n && n->kind == NAME_INCLUDE) {
		file = include_target(l, c, &x, n);
		if (file)
			json_array_append_new(all, file);
	}
	for (size_t i = 0; n && n->kind != NAME_INCLUDE && i < x.n_names; i++)
		if (x.names[i].defines && lsp_same_name(n, &x.names[i]))
			json_array_append_new(all, location(l, &x, &x.names[i]));
	if (c)
		compile_free(&c);
	return all;
}

json_t *lsp_references(struct lsp *l, struct lsp_doc *d, uint32_t off, bool declaration)
{
	struct compilation *c;
	struct lsp_index x;
	json_t *all = json_array();
	const struct lsp_name *n = index_of(l, d, &c, &x) ? lsp_name_at(&x, d->path, off) : NULL;

	for (size_t i = 0; n && i < x.n_names; i++)
		if (lsp_same_name(n, &x.names[i]) && (declaration || !x.names[i].defines || n->kind == NAME_VAR))
			json_array_append_new(all, location(l, &x, &x.names[i]));
	if (c)
		compile_free(&c);
	return all;
}

/* ---- rename ---- */

static const char *refuse_rename(const struct lsp_name *n)
{
	if (!n)
		return "there is nothing here that can be renamed";
	if (n->kind == NAME_INCLUDE)
		return "a file is not renamed by its include";
	if (n->kind == NAME_ROUTE && (n->route_kind == ROUTE_EVENT || n->route_kind == ROUTE_REQUEST ||
				      n->route_kind == ROUTE_CORE_REPLY))
		return "the language gives this route its name";
	return NULL;
}

json_t *lsp_prepare_rename(struct lsp *l, struct lsp_doc *d, uint32_t off)
{
	struct compilation *c;
	struct lsp_index x;
	const struct lsp_name *n = index_of(l, d, &c, &x) ? lsp_name_at(&x, d->path, off) : NULL;
	json_t *ret = refuse_rename(n) ? json_null()
				       : json_pack("{s:o,s:s#}", "range", lsp_range(l, x.files[n->file].text, n->off, n->len),
						   "placeholder", n->text.p, (int)n->text.n);

	if (c)
		compile_free(&c);
	return ret;
}

static bool good_name(const char *name)
{
	if (!*name || (!ascii_alpha(*name) && *name != '_'))
		return false;
	for (; *name; name++)
		if (!ascii_alpha(*name) && !ascii_digit(*name) && *name != '_')
			return false;
	return true;
}

static bool taken(const struct lsp_index *x, const struct lsp_name *n, const char *name)
{
	for (size_t i = 0; i < x->n_names; i++) {
		struct lsp_name same = x->names[i];

		same.text = n->text;
		if (x->names[i].defines && str_eq(x->names[i].text, str_of(name)) && lsp_same_name(n, &same))
			return true;
	}
	return false;
}

static json_t *rename_edits(struct lsp *l, const struct lsp_index *x, const struct lsp_name *n, const char *name)
{
	json_t *changes = json_object();

	for (size_t i = 0; i < x->n_names; i++) {
		const struct lsp_file *f = &x->files[x->names[i].file];
		json_t *uri, *list;

		if (!lsp_same_name(n, &x->names[i]))
			continue;
		uri = lsp_uri(l, f->path);
		list = json_object_get(changes, json_string_value(uri));
		if (!list) {
			list = json_array();
			json_object_set_new(changes, json_string_value(uri), list);
		}
		json_array_append_new(list, json_pack("{s:o,s:s}", "range", lsp_range(l, f->text, x->names[i].off, x->names[i].len),
						      "newText", name));
		json_decref(uri);
	}
	return json_pack("{s:o}", "changes", changes);
}

json_t *lsp_rename(struct lsp *l, struct lsp_doc *d, uint32_t off, const char *name, const char **why)
{
	struct compilation *c;
	struct lsp_index x;
	const struct lsp_name *n = index_of(l, d, &c, &x) ? lsp_name_at(&x, d->path, off) : NULL;
	json_t *ret = NULL;

	*why = refuse_rename(n);
	if (!*why && !good_name(name))
		*why = "a name is letters, digits and _, and does not begin with a digit";
	if (!*why && !str_eq(n->text, str_of(name)) && taken(&x, n, name))
		*why = "that name is taken";
	if (!*why)
		ret = rename_edits(l, &x, n, name);
	if (c)
		compile_free(&c);
	return ret;
}

/* ---- outline ---- */

json_t *lsp_symbols(struct lsp *l, struct lsp_doc *d)
{
	enum { SYMBOL_FUNCTION = 12, SYMBOL_CONSTANT = 14, SYMBOL_EVENT = 24, SYMBOL_FILE = 1 };
	struct compilation *c;
	struct lsp_index x = {0};
	json_t *all = json_array();

	index_of(l, d, &c, &x);
	for (size_t i = 0; i < x.n_names; i++) {
		const struct lsp_name *n = &x.names[i];
		const struct lsp_file *f = &x.files[n->file];
		const char *detail = "";
		int kind = SYMBOL_FILE;

		if (strcmp(f->path, d->path) != 0 || !n->text.n)
			continue;
		if (n->kind == NAME_ROUTE && n->defines) {
			kind = n->route_kind == ROUTE_EVENT ? SYMBOL_EVENT : SYMBOL_FUNCTION;
			detail = ast_route_kind_name(n->route_kind);
		} else if (n->kind == NAME_DEFINE && n->defines) {
			kind = SYMBOL_CONSTANT;
			detail = "#!define";
		} else if (n->kind == NAME_INCLUDE) {
			detail = "include_file";
		} else {
			continue;
		}
		json_array_append_new(all, json_pack("{s:s#,s:s,s:i,s:o,s:o}", "name", n->text.p, (int)n->text.n, "detail",
						     detail, "kind", kind, "range",
						     lsp_range(l, f->text, n->item_off, n->item_len), "selectionRange",
						     lsp_range(l, f->text, n->off, n->len)));
	}
	if (c)
		compile_free(&c);
	return all;
}

static void fold(json_t *all, uint32_t from, uint32_t to, const char *kind)
{
	if (to > from)
		json_array_append_new(all, json_pack("{s:i,s:i,s:s}", "startLine", (int)from, "endLine", (int)to, "kind", kind));
}

json_t *lsp_folding(struct lsp *l, struct lsp_doc *d)
{
	enum { DEPTH_MAX = 256 };
	uint32_t braces[DEPTH_MAX], arms[DEPTH_MAX];
	size_t n_braces = 0, n_arms = 0;
	struct written_list t;
	json_t *all = json_array();

	if (!written_scan(l->arena, str_make(d->text, d->n), &t))
		return all;
	for (size_t i = 0; i < t.n; i++) {
		const struct written *w = &t.v[i];
		enum written_directive dir = w->kind == WRITTEN_DIRECTIVE ? written_directive_of(w) : DIRECTIVE_OTHER;

		if (w->kind == WRITTEN_PUNCT && w->text.p[0] == '{' && n_braces < DEPTH_MAX)
			braces[n_braces++] = w->line;
		else if (w->kind == WRITTEN_PUNCT && w->text.p[0] == '}' && n_braces)
			fold(all, braces[--n_braces], w->line ? w->line - 1 : 0, "region");
		if ((dir == DIRECTIVE_ELSE || dir == DIRECTIVE_ENDIF) && n_arms)
			fold(all, arms[--n_arms], w->line ? w->line - 1 : 0, "region");
		if ((dir == DIRECTIVE_IF || dir == DIRECTIVE_ELSE) && n_arms < DEPTH_MAX)
			arms[n_arms++] = w->line;
		if (w->kind == WRITTEN_COMMENT && w->text.p[0] == '/' && i + 1 <= t.n) {
			uint32_t lines = 0;

			for (size_t k = 0; k < w->text.n; k++)
				lines += w->text.p[k] == '\n';
			fold(all, w->line, w->line + lines, "comment");
		}
	}
	return all;
}
