/* SPDX-License-Identifier: Apache-2.0 */
/*
 * module.h - a script module as a loaded program sees it. Made by STD_MODULE (abi/std.h).
 */
#ifndef ABI_MODULE_H
#define ABI_MODULE_H

#include "abi/program.h"
#include "base/bug.h"
#include "abi/pv.h"

struct rpc; /* one running RPC command; rpc/rpc.h */
typedef void rpc_fn(struct rpc *c);

enum std_param_kind {
	STD_PARAM_INT,
	STD_PARAM_STR,
	STD_PARAM_PV,
	STD_PARAM_FMT,
	STD_PARAM_PAIRS,
};

struct std_param {
	const char *name; /* NULL ends the table */
	enum std_param_kind kind;
	const char *def; /* default as text */
	void *storage;   /* int64_t, struct str, const struct pv_ref *, const struct fmt_ref *, program_value */
	int32_t (*set)(const struct program_value *v); /* for parameters that may repeat */
};

struct std_rpc {
	const char *name; /* NULL ends the table */
	rpc_fn *fn;
	const char *doc;
};

struct std_stat {
	const char *group; /* NULL ends the table */
	const char *name;
};

struct std_module {
	const char *name;
	const struct std_param *params;
	const struct std_rpc *rpcs;
	const struct std_stat *stats;
	/* Once per process after all parameters are set, in load order, before any worker runs. 0, or
	   a negative RT_E_* after logging why: the server does not start. */
	int (*init)(const struct program *p);
	/* On each worker's thread before it takes messages. */
	int (*worker_init)(struct worker *w);
	void (*worker_fini)(struct worker *w);
	/* Back to the state of a new process; also after an init that failed or was not reached. */
	void (*fini)(void);
};

#endif
