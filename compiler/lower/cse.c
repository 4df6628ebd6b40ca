/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Common subexpressions: what a script reads of the message, and what it works out of nothing but that and
 * constants, stays the same until the message is edited. Lowering puts such a computation between EXPR and
 * EXPR_END, with a slot that its result goes through, and a CLOBBER after whatever may edit. Here the
 * computations that are available on every way to them (the classical data flow) are taken out; their slot
 * has the result of the earlier one.
 */
#include "lower/lower_priv.h"

#include "base/hash.h"
#include "base/sb.h"

enum { KEYS_MAX = 1024, KEY_MAX = 1024 };

struct key {
	uint64_t hash;
	struct str text; /* what is computed, and how it is wanted */
	enum rir_slot kind;
	int slot; /* temporary */
};

struct cse {
	struct key v[KEYS_MAX];
	int n;
};

struct cse *cse_new(const struct rir_program *p)
{
	/* observed code shows each reading, and in 6.x a reading that fails fails the statement */
	if (p->observe || p->sema->compat != 5)
		return NULL;
	return arena_new_of(p->arena, struct cse);
}

/* ---- what is steady ---- */

/* `steady`: PVF_STEADY, or PVF_ARRIVED, which is more. */
static bool is_lasting(const struct sema_pv *pv, uint32_t steady)
{
	if ((pv->row->flags & steady) != steady || lw_is_dynamic(pv))
		return false;
	for (int i = 0; i < pv->n_trs; i++)
		for (int k = 0; k < pv->trs[i].n_args; k++)
			if (pv->trs[i].args[k].pv || pv->trs[i].args[k].fmt)
				return false;
	return true;
}

static bool is_steady_pv(const struct sema_pv *pv)
{
	return is_lasting(pv, PVF_STEADY);
}

bool lower_is_arrived(const struct sema_fmt *fmt)
{
	for (int i = 0; i < fmt->n_parts; i++)
		if (fmt->parts[i].pv && !is_lasting(fmt->parts[i].pv, PVF_ARRIVED))
			return false;
	return true;
}

static bool steady(const struct ast *e, struct sb *key);

static bool both_steady(const struct ast *e, struct sb *key)
{
	if (e->op == OP_DIV || e->op == OP_MOD || e->kid[0]->kind == AST_CORE)
		return false;
	sb_printf(key, "(%d ", (int)e->op);
	if (!steady(e->kid[0], key))
		return false;
	if (e->op == OP_MATCH && e->kid[1]->kind == AST_STR) {
		sb_printf(key, " /%zu:" STR_FMT, e->kid[1]->text.n, STR_ARG(e->kid[1]->text));
		return true;
	}
	return e->op != OP_MATCH && steady(e->kid[1], key);
}

/* With its text, by which equal ones are known; false: no such expression. */
static bool steady(const struct ast *e, struct sb *key)
{
	const struct sema_const *c = sema_const_of(e);

	if (c && c->is_str)
		sb_printf(key, " %zu:" STR_FMT, c->s.n, STR_ARG(c->s));
	else if (c)
		sb_printf(key, " %lld", (long long)c->i);
	if (c)
		return true;
	switch (e->kind) {
	case AST_PV:
		if (!e->bind || !is_steady_pv(e->bind))
			return false;
		sb_addc(key, ' ');
		sb_add(key, ((const struct sema_pv *)e->bind)->text);
		return true;
	case AST_BINARY:
		return both_steady(e, key);
	case AST_UNARY:
	case AST_STRLEN:
	case AST_STREMPTY:
	case AST_DEFINED:
	case AST_CASTINT:
	case AST_CASTSTR:
		sb_printf(key, "(k%d %d", (int)e->kind, (int)e->op);
		return steady(e->kid[0], key);
	default:
		return false;
	}
}

/* ---- emitting ---- */

static int key_of(struct lw *l, enum rir_slot kind, struct str text)
{
	struct cse *c = l->cse;
	uint64_t hash = hash_fnv(text);
	struct str kept;
	int k = 0;

	while (k < c->n && !(c->v[k].hash == hash && c->v[k].kind == kind && str_eq(c->v[k].text, text)))
		k++;
	if (k < c->n)
		return k;
	kept = k < KEYS_MAX ? str_dup(l->p->arena, text) : STR_NULL;
	if (!kept.p)
		return -1;
	c->v[k] = (struct key){hash, kept, kind, lw_temp(l)};
	c->n++;
	return k;
}

int cse_pv(struct lw *l, const struct sema_pv *pv, bool print)
{
	char buf[KEY_MAX];
	struct sb b;

	if (!l->cse || !is_steady_pv(pv))
		return -1;
	sb_init_buf(&b, buf, sizeof(buf));
	sb_addc(&b, print ? 'p' : ' ');
	sb_add(&b, pv->text);
	return sb_ok(&b) ? key_of(l, RIR_SLOT_VALUE, sb_str(&b)) : -1;
}

