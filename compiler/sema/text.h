/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text.h - pseudo-variables and format strings, bound: "$(hdr(X)[-1]{s.len})" as rows of the catalog.
 *
 * For sema (which makes them) and lower (which compiles them). All memory belongs to the arena of
 * the compilation; nothing here is changed after binding. language.md 1.5, 6, 7, 8.
 */
#ifndef SEMA_TEXT_H
#define SEMA_TEXT_H

#include "catalog/catalog.h"

struct sema_pv;
struct sema_fmt;
struct sema_pv_cache;

enum { SEMA_PATH_MAX = 8, SEMA_TR_MAX = 16, SEMA_PV_DEPTH = 8 };

/* avp names, in sema_name.num (struct pv_name.num of the ABI): class in bits 8.., bit 0: integer name */
enum sema_avp_name {
	SEMA_AVP_STR = 0,
	SEMA_AVP_INT = 1,
	SEMA_AVP_CLASS_SHIFT = 8, /* index into "f t fr tr fu tu fd td g" plus 1; 0 none */
};

/* The index in [..]. */
struct sema_index {
	int kind;                  /* enum pv_index of abi/pv.h */
	int64_t num;
	const struct sema_pv *pv;  /* PV_INDEX_NUM given by a variable: else NULL */
};

/*
 * The inner name in (..): what is set depends on the row's inner kind. When `dyn` is set the text is
 * only known at run time: that variable's value (KEY, NAME, NUMBER, FLAGNAME, AVPNAME).
 */
struct sema_name {
	bool present;
	struct str text;                /* as written, trimmed; AVPNAME: without class and prefix */
	int64_t num;                    /* KEY index, NUMBER, FLAGNAME, VARSLOT, AVPNAME bits */
	const struct sema_pv *dyn;
	const struct sema_pv *inner;    /* INNERPV */
	const struct sema_fmt *fmt;     /* INNERFMT */
	int n_parts;                    /* PATH */
	const struct sema_path_part *parts;
};

struct sema_path_part {
	struct str text;
	struct sema_index index;
	const struct sema_pv *dyn;
};

struct sema_tr_arg {
	int kind; /* enum cat_arg_kind */
	struct str text;
	int64_t num;              /* INT, ENUM, ... when constant */
	const struct sema_pv *pv; /* the argument is a variable: its value, else NULL */
	const struct sema_fmt *fmt; /* STR or SUBST with variables inside, else NULL */
};

struct sema_tr {
	const struct cat_tr *row;
	int n_args;
	struct sema_tr_arg args[CAT_ARGS_MAX];
};

struct sema_pv {
	const struct cat_pv *row;
	struct str text; /* as written, "$(ru{s.len})" */
	struct sema_name name;
	struct sema_index index;
	int n_trs;
	const struct sema_tr *trs;
	uint32_t type;  /* VT_* of the value after the transformations */
	bool ser_attr;  /* SER attribute: assignment replaces instead of pushing */
	int id;         /* equal texts share one object; 0.. in order of appearance */
};

struct sema_fmt_part {
	struct str text;          /* literal bytes when pv is NULL */
	const struct sema_pv *pv;
};

/* A format string: its parts in order. */
struct sema_fmt {
	struct str text; /* as written */
	int n_parts;
	const struct sema_fmt_part *parts;
	bool constant;              /* no variable: `plain` is the value */
	struct str plain;           /* constant value ($$ reduced) */
	const struct sema_pv *only; /* the whole text is exactly this variable, else NULL */
	int id;
};

enum sema_text_code {
	TEXT_OK,
	TEXT_NOMEM,
	TEXT_LONE_DOLLAR,   /* "$" followed by no name */
	TEXT_SYNTAX,        /* bracket without end, text after the variable ... */
	TEXT_UNKNOWN_PV,
	TEXT_UNSUPPORTED_PV,
	TEXT_UNLOADED_PV,   /* belongs to a module that is not loaded */
	TEXT_UNKNOWN_TR,
	TEXT_UNSUPPORTED_TR,
	TEXT_UNLOADED_TR,
	TEXT_TR_ARGS,       /* wrong number or kind of arguments */
	TEXT_NEEDS_NAME,    /* $var, $var() */
	TEXT_TAKES_NO_NAME, /* $ru(x) */
	TEXT_BAD_NAME,      /* inner name not of the wanted form */
	TEXT_TAKES_NO_INDEX,
	TEXT_BAD_INDEX,
	TEXT_TOO_DEEP,
	TEXT_UNKNOWN_TABLE, /* $sht(t=>k): t is not declared */
};

/* What is wrong: bytes [at, at+n) of the text given. */
struct sema_text_error {
	enum sema_text_code code;
	size_t at, n;
	struct str what;    /* the name in question */
	struct str suggest; /* what was probably meant, or empty */
	const char *module; /* UNSUPPORTED, UNLOADED: whose it is */
	const char *why;    /* SYNTAX, TR_ARGS, BAD_NAME: one clause */
};

/* What binding needs to know about the program. One per compilation. */
struct sema_text_env {
	struct arena *arena;
	const struct catalog *cat;
	void *ctx;
	bool (*visible)(void *ctx, const char *module);
	int64_t (*flag)(void *ctx, struct str name); /* number of a declared flag, or -1 */
	bool (*hash_table)(void *ctx, struct str name); /* declared? NULL: all are */
	int64_t (*var)(void *ctx, struct str name);  /* slot of a $var name, made on demand */
	struct sema_text_error err; /* of the last call that failed */
	struct sema_pv_cache *cache;
	int n_pvs, n_fmts; /* ids given out */
};

/* The whole of `text` is one variable, "$..." . NULL: see env->err. Equal texts give one object. */
const struct sema_pv *sema_pv_bind(struct sema_text_env *e, struct str text);
/* A SER attribute as the AVP of that name ("f.x" classes as in $avp). NULL: see env->err. */
const struct sema_pv *sema_attr_bind(struct sema_text_env *e, struct str name);
/* A format string. NULL: see env->err. */
const struct sema_fmt *sema_fmt_bind(struct sema_text_env *e, struct str text);
/*
 * "/regex/replacement/flags" whose replacement holds variables: *fmt is the replacement (NULL when it is plain)
 * and *text the whole with one byte SEMA_SUBST_HOLE in the place of each variable. False: see env->err.
 */
enum { SEMA_SUBST_HOLE = 1 };
/* Does a variable start anywhere in it? A dollar sign may also be an anchor. */
bool sema_text_has_pv(struct str text);
bool sema_subst_bind(struct sema_text_env *e, struct str subst, struct str *text, const struct sema_fmt **fmt);
/* End of the variable that starts at text[0] == '$' ("$(..)", "$name(..)"), or 0 when it has none. */
size_t sema_pv_extent(struct str text);

#endif
