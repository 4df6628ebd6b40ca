/* SPDX-License-Identifier: Apache-2.0 */
/* Variables and format strings. */
#include "lower/lower_priv.h"

#include "abi/pv.h"

static bool is_row(const struct sema_pv *pv, const char *name)
{
	return strcmp(pv->row->name, name) == 0;
}

static const char *body(struct lw *l, const struct sema_pv *pv, const char *what)
{
	return str_printf(l->p->arena, "std_%s_pv_%s_%s", pv->row->module, pv->row->c_name, what).p;
}

bool lw_is_dynamic(const struct sema_pv *pv)
{
	if (pv->name.dyn || (pv->name.fmt && !pv->name.fmt->constant) || pv->index.pv)
		return true;
	for (int i = 0; i < pv->name.n_parts; i++)
		if (pv->name.parts[i].dyn || pv->name.parts[i].index.pv)
			return true;
	return false;
}

static int null_ptr(struct lw *l)
{
	return lw_global(l, NULL);
}

static int inner_value(struct lw *l, const struct sema_pv *pv)
{
	int v;

	if (pv->name.dyn)
		return lw_pv(l, pv->name.dyn);
	if (!pv->name.fmt)
		return null_ptr(l);
	v = lw_slot(l, RIR_SLOT_VALUE, 1);
	lw_two(l, RIR_SETSTR, lw_fmt(l, pv->name.fmt), v);
	return v;
}

/* A constant struct pv_name; `part` -1: the whole, else that part of a path. */
static int const_name(struct lw *l, const struct sema_pv *pv, int part)
{
	struct rir_inst *i;

	if (pv->name.inner)
		lower_pvref(l->p, pv->name.inner); /* codegen needs it */
	i = lw_emit(l, RIR_NAME);
	i->obj = pv;
	i->imm = part;
	return i->t = lw_temp(l);
}

static int path_name(struct lw *l, const struct sema_pv *pv, int whole)
{
	int parts = lw_slot(l, RIR_SLOT_NAME, pv->name.n_parts), out = lw_slot(l, RIR_SLOT_NAME, 1);

	for (int i = 0; i < pv->name.n_parts; i++) {
		const struct sema_path_part *part = &pv->name.parts[i];
		int inner = part->dyn ? lw_pv(l, part->dyn) : null_ptr(l);
		int index = part->index.pv ? lw_pv(l, part->index.pv) : null_ptr(l);

		LW_CALL(l, "rt_pv_name", "vpppppp", const_name(l, pv, i), inner, index, lw_text(l, S("")),
			lw_elem(l, parts, RIR_SLOT_NAME, i));
	}
	LW_CALL(l, "rt_pv_path", "vpppp", whole, parts, out);
	return out;
}

static int name_of(struct lw *l, const struct sema_pv *pv)
{
	int t = const_name(l, pv, -1), out;

	if (!lw_is_dynamic(pv))
		return t;
	if (pv->name.n_parts)
		return path_name(l, pv, t);
	out = lw_slot(l, RIR_SLOT_NAME, 1);
	LW_CALL(l, "rt_pv_name", "vpppppp", t, inner_value(l, pv),
		pv->index.pv ? lw_pv(l, pv->index.pv) : null_ptr(l),
		lw_text(l, str_of(pv->row->keys ? pv->row->keys : "")), out);
	return out;
}

/* $var and $vz read 0 where nothing was set, $vn null; one name space. */
static void var_to(struct lw *l, const struct sema_pv *pv, int value)
{
	struct rir_inst *i = lw_emit(l, RIR_VAR);
	int var = i->t = lw_temp(l), unset, done;

	i->imm = pv->name.num;
	lw_two(l, RIR_COPY, var, value);
	if (is_row(pv, "vn"))
		return;
	unset = lw_label(l);
	done = lw_label(l);
	lw_branch(l, lw_one(l, RIR_TAG, var), done, unset);
	lw_place(l, unset);
	lw_two(l, RIR_SETINT, lw_const(l, 0), value);
	lw_jump(l, done);
	lw_place(l, done);
}

/* ---- transformations ---- */

static int tr_arg(struct lw *l, const struct sema_tr_arg *a, char *sig)
{
	int v, s;

	if (a->kind == CAT_INT || a->kind == CAT_ENUM || a->kind == CAT_FLAG) {
		*sig = a->kind == CAT_INT ? 'l' : 'i';
		return a->pv ? LW_CALL(l, "rt_int", "lpp", lw_pv(l, a->pv)) : lw_const(l, a->num);
	}
	*sig = 'p';
	if (a->kind == CAT_REGEX && !a->pv)
		return lw_regex(l, a->text, 0, 0);
	if (a->kind == CAT_SUBST)
		return lw_subst(l, a->text, a->fmt);
	if (a->kind == CAT_ANY) {
		if (a->pv)
			return lw_pv(l, a->pv);
		v = lw_slot(l, RIR_SLOT_VALUE, 1);
		lw_two(l, RIR_SETSTR, lw_text(l, a->text), v);
		return v;
	}
	if (a->fmt)
		return lw_fmt(l, a->fmt);
	if (!a->pv)
		return lw_text(l, a->text);
	s = lw_slot(l, RIR_SLOT_STR, 1);
	LW_CALL(l, "rt_str", "vppp", lw_pv(l, a->pv), s);
	return s;
}

