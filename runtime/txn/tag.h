/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tag.h - the To-tag of replies that we make ourselves.
 *
 * For: txn and stateless replies. RFC 3261 8.2.6.2 and 16.11 want a retransmitted request to get the
 * same tag without state: the tag is a keyed hash (the process's secret of base/hash.h) over what a
 * retransmission repeats: the branch of the top Via (all of it when it has none), Call-ID and CSeq number. So both layers agree.
 */
#ifndef TXN_TAG_H
#define TXN_TAG_H

#include "sip/msg.h"

enum { TXN_TAG_LEN = 32 };

/* Text in buf; never fails (missing headers count as empty). An ACK yields its INVITE's tag. */
struct str txn_tag(struct sip_msg *m, char buf[TXN_TAG_LEN + 1]);
/* The same with another Via than the topmost: what the tag of the request was, from its reply. */
struct str txn_tag_by(struct sip_msg *m, const struct sip_via *v, char buf[TXN_TAG_LEN + 1]);

#endif
