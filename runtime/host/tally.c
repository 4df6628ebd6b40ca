/* SPDX-License-Identifier: Apache-2.0 */
#include "host/tally.h"

#include "core/counter.h"

enum { METHODS = 14, REPLY_METHODS = 8, CLASSES = 6, CODES = 5 };

/* How the statistics name a method; reply statistics know the first REPLY_METHODS only. */
static const struct {
	struct str method;
	struct str request, reply;
} methods[METHODS] = {
	{S("INVITE"), S("rcv_requests_invite"), S("invite")},
	{S("CANCEL"), S("rcv_requests_cancel"), S("cancel")},
	{S("BYE"), S("rcv_requests_bye"), S("bye")},
	{S("REGISTER"), S("rcv_requests_register"), S("reg")},
	{S("MESSAGE"), S("rcv_requests_message"), S("message")},
	{S("PRACK"), S("rcv_requests_prack"), S("prack")},
	{S("UPDATE"), S("rcv_requests_update"), S("update")},
	{S("REFER"), S("rcv_requests_refer"), S("refer")},
	{S("ACK"), S("rcv_requests_ack"), {NULL, 0}},
	{S("INFO"), S("rcv_requests_info"), {NULL, 0}},
	{S("OPTIONS"), S("rcv_requests_options"), {NULL, 0}},
	{S("SUBSCRIBE"), S("rcv_requests_subscribe"), {NULL, 0}},
	{S("NOTIFY"), S("rcv_requests_notify"), {NULL, 0}},
	{S("PUBLISH"), S("rcv_requests_publish"), {NULL, 0}},
};
static const int codes[CODES] = {401, 404, 407, 480, 486};

/* By the bit of the method; COUNTER_NONE for those that are not counted singly. */
static struct {
	int request[32], klass[CLASSES], klass_method[CLASSES][32], code[CODES], ringing;
} t;

static int reply_counter(const char *what, int n, struct str method)
{
	char name[48] = "rcv_replies_";
	size_t at = strlen(name);

	name[at++] = (char)('0' + n % 10);
	memcpy(name + at, what, strlen(what) + 1);
	at += strlen(what);
	if (method.n) {
		name[at++] = '_';
		memcpy(name + at, method.p, method.n);
		at += method.n;
	}
	return counter_get(S("core"), str_make(name, at));
}

_Static_assert(COUNTER_NONE == -1, "all bits set, see tally_init");

static int bit_of(enum sip_method m)
{
	return __builtin_ctz(m);
}

void tally_init(void)
{
	static const char *const more[] = {"bad_URIs_rcvd", "bad_msg_hdr", "err_replies", "fwd_replies", "fwd_requests",
					   "unsupported_methods"};

	memset(t.request, 0xff, sizeof(t.request));
	memset(t.klass_method, 0xff, sizeof(t.klass_method));
	for (int i = 0; i < METHODS; i++)
		t.request[bit_of(sip_method_id(methods[i].method))] = counter_get(S("core"), methods[i].request);
	for (int k = 0; k < CLASSES; k++) {
		t.klass[k] = reply_counter("xx", k + 1, STR_NULL);
		for (int i = 0; i < REPLY_METHODS; i++)
			t.klass_method[k][bit_of(sip_method_id(methods[i].method))] = reply_counter("xx", k + 1, methods[i].reply);
	}
	for (int i = 0; i < CODES; i++) {
		char rest[3] = {(char)('0' + codes[i] / 10 % 10), (char)('0' + codes[i] % 10), '\0'};

		t.code[i] = reply_counter(rest, codes[i] / 100, STR_NULL);
	}
	t.ringing = counter_get(S("core"), S("rcv_replies_18x"));
	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++)
		counter_get(S("core"), str_of(more[i]));
}

static void tally_reply(struct sip_msg *m)
{
	int klass = m->status / 100 - 1;
	struct sip_cseq cseq;

	if (klass < 0 || klass >= CLASSES)
		return;
	counter_inc(t.klass[klass]);
	if (m->status / 10 == 18)
		counter_inc(t.ringing);
	for (int k = 0; k < CODES; k++)
		if (m->status == codes[k])
			counter_inc(t.code[k]);
	if (sip_cseq(m, &cseq) == 0)
		counter_inc(t.klass_method[klass][bit_of(cseq.method)]);
}

void tally(struct sip_msg *m)
{
	if (m->is_request)
		counter_inc(t.request[bit_of(m->method)]);
	else
		tally_reply(m);
}
