/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where routes, defines, includes and variables are named, read from the tokens as written: so arms that
 * are not read and scripts that do not parse are seen too. The catalog tells which functions take the
 * name of a route.
 */
#include "abi/program.h"
#include "lsp/lsp_priv.h"

enum { NAMES_MAX = 1 << 20 };

struct walk {
	struct lsp *l;
	const struct compilation *c;
	struct lsp_index *x;
	uint32_t file;
	const struct written_list *t;
	int depth; /* of braces */
};

static struct lsp_name *add(struct walk *w, enum lsp_name_kind kind, struct str text, uint32_t off)
{
	struct lsp_index *x = w->x;
	struct lsp_name *n;

	if (x->n_names == x->cap_names) {
		size_t cap = x->cap_names ? 2 * x->cap_names : 256;
		struct lsp_name *v = cap <= NAMES_MAX ? arena_calloc(w->l->arena, cap, sizeof(*v)) : NULL;

		if (!v)
			return NULL;
		if (x->n_names)
			memcpy(v, x->names, x->n_names * sizeof(*v));
		x->names = v;
		x->cap_names = cap;
	}
	n = &x->names[x->n_names++];
	*n = (struct lsp_name){.kind = kind, .text = text, .off = off, .len = (uint32_t)text.n, .file = w->file,
			       .item_off = off, .item_len = (uint32_t)text.n};
	return n;
}

static const struct written *tok(const struct walk *w, size_t i)
{
	static const struct written none = {.kind = WRITTEN_PUNCT, .text = {"", 0}};

	return i < w->t->n ? &w->t->v[i] : &none;
}

static bool punct(const struct walk *w, size_t i, char c)
{
	const struct written *t = tok(w, i);

	return t->kind == WRITTEN_PUNCT && t->len == 1 && t->text.p[0] == c;
}

/* A name as a word or a string; its bytes without quotes. */
static bool name_token(const struct walk *w, size_t i, struct str *text, uint32_t *off)
{
	const struct written *t = tok(w, i);

	if (t->kind == WRITTEN_WORD) {
		*text = t->text;
		*off = t->off;
		return true;
	}
	if (t->kind != WRITTEN_STRING)
		return false;
	*text = written_string_body(t);
	*off = t->off + 1;
	return true;
}

