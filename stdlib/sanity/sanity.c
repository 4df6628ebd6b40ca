/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checks that every message passes before a script runs (sip/check.h) leave little to find here: what they let
 * through, and what a script may ask for besides.
 */
#define STD_NAME sanity
#define STD_DEF "sanity/sanity.def"
#include "abi/std.h"

#include "script/env.h"
#include "script/reply.h"
#include "script/vars.h"
#include "sip/draft.h"

/* Bits of the first argument: the language's. */
enum check {
	CHECK_RURI_VERSION = 1,
	CHECK_RURI_SCHEME = 2,
	CHECK_REQUIRED = 4,
	CHECK_VIA_VERSION = 8,
	CHECK_VIA_PROTO = 16,
	CHECK_CSEQ_METHOD = 32,
	CHECK_CSEQ_VALUE = 64,
	CHECK_LENGTH = 128,
	CHECK_EXPIRES = 256,
	CHECK_PROXY_REQUIRE = 512,
	CHECK_URIS = 1024,
	CHECK_CREDS = 2048,
	CHECK_DUPLICATE_TAGS = 4096,
};
enum { URI_RURI = 1, URI_FROM = 2, URI_TO = 4, URI_CONTACT = 8 };
enum { FAILED = 1 << 23 }; /* name space of a variable that no script can write: the answer kept for sanity_reply() */

static struct avp_key kept(const char *what)
{
	return avp_key(FAILED, str_of(what));
}

static int32_t refuse(struct run *r, int status, struct str reason)
{
	struct avp_key status_key = kept("status"), reason_key = kept("reason");
	struct value code = value_int(status), text = value_str(reason);

	script_log(r, L_INFO, "sanity: " STR_FMT, STR_ARG(reason));
	if (param.noreply) {
		avp_delete(r->sv, &status_key, true);
		avp_delete(r->sv, &reason_key, true);
		if (avp_add(r->sv, &status_key, &code) || avp_add(r->sv, &reason_key, &text))
			return -1;
	} else if (r->draft->msg->is_request && r->draft->msg->method != SIP_ACK) {
		script_reply(r, status, reason);
	}
	return param.autodrop ? 0 : -1;
}

/* ---- Proxy-Require ---- */

static bool understood(struct str extension)
{
	struct str rest = param.proxy_require;

	while (rest.n)
		if (str_ieq(str_trim(str_cut(&rest, ',')), extension))
			return true;
	return false;
}

/* The first member that we do not understand; empty: all are. */
static struct str not_understood(struct sip_msg *m)
{
	struct sip_item *item;

	if (sip_items(m, SIP_HDR_PROXY_REQUIRE, &item))
		return STR_NULL;
	for (; item; item = item->next)
		if (item->value.n && !understood(item->value))
			return item->value;
	return STR_NULL;
}

static int32_t check_proxy_require(struct run *r, struct sip_msg *m)
{
	struct str bad = m->is_request ? not_understood(m) : STR_NULL;

	if (!bad.n)
		return 1;
	sip_reply_append(r->draft, str_printf(r->arena, "Unsupported: " STR_FMT "\r\n", STR_ARG(bad)));
	return refuse(r, 420, S("Bad Proxy Require Extension"));
}

/* ---- URIs, credentials ---- */

static bool bad_addr(struct sip_msg *m, struct sip_nameaddr *a)
{
	return !a || !sip_nameaddr_uri(m, a);
}

static bool bad_contact(struct sip_msg *m)
{
	struct sip_nameaddr *a;
	int err = sip_addrs(m, SIP_HDR_CONTACT, &a);

	return err != RT_E_NOENT && (err || (!a->star && !sip_nameaddr_uri(m, a)));
}

/* From's URI, or To's where that reads the same, as in most REGISTERs: who registers needs To's parsed. */
static bool bad_from(struct sip_msg *m)
{
	struct sip_nameaddr *from = sip_from(m), *to = sip_to(m);

	return bad_addr(m, from && to && str_eq(from->uri, to->uri) ? to : from);
}

static int32_t check_uris(struct run *r, struct sip_msg *m, int64_t uris)
{
	if ((uris & URI_RURI) && m->is_request && !sip_ruri(m))
		return refuse(r, 400, S("Bad Request URI"));
	if ((uris & URI_FROM) && bad_from(m))
		return refuse(r, 400, S("Bad From URI"));
	if ((uris & URI_TO) && bad_addr(m, sip_to(m)))
		return refuse(r, 400, S("Bad To URI"));
	if ((uris & URI_CONTACT) && bad_contact(m))
		return refuse(r, 400, S("Bad Contact URI"));
	return 1;
}

