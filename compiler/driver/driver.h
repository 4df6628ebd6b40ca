/* SPDX-License-Identifier: Apache-2.0 */
/*
 * driver.h - the command line: what it chose, what it prints, how it ends.
 *
 * The driver is the only place that prints.
 */
#ifndef DRIVER_DRIVER_H
#define DRIVER_DRIVER_H

#include <stdio.h>

#include "front/front.h"

enum exit_code {
	EXIT_OK = 0,
	EXIT_FINDINGS = 1,
	EXIT_USAGE = 2,
	EXIT_NO_INPUT = 3,
	EXIT_UNSUPPORTED = 4,
	EXIT_NO_START = 5,
	EXIT_INTERNAL = 70,
};

enum driver_format { FORMAT_TEXT, FORMAT_JSON, FORMAT_SARIF };
struct driver_opts {
	struct front_opts front;
	struct front_list files;
	const char *dump; /* tokens, ast, bound, rir, llvm, sites */
	const char *output;
	enum driver_format format;
	bool fail_on_warning;
	bool quiet;
	bool brief; /* reports in one line each, without excerpts */
	bool observe; /* code that tells script/observe.h what it does */
};

/* Exit code that the reports ask for. */
int compile_exit_code(const struct driver_opts *o, const struct compilation *c);

/* Reports as the options say. */
void print_diags(FILE *out, const struct driver_opts *o, const struct compilation *c);
/* Of several scripts in one document. */
void print_all(FILE *out, const struct driver_opts *o, struct compilation *const *c, size_t n);

/* A verb of the command line: verbs.def. argv is what follows its name. */
struct verb {
	const char *name, *args, *doc;
	int (*run)(int argc, char **argv);
};
/* An option that several verbs take: options.def. */
struct driver_option {
	const char *name, *value, *doc;
};
const struct verb *driver_verbs(size_t *n);
const struct driver_option *driver_options(size_t *n);
#define VERB(name, args, doc) int verb_##name(int argc, char **argv);
#include "driver/verbs.def"
#undef VERB

/* Fill *o from the options of options.def and the files; *rest: index behind "--", or argc. False after telling. */
bool driver_parse(int argc, char **argv, struct driver_opts *o, int *rest);
/* The help text; EXIT_USAGE when it goes to stderr. */
int driver_usage(FILE *out);
int driver_main(int argc, char **argv);
/* Called as `kamailio`: the reference's command line (kamailio.c). */
int driver_kamailio(int argc, char **argv);
/* Compile and serve in this process; argv is the server's. */
int driver_serve(const struct driver_opts *o, const char *file, int argc, char **argv);

#endif
