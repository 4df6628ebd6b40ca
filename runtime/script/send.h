/* SPDX-License-Identifier: Apache-2.0 */
/*
 * send.h - the onsend route: what is about to leave, for the operands snd_ip, to_ip ... and $snd, $sndto.
 */
#ifndef SCRIPT_SEND_H
#define SCRIPT_SEND_H

#include "abi/program.h"
#include "base/addr.h"

struct script_send {
	enum proto proto;
	const struct addr *to;
	const struct net_socket *sock; /* NULL: not known yet */
	struct str bytes;
};

/* Let the transactions run the program's onsend route, if it has one. At load. */
void script_onsend_enable(const struct program *p);

#endif
