/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crash.h - what a dying server says: the signal, and the script line that each worker was at.
 *
 * An idle worker shows the last line it ran. The handler only reads what crash_enter() left and writes with write(2); then the default action
 * follows, so that a core is made and the supervisor sees the signal.
 */
#ifndef HOST_CRASH_H
#define HOST_CRASH_H

#include "abi/program.h"
#include "base/str.h"

enum { CRASH_WORKERS_MAX = 256 };

/* Once per process, before workers run. */
void crash_install(const struct program *p);
/*
 * Worker `index` begins a run over these message bytes; the views must stay valid until crash_leave.
 * `site` points at the run's current site. Runs nest: returns what was there, for crash_leave.
 */
struct crash_mark {
	const uint32_t *site;
	struct str message;
};
struct crash_mark crash_enter(unsigned index, const uint32_t *site, struct str message);
void crash_leave(unsigned index, struct crash_mark before);

#endif
