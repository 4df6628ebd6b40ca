/* SPDX-License-Identifier: Apache-2.0 */
/* Growing lists in the arena, and one emitter an instruction. */
#include "lower/lower_priv.h"

#include "base/sb.h"

static void *grown(struct rir_program *p, void *old, size_t n, size_t *cap, size_t size)
{
	size_t more = *cap ? *cap * 2 : 32;
	void *v;

	if (n < *cap)
		return old;
	v = arena_calloc(p->arena, more, size);
	if (!v) {
		p->failed = true;
		return NULL;
	}
	if (n)
		memcpy(v, old, n * size);
	*cap = more;
	return v;
}

struct rir_inst *lw_emit(struct lw *l, enum rir_op op)
{
	static __thread struct rir_inst lost;
	struct rir_inst *v = grown(l->p, l->fn->v, l->fn->n, &l->fn->cap, sizeof(*v));

	if (!v)
		return &lost;
	l->fn->v = v;
	v = &l->fn->v[l->fn->n++];
	*v = (struct rir_inst){.op = op, .t = -1, .a = -1, .b = -1, .site = l->site};
	return v;
}

int lw_temp(struct lw *l)
{
	return l->fn->n_temps++;
}

int lw_label(struct lw *l)
{
	return l->fn->n_labels++;
}

void lw_place(struct lw *l, int label)
{
	lw_emit(l, RIR_LABEL)->imm = label;
}

void lw_jump(struct lw *l, int label)
{
	lw_emit(l, RIR_JUMP)->imm = label;
}

void lw_branch(struct lw *l, int cond, int yes, int no)
{
	struct rir_inst *i = lw_emit(l, RIR_BRANCH);

	i->a = cond;
	i->imm = yes;
	i->imm2 = no;
}

void lw_ret(struct lw *l, int value)
{
	if (l->p->observe && l->fn->kind == RIR_ROUTE)
		LW_CALL(l, "rt_see_leave", "vpil", lw_const(l, l->route), value);
	lw_emit(l, RIR_RET)->a = value;
}

static int result(struct lw *l, struct rir_inst *i)
{
	return i->t = lw_temp(l);
}

int lw_const(struct lw *l, int64_t v)
{
	struct rir_inst *i = lw_emit(l, RIR_INT);

	i->imm = v;
	return result(l, i);
}

int lw_text(struct lw *l, struct str s)
{
	struct rir_inst *i = lw_emit(l, RIR_TEXT);

	i->text = s;
	return result(l, i);
}

int lw_slot(struct lw *l, enum rir_slot kind, int count)
{
	struct rir_inst *i = lw_emit(l, RIR_SLOT);

	i->imm = kind;
	i->a = count;
	return result(l, i);
}

int lw_elem(struct lw *l, int base, enum rir_slot kind, int n)
{
	struct rir_inst *i = lw_emit(l, RIR_ELEM);

	i->a = base;
	i->b = (int32_t)kind;
	i->imm = n;
	return result(l, i);
}

int lw_one(struct lw *l, enum rir_op op, int a)
{
	struct rir_inst *i = lw_emit(l, op);

	i->a = a;
	return result(l, i);
}

int lw_load(struct lw *l, int slot)
{
	return lw_one(l, RIR_LOAD, slot);
}

void lw_two(struct lw *l, enum rir_op op, int a, int b)
{
	struct rir_inst *i = lw_emit(l, op);

	i->a = a;
	i->b = b;
}

void lw_store(struct lw *l, int v, int slot)
{
	lw_two(l, RIR_STORE, v, slot);
}

void lw_set_null(struct lw *l, int value)
{
	lw_emit(l, RIR_SETNULL)->b = value;
}

int lw_field(struct lw *l, enum rir_field f)
{
	struct rir_inst *i = lw_emit(l, RIR_FIELD);

	i->imm = f;
	return result(l, i);
}

void lw_set_field(struct lw *l, enum rir_field f, int v)
{
	struct rir_inst *i = lw_emit(l, RIR_SETFIELD);

	i->imm = f;
	i->a = v;
}

int lw_bin(struct lw *l, enum ast_op op, int a, int b)
{
	struct rir_inst *i = lw_emit(l, RIR_BIN);

	i->imm = op;
	i->a = a;
	i->b = b;
	return result(l, i);
}

int lw_global(struct lw *l, const char *symbol)
{
	struct rir_inst *i = lw_emit(l, RIR_GLOBAL);

	i->name = symbol;
	return result(l, i);
}

int lw_call(struct lw *l, const char *name, const char *sig, int n, const int *args)
{
	struct rir_inst *i = lw_emit(l, RIR_CALL);

	i->name = name;
	i->sig = sig;
	i->n_args = n;
	for (int k = 0; k < n && k < RIR_ARGS_MAX; k++)
		i->args[k] = args[k];
	return sig[0] == 'v' ? -1 : result(l, i);
}

