/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names.c - what a script says of names: domains of ours with all names below them, addresses that no name server
 * is asked for, and sockets by their name.
 */
#define STD_NAME corex
#define STD_DEF "corex/corex.def"
#define STD_PROTOTYPES_ONLY
#include "rpc/rpc.h"
#include "abi/std.h"

#include "core/log.h"
#include "core/worker.h"
#include "corex/corex_priv.h"
#include "net/net.h"
#include "script/env.h"

struct domain {
	struct domain *next;
	struct str host;
	uint16_t port;
	enum proto proto;
};

/* A record of modparam dns_cache. */
struct record {
	struct record *next;
	struct str name;
	struct world_rr rr;
	uint32_t ttl;
	unsigned flags; /* NET_DNS_* */
};

static struct domain *domains;
static struct record *records;
static struct arena *kept;

static struct arena *keeper(void)
{
	if (!kept)
		kept = arena_new(1 << 20);
	return kept;
}

int32_t std_corex_param_alias_subdomains(const struct program_value *v)
{
	struct str rest = v->s, first = str_head(rest, str_chr(rest, ':'));
	enum proto proto = proto_parse(first);
	struct domain *d = keeper() ? arena_new_of(kept, struct domain) : NULL;
	uint64_t port = 0;

	if (!d)
		return RT_E_NOMEM;
	if (proto != PROTO_NONE && first.n < rest.n)
		str_cut(&rest, ':');
	else
		proto = PROTO_NONE;
	d->host = str_dup(kept, str_cut(&rest, ':'));
	if (!d->host.n || (rest.n && !str_to_u64(rest, 65535, &port)))
		return RT_E_PARSE;
	d->port = (uint16_t)port;
	d->proto = proto;
	d->next = domains;
	domains = d;
	return 0;
}

/* ---- dns_cache ---- */

static bool set_number(struct str value, uint64_t max, uint64_t *ret)
{
	return str_to_u64(value, max, ret);
}

/* One "attr=value"; false: unknown or bad. */
static bool set_attribute(struct record *d, struct str *addr, struct str name, struct str value)
{
	static const struct {
		const char *name;
		enum world_dns_type type;
	} types[] = {{"A", DNS_A}, {"AAAA", DNS_AAAA}, {"SRV", DNS_SRV}};
	uint64_t n = 0;

	if (str_eq(name, S("type"))) {
		for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
			if (str_ieq(value, str_of(types[i].name)))
				d->rr.type = types[i].type;
		return d->rr.type != 0;
	}
	if (str_eq(name, S("name")) || str_eq(name, S("addr"))) {
		*(str_eq(name, S("name")) ? &d->name : addr) = value;
		return value.n > 0;
	}
	if (!set_number(value, str_eq(name, S("ttl")) ? UINT32_MAX : 65535, &n))
		return false;
	if (str_eq(name, S("ttl")))
		d->ttl = (uint32_t)n;
	else if (str_eq(name, S("priority")))
		d->rr.prio = (uint16_t)n;
	else if (str_eq(name, S("weight")))
		d->rr.weight = (uint16_t)n;
	else if (str_eq(name, S("port")))
		d->rr.port = (uint16_t)n;
	else if (str_eq(name, S("flags")))
		d->flags = (unsigned)n & (NET_DNS_NEGATIVE | NET_DNS_PERMANENT);
	else
		return false;
	return true;
}

static bool complete(struct record *d, struct str addr)
{
	int family = d->rr.type == DNS_A ? AF_INET : AF_INET6;

	if (!d->name.n || !d->rr.type || !addr.n)
		return false;
	d->rr.name = addr;
	return d->rr.type == DNS_SRV || (addr_parse(addr, &d->rr.addr) && d->rr.addr.family == family);
}

/* type=A;name=host;addr=1.2.3.4;ttl=60;flags=2 */
int32_t std_corex_param_dns_cache(const struct program_value *v)
{
	struct record *d = keeper() ? arena_new_of(kept, struct record) : NULL;
	struct str rest = d ? str_dup(kept, v->s) : STR_NULL, addr = STR_NULL;

	if (!rest.p)
		return RT_E_NOMEM;
	while (rest.n) {
		struct str value = str_trim(str_cut(&rest, ';')), name = str_trim(str_cut(&value, '='));

		if (name.n && !set_attribute(d, &addr, name, str_trim(value)))
			return RT_E_PARSE;
	}
	if (!complete(d, addr))
		return RT_E_PARSE;
	d->next = records;
	records = d;
	return 0;
}

/* ---- life ---- */

int corex_names_start(struct worker *w)
{
	int err = 0;

	for (const struct domain *d = domains; d && !err; d = d->next)
		err = net_add_alias_tree(net_of(w), d->host, d->port, d->proto);
	for (const struct record *d = records; d && !err; d = d->next)
		err = net_dns_put(w, d->name, &d->rr, d->ttl, d->flags);
	return err;
}

void corex_names_fini(void)
{
	domains = NULL;
	records = NULL;
	arena_free(&kept);
}

/* ---- $lsock(how/what/attribute) ---- */

static const struct net_socket *socket_meant(struct run *r, char how, struct str what)
{
	const struct net *n = net_of(r->worker);

	for (unsigned i = 0; i < net_socket_count(n); i++) {
		const struct net_socket *s = net_socket_at(n, i);

		if (str_eq(how == 'n' ? s->name : s->text, what))
			return s;
	}
	return NULL;
}

/* n: by name, l: by address; of the attribute the first letter counts, as in the reference. */
int32_t std_corex_pv_lsock_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct str rest = n->text, how = str_cut(&rest, '/'), what = str_head(rest, str_rchr(rest, '/'));
	struct str attribute = str_rchr(rest, '/') == STR_NONE ? STR_NULL : str_skip(rest, what.n + 1);
	const struct net_socket *s;

	*ret = value_null();
	if (how.n != 1 || (how.p[0] != 'n' && how.p[0] != 'l') || !what.n || attribute.n < 2 || !memchr("lna", attribute.p[0], 3)) {
		script_err(r, "$lsock: \"" STR_FMT "\" is not n/NAME/ATTRIBUTE or l/PROTO:ADDRESS:PORT/ATTRIBUTE", STR_ARG(n->text));
		return RT_E_INVAL;
	}
	s = socket_meant(r, how.p[0], what);
	if (!s)
		return 0;
	if (attribute.p[0] == 'l')
		*ret = value_str(s->text);
	else if (attribute.p[0] == 'n')
		*ret = value_str(s->name);
	else
		*ret = value_str(s->adv_host.n ? s->adv_text : S(""));
	return 0;
}
