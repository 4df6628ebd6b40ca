/* SPDX-License-Identifier: Apache-2.0 */
/* dump.c - --dump=bound: the tables, and each body with what its names mean. */
#include "sema/sema_priv.h"

static const char *type_name(int32_t t)
{
	switch (t & VT_ANY) {
	case VT_INT:
		return t & VT_NULL ? "int?" : "int";
	case VT_STR:
		return t & VT_NULL ? "str?" : "str";
	case VT_STRINT:
		return t & VT_NULL ? "strint?" : "strint";
	case VT_ANY:
		return "any";
	default:
		return "-";
	}
}

static void dump_pv(const struct sema_pv *pv, struct sb *out)
{
	sb_printf(out, "%s.%s", pv->row->module, pv->row->c_name);
	if (pv->name.present && pv->name.dyn)
		sb_printf(out, "(dynamic)");
	else if (pv->row->inner == CAT_INNER_VARSLOT)
		sb_printf(out, "(slot %lld)", (long long)pv->name.num);
	else if (pv->name.present)
		sb_printf(out, "(%.*s %lld)", (int)pv->name.text.n, pv->name.text.p,
			  (long long)pv->name.num);
	for (int i = 0; i < pv->n_trs; i++)
		sb_printf(out, "{%s.%s}", pv->trs[i].row->klass, pv->trs[i].row->name);
}

static void dump_arg(const struct sema_arg *a, struct sb *out)
{
	static const char *const forms[] = {"int", "text", "fmt", "pv", "expr", "route", "regex", "subst", "pvlist"};

	sb_printf(out, " %s:", forms[a->form]);
	if (a->form == SEMA_ARG_INT || a->form == SEMA_ARG_ROUTE)
		sb_addi(out, a->num);
	else if (a->form == SEMA_ARG_FMT || a->form == SEMA_ARG_PVLIST)
		sb_printf(out, "\"%.*s\"", (int)a->fmt->text.n, a->fmt->text.p);
	else if (a->form == SEMA_ARG_PV && a->pv)
		dump_pv(a->pv, out);
	else if (a->form != SEMA_ARG_EXPR)
		sb_printf(out, "\"%.*s\"", (int)a->text.n, a->text.p ? a->text.p : "");
}

static void dump_call(const struct sema_program *p, const struct sema_call *c, struct sb *out)
{
	if (c->kind == SEMA_CALL_ROUTE) {
		sb_printf(out, " -> %s", c->route >= 0 ? p->routes.v[c->route]->symbol : "?");
		return;
	}
	if (c->kind == SEMA_CALL_ROUTE_DYN) {
		sb_addz(out, " -> by name");
		return;
	}
	sb_printf(out, " -> std_%s_%s", c->fn->module, c->fn->c_name);
	for (int i = 0; i < c->n_args; i++)
		dump_arg(&c->args[i], out);
}

static void dump_node(const struct sema_program *p, const struct ast *n, int depth, struct sb *out)
{
	const struct sema_const *c = sema_const_of(n);

	for (int i = 0; i < depth; i++)
		sb_addc(out, '\t');
	sb_addz(out, ast_kind_name(n->kind));
	if (n->kind == AST_BINARY || n->kind == AST_UNARY)
		sb_printf(out, " %s", ast_op_name((enum ast_op)n->op));
	if (n->text.n)
		sb_printf(out, " \"%.*s\"", (int)n->text.n, n->text.p);
	if (n->type)
		sb_printf(out, " : %s", type_name(n->type));
	if (c && c->is_str)
		sb_printf(out, " = \"%.*s\"", (int)c->s.n, c->s.p ? c->s.p : "");
	else if (c)
		sb_printf(out, " = %lld", (long long)c->i);
	if ((n->kind == AST_PV || n->kind == AST_SERATTR) && n->bind) {
		sb_addz(out, " -> ");
		dump_pv(n->bind, out);
	}
	if (n->kind == AST_CALL && n->bind)
		dump_call(p, n->bind, out);
	sb_addc(out, '\n');
	for (int i = 0; i < 4; i++)
		for (const struct ast *k = n->kid[i]; k; k = k->next)
			dump_node(p, k, depth + 1, out);
}

void sema_dump(const struct sema_program *p, const struct ast_script *script, struct sb *out)
{
	(void)script;
	for (size_t i = 0; i < p->modules.n; i++)
		sb_printf(out, "module %s%s\n", p->modules.v[i].name,
			  p->modules.v[i].row ? "" : " (not built)");
	for (size_t i = 0; i < p->params.n; i++)
		sb_printf(out, "param %s.%s\n", p->params.v[i].module, p->params.v[i].row->name);
	for (size_t i = 0; i < p->flags.n; i++)
		sb_printf(out, "flag %.*s = %d\n", (int)p->flags.v[i].name.n, p->flags.v[i].name.p,
			  p->flags.v[i].number);
	for (size_t i = 0; i < p->var_names.n; i++)
		sb_printf(out, "slot %zu = $var(%.*s)\n", i, (int)p->var_names.v[i].n,
			  p->var_names.v[i].p);
	for (size_t i = 0; i < p->routes.n; i++) {
		const struct sema_route *r = p->routes.v[i];

		sb_printf(out, "%s contexts 0x%x\n", r->symbol, r->contexts);
		for (const struct sema_body *b = r->bodies; b; b = b->next)
			for (const struct ast *n = b->node->kid[0]; n; n = n->next)
				dump_node(p, n, 1, out);
	}
}
