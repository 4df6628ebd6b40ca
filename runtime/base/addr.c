/* SPDX-License-Identifier: Apache-2.0 */
#include "base/addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/fmt.h"
#include "base/hash.h"

static const struct {
	struct str lower, upper;
	uint16_t port;
} protos[] = {
	[PROTO_NONE] = {S("none"), S("NONE"), 5060}, [PROTO_UDP] = {S("udp"), S("UDP"), 5060},
	[PROTO_TCP] = {S("tcp"), S("TCP"), 5060},    [PROTO_TLS] = {S("tls"), S("TLS"), 5061},
	[PROTO_SCTP] = {S("sctp"), S("SCTP"), 5060}, [PROTO_WS] = {S("ws"), S("WS"), 80},
	[PROTO_WSS] = {S("wss"), S("WSS"), 443},     [PROTO_OTHER] = {S("other"), S("OTHER"), 5060},
};

struct str proto_name(enum proto p)
{
	return protos[p].lower;
}

struct str proto_via_name(enum proto p)
{
	return protos[p].upper;
}

enum proto proto_parse(struct str s)
{
	for (int p = PROTO_UDP; p <= PROTO_WSS; p++)
		if (str_ieq(s, protos[p].lower))
			return (enum proto)p;
	return PROTO_NONE;
}

uint16_t proto_port(enum proto p)
{
	return protos[p].port;
}

bool proto_is_stream(enum proto p)
{
	return p == PROTO_TCP || p == PROTO_TLS || p == PROTO_WS || p == PROTO_WSS;
}

/* Four numbers up to 255, without leading zeros as inet_pton wants them. */
static bool ipv4_parse(struct str s, uint8_t ip[4])
{
	size_t i = 0;

	for (int part = 0; part < 4; part++) {
		unsigned v, digit;

		if (part && (i == s.n || s.p[i++] != '.'))
			return false;
		if (i == s.n || (v = (unsigned char)s.p[i++] - '0') > 9)
			return false;
		for (; i < s.n && (digit = (unsigned char)s.p[i] - '0') <= 9; i++) {
			if (v == 0 || (v = v * 10 + digit) > 255)
				return false;
		}
		ip[part] = (uint8_t)v;
	}
	return i == s.n;
}

bool addr_parse(struct str s, struct addr *ret)
{
	struct addr a = {0};
	char z[64];

	if (s.n >= 2 && s.p[0] == '[' && s.p[s.n - 1] == ']')
		s = str_make(s.p + 1, s.n - 2);
	if (ipv4_parse(s, a.ip)) {
		a.family = AF_INET;
		*ret = a;
		return true;
	}
	if (s.n == 0 || s.n >= sizeof(z) || str_chr(s, '\0') != STR_NONE)
		return false;
	memcpy(z, s.p, s.n);
	z[s.n] = 0;
	if (inet_pton(AF_INET6, z, a.ip) != 1)
		return false;
	a.family = AF_INET6;
	*ret = a;
	return true;
}

static char v6_style = 'c';

void addr_set_v6_style(struct str style)
{
	v6_style = style.n && (style.p[0] == 'a' || style.p[0] == 'A') ? style.p[0] : 'c';
}

static bool write_ip(const struct addr *a, char *to)
{
	const char *hex = v6_style == 'A' ? "0123456789ABCDEF" : "0123456789abcdef";

	if (a->family != AF_INET6 || v6_style == 'c')
		return a->family && inet_ntop(a->family, a->ip, to, ADDR_TEXT_MAX - 2);
	for (int i = 0; i < 16; i++) {
		*to++ = hex[a->ip[i] >> 4];
		*to++ = hex[a->ip[i] & 15];
		if (i % 2 && i < 15)
			*to++ = ':';
	}
	*to = 0;
	return true;
}

/* Each octet's digits with a '.' behind them, so that an address is four copies; filled once before main(). */
static struct {
	char text[4];
	uint8_t n;
} octets[256];

