/* SPDX-License-Identifier: Apache-2.0 */
/* Edits go to the front of the memory, for they need alignment, texts to its back, for they need none. */
#include "sip/rest.h"

enum { WORD = sizeof(uint64_t), WORDS = sizeof(struct sip_draft) / WORD };

_Static_assert(sizeof(struct sip_draft) % WORD == 0 && WORDS <= 64, "the mask has a bit for each word");

static const struct sip_draft nothing;

struct str sip_move_text(struct sip_mover *m, struct str s)
{
	if (s.p && m->from.p && s.p >= m->from.p && s.p + s.n <= m->from.p + m->from.n)
		return m->front ? str_make(m->to.p + (s.p - m->from.p), s.n) : s;
	m->texts += s.n;
	if (!m->front || !s.p)
		return s;
	m->back -= s.n;
	memcpy(m->back, s.p, s.n);
	return str_make(m->back, s.n);
}

/* The node of a moved list that stands where `e` stands in the list as it was; false: e is not in it. */
static bool shared(const struct sip_edit *e, const struct sip_edit *old, const struct sip_edit *moved, const struct sip_edit **ret)
{
	while (old && old != e) {
		old = old->next;
		moved = moved ? moved->next : NULL;
	}
	*ret = moved;
	return old != NULL;
}

static const struct sip_edit *move_edits(struct sip_mover *m, const struct sip_edit *list, const struct sip_edit *old,
					 const struct sip_edit *moved)
{
	const struct sip_edit *first = NULL, **tail = &first, *there;

	for (const struct sip_edit *e = list; e; e = e->next) {
		struct sip_edit *at = (struct sip_edit *)(void *)m->front;
		struct str text;

		if (shared(e, old, moved, &there)) {
			*tail = there;
			break;
		}
		m->nodes += sizeof(*e);
		text = sip_move_text(m, e->text);
		if (!m->front)
			continue;
		*at = *e;
		at->text = text;
		at->next = NULL;
		m->front += sizeof(*e);
		*tail = at;
		tail = &at->next;
	}
	return m->front ? first : list;
}

/* Where a draft has its texts: two words each. */
#define TEXTS(X)                                                                                                  \
	X(main.uri) X(main.dst_uri) X(main.path) X(main.ruid) X(main.location_ua) X(main.instance) X(adv_host) \
	X(set_method) X(set_reason) X(body) X(reply_body)
#define BIT(field) (1ULL << offsetof(struct sip_draft, field) / WORD)
#define OFFSET(field) offsetof(struct sip_draft, field),
#define BITS(field) BIT(field) * 3 |
static const size_t texts[] = {TEXTS(OFFSET)};
static const uint64_t text_words = TEXTS(BITS) 0;

static struct str text_at(const struct sip_draft *d, size_t offset)
{
	struct str s;

	memcpy(&s, (const char *)d + offset, sizeof(s));
	return s;
}

static uint64_t word(const struct sip_draft *d, unsigned i)
{
	uint64_t x;

	memcpy(&x, (const char *)d + i * WORD, WORD);
	return x;
}

/* These are not kept. */
static const uint64_t cleared = BIT(msg) | BIT(arena) | BIT(branches) | BIT(uri_parsed);

uint64_t sip_draft_mask(const struct sip_draft *d, const struct sip_draft *base)
{
	uint64_t mask = 0;

	if (base && memcmp(d, base, sizeof(*d)) == 0) /* a branch for which the script changed nothing */
		return 0;
	base = base ? base : &nothing;
	for (unsigned i = WORDS; i-- > 0;)
		mask = mask << 1 | (word(d, i) != word(base, i));
	return mask & ~cleared;
}

/* Where among packed words that of a bit of their mask is. */
static size_t place_of(uint64_t mask, uint64_t bit)
{
	return 1 + (size_t)__builtin_popcountll(mask & (bit - 1));
}

/* The list that packed words begin, or NULL. */
static const struct sip_edit *list_of(const uint64_t *packed, uint64_t bit)
{
	return packed && packed[0] & bit ? (const struct sip_edit *)(uintptr_t)packed[place_of(packed[0], bit)] : NULL;
}

static void pack_texts(struct sip_mover *m, const struct sip_draft *d, uint64_t mask, const struct sip_draft *old, uint64_t *to)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		uint64_t pointer = 1ULL << texts[i] / WORD;
		struct str s, was;

		if (!(mask & (pointer | pointer << 1)))
			continue;
		s = text_at(d, texts[i]);
		was = old ? text_at(old, texts[i]) : STR_NULL;
		if (!s.p)
			continue;
		if (s.p == was.p) {
			m->odd |= s.n > was.n;
			continue;
		}
		s = sip_move_text(m, s);
		if (to)
			to[place_of(mask, pointer)] = (uint64_t)(uintptr_t)s.p;
	}
}

size_t sip_draft_pack(struct sip_mover *m, const struct sip_draft *d, uint64_t mask, const struct sip_draft *old,
		      const uint64_t *moved, uint64_t *to)
{
	const struct sip_edit *edits;
	size_t n = 0;

	if (to)
		to[0] = mask;
	for (uint64_t left = mask; left; left &= left - 1) {
		n++;
		if (to)
			to[n] = word(d, (unsigned)__builtin_ctzll(left));
	}
	if (mask & text_words)
		pack_texts(m, d, mask, old, to);
	if (mask & BIT(edits)) {
		edits = move_edits(m, d->edits, old ? old->edits : NULL, list_of(moved, BIT(edits)));
		if (to)
			to[place_of(mask, BIT(edits))] = (uint64_t)(uintptr_t)edits;
	}
	if (mask & BIT(reply_edits)) {
		edits = move_edits(m, d->reply_edits, old ? old->reply_edits : NULL, list_of(moved, BIT(reply_edits)));
		if (to)
			to[place_of(mask, BIT(reply_edits))] = (uint64_t)(uintptr_t)edits;
	}
	return 1 + n;
}

size_t sip_draft_unpack(struct sip_draft *d, const struct sip_draft *base, const uint64_t *from)
{
	size_t n = 1;

	*d = base ? *base : nothing;
	for (uint64_t mask = from[0]; mask; mask &= mask - 1)
		memcpy((char *)d + (size_t)__builtin_ctzll(mask) * WORD, &from[n++], WORD);
	return n;
}
