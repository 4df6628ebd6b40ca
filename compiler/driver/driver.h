/* SPDX-License-Identifier: Apache-2.0 */
/*
 * driver.h - one compilation from files to tables, and what the command line chose.
 *
 * The pipeline stops after the stage asked for or at the first stage with errors. The driver is the
 * only place that prints.
 */
#ifndef DRIVER_DRIVER_H
#define DRIVER_DRIVER_H

#include <stdio.h>

#include "ast/ast.h"
#include "diag/diag.h"
#include "preproc/preproc.h"
#include "sema/sema.h"

enum exit_code {
	EXIT_OK = 0,
	EXIT_FINDINGS = 1,
	EXIT_USAGE = 2,
	EXIT_NO_INPUT = 3,
	EXIT_UNSUPPORTED = 4,
	EXIT_NO_START = 5,
	EXIT_INTERNAL = 70,
};

enum stage { STAGE_PREPROC, STAGE_PARSE, STAGE_CHECK, STAGE_LOWER, STAGE_CODEGEN, STAGE_ALL };
enum driver_format { FORMAT_TEXT, FORMAT_JSON, FORMAT_SARIF };
enum { DRIVER_LIST_MAX = 64 };

struct driver_list {
	const char *v[DRIVER_LIST_MAX];
	size_t n;
};

struct driver_opts {
	struct driver_list files;
	struct driver_list defines, substs, substdefs, substdefss, loadmodules, modparams;
	const char *dump;   /* tokens, ast, bound, rir, llvm, sites */
	enum stage stop;
	const char *output;
	enum driver_format format;
	bool fail_on_warning;
	bool all_variants;
	bool no_lint;
	bool quiet;
	int compat; /* 5 or 6 */
};

struct rir_program;

struct compilation {
	struct arena *arena;
	const struct driver_opts *opts;
	const char *file;
	struct source source;
	struct diag_sink diag;
	struct preproc pp;
	struct ast_script script;
	const struct catalog *catalog;
	struct sema_program *program;
	bool read; /* the main file could be read */
};

/* Front end up to opts->stop; reports are in c->diag (not printed). NULL when memory is out. */
struct compilation *compile_front(const struct driver_opts *o, const char *file);
void compile_free(struct compilation **c);
/* Exit code that the reports ask for. */
int compile_exit_code(const struct compilation *c);

/* Reports as the options say. */
void print_diags(FILE *out, const struct compilation *c);
int explain(const char *what);

int driver_main(int argc, char **argv);
/* Called as `kamailio`: the reference's command line (kamailio.c). */
int driver_kamailio(int argc, char **argv);
/* Compile and serve in this process; argv is the server's. */
int driver_serve(const struct driver_opts *o, const char *file, int argc, char **argv);

#endif
