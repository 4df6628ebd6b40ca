/* SPDX-License-Identifier: Apache-2.0 */
/* The wanted bytes are what the reference server sends for the same message and script. */
#include "runtime/sip/sip_test.h"

#define HEAD "MESSAGE sip:bob@127.0.0.1:23000 SIP/2.0\n"
#define OWN "Via: SIP/2.0/UDP 127.0.0.1:23000;branch=z9hG4bKown.0\n"
#define REST "From: <sip:a@a>;tag=f\nTo: <sip:b@b>\nCall-ID: c1\nCSeq: 7 MESSAGE\n"
#define VIA "Via: SIP/2.0/UDP 127.0.0.1:23001;branch=z9hG4bKa\n"
#define MSG HEAD VIA REST "Subject: hi\nContent-Length: 4\n\na=b\n"

static struct arena *arena;
static struct sip_msg *msg;
static struct sip_draft draft;
static struct sip_hop hop;

static void start(const char *text)
{
	if (arena) {
		arena_free(&arena);
		sip_msg_unref(&msg);
	}
	arena = arena_new(0);
	msg = msg_of(text);
	sip_draft_init(&draft, msg, arena);
	hop = (struct sip_hop){.proto = PROTO_UDP,
			       .host = S("127.0.0.1"),
			       .port = 23000,
			       .branch = S("z9hG4bKown.0")};
}

static void want_request(const char *want)
{
	struct str w;

	assert_int_equal(sip_build_request(arena, &draft, &hop, &w), 0);
	assert_wire(w, want);
}

static int finish(void **state)
{
	(void)state;
	if (arena)
		arena_free(&arena);
	sip_msg_unref(&msg);
	return mem_blocks() != 0;
}

static const struct {
	const char *via, *want;
	bool force;
} fixes[] = {
	{"Via: SIP/2.0/UDP 127.0.0.1;branch=a", "Via: SIP/2.0/UDP 127.0.0.1;branch=a", false},
	{"Via: SIP/2.0/UDP 9.9.9.9:23001;branch=a;foo",
	 "Via: SIP/2.0/UDP 9.9.9.9:23001;received=127.0.0.1;branch=a;foo", false},
	{"Via: SIP/2.0/UDP 9.9.9.9:23001;foo;rport;branch=a",
	 "Via: SIP/2.0/UDP 9.9.9.9:23001;received=127.0.0.1;foo;rport=23001;branch=a", false},
	{"Via: SIP/2.0/UDP 9.9.9.9:23001 ; rport= ;branch=a;received=1.2.3.4",
	 "Via: SIP/2.0/UDP 9.9.9.9:23001 ; rport=23001 ;branch=a;received=127.0.0.1", false},
	{"Via: SIP/2.0/UDP 127.0.0.1:23001;rport=99;branch=a",
	 "Via: SIP/2.0/UDP 127.0.0.1:23001;received=127.0.0.1;rport=23001;branch=a", false},
	{"Via: SIP/2.0/UDP foo.example.com", "Via: SIP/2.0/UDP foo.example.com;received=127.0.0.1",
	 false},
	{"v:   SIP / 2.0 / UDP 9.9.9.9:23001 ;branch=a, SIP/2.0/UDP 7.7.7.7",
	 "v:   SIP / 2.0 / UDP 9.9.9.9:23001 ;received=127.0.0.1;branch=a, SIP/2.0/UDP 7.7.7.7",
	 false},
	{"Via: SIP/2.0/UDP 127.0.0.1:23001;branch=a",
	 "Via: SIP/2.0/UDP 127.0.0.1:23001;rport=23001;branch=a", true},
	{"Via: SIP/2.0/UDP 9.9.9.9:23001;branch=a;foo",
	 "Via: SIP/2.0/UDP 9.9.9.9:23001;rport=23001;received=127.0.0.1;branch=a;foo", true},
};

static void via_fixes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(fixes) / sizeof(*fixes); i++) {
		char in[500], out[500];

		snprintf(in, sizeof(in), HEAD "%s\n" REST "\n", fixes[i].via);
		snprintf(out, sizeof(out), HEAD OWN "%s\n" REST "\n", fixes[i].want);
		start(in);
		draft.force_rport = fixes[i].force;
		want_request(out);
	}
}

