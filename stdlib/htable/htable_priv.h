/* SPDX-License-Identifier: Apache-2.0 */
/* htable_priv.h - what the script functions of htable share. */
#ifndef HTABLE_HTABLE_PRIV_H
#define HTABLE_HTABLE_PRIV_H

#include "abi/pv.h"
#include "core/worker.h"
#include "htable/table.h"

/* Wall-clock seconds of the batch. */
static inline int64_t htable_now(const struct worker *w)
{
	return worker_wall(w) / 1000000;
}
/* "table=>rest": the table and the rest as it stands; NULL, logged, when there is no such table. */
struct ht_table *htable_split(struct run *r, struct str text, struct str *rest);
/* By name; NULL, logged. */
struct ht_table *htable_get(struct run *r, struct str name);

/* event.c */
int htable_events_init(const struct program *p);
void htable_mod_init(struct worker *w);
void htable_sweep_start(struct worker *w, uint32_t interval_ms);
void htable_sweep_stop(void);

#endif
