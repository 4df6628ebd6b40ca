/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why did a line not run? From its route inwards: was the route entered, did each condition around the
 * line ever come out the way that leads to it, and if so, which statement before it ended the run. A
 * route that was not entered is explained through the lines that call it.
 */
#include "abi/program.h"
#include "trace/trace.h"

enum { NEST_MAX = 128, CALLERS_MAX = 8, DEPTH_MAX = 4 };

/* A statement, the chain it stands in, and the arm of the statement around it. */
struct step {
	struct ast *node;
	struct ast *chain; /* first of its block */
	int arm;           /* of the one before: 0 then or body, 1 else */
};

struct why {
	const struct compilation *c;
	const struct story *s;
	struct sb *out;
	struct arena *a;
	uint32_t *ran; /* by site */
	/* the search */
	struct str file;
	uint32_t line;
	struct step path[NEST_MAX];
	int n;
	const struct ast *route;
	int depth;
};

static struct source_pos pos(const struct why *w, const struct ast *n)
{
	return source_pos(&w->c->source, n->loc);
}

static bool is_statement(const struct ast *n)
{
	return n->kind >= AST_CALL && n->kind <= AST_BREAK && n->kind != AST_CASE;
}

static uint32_t site_of(const struct why *w, const struct ast *n)
{
	struct source_pos p = pos(w, n);

	return program_site_find(w->s->program, p.file, p.line, p.column);
}

static bool in_file(const struct why *w, const struct ast *n)
{
	uint32_t site = site_of(w, n);

	return site && program_site_in(&w->s->program->sites[site], w->file);
}

static uint32_t times(const struct why *w, const struct ast *n)
{
	return w->ran[site_of(w, n)];
}

/* Depth first; of several statements that begin on the line the innermost wins: it is asked why it did not run. */
static bool find_in(struct why *w, struct ast *chain, int arm)
{
	for (struct ast *n = chain; n; n = n->next) {
		struct source_pos p = pos(w, n);

		if (!is_statement(n) && n->kind != AST_CASE)
			continue;
		if (w->n == NEST_MAX)
			return false;
		w->path[w->n++] = (struct step){n, chain, arm};
		if ((n->kind == AST_IF && (find_in(w, n->kid[1], 0) || find_in(w, n->kid[2], 1))) ||
		    ((n->kind == AST_WHILE || n->kind == AST_SWITCH || n->kind == AST_CASE) && find_in(w, n->kid[1], 0)))
			return true;
		if (n->kind != AST_CASE && p.line == w->line && in_file(w, n))
			return true;
		w->n--;
	}
	return false;
}

static bool find(struct why *w)
{
	for (const struct ast *r = w->c->script.items; r; r = r->next) {
		if (r->kind != AST_ROUTE)
			continue;
		w->n = 0;
		w->route = r;
		if (find_in(w, r->kid[0], 0))
			return true;
	}
	return false;
}

static void show(const struct why *w, const struct ast *n, const char *what)
{
	struct source_pos p = pos(w, n);
	char *file = str_z(w->a, p.file);

	sb_printf(w->out, "%*s" STR_FMT ":%u: " STR_FMT "\n%*s  %s\n", 2 * w->depth, "", STR_ARG(p.file), p.line,
		  STR_ARG(trace_line(w->c, file ? file : "", p.line)), 2 * w->depth, "", what);
}

/* What the last evaluation of the condition at `site` saw. */
static void saw(const struct why *w, uint32_t site)
{
	size_t end = w->s->n, from;
	uint32_t run;

	while (end > 0 && !(w->s->v[end - 1].kind == STORY_COND && w->s->v[end - 1].site == site))
		end--;
	if (!end)
		return;
	run = w->s->v[end - 1].run;
	for (from = end - 1; from > 0; from--)
		if (w->s->v[from - 1].run == run && w->s->v[from - 1].kind == STORY_SITE && w->s->v[from - 1].site == site)
			break;
	for (size_t i = from; i < end; i++) {
		const struct story_event *e = &w->s->v[i];

		if (e->run != run)
			continue;
		if (e->kind == STORY_VALUE)
			sb_printf(w->out, "%*s    " STR_FMT " was " STR_FMT "\n", 2 * w->depth, "", STR_ARG(e->a), STR_ARG(e->b));
		else if (e->kind == STORY_CODE)
			sb_printf(w->out, "%*s    " STR_FMT "() returned %lld\n", 2 * w->depth, "", STR_ARG(e->a), (long long)e->n);
	}
}

static void outcomes(const struct why *w, uint32_t site, unsigned n[2])
{
	n[0] = n[1] = 0;
	for (size_t i = 0; i < w->s->n; i++)
		if (w->s->v[i].kind == STORY_COND && w->s->v[i].site == site)
			n[w->s->v[i].n != 0]++;
}