static void plain_request(void **state)
{
	(void)state;
	start(MSG);
	want_request(HEAD OWN VIA REST "Subject: hi\nContent-Length: 4\n\na=b\n");
	start(MSG);
	hop.conn_id = 31;
	draft.add_local_rport = true;
	want_request(HEAD "Via: SIP/2.0/UDP 127.0.0.1:23000;branch=z9hG4bKown.0;i=1f;rport\n" VIA REST
			  "Subject: hi\nContent-Length: 4\n\na=b\n");
}

static void record_route(struct sb *out, const struct sip_hop *h, struct str data)
{
	sb_printf(out, "Record-Route: <sip:" STR_FMT ":%u;" STR_FMT ">\r\n", STR_ARG(h->host), h->port,
		  STR_ARG(data));
}

static void order_of_headers(void **state)
{
	(void)state;
	start(HEAD "X-F: 1\n" VIA REST "\n");
	sip_hdr_append(&draft, S("X-9: z\r\n"));
	sip_hdr_prepend(&draft, S("X-1: a\r\n"));
	sip_edit_late(&draft, msg->hdr_off, record_route, S("lr"), SIP_PLACE_LAST);
	sip_hdr_prepend(&draft, S("X-2: b\r\n"));
	sip_edit_insert(&draft, msg->hdr_off, S("X-0: b\r\n"), SIP_PLACE_FIRST);
	sip_hdr_append(&draft, S("X-10: z\r\n"));
	sip_hdr_insert_after(&draft, msg->first[SIP_HDR_CALL_ID], S("X-3: c\r\n"));
	sip_hdr_insert_after(&draft, msg->first[SIP_HDR_CALL_ID], S("X-3b: c\r\n"));
	want_request(HEAD "X-0: b\nX-1: a\nRecord-Route: <sip:127.0.0.1:23000;lr>\nX-2: b\nX-F: 1\n" OWN
			  VIA "From: <sip:a@a>;tag=f\nTo: <sip:b@b>\nCall-ID: c1\nX-3: c\nX-3b: c\n"
			  "CSeq: 7 MESSAGE\nX-9: z\nX-10: z\n\n");
}

/* More edits than there is room for at once: small letters behind each other before From, capitals before them, last first. */
static void many_edits(void **state)
{
	char text[4096] = HEAD OWN VIA, *end;

	(void)state;
	start(HEAD VIA REST "\n");
	for (char c = 'a'; c <= 'z'; c++) {
		char name[] = "X-.: 1\r\n";

		name[2] = c;
		assert_int_equal(sip_edit_insert(&draft, msg->first[SIP_HDR_FROM]->off, str_of(name), SIP_PLACE_LAST), 0);
		name[2] = (char)(c - 'a' + 'A');
		assert_int_equal(sip_edit_insert(&draft, msg->first[SIP_HDR_FROM]->off, str_of(name), SIP_PLACE_FIRST), 0);
	}
	end = text + strlen(text);
	for (char c = 'Z'; c >= 'A'; c--)
		end += snprintf(end, 16, "X-%c: 1\n", c);
	for (char c = 'a'; c <= 'z'; c++)
		end += snprintf(end, 16, "X-%c: 1\n", c);
	snprintf(end, 256, "%s\n", REST);
	want_request(text);
}

static bool is_subject(const struct sip_hdr *h, void *arg)
{
	(void)arg;
	return sip_hdr_name_is(h, S("s"));
}

