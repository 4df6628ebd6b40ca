/* SPDX-License-Identifier: Apache-2.0 */
/* From an address of record to its contacts: the R-URI and branches of the request. */
#include "registrar/registrar_priv.h"

#include "net/net.h"

static bool has_to_tag(struct sip_msg *m)
{
	struct sip_nameaddr *to = sip_to(m);

	return to && to->tag.n;
}

/* method_filtering: an initial request only goes where its method is allowed. */
static bool allows(struct run *r, const struct ul_contact *c)
{
	struct sip_msg *m = r->draft->msg;

	if (!reg_conf.method_filtering || has_to_tag(m))
		return true;
	return (c->methods & m->method) != 0;
}

static bool passes_flags(struct run *r, const struct ul_contact *c)
{
	int64_t want;

	if (!(reg_conf.lookup_filter_mode & 1) || !reg_cfg_int(r, "rlf_bflags", &want))
		return true;
	return (c->cflags & (uint32_t)want) != 0;
}

/* First Path hop; skipped when it is ourselves and path_check_local. p NULL: none left. */
static struct str first_hop(struct run *r, struct str path, struct str *rest)
{
	struct sip_nameaddr *list = NULL;
	struct sip_uri u;

	*rest = path;
	if (sip_nameaddrs_parse(r->arena, path, &list) || !list)
		return STR_NULL;
	if (reg_conf.path_check_local && sip_uri_parse(list->uri, &u) == 0 &&
	    net_is_local(net_of(r->worker), u.host, sip_uri_port(&u), sip_uri_proto(&u))) {
		if (!list->next) {
			*rest = STR_NULL;
			return STR_NULL;
		}
		*rest = str_make(list->next->text.p,
				 (size_t)(path.p + path.n - list->next->text.p));
		list = list->next;
	}
	return list->uri;
}

static struct sip_branch to_branch(struct run *r, const struct ul_contact *c)
{
	struct sip_branch b = {
		.uri = c->uri,
		.dst_uri = c->received,
		.ruid = c->ruid,
		.location_ua = c->user_agent,
		.instance = c->instance,
		.force_sock = c->sock,
		.q = c->q,
		.flags = c->cflags,
		.reg_id = c->reg_id,
	};

	if (c->path.n) {
		struct str hop = first_hop(r, c->path, &b.path);

		if (hop.p)
			b.dst_uri = hop;
	}
	return b;
}

/* The main branch of the draft becomes `b`. */
static int replace(struct run *r, const struct sip_branch *b)
{
	struct sip_draft *d = r->draft;
	uint32_t flags = d->main.flags;
	int err = sip_draft_set_uri(d, b->uri);

	if (!err)
		err = sip_draft_set_dst(d, b->dst_uri);
	if (!err)
		err = sip_draft_set_path(d, b->path);
	if (err)
		return err;
	d->main.ruid = b->ruid;
	d->main.location_ua = b->location_ua;
	d->main.instance = b->instance;
	d->main.force_sock = b->force_sock;
	d->main.q = b->q;
	d->main.flags = flags | b->flags;
	d->main.reg_id = b->reg_id;
	return 0;
}

struct found {
	struct ul_result res; /* in the draft's arena */
	const struct sip_uri *uri;
	bool gruu;
};

static int find(struct run *r, struct str table, const struct sip_uri *uri, struct found *f)
{
	struct ul_table *t = ul_table_get(table);
	int64_t now = reg_conf.use_expired_contacts ? 1 : reg_now(r); /* 1: nothing is expired */
	struct str aor, domain;
	uint64_t hash;

	if (!t || !uri)
		return RT_E_PARSE;
	f->uri = uri;
	f->gruu = uri->gr.p != NULL;
	if (reg_gruu_hash(uri, &hash))
		return ul_lookup_hash(t, hash, now, r->draft->arena, &f->res);
	if (reg_aor(r, uri, &aor, &domain))
		return RT_E_PARSE;
	return ul_lookup(t, aor, now, r->draft->arena, &f->res);
}

/* lookup_filter_mode 2: the connection that a stream contact came on must still be there. */
static bool is_connected(struct run *r, const struct ul_contact *c)
{
	return !(reg_conf.lookup_filter_mode & 2) || !c->conn_id || net_conn_alive(r->worker, c->conn_id);
}

