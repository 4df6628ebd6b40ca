/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/sip/sip_test.h"

#define BASE                                                                                       \
	"INVITE sip:bob@b.example SIP/2.0\n"                                                       \
	"Via: SIP/2.0/UDP 127.0.0.1:23001;branch=z9hG4bKa\n"                                       \
	"From: \"Al\" <sip:a@a>;tag=f\n"                                                           \
	"t: <sip:b@b>\n"                                                                           \
	"Call-ID: c1\n"                                                                            \
	"CSeq: 7 INVITE\n"

static void structure(void **state)
{
	struct sip_msg *m = msg_of("\n" BASE "X-a : one\n two\nSUBJECT:\n\nbody\nb");
	struct sip_hdr *h;

	(void)state;
	assert_true(m->is_request);
	assert_int_equal(m->fault, SIP_FAULT_NONE);
	assert_int_equal(m->method, SIP_INVITE);
	assert_str(m->ruri, S("sip:bob@b.example"));
	assert_str(m->body, S("body\nb"));
	assert_int_equal(m->n_headers, 7);
	h = sip_hdr_find(m, S("x-A"));
	assert_non_null(h);
	assert_str(h->body, S("one\r\n two"));
	assert_str(h->name, S("X-a"));
	assert_null(sip_hdr_next(h));
	assert_str(sip_hdr_find(m, S("s"))->body, S(""));
	assert_ptr_equal(sip_hdr_find(m, S("To")), sip_hdr_find(m, S("T")));
	assert_str(str_make(m->buf.p + m->eoh_off, m->body_off - m->eoh_off), S("\r\n"));
	sip_msg_unref(&m);
	assert_null(m);
	assert_int_equal(mem_blocks(), 0);
}

static const struct {
	const char *first;
	enum sip_fault fault;
	bool request;
	int status;
} firsts[] = {
	{"INVITE sip:a SIP/2.0", SIP_FAULT_NONE, true, 0},
	{"INVITE sip:a sip/2.0", SIP_FAULT_NONE, true, 0},
	{"INVITE  sip:a SIP/2.0", SIP_FAULT_FIRST_LINE, true, 0},
	{"INVITE sip:a SIP/2.0 ", SIP_FAULT_FIRST_LINE, true, 0},
	{"INVITE sip:a; lr SIP/2.0", SIP_FAULT_FIRST_LINE, true, 0},
	{"INVITE sip:a", SIP_FAULT_FIRST_LINE, true, 0},
	{"INV(TE sip:a SIP/2.0", SIP_FAULT_FIRST_LINE, true, 0},
	{"INVITE sip:a SIP/7.0", SIP_FAULT_VERSION, true, 0},
	{"GET / HTTP/1.1", SIP_FAULT_VERSION, true, 0},
	{"SIP/2.0 200 OK then", SIP_FAULT_NONE, false, 200},
	{"SIP/2.0 100 ", SIP_FAULT_NONE, false, 100},
	{"SIP/2.0 100", SIP_FAULT_NONE, false, 100},
	{"SIP/2.0 99 x", SIP_FAULT_FIRST_LINE, false, 0},
	{"SIP/2.0 4294967301 x", SIP_FAULT_FIRST_LINE, false, 0},
	{"SIP/2.0 700 x", SIP_FAULT_FIRST_LINE, false, 0},
	{"SIP/3.0 200 x", SIP_FAULT_VERSION, false, 200},
};

static void first_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(firsts) / sizeof(*firsts); i++) {
		struct sip_msg *m;
		char text[200];

		snprintf(text, sizeof(text), "%s\r\nVia: x\r\n\r\n", firsts[i].first);
		assert_int_equal(sip_msg_parse(NULL, str_of(text), &m), 0);
		if (m->fault != firsts[i].fault || m->is_request != firsts[i].request)
			fail_msg("%s: %d", firsts[i].first, (int)m->fault);
		if (firsts[i].status)
			assert_int_equal(m->status, firsts[i].status);
		sip_msg_unref(&m);
	}
}

