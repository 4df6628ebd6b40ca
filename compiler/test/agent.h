/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent.h - the user agents of a scenario: addresses in the simulated network that send what they are told
 * and keep what they get. The only thing they do by themselves is the ACK to a negative final reply of
 * their INVITE (RFC 3261 17.1.1.3); a retransmission of what came before is kept apart.
 */
#ifndef TEST_AGENT_H
#define TEST_AGENT_H

#include "sip/msg.h"
#include "test/scenario.h"
#include "world/sim.h"

struct agent_message {
	struct agent_message *next;
	struct sip_msg *msg;
	bool again;   /* the same bytes came before */
	bool taken;   /* an expects has had it */
	uint64_t at;
};

struct agent;

struct agents {
	struct arena *a;
	struct sim *sim;
	struct world *world;
	struct addr server[3]; /* by proto: UDP, TCP */
	struct agent *v[SCENARIO_UAS_MAX];
	size_t n;
};

int agents_new(struct agents *g, struct arena *a, struct sim *sim, const struct scenario *s, const struct addr *udp,
	       const struct addr *tcp);
void agents_free(struct agents *g);

/* The oldest message that no expects has had; retransmissions only when `again`. NULL: none. */
struct agent_message *agent_next(struct agent *a, bool again);

/*
 * A request: the usual headers, those of `block` instead or beside, its body behind an empty line. uri empty:
 * within the dialog. A block with a request or status line is a whole message with [keywords] like SIPp's:
 * [branch] [call_id] [cseq] [tag] [local_ip] [local_port] [transport] [len] [last_NAME]. NULL, or why not.
 */
const char *agent_send(struct agent *a, struct str method, struct str uri, struct str block);
/* A reply to the last request that was taken. */
const char *agent_reply(struct agent *a, int status, struct str reason, struct str block);

#endif