static bool is_wanted(struct run *r, const struct found *f, const struct ul_contact *c)
{
	return (!f->gruu || reg_gruu_match(f->uri, c)) && passes_flags(r, c) && is_connected(r, c);
}

int32_t reg_lookup(struct run *r, struct str table, struct str uri, enum reg_lookup_mode mode)
{
	bool first = mode == REG_LOOKUP_REPLACE, excluded = false;
	const struct ul_contact **taken;
	struct found f = {0};
	int err = find(r, table, uri.n ? reg_uri(r, uri) : sip_draft_uri_view(r->draft), &f);
	uint32_t used = 0;

	if (err)
		return err == RT_E_NOENT ? -1 : -3;
	taken = arena_raw(r->arena, (f.res.n + 1) * sizeof(*taken));
	if (!taken)
		return -3;
	for (uint32_t i = 0; i < f.res.n; i++) {
		const struct ul_contact *c = &f.res.contacts[i];
		struct sip_branch b;

		if (!is_wanted(r, &f, c))
			continue;
		if (!allows(r, c)) {
			excluded = true;
			continue;
		}
		if (!first && used && !reg_conf.append_branches && mode == REG_LOOKUP_REPLACE)
			break;
		b = to_branch(r, c);
		err = first ? replace(r, &b) : sip_branch_append(r->draft, &b, NULL);
		if (err == RT_E_LIMIT)
			break; /* max_branches: the best ones are in */
		if (err)
			return -3;
		if (first)
			reg_rcd_add(r, c); /* the one of the R-URI, as in the reference */
		first = false;
		taken[used++] = c;
	}
	reg_attrs_give(r, taken, used);
	return used ? 1 : excluded ? -2 : -1;
}

int reg_lookup_branch(struct run *r, struct str table, unsigned i)
{
	struct sip_branch *at = sip_branch_at(r->draft, i);
	struct found f = {0};
	bool first = true;
	int err = find(r, table, reg_uri(r, at->uri), &f);

	for (uint32_t k = 0; !err && k < f.res.n; k++) {
		const struct ul_contact *c = &f.res.contacts[k];
		struct sip_branch *to = at, b;

		if (!is_wanted(r, &f, c) || !allows(r, c))
			continue;
		b = to_branch(r, c);
		if (!first)
			err = sip_branch_append(r->draft, &b, &to);
		else
			err = sip_branch_set(r->draft, at, &b);
		first = false;
		if (err == RT_E_LIMIT)
			return 0;
		reg_attrs_give(r, &c, 1);
	}
	return err;
}

static bool matches(struct run *r, const struct ul_contact *c, int64_t match)
{
	static const struct {
		int64_t bit;
		const char *name;
		size_t off;
	} rules[] = {
		{1, "match_callid", offsetof(struct ul_contact, call_id)},
		{2, "match_received", offsetof(struct ul_contact, received)},
		{4, "match_contact", offsetof(struct ul_contact, uri)},
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		struct str want, have;

		if (!(match & rules[i].bit) || !reg_cfg_str(r, rules[i].name, &want) || !want.n)
			continue;
		memcpy(&have, (const char *)c + rules[i].off, sizeof(have));
		if (!str_eq(have, want))
			return false;
	}
	return true;
}

int32_t reg_registered(struct run *r, struct str table, struct str uri, int64_t match, int64_t action)
{
	struct sip_msg *m = r->draft->msg;
	const struct sip_uri *u = NULL;
	struct found f = {0};

	if (uri.n)
		u = reg_uri(r, uri);
	else if (m->is_request)
		u = sip_draft_uri_view(r->draft);
	else if (sip_to(m))
		u = sip_nameaddr_uri(m, sip_to(m));
	if (find(r, table, u, &f))
		return -1;
	for (uint32_t i = 0; i < f.res.n; i++) {
		if (!matches(r, &f.res.contacts[i], match))
			continue;
		if (!(action & 2))
			reg_rcd_add(r, &f.res.contacts[i]);
		return 1;
	}
	return -1;
}
