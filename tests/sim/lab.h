/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lab.h - a compiled script in a simulated world with phones, for tests/sim.
 *
 * lab_compile() once per script; then lab_begin() ... lab_end() for each run. lab_end() runs until the
 * server is idle and fails the test when anything is left of it: see lab_check_left().
 */
#ifndef SIM_LAB_H
#define SIM_LAB_H

#include "host/offline.h"
#include "ua.h"

enum { LAB_PHONES = 200, LAB_LINES = 64 };

struct lab_opts {
	uint64_t seed;
	struct sim_link link;
	enum proto proto; /* of the phones; NONE: UDP */
	bool ipv6;
	unsigned workers;
	int log_level; /* 0: only errors are kept */
};

struct lab {
	struct offline *server;
	struct sim *sim;
	struct addr at; /* the server's */
	struct world *world;
	struct worker *worker; /* of the phones */
	unsigned n_phones;
	struct lab_opts o;
	size_t blocks, arenas; /* before it began */
	uint64_t digest;       /* of all that was sent and when */
	uint64_t sent;
	unsigned n_lines; /* log lines of level error and worse */
	char line[LAB_LINES][200];
	struct ua phone[LAB_PHONES]; /* last: a run clears only those it uses */
};

/* Script at `path` for in-memory service; NULL after printing why. Lives as long as the process. */
const struct program *lab_compile(const char *path);
const struct program *lab_compile_text(const char *text);

extern const struct sim_link lab_good, lab_bad; /* no loss; 5% loss, duplication, reordering */

int lab_begin(struct lab *l, const struct program *p, const struct lab_opts *o);
struct ua *lab_phone(struct lab *l, const char *user);
/* Step until *v is not 0 (or `limit_ms` have passed); its value. */
int lab_wait(struct lab *l, const int *v, unsigned limit_ms);
/* The same until the call of u is in that state or a later one. */
bool lab_wait_state(struct lab *l, const struct ua *u, enum ua_state s, unsigned limit_ms);
bool lab_wait_count(struct lab *l, const unsigned *v, unsigned n, unsigned limit_ms);
void lab_run_ms(struct lab *l, unsigned ms);
/* Until phones and server have nothing to do; what is left is told in `why`; false when something is. */
bool lab_settle(struct lab *l, char *why, size_t size);
/* Free all; false (why) when the process holds more than before lab_begin(). */
bool lab_end(struct lab *l, char *why, size_t size);

/* RUNS of the environment (make check-sim), or `few`. */
unsigned lab_runs(unsigned few);

#endif
