/* SPDX-License-Identifier: Apache-2.0 */
/* stats.h - statistics that other layers keep in a form of their own: groups tcp, dns, shmem. */
#ifndef HOST_STATS_H
#define HOST_STATS_H

struct net;

/* Before workers run; n must outlive whoever reads the counters. */
void stats_init(struct net *n);

#endif
