/* SPDX-License-Identifier: Apache-2.0 */
#include "host/stats.h"

#include "base/mem.h"
#include "core/counter.h"
#include "net/net.h"

static struct net *net;

static int64_t net_stat(void *arg)
{
	struct net_stats st;
	uint64_t v;

	net_get_stats(net, &st);
	memcpy(&v, (const char *)&st + (size_t)(uintptr_t)arg, sizeof(v));
	return (int64_t)v;
}

static int64_t held_bytes(void *arg)
{
	(void)arg;
	return (int64_t)mem_bytes();
}

static int64_t held_blocks(void *arg)
{
	(void)arg;
	return (int64_t)mem_blocks();
}

static int64_t none(void *arg)
{
	(void)arg;
	return 0;
}

static void computed(const char *group, const char *name, int64_t (*fn)(void *arg), size_t arg)
{
	counter_set_fn(counter_get(str_of(group), str_of(name)), fn, (void *)(uintptr_t)arg); /* an offset */
}

void stats_init(struct net *n)
{
	static const struct {
		const char *group, *name;
		size_t off;
	} of_net[] = {
		{"tcp", "con_reset", offsetof(struct net_stats, tcp_resets)},
		{"tcp", "con_timeout", offsetof(struct net_stats, tcp_timeouts)},
		{"tcp", "connect_failed", offsetof(struct net_stats, tcp_connect_failed)},
		{"tcp", "connect_success", offsetof(struct net_stats, tcp_connects)},
		{"tcp", "current_opened_connections", offsetof(struct net_stats, tcp_open)},
		{"tcp", "current_write_queue_size", offsetof(struct net_stats, tcp_wq_bytes)},
		{"tcp", "established", offsetof(struct net_stats, tcp_established)},
		{"tcp", "local_reject", offsetof(struct net_stats, tcp_refused)},
		{"tcp", "passive_open", offsetof(struct net_stats, tcp_accepted)},
		{"tcp", "sendq_full", offsetof(struct net_stats, tcp_wq_full)},
		{"dns", "failed_dns_request", offsetof(struct net_stats, dns_errors)},
	};

	net = n;
	for (size_t i = 0; i < sizeof(of_net) / sizeof(of_net[0]); i++)
		computed(of_net[i].group, of_net[i].name, net_stat, of_net[i].off);
	computed("shmem", "fragments", held_blocks, 0);
	computed("shmem", "free_size", none, 0); /* nothing is set aside */
	computed("shmem", "max_used_size", held_bytes, 0);
	computed("shmem", "real_used_size", held_bytes, 0);
	computed("shmem", "total_size", held_bytes, 0);
	computed("shmem", "used_size", held_bytes, 0);
}
