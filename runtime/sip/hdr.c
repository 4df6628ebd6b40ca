/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of headers and methods. Header names are found through a small hash with chains, filled
 * once before main() from hdr.def, so that a header costs one hash of two words and, nearly always,
 * one comparison of them.
 */
#include "sip/msg.h"

static const struct {
	struct str name;
	char compact;
	enum sip_hdr_kind kind;
} hdrs[SIP_HDR_COUNT] = {
	[SIP_HDR_OTHER] = {{"", 0}, 0, SIP_KIND_TEXT},
#define HDR(id, text, letter, k) [SIP_HDR_##id] = {S(text), letter, SIP_KIND_##k},
#include "sip/hdr.def"
#undef HDR
};

enum { BUCKETS = 512 };

/*
 * A name as one or two words. Letters are compared with bit 0x20 set, which folds them and nothing else: the other bytes
 * have it clear in `fold`.
 */
struct words {
	uint64_t first, last;
};
static struct {
	struct words text, fold;
} words[SIP_HDR_COUNT];
static uint8_t bucket[BUCKETS];          /* first id with the hash, 0: none */
static uint8_t chain[SIP_HDR_COUNT];     /* next id with the same */
static uint8_t compact_ids['z' - 'a' + 1];

_Static_assert(SIP_HDR_COUNT < 256, "ids are kept in bytes");

/* All bytes of a name of 2 to 16, the ends of a longer one. */
static struct words words_of(struct str s)
{
	struct words w = {0, 0};
	uint32_t lo, hi;

	if (s.n >= 8) {
		memcpy(&w.first, s.p, 8);
		memcpy(&w.last, s.p + s.n - 8, 8);
	} else if (s.n >= 4) {
		memcpy(&lo, s.p, 4);
		memcpy(&hi, s.p + s.n - 4, 4);
		w.first = lo | (uint64_t)hi << 32;
	} else {
		w.first = (unsigned char)s.p[0] | (uint64_t)(unsigned char)s.p[s.n / 2] << 8 |
			  (uint64_t)(unsigned char)s.p[s.n - 1] << 16;
	}
	return w;
}

/* That other bytes than letters fall together does no harm in a hash. */
static unsigned words_hash(const struct words *w, size_t n)
{
	uint64_t x = ((w->first | 0x2020202020202020u) ^ (w->last | 0x2020202020202020u) * 3) + n;

	return (unsigned)((x * 0x9e3779b97f4a7c15u) >> 32) % BUCKETS;
}

static struct words fold_of(struct str name)
{
	char fold[SIP_KNOWN_MAX + 1];

	for (size_t i = 0; i < name.n; i++)
		fold[i] = ascii_alpha(name.p[i]) ? 0x20 : 0;
	return words_of(str_make(fold, name.n));
}

__attribute__((constructor)) static void fill_names(void)
{
	for (int id = SIP_HDR_COUNT - 1; id > SIP_HDR_OTHER; id--) {
		struct words w = words_of(hdrs[id].name);
		unsigned h = words_hash(&w, hdrs[id].name.n);

		words[id].fold = fold_of(hdrs[id].name);
		words[id].text = (struct words){w.first | words[id].fold.first, w.last | words[id].fold.last};
		chain[id] = bucket[h];
		bucket[h] = (uint8_t)id;
		if (hdrs[id].compact)
			compact_ids[hdrs[id].compact - 'a'] = (uint8_t)id;
	}
}

static bool is_named(uint8_t id, const struct words *w, struct str name)
{
	return hdrs[id].name.n == name.n && (w->first | words[id].fold.first) == words[id].text.first &&
	       (w->last | words[id].fold.last) == words[id].text.last && (name.n <= 16 || str_ieq(hdrs[id].name, name));
}

enum sip_hdr_id sip_hdr_id(struct str name)
{
	struct words w;

	if (name.n < 2) {
		char c = name.n ? ascii_lower(*name.p) : 0;

		return c >= 'a' && c <= 'z' ? (enum sip_hdr_id)compact_ids[c - 'a'] : SIP_HDR_OTHER;
	}
	w = words_of(name);
	for (uint8_t id = bucket[words_hash(&w, name.n)]; id; id = chain[id])
		if (is_named(id, &w, name))
			return (enum sip_hdr_id)id;
	return SIP_HDR_OTHER;
}

struct str sip_hdr_name(enum sip_hdr_id id)
{
	return hdrs[id].name;
}

enum sip_hdr_kind sip_hdr_kind(enum sip_hdr_id id)
{
	return hdrs[id].kind;
}

char sip_hdr_compact(enum sip_hdr_id id)
{
	return hdrs[id].compact;
}

enum sip_method sip_method_id(struct str text)
{
#define METHOD(id, name, bit)                                                                      \
	if (text.n == sizeof(name) - 1 && memcmp(text.p, name, sizeof(name) - 1) == 0)             \
		return SIP_##id;
#include "sip/method.def"
#undef METHOD
	return SIP_METHOD_OTHER;
}

struct str sip_method_name(enum sip_method m)
{
	switch (m) {
#define METHOD(id, name, bit)                                                                      \
	case SIP_##id:                                                                             \
		return S(name);
#include "sip/method.def"
#undef METHOD
	case SIP_METHOD_UNDEF:
	case SIP_METHOD_OTHER:
		break;
	}
	return S("");
}

bool sip_hdr_name_is(const struct sip_hdr *h, struct str name)
{
	enum sip_hdr_id id = sip_hdr_id(name);

	return id ? h->id == id : h->id == SIP_HDR_OTHER && str_ieq(h->name, name);
}

struct sip_hdr *sip_hdr_find(struct sip_msg *m, struct str name)
{
	enum sip_hdr_id id = sip_hdr_id(name);
	struct sip_hdr *h = m->first[id];

	if (id == SIP_HDR_OTHER)
		while (h && !str_ieq(h->name, name))
			h = h->same;
	return h;
}

struct sip_hdr *sip_hdr_next(struct sip_hdr *h)
{
	struct sip_hdr *it = h->same;

	if (h->id == SIP_HDR_OTHER)
		while (it && !str_ieq(it->name, h->name))
			it = it->same;
	return it;
}
