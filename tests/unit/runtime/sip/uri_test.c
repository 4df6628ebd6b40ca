/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/sip/sip_test.h"

static const struct {
	const char *text, *scheme, *user, *pass, *host, *port, *params, *headers;
} good[] = {
	{"sip:h.ex", "sip", "", "", "h.ex", "", "", ""},
	{"sip:bob:pw@h.ex:5070;transport=udp;lr?X=y", "sip", "bob", "pw", "h.ex", "5070",
	 "transport=udp;lr", "X=y"},
	{"sips:h:99;a", "sips", "", "", "h", "99", "a", ""},
	{"sip:bob@[2001:db8::1]:55", "sip", "bob", "", "[2001:db8::1]", "55", "", ""},
	{"sip:[2001:db8::10:5070]", "sip", "", "", "[2001:db8::10:5070]", "", "", ""},
	{"sip:user;par=u%40example.net@example.com", "sip", "user;par=u%40example.net", "",
	 "example.com", "", "", ""},
	{"sip:1_u~(to-be!s)&i+it$/c?,/;;*@ex.com", "sip", "1_u~(to-be!s)&i+it$/c?,/;;*", "", "ex.com",
	 "", "", ""},
	{"sip:*21#@h", "sip", "*21#", "", "h", "", "", ""},
	{"tel:+12-34;phone-context=x", "tel", "+12-34", "", "", "", "phone-context=x", ""},
	{"urn:service:sos", "urn", "service", "", "sos", "", "", ""},
	{"SIP:a@B", "SIP", "a", "", "B", "", "", ""},
	{"sip:a@h?Route=%3Csip:x%3E", "sip", "a", "", "h", "", "", "Route=%3Csip:x%3E"},
};

static void parses_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		struct sip_uri u;

		if (sip_uri_parse(str_of(good[i].text), &u))
			fail_msg("%s", good[i].text);
		assert_str(u.scheme_text, str_of(good[i].scheme));
		assert_str(u.user, str_of(good[i].user));
		assert_str(u.passwd, str_of(good[i].pass));
		assert_str(u.host, str_of(good[i].host));
		assert_str(u.port_text, str_of(good[i].port));
		assert_str(u.params, str_of(good[i].params));
		assert_str(u.headers, str_of(good[i].headers));
	}
}

static void refuses_bad(void **state)
{
	static const char *const bad[] = {
		"",          "sip",         "sip:",        "<sip:a@b>",  "sip:2001:db8::10", "sip:a@",
		"sip:@h",    "sip:a@h:",    "sip:a@h:99999", "sip:a b@h", "sip:a@h x",       ":a",
		"1sip:a@b",  "sip:a@[::1",  "sip:[zz]",    "sip:a@h/",   "urn:x",           "foo:",
		"sip:a@h\"", "sip:a@b@c",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct sip_uri u;

		if (sip_uri_parse(str_of(bad[i]), &u) != RT_E_PARSE)
			fail_msg("taken: %s", bad[i]);
	}
}

static void knows_parameters(void **state)
{
	struct sip_uri u;
	struct str v;

	(void)state;
	assert_int_equal(sip_uri_parse(S("sip:a@h;LR;r2=on;Transport=TLS;user=phone;x=\"a;b\""), &u), 0);
	assert_non_null(u.lr.p);
	assert_int_equal(u.lr.n, 0);
	assert_str(u.r2, S("on"));
	assert_int_equal(u.proto, PROTO_TLS);
	assert_int_equal(sip_uri_port(&u), 5061);
	assert_true(u.flags & SIP_URI_USER_PHONE);
	assert_null(u.ob.p);
	assert_false(sip_uri_param(&u, S("y"), &v));
	assert_int_equal(sip_uri_parse(S("sips:h;transport=tcp"), &u), 0);
	assert_int_equal(sip_uri_proto(&u), PROTO_TLS);
	assert_int_equal(sip_uri_parse(S("sip:h;transport=zz"), &u), 0);
	assert_int_equal(u.proto, PROTO_OTHER);
}

