/* SPDX-License-Identifier: Apache-2.0 */
/* load.h - make a compiled program ready: constants, parameters, modules. */
#ifndef SCRIPT_LOAD_H
#define SCRIPT_LOAD_H

#include "abi/module.h"

/*
 * Compile the constant regexes, give every module parameter its default and then what the script set,
 * register RPC commands and counters, run the modules' init in load order. RT_E_* after logging.
 */
int program_load(const struct program *p);
/* Only its constants: for code beside a program in service (a debugger's expressions). */
int program_load_constants(const struct program *p);
/* fini of the modules in reverse order; frees the constants. */
void program_unload(const struct program *p);
/* Per worker, in load order; on failure those that ran are undone. */
int program_worker_init(const struct program *p, struct worker *w);
void program_worker_fini(const struct program *p, struct worker *w);

/* Value of a core parameter: the last assignment, or the default given. */
int64_t program_core_int(const struct program *p, const char *name, int64_t def);
struct str program_core_str(const struct program *p, const char *name, struct str def);
/* A custom global of the script (group.name = number), or the default given. */
int64_t program_global_int(const struct program *p, const char *group, const char *name, int64_t def);
const struct program_value *program_core_find(const struct program *p, const char *name);

#endif
