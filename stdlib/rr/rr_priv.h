/* SPDX-License-Identifier: Apache-2.0 */
/* rr_priv.h - what rr knows of a message: found in the draft's edits, so that it travels with every copy. */
#ifndef RR_RR_PRIV_H
#define RR_RR_PRIV_H

#include "abi/run.h"
#include "sip/draft.h"

/* What loose_route found; NULL before it. */
struct rr_routed {
	struct str params; /* of our own Route (or R-URI, behind a strict router) */
	bool next_hop;     /* behind ours a Route names the next hop */
};
const struct rr_routed *rr_routed(const struct sip_draft *d);

/* By ;ftag= of our Route: 1 from the caller, 2 from the callee. */
int rr_direction(struct run *r);

#endif
