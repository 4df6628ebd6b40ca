/* SPDX-License-Identifier: Apache-2.0 */
/* txn_net.h - the transport table over net/ (the door's struct txn_net): txn_set_net(txn_net_default()). */
#ifndef TXN_TXN_NET_H
#define TXN_TXN_NET_H

struct txn_net;

const struct txn_net *txn_net_default(void);

#endif
