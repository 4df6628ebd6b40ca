/* SPDX-License-Identifier: Apache-2.0 */
#define STD_NAME sl
#define STD_DEF "sl/sl.def"
#include "abi/std.h"

#include "core/counter.h"
#include "script/env.h"
#include "script/reply.h"
#include "txn/txn.h"

/* The script's code; one that is no number makes the default (the reference's 500). */
static int code_of(int32_t code, struct str *reason)
{
	if (code >= 100 && code <= 699)
		return code;
	*reason = param.default_reason;
	return (int)param.default_code;
}

static int32_t sent(struct run *r, int err)
{
	counter_inc(counter_get(S("sl"), err ? S("failures") : S("sent_replies")));
	if (err && err != RT_E_STATE)
		script_err(r, "reply is not sent: %s", rt_strerror(err));
	return err ? -1 : 1;
}

int32_t std_sl_sl_send_reply(struct run *r, int32_t code, const struct str *reason)
{
	struct str why = *reason;
	int status = code_of(code, &why);

	return sent(r, script_reply_stateless(r, status, why));
}

int32_t std_sl_send_reply(struct run *r, int32_t code, const struct str *reason)
{
	struct str why = *reason;
	int status = code_of(code, &why);

	return sent(r, script_reply(r, status, why));
}

int32_t std_sl_sl_reply_error(struct run *r)
{
	return sent(r, script_reply_stateless(r, 500, S("I'm terribly sorry, server error occurred (1/SL)")));
}

STD_MODULE(sl)