static void faults_and_limits(void **state)
{
	struct sip_limits lim = sip_limits_default;
	struct sip_msg *m = NULL;

	(void)state;
	assert_int_equal(sip_msg_parse(NULL, S("\r\n\r\n"), &m), RT_E_PARSE);
	assert_int_equal(sip_msg_parse(NULL, S(""), &m), RT_E_PARSE);
	assert_int_equal(sip_msg_parse(NULL, S("A sip:a SIP/2.0\r\nVia: x"), &m), 0);
	assert_int_equal(m->fault, SIP_FAULT_TRUNCATED);
	assert_int_equal(m->n_headers, 1);
	sip_msg_unref(&m);
	assert_int_equal(sip_msg_parse(NULL, S("A sip:a SIP/2.0\r\nno colon\r\ni: 1\r\n\r\n"), &m), 0);
	assert_int_equal(m->fault, SIP_FAULT_HEADER);
	assert_str(sip_call_id(m), S("1"));
	sip_msg_unref(&m);
	assert_int_equal(sip_msg_parse(NULL, S("A sip:a SIP/2.0\nf:1\nt:2\n\nx"), &m), 0);
	assert_int_equal(m->fault, SIP_FAULT_NONE);
	assert_str(m->body, S("x"));
	sip_msg_unref(&m);
	lim.headers = 1;
	assert_int_equal(sip_msg_parse(&lim, S("A sip:a SIP/2.0\nf:1\nt:2\n\nx"), &m), RT_E_LIMIT);
	lim.msg_size = 10;
	assert_int_equal(sip_msg_parse(&lim, S("A sip:a SIP/2.0\nf:1\nt:2\n\nx"), &m), RT_E_LIMIT);
	assert_int_equal(mem_blocks(), 0);
}

static void names(void **state)
{
	(void)state;
	for (int id = 1; id < SIP_HDR_COUNT; id++) {
		struct str n = sip_hdr_name((enum sip_hdr_id)id);
		char c = sip_hdr_compact((enum sip_hdr_id)id);

		assert_int_equal(sip_hdr_id(n), id);
		if (c)
			assert_int_equal(sip_hdr_id(str_make(&c, 1)), id);
	}
	assert_int_equal(sip_hdr_id(S("viA")), SIP_HDR_VIA);
	assert_int_equal(sip_hdr_id(S("X-No")), SIP_HDR_OTHER);
	assert_int_equal(sip_hdr_id(S("-")), SIP_HDR_OTHER);
	for (unsigned bit = 1; bit < SIP_METHOD_OTHER; bit <<= 1)
		assert_int_equal(sip_method_id(sip_method_name((enum sip_method)bit)), bit);
	assert_int_equal(sip_method_id(S("invite")), SIP_METHOD_OTHER);
}

static void body_length(void **state)
{
	struct sip_msg *m = msg_of(BASE "l: 2\n\nabcd");

	(void)state;
	assert_str(sip_body(m), S("ab"));
	sip_msg_unref(&m);
	m = msg_of(BASE "l: 9\nContent-Type: a/b;c=d\n\nabcd");
	assert_str(sip_body(m), S("abcd"));
	assert_str(sip_content_type(m), S("a/b"));
	sip_msg_unref(&m);
}

static void vias(void **state)
{
	struct sip_msg *m = msg_of(
		"A sip:a SIP/2.0\nVia : SIP/2.0/UDP\n   192.0.2.2;branch=390\n"
		"v:  SIP  / 2.0  / TCP     spindle.example.com   ;\n  branch  =   z9hG4bK9ikj8  ,\n"
		" SIP  /    2.0   / UNKNOWN  [::1]:99   ; rport;received=1.2.3.4 (a, b)\n\n");
	struct sip_via *v = NULL;

	(void)state;
	assert_int_equal(sip_vias(m, &v), 0);
	assert_str(v->host, S("192.0.2.2"));
	assert_str(v->branch, S("390"));
	assert_null(v->rport.p);
	v = v->next;
	assert_str(v->branch, S("z9hG4bK9ikj8"));
	assert_int_equal(v->proto, PROTO_TCP);
	assert_int_equal(v->port, 0);
	v = sip_via_at(m, 2);
	assert_int_equal(v->proto, PROTO_OTHER);
	assert_int_equal(v->port, 99);
	assert_str(v->host, S("[::1]"));
	assert_non_null(v->rport.p);
	assert_int_equal(v->rport.n, 0);
	assert_str(v->received, S("1.2.3.4"));
	assert_str(v->comment, S("(a, b)"));
	assert_null(v->next);
	assert_null(sip_via_at(m, 3));
	sip_msg_unref(&m);
	m = msg_of("A sip:a SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.15;;,;,,\n\n");
	assert_int_equal(sip_vias(m, &v), RT_E_PARSE);
	assert_str(sip_via_top(m)->host, S("192.0.2.15"));
	sip_msg_unref(&m);
}

