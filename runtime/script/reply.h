/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reply.h - answer the request of a run: by its transaction when there is one, else without.
 *
 * For: sl, registrar, sanity. One request gets one final answer: a second stateless one is refused. A 3xx
 * carries the targets of the request as Contact, when the script has set any.
 */
#ifndef SCRIPT_REPLY_H
#define SCRIPT_REPLY_H

#include "abi/run.h"
#include "sip/build.h"

/* Names of ourselves in replies; texts must stay. Set once at start. */
extern struct sip_ident script_ident;

/* 0; RT_E_STATE: answered already, or no request; RT_E_PARSE, RT_E_NOMEM, RT_E_IO ... */
int script_reply(struct run *r, int status, struct str reason);
/* The same without a transaction, whatever there is. */
int script_reply_stateless(struct run *r, int status, struct str reason);
/* For requests that no run works on (malformed ones): straight from the draft. */
int script_reply_draft(struct worker *w, struct sip_draft *d, int status, struct str reason);

/*
 * Send a received reply on to whom its second Via names (RFC 3261 16.7, 18.2.2), without a transaction;
 * in a fiber. RT_E_NOENT: there is no second Via, or its host has no address.
 */
int script_forward_reply_await(struct worker *w, struct sip_draft *d);

/* What modules add to the way of a message; set at start, NULL members are skipped. */
struct script_reply_hooks {
	/* A reply without a transaction was sent (err 0) or failed. */
	void (*sent)(struct worker *w, struct str reply, int status, int err);
	/* An ACK before any route: true when it is absorbed. */
	bool (*ack)(struct worker *w, struct sip_draft *d);
	/* How transactions redirect: 1 with the flags of each target, 2 with its path; or-ed. */
	int64_t rich_redirect;
	/* A reply that belongs to no transaction: true when something was done with it. In a fiber. */
	bool (*stray_await)(struct worker *w, struct sip_draft *d);
};
extern struct script_reply_hooks script_reply_hooks;

#endif
