/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sema.c - the order of work.
 *
 * First all routes, modules and flags are collected, because routes may be called before they stand
 * in the text and format strings see every module. Then items are taken in order: a body sees the
 * functions of the modules loaded above it. Last the contexts are proved over the call graph.
 */
#include "sema/sema_priv.h"

void *sema_grow(struct arena *a, void **v, size_t *n, size_t *cap, size_t size)
{
	if (*n == *cap) {
		size_t c = *cap ? *cap * 2 : 16;
		void *bigger = arena_calloc(a, c, size);

		if (!bigger)
			return NULL;
		if (*n)
			memcpy(bigger, *v, *n * size);
		*v = bigger;
		*cap = c;
	}
	return (char *)*v + (*n)++ * size;
}

bool sema_loaded(const struct sema *s, const char *module)
{
	size_t n = s->late ? s->p->modules.n : s->n_loaded;

	if (str_eq(str_of(module), S("core")))
		return true;
	for (size_t i = 0; i < n; i++)
		if (str_eq(str_of(s->p->modules.v[i].name), str_of(module)))
			return true;
	return false;
}

static bool visible(void *ctx, const char *module)
{
	return sema_loaded(ctx, module);
}

static int64_t flag_number(void *ctx, struct str name)
{
	const struct sema_flag *f = sema_flag_find(ctx, name, false);

	return f ? f->number : -1;
}

static bool hash_table(void *ctx, struct str name)
{
	return sema_hash_table_known(ctx, name);
}

static int64_t var_slot(void *ctx, struct str name)
{
	struct sema *s = ctx;
	struct str *slot;

	for (size_t i = 0; i < s->p->var_names.n; i++)
		if (str_eq(s->p->var_names.v[i], name))
			return (int64_t)i;
	slot = SEMA_PUSH(s, s->p->var_names);
	if (slot)
		*slot = name;
	return (int64_t)s->p->var_names.n - 1;
}

void sema_unsupported(struct sema *s, struct loc l, enum cat_known_kind kind, struct str name,
		      const char *module)
{
	const char *why = cat_why_not(s->cat, kind, str_of(module ? module : ""), name);

	s->p->unsupported++;
	s->sink->unsupported = true;
	diag_report(s->sink, E_UNSUPPORTED, l, "%s \"%.*s\"%s%s is known, not supported yet%s%s", cat_kind_words[kind],
		    (int)name.n, name.p, module && module[0] ? " of module " : "",
		    module ? module : "", why ? ": " : "", why ? why : "");
}

void sema_unsupported_part(struct sema *s, struct loc l, const char *what, struct str name, const char *why)
{
	s->p->unsupported++;
	s->sink->unsupported = true;
	diag_report(s->sink, E_UNSUPPORTED, l, "%s \"%.*s\" is known, not supported yet: %s", what, (int)name.n, name.p, why);
}

/* Place of bytes [at, at+n) of a text, when it stands as written in the file. */
static struct loc inside(const struct sema *s, struct loc l, struct str text, size_t at, size_t n)
{
	const struct source_file *f;

	if (l.exp || !l.file || l.file > s->src->n_files || !n)
		return l;
	f = &s->src->files[l.file];
	for (size_t skip = 0; skip < 3; skip++) {
		if ((size_t)l.off + skip + text.n > f->text.n)
			break;
		if (!str_eq(str_make(f->text.p + l.off + skip, text.n), text))
			continue;
		l.off += (uint32_t)(skip + at);
		l.len = (uint32_t)n;
		break;
	}
	return l;
}

static enum diag_id text_id(enum sema_text_code code)
{
	switch (code) {
	case TEXT_UNKNOWN_PV:
	case TEXT_UNLOADED_PV:
		return E_UNKNOWN_PV;
	case TEXT_UNKNOWN_TR:
	case TEXT_UNLOADED_TR:
		return E_UNKNOWN_TR;
	case TEXT_UNKNOWN_TABLE:
		return E_TABLE;
	default:
		return E_PV;
	}
}

