/* SPDX-License-Identifier: Apache-2.0 */
#define STD_NAME siputils
#define STD_DEF "siputils/siputils.def"
#include "abi/std.h"

#include "sip/draft.h"

int32_t std_siputils_is_request(struct run *r)
{
	return r->draft->msg->is_request ? 1 : -1;
}

int32_t std_siputils_is_reply(struct run *r)
{
	return r->draft->msg->is_request ? -1 : 1;
}

int32_t std_siputils_has_totag(struct run *r)
{
	struct sip_nameaddr *to = sip_to(r->draft->msg);

	return to && to->tag.n ? 1 : -1;
}

int32_t std_siputils_is_first_hop(struct run *r)
{
	return sip_via_at(r->draft->msg, 1) ? -1 : 1;
}

STD_MODULE(siputils)
