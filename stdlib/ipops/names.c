/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names.c - names asked by the script, through the worker's resolver, which parks the fiber.
 *
 * What a question brought is kept with the message, as fields of a record (script/xavp.h) whose name
 * no script can write: "\001dns:ID", "\001srv:ID" ... So an answer never outlives its message, unlike
 * the reference's, which stays in the process.
 */
#define STD_NAME ipops
#define STD_DEF "ipops/ipops.def"
#define STD_PROTOTYPES_ONLY
#include "abi/std.h"

#include "net/net.h"
#include "script/env.h"
#include "script/xavp.h"

/* The reference's codes: an argument is empty, what was asked cannot be answered. */
enum { NO_NAME = -2, NO_ID = -3, NOT_AN_ADDRESS = -3, NO_ANSWER = -4 };

/* ---- records ---- */

static struct str record(struct run *r, const char *kind, struct str id)
{
	return str_printf(r->arena, "\001%s:" STR_FMT, kind, STR_ARG(id));
}

static int note(struct run *r, struct str root, const char *field, struct value v)
{
	struct xavp_place p = {.root = root, .field = str_of(field)};

	return xavp_add_last(r->sv, &p, &v);
}

/* $CLASS(ID=>KEY[INDEX]); counts are 0 where nothing was asked. */
static int32_t read_field(struct run *r, const char *kind, const struct pv_name *n, struct value *ret)
{
	const struct pv_name *key = &n->parts[1];
	struct xavp_place p = {.root = record(r, kind, n->parts[0].text), .field = key->text};

	*ret = value_null();
	if (!p.root.p)
		return RT_E_NOMEM;
	p.field_index = key->index_kind == PV_INDEX_NUM ? key->index : 0;
	xavp_read(r->sv, &p, ret);
	return 0;
}

/* ---- addresses ---- */

static int32_t match_await(struct run *r, const struct str *name, const struct str *ip)
{
	struct net_targets t;
	struct addr a;

	if (!addr_parse(*ip, &a))
		return NOT_AN_ADDRESS;
	if (net_addresses_await(r->worker, *name, &t))
		return NO_ANSWER;
	for (unsigned i = 0; i < t.n; i++)
		if (addr_ip_eq(&a, &t.v[i].addr))
			return 1;
	return -1;
}

int32_t std_ipops_dns_sys_match_ip(struct run *r, const struct str *name, const struct str *ip)
{
	return match_await(r, name, ip);
}

int32_t std_ipops_dns_int_match_ip(struct run *r, const struct str *name, const struct str *ip)
{
	return match_await(r, name, ip);
}

static int note_addresses(struct run *r, struct str root, const struct net_targets *t)
{
	bool v4 = false, v6 = false;
	int err = note(r, root, "count", value_int(t->n));

	for (unsigned i = 0; i < t->n && !err; i++) {
		const struct addr *a = &t->v[i].addr;
		char buf[ADDR_TEXT_MAX];

		v4 = v4 || a->family == AF_INET;
		v6 = v6 || a->family == AF_INET6;
		err = note(r, root, "addr", value_str(addr_text(a, false, buf)));
		if (!err)
			err = note(r, root, "type", value_int(a->family == AF_INET ? 4 : 6));
	}
	if (!err)
		err = note(r, root, "ipv4", value_int(v4));
	return err ? err : note(r, root, "ipv6", value_int(v6));
}

int32_t std_ipops_dns_query(struct run *r, const struct str *name, const struct str *id)
{
	struct str root = record(r, "dns", *id);
	struct net_targets t;

	if (!root.p)
		return -1;
	xavp_delete(r->sv, root, true);
	if (net_addresses_await(r->worker, *name, &t) || !t.n)
		return NO_ANSWER;
	return note_addresses(r, root, &t) ? -1 : 1;
}

int32_t std_ipops_pv_dns_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	return read_field(r, "dns", n, ret);
}

/* ---- SRV and NAPTR ---- */

struct taker {
	struct run *r;
	struct str root;
	int err;
	int64_t n;
};

static void take(struct taker *t, const char *field, struct value v)
{
	if (!t->err)
		t->err = note(t->r, t->root, field, v);
}

/* The root alone is the empty name. */
static struct value host(struct str s)
{
	return value_str(s.n && s.p[s.n - 1] == '.' ? str_head(s, s.n - 1) : s);
}

static void take_srv(void *arg, const struct world_rr *r)
{
	struct taker *t = arg;

	take(t, "priority", value_int(r->prio));
	take(t, "weight", value_int(r->weight));
	take(t, "port", value_int(r->port));
	take(t, "target", host(r->name));
	t->n++;
}

static void take_naptr(void *arg, const struct world_rr *r)
{
	struct taker *t = arg;

	take(t, "order", value_int(r->prio));
	take(t, "pref", value_int(r->weight));
	take(t, "flags", value_str(r->flags));
	take(t, "services", value_str(r->service));
	take(t, "regex", value_str(r->regexp));
	take(t, "replace", host(r->name));
	t->n++;
}

/* A name without such records is an answer too: count 0. */
static int32_t ask_await(struct run *r, enum world_dns_type type, const char *kind, const struct str *name,
			 const struct str *id)
{
	struct taker t = {.r = r, .root = record(r, kind, *id)};

	if (!name->n)
		return NO_NAME;
	if (!id->n)
		return NO_ID;
	if (!t.root.p)
		return -1;
	xavp_delete(r->sv, t.root, true);
	(void)net_records_await(r->worker, *name, type, type == DNS_SRV ? take_srv : take_naptr, &t);
	take(&t, "count", value_int(t.n));
	return t.err ? -1 : 1;
}

int32_t std_ipops_srv_query(struct run *r, const struct str *name, const struct str *id)
{
	return ask_await(r, DNS_SRV, "srv", name, id);
}

int32_t std_ipops_naptr_query(struct run *r, const struct str *name, const struct str *id)
{
	return ask_await(r, DNS_NAPTR, "naptr", name, id);
}

static int32_t read_or_count(struct run *r, const char *kind, const struct pv_name *n, struct value *ret)
{
	int32_t err = read_field(r, kind, n, ret);

	if (!err && ret->tag == VAL_NULL && str_eq(n->parts[1].text, S("count")))
		*ret = value_int(0);
	return err;
}

int32_t std_ipops_pv_srvquery_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	return read_or_count(r, "srv", n, ret);
}

int32_t std_ipops_pv_naptrquery_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	return read_or_count(r, "naptr", n, ret);
}

/* ---- PTR ---- */

int32_t std_ipops_ptr_query(struct run *r, const struct str *ip, const struct str *id)
{
	struct str root = record(r, "ptr", *id), name;
	char buf[WORLD_DNS_NAME_MAX];
	struct addr a;
	int err;

	if (!ip->n)
		return NO_NAME;
	if (!id->n || !addr_parse(*ip, &a))
		return NO_ID;
	if (!root.p)
		return -1;
	xavp_delete(r->sv, root, true);
	if (net_reverse_await(r->worker, &a, buf, sizeof(buf), &name))
		return NO_ANSWER;
	err = note(r, root, "ip", value_str(*ip));
	if (!err)
		err = note(r, root, "ptrname", host(name));
	return err ? -1 : 1;
}

int32_t std_ipops_pv_ptrquery_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	return read_field(r, "ptr", n, ret);
}

int32_t std_ipops_dns_set_local_ttl(struct run *r, int64_t s)
{
	if (s < 0 || s > UINT32_MAX)
		return -1;
	net_dns_local_ttl(r->worker, (uint32_t)s);
	return 1;
}
