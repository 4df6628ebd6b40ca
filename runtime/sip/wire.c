/* SPDX-License-Identifier: Apache-2.0 */
/* Applying edits to received bytes. */
#include "base/sb.h"
#include "sip/build_priv.h"

static int text_of(const struct sip_edit *e, struct arena *a, const struct sip_hop *hop, struct str *ret)
{
	struct sb late;

	*ret = e->text;
	if (!e->late)
		return 0;
	sb_init(&late, a, SIP_WIRE_MAX);
	e->late(&late, hop, e->text);
	*ret = sb_str(&late);
	return sb_ok(&late) ? 0 : RT_E_NOMEM;
}

static bool within(const struct sip_edit *e, uint32_t from, uint32_t to)
{
	return e->off >= from && e->off <= to;
}

/* Few, and nearly in order. At one offset the older goes first, but a SIP_PLACE_FIRST before those that were there. */
static void sort(const struct sip_edit **v, unsigned n)
{
	for (unsigned i = 1; i < n; i++) {
		const struct sip_edit *e = v[i];
		unsigned j = i;

		for (; j > 0 && (v[j - 1]->off > e->off || (v[j - 1]->off == e->off && e->first)); j--)
			v[j] = v[j - 1];
		v[j] = e;
	}
}

int sip_edited_init(struct sip_edited *x, struct arena *a, struct str buf, const struct sip_edit *edits, uint32_t from, uint32_t to,
		    const struct sip_hop *hop)
{
	const struct sip_edit *few[SIP_EDITED_FEW], **sorted = few;
	struct sip_change *v = x->few;
	unsigned n = 0, k;
	int err = 0;

	for (const struct sip_edit *e = edits; e; e = e->next)
		n += within(e, from, to);
	if (n > SIP_EDITED_FEW) {
		sorted = arena_calloc(a, n, sizeof(const struct sip_edit *));
		v = arena_calloc(a, n, sizeof(*v));
		if (!sorted || !v)
			return RT_E_NOMEM;
	}
	k = n;
	for (const struct sip_edit *e = edits; e; e = e->next)
		if (within(e, from, to))
			sorted[--k] = e;
	sort(sorted, n);
	x->buf = buf;
	x->from = from;
	x->to = to;
	x->v = v;
	x->n = n;
	x->room = to - from;
	for (unsigned i = 0; i < n && !err; i++) {
		v[i].off = sorted[i]->off;
		v[i].del = sorted[i]->del;
		err = text_of(sorted[i], a, hop, &v[i].text);
		x->room += v[i].text.n;
	}
	return err;
}

/*
 * A text inside bytes that an earlier edit took away is dropped: its place is gone. At the very start
 * of them it still counts.
 */
void sip_edited_put(struct sip_flat *f, const struct sip_edited *x)
{
	uint32_t pos = x->from, gap = x->from; /* gap: where the bytes last taken away begin */

	for (unsigned i = 0; i < x->n; i++) {
		const struct sip_change *c = &x->v[i];

		if (c->off >= pos) {
			sip_put(f, str_make(x->buf.p + pos, c->off - pos));
			pos = gap = c->off;
		}
		if (c->off == gap)
			sip_put(f, c->text);
		if (c->off + c->del > pos)
			pos = c->off + c->del;
	}
	if (pos < x->to)
		sip_put(f, str_make(x->buf.p + pos, x->to - pos));
}
