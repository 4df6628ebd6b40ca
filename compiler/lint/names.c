/* SPDX-License-Identifier: Apache-2.0 */
/* names.c - routes nobody calls, event routes nobody runs, flags that collide, defines nobody makes. */
#include "lint/lint_priv.h"

#include "catalog/catalog.h"

/* ---- routes ---- */

struct mention {
	struct str name;
	bool found;
};

/* A name given as text to a function or parameter that does not say it takes a route. */
static void find_mention(void *arg, struct ast *n)
{
	struct mention *m = arg;

	if (n->kind == AST_STR && str_find(n->text, m->name) != STR_NONE)
		m->found = true;
}

static bool mentioned(struct lint *l, struct str name)
{
	struct mention m = {name, false};

	lint_walk(l->script->items, find_mention, &m);
	return m.found;
}

static void unused_route(struct lint *l, const struct sema_route *r)
{
	bool armed = r->kind == ROUTE_SUB || r->kind == ROUTE_FAILURE || r->kind == ROUTE_BRANCH ||
		     r->kind == ROUTE_ONREPLY;

	if (!armed || r->called || str_eq(r->name, S("0")) ||
	    (l->p->dynamic_kinds & (1u << r->kind)) || mentioned(l, r->name))
		return;
	diag_report(l->sink, W_ROUTE_UNUSED, r->loc, "%s[%.*s] is never called",
		    r->kind == ROUTE_SUB ? "route" : ast_route_kind_name(r->kind), (int)r->name.n,
		    r->name.p);
}

/* Length of name up to its k-th colon, or all of it. */
static size_t segments(struct str name, int k)
{
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] == ':' && --k == 0)
			return i;
	return name.n;
}

static struct str near_event(struct str name)
{
	size_t n;
	const struct cat_known *rows = cat_known_rows(KNOWN_EVENT, &n);
	struct str hit = {NULL, 0};
	unsigned best = cat_distance_max(name) + 1;

	for (size_t i = 0; i < n && best; i++) {
		struct str pattern = str_of(rows[i].name);
		size_t lt = str_chr(pattern, '<');
		struct str head = lt == STR_NONE || lt == 0 ? pattern : str_head(pattern, lt - 1);
		struct str mine = lt == STR_NONE ? name : str_head(name, segments(name, 2));
		unsigned d = cat_distance(mine, head, best - 1);

		if (d < best) {
			best = d;
			hit = pattern;
		}
	}
	return hit;
}

static void event_route(struct lint *l, const struct sema_route *r)
{
	struct str near;
	struct diag *d;

	if (r->kind != ROUTE_EVENT || cat_event_known(l->p->cat, r->name))
		return;
	near = near_event(r->name);
	if (!near.n)
		return;
	d = diag_report(l->sink, W_EVENT_ROUTE, r->loc, "nothing runs event_route[%.*s]", (int)r->name.n,
			r->name.p);
	diag_hint(l->sink, d, "did you mean %.*s?", (int)near.n, near.p);
}

void lint_routes(struct lint *l)
{
	for (size_t i = 0; i < l->p->routes.n; i++) {
		const struct sema_route *r = l->p->routes.v[i];
		const struct sema_body *second = r->bodies ? r->bodies->next : NULL;

		unused_route(l, r);
		event_route(l, r);
		if (r->kind != ROUTE_REQUEST || !second)
			continue;
		struct diag *d = diag_report(l->sink, W_REQUEST_ROUTE, second->node->loc,
					     "a second request route is appended to the first");
		diag_span(l->sink, d, r->loc, "the first one");
	}
}

/* ---- flags ---- */

enum flag_set { FLAGS_MSG, FLAGS_BRANCH, FLAGS_SCRIPT, FLAGS_EXTRA, FLAG_SETS };

static const char *const flag_sets[] = {"message", "branch", "script", "extended"};

struct flag_use {
	struct flag_use *next;
	enum flag_set set;
	bool sets; /* else only tests or resets */
	int64_t number;
	struct str name;
	struct loc loc;
};

struct flag_list {
	struct lint *l;
	struct flag_use *first, **last;
};

static bool contains(struct str s, const char *what)
{
	return str_find(s, str_of(what)) != STR_NONE;
}

static void find_flag_use(void *arg, struct ast *n)
{
	struct flag_list *f = arg;
	const struct sema_call *c = n->kind == AST_CALL ? n->bind : NULL;
	struct flag_use *u;
	struct loc at;

	if (!c || !c->fn || c->n_args < 1 || c->args[0].kind != CAT_FLAG ||
	    c->args[0].form != SEMA_ARG_INT || contains(n->text, "avpflag"))
		return;
	at = c->args[0].expr->loc;
	u = arena_alloc(f->l->arena, sizeof(*u));
	if (!u)
		return;
	u->set = contains(n->text, "bflag")   ? FLAGS_BRANCH
		 : contains(n->text, "sflag") && !contains(n->text, "isflag") ? FLAGS_SCRIPT
		 : contains(n->text, "xflag") ? FLAGS_EXTRA
					      : FLAGS_MSG;
	u->sets = str_starts(n->text, S("set"));
	u->number = c->args[0].num;
	if (at.exp && at.exp <= f->l->src->n_exps)
		u->name = f->l->src->exps[at.exp].name;
	else if (c->args[0].expr->kind != AST_INT)
		u->name = c->args[0].expr->text;
	u->loc = at;
	*f->last = u;
	f->last = &u->next;
}

