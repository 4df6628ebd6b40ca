/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reply.h - answer the request of a run: by its transaction when there is one, else without.
 *
 * For: sl, registrar, sanity. One request gets one final answer: a second stateless one is refused.
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

#endif
