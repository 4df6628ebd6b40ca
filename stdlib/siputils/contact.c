/* SPDX-License-Identifier: Apache-2.0 */
/* Contact URIs hidden in an address of ours: in a parameter as base 64 for URLs without padding, or in its user part. */
#define STD_PROTOTYPES_ONLY
#define STD_NAME siputils
#define STD_DEF "siputils/siputils.def"
#include "abi/std.h"

#include "base/sb.h"
#include "script/env.h"
#include "sip/draft.h"
#include "siputils/siputils_priv.h"

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
	struct str v;
	struct sb b;

	if (!r->draft || !r->draft->msg->is_request || sip_draft_uri_parse(r->draft, &u))
		return -1;
	if (!sip_uri_param(&u, *name, &v))
		return 1;
	sb_init(&b, r->arena, URI_MAX);
	return decoded(&u, name, NULL, &b) && sip_draft_set_uri(r->draft, sb_str(&b)) == 0 ? 1 : -1;
}

/* ---- in the user part: prefix*user*password*host*port*transport ---- */

enum { FIELDS = 6 };

struct fields {
	struct str v[FIELDS]; /* as in the line above */
	char sep;
};

static bool is_sip(const struct sip_uri *u)
{
	return u->scheme == SIP_SCHEME_SIP || u->scheme == SIP_SCHEME_SIPS;
}

/* Parameters other than the transport and headers are lost. False: it would not come back. */
static bool join_fields(const struct sip_uri *u, struct fields *f, struct str host, struct sb *b)
{
	f->v[1] = u->user;
	f->v[2] = u->passwd;
	f->v[3] = u->host;
	f->v[4] = u->port_text;
	f->v[5] = u->transport;
	sb_printf(b, STR_FMT ":", STR_ARG(u->scheme_text));
	for (int i = 0; i < FIELDS; i++) {
		if (str_chr(f->v[i], f->sep) != STR_NONE)
			return false;
		if (i)
			sb_addc(b, f->sep);
		sb_add(b, f->v[i]);
	}
	sb_printf(b, "@" STR_FMT, STR_ARG(host));
	return sb_ok(b);
}

static bool split_fields(const struct sip_uri *u, struct fields *f)
{
	struct str s = str_make(u->opaque.p, (size_t)(u->host.p - u->opaque.p));
	int n = 0;

	if (!u->user.p || !s.n)
		return false;
	for (s.n--; s.p && n < FIELDS; n++) /* the '@' */
		f->v[n] = str_cut(&s, f->sep);
	return n == FIELDS && !s.p && f->v[3].n;
}

static bool add_decoded(const struct sip_uri *u, struct fields *f, struct sb *b)
{
	struct sip_uri back;

	if (!is_sip(u) || !split_fields(u, f))
		return false;
	sb_printf(b, STR_FMT ":" STR_FMT, STR_ARG(u->scheme_text), STR_ARG(f->v[1]));
	if (f->v[2].n)
		sb_printf(b, ":" STR_FMT, STR_ARG(f->v[2]));
	if (f->v[1].n)
		sb_addc(b, '@');
	sb_add(b, f->v[3]);
	if (f->v[4].n)
		sb_printf(b, ":" STR_FMT, STR_ARG(f->v[4]));
	if (f->v[5].n)
		sb_printf(b, ";transport=" STR_FMT, STR_ARG(f->v[5]));
	if (u->params.n)
		sb_printf(b, ";" STR_FMT, STR_ARG(u->params));
	return sb_ok(b) && sip_uri_parse(sb_str(b), &back) == 0;
}

/* Every Contact URI that can be; -1: there is no Contact, or one could not. */
static int32_t change_contacts(struct run *r, struct fields *f, const struct str *host)
{
	struct sip_nameaddr *a = r->draft ? sip_contacts(r->draft->msg) : NULL;
	int32_t ret = a ? 1 : -1;

	for (; a; a = a->next) {
		struct sip_uri u;
		struct sb b;

		if (a->star)
			continue;
		sb_init(&b, r->arena, URI_MAX);
		if (sip_uri_parse(a->uri, &u) || !is_sip(&u) ||
		    !(host ? join_fields(&u, f, *host, &b) : add_decoded(&u, f, &b)) ||
		    sip_edit_view(r->draft, a->uri, sb_str(&b)))
			ret = -1;
	}
	return ret;
}

int32_t siputils_encode_contacts(struct run *r, struct str prefix, struct str host, char sep)
{
	struct fields f = {.v = {prefix}, .sep = sep};

	return change_contacts(r, &f, &host);
}

int32_t siputils_decode_contacts(struct run *r, char sep)
{
	struct fields f = {.sep = sep};

	return change_contacts(r, &f, NULL);
}

int32_t siputils_decode_ruri(struct run *r, char sep)
{
	struct fields f = {.sep = sep};
	struct sip_uri u;
	struct sb b;

	if (!r->draft || !r->draft->msg->is_request || sip_draft_uri_parse(r->draft, &u))
		return -1;
	sb_init(&b, r->arena, URI_MAX);
	return add_decoded(&u, &f, &b) && sip_draft_set_uri(r->draft, sb_str(&b)) == 0 ? 1 : -1;
}
