/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Expressions (language.md 5.3 to 5.7). Three ways to want one: as an int, as a string, as a tagged
 * value. Where its type is known the code is direct; else the runtime decides by the tag.
 */
#include "lower/lower_priv.h"

#include <sys/socket.h>

#include "base/addr.h"

static bool is_null_pv(const struct ast *e)
{
	const struct sema_pv *pv = e->kind == AST_PV ? e->bind : NULL;

	return pv && !pv->n_trs && strcmp(pv->row->name, "null") == 0;
}

static bool is_op(const struct ast *e, int op)
{
	return e->kind == AST_BINARY && e->op == op;
}

bool lw_is_str(const struct ast *e)
{
	switch (e->kind) {
	case AST_STR:
	case AST_SELECT:
	case AST_CASTSTR:
		return true;
	case AST_BINARY:
		return e->op == OP_ADD && lw_is_str(e->kid[0]);
	default:
		return false;
	}
}

/* Statically int: not "may be one". */
bool lw_is_int(const struct ast *e)
{
	switch (e->kind) {
	case AST_INT:
	case AST_CALL:
	case AST_ASSIGN:
	case AST_BLOCK:
	case AST_UNARY:
	case AST_CASTINT:
	case AST_STRLEN:
	case AST_STREMPTY:
	case AST_DEFINED:
		return true;
	case AST_BINARY:
		return e->op != OP_ADD || lw_is_int(e->kid[0]);
	default:
		return false;
	}
}

bool lw_can_fail(const struct lw *l, const struct ast *e)
{
	if (e->kind == AST_BINARY && (e->op == OP_DIV || e->op == OP_MOD))
		return true;
	if (is_op(e, OP_MATCH) && e->kid[1]->kind != AST_STR) /* a bad pattern */
		return true;
	if (l->compat == 6 && (e->kind == AST_PV || e->kind == AST_STR || e->kind == AST_SELECT ||
			       e->kind == AST_SERATTR))
		return true;
	for (int i = 0; i < 4; i++)
		for (const struct ast *k = e->kid[i]; k; k = k->next)
			if (lw_can_fail(l, k))
				return true;
	return false;
}

static int const_int(struct lw *l, const struct sema_const *c)
{
	int v;

	if (!c->is_str)
		return lw_const(l, c->i);
	v = lw_slot(l, RIR_SLOT_VALUE, 1);
	lw_two(l, RIR_SETSTR, lw_text(l, c->s), v);
	return LW_CALL(l, "rt_int", "lpp", v);
}

static bool const_is(const struct ast *e, int64_t v)
{
	const struct sema_const *c = sema_const_of(e);

	return c && !c->is_str && c->i == v;
}

/* What is left of x*1, 0+x, x||0 ...: x as an int, with a call's raw code (5.6). NULL: e is no such thing. */
static struct ast *same_as(const struct ast *e)
{
	struct ast *a = e->kind == AST_BINARY ? e->kid[0] : NULL, *b = a ? e->kid[1] : NULL;

	if (!a || a->kind == AST_CORE)
		return NULL;
	switch (e->op) {
	case OP_MUL:
	case OP_AND:
		return const_is(b, 1) ? a : const_is(a, 1) ? b : NULL;
	case OP_DIV:
		return const_is(b, 1) ? a : NULL;
	case OP_ADD:
		return const_is(b, 0) && lw_is_int(a) ? a : const_is(a, 0) ? b : NULL;
	case OP_SUB:
		return const_is(b, 0) ? a : NULL;
	case OP_OR:
	case OP_BOR:
		return const_is(b, 0) ? a : const_is(a, 0) ? b : NULL;
	default:
		return NULL;
	}
}

/* x*0, 0/x, x||1 ...: decided, x is dropped with its side effects (5.6). */
static bool decided(const struct ast *e, int64_t *v)
{
	const struct ast *a = e->kind == AST_BINARY ? e->kid[0] : NULL, *b = a ? e->kid[1] : NULL;

	if (!a || a->kind == AST_CORE)
		return false;
	*v = e->op == OP_OR;
	switch (e->op) {
	case OP_MUL:
	case OP_BAND:
	case OP_AND:
		return const_is(a, 0) || const_is(b, 0);
	case OP_OR:
		return const_is(a, 1) || const_is(b, 1);
	case OP_DIV:
	case OP_MOD:
		return const_is(a, 0);
	default:
		return false;
	}
}

