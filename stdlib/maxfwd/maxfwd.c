/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 3261 16.3 step 3 and 16.6 step 3. */
#define STD_NAME maxfwd
#define STD_DEF "maxfwd/maxfwd.def"
#include "abi/std.h"

#include "base/fmt.h"
#include "script/env.h"
#include "sip/draft.h"

int32_t std_maxfwd_process_maxfwd(struct run *r, int64_t limit)
{
	struct sip_msg *m = r->draft->msg;
	struct sip_number n;
	int err = sip_number(m, SIP_HDR_MAX_FORWARDS, &n);
	char digits[FMT_INT_MAX];
	int64_t value;

	if (err == RT_E_NOENT)
		return sip_hdr_prepend(r->draft,
				      str_printf(r->arena, "Max-Forwards: %lld\r\n", (long long)limit))
			       ? -2
			       : 2;
	if (err)
		return -2;
	if (n.value == 0)
		return -1;
	value = (int64_t)n.value - 1;
	if (value > param.max_limit)
		value = param.max_limit;
	err = sip_edit_view(r->draft, n.value_text, str_make(digits, fmt_i64(value, digits)));
	return err ? -2 : 1;
}

int32_t std_maxfwd_is_maxfwd_lt(struct run *r, int64_t limit)
{
	struct sip_number n;

	if (sip_number(r->draft->msg, SIP_HDR_MAX_FORWARDS, &n))
		return -2;
	return (int64_t)n.value < limit ? 1 : -1;
}

STD_MODULE(maxfwd)
