/* SPDX-License-Identifier: Apache-2.0 */
/*
 * txn.h - SIP transactions: RFC 3261 sections 16 and 17 with RFC 6026.
 *
 * For: stdlib/tm, the host's message dispatch, local clients (keepalives, notifications). One `struct
 * txn` is a server transaction together with the client transactions (branches) that it has made; a
 * local request is one without a server side.
 *
 * Ownership: a transaction and all its memory belong to one worker; no call is safe from another and
 * none takes a thread lock. It is referenced by its own state machine until its wait timer ends and
 * by whoever called txn_ref(). It is an owner of the arena of the draft given to txn_new() until it rests.
 *
 * Fibers: functions ending in _await may park (they resolve names, run routes, or wait for the
 * transaction's turn) and must run in a fiber. Only one fiber at a time works on a transaction: the
 * _await functions take turns in order of arrival, and a fiber that has its turn may nest.
 *
 * The layer below is a table of functions (struct txn_net) so that tests and net/ plug in alike;
 * notices go up through struct txn_hooks. Both are set once per process before any worker runs.
 */
#ifndef TXN_TXN_H
#define TXN_TXN_H

#include "core/timer.h"
#include "core/fiber.h"
#include "sip/build.h"

struct txn;
struct txn_branch;

enum {
	TXN_DST_MAX = 8,       /* addresses tried for one branch */
	TXN_BRANCHES_MAX = 64, /* branches of a transaction over its life */
	TXN_ARENA_LIMIT = 4 << 20,
	TXN_INDEX_MAX = 65536, /* txn_index() is below it; modulo the number of workers it is the owner's */
};

/* ---- what lies below ---- */

/* One address to send to. */
struct txn_dst {
	enum proto proto;
	struct addr to;
	const struct net_socket *sock; /* NULL: the layer below chooses */
	uint64_t conn_id;              /* stream to prefer, 0: none */
	uint32_t send_flags;           /* SIP_SEND_* */
};

struct txn_net {
	/*
	 * Addresses of a next hop, best first. `proto` overrides the URI's when it is not NONE;
	 * `sock` is the forced socket or NULL. 0 with *n > 0, or a negative RT_E_*. In a fiber.
	 */
	int (*resolve_await)(struct worker *w, const struct sip_uri *uri, enum proto proto,
			     const struct net_socket *sock, struct txn_dst *ret, unsigned max,
			     unsigned *n);
	/*
	 * Choose the socket of *d when it has none and describe the way out (all but the branch).
	 * RT_E_INVAL: no socket fits.
	 */
	int (*hop)(struct worker *w, struct txn_dst *d, const struct sip_draft *draft,
		   struct sip_hop *ret);
	/* Send. `cookie`: for txn_send_failed(); 0: nobody wants to know. RT_E_IO, RT_E_LIMIT, RT_E_CLOSED. */
	int (*send)(struct worker *w, const struct txn_dst *d, struct str bytes, uint64_t cookie);
	/* The transport for a request of that size: another one when it is too long for d's. May be NULL. */
	enum proto (*proto_for)(struct worker *w, const struct txn_dst *d, const struct sip_draft *draft,
				size_t size);
};
/*
 * Where the answer to d's request goes (RFC 3261 18.2.2, RFC 3581, RFC 3263 5). Names in Via are looked up
 * only when the answer must go there; without a fiber, only those that are cached.
 */
void txn_reply_dst_await(struct worker *w, const struct sip_draft *d, struct txn_dst *ret);
void txn_set_net(const struct txn_net *net);

/* ---- what lies above ---- */

struct txn_hooks {
	/* Branch route over the branch's own draft. False: the branch is dropped. */
	bool (*branch)(struct txn *t, struct txn_branch *b, int32_t route, struct sip_draft *d);
	/* Reply route; *d is the draft of the reply. False: drop (heeded for provisional ones). */
	bool (*onreply)(struct txn *t, struct txn_branch *b, int32_t route, struct sip_draft *d);
	/* Failure route; txn_picked() tells what won. May call txn_relay_await, txn_reply. */
	void (*failure)(struct txn *t, int32_t route);
	/* event_route[tm:branch-failure:..] */
	void (*branch_failure)(struct txn *t, struct txn_branch *b, int32_t route);
	/* event_route[tm:local-request]; false: not sent. NULL: the way out is not looked up before. */
	bool (*local_request)(struct txn *t, struct sip_draft *d);
	/* event_route[tm:local-response]: a reply of our own was sent; its bytes. */
	void (*local_response)(struct txn *t, struct str bytes);
	/* The owner's state that travels with the transaction (txn_set_user). */
	void (*user_ref)(void *user);
	void (*user_unref)(void *user);
};
/* NULL members are skipped. */
void txn_set_hooks(const struct txn_hooks *h);

