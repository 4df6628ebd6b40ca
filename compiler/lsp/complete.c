/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Completion. What may stand at the cursor is judged by the bytes before it, for the text under the
 * cursor rarely parses; the names come from the catalog, the grammar's keywords and the script.
 */
#include "abi/program.h"
#include "base/sb.h"
#include "lsp/lsp_priv.h"

enum item_kind { ITEM_FUNCTION = 3, ITEM_VARIABLE = 6, ITEM_MODULE = 9, ITEM_PROPERTY = 10, ITEM_KEYWORD = 14,
		 ITEM_REFERENCE = 18, ITEM_CONSTANT = 21, ITEM_EVENT = 23, ITEM_OPERATOR = 24 };

struct list {
	struct lsp *l;
	struct lsp_doc *d;
	struct compilation *c;
	struct lsp_index x;
	struct written_list t;
	struct str text;   /* the document */
	uint32_t from, off; /* the piece that is replaced */
	json_t *items, *seen;
};

static void item(struct list *s, const char *label, enum item_kind kind, const char *detail, const char *doc,
		 const char *insert)
{
	struct str typed = str_make(s->text.p + s->from, s->off - s->from);
	json_t *j;

	if (!str_istarts(str_of(label), typed) || json_object_get(s->seen, label))
		return;
	json_object_set_new(s->seen, label, json_true());
	j = json_pack("{s:s,s:i,s:{s:o,s:s}}", "label", label, "kind", (int)kind, "textEdit", "range",
		      lsp_range(s->l, s->text, s->from, s->off - s->from), "newText", insert ? insert : label);
	if (insert && strchr(insert, '$') && strstr(insert, "${"))
		json_object_set_new(j, "insertTextFormat", json_integer(2));
	if (detail && *detail)
		json_object_set_new(j, "detail", json_string(detail));
	if (doc && *doc)
		json_object_set_new(j, "documentation", json_string(doc));
	json_array_append_new(s->items, j);
}

static bool loaded(const struct list *s, const char *module)
{
	for (size_t i = 0; s->c->program && i < s->c->program->modules.n; i++)
		if (strcmp(s->c->program->modules.v[i].name, module) == 0)
			return true;
	return strcmp(module, "core") == 0;
}

static const char *from_module(const struct list *s, const char *module)
{
	return str_printf(s->l->arena, loaded(s, module) ? "module %s" : "module %s (not loaded)", module).p;
}

/* ---- the kinds of lists ---- */

static void functions(struct list *s)
{
	size_t n;
	const struct cat_fn *f = cat_fn_all(s->c->catalog, &n);

	for (size_t i = 0; i < n; i++) {
		struct sb b;

		sb_init(&b, s->l->arena, 1024);
		sb_printf(&b, "%s(", f[i].name);
		for (int a = 0; s->l->snippets && a < f[i].n_args; a++)
			sb_printf(&b, "%s${%d:%s}", a ? ", " : "", a + 1, f[i].args[a].name);
		sb_addz(&b, s->l->snippets || f[i].n_args == 0 ? ")" : "");
		sb_addc(&b, 0);
		item(s, f[i].name, ITEM_FUNCTION, from_module(s, f[i].module), f[i].doc, sb_ok(&b) ? b.p : NULL);
	}
}

static void variables(struct list *s)
{
	size_t n;
	const struct cat_pv *p = cat_pv_all(s->c->catalog, &n);

	for (size_t i = 0; i < s->x.n_names; i++) /* those that the script uses */
		if (s->x.names[i].kind == NAME_VAR && s->x.names[i].off != s->from)
			item(s, str_printf(s->l->arena, "%s(" STR_FMT ")", s->x.names[i].route_kind == 1 ? "avp" : s->x.names[i].route_kind == 2 ? "shv" : "var",
					   STR_ARG(s->x.names[i].text)).p, ITEM_VARIABLE, "used in this script", NULL, NULL);
	for (size_t i = 0; i < n; i++)
		item(s, p[i].name, ITEM_VARIABLE, from_module(s, p[i].module), p[i].doc,
		     p[i].inner == CAT_INNER_NONE || !s->l->snippets
			     ? NULL : str_printf(s->l->arena, "%s(${1:name})", p[i].name).p);
}

static void transformations(struct list *s)
{
	size_t n;
	const struct cat_tr *t = cat_tr_all(s->c->catalog, &n);

	for (size_t i = 0; i < n; i++)
		item(s, str_printf(s->l->arena, "%s.%s", t[i].klass, t[i].name).p, ITEM_OPERATOR,
		     from_module(s, t[i].module), t[i].doc, NULL);
}

static void modules(struct list *s, bool only_loaded)
{
	size_t n;
	const struct cat_module *m = cat_modules(s->c->catalog, &n);

	for (size_t i = 0; i < n; i++)
		if (strcmp(m[i].name, "core") != 0 && loaded(s, m[i].name) == only_loaded)
			item(s, m[i].name, ITEM_MODULE, "", m[i].doc, NULL);
}

