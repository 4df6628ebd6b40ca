/* SPDX-License-Identifier: Apache-2.0 */
/* workbench.h - what the verbs that run a script offline share: options, compiling, the file of messages. */
#ifndef DRIVER_WORKBENCH_H
#define DRIVER_WORKBENCH_H

#include "capture/capture.h"
#include "driver/driver.h"

struct program;

struct workbench {
	struct driver_opts o;
	struct compilation *c;
	const struct program *program; /* observed code, in memory */
	struct capture capture;
	/* options */
	const char *input;  /* --sip or --pcap */
	const char *server; /* --server */
	uint64_t seed;      /* --seed */
	uint32_t after_ms;  /* --for, in seconds */
	int log_level;      /* --log */
};

/* One option of a verb's own; moves *i over its value. */
typedef bool workbench_option_fn(void *arg, int argc, char **argv, int *i);
/* "--name VALUE" or "--name=VALUE" at argv[*i]. */
bool workbench_option(int argc, char **argv, int *i, const char *name, const char **value);
/* Fill w from the command line; false: usage. */
bool workbench_parse(int argc, char **argv, struct workbench *w, workbench_option_fn *more, void *arg);
/* Compile w->o.files.v[0] with observed code; reports are printed. An exit code. */
int workbench_compile(struct workbench *w);
/* Read w->input into w->capture, when there is one. An exit code. */
int workbench_read(struct workbench *w);

#endif
