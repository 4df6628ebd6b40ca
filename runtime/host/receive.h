/* SPDX-License-Identifier: Apache-2.0 */
/* receive.h - a received message's way into its route. */
#ifndef HOST_RECEIVE_H
#define HOST_RECEIVE_H

#include "abi/program.h"
#include "net/net.h"

/* Remember the routes and limits of the program; once, before messages. */
void receive_init(const struct program *p);
/* -K of the command line, after receive_init(). */
void receive_check_via(void);
/* Handlers for net_set_handlers(). */
void receive_message(struct worker *w, const struct msg_origin *o, char *buf, size_t n);
void receive_message_here(struct worker *w, const struct msg_origin *o, char *buf, size_t n); /* in a fiber */
/* A stream was lost: what waited for an answer over it is told. */
void receive_send_error(struct worker *w, const struct net_dst *dst, int err);
void receive_bad(struct worker *w, const struct msg_origin *o, enum net_bad why, char *buf, size_t n);

#endif
