/* SPDX-License-Identifier: Apache-2.0 */
/* What a draft builds is the same before and after it was moved and packed, and all its memory is in one piece. */
#include "runtime/sip/sip_test.h"
#include "sip/rest.h"

#define MSG "INVITE sip:bob@a SIP/2.0\nVia: SIP/2.0/UDP 1.1.1.1;branch=z9hG4bKa\nFrom: <sip:a@a>;tag=f\nTo: <sip:b@b>\n" \
	"Call-ID: c1\nCSeq: 7 INVITE\nSubject: hi\nContent-Length: 4\n\na=b\n"

enum { ROOM = 4096 };

static void late(struct sb *out, const struct sip_hop *hop, struct str data)
{
	sb_printf(out, "X-Late: " STR_FMT " for " STR_FMT "\r\n", STR_ARG(data), STR_ARG(hop->host));
}

static struct str built(const struct sip_draft *d, struct arena *a)
{
	struct sip_hop hop = {.proto = PROTO_UDP, .host = S("9.9.9.9"), .port = 5060, .branch = S("z9hG4bKown")};
	struct str w;

	assert_int_equal(sip_build_request(a, d, &hop, &w), 0);
	return w;
}

static bool inside(const char *p, const char *room, size_t n)
{
	return p >= room && p < room + n;
}

static void moved(void **state)
{
	alignas(max_align_t) char room[ROOM];
	uint64_t words[100], mask, branch_mask;
	struct arena *texts = arena_new(0), *a = arena_new(0);
	struct sip_msg *m = msg_of(MSG), *again = msg_of(MSG);
	struct sip_draft d, branch, d2, branch2;
	struct sip_mover mover = {.from = m->buf};
	struct str want, want_branch;
	size_t n;

	(void)state;
	sip_draft_init(&d, m, texts);
	d.flags = 5;
	assert_int_equal(sip_draft_set_uri(&d, S("sip:new@b")), 0);
	assert_int_equal(sip_hdr_append(&d, S("X-1: a\r\n")), 0);
	assert_int_equal(sip_edit_late(&d, m->hdr_off, late, S("data"), SIP_PLACE_FIRST), 0);
	assert_int_equal(sip_reply_append(&d, S("X-Reply: r\r\n")), 0);
	d.adv_host = str_make(m->buf.p + 7, 4); /* a view of the message */
	branch = d;
	assert_int_equal(sip_hdr_append(&branch, S("X-2: b\r\n")), 0);
	assert_int_equal(sip_draft_set_dst(&branch, S("sip:c@c")), 0);
	want = built(&d, a);
	want_branch = built(&branch, a);

	mask = sip_draft_mask(&d, NULL);
	branch_mask = sip_draft_mask(&branch, &d);
	(void)sip_draft_pack(&mover, &d, mask, NULL, NULL, NULL);
	assert_int_equal(sip_draft_pack(&mover, &branch, branch_mask, &d, NULL, NULL), 3 + 1); /* edits, destination's two words, the mask */
	assert_int_equal(sip_draft_mask(&d, &d), 0);
	n = mover.nodes + mover.texts;
	assert_int_equal(mover.nodes, 4 * sizeof(struct sip_edit)); /* those of the draft once */
	assert_false(mover.odd);

	mover = (struct sip_mover){.front = room, .back = room + n, .from = m->buf, .to = again->buf};
	n = sip_draft_pack(&mover, &d, mask, NULL, NULL, words);
	(void)sip_draft_pack(&mover, &branch, branch_mask, &d, words, words + n);
	assert_ptr_equal(mover.front, mover.back);
	sip_msg_unref(&m);
	arena_free(&texts);

	n = sip_draft_unpack(&d2, NULL, words);
	(void)sip_draft_unpack(&branch2, &d2, words + n);
	d2.msg = branch2.msg = again;
	assert_str(built(&d2, a), want);
	assert_str(built(&branch2, a), want_branch);
	assert_int_equal(d2.flags, 5);
	assert_str(branch2.main.dst_uri, S("sip:c@c"));
	assert_str(sip_reply_edits(&d2, a), S("X-Reply: r\r\n"));
	assert_ptr_equal(d2.adv_host.p, again->buf.p + 7);
	assert_ptr_equal(branch2.edits->next, d2.edits);
	assert_true(inside(d2.main.uri.p, room, sizeof(room)));
	sip_msg_unref(&again);
	arena_free(&a);
	assert_int_equal(mem_blocks(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(moved)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
