/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of headers and methods. Header names are found through a small hash with chains, filled
 * once before main() from hdr.def, so that a header costs one hash of two words and, nearly always,
 * one comparison of them.
 */
#include "sip/sip_priv.h"

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
 * The first 16 bytes of a name, 0 behind its end. Letters are compared with bit 0x20 set, which folds them and nothing
 * else: the other bytes have it clear in `fold`.
 */
static struct {
	sip_block text, fold;
	size_t n;
} known[SIP_HDR_COUNT];
static uint8_t bucket[BUCKETS];      /* first id with the hash, 0: none */
static uint8_t chain[SIP_HDR_COUNT]; /* next id with the same */
static uint8_t compact_ids['z' - 'a' + 1];

_Static_assert(SIP_HDR_COUNT < 256, "ids are kept in bytes");

/* 16 bytes can be read at p; those behind the name become 0. */
static sip_block block_of(const char *p, size_t n)
{
	static const char own[32] = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};

	return sip_block_of(p) & sip_block_of(own + 16 - (n < 16 ? n : 16));
}

/* That other bytes than letters fall together does no harm in a hash. */
static unsigned block_hash(sip_block b, size_t n)
{
	typedef uint64_t words __attribute__((vector_size(16)));
	words w = (words)(b | sip_each(0x20));

	return (unsigned)(((w[0] ^ w[1] * 3) + n) * 0x9e3779b97f4a7c15u >> 32) % BUCKETS;
}

/* In room for any name, 0 behind it. */
static sip_block padded_block(const char *p, size_t n)
{
	char text[SIP_KNOWN_MAX + 1] = {0};

	memcpy(text, p, n);
	return block_of(text, n);
}

static sip_block fold_of(struct str name)
{
	char fold[SIP_KNOWN_MAX];

	for (size_t i = 0; i < name.n; i++)
		fold[i] = ascii_alpha(name.p[i]) ? 0x20 : 0;
	return padded_block(fold, name.n);
}

__attribute__((constructor)) static void fill_names(void)
{
	for (int id = SIP_HDR_COUNT - 1; id > SIP_HDR_OTHER; id--) {
		struct str name = hdrs[id].name;
		sip_block b = padded_block(name.p, name.n);
		unsigned h = block_hash(b, name.n);

		known[id].fold = fold_of(name);
		known[id].text = b | known[id].fold;
		known[id].n = name.n;
		chain[id] = bucket[h];
		bucket[h] = (uint8_t)id;
		if (hdrs[id].compact)
			compact_ids[hdrs[id].compact - 'a'] = (uint8_t)id;
	}
}

static enum sip_hdr_id compact_id(char c)
{
	c = ascii_lower(c);
	return c >= 'a' && c <= 'z' ? (enum sip_hdr_id)compact_ids[c - 'a'] : SIP_HDR_OTHER;
}

/* Its first bytes are those of the name that has the id; what of a longer one? */
static enum sip_hdr_id if_all_is(uint8_t id, struct str name)
{
	return str_ieq(hdrs[id].name, name) ? (enum sip_hdr_id)id : SIP_HDR_OTHER;
}

enum sip_hdr_id sip_hdr_id_at(struct str name)
{
	sip_block b;

	if (name.n < 2)
		return name.n ? compact_id(*name.p) : SIP_HDR_OTHER;
	b = block_of(name.p, name.n);
	for (uint8_t id = bucket[block_hash(b, name.n)]; id; id = chain[id])
		if (known[id].n == name.n && sip_mask((b | known[id].fold) == known[id].text) == 0xffff)
			return name.n <= 16 ? (enum sip_hdr_id)id : if_all_is(id, name);
	return SIP_HDR_OTHER;
}

enum sip_hdr_id sip_hdr_id(struct str name)
{
	char text[16] = {0};

	if (name.n == 0 || name.n >= sizeof(text))
		return sip_hdr_id_at(name);
	memcpy(text, name.p, name.n);
	return sip_hdr_id_at(str_make(text, name.n));
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