int lw_regex(struct lw *l, struct str text, int flags, int kind)
{
	struct rir_program *p = l->p;
	struct rir_inst *i;
	size_t k = 0;

	while (k < p->n_regexes && !(p->regexes[k].kind == kind && p->regexes[k].flags == flags &&
				     str_eq(p->regexes[k].text, text)))
		k++;
	if (k == p->n_regexes) {
		struct rir_regex *v = grown(p, p->regexes, k, &p->cap_regexes, sizeof(*v));

		if (!v)
			return 0;
		p->regexes = v;
		v[p->n_regexes++] = (struct rir_regex){text, flags, kind};
	}
	i = lw_emit(l, RIR_REGEX);
	i->imm = (int64_t)k;
	return result(l, i);
}

uint32_t lw_site(struct rir_program *p, struct loc loc, int route)
{
	struct source_pos pos = source_pos(p->src, loc);
	struct rir_site *v = grown(p, p->sites, p->n_sites, &p->cap_sites, sizeof(*v));

	if (!v)
		return 0;
	p->sites = v;
	v[p->n_sites] = (struct rir_site){pos.file, pos.line, pos.column, route};
	return (uint32_t)p->n_sites++;
}

void lw_at(struct lw *l, const struct ast *n)
{
	l->site = lw_site(l->p, n->loc, l->route);
	lw_emit(l, RIR_SITE)->imm = l->site;
	if (l->p->observe)
		lw_call(l, "rt_see_site", "vp", 0, NULL);
}

void lw_see_cond(struct lw *l, int value)
{
	if (!l->p->observe)
		return;
	lw_emit(l, RIR_SITE)->imm = l->site; /* a route() in the condition left its own */
	LW_CALL(l, "rt_see_cond", "vpl", value);
}

int lw_clock(struct lw *l)
{
	return l->p->timed ? lw_call(l, "rt_clock", "lp", 0, NULL) : -1;
}

void lw_action_done(struct lw *l, const char *name, int began)
{
	if (l->p->timed)
		LW_CALL(l, "rt_action_done", "vppil", lw_text(l, str_of(name)), lw_const(l, l->site), began);
}

struct rir_fn *lw_fn_new(struct rir_program *p, enum rir_fn_kind kind, const char *symbol)
{
	struct rir_fn **v = grown(p, p->fns, p->n_fns, &p->cap_fns, sizeof(*v));
	struct rir_fn *f = arena_new_of(p->arena, struct rir_fn);

	if (!v || !f) {
		p->failed = true;
		return NULL;
	}
	p->fns = v;
	f->kind = kind;
	f->symbol = symbol;
	f->shown = str_of(symbol);
	f->route = -1;
	p->fns[p->n_fns++] = f;
	return f;
}

/* A thunk's function with temporary 0 for its second parameter. */
static struct lw thunk(struct rir_program *p, enum rir_fn_kind kind, const char *symbol)
{
	struct lw l = {.p = p, .compat = p->sema->compat, .route = -1, .break_to = -1, .return_to = -1};

	l.fn = lw_fn_new(p, kind, symbol);
	if (l.fn)
		l.fn->n_temps = 1;
	return l;
}

int lower_pvref(struct rir_program *p, const struct sema_pv *pv)
{
	struct rir_ref *v;
	const char *get, *set = NULL;
	struct lw l;
	size_t k;

	for (k = 0; k < p->n_refs; k++)
		if (p->refs[k].pv == pv)
			return (int)k;
	v = grown(p, p->refs, k, &p->cap_refs, sizeof(*v));
	if (!v)
		return 0;
	p->refs = v;
	p->n_refs++;
	get = str_printf(p->arena, "pv_get_%zu", k).p;
	p->refs[k] = (struct rir_ref){.pv = pv, .get = get};
	l = thunk(p, RIR_PV_GET, get);
	if (!l.fn)
		return 0;
	lw_pv_to(&l, pv, 0, false);
	lw_ret(&l, lw_const(&l, 0));
	if (pv->row->writable && pv->n_trs == 0) {
		set = str_printf(p->arena, "pv_set_%zu", k).p;
		l = thunk(p, RIR_PV_SET, set);
		if (!l.fn)
			return 0;
		lw_ret(&l, lw_pv_store(&l, pv, 0, false));
	}
	p->refs[k].set = set;
	return (int)k;
}

int lower_fmtref(struct rir_program *p, const struct sema_fmt *fmt)
{
	struct rir_fmtref *v;
	const char *eval;
	struct lw l;
	size_t k;

	for (k = 0; k < p->n_fmts; k++)
		if (p->fmts[k].fmt == fmt)
			return (int)k;
	v = grown(p, p->fmts, k, &p->cap_fmts, sizeof(*v));
	if (!v)
		return 0;
	p->fmts = v;
	p->n_fmts++;
	eval = str_printf(p->arena, "fmt_%zu", k).p;
	p->fmts[k] = (struct rir_fmtref){fmt, eval};
	l = thunk(p, RIR_FMT, eval);
	if (!l.fn)
		return 0;
	lw_two(&l, RIR_COPYSTR, lw_fmt(&l, fmt), 0);
	lw_ret(&l, lw_const(&l, 0));
	return (int)k;
}
