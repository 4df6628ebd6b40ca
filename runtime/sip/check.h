/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check.h - may this message be worked on, and if not, what is the answer?
 *
 * Called once per received message before the script. The default: 400 (505 for another version)
 * when a request is wrong but has a Via that says where the answer goes; silence for an ACK, for a
 * reply, and for what cannot be answered. The message's origin must be set: streams are judged more
 * strictly, because a wrong length makes what follows another message.
 */
#ifndef SIP_CHECK_H
#define SIP_CHECK_H

#include "sip/msg.h"

enum sip_verdict {
	SIP_ACCEPT,
	SIP_REJECT, /* request: answer with status and reason */
	SIP_DROP,   /* reply or ACK that is wrong, or a request that cannot be answered */
};

enum {
	SIP_CHECK_LAX_CLEN = 1, /* take a message with odd Content-Length as the reference does */
	SIP_CHECK_LAX_DUP = 2,  /* take duplicate From, To, Call-ID, CSeq */
	SIP_CHECK_NO_CLEN = 4,  /* take a message without Content-Length over TCP and TLS */
};

struct sip_judgement {
	enum sip_verdict verdict;
	int status;        /* when SIP_REJECT */
	struct str reason; /* reason phrase, or why it is dropped (for the log); static text */
	bool close;        /* a stream must be closed afterwards: its framing cannot be trusted */
};

/* `flags` of SIP_CHECK_LAX_*; 0 is the default. */
void sip_judge(struct sip_msg *m, unsigned flags, struct sip_judgement *ret);

#endif
