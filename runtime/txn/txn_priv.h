/* SPDX-License-Identifier: Apache-2.0 */
/* txn_priv.h - inside of runtime/txn: the structures and what its files share. */
#ifndef TXN_PRIV_H
#define TXN_PRIV_H

#include "base/hashtab.h"
#include "base/mem.h"
#include "core/counter.h"
#include "core/log.h"
#include "core/slab.h"
#include "net/net.h"
#include "txn/tag.h"
#include "txn/txn.h"

_Static_assert(TXN_BRANCHES_MAX <= UINT8_MAX && TXN_DST_MAX <= UINT8_MAX, "counted in bytes");

/* Bytes that were sent or are to be; a piece of their own, so that what is needed no more can go. */
struct txn_bytes {
	char *p;
	uint32_t n, room;
};

struct txn_branch {
	struct txn *t;
	uint32_t flags;
	struct sip_draft *draft;  /* after the branch route; NULL while the transaction rests */
	struct txn_routes routes; /* -1: the transaction's */
	struct txn_dst to;        /* where it goes: dst[cur_dst] */
	struct txn_dst *dst;      /* NULL when there is but one, or a newer branch has taken them over */
	struct txn_bytes sent; /* while it may have to be sent again: txn_branch_bytes() */
	struct txn_bytes ack;
	struct txn_bytes cancel; /* its headers while it is only wanted */
	struct timer retr; /* A, E; E of the CANCEL */
	struct timer fr;   /* B, C, F */
	uint32_t retr_ms, cretr_sum;
	int status;
	uint8_t idx, n_dst, cur_dst;
	bool faked, timed_out, replied, dropped, done;
	bool cancel_wanted, cancel_sent;
	bool send_failed; /* the stream it went out on is lost */
	struct sip_msg *reply;
	struct txn_dst *ack_dst; /* of the ACK to a 2xx of a local INVITE, or NULL */
};

struct txn_table;
struct txn_kept;

/* What a request finds by its key: a transaction, or what is left of one that has gone. */
struct txn_keyed {
	struct hashtab_node node;
	struct str text;
	bool gone;
};

/* Its texts lie in the arena of the draft that it was made for, and while it rests with what is kept of that. */
struct txn {
	struct txn_keyed by_key;
	struct hashtab_node by_id, by_call;
	struct txn_table *tab;
	struct worker *w;
	unsigned refs;
	bool hashed;
	uint32_t index, label;
	struct str call_id, from_tag;
	uint32_t cseq;
	enum sip_method method;
	uint32_t flags;
	struct arena *arena; /* this and the next two are NULL while it rests: txn_wake() */
	struct sip_msg *req;
	struct sip_draft *draft;
	struct txn_kept *kept; /* from the first rest on */
	struct txn_routes routes;
	struct txn_timers timers;
	void *user;
	uint64_t life_end; /* us */
	/* turns */
	struct fiber *owner;
	unsigned depth;
	struct wait_queue turn;
	/* server side */
	struct str tag; /* of our own replies, once one was needed: txn_tag_make */
	int uas_status;
	struct txn_bytes reply; /* last one sent */
	struct txn_dst up; /* where it went */
	struct timer retr; /* G; before the final reply the end of a suspension */
	struct timer wait; /* H, then the wait timer; J, L */
	uint32_t retr_ms;
	uint64_t final_at; /* us */
	bool acked, request_done_due;
	int relay_err; /* of the last relay, for the answer at the script's end */
	/* branches */
	struct txn_branch **b, *one; /* while there is but one, b is the address of `one` */
	uint8_t n_b, cap_b, first_b;
	bool same_set; /* a relay now adds to the set that is there */
	struct txn_branch *picked;
	/* local */
	txn_uac_fn *uac_fn;
	void *uac_arg;
};

/* late.c: what is kept of transactions that have gone */
struct txn_late_table {
	struct hashtab id;
	struct list all;  /* struct txn_late, oldest first */
	struct timer end; /* of the oldest */
	unsigned n;
};

struct txn_table {
	struct worker *w;
	struct hashtab key, id, call;
	struct slab slab; /* of transactions, branches and what they hold */
	unsigned n;
	uint32_t next_label;
	struct txn_late_table late;
};

enum txn_stat {
	STAT_UAS, STAT_UAC, STAT_2XX, STAT_3XX, STAT_4XX, STAT_5XX, STAT_6XX, STAT_INUSE,
	STAT_ACTIVE, STAT_RPL_RECEIVED, STAT_RPL_ABSORBED, STAT_RPL_GENERATED, STAT_RPL_RELAYED,
	STAT_RPL_SENT, STAT_REFUSED, STAT_CREATED, STAT_LOCAL, STAT_WAITING, STAT_COUNT
};
void txn_stat(enum txn_stat s, int64_t n);

