/* SPDX-License-Identifier: Apache-2.0 */
/* Script variables, AVPs; questions about any variable; parameters. */
#define PV_MAIN
#include "pv/pv_priv.h"

#include "abi/rt.h"
#include "base/mem.h"
#include "script/run.h"
#include "script/xavp.h"

/* ---- $var: generated code reads slots itself; these serve references by name ---- */

static int32_t var_get(struct run *r, const struct pv_name *n, bool null, struct value *ret)
{
	*ret = r->vars[n->num];
	if (ret->tag == VAL_NULL && !null)
		*ret = value_int(0);
	return 0;
}

static int32_t var_set(struct run *r, const struct pv_name *n, bool null, const struct value *v)
{
	struct value zero = value_int(0);

	rt_var_set(r, (int32_t)n->num, v->tag == VAL_NULL && !null ? &zero : v);
	return 0;
}

#define VAR(c, null)                                                                               \
	PV_GET(c)                                                                                  \
	{                                                                                          \
		return var_get(r, n, null, ret);                                                   \
	}                                                                                          \
	PV_SET(c)                                                                                  \
	{                                                                                          \
		return var_set(r, n, null, v);                                                     \
	}
VAR(var, false)
VAR(vz, false)
VAR(vn, true)

/* ---- AVPs ---- */

/* avp_aliases: another name of an AVP. Set at start, read-only then. */
static struct alias {
	struct alias *next;
	struct str name;
	struct avp_key key;
} *aliases;
static struct arena *kept; /* texts of parameters */

static void key_made_now(const struct pv_name *n, struct avp_key *k)
{
	*k = avp_key(n->num, n->text);
	for (const struct alias *a = n->num ? NULL : aliases; a; a = a->next)
		if (str_eq(a->name, n->text)) {
			*k = a->key;
			return;
		}
}

static inline void key_of(const struct pv_name *n, struct avp_key *k)
{
	*k = (struct avp_key){n->num, n->text, n->hash, true};
	if (!n->hash || aliases)
		key_made_now(n, k);
}

static int32_t avp_all(struct run *r, const struct avp_key *k, struct value *ret)
{
	struct value v;
	struct sb b;

	if (!avp_count(r->sv, k))
		return 0;
	sb_init(&b, r->arena, PV_TEXT_MAX);
	for (int64_t i = 0; avp_get(r->sv, k, i, &v); i++) {
		if (i)
			sb_addz(&b, ", ");
		sb_add(&b, script_text(r, &v));
	}
	*ret = value_str(b.p ? sb_str(&b) : S(""));
	return sb_ok(&b) ? 0 : RT_E_LIMIT;
}

PV_GET(avp)
{
	int64_t i = n->index_kind == PV_INDEX_NUM ? n->index : 0;
	struct avp_key k;

	key_of(n, &k);
	*ret = value_null();
	if (n->index_kind == PV_INDEX_ALL)
		return avp_all(r, &k, ret);
	/* as in the reference: of the negative indexes only the one that means the newest finds anything */
	if (i >= 0 || -i == (int64_t)avp_count(r->sv, &k))
		avp_get(r->sv, &k, i, ret);
	return 0;
}

/* The index on the left is ignored, as in the reference; [*] replaces all. */
PV_SET(avp)
{
	bool all = n->index_kind == PV_INDEX_ALL;
	struct avp_key k;

	key_of(n, &k);
	if (v->tag == VAL_NULL || all)
		avp_delete(r->sv, &k, all);
	return v->tag == VAL_NULL ? 0 : avp_add(r->sv, &k, v);
}

PV_GET(s)
{
	return pv_give(ret, n->text.p ? n->text : S(""));
}

static bool kind_of(const char *pv_class, enum xavp_kind *kind)
{
	struct str c = str_of(pv_class);

	*kind = str_eq(c, S("xavi")) ? XAVP_ICASE : str_eq(c, S("xavu")) ? XAVP_SINGLE : XAVP_PLAIN;
	return *kind != XAVP_PLAIN || str_eq(c, S("xavp"));
}

static struct xavp_place place_of(const struct pv_name *n, enum xavp_kind kind)
{
	struct xavp_place p = {.kind = kind, .root = n->parts[0].text};

	p.index = n->parts[0].index_kind == PV_INDEX_NUM ? n->parts[0].index : 0;
	if (n->n_parts > 1)
		p.field = n->parts[1].text;
	return p;
}

PV_GET(cnt)
{
	const struct pv_ref *in = n->inner;
	struct xavp_place p;
	enum xavp_kind kind;
	struct avp_key k;

	*ret = value_null();
	if (!in || !in->name)
		return RT_E_INVAL;
	if (str_eq(str_of(in->pv_class), S("avp"))) {
		key_of(in->name, &k);
		return pv_give_int(ret, avp_count(r->sv, &k));
	}
	if (!kind_of(in->pv_class, &kind) || in->name->n_parts < 1)
		return RT_E_INVAL;
	p = place_of(in->name, kind);
	return pv_give_int(ret, xavp_count(r->sv, &p));
}

