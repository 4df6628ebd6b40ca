/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses as texts, and the names of this host. */
#define STD_NAME ipops
#define STD_DEF "ipops/ipops.def"
#include "abi/std.h"

#include <unistd.h>

#include "base/arena.h"
#include "net/net.h"
#include "script/env.h"

enum { V4 = 1, V6 = 2, V6_REFERENCE = 3 };

/* One of the above, or 0. */
static int parse(struct str s, struct addr *a)
{
	if (!addr_parse(s, a))
		return 0;
	return a->family == AF_INET ? V4 : s.p[0] == '[' ? V6_REFERENCE : V6;
}

static int kind_of(const struct str *s)
{
	struct addr a;

	return parse(*s, &a);
}

static int32_t answer(bool yes)
{
	return yes ? 1 : -1;
}

int32_t std_ipops_is_ip(struct run *r, const struct str *ip)
{
	(void)r;
	return answer(kind_of(ip));
}

int32_t std_ipops_is_pure_ip(struct run *r, const struct str *ip)
{
	(void)r;
	return answer(kind_of(ip) == V4 || kind_of(ip) == V6);
}

int32_t std_ipops_is_ipv4(struct run *r, const struct str *ip)
{
	(void)r;
	return answer(kind_of(ip) == V4);
}

int32_t std_ipops_is_ipv6(struct run *r, const struct str *ip)
{
	(void)r;
	return answer(kind_of(ip) == V6);
}

int32_t std_ipops_is_ipv6_reference(struct run *r, const struct str *ip)
{
	(void)r;
	return answer(kind_of(ip) == V6_REFERENCE);
}

int32_t std_ipops_ip_type(struct run *r, const struct str *ip)
{
	int kind = kind_of(ip);

	(void)r;
	return kind ? kind : -1;
}

/* ---- kinds of addresses: the first row that fits (RFC 5735, RFC 6890) ---- */

struct net_kind {
	const char *net;
	unsigned bits;
	const char *name;
};

static const struct net_kind kinds4[] = {
	{"255.255.255.255", 32, "BROADCAST"}, {"0.0.0.0", 8, "PRIVATE"},	 {"10.0.0.0", 8, "PRIVATE"},
	{"100.64.0.0", 10, "SHARED"},	      {"127.0.0.0", 8, "LOOPBACK"},	 {"169.254.0.0", 16, "LINK-LOCAL"},
	{"172.16.0.0", 12, "PRIVATE"},	      {"192.0.0.0", 24, "RESERVED"},	 {"192.0.2.0", 24, "TEST-NET"},
	{"192.88.99.0", 24, "6TO4-RELAY"},    {"192.168.0.0", 16, "PRIVATE"},	 {"198.18.0.0", 15, "RESERVED"},
	{"198.51.100.0", 24, "TEST-NET"},     {"203.0.113.0", 24, "TEST-NET"},	 {"224.0.0.0", 4, "MULTICAST"},
	{"240.0.0.0", 4, "RESERVED"},	      {"0.0.0.0", 0, "PUBLIC"},
};

static const struct net_kind kinds6[] = {
	{"::", 128, "UNSPECIFIED"},    {"::1", 128, "LOOPBACK"},	{"::ffff:0:0", 96, "IPV4MAP"},
	{"100::", 64, "DISCARD"},      {"2001::", 32, "TEREDO"},	{"2001:2::", 48, "BMWG"},
	{"2001:10::", 28, "ORCHID"},   {"2001:db8::", 32, "DOCUMENTATION"}, {"2002::", 16, "6TO4"},
	{"fc00::", 7, "UNIQUE-LOCAL-UNICAST"}, {"fe80::", 10, "LINK-LOCAL-UNICAST"}, {"ff00::", 8, "MULTICAST"},
	{"2000::", 3, "GLOBAL-UNICAST"}, {"::", 0, "RESERVED"},
};

