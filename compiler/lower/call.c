/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls: arguments by their kinds, the code's way into $rc, and the end of the script when a function
 * gives 0 or a route set RUN_EXIT (language.md 4.2, 5.5).
 */
#include "lower/lower_priv.h"

#include "abi/regex.h"
#include "abi/run.h"

static int value_of(struct lw *l, const struct sema_arg *a)
{
	int v;

	switch (a->form) {
	case SEMA_ARG_PV:
		return lw_pv(l, a->pv);
	case SEMA_ARG_EXPR:
		return lw_value(l, a->expr);
	default:
		break;
	}
	v = lw_slot(l, RIR_SLOT_VALUE, 1);
	if (a->form == SEMA_ARG_INT)
		lw_two(l, RIR_SETINT, lw_const(l, a->num), v);
	else if (a->form == SEMA_ARG_FMT && a->fmt->only)
		lw_two(l, RIR_COPY, lw_pv(l, a->fmt->only), v);
	else if (a->form == SEMA_ARG_FMT)
		lw_two(l, RIR_SETSTR, lw_fmt(l, a->fmt), v);
	else
		lw_two(l, RIR_SETSTR, lw_text(l, a->text), v);
	return v;
}

static int text_of(struct lw *l, const struct sema_arg *a)
{
	int s;

	switch (a->form) {
	case SEMA_ARG_TEXT:
	case SEMA_ARG_REGEX:
	case SEMA_ARG_SUBST:
		return lw_text(l, a->text);
	case SEMA_ARG_FMT:
		return lw_fmt(l, a->fmt);
	case SEMA_ARG_EXPR:
		return lw_str(l, a->expr);
	case SEMA_ARG_INT:
		return lw_text(l, str_printf(l->p->arena, "%lld", (long long)a->num));
	default:
		s = lw_slot(l, RIR_SLOT_STR, 1);
		LW_CALL(l, "rt_str", "vppp", value_of(l, a), s);
		return s;
	}
}

static int route_kind_of(int arg_kind)
{
	switch (arg_kind) {
	case CAT_ROUTE_ONREPLY:
		return ROUTE_ONREPLY;
	case CAT_ROUTE_FAILURE:
		return ROUTE_FAILURE;
	case CAT_ROUTE_BRANCH:
		return ROUTE_BRANCH;
	case CAT_ROUTE_BRANCH_FAILURE:
		return ROUTE_EVENT;
	default:
		return ROUTE_SUB;
	}
}

/* Text is taken for a number when it comes from an expression or a select, not from "$pv". */
static bool is_converted(const struct sema_arg *a)
{
	const struct sema_pv *pv = a->form == SEMA_ARG_PV ? a->pv : a->form == SEMA_ARG_FMT ? a->fmt->only : NULL;

	return !pv || strcmp(pv->row->name, "sel") == 0;
}

/* A number known only now; jumps to `bad` when it is none. */
static int int_arg(struct lw *l, const struct sema_arg *a, int bad)
{
	int slot, rc, ok;

	if (a->form == SEMA_ARG_INT)
		return lw_const(l, a->num);
	if (a->form == SEMA_ARG_EXPR && lw_is_int(a->expr))
		return lw_int(l, a->expr);
	slot = lw_slot(l, RIR_SLOT_INT, 1);
	rc = LW_CALL(l, is_converted(a) ? "rt_arg_number" : "rt_arg_int", "ippp", value_of(l, a), slot);
	ok = lw_label(l);
	lw_branch(l, lw_bin(l, OP_LT, rc, lw_const(l, 0)), bad, ok);
	lw_place(l, ok);
	return lw_load(l, slot);
}

static int code_arg(struct lw *l, const struct sema_arg *a)
{
	int slot = lw_slot(l, RIR_SLOT_INT, 1), bad = lw_label(l), done = lw_label(l);

	lw_store(l, int_arg(l, a, bad), slot);
	lw_jump(l, done);
	lw_place(l, bad);
	lw_store(l, lw_const(l, -1), slot);
	lw_jump(l, done);
	lw_place(l, done);
	return lw_load(l, slot);
}

static int pvref(struct lw *l, const struct sema_pv *pv)
{
	struct rir_inst *i;

	lower_pvref(l->p, pv);
	i = lw_emit(l, RIR_PVREF);
	i->obj = pv;
	return i->t = lw_temp(l);
}