static void same_number(struct lint *l, const struct flag_list *f, const struct flag_use *u)
{
	for (const struct flag_use *o = f->first; o != u; o = o->next) {
		if (o->set != u->set || o->number != u->number || !o->name.n || !u->name.n)
			continue;
		if (str_eq(o->name, u->name))
			return; /* told at its first use */
	}
	for (const struct flag_use *o = f->first; o != u; o = o->next) {
		if (o->set != u->set || o->number != u->number || !o->name.n || !u->name.n)
			continue;
		struct diag *d = diag_report(l->sink, W_FLAGS_MIXED, u->loc,
					     "%.*s and %.*s are the same %s flag, number %lld",
					     (int)u->name.n, u->name.p, (int)o->name.n, o->name.p,
					     flag_sets[u->set], (long long)u->number);
		diag_span(l->sink, d, o->loc, "%.*s is used here", (int)o->name.n, o->name.p);
		return;
	}
}

/* Tested in one set of flags and set in another only. */
static void other_set(struct lint *l, const struct flag_list *f, const struct flag_use *u)
{
	const struct flag_use *other = NULL;
	struct diag *d;

	if (u->sets || !u->name.n)
		return;
	for (const struct flag_use *o = f->first; o; o = o->next) {
		if (!str_eq(o->name, u->name))
			continue;
		if (o->set == u->set && (o->sets || o < u))
			return;
		if (o->set != u->set && o->sets)
			other = o;
	}
	if (!other)
		return;
	d = diag_report(l->sink, W_FLAGS_MIXED, u->loc, "%.*s is used as %s flag here but only set as %s flag",
			(int)u->name.n, u->name.p, flag_sets[u->set], flag_sets[other->set]);
	diag_span(l->sink, d, other->loc, "set here");
}

void lint_flags(struct lint *l)
{
	struct flag_list f = {l, NULL, NULL};

	f.last = &f.first;
	lint_walk(l->script->items, find_flag_use, &f);
	for (const struct flag_use *u = f.first; u; u = u->next) {
		same_number(l, &f, u);
		other_set(l, &f, u);
	}
}

/* ---- names of conditions ---- */

static bool word_char(char c)
{
	return ascii_alpha(c) || ascii_digit(c) || c == '_';
}

/* Does the line that holds byte `at` ask for the name with #!ifdef or #!ifndef? */
static bool asks(struct str text, size_t at)
{
	size_t from = at;

	while (from > 0 && text.p[from - 1] != '\n')
		from--;
	struct str before = str_trim(str_make(text.p + from, at - from));

	return str_ends(before, S("!ifdef")) || str_ends(before, S("!ifndef"));
}

static bool mentioned_in_text(const struct lint *l, struct str name)
{
	for (uint32_t f = 1; f <= l->src->n_files; f++) {
		struct str text = l->src->files[f].text, rest = text;
		size_t hit;

		while ((hit = str_find(rest, name)) != STR_NONE) {
			size_t at = (size_t)(rest.p - text.p) + hit, end = at + name.n;
			bool whole = (at == 0 || !word_char(text.p[at - 1])) &&
				     (end >= text.n || !word_char(text.p[end]));

			if (whole && !asks(text, at))
				return true;
			rest = str_skip(text, end);
		}
	}
	return false;
}

/* A switch by its look, or nearly the name of something that is defined or asked for. */
static bool looks_meant(const struct preproc *pp, struct str name)
{
	unsigned max = cat_distance_max(name);

	if (str_starts(name, S("WITH_")))
		return true;
	for (const struct pp_define *d = pp->first; d; d = d->order)
		if (cat_distance(name, d->name, max) <= max)
			return true;
	for (const struct pp_asked *q = pp->asked; q; q = q->next)
		if (!str_eq(q->name, name) && cat_distance(name, q->name, max) <= max)
			return true;
	return false;
}

void lint_defines(struct lint *l, const struct preproc *pp)
{
	for (const struct pp_asked *q = pp->asked; q; q = q->next) {
		if (str_starts(q->name, S("MOD_")) || str_starts(q->name, S("KAMAILIO")) ||
		    str_starts(q->name, S("KILN")) || mentioned_in_text(l, q->name) ||
		    !looks_meant(pp, q->name))
			continue;
		diag_report(l->sink, N_DEFINE, q->loc, "%.*s is defined nowhere in this script",
			    (int)q->name.n, q->name.p);
	}
}
