/* SPDX-License-Identifier: Apache-2.0 */
/* $xavp, $xavi, $xavu: root[i]=>field[k]; parts behind the second are ignored, as in the reference. */
#include "script/xavp.h"

#include "core/log.h"
#include "pv/pv_priv.h"
#include "abi/rt.h"

/* ---- the variables ---- */

static int64_t index_of(const struct pv_name *part)
{
	return part->index_kind == PV_INDEX_NUM ? part->index : 0;
}

static struct xavp_place place_of(const struct pv_name *n, enum xavp_kind kind)
{
	struct xavp_place p = {.kind = kind, .root = n->parts[0].text, .index = index_of(&n->parts[0])};

	if (n->n_parts > 1) {
		p.field = n->parts[1].text;
		p.field_index = index_of(&n->parts[1]);
	}
	return p;
}

/* field[*]: all values, newest first. */
static int32_t read_all(struct run *r, struct xavp_place p, struct value *ret)
{
	unsigned count = xavp_count(r->sv, &p);
	struct value v;
	struct sb b;

	sb_init(&b, r->arena, PV_TEXT_MAX);
	for (unsigned i = 0; i < count; i++) {
		p.field_index = i;
		if (xavp_read(r->sv, &p, &v))
			break;
		if (i)
			sb_addz(&b, ", ");
		sb_add(&b, script_text(r, &v));
	}
	*ret = count ? value_str(b.p ? sb_str(&b) : S("")) : value_null();
	return sb_ok(&b) ? 0 : RT_E_LIMIT;
}

static int32_t get(struct run *r, const struct pv_name *n, enum xavp_kind kind, struct value *ret)
{
	struct xavp_place p = place_of(n, kind);

	*ret = value_null();
	if (n->n_parts > 1 && n->parts[1].index_kind == PV_INDEX_ALL)
		return read_all(r, p, ret);
	if (xavp_read(r->sv, &p, ret) == RT_E_STATE)
		*ret = value_str(str_printf(r->arena, "<<xavp:" STR_FMT ">>", STR_ARG(p.root)));
	return 0;
}

/* What is not there is not changed, and that is no error. */
static int32_t quiet(int err)
{
	return err == RT_E_NOENT || err == RT_E_STATE ? 0 : err;
}

static int32_t set(struct run *r, const struct pv_name *n, enum xavp_kind kind, const struct value *v)
{
	struct xavp_place p = place_of(n, kind);
	const struct pv_name *root = &n->parts[0], *field = n->n_parts > 1 ? &n->parts[1] : NULL;
	const struct pv_name *last = field ? field : root;

	if (v->tag == VAL_NULL) {
		xavp_remove(r->sv, &p, last->index_kind == PV_INDEX_ALL);
		return 0;
	}
	if (root->index_kind == PV_INDEX_ALL || last->index_kind == PV_INDEX_ALL || p.index < 0 || p.field_index < 0)
		return 0;
	if (last->index_kind == PV_INDEX_NUM)
		return quiet(xavp_write(r->sv, &p, v));
	if (root->index_kind == PV_INDEX_NUM)
		return quiet(xavp_add(r->sv, &p, v));
	return field ? xavp_add_record(r->sv, &p, v) : xavp_add(r->sv, &p, v);
}

PV_GET(xavp)
{
	return get(r, n, XAVP_PLAIN, ret);
}

PV_SET(xavp)
{
	return set(r, n, XAVP_PLAIN, v);
}

PV_GET(xavi)
{
	return get(r, n, XAVP_ICASE, ret);
}

PV_SET(xavi)
{
	return set(r, n, XAVP_ICASE, v);
}

PV_GET(xavu)
{
	return get(r, n, XAVP_SINGLE, ret);
}

/* One value a name: the old one goes. A plain value and a record take each other's place. */
PV_SET(xavu)
{
	struct xavp_place p = place_of(n, XAVP_SINGLE), root = p;
	struct value old;

	root.field = STR_NULL;
	if (v->tag == VAL_NULL) {
		xavp_remove(r->sv, &p, true);
		return 0;
	}
	if (!p.field.n) {
		xavp_remove(r->sv, &p, true);
		return xavp_add(r->sv, &p, v);
	}
	if (xavp_read(r->sv, &root, &old) == RT_E_STATE)
		return xavp_write(r->sv, &p, v) == 0 ? 0 : xavp_add(r->sv, &p, v);
	xavp_remove(r->sv, &root, true);
	return xavp_add_record(r->sv, &p, v);
}

/* ---- lists and parameters ---- */

static struct xavp_place named(enum xavp_kind kind, const struct str *root, struct str field)
{
	return (struct xavp_place){.kind = kind, .root = *root, .field = field};
}

static bool separator(struct str set, char c)
{
	return str_chr(set, c) != STR_NONE;
}

