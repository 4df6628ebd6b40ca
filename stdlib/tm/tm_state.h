/* SPDX-License-Identifier: Apache-2.0 */
/* tm_state.h - what tm was told before there is a transaction; shared with tmx. */
#ifndef TM_STATE_H
#define TM_STATE_H

#include "abi/program.h"
#include "abi/run.h"
#include "txn/txn.h"

struct tm_pending {
	struct txn_routes routes;
	struct txn_timers timers; /* 0: the parameter's */
	uint32_t on, off;         /* TXN_* flags */
};

enum tm_unmatched_cancel { TM_CANCEL_STATEFUL, TM_CANCEL_STATELESS, TM_CANCEL_DROP };

/* Parameters that other files of the module need. */
struct tm_conf {
	int64_t unmatched_cancel, default_code;
	struct str default_reason;
	struct str contacts, flows; /* names of the XAVPs of serial forking */
	struct str attrs;           /* of that with the attributes of contacts */
	const struct pv_ref *fr_timer_avp, *fr_inv_timer_avp;
	bool forward_stray; /* replies that match no transaction */
};
extern struct tm_conf tm_conf;

/* What becomes of replies that match no transaction; `route`: onreply_route or empty. RT_E_NOENT. At start. */
int tm_stray_init(const struct program *p, struct str route);
/* A TXN_* flag of the transaction, or of the one to come. */
int32_t tm_set_flag(struct run *r, uint32_t flag, bool on);
/* The run's own, made when first asked for; NULL when memory is out. */
struct tm_pending *tm_pending(struct run *r);
/* The transaction of the run, made if needed: 1; 0: the message was absorbed; negative: failed. */
int32_t tm_need_txn(struct run *r);

#endif
