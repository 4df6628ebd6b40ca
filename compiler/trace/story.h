/* SPDX-License-Identifier: Apache-2.0 */
/*
 * story.h - what happened in a simulated server, as a list of events: messages in and out, log lines, and
 * what the script did (script/observe.h).
 *
 * For: kiln trace and its ladder, kiln test, the debugger. A story listens to one simulation at a
 * time; it copies what it keeps. When the limit is reached it stops listening and says so.
 */
#ifndef TRACE_STORY_H
#define TRACE_STORY_H

#include "abi/program.h"
#include "base/addr.h"
#include "base/arena.h"
#include "world/sim.h"

enum story_kind {
	STORY_IN,    /* a message reached the server: a bytes, from, to; n the STORY_IN before, as last_in */
	STORY_OUT,   /* the server sent one; site: the statement that caused it, 0: none did */
	STORY_LOG,   /* a line of the log: n level, a text */
	STORY_BEGIN, /* a run begins: route, n its kind (IN_*) */
	STORY_END,   /* n value */
	STORY_ENTER, /* a route body begins */
	STORY_LEAVE, /* n value */
	STORY_SITE,  /* a statement begins */
	STORY_VALUE, /* a was read as b */
	STORY_SET,   /* a was assigned b; n code */
	STORY_CODE,  /* function a returned n */
	STORY_COND,  /* a condition came out n */
	STORY_EDIT,  /* at the end of a run: a pending change, told by a */
};

struct story_event {
	enum story_kind kind;
	uint32_t run;  /* number of the run, from 1; 0: none */
	uint32_t site;
	int32_t route; /* -1: none */
	uint32_t depth; /* route bodies around, in its run */
	uint32_t message; /* number of the STORY_IN that its run works on, 0: none */
	uint64_t at;   /* us of the simulation */
	int64_t n;
	struct str a, b;
	enum proto proto; /* IN, OUT */
	struct addr from, to;
};

enum { STORY_RUNS_MAX = 4096, STORY_DEPTH_MAX = 300 };

struct run;

/* A run under way. */
struct story_run {
	struct story_run *next; /* the one begun before */
	struct run *run;
	const struct fiber *fiber;
	uint32_t number, depth, message;
	int32_t route; /* that it began with */
};

struct story {
	struct arena *arena;
	const struct program *program;
	struct sim *sim;
	struct story_event *v;
	size_t n, cap, limit;
	bool full;
	uint32_t n_runs, n_in;
	int64_t last_in; /* index of the newest STORY_IN + 1, 0: none */
	struct story_run *live; /* newest first */
	struct run *now;        /* whose event is being told; NULL for messages and log lines */
	uint32_t kinds;      /* bit per story_kind */
	bool (*is_server)(void *arg, const struct addr *a, enum proto p);
	void *is_server_arg;
	/* Called after each event was added; may be NULL. */
	void (*on_event)(void *arg, const struct story_event *e);
	void *on_event_arg;
};

/* kinds: bits of story_kind to keep, 0: all. limit: events, 0: ten million. */
void story_init(struct story *s, struct arena *a, const struct program *p, uint32_t kinds, size_t limit);
/* Listen from now on; one story at a time in a process. */
void story_listen(struct story *s, struct sim *sim);
void story_ignore(struct story *s);
/* Taps for sim_set_tap and sim_set_log with the story as arg. */
sim_tap_fn story_tap;
sim_log_fn story_log;

/* A run under way by its number, or NULL. */
const struct story_run *story_live(const struct story *s, uint32_t number);
/* The site of the statement at which the running fiber is, 0: none. */
uint32_t story_here(const struct story *s);
/* Value as a script would print it, in the arena; strings in quotes, bytes that cannot be shown escaped. */
struct str story_value(struct arena *a, const struct value *v);
struct str story_quote(struct arena *a, struct str s);
/* "SIP/2.0 200 OK" or "INVITE sip:a@b": the first line as it is shown. */
struct str story_first_line(struct str bytes);

#endif
