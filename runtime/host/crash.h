/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crash.h - what a dying server says: the signal, and for each worker the script line it was at, the
 * routes that led there, the message and the last statements it ran.
 *
 * An idle worker shows the last line it ran. The handler only reads (the faulting worker's run is exact,
 * the others run on meanwhile) and writes with write(2); then the default action follows, so that a core
 * is made and the supervisor sees the signal.
 */
#ifndef HOST_CRASH_H
#define HOST_CRASH_H

#include "abi/program.h"

struct worker;

enum { CRASH_WORKERS_MAX = 256 };

/* Once per process, before workers run. */
void crash_install(const struct program *p);
/* On each worker's thread before it runs: its stack for signals, its part of the report. */
void crash_worker(struct worker *w);
/* The worker is about to be freed. */
void crash_forget(struct worker *w);

#endif
