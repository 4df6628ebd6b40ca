/* SPDX-License-Identifier: Apache-2.0 */
/* real_priv.h - between real.c and real_dns.c: the resolver of a real world. */
#ifndef WORLD_REAL_PRIV_H
#define WORLD_REAL_PRIV_H

#include "world/world_priv.h"

struct real_dns;

/* A resolver for w; `o` NULL: the system's settings. RT_E_NOMEM, RT_E_IO. */
int real_dns_new(struct world *w, const struct world_dns_opts *o, struct real_dns **ret);
/* What is asked is forgotten, not answered. */
void real_dns_free(struct real_dns **d);
int real_dns_resolve(struct real_dns *d, struct str name, enum world_dns_type type, world_dns_fn *fn,
		     void *arg, struct world_query **ret);
void real_dns_cancel(struct world_query *q);
/* Milliseconds until real_dns_tick() must run, -1: nothing waits. */
int real_dns_timeout_ms(struct real_dns *d);
void real_dns_tick(struct real_dns *d);
unsigned real_dns_open(const struct real_dns *d);

/* Records of a DNS message and the text that they point into. */
struct real_answer {
	struct world_rr rr[WORLD_DNS_RR_MAX];
	char text[16384];
	size_t text_n;
};
/*
 * The records of `type` in an answer to a question for `name`, CNAMEs followed. RT_E_NOENT: none
 * (*neg_ttl from the SOA, RFC 2308), RT_E_PARSE.
 */
int real_dns_parse(const unsigned char *msg, size_t n, struct str name, enum world_dns_type type,
		   struct real_answer *buf, struct world_answer *ret);

#endif