static void params(struct list *s, struct str module)
{
	size_t n;
	const struct cat_param *p = cat_param_all(s->c->catalog, &n);

	for (size_t i = 0; i < n; i++)
		if (str_eq(str_of(p[i].module), module))
			item(s, p[i].name, ITEM_PROPERTY, str_printf(s->l->arena, "default \"%s\"", p[i].def).p, p[i].doc, NULL);
}

static void events(struct list *s)
{
	size_t n;
	const struct cat_named *e = cat_event_all(s->c->catalog, &n);
	const struct cat_known *known;

	for (size_t i = 0; i < n; i++)
		item(s, e[i].name, ITEM_EVENT, from_module(s, e[i].module), e[i].doc, NULL);
	known = cat_known_rows(KNOWN_EVENT, &n);
	for (size_t i = 0; i < n; i++)
		item(s, known[i].name, ITEM_EVENT, "nothing runs it yet", NULL, NULL);
}

static void names(struct list *s, enum lsp_name_kind kind, int route_kind, enum item_kind show)
{
	for (size_t i = 0; i < s->x.n_names; i++) {
		const struct lsp_name *n = &s->x.names[i];

		if (n->kind == kind && n->defines && (kind != NAME_ROUTE || n->route_kind == route_kind))
			item(s, str_z(s->l->arena, n->text), show,
			     kind == NAME_ROUTE ? ast_route_kind_name(n->route_kind) : "#!define", NULL, NULL);
	}
}

static void keywords(struct list *s, bool statements)
{
	static const char *const in_routes[] = {"if", "else", "while", "switch", "case", "default", "break", "return", "exit",
						"drop", "route", "defined", "strlen", "strempty", "selval", "myself",
						"src_ip", "dst_ip", "src_port", "dst_port", "proto", "method", "uri", "status", "af"};
	static const char *const on_top[] = {"request_route", "reply_route", "route", "onreply_route", "failure_route",
					     "branch_route", "onsend_route", "event_route", "loadmodule", "modparam", "loadpath",
					     "mpath", "include_file", "import_file", "flags", "listen", "alias", "socket"};
	const char *const *v = statements ? in_routes : on_top;
	size_t n = statements ? sizeof(in_routes) / sizeof(in_routes[0]) : sizeof(on_top) / sizeof(on_top[0]);

	for (size_t i = 0; i < n; i++)
		item(s, v[i], ITEM_KEYWORD, "", NULL, NULL);
	if (!statements) {
		const struct cat_core_param *p = cat_core_params(&n);

		for (size_t i = 0; i < n; i++)
			item(s, p[i].name, ITEM_PROPERTY, "core parameter", p[i].effect ? NULL : p[i].why, NULL);
	}
}