static void bad_vias(void **state)
{
	static const char *const bad[] = {"", "SIP/2.0/UDP", "SIP/2.0 UDP h", "SIP/2.0/UDP h x",
					  "SIP/2.0/UDP h:", "SIP/2.0/UDP h:70000",
					  "SIP/2.0/UDP h;a=\"", "SIP/2.0/UDP [::1"};
	struct arena *a = arena_new(0);

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct sip_via *v;

		if (sip_via_parse(a, str_of(bad[i]), &v) != RT_E_PARSE)
			fail_msg("taken: %s", bad[i]);
	}
	arena_free(&a);
}

static void from_to(void **state)
{
	struct sip_msg *m = msg_of(BASE "\n");

	(void)state;
	assert_str(sip_from(m)->display, S("\"Al\""));
	assert_str(sip_from(m)->uri, S("sip:a@a"));
	assert_str(sip_from(m)->tag, S("f"));
	assert_null(sip_to(m)->tag.p);
	assert_str(sip_nameaddr_uri(m, sip_to(m))->host, S("b"));
	sip_msg_unref(&m);
}

static const struct {
	const char *text, *display, *uri, *tag;
} addrs[] = {
	{"<sip:a@b>", "", "sip:a@b", ""},
	{"caller<sip:a@b;x>;p;tag=1", "caller", "sip:a@b;x", "1"},
	{"sip:a@b;tag=2", "", "sip:a@b", "2"},
	{"\"a <x> \\\" ,\" <sip:a@b> ; tag = 3", "\"a <x> \\\" ,\"", "sip:a@b", "3"},
	{"A. G. Bell <sip:a@b>", "A. G. Bell", "sip:a@b", ""},
	{"\"Watson, T\" < sip:a@b >", NULL, NULL, NULL},
	{"\"open <sip:a@b>", NULL, NULL, NULL},
	{"Bell, A <sip:a@b>", NULL, NULL, NULL},
	{"<sip:a@b", NULL, NULL, NULL},
	{"<sip:a@b> x", NULL, NULL, NULL},
	{"<>", NULL, NULL, NULL},
	{"", NULL, NULL, NULL},
};

static void nameaddrs(void **state)
{
	struct arena *a = arena_new(0);

	(void)state;
	for (size_t i = 0; i < sizeof(addrs) / sizeof(*addrs); i++) {
		struct sip_nameaddr na = {0};
		int err = sip_nameaddr_parse(str_of(addrs[i].text), &na);

		if (err != (addrs[i].uri ? 0 : RT_E_PARSE))
			fail_msg("%s: %d", addrs[i].text, err);
		if (err)
			continue;
		assert_str(na.display, str_of(addrs[i].display));
		assert_str(na.uri, str_of(addrs[i].uri));
		assert_str(na.tag, str_of(addrs[i].tag));
	}
	arena_free(&a);
}

