/* SPDX-License-Identifier: Apache-2.0 */
/* absent.c - what a place does not have: a message in an event that comes without, a code behind what gives none. */
#include "lint/lint_priv.h"

/* ---- events on a message that the server makes up ---- */

enum { NEEDS_MESSAGE = FX_REPLIES | FX_RELAYS | FX_CREATES_TXN, DEPTH = 8 };

static bool is_made_up(const struct sema_route *r)
{
	static const char *const events[] = {"core:worker-one-init", "core:modinit-before", "htable:mod-init", "htable:expired:",
					     "usrloc:contact-expired", "tcp:"};

	for (size_t i = 0; r->kind == ROUTE_EVENT && i < sizeof(events) / sizeof(events[0]); i++)
		if (str_starts(r->name, str_of(events[i])))
			return true;
	return false;
}

struct search {
	struct lint *l;
	const struct sema_route *event; /* its own calls are told */
	const struct ast *found;        /* in a route that it calls: the first one */
	int depth;
};

static const struct ast *first_call(struct lint *l, int route, int depth);

static void look_at_call(void *arg, struct ast *n)
{
	struct search *s = arg;
	const struct sema_call *c = n->kind == AST_CALL ? n->bind : NULL;
	const struct ast *bad = NULL;
	struct diag *d;

	if (!c || s->found)
		return;
	if (c->kind == SEMA_CALL_FN && c->fn && (c->fn->effects & NEEDS_MESSAGE))
		bad = n;
	else if (c->kind == SEMA_CALL_ROUTE && c->route >= 0)
		bad = first_call(s->l, c->route, s->depth + 1);
	if (!bad)
		return;
	if (!s->event) {
		s->found = bad;
		return;
	}
	d = diag_report(s->l->sink, W_EVENT_CALL, n->loc, STR_FMT " needs a message, and event_route[" STR_FMT "] has none",
			STR_ARG(bad->text), STR_ARG(s->event->name));
	if (bad != n)
		diag_span(s->l->sink, d, bad->loc, "called here");
	diag_hint(s->l->sink, d, "call it where a request is at hand");
}

/* What surely runs: up to the first condition, which may be a guard. */
static const struct ast *first_call(struct lint *l, int route, int depth)
{
	const struct sema_route *r = l->p->routes.v[route];
	struct search s = {.l = l, .depth = depth};

	for (const struct ast *n = r->bodies && depth < DEPTH ? r->bodies->node->kid[0] : NULL; n && !s.found; n = n->next) {
		bool decides = n->kind == AST_IF || n->kind == AST_WHILE || n->kind == AST_SWITCH;

		if (n->kind == AST_RETURN)
			break;
		if (!decides)
			lint_walk_one(n, look_at_call, &s);
		else if (n->kid[0])
			lint_walk_one(n->kid[0], look_at_call, &s);
		if (decides)
			break;
	}
	return s.found;
}

/* ---- $rc behind a statement that leaves it alone ---- */

bool lint_reads_code(const struct ast *n)
{
	if (!n)
		return false;
	if (n->kind == AST_PV)
		return str_eq(n->text, S("$rc")) || str_eq(n->text, S("$retcode")) || str_eq(n->text, S("$?"));
	for (int i = 0; i < 4; i++)
		for (const struct ast *k = n->kid[i]; k; k = k->next)
			if (lint_reads_code(k))
				return true;
	return false;
}

static bool is_core_action(const struct ast *n)
{
	const struct sema_call *c = n->kind == AST_CALL ? n->bind : NULL;

	return c && c->kind == SEMA_CALL_FN && c->fn && str_eq(str_of(c->fn->module), S("core"));
}

/* Told only where nothing earlier in the block could be meant. */
static void stale_code(void *arg, struct ast *n)
{
	struct lint *l = arg;
	const struct ast *before = NULL;
	bool calls = false;
	struct diag *d;

	if (n->kind != AST_ROUTE && n->kind != AST_IF)
		return;
	for (const struct ast *s = n->kid[n->kind == AST_IF]; s; s = s->next) {
		const struct ast *reads = s->kind == AST_IF || s->kind == AST_ASSIGN ? s->kid[s->kind == AST_ASSIGN] : NULL;

		if (before && !calls && is_core_action(before) && lint_reads_code(reads)) {
			d = diag_report(l->sink, W_CODE_STALE, reads->loc, STR_FMT " does not set $rc: this is an earlier code",
					STR_ARG(before->text));
			diag_hint(l->sink, d, "actions of the core give no code; read $rc right behind the call that is meant");
		}
		if (s->kind == AST_EMPTY)
			continue;
		calls |= !is_core_action(s) && s->kind != AST_ASSIGN;
		before = s;
	}
}

void lint_absent(struct lint *l)
{
	for (size_t i = 0; i < l->p->routes.n; i++) {
		const struct sema_route *r = l->p->routes.v[i];
		struct search s = {.l = l, .event = r};

		for (const struct sema_body *b = r->bodies; b; b = b->next) {
			if (is_made_up(r))
				lint_walk(b->node->kid[0], look_at_call, &s);
			lint_walk_one(b->node, stale_code, l);
		}
	}
}