static int truth(struct lw *l, int v)
{
	return lw_bin(l, OP_NE, v, lw_const(l, 0));
}

/* a && b, a || b: 1 or 0 without evaluating b when a decides. */
static int logic(struct lw *l, struct ast *e)
{
	bool is_and = e->op == OP_AND;
	int slot, more, done;

	slot = lw_slot(l, RIR_SLOT_INT, 1);
	more = lw_label(l);
	done = lw_label(l);
	lw_store(l, lw_const(l, is_and ? 0 : 1), slot);
	lw_branch(l, truth(l, lw_int(l, e->kid[0])), is_and ? more : done, is_and ? done : more);
	lw_place(l, more);
	lw_store(l, truth(l, lw_int(l, e->kid[1])), slot);
	lw_jump(l, done);
	lw_place(l, done);
	return lw_load(l, slot);
}

/* x == $null is "not defined x". */
static int defined(struct lw *l, struct ast *e)
{
	if (sema_const_of(e) && !is_null_pv(e))
		return lw_const(l, 1);
	return lw_bin(l, OP_NE, lw_one(l, RIR_TAG, lw_value(l, e)), lw_const(l, 0));
}

static int negate(struct lw *l, int v)
{
	return lw_bin(l, OP_EQ, v, lw_const(l, 0));
}

static bool is_empty_literal(const struct ast *e)
{
	return e->kind == AST_STR && e->text.n == 0;
}

static int equal(struct lw *l, struct ast *e)
{
	struct ast *a = e->kid[0], *b = e->kid[1];
	bool ne = e->op == OP_NE || e->op == OP_SNE;
	int r;

	if (is_null_pv(b) || (is_null_pv(a) && !is_empty_literal(b))) {
		r = defined(l, is_null_pv(b) ? a : b);
		return ne ? r : negate(l, r);
	}
	if (e->op == OP_SEQ || e->op == OP_SNE || lw_is_str(a)) {
		r = LW_CALL(l, "rt_str_eq", "ippp", lw_str(l, a), lw_str(l, b));
	} else if (lw_is_int(a)) {
		return lw_bin(l, ne ? OP_NE : OP_EQ, lw_int(l, a), lw_int(l, b));
	} else if (is_empty_literal(b)) {
		/* 1 empty, 0 not, 2 an int: neither == nor != holds for it when it is 0 */
		r = LW_CALL(l, "rt_empty_eq", "ipp", lw_value(l, a));
		return lw_bin(l, OP_EQ, r, lw_const(l, ne ? 0 : 1));
	} else {
		r = LW_CALL(l, "rt_eq", "ippp", lw_value(l, a), lw_value(l, b));
	}
	return ne ? negate(l, r) : r;
}

static int match(struct lw *l, struct str pattern_text, struct ast *pattern, int subject, int flags)
{
	int re = pattern ? LW_CALL(l, "rt_regex", "pppi", lw_str(l, pattern), lw_const(l, flags))
			 : lw_regex(l, pattern_text, flags, 0);

	return LW_CALL(l, "rt_match", "ippp", subject, re);
}

/* ---- core operands ---- */

static bool is_ip_operand(int core)
{
	return core == CORE_SRC_IP || core == CORE_DST_IP || core == CORE_SND_IP || core == CORE_TO_IP;
}

static bool is_text_operand(int core)
{
	return core == CORE_METHOD || core == CORE_URI || core == CORE_STATUS || core == CORE_FROM_URI ||
	       core == CORE_TO_URI;
}

static int mask_bits(struct str mask)
{
	struct addr a;
	int bits = 0;

	if (!addr_parse(mask, &a))
		return -1;
	for (int i = 0; i < 16; i++)
		for (int b = 7; b >= 0 && (a.ip[i] >> b & 1); b--)
			bits++;
	return bits;
}