/* The first rows are the examples of RFC 3261 19.1.4. */
static const struct {
	const char *a, *b;
	bool eq;
} pairs[] = {
	{"sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp", true},
	{"sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5", true},
	{"sip:carol@chicago.com;security=on", "sip:carol@chicago.com;newparam=5", true},
	{"sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
	 "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com", true},
	{"sip:alice@atlanta.com?subject=project%20x&priority=urgent",
	 "sip:alice@atlanta.com?priority=urgent&subject=project%20x", true},
	{"SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP", false},
	{"sip:bob@biloxi.com", "sip:bob@biloxi.com:5060", false},
	{"sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp", false},
	{"sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp", false},
	{"sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting", false},
	{"sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4", false},
	{"sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off", false},
	{"sip:a@h", "sips:a@h", false},
	{"sip:a@[2001:db8:0::1]", "sip:a@[2001:DB8::1]", true},
	{"sip:a%3Bb@h", "sip:a;b@h", false},
	{"tel:+1-201-555-0123", "tel:+1(201)5550123", true},
	{"tel:+1;phone-context=a", "tel:+1", false},
	{"urn:SERVICE:sos", "urn:service:sos", true},
	{"sip:a@h;x=1;x=2", "sip:a@h;x=1;x=2", true}, /* found by the fuzzer */
};

static void compares(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		struct str a = str_of(pairs[i].a), b = str_of(pairs[i].b);

		if (sip_uri_text_eq(a, b) != pairs[i].eq || sip_uri_text_eq(b, a) != pairs[i].eq)
			fail_msg("%s %s", pairs[i].a, pairs[i].b);
	}
}

#define FULL "sip:bob:pw@h.ex:5070;transport=udp;lr?X=y"
#define TEL "tel:+12-34;phone-context=x"
/* What the reference server makes of the same. want NULL: refused. */
static const struct {
	const char *uri;
	enum sip_uri_part part;
	const char *text;
	size_t n;
	const char *want;
} edits[] = {
	{FULL, SIP_URI_SET_HOST, "nh", 0, "sip:bob:pw@nh:5070;transport=udp;lr?X=y"},
	{FULL, SIP_URI_SET_HOSTPORT, "nh:77", 0, "sip:bob:pw@nh:77;transport=udp;lr?X=y"},
	{FULL, SIP_URI_SET_HOSTPORTTRANS, "nh:77;transport=tcp", 0,
	 "sip:bob:pw@nh:77;transport=tcp;lr?X=y"},
	{FULL, SIP_URI_SET_USER, "nu", 0, "sip:nu:pw@h.ex:5070;transport=udp;lr?X=y"},
	{FULL, SIP_URI_SET_USER, "", 0, "sip:h.ex:5070;transport=udp;lr?X=y"},
	{FULL, SIP_URI_SET_USERPASS, "nu:pp", 0, "sip:nu:pp@h.ex:5070;transport=udp;lr?X=y"},
	{FULL, SIP_URI_SET_PORT, "99", 0, "sip:bob:pw@h.ex:99;transport=udp;lr?X=y"},
	{FULL, SIP_URI_SET_PREFIX, "pp", 0, "sip:ppbob:pw@h.ex:5070;transport=udp;lr?X=y"},
	{FULL, SIP_URI_STRIP, "", 1, "sip:ob:pw@h.ex:5070;transport=udp;lr?X=y"},
	{FULL, SIP_URI_STRIP_TAIL, "", 1, "sip:bo:pw@h.ex:5070;transport=udp;lr?X=y"},
	{FULL, SIP_URI_STRIP, "", 9, "sip:h.ex:5070;transport=udp;lr?X=y"},
	{FULL, SIP_URI_SET_USERPHONE, "", 0, "sip:bob:pw@h.ex:5070;transport=udp;lr;user=phone?X=y"},
	{FULL, SIP_URI_SET_HOSTALL, "nh:8;x", 0, "sip:bob:pw@nh:8;x"},
	{"sip:h.ex", SIP_URI_SET_USER, "nu", 0, "sip:nu@h.ex"},
	{"sip:h.ex", SIP_URI_SET_PREFIX, "pp", 0, "sip:pp@h.ex"},
	{"sip:h.ex", SIP_URI_ADD_PARAM, "zz=1", 0, "sip:h.ex;zz=1"},
	{"sip:h;user=phone", SIP_URI_SET_USERPHONE, "", 0, "sip:h;user=phone"},
	{"sip:b@h;a", SIP_URI_ADD_PARAM, "zz=1", 0, "sip:b@h;a;zz=1"},
	{"sip:b@[::1]:5", SIP_URI_SET_HOSTPORT, "[::2]", 0, "sip:b@[::2]"},
	{TEL, SIP_URI_SET_HOST, "nh", 0, "sip:+12-34;phone-context=x@nh;user=phone"},
	{TEL, SIP_URI_SET_HOSTPORTTRANS, "nh:77;transport=tcp", 0,
	 "sip:+12-34;phone-context=x@nh:77;transport=tcp;user=phone"},
	{TEL, SIP_URI_SET_USER, "nu", 0, "tel:nu;phone-context=x"},
	{TEL, SIP_URI_STRIP, "", 1, "tel:12-34;phone-context=x"},
	{TEL, SIP_URI_SET_PORT, "99", 0, TEL},
	{TEL, SIP_URI_SET_USERPASS, "a:b", 0, NULL},
	{FULL, SIP_URI_SET_USER, "a b@", 0, NULL},
	{FULL, SIP_URI_SET_HOST, "a\r\nX: y", 0, NULL},
};

