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
	int64_t advertised;      /* who tells a contact's socket tells the address that it advertises */
	int64_t nat_bflag;       /* branch flag number, -1: none */
	struct str xavp_contact; /* XAVP whose record becomes a contact's attrs; empty: none */
	int64_t max_contacts;    /* of one table, 0: the default */
	void (*on_table)(struct ul_table *t); /* told of each new table, or NULL */
};
extern struct ul_conf ul_conf;

/* Told of every contact that the sweep removed, in a fiber of the sweep; NULL: nobody wants to know. */
extern void (*ul_on_expired)(struct ul_table *t, struct str aor, const struct ul_contact *c);

/* NULL: memory is out or there are too many. Safe from any thread. */
struct ul_table *ul_table_get(struct str name);
/* The table, or NULL when nobody asked for it yet. */
struct ul_table *ul_table_find(struct str name);
/* Visit all that exist. */
void ul_tables_each(void (*fn)(void *arg, struct ul_table *t), void *arg);
void ul_tables_free(void);

#endif
