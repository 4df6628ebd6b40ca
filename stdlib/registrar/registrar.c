/* SPDX-License-Identifier: Apache-2.0 */
/* The module's edge: parameters, script functions, what save and lookup need of the run. */
#include "registrar/registrar_priv.h"

#define STD_NAME registrar
#define STD_DEF "registrar/registrar.def"
#include "abi/std.h"

#include <stdatomic.h>

#include "base/fmt.h"
#include "core/counter.h"
#include "core/worker.h"
#include "net/net.h"
#include "script/reply.h"
#include "script/xavp.h"
#include "world/world.h"

enum { AOR_MAX = 512, RUID_HEAD_MAX = sizeof("uloc---") + 2 * (sizeof(uint64_t) + sizeof(uint32_t)) };

struct reg_conf reg_conf;

static void copy_params(void)
{
	reg_conf = (struct reg_conf){
		.accepted = counter_get(S("registrar"), S("accepted_regs")),
		.rejected = counter_get(S("registrar"), S("rejected_regs")),
		.default_expires = param.default_expires,
		.default_expires_range = param.default_expires_range,
		.expires_range = param.expires_range,
		.min_expires = param.min_expires,
		.min_expires_mode = param.min_expires_mode,
		.max_expires = param.max_expires,
		.default_q = param.default_q,
		.append_branches = param.append_branches,
		.case_sensitive = param.case_sensitive,
		.max_contacts = param.max_contacts,
		.retry_after = param.retry_after,
		.sock_flag = param.sock_flag,
		.method_filtering = param.method_filtering,
		.use_path = param.use_path,
		.path_mode = param.path_mode,
		.path_use_received = param.path_use_received,
		.path_check_local = param.path_check_local,
		.xavp_rcd_mask = param.xavp_rcd_mask,
		.gruu_enabled = param.gruu_enabled,
		.outbound_mode = param.outbound_mode,
		.regid_mode = param.regid_mode,
		.flow_timer = param.flow_timer,
		.contact_max_size = param.contact_max_size,
		.lookup_filter_mode = param.lookup_filter_mode,
		.use_expired_contacts = param.use_expired_contacts,
		.realm_prefix = param.realm_prefix,
		.received_param = param.received_param,
		.sock_hdr_name = param.sock_hdr_name,
		.xavp_cfg = param.xavp_cfg,
		.xavp_rcd = param.xavp_rcd,
		.received_avp = param.received_avp,
	};
}

/* ---- helpers of save.c and lookup.c ---- */

int64_t reg_now(struct run *r)
{
	return worker_wall(r->worker) / 1000000;
}

const struct sip_uri *reg_uri(struct run *r, struct str text)
{
	struct sip_uri *u = arena_raw(r->arena, sizeof(*u));

	return u && sip_uri_parse(text, u) == 0 ? u : NULL;
}

static void lower(char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = ascii_lower(p[i]);
}

/* user, or user@host */
static struct str aor_text(struct run *r, struct str user, struct str host, bool with_host)
{
	struct sb b;

	if (!with_host && sip_is_plain_user(user, !reg_conf.case_sensitive))
		return user;
	sb_init(&b, r->arena, AOR_MAX);
	sip_unescape(user, &b);
	if (with_host) {
		sb_addc(&b, '@');
		sb_add(&b, host);
	}
	if (!reg_conf.case_sensitive)
		lower(b.p, b.n);
	return sb_ok(&b) ? sb_str(&b) : STR_NULL;
}

int reg_aor(struct run *r, const struct sip_uri *uri, struct str *aor, struct str *domain)
{
	struct str host, text;

	if (!uri)
		return RT_E_PARSE;
	host = uri->host;
	if (reg_conf.realm_prefix.n && str_istarts(host, reg_conf.realm_prefix))
		host = str_skip(host, reg_conf.realm_prefix.n);
	/* without a user the domain is all there is; a host has no escapes */
	text = uri->user.n ? aor_text(r, uri->user, host, ul_conf.use_domain) : aor_text(r, uri->host, host, false);
	if (text.n == 0 || text.n > AOR_MAX)
		return RT_E_LIMIT;
	*aor = text;
	*domain = host;
	return 0;
}

