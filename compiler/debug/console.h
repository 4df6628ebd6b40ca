/* SPDX-License-Identifier: Apache-2.0 */
/* console.h - the terminal debugger. */
#ifndef DEBUG_CONSOLE_H
#define DEBUG_CONSOLE_H

#include <stdio.h>

#include "debug/engine.h"

/* Commands from `in` (with line editing when it is a terminal) until quit or the end; the exit code. */
int console_run(struct arena *a, struct engine_opts *o, FILE *in, FILE *out);

#endif