static const char *kind_name(const struct addr *a)
{
	const struct net_kind *k = a->family == AF_INET ? kinds4 : kinds6;

	for (;; k++) {
		struct addr net;

		if (k->bits == 0 || (addr_parse(str_of(k->net), &net) && addr_in_net(a, &net, k->bits)))
			return k->name;
	}
}

static int32_t give_kind(struct run *r, const struct str *ip, int family, const struct pv_ref *to)
{
	struct value v;
	struct addr a;

	if (!parse(*ip, &a) || (family && a.family != family))
		return -1;
	v = value_str(str_of(kind_name(&a)));
	return answer(to->set(r, &v) >= 0);
}

int32_t std_ipops_detailed_ipv4_type(struct run *r, const struct str *ip, const struct pv_ref *to)
{
	return give_kind(r, ip, AF_INET, to);
}

int32_t std_ipops_detailed_ipv6_type(struct run *r, const struct str *ip, const struct pv_ref *to)
{
	return give_kind(r, ip, AF_INET6, to);
}

int32_t std_ipops_detailed_ip_type(struct run *r, const struct str *ip, const struct pv_ref *to)
{
	return give_kind(r, ip, 0, to);
}

/* ---- comparing ---- */

int32_t std_ipops_compare_ips(struct run *r, const struct str *a, const struct str *b)
{
	struct addr x, y;

	(void)r;
	return answer(parse(*a, &x) && parse(*b, &y) && addr_ip_eq(&x, &y));
}

int32_t std_ipops_compare_pure_ips(struct run *r, const struct str *a, const struct str *b)
{
	if (kind_of(a) == V6_REFERENCE || kind_of(b) == V6_REFERENCE)
		return -1;
	return std_ipops_compare_ips(r, a, b);
}

int32_t std_ipops_is_ip_rfc1918(struct run *r, const struct str *ip)
{
	static const struct net_kind nets[] = {
		{"10.0.0.0", 8, ""}, {"172.16.0.0", 12, ""}, {"192.168.0.0", 16, ""}};
	struct addr a, net;

	(void)r;
	if (parse(*ip, &a) != V4)
		return -1;
	for (size_t i = 0; i < sizeof(nets) / sizeof(nets[0]); i++)
		if (addr_parse(str_of(nets[i].net), &net) && addr_in_net(&a, &net, nets[i].bits))
			return 1;
	return -1;
}

static bool in_subnet(const struct addr *a, struct str subnet)
{
	struct str rest = subnet, ip = str_cut(&rest, '/');
	uint64_t bits = a->family == AF_INET ? 32 : 128;
	struct addr net;

	if (!addr_parse(ip, &net) || net.family != a->family || (rest.p && !str_to_u64(rest, bits, &bits)))
		return false;
	return addr_in_net(a, &net, (unsigned)bits);
}

int32_t std_ipops_is_in_subnet(struct run *r, const struct str *ip, const struct str *subnets)
{
	struct str rest = *subnets;
	struct addr a;

	(void)r;
	if (!parse(*ip, &a))
		return -1;
	while (rest.n)
		if (in_subnet(&a, str_trim(str_cut(&rest, ','))))
			return 1;
	return -1;
}

int32_t std_ipops_pv_HN_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	char buf[256] = "";
	struct net_targets t;
	struct str full, s;
	size_t dot;

	*ret = value_null();
	if (gethostname(buf, sizeof(buf) - 1) != 0)
		return RT_E_IO;
	full = str_dup(r->arena, str_of(buf));
	dot = str_chr(full, '.');
	switch (n->num) {
	case 0:
		*ret = value_str(str_head(full, dot));
		return 0;
	case 1:
		*ret = value_str(full);
		return 0;
	case 2:
		*ret = value_str(dot == STR_NONE ? S("") : str_skip(full, dot + 1));
		return 0;
	case 3:
		if (net_addresses_await(r->worker, full, &t) || !t.n)
			return RT_E_NOENT;
		s = addr_text(&t.v[0].addr, false, buf);
		*ret = value_str(str_dup(r->arena, s));
		return 0;
	default:
		return 0;
	}
}

STD_MODULE(ipops)
