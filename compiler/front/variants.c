/* SPDX-License-Identifier: Apache-2.0 */
/*
 * variants.c - a script under all combinations of the names that its conditions ask for.
 *
 * The free names are those that an arm that is read asks for and that nothing defines; arms that open
 * bring more. Variants in which the same arms are read are one: only the first is checked. Up to
 * EXHAUSTIVE names all combinations are tried. Above that all combinations within each set of names that
 * can decide a report together (meet.h), and besides all names, all but one and all pairs. When a set is too
 * large for that, or they are too many, the result says that it is a sample. Each report is then reduced to its presence condition by taking names away (and
 * putting them in) one by one, which asks for the variants that are not known yet.
 */
#include "front/front_priv.h"

#include "base/hash.h"
#include "base/sb.h"
#include "front/meet.h"

enum { NAMES_MAX = 63, EXHAUSTIVE = 9, RUNS_MAX = 8192, EXPLORED_MAX = 4096, MIXTURES = 64, TERMS_MAX = 3, COMMENT_FAULTS = 3, FINDINGS_MAX = 512 };

struct finding {
	uint64_t key; /* of id, place and message */
	struct diag *diag;
};

struct variant {
	uint64_t on;   /* names that are defined, by bit */
	uint64_t arms;
	bool blocked; /* errors kept lint from looking */
	bool has[FINDINGS_MAX];
};

struct variants {
	struct front_opts o; /* as given, with one catalog for all */
	const char *file;
	struct arena *arena;
	struct str names[NAMES_MAX];
	uint64_t under[NAMES_MAX]; /* names that opened the arm which asks for it */
	int n_names;
	uint64_t comments; /* names whose arms are no script: text that is switched off for good */
	struct finding findings[FINDINGS_MAX];
	int n_findings;
	struct variant *runs[RUNS_MAX];
	int n_runs;
	struct compilation **kept;
	size_t n_kept, max_kept;
	struct meet *meet;
	bool sampled; /* not all combinations that can matter were tried */
};

/* ---- names ---- */

static bool is_ours(struct str name)
{
	return !str_starts(name, S("MOD_")) && !str_starts(name, S("KAMAILIO"));
}

static bool script_defines(const struct compilation *c, struct str name)
{
	for (const struct pp_define *d = c->pp.first; d; d = d->order)
		if (d->loc.file && str_eq(d->name, name))
			return true;
	return false;
}

static void note_names(struct variants *v, const struct compilation *c, uint64_t on)
{
	for (const struct pp_asked *q = c->pp.asked; q; q = q->next) {
		bool known = false;

		for (int i = 0; i < v->n_names; i++)
			known |= str_eq(v->names[i], q->name);
		if (known || v->n_names == NAMES_MAX || !is_ours(q->name) || script_defines(c, q->name))
			continue;
		v->under[v->n_names] = on;
		v->names[v->n_names++] = str_dup(v->arena, q->name);
	}
}

/* ---- one variant ---- */

static uint64_t key_of(const struct compilation *c, const struct diag *d)
{
	struct source_pos pos = source_pos(&c->source, d->loc);
	uint64_t h = hash_fnv(d->message);

	h = h * 31 + hash_fnv(pos.file);
	return (h * 31 + d->id) * 1000003 + pos.line * 4096 + pos.column;
}

static int finding(struct variants *v, const struct compilation *c, struct diag *d, bool *is_new)
{
	uint64_t key = key_of(c, d);

	*is_new = false;
	for (int i = 0; i < v->n_findings; i++)
		if (v->findings[i].key == key)
			return i;
	if (v->n_findings == FINDINGS_MAX)
		return -1;
	*is_new = true;
	v->findings[v->n_findings] = (struct finding){key, d};
	return v->n_findings++;
}

/* Reports of the variant: the new ones stay with it, it is kept when there are any. */
static void take(struct variants *v, struct compilation *c, struct variant *r)
{
	struct diag **at = &c->diag.first;
	int own = 0;

	c->diag.n_errors = c->diag.n_warnings = 0;
	c->diag.last = NULL;
	while (*at) {
		bool is_new = false;
		int i = (*at)->id == N_DEFINE ? -1 : finding(v, c, *at, &is_new);

		if (i >= 0)
			r->has[i] = true;
		if (!is_new || v->n_kept == v->max_kept) {
			*at = (*at)->next;
			continue;
		}
		c->diag.n_errors += (*at)->severity == DIAG_ERROR;
		c->diag.n_warnings += (*at)->severity == DIAG_WARNING;
		own++;
		c->diag.last = *at;
		at = &(*at)->next;
	}
	if ((own || !v->n_kept) && v->n_kept < v->max_kept)
		v->kept[v->n_kept++] = c;
	else
		compile_free(&c);
}