/* A constant address goes as its bytes: 4 or 16. */
static int in_net(struct lw *l, int which, struct str text, int bits)
{
	struct addr a;
	struct str ip;

	if (!addr_parse(text, &a))
		return lw_const(l, 0);
	ip = str_dup(l->p->arena, str_make((const char *)a.ip, a.family == AF_INET ? 4 : 16));
	return LW_CALL(l, "rt_core_in_net", "ipipi", which, lw_text(l, ip), lw_const(l, bits));
}

static int core_equal(struct lw *l, struct ast *e)
{
	struct ast *a = e->kid[0], *b = e->kid[1];
	int which = lw_const(l, a->op);

	switch (b->kind) {
	case AST_MYSELF:
		return LW_CALL(l, "rt_core_myself", "ipi", which);
	case AST_IP:
		return in_net(l, which, b->text, -1);
	case AST_NET:
		return in_net(l, which, b->text, b->num >= 0 ? (int)b->num : mask_bits(b->kid[0]->text));
	case AST_HOST:
	case AST_ID:
		return LW_CALL(l, is_ip_operand(a->op) ? "rt_core_host" : "rt_core_text", "ipip", which,
			       lw_text(l, b->text));
	default:
		break;
	}
	if (is_ip_operand(a->op))
		return LW_CALL(l, "rt_core_host", "ipip", which, lw_str(l, b));
	if (is_text_operand(a->op))
		return LW_CALL(l, "rt_core_text", "ipip", which, lw_str(l, b));
	if ((a->op == CORE_PROTO || a->op == CORE_SND_PROTO) && lw_is_str(b))
		return LW_CALL(l, "rt_core_proto_text", "ipp", lw_str(l, b));
	return lw_bin(l, OP_EQ, LW_CALL(l, "rt_core_int", "lpi", which), lw_int(l, b));
}

static int core_compare(struct lw *l, struct ast *e)
{
	struct ast *b = e->kid[1];
	int s;

	if (l->p->observe && l->fn->kind == RIR_ROUTE)
		LW_CALL(l, "rt_see_core", "vppi", lw_text(l, e->kid[0]->text), lw_const(l, e->kid[0]->op));
	if (e->op == OP_EQ)
		return core_equal(l, e);
	if (e->op == OP_NE)
		return negate(l, core_equal(l, e));
	if (e->op == OP_MATCH) {
		s = lw_slot(l, RIR_SLOT_STR, 1);
		LW_CALL(l, "rt_core_str", "vpip", lw_const(l, e->kid[0]->op), s);
		return match(l, b->text, b->kind == AST_STR ? NULL : b, s, 1);
	}
	return lw_bin(l, (enum ast_op)e->op, LW_CALL(l, "rt_core_int", "lpi", lw_const(l, e->kid[0]->op)),
		      lw_int(l, b));
}

/* ---- as an int ---- */

static int binary_int(struct lw *l, struct ast *e)
{
	int64_t known;
	int a, b, v;

	if (e->kid[0]->kind == AST_CORE)
		return core_compare(l, e);
	if (decided(e, &known))
		return lw_const(l, known);
	if (same_as(e))
		return lw_int(l, same_as(e));
	switch (e->op) {
	case OP_OR:
	case OP_AND:
		return logic(l, e);
	case OP_EQ:
	case OP_NE:
	case OP_SEQ:
	case OP_SNE:
		return equal(l, e);
	case OP_MATCH:
		a = lw_str(l, e->kid[0]);
		return match(l, e->kid[1]->text, e->kid[1]->kind == AST_STR ? NULL : e->kid[1], a, 1);
	case OP_ADD:
		if (lw_is_str(e->kid[0])) { /* else ints are added, whatever a value of it would be */
			v = lw_value(l, e);
			return LW_CALL(l, "rt_int", "lpp", v);
		}
		break;
	default:
		break;
	}
	a = lw_int(l, e->kid[0]);
	b = lw_int(l, e->kid[1]);
	if (e->op == OP_DIV)
		return LW_CALL(l, "rt_div", "lpll", a, b);
	if (e->op == OP_MOD)
		return LW_CALL(l, "rt_mod", "lpll", a, b);
	return lw_bin(l, e->op == OP_IEQ ? OP_EQ : e->op == OP_INE ? OP_NE : (enum ast_op)e->op, a, b);
}

