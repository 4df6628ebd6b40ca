/* SPDX-License-Identifier: Apache-2.0 */
/* usrloc_priv.h - the layout that table.c, apply.c and expire.c share. */
#ifndef USRLOC_USRLOC_PRIV_H
#define USRLOC_USRLOC_PRIV_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/due.h"
#include "base/hashtab.h"
#include "base/list.h"
#include "base/mem.h"
#include "usrloc/usrloc.h"

enum { UL_STRIPES = 256 };

/*
 * A binding, packed: a million of them are ordinary. Behind it lie its AoR and its texts, one after the other. The table
 * has the AoR's first one; its further ones hang on it, best first.
 */
struct ul_binding {
	struct hashtab_node node; /* of the AoR's hash; in the table when it is the first */
	struct ul_binding *next;
	struct due_node due; /* when it expires; in no wheel when it never does */
	const struct net_socket *sock;
	uint64_t conn_id;
	uint32_t modified; /* s since the epoch */
	uint32_t cseq, flags, cflags, methods, reg_id, server_id;
	int16_t q;
	uint16_t aor_n;
	uint16_t text_n[UL_TEXTS];
	char text[];
};

struct ul_stripe {
	pthread_mutex_t lock;
	struct hashtab aors;
	struct due due;
};

struct ul_table {
	char name[64];
	size_t name_n;
	struct ul_limits lim;
	_Atomic uint64_t users, contacts, expired;
	struct ul_stripe stripes[UL_STRIPES];
};

struct ul_stripe *ul_stripe_of(struct ul_table *t, uint64_t hash);
/* The first binding of the AoR, or with `aor` NULL of any AoR with that hash; NULL: there is none. */
struct ul_binding *ul_find(const struct ul_stripe *s, uint64_t hash, const struct str *aor);

/* What an AoR has, while its stripe is locked and it is worked on: opened, changed by the functions below, closed. */
struct ul_record {
	struct ul_table *t;
	struct ul_stripe *s;
	uint64_t hash;
	struct str aor;
	struct ul_binding *first;  /* NULL: none */
	struct ul_binding *listed; /* the one that is in the table, or NULL */
	bool was;                  /* there when it was opened */
};
void ul_record_open(struct ul_table *t, uint64_t hash, struct str aor, struct ul_record *ret);
/* The record of a linked binding; the first one needs no search. */
void ul_record_of(struct ul_table *t, struct ul_binding *b, struct ul_record *ret);
/* The table finds what is first now, or nothing. */
void ul_record_close(struct ul_record *rec);

/* A block with copies of all strings, for that AoR, of the time `now` and linked nowhere; NULL when memory is out. */
struct ul_binding *ul_binding_new(const struct ul_record *rec, const struct ul_contact *c, struct str ruid, int64_t now);
/* Which texts but the ruid are the same: a bit for each, by its place. All: the binding itself can become it. */
unsigned ul_same_texts(const struct ul_binding *b, const struct ul_contact *c);
void ul_binding_free(struct ul_binding **b);
/* Put into / take out of record, wheel and counters. */
void ul_binding_link(struct ul_record *rec, struct ul_binding *b, bool by_time);
void ul_binding_unlink(struct ul_record *rec, struct ul_binding *b);
/* `b` instead of `old`, which is freed. */
void ul_binding_replace(struct ul_record *rec, struct ul_binding *old, struct ul_binding *b, bool by_time);
/* A linked one takes over all but the texts, which fit. */
void ul_binding_renew(struct ul_record *rec, struct ul_binding *b, const struct ul_contact *c, int64_t now, bool by_time);

static inline struct str ul_aor(const struct ul_binding *b)
{
	return str_make(b->text, b->aor_n);
}

/* One text of it, by its place in struct ul_contact. */
enum { UL_URI = 0, UL_PATH = 2, UL_CALL_ID = 3, UL_INSTANCE = 5, UL_RUID = 7, UL_SAME_ALL = (1 << UL_RUID) - 1 };
static inline struct str ul_text(const struct ul_binding *b, unsigned which)
{
	const char *p = b->text + b->aor_n;

	for (unsigned i = 0; i < which; i++)
		p += b->text_n[i];
	return str_make(p, b->text_n[which]);
}

/* The binding as a contact; its texts are views of the binding's. */
void ul_view(const struct ul_binding *b, struct ul_contact *ret);
size_t ul_contact_bytes(const struct ul_contact *c);
size_t ul_binding_bytes(const struct ul_binding *b); /* of its texts, without the AoR */

/* Room for copies, taken before a change so that reporting it cannot fail afterwards. */
struct ul_room {
	struct ul_contact *contacts;
	char *text; /* what is free of it */
};
int ul_room_get(struct arena *a, size_t contacts, size_t bytes, struct ul_room *ret);
/* A copy of the binding behind what *ret has, whose contacts are the room's. */
void ul_room_add(struct ul_room *room, const struct ul_binding *b, struct ul_result *ret);
/* The binding that just became `c`: c itself, but for when and the id, which alone is copied. */
void ul_room_add_as(struct ul_room *room, const struct ul_binding *b, const struct ul_contact *c, struct ul_result *ret);
/* Copies of the unexpired contacts from the first one on; RT_E_NOMEM. */
int ul_snapshot(const struct ul_binding *first, int64_t now, struct arena *a, struct ul_result *ret);

static inline bool ul_is_expired(const struct ul_binding *b, int64_t now)
{
	return b->due.when != 0 && b->due.when <= now;
}

#endif
