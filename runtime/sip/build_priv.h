/* SPDX-License-Identifier: Apache-2.0 */
/* build_priv.h - what the builders share: adding pieces to a wire. */
#ifndef SIP_BUILD_PRIV_H
#define SIP_BUILD_PRIV_H

#include "sip/build.h"

/* Failure is kept in `err`; what was added then is of no use. */
struct sip_out {
	struct sip_wire w;
	int err;
};

void sip_out_init(struct sip_out *o, struct arena *a);
bool sip_out_grow(struct sip_out *o);
/* A view that lives as long as the wire; neighbours in memory are joined. */
static inline void sip_out_add(struct sip_out *o, struct str s)
{
	struct iovec *last = o->w.n ? &o->w.iov[o->w.n - 1] : NULL;

	if (s.n == 0)
		return;
	o->w.len += s.n;
	if (last && (const char *)last->iov_base + last->iov_len == s.p)
		last->iov_len += s.n;
	else if (o->w.n < o->w.cap || sip_out_grow(o))
		o->w.iov[o->w.n++] = (struct iovec){(void *)(uintptr_t)s.p, s.n}; /* also for reading: no const in it */
}
/* Text made on the spot, kept in the arena. */
void sip_out_printf(struct sip_out *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* "Name: value\r\n" unless value is empty. */
void sip_out_header(struct sip_out *o, struct str name, struct str value);
/* The error, if there was any; RT_E_LIMIT: it has become too long. */
int sip_out_err(struct sip_out *o);
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
