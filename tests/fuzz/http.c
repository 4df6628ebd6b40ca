/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP requests: any bytes; what is accepted lies within them and reads the same twice. */
#include <stdlib.h>

#include "http/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_inside(struct str in, struct str part)
{
	if (part.n && (part.p < in.p || part.p + part.n > in.p + in.n))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str in = str_make((const char *)data, n), all;
	struct http_request r, again;

	http_is_request(in);
	if (http_parse(in, &r))
		return 0;
	check_inside(in, r.method);
	check_inside(in, r.target);
	check_inside(in, r.headers);
	check_inside(in, r.body);
	all = http_path(r.target);
	if (http_query(r.target).n + all.n > r.target.n)
		abort();
	if (!http_is_request(in) || http_parse(in, &again) || !str_eq(again.body, r.body))
		abort();
	return 0;
}