extern struct txn_config txn_cfg;
extern struct txn_hooks txn_up;
const struct txn_net *txn_down(void);
/* Build bytes for *dst, over another protocol when they are too long for UDP. branch: of our Via. */
int txn_build_for(struct worker *w, struct arena *a, struct txn_dst *dst, const struct sip_draft *d,
		  struct str branch, struct str *ret);
/* May the reply go up? True also when nobody is asked. */
bool txn_onsend_reply(struct txn *t, const struct sip_draft *d, struct str bytes);
/* May it leave? */
bool txn_onsend(struct worker *w, struct txn *t, const struct sip_draft *d, const struct txn_dst *to,
		struct str bytes);

struct txn_table *txn_table(const struct worker *w);
/* It becomes an owner of the arena and has an empty draft there. */
int txn_alloc(struct worker *w, struct arena *a, struct txn **ret);
int txn_index_add(struct txn *t);
void txn_destroy(struct txn *t); /* unhash, stop timers, drop the table's reference */
void txn_notify(struct txn *t, enum txn_event e, struct txn_branch *b, struct sip_msg *m, int st);
/* The new bytes in the place of the old ones; false: no memory, these stay. */
bool txn_bytes_set(struct txn *t, struct txn_bytes *x, struct str s);
void txn_bytes_free(struct txn *t, struct txn_bytes *x);
static inline struct str txn_bytes_str(const struct txn_bytes *x)
{
	return str_make(x->p, x->n);
}

/* rest.c. False: no memory. */
bool txn_wake(struct txn *t);
void txn_kept_free(struct txn *t);
void txn_let_rest(struct txn *t); /* unless somebody holds the message */
const struct msg_origin *txn_origin(const struct txn *t);
void txn_lock_await(struct txn *t);
void txn_unlock(struct txn *t);

/* key.c: identity of a request, made once; `method` stands for the request's own. text.p NULL: not to be had. */
const struct sip_key *txn_key(struct sip_msg *m, enum sip_method method);
/* Our tag from now on, unless it was made before. False: no memory. */
bool txn_tag_make(struct txn *t);

/* The numbers in the branch of a reply to a request of ours. */
/* What a branch of ours begins with: the cookie, '-' (a transaction's) or '+' (without one), the letters of the worker. */
enum { TXN_BRANCH_PREFIX = 8 + NET_BRANCH_LETTERS };
void txn_branch_prefix(const struct worker *w, char kind, char to[TXN_BRANCH_PREFIX]);
bool txn_branch_id(struct sip_msg *reply, uint32_t *index, uint32_t *label, uint32_t *branch);

/* late.c */
void txn_late_init(struct txn_late_table *l);
void txn_late_fini(struct txn_table *tab);
/* t is about to go: keep what a lost answer or ACK may ask for. */
void txn_late_keep(struct txn *t);
/* A request (or ACK) of a transaction that has gone, x: answered again; false: it is none of its. */
bool txn_late_request(struct worker *w, struct txn_keyed *x, bool ack);
bool txn_late_reply(struct worker *w, const struct sip_draft *d);

/* server.c */
int txn_send_up(struct txn *t, int status, struct str bytes, struct sip_msg *m);
/* The script kept the reply back: nothing leaves, and a final one ends the server side all the same. */
void txn_kept_back(struct txn *t, int status);
void txn_start_wait(struct txn *t, uint32_t ms);
bool txn_absorb(struct txn *t);
void txn_got_ack(struct txn *t);
void txn_send_100(struct txn *t); /* for an INVITE that has no reply yet, unless told otherwise */

/* client.c */
struct txn_branch *txn_branch_new(struct txn *t, const struct sip_draft *d);
/* A branch that was never sent and timed out; NULL without memory. */
struct txn_branch *txn_branch_expired(struct txn *t);
void txn_branch_free(struct txn_branch **b);
int txn_branch_send(struct txn_branch *b);
/* As it was sent, or its CANCEL; made again in `a` when it was let go. p NULL: memory is out. */
struct str txn_branch_bytes(struct txn_branch *b, struct arena *a);
void txn_branch_let_go(struct txn_branch *b);
void txn_branch_stop(struct txn_branch *b);
bool txn_branch_active(const struct txn_branch *b);
bool txn_any_active(const struct txn *t); /* or suspended */
bool txn_any_sent(const struct txn *t);   /* a branch is active */
bool txn_branch_failover(struct txn_branch *b);
void txn_branch_fr(struct txn_branch *b, uint32_t ms);
void txn_branch_cancel(struct txn_branch *b, struct str headers);
void txn_branch_cancel_now(struct txn_branch *b);

/* uac.c: the ACK of a 2xx to a local INVITE, again for each one that comes */
void txn_local_ack_await(struct txn_branch *b, struct sip_msg *m);

/* pick.c: all branches ended: failure route, then the best reply */
void txn_finish(struct txn *t);
/* A final result of b (in b->status, b->reply or faked); d the reply's draft or NULL */
void txn_result(struct txn_branch *b, struct sip_draft *d);

#endif
