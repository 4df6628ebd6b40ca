/* SPDX-License-Identifier: Apache-2.0 */
/* Taking edits over, reply codes, pruning headers, shell patterns. */
#define STD_NAME textopsx
#define STD_DEF "textopsx/textopsx.def"
#include "abi/std.h"

#include <fnmatch.h>

#include "script/env.h"
#include "script/log_prefix.h"
#include "script/regex.h"
#include "sip/draft.h"

static int32_t edited(struct run *r, int err, const char *what)
{
	if (err >= 0)
		return 1;
	script_err(r, "%s: %s", what, rt_strerror(err));
	return -1;
}

int32_t std_textopsx_msg_apply_changes(struct run *r)
{
	script_log_prefix_settle();
	return r->draft ? edited(r, sip_draft_apply(r->draft), "msg_apply_changes") : -1;
}

int32_t std_textopsx_msg_set_buffer(struct run *r, const struct str *data)
{
	script_log_prefix_settle();
	return r->draft && data->n ? edited(r, sip_draft_set_message(r->draft, *data), "msg_set_buffer") : -1;
}

/* ---- replies ---- */

/* A reply keeps its class: a final one cannot become provisional or the other way round. */
static int32_t change_status(struct run *r, int64_t code, struct str reason)
{
	struct sip_msg *m = r->draft ? r->draft->msg : NULL;

	if (!m || m->is_request || code < 100 || code > 699)
		return -1;
	if ((m->status < 200) != (code < 200) || (m->status >= 200 && m->status < 300) != (code >= 200 && code < 300)) {
		script_err(r, "the class of a reply may not change (%d to %d)", m->status, (int)code);
		return -1;
	}
	return edited(r, sip_draft_set_reply(r->draft, (int)code, reason), "change_reply_status");
}

int32_t std_textopsx_change_reply_status(struct run *r, int64_t code, const struct str *reason)
{
	return change_status(r, code, *reason);
}

int32_t std_textopsx_change_reply_status_code(struct run *r, int64_t code)
{
	return change_status(r, code, STR_NULL);
}

/* ---- pruning ---- */

int32_t std_textopsx_remove_body(struct run *r)
{
	return r->draft ? edited(r, sip_draft_remove_body(r->draft), "remove_body") : -1;
}

static bool needed(enum sip_hdr_id id)
{
	switch (id) {
	case SIP_HDR_VIA:
	case SIP_HDR_FROM:
	case SIP_HDR_TO:
	case SIP_HDR_CALL_ID:
	case SIP_HDR_CSEQ:
	case SIP_HDR_MAX_FORWARDS:
	case SIP_HDR_ROUTE:
	case SIP_HDR_RECORD_ROUTE:
	case SIP_HDR_CONTACT:
	case SIP_HDR_CONTENT_TYPE:
	case SIP_HDR_CONTENT_LENGTH:
		return true;
	default:
		return false;
	}
}

static bool superfluous(const struct sip_hdr *h, void *arg)
{
	const struct rt_regex *re = arg;

	return !needed(h->id) && !(re && rt_regex_exec(re, h->name, 0, NULL));
}

static int32_t prune(struct run *r, const struct rt_regex *re)
{
	/* the callback's argument is not const, the expression is only read */
	return r->draft ? edited(r, sip_hdr_remove_if(r->draft, superfluous, (void *)(uintptr_t)re), "keep_hf") : -1;
}

int32_t std_textopsx_keep_hf(struct run *r)
{
	return prune(r, NULL);
}

int32_t std_textopsx_keep_hf_re(struct run *r, const struct rt_regex *re)
{
	return re ? prune(r, re) : -1;
}

/* ---- shell patterns ---- */

static int32_t matches(struct run *r, const struct str *value, const struct str *pattern, int flags)
{
	char *v = str_z(r->arena, *value), *p = str_z(r->arena, *pattern);

	return v && p && fnmatch(p, v, flags) == 0 ? 1 : -1;
}

int32_t std_textopsx_fnmatch2(struct run *r, const struct str *value, const struct str *pattern)
{
	return matches(r, value, pattern, 0);
}

int32_t std_textopsx_fnmatch3(struct run *r, const struct str *value, const struct str *pattern, const struct str *flags)
{
	return matches(r, value, pattern, flags->n && (flags->p[0] == 'i' || flags->p[0] == 'I') ? FNM_CASEFOLD : 0);
}

STD_MODULE(textopsx)