static void contacts(void **state)
{
	struct sip_msg *m = msg_of(
		BASE "m: <sip:a@b;lr>;q=0.5;expires=60;+sip.instance=\"<urn:uuid:1>\";reg-id=1,\n"
		     " \"x, y\" <sip:c>;received=\"sip:1.1.1.1\"\nContact: sip:d;methods=\"A,B\"\n\n");
	struct sip_nameaddr *c = sip_contacts(m);

	(void)state;
	assert_str(c->q, S("0.5"));
	assert_str(c->expires, S("60"));
	assert_str(c->instance, S("<urn:uuid:1>"));
	assert_str(c->reg_id, S("1"));
	c = c->next;
	assert_str(c->received, S("sip:1.1.1.1"));
	c = c->next;
	assert_str(c->uri, S("sip:d"));
	assert_str(c->methods, S("A,B"));
	assert_int_equal(c->index, 2);
	assert_null(c->next);
	sip_msg_unref(&m);
	m = msg_of(BASE "Contact: *\n\n");
	assert_true(sip_contacts(m)->star);
	sip_msg_unref(&m);
	m = msg_of(BASE "Contact: <sip:a\n\n");
	assert_null(sip_contacts(m));
	sip_msg_unref(&m);
}

static void numbers(void **state)
{
	struct sip_msg *m = msg_of(BASE "Max-Forwards: 0068\nx: 90 ;refresher=uac\nExpires: 99999999999\n"
					"RAck: 7 8 INVITE\nRetry-After: 5 (busy)\nMin-SE: x\n\n");
	struct sip_number n;
	struct sip_cseq c;
	struct sip_rack r;

	(void)state;
	assert_int_equal(sip_number(m, SIP_HDR_MAX_FORWARDS, &n), 0);
	assert_int_equal(n.value, 68);
	assert_int_equal(sip_number(m, SIP_HDR_SESSION_EXPIRES, &n), 0);
	assert_str(n.params, S("refresher=uac"));
	assert_int_equal(sip_number(m, SIP_HDR_EXPIRES, &n), RT_E_LIMIT);
	assert_int_equal(sip_number(m, SIP_HDR_MIN_SE, &n), RT_E_PARSE);
	assert_int_equal(sip_number(m, SIP_HDR_RSEQ, &n), RT_E_NOENT);
	assert_int_equal(sip_number(m, SIP_HDR_RETRY_AFTER, &n), 0);
	assert_int_equal(sip_cseq(m, &c), 0);
	assert_int_equal(c.num, 7);
	assert_int_equal(c.method, SIP_INVITE);
	assert_int_equal(sip_rack(m, &r), 0);
	assert_int_equal(r.cseq, 8);
	sip_msg_unref(&m);
}

static void lists(void **state)
{
	struct sip_msg *m = msg_of(BASE "k: 100rel, Timer\nSupported: path\nEvent: presence;id=1\n"
					"Reason: SIP ;cause=200;text=\"a, b\", Q.850;cause=16\n\n");
	struct sip_item *it;
	struct str v;

	(void)state;
	assert_true(sip_has_item(m, SIP_HDR_SUPPORTED, S("timer")));
	assert_true(sip_has_item(m, SIP_HDR_SUPPORTED, S("PATH")));
	assert_false(sip_has_item(m, SIP_HDR_SUPPORTED, S("gruu")));
	assert_false(sip_has_item(m, SIP_HDR_REQUIRE, S("gruu")));
	assert_int_equal(sip_items(m, SIP_HDR_REASON, &it), 0);
	assert_str(it->value, S("SIP"));
	assert_true(sip_param_find(it->param_list, S("text"), &v));
	assert_str(sip_unquote(v), S("a, b"));
	assert_str(it->next->value, S("Q.850"));
	assert_int_equal(sip_items(m, SIP_HDR_EVENT, &it), 0);
	assert_str(it->params, S("id=1"));
	sip_msg_unref(&m);
}

