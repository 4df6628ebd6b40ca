/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of headers and methods. Header names are found through a small hash with chains (sip_hdr_id_at), filled once
 * before main() from hdr.def.
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

struct sip_known sip_known[SIP_HDR_COUNT];
uint16_t sip_known_behind[SIP_HDR_COUNT];
uint8_t sip_known_len[SIP_HDR_COUNT], sip_name_bucket[SIP_NAME_BUCKETS], sip_name_chain[SIP_HDR_COUNT];
static uint8_t compact_ids['z' - 'a' + 1];

_Static_assert(SIP_HDR_COUNT < 256, "ids are kept in bytes");

static struct sip_known folded(const char text[SIP_KNOWN_MAX + 1])
{
	char fold[sizeof(sip_block)];

	for (size_t i = 0; i < sizeof(fold); i++)
		fold[i] = ascii_alpha(text[i]) ? 0x20 : 0;
	return (struct sip_known){sip_block_of(text) | sip_block_of(fold), sip_block_of(fold)};
}

__attribute__((constructor)) static void fill_names(void)
{
	for (int id = SIP_HDR_COUNT - 1; id > SIP_HDR_OTHER; id--) {
		struct str name = hdrs[id].name;
		char text[SIP_KNOWN_MAX + 1] = {0};
		unsigned h;

		memcpy(text, name.p, name.n);
		h = sip_name_hash(text, name.n);
		sip_known[id] = folded(text);
		sip_known_behind[id] = (uint16_t)~sip_first_bits(name.n);
		sip_known_len[id] = name.n <= sizeof(sip_block) ? (uint8_t)name.n : 0;
		sip_name_chain[id] = sip_name_bucket[h];
		sip_name_bucket[h] = (uint8_t)id;
		if (hdrs[id].compact)
			compact_ids[hdrs[id].compact - 'a'] = (uint8_t)id;
	}
}

enum sip_hdr_id sip_compact_id(char c)
{
	c = ascii_lower(c);
	return c >= 'a' && c <= 'z' ? (enum sip_hdr_id)compact_ids[c - 'a'] : SIP_HDR_OTHER;
}

/* The long names, and those of one hash. */
enum sip_hdr_id sip_hdr_id_chained(struct str name, sip_block b, unsigned id)
{
	while (id && !sip_is_known(id, b, name.n) && !(name.n > 16 && str_ieq(hdrs[id].name, name)))
		id = sip_name_chain[id];
	return (enum sip_hdr_id)id;
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
