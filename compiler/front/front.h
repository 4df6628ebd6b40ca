/* SPDX-License-Identifier: Apache-2.0 */
/*
 * front.h - one script through the front end: from files to tables and diagnostics.
 *
 * For: driver, language server, formatter's checks, workbench. Nothing is printed; reports are in
 * `diag`. The pipeline stops after the stage asked for or at the first stage with errors.
 */
#ifndef FRONT_FRONT_H
#define FRONT_FRONT_H

#include "ast/ast.h"
#include "diag/diag.h"
#include "preproc/preproc.h"
#include "sema/sema.h"

enum stage { STAGE_PREPROC, STAGE_PARSE, STAGE_CHECK, STAGE_LOWER, STAGE_CODEGEN, STAGE_ALL };
enum { FRONT_LIST_MAX = 64 };

struct front_list {
	const char *v[FRONT_LIST_MAX];
	size_t n;
};

/* Zeroed: check everything, the language of 5.6, files from the file system. */
struct front_opts {
	struct front_list defines, substs, substdefs, substdefss, loadmodules, modparams; /* as -A etc. give them */
	enum stage stop;
	bool all_variants;
	bool no_lint;
	int compat; /* 5 or 6 */
	source_read_fn *read; /* where texts come from (editor buffers); NULL: the file system */
	void *read_arg;
	const struct catalog *catalog; /* one to use; NULL: made for this compilation */
};

struct compilation {
	struct arena *arena;
	const struct front_opts *opts;
	const char *file;
	struct source source;
	struct diag_sink diag;
	struct preproc pp;
	struct ast_script script;
	const struct catalog *catalog;
	struct sema_program *program;
	bool read; /* the main file could be read */
	struct arena *beside; /* goes with it: what several variants share */
};

/*
 * Front end up to opts->stop. `o` and `file` must outlive the result, which lives in an arena of its
 * own. NULL when memory is out.
 */
struct compilation *compile_front(const struct front_opts *o, const char *file);
void compile_free(struct compilation **c);

/*
 * --all-variants: the script under the combinations of the names that its #!ifdefs ask for and nobody
 * defines. Gives the compilations (at most max, the first is the one without any name) whose reports
 * are left to tell, each report once, with the condition under which it holds. 0 when memory is out.
 */
size_t compile_variants(const struct front_opts *o, const char *file, struct compilation **ret, size_t max);

#endif
