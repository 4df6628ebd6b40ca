/* SPDX-License-Identifier: Apache-2.0 */
#include "ast/ast.h"

#include "abi/program.h"
#include "base/sb.h"

static const char *const kind_names[] = {
#define AST(kind, name, doc) name,
#include "ast/ast.def"
#undef AST
};

static const char *const op_names[] = {
	[OP_NONE] = "",   [OP_OR] = "||",  [OP_AND] = "&&",  [OP_BOR] = "|",   [OP_BAND] = "&",
	[OP_BXOR] = "^",  [OP_SHL] = "<<", [OP_SHR] = ">>",  [OP_EQ] = "==",   [OP_NE] = "!=",
	[OP_MATCH] = "=~", [OP_SEQ] = "eq", [OP_SNE] = "ne", [OP_IEQ] = "ieq", [OP_INE] = "ine",
	[OP_LT] = "<",    [OP_GT] = ">",   [OP_LE] = "<=",   [OP_GE] = ">=",   [OP_ADD] = "+",
	[OP_SUB] = "-",   [OP_MUL] = "*",  [OP_DIV] = "/",   [OP_MOD] = "mod", [OP_NOT] = "!",
	[OP_BNOT] = "~",  [OP_NEG] = "-",
};

static const char *const core_names[] = {
	[CORE_METHOD] = "method",     [CORE_URI] = "uri",           [CORE_STATUS] = "status",
	[CORE_FROM_URI] = "from_uri", [CORE_TO_URI] = "to_uri",     [CORE_SRC_IP] = "src_ip",
	[CORE_DST_IP] = "dst_ip",     [CORE_SND_IP] = "snd_ip",     [CORE_TO_IP] = "to_ip",
	[CORE_SRC_PORT] = "src_port", [CORE_DST_PORT] = "dst_port", [CORE_SND_PORT] = "snd_port",
	[CORE_TO_PORT] = "to_port",   [CORE_PROTO] = "proto",       [CORE_SND_PROTO] = "snd_proto",
	[CORE_AF] = "af",             [CORE_SND_AF] = "snd_af",     [CORE_MSG_LEN] = "msg:len",
};

static const char *const route_names[] = {
	[ROUTE_REQUEST] = "request_route", [ROUTE_SUB] = "route",
	[ROUTE_CORE_REPLY] = "reply_route", [ROUTE_ONREPLY] = "onreply_route",
	[ROUTE_FAILURE] = "failure_route", [ROUTE_BRANCH] = "branch_route",
	[ROUTE_ONSEND] = "onsend_route",   [ROUTE_EVENT] = "event_route",
};

const char *ast_kind_name(enum ast_kind k)
{
	return kind_names[k];
}

const char *ast_op_name(enum ast_op op)
{
	return op_names[op];
}

const char *ast_core_name(enum ast_core c)
{
	return core_names[c];
}

const char *ast_route_kind_name(int route_kind)
{
	return route_names[route_kind];
}

struct ast *ast_new(struct arena *a, enum ast_kind kind, struct loc loc)
{
	struct ast *n = arena_new_of(a, struct ast);

	if (n) {
		n->kind = kind;
		n->loc = loc;
	}
	return n;
}

struct ast *ast_append(struct ast *head, struct ast *n)
{
	struct ast *last = head;

	if (!head)
		return n;
	while (last->next)
		last = last->next;
	last->next = n;
	return head;
}

void ast_each_child(struct ast *n, ast_visit_fn *fn, void *arg)
{
	for (int i = 0; i < 4; i++)
		for (struct ast *k = n->kid[i], *next; k; k = next) {
			next = k->next;
			fn(arg, k);
		}
}

static void dump_text(struct sb *out, struct str s)
{
	sb_addz(out, " \"");
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '"' || c == '\\')
			sb_printf(out, "\\%c", c);
		else if (c < ' ' || c > 126)
			sb_printf(out, "\\x%02x", c);
		else
			sb_addc(out, (char)c);
	}
	sb_addz(out, "\"");
}

static const char *op_text(const struct ast *n)
{
	switch (n->kind) {
	case AST_UNARY:
	case AST_BINARY:
		return ast_op_name((enum ast_op)n->op);
	case AST_CORE:
		return ast_core_name((enum ast_core)n->op);
	case AST_ROUTE:
		return ast_route_kind_name(n->op);
	default: /* the number says enough */
		return NULL;
	}
}

static void dump_one(const struct ast *n, struct sb *out, int depth)
{
	sb_printf(out, "%*s%s", depth * 2, "", ast_kind_name(n->kind));
	if (op_text(n))
		sb_printf(out, " %s", op_text(n));
	else if (n->op)
		sb_printf(out, " op=%d", n->op);
	if (n->text.p)
		dump_text(out, n->text);
	if (n->num || n->kind == AST_INT)
		sb_printf(out, " %lld", (long long)n->num);
	sb_addz(out, "\n");
	for (int i = 0; i < 4; i++) {
		if (n->kid[i] && i > 0 && (n->kind == AST_IF || n->kind == AST_WHILE))
			sb_printf(out, "%*s%s\n", depth * 2 + 1, "", i == 2 ? "else" : "then");
		for (const struct ast *k = n->kid[i]; k; k = k->next)
			dump_one(k, out, depth + 1);
	}
}

void ast_dump(const struct ast *items, struct sb *out)
{
	for (; items; items = items->next)
		dump_one(items, out, 0);
}

/* Kinds that need their first child. */
static bool needs_kid(enum ast_kind k)
{
	switch (k) {
	case AST_ASSIGN:
	case AST_IF:
	case AST_WHILE:
	case AST_SWITCH:
	case AST_UNARY:
	case AST_BINARY:
	case AST_CASTINT:
	case AST_CASTSTR:
	case AST_STRLEN:
	case AST_STREMPTY:
	case AST_SELVAL:
	case AST_DEFINED:
	case AST_BLOCK:
	case AST_ROUTE:
	case AST_MODPARAM:
		return true;
	default:
		return false;
	}
}

const char *ast_check(const struct ast *items)
{
	for (; items; items = items->next) {
		const char *bad = NULL;

		if (needs_kid(items->kind) && !items->kid[0])
			return ast_kind_name(items->kind);
		if ((items->kind == AST_BINARY || items->kind == AST_ASSIGN) && !items->kid[1])
			return ast_kind_name(items->kind);
		for (int i = 0; i < 4 && !bad; i++)
			bad = ast_check(items->kid[i]);
		if (bad)
			return bad;
	}
	return NULL;
}
