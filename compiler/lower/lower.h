/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lower.h - from the bound tree to RIR: control flow, coercions and return codes exactly as
 * language.md 4 and 5 have them. Called for programs without errors only.
 */
#ifndef LOWER_LOWER_H
#define LOWER_LOWER_H

#include "lower/rir.h"

/*
 * NULL when memory is out; all lives in the arena. With `observe` the code tells script/observe.h what
 * it does, statement by statement: for trace, debugger and coverage.
 */
struct rir_program *lower_run(struct arena *a, const struct sema_program *p, const struct source *src, bool observe);
/* Index of the struct fmt_ref or pv_ref that a parameter needs; made on demand. */
int lower_fmtref(struct rir_program *p, const struct sema_fmt *fmt);
int lower_pvref(struct rir_program *p, const struct sema_pv *pv);
/* Nothing in it but constants and what a message arrived with (PVF_ARRIVED). */
bool lower_is_arrived(const struct sema_fmt *fmt);

#endif
