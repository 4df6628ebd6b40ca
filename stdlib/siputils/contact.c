/* SPDX-License-Identifier: Apache-2.0 */
/* Contact URIs hidden in a parameter of an address of ours, as base 64 for URLs without padding. */
#define STD_PROTOTYPES_ONLY
#define STD_NAME siputils
#define STD_DEF "siputils/siputils.def"
#include "abi/std.h"

#include "base/sb.h"
#include "script/env.h"
#include "sip/draft.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

enum { URI_MAX = 8192 };

static void encode(struct sb *b, struct str s)
{
	uint32_t acc = 0;
	unsigned bits = 0;

	for (size_t i = 0; i < s.n; i++) {
		acc = acc << 8 | (unsigned char)s.p[i];
		for (bits += 8; bits >= 6; bits -= 6)
			sb_addc(b, alphabet[acc >> (bits - 6) & 63]);
	}
	if (bits)
		sb_addc(b, alphabet[acc << (6 - bits) & 63]);
}

static bool decode(struct sb *b, struct str s)
{
	uint32_t acc = 0;
	unsigned bits = 0;

	for (size_t i = 0; i < s.n; i++) {
		size_t v = str_chr(S(alphabet), s.p[i]);

		if (v == STR_NONE)
			return false;
		acc = acc << 6 | (uint32_t)v;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			sb_addc(b, (char)(acc >> bits & 0xff));
		}
	}
	return b->n != 0;
}

/* What a Contact URI becomes; false: it stays. */
typedef bool change_fn(const struct sip_uri *u, const struct str *name, const struct str *arg, struct sb *b);

static int32_t change_all(struct run *r, change_fn *fn, const struct str *name, const struct str *arg)
{
	struct sip_nameaddr *a = r->draft ? sip_contacts(r->draft->msg) : NULL;
	struct sip_uri u;

	for (; a; a = a->next) {
		struct sb b;

		if (a->star || sip_uri_parse(a->uri, &u))
			continue;
		sb_init(&b, r->arena, URI_MAX);
		if (!fn(&u, name, arg, &b))
			continue;
		if (!sb_ok(&b) || sip_edit_view(r->draft, a->uri, sb_str(&b)))
			return -1;
	}
	return 1;
}

static bool encoded(const struct sip_uri *u, const struct str *name, const struct str *arg, struct sb *b)
{
	sb_printf(b, STR_FMT ";" STR_FMT "=", STR_ARG(*arg), STR_ARG(*name));
	encode(b, u->text);
	return true;
}

/* Only what is a URI again comes back. */
static bool decoded(const struct sip_uri *u, const struct str *name, const struct str *arg, struct sb *b)
{
	struct sip_uri inner;
	struct str v;

	(void)arg;
	return sip_uri_param(u, *name, &v) && v.n && decode(b, v) && sip_uri_parse(sb_str(b), &inner) == 0;
}

static bool without(const struct sip_uri *u, const struct str *name, const struct str *arg, struct sb *b)
{
	struct str v;

	(void)arg;
	if (!sip_uri_param(u, *name, &v))
		return false;
	sip_uri_without_param(u, *name, b);
	return true;
}

int32_t std_siputils_contact_param_encode(struct run *r, const struct str *name, const struct str *uri)
{
	struct sip_uri u;

	return name->n && sip_uri_parse(*uri, &u) == 0 ? change_all(r, encoded, name, uri) : -1;
}

int32_t std_siputils_contact_param_decode(struct run *r, const struct str *name)
{
	return change_all(r, decoded, name, NULL);
}

int32_t std_siputils_contact_param_rm(struct run *r, const struct str *name)
{
	return change_all(r, without, name, NULL);
}

int32_t std_siputils_contact_param_check(struct run *r, const struct str *name)
{
	struct sip_nameaddr *a = r->draft ? sip_contacts(r->draft->msg) : NULL;
	struct sip_uri u;
	struct str v;

	for (; a; a = a->next)
		if (!a->star && sip_uri_parse(a->uri, &u) == 0 && sip_uri_param(&u, *name, &v))
			return 1;
	return -1;
}

int32_t std_siputils_contact_param_decode_ruri(struct run *r, const struct str *name)
{
	struct sip_uri u;
	struct sb b;

	if (!r->draft || !r->draft->msg->is_request || sip_draft_uri_parse(r->draft, &u))
		return -1;
	sb_init(&b, r->arena, URI_MAX);
	return decoded(&u, name, NULL, &b) && sip_draft_set_uri(r->draft, sb_str(&b)) == 0 ? 1 : -1;
}
