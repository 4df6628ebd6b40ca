/* SPDX-License-Identifier: Apache-2.0 */
/* tally.h - statistics core:rcv_* by method and by class of reply. */
#ifndef HOST_TALLY_H
#define HOST_TALLY_H

#include "sip/msg.h"

/* Make the counters; before messages come. */
void tally_init(void);
/* Count a message that was received. */
void tally(struct sip_msg *m);

#endif
