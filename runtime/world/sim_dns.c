/* SPDX-License-Identifier: Apache-2.0 */
/* The zones of the simulated world: a list of records, searched when the answer is due. */
#include "world/sim_priv.h"

#include <string.h>

#include "base/arena.h"
#include "base/mem.h"

enum { DNS_TIMEOUT_MS = 5000, DNS_NEG_TTL_S = 60 };

struct dns_row {
	struct list node;
	struct arena *arena; /* holds the row itself */
	struct str name;
	struct world_rr rr;
};

struct dns_fault {
	struct list node;
	size_t n;
	char name[WORLD_DNS_NAME_MAX];
	int status;
	uint64_t delay;
};

static struct str without_dot(struct str s)
{
	return s.n && s.p[s.n - 1] == '.' ? str_head(s, s.n - 1) : s;
}

static int copy_text(struct arena *a, struct str *s)
{
	struct str c = s->n ? str_dup(a, *s) : STR_NULL;

	if (s->n && !c.p)
		return RT_E_NOMEM;
	*s = c;
	return 0;
}

static int add(struct sim *s, struct str name, const struct world_rr *rr)
{
	struct arena *a = arena_new(0);
	struct dns_row *row = a ? arena_new_of(a, struct dns_row) : NULL;

	if (!row) {
		arena_free(&a);
		return RT_E_NOMEM;
	}
	row->arena = a;
	row->name = without_dot(name);
	row->rr = *rr;
	if (copy_text(a, &row->name) || copy_text(a, &row->rr.name) || copy_text(a, &row->rr.flags) ||
	    copy_text(a, &row->rr.service) || copy_text(a, &row->rr.regexp)) {
		arena_free(&a);
		return RT_E_NOMEM;
	}
	list_add_tail(&s->names, &row->node);
	return 0;
}

int sim_dns_add(struct sim *s, struct str name, const struct world_rr *rr)
{
	bool was = mem_fail_pause(true);
	int err = add(s, name, rr);

	mem_fail_pause(was);
	return err;
}

int sim_dns_fault(struct sim *s, struct str name, int status, uint64_t delay)
{
	struct dns_fault *f;

	name = without_dot(name);
	if (name.n > WORLD_DNS_NAME_MAX)
		return RT_E_INVAL;
	f = sim_alloc(sizeof(*f));
	if (!f)
		return RT_E_NOMEM;
	memcpy(f->name, name.p, name.n);
	f->n = name.n;
	f->status = status;
	f->delay = delay;
	list_add_head(&s->dns_faults, &f->node);
	return 0;
}

void sim_dns_fini(struct sim *s)
{
	struct list *it, *tmp;

	list_each(it, tmp, &s->names) {
		struct arena *a = container_of(it, struct dns_row, node)->arena;

		arena_free(&a);
	}
	list_each(it, tmp, &s->dns_faults) {
		struct dns_fault *f = container_of(it, struct dns_fault, node);

		mem_free(&f);
	}
}

static const struct dns_fault *fault_of(const struct sim *s, struct str name)
{
	struct list *it, *tmp;

	list_each(it, tmp, &s->dns_faults) {
		struct dns_fault *f = container_of(it, struct dns_fault, node);

		if (str_ieq(str_make(f->name, f->n), name))
			return f;
	}
	return NULL;
}

static size_t lookup(const struct sim *s, struct str name, enum world_dns_type type, struct world_rr *rr)
{
	struct list *it, *tmp;
	size_t n = 0;

	list_each(it, tmp, &s->names) {
		struct dns_row *row = container_of(it, struct dns_row, node);

		if (n < WORLD_DNS_RR_MAX && row->rr.type == type && str_ieq(row->name, name))
			rr[n++] = row->rr;
	}
	return n;
}

static void query_unlink(struct world_query *q)
{
	list_del(&q->node);
	q->w->stats.queries_open--;
	q->w->sim->counts.queries--;
}

static void query_drop(struct sim_event *e)
{
	struct world_query *q = container_of(e, struct world_query, e);

	mem_free(&q);
}

static void answer(struct sim *s, struct sim_event *e)
{
	struct world_query *q = container_of(e, struct world_query, e);
	struct str name = str_make(q->name, q->n);
	const struct dns_fault *f = fault_of(s, name);
	struct world_rr rr[WORLD_DNS_RR_MAX];
	struct world_answer a = {.rr = rr};
	struct world *w = q->w;

	sim_enter(w); /* may not cancel it: it is no longer in the queue */
	if (f && f->status) {
		a.status = f->status;
	} else {
		a.n = lookup(s, name, q->type, rr);
		if (!a.n) {
			a.status = RT_E_NOENT;
			a.neg_ttl = DNS_NEG_TTL_S;
		}
	}
	if (q->fn) {
		query_unlink(q);
		q->fn(q->arg, &a);
	}
	sim_leave(w);
	mem_free(&q);
}

int sim_dns_config(struct world *w, const struct world_dns_opts *o)
{
	(void)w;
	(void)o;
	return 0;
}

int sim_resolve(struct world *w, struct str name, enum world_dns_type type, world_dns_fn *fn, void *arg,
		struct world_query **ret)
{
	struct sim *s = w->sim;
	struct world_query *q;
	const struct dns_fault *f;
	uint64_t delay;

	name = without_dot(name);
	if (!name.n || name.n > WORLD_DNS_NAME_MAX)
		return RT_E_INVAL;
	q = sim_alloc(sizeof(*q));
	if (!q)
		return RT_E_NOMEM;
	q->head = w->head;
	q->w = w;
	q->type = type;
	q->fn = fn;
	q->arg = arg;
	q->n = name.n;
	memcpy(q->name, name.p, name.n);
	q->e.run = answer;
	q->e.drop = query_drop;
	f = fault_of(s, name);
	delay = f ? f->delay : 2u * s->o.link.latency_min;
	if (f && f->status == RT_E_TIMEOUT && !delay)
		delay = DNS_TIMEOUT_MS * 1000;
	if (sim_add(s, &q->e, s->now + delay)) {
		mem_free(&q);
		return RT_E_NOMEM;
	}
	list_add_tail(&w->queries, &q->node);
	w->stats.queries_open++;
	s->counts.queries++;
	s->counts.dns_asked++;
	*ret = q;
	return 0;
}

/* In the moment of its answer, timers may still cancel it: then it is freed when that is over. */
void sim_resolve_cancel(struct world_query *q)
{
	struct sim *s = q->w->sim;
	bool queued = q->e.at < s->n_heap && s->heap[q->e.at] == &q->e;

	query_unlink(q);
	q->fn = NULL;
	if (!queued)
		return;
	sim_remove(s, &q->e);
	mem_free(&q);
}