/* ---- questions ---- */

static bool read_ref(struct run *r, const struct pv_ref *pv, struct value *v)
{
	*v = value_null();
	return pv->get(r, v) >= 0;
}

int32_t std_pv_pv_isset(struct run *r, const struct pv_ref *pv)
{
	struct value v;

	return read_ref(r, pv, &v) && v.tag != VAL_NULL ? 1 : -1;
}

int32_t std_pv_pv_unset(struct run *r, const struct pv_ref *pv)
{
	struct value null = value_null();

	return pv->set && pv->set(r, &null) >= 0 ? 1 : -1;
}

int32_t std_pv_is_int(struct run *r, const struct pv_ref *pv)
{
	struct value v;

	return read_ref(r, pv, &v) && value_is_int(&v) ? 1 : -1;
}

int32_t std_pv_not_empty(struct run *r, const struct pv_ref *pv)
{
	struct value v;

	return read_ref(r, pv, &v) && value_is_str(&v) && v.s.n ? 1 : -1;
}

static bool is_record(struct run *r, const struct pv_ref *pv)
{
	struct xavp_place p;
	enum xavp_kind kind;
	struct value v;

	if (!pv->name || !kind_of(pv->pv_class, &kind) || pv->name->n_parts != 1)
		return false;
	p = place_of(pv->name, kind);
	return xavp_read(r->sv, &p, &v) == RT_E_STATE;
}

int32_t std_pv_typeof(struct run *r, const struct pv_ref *pv, int32_t type)
{
	enum { TYPE_INT, TYPE_STR, TYPE_NULL, TYPE_XAVP };
	bool record = is_record(r, pv);
	struct value v;

	read_ref(r, pv, &v);
	switch (type) {
	case TYPE_INT:
		return value_is_int(&v) ? 1 : -1;
	case TYPE_STR:
		return v.tag == VAL_STR && !record ? 1 : -1;
	case TYPE_NULL:
		return v.tag == VAL_NULL ? 1 : -1;
	case TYPE_XAVP:
		return record ? 1 : -1;
	default:
		return -1;
	}
}

/* ---- parameters ---- */

/* "name=i:5" or "name=s:text" */
static bool typed(struct str s, struct str *name, struct value *v)
{
	size_t eq = str_chr(s, '=');
	struct str rest = eq == STR_NONE ? STR_NULL : str_trim(str_skip(s, eq + 1));
	int64_t i;

	*name = str_trim(str_head(s, eq));
	if (!name->n || rest.n < 2 || rest.p[1] != ':')
		return false;
	if (rest.p[0] == 's' || rest.p[0] == 'S') {
		*v = value_str(str_skip(rest, 2));
		return true;
	}
	if ((rest.p[0] != 'i' && rest.p[0] != 'I') || !str_to_i64(str_skip(rest, 2), &i))
		return false;
	*v = value_int(i);
	return true;
}

int32_t std_pv_param_shvset(const struct program_value *p)
{
	struct str name;
	struct value v;

	return typed(p->s, &name, &v) ? pv_shv_preset(name, &v) : RT_E_PARSE;
}

int32_t std_pv_param_varset(const struct program_value *p)
{
	struct str name;
	struct value v;

	return typed(p->s, &name, &v) ? script_var_preset(name, &v) : RT_E_PARSE;
}

static int add_alias(struct str name, struct str of)
{
	struct alias *a;
	int64_t bits = 0;

	if (!kept)
		kept = arena_new(1 << 20);
	a = kept ? arena_new_of(kept, struct alias) : NULL;
	if (!a)
		return RT_E_NOMEM;
	if (of.n > 2 && of.p[1] == ':') {
		bits = ascii_lower(of.p[0]) == 'i'; /* integer name; see sema/text.h */
		of = str_skip(of, 2);
	}
	a->name = str_dup(kept, name);
	a->key = avp_key(bits, str_dup(kept, of));
	a->key.lasts = true;
	a->next = aliases;
	aliases = a;
	return a->name.p && a->key.name.p ? 0 : RT_E_NOMEM;
}

/* "email=s:email_addr;tmp=i:100" */
int32_t std_pv_param_avp_aliases(const struct program_value *p)
{
	struct str rest = p->s;
	int err = 0;

	while (!err && rest.n) {
		struct str of = str_trim(str_cut(&rest, ';')), name = str_trim(str_cut(&of, '='));

		if (name.n)
			err = of.n ? add_alias(name, str_trim(of)) : RT_E_PARSE;
	}
	return err;
}

static void pv_fini(void)
{
	aliases = NULL;
	arena_free(&kept);
	pv_shv_free();
}

static int pv_worker_init(struct worker *w)
{
	pv_note_boot(worker_wall(w));
	return 0;
}

STD_MODULE(pv, .worker_init = pv_worker_init, .fini = pv_fini)
