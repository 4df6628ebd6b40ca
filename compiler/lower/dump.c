/* SPDX-License-Identifier: Apache-2.0 */
#include "lower/rir.h"

#include "base/sb.h"

static const char *const names[] = {
	"int", "text", "value", "slot", "elem", "load", "store", "setint", "setstr", "setnull", "copy",
	"copystr", "var", "setvar", "tag", "len", "field", "setfield", "bin", "global", "name", "pvref", "regex",
	"call", "label", "jump", "branch", "ret", "site", "expr", "expr_end", "clobber",
};
static const char *const slots[] = {"int", "str", "value", "name"};
static const char *const fields[] = {"rc", "ctl", "failed", "depth"};

static void dump_operands(const struct rir_inst *i, struct sb *out)
{
	if (i->a >= 0)
		sb_printf(out, i->op == RIR_SLOT ? " x%d" : " %%%d", i->a);
	if (i->b >= 0 && i->op != RIR_ELEM)
		sb_printf(out, " %%%d", i->b);
}

static void dump_inst(const struct rir_program *p, const struct rir_inst *i, struct sb *out)
{
	if (i->op == RIR_LABEL) {
		sb_printf(out, "L%lld:\n", (long long)i->imm);
		return;
	}
	sb_addz(out, "    ");
	if (i->t >= 0)
		sb_printf(out, "%%%d = ", i->t);
	sb_addz(out, names[i->op]);
	switch (i->op) {
	case RIR_INT:
	case RIR_VAR:
	case RIR_SETVAR:
		sb_printf(out, " %lld", (long long)i->imm);
		break;
	case RIR_TEXT:
		sb_printf(out, " \"" STR_FMT "\"", STR_ARG(i->text));
		break;
	case RIR_SLOT:
		sb_printf(out, " %s", slots[i->imm]);
		break;
	case RIR_FIELD:
	case RIR_SETFIELD:
		sb_printf(out, " %s", fields[i->imm]);
		break;
	case RIR_BIN:
		sb_printf(out, " %s", ast_op_name((enum ast_op)i->imm));
		break;
	case RIR_GLOBAL:
	case RIR_CALL:
		sb_printf(out, " %s", i->name ? i->name : "null");
		break;
	case RIR_NAME:
	case RIR_PVREF:
		sb_printf(out, " " STR_FMT, STR_ARG(((const struct sema_pv *)i->obj)->text));
		break;
	case RIR_REGEX:
		sb_printf(out, " /" STR_FMT "/%s", STR_ARG(p->regexes[i->imm].text),
			  p->regexes[i->imm].flags ? "i" : "");
		break;
	case RIR_SITE:
		sb_printf(out, " %u:%u", p->sites[i->imm].line, p->sites[i->imm].column);
		break;
	case RIR_JUMP:
		sb_printf(out, " L%lld", (long long)i->imm);
		break;
	case RIR_ELEM:
		sb_printf(out, " [%lld]", (long long)i->imm);
		break;
	default:
		break;
	}
	dump_operands(i, out);
	for (int k = 0; k < i->n_args; k++)
		sb_printf(out, " %%%d", i->args[k]);
	if (i->op == RIR_BRANCH)
		sb_printf(out, " L%lld L%lld", (long long)i->imm, (long long)i->imm2);
	sb_addc(out, '\n');
}

void rir_dump(const struct rir_program *p, struct sb *out)
{
	for (size_t k = 0; k < p->n_fns; k++) {
		sb_printf(out, "%s:\n", p->fns[k]->symbol);
		for (size_t i = 0; i < p->fns[k]->n; i++)
			dump_inst(p, &p->fns[k]->v[i], out);
	}
}

void rir_dump_sites(const struct rir_program *p, struct sb *out)
{
	for (size_t i = 1; i < p->n_sites; i++)
		sb_printf(out, "%zu " STR_FMT ":%u:%u %d\n", i, STR_ARG(p->sites[i].file), p->sites[i].line,
			  p->sites[i].column, p->sites[i].route);
}
