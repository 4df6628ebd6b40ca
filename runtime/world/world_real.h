/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world_real.h - the world of epoll, recvmmsg, getrandom and c-ares.
 *
 * For: host, tests. Also the opening of sockets in the parent process, before there is a world, so
 * that they outlive a server that dies.
 */
#ifndef WORLD_WORLD_REAL_H
#define WORLD_WORLD_REAL_H

#include "world/world.h"

/* Where log lines of real worlds go; process wide. Default: stderr. */
enum world_log_to { WORLD_LOG_STDERR, WORLD_LOG_SYSLOG };
void world_real_log_to(enum world_log_to to);
/* Colours by level on stderr. Default off. */
void world_real_log_color(bool on);
/* The same sink without a world (start-up, parent process). */
void world_real_log(int level, struct str line);

/* Random bytes of the system, without a world. */
void world_real_random(void *buf, size_t n);

int world_real_new(struct world **ret);

/*
 * Bind a UDP socket, or bind and listen on a TCP one, without a world: a descriptor for
 * world_udp_opts.fd or world_tcp_opts.fd, to be closed by the caller. `a` gets the port chosen.
 */
int world_udp_bind_fd(struct addr *a, const struct world_udp_opts *opts, int *ret_fd);
/* Make a bound datagram socket a member of the multicast group of its address. `interface` empty: any. */
int world_udp_join_fd(int fd, const struct addr *group, struct str interface, int ttl, bool loopback);
struct sock_filter;
/*
 * Which of the sockets that share an address gets a datagram: the number that this program (linux/filter.h) answers,
 * in the order of their binding; when there are not so many, as the system spreads them. For the whole group.
 */
int world_udp_filter_fd(int fd, struct sock_filter *f, unsigned short n);
int world_tcp_listen_fd(struct addr *a, const struct world_tcp_opts *opts, int *ret_fd);

#endif
