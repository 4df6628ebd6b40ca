/* SPDX-License-Identifier: Apache-2.0 */
/* build_priv.h - what the builders share: writing a text, and received bytes with edits applied. */
#ifndef SIP_BUILD_PRIV_H
#define SIP_BUILD_PRIV_H

#include "sip/build.h"

/* A text as it is written, into room for all of it. */
struct sip_flat {
	char *p, *end;
	bool full; /* it was not for all of it */
};

/* Inlined, so that a constant is stored and not copied. */
static inline __attribute__((always_inline)) void sip_put(struct sip_flat *f, struct str s)
{
	if (s.n > (size_t)(f->end - f->p)) {
		f->full = true;
	} else if (s.n) {
		memcpy(f->p, s.p, s.n);
		f->p += s.n;
	}
}

/* Our own Via for the hop, with CRLF; p NULL: memory is out. */
struct str sip_own_via_text(struct arena *a, const struct sip_hop *hop);

/* An edit with its text, which late ones have only for a hop. */
struct sip_change {
	uint32_t off, del;
	struct str text;
};

enum { SIP_EDITED_FEW = 16 };

/* Bytes of a message with the edits that lie within them. Points into itself. */
struct sip_edited {
	struct str buf;
	uint32_t from, to;
	const struct sip_change *v; /* in the order in which they take effect */
	unsigned n;
	size_t room; /* no more bytes will be written */
	struct sip_change few[SIP_EDITED_FEW];
};

/* `edits`: newest first. RT_E_NOMEM, also when a late text grew too long. */
int sip_edited_init(struct sip_edited *x, struct arena *a, struct str buf, const struct sip_edit *edits, uint32_t from, uint32_t to,
		    const struct sip_hop *hop);
void sip_edited_put(struct sip_flat *f, const struct sip_edited *x);

#endif
