/* SPDX-License-Identifier: Apache-2.0 */
/*
 * expr.c - types of expressions by language.md 5.3 and 5.4, and exactly its refusals at parse time.
 *
 * "Statically int" and "statically str" are the reference's notions: a variable is neither, whatever
 * the catalog knows of it. n->type is what is really known (VT_*), for lower and lint.
 */
#include "sema/sema_priv.h"

#include <inttypes.h>

bool sema_static_str(const struct ast *e)
{
	switch (e->kind) {
	case AST_STR:
	case AST_SELECT:
	case AST_CASTSTR:
		return true;
	case AST_BINARY:
		return e->op == OP_ADD && e->kid[0] && sema_static_str(e->kid[0]);
	default:
		return false;
	}
}

bool sema_static_int(const struct ast *e)
{
	switch (e->kind) {
	case AST_INT:
	case AST_CASTINT:
	case AST_UNARY:
	case AST_STRLEN:
	case AST_STREMPTY:
	case AST_DEFINED:
	case AST_CALL:
	case AST_ASSIGN:
	case AST_BLOCK:
		return true;
	case AST_BINARY:
		return e->op != OP_ADD || (e->kid[0] && sema_static_int(e->kid[0]));
	default:
		return false;
	}
}

static void type_error(struct sema *s, const struct ast *at, const struct ast *op, const char *what)
{
	diag_report(s->sink, E_TYPE, at->loc, "%s on the %s of %s", what,
		    op->kind == AST_BINARY && at == op->kid[0] ? "left" : "right",
		    op->kind == AST_BINARY || op->kind == AST_UNARY ? ast_op_name((enum ast_op)op->op)
								    : ast_kind_name(op->kind));
}

static bool is_null_pv(const struct ast *e)
{
	return e->kind == AST_PV && (str_eq(e->text, S("$null")) || str_eq(e->text, S("$(null)")));
}

static void need_str(struct sema *s, const struct ast *e, const struct ast *operand)
{
	struct diag *d;

	if (!sema_static_int(operand))
		return;
	d = diag_report(s->sink, E_TYPE, operand->loc, "%s needs text, this is a number",
			e->kind == AST_BINARY ? "a comparison with $null" : ast_kind_name(e->kind));
	diag_hint(s->sink, d, "convert it with (str)");
}

static void need_int(struct sema *s, const struct ast *e, const struct ast *operand)
{
	if (sema_static_str(operand))
		type_error(s, operand, e, "text where a number is needed");
}

static void check_operand_rules(struct sema *s, struct ast *e)
{
	struct ast *l = e->kid[0], *r = e->kid[1];

	switch ((enum ast_op)e->op) {
	case OP_ADD:
	case OP_EQ:
	case OP_NE:
		if (e->op != OP_ADD && is_null_pv(r))
			need_str(s, e, l);
		else if (e->op != OP_ADD && is_null_pv(l))
			need_str(s, e, r);
		else if (sema_static_int(l) && sema_static_str(r))
			type_error(s, r, e, "text where a number is needed");
		break;
	case OP_SEQ:
	case OP_SNE:
		if (sema_static_int(l))
			type_error(s, l, e, "a number where text is needed");
		break;
	case OP_MATCH:
		if (sema_static_int(l))
			type_error(s, l, e, "a number where text is needed");
		else if (sema_static_int(r))
			type_error(s, r, e, "a number where a regular expression is needed");
		break;
	default:
		need_int(s, e, l);
		need_int(s, e, r);
		break;
	}
}

static void check_regex(struct sema *s, const struct ast *right)
{
	const struct sema_const *c = sema_const_of(right);
	char buf[128];
	const char *fault;

	if (!c || !c->is_str)
		return;
	fault = sema_regex_fault(c->s, false, buf, sizeof(buf));
	if (fault)
		diag_report(s->sink, E_REGEX, right->loc, "bad regular expression \"%.*s\": %s",
			    (int)c->s.n, c->s.p, fault);
}

static bool is_ip_operand(int32_t op)
{
	return op == CORE_SRC_IP || op == CORE_DST_IP || op == CORE_SND_IP || op == CORE_TO_IP;
}

static bool is_onsend_operand(int32_t op)
{
	return op == CORE_SND_IP || op == CORE_TO_IP || op == CORE_SND_PORT || op == CORE_TO_PORT ||
	       op == CORE_SND_PROTO || op == CORE_SND_AF;
}

