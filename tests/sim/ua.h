/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ua.h - a simulated phone: RFC 3261 client and server transactions with their timers, one call.
 *
 * For tests/sim. It reads and writes messages as text, with nothing of runtime/sip, so that it does not
 * share the server's mistakes. It lives in a world of its own (a worker for its timers), holds no memory
 * but itself, and never gives up before its timers say so. Tests call it, run the simulation, and look at
 * its fields.
 */
#ifndef SIM_UA_H
#define SIM_UA_H

#include "core/timer.h"

enum { UA_T1 = 500, UA_T2 = 4000, UA_TEXT = 2048, UA_CLIENTS = 16, UA_SERVERS = 24, UA_STREAMS = 4, UA_ROUTES = 4 };

struct ua;

/* A message under construction or kept for sending again. */
struct ua_text {
	size_t n;
	char p[UA_TEXT];
};

struct ua_stream {
	struct ua *ua;
	struct world_stream *s;
	bool open;
	size_t n_in, n_out;
	char in[2 * UA_TEXT], out[2 * UA_TEXT];
};

/* How a message leaves: to an address, or over a stream. */
struct ua_way {
	struct addr to;
	struct ua_stream *stream;
};

struct ua_client {
	struct ua *ua;
	bool used, invite, done, provisional;
	char method[16], branch[48];
	int status; /* final: of the reply, 408: none came */
	struct ua_text req, ack;
	struct timer retr, end;
	uint32_t ms;
};

struct ua_server {
	struct ua *ua;
	bool used, invite, acked, final;
	char key[160]; /* branch and method of the top Via */
	char call_id[80];
	unsigned cseq;
	struct ua_way way;
	struct ua_text req, rpl;
	struct timer retr, end, ring, answer;
	uint32_t ms;
	int status;
};

/* What a phone does with an INVITE. */
struct ua_manners {
	bool silent;        /* as if it were not there */
	int ring_ms;        /* 180 after so long; negative: never */
	int final;          /* its final answer; 0: none until it is cancelled */
	int final_ms;
	const char *headers; /* whole headers for the final answer, or NULL */
};

enum ua_state { UA_IDLE, UA_CALLING, UA_RINGING, UA_TALKING, UA_ENDED };

struct ua_call {
	enum ua_state state;
	bool caller;
	char id[80], local[128], remote[256], target[128]; /* local, remote: whole From and To values */
	char route[UA_ROUTES][160];
	unsigned n_routes, cseq;
};

struct ua {
	struct worker *w;
	struct addr at, server;
	enum proto proto;
	const char *user;
	char host[64], domain[64];
	struct ua_manners manners;
	struct world_sock *sock;
	struct world_listener *listener;
	struct ua_stream stream[UA_STREAMS]; /* [0]: the one to the server */
	struct ua_client client[UA_CLIENTS];
	struct ua_server serving[UA_SERVERS];
	unsigned serial;
	struct ua_call call;
	/* what happened */
	int registered;        /* final status of the last REGISTER; 0: under way */
	int options;           /* of the last OPTIONS */
	int invited;           /* final status of the last INVITE sent */
	int bye;               /* of the last BYE sent */
	int cancel;            /* of the last CANCEL sent */
	unsigned contacts;     /* in the last answer to a REGISTER */
	unsigned got_invite, got_ack, got_cancel, got_bye, got_reinvite, provisional, got_2xx;
	unsigned unacked;      /* 2xx or negative answers whose ACK never came */
	unsigned odd;          /* what no phone should see; see ua.c */
};

/* Bind at `at`; `server` is where everything is sent. */
void ua_init(struct ua *u, struct worker *w, const char *user, const struct addr *at,
	     const struct addr *server, enum proto proto);
void ua_fini(struct ua *u);
/* No client transaction waits for its final answer, no answer for its ACK. */
bool ua_idle(const struct ua *u);

/* Text of the nth header of that name; false: there is none (buf is ""). */
bool ua_header(const char *msg, const char *name, unsigned nth, char *buf, size_t size);

enum ua_contact { UA_OWN, UA_STAR, UA_QUERY };
void ua_register(struct ua *u, enum ua_contact c, int expires);
void ua_options(struct ua *u, const char *uri);
void ua_invite(struct ua *u, const char *to_user, int max_forwards);
void ua_cancel(struct ua *u);
void ua_reinvite(struct ua *u);
void ua_bye(struct ua *u);

#endif