/*
 * The script's onsend route: called before a request of others leaves for the first time (not for retransmissions,
 * CANCEL and ACK of ours), with `replies` also before a reply of others goes up. t is NULL without a
 * transaction. False: it is not sent.
 */
typedef bool txn_onsend_fn(struct worker *w, struct txn *t, const struct sip_draft *d, const struct txn_dst *to,
			   struct str bytes);
void txn_set_onsend(txn_onsend_fn *fn, bool replies);

/* Observers: accounting, tracing, dialogs. */
enum txn_event {
	TXN_EV_REQUEST_IN = 1,    /* a new server transaction */
	TXN_EV_REQUEST_OUT = 2,   /* branch sent */
	TXN_EV_REPLY_IN = 4,      /* reply matched; msg is it */
	TXN_EV_REPLY_OUT = 8,     /* relayed or own reply sent upstream; status, msg or NULL */
	TXN_EV_ACK_IN = 16,       /* ACK to a negative reply, or the end-to-end one */
	TXN_EV_FAILURE = 32,      /* best negative reply was chosen, before the failure route */
	TXN_EV_COMPLETED = 64,    /* a final reply was sent upstream (or came for a local request) */
	TXN_EV_CANCELED = 128,
	TXN_EV_DESTROY = 256,
};
struct txn_notice {
	enum txn_event event;
	struct txn *t;
	struct txn_branch *b; /* or NULL */
	struct sip_msg *msg;  /* or NULL */
	int status;
};
typedef void txn_observer_fn(void *arg, const struct txn_notice *n);
/* At start-up only; `events` or-ed. At most 16: RT_E_LIMIT. */
int txn_observe(uint32_t events, txn_observer_fn *fn, void *arg);

/* ---- per process and per worker ---- */

/* Times in ms. Defaults: the reference's tm parameters. */
struct txn_config {
	uint32_t fr_timer, fr_inv_timer, wt_timer, retr_t1, retr_t2;
	uint32_t max_inv_lifetime, max_noninv_lifetime;
	bool restart_fr_on_each_reply, auto_inv_100, noisy_ctimer, aggregate_challenges;
	bool disable_6xx, local_cancel_reason, e2e_cancel_reason, remap_503_500, relay_100;
	bool uac_failure;  /* requests of our own have failure routes */
	bool failure_exec; /* a branch that cannot be sent fails like one that timed out */
	bool dns_failover, dns_reuse_rcv_socket;
	bool callid_matching; /* a reply must have its transaction's Call-ID */
	bool merge_check;   /* RFC 3261 8.2.2.2: 482 for a merged request; off as in the reference */
	int cancel_b_method; /* 0, 1, 2 */
	int local_ack_mode;  /* ACK of a 2xx to our own INVITE: 0 by Contact and routes, 1 where the
				INVITE went, 2 where the 2xx came from */
	int faked_reply_prio;
	int failure_reply_mode; /* 0..3 */
	struct str auto_inv_100_reason;
	struct str kept_prefix; /* of headers that go from an INVITE into its ACK and CANCEL; may be empty */
	int reply_408_code;
	struct str reply_408_reason;
	uint32_t max_txns;    /* per worker; beyond it 503 with Retry-After */
	uint32_t retry_after; /* s */
	struct sip_ident ident;
};
extern const struct txn_config txn_config_default;
/* The texts must outlive the process's workers. */
void txn_configure(const struct txn_config *c);
/* The same while workers run; only numbers may differ. */
void txn_reconfigure(const struct txn_config *c);
const struct txn_config *txn_conf(void);
/* Forget configuration, observers, hooks and the layer below: the next server starts anew. */
void txn_reset(void);

int txn_worker_init(struct worker *w);
/* Destroys what is left. */
void txn_worker_fini(struct worker *w);
/* Transactions alive on w. */
unsigned txn_count(const struct worker *w);

/* ---- server side ---- */

enum txn_match {
	TXN_NO_MATCH,
	TXN_RETRANSMISSION, /* of the request: absorbed, the last reply was sent again; *ret may be NULL */
	TXN_ACK_NEGATIVE,   /* ACK of a negative reply: absorbed */
	TXN_ACK_E2E,        /* ACK of a 2xx whose INVITE is still known: *ret; to be forwarded */
	TXN_MERGED,         /* same request over another way (only with merge_check) */
};
/*
 * Look a request up. Absorbs retransmissions and negative ACKs as a side effect. *ret, when not NULL,
 * is borrowed.
 */
