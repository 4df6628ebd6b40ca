/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: Via values; what received= would be written is asked too. */
#include "base/mem.h"
#include "sip/build.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_make((const char *)data, size);
	struct addr src = {.family = AF_INET, .port = 5060, .ip = {127, 0, 0, 1}};
	struct arena *a = arena_new(1 << 20);
	char buf[ADDR_TEXT_MAX];
	struct sip_via *v;

	if (sip_via_parse(a, text, &v) == 0)
		for (; v; v = v->next) {
			const struct str views[] = {v->text, v->host, v->params, v->branch, v->received, v->rport, v->comment};

			for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++)
				BUG_ON(views[i].n && (views[i].p < text.p || views[i].p + views[i].n > text.p + text.n));
			(void)sip_via_received(v, &src, buf);
		}
	arena_free(&a);
	return 0;
}
