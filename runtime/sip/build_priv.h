/* SPDX-License-Identifier: Apache-2.0 */
/* build_priv.h - what the builders share: adding pieces to a wire. */
#ifndef SIP_BUILD_PRIV_H
#define SIP_BUILD_PRIV_H

#include "sip/build.h"

/* Failure is kept in `err`; later adds are ignored. */
struct sip_out {
	struct sip_wire w;
	int err;
};

void sip_out_init(struct sip_out *o, struct arena *a);
/* A view that lives as long as the wire; neighbours in memory are joined. */
void sip_out_add(struct sip_out *o, struct str s);
/* Text made on the spot, kept in the arena. */
void sip_out_printf(struct sip_out *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* "Name: value\r\n" unless value is empty. */
void sip_out_header(struct sip_out *o, struct str name, struct str value);
/* 0 and *ret, or the error. */
int sip_out_end(struct sip_out *o, struct sip_wire *ret);

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

/* Our own Via for the hop, with CRLF. */
void sip_own_via(struct sip_out *o, const struct sip_hop *hop);
struct str sip_own_via_text(struct arena *a, const struct sip_hop *hop);

/* The bytes from `from` to `to` of the draft's message with its edits applied. */
void sip_out_edited(struct sip_out *o, const struct sip_draft *d, uint32_t from, uint32_t to,
		    const struct sip_hop *hop);

#endif
