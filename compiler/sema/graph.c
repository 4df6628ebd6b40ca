/* SPDX-License-Identifier: Apache-2.0 */
/*
 * graph.c - from which kinds of route each route can be reached, and what that breaks.
 *
 * Contexts flow along calls, less what guards take away, until nothing changes. For the message each
 * (route, context) keeps the call through which it first came: following them back is the witness.
 * A function that sends or replies where it cannot is refused; what only sometimes fails is left to
 * the run time, as the language has it.
 */
#include "sema/sema_priv.h"

enum { BITS = 7 };

struct proof {
	struct sema *s;
	int (*via)[BITS]; /* route * bit -> edge + 1, 0: an entry */
};

static const char *const bit_names[BITS] = {"request_route", "failure_route", "branch_route", "onsend_route",
					    "reply_route",   "onreply_route", "event_route"};

static void spread(struct proof *pf)
{
	struct sema_program *p = pf->s->p;
	bool again = true;

	while (again) {
		again = false;
		for (size_t i = 0; i < pf->s->edges.n; i++) {
			const struct sema_edge *e = &pf->s->edges.v[i];
			struct sema_route *to = p->routes.v[e->to];
			uint32_t add = p->routes.v[e->from]->contexts & e->mask & ~to->contexts;

			for (int b = 0; b < BITS; b++)
				if (add & (1u << b))
					pf->via[e->to][b] = (int)i + 1;
			to->contexts |= add;
			again |= add != 0;
		}
	}
}

static void witness(struct proof *pf, struct diag *d, int route, int bit)
{
	struct sema *s = pf->s;

	for (int hops = 0; hops < DIAG_SPANS_MAX && pf->via[route][bit]; hops++) {
		const struct sema_edge *e = &s->edges.v[pf->via[route][bit] - 1];
		const struct sema_route *from = s->p->routes.v[e->from];

		diag_span(s->sink, d, e->loc, "called here, in %s[%.*s]",
			  from->kind == ROUTE_SUB ? "route" : bit_names[bit], (int)from->name.n,
			  from->name.p ? from->name.p : "");
		route = e->from;
	}
}

static bool check_use(struct proof *pf, const struct sema_use *u)
{
	struct sema *s = pf->s;
	const struct sema_route *r = s->p->routes.v[u->route];
	uint32_t reached = r->contexts & u->mask;
	uint32_t wrong = reached & ~u->fn->contexts & (IN_ONREPLY | IN_BRANCH | IN_ONSEND);

	if (r->kind != ROUTE_SUB || !wrong ||
	    !(u->fn->effects & (FX_REPLIES | FX_RELAYS | FX_CREATES_TXN)))
		return false;
	for (int b = 0; b < BITS; b++) {
		if (!(wrong & (1u << b)))
			continue;
		struct diag *d = diag_report(s->sink, E_CONTEXT_REACHED, u->loc,
					     "%s cannot run in %s, from where this is reached",
					     u->fn->name, bit_names[b]);
		witness(pf, d, u->route, b);
		break;
	}
	return true;
}

void sema_prove_contexts(struct sema *s)
{
	struct proof pf = {s, NULL};
	bool *told = arena_calloc(s->arena, s->p->routes.n + 1, sizeof(*told)); /* by route: one is enough */

	pf.via = arena_calloc(s->arena, s->p->routes.n + 1, sizeof(*pf.via));
	if (!pf.via || !told)
		return;
	spread(&pf);
	for (size_t i = 0; i < s->uses.n; i++)
		if (!told[s->uses.v[i].route])
			told[s->uses.v[i].route] = check_use(&pf, &s->uses.v[i]);
}