static void removes_and_replaces(void **state)
{
	(void)state;
	start(MSG);
	assert_int_equal(sip_hdr_remove_named(&draft, S("subject")), 1);
	assert_int_equal(sip_hdr_remove_if(&draft, is_subject, NULL), 1);
	assert_true(sip_hdr_is_removed(&draft, msg->first[SIP_HDR_SUBJECT]));
	/* goes with the header */
	assert_int_equal(sip_hdr_set(&draft, msg->first[SIP_HDR_SUBJECT], S("gone")), 0);
	sip_hdr_append(&draft, S("Subject: new\r\n"));
	assert_int_equal(sip_edit_view(&draft, sip_from(msg)->uri, S("sip:n@h")), 0);
	assert_int_equal(sip_draft_set_uri(&draft, S("sip:new@h:5070;x=y")), 0);
	assert_int_equal(sip_draft_set_uri(&draft, S("sip:new@h 5")), RT_E_PARSE); /* would break the request line */
	want_request("MESSAGE sip:new@h:5070;x=y SIP/2.0\n" OWN VIA
		     "From: <sip:n@h>;tag=f\nTo: <sip:b@b>\nCall-ID: c1\nCSeq: 7 MESSAGE\n"
		     "Content-Length: 4\nSubject: new\n\na=b\n");
	assert_int_equal(sip_edit_delete(&draft, 0, 100000), RT_E_INVAL);
	assert_int_equal(sip_edit_view(&draft, S("elsewhere"), S("")), RT_E_INVAL);
}

static void bodies(void **state)
{
	(void)state;
	start(HEAD VIA REST "Content-Type: a/b\nl: 2\n\nabcde");
	want_request(HEAD OWN VIA REST "Content-Type: a/b\nl: 2\n\nab");
	sip_draft_set_body(&draft, S("old"), S("x/y"));
	sip_draft_set_body(&draft, S("new body text"), S("text/plain"));
	want_request(HEAD OWN VIA REST "l: 13\nContent-Type: text/plain\n\nnew body text");
	start(HEAD VIA REST "\nxx");
	want_request(HEAD OWN VIA REST "\nxx");
	sip_draft_set_body(&draft, S("new"), S("text/plain"));
	want_request(HEAD OWN VIA REST "Content-Type: text/plain\nContent-Length: 3\n\nnew");
	start(HEAD VIA REST "Content-Type: a/b\nContent-Length: 2\n\nxx");
	sip_draft_remove_body(&draft);
	want_request(HEAD OWN VIA REST "Content-Type: a/b\nContent-Length: 0\n\n");
	start(HEAD VIA REST "Content-Length: \nSubject: hi\n\nabc"); /* an empty one gets its number in its own line */
	want_request(HEAD OWN VIA REST "Content-Length: 3\nSubject: hi\n\nabc");
	start(HEAD VIA REST "Content-Length: 4\n\na=bc");
	sip_edit_replace(&draft, msg->body_off, 1, S("long"));
	want_request(HEAD OWN VIA REST "Content-Length: 7\n\nlong=bc");
	start(MSG);
	sip_hdr_remove_named(&draft, S("Content-Length"));
	want_request(HEAD OWN VIA REST "Subject: hi\n\na=b\n");
	hop.proto = PROTO_TCP;
	want_request(HEAD "Via: SIP/2.0/TCP 127.0.0.1:23000;branch=z9hG4bKown.0\n" VIA REST
			  "Subject: hi\nContent-Length: 4\n\na=b\n");
}

static void branches(void **state)
{
	struct sip_branch b = {.uri = S("sip:b2@h"),
			       .path = S("<sip:127.0.0.1:23002;lr>,<sip:6.6.6.6;lr>"),
			       .q = SIP_Q_NONE};
	struct sip_draft main_draft;

	(void)state;
	start(MSG);
	sip_hdr_append(&draft, S("X-1: a\r\n"));
	assert_int_equal(sip_branch_append(&draft, &b, NULL), 0);
	assert_int_equal(sip_draft_copy(&draft, &main_draft), 0);
	assert_int_equal(sip_branch_remove(&draft, 0), 0);
	assert_int_equal(sip_branch_count(&main_draft), 1);
	sip_hdr_append(&main_draft, S("X-BR: 0\r\n"));
	sip_draft_take_branch(&draft, sip_branch_at(&main_draft, 0));
	sip_hdr_append(&draft, S("X-BR: 1\r\n"));
	want_request("MESSAGE sip:b2@h SIP/2.0\n" OWN
		     "Route: <sip:127.0.0.1:23002;lr>,<sip:6.6.6.6;lr>\n" VIA REST
		     "Subject: hi\nContent-Length: 4\nX-1: a\nX-BR: 1\n\na=b\n");
	draft = main_draft;
	want_request(HEAD OWN VIA REST "Subject: hi\nContent-Length: 4\nX-1: a\nX-BR: 0\n\na=b\n");
	sip_branches_clear(&draft);
	for (int i = 0; i < 11; i++)
		assert_int_equal(sip_branch_append(&draft, &b, NULL), 0);
	assert_int_equal(sip_branch_append(&draft, &b, NULL), RT_E_LIMIT);
}

