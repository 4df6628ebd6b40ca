/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target: URIs, single values and the rewrites. The input is "text NL text": the first is
 * parsed, compared with and rewritten by the second.
 *
 *   clang-19 -g -O1 -D_GNU_SOURCE -DKILN_DEBUG -fsanitize=fuzzer,address,undefined -Iruntime \
 *       tests/fuzz/uri.c runtime/sip/[a-z]*.c runtime/base/[a-z]*.c -o /tmp/fuzz-uri
 *   fuzz-uri -runs=1000000 -max_len=512 tests/fuzz/corpus/uri
 */
#include "base/mem.h"
#include "sip/msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void rewrite_all(const struct sip_uri *u, struct str text)
{
	struct sip_uri again;
	struct sb out;

	sb_init(&out, NULL, 4096);
	for (int part = SIP_URI_SET_USER; part <= SIP_URI_SET_SCHEME; part++) {
		sb_reset(&out);
		if (sip_uri_rewrite(u, (enum sip_uri_part)part, text, text.n % 5, &out) == 0)
			BUG_ON(sip_uri_parse(sb_str(&out), &again) != 0);
	}
	sb_reset(&out);
	sip_uri_without_param(u, text, &out);
	sb_reset(&out);
	sip_unescape(text, &out);
	BUG_ON(out.n > text.n);
	sb_reset(&out);
	sip_escape_user(text, &out);
	sip_escape_param(text, &out);
	sb_fini(&out);
}

static void values(struct str text)
{
	struct arena *a = arena_new(1 << 20);
	struct sip_nameaddr na, *list;
	struct sip_via *via;
	struct sip_creds creds;
	struct sip_item *items;
	struct sip_param *params;
	int64_t t;

	(void)sip_nameaddr_parse(text, &na);
	(void)sip_nameaddrs_parse(a, text, &list);
	(void)sip_via_parse(a, text, &via);
	(void)sip_creds_parse(a, text, &creds);
	(void)sip_items_parse(a, text, 50, &items);
	(void)sip_params_parse(a, text, 50, &params);
	(void)sip_date_parse(text, &t);
	(void)sip_q_parse(text);
	arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = str_make((const char *)data, size), a, b, v;
	struct sip_uri x, y;

	a = str_cut(&rest, '\n');
	b = rest;
	values(a);
	if (sip_uri_parse(a, &x))
		return 0;
	BUG_ON(!sip_uri_eq(&x, &x));
	(void)sip_uri_param(&x, b, &v);
	(void)sip_uri_header(&x, b, &v);
	(void)sip_uri_port(&x);
	if (sip_uri_parse(b, &y) == 0)
		BUG_ON(sip_uri_eq(&x, &y) != sip_uri_eq(&y, &x));
	rewrite_all(&x, b);
	BUG_ON(mem_blocks());
	return 0;
}
