/* SPDX-License-Identifier: Apache-2.0 */
/* core.h - the commands of the server itself: system.*, core.*. Registered by host at start. */
#ifndef RPC_CORE_H
#define RPC_CORE_H

#include "rpc/rpc.h"

extern const struct std_rpc rpc_core_commands[];

/* What the server tells about itself; set once at start, before commands run. */
struct rpc_core_facts {
	int64_t started_us; /* wall clock */
	int argc;
	char **argv;
	void (*stop)(void); /* core.kill */
	unsigned workers;
};
extern struct rpc_core_facts rpc_core_facts;

#endif
