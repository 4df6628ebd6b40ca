/* SPDX-License-Identifier: Apache-2.0 */
/* Questions about the message; OPTIONS; the charging vector (RFC 7315 5.6); Remote-Party-ID; what needs parameters. */
#define STD_NAME siputils
#define STD_DEF "siputils/siputils.def"
#include "abi/std.h"

#include "core/worker.h"
#include "script/env.h"
#include "script/reply.h"
#include "sip/draft.h"
#include "siputils/siputils_priv.h"

static struct sip_msg *msg_of(struct run *r)
{
	return r->draft ? r->draft->msg : NULL;
}

static int32_t answer(bool yes)
{
	return yes ? 1 : -1;
}

int32_t std_siputils_is_request(struct run *r)
{
	return answer(msg_of(r) && msg_of(r)->is_request);
}

int32_t std_siputils_is_reply(struct run *r)
{
	return answer(msg_of(r) && !msg_of(r)->is_request);
}

int32_t std_siputils_is_sip(struct run *r)
{
	return answer(msg_of(r) && str_istarts(msg_of(r)->version, S("SIP/")));
}

int32_t std_siputils_is_http(struct run *r)
{
	return answer(msg_of(r) && str_istarts(msg_of(r)->version, S("HTTP/")));
}

int32_t std_siputils_has_totag(struct run *r)
{
	struct sip_nameaddr *to = msg_of(r) ? sip_to(msg_of(r)) : NULL;

	return answer(to && to->tag.n);
}

int32_t std_siputils_is_first_hop(struct run *r)
{
	return answer(msg_of(r) && !sip_via_at(msg_of(r), 1));
}

int32_t std_siputils_is_first_hop_mode(struct run *r, int64_t mode)
{
	(void)mode;
	return std_siputils_is_first_hop(r);
}

int32_t std_siputils_is_supported(struct run *r, const struct str *option)
{
	return answer(msg_of(r) && sip_has_item(msg_of(r), SIP_HDR_SUPPORTED, *option));
}

int32_t std_siputils_sip_parse_headers(struct run *r)
{
	return answer(msg_of(r) && msg_of(r)->fault == SIP_FAULT_NONE);
}

int32_t std_siputils_hdr_date_check(struct run *r, int64_t seconds)
{
	int64_t now = world_wall(worker_world(r->worker)) / 1000000, date;

	return answer(msg_of(r) && sip_date(msg_of(r), &date) == 0 && date <= now + seconds && date >= now - seconds);
}

/* ---- OPTIONS ---- */

int32_t std_siputils_options_reply(struct run *r)
{
	struct sip_msg *m = msg_of(r);
	struct sip_uri u;
	struct str h;

	if (!m || m->method != SIP_OPTIONS || sip_draft_uri_parse(r->draft, &u) || u.user.n)
		return -1;
	h = str_printf(r->arena,
		       "Accept: " STR_FMT "\r\nAccept-Encoding: " STR_FMT "\r\nAccept-Language: " STR_FMT
		       "\r\nSupported: " STR_FMT "\r\n",
		       STR_ARG(param.options_accept), STR_ARG(param.options_accept_encoding),
		       STR_ARG(param.options_accept_language), STR_ARG(param.options_support));
	if (!h.p || sip_reply_append(r->draft, h))
		return -1;
	return script_reply(r, 200, S("OK")) ? -1 : 1;
}

/* ---- P-Charging-Vector ---- */

static struct sip_hdr *vector(struct run *r)
{
	return msg_of(r) ? msg_of(r)->first[SIP_HDR_P_CHARGING_VECTOR] : NULL;
}

static int generate(struct run *r)
{
	char ip[ADDR_TEXT_MAX];
	struct str at = addr_text(&msg_of(r)->origin.dst, true, ip), h;
	unsigned char raw[16];
	struct sb b;

	world_random(worker_world(r->worker), raw, sizeof(raw));
	sb_init(&b, r->arena, 64);
	for (size_t i = 0; i < sizeof(raw); i++)
		sb_printf(&b, "%02x", raw[i]);
	h = str_printf(r->arena, "P-Charging-Vector: icid-value=" STR_FMT ";icid-generated-at=" STR_FMT "\r\n",
		       STR_ARG(sb_str(&b)), STR_ARG(at));
	return sb_ok(&b) && h.p ? sip_hdr_append(r->draft, h) : RT_E_NOMEM;
}

int32_t std_siputils_sip_p_charging_vector(struct run *r, const struct str *flags)
{
	struct sip_hdr *h = vector(r);
	char how = flags->n ? ascii_lower(flags->p[0]) : 0;

	if (!msg_of(r) || (how != 'r' && how != 'g' && how != 'f'))
		return -1;
	if (how == 'g' && h)
		return 1;
	if (how != 'g' && h && sip_hdr_remove_named(r->draft, h->name) < 0)
		return -1;
	return how == 'r' || generate(r) == 0 ? 1 : -1;
}

int32_t std_siputils_pv_pcv_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	static const char *const names[] = {"", "icid-value", "icid-generated-at", "orig-ioi", "term-ioi"};
	struct sip_hdr *h = vector(r);
	struct str v;

	*ret = value_null();
	if (n->num == 5) {
		*ret = value_int(h ? 2 : 1);
		return 0;
	}
	if (!h || n->num < 0)
		return 0;
	if (n->num == 0)
		*ret = value_str(h->body);
	else if (sip_pairs_find(h->body, ';', str_of(names[n->num]), &v) && v.p)
		*ret = value_str(sip_unquote(v));
	return 0;
}

/* ---- Remote-Party-ID, of a URI that the script or an authentication found ---- */

/* False: none is known. */
static bool party(struct run *r, struct str *ret)
{
	struct value v;

	if (!param.rpid_avp || param.rpid_avp->get(r, &v) != 0 || v.tag != VAL_STR || !v.s.n)
		return false;
	*ret = v.s;
	return true;
}

static int32_t append_party(struct run *r, struct str prefix, struct str suffix)
{
	struct str uri, text;

	if (!r->draft || !party(r, &uri))
		return -1;
	text = str_printf(r->arena, "Remote-Party-ID: " STR_FMT STR_FMT STR_FMT "\r\n", STR_ARG(prefix), STR_ARG(uri),
			  STR_ARG(suffix));
	return answer(text.p && sip_hdr_append(r->draft, text) == 0);
}

int32_t std_siputils_append_rpid_hf(struct run *r)
{
	return append_party(r, param.rpid_prefix, param.rpid_suffix);
}

int32_t std_siputils_append_rpid_hf_with(struct run *r, const struct str *prefix, const struct str *suffix)
{
	return append_party(r, *prefix, *suffix);
}

int32_t std_siputils_is_rpid_user_e164(struct run *r)
{
	struct sip_nameaddr a;
	struct sip_uri u;
	struct str text;

	if (!party(r, &text) || sip_nameaddr_parse(text, &a) || sip_uri_parse(a.uri, &u))
		return -1;
	return answer(siputils_e164(u.user));
}

/* ---- Contact URIs in the user part of an address of ours ---- */

static char separator(void)
{
	return param.contact_flds_separator.n ? param.contact_flds_separator.p[0] : '*';
}

int32_t std_siputils_encode_contact(struct run *r, const struct str *prefix, const struct str *host)
{
	return siputils_encode_contacts(r, *prefix, *host, separator());
}

int32_t std_siputils_decode_contact(struct run *r)
{
	return siputils_decode_ruri(r, separator());
}

int32_t std_siputils_decode_contact_header(struct run *r)
{
	return siputils_decode_contacts(r, separator());
}

STD_MODULE(siputils)
