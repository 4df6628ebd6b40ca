/* SPDX-License-Identifier: Apache-2.0 */
/* rpc_net.h - commands about sockets, connections and names: core.tcp_*, core.sockets_list, dns.*, net.stats. */
#ifndef HOST_RPC_NET_H
#define HOST_RPC_NET_H

#include "rpc/rpc.h"

extern const struct std_rpc rpc_net_commands[];

#endif
