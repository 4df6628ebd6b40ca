/* SPDX-License-Identifier: Apache-2.0 */
/*
 * latency.h - what counts as slow, and at which level that is told: the core parameters latency_*.
 *
 * For: script (actions, whole routes) and db (queries). Set at start, the levels, db_us and
 * cfg_us also while the server runs (cfg.seti core latency_...); 0 for a limit: not measured.
 * Durations are of the world's clock, so none pass in the simulated world while code runs.
 */
#ifndef CORE_LATENCY_H
#define CORE_LATENCY_H

#include <stdint.h>

struct latency_conf {
	int64_t level;     /* of slow actions and queries (latency_log) */
	int64_t cfg_level; /* of the duration of a route (latency_cfg_log) */
	int64_t action_us, /* latency_limit_action */
		db_us,     /* latency_limit_db */
		cfg_us;    /* latency_limit_cfg: only longer routes are told */
};
extern struct latency_conf latency_conf;

#endif
