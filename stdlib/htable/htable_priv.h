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

/* db.c: tables and a database */
struct htable_db_conf {
	struct str url; /* empty: none */
	struct str key_name, key_type, value_type, key_value, expires; /* columns */
	struct str array_suffix;
	bool with_expires;
};
/* RT_E_UNSUPP, logged: no driver for the URL. */
int htable_db_init(const struct htable_db_conf *c);
void htable_db_fini(void);
bool htable_db_is_set(void);
/* Fill the tables; what goes wrong is logged and the server must not start. Blocks. */
int htable_db_load_all(struct worker *w);
/* Write the tables of dbmode=1 back. Blocks. */
void htable_db_store_all(struct worker *w);
/* In a fiber; the reason of a failure is logged, the table and the database stay as they were. */
int htable_db_reload_await(struct ht_table *t, int64_t now);
int htable_db_store_await(struct ht_table *t, int64_t now);

#endif