/* { a(); b(); } as a value: the last action's; return and break stay inside. */
static int block_value(struct lw *l, struct ast *e)
{
	struct lw inner = *l;
	int done = lw_label(l);

	inner.value = lw_slot(l, RIR_SLOT_INT, 1);
	inner.return_to = done;
	inner.break_to = -1;
	lw_store(&inner, lw_const(&inner, 1), inner.value);
	lw_block(&inner, e->kid[0]);
	lw_jump(&inner, done);
	lw_place(&inner, done);
	return lw_load(l, inner.value);
}

static int code_truth(struct lw *l, int code)
{
	return lw_bin(l, OP_GT, code, lw_const(l, 0));
}

static int int_of(struct lw *l, struct ast *e)
{
	switch (e->kind) {
	case AST_BINARY:
		return binary_int(l, e);
	case AST_UNARY:
		if (e->op == OP_NOT)
			return negate(l, lw_int(l, e->kid[0]));
		if (e->op == OP_BNOT)
			return lw_bin(l, OP_BXOR, lw_int(l, e->kid[0]), lw_const(l, -1));
		return lw_bin(l, OP_SUB, lw_const(l, 0), lw_int(l, e->kid[0]));
	case AST_CALL:
		return code_truth(l, lw_call_node(l, e, true));
	case AST_ASSIGN:
		lw_assign(l, e);
		return lw_const(l, 1);
	case AST_BLOCK:
		return code_truth(l, block_value(l, e));
	case AST_CASTINT:
		if (lw_is_int(e->kid[0]) || (is_op(e->kid[0], OP_ADD) && !lw_is_str(e->kid[0])))
			return lw_int(l, e->kid[0]);
		return LW_CALL(l, "rt_cast_int", "lpp", lw_value(l, e->kid[0]));
	case AST_STRLEN:
		return lw_one(l, RIR_LEN, lw_str(l, e->kid[0]));
	case AST_STREMPTY:
		return negate(l, lw_one(l, RIR_LEN, lw_str(l, e->kid[0])));
	case AST_DEFINED:
		return defined(l, e->kid[0]);
	default:
		return LW_CALL(l, "rt_int", "lpp", lw_value(l, e));
	}
}

int lw_int(struct lw *l, struct ast *e)
{
	const struct sema_const *c = sema_const_of(e);
	int key;

	if (c)
		return const_int(l, c);
	key = cse_expr(l, e, RIR_SLOT_INT);
	cse_begin(l, key);
	return cse_end(l, key, int_of(l, e));
}

/* ---- as a string ---- */

int lw_str(struct lw *l, struct ast *e)
{
	const struct sema_const *c = sema_const_of(e);
	int s;

	if (c && c->is_str)
		return lw_text(l, c->s);
	if (c)
		return lw_text(l, str_printf(l->p->arena, "%lld", (long long)c->i));
	if (e->kind == AST_CASTSTR)
		return lw_str(l, e->kid[0]);
	s = lw_slot(l, RIR_SLOT_STR, 1);
	if (is_op(e, OP_ADD) && lw_is_str(e->kid[0]))
		LW_CALL(l, "rt_concat", "vpppp", lw_str(l, e->kid[0]), lw_str(l, e->kid[1]), s);
	else if (lw_is_int(e))
		LW_CALL(l, "rt_int_str", "vplp", lw_int(l, e), s);
	else
		LW_CALL(l, "rt_str", "vppp", lw_value(l, e), s);
	return s;
}

/* ---- as a value ---- */

static int selval(struct lw *l, struct ast *e)
{
	int v = lw_slot(l, RIR_SLOT_VALUE, 1), yes = lw_label(l), no = lw_label(l), done = lw_label(l);

	lw_cond(l, e->kid[0], yes, no);
	lw_place(l, yes);
	lw_two(l, RIR_COPY, lw_value(l, e->kid[1]), v);
	lw_jump(l, done);
	lw_place(l, no);
	lw_two(l, RIR_COPY, lw_value(l, e->kid[2]), v);
	lw_jump(l, done);
	lw_place(l, done);
	return v;
}