static struct compilation *compile(struct variants *v, uint64_t on)
{
	struct front_opts *o = arena_new_of(v->arena, struct front_opts);

	if (!o)
		return NULL;
	*o = v->o;
	for (int i = 0; i < v->n_names; i++)
		if (on >> i & 1 && o->defines.n < FRONT_LIST_MAX)
			o->defines.v[o->defines.n++] = str_z(v->arena, v->names[i]);
	return front_parse(o, v->file);
}

/* The variant with these names, checked or known to be one that was. NULL: a limit was met. */
static const struct variant *run(struct variants *v, uint64_t on)
{
	struct compilation *c;
	struct variant *r;

	for (int i = 0; i < v->n_runs; i++)
		if (v->runs[i]->on == on)
			return v->runs[i];
	r = v->n_runs < RUNS_MAX ? arena_new_of(v->arena, struct variant) : NULL;
	c = r ? compile(v, on) : NULL;
	if (!c) {
		v->sampled = true;
		return NULL;
	}
	r->on = on;
	r->arms = c->pp.arms;
	note_names(v, c, on);
	meet_read(v->meet, &c->source);
	for (int i = 0; i < v->n_runs; i++) {
		if (v->runs[i]->arms != r->arms)
			continue;
		memcpy(r->has, v->runs[i]->has, sizeof(r->has));
		r->blocked = v->runs[i]->blocked;
		pp_fini(&c->pp);
		compile_free(&c);
		break;
	}
	if (c) {
		front_check(c);
		r->blocked = c->program && c->diag.n_errors > c->program->unsupported;
		take(v, c, r);
	}
	v->runs[v->n_runs++] = r;
	return r;
}

/* ---- which variants ---- */

static uint64_t with(const struct variants *v, int name)
{
	return v->under[name] | 1ULL << name;
}

static uint64_t mixture(uint64_t *seed, uint64_t all)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (*seed >> 13 ^ *seed << 21) & all;
}

/* An arm full of syntax errors is a comment that somebody wrote with #!ifdef, unless it is called WITH_. */
static void single(struct variants *v, int name)
{
	size_t kept = v->n_kept;
	int findings = v->n_findings, bad = 0;

	run(v, with(v, name));
	for (int i = findings; i < v->n_findings; i++)
		bad += v->findings[i].diag->id == E_SYNTAX;
	if (bad < COMMENT_FAULTS || str_starts(v->names[name], S("WITH_")) || v->n_kept == kept)
		return;
	v->comments |= 1ULL << name;
	v->kept[v->n_kept - 1]->diag.first = v->kept[v->n_kept - 1]->diag.last = NULL;
	v->kept[v->n_kept - 1]->diag.n_errors = v->kept[v->n_kept - 1]->diag.n_warnings = 0;
}

/* All combinations of each set that can matter together. */
static void explore_meetings(struct variants *v, uint64_t all)
{
	const uint64_t *sets;
	bool complete;
	size_t n = meet_sets(v->meet, v->names, v->n_names, &sets, &complete);
	uint64_t seed = 1;

	for (size_t i = 0; i < n && v->n_runs < EXPLORED_MAX; i++) {
		uint64_t set = sets[i] & all, on = 0;

		do { /* all subsets, counted up */
			run(v, on);
			on = (on - set) & set;
		} while (on && v->n_runs < EXPLORED_MAX);
		complete = complete && v->n_runs < EXPLORED_MAX;
	}
	for (int i = 0; i < MIXTURES && !complete; i++)
		run(v, mixture(&seed, all));
	v->sampled |= !complete;
}