static void marks(void **state)
{
	struct sip_draft before;

	(void)state;
	start(MSG);
	sip_hdr_append(&draft, S("X-1: a\r\n"));
	before = draft;
	sip_hdr_append(&draft, S("X-2: a\r\n"));
	sip_edit_mark(&draft, 7);
	sip_hdr_append(&draft, S("X-3: a\r\n"));
	assert_true(sip_draft_has(&draft, 7));
	assert_int_equal(sip_draft_drop(&draft, 7), 0);
	assert_false(sip_draft_has(&draft, 7));
	want_request(HEAD OWN VIA REST "Subject: hi\nContent-Length: 4\nX-1: a\nX-3: a\n\na=b\n");
	draft = before;
	want_request(HEAD OWN VIA REST "Subject: hi\nContent-Length: 4\nX-1: a\n\na=b\n");
}

static void relayed_reply(void **state)
{
	struct str w;

	(void)state;
	start("SIP/2.0 200 OK\nRecord-Route: <sip:x;lr>\n" OWN VIA REST "Server: peer\nContent-Length: 5\n\n"
	      "hello");
	sip_hdr_append(&draft, S("X-Rpl: 1\r\n"));
	sip_hdr_prepend(&draft, S("X-Rpi: 2\r\n"));
	sip_hdr_remove_named(&draft, S("Server"));
	assert_int_equal(sip_draft_set_reply(&draft, 299, S("Changed")), 0);
	assert_int_equal(sip_build_relayed_reply(arena, &draft, &w), 0);
	assert_wire(w, "SIP/2.0 299 Changed\nX-Rpi: 2\nRecord-Route: <sip:x;lr>\n" VIA REST
			"Content-Length: 5\nX-Rpl: 1\n\nhello");
	start("SIP/2.0 180 Ringing\nv: SIP/2.0/UDP own;branch=a ,\n SIP/2.0/UDP b;c\n" REST "\n");
	assert_int_equal(sip_build_relayed_reply(arena, &draft, &w), 0);
	assert_wire(w, "SIP/2.0 180 Ringing\nv: SIP/2.0/UDP b;c\n" REST "Content-Length: 0\n\n");
	assert_int_equal(sip_draft_set_reply(&draft, 200, S("a\r\nX: y")), RT_E_PARSE);
}

static void want_reply(const struct sip_reply *r, const char *want)
{
	struct str w;

	assert_int_equal(sip_build_reply(arena, &draft, r, &w), 0);
	assert_wire(w, want);
}

#define REQ                                                                                        \
	HEAD "Via: SIP/2.0/UDP 9.9.9.9:23001;branch=a;foo\nf :  <sip:a@a>;tag=f\nt: \"x\"\n"       \
	     " <sip:b@b> ;foo=bar\nCall-ID: c1\nCSeq: 7 MESSAGE\nX-T: y\nRecord-Route: <sip:r;lr>\n" \
	     "Via: SIP/2.0/UDP 2.2.2.2\nContent-Length: 0\n\n"

