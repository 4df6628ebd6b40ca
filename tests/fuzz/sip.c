/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target: a received message. Everything that can be parsed lazily is parsed, the message is
 * judged, answered, forwarded and applied, and what comes out must parse again.
 *
 *   clang-19 -g -O1 -D_GNU_SOURCE -DKILN_DEBUG -fsanitize=fuzzer,address,undefined -Iruntime \
 *       tests/fuzz/sip.c runtime/sip/[a-z]*.c runtime/base/[a-z]*.c -o /tmp/fuzz-sip
 *   fuzz-sip -runs=1000000 -max_len=4096 tests/fuzz/corpus/sip
 */
#include "base/mem.h"
#include "sip/build.h"
#include "sip/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every byte of the view is touched and lies in the message. */
static void touch(const struct sip_msg *m, struct str s)
{
	volatile unsigned sum = 0;

	BUG_ON(s.n && (s.p < m->buf.p || s.p + s.n > m->buf.p + m->buf.n));
	for (size_t i = 0; i < s.n; i++)
		sum += (unsigned char)s.p[i];
}

static void touch_params(const struct sip_msg *m, const struct sip_param *p)
{
	for (; p; p = p->next) {
		touch(m, p->name);
		touch(m, p->value);
		touch(m, p->both);
	}
}

static void read_vias(struct sip_msg *m)
{
	struct sip_via *v = NULL;

	(void)sip_vias(m, &v);
	for (v = sip_via_top(m); v; v = v->next) {
		touch(m, v->text);
		touch(m, v->host);
		touch(m, v->comment);
		touch(m, v->branch);
		touch(m, v->received);
		touch(m, v->rport);
		touch(m, v->params);
	}
}

static void read_addrs(struct sip_msg *m, enum sip_hdr_id id)
{
	struct sip_nameaddr *na = NULL;

	if (sip_addrs(m, id, &na))
		return;
	for (; na; na = na->next) {
		const struct sip_uri *u = sip_nameaddr_uri(m, na);

		touch(m, na->display);
		touch(m, na->uri);
		touch(m, na->tag);
		touch(m, na->instance);
		touch(m, na->params);
		if (u) {
			BUG_ON(!sip_uri_eq(u, u));
			touch(m, u->host);
			touch(m, u->user);
			touch(m, u->params);
		}
	}
}

static void read_values(struct sip_msg *m)
{
	struct sip_number num;
	struct sip_cseq cseq;
	struct sip_rack rack;
	struct sip_creds *creds;
	int64_t t;

	for (int id = 0; id < SIP_HDR_COUNT; id++) {
		struct sip_item *it = NULL;

		if (!m->first[id] && id % 16 != m->buf.n % 16)
			continue; /* nothing there: asking for some of them is enough */
		read_addrs(m, (enum sip_hdr_id)id);
		if (sip_items(m, (enum sip_hdr_id)id, &it) == 0)
			for (; it; it = it->next) {
				touch(m, it->value);
				touch_params(m, it->param_list);
			}
		(void)sip_number(m, (enum sip_hdr_id)id, &num);
		for (struct sip_hdr *h = m->first[id]; h; h = h->same)
			if (sip_creds(m, h, &creds) == 0) {
				touch(m, creds->username);
				touch_params(m, creds->param_list);
			}
	}
	(void)sip_cseq(m, &cseq);
	(void)sip_rack(m, &rack);
	(void)sip_date(m, &t);
	touch(m, sip_call_id(m));
	touch(m, sip_content_type(m));
	touch(m, sip_body(m));
	(void)sip_ruri(m);
}

static void late(struct sb *out, const struct sip_hop *hop, struct str data)
{
	(void)data;
	if (hop)
		sb_add(out, S("Record-Route: <sip:me;lr>\r\n"));
}

/* What was accepted must still be acceptable after our changes. */
static void rebuild(struct arena *a, struct sip_msg *m, bool good)
{
	struct sip_hop hop = {.proto = PROTO_TCP, .host = S("h"), .port = 5060, .branch = S("z9hG4bKx")};
	struct sip_msg *again = NULL;
	struct sip_judgement j;
	struct sip_draft d;
	struct str flat, w;
	int err;

	sip_draft_init(&d, m, a);
	d.force_rport = m->buf.n & 1;
	(void)sip_hdr_append(&d, S("X-1: a\r\n"));
	(void)sip_edit_late(&d, m->hdr_off, late, STR_NULL, SIP_PLACE_FIRST);
	(void)sip_hdr_remove_named(&d, S("Subject"));
	if (m->buf.n & 2)
		(void)sip_draft_set_body(&d, S("abc"), S("a/b"));
	if (sip_apply_changes(&d, &again) == 0)
		sip_msg_unref(&again);
	err = m->is_request ? sip_build_request(a, &d, &hop, &flat) : sip_build_relayed_reply(a, &d, &flat);
	if (err)
		return;
	if (sip_msg_parse(NULL, flat, &again))
		return;
	sip_judge(again, 0, &j);
	BUG_ON(good && m->is_request && j.verdict != SIP_ACCEPT);
	if (m->is_request && good) {
		(void)sip_build_ack(a, flat, S("To: <sip:x>\r\n"), S("X-"), &w);
		(void)sip_build_cancel(a, flat, STR_NULL, S("X-"), &w);
	}
	sip_msg_unref(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sip_msg *m = NULL;
	struct arena *a;
	struct sip_judgement j;
	struct str bytes = str_make((const char *)data, size);

	if (sip_msg_parse(NULL, bytes, &m))
		return 0;
	a = arena_new(1 << 22);
	m->origin.proto = PROTO_UDP;
	(void)addr_parse(S("10.0.0.1"), &m->origin.src);
	for (struct sip_hdr *h = m->headers; h; h = h->next) {
		touch(m, sip_hdr_raw(h));
		touch(m, h->body);
	}
	read_vias(m);
	read_values(m);
	sip_judge(m, 0, &j);
	if (j.verdict != SIP_DROP && m->is_request) {
		struct sip_draft d;
		struct str w;

		sip_draft_init(&d, m, a);
		(void)sip_build_reply(a, &d, &(struct sip_reply){.status = 400, .reason = S("x"),
								 .to_tag = S("t")}, &w);
	}
	rebuild(a, m, j.verdict == SIP_ACCEPT);
	arena_free(&a);
	sip_msg_unref(&m);
	BUG_ON(mem_blocks());
	return 0;
}