enum txn_match txn_match_request(struct worker *w, struct sip_msg *m, struct txn **ret);
/* Look without side effect. */
struct txn *txn_find_request(struct worker *w, struct sip_msg *m);
/* The INVITE transaction that a CANCEL means, or NULL. */
struct txn *txn_find_cancelled(struct worker *w, struct sip_msg *cancel);
struct txn *txn_find_id(struct worker *w, uint32_t index, uint32_t label);
struct txn *txn_find_callid(struct worker *w, struct str call_id, uint32_t cseq);
/* The branch that a reply belongs to, or NULL. */
struct txn_branch *txn_find_reply(struct worker *w, struct sip_msg *reply);

/*
 * A server transaction for d->msg (not an ACK). The draft is copied. RT_E_LIMIT: the budget is used
 * up (the caller answers 503 with Retry-After); RT_E_EXIST; RT_E_PARSE; RT_E_NOMEM. *ret is borrowed:
 * it lives at least until the fiber's turn ends with txn_request_done().
 */
int txn_new(struct worker *w, const struct sip_draft *d, struct txn **ret);
/*
 * The script that made the transaction has ended: a transaction that was neither relayed nor
 * answered by a final reply is answered with the error of its failed relay, or let go, unless released or suspended.
 */
void txn_request_done(struct txn *t);
/* Forget that nothing was done: the wait timer runs (t_release). */
void txn_release(struct txn *t);

/*
 * Answer. To-tag, Contact and so on: `headers` are whole headers. Final replies stop branches (they
 * are cancelled). RT_E_STATE: a final reply was sent already.
 */
int txn_reply(struct txn *t, int status, struct str reason, struct str headers, struct str body);
/* How the failure of t's last relay is answered; t NULL, or one that did not fail: as any error of the server. */
struct txn_failure {
	int status, number; /* number: what the reason tells in its mark "(number/TM)" */
	const char *words;
};
struct txn_failure txn_failure(const struct txn *t);
/* Send the last reply again; RT_E_NOENT without one. */
int txn_reply_again(struct txn *t);

struct txn_relay_opts {
	struct str uri;      /* send here whatever the destination says; empty: destination or R-URI */
	enum proto proto;    /* NONE: as the URI says */
	bool replicate;      /* replies are swallowed */
};
/*
 * Forward d (and its appended branches) in t: branch routes, name resolution, sending. 0; RT_E_PARSE
 * (bad URI), RT_E_NOENT (unresolvable), RT_E_CLOSED (all dropped by the branch route), RT_E_IO (send
 * failed), RT_E_INVAL (no socket fits), RT_E_STATE (cancelled or already answered), RT_E_LIMIT (branches), RT_E_NOMEM.
 */
int txn_relay_await(struct txn *t, struct sip_draft *d, const struct txn_relay_opts *o);

/*
 * Forward a request without a transaction (an ACK to a 2xx): first address, branch from the tag hash
 * so that a retransmission leaves with the same one. Errors as txn_relay_await.
 */
int txn_forward_await(struct worker *w, struct sip_draft *d, const struct txn_relay_opts *o);
/*
 * Is it the reply of a request that was forwarded so? The branch carries a keyed hash of the request, so nobody
 * can have replies forwarded that we did not ask for.
 */
bool txn_forwarded(struct sip_msg *reply);

/*
 * A CANCEL was received for `inv`: answers it 200 and cancels the branches. The CANCEL's own
 * transaction is made here.
 */
int txn_cancel_await(struct txn *inv, const struct sip_draft *cancel);
/* Cancel by our own wish: branches of `mask` (bit = index). cause 0: no Reason. */
void txn_cancel_branches(struct txn *t, uint64_t mask, int cause, struct str text);

/*
 * A reply came: state machine, reply route, relay. True: it belonged to a transaction. Must run in a
 * fiber; *d is the draft of the reply after the core's reply route.
 */
bool txn_reply_await(struct worker *w, struct sip_draft *d);

/*
 * What was sent with this cookie did not leave after all, the stream could not be opened or
 * broke: the branch tries its next address or ends with 503 (RFC 3261 16.9, 18.4).
 */
void txn_send_failed(struct worker *w, uint64_t cookie);

/* Hold the transaction's end until txn_continue; a fr timer limits the wait. */
int txn_suspend(struct txn *t);
/* The caller then runs its route and calls txn_continue_done(). RT_E_STATE: not suspended. */
int txn_continue_await(struct txn *t);
void txn_continue_done(struct txn *t);

/* ---- local requests ---- */

/* reply NULL: timeout or send failure, `status` tells (408, 477). Called for each reply. */
typedef void txn_uac_fn(void *arg, struct txn *t, int status, struct sip_msg *reply);
struct txn_uac {
	struct str method, ruri, from, to, call_id; /* from/to: bodies; empty tag and Call-ID: made */
	uint32_t cseq;    /* 0: 10 */
	struct str next_hop; /* URI; empty: the R-URI */
	const struct str *routes;
	unsigned n_routes;
	struct str headers, body; /* whole headers */
	int max_forwards;         /* 0: 70; -1: `headers` has it */
	const struct net_socket *sock;
	txn_uac_fn *fn; /* may be NULL */
	void *arg;
};
int txn_uac_await(struct worker *w, const struct txn_uac *u, struct txn **ret);
/* A Call-ID that hashes to this worker is made here (net_owner). */
struct str txn_make_call_id(struct worker *w, struct arena *a);