static void local_reply(void **state)
{
	struct sip_ident ident = {.server = S("kamailio (5.6.3 (x86_64/linux))")};

	(void)state;
	start(REQ);
	sip_reply_append(&draft, S("X-A: 1\r\n"));
	sip_reply_append(&draft, S("X-B: 2\r\n"));
	sip_hdr_append(&draft, S("X-Not: 1\r\n"));
	want_reply(&(struct sip_reply){.status = 404,
				       .reason = S("Not Here"),
				       .to_tag = S("tt"),
				       .ident = &ident,
				       .rport = true},
		   "SIP/2.0 404 Not Here\nVia: SIP/2.0/UDP "
		   "9.9.9.9:23001;branch=a;foo;rport=23001;received=127.0.0.1\nf :  <sip:a@a>;tag=f\n"
		   "t: \"x\"\n <sip:b@b> ;foo=bar;tag=tt\nCall-ID: c1\nCSeq: 7 MESSAGE\n"
		   "Via: SIP/2.0/UDP 2.2.2.2\nX-A: 1\nX-B: 2\n"
		   "Server: kamailio (5.6.3 (x86_64/linux))\nContent-Length: 0\n\n");
	start(REQ);
	want_reply(&(struct sip_reply){.status = 200,
				       .reason = S("OK"),
				       .to_tag = S("tt"),
				       .body = S("hello body"),
				       .content_type = S("text/plain")},
		   "SIP/2.0 200 OK\nVia: SIP/2.0/UDP 9.9.9.9:23001;branch=a;foo;received=127.0.0.1\n"
		   "f :  <sip:a@a>;tag=f\nt: \"x\"\n <sip:b@b> ;foo=bar;tag=tt\nCall-ID: c1\n"
		   "CSeq: 7 MESSAGE\nRecord-Route: <sip:r;lr>\nVia: SIP/2.0/UDP 2.2.2.2\n"
		   "Content-Type: text/plain\nServer: kiln\nContent-Length: 10\n\nhello body");
	start(HEAD VIA "From: <sip:a>;tag=f\nTo: sip:b;tag=zzz;x \nCall-ID: c\nCSeq: 1 MESSAGE\n\n");
	want_reply(&(struct sip_reply){.status = 480, .reason = S("No"), .to_tag = S("tt")},
		   "SIP/2.0 480 No\n" VIA "From: <sip:a>;tag=f\nTo: sip:b;tag=zzz;x \nCall-ID: c\n"
		   "CSeq: 1 MESSAGE\nServer: kiln\nContent-Length: 0\n\n");
	start(HEAD VIA REST "\n");
	want_reply(&(struct sip_reply){.status = 100, .reason = S("Giving it"), .to_tag = S("tt")},
		   "SIP/2.0 100 Giving it\n" VIA REST "Server: kiln\nContent-Length: 0\n\n");
}

#define SENT                                                                                       \
	"INVITE sip:bob@h SIP/2.0\r\nRecord-Route: <sip:r;lr>\r\n"                                 \
	"Via: SIP/2.0/UDP own;branch=z9hG4bK1\r\nVia: SIP/2.0/UDP b;branch=2\r\nTo: <sip:b@b>\r\n" \
	"i:c5\r\nCSeq :   007   INVITE\r\nMax-Forwards: 9\r\nUser-Agent: z\r\nf:   <sip:a@a>\r\n"   \
	" ;tag=f\r\nRoute: <sip:1.1.1.1;lr>,\r\n <sip:4.4.4.4;lr>\r\nRequire: x\r\nl: 3\r\n\r\nsdp"
#define KEPT                                                                                       \
	"Max-Forwards: 9\nf:   <sip:a@a>\n ;tag=f\nRoute: <sip:1.1.1.1;lr>,\n <sip:4.4.4.4;lr>\n"   \
	"l: 0\n"

static void ack_and_cancel(void **state)
{
	struct str w;
	struct sb reason;

	(void)state;
	start(MSG);
	assert_int_equal(sip_build_ack(arena, S(SENT), S("t:   <sip:b@b> ; tag=xx \r\n"), STR_NULL, &w), 0);
	assert_wire(w, "ACK sip:bob@h SIP/2.0\nVia: SIP/2.0/UDP own;branch=z9hG4bK1\n"
			"t:   <sip:b@b> ; tag=xx \ni:c5\nCSeq :   007   ACK\n" KEPT "\n");
	sb_init(&reason, arena, 200);
	sip_reason_header(&reason, 200, S("x \"y\""));
	assert_int_equal(sip_build_cancel(arena, S(SENT), sb_str(&reason), STR_NULL, &w), 0);
	assert_wire(w, "CANCEL sip:bob@h SIP/2.0\nVia: SIP/2.0/UDP own;branch=z9hG4bK1\n"
			"To: <sip:b@b>\ni:c5\nCSeq :   007   CANCEL\n" KEPT
			"Reason: SIP;cause=200;text=\"x \\\"y\\\"\"\n\n");
	assert_int_equal(sip_build_cancel(arena, S("junk"), STR_NULL, STR_NULL, &w), RT_E_PARSE);
}