static void credentials(void **state)
{
	struct sip_msg *m = msg_of(
		BASE "Authorization: NoSuch abc=\"1\"\n"
		     "Authorization: Digest username=\"a@d\", realm=\"R, r\",nonce=\"n\", uri=\"sip:x\",\n"
		     " response=\"0\", qop=auth, nc=00000001,algorithm=MD5\n"
		     "Authorization: Digest username=\"b\", realm=\"q\"\n\n");
	struct sip_creds *c;

	(void)state;
	assert_int_equal(sip_creds_find(m, SIP_HDR_AUTHORIZATION, S("R, r"), &c), 0);
	assert_str(c->username, S("a@d"));
	assert_str(c->user, S("a"));
	assert_str(c->user_domain, S("d"));
	assert_int_equal(c->qop, SIP_QOP_AUTH);
	assert_str(c->nc, S("00000001"));
	assert_int_equal(sip_creds_find(m, SIP_HDR_AUTHORIZATION, S("q"), &c), 0);
	assert_str(c->user, S("b"));
	assert_int_equal(sip_creds_find(m, SIP_HDR_AUTHORIZATION, S("no"), &c), RT_E_NOENT);
	sip_msg_unref(&m);
}

static void dates_and_q(void **state)
{
	int64_t t = 0;

	(void)state;
	assert_int_equal(sip_date_parse(S("Sat, 13 Nov 2010 23:29:00 GMT"), &t), 0);
	assert_int_equal(t, 1289690940);
	assert_int_equal(sip_date_parse(S("Thu, 01 Jan 1970 00:00:00 GMT"), &t), 0);
	assert_int_equal(t, 0);
	assert_int_equal(sip_date_parse(S("Fri, 01 Jan 2010 16:00:00 EST"), &t), RT_E_PARSE);
	assert_int_equal(sip_q_parse(S("0.5")), 500);
	assert_int_equal(sip_q_parse(S("1")), 1000);
	assert_int_equal(sip_q_parse(S("0.001")), 1);
	assert_int_equal(sip_q_parse(S("1.1")), -1);
	assert_int_equal(sip_q_parse(S("")), -1);
	assert_int_equal(sip_q_parse(S(".5")), -1);
}

/* The table of classes says what the grammar says. */
static void classes(void **state)
{
	static const struct {
		unsigned cls;
		const char *extra;
		bool alnum;
	} rows[] = {
		{SIP_CC_TOKEN, "-.!%*_+`'~", true}, {SIP_CC_HOST, "-._", true},
		{SIP_CC_USER, "-_.!~*'()&=+$,;?/", true}, {SIP_CC_PARAM, "-_.!~*'()[]/:&+$", true},
		{SIP_CC_LWS, " \t\r\n", false}, {SIP_CC_SCHEME, "+-.", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		for (int c = 1; c < 256; c++) {
			bool alnum = ascii_alpha((char)c) || ascii_digit((char)c);
			bool want = (rows[i].alnum && alnum) || strchr(rows[i].extra, c);

			if (sip_is((char)c, rows[i].cls) != want)
				fail_msg("class %u byte %d", rows[i].cls, c);
		}
}

/* Every allocation may fail: an error, no leak. */
static void out_of_memory(void **state)
{
	static const char text[] = "INVITE sip:b SIP/2.0\r\nVia: SIP/2.0/UDP h;a=b\r\nf:<sip:a>;tag=1\r\n"
				   "m: <sip:c>;q=1,<sip:d>\r\nk: a,b\r\n\r\n";

	(void)state;
	for (uint64_t n = 1; n < 20; n++) {
		struct sip_msg *m = NULL;
		struct sip_item *it;

		mem_fail_nth(n);
		if (sip_msg_parse(NULL, S(text), &m) == 0) {
			(void)sip_contacts(m);
			(void)sip_via_top(m);
			(void)sip_items(m, SIP_HDR_SUPPORTED, &it);
		}
		mem_fail_nth(0);
		sip_msg_unref(&m);
		assert_int_equal(mem_blocks(), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(structure),   cmocka_unit_test(first_lines),
		cmocka_unit_test(names),       cmocka_unit_test(faults_and_limits),
		cmocka_unit_test(body_length),
		cmocka_unit_test(vias),        cmocka_unit_test(bad_vias),
		cmocka_unit_test(from_to),     cmocka_unit_test(nameaddrs),
		cmocka_unit_test(contacts),    cmocka_unit_test(numbers),
		cmocka_unit_test(lists),       cmocka_unit_test(credentials),
		cmocka_unit_test(dates_and_q), cmocka_unit_test(classes),
		cmocka_unit_test(out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
