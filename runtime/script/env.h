/* SPDX-License-Identifier: Apache-2.0 */
/*
 * env.h - what script functions ask of their surroundings: log lines that name the statement, paths
 * below the run-time directory, replies without a transaction.
 */
#ifndef SCRIPT_ENV_H
#define SCRIPT_ENV_H

#include "abi/program.h"
#include "core/log.h"

/* "cfg:FILE:LINE: text" at that level. */
void script_log(const struct run *r, int level, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
#define script_err(r, ...) script_log((r), L_ERR, __VA_ARGS__)
#define script_warn(r, ...) script_log((r), L_WARN, __VA_ARGS__)

/* Text of a value in the run's arena: ints in decimal, null "". */
struct str script_text_made(struct run *r, struct value v);
static inline struct str script_text(struct run *r, const struct value *v)
{
	return value_is_str(v) ? v->s : script_text_made(r, *v);
}

/* name as it is when absolute, else below the run-time directory; false: too long. */
bool script_run_path(struct str name, char *buf, size_t size);
/* Give a file away: names or numbers; empty: as it is. RT_E_NOENT: no such user or group, RT_E_IO; both logged. */
int script_chown(const char *path, struct str user, struct str group);
void script_set_run_dir(const char *dir);

#endif
