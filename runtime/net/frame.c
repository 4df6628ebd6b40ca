/* SPDX-License-Identifier: Apache-2.0 */
/* Where a message ends in a stream (RFC 3261 18.3): by Content-Length, which must be there and be one. */
#include "net/net_priv.h"

static bool is_name(struct str line, struct str *value)
{
	size_t colon = str_chr(line, ':');
	struct str name = str_trim(str_head(line, colon));

	if (colon == STR_NONE || !(str_ieq(name, S("content-length")) || str_ieq(name, S("l"))))
		return false;
	*value = str_trim(str_skip(line, colon + 1));
	return true;
}

static size_t end_of_headers(struct str s)
{
	for (size_t i = 0; i + 1 < s.n; i++) {
		if (s.p[i] != '\n')
			continue;
		if (s.p[i + 1] == '\n')
			return i + 2;
		if (i + 2 < s.n && s.p[i + 1] == '\r' && s.p[i + 2] == '\n')
			return i + 3;
	}
	return 0;
}

bool net_frame_has_head(const char *buf, size_t n)
{
	return end_of_headers(str_make(buf, n)) != 0;
}

size_t net_stream_msg_max(const struct net_conf *conf)
{
	return conf->tcp_rd_buf_size ? conf->tcp_rd_buf_size : conf->msg_max;
}

/* "... HTTP/1.x": such a request without a length has no body (RFC 9112 6.3). */
static bool is_http(struct str line)
{
	line = str_rtrim(line);
	return line.n > 9 && str_starts(str_skip(line, line.n - 9), S(" HTTP/1."));
}

long net_frame(const struct net_conf *conf, const char *buf, size_t n)
{
	struct str all = str_make(buf, n), rest, value;
	size_t head = end_of_headers(all);
	uint64_t len = 0, v;
	bool found = false, http;

	if (head == 0)
		return n >= net_stream_msg_max(conf) ? -100 - NET_BAD_TOO_LONG : 0;
	rest = str_head(all, head);
	http = is_http(str_cut(&rest, '\n'));
	while (rest.n) {
		struct str line = str_cut(&rest, '\n');

		if (!is_name(line, &value))
			continue;
		if (!str_to_u64(value, UINT32_MAX, &v) || (found && v != len))
			return -100 - NET_BAD_LENGTH;
		found = true;
		len = v;
	}
	if (!found && !http && !conf->tcp_accept_no_cl)
		return -100 - NET_BAD_NO_LENGTH;
	if (head + len > net_stream_msg_max(conf))
		return -100 - NET_BAD_TOO_LONG;
	return head + len <= n ? (long)(head + len) : 0;
}
