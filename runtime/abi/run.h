/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run.h - one run of a route over one message: what generated code and script functions share.
 *
 * A run lives on the stack of the fiber that made it (script/run.h: run_begin, run_end). Generated
 * code touches only the first block of fields; functions of stdlib may use all of them. Nothing in
 * it may be kept past the run. Route code has the type route_fn: it returns the value of its last
 * statement; what else happened stands in ctl.
 */
#ifndef ABI_RUN_H
#define ABI_RUN_H

#include "abi/value.h"

struct run;
struct program;
struct worker;
struct arena;
struct sip_draft;
struct txn;
struct script_vars;
struct cfg_choice;
struct script_send;

typedef int32_t route_fn(struct run *r);

/* Bits of run.ctl. `return` and `break` are jumps inside a route and need no bit. */
enum run_ctl {
	RUN_EXIT = 1, /* the whole script ends: exit, drop, return 0, a function that returned 0 */
	RUN_DROP = 2, /* drop was executed: the caller of the top route decides what that means */
};

/* Which kind of route runs now; also the context masks of FN rows (abi/def.h). */
enum run_kind {
	IN_REQUEST = 1,
	IN_FAILURE = 2,
	IN_BRANCH = 4,
	IN_ONSEND = 8,
	IN_CORE_ONREPLY = 16,
	IN_TM_ONREPLY = 32,
	IN_EVENT = 64,
	IN_ONREPLY = IN_CORE_ONREPLY | IN_TM_ONREPLY,
	IN_ANY = 127,
};

/* The last statements that a worker ran, of all its messages, newest before `next`; 0: none yet. */
enum { RUN_TRAIL = 256, RUN_VAR_MAX = 65535 /* bytes of a $var */ };
struct run_trail {
	uint32_t site[RUN_TRAIL];
	uint8_t next; /* goes round by itself */
};

/* One per route that runs, in that route's stack frame: who called whom. */
struct run_route {
	struct run_route *up; /* the caller's, or NULL */
	uint32_t site;        /* of the call */
	int32_t route;        /* index into program.routes */
};

struct run {
	/* --- touched by generated code --- */
	uint32_t site;      /* index into program.sites of the statement that runs */
	int32_t rc;         /* $rc: code of the last function or route() */
	int32_t ctl;        /* RUN_* */
	int32_t depth;      /* nested blocks, bounded by max_recursive_level */
	int32_t failed;     /* the expression in work met an error (rt.def) */
	int32_t seen;       /* the observer's own mark (host/debug_socket.c); 0 when the run begins */
	uintptr_t stack_low; /* no block begins with its frame below: functions need what is there; 0: not in a fiber */
	int32_t depth_max;  /* max_recursive_level */
	int32_t unused;
	struct value *vars; /* $var frame, program.n_vars long */
	const struct program *prog;
	struct run_trail *trail;    /* the worker's */
	struct run_route *routes;   /* of the route that runs now; NULL outside */
	/* --- for functions --- */
	int32_t kind;             /* one IN_* */
	int32_t branch;           /* index of the branch in branch/onreply/failure context, or -1 */
	struct worker *worker;
	struct arena *arena;      /* scratch of this run; gone when it ends */
	struct sip_draft *draft;  /* the message as the script is changing it; NULL in some events */
	struct txn *txn;          /* the transaction this run belongs to, NULL before there is one */
	struct script_vars *sv;   /* AVPs, XAVPs ...: travel with the message and its transaction */
	const struct script_send *send; /* in an onsend route: what is about to leave; script/send.h */
	struct cfg_choice *cfg;   /* instances that the script selected; script/cfg.h */
	int32_t replied;          /* status of the final reply that went out without a transaction, 0: none yet.
				     Whoever sends one sets it; a second one is refused (one request, one answer) */
	void *frame;              /* owner of vars; script/run.c */
	void *event;              /* what an event route's functions need (its module knows) */
	const char *event_name;   /* of the event route that runs, or NULL */
	void *tm;                 /* what tm was told before there is a transaction */
	struct str log_prefix;    /* of the message, when the script has log_prefix */
	struct run *outer;        /* the run that was at work in this fiber when this one began, or NULL */
	struct run_local *locals; /* storage of modules for this run: script/run.h */
};

#endif