/* Tokens become root=>v[0], v[1] ...; empty ones do not count. */
int32_t std_pv_xavp_slist_explode(struct run *r, const struct str *list, const struct str *sep, const struct str *mode,
				  const struct str *root)
{
	struct xavp_place p = named(XAVP_PLAIN, root, S("v"));
	bool trim = mode->n && (mode->p[0] == 't' || mode->p[0] == 'T'), any = false;
	struct str rest = *list;

	while (rest.n) {
		size_t i = 0;
		struct value v;

		while (i < rest.n && !separator(*sep, rest.p[i]))
			i++;
		v = value_str(trim ? str_trim(str_head(rest, i)) : str_head(rest, i));
		rest = str_skip(rest, i + 1);
		if (!v.s.n)
			continue;
		if (any ? xavp_add_last(r->sv, &p, &v) : xavp_add_record(r->sv, &p, &v))
			return -1;
		any = true;
	}
	return any ? 1 : -1;
}

static struct str unquoted(struct str s)
{
	char q = s.n >= 2 ? s.p[0] : 0;

	return (q == '"' || q == '\'') && s.p[s.n - 1] == q ? str_make(s.p + 1, s.n - 2) : s;
}

static int32_t explode(struct run *r, enum xavp_kind kind, struct str params, char sep, const struct str *root)
{
	struct sip_pairs it;
	bool any = false;

	sip_pairs_init(&it, params, sep);
	while (sip_pairs_next(&it)) {
		struct xavp_place p = named(kind, root, it.name);
		struct value v = value_str(it.value.p ? unquoted(it.value) : S(""));

		if (!any && kind == XAVP_SINGLE)
			xavp_remove(r->sv, &(struct xavp_place){.kind = kind, .root = *root}, true);
		if (kind == XAVP_SINGLE && any && xavp_write(r->sv, &p, &v) == 0)
			continue;
		if (any ? xavp_add_last(r->sv, &p, &v) : xavp_add_record(r->sv, &p, &v))
			return -1;
		any = true;
	}
	return any ? 1 : -1;
}

int32_t std_pv_xavp_params_explode(struct run *r, const struct str *params, const struct str *root)
{
	return explode(r, XAVP_PLAIN, *params, ';', root);
}

int32_t std_pv_xavp_xparams_explode(struct run *r, const struct str *params, const struct str *sep,
				    const struct str *root)
{
	return sep->n == 1 ? explode(r, XAVP_PLAIN, *params, sep->p[0], root) : -1;
}

int32_t std_pv_xavu_params_explode(struct run *r, const struct str *params, const struct str *root)
{
	return explode(r, XAVP_SINGLE, *params, ';', root);
}

static int32_t implode(struct run *r, enum xavp_kind kind, const struct str *root, const struct pv_ref *to, bool quote)
{
	struct xavp_place p = named(kind, root, STR_NULL);
	struct xavp_pair pair;
	struct value v;
	struct sb b;

	sb_init(&b, r->arena, PV_TEXT_MAX);
	for (unsigned i = 0; xavp_field_nth(r->sv, &p, i, &pair); i++) {
		struct str text = script_text(r, &pair.value);
		const char *q = quote && value_is_str(&pair.value) ? "\"" : "";

		sb_add(&b, pair.name);
		if (text.n || quote)
			sb_printf(&b, "=%s" STR_FMT "%s", q, STR_ARG(text), q);
		sb_addc(&b, ';');
	}
	if (!b.n || !sb_ok(&b))
		return -1;
	v = value_str(sb_str(&b));
	return to->set(r, &v) < 0 ? -1 : 1;
}

int32_t std_pv_xavp_params_implode(struct run *r, const struct str *root, const struct pv_ref *to)
{
	return implode(r, XAVP_PLAIN, root, to, false);
}

int32_t std_pv_xavp_params_implode_qval(struct run *r, const struct str *root, const struct pv_ref *to)
{
	return implode(r, XAVP_PLAIN, root, to, true);
}

int32_t std_pv_xavu_params_implode(struct run *r, const struct str *root, const struct pv_ref *to)
{
	return implode(r, XAVP_SINGLE, root, to, false);
}

/* ---- single fields ---- */

static int32_t child_set(struct run *r, enum xavp_kind kind, const struct str *root, const struct str *child,
			 struct value v)
{
	struct xavp_place p = named(kind, root, *child);
	int err = child->n ? xavp_write(r->sv, &p, &v) : RT_E_INVAL;

	if (err == RT_E_NOENT)
		err = xavp_add(r->sv, &p, &v);
	if (err == RT_E_NOENT)
		err = xavp_add_record(r->sv, &p, &v);
	return err ? -1 : 1;
}

int32_t std_pv_xavp_child_seti(struct run *r, const struct str *root, const struct str *child, int64_t v)
{
	return child_set(r, XAVP_PLAIN, root, child, value_int(v));
}

int32_t std_pv_xavp_child_sets(struct run *r, const struct str *root, const struct str *child, const struct str *v)
{
	return child_set(r, XAVP_PLAIN, root, child, value_str(*v));
}

int32_t std_pv_xavi_child_seti(struct run *r, const struct str *root, const struct str *child, int64_t v)
{
	return child_set(r, XAVP_ICASE, root, child, value_int(v));
}