/* Which comparisons an operand of the core has. */
static bool core_op_ok(int32_t core, int op)
{
	if (op == OP_EQ || op == OP_NE)
		return true;
	switch ((enum ast_core)core) {
	case CORE_METHOD:
	case CORE_URI:
	case CORE_STATUS:
	case CORE_FROM_URI:
	case CORE_TO_URI:
	case CORE_SRC_IP:
	case CORE_DST_IP:
	case CORE_SND_IP:
	case CORE_TO_IP:
		return op == OP_MATCH;
	case CORE_SRC_PORT:
	case CORE_DST_PORT:
	case CORE_SND_PORT:
	case CORE_TO_PORT:
	case CORE_AF:
	case CORE_SND_AF:
	case CORE_MSG_LEN:
		return op >= OP_LT && op <= OP_GE;
	case CORE_PROTO:
	case CORE_SND_PROTO:
		return false;
	}
	return true;
}

/* uri == myself, src_ip == 10.0.0.0/8 ...: language.md 5.7. */
static void core_comparison(struct sema *s, struct ast *e, struct ast *core, struct ast *other)
{
	if (core->kind == AST_CORE && is_onsend_operand(core->op) && s->block != IN_ONSEND)
		diag_report(s->sink, E_CORE_OPERAND, core->loc, "%s exists only in onsend_route",
			    ast_core_name((enum ast_core)core->op));
	if (core->kind == AST_CORE && !core_op_ok(core->op, e->op))
		diag_report(s->sink, E_CORE_OPERAND, e->loc, "%s cannot be compared with %s",
			    ast_core_name((enum ast_core)core->op), ast_op_name((enum ast_op)e->op));
	if (core->kind == AST_CORE && (core->op == CORE_PROTO || core->op == CORE_SND_PROTO) &&
	    (other->kind == AST_ID || other->kind == AST_HOST))
		diag_report(s->sink, E_CORE_OPERAND, other->loc, "no protocol: %.*s", (int)other->text.n,
			    other->text.p);
	if (e->op == OP_MATCH && (other->kind == AST_MYSELF || core->kind == AST_MYSELF))
		diag_report(s->sink, E_CORE_OPERAND, e->loc, "myself cannot be matched with =~");
	else if (e->op == OP_MATCH)
		check_regex(s, other);
	if (core->kind == AST_CORE && is_ip_operand(core->op) && sema_static_int(other))
		diag_report(s->sink, E_CORE_OPERAND, other->loc,
			    "%s is compared with an address or a text that holds one",
			    ast_core_name((enum ast_core)core->op));
	if ((other->kind == AST_IP || other->kind == AST_NET) && !sema_ip4_ok(other->text))
		diag_report(s->sink, E_NUMBER, other->loc, "invalid IPv4 address \"%.*s\"", (int)other->text.n,
			    other->text.p);
	if (other->kind == AST_NET && other->num > (str_chr(other->text, ':') == STR_NONE ? 32 : 128))
		diag_report(s->sink, E_CORE_OPERAND, other->loc, "invalid number of bits in a netmask");
	if (core->kind == AST_CORE && (core->op == CORE_SRC_PORT || core->op == CORE_DST_PORT ||
				       core->op == CORE_MSG_LEN || core->op == CORE_AF))
		need_int(s, e, other);
}

static bool is_core(const struct ast *e)
{
	return e->kind == AST_CORE || e->kind == AST_MYSELF;
}

static void binary(struct sema *s, struct ast *e)
{
	struct ast *l = e->kid[0], *r = e->kid[1];

	if (!l || !r)
		return;
	sema_expr(s, l);
	uint32_t mask = s->mask;
	if (e->op == OP_AND || e->op == OP_OR)
		s->mask &= sema_guard(l, e->op == OP_AND);
	sema_expr(s, r);
	s->mask = mask;
	e->type = VT_INT;
	if (is_core(l) || (is_core(r) && r->kind == AST_MYSELF)) {
		core_comparison(s, e, is_core(l) ? l : r, is_core(l) ? r : l);
		return;
	}
	if (e->op == OP_ADD)
		e->type = sema_static_int(l) ? VT_INT
			  : sema_static_str(l) ? VT_STR
			  : l->type == VT_INT  ? VT_INT
			  : (l->type & VT_INT) ? VT_ANY
					       : VT_STR;
	check_operand_rules(s, e);
	if (e->op == OP_MATCH)
		check_regex(s, r);
}

