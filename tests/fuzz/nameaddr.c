/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: one name-addr, and comma lists of them; the views lie in the text, the URI parses or not. */
#include "base/mem.h"
#include "sip/msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(struct str all, struct str s)
{
	BUG_ON(s.n && (s.p < all.p || s.p + s.n > all.p + all.n));
}

static void look(struct str text, const struct sip_nameaddr *a)
{
	struct sip_uri u;
	struct str v;

	inside(text, a->display);
	inside(text, a->uri);
	inside(text, a->params);
	inside(text, a->tag);
	(void)sip_uri_parse(a->uri, &u);
	(void)sip_pairs_find(a->params, ';', S("tag"), &v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_make((const char *)data, size);
	struct arena *a = arena_new(1 << 20);
	struct sip_nameaddr one, *list;

	if (sip_nameaddr_parse(text, &one) == 0)
		look(text, &one);
	if (sip_nameaddrs_parse(a, text, &list) == 0)
		for (; list; list = list->next)
			look(text, list);
	arena_free(&a);
	return 0;
}
