/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run.h - beginning and ending a run of a route; variable frames; dynamic routes.
 *
 * For: host and stdlib modules that run routes. A frame of $var is borrowed from the worker's pool,
 * last in first out, and keeps its values: with nothing blocking one worker always uses the same one,
 * as the reference's process does. The run lives on the caller's stack.
 */
#ifndef SCRIPT_RUN_H
#define SCRIPT_RUN_H

#include "abi/program.h"
#include "core/worker.h"
#include "sip/draft.h"

struct script_vars;

enum { RUN_ARENA_LIMIT = 16 << 20, RUN_DEPTH_MAX = 256 };

/* Settings that generated code and getters ask for; from the core parameters (script/load.h). */
struct script_conf {
	int64_t max_recursive_level, max_while_loops, server_id;
	struct str version_text;
};
extern struct script_conf script_conf;

/* State of a worker; before any run on it. */
int script_worker_init(struct worker *w, const struct program *p);
void script_worker_fini(struct worker *w);
/* A value that $var(name) has in fresh frames. At start only. RT_E_NOMEM. */
int script_var_preset(struct str name, const struct value *v);
const struct program *script_program(const struct worker *w);

/*
 * Fill r for a run of kind IN_*: d may be NULL (events without a message). With sv NULL the run gets
 * fresh variables, freed at its end unless somebody took a reference; with a transaction these are its own from now on,
 * unless there is nothing in them when the run ends. RT_E_NOMEM.
 */
int run_begin(struct run *r, struct worker *w, struct sip_draft *d, int32_t kind, struct txn *t,
	      struct script_vars *sv);
void run_end(struct run *r);
/* Before its end, for a run whose transaction may be gone at it: the run has none from now on. */
void run_leave_txn(struct run *r);
/*
 * For a crash report, from any thread, without promise: the innermost run on w's current fiber or NULL,
 * and the last sites that it ran (NULL before script_worker_init).
 */
const struct run *script_run_now(const struct worker *w);
const struct run_trail *script_trail(const struct worker *w);
/*
 * Storage of a module for the length of this run, zeroed at the first call; `key` is any address of the
 * module's own. `end`, when not NULL, is called with it when the run ends. NULL: memory is out.
 */
void *run_local(struct run *r, const void *key, size_t size, void (*end)(void *));
/* A message whose views the run may hold lives until the run ends. False: memory is out. */
bool run_hold_msg(struct run *r, struct sip_msg *m);
/* The same when it exists already, else NULL. */
void *run_local_find(const struct run *r, const void *key);
/* Run a route from the top: its value; r->ctl tells the rest. route < 0: 1. */
int32_t script_exec(struct run *r, int32_t route);
/* Index of an event route or -1. Cheap enough for once per message only when cached by the caller. */
int32_t script_event(const struct program *p, const char *name);

#endif