static void own_request(void **state)
{
	struct str routes[] = {S("<sip:r1;lr>"), S("<sip:r2;lr>")};
	struct sip_uac u = {.method = S("OPTIONS"),
			    .ruri = S("sip:x@h"),
			    .from = S("<sip:f@f>;tag=1"),
			    .to = S("<sip:t@t>"),
			    .call_id = S("cc"),
			    .cseq = 10,
			    .routes = routes,
			    .n_routes = 2,
			    .headers = S("X-H: 1\r\n"),
			    .body = S("bb"),
			    .hop = &hop};
	struct str w;

	(void)state;
	start(MSG);
	assert_int_equal(sip_build_uac(arena, &u, &w), 0);
	assert_wire(w, "OPTIONS sip:x@h SIP/2.0\n" OWN "To: <sip:t@t>\nFrom: <sip:f@f>;tag=1\n"
			"CSeq: 10 OPTIONS\nCall-ID: cc\nRoute: <sip:r1;lr>\nRoute: <sip:r2;lr>\n"
			"Max-Forwards: 70\nContent-Length: 2\nUser-Agent: kiln\nX-H: 1\n\nbb");
}

static void apply_changes(void **state)
{
	struct sip_msg *m = NULL;

	(void)state;
	start(HEAD "Via: SIP/2.0/UDP 9.9.9.9;branch=a\n" REST "\n");
	msg->id = 5;
	sip_hdr_append(&draft, S("X-1: a\r\n"));
	sip_draft_set_uri(&draft, S("sip:zz@zz"));
	draft.force_rport = true;
	assert_int_equal(sip_apply_changes(&draft, &m), 0);
	assert_str(m->ruri, S("sip:zz@zz"));
	assert_str(sip_hdr_find(m, S("X-1"))->body, S("a"));
	assert_null(sip_via_top(m)->received.p);
	assert_int_equal(m->id, 5);
	assert_int_equal(m->origin.src.port, 23001);
	sip_msg_unref(&m);
}

/* Every allocation may fail: an error and no leak. */
static void out_of_memory(void **state)
{
	(void)state;
	for (uint64_t n = 1; n < 30; n++) {
		struct str w;
		struct sip_msg *m = NULL;

		start(MSG);
		mem_fail_nth(n);
		(void)sip_draft_set_body(&draft, S("new"), S("a/b"));
		(void)sip_draft_set_uri(&draft, S("sip:a@b"));
		(void)sip_build_request(arena, &draft, &hop, &w);
		(void)sip_apply_changes(&draft, &m);
		mem_fail_nth(0);
		sip_msg_unref(&m);
	}
}

static void status_texts(void **state)
{
	static const int known[] = {100, 180, 183, 199, 200, 202, 300, 302, 380, 400, 401, 407, 408, 423,
				    430, 439, 481, 487, 489, 494, 500, 503, 513, 580, 600, 603, 606, 608};
	unsigned n = 0;

	(void)state;
	assert_str(sip_status_text(401), S("Unauthorized"));
	assert_str(sip_status_text(503), S("Service Unavailable"));
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		assert_false(str_eq(sip_status_text(known[i]), S("Unknown")));
	for (int code = -1; code < 800; code++) /* one out of order would hide others */
		n += !str_eq(sip_status_text(code), S("Unknown"));
	assert_int_equal(n, 63);
	assert_str(sip_status_text(99), S("Unknown"));
	assert_str(sip_status_text(700), S("Unknown"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(via_fixes),     cmocka_unit_test(plain_request),
		cmocka_unit_test(order_of_headers), cmocka_unit_test(removes_and_replaces),
		cmocka_unit_test(many_edits),
		cmocka_unit_test(bodies),        cmocka_unit_test(branches),
		cmocka_unit_test(marks),         cmocka_unit_test(relayed_reply),
		cmocka_unit_test(local_reply),   cmocka_unit_test(ack_and_cancel),
		cmocka_unit_test(own_request),   cmocka_unit_test(apply_changes),
		cmocka_unit_test(out_of_memory), cmocka_unit_test(status_texts),
	};

	return cmocka_run_group_tests(tests, NULL, finish);
}
