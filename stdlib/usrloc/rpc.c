/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RPC on the location tables; names and nesting of the answers are the reference's. A dump gives the worker
 * back after every few records, so that it stops no message for long.
 */
#include "rpc/rpc.h"
#define STD_PROTOTYPES_ONLY
#define STD_NAME usrloc
#define STD_DEF "usrloc/usrloc.def"
#include "abi/std.h"

#include <stdlib.h>

#include "base/hash.h"
#include "core/fiber.h"
#include "net/net.h"
#include "usrloc/tables.h"
#include "usrloc/usrloc_rpc.h"
#include "world/world.h"

enum { RECORDS_PER_TURN = 100 };

static int64_t now_of(const struct rpc *c)
{
	return worker_wall(c->worker) / 1000000;
}

/* ---- one contact ---- */

static void add_text(struct rpc *c, struct rpc_node *to, const char *name, struct str s)
{
	rpc_add_str(c, to, name, s.n ? s : S("[not set]"));
}

static void add_expires(struct rpc *c, struct rpc_node *to, const struct ul_contact *ct)
{
	if (ct->expires == 0)
		rpc_add_str(c, to, "Expires", S("permanent"));
	else if (ct->expires <= now_of(c))
		rpc_add_str(c, to, "Expires", S("expired"));
	else
		rpc_add_int(c, to, "Expires", ct->expires - now_of(c));
}

static void add_contact(struct rpc *c, struct rpc_node *list, const struct ul_contact *ct)
{
	struct rpc_node *n = rpc_add_struct(c, list, "Contact");

	rpc_add_str(c, n, "Address", ct->uri);
	add_expires(c, n, ct);
	if (ct->q >= 0)
		rpc_add_double(c, n, "Q", ct->q / 1000.0);
	else
		rpc_add_int(c, n, "Q", -1);
	rpc_add_str(c, n, "Call-ID", ct->call_id);
	rpc_add_int(c, n, "CSeq", ct->cseq);
	add_text(c, n, "User-Agent", ct->user_agent);
	add_text(c, n, "Received", ct->received);
	add_text(c, n, "Path", ct->path);
	rpc_add_str(c, n, "State", S("CS_NEW")); /* what memory holds was never synchronised */
	rpc_add_int(c, n, "Flags", ct->flags);
	rpc_add_int(c, n, "CFlags", ct->cflags);
	add_text(c, n, "Socket", !ct->sock ? STR_NULL : ul_conf.advertised ? ct->sock->adv_text : ct->sock->text);
	rpc_add_int(c, n, "Methods", ct->methods);
	add_text(c, n, "Ruid", ct->ruid);
	add_text(c, n, "Instance", ct->instance);
	rpc_add_int(c, n, "Reg-Id", ct->reg_id);
	rpc_add_int(c, n, "Server-Id", ct->server_id);
	rpc_add_int(c, n, "Tcpconn-Id", ct->conn_id ? (int64_t)ct->conn_id : -1);
	rpc_add_int(c, n, "Keepalive", 0);
	rpc_add_int(c, n, "Last-Keepalive", ct->modified);
	rpc_add_int(c, n, "KA-Roundtrip", 0);
	rpc_add_int(c, n, "Last-Modified", ct->modified);
}

static void add_contacts(struct rpc *c, struct rpc_node *to, const struct ul_contact *list, uint32_t n)
{
	struct rpc_node *all = rpc_add_array(c, to, "Contacts");

	for (uint32_t i = 0; i < n; i++)
		add_contact(c, all, &list[i]);
}

/* ---- dump ---- */

/* Where a record of the reference would lie: its dumps go by slot. */
struct dumped {
	struct dumped *next;
	struct rpc_node *node;
	uint32_t hash;
};

struct dump {
	struct rpc *c;
	struct dumped *all;
	size_t n;
	bool brief;
};

