/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fold.c - values that are known at compile time: literals and what is made of them only.
 *
 * Literals are 32 bit whatever the mode; results wrap at 32 bits in the mode of 5, 64 in that of 6.
 * What fails at run time (division by zero, text that is no number) is not folded.
 */
#include "sema/sema_priv.h"

const struct sema_const *sema_const_of(const struct ast *e)
{
	switch (e->kind) {
	case AST_INT:
	case AST_STR:
	case AST_UNARY:
	case AST_BINARY:
	case AST_CASTINT:
	case AST_CASTSTR:
	case AST_STRLEN:
	case AST_STREMPTY:
		return e->bind;
	default:
		return NULL;
	}
}

static int64_t wrap(const struct sema *s, int64_t v)
{
	return s->p->compat == 6 ? v : (int64_t)(int32_t)(uint32_t)(uint64_t)v;
}

static struct sema_const *make(struct sema *s, bool is_str, int64_t i, struct str t)
{
	struct sema_const *c = arena_alloc(s->arena, sizeof(*c));

	if (c)
		*c = (struct sema_const){is_str, i, t};
	return c;
}

static struct sema_const *make_int(struct sema *s, int64_t v)
{
	return make(s, false, wrap(s, v), (struct str){NULL, 0});
}

static struct str text_of(struct sema *s, const struct sema_const *c)
{
	return c->is_str ? c->s : str_printf(s->arena, "%lld", (long long)c->i);
}

static struct sema_const *fold_int(struct sema *s, int op, int64_t a, int64_t b)
{
	uint64_t ua = (uint64_t)a, ub = (uint64_t)b;

	switch ((enum ast_op)op) {
	case OP_ADD:
		return make_int(s, (int64_t)(ua + ub));
	case OP_SUB:
		return make_int(s, (int64_t)(ua - ub));
	case OP_MUL:
		return make_int(s, (int64_t)(ua * ub));
	case OP_DIV:
		return b == 0 || b == -1 ? NULL : make_int(s, a / b);
	case OP_MOD:
		return b == 0 || b == -1 ? NULL : make_int(s, a % b);
	case OP_BAND:
		return make_int(s, a & b);
	case OP_BOR:
		return make_int(s, a | b);
	case OP_BXOR:
		return make_int(s, a ^ b);
	case OP_SHL:
		return b < 0 || b > 31 ? NULL : make_int(s, (int64_t)(ua << ub));
	case OP_SHR:
		return b < 0 || b > 31 ? NULL : make_int(s, a >> b);
	case OP_EQ:
	case OP_IEQ:
		return make_int(s, a == b);
	case OP_NE:
	case OP_INE:
		return make_int(s, a != b);
	case OP_LT:
		return make_int(s, a < b);
	case OP_GT:
		return make_int(s, a > b);
	case OP_LE:
		return make_int(s, a <= b);
	case OP_GE:
		return make_int(s, a >= b);
	case OP_AND:
		return make_int(s, a && b);
	case OP_OR:
		return make_int(s, a || b);
	default:
		return NULL;
	}
}

static struct sema_const *fold_binary(struct sema *s, const struct ast *e)
{
	const struct sema_const *a = sema_const_of(e->kid[0]), *b = sema_const_of(e->kid[1]);

	if (!a || !b)
		return NULL;
	if (!a->is_str && !b->is_str)
		return fold_int(s, e->op, a->i, b->i);
	if (!a->is_str)
		return NULL;
	switch ((enum ast_op)e->op) {
	case OP_ADD:
		return make(s, true, 0, str_join(s->arena, a->s, text_of(s, b)));
	case OP_EQ:
	case OP_SEQ:
		return make_int(s, str_eq(a->s, text_of(s, b)));
	case OP_NE:
	case OP_SNE:
		return make_int(s, !str_eq(a->s, text_of(s, b)));
	default:
		return NULL;
	}
}

static struct sema_const *fold_unary(struct sema *s, const struct ast *e)
{
	const struct sema_const *a = sema_const_of(e->kid[0]);

	if (!a || a->is_str)
		return NULL;
	switch ((enum ast_op)e->op) {
	case OP_NEG:
		return make_int(s, (int64_t)(0 - (uint64_t)a->i));
	case OP_NOT:
		return make_int(s, a->i == 0);
	case OP_BNOT:
		return make_int(s, ~a->i);
	default:
		return NULL;
	}
}

static struct sema_const *fold_cast(struct sema *s, const struct ast *e)
{
	const struct sema_const *a = sema_const_of(e->kid[0]);
	int64_t v;

	if (!a)
		return NULL;
	switch (e->kind) {
	case AST_CASTINT:
		v = a->i;
		if (a->is_str && !str_number(a->s, s->p->compat == 6 ? 64 : 32, &v))
			v = 0;
		return make_int(s, v);
	case AST_CASTSTR:
		return make(s, true, 0, text_of(s, a));
	case AST_STRLEN:
		return make_int(s, (int64_t)text_of(s, a).n);
	case AST_STREMPTY:
		return make_int(s, text_of(s, a).n == 0);
	default:
		return NULL;
	}
}

void sema_fold(struct sema *s, struct ast *e)
{
	switch (e->kind) {
	case AST_INT:
		e->bind = make(s, false, e->num, (struct str){NULL, 0});
		break;
	case AST_STR:
		e->bind = make(s, true, 0, e->text);
		break;
	case AST_BINARY:
		e->bind = e->kid[0] && e->kid[1] ? fold_binary(s, e) : NULL;
		break;
	case AST_UNARY:
		e->bind = fold_unary(s, e);
		break;
	case AST_CASTINT:
	case AST_CASTSTR:
	case AST_STRLEN:
	case AST_STREMPTY:
		e->bind = fold_cast(s, e);
		break;
	default:
		break;
	}
}
