/* SPDX-License-Identifier: Apache-2.0 */
#define STD_NAME textops
#define STD_DEF "textops/textops.def"
#include "abi/std.h"

#include "script/env.h"
#include "sip/draft.h"

int32_t std_textops_is_method(struct run *r, int64_t methods)
{
	struct sip_msg *m = r->draft->msg;
	struct sip_cseq c;
	int have = m->method;

	if (!m->is_request)
		have = sip_cseq(m, &c) ? 0 : (int)c.method;
	return (have & methods) ? 1 : -1;
}

static int32_t edited(struct run *r, int err, const char *what)
{
	if (err >= 0)
		return 1;
	script_err(r, "%s: %s", what, rt_strerror(err));
	return -1;
}

int32_t std_textops_append_hf(struct run *r, const struct str *text)
{
	return edited(r, sip_hdr_append(r->draft, *text), "append_hf");
}

int32_t std_textops_insert_hf(struct run *r, const struct str *text)
{
	return edited(r, sip_hdr_prepend(r->draft, *text), "insert_hf");
}

int32_t std_textops_append_to_reply(struct run *r, const struct str *text)
{
	return edited(r, sip_reply_append(r->draft, *text), "append_to_reply");
}

int32_t std_textops_remove_hf(struct run *r, const struct str *name)
{
	int n = sip_hdr_remove_named(r->draft, *name);

	return n > 0 ? 1 : n == 0 ? -1 : edited(r, n, "remove_hf");
}

int32_t std_textops_is_present_hf(struct run *r, const struct str *name)
{
	return sip_hdr_find(r->draft->msg, *name) ? 1 : -1;
}

int32_t std_textops_has_body(struct run *r)
{
	return sip_body(r->draft->msg).n ? 1 : -1;
}

STD_MODULE(textops)