const struct sema_pv *sema_bind_pv_node(struct sema *s, struct ast *n)
{
	const struct sema_pv *pv;
	bool late = s->late;

	/* sub: enum pp_mode, the header in force there: 0 KAMAILIO, 1 MAXCOMPAT, 2 SER */
	if (n->kind == AST_SERATTR) {
		pv = sema_attr_bind(&s->text, n->text);
	} else if (n->sub == 2 && str_chr(n->text, '(') == STR_NONE) {
		pv = sema_attr_bind(&s->text, str_skip(n->text, 1));
	} else {
		pv = sema_pv_bind(&s->text, n->text);
		if (!pv && n->sub == 1 && s->text.err.code == TEXT_UNKNOWN_PV &&
		    str_chr(n->text, '(') == STR_NONE && n->text.n > 1 && n->text.p[1] != '$')
			pv = sema_attr_bind(&s->text, str_skip(n->text, 1));
	}
	s->late = late;
	if (!pv)
		sema_report_text(s, n->loc, n->text);
	if (pv && !s->seen_modparam && str_eq(str_of(pv->row->name), S("shv")))
		diag_report(s->sink, E_PV, n->loc, "$shv needs shared memory: some modparam must stand above");
	if (pv && str_eq(str_of(pv->row->name), S("sel")))
		sema_cfg_get(s, pv->name.text, n->loc);
	n->bind = pv;
	n->type = pv ? (int32_t)pv->type : VT_ANY;
	return pv;
}

static const struct sema_cfg_var *cfg_var_find(const struct sema *s, struct str group, struct str name)
{
	for (size_t i = 0; i < s->p->cfg_vars.n; i++) {
		const struct sema_cfg_var *v = &s->p->cfg_vars.v[i];

		if (str_eq(v->group, group) && str_eq(v->name, name))
			return v;
	}
	return NULL;
}

const struct sema_cfg_var *sema_cfg_get(struct sema *s, struct str rest, struct loc l)
{
	const struct sema_cfg_var *v;
	struct str group;

	if (!str_eq(str_cut(&rest, '.'), S("cfg_get")))
		return NULL;
	group = str_cut(&rest, '.');
	v = cfg_var_find(s, group, rest);
	if (!v && !cat_known_find(s->cat, KNOWN_GROUP, group, 0))
		diag_report(s->sink, E_CFG_VAR, l, "no variable %.*s.%.*s is declared", (int)group.n,
			    group.p ? group.p : "", (int)rest.n, rest.p ? rest.p : "");
	return v;
}

static void select_node(struct sema *s, struct ast *e)
{
	e->type = VT_STR | VT_NULL;
	e->bind = sema_cfg_get(s, e->text, e->loc);
}

static void unary(struct sema *s, struct ast *e)
{
	sema_expr(s, e->kid[0]);
	e->type = VT_INT;
	need_int(s, e, e->kid[0]);
}

static void assign(struct sema *s, struct ast *e)
{
	struct ast *l = e->kid[0];
	const struct sema_pv *pv;

	e->type = VT_INT;
	if (!l)
		return;
	pv = sema_bind_pv_node(s, l);
	if (pv && pv->n_trs)
		diag_report(s->sink, E_ASSIGN_TR, l->loc, "a value is assigned to a transformation");
	else if (pv && !pv->row->writable)
		diag_report(s->sink, E_READ_ONLY, l->loc, "%.*s can only be read", (int)l->text.n,
			    l->text.p);
	if (e->kid[1])
		sema_expr(s, e->kid[1]);
}

void sema_expr(struct sema *s, struct ast *e)
{
	s->in_expr++;
	switch (e->kind) {
	case AST_INT:
		e->type = VT_INT;
		break;
	case AST_STR:
		e->type = VT_STR;
		break;
	case AST_PV:
	case AST_SERATTR:
		sema_bind_pv_node(s, e);
		break;
	case AST_SELECT:
		select_node(s, e);
		break;
	case AST_CALL:
		e->type = VT_INT;
		sema_call_node(s, e);
		break;
	case AST_ASSIGN:
		assign(s, e);
		break;
	case AST_UNARY:
		unary(s, e);
		break;
	case AST_BINARY:
		binary(s, e);
		break;
	case AST_CASTINT:
	case AST_STRLEN:
	case AST_STREMPTY:
	case AST_DEFINED:
		sema_expr(s, e->kid[0]);
		e->type = VT_INT;
		if (e->kind != AST_CASTINT)
			need_str(s, e, e->kid[0]);
		break;
	case AST_CASTSTR:
		sema_expr(s, e->kid[0]);
		e->type = VT_STR;
		break;
	case AST_SELVAL:
		for (int i = 0; i < 3; i++)
			if (e->kid[i])
				sema_expr(s, e->kid[i]);
		e->type = e->kid[1] && e->kid[2] ? e->kid[1]->type | e->kid[2]->type : VT_ANY;
		break;
	case AST_BLOCK:
		e->type = VT_INT;
		sema_body_check(s, e);
		break;
	default:
		break;
	}
	sema_fold(s, e);
	s->in_expr--;
}
