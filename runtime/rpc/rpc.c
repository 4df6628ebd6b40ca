/* SPDX-License-Identifier: Apache-2.0 */
/* Commands are registered while the server starts and only read afterwards: no lock. */
#include "rpc/rpc.h"

#include <stdarg.h>
#include <stdlib.h>

#include "core/fiber.h"

static const struct std_rpc *commands[RPC_COMMANDS_MAX];
static size_t n_commands;

int rpc_register(const struct std_rpc *rows)
{
	for (; rows->name; rows++) {
		if (n_commands == RPC_COMMANDS_MAX)
			return RT_E_LIMIT;
		commands[n_commands++] = rows;
	}
	return 0;
}

void rpc_reset(void)
{
	n_commands = 0;
}

size_t rpc_count(void)
{
	return n_commands;
}

const struct std_rpc *rpc_at(size_t i)
{
	return i < n_commands ? commands[i] : NULL;
}

const struct std_rpc *rpc_find(struct str name)
{
	for (size_t i = 0; i < n_commands; i++)
		if (str_eq(str_of(commands[i]->name), name))
			return commands[i];
	return NULL;
}

void rpc_init(struct rpc *c, struct arena *a, struct worker *w, const struct program *p)
{
	*c = (struct rpc){.arena = a, .worker = w, .prog = p, .top = {.kind = RPC_ARRAY}};
}

void rpc_fail(struct rpc *c, int code, const char *fmt, ...)
{
	va_list ap;

	if (c->fault)
		return; /* the first reason counts */
	c->fault = code;
	va_start(ap, fmt);
	c->fault_text = str_vprintf(c->arena, fmt, ap);
	va_end(ap);
	if (!c->fault_text.p)
		c->fault_text = S("out of memory");
}

struct rpc_node *rpc_node_new(struct rpc *c, enum rpc_kind kind)
{
	static __thread struct rpc_node lost; /* what is added after memory ran out */
	struct rpc_node *n = ++c->n_nodes > RPC_NODES_MAX ? NULL : arena_new_of(c->arena, struct rpc_node);

	if (!n) {
		rpc_fail(c, 500, "the answer is too large");
		lost = (struct rpc_node){.kind = kind};
		return &lost;
	}
	n->kind = kind;
	return n;
}

void rpc_node_append(struct rpc_node *to, struct rpc_node *n)
{
	if (to == n)
		return; /* the lost one */
	if (to->last)
		to->last->next = n;
	else
		to->first = n;
	to->last = n;
}

static struct rpc_node *add(struct rpc *c, struct rpc_node *to, const char *name, enum rpc_kind kind)
{
	struct rpc_node *n = rpc_node_new(c, kind);

	n->name = str_dup(c->arena, str_of(name));
	if (!c->fault)
		rpc_node_append(to ? to : &c->top, n);
	return n;
}

void rpc_add_int(struct rpc *c, struct rpc_node *to, const char *name, int64_t v)
{
	add(c, to, name, RPC_INT)->i = v;
}

void rpc_add_str(struct rpc *c, struct rpc_node *to, const char *name, struct str v)
{
	add(c, to, name, RPC_STR)->s = str_dup(c->arena, v);
}

void rpc_add_double(struct rpc *c, struct rpc_node *to, const char *name, double v)
{
	add(c, to, name, RPC_DOUBLE)->d = v;
}

void rpc_add_fmt(struct rpc *c, struct rpc_node *to, const char *name, const char *fmt, ...)
{
	struct rpc_node *n = add(c, to, name, RPC_STR);
	va_list ap;

	va_start(ap, fmt);
	n->s = str_vprintf(c->arena, fmt, ap);
	va_end(ap);
}

struct rpc_node *rpc_add_struct(struct rpc *c, struct rpc_node *to, const char *name)
{
	return add(c, to, name, RPC_STRUCT);
}

struct rpc_node *rpc_add_array(struct rpc *c, struct rpc_node *to, const char *name)
{
	return add(c, to, name, RPC_ARRAY);
}