static bool dump_record(void *arg, struct str aor, const struct ul_contact *list, uint32_t n)
{
	struct dump *d = arg;
	struct dumped *e = arena_new_of(d->c->arena, struct dumped);
	struct rpc_node *node = rpc_node_new(d->c, d->brief ? RPC_STR : RPC_STRUCT);

	if (!e || d->c->fault) {
		rpc_fail(d->c, 500, "the answer is too large");
		return false;
	}
	e->node = node;
	e->hash = hash_core(aor);
	e->next = d->all;
	d->all = e;
	node->name = d->brief ? S("AoR") : S("Info");
	if (d->brief) {
		node->s = str_dup(d->c->arena, aor);
	} else {
		rpc_add_str(d->c, node, "AoR", aor);
		rpc_add_int(d->c, node, "HashID", e->hash);
		add_contacts(d->c, node, list, n);
	}
	if (++d->n % RECORDS_PER_TURN == 0 && fiber_self())
		fiber_sleep_await(1);
	return !d->c->fault;
}

static int by_slot(const void *a, const void *b)
{
	const struct dumped *x = *(struct dumped *const *)a, *y = *(struct dumped *const *)b;
	uint32_t sx = x->hash & (usrloc_slots() - 1), sy = y->hash & (usrloc_slots() - 1);

	return sx < sy ? -1 : sx > sy ? 1 : x->hash < y->hash ? -1 : x->hash > y->hash;
}

/* Append the records in order; the most that fall into one slot. */
static int64_t append_sorted(struct dump *d, struct rpc_node *to)
{
	struct dumped **v = arena_calloc(d->c->arena, d->n + 1, sizeof(*v));
	int64_t most = 0, run = 0;
	size_t n = 0;

	if (!v) {
		rpc_fail(d->c, 500, "the answer is too large");
		return 0;
	}
	for (struct dumped *e = d->all; e; e = e->next)
		v[n++] = e;
	if (n)
		qsort(v, n, sizeof(*v), by_slot);
	for (size_t i = 0; i < n; i++) {
		bool same = i && !((v[i]->hash ^ v[i - 1]->hash) & (usrloc_slots() - 1));

		run = same ? run + 1 : 1;
		most = run > most ? run : most;
		rpc_node_append(to, v[i]->node);
	}
	return most;
}

struct tables {
	struct rpc *c;
	struct rpc_node *to;
	bool brief;
};

static void dump_table(void *arg, struct ul_table *t)
{
	struct tables *ts = arg;
	struct dump d = {.c = ts->c, .brief = ts->brief};
	struct rpc_node *n = rpc_add_struct(ts->c, ts->to, "Domain"), *aors, *stats;
	int64_t most;

	rpc_add_str(ts->c, n, "Domain", ul_table_name(t));
	rpc_add_int(ts->c, n, "Size", usrloc_slots());
	aors = rpc_add_array(ts->c, n, "AoRs");
	ul_each(t, now_of(ts->c), dump_record, &d);
	most = append_sorted(&d, aors);
	stats = rpc_add_struct(ts->c, n, "Stats");
	rpc_add_int(ts->c, stats, "Records", (int64_t)d.n);
	rpc_add_int(ts->c, stats, "Max-Slots", most);
}

void std_usrloc_rpc_dump(struct rpc *c)
{
	struct tables ts = {.c = c};
	struct str how = STR_NULL;

	ts.brief = rpc_peek_str(c, 0, &how) && str_eq(how, S("brief"));
	ts.to = rpc_add_array(c, rpc_add_struct(c, NULL, NULL), "Domains");
	ul_tables_each(dump_table, &ts);
}

/* ---- one address of record ---- */

/* Table and AoR of the first two arguments; false with a fault. */
static bool target(struct rpc *c, const char *few, struct ul_table **t, struct str *aor)
{
	struct str name;

	if (!rpc_peek_str(c, 0, &name) || !rpc_peek_str(c, 1, aor)) {
		rpc_fail(c, 500, "Not enough parameters (%s)", few);
		return false;
	}
	*t = ul_table_find(name);
	if (!*t)
		rpc_fail(c, 500, "Domain table not found");
	if (!ul_conf.use_domain) /* "alice@example.org" names alice */
		*aor = str_head(*aor, str_chr(*aor, '@'));
	return *t != NULL;
}