static void explore(struct variants *v)
{
	uint64_t all;

	run(v, 0);
	for (int i = 0; i < v->n_names; i++) /* grows while it goes */
		single(v, i);
	all = ((1ULL << v->n_names) - 1) & ~v->comments;
	if (v->n_names <= EXHAUSTIVE) {
		for (uint64_t on = 0; on <= all; on++)
			if (!(on & ~all))
				run(v, on);
		return;
	}
	run(v, all);
	for (int i = 0; i < v->n_names; i++) {
		run(v, all & ~(1ULL << i));
		for (int k = 0; k < i; k++)
			run(v, (with(v, i) | with(v, k)) & all);
	}
	explore_meetings(v, all);
}

/* ---- conditions ---- */

struct term {
	uint64_t on, off;
};

static bool holds(struct variants *v, int f, uint64_t on)
{
	const struct variant *r = run(v, on);

	return r && r->has[f];
}

/* Surely not there: a warning is not looked for where there are errors. */
static bool misses(struct variants *v, int f, uint64_t on)
{
	const struct variant *r = run(v, on);

	return r && !r->has[f] && (!r->blocked || v->findings[f].diag->severity == DIAG_ERROR);
}

/* The least that makes the report appear, starting from a variant that has it. */
static struct term reduce(struct variants *v, int f, uint64_t on)
{
	struct term t = {on, 0};

	for (int i = 0; i < v->n_names; i++)
		if (t.on >> i & 1 && holds(v, f, t.on & ~(1ULL << i)))
			t.on &= ~(1ULL << i);
	for (int i = 0; i < v->n_names; i++)
		if (!((t.on | v->comments) >> i & 1) && misses(v, f, t.on | 1ULL << i))
			t.off |= 1ULL << i;
	return t;
}

static void print_term(const struct variants *v, struct term t, struct sb *out)
{
	bool first = true;

	for (int i = 0; i < v->n_names; i++) {
		if (!((t.on | t.off) >> i & 1))
			continue;
		sb_printf(out, "%s%s" STR_FMT, first ? "" : " and ", t.off >> i & 1 ? "not " : "", STR_ARG(v->names[i]));
		first = false;
	}
}

static bool covered(const struct term *terms, int n, uint64_t on)
{
	for (int i = 0; i < n; i++)
		if ((on & terms[i].on) == terms[i].on && !(on & terms[i].off))
			return true;
	return false;
}

static struct str condition(struct variants *v, int f, struct arena *a)
{
	struct term terms[TERMS_MAX];
	int n = 0;
	struct sb b;

	sb_init(&b, a, 4096);
	for (int i = 0; i < v->n_runs && n < TERMS_MAX; i++) {
		if (!v->runs[i]->has[f] || covered(terms, n, v->runs[i]->on))
			continue;
		terms[n] = reduce(v, f, v->runs[i]->on);
		if (!terms[n].on && !terms[n].off)
			return STR_NULL; /* always */
		for (int k = 0; k < n; k++)
			if (terms[k].on == terms[n].on && terms[k].off == terms[n].off)
				goto next;
		if (n)
			sb_addz(&b, "; or ");
		print_term(v, terms[n++], &b);
	next:;
	}
	return sb_str(&b);
}

static void tell_conditions(struct variants *v)
{
	for (size_t i = 0; i < v->n_kept; i++)
		for (struct diag *d = v->kept[i]->diag.first; d; d = d->next)
			for (int f = 0; f < v->n_findings; f++)
				if (v->findings[f].diag == d)
					d->condition = condition(v, f, v->kept[i]->arena);
}

size_t compile_variants(const struct front_opts *o, const char *file, struct compilation **ret, size_t max)
{
	struct arena *a = arena_new(0);
	struct variants *v = a ? arena_new_of(a, struct variants) : NULL;
	size_t n = 0;

	if (v) {
		v->o = *o;
		v->file = file;
		v->arena = a;
		v->kept = ret;
		v->max_kept = max;
		if (!v->o.catalog)
			v->o.catalog = catalog_new(a);
		v->meet = v->o.catalog ? meet_new(a, v->o.catalog) : NULL;
		if (v->meet)
			explore(v);
		tell_conditions(v);
		if (v->sampled && v->n_kept)
			diag_report(&ret[0]->diag, N_SAMPLED, (struct loc){.file = 1},
				    "more names of conditions meet in one place than can all be combined: this is a sample");
		n = v->n_kept;
	}
	/* options and catalog of the kept ones live here: it goes with the first */
	if (n)
		ret[0]->beside = a;
	else
		arena_free(&a);
	return n;
}