__attribute__((constructor)) static void fill_octets(void)
{
	for (unsigned v = 0; v < 256; v++) {
		octets[v].n = (uint8_t)fmt_u64(v, octets[v].text);
		octets[v].text[octets[v].n++] = '.';
	}
}

static size_t ipv4_text(const uint8_t ip[4], char buf[ADDR_TEXT_MAX])
{
	char *p = buf;

	for (int i = 0; i < 4; i++) {
		memcpy(p, octets[ip[i]].text, sizeof(octets[0].text));
		p += octets[ip[i]].n;
	}
	return (size_t)(p - 1 - buf);
}

struct str addr_text(const struct addr *a, bool brackets, char buf[ADDR_TEXT_MAX])
{
	bool v6 = a->family == AF_INET6;
	size_t off = v6 && brackets, n;

	if (a->family == AF_INET) {
		n = ipv4_text(a->ip, buf);
		buf[n] = 0;
		return str_make(buf, n);
	}
	if (!write_ip(a, buf + off))
		return STR_NULL;
	n = off + strlen(buf + off);
	if (off) {
		buf[0] = '[';
		buf[n++] = ']';
	}
	buf[n] = 0;
	return str_make(buf, n);
}

static size_t ip_len(const struct addr *a)
{
	return a->family == AF_INET6 ? 16 : a->family == AF_INET ? 4 : 0;
}

bool addr_ip_eq(const struct addr *a, const struct addr *b)
{
	return a->family == b->family && memcmp(a->ip, b->ip, ip_len(a)) == 0;
}

bool addr_eq(const struct addr *a, const struct addr *b)
{
	return a->port == b->port && addr_ip_eq(a, b);
}

bool addr_is_any(const struct addr *a)
{
	static const uint8_t zero[16];

	return a->family != 0 && memcmp(a->ip, zero, ip_len(a)) == 0;
}

bool addr_is_multicast(const struct addr *a)
{
	return a->family == AF_INET ? a->ip[0] >> 4 == 0xe : a->family == AF_INET6 && a->ip[0] == 0xff;
}

bool addr_in_net(const struct addr *a, const struct addr *net, unsigned bits)
{
	size_t bytes = bits / 8;
	unsigned mask = 0xffu << (8 - bits % 8) & 0xff;

	if (a->family != net->family || bits > ip_len(a) * 8)
		return false;
	if (memcmp(a->ip, net->ip, bytes) != 0)
		return false;
	return bits % 8 == 0 || (a->ip[bytes] & mask) == (net->ip[bytes] & mask);
}

socklen_t addr_to_sockaddr(const struct addr *a, struct sockaddr_storage *ss)
{
	if (a->family == AF_INET6) {
		struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(a->port)};

		memcpy(&in6.sin6_addr, a->ip, 16);
		memcpy(ss, &in6, sizeof(in6));
		return sizeof(in6);
	}
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(a->port)};

	memcpy(&in.sin_addr, a->ip, 4);
	memcpy(ss, &in, sizeof(in));
	return sizeof(in);
}

bool addr_from_sockaddr(const struct sockaddr *sa, struct addr *ret)
{
	struct addr a = {0};

	if (sa->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, sa, sizeof(in));
		a.family = AF_INET;
		a.port = ntohs(in.sin_port);
		memcpy(a.ip, &in.sin_addr, 4);
	} else if (sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, sa, sizeof(in6));
		a.family = AF_INET6;
		a.port = ntohs(in6.sin6_port);
		memcpy(a.ip, &in6.sin6_addr, 16);
	} else {
		return false;
	}
	*ret = a;
	return true;
}

uint64_t addr_hash(const struct addr *a)
{
	char t[18];

	memcpy(t, a->ip, 16);
	memcpy(t + 16, &a->port, 2);
	return hash_str(str_make(t, sizeof(t)));
}
