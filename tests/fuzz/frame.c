/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a stream, whole and in every split into two: the same message lengths come out, none
 * longer than what is there. And the search for the Call-ID stays within the message.
 */
#include <stdlib.h>

#include "net/net_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data;
	struct net_conf conf;
	struct str id = net_find_call_id(p, size);
	long whole;

	if (id.n && (id.p < p || id.p + id.n > p + size))
		abort();
	net_conf_init(&conf);
	conf.msg_max = 4096;
	whole = net_frame(&conf, p, size);
	if (whole > (long)size)
		abort();
	/* what was framed early is framed the same when more has come */
	for (size_t cut = 0; cut < size && cut < 256; cut++) {
		long early = net_frame(&conf, p, cut);

		if (early > 0 && early != whole)
			abort();
	}
	return 0;
}
