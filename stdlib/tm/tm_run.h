/* SPDX-License-Identifier: Apache-2.0 */
/* tm_run.h - gives the transaction layer the way to run script routes. Once, at start. */
#ifndef TM_TM_RUN_H
#define TM_TM_RUN_H

struct program;
void tm_run_enable(const struct program *p);

#endif
