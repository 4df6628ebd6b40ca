/* SPDX-License-Identifier: Apache-2.0 */
/* URIs: of the request, in variables, as texts; numbers. */
#define STD_PROTOTYPES_ONLY
#define STD_NAME siputils
#define STD_DEF "siputils/siputils.def"
#include "abi/std.h"

#include "base/sb.h"
#include "script/env.h"
#include "sip/draft.h"
#include "siputils/siputils_priv.h"

enum { URI_MAX = 4096 };

static int32_t answer(bool yes)
{
	return yes ? 1 : -1;
}

static bool ruri(struct run *r, struct sip_uri *u)
{
	return r->draft && r->draft->msg->is_request && sip_draft_uri_parse(r->draft, u) == 0;
}

static int32_t give(struct run *r, const struct pv_ref *to, struct str s)
{
	struct value v = value_str(s.p ? s : S(""));

	return answer(to->set && to->set(r, &v) >= 0);
}

static struct str text_of(struct run *r, const struct pv_ref *pv)
{
	struct value v = value_null();

	return pv->get(r, &v) < 0 ? STR_NULL : script_text(r, &v);
}

/* ---- digest credentials ---- */

int32_t std_siputils_is_user(struct run *r, const struct str *username)
{
	struct sip_creds *c;

	if (!r->draft || (sip_creds_find(r->draft->msg, SIP_HDR_PROXY_AUTHORIZATION, S(""), &c) &&
			  sip_creds_find(r->draft->msg, SIP_HDR_AUTHORIZATION, S(""), &c)))
		return -1;
	return answer(str_eq(c->user, *username));
}

/* ---- parameters of the request URI ---- */

int32_t std_siputils_uri_param(struct run *r, const struct str *name)
{
	struct sip_uri u;
	struct str v;

	return answer(ruri(r, &u) && sip_uri_param(&u, *name, &v) && !v.n);
}

int32_t std_siputils_uri_param_value(struct run *r, const struct str *name, const struct str *value)
{
	struct sip_uri u;
	struct str v;

	return answer(ruri(r, &u) && sip_uri_param(&u, *name, &v) && str_eq(v, *value));
}

int32_t std_siputils_uri_param_any(struct run *r, const struct str *name)
{
	struct sip_uri u;
	struct str v;

	return answer(ruri(r, &u) && sip_uri_param(&u, *name, &v));
}

int32_t std_siputils_add_uri_param(struct run *r, const struct str *text)
{
	struct sip_uri u;

	if (!ruri(r, &u))
		return -1;
	return answer(!text->n || sip_draft_rewrite(r->draft, SIP_URI_ADD_PARAM, *text, 0) == 0);
}

int32_t std_siputils_get_uri_param(struct run *r, const struct str *name, const struct pv_ref *to)
{
	struct sip_uri u;
	struct str v;

	return ruri(r, &u) && sip_uri_param(&u, *name, &v) ? give(r, to, v) : -1;
}

int32_t std_siputils_uri_param_rm(struct run *r, const struct str *name)
{
	struct sip_uri u;
	struct sb b;

	if (!ruri(r, &u))
		return -1;
	sb_init(&b, r->arena, URI_MAX);
	sip_uri_without_param(&u, *name, &b);
	return answer(sb_ok(&b) && sip_draft_set_uri(r->draft, sb_str(&b)) == 0);
}

/* ---- tel and sip ---- */

/* Digits and + without visual separators, then the rest as it is. */
static void add_number(struct sb *b, struct str number)
{
	for (size_t i = 0; i < number.n; i++)
		if (str_chr(S("-.()"), number.p[i]) == STR_NONE)
			sb_addc(b, number.p[i]);
}

static int32_t tel_to_sip(struct run *r, struct str uri, struct str host, bool behind, const struct pv_ref *to)
{
	struct str number, params;
	size_t semi;
	struct sb b;

	if (!str_istarts(uri, S("tel:")))
		return 2;
	uri = str_skip(uri, 4);
	semi = str_chr(uri, ';');
	number = str_head(uri, semi);
	params = semi == STR_NONE ? S("") : str_skip(uri, semi);
	sb_init(&b, r->arena, URI_MAX);
	sb_addz(&b, "sip:");
	add_number(&b, number);
	if (!behind)
		sb_add(&b, params);
	sb_printf(&b, "@" STR_FMT, STR_ARG(host));
	if (behind)
		sb_add(&b, params);
	sb_addz(&b, ";user=phone");
	return sb_ok(&b) ? give(r, to, sb_str(&b)) : -1;
}

