/* SPDX-License-Identifier: Apache-2.0 */
/*
 * $ulc(profile=>attribute): contacts fetched by reg_fetch_contacts. As in the reference a profile
 * belongs to the worker and stays until it is fetched again or freed.
 */
#include "registrar/registrar_priv.h"

#define STD_PROTOTYPES_ONLY
#define STD_NAME registrar
#define STD_DEF "registrar/registrar.def"
#include "abi/std.h"

#include "base/hash.h"
#include "base/mem.h"

enum { PROFILES_MAX = 32, PROFILE_BYTES = 1 << 20 };

struct profile {
	struct arena *a;
	struct str name, table, aor;
	struct ul_contact *c;
	uint32_t n;
};

static __thread struct profile *profiles; /* PROFILES_MAX of them */

static struct profile *profile_find(struct str name)
{
	for (int i = 0; profiles && i < PROFILES_MAX; i++)
		if (profiles[i].a && str_eq(profiles[i].name, name))
			return &profiles[i];
	return NULL;
}

static struct profile *profile_get(struct str name)
{
	struct profile *p = profile_find(name);

	if (!profiles)
		profiles = mem_calloc(PROFILES_MAX, sizeof(*profiles));
	for (int i = 0; !p && profiles && i < PROFILES_MAX; i++)
		if (!profiles[i].a)
			p = &profiles[i];
	return p;
}

void ulc_forget(struct str name)
{
	struct profile *p = profile_find(name);

	if (!p)
		return;
	arena_free(&p->a);
	*p = (struct profile){0};
}

void ulc_forget_all(void)
{
	for (int i = 0; profiles && i < PROFILES_MAX; i++)
		arena_free(&profiles[i].a);
	mem_free(&profiles);
}

static int copy_contact(struct arena *a, struct ul_contact *to, const struct ul_contact *from)
{
	*to = *from;
	to->uri = str_dup(a, from->uri);
	to->received = str_dup(a, from->received);
	to->path = str_dup(a, from->path);
	to->call_id = str_dup(a, from->call_id);
	to->user_agent = str_dup(a, from->user_agent);
	to->instance = str_dup(a, from->instance);
	to->ruid = str_dup(a, from->ruid);
	return to->ruid.p ? 0 : RT_E_NOMEM;
}

int ulc_fill(struct run *r, struct str name, struct str table, struct str aor,
	     const struct ul_contact *c, uint32_t n)
{
	struct profile *p;
	int err = 0;

	(void)r;
	ulc_forget(name);
	p = profile_get(name);
	if (!p)
		return RT_E_LIMIT;
	p->a = arena_new(PROFILE_BYTES);
	p->c = p->a ? arena_calloc(p->a, n + 1, sizeof(*p->c)) : NULL;
	if (!p->c)
		err = RT_E_NOMEM;
	for (uint32_t i = 0; !err && i < n; i++)
		err = copy_contact(p->a, &p->c[i], &c[i]);
	if (err) {
		arena_free(&p->a);
		return err;
	}
	p->name = str_dup(p->a, name);
	p->table = str_dup(p->a, table);
	p->aor = str_dup(p->a, aor);
	p->n = n;
	return 0;
}

static struct value text(struct str s)
{
	return value_str(s.n ? s : S(""));
}

static struct value text_or_null(struct str s)
{
	return s.n ? value_str(s) : value_null();
}

/* One contact's attribute; false when the name is unknown. */
static bool attribute(const struct ul_contact *c, struct str k, struct value *ret)
{
	if (str_eq(k, S("addr")))
		*ret = value_str(c->uri);
	else if (str_eq(k, S("path")))
		*ret = text(c->path);
	else if (str_eq(k, S("received")))
		*ret = text(c->received);
	else if (str_eq(k, S("expires")))
		*ret = value_int(c->expires);
	else if (str_eq(k, S("callid")))
		*ret = text_or_null(c->call_id);
	else if (str_eq(k, S("q")))
		*ret = value_int(c->q);
	else if (str_eq(k, S("cseq")))
		*ret = value_int(c->cseq);
	else if (str_eq(k, S("flags")))
		*ret = value_int(c->flags);
	else if (str_eq(k, S("cflags")))
		*ret = value_int(c->cflags);
	else if (str_eq(k, S("user_agent")))
		*ret = text_or_null(c->user_agent);
	else if (str_eq(k, S("socket")))
		*ret = text_or_null(reg_socket_text(c));
	else if (str_eq(k, S("modified")))
		*ret = value_int(c->modified);
	else if (str_eq(k, S("methods")))
		*ret = value_int(c->methods);
	else if (str_eq(k, S("ruid")))
		*ret = text_or_null(c->ruid);
	else if (str_eq(k, S("regid")))
		*ret = value_int(c->reg_id);
	else if (str_eq(k, S("instance")))
		*ret = text_or_null(c->instance);
	else if (str_eq(k, S("conid")))
		*ret = c->conn_id ? value_int((int64_t)c->conn_id) : value_null();
	else if (str_eq(k, S("server_id")))
		*ret = value_int(c->server_id);
	else
		return false;
	return true;
}

int32_t std_registrar_pv_ulc_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	size_t arrow = str_find(n->text, S("=>"));
	struct str k = arrow == STR_NONE ? STR_NULL : str_trim(str_skip(n->text, arrow + 2));
	struct profile *p = profile_find(str_trim(str_head(n->text, arrow)));
	int64_t i = n->index_kind == PV_INDEX_NUM ? n->index : 0;

	(void)r;
	*ret = value_null();
	if (arrow == STR_NONE || !k.n)
		return RT_E_INVAL;
	if (!p)
		return 0;
	if (i < 0)
		i = 0; /* as the reference: no counting from the end */
	if (i >= p->n)
		return 0;
	if (str_eq(k, S("count"))) {
		*ret = value_int(p->n);
		return 0;
	}
	if (str_eq(k, S("aor")) || str_eq(k, S("domain"))) {
		*ret = value_str(k.p[0] == 'a' ? p->aor : p->table);
		return 0;
	}
	if (str_eq(k, S("aorhash"))) {
		*ret = value_int(hash_core(p->aor));
		return 0;
	}
	return attribute(&p->c[i], k, ret) ? 0 : RT_E_INVAL;
}
