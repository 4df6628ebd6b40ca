/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rir.h - the routing IR: what a script does, with all names gone.
 *
 * A program is a list of functions (routes and small thunks); a function is a list of instructions with
 * labels. Temporaries are numbered and typed (I 64-bit integer, P pointer) and assigned once; what
 * changes lives in a slot. Strings and tagged values are memory (struct str, struct value) reached by
 * pointers to slots or constants. Every instruction carries the site of its statement.
 */
#ifndef LOWER_RIR_H
#define LOWER_RIR_H

#include "sema/sema.h"

enum rir_op {
	RIR_INT,      /* t = imm */
	RIR_TEXT,     /* t = pointer to a constant struct str (text) */
	RIR_VALUE,    /* t = pointer to a constant struct value: int imm, or text */
	RIR_SLOT,     /* t = pointer to a slot in the frame; imm: enum rir_slot; a: count */
	RIR_ELEM,     /* t = a + imm (element of a slot array), type in b */
	RIR_LOAD,     /* t = int64 at a */
	RIR_STORE,    /* int64 a to b */
	RIR_SETINT,   /* struct value at b = int a */
	RIR_SETSTR,   /* struct value at b = struct str at a */
	RIR_SETNULL,  /* struct value at b = null */
	RIR_COPY,     /* struct value at a to b */
	RIR_COPYSTR,  /* struct str at a to b */
	RIR_VAR,      /* t = pointer to $var slot imm */
	RIR_SETVAR,   /* $var slot imm = struct value at a */
	RIR_TAG,      /* t = tag of the value at a */
	RIR_LEN,      /* t = length of the str at a */
	RIR_FIELD,    /* t = run field imm (enum rir_field) as int */
	RIR_SETFIELD, /* run field imm = a */
	RIR_BIN,      /* t = a (imm: enum ast_op) b; arithmetic wraps as the language version says */
	RIR_GLOBAL,   /* t = address of symbol (name) */
	RIR_NAME,     /* t = pointer to a constant struct pv_name (obj) */
	RIR_PVREF,    /* t = pointer to a constant struct pv_ref of variable obj (sema_pv) */
	RIR_REGEX,    /* t = the constant regex, substitution or select imm, compiled at load */
	RIR_CALL,     /* t = name(run, args) ; sig as in rt.def; t -1: result unused */
	RIR_LABEL,    /* imm */
	RIR_JUMP,     /* to imm */
	RIR_BRANCH,   /* a != 0: imm, else imm2 */
	RIR_RET,      /* a */
	RIR_SITE,     /* run.site = imm */
	/* While a function is lowered only (cse.c): */
	RIR_EXPR,     /* computation imm begins ... */
	RIR_EXPR_END, /* ... and has ended: its slot has the result */
	RIR_CLOBBER,  /* the message may have been edited */
};

enum rir_slot { RIR_SLOT_INT, RIR_SLOT_STR, RIR_SLOT_VALUE, RIR_SLOT_NAME };
enum rir_field { RIR_F_RC, RIR_F_CTL, RIR_F_FAILED, RIR_F_DEPTH };

enum { RIR_ARGS_MAX = 8 };

struct rir_inst {
	enum rir_op op;
	int32_t t, a, b; /* temporaries, -1: none */
	int64_t imm, imm2;
	uint32_t site;
	struct str text;
	const char *name; /* symbol of CALL and GLOBAL */
	const char *sig;  /* CALL: as in rt.def */
	int32_t args[RIR_ARGS_MAX];
	int32_t n_args;
	const void *obj;
};

enum rir_fn_kind { RIR_ROUTE, RIR_PV_GET, RIR_PV_SET, RIR_FMT };

struct rir_fn {
	enum rir_fn_kind kind;
	const char *symbol;
	struct str shown;      /* as a debugger names it */
	int route;             /* RIR_ROUTE: index */
	struct loc loc;
	struct rir_inst *v;
	size_t n, cap;
	int n_temps, n_labels;
};

struct rir_site {
	struct str file;
	uint32_t line, column;
	int32_t route;
};

struct rir_regex {
	struct str text;
	int flags; /* 1: ignore case */
	int kind;  /* enum program_constant */
};

struct rir_ref { /* one struct pv_ref to emit */
	const struct sema_pv *pv;
	const char *get, *set; /* symbols of the thunks, set NULL: read-only */
};

struct rir_fmtref {
	const struct sema_fmt *fmt;
	const char *eval;
};

struct rir_program {
	struct arena *arena;
	const struct sema_program *sema;
	const struct source *src;
	bool failed;  /* memory was out */
	bool observe; /* calls of rt_see_* are in the code */
	bool timed;   /* actions are measured (latency_limit_action) */
	struct rir_fn **fns;
	size_t n_fns, cap_fns;
	struct rir_site *sites;
	size_t n_sites, cap_sites;
	struct rir_regex *regexes;
	size_t n_regexes, cap_regexes;
	struct rir_ref *refs; /* index: by first use */
	size_t n_refs, cap_refs;
	struct rir_fmtref *fmts;
	size_t n_fmts, cap_fmts;
	uint32_t *kept; /* slots of $var whose values outlive the run */
	size_t n_kept;
};

/* Functions as text (--dump=rir). */
void rir_dump(const struct rir_program *p, struct sb *out);
/* Sites as text (--dump=sites). */
void rir_dump_sites(const struct rir_program *p, struct sb *out);

#endif
