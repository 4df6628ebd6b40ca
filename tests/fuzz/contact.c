/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: the body of a Contact in a message that is fine otherwise: parsed, removed, rewritten, applied, answered. */
#include "base/mem.h"
#include "sip/build.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct str message(struct arena *a, struct str contact)
{
	return str_printf(a,
			  "REGISTER sip:h SIP/2.0\r\nVia: SIP/2.0/UDP 1.2.3.4;branch=z9hG4bKx\r\nFrom: <sip:a@h>;tag=1\r\n"
			  "To: <sip:a@h>\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\nContact: " STR_FMT
			  "\r\nContent-Length: 0\r\n\r\n",
			  STR_ARG(contact));
}

static void change(struct sip_msg *m)
{
	struct arena *a = arena_new(4 << 20);
	struct sip_msg *applied;
	struct sip_draft d;

	sip_draft_init(&d, m, a);
	for (struct sip_nameaddr *c = sip_contacts(m); c; c = c->next)
		if (c->uri.n)
			(void)sip_edit_view(&d, c->uri, S("sip:new@host"));
	if (sip_draft_apply(&d) == 0) {
		(void)sip_contacts(d.msg);
		(void)sip_hdr_remove_named(&d, S("m"));
		BUG_ON(sip_draft_apply(&d) == 0 && d.msg->first[SIP_HDR_CONTACT] && !m->first[SIP_HDR_CONTACT]);
		applied = d.msg;
		sip_msg_unref(&applied);
	}
	arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(1 << 20);
	struct str text = message(a, str_make((const char *)data, size));
	struct sip_msg *m;

	if (text.p && sip_msg_parse(NULL, text, &m) == 0) {
		change(m);
		sip_msg_unref(&m);
	}
	arena_free(&a);
	return 0;
}