int cse_expr(struct lw *l, const struct ast *e, enum rir_slot kind)
{
	char buf[KEY_MAX];
	struct sb b;

	if (!l->cse || e->kind == AST_PV || sema_const_of(e))
		return -1;
	sb_init_buf(&b, buf, sizeof(buf));
	return steady(e, &b) && sb_ok(&b) ? key_of(l, kind, sb_str(&b)) : -1;
}

void cse_begin(struct lw *l, int key)
{
	if (key >= 0)
		lw_emit(l, RIR_EXPR)->imm = key;
}

int cse_end(struct lw *l, int key, int result)
{
	const struct key *k = key >= 0 ? &l->cse->v[key] : NULL;

	if (!k)
		return result;
	lw_two(l, k->kind == RIR_SLOT_INT ? RIR_STORE : RIR_COPY, result, k->slot);
	lw_emit(l, RIR_EXPR_END)->imm = key;
	if (k->kind == RIR_SLOT_INT)
		return lw_load(l, k->slot);
	lw_two(l, RIR_COPY, k->slot, result);
	return result;
}

void cse_clobber(struct lw *l)
{
	if (l->cse)
		lw_emit(l, RIR_CLOBBER);
}

/* ---- the data flow ---- */

struct flow { /* sets of keys; `at` a label: on every way that was seen to lead there */
	size_t words;
	uint64_t *at, *now;
};

static void meet(struct flow *f, int64_t label, bool *changed)
{
	uint64_t *to = f->at + (size_t)label * f->words;

	for (size_t i = 0; i < f->words; i++) {
		*changed |= (to[i] & ~f->now[i]) != 0;
		to[i] &= f->now[i];
	}
}

static void fill(struct flow *f, int byte)
{
	memset(f->now, byte, f->words * sizeof(*f->now));
}

static bool available(const struct flow *f, int64_t key)
{
	return f->now[key / 64] >> key % 64 & 1;
}

static size_t end_of(const struct rir_fn *fn, size_t i)
{
	int64_t key = fn->v[i].imm;

	while (fn->v[i].op != RIR_EXPR_END || fn->v[i].imm != key)
		i++;
	return i;
}

/* Once through the function; `keep`: notes what stays. True when a label's set got smaller. */
static bool pass(const struct rir_fn *fn, struct flow *f, bool *keep)
{
	bool changed = false;

	fill(f, 0);
	for (size_t i = 0; i < fn->n; i++) {
		const struct rir_inst *in = &fn->v[i];

		switch (in->op) {
		case RIR_EXPR:
			if (available(f, in->imm))
				i = end_of(fn, i);
			continue;
		case RIR_EXPR_END:
			f->now[in->imm / 64] |= 1ull << in->imm % 64;
			continue;
		case RIR_CLOBBER:
			fill(f, 0);
			continue;
		case RIR_LABEL:
			meet(f, in->imm, &changed);
			memcpy(f->now, f->at + (size_t)in->imm * f->words, f->words * sizeof(*f->now));
			break;
		case RIR_BRANCH:
			meet(f, in->imm2, &changed);
			/* fall through */
		case RIR_JUMP:
			meet(f, in->imm, &changed);
			/* fall through */
		case RIR_RET:
			fill(f, 0xff); /* nothing comes to what follows but by a label */
			break;
		default:
			break;
		}
		if (keep)
			keep[i] = true;
	}
	return changed;
}

/* The slots in front, then what stays. */
static void rebuild(struct lw *l, const bool *keep)
{
	struct rir_fn *fn = l->fn;
	const struct rir_inst *old = fn->v;
	size_t n = fn->n;

	fn->v = NULL;
	fn->n = fn->cap = 0;
	for (int k = 0; k < l->cse->n; k++) {
		struct rir_inst *slot = lw_emit(l, RIR_SLOT);

		slot->imm = l->cse->v[k].kind;
		slot->a = 1;
		slot->t = l->cse->v[k].slot;
	}
	for (size_t i = 0; i < n; i++)
		if (keep[i])
			*lw_emit(l, old[i].op) = old[i];
}

void cse_run(struct lw *l)
{
	struct rir_fn *fn = l->fn;
	struct flow f;
	size_t size;
	bool *keep;

	if (!l->cse || l->p->failed)
		return;
	f.words = (size_t)l->cse->n / 64 + 1;
	size = (size_t)(fn->n_labels + 1) * f.words * sizeof(*f.at);
	f.at = arena_raw(l->p->arena, size);
	f.now = arena_raw(l->p->arena, f.words * sizeof(*f.now));
	keep = arena_calloc(l->p->arena, fn->n + 1, sizeof(*keep));
	if (!f.at || !f.now || !keep) {
		l->p->failed = true;
		return;
	}
	memset(f.at, 0xff, size);
	while (pass(fn, &f, NULL))
		;
	pass(fn, &f, keep);
	rebuild(l, keep);
	l->cse->n = 0;
}