static void rewrites(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(edits) / sizeof(*edits); i++) {
		struct sip_uri u;
		struct sb out;
		int err;

		sb_init(&out, NULL, 1000);
		assert_int_equal(sip_uri_parse(str_of(edits[i].uri), &u), 0);
		err = sip_uri_rewrite(&u, edits[i].part, str_of(edits[i].text), edits[i].n, &out);
		if (!edits[i].want)
			assert_int_equal(err, RT_E_PARSE);
		else
			assert_str(sb_str(&out), str_of(edits[i].want));
		sb_fini(&out);
	}
}

static void escapes(void **state)
{
	struct sip_uri u;
	struct sb b;

	(void)state;
	sb_init(&b, NULL, 100);
	sip_unescape(S("a%41%4g%00%"), &b);
	assert_str(sb_str(&b), S("aA%4g\0%"));
	assert_true(sip_is_plain_user(S("+49-30.1234567890_abcxyz@["), true));
	assert_true(sip_is_plain_user(S("0123456789abcdefG"), false));
	assert_false(sip_is_plain_user(S("0123456789abcdefG"), true));
	assert_false(sip_is_plain_user(S("Z"), true));
	assert_false(sip_is_plain_user(S("0123456789abcdef%"), false));
	sb_reset(&b);
	sip_escape_user(S("a b@c"), &b);
	assert_str(sb_str(&b), S("a%20b%40c"));
	sb_reset(&b);
	sip_escape_param(S("a;b"), &b);
	assert_str(sb_str(&b), S("a%3Bb"));
	sb_reset(&b);
	assert_int_equal(sip_uri_parse(S("sip:a@h;x=1;lr;X=2?h=i"), &u), 0);
	sip_uri_without_param(&u, S("x"), &b);
	assert_str(sb_str(&b), S("sip:a@h;lr?h=i"));
	sb_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_good), cmocka_unit_test(refuses_bad),
		cmocka_unit_test(knows_parameters), cmocka_unit_test(compares),
		cmocka_unit_test(rewrites), cmocka_unit_test(escapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
