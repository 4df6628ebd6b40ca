/* SPDX-License-Identifier: Apache-2.0 */
/* exec.h - run a command of the shell while the worker goes on. */
#ifndef SCRIPT_EXEC_H
#define SCRIPT_EXEC_H

#include "base/str.h"

struct worker;

/*
 * "/bin/sh -c command", with its input closed and its output where the server's goes; returns when it has ended.
 * In a fiber; *status is that of waitpid. RT_E_IO: it could not be started; RT_E_UNSUPP: a simulated world.
 */
int script_exec_await(struct worker *w, const char *command, int *status);

#endif