static int route_kind_of(struct str word)
{
	static const struct {
		struct str word;
		int kind;
	} kinds[] = {
		{S("route"), ROUTE_SUB},           {S("onreply_route"), ROUTE_ONREPLY},
		{S("failure_route"), ROUTE_FAILURE}, {S("branch_route"), ROUTE_BRANCH},
		{S("onsend_route"), ROUTE_ONSEND},  {S("event_route"), ROUTE_EVENT},
		{S("request_route"), ROUTE_REQUEST}, {S("reply_route"), ROUTE_CORE_REPLY},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (str_eq(kinds[i].word, word))
			return kinds[i].kind;
	return -1;
}

/* Offset behind the block that begins at or after token i. */
static uint32_t block_end(const struct walk *w, size_t i)
{
	int depth = 0;

	for (; i < w->t->n; i++) {
		if (punct(w, i, '{'))
			depth++;
		else if (punct(w, i, '}') && --depth <= 0)
			return w->t->v[i].off + 1;
	}
	return w->t->n ? w->t->v[w->t->n - 1].off + w->t->v[w->t->n - 1].len : 0;
}

/* `route[NAME] {` at top level. Event names are several tokens: all up to the bracket. */
static void route_definition(struct walk *w, size_t i, int kind)
{
	const struct written *at = tok(w, i);
	struct str text = S("");
	uint32_t off = at->off;
	struct lsp_name *n;

	if (punct(w, i + 1, '[')) {
		size_t close = i + 2;

		while (close < w->t->n && !punct(w, close, ']') && !punct(w, close, '{'))
			close++;
		if (kind != ROUTE_EVENT && !name_token(w, i + 2, &text, &off))
			return;
		if (kind == ROUTE_EVENT) {
			off = tok(w, i + 2)->off;
			text = str_trim(str_make(tok(w, i + 2)->text.p, tok(w, close)->off - off));
		}
	} else if (!punct(w, i + 1, '{')) {
		return;
	} else {
		text = at->text; /* request_route: named by its keyword */
	}
	n = add(w, NAME_ROUTE, text, off);
	if (!n)
		return;
	n->route_kind = kind;
	n->defines = true;
	n->item_off = at->off;
	n->item_len = block_end(w, i + 1) - at->off;
}

static int kind_of_argument(int cat_kind)
{
	switch (cat_kind) {
	case CAT_ROUTE: return ROUTE_SUB;
	case CAT_ROUTE_ONREPLY: return ROUTE_ONREPLY;
	case CAT_ROUTE_FAILURE: return ROUTE_FAILURE;
	case CAT_ROUTE_BRANCH: return ROUTE_BRANCH;
	default: return -1;
	}
}

/* The names of routes among the arguments of a call whose name is token i. */
static void call_references(struct walk *w, size_t i)
{
	bool core = str_eq(tok(w, i)->text, S("route"));
	const struct cat_fn *fn = core || !w->c->catalog ? NULL : cat_fn_find(w->c->catalog, tok(w, i)->text);
	int depth = 0, arg = 0;

	if (!core && !fn)
		return;
	for (size_t k = i + 1; k < w->t->n; k++) {
		int kind = core ? ROUTE_SUB : arg < CAT_ARGS_MAX ? kind_of_argument(fn->args[arg].kind) : -1;
		struct lsp_name *n;
		struct str text;
		uint32_t off;

		if (punct(w, k, '('))
			depth++;
		else if (punct(w, k, ')') && --depth == 0)
			return;
		else if (punct(w, k, ',') && depth == 1)
			arg++;
		else if (punct(w, k, ';') || punct(w, k, '{'))
			return;
		else if (kind >= 0 && depth == 1 && (punct(w, k + 1, ')') || punct(w, k + 1, ',')) &&
			 (punct(w, k - 1, '(') || punct(w, k - 1, ',')) && name_token(w, k, &text, &off) &&
			 (n = add(w, NAME_ROUTE, text, off)) != NULL)
			n->route_kind = kind;
	}
}

static bool is_define_word(struct str w)
{
	return str_find(w, S("def")) != STR_NONE && !str_starts(w, S("if")) && !str_starts(w, S("subst"));
}

static void directive(struct walk *w, const struct written *t)
{
	struct str rest, word = written_directive_word(t, &rest), name = rest;
	uint32_t off;
	struct lsp_name *n;
	size_t k = 0;

	if (str_ends(word, S("_file"))) {
		if (rest.n > 2)
			add(w, NAME_INCLUDE, str_make(rest.p + 1, rest.n - 2), (uint32_t)(rest.p + 1 - t->text.p) + t->off);
		return;
	}
	if (str_starts(word, S("substdef")) && rest.n > 3) /* "!NAME!value!g" */
		name = str_skip(rest, 2);
	else if (!is_define_word(word) && written_directive_of(t) != DIRECTIVE_IF)
		return;
	while (k < name.n && (ascii_alpha(name.p[k]) || ascii_digit(name.p[k]) || name.p[k] == '_'))
		k++;
	off = (uint32_t)(name.p - t->text.p) + t->off;
	n = k ? add(w, NAME_DEFINE, str_head(name, k), off) : NULL;
	if (n)
		n->defines = written_directive_of(t) != DIRECTIVE_IF && str_find(word, S("undef")) == STR_NONE;
	if (n && n->defines) {
		n->item_off = t->off;
		n->item_len = t->len;
	}
}

static bool inner_end(char c)
{
	return !(ascii_alpha(c) || ascii_digit(c) || c == '_');
}

/* $var(x) and $avp(x), also the full form and inside of strings. */
static void variables(struct walk *w, size_t i)
{
	static const struct str classes[] = {S("var("), S("vn("), S("vz("), S("shv("), S("avp(")};
	const struct written *t = tok(w, i);

	for (size_t p = 0; p < t->text.n; p++) {
		for (size_t k = 0; k < sizeof(classes) / sizeof(classes[0]); k++) {
			struct str at = str_skip(t->text, p), name;
			struct lsp_name *n;
			size_t e;

			if (!str_starts(at, classes[k]) || p == 0 || (t->text.p[p - 1] != '$' && t->text.p[p - 1] != '('))
				continue;
			for (e = classes[k].n; e < at.n && !inner_end(at.p[e]); e++)
				;
			if (e == classes[k].n || e == at.n || at.p[e] != ')')
				continue;
			name = str_make(at.p + classes[k].n, e - classes[k].n);
			n = add(w, NAME_VAR, name, t->off + (uint32_t)(p + classes[k].n));
			if (n) {
				n->route_kind = k == 4 ? 1 : k == 3 ? 2 : 0; /* name spaces: var vn vz | avp | shv */
				n->defines = t->kind == WRITTEN_PV && punct(w, i + 1, '=');
			}
		}
	}
}

static void one_token(struct walk *w, size_t i)
{
	const struct written *t = tok(w, i);
	int kind = t->kind == WRITTEN_WORD ? route_kind_of(t->text) : -1;

	if (t->kind == WRITTEN_PUNCT) {
		w->depth += punct(w, i, '{') - (punct(w, i, '}') && w->depth > 0);
	} else if (t->kind == WRITTEN_DIRECTIVE) {
		directive(w, t);
	} else if (t->kind == WRITTEN_PV || t->kind == WRITTEN_STRING) {
		variables(w, i);
	} else if (kind >= 0 && (punct(w, i + 1, '[') || punct(w, i + 1, '{'))) {
		w->depth = 0; /* a route begins here whatever was left open above */
		route_definition(w, i, kind);
	} else if (t->kind == WRITTEN_WORD && str_ends(t->text, S("_file")) && tok(w, i + 1)->kind == WRITTEN_STRING) {
		add(w, NAME_INCLUDE, written_string_body(tok(w, i + 1)), tok(w, i + 1)->off + 1);
	} else if (t->kind == WRITTEN_WORD && punct(w, i + 1, '(')) {
		call_references(w, i);
	}
}

/* Every word that is the name of a define is a use of it. */
static void define_uses(struct walk *w, size_t n_defined)
{
	for (size_t i = 0; i < w->t->n; i++) {
		const struct written *t = tok(w, i);

		for (size_t k = 0; t->kind == WRITTEN_WORD && k < n_defined; k++)
			if (w->x->names[k].kind == NAME_DEFINE && w->x->names[k].defines &&
			    str_eq(w->x->names[k].text, t->text)) {
				add(w, NAME_DEFINE, t->text, t->off);
				break;
			}
	}
}

bool lsp_index_build(struct lsp *l, const struct compilation *c, struct lsp_index *ret)
{
	struct walk w = {.l = l, .c = c, .x = ret};
	size_t n_defined;

	*ret = (struct lsp_index){.n_files = c->source.n_files};
	ret->files = arena_calloc(l->arena, ret->n_files + 1, sizeof(*ret->files));
	if (!ret->files)
		return false;
	for (uint32_t i = 0; i < ret->n_files; i++) {
		struct lsp_file *f = &ret->files[i];

		f->path = lsp_path(l, c->source.files[i + 1].name);
		f->text = c->source.files[i + 1].text;
		if (!written_scan(l->arena, f->text, &f->tokens))
			return false;
		w.file = i;
		w.t = &f->tokens;
		w.depth = 0;
		for (size_t k = 0; k < f->tokens.n; k++)
			one_token(&w, k);
	}
	n_defined = ret->n_names;
	for (uint32_t i = 0; i < ret->n_files; i++) {
		w.file = i;
		w.t = &ret->files[i].tokens;
		define_uses(&w, n_defined);
	}
	return true;
}

const struct lsp_name *lsp_name_at(const struct lsp_index *x, const char *path, uint32_t off)
{
	for (size_t i = 0; i < x->n_names; i++)
		if (x->names[i].off <= off && off <= x->names[i].off + x->names[i].len &&
		    strcmp(x->files[x->names[i].file].path, path) == 0)
			return &x->names[i];
	return NULL;
}

bool lsp_same_name(const struct lsp_name *a, const struct lsp_name *b)
{
	return a->kind == b->kind && str_eq(a->text, b->text) &&
	       ((a->kind != NAME_ROUTE && a->kind != NAME_VAR) || a->route_kind == b->route_kind);
}

struct str lsp_pv_at(struct str text, uint32_t off, uint32_t *start)
{
	uint32_t i = off < text.n ? off : (uint32_t)text.n, e;

	while (i > 0 && text.p[i - 1] != '\n' && text.p[i] != '$')
		i--;
	if (i >= text.n || text.p[i] != '$')
		return STR_NULL;
	e = i + 1;
	if (e < text.n && text.p[e] == '(') {
		for (int depth = 0; e < text.n && text.p[e] != '\n'; e++) {
			depth += (text.p[e] == '(') - (text.p[e] == ')');
			if (depth == 0) {
				e++;
				break;
			}
		}
	} else {
		while (e < text.n && !inner_end(text.p[e]))
			e++;
		if (e < text.n && text.p[e] == '(')
			while (e < text.n && text.p[e] != '\n' && text.p[e++] != ')')
				;
	}
	*start = i;
	return off <= e ? str_make(text.p + i, e - i) : STR_NULL;
}
