/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ast.h - a script as a tree.
 *
 * Made by the parser, bound and typed by sema, read by lint, lower and the tools. One node type for
 * all kinds: what its members mean stands in ast.def, beside the kind. Lists are chains through
 * `next`. Nodes live in the compilation's arena and are never freed singly. The parser fills all but
 * the last group of members; sema fills that.
 */
#ifndef AST_AST_H
#define AST_AST_H

#include "abi/core_operand.h" /* AST_CORE.op */
#include "source/source.h"

struct sb;

enum ast_kind {
#define AST(kind, name, doc) AST_##kind,
#include "ast/ast.def"
#undef AST
	AST_KIND_COUNT
};

enum ast_op {
	OP_NONE,
	OP_OR, OP_AND,
	OP_BOR, OP_BAND, OP_BXOR, OP_SHL, OP_SHR,
	OP_EQ, OP_NE,   /* == != */
	OP_MATCH,       /* =~ */
	OP_SEQ, OP_SNE, /* eq ne: as strings */
	OP_IEQ, OP_INE, /* ieq ine: as ints */
	OP_LT, OP_GT, OP_LE, OP_GE,
	OP_ADD, OP_SUB, OP_MUL, OP_DIV, OP_MOD,
	OP_NOT, OP_BNOT, OP_NEG,
	OP_COUNT
};

enum { AST_CASE_VALUE, AST_CASE_REGEX, AST_CASE_DEFAULT };
enum { AST_RETURN_RETURN, AST_RETURN_EXIT, AST_RETURN_DROP };
enum { AST_PORT_NONE = 0, AST_PORT_ANY = -1 };
enum { AST_HOST_NAME, AST_HOST_IP, AST_HOST_STRING, AST_HOST_LIST, AST_HOST_ANY };

struct ast {
	enum ast_kind kind;
	int32_t op;  /* enum ast_op, ast_core, or as ast.def says */
	int32_t sub; /* as ast.def says */
	struct loc loc;
	struct ast *next;
	struct ast *kid[4];
	struct str text;
	int64_t num;
	/* ---- sema's ---- */
	const void *bind; /* what the name means: see sema/sema.h */
	int32_t type;     /* static type of an expression: VT_* of abi/def.h, 0: not typed */
	int32_t aux;
	void *extra;
};

/* Kept beside the tree for the formatter: what is between the tokens. */
enum ast_trivia_kind { TRIVIA_COMMENT, TRIVIA_DIRECTIVE, TRIVIA_SKIPPED };
struct ast_trivia {
	struct ast_trivia *next;
	enum ast_trivia_kind kind;
	struct loc loc;
};

struct ast_script {
	struct ast *items; /* top-level nodes in order */
	struct ast_trivia *trivia;
};

const char *ast_kind_name(enum ast_kind k);
const char *ast_op_name(enum ast_op op); /* as written: "==" */
const char *ast_core_name(enum ast_core c);
const char *ast_route_kind_name(int route_kind); /* "failure_route" */

/* A zeroed node; NULL when memory is out. */
struct ast *ast_new(struct arena *a, enum ast_kind kind, struct loc loc);
/* tail of a chain appended: returns the head. */
struct ast *ast_append(struct ast *head, struct ast *n);

/* Every child of n (not n's next), in source order; chains are followed. */
typedef void ast_visit_fn(void *arg, struct ast *n);
void ast_each_child(struct ast *n, ast_visit_fn *fn, void *arg);
/* Tree as indented text. */
void ast_dump(const struct ast *items, struct sb *out);
/* A diagnostic text when the tree is not as ast.def says, else NULL. */
const char *ast_check(const struct ast *items);

#endif
