/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which $var must outlive a run. A variable of one route alone that is set on every way to where it is
 * read never shows what an earlier message left there, so its text may die with the run.
 */
#include "lower/lower_priv.h"

struct sets { /* per label: what is set whichever way it is reached; all ones: not reached yet */
	size_t words;
	uint64_t *at, *now;
};

static uint64_t *label_set(struct sets *s, int64_t label)
{
	return s->at + (size_t)label * s->words;
}

static bool has(const uint64_t *set, int64_t i)
{
	return set[i / 64] >> i % 64 & 1;
}

/* True when that changed something. */
static bool meet(struct sets *s, int64_t label)
{
	uint64_t *to = label_set(s, label), gone = 0;

	for (size_t i = 0; i < s->words; i++) {
		gone |= to[i] & ~s->now[i];
		to[i] &= s->now[i];
	}
	return gone != 0;
}

static void unreached(struct sets *s)
{
	memset(s->now, 0xff, s->words * sizeof(*s->now));
}

/* Once through the function; with `kept`, variables read where they may be unset are noted there. */
static bool pass(const struct rir_fn *f, struct sets *s, bool *kept)
{
	bool changed = false;

	memset(s->now, 0, s->words * sizeof(*s->now));
	for (size_t i = 0; i < f->n; i++) {
		const struct rir_inst *in = &f->v[i];

		switch (in->op) {
		case RIR_LABEL:
			changed |= meet(s, in->imm);
			memcpy(s->now, label_set(s, in->imm), s->words * sizeof(*s->now));
			break;
		case RIR_BRANCH:
			changed |= meet(s, in->imm2);
			/* fall through */
		case RIR_JUMP:
			changed |= meet(s, in->imm);
			unreached(s);
			break;
		case RIR_RET:
			unreached(s);
			break;
		case RIR_SETVAR:
			s->now[in->imm / 64] |= 1ull << in->imm % 64;
			break;
		case RIR_VAR:
			if (kept && !has(s->now, in->imm))
				kept[in->imm] = true;
			break;
		default:
			break;
		}
	}
	return changed;
}

static bool read_unset(struct rir_program *p, const struct rir_fn *f, size_t n_vars, bool *kept)
{
	struct sets s = {.words = n_vars / 64 + 1};

	s.at = arena_raw(p->arena, (size_t)(f->n_labels + 1) * s.words * sizeof(*s.at));
	s.now = arena_raw(p->arena, s.words * sizeof(*s.now));
	if (!s.at || !s.now)
		return false;
	memset(s.at, 0xff, (size_t)(f->n_labels + 1) * s.words * sizeof(*s.at));
	while (pass(f, &s, NULL))
		;
	pass(f, &s, kept);
	return true;
}

/* Functions that reach variables by their names. */
static bool by_name(const struct rir_inst *i)
{
	return i->op == RIR_CALL && (strcmp(i->name, "std_pv_pv_var_to_xavp") == 0 ||
				     strcmp(i->name, "std_pv_pv_xavp_to_var") == 0);
}

bool lower_kept(struct rir_program *p)
{
	size_t n = p->sema->var_names.n;
	const struct rir_fn **owner = arena_calloc(p->arena, n + 1, sizeof(const struct rir_fn *));
	bool *kept = arena_calloc(p->arena, n + 1, sizeof(*kept)), all = p->observe, uses;

	p->kept = arena_calloc(p->arena, n + 1, sizeof(*p->kept));
	if (!owner || !kept || !p->kept)
		return false;
	for (size_t k = 0; k < p->n_fns; k++) {
		uses = false;
		for (size_t i = 0; i < p->fns[k]->n; i++) {
			const struct rir_inst *in = &p->fns[k]->v[i];

			all |= by_name(in);
			if (in->op != RIR_VAR && in->op != RIR_SETVAR)
				continue;
			uses = true;
			if (p->fns[k]->kind != RIR_ROUTE || (owner[in->imm] && owner[in->imm] != p->fns[k]))
				kept[in->imm] = true;
			owner[in->imm] = p->fns[k];
		}
		if (uses && p->fns[k]->kind == RIR_ROUTE && !read_unset(p, p->fns[k], n, kept))
			return false;
	}
	for (size_t i = 0; i < n; i++)
		if (all || kept[i])
			p->kept[p->n_kept++] = (uint32_t)i;
	return true;
}
