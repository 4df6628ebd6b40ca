/* SPDX-License-Identifier: Apache-2.0 */
#include "sip/hdr_ref.h"

#include "sip/sip_priv.h"

static bool take_token(struct str *s, struct str *ret)
{
	/* a point is a character of tokens (RFC 3261 25.1), here it begins the parameter */
	*ret = str_head(*s, sip_span(str_head(*s, str_chr(*s, '.')), SIP_CC_TOKEN));
	*s = str_skip(*s, ret->n);
	return ret->n != 0;
}

static bool take_index(struct str *s, struct sip_hdr_ref *ref)
{
	struct str number;

	if (!s->n || *s->p != '[')
		return true;
	if (str_chr(*s, ']') == STR_NONE)
		return false;
	*s = str_skip(*s, 1);
	number = str_trim(str_cut(s, ']'));
	ref->which = str_eq(number, S("*")) ? SIP_HDR_ALL : SIP_HDR_AT;
	return ref->which == SIP_HDR_ALL || str_number(number, 32, &ref->index);
}

bool sip_hdr_ref_parse(struct str text, struct sip_hdr_ref *ret)
{
	struct sip_hdr_ref ref = {.which = SIP_HDR_NO_INDEX};
	struct str s = str_trim(text);

	if (!take_token(&s, &ref.name) || !take_index(&s, &ref))
		return false;
	if (s.n && *s.p == '.') {
		s = str_skip(s, 1);
		if (!take_token(&s, &ref.param))
			return false;
	}
	if (s.n)
		return false;
	*ret = ref;
	return true;
}