static void directives(struct list *s)
{
	static const char *const words[] = {"define", "ifdef", "ifndef", "else", "endif", "trydef", "redefine", "subst",
					    "substdef", "substdefs", "defenv", "defenvs", "trydefenv", "trydefenvs",
					    "include_file", "import_file", "ifexp", "defexp", "defexps", "undef", "KAMAILIO"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		item(s, words[i], ITEM_KEYWORD, "", NULL, NULL);
}

/* ---- where the cursor is ---- */

static bool is_name_byte(char c)
{
	return ascii_alpha(c) || ascii_digit(c) || c == '_';
}

/* Bytes of a name that end at `off`; `more`: other bytes that belong to it. */
static uint32_t back(const struct list *s, uint32_t off, const char *more)
{
	while (off > 0 && (is_name_byte(s->text.p[off - 1]) || (s->text.p[off - 1] && strchr(more, s->text.p[off - 1]))))
		off--;
	return off;
}

static char before(const struct list *s, uint32_t off)
{
	return off > 0 ? s->text.p[off - 1] : 0;
}

static int depth_at(const struct list *s, size_t i)
{
	int depth = 0;

	for (size_t k = 0; k < i; k++)
		if (s->t.v[k].kind == WRITTEN_PUNCT)
			depth += (s->t.v[k].text.p[0] == '{') - (s->t.v[k].text.p[0] == '}');
	return depth;
}

/* After `$`, `$(`, or in the braces of `$(x{`; also inside of strings. */
static bool in_variable(struct list *s)
{
	uint32_t start;

	s->from = back(s, s->off, ".");
	if (before(s, s->from) == '{' && lsp_pv_at(s->text, s->from - 1, &start).n) {
		transformations(s);
		return true;
	}
	s->from = back(s, s->off, ".");
	if (before(s, s->from) == '$' || (before(s, s->from) == '(' && before(s, s->from - 1) == '$')) {
		variables(s);
		return true;
	}
	return false;
}

/* Inside the string token i: by the call or statement that it is an argument of. */
static bool in_string(struct list *s, size_t i)
{
	const struct written *t = s->t.v;
	int arg = 0;
	size_t k = i;

	s->from = t[i].off + 1;
	if (i > 0 && t[i - 1].kind == WRITTEN_WORD && str_starts(t[i - 1].text, S("loadmodule"))) {
		modules(s, false);
		return true;
	}
	while (k > 0 && !(t[k].kind == WRITTEN_PUNCT && t[k].text.p[0] == '(')) {
		if (t[k].kind == WRITTEN_PUNCT && strchr(";{}", t[k].text.p[0]))
			return true;
		arg += t[k].kind == WRITTEN_PUNCT && t[k].text.p[0] == ',';
		k--;
	}
	if (k == 0 || t[k - 1].kind != WRITTEN_WORD)
		return true;
	if (str_starts(t[k - 1].text, S("modparam"))) {
		if (arg == 0)
			modules(s, true);
		else if (arg == 1)
			params(s, written_string_body(&t[k + 1]));
	} else if (str_eq(t[k - 1].text, S("route"))) {
		names(s, NAME_ROUTE, ROUTE_SUB, ITEM_REFERENCE);
	} else {
		const struct cat_fn *f = cat_fn_find(s->c->catalog, t[k - 1].text);
		int kind = f && arg < CAT_ARGS_MAX ? f->args[arg].kind : -1;

		if (kind == CAT_ROUTE_ONREPLY)
			names(s, NAME_ROUTE, ROUTE_ONREPLY, ITEM_REFERENCE);
		else if (kind == CAT_ROUTE_FAILURE)
			names(s, NAME_ROUTE, ROUTE_FAILURE, ITEM_REFERENCE);
		else if (kind == CAT_ROUTE_BRANCH)
			names(s, NAME_ROUTE, ROUTE_BRANCH, ITEM_REFERENCE);
		else if (kind == CAT_ROUTE)
			names(s, NAME_ROUTE, ROUTE_SUB, ITEM_REFERENCE);
	}
	return true;
}

static void at_word(struct list *s, size_t i)
{
	const struct written *t = s->t.v;
	/* the token before the word under the cursor */
	size_t p = i < s->t.n && t[i].kind == WRITTEN_WORD && t[i].off < s->off ? i : i + 1;
	const struct written *prev = p >= 1 && p - 1 < s->t.n ? &t[p - 1] : NULL, *word = p >= 2 ? &t[p - 2] : NULL;

	s->from = back(s, s->off, ":-");
	if (str_ends(str_head(s->text, s->from), S("event_route["))) {
		events(s);
		return;
	}
	s->from = back(s, s->off, "");
	if (prev && word && prev->text.p[0] == '(' && str_eq(word->text, S("route"))) {
		names(s, NAME_ROUTE, ROUTE_SUB, ITEM_REFERENCE);
	} else if (depth_at(s, i) <= 0) {
		keywords(s, false);
		names(s, NAME_DEFINE, 0, ITEM_CONSTANT);
	} else {
		keywords(s, true);
		functions(s);
		names(s, NAME_DEFINE, 0, ITEM_CONSTANT);
	}
}

static void list_all(struct list *s)
{
	size_t i = s->t.n;

	while (i > 0 && s->t.v[i - 1].off >= s->off)
		i--;
	i = i ? i - 1 : s->t.n; /* the last token that begins before the cursor */
	s->from = back(s, s->off, "");
	if (s->from >= 2 && s->text.p[s->from - 1] == '!' && (s->text.p[s->from - 2] == '#' || s->text.p[s->from - 2] == '!')) {
		directives(s);
		return;
	}
	if (i < s->t.n && s->t.v[i].kind == WRITTEN_DIRECTIVE && s->off <= s->t.v[i].off + s->t.v[i].len) {
		names(s, NAME_DEFINE, 0, ITEM_CONSTANT);
		return;
	}
	if (i < s->t.n && s->t.v[i].kind == WRITTEN_COMMENT && s->off <= s->t.v[i].off + s->t.v[i].len)
		return;
	if (in_variable(s))
		return;
	if (i < s->t.n && s->t.v[i].kind == WRITTEN_STRING && s->off < s->t.v[i].off + s->t.v[i].len && in_string(s, i))
		return;
	at_word(s, i);
}

json_t *lsp_completion(struct lsp *l, struct lsp_doc *d, uint32_t off)
{
	struct list s = {.l = l, .d = d, .c = lsp_compile(l, d), .text = str_make(d->text, d->n), .off = off,
			 .items = json_array(), .seen = json_object()};

	if (s.c && s.c->catalog && lsp_index_build(l, s.c, &s.x) && written_scan(l->arena, s.text, &s.t))
		list_all(&s);
	if (s.c)
		compile_free(&s.c);
	json_decref(s.seen);
	return json_pack("{s:b,s:o}", "isIncomplete", 0, "items", s.items);
}