int32_t std_pv_xavi_child_sets(struct run *r, const struct str *root, const struct str *child, const struct str *v)
{
	return child_set(r, XAVP_ICASE, root, child, value_str(*v));
}

static int32_t take_away(struct run *r, enum xavp_kind kind, const struct str *root, struct str child, bool all)
{
	struct xavp_place p = named(kind, root, child);

	xavp_remove(r->sv, &p, all);
	return 1; /* also when there was nothing */
}

int32_t std_pv_xavp_rm(struct run *r, const struct str *root)
{
	return take_away(r, XAVP_PLAIN, root, STR_NULL, false);
}

int32_t std_pv_xavp_rm_all(struct run *r, const struct str *root)
{
	return take_away(r, XAVP_PLAIN, root, STR_NULL, true);
}

int32_t std_pv_xavp_child_rm(struct run *r, const struct str *root, const struct str *child)
{
	return take_away(r, XAVP_PLAIN, root, *child, false);
}

int32_t std_pv_xavi_rm(struct run *r, const struct str *root)
{
	return take_away(r, XAVP_ICASE, root, STR_NULL, false);
}

int32_t std_pv_xavi_rm_all(struct run *r, const struct str *root)
{
	return take_away(r, XAVP_ICASE, root, STR_NULL, true);
}

int32_t std_pv_xavi_child_rm(struct run *r, const struct str *root, const struct str *child)
{
	return take_away(r, XAVP_ICASE, root, *child, false);
}

int32_t std_pv_xavp_copy3(struct run *r, const struct str *from, int64_t index, const struct str *to)
{
	struct xavp_place p = named(XAVP_PLAIN, from, STR_NULL), q = named(XAVP_PLAIN, to, STR_NULL);

	p.index = index;
	return xavp_copy(r->sv, &p, &q, false) ? -1 : 1;
}

int32_t std_pv_xavp_copy4(struct run *r, const struct str *from, int64_t index, const struct str *to, int64_t at)
{
	struct xavp_place p = named(XAVP_PLAIN, from, STR_NULL), q = named(XAVP_PLAIN, to, STR_NULL);

	p.index = index;
	q.index = at;
	return xavp_copy(r->sv, &p, &q, true) ? -1 : 1;
}

/* ---- $var and records ---- */

int32_t std_pv_pv_var_to_xavp(struct run *r, const struct str *name, const struct str *root)
{
	bool all = str_eq(*name, S("*")), any = false;

	take_away(r, XAVP_PLAIN, root, STR_NULL, true);
	for (uint64_t i = 0; i < r->prog->n_vars; i++) {
		struct xavp_place p = named(XAVP_PLAIN, root, r->prog->var_names[i]);

		if (r->vars[i].tag == VAL_NULL || (!all && !str_eq(*name, r->prog->var_names[i])))
			continue;
		if (any ? xavp_add(r->sv, &p, &r->vars[i]) : xavp_add_record(r->sv, &p, &r->vars[i]))
			return -1;
		any = true;
	}
	return any ? 1 : -1;
}

int32_t std_pv_pv_xavp_to_var(struct run *r, const struct str *root)
{
	struct xavp_place p = named(XAVP_PLAIN, root, STR_NULL);
	struct xavp_pair pair;
	unsigned i = 0;

	for (; xavp_field_nth(r->sv, &p, i, &pair); i++)
		for (uint64_t slot = 0; slot < r->prog->n_vars; slot++)
			if (str_eq(r->prog->var_names[slot], pair.name))
				rt_var_set(r, (int32_t)slot, &pair.value);
	return i ? 1 : -1;
}

/* ---- log ---- */

static void print_pair(struct run *r, const char *indent, const struct xavp_pair *p)
{
	struct str text = script_text(r, &p->value);

	script_log(r, L_INFO, "%s" STR_FMT " = %s" STR_FMT, indent, STR_ARG(p->name),
		   value_is_str(&p->value) ? "text " : "", STR_ARG(text));
}

static int32_t print_all(struct run *r, enum xavp_kind kind)
{
	struct xavp_pair root, field;

	for (unsigned i = 0; xavp_root_nth(r->sv, kind, i, &root); i++) {
		struct xavp_place p = {.kind = kind, .root = root.name};
		struct xavp_pair other;

		if (root.value.tag != VAL_NULL) {
			print_pair(r, "", &root);
			continue;
		}
		for (unsigned k = 0; k < i; k++) /* which of its name this is */
			if (xavp_root_nth(r->sv, kind, k, &other))
				p.index += str_eq(other.name, root.name);
		script_log(r, L_INFO, STR_FMT " =>", STR_ARG(root.name));
		for (unsigned k = 0; xavp_field_nth(r->sv, &p, k, &field); k++)
			print_pair(r, "    ", &field);
	}
	return 1;
}

int32_t std_pv_pv_xavp_print(struct run *r)
{
	return print_all(r, XAVP_PLAIN);
}

int32_t std_pv_pv_xavu_print(struct run *r)
{
	return print_all(r, XAVP_SINGLE);
}

int32_t std_pv_pv_xavi_print(struct run *r)
{
	return print_all(r, XAVP_ICASE);
}
