/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine.h - the debugger's engine: a replay that stops, and goes backwards by running again.
 *
 * The script runs in a child process, in the simulated world (trace/replay.h). Each statement is a
 * step with a number; the same input and seed give the same steps, so a step is a point in time and going
 * back is a fresh child that runs to an earlier one. The child stops in the fiber of the statement and
 * answers questions there; a script that crashes takes only the child with it.
 *
 * For: the terminal debugger and the debug adapter. Questions and answers are JSON objects (child.c).
 */
#ifndef DEBUG_ENGINE_H
#define DEBUG_ENGINE_H

#include <jansson.h>

#include "debug/expr.h"
#include "trace/replay.h"

enum { ENGINE_BREAKS_MAX = 256, ENGINE_WATCHES_MAX = 32 };

enum engine_move {
	ENGINE_CONTINUE,
	ENGINE_STEP,   /* the next statement of this run, into routes */
	ENGINE_NEXT,   /* the next one that is no deeper */
	ENGINE_FINISH, /* out of this route */
	ENGINE_UNTIL,  /* a later line of this route, or out of it */
	/* backwards */
	ENGINE_BACK,             /* the statement before that is no deeper */
	ENGINE_REVERSE_STEP,     /* the one before, into routes */
	ENGINE_REVERSE_CONTINUE, /* the last breakpoint before */
};

struct engine_break {
	int id;             /* 0: free */
	bool enabled, temporary;
	uint32_t *sites;    /* where it stops */
	size_t n_sites;
	struct str shown;   /* as asked for */
	struct str condition; /* empty: always */
	struct str log;     /* not empty: print it and go on; {expr} is replaced */
	unsigned ignore;    /* let so many hits pass */
	bool moved;         /* the line has no statement: it stands at the next one that has */
};

struct engine_stop {
	const char *reason; /* "entry", "step", "breakpoint", "watch", "end", "lost" (the child died) */
	int id;             /* of the breakpoint or watch */
	uint64_t step;      /* 0 before the first */
	uint64_t time_us;   /* of the simulation */
	uint32_t run;       /* number of the run */
	uint32_t site;
	struct str text;    /* watch: "old -> new" */
};

struct engine_opts {
	const struct compilation *c;
	struct replay_opts replay;
	/* Log lines, messages and log points as they happen; not while running again. */
	void (*output)(void *arg, const char *line);
	void *arg;
};

struct engine;
struct engine *engine_new(struct arena *a, const struct engine_opts *o);
void engine_free(struct engine **e);

/* Start, or start over; stops before the first statement. */
void engine_start(struct engine *e, struct engine_stop *ret);
/* For ENGINE_UNTIL `line` is the line to reach, 0: any later one. */
void engine_move(struct engine *e, enum engine_move m, uint32_t line, struct engine_stop *ret);
/* To the statement with that number. */
void engine_goto(struct engine *e, uint64_t step, struct engine_stop *ret);
const struct engine_stop *engine_at(const struct engine *e);
const struct program *engine_program(const struct engine *e);

/*
 * Breakpoints: "FILE:LINE", "LINE", "route NAME" or a kind with its name ("failure_route[X]"), or the name of a function that
 * the script calls. NULL with *why when there is no such place.
 */
struct engine_break *engine_break_add(struct engine *e, struct str where, const char **why);
struct engine_break *engine_break_find(struct engine *e, int id);
/* Every breakpoint, by index; NULL past the end. */
struct engine_break *engine_break_at(struct engine *e, size_t i);
void engine_break_remove(struct engine *e, int id);
/* Tell the child what was changed by hand. A condition that does not compile: *why, false. */
bool engine_breaks_changed(struct engine *e, const char **why);
/* Stop when the value changes; an id, or 0 with *why. */
int engine_watch(struct engine *e, struct str expr, const char **why);
bool engine_unwatch(struct engine *e, int id);

/*
 * Ask the stopped child; the caller frees the answer, NULL when there is none to ask.
 *   {"do":"eval","text":T[,"run":N]}   {"value":"..."} or {"error":"..."}
 *   {"do":"stack"[,"run":N]}           {"frames":[{"route","file","line"}...]}, innermost first; then, marked "past", the
 *                                      runs of the same transaction before this one
 *   {"do":"runs"}                      {"runs":[{"number","route","file","line","message"}...]}
 *   {"do":"message"[,"run":N]}         {"text":"..."} the message with its pending edits
 *   {"do":"txn"[,"run":N]}             {"text":"..."}
 *   {"do":"variables"[,"run":N]}       {"list":[{"name","value"}...]} $var, and what is worth a look
 *   {"do":"why","file":F,"line":L}     {"text":"..."}
 */
json_t *engine_ask(struct engine *e, json_t *question);
/* Value or error of an expression, in the engine's arena; false: error. */
bool engine_eval(struct engine *e, struct str text, uint32_t run, struct str *ret);

/* ---- the child's side (child.c) ---- */

struct engine_child_opts {
	const struct engine_opts *o;
	struct expr_scope *scope;
	int fd; /* to the parent */
};
/* Never returns. */
void engine_child(const struct engine_child_opts *o);

#endif
