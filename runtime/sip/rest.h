/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rest.h - drafts that only wait, in as few bytes as they need.
 *
 * For: transactions. All drafts over one message go into one piece of memory: what they refer to is copied there (once,
 * where they share it), and of a draft itself only those words are kept that differ from the draft that it was made of.
 * Everything is done twice, first to count and then to copy, with the same calls.
 */
#ifndef SIP_REST_H
#define SIP_REST_H

#include "sip/draft.h"

struct sip_mover {
	char *front, *back; /* of what is free; NULL: only count. `front` is aligned for any pointer */
	size_t nodes, texts; /* bytes moved so far, to the front and to the back */
	struct str from, to; /* the message's bytes: views of them go along */
	bool odd; /* a text goes on behind a shared one, which no setter makes: it cannot be moved */
};

/* s in its new place; s itself while only counted. */
struct str sip_move_text(struct sip_mover *m, struct str s);
/* Which words of d are to be kept: a bit for each that is not the same in `base` (NULL: not 0). The same before and after a move. */
uint64_t sip_draft_mask(const struct sip_draft *d, const struct sip_draft *base);
/*
 * The mask and those words of d to `to`, and what they refer to to its new place; with `to` NULL and a mover that counts
 * all is only counted. What is not kept (message, arena, appended branches, caches) is in no mask. `old` and `moved`: the
 * mask's base, whose edits and texts d may share, and its words once it was packed; or NULL. How many words it took.
 */
size_t sip_draft_pack(struct sip_mover *m, const struct sip_draft *d, uint64_t mask, const struct sip_draft *old,
		      const uint64_t *moved, uint64_t *to);
/* The reverse, of as many words. */
size_t sip_draft_unpack(struct sip_draft *d, const struct sip_draft *base, const uint64_t *from);

#endif