/* A worker's own: "uloc-", when it made its first one, '-', a number of this process and worker, '-'; then they are counted. */
struct ruid_head {
	size_t n;
	char text[RUID_HEAD_MAX];
	uint32_t count;
};

static void ruid_head_fill(struct run *r, struct ruid_head *h)
{
	static _Atomic uint32_t process;
	uint32_t mine = 0, fresh = (uint32_t)world_random_u64(worker_world(r->worker)) | 1;

	if (atomic_compare_exchange_strong(&process, &mine, fresh))
		mine = fresh;
	memcpy(h->text, "uloc-", h->n = sizeof("uloc-") - 1);
	h->n += fmt_hex((uint64_t)reg_now(r), h->text + h->n);
	h->text[h->n++] = '-';
	h->n += fmt_hex((uint32_t)(mine + worker_index(r->worker)), h->text + h->n);
	h->text[h->n++] = '-';
}

struct str reg_ruid(struct run *r)
{
	static __thread struct ruid_head head;
	char *p = arena_raw(r->arena, RUID_HEAD_MAX + 2 * sizeof(uint32_t));
	size_t n;

	if (!p)
		return STR_NULL;
	if (!head.n)
		ruid_head_fill(r, &head);
	memcpy(p, head.text, sizeof(head.text)); /* all of it, which needs no call */
	n = head.n;
	n += fmt_hex(++head.count, p + n);
	return str_make(p, n);
}

struct str reg_socket_text(const struct ul_contact *c)
{
	return !c->sock ? STR_NULL : ul_conf.advertised ? c->sock->adv_text : c->sock->text;
}

static bool cfg_value(struct run *r, const char *name, struct value *ret)
{
	return r->sv && xavp_field_get(r->sv, reg_conf.xavp_cfg, str_of(name), ret) == 0;
}

bool reg_cfg_int_of(struct run *r, const char *name, int64_t *ret)
{
	struct value v;

	if (!cfg_value(r, name, &v) || !value_is_int(&v))
		return false;
	*ret = v.i;
	return true;
}

bool reg_cfg_str_of(struct run *r, const char *name, struct str *ret)
{
	struct value v;

	if (!cfg_value(r, name, &v) || !value_is_str(&v))
		return false;
	*ret = v.s;
	return true;
}

void reg_rcd_append(struct run *r, const struct ul_contact *c)
{
	const struct xavp_pair all[] = {
		{S("ruid"), value_str(c->ruid)},
		{S("contact"), value_str(c->uri)},
		{S("expires"), value_int(c->expires ? c->expires - reg_now(r) : 0)},
		{S("received"), value_str(c->received)},
		{S("path"), value_str(c->path)},
	};
	struct xavp_pair use[5];
	size_t n = 0;

	if (!r->sv)
		return;
	for (size_t i = 0; i < 5; i++)
		if (!(reg_conf.xavp_rcd_mask >> i & 1) &&
		    (all[i].value.tag == VAL_INT || all[i].value.s.n))
			use[n++] = all[i];
	xavp_append(r->sv, reg_conf.xavp_rcd, use, n); /* full: the script sees one record less */
}

/* ---- script functions ---- */

int32_t std_registrar_save(struct run *r, const struct str *table)
{
	return reg_save(r, *table, 0, STR_NULL);
}

int32_t std_registrar_save2(struct run *r, const struct str *table, int64_t flags)
{
	return reg_save(r, *table, (uint32_t)flags, STR_NULL);
}

int32_t std_registrar_save3(struct run *r, const struct str *table, int64_t flags, const struct str *uri)
{
	return reg_save(r, *table, (uint32_t)flags, *uri);
}

int32_t std_registrar_lookup(struct run *r, const struct str *table)
{
	return reg_lookup(r, *table, STR_NULL, REG_LOOKUP_REPLACE);
}

int32_t std_registrar_lookup2(struct run *r, const struct str *table, const struct str *uri)
{
	return reg_lookup(r, *table, *uri, REG_LOOKUP_REPLACE);
}

int32_t std_registrar_lookup_to_dset(struct run *r, const struct str *table)
{
	return reg_lookup(r, *table, STR_NULL, REG_LOOKUP_APPEND);
}

int32_t std_registrar_lookup_to_dset2(struct run *r, const struct str *table, const struct str *uri)
{
	return reg_lookup(r, *table, *uri, REG_LOOKUP_APPEND);
}