bool rpc_push(struct rpc *c, const struct rpc_node *arg)
{
	if (c->n_args == RPC_ARGS_MAX)
		return false;
	c->args[c->n_args++] = arg;
	return true;
}

/* The words of the reference's binary protocol; there parameters are counted from 0. */
static void bad_arg(struct rpc *c, size_t i, const char *type)
{
	rpc_fail(c, 400, "error at parameter %zu: expected %s type but %s", i, type,
		 i < c->n_args ? "record doesn't match type" : "end of packet encountered");
}

static const struct rpc_node *arg_at(struct rpc *c, size_t i, bool optional, const char *type)
{
	if (i < c->n_args)
		return c->args[i];
	if (!optional)
		bad_arg(c, i, type);
	return NULL;
}

bool rpc_arg_str(struct rpc *c, size_t i, bool optional, struct str *ret)
{
	const struct rpc_node *n = arg_at(c, i, optional, "string");

	if (!n)
		return false;
	switch (n->kind) {
	case RPC_STR:
		*ret = n->s;
		return true;
	case RPC_INT:
		*ret = str_printf(c->arena, "%lld", (long long)n->i);
		return true;
	case RPC_DOUBLE:
		*ret = str_printf(c->arena, "%g", n->d);
		return true;
	case RPC_STRUCT:
	case RPC_ARRAY:
		break;
	}
	bad_arg(c, i, "string");
	return false;
}

bool rpc_arg_int(struct rpc *c, size_t i, bool optional, int64_t *ret)
{
	const struct rpc_node *n = arg_at(c, i, optional, "integer");

	if (!n)
		return false;
	if (n->kind == RPC_INT) {
		*ret = n->i;
		return true;
	}
	if (n->kind == RPC_STR && str_to_i64(n->s, ret))
		return true;
	bad_arg(c, i, "integer");
	return false;
}

bool rpc_peek_str(struct rpc *c, size_t i, struct str *ret)
{
	return i < c->n_args && c->args[i]->kind != RPC_STRUCT && c->args[i]->kind != RPC_ARRAY &&
	       rpc_arg_str(c, i, true, ret);
}

bool rpc_peek_int(struct rpc *c, size_t i, int64_t *ret)
{
	const struct rpc_node *n = i < c->n_args ? c->args[i] : NULL;

	if (n && n->kind == RPC_INT) {
		*ret = n->i;
		return true;
	}
	return n && n->kind == RPC_STR && str_to_i64(n->s, ret);
}

bool rpc_peek_double(struct rpc *c, size_t i, double *ret)
{
	const struct rpc_node *n = i < c->n_args ? c->args[i] : NULL;
	char buf[64], *end;

	if (n && (n->kind == RPC_INT || n->kind == RPC_DOUBLE)) {
		*ret = n->kind == RPC_INT ? (double)n->i : n->d;
		return true;
	}
	if (!n || n->kind != RPC_STR || !n->s.n || n->s.n >= sizeof(buf))
		return false;
	memcpy(buf, n->s.p, n->s.n);
	buf[n->s.n] = '\0';
	*ret = strtod(buf, &end);
	return *end == '\0';
}

static void run(struct worker *w, void *arg)
{
	struct rpc *c = arg;
	const struct std_rpc *row = rpc_find(c->command);
	struct worker *from = c->worker;

	c->worker = w;
	if (!row)
		rpc_fail(c, 500, "Method Not Found");
	else
		row->fn(c);
	c->worker = from;
}

void rpc_call(struct rpc *c, struct str command)
{
	struct worker *w = c->worker, *first = w ? worker_peer(w, 0) : NULL;

	c->command = command;
	if (!first || first == w)
		run(w, c);
	else if (worker_call_await(first, run, c))
		rpc_fail(c, 500, "the server is too busy");
}

void rpc_each_worker(struct rpc *c, worker_fn *fn, void *arg)
{
	struct worker *w = c->worker;

	if (!w)
		return;
	for (unsigned i = 0; !c->fault && i < worker_count(w); i++) {
		struct worker *to = worker_peer(w, i);

		if (worker_call_await(to ? to : w, fn, arg))
			rpc_fail(c, 500, "worker %u is too busy", i);
	}
}