/* The block was begun but `n` was not reached: what ended it? */
static void ended_before(const struct why *w, struct ast *chain, const struct ast *n)
{
	const struct ast *last = NULL;
	uint32_t run = 0, site = 0;
	size_t at = w->s->n;

	for (const struct ast *i = chain; i && i != n; i = i->next)
		if (is_statement(i) && times(w, i))
			last = i;
	if (!last) {
		show(w, n, "nothing before it in its block ran either");
		return;
	}
	site = site_of(w, last);
	while (at > 0 && !(w->s->v[at - 1].kind == STORY_SITE && w->s->v[at - 1].site == site))
		at--;
	run = at ? w->s->v[at - 1].run : 0;
	for (size_t i = at; i < w->s->n; i++)
		if (w->s->v[i].kind == STORY_SITE && w->s->v[i].run == run)
			site = w->s->v[i].site;
	show(w, last, "is the last before it in its block that ran");
	sb_printf(w->out, "%*s  that run ended at " STR_FMT ": " STR_FMT "\n", 2 * w->depth, "",
		  STR_ARG(trace_place(w->a, w->s->program, site)),
		  STR_ARG(trace_line(w->c, w->s->program->sites[site].file, w->s->program->sites[site].line)));
}

static bool explain_path(struct why *w);

/* ---- routes that were not entered ---- */

struct callers {
	const struct why *w;
	const struct ast *route;
	struct ast *v[CALLERS_MAX];
	int n;
	bool armed[CALLERS_MAX];
};

static void look_for_calls(void *arg, struct ast *n)
{
	struct callers *k = arg;
	const struct sema_call *call = n->kind == AST_CALL ? n->bind : NULL;
	const struct sema_route *target = k->route->bind;
	bool hit = call && target && call->kind == SEMA_CALL_ROUTE && call->route == target->index, armed = false;

	for (int i = 0; target && call && call->kind == SEMA_CALL_FN && i < call->n_args; i++)
		if (call->args[i].form == SEMA_ARG_ROUTE && call->args[i].num == target->index)
			hit = armed = true;
	if (hit && k->n < CALLERS_MAX) {
		k->armed[k->n] = armed;
		k->v[k->n++] = n;
	}
	ast_each_child(n, look_for_calls, k);
}

static void not_entered(struct why *w)
{
	struct callers k = {.w = w, .route = w->route};
	const struct sema_route *r = w->route->bind;

	show(w, w->route, "the route was not entered");
	if (r && (r->kind == ROUTE_REQUEST || r->kind == ROUTE_CORE_REPLY)) {
		sb_printf(w->out, "%*s  no %s came that the server took\n", 2 * w->depth, "", r->kind == ROUTE_REQUEST ? "request" : "reply");
		return;
	}
	for (const struct ast *i = w->c->script.items; i; i = i->next)
		for (struct ast *n = i->kind == AST_ROUTE ? i->kid[0] : NULL; n; n = n->next)
			look_for_calls(&k, n);
	if (!k.n)
		sb_printf(w->out, "%*s  and nothing in the script leads to it\n", 2 * w->depth, "");
	for (int i = 0; i < k.n && w->depth < DEPTH_MAX; i++) {
		struct why sub = *w;
		struct source_pos p = pos(w, k.v[i]);

		sub.file = p.file;
		sub.line = p.line;
		sub.depth++;
		if (!find(&sub))
			continue;
		if (times(&sub, sub.path[sub.n - 1].node))
			show(&sub, k.v[i], k.armed[i] ? "armed it, but what it waits for did not happen"
						      : "leads to it and began, but the call was not reached");
		else
			explain_path(&sub);
	}
}

static bool entered(const struct why *w)
{
	const struct sema_route *r = w->route->bind;

	for (size_t i = 0; r && i < w->s->n; i++)
		if (w->s->v[i].kind == STORY_ENTER && w->s->v[i].route == r->index)
			return true;
	return false;
}

/* One statement of the path that ran, yet never went on to the next. */
static void turned_away(const struct why *w, const struct ast *n, int arm)
{
	uint32_t site = site_of(w, n);
	unsigned how[2];

	outcomes(w, site, how);
	if (n->kind == AST_SWITCH) {
		show(w, n, "did not choose the case that holds the line");
	} else if (!how[arm == 0]) {
		show(w, n, str_printf(w->a, "came out %s, %u of %u times", arm == 0 ? "false" : "true", how[arm != 0],
				      how[0] + how[1]).p);
	}
	saw(w, site);
}

static bool explain_path(struct why *w)
{
	if (!entered(w)) {
		not_entered(w);
		return true;
	}
	for (int i = 0; i < w->n; i++) {
		const struct ast *n = w->path[i].node;
		bool last = i + 1 == w->n;
		unsigned how[2];

		if (n->kind == AST_CASE)
			continue;
		if (!times(w, n)) {
			ended_before(w, w->path[i].chain, n);
			return true;
		}
		if (last)
			return false; /* it ran */
		outcomes(w, site_of(w, n), how);
		if (n->kind == AST_SWITCH ? !times(w, w->path[w->n - 1].node) : !how[w->path[i + 1].arm == 0]) {
			turned_away(w, n, w->path[i + 1].arm);
			return true;
		}
	}
	return false;
}

bool trace_why(const struct compilation *c, const struct story *s, struct str file, uint32_t line, struct sb *out)
{
	struct why w = {.c = c, .s = s, .out = out, .a = s->arena, .file = file, .line = line};

	w.ran = arena_calloc(w.a, s->program->n_sites + 1, sizeof(*w.ran));
	if (!w.ran || !find(&w))
		return false;
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].kind == STORY_SITE)
			w.ran[s->v[i].site]++;
	if (!explain_path(&w))
		show(&w, w.path[w.n - 1].node, str_printf(w.a, "ran %u times", times(&w, w.path[w.n - 1].node)).p);
	return true;
}
