/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tables.h - the process's location tables by name, and how they are used.
 *
 * stdlib/usrloc sets `ul_conf` at start; registrar and others read it. A table is made when its name
 * is first asked for and lives until ul_tables_free(). At most UL_TABLES_MAX of them.
 */
#ifndef USRLOC_TABLES_H
#define USRLOC_TABLES_H

#include "usrloc/usrloc.h"

enum { UL_TABLES_MAX = 64 };

struct ul_conf {
	int64_t use_domain;      /* an AoR is user@domain */
	int64_t desc_time_order; /* newest first */
	int64_t matching_mode;   /* enum ul_match */
	int64_t cseq_delay;      /* s */
	int64_t nat_bflag;       /* branch flag number, -1: none */
};
extern struct ul_conf ul_conf;

/* NULL: memory is out or there are too many. Safe from any thread. */
struct ul_table *ul_table_get(struct str name);
/* Visit all that exist. */
void ul_tables_each(void (*fn)(void *arg, struct ul_table *t), void *arg);
void ul_tables_free(void);

#endif
