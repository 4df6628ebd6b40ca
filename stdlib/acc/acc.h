/* SPDX-License-Identifier: Apache-2.0 */
/*
 * acc.h - the door for modules that account elsewhere (databases, RADIUS): they are given each record that
 * acc writes to the log, after it was written. At start-up only; at most ACC_BACKENDS_MAX.
 */
#ifndef ACC_ACC_H
#define ACC_ACC_H

#include "abi/run.h"

enum { ACC_BACKENDS_MAX = 8, ACC_EXTRA_MAX = 64 };

struct acc_pair {
	struct str name, value;
	bool is_null; /* value is empty */
};

struct acc_record {
	struct str what; /* "transaction answered", "call missed", "request accounted" ... */
	struct str method, from_tag, to_tag, call_id, code, reason;
	int64_t wall_us;
	const struct acc_pair *extra; /* log_extra, then the legs */
	size_t n_extra;
};

/* In the run that the values were read in; the record and its texts are gone when fn returns. */
typedef void acc_backend_fn(void *arg, struct run *r, const struct acc_record *rec);
/* RT_E_LIMIT. */
int acc_add_backend(acc_backend_fn *fn, void *arg);

#endif