static int pvlist_arg(struct lw *l, const struct sema_fmt *f)
{
	int list = LW_CALL(l, "rt_pvlist_new", "pp");

	for (int i = 0; i < f->n_parts; i++)
		if (f->parts[i].pv)
			LW_CALL(l, "rt_pvlist_add", "vppp", list, pvref(l, f->parts[i].pv));
	return list;
}

/* Expressions in arguments ignore case and know lines. */
static int regex_arg(struct lw *l, const struct sema_arg *a, int kind)
{
	if (a->form == SEMA_ARG_REGEX || a->form == SEMA_ARG_SUBST || a->form == SEMA_ARG_TEXT)
		return kind ? lw_subst(l, a->text, a->fmt) : lw_regex(l, a->text, RT_REGEX_ICASE | RT_REGEX_NEWLINE, 0);
	if (kind)
		return LW_CALL(l, "rt_subst", "ppp", text_of(l, a));
	return LW_CALL(l, "rt_regex", "pppi", text_of(l, a), lw_const(l, RT_REGEX_ICASE | RT_REGEX_NEWLINE));
}

/* One argument; *sig is its letter. */
static int lower_arg(struct lw *l, const struct sema_arg *a, const struct cat_arg *row, int bad, char *sig)
{
	*sig = 'p';
	switch ((enum cat_arg_kind)a->kind) {
	case CAT_INT:
		*sig = 'l';
		return int_arg(l, a, bad);
	case CAT_CODE:
		*sig = 'i';
		return code_arg(l, a);
	case CAT_METHODS:
		*sig = 'l';
		if (a->form == SEMA_ARG_INT)
			return lw_const(l, a->num);
		return LW_CALL(l, "rt_arg_methods", "lpp", text_of(l, a));
	case CAT_FLAG:
		*sig = 'i';
		if (a->form == SEMA_ARG_INT)
			return lw_const(l, a->num);
		return LW_CALL(l, "rt_arg_flag", "ipp", value_of(l, a));
	case CAT_LEVEL:
		*sig = 'i';
		if (a->form == SEMA_ARG_INT)
			return lw_const(l, a->num);
		return LW_CALL(l, "rt_arg_level", "ipp", value_of(l, a));
	case CAT_ENUM:
		*sig = 'i';
		if (a->form == SEMA_ARG_INT)
			return lw_const(l, a->num);
		return LW_CALL(l, "rt_arg_key", "ippp", text_of(l, a), lw_text(l, str_of(row->keys)));
	case CAT_ROUTE:
	case CAT_ROUTE_ONREPLY:
	case CAT_ROUTE_FAILURE:
	case CAT_ROUTE_BRANCH:
	case CAT_ROUTE_BRANCH_FAILURE:
		*sig = 'i';
		if (a->form == SEMA_ARG_ROUTE)
			return lw_const(l, a->num);
		return LW_CALL(l, "rt_route_find", "ipip", lw_const(l, route_kind_of(a->kind)), text_of(l, a));
	case CAT_PVAR:
	case CAT_PVAR_W:
	case CAT_AVP:
		return pvref(l, a->pv);
	case CAT_PVLIST_W:
		return pvlist_arg(l, a->fmt);
	case CAT_REGEX:
		return regex_arg(l, a, 0);
	case CAT_SUBST:
		return regex_arg(l, a, 1);
	case CAT_ANY:
	case CAT_VSTR:
		return value_of(l, a);
	case CAT_STR:
	case CAT_CSTR:
	case CAT_TABLE:
	case CAT_SHT:
	case CAT_SHTKEY:
	case CAT_HDRREF:
		return text_of(l, a);
	}
	return text_of(l, a);
}

/* What only reads, and what only writes to the log, leaves the message as it is. */
static bool edits(const struct cat_fn *fn)
{
	for (int i = 0; i < fn->n_args; i++)
		if (fn->args[i].kind == CAT_PVAR_W || fn->args[i].kind == CAT_PVLIST_W)
			return true;
	return !(fn->effects & FX_PURE) && strcmp(fn->module, "xlog") != 0;
}

/* The script ends here when code is 0. */
static void end_on_zero(struct lw *l, int code)
{
	int go = lw_label(l), end = lw_label(l);

	lw_branch(l, code, go, end);
	lw_place(l, end);
	lw_set_field(l, RIR_F_CTL, lw_bin(l, OP_BOR, lw_field(l, RIR_F_CTL), lw_const(l, RUN_EXIT)));
	lw_ret(l, lw_const(l, 0));
	lw_place(l, go);
}

