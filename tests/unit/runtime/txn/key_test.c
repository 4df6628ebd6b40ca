/* SPDX-License-Identifier: Apache-2.0 */
/* Identity of requests and the To-tag: what must be equal and what must differ. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "txn/txn_priv.h"

static struct sip_msg *msg(const char *method, const char *via, const char *to)
{
	struct arena *a = arena_new(0);
	struct sip_msg *m = NULL;
	struct str s = str_printf(a,
				  "%s sip:b@x SIP/2.0\r\nVia: SIP/2.0/UDP %s\r\nFrom: <sip:a@x>;tag=1\r\n"
				  "To: %s\r\nCall-ID: c1\r\nCSeq: 7 %s\r\n\r\n",
				  method, via, to, method);

	assert_int_equal(sip_msg_parse(NULL, s, &m), 0);
	arena_free(&a);
	return m;
}

struct pair {
	const char *method1, *via1, *to1, *method2, *via2, *to2;
	bool key, tag;
};

static const struct pair pairs[] = {
	{"INVITE", "h:5060;branch=z9hG4bKa", "<sip:b@x>", "INVITE", "H;branch=z9hG4bKa", "<sip:b@x>", true, true},
	{"INVITE", "h;branch=z9hG4bKa", "<sip:b@x>", "ACK", "h;branch=z9hG4bKa", "<sip:b@x>;tag=9", true, true},
	{"INVITE", "h;branch=z9hG4bKa", "<sip:b@x>", "INVITE", "h;branch=z9hG4bKb", "<sip:b@x>", false, false},
	{"INVITE", "h;branch=z9hG4bKa", "<sip:b@x>", "INVITE", "i;branch=z9hG4bKa", "<sip:b@x>", false, true},
	{"INVITE", "h;branch=1", "<sip:b@x>", "ACK", "h;branch=1", "<sip:b@x>;tag=9", true, true},
	{"INVITE", "h;branch=1", "<sip:b@x>", "INVITE", "h;branch=2", "<sip:b@x>", false, false},
	{"BYE", "h;branch=z9hG4bKa", "<sip:b@x>", "INFO", "h;branch=z9hG4bKa", "<sip:b@x>", false, true},
};

static void test_pairs(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		const struct pair *p = &pairs[i];
		struct sip_msg *m = msg(p->method1, p->via1, p->to1);
		struct sip_msg *n = msg(p->method2, p->via2, p->to2);
		enum sip_method mm = m->method == SIP_ACK ? SIP_INVITE : m->method;
		enum sip_method nm = n->method == SIP_ACK ? SIP_INVITE : n->method;
		char t1[TXN_TAG_LEN + 1], t2[TXN_TAG_LEN + 1];
		const struct sip_key *k1 = txn_key(m, mm), *k2 = txn_key(n, nm);

		assert_non_null(k1->text.p);
		assert_int_equal(str_eq(k1->text, k2->text), p->key);
		assert_int_equal(k1->hash == k2->hash, p->key);
		assert_int_equal(str_eq(txn_tag(m, t1), txn_tag(n, t2)), p->tag);
		sip_msg_unref(&m);
		sip_msg_unref(&n);
	}
}

/* The key is made once, and anew for another method (a CANCEL asks for its INVITE's). */
static void test_kept(void **state)
{
	struct sip_msg *m = msg("CANCEL", "h;branch=z9hG4bKa", "<sip:b@x>");
	const char *first = txn_key(m, SIP_CANCEL)->text.p;

	(void)state;
	assert_ptr_equal(txn_key(m, SIP_CANCEL)->text.p, first);
	assert_true(str_eq(txn_key(m, SIP_INVITE)->text, S("z9hG4bKa|h|5060|INVITE")));
	assert_true(str_eq(txn_key(m, SIP_CANCEL)->text, S("z9hG4bKa|h|5060|CANCEL")));
	sip_msg_unref(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_pairs), cmocka_unit_test(test_kept)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