static int select_value(struct lw *l, struct ast *e)
{
	int v = lw_slot(l, RIR_SLOT_VALUE, 1);

	if (e->bind) { /* cfg_get.group.var */
		const struct sema_cfg_var *var = e->bind;

		LW_CALL(l, "rt_cfg_get", "vpip", lw_const(l, var - l->p->sema->cfg_vars.v), v);
		return v;
	}
	LW_CALL(l, "rt_select", "vppp", lw_regex(l, e->text, 0, CONST_SELECT), v);
	if (l->p->observe)
		LW_CALL(l, "rt_see_value", "vppp", lw_text(l, str_printf(l->p->arena, "@" STR_FMT, STR_ARG(e->text))), v);
	return v;
}

static bool is_open_sum(const struct ast *e)
{
	return is_op(e, OP_ADD) && !sema_const_of(e) && !lw_is_int(e);
}

static int fill_terms(struct lw *l, struct ast *e, int terms, int n)
{
	if (is_open_sum(e)) {
		n = fill_terms(l, e->kid[0], terms, n);
		e = e->kid[1];
	}
	lw_two(l, RIR_COPY, lw_value(l, e), lw_elem(l, terms, RIR_SLOT_VALUE, n));
	return n + 1;
}

/* a + b + ..., ints or texts as the first of them turns out to be. */
static void sum_value(struct lw *l, struct ast *e, int v)
{
	int n = 1, key = cse_expr(l, e, RIR_SLOT_VALUE), terms;

	cse_begin(l, key);
	for (const struct ast *k = e; is_open_sum(k); k = k->kid[0])
		n++;
	terms = lw_slot(l, RIR_SLOT_VALUE, n);
	fill_terms(l, e, terms, 0);
	LW_CALL(l, "rt_sum", "vppip", terms, lw_const(l, n), v);
	cse_end(l, key, v);
}

int lw_value(struct lw *l, struct ast *e)
{
	const struct sema_const *c = sema_const_of(e);
	int v;

	if ((e->kind == AST_PV || e->kind == AST_SERATTR) && e->bind)
		return lw_pv(l, e->bind);
	if (e->kind == AST_SELECT)
		return select_value(l, e);
	if (e->kind == AST_SELVAL && !c)
		return selval(l, e);
	v = lw_slot(l, RIR_SLOT_VALUE, 1);
	if (c ? c->is_str : lw_is_str(e))
		lw_two(l, RIR_SETSTR, lw_str(l, e), v);
	else if (c || lw_is_int(e))
		lw_two(l, RIR_SETINT, lw_int(l, e), v);
	else if (is_op(e, OP_ADD))
		sum_value(l, e, v);
	else
		lw_set_null(l, v);
	return v;
}

/* An undefined selval() or select is assigned as "". */
static int not_null(struct lw *l, int v)
{
	int null = lw_label(l), done = lw_label(l);

	lw_branch(l, lw_one(l, RIR_TAG, v), done, null);
	lw_place(l, null);
	lw_two(l, RIR_SETSTR, lw_text(l, S("")), v);
	lw_jump(l, done);
	lw_place(l, done);
	return v;
}

int lw_rhs(struct lw *l, struct ast *e)
{
	struct ast *whole = e;
	int v;

	while (same_as(e) && !sema_const_of(e))
		e = same_as(e);
	if (e->kind == AST_SELECT || e->kind == AST_SELVAL)
		return not_null(l, lw_value(l, whole));
	if (e->kind != AST_CALL && e->kind != AST_BLOCK)
		return lw_value(l, whole);
	v = lw_slot(l, RIR_SLOT_VALUE, 1);
	lw_two(l, RIR_SETINT, e->kind == AST_CALL ? lw_call_node(l, e, true) : block_value(l, e), v);
	return v;
}

void lw_cond(struct lw *l, struct ast *e, int yes, int no)
{
	bool can_fail = lw_can_fail(l, e);
	int v;

	if (can_fail)
		lw_set_field(l, RIR_F_FAILED, lw_const(l, 0));
	v = lw_bin(l, OP_GT, lw_int(l, e), lw_const(l, 0));
	if (can_fail)
		v = lw_bin(l, OP_BAND, v, negate(l, lw_field(l, RIR_F_FAILED)));
	lw_see_cond(l, v);
	lw_branch(l, v, yes, no);
}
