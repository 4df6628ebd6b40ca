/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen.h - from RIR to machine code. The only folder that knows LLVM.
 *
 * Both ways out use the same module: an object file that the system's cc links with the runtime's
 * archives, or code in memory (ORC). Failures are reported on stderr: they are faults of the
 * installation, not of the script.
 */
#ifndef CODEGEN_CODEGEN_H
#define CODEGEN_CODEGEN_H

#include <stdio.h>

#include "lower/lower.h"

struct program;
struct diag_sink;
struct preproc;

struct codegen_input {
	struct arena *arena;
	const struct rir_program *rir;
	const struct source *source;
	const struct preproc *pp; /* defines of the script */
	const char *file;         /* as given */
};

/* Code is generated, verified and optimised, and goes nowhere. */
bool codegen_check(const struct codegen_input *in);
/* An executable at `out`. */
bool codegen_build(const struct codegen_input *in, const char *out);
/* Code in memory for the life of the process; NULL on failure. */
const struct program *codegen_jit(const struct codegen_input *in);
/* LLVM IR as text, after optimisation. */
bool codegen_dump_ir(const struct codegen_input *in, FILE *out);

/* Symbols of the runtime and all script modules in this process (symbols.c). */
struct codegen_symbol {
	const char *name;
	void (*fn)(void);
	const void *data;
};
const struct codegen_symbol *codegen_symbols(size_t *n);

#endif
