/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc.h - remote procedure calls: commands by name, arguments and answers as trees.
 *
 * For: modules with RPC rows (bodies), transports (ctl, jsonrpcs: rpc_call). Commands always run on
 * worker 0, so what only they touch needs no lock; they run in a fiber and see the other workers with
 * rpc_each_worker(). The arena of the call owns all; texts added are
 * copied. Sizes are bounded: RPC_NODES_MAX values, the arena's limit in bytes; what does not fit
 * makes the answer a fault.
 */
#ifndef RPC_RPC_H
#define RPC_RPC_H

#include "abi/module.h"
#include "base/sb.h"
#include "core/worker.h"

enum { RPC_NODES_MAX = 1000000, RPC_ARGS_MAX = 64, RPC_COMMANDS_MAX = 1024, RPC_DEPTH_MAX = 16 };

enum rpc_kind { RPC_INT, RPC_STR, RPC_DOUBLE, RPC_STRUCT, RPC_ARRAY };

struct rpc_node {
	struct rpc_node *next;
	struct rpc_node *first, *last; /* members of a struct or array */
	enum rpc_kind kind;
	struct str name; /* in a struct */
	int64_t i;
	double d;
	struct str s;
};

struct rpc {
	struct arena *arena;
	struct worker *worker;
	const struct program *prog;
	struct str command;
	const struct rpc_node *args[RPC_ARGS_MAX];
	size_t n_args;
	struct rpc_node top; /* an array: what the command added */
	size_t n_nodes;
	bool list; /* the answer is a list also with one value, or none: rpc_list() */
	int fault; /* 0, or a code such as 400, 404, 500 */
	struct str fault_text;
};

/* ---- for commands ---- */

/* Argument i (from 0); false, with a fault set unless `optional`, when it is missing or no such value.
   Numbers given as text are understood. */
bool rpc_arg_str(struct rpc *c, size_t i, bool optional, struct str *ret);
bool rpc_arg_int(struct rpc *c, size_t i, bool optional, int64_t *ret);

/* The same without a fault: false when it is missing or no such value. */
bool rpc_peek_str(struct rpc *c, size_t i, struct str *ret);
bool rpc_peek_int(struct rpc *c, size_t i, int64_t *ret);
bool rpc_peek_double(struct rpc *c, size_t i, double *ret);

/* Add to the answer: `to` NULL is the top level, where `name` is NULL; in an array a named member is shown
   with its name, as an object of one member in JSON. */
void rpc_add_int(struct rpc *c, struct rpc_node *to, const char *name, int64_t v);
void rpc_add_str(struct rpc *c, struct rpc_node *to, const char *name, struct str v);
void rpc_add_double(struct rpc *c, struct rpc_node *to, const char *name, double v);
void rpc_add_fmt(struct rpc *c, struct rpc_node *to, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Never NULL: when memory is out the fault is set and what is added there is lost. */
struct rpc_node *rpc_add_struct(struct rpc *c, struct rpc_node *to, const char *name);
struct rpc_node *rpc_add_array(struct rpc *c, struct rpc_node *to, const char *name);
/* For commands that answer with a list: JSON then shows an array whatever its length. */
static inline void rpc_list(struct rpc *c)
{
	c->list = true;
}
void rpc_fail(struct rpc *c, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/*
 * fn(w, arg) on every worker in turn, each time in a fiber there while the command waits: it may add to
 * the answer. Stops at a fault.
 */
void rpc_each_worker(struct rpc *c, worker_fn *fn, void *arg);

/* ---- for transports ---- */

/* Make commands known; `rows` ends with a NULL name and must stay. RT_E_LIMIT. */
int rpc_register(const struct std_rpc *rows);
/* Forget all (tests). */
void rpc_reset(void);
size_t rpc_count(void);
const struct std_rpc *rpc_at(size_t i);
const struct std_rpc *rpc_find(struct str name);

/* Start a call; args are added with rpc_push_*. */
void rpc_init(struct rpc *c, struct arena *a, struct worker *w, const struct program *p);
struct rpc_node *rpc_node_new(struct rpc *c, enum rpc_kind kind);
void rpc_node_append(struct rpc_node *to, struct rpc_node *n);
bool rpc_push(struct rpc *c, const struct rpc_node *arg); /* false: too many */
/* Run it: the answer is in c->top, or c->fault is set (404: no such command). */
void rpc_call(struct rpc *c, struct str command);

/* ---- JSON-RPC 2.0 ---- */

struct rpc_status { /* how a call went: 200 OK, or the fault (text in the call's arena) */
	int code;
	struct str text;
};

/*
 * Answer one request text into `out`: version 2.0, positional params, id echoed; parse errors are
 * answered too. pretty: indented. *status may be NULL.
 */
void rpc_json(struct arena *a, struct worker *w, const struct program *p, struct str request,
	      bool pretty, struct sb *out, struct rpc_status *status);
/* The value of "reply_name" in a request (FIFO transport); p NULL without one. */
struct str rpc_json_reply_name(struct arena *a, struct str request);

#endif
