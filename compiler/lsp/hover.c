/* SPDX-License-Identifier: Apache-2.0 */
/* What the thing under the cursor is: from the catalog, the defines and the routes. */
#include "abi/program.h"
#include "base/sb.h"
#include "lsp/lsp_priv.h"

static void define_text(const struct compilation *c, struct str name, struct sb *out)
{
	for (const struct pp_define *p = c->pp.first; p; p = p->order)
		if (str_eq(p->name, name)) {
			struct source_pos at = source_pos(&c->source, p->loc);

			sb_printf(out, "#!define " STR_FMT " " STR_FMT "\n", STR_ARG(name), STR_ARG(p->value));
			if (p->loc.file)
				sb_printf(out, "defined in " STR_FMT ":%u\n", STR_ARG(at.file), at.line);
		}
}

static void contexts(uint32_t ctx, struct sb *out)
{
	static const char *const names[] = {"request_route", "failure_route", "branch_route", "onsend_route",
					    "reply_route",   "onreply_route", "event_route"};

	sb_addz(out, "reached from:");
	for (int i = 0; i < 7; i++)
		if (ctx & (1u << i))
			sb_printf(out, " %s", names[i]);
	sb_addz(out, ctx ? "\n" : " nowhere\n");
}

static void route_text(const struct compilation *c, const struct lsp_name *n, struct sb *out)
{
	const struct sema_route *r = c->program ? sema_route_find(c->program, n->route_kind, n->text) : NULL;
	struct source_pos at;

	sb_printf(out, "%s[" STR_FMT "]\n", ast_route_kind_name(n->route_kind), STR_ARG(n->text));
	if (!r)
		return;
	at = source_pos(&c->source, r->loc);
	sb_printf(out, "defined in " STR_FMT ":%u\n", STR_ARG(at.file), at.line);
	contexts(r->contexts, out);
}

/* "$(ru{s.len})" at a cursor inside the braces is about {s.len}, else about $ru. */
static void pv_text(const struct compilation *c, struct str pv, uint32_t at, struct sb *out)
{
	size_t from = at, e;
	struct str s;

	while (from > 0 && from <= pv.n && pv.p[from - 1] != '{' && pv.p[from - 1] != '}' && pv.p[from - 1] != ',')
		from--;
	if (from > 0 && from < pv.n && pv.p[from - 1] == '{') {
		for (e = from; e < pv.n && pv.p[e] != ',' && pv.p[e] != '}'; e++)
			;
		cat_explain(c->catalog, str_make(pv.p + from, e - from), out);
		return;
	}
	s = str_skip(pv, 1);
	if (s.n && s.p[0] == '(')
		s = str_skip(s, 1);
	for (e = 0; e < s.n && (ascii_alpha(s.p[e]) || ascii_digit(s.p[e]) || s.p[e] == '_' || s.p[e] == '.' || s.p[e] == '?'); e++)
		;
	cat_explain(c->catalog, str_printf(c->arena, "$" STR_FMT, STR_ARG(str_head(s, e))), out);
}

static void token_text(struct lsp *l, struct lsp_doc *d, const struct compilation *c, uint32_t off, struct sb *out)
{
	struct str text = str_make(d->text, d->n), pv;
	struct written_list t;
	struct lsp_index x;
	const struct lsp_name *n;
	uint32_t start;
	size_t i;

	if (!written_scan(l->arena, text, &t) || !lsp_index_build(l, c, &x))
		return;
	i = written_at(&t, off);
	pv = i < t.n && (t.v[i].kind == WRITTEN_PV || t.v[i].kind == WRITTEN_STRING) ? lsp_pv_at(text, off, &start) : STR_NULL;
	n = lsp_name_at(&x, d->path, off);
	if (pv.n && c->catalog)
		pv_text(c, pv, off - start, out);
	else if (n && n->kind == NAME_DEFINE)
		define_text(c, n->text, out);
	else if (n && n->kind == NAME_ROUTE)
		route_text(c, n, out);
	else if (i < t.n && c->catalog && t.v[i].kind == WRITTEN_WORD)
		cat_explain(c->catalog, t.v[i].text, out);
	else if (i < t.n && c->catalog && t.v[i].kind == WRITTEN_STRING)
		cat_explain(c->catalog, written_string_body(&t.v[i]), out);
}

json_t *lsp_hover(struct lsp *l, struct lsp_doc *d, uint32_t off)
{
	struct compilation *c = lsp_compile(l, d);
	json_t *ret = json_null();
	struct sb b;

	if (!c)
		return ret;
	sb_init(&b, l->arena, 1 << 16);
	token_text(l, d, c, off, &b);
	if (b.n)
		ret = json_pack("{s:{s:s,s:o}}", "contents", "kind", "plaintext", "value", json_stringn(b.p, b.n));
	compile_free(&c);
	return ret;
}
