/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a binrpc packet and as a JSON-RPC request: no crash, no hang, an answer that frames. */
#include <stdlib.h>

#include "rpc/binrpc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = str_make((const char *)data, size), command, cookie = S("abcd");
	struct arena *a = arena_new(16 << 20);
	struct sb out;
	struct rpc c;
	size_t need;

	rpc_init(&c, a, NULL, NULL);
	if (binrpc_request(&c, in, &command, &cookie) == 0)
		rpc_call(&c, command);
	sb_init(&out, a, 1 << 20);
	binrpc_answer(&c, cookie, &out);
	if (binrpc_frame(sb_str(&out), &need) || need != out.n)
		abort();
	sb_init(&out, a, 1 << 20);
	rpc_json(a, NULL, NULL, in, false, &out, NULL);
	arena_free(&a);
	return 0;
}
