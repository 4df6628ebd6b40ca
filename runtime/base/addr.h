/* SPDX-License-Identifier: Apache-2.0 */
/*
 * addr.h - network addresses and transport names, as plain data.
 *
 * struct addr is an IP address with a port in host order; family 0 means "none". The numbers of
 * enum proto are the language's ($prid, K(UDP) ...).
 */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include <sys/socket.h>

#include "base/str.h"

enum proto {
	PROTO_NONE = 0,
	PROTO_UDP = 1,
	PROTO_TCP = 2,
	PROTO_TLS = 3,
	PROTO_SCTP = 4,
	PROTO_WS = 5,
	PROTO_WSS = 6,
	PROTO_OTHER = 7,
};

struct addr {
	uint16_t family; /* AF_INET, AF_INET6, or 0 */
	uint16_t port;   /* host order */
	uint8_t ip[16];  /* network order; 4 bytes used for AF_INET */
};

enum { ADDR_TEXT_MAX = 48 }; /* "[....]" and a NUL */

/* Lower-case name ("udp"), "none" for PROTO_NONE. */
struct str proto_name(enum proto p);
/* Upper-case name as Via writes it ("UDP"). */
struct str proto_via_name(enum proto p);
/* Case-insensitive; PROTO_NONE when unknown. */
enum proto proto_parse(struct str s);
/* 5060, or 5061 for TLS; 80/443 for WS/WSS. */
uint16_t proto_port(enum proto p);
bool proto_is_stream(enum proto p);

/* Parse an IPv4 or IPv6 literal, brackets allowed round the latter; port becomes 0. */
bool addr_parse(struct str s, struct addr *ret);
/* Text of the IP alone: bare ("::1"), or with brackets round IPv6 when `brackets`. */
struct str addr_text(const struct addr *a, bool brackets, char buf[ADDR_TEXT_MAX]);
/* How IPv6 is written: "c" compressed (default), "a" in full, "A" in full with capitals. At start only. */
void addr_set_v6_style(struct str style);
bool addr_ip_eq(const struct addr *a, const struct addr *b);
bool addr_eq(const struct addr *a, const struct addr *b); /* IP and port */
bool addr_is_any(const struct addr *a);
bool addr_is_multicast(const struct addr *a);
/* The first `bits` bits are equal and the families too. */
bool addr_in_net(const struct addr *a, const struct addr *net, unsigned bits);
socklen_t addr_to_sockaddr(const struct addr *a, struct sockaddr_storage *ss);
bool addr_from_sockaddr(const struct sockaddr *sa, struct addr *ret);
uint64_t addr_hash(const struct addr *a);

struct net_socket; /* a listening socket; net/net.h */

/* How a message reached us. Plain data, copied with the message. */
struct msg_origin {
	enum proto proto;
	struct addr src;
	struct addr dst;
	const struct net_socket *sock; /* received on; lives as long as the process */
	uint64_t conn_id;              /* stream connection, 0 for datagrams */
	int64_t wall_us;               /* world's wall clock at receipt, us since the epoch */
};

#endif
