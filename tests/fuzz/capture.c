/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of a capture: first byte the link type, then length-prefixed frames; and the same bytes as text. */
#include "capture/capture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const int links[] = {1, 12, 0, 113, 276, 228, 229, 108, 999};
	struct arena *a = arena_new(64 << 20);
	struct capture c = {0};
	struct capture_reader *r;
	const char *p = (const char *)data;

	if (!a || n < 1)
		goto out;
	r = capture_reader_new(a, links[data[0] % 9], &c);
	for (size_t i = 1; r && i + 2 < n;) {
		size_t len = (size_t)data[i] << 8 | data[i + 1];

		i += 2;
		if (len > n - i)
			len = n - i;
		if (capture_packet(r, (int64_t)i, str_make(p + i, len)))
			break;
		i += len;
	}
	capture_text(a, str_make(p, n), &c);
out:
	arena_free(&a);
	return 0;
}
