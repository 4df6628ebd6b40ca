/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Versions, required headers, Via, CSeq and Content-Length are judged before any script runs
 * (sip/check.h), so their bits have nothing left to find. The others are checked here.
 */
#define STD_NAME sanity
#define STD_DEF "sanity/sanity.def"
#include "abi/std.h"

#include "script/env.h"
#include "script/reply.h"
#include "sip/draft.h"

enum { CHECK_EXPIRES = 256, CHECK_PROXY_REQUIRE = 512, CHECK_URIS = 1024 };
enum { URI_RURI = 1, URI_FROM = 2, URI_TO = 4 };

static int32_t refuse(struct run *r, int status, struct str reason)
{
	script_log(r, L_WARN, "sanity: " STR_FMT, STR_ARG(reason));
	if (r->draft->msg->is_request)
		script_reply(r, status, reason);
	return param.autodrop ? 0 : -1;
}

static bool bad_addr(struct sip_msg *m, struct sip_nameaddr *a)
{
	return !a || !sip_nameaddr_uri(m, a);
}

int32_t std_sanity_sanity_check(struct run *r, int64_t checks, int64_t uris)
{
	struct sip_msg *m = r->draft->msg;
	struct sip_number n;
	int err;

	if ((checks & CHECK_PROXY_REQUIRE) && m->is_request && m->first[SIP_HDR_PROXY_REQUIRE]) {
		struct str h = str_printf(r->arena, "Unsupported: " STR_FMT "\r\n",
					  STR_ARG(m->first[SIP_HDR_PROXY_REQUIRE]->body));

		sip_reply_append(r->draft, h);
		return refuse(r, 420, S("Bad Extension"));
	}
	err = sip_number(m, SIP_HDR_EXPIRES, &n);
	if ((checks & CHECK_EXPIRES) && err && err != RT_E_NOENT)
		return refuse(r, 400, S("Invalid value in expires header"));
	if (checks & CHECK_URIS) {
		if ((uris & URI_RURI) && m->is_request && !sip_ruri(m))
			return refuse(r, 400, S("Bad Request URI"));
		if ((uris & URI_FROM) && bad_addr(m, sip_from(m)))
			return refuse(r, 400, S("Bad From header"));
		if ((uris & URI_TO) && bad_addr(m, sip_to(m)))
			return refuse(r, 400, S("Bad To header"));
	}
	return 1;
}

STD_MODULE(sanity)