static const char *text_message(enum sema_text_code code)
{
	switch (code) {
	case TEXT_LONE_DOLLAR:
		return "a $ that starts no variable:";
	case TEXT_UNKNOWN_PV:
		return "unknown variable";
	case TEXT_UNLOADED_PV:
		return "variable of a module that is not loaded:";
	case TEXT_UNKNOWN_TR:
		return "unknown transformation";
	case TEXT_UNLOADED_TR:
		return "transformation of a module that is not loaded:";
	case TEXT_TR_ARGS:
		return "bad arguments of a transformation:";
	case TEXT_NEEDS_NAME:
		return "this variable needs a name in parentheses:";
	case TEXT_TAKES_NO_NAME:
		return "this variable takes no name in parentheses:";
	case TEXT_BAD_NAME:
		return "bad name of a variable:";
	case TEXT_TAKES_NO_INDEX:
		return "this variable takes no index:";
	case TEXT_BAD_INDEX:
		return "bad index:";
	case TEXT_UNKNOWN_TABLE:
		return "undeclared hash table";
	default:
		return "bad variable:";
	}
}

void sema_report_text(struct sema *s, struct loc l, struct str text)
{
	const struct sema_text_error *e = &s->text.err;
	struct loc at = inside(s, l, text, e->at, e->n);
	struct diag *d;

	if (e->code == TEXT_UNSUPPORTED_PV || e->code == TEXT_UNSUPPORTED_TR) {
		sema_unsupported(s, at, e->code == TEXT_UNSUPPORTED_PV ? KNOWN_PV : KNOWN_TR,
				 e->what, e->module);
		return;
	}
	d = diag_report(s->sink, text_id(e->code), at, "%s \"%.*s\"", text_message(e->code),
			(int)e->what.n, e->what.p ? e->what.p : "");
	if (e->suggest.n)
		diag_hint(s->sink, d, "did you mean \"%.*s\"?", (int)e->suggest.n, e->suggest.p);
	else if (e->module)
		diag_hint(s->sink, d, "it needs loadmodule \"%s\"", e->module);
	else if (e->why)
		diag_hint(s->sink, d, "%s", e->why);
}

struct sema_route *sema_route_find(const struct sema_program *p, int kind, struct str name)
{
	for (size_t i = 0; i < p->routes.n; i++)
		if (p->routes.v[i]->kind == kind && str_eq(p->routes.v[i]->name, name))
			return p->routes.v[i];
	return NULL;
}

struct sema_program *sema_run(struct arena *a, const struct catalog *cat, const struct source *src,
			      struct diag_sink *sink, struct ast_script *script,
			      const struct sema_opts *opts)
{
	struct sema *s = arena_alloc(a, sizeof(*s));
	struct sema_program *p = arena_alloc(a, sizeof(*p));
	struct sema_module *core;
	int before = sink->n_errors;

	if (!s || !p)
		return NULL;
	*s = (struct sema){.arena = a, .cat = cat, .src = src, .sink = sink, .p = p};
	if (opts)
		s->opts = *opts;
	p->arena = a;
	p->cat = cat;
	p->compat = s->opts.compat == 6 ? 6 : 5;
	s->text = (struct sema_text_env){.arena = a, .cat = cat, .ctx = s, .visible = visible,
					 .flag = flag_number, .var = var_slot, .hash_table = hash_table};
	core = SEMA_PUSH(s, p->modules);
	if (!core)
		return NULL;
	core->name = "core";
	core->row = cat_module_find(cat, S("core"));
	sema_collect(s, script->items);
	for (struct ast *n = script->items; n; n = n->next) {
		if (n->kind == AST_ROUTE)
			sema_body_check(s, n);
		else
			sema_declare(s, n);
	}
	sema_prove_contexts(s);
	p->n_pvs = s->text.n_pvs;
	p->n_fmts = s->text.n_fmts;
	p->errors = sink->n_errors - before;
	return p;
}
