/* SPDX-License-Identifier: Apache-2.0 */
/* The list of pieces that a message is sent as, and applying edits to received bytes. */
#include "sip/build_priv.h"
#include "sip/sip_priv.h"

void sip_out_init(struct sip_out *o, struct arena *a)
{
	*o = (struct sip_out){.w = {.arena = a}};
}

bool sip_out_grow(struct sip_out *o)
{
	struct sip_wire *w = &o->w;
	unsigned cap = w->cap ? w->cap * 2 : 32;
	struct iovec *iov = arena_raw(w->arena, cap * sizeof(*iov));

	if (!iov) {
		o->err = RT_E_NOMEM;
		return false;
	}
	if (w->n)
		memcpy(iov, w->iov, w->n * sizeof(*iov));
	w->iov = iov;
	w->cap = cap;
	return true;
}

/* p NULL: memory was out. */
static void add_made(struct sip_out *o, struct str made)
{
	if (!made.p && !o->err)
		o->err = RT_E_NOMEM;
	sip_out_add(o, made);
}

void sip_out_printf(struct sip_out *o, const char *fmt, ...)
{
	struct str s;
	va_list ap;

	if (o->err)
		return;
	va_start(ap, fmt);
	s = str_vprintf(o->w.arena, fmt, ap);
	va_end(ap);
	add_made(o, s);
}

void sip_out_header(struct sip_out *o, struct str name, struct str value)
{
	if (value.n == 0)
		return;
	sip_out_add(o, name);
	sip_out_add(o, S(": "));
	sip_out_add(o, value);
	sip_out_add(o, S("\r\n"));
}

int sip_out_err(struct sip_out *o)
{
	return o->err ? o->err : o->w.len > SIP_WIRE_MAX ? RT_E_LIMIT : 0;
}

int sip_out_end(struct sip_out *o, struct sip_wire *ret)
{
	int err = sip_out_err(o);

	if (!err)
		*ret = o->w;
	return err;
}

void sip_wire_write(const struct sip_wire *w, char *to)
{
	for (unsigned i = 0; i < w->n; i++) {
		memcpy(to, w->iov[i].iov_base, w->iov[i].iov_len);
		to += w->iov[i].iov_len;
	}
}

struct str sip_wire_flat(const struct sip_wire *w, struct arena *a)
{
	char *p = arena_raw(a, w->len + 1);

	if (!p)
		return STR_NULL;
	sip_wire_write(w, p);
	p[w->len] = 0;
	return str_make(p, w->len);
}

/*
 * The edits within [from, to], oldest first, then sorted by offset; at one offset their order stays,
 * but a SIP_PLACE_FIRST goes before those that were there. NULL and *n 0 when there are none.
 */
static const struct sip_edit **sorted_edits(struct sip_out *o, const struct sip_draft *d,
					    uint32_t from, uint32_t to, unsigned *n)
{
	const struct sip_edit **v, *e;
	unsigned count = 0, k;

	for (e = d->edits; e; e = e->next)
		count += e->off >= from && e->off <= to;
	*n = 0;
	if (count == 0)
		return NULL;
	v = arena_calloc(o->w.arena, count, sizeof(const struct sip_edit *));
	if (!v) {
		o->err = RT_E_NOMEM;
		return NULL;
	}
	k = count;
	for (e = d->edits; e; e = e->next)
		if (e->off >= from && e->off <= to)
			v[--k] = e;
	for (unsigned i = 1; i < count; i++) { /* few, and nearly in order */
		unsigned j = i;

		e = v[i];
		while (j > 0 && (v[j - 1]->off > e->off ||
				 (v[j - 1]->off == e->off && e->first)))
			v[j] = v[j - 1], j--;
		v[j] = e;
	}
	*n = count;
	return v;
}

static void add_edit_text(struct sip_out *o, const struct sip_edit *e, const struct sip_hop *hop)
{
	struct sb late;

	if (!e->late) {
		sip_out_add(o, e->text);
		return;
	}
	sb_init(&late, o->w.arena, SIP_WIRE_MAX);
	e->late(&late, hop, e->text);
	if (!sb_ok(&late))
		o->err = RT_E_NOMEM;
	sip_out_add(o, sb_str(&late));
}

/*
 * A text inside bytes that an earlier edit took away is dropped: its place is gone. At the very start
 * of them it still counts.
 */
void sip_out_edited(struct sip_out *o, const struct sip_draft *d, uint32_t from, uint32_t to,
		    const struct sip_hop *hop)
{
	struct str buf = d->msg->buf;
	uint32_t pos = from, gap = from; /* gap: where the bytes last taken away begin */
	unsigned n;
	const struct sip_edit **v = sorted_edits(o, d, from, to, &n);

	for (unsigned i = 0; i < n; i++) {
		const struct sip_edit *e = v[i];

		if (e->off < pos && e->off != gap) {
			if (e->off + e->del > pos)
				pos = e->off + e->del;
			continue;
		}
		if (e->off >= pos) {
			sip_out_add(o, str_make(buf.p + pos, e->off - pos));
			pos = gap = e->off;
		}
		add_edit_text(o, e, hop);
		if (e->off + e->del > pos)
			pos = e->off + e->del;
	}
	if (pos < to)
		sip_out_add(o, str_make(buf.p + pos, to - pos));
}