void std_usrloc_rpc_lookup(struct rpc *c)
{
	struct rpc_node *n;
	struct ul_result res;
	struct ul_table *t;
	struct str aor;

	if (!target(c, "table and AOR to lookup", &t, &aor))
		return;
	if (ul_lookup(t, aor, now_of(c), c->arena, &res)) {
		rpc_fail(c, 500, "AOR not found in location table");
		return;
	}
	n = rpc_add_struct(c, NULL, NULL);
	rpc_add_str(c, n, "AoR", aor);
	add_contacts(c, n, res.contacts, res.n);
}

void std_usrloc_rpc_rm(struct rpc *c)
{
	struct ul_table *t;
	struct str aor;

	if (target(c, "table and AOR to lookup", &t, &aor))
		ul_remove(t, aor, STR_NULL);
}

void std_usrloc_rpc_rm_contact(struct rpc *c)
{
	struct ul_result res;
	struct ul_table *t;
	struct str aor, uri;

	if (!rpc_peek_str(c, 2, &uri)) {
		rpc_fail(c, 500, "Not enough parameters (table, AOR and contact)");
		return;
	}
	if (!target(c, "table, AOR and contact", &t, &aor))
		return;
	if (ul_lookup(t, aor, now_of(c), c->arena, &res)) {
		rpc_fail(c, 404, "AOR not found");
		return;
	}
	for (uint32_t i = 0; i < res.n; i++) {
		if (!str_eq(res.contacts[i].uri, uri))
			continue;
		ul_remove(t, aor, res.contacts[i].ruid);
		return;
	}
	rpc_fail(c, 404, "Contact not found");
}

/* table aor contact expires q path flags cflags methods; 0 seconds: for ever. */
void std_usrloc_rpc_add(struct rpc *c)
{
	struct ul_apply_opts o = {.match = (enum ul_match)ul_conf.matching_mode, .now = now_of(c)};
	struct ul_change ch = {.op = UL_OP_SAVE, .c = {.call_id = S("rpc@ul.add"), .cseq = 1,
						       .user_agent = S("RPC")}};
	int64_t expires, flags, cflags, methods;
	struct ul_result res;
	struct ul_table *t;
	struct str aor;
	double q;

	if (!rpc_peek_str(c, 2, &ch.c.uri) || !rpc_peek_int(c, 3, &expires) || !rpc_peek_double(c, 4, &q) ||
	    !rpc_peek_str(c, 5, &ch.c.path) || !rpc_peek_int(c, 6, &flags) || !rpc_peek_int(c, 7, &cflags) ||
	    !rpc_peek_int(c, 8, &methods)) {
		rpc_fail(c, 500, "Not enough parameters or wrong format");
		return;
	}
	if (!target(c, "table, AOR ...", &t, &aor))
		return;
	if (q > 1 || (q < 0 && q != -1)) {
		rpc_fail(c, 500, "Not enough parameters or wrong format");
		return;
	}
	ch.c.expires = expires > 0 ? o.now + expires : 0;
	ch.c.q = q < 0 ? -1 : (int32_t)(q * 1000 + 0.5);
	ch.c.flags = (uint32_t)flags;
	ch.c.cflags = (uint32_t)cflags;
	ch.c.methods = (uint32_t)methods;
	if (str_eq(ch.c.path, S("0")))
		ch.c.path = STR_NULL;
	ch.c.ruid = str_printf(c->arena, "ulcx-%llx-%llx-1", (unsigned long long)o.now,
			       (unsigned long long)(world_random_u64(worker_world(c->worker)) & 0xffffffff));
	if (ul_apply(t, aor, &ch, 1, &o, c->arena, &res))
		rpc_fail(c, 500, "Can not insert contact");
}

void std_usrloc_rpc_flush(struct rpc *c)
{
	(void)c; /* nothing is behind the memory */
}

static void no_database(struct rpc *c)
{
	rpc_fail(c, 500, "Command is not supported in db_mode=0");
}

void std_usrloc_rpc_db_users(struct rpc *c)
{
	no_database(c);
}

void std_usrloc_rpc_db_contacts(struct rpc *c)
{
	no_database(c);
}

void std_usrloc_rpc_db_expired_contacts(struct rpc *c)
{
	no_database(c);
}
