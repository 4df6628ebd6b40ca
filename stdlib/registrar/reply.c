/* SPDX-License-Identifier: Apache-2.0 */
/* The answer to a REGISTER: 200 with all contacts, or why not. */
#include "registrar/registrar_priv.h"

#include "base/fmt.h"
#include "core/counter.h"
#include "script/reply.h"

enum { REPLY_MAX = 60000 };

/* What stands round the URI of a contact, with q and seconds at their longest. */
enum { AROUND_URI = sizeof("Contact: <>;q=0.123;expires=\r\n") + FMT_INT_MAX };

static const struct {
	int status;
	struct str reason;
	struct str info; /* P-Registrar-Error */
} errors[] = {
	[REG_OK] = {200, S("OK"), {NULL, 0}},
	[REG_E_INTERNAL] = {500, S("Server Internal Error"), S("Internal error")},
	[REG_E_AOR] = {400, S("Bad Request"), S("Address of record cannot be read")},
	[REG_E_PARSE] = {400, S("Bad Request"), S("Contact parse error")},
	[REG_E_STAR] = {400, S("Bad Request"), S("* used in contact and expires is not zero")},
	[REG_E_STAR_MORE] = {400, S("Bad Request"), S("* used in contact and more than one contact")},
	[REG_E_TOO_LONG] = {400, S("Bad Request"), S("Contact/received too long")},
	[REG_E_CALL_ID] = {400, S("Bad Request"), S("Callid too long")},
	[REG_E_Q] = {400, S("Bad Request"), S("Invalid q param in contact")},
	[REG_E_EXPIRES] = {400, S("Bad Request"), S("Invalid expires param in contact")},
	[REG_E_BRIEF] = {423, S("Interval Too Brief"), S("Interval too brief")},
	[REG_E_CSEQ] = {400, S("Bad Request"), S("Invalid CSeq number")},
	[REG_E_TOO_MANY] = {503, S("Service Unavailable"), S("Too many registered contacts")},
	[REG_E_PATH] = {420, S("Bad Extension"), S("No support for found Path indicated")},
	[REG_E_OUTBOUND] = {420, S("Bad Extension"), S("No support for Outbound on server")},
};

static inline __attribute__((always_inline)) char *put(char *p, struct str s)
{
	memcpy(p, s.p, s.n);
	return p + s.n;
}

/* ";q=0.7", without trailing zeros. */
static char *put_q(char *p, int q)
{
	if (q < 0)
		return p;
	if (q >= 1000)
		return put(p, S(";q=1"));
	p = put(p, S(";q=0."));
	do {
		*p++ = (char)('0' + q / 100);
		q = q % 100 * 10;
	} while (q);
	return p;
}

static void add_contact(struct sb *b, struct reg_save *s, const struct ul_contact *c, bool first)
{
	char *p = sb_room(b, c->uri.n + AROUND_URI);

	if (!p)
		return;
	p = put(p, first ? S("Contact: <") : S(", <"));
	p = put(p, c->uri);
	p = put_q(put(p, S(">")), c->q);
	p = put(p, S(";expires="));
	p += fmt_i64(c->expires ? c->expires - s->now : 0, p);
	sb_took(b, p);
	if (c->received.n && reg_conf.received_param.n)
		sb_printf(b, ";" STR_FMT "=\"" STR_FMT "\"", STR_ARG(reg_conf.received_param),
			  STR_ARG(c->received));
	if (!c->instance.n)
		return;
	if (s->gruu)
		reg_gruus(b, s, c);
	sb_printf(b, ";+sip.instance=\"" STR_FMT "\"", STR_ARG(c->instance));
	if (c->reg_id)
		sb_printf(b, ";reg-id=%u", c->reg_id);
}

static void add_contacts(struct sb *b, struct reg_save *s)
{
	for (uint32_t i = 0; i < s->res.n; i++)
		add_contact(b, s, &s->res.contacts[i], i == 0);
	if (s->res.n)
		sb_add(b, S("\r\n"));
}

static void add_success(struct sb *b, struct reg_save *s)
{
	bool show_path = reg_conf.path_mode == 2 || (reg_conf.path_mode == 1 && s->path);
	bool flows = false;

	if (s->path_text.n && show_path)
		sb_printf(b, "Path: " STR_FMT "\r\n", STR_ARG(s->path_text));
	for (uint32_t i = 0; s->outbound && i < s->res.n; i++)
		flows = flows || s->res.contacts[i].reg_id;
	if (reg_conf.outbound_mode == 2)
		sb_addz(b, "Require: outbound\r\nSupported: outbound\r\n");
	else if (reg_conf.outbound_mode)
		sb_addz(b, "Supported: outbound\r\n");
	if (s->outbound && flows) {
		if (reg_conf.outbound_mode != 2)
			sb_addz(b, "Require: outbound\r\n");
		if (reg_conf.flow_timer > 0)
			sb_printf(b, "Flow-Timer: %lld\r\n", (long long)reg_conf.flow_timer);
	}
}

static void add_error(struct sb *b, struct reg_save *s)
{
	if (s->error == REG_E_PATH) {
		sb_addz(b, "Unsupported: path\r\n");
		for (struct sip_hdr *h = s->msg->first[SIP_HDR_PATH]; h; h = h->same)
			sb_printf(b, "Path: " STR_FMT "\r\n", STR_ARG(h->body));
	} else if (s->error == REG_E_OUTBOUND) {
		sb_addz(b, "Unsupported: outbound\r\n");
	} else if (s->error == REG_E_BRIEF) {
		sb_printf(b, "Min-Expires: %lld\r\n", (long long)reg_conf.min_expires);
	}
	sb_printf(b, "P-Registrar-Error: " STR_FMT "\r\n", STR_ARG(errors[s->error].info));
	if (errors[s->error].status >= 500 && reg_conf.retry_after > 0)
		sb_printf(b, "Retry-After: %lld\r\n", (long long)reg_conf.retry_after);
}

int reg_reply(struct reg_save *s, bool send)
{
	struct sb b;

	counter_inc(s->error ? reg_conf.rejected : reg_conf.accepted);
	sb_init(&b, s->r->draft->arena, REPLY_MAX);
	add_contacts(&b, s);
	if (s->error)
		add_error(&b, s);
	else
		add_success(&b, s);
	if (!sb_ok(&b) || sip_reply_append_ref(s->r->draft, sb_str(&b)))
		return RT_E_NOMEM;
	if (!send)
		return 0;
	return script_reply(s->r, errors[s->error].status, errors[s->error].reason);
}
