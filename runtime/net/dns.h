/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dns.h - inside runtime/net: the cache of names, shared by the workers, and asking for what it lacks.
 *
 * An entry is what is known of one name and type: records, or that there are none. It never changes;
 * whoever looks at it holds a reference. Bounds: net_conf.dns_cache_mem for all entries (the one used
 * longest ago leaves), NET_DNS_FLIGHTS questions under way on a worker. Times: net_conf.dns_cache_*.
 */
#ifndef NET_DNS_H
#define NET_DNS_H

#include "net/net_priv.h"

enum { NET_DNS_FLIGHTS = 1024 };

struct net_dns_entry {
	_Atomic uint32_t refs;
	struct list node, lru;   /* in the cache */
	bool cached, permanent;
	struct str name;         /* lower case */
	enum world_dns_type type;
	int status;              /* 0, RT_E_NOENT, or why it could not be learnt (never cached) */
	uint64_t expires;        /* monotonic us */
	size_t bytes;
	unsigned n;
	struct world_rr rr[];    /* their texts behind them */
};

int net_dns_new(struct net *n, struct net_dns **ret);
void net_dns_free(struct net_dns **d);
/* A worker's resolver settings and questions under way. */
int net_dns_attach(struct net_worker *nw);
void net_dns_detach(struct net_worker *nw);

/*
 * 0: *ret is a reference (its status tells what is known). RT_E_STATE: not cached and not in a fiber;
 * RT_E_LIMIT, RT_E_NOMEM.
 */
int net_dns_lookup_await(struct worker *w, struct str name, enum world_dns_type type, struct net_dns_entry **ret);
void net_dns_unref(struct net_dns_entry **e);

#endif
