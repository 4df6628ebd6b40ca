/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Edges are collected from the bound tree, then written as an outline or as a graph in DOT, which
 * Graphviz lays out for SVG. A route that is armed rather than called is drawn dashed: it runs later.
 */
#include "graph/graph.h"

#include "abi/program.h"
#include "graph/layout.h"

struct edge {
	int from, to;
	bool armed; /* by t_on_failure and its kin */
	struct loc loc;
};

struct graph {
	struct arena *a;
	const struct compilation *c;
	const struct sema_program *p;
	struct edge *v;
	size_t n, cap;
	int from;
	bool failed;
};

static void add(struct graph *g, int to, bool armed, struct loc loc)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->v[i].from == g->from && g->v[i].to == to && g->v[i].armed == armed)
			return;
	if (g->n == g->cap) {
		size_t cap = g->cap ? 2 * g->cap : 64;
		struct edge *v = arena_calloc(g->a, cap, sizeof(*v));

		if (!v) {
			g->failed = true;
			return;
		}
		if (g->n)
			memcpy(v, g->v, g->n * sizeof(*v));
		g->v = v;
		g->cap = cap;
	}
	g->v[g->n++] = (struct edge){g->from, to, armed, loc};
}

static void visit(void *arg, struct ast *n)
{
	struct graph *g = arg;
	const struct sema_call *call = n->kind == AST_CALL ? n->bind : NULL;

	if (call && call->kind == SEMA_CALL_ROUTE && call->route >= 0)
		add(g, call->route, false, n->loc);
	for (int i = 0; call && call->kind == SEMA_CALL_FN && i < call->n_args; i++)
		if (call->args[i].form == SEMA_ARG_ROUTE && call->args[i].num >= 0)
			add(g, (int)call->args[i].num, call->args[i].kind != CAT_ROUTE, n->loc);
	ast_each_child(n, visit, g);
}

static bool collect(struct graph *g)
{
	for (size_t i = 0; i < g->p->routes.n; i++) {
		g->from = (int)i;
		for (const struct sema_body *b = g->p->routes.v[i]->bodies; b; b = b->next)
			visit(g, b->node);
	}
	return !g->failed;
}

static struct str label(const struct graph *g, int route)
{
	const struct sema_route *r = g->p->routes.v[route];

	if (r->kind == ROUTE_REQUEST || r->kind == ROUTE_CORE_REPLY || (r->kind == ROUTE_ONSEND && !r->name.n))
		return str_of(ast_route_kind_name(r->kind));
	return str_printf(g->a, "%s[" STR_FMT "]", ast_route_kind_name(r->kind), STR_ARG(r->name));
}

static struct source_pos where(const struct graph *g, struct loc l)
{
	return source_pos(&g->c->source, l);
}

/* ---- outline ---- */

static void text(const struct graph *g, struct sb *out)
{
	for (size_t i = 0; i < g->p->routes.n; i++) {
		const struct sema_route *r = g->p->routes.v[i];
		struct source_pos at = where(g, r->loc);

		sb_printf(out, STR_FMT "  " STR_FMT ":%u%s\n", STR_ARG(label(g, (int)i)), STR_ARG(at.file), at.line,
			  r->called || r->kind != ROUTE_SUB ? "" : "  (nothing leads here)");
		for (size_t k = 0; k < g->n; k++) {
			if (g->v[k].from != (int)i)
				continue;
			at = where(g, g->v[k].loc);
			sb_printf(out, "    %s " STR_FMT "  line %u\n", g->v[k].armed ? "arms " : "calls",
				  STR_ARG(label(g, g->v[k].to)), at.line);
		}
	}
}

/* ---- DOT ---- */

static void quoted(struct sb *out, struct str s)
{
	sb_addc(out, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			sb_addc(out, '\\');
		sb_addc(out, s.p[i]);
	}
	sb_addc(out, '"');
}

static const char *fill(int kind)
{
	switch (kind) {
	case ROUTE_REQUEST: return "#cfe8cf";
	case ROUTE_CORE_REPLY:
	case ROUTE_ONREPLY: return "#cfdff3";
	case ROUTE_FAILURE: return "#f6d0cc";
	case ROUTE_BRANCH: return "#f3e6c4";
	case ROUTE_EVENT: return "#e4d6f0";
	default: return "#f4f4f4";
	}
}

static void dot(const struct graph *g, struct sb *out)
{
	sb_addz(out, "digraph routes {\n\trankdir=LR;\n\tnode [shape=box, style=\"rounded,filled\", fontname=\"Helvetica\", "
		     "fontsize=11];\n\tedge [fontname=\"Helvetica\", fontsize=9, color=\"#555555\"];\n");
	for (size_t i = 0; i < g->p->routes.n; i++) {
		const struct sema_route *r = g->p->routes.v[i];
		struct source_pos at = where(g, r->loc);

		sb_printf(out, "\tr%zu [label=", i);
		quoted(out, label(g, (int)i));
		sb_printf(out, ", fillcolor=\"%s\", tooltip=", fill(r->kind));
		quoted(out, str_printf(g->a, STR_FMT ":%u", STR_ARG(at.file), at.line));
		sb_addz(out, "];\n");
	}
	for (size_t k = 0; k < g->n; k++)
		sb_printf(out, "\tr%d -> r%d [label=\"%u\"%s];\n", g->v[k].from, g->v[k].to, where(g, g->v[k].loc).line,
			  g->v[k].armed ? ", style=dashed" : "");
	sb_addz(out, "}\n");
}

bool graph_print(const struct compilation *c, enum graph_format how, FILE *out)
{
	struct graph g = {.a = c->arena, .c = c, .p = c->program};
	struct sb b;

	sb_init(&b, c->arena, 1 << 26);
	if (!c->program || !collect(&g))
		return false;
	if (how == GRAPH_TEXT)
		text(&g, &b);
	else
		dot(&g, &b);
	if (how == GRAPH_SVG) {
		sb_addc(&b, 0);
		return sb_ok(&b) && graph_svg(&b, out);
	}
	return sb_ok(&b) && fwrite(b.p ? b.p : "", 1, b.n, out) == b.n;
}
