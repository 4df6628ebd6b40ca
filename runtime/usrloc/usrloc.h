/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usrloc.h - the location table: which contacts an address of record has (RFC 3261 10.3).
 *
 * For: registrar, presence, RPC. A table is shared by all workers: it is cut into stripes by the
 * hash of the AoR, each with its own lock, and no lock is held when a call returns. What comes out
 * is a copy in the caller's arena. All strings given are copied.
 *
 * Nothing scans: a record is found by hash, its contacts by walking the few that an AoR has, what
 * expired through a wheel of seconds; hashes grow a bucket at a time. Budgets: contacts of the table, contacts per AoR, bytes per
 * contact.
 */
#ifndef USRLOC_USRLOC_H
#define USRLOC_USRLOC_H

#include "base/addr.h"
#include "base/arena.h"
#include "base/bug.h"

struct ul_table;

/* How a REGISTER's contact is matched with a stored one; the values are the language's. */
enum ul_match {
	UL_MATCH_CONTACT = 0,        /* the URI */
	UL_MATCH_CONTACT_CALLID = 1, /* URI and Call-ID */
	UL_MATCH_CONTACT_PATH = 2,   /* URI and Path */
	UL_MATCH_CALLID = 3,         /* Call-ID alone */
};

enum { UL_TEXTS = 8 };

struct ul_contact {
	union {
		struct {
			struct str uri, received, path, call_id, user_agent, instance;
			struct str attrs; /* what the script keeps with it: bytes without a meaning here */
			struct str ruid;  /* unique id of the binding; given by the caller for a new one */
		};
		struct str text[UL_TEXTS]; /* the same, for who treats them alike */
	};
	const struct net_socket *sock; /* received on */
	int64_t expires;  /* s since the epoch, until 2106; 0: for ever */
	int64_t modified; /* s since the epoch, set by the table */
	int32_t q;        /* thousandths, -1: not told */
	uint32_t cseq;
	uint32_t flags;   /* record flags */
	uint32_t cflags;  /* branch flags */
	uint32_t methods; /* mask of SIP_METHOD bits; all ones when not told */
	uint32_t reg_id;
	uint32_t server_id;
	uint64_t conn_id;
};

enum ul_op { UL_OP_SAVE, UL_OP_REMOVE };

struct ul_change {
	enum ul_op op;
	struct ul_contact c; /* UL_OP_REMOVE: uri, call_id, path, cseq, instance, reg_id matter */
};

struct ul_apply_opts {
	enum ul_match match;
	int64_t now;          /* s since the epoch */
	int32_t cseq_delay;   /* s in which the same Call-ID and CSeq count as a retransmission */
	uint32_t max_contacts; /* of this AoR after the change; 0: no limit but the table's */
	bool remove_all;      /* "Contact: *" */
	bool only_these;      /* contacts that the change does not name are removed */
	bool by_time;         /* newest first instead of by q */
};

struct ul_result {
	uint32_t inserted, updated, removed;
	struct ul_contact *contacts; /* what the AoR has now, best first, in the arena; after a change its own texts are told of again */
	uint32_t n;
};

struct ul_limits {
	uint64_t contacts;       /* in the table */
	uint32_t per_aor;        /* hard bound, whatever max_contacts says; at most 65535 */
	uint32_t contact_bytes;  /* strings of one contact; at most 65535 */
};
extern const struct ul_limits ul_limits_default; /* 4 million, 64, 8 KiB */

/* A table of its own; lim NULL: defaults, copied. RT_E_NOMEM. */
int ul_table_new(struct str name, const struct ul_limits *lim, struct ul_table **ret);
void ul_table_free(struct ul_table **t);
struct str ul_table_name(const struct ul_table *t);

/*
 * Apply all changes of one REGISTER to `aor` or none (RFC 3261 10.3 step 7).
 * RT_E_STATE: out of order (same Call-ID, lower CSeq); RT_E_LIMIT: too many contacts or too long;
 * RT_E_NOMEM. On RT_E_EXIST it was a retransmission: nothing changed, *ret is filled.
 */
int ul_apply(struct ul_table *t, struct str aor, const struct ul_change *ch, size_t n,
	     const struct ul_apply_opts *o, struct arena *a, struct ul_result *ret);

/* The unexpired contacts of an AoR, best first; RT_E_NOENT when there are none. */
int ul_lookup(struct ul_table *t, struct str aor, int64_t now, struct arena *a,
	      struct ul_result *ret);

/* The same by ul_aor_hash() alone (temporary GRUUs); the first record with that hash. */
int ul_lookup_hash(struct ul_table *t, uint64_t hash, int64_t now, struct arena *a,
		   struct ul_result *ret);

/* Remove the contact with this ruid, or all when it is empty. RT_E_NOENT when nothing was there. */
int ul_remove(struct ul_table *t, struct str aor, struct str ruid);

/*
 * Remove what expired at or before `now`; fn (may be NULL) sees each after it is gone and outside the
 * lock. At most `budget` contacts are touched, to remove them or to sort what falls due later. True:
 * call again, for the budget ended it.
 */
typedef void ul_expired_fn(void *arg, struct str aor, const struct ul_contact *c);
bool ul_expire(struct ul_table *t, int64_t now, uint32_t budget, ul_expired_fn *fn, void *arg);

/* Visit every record, a stripe at a time, from copies; fn false stops. For dumps. */
typedef bool ul_visit_fn(void *arg, struct str aor, const struct ul_contact *c, uint32_t n);
void ul_each(struct ul_table *t, int64_t now, ul_visit_fn *fn, void *arg);
/* The same in bites, each about 1/256 of the table: *at is 0 at first; false when all was seen. */
bool ul_each_bite(struct ul_table *t, unsigned *at, int64_t now, ul_visit_fn *fn, void *arg);

struct ul_counts {
	uint64_t users, contacts, expired;
};
void ul_count(struct ul_table *t, struct ul_counts *ret);
/* Records that the growth of the hashes has looked at since the table was made. */
uint64_t ul_moved(struct ul_table *t);
/* The hash by which records are found; $ulc(x=>aorhash) shows its low half. */
uint64_t ul_aor_hash(struct str aor);

#endif
