/* SPDX-License-Identifier: Apache-2.0 */
/* acc_priv.h - records as rows of a database (db.c), for acc.c. */
#ifndef ACC_ACC_PRIV_H
#define ACC_ACC_PRIV_H

#include "acc/acc.h"
#include "db/db.h"

enum { ACC_LEGS_MAX = 16, ACC_COLUMNS = 7 };

struct acc_db_conf {
	struct str url; /* empty: none */
	struct str columns[ACC_COLUMNS]; /* method, From and To tags, Call-ID, code, reason, time */
	int time_mode;
	struct str time_attr, time_exten, time_format;
	bool nullable; /* extra values without a value are NULL, else empty */
};

/* RT_E_UNSUPP, logged: no driver for the URL. */
int acc_db_init(const struct acc_db_conf *c);
/* On a worker: RT_E_IO, logged, when the database cannot be opened. */
int acc_db_start(struct worker *w);
void acc_db_fini(void);
/* Is there one to write to? Not in a simulation that has none. */
bool acc_db_is_set(void);

struct acc_rows {
	const struct acc_record *rec;
	struct str table;
	const struct acc_pair *legs; /* n_legs sets of n_leg: a row each */
	size_t n_leg, n_legs;
};
/* A question that inserts them, the caller's; its texts are copies. NULL: memory is out. */
struct db_ask *acc_db_rows(const struct acc_rows *rows);

/* By strftime's format, in local time or UTC. */
struct str acc_time_text(struct arena *a, int64_t wall_us, bool utc, struct str format);

#endif
