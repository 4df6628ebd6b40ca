/* SPDX-License-Identifier: Apache-2.0 */
/* rr_priv.h - what rr knows of a message: found in the draft's edits, so that it travels with every copy. */
#ifndef RR_RR_PRIV_H
#define RR_RR_PRIV_H

#include "abi/run.h"
#include "sip/draft.h"

/* Marks of edits. */
enum { RR_RECORDED = 0x5252, RR_ROUTED, RR_ROUTED_ON };

/*
 * What loose_route found, NULL before it: the text are the parameters of our own Route (or R-URI, behind a strict
 * router); it is marked RR_ROUTED_ON when a Route behind ours names the next hop, else RR_ROUTED.
 */
const struct sip_edit *rr_routed(const struct sip_draft *d);

/* By ;ftag= of our Route: 1 from the caller, 2 from the callee. */
int rr_direction(struct run *r);

#endif