void lw_end_if_exit(struct lw *l, int value)
{
	int go = lw_label(l), end = lw_label(l);

	lw_branch(l, lw_bin(l, OP_BAND, lw_field(l, RIR_F_CTL), lw_const(l, RUN_EXIT)), end, go);
	lw_place(l, end);
	lw_ret(l, value);
	lw_place(l, go);
}

static int function_call(struct lw *l, const struct sema_call *call, bool in_expr)
{
	const struct cat_fn *fn = call->fn;
	bool core = strcmp(fn->module, "core") == 0;
	char *sig = arena_alloc(l->p->arena, CAT_ARGS_MAX + 4);
	int code = lw_slot(l, RIR_SLOT_INT, 1), bad = lw_label(l), done = lw_label(l), v, began;
	int args[RIR_ARGS_MAX];

	if (!sig)
		return code;
	memcpy(sig, "ip", 2);
	for (int i = 0; i < call->n_args; i++)
		args[i] = lower_arg(l, &call->args[i], &fn->args[i], bad, &sig[2 + i]);
	if (core && in_expr)
		lw_set_field(l, RIR_F_RC, lw_const(l, 0));
	began = lw_clock(l);
	v = lw_call(l, str_printf(l->p->arena, "std_%s_%s", fn->module, fn->c_name).p, sig, call->n_args, args);
	lw_store(l, v, code);
	if (edits(fn))
		cse_clobber(l);
	lw_action_done(l, core ? "corefunc" : fn->name, began);
	lw_jump(l, done);
	lw_place(l, bad);
	lw_store(l, LW_CALL(l, "rt_arg_failed", "ipp", lw_text(l, str_of(fn->name))), code);
	lw_jump(l, done);
	lw_place(l, done);
	v = lw_load(l, code);
	if (l->p->observe)
		LW_CALL(l, "rt_see_code", "vppl", lw_text(l, str_of(fn->name)), v);
	if (core)
		return v;
	lw_set_field(l, RIR_F_RC, v);
	end_on_zero(l, v);
	return v;
}

/* Depth counts blocks: the body that is entered and those around the call; a call inside an expression
 * starts a count of its own, there the fiber's stack is the bound (language.md 4.4). */
static int route_call(struct lw *l, const struct sema_call *call, bool in_expr)
{
	int code = lw_slot(l, RIR_SLOT_INT, 1), deep = lw_label(l), go = lw_label(l), done = lw_label(l);
	int before = lw_field(l, RIR_F_DEPTH), index = -1, v;

	if (call->kind == SEMA_CALL_ROUTE_DYN) {
		int found = lw_label(l), missing = lw_label(l);

		index = LW_CALL(l, "rt_route_find", "ipip", lw_const(l, ROUTE_SUB), lw_str(l, call->name));
		lw_branch(l, lw_bin(l, OP_LT, index, lw_const(l, 0)), missing, found);
		lw_place(l, missing);
		lw_store(l, lw_const(l, -1), code);
		lw_jump(l, done);
		lw_place(l, found);
	}
	lw_set_field(l, RIR_F_DEPTH,
		     in_expr ? lw_const(l, 1) : lw_bin(l, OP_ADD, before, lw_const(l, 1 + l->nest)));
	lw_branch(l, lw_call(l, "rt_enter", "ip", 0, NULL), deep, go);
	lw_place(l, deep);
	lw_store(l, lw_const(l, -1), code);
	lw_set_field(l, RIR_F_DEPTH, before);
	lw_jump(l, done);
	lw_place(l, go);
	if (index >= 0)
		v = LW_CALL(l, "rt_route_call", "ipi", index);
	else
		v = lw_call(l, l->p->sema->routes.v[call->route]->symbol, "ip", 0, NULL);
	cse_clobber(l);
	lw_store(l, v, code);
	lw_set_field(l, RIR_F_DEPTH, before);
	lw_set_field(l, RIR_F_RC, v);
	lw_end_if_exit(l, v);
	lw_jump(l, done);
	lw_place(l, done);
	return lw_load(l, code);
}

int lw_call_node(struct lw *l, struct ast *n, bool in_expr)
{
	const struct sema_call *call = n->bind;

	if (!call)
		return lw_const(l, -1);
	if (call->kind == SEMA_CALL_FN)
		return function_call(l, call, in_expr);
	return route_call(l, call, in_expr);
}