static bool bad_creds(struct sip_msg *m, enum sip_hdr_id id)
{
	struct sip_creds *c;

	for (struct sip_hdr *h = m->first[id]; h; h = h->same)
		if (sip_creds(m, h, &c) ||
		    (c->digest && (!c->username.n || !c->realm.n || !c->nonce.n || !c->uri.n || !c->response.n)))
			return true;
	return false;
}

/* ---- the rest ---- */

static int32_t check_first_line(struct run *r, struct sip_msg *m, int64_t checks)
{
	const struct sip_uri *u = m->is_request ? sip_ruri(m) : NULL;

	if (!m->is_request)
		return 1;
	if ((checks & CHECK_RURI_VERSION) && !str_ieq(m->version, S("SIP/2.0")))
		return refuse(r, 505, S("Version Not Supported (R-URI)"));
	if ((checks & CHECK_RURI_SCHEME) && !u)
		return refuse(r, 400, S("Bad Request URI"));
	if ((checks & CHECK_RURI_SCHEME) && (u->scheme == SIP_SCHEME_OTHER || u->scheme == SIP_SCHEME_NONE))
		return refuse(r, 416, S("Unsupported URI Scheme in Request URI"));
	return 1;
}

static int32_t check_headers(struct run *r, struct sip_msg *m, int64_t checks)
{
	struct sip_via *via = sip_via_top(m);
	struct sip_cseq c = {0};
	struct sip_number n;
	int err = sip_cseq(m, &c);

	if ((checks & CHECK_REQUIRED) &&
	    (!via || !m->first[SIP_HDR_CSEQ] || !sip_from(m) || !sip_to(m) || !sip_call_id(m).n))
		return refuse(r, 400, S("Missing Required Header in Request"));
	if ((checks & CHECK_VIA_VERSION) && via && !str_eq(via->version, S("2.0")))
		return refuse(r, 505, S("Version Not Supported (Via)"));
	if ((checks & CHECK_VIA_PROTO) && via && via->proto == PROTO_OTHER)
		return refuse(r, 400, S("Unsupported Transport in Topmost Via"));
	if ((checks & CHECK_CSEQ_VALUE) && err)
		return refuse(r, 400, S("CSeq number is illegal"));
	if ((checks & CHECK_CSEQ_METHOD) && m->is_request && !err && !str_eq(c.method_text, m->method_text))
		return refuse(r, 400, S("CSeq method does not match request method"));
	err = sip_number(m, SIP_HDR_CONTENT_LENGTH, &n);
	if ((checks & CHECK_LENGTH) && err != RT_E_NOENT && (err || n.value > m->body.n))
		return refuse(r, 400, S("Content-Length mis-match"));
	err = sip_number(m, SIP_HDR_EXPIRES, &n);
	if ((checks & CHECK_EXPIRES) && err && err != RT_E_NOENT)
		return refuse(r, 400, S("Expires value is illegal"));
	return 1;
}

int32_t std_sanity_sanity_check(struct run *r, int64_t checks, int64_t uris)
{
	struct sip_msg *m = r->draft->msg;
	int32_t ret = check_first_line(r, m, checks);

	if (ret > 0)
		ret = check_headers(r, m, checks);
	if (ret > 0 && (checks & CHECK_PROXY_REQUIRE))
		ret = check_proxy_require(r, m);
	if (ret > 0 && (checks & CHECK_URIS))
		ret = check_uris(r, m, uris);
	if (ret > 0 && (checks & CHECK_CREDS) &&
	    (bad_creds(m, SIP_HDR_AUTHORIZATION) || bad_creds(m, SIP_HDR_PROXY_AUTHORIZATION)))
		ret = refuse(r, 400, S("Bad Auth Credentials"));
	if (ret > 0 && (checks & CHECK_DUPLICATE_TAGS) && sip_from(m) && sip_to(m) && sip_from(m)->tag.n &&
	    str_eq(sip_from(m)->tag, sip_to(m)->tag))
		ret = refuse(r, 400, S("Duplicate tags"));
	return ret;
}

int32_t std_sanity_sanity_check1(struct run *r, int64_t checks)
{
	return std_sanity_sanity_check(r, checks, param.uri_checks);
}

int32_t std_sanity_sanity_check0(struct run *r)
{
	return std_sanity_sanity_check(r, param.default_checks, param.uri_checks);
}

int32_t std_sanity_sanity_reply(struct run *r)
{
	struct avp_key status_key = kept("status"), reason_key = kept("reason");
	struct value code, reason;

	if (!avp_get(r->sv, &status_key, 0, &code) || !avp_get(r->sv, &reason_key, 0, &reason)) {
		code = value_int(500);
		reason = value_str(S("Server Sanity Failure"));
	}
	avp_delete(r->sv, &status_key, true);
	if (r->draft->msg->method == SIP_ACK)
		return 1;
	return script_reply(r, (int)code.i, reason.s) ? -1 : 1;
}

STD_MODULE(sanity)