/* ---- life ---- */

struct txn *txn_ref(struct txn *t);
void txn_unref(struct txn **t);

/* ---- reading and setting: plain data of a transaction ---- */

enum txn_flag {
	TXN_INVITE = 1,
	TXN_LOCAL = 2,        /* a request of our own */
	TXN_CANCELED = 4,
	TXN_EXPIRED = 8,      /* max lifetime reached */
	TXN_RELAYED = 16,
	TXN_RELEASED = 32,
	TXN_NO_100 = 64,
	TXN_NO_6XX = 128,     /* 6xx is an ordinary reply */
	TXN_NO_FAILOVER = 256,
	TXN_NO_CANCEL_REASON = 512,
	TXN_NO_INTERNAL_REPLY = 1024,
	TXN_REPLICATE = 2048,
	TXN_SUSPENDED = 4096,
	TXN_EDITS_KEPT = 8192, /* failure routes see the edits of txn_save_draft(), not those of the relay */
};

struct txn_routes {
	int32_t on_failure, on_reply, on_branch, on_branch_failure; /* -1: none */
};

struct txn_timers {
	uint32_t fr, fr_inv, t1, t2, life_inv, life_noninv; /* ms */
};

/* What the script set, also before there is a transaction. */
uint32_t txn_flags(const struct txn *t);
void txn_set_flag(struct txn *t, uint32_t flag, bool on);
struct txn_routes *txn_routes(struct txn *t);
struct txn_timers *txn_timers(struct txn *t);
void *txn_user(const struct txn *t);
void txn_set_user(struct txn *t, void *user); /* takes a reference through the hook */
/*
 * Most transactions only wait for replies and then for their end, so when the script has ended, what was parsed of the
 * request goes and the drafts are packed: the transaction rests. Whoever asks has it parsed again, and it stays until
 * a fiber that had its turn gives it up; NULL: memory is out.
 */
struct sip_msg *txn_request(struct txn *t);
bool txn_rests(const struct txn *t);
/* For whoever woke it, changed nothing and keeps no view of the message; it stays awake while others reference the message. */
void txn_rest_again(struct txn *t);
enum sip_method txn_method(const struct txn *t);
/* The request as it was at relay time; failure routes work on it. Wakes as txn_request(), and is good as long. */
struct sip_draft *txn_draft(struct txn *t);
/* Its message flags, without waking it. */
uint32_t *txn_msg_flags(struct txn *t);
void txn_save_draft(struct txn *t, const struct sip_draft *d);
struct worker *txn_worker(const struct txn *t);
/* The worker on which the transaction with that index lives, if there is one. */
struct worker *txn_index_worker(struct worker *w, uint32_t index);
uint32_t txn_index(const struct txn *t);
uint32_t txn_label(const struct txn *t);
int txn_status(const struct txn *t); /* last status sent upstream, 0: none */
/* What is left of its longest life. */
int64_t txn_lifetime_ms(const struct txn *t);
struct str txn_to_tag(struct txn *t); /* of our own replies */
/* Winning branch while a failure route runs, else NULL. */
struct txn_branch *txn_picked(const struct txn *t);
/* 'a' all, 'l' those of the last set, 'n' none are forgotten for the choice. */
void txn_drop_replies(struct txn *t, char mode);

unsigned txn_branch_count(const struct txn *t);
struct txn_branch *txn_branch_at(const struct txn *t, unsigned i);
struct txn *txn_branch_txn(const struct txn_branch *b);
int txn_branch_status(const struct txn_branch *b); /* last received or faked, 0 none */
bool txn_branch_timed_out(const struct txn_branch *b);
bool txn_branch_replied(const struct txn_branch *b); /* something came from the peer */
/* NULL when the last one was faked or there is none. */
struct sip_msg *txn_branch_reply(const struct txn_branch *b);
/* Wakes as txn_request(); of an empty branch when memory is out. */
const struct sip_branch *txn_branch_target(const struct txn_branch *b);
struct txn_routes *txn_branch_routes(struct txn_branch *b);
uint32_t *txn_branch_flags(struct txn_branch *b);

/* Visit every transaction of w; fn false stops. fn must not make or free any. */
typedef bool txn_visit_fn(void *arg, struct txn *t);
void txn_each(struct worker *w, txn_visit_fn *fn, void *arg);

#endif
