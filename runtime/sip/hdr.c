/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of headers and methods. Header names are found through a small hash with chains, filled
 * once before main() from hdr.def, so that a header costs one hash of four bytes and, nearly always,
 * one comparison.
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

enum { BUCKETS = 256 };
static uint8_t bucket[BUCKETS];          /* first id with the hash, 0: none */
static uint8_t chain[SIP_HDR_COUNT];     /* next id with the same */
static uint8_t compact_ids['z' - 'a' + 1];

_Static_assert(SIP_HDR_COUNT < 256, "ids are kept in bytes");

/* Bit 0x20 is what folding a letter changes; that other bytes fall together does no harm in a hash. */
static unsigned name_hash(struct str s)
{
	return (unsigned)(s.n * 7 + ((unsigned char)s.p[0] | 0x20u) * 31u + ((unsigned char)s.p[s.n - 1] | 0x20u) * 17u +
			  ((unsigned char)s.p[s.n / 2] | 0x20u) * 5u) %
	       BUCKETS;
}

__attribute__((constructor)) static void fill_names(void)
{
	for (int id = SIP_HDR_COUNT - 1; id > SIP_HDR_OTHER; id--) {
		unsigned h = name_hash(hdrs[id].name);

		chain[id] = bucket[h];
		bucket[h] = (uint8_t)id;
		if (hdrs[id].compact)
			compact_ids[hdrs[id].compact - 'a'] = (uint8_t)id;
	}
}

enum sip_hdr_id sip_hdr_id(struct str name)
{
	if (name.n == 0)
		return SIP_HDR_OTHER;
	if (name.n == 1) {
		char c = ascii_lower(*name.p);

		return c >= 'a' && c <= 'z' ? (enum sip_hdr_id)compact_ids[c - 'a'] : SIP_HDR_OTHER;
	}
	for (uint8_t id = bucket[name_hash(name)]; id; id = chain[id])
		if (str_ieq(hdrs[id].name, name))
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