int32_t std_siputils_tel2sip(struct run *r, const struct str *uri, const struct str *host, const struct pv_ref *to)
{
	return tel_to_sip(r, *uri, *host, false, to);
}

int32_t std_siputils_tel2sip2(struct run *r, const struct str *uri, const struct str *host, const struct pv_ref *to)
{
	return tel_to_sip(r, *uri, *host, true, to);
}

/* ---- texts ---- */

int32_t std_siputils_is_uri(struct run *r, const struct str *text)
{
	struct sip_uri u;

	(void)r;
	return answer(sip_uri_parse(*text, &u) == 0);
}

static bool digits(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_digit(s.p[i]))
			return false;
	return s.n != 0;
}

bool siputils_e164(struct str s)
{
	return s.n > 2 && s.n < 17 && s.p[0] == '+' && digits(str_skip(s, 1));
}

int32_t std_siputils_is_e164(struct run *r, const struct pv_ref *pv)
{
	return answer(siputils_e164(text_of(r, pv)));
}

int32_t std_siputils_is_uri_user_e164(struct run *r, const struct pv_ref *pv)
{
	struct sip_uri u;

	return answer(sip_uri_parse(text_of(r, pv), &u) == 0 && siputils_e164(u.user));
}

int32_t std_siputils_cmp_uri(struct run *r, const struct str *a, const struct str *b)
{
	(void)r;
	return answer(sip_uri_text_eq(*a, *b));
}

int32_t std_siputils_cmp_aor(struct run *r, const struct str *a, const struct str *b)
{
	struct sip_uri x, y;

	(void)r;
	return answer(sip_uri_parse(*a, &x) == 0 && sip_uri_parse(*b, &y) == 0 && sip_uri_aor_eq(&x, &y));
}

int32_t std_siputils_cmp_hdr_name(struct run *r, const struct str *a, const struct str *b)
{
	enum sip_hdr_id id = sip_hdr_id(*a);

	(void)r;
	return answer(id != SIP_HDR_OTHER ? id == sip_hdr_id(*b) : str_ieq(*a, *b));
}

static int32_t rewrite(struct run *r, const struct pv_ref *uri, enum sip_uri_part part, struct str text)
{
	struct sip_uri u;
	struct sb b;

	if (sip_uri_parse(text_of(r, uri), &u))
		return -1;
	sb_init(&b, r->arena, URI_MAX);
	return sip_uri_rewrite(&u, part, text, 0, &b) == 0 && sb_ok(&b) ? give(r, uri, sb_str(&b)) : -1;
}

int32_t std_siputils_set_uri_user(struct run *r, const struct pv_ref *uri, const struct pv_ref *user)
{
	return rewrite(r, uri, SIP_URI_SET_USER, text_of(r, user));
}

int32_t std_siputils_set_uri_host(struct run *r, const struct pv_ref *uri, const struct pv_ref *host)
{
	return rewrite(r, uri, SIP_URI_SET_HOST, text_of(r, host));
}

/* RFC 5627: a gr parameter, without a value in temporary ones. */
static int32_t gruu(const struct sip_uri *u)
{
	return !u->gr.p ? -1 : u->gr.n ? 1 : 2;
}

int32_t std_siputils_is_gruu(struct run *r)
{
	struct sip_uri u;

	return ruri(r, &u) ? gruu(&u) : -1;
}

int32_t std_siputils_is_gruu_uri(struct run *r, const struct str *uri)
{
	struct sip_uri u;

	(void)r;
	return sip_uri_parse(*uri, &u) == 0 ? gruu(&u) : -1;
}

/* -2: there is another character, or none at all. */
static int32_t only(struct str s, bool letters, struct str more)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_digit(s.p[i]) && !(letters && ascii_alpha(s.p[i])) && str_chr(more, s.p[i]) == STR_NONE)
			return -2;
	return s.n ? 1 : -2;
}

int32_t std_siputils_is_tel_number(struct run *r, const struct str *text)
{
	(void)r;
	return only(text->n && text->p[0] == '+' ? str_skip(*text, 1) : *text, false, S(""));
}

int32_t std_siputils_is_numeric(struct run *r, const struct str *text)
{
	(void)r;
	return only(*text, false, S(""));
}

int32_t std_siputils_is_alphanum(struct run *r, const struct str *text)
{
	(void)r;
	return only(*text, true, S(""));
}

int32_t std_siputils_is_alphanumex(struct run *r, const struct str *text, const struct str *more)
{
	(void)r;
	return only(*text, true, *more);
}
