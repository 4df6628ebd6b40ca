/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a DNS answer to a question of each type: no crash, records within bounds. */
#include <stdlib.h>

#include "world/real_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct real_answer buf;

static void within(struct str s)
{
	if (s.n && (s.p < buf.text || s.p + s.n > buf.text + sizeof(buf.text)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum world_dns_type types[] = {DNS_A, DNS_AAAA, DNS_SRV, DNS_NAPTR, DNS_TXT, DNS_PTR};
	struct world_answer a;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		int err = real_dns_parse(data, size, S("host.test"), types[i], &buf, &a);

		if (err != a.status || a.n > WORLD_DNS_RR_MAX || (err == 0) != (a.n > 0))
			abort();
		for (size_t k = 0; k < a.n; k++) {
			within(a.rr[k].name);
			within(a.rr[k].flags);
			within(a.rr[k].service);
			within(a.rr[k].regexp);
		}
	}
	return 0;
}
