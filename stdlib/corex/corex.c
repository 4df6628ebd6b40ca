/* SPDX-License-Identifier: Apache-2.0 */
#define STD_NAME corex
#define STD_DEF "corex/corex.def"
#include "abi/std.h"

#include "sip/draft.h"

/* "0.7", "1" as thousandths; what is no q value is none, as in the reference. */
static int parse_q(struct str s)
{
	int q = 0, unit = 1000;

	for (size_t i = 0; i < s.n && unit; i++) {
		if (s.p[i] == '.' && i == 1)
			continue;
		if (s.p[i] < '0' || s.p[i] > '9')
			return SIP_Q_NONE;
		q += (s.p[i] - '0') * unit;
		unit /= 10;
	}
	return s.n == 0 || q > 1000 ? SIP_Q_NONE : q;
}

/* Without a URI the branch is the request's target as it stands, with its next hop, path and flags. */
static int32_t append(struct run *r, struct str uri, struct str q)
{
	struct sip_branch b = {.uri = uri, .q = SIP_Q_NONE};
	struct sip_uri u;

	if (!r->draft)
		return -1;
	if (!uri.n) {
		b = r->draft->main;
		b.uri = sip_draft_uri(r->draft);
	} else if (sip_uri_parse(uri, &u) != 0) {
		return -1;
	}
	if (q.n)
		b.q = parse_q(q);
	return sip_branch_append(r->draft, &b, NULL) ? -1 : 1;
}

int32_t std_corex_append_branch(struct run *r)
{
	return append(r, STR_NULL, STR_NULL);
}

int32_t std_corex_append_branch_uri(struct run *r, const struct str *uri)
{
	return append(r, *uri, STR_NULL);
}

int32_t std_corex_append_branch_uri_q(struct run *r, const struct str *uri, const struct str *q)
{
	return append(r, *uri, *q);
}

STD_MODULE(corex)