/*
 * The R-URI first; then every branch that was there and has only a URI becomes its best contact, in its
 * place. Further contacts are appended behind all.
 */
int32_t std_registrar_lookup_branches(struct run *r, const struct str *table)
{
	unsigned n = sip_branch_count(r->draft);
	int32_t rc = reg_lookup(r, *table, STR_NULL, REG_LOOKUP_REPLACE);

	for (unsigned i = 0; i < n; i++) {
		const struct sip_branch *b = sip_branch_at(r->draft, i);

		if (!b->dst_uri.n && !b->path.n && !b->force_sock &&
		    reg_lookup_branch(r, *table, i) == RT_E_NOMEM)
			return -3;
	}
	return rc;
}

int32_t std_registrar_registered(struct run *r, const struct str *table)
{
	return reg_registered(r, *table, STR_NULL, 0, 0);
}

int32_t std_registrar_registered2(struct run *r, const struct str *table, const struct str *uri)
{
	return reg_registered(r, *table, *uri, 0, 0);
}

int32_t std_registrar_registered3(struct run *r, const struct str *table, const struct str *uri,
				  int64_t match)
{
	return reg_registered(r, *table, *uri, match, 0);
}

int32_t std_registrar_registered4(struct run *r, const struct str *table, const struct str *uri,
				  int64_t match, int64_t action)
{
	return reg_registered(r, *table, *uri, match, action);
}

int32_t std_registrar_add_sock_hdr(struct run *r, const struct str *name)
{
	const struct net_socket *sock = r->draft->msg->origin.sock;
	struct str h;

	if (!sock || !name->n)
		return -1;
	h = str_printf(r->arena, STR_FMT ": " STR_FMT "\r\n", STR_ARG(*name), STR_ARG(sock->text));
	return h.p && sip_hdr_append(r->draft, h) == 0 ? 1 : -1;
}

int32_t std_registrar_unregister(struct run *r, const struct str *table, const struct str *uri)
{
	return std_registrar_unregister3(r, table, uri, &STR_NULL);
}

int32_t std_registrar_unregister3(struct run *r, const struct str *table, const struct str *uri,
				  const struct str *ruid)
{
	struct ul_table *t = ul_table_get(*table);
	struct str aor, domain;

	if (reg_aor(r, reg_uri(r, *uri), &aor, &domain))
		return -1;
	if (!t)
		return -2;
	return ul_remove(t, aor, *ruid) && ruid->n ? -3 : 1;
}

int32_t std_registrar_reg_fetch_contacts(struct run *r, const struct str *table, const struct str *uri,
					 const struct str *profile)
{
	struct ul_table *t = ul_table_get(*table);
	struct ul_result res;
	struct str aor, domain;

	ulc_forget(*profile);
	if (!t || reg_aor(r, reg_uri(r, *uri), &aor, &domain) || ul_lookup(t, aor, reg_now(r), r->arena, &res))
		return -1;
	return ulc_fill(r, *profile, *table, aor, res.contacts, res.n) ? -1 : 1;
}

int32_t std_registrar_reg_free_contacts(struct run *r, const struct str *profile)
{
	(void)r;
	ulc_forget(*profile);
	return 1;
}

int32_t std_registrar_reg_send_reply(struct run *r)
{
	return script_reply(r, 200, S("OK")) ? -1 : 1;
}

/* Parameters that the statistics show too. */
static int64_t shown(void *arg)
{
	return *(const int64_t *)arg;
}

static void show_params(void)
{
	static const struct {
		const char *name;
		int64_t *at;
	} all[] = {
		{"max_expires", &reg_conf.max_expires},
		{"max_contacts", &reg_conf.max_contacts},
		{"default_expire", &reg_conf.default_expires},
		{"default_expires_range", &reg_conf.default_expires_range},
		{"expires_range", &reg_conf.expires_range},
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		counter_set_fn(counter_get(S("registrar"), str_of(all[i].name)), shown, all[i].at);
}

static int init(const struct program *p)
{
	copy_params();
	show_params();
	ul_conf.advertised = param.sock_mode != 0;
	reg_events_init(p);
	return 0;
}

static void worker_fini(struct worker *w)
{
	(void)w;
	ulc_forget_all();
}

STD_MODULE(registrar, .init = init, .worker_fini = worker_fini)