/* The chain over *value; its result ends there. */
static void apply_trs(struct lw *l, const struct sema_pv *pv, int value, bool print)
{
	for (int i = 0; i < pv->n_trs; i++) {
		const struct sema_tr *tr = &pv->trs[i];
		char *sig = arena_alloc(l->p->arena, (size_t)tr->n_args + 8);
		int args[RIR_ARGS_MAX], n = 0, in = lw_slot(l, RIR_SLOT_VALUE, 1), rc;

		if (!sig)
			return;
		lw_two(l, RIR_COPY, value, in);
		memcpy(sig, "ipp", 3);
		args[n++] = in;
		for (int k = 0; k < tr->n_args; k++)
			args[n++] = tr_arg(l, &tr->args[k], &sig[3 + k]);
		sig[3 + tr->n_args] = 'p';
		args[n++] = value;
		rc = lw_call(l, str_printf(l->p->arena, "std_%s_tr_%s", tr->row->module, tr->row->c_name).p, sig,
			     n, args);
		LW_CALL(l, print && i + 1 == pv->n_trs ? "rt_print" : "rt_tr_done", "vpip", rc, value);
	}
}

void lw_pv_to(struct lw *l, const struct sema_pv *pv, int value, bool print)
{
	int key = cse_pv(l, pv, print), rc;

	cse_begin(l, key);
	if (pv->row->inner == CAT_INNER_VARSLOT) {
		var_to(l, pv, value);
	} else if (is_row(pv, "null")) {
		lw_set_null(l, value);
	} else if (is_row(pv, "sel") && !lw_is_dynamic(pv)) {
		LW_CALL(l, "rt_select", "vppp", lw_regex(l, pv->name.text, 0, CONST_SELECT), value);
	} else {
		rc = LW_CALL(l, "rt_pv_get", "ipppp", lw_global(l, body(l, pv, "get")), name_of(l, pv), value);
		if (print && !pv->n_trs)
			LW_CALL(l, "rt_print", "vpip", rc, value);
	}
	apply_trs(l, pv, value, print);
	cse_end(l, key, value);
	if (l->p->observe && !print && l->fn->kind == RIR_ROUTE)
		LW_CALL(l, "rt_see_value", "vppp", lw_text(l, pv->text), value);
}

int lw_pv(struct lw *l, const struct sema_pv *pv)
{
	int v = lw_slot(l, RIR_SLOT_VALUE, 1);

	lw_pv_to(l, pv, v, false);
	return v;
}

static int store_pv(struct lw *l, const struct sema_pv *pv, int value, bool not_null)
{
	int rc;

	if (pv->row->inner == CAT_INNER_VARSLOT) {
		struct rir_inst *set;
		int v = value;

		if (!is_row(pv, "vn") && !not_null) { /* null becomes 0 */
			int null = lw_label(l), done = lw_label(l);

			v = lw_slot(l, RIR_SLOT_VALUE, 1);
			lw_two(l, RIR_COPY, value, v);
			lw_branch(l, lw_one(l, RIR_TAG, value), done, null);
			lw_place(l, null);
			lw_two(l, RIR_SETINT, lw_const(l, 0), v);
			lw_jump(l, done);
			lw_place(l, done);
		}
		set = lw_emit(l, RIR_SETVAR);
		set->a = v;
		set->imm = pv->name.num;
		return lw_const(l, 1);
	}
	rc = LW_CALL(l, "rt_pv_set", "ippppp", lw_global(l, body(l, pv, "set")), name_of(l, pv), value,
		     lw_text(l, pv->text));
	if (!(pv->row->flags & PVF_APART))
		cse_clobber(l);
	return rc;
}

int lw_pv_store(struct lw *l, const struct sema_pv *pv, int value, bool not_null)
{
	int v = store_pv(l, pv, value, not_null);

	if (l->p->observe && l->fn->kind == RIR_ROUTE)
		LW_CALL(l, "rt_see_set", "vpppl", lw_text(l, pv->text), value, v);
	return v;
}

int lw_subst(struct lw *l, struct str text, const struct sema_fmt *fmt)
{
	int su = lw_regex(l, text, 0, 1), values, n = 0;

	if (!fmt)
		return su;
	values = lw_slot(l, RIR_SLOT_VALUE, fmt->n_parts);
	for (int i = 0; i < fmt->n_parts; i++)
		if (fmt->parts[i].pv)
			lw_pv_to(l, fmt->parts[i].pv, lw_elem(l, values, RIR_SLOT_VALUE, n++), true);
	return LW_CALL(l, "rt_subst_values", "ppppi", su, values, lw_const(l, n));
}

int lw_fmt(struct lw *l, const struct sema_fmt *fmt)
{
	int pieces, out;

	if (fmt->constant)
		return lw_text(l, fmt->plain);
	pieces = lw_slot(l, RIR_SLOT_VALUE, fmt->n_parts);
	for (int i = 0; i < fmt->n_parts; i++) {
		int v = lw_elem(l, pieces, RIR_SLOT_VALUE, i);

		if (fmt->parts[i].pv)
			lw_pv_to(l, fmt->parts[i].pv, v, true);
		else
			lw_two(l, RIR_SETSTR, lw_text(l, fmt->parts[i].text), v);
	}
	out = lw_slot(l, RIR_SLOT_STR, 1);
	LW_CALL(l, "rt_fmt", "vppip", pieces, lw_const(l, fmt->n_parts), out);
	return out;
}
