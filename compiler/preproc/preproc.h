/* SPDX-License-Identifier: Apache-2.0 */
/*
 * preproc.h - what the scanner must know beyond one token: defines, substitutions, conditions, open
 * files, expansions (language.md 1.9, 1.10, 2).
 *
 * Expansion is by text, as the language has it: the scanner pushes a define's value back into its
 * input, so a value may be half an expression or a comment. This folder keeps the tables and says
 * which expansion each byte belongs to; grammar/lexer.l drives it. No file is opened here: includes
 * go through the source layer.
 */
#ifndef PREPROC_PREPROC_H
#define PREPROC_PREPROC_H

#include "ast/ast.h"
#include "diag/diag.h"
#include "source/source.h"

enum {
	PP_DEFINES_MAX = 512,
	PP_IFS_MAX = 512,
	PP_INCLUDES_MAX = 10,
	PP_EXPANSIONS_MAX = 128, /* nested */
	PP_VALUE_MAX = 8192,     /* bytes of one define's value */
	PP_PENDING_MAX = 32768,  /* bytes of values not consumed yet: what the scanner's buffer takes back */
	PP_EXPANDED_MAX = 4 << 20, /* bytes that all expansions of a script give */
};

enum pp_mode { PP_KAMAILIO, PP_MAXCOMPAT, PP_SER };

struct pp_define {
	struct pp_define *next;  /* of the bucket */
	struct pp_define *order; /* in order of definition */
	struct str name, value;
	bool has_value;
	bool used;
	struct loc loc;
};

struct pp_subst;

struct pp_if {
	struct loc loc;
	bool active;       /* this arm is read */
	bool has_else;
	bool outer_active; /* the surrounding text is */
};

/* A file or the command line being read. */
struct pp_frame {
	uint32_t file;
	uint32_t pos;   /* next byte that the scanner will consume */
	uint32_t fed;   /* next byte to hand to the scanner */
	int exps_base;  /* expansions above belong to this frame */
};

struct pp_pending {
	uint32_t left; /* bytes of the pushed-back value not consumed yet */
	uint32_t exp;
	struct loc use;
};

struct preproc {
	struct arena *arena;
	struct source *src;
	struct diag_sink *diag;
	int compat; /* 5 or 6 */
	enum pp_mode mode;
	struct pp_define *buckets[256];
	struct pp_define *first, *last; /* in order */
	int n_defines;
	struct pp_subst *substs, *last_subst;
	struct pp_if ifs[PP_IFS_MAX];
	int n_ifs;
	uint64_t arms; /* hash over the conditions and which of them held: equal texts were read */
	struct pp_frame frames[PP_INCLUDES_MAX + 2];
	int n_frames;
	struct pp_pending exps[PP_EXPANSIONS_MAX];
	int n_exps;
	size_t expanded; /* bytes, of all so far */
	bool expansion_told;
	bool too_deep; /* includes went below PP_INCLUDES_MAX: it is told, and no more are followed */
	struct diag *mute_endif; /* a #!endif or #!else that is a comment: told, perhaps the cause of more */
	struct ast_trivia *trivia, *last_trivia;
	/* names that conditions asked for and nobody defined, once each: for lint and --all-variants */
	struct pp_asked {
		struct pp_asked *next;
		struct str name;
		struct loc loc;
	} *asked;
};

void pp_init(struct preproc *p, struct arena *a, struct source *src, struct diag_sink *d, int compat);

enum pp_define_how { PP_DEFINE, PP_TRYDEF, PP_REDEF };
/* False after reporting: defined already, too many, too long. */
bool pp_define(struct preproc *p, struct str name, const struct str *value, struct loc loc,
	       enum pp_define_how how);
/* -A NAME or NAME=VALUE. */
bool pp_define_option(struct preproc *p, struct str text);
/* False when there was none. */
bool pp_undef(struct preproc *p, struct str name);
/* `#!KILN compat 6`: the language version for all of the script; predefined names follow. */
void pp_set_compat(struct preproc *p, int compat);
struct pp_define *pp_find(struct preproc *p, struct str name);
/* MOD_x of a loadmodule argument ("dir/x.so"). */
void pp_define_module(struct preproc *p, struct str file, struct loc loc);

/* `text` is "/re/repl/flags" with any separator; def: 0 subst, 1 substdef, 2 substdefs. */
bool pp_subst_add(struct preproc *p, struct str text, struct loc loc, int def);
/* All rules in order; the text itself when none matches. */
struct str pp_subst(struct preproc *p, struct str text);
void pp_fini(struct preproc *p); /* frees compiled rules */

/* Conditions. `value`: the condition itself, inverted for ifndef. */
void pp_if_push(struct preproc *p, bool value, struct loc loc);
void pp_if_else(struct preproc *p, struct loc loc);
void pp_if_pop(struct preproc *p, struct loc loc);
/* Is text read now? */
bool pp_active(const struct preproc *p);
/* At the end of all input: reports what is open. */
void pp_if_end(struct preproc *p);
/* ifdef's question; remembers names nobody defined. */
bool pp_if_defined(struct preproc *p, struct str name, struct loc loc);

/* ifexp: truth of an expression; defexp: its text. False after reporting. */
bool pp_expr_true(struct preproc *p, struct str text, struct loc loc, bool *ret);
bool pp_expr_text(struct preproc *p, struct str text, struct loc loc, struct str *ret);

/* Values of $env(X), $def(X) ... in a text (substdef, modparamx); others stay as written. */
struct str pp_eval_pvs(struct preproc *p, struct str text);

/* Positions: n bytes are consumed; the place where the next byte stands. */
struct loc pp_here(const struct preproc *p);
void pp_consume(struct preproc *p, uint32_t n);
/* The file on top is read again from byte `off`; what expansions hold is dropped. */
void pp_rewind(struct preproc *p, uint32_t off);
/* One byte goes back. */
void pp_unconsume(struct preproc *p);
/* The value of d was pushed back for the use at `use`. False: it would not end (reported). */
bool pp_expand(struct preproc *p, struct pp_define *d, struct loc use);
/* Push an included file; RT_E_NOENT; RT_E_LIMIT: too deep; RT_E_STATE: was too deep before, includes are not followed any more. */
int pp_include(struct preproc *p, struct str name, struct loc loc);
/* Bytes for the scanner from the file on top; 0 at its end. */
size_t pp_feed(struct preproc *p, char *buf, size_t max);
/* The file on top has ended: false when it was the last. */
bool pp_pop_file(struct preproc *p);

void pp_trivia(struct preproc *p, enum ast_trivia_kind kind, struct loc loc);

#endif
