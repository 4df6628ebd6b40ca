/* SPDX-License-Identifier: Apache-2.0 */
/* host.h - serve a compiled script. */
#ifndef HOST_HOST_H
#define HOST_HOST_H

#include "abi/program.h"

/*
 * Read the command line, bind, fork the supervisor, run workers until told to end. The exit code of
 * the process: 0, 2 (usage), 5 (could not start), 70 (fault).
 */
int host_serve(const struct program *p, int argc, char **argv);

#endif
