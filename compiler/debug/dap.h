/* SPDX-License-Identifier: Apache-2.0 */
/* dap.h - the Debug Adapter Protocol over a pair of streams, on the debugger's engine. */
#ifndef DEBUG_DAP_H
#define DEBUG_DAP_H

#include <stdio.h>

#include "debug/engine.h"

/* What the editor's launch configuration says; NULL or 0: not told. Texts live as long as the session. */
struct dap_launch {
	const char *program; /* the script */
	const char *capture; /* a capture or a file of messages ("pcap" or "sip") */
	const char *server;
	uint64_t seed;
	const char *const *defines; /* NAME or NAME=VALUE */
	size_t n_defines;
	double run_on; /* simulated seconds after the last message */
};

/* Compile and read; fills *ret (but for its output) or tells why not. Called once. */
typedef bool dap_load_fn(void *arg, const struct dap_launch *l, struct engine_opts *ret, const char **why);

/* Serve one editor until it disconnects; the exit code. */
int dap_serve(FILE *in, FILE *out, dap_load_fn *load, void *arg);

#endif
