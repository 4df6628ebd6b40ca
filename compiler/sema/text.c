/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text.c - binds pseudo-variables and format strings to rows of the catalog.
 *
 * One recursive descent over the text: "$" name ["(" inner ")"], or "$(" name ["(" inner ")"]
 * ["[" index "]"] {"{" class.name,args "}"} ")". What stands in the inner parentheses depends on the
 * row's kind (abi/def.h). Only the outermost call reports; env->err holds the first fault.
 */
#include "sema/text.h"

#include <stdio.h>

#include "base/hash.h"

struct cached {
	struct str text;
	const struct sema_pv *pv;
	struct cached *next;
};

enum { CACHE_BUCKETS = 1024 };

struct sema_pv_cache {
	struct cached *bucket[CACHE_BUCKETS];
};

/* Where a fault is told relative to the outermost text. */
struct scan {
	struct sema_text_env *e;
	const char *base; /* first byte of the outermost text */
	int depth;
};

static const struct sema_pv *bind_pv(struct scan *sc, struct str s);
static const struct sema_fmt *bind_fmt(struct scan *sc, struct str s);
static bool bind_subst(struct scan *sc, struct str s, struct str *text, const struct sema_fmt **fmt);

static void *fail(struct scan *sc, enum sema_text_code code, struct str at, const char *why)
{
	struct sema_text_error *err = &sc->e->err;

	if (err->code != TEXT_OK)
		return NULL;
	*err = (struct sema_text_error){.code = code, .n = at.n, .what = at, .why = why};
	err->at = (at.p && at.p >= sc->base) ? (size_t)(at.p - sc->base) : 0;
	return NULL;
}

static bool name_char(char c)
{
	return ascii_alpha(c) || ascii_digit(c) || c == '_' || c == '.' || c == '?';
}

static size_t name_len(struct str s)
{
	size_t i = 0;

	while (i < s.n && name_char(s.p[i]))
		i++;
	return i;
}

/* s[0] is the opening bracket: index of its partner, or STR_NONE. */
static size_t match(struct str s, char open, char close)
{
	size_t depth = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == open)
			depth++;
		else if (s.p[i] == close && --depth == 0)
			return i;
	}
	return STR_NONE;
}

size_t sema_pv_extent(struct str s)
{
	size_t i, end;

	if (s.n < 2 || s.p[0] != '$')
		return 0;
	if (s.p[1] == '(') {
		end = match(str_skip(s, 1), '(', ')');
		return end == STR_NONE ? 0 : end + 2;
	}
	i = 1 + name_len(str_skip(s, 1));
	if (i == 1)
		return 0;
	if (i < s.n && s.p[i] == '(') {
		end = match(str_skip(s, i), '(', ')');
		return end == STR_NONE ? 0 : i + end + 1;
	}
	return i;
}

/* Text that is one variable from first to last byte. */
static bool is_pv(struct str s)
{
	return s.n > 1 && s.p[0] == '$' && sema_pv_extent(s) == s.n;
}

static bool module_visible(struct scan *sc, const char *module)
{
	return !sc->e->visible || sc->e->visible(sc->e->ctx, module);
}

/* ---- inner names ---- */

static const char *const avp_classes[] = {"f", "t", "fr", "tr", "fu", "tu", "fd", "td", "g", NULL};

static bool bind_avp_name(struct scan *sc, struct sema_name *n)
{
	struct str s = n->text;
	size_t colon = str_chr(s, ':'), dot = str_chr(s, '.');
	int64_t v;

	if (colon != STR_NONE) {
		struct str prefix = str_head(s, colon), rest = str_skip(s, colon + 1);

		if (str_ieq(prefix, S("i"))) {
			if (!str_to_i64(rest, &v))
				return fail(sc, TEXT_BAD_NAME, s, "i: wants a number") != NULL;
			n->num |= SEMA_AVP_INT;
		} else if (!str_ieq(prefix, S("s")) || !rest.n) {
			return fail(sc, TEXT_BAD_NAME, s, "only the prefixes s: and i: exist") != NULL;
		}
		n->text = rest;
		return true;
	}
	if (dot != STR_NONE) {
		for (int i = 0; avp_classes[i]; i++) {
			if (!str_eq(str_head(s, dot), str_of(avp_classes[i])) || dot + 1 >= s.n)
				continue;
			n->num |= (int64_t)(i + 1) << SEMA_AVP_CLASS_SHIFT;
			n->text = str_skip(s, dot + 1);
			return true;
		}
		return fail(sc, TEXT_BAD_NAME, s,
			    "a dot ends a class: f t fr tr fu tu fd td or g") != NULL;
	}
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == ' ' || s.p[i] == '\t')
			return fail(sc, TEXT_BAD_NAME, s, "a name holds no blanks") != NULL;
	return true;
}

static bool bind_index(struct scan *sc, struct str s, struct sema_index *ix)
{
	struct str t = str_trim(s);

	ix->kind = PV_INDEX_NUM;
	if (str_eq(t, S("*"))) {
		ix->kind = PV_INDEX_ALL;
		return true;
	}
	if (t.n && t.p[0] == '$') {
		ix->pv = bind_pv(sc, t);
		return ix->pv != NULL;
	}
	if (!str_to_i64(t, &ix->num))
		return fail(sc, TEXT_BAD_INDEX, s, "an index is a number, * or one variable") != NULL;
	return true;
}

/* a[0]=>b[1]=>c */
static bool bind_path(struct scan *sc, struct sema_name *n)
{
	struct sema_path_part *parts =
		arena_calloc(sc->e->arena, SEMA_PATH_MAX, sizeof(*parts));
	struct str rest = n->text;
	bool more = true;

	if (!parts)
		return fail(sc, TEXT_NOMEM, n->text, NULL) != NULL;
	while (more) {
		size_t arrow = str_find(rest, S("=>"));
		struct str part = str_trim(arrow == STR_NONE ? rest : str_head(rest, arrow));
		size_t bracket = str_chr(part, '[');

		more = arrow != STR_NONE;
		rest = more ? str_skip(rest, arrow + 2) : rest;
		if (n->n_parts == SEMA_PATH_MAX)
			return fail(sc, TEXT_TOO_DEEP, n->text, "too many parts") != NULL;
		struct sema_path_part *p = &parts[n->n_parts++];

		if (bracket != STR_NONE) {
			struct str ix = str_skip(part, bracket);
			size_t end = match(ix, '[', ']');

			if (end == STR_NONE || end + 1 != ix.n)
				return fail(sc, TEXT_BAD_INDEX, part, "] missing") != NULL;
			if (!bind_index(sc, str_make(ix.p + 1, end - 1), &p->index))
				return false;
			part = str_trim(str_head(part, bracket));
		}
		if (!part.n)
			return fail(sc, TEXT_BAD_NAME, n->text, "a part has no name") != NULL;
		p->text = part;
		if (part.p[0] == '$' && !(p->dyn = bind_pv(sc, part)))
			return false;
	}
	n->parts = parts;
	return true;
}

/* ID=>KEY, KEY[INDEX] where the row writes "KEY[]" */
static bool bind_record(struct scan *sc, const struct cat_pv *row, struct sema_name *n)
{
	const struct sema_path_part *key;
	bool indexed;
	char want[64];

	if (!bind_path(sc, n))
		return false;
	if (n->n_parts != 2 || n->parts[0].index.kind != PV_INDEX_NONE)
		return fail(sc, TEXT_BAD_NAME, n->text, "it has the form ID=>KEY") != NULL;
	key = &n->parts[1];
	indexed = key->index.kind != PV_INDEX_NONE;
	if (key->dyn || key->text.n + 3 > sizeof(want))
		return fail(sc, TEXT_BAD_NAME, key->text, "no such key") != NULL;
	snprintf(want, sizeof(want), STR_FMT "%s", STR_ARG(key->text), indexed ? "[]" : "");
	if (cat_key_index(row->keys, str_of(want), false) >= 0)
		return true;
	snprintf(want, sizeof(want), STR_FMT "%s", STR_ARG(key->text), indexed ? "" : "[]");
	if (cat_key_index(row->keys, str_of(want), false) < 0)
		return fail(sc, TEXT_BAD_NAME, key->text, "no such key") != NULL;
	return indexed || fail(sc, TEXT_BAD_INDEX, key->text, "this key wants an index") != NULL;
}

static bool bind_key(struct scan *sc, const struct cat_pv *row, struct sema_name *n)
{
	struct str rest = str_of(row->keys);
	unsigned best = cat_distance_max(n->text) + 1;

	n->num = cat_key_index(row->keys, n->text, false);
	if (n->num >= 0)
		return true;
	if (n->text.n == 0)
		return fail(sc, TEXT_NEEDS_NAME, n->text, NULL) != NULL;
	fail(sc, TEXT_BAD_NAME, n->text, "no such key");
	while (rest.p && sc->e->err.what.p == n->text.p) {
		struct str k = str_cut(&rest, '|');
		unsigned d = cat_distance(n->text, k, best);

		if (d < best) {
			best = d;
			sc->e->err.suggest = k;
		}
	}
	return false;
}

static bool bind_number(struct scan *sc, const struct cat_pv *row, struct sema_name *n)
{
	if (str_to_i64(n->text, &n->num))
		return true;
	if (row->inner == CAT_INNER_FLAGNAME && sc->e->flag) {
		n->num = sc->e->flag(sc->e->ctx, n->text);
		if (n->num >= 0)
			return true;
		return fail(sc, TEXT_BAD_NAME, n->text, "no such flag is declared") != NULL;
	}
	return fail(sc, TEXT_BAD_NAME, n->text, "a number is expected") != NULL;
}

/* table=>key */
static bool bind_hash_key(struct scan *sc, struct sema_name *n)
{
	size_t arrow = str_find(n->text, S("=>"));
	struct str table = str_trim(str_head(n->text, arrow));

	if (arrow == STR_NONE || !table.n || n->text.n == arrow + 2)
		return fail(sc, TEXT_BAD_NAME, n->text, "it has the form table=>key") != NULL;
	if (str_chr(table, '$') == STR_NONE && sc->e->hash_table && !sc->e->hash_table(sc->e->ctx, table))
		return fail(sc, TEXT_UNKNOWN_TABLE, table, "declare it: modparam(\"htable\", \"htable\", \"NAME=>size=8;\")") != NULL;
	n->fmt = bind_fmt(sc, n->text);
	return n->fmt != NULL;
}

static bool bind_name(struct scan *sc, const struct cat_pv *row, struct sema_name *n)
{
	bool dynamic = n->text.n && n->text.p[0] == '$';

	switch ((enum cat_inner)row->inner) {
	case CAT_INNER_NONE:
		return true;
	case CAT_INNER_PV:
		n->inner = dynamic ? bind_pv(sc, n->text) : NULL;
		return n->inner || fail(sc, TEXT_BAD_NAME, n->text, "a variable is expected");
	case CAT_INNER_FMT:
		n->fmt = bind_fmt(sc, n->text);
		return n->fmt != NULL;
	case CAT_INNER_SHTKEY:
		return bind_hash_key(sc, n);
	case CAT_INNER_VARSLOT:
		n->num = sc->e->var ? sc->e->var(sc->e->ctx, n->text) : 0;
		return true;
	case CAT_INNER_PATH:
		return row->keys ? bind_record(sc, row, n) : bind_path(sc, n);
	case CAT_INNER_KEY:
	case CAT_INNER_NAME:
	case CAT_INNER_NUMBER:
	case CAT_INNER_FLAGNAME:
	case CAT_INNER_AVPNAME:
		break;
	}
	if (dynamic) {
		n->dyn = bind_pv(sc, n->text);
		return n->dyn != NULL;
	}
	if (row->inner == CAT_INNER_KEY)
		return bind_key(sc, row, n);
	if (row->inner == CAT_INNER_AVPNAME)
		return bind_avp_name(sc, n);
	if (row->inner == CAT_INNER_NAME)
		return true;
	return bind_number(sc, row, n);
}

/* ---- transformations ---- */

static const struct cat_tr *find_tr(struct scan *sc, struct str klass, struct str name, struct str all)
{
	const struct cat_tr *t = cat_tr_find(sc->e->cat, klass, name);
	const struct cat_known *k;
	char buf[96];

	for (const struct cat_tr *i = t; i; i = i->next)
		if (module_visible(sc, i->module))
			return i;
	if (t) {
		fail(sc, TEXT_UNLOADED_TR, all, NULL);
		sc->e->err.module = t->module;
		return NULL;
	}
	if (klass.n + name.n + 1 >= sizeof(buf))
		return fail(sc, TEXT_UNKNOWN_TR, all, NULL);
	memcpy(buf, klass.p, klass.n);
	buf[klass.n] = '.';
	memcpy(buf + klass.n + 1, name.p, name.n);
	struct str key = str_make(buf, klass.n + 1 + name.n);
	k = cat_known_find(sc->e->cat, KNOWN_TR, key, 0);
	fail(sc, k ? TEXT_UNSUPPORTED_TR : TEXT_UNKNOWN_TR, all, NULL);
	if (k)
		sc->e->err.module = k->module;
	else
		sc->e->err.suggest = cat_suggest(sc->e->cat, KNOWN_TR, key);
	return NULL;
}

/* End of one argument: at a comma outside parentheses, or the end. */
static size_t arg_end(struct str s)
{
	size_t depth = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '(')
			depth++;
		else if (s.p[i] == ')' && depth)
			depth--;
		else if (s.p[i] == ',' && depth == 0)
			return i;
	}
	return s.n;
}

static bool bind_tr_arg(struct scan *sc, const struct cat_arg *kind, struct sema_tr_arg *a)
{
	struct str t = str_trim(a->text);

	a->kind = kind->kind;
	if (a->kind == CAT_STR && strcmp(kind->name, "sep") != 0) /* a separator may be a blank */
		a->text = str_ltrim(a->text);
	if (t.n > 1 && t.p[0] == '$' && a->kind != CAT_SUBST && a->kind != CAT_CSTR) {
		a->pv = bind_pv(sc, t);
		return a->pv != NULL;
	}
	switch (a->kind) {
	case CAT_SUBST:
		return bind_subst(sc, a->text, &a->text, &a->fmt);
	case CAT_INT:
		if (!str_to_i64(t, &a->num))
			return fail(sc, TEXT_TR_ARGS, a->text, "a number is expected") != NULL;
		return true;
	case CAT_ENUM:
		a->num = cat_key_index(kind->keys, t, true);
		if (a->num < 0)
			return fail(sc, TEXT_TR_ARGS, a->text, "no such word here") != NULL;
		return true;
	default:
		return true;
	}
}

/* What the reference refuses although kinds and number are right. */
static bool check_tr(struct scan *sc, const struct sema_tr *t)
{
	const struct cat_tr *row = t->row;
	const struct sema_tr_arg *a = t->args;

	if (!str_ieq(str_of(row->klass), S("s")))
		return true;
	if (str_ieq(str_of(row->name), S("substr")) && t->n_args == 2 && !a[1].pv && a[1].num < 0)
		return fail(sc, TEXT_TR_ARGS, a[1].text, "the length may not be negative") != NULL;
	if (str_ieq(str_of(row->name), S("select")) && t->n_args == 2 && !a[1].pv && a[1].text.n != 1)
		return fail(sc, TEXT_TR_ARGS, a[1].text, "the separator is one character") != NULL;
	return true;
}

/* The text between { and }. */
static bool bind_tr(struct scan *sc, struct str s, struct sema_tr *t)
{
	size_t comma = str_chr(s, ',');
	struct str head = str_trim(comma == STR_NONE ? s : str_head(s, comma));
	struct str rest = comma == STR_NONE ? (struct str){NULL, 0} : str_skip(s, comma + 1);
	struct str name = head, klass = str_cut(&name, '.');
	const struct cat_tr *row, *i;
	int most = 0;

	if (!name.n)
		return fail(sc, TEXT_UNKNOWN_TR, head.n ? head : s, "class.name expected") != NULL;
	row = find_tr(sc, klass, name, head);
	if (!row)
		return false;
	for (i = row; i; i = i->next)
		if (i->n_args > most)
			most = i->n_args;
	while (comma != STR_NONE && t->n_args < CAT_ARGS_MAX) {
		bool last = t->n_args + 1 >= most;
		size_t end = last ? rest.n : arg_end(rest);

		t->args[t->n_args++].text = str_head(rest, end);
		if (end >= rest.n)
			break;
		rest = str_skip(rest, end + 1);
	}
	for (i = row; i && i->n_args != t->n_args; i = i->next)
		;
	if (!i)
		return fail(sc, TEXT_TR_ARGS, s, "wrong number of arguments") != NULL;
	t->row = i;
	for (int j = 0; j < t->n_args; j++)
		if (!bind_tr_arg(sc, &i->args[j], &t->args[j]))
			return false;
	return check_tr(sc, t);
}

/* {tr} {tr}: everything that is left of the full form. */
static bool bind_trs(struct scan *sc, struct str s, struct sema_pv *pv)
{
	struct sema_tr *trs = arena_calloc(sc->e->arena, SEMA_TR_MAX, sizeof(*trs));

	if (!trs)
		return fail(sc, TEXT_NOMEM, s, NULL) != NULL;
	pv->trs = trs;
	for (s = str_trim(s); s.n; s = str_trim(s)) {
		size_t end = s.p[0] == '{' ? match(s, '{', '}') : STR_NONE;

		if (end == STR_NONE)
			return fail(sc, TEXT_SYNTAX, s, "a transformation {class.name} is expected here") != NULL;
		if (pv->n_trs == SEMA_TR_MAX)
			return fail(sc, TEXT_TOO_DEEP, s, "too many transformations") != NULL;
		if (!bind_tr(sc, str_make(s.p + 1, end - 1), &trs[pv->n_trs]))
			return false;
		pv->n_trs++;
		s = str_skip(s, end + 1);
	}
	if (pv->n_trs)
		pv->type = trs[pv->n_trs - 1].row->type | VT_NULL;
	return true;
}

/* ---- variables ---- */

static const struct cat_pv *find_pv(struct scan *sc, struct str name)
{
	const struct cat_pv *p = cat_pv_find(sc->e->cat, name);
	const struct cat_known *k;

	for (const struct cat_pv *i = p; i; i = i->next)
		if (module_visible(sc, i->module))
			return i;
	if (p) {
		fail(sc, TEXT_UNLOADED_PV, name, NULL);
		sc->e->err.module = p->module;
		return NULL;
	}
	for (size_t i = 0; (k = cat_known_find(sc->e->cat, KNOWN_PV, name, i)) != NULL; i++)
		if (module_visible(sc, k->module))
			break;
	if (k) {
		fail(sc, TEXT_UNSUPPORTED_PV, name, NULL);
		sc->e->err.module = k->module;
		return NULL;
	}
	k = cat_known_find(sc->e->cat, KNOWN_PV, name, 0);
	fail(sc, k ? TEXT_UNLOADED_PV : TEXT_UNKNOWN_PV, name, NULL);
	if (k)
		sc->e->err.module = k->module;
	else
		sc->e->err.suggest = cat_suggest(sc->e->cat, KNOWN_PV, name);
	return NULL;
}

/* name["("inner")"] at the start of s; the rest is left in *s. */
static bool bind_head(struct scan *sc, struct str *s, struct sema_pv *pv)
{
	struct str name = str_head(*s, name_len(*s));
	struct sema_name *n = &pv->name;

	if (!name.n)
		return fail(sc, TEXT_LONE_DOLLAR, str_head(*s, 1), "no name follows $") != NULL;
	pv->row = find_pv(sc, name);
	if (!pv->row)
		return false;
	pv->type = pv->row->type;
	*s = str_skip(*s, name.n);
	if (s->n && s->p[0] == '(') {
		size_t end = match(*s, '(', ')');

		if (end == STR_NONE)
			return fail(sc, TEXT_SYNTAX, *s, ") missing") != NULL;
		n->present = true;
		n->text = str_trim(str_make(s->p + 1, end - 1));
		*s = str_skip(*s, end + 1);
	}
	if (pv->row->inner == CAT_INNER_NONE)
		return !n->present || fail(sc, TEXT_TAKES_NO_NAME, name, NULL);
	if (!n->text.n) {
		if (!n->present && (pv->row->flags & PVF_OPTIONAL))
			return true;
		return fail(sc, TEXT_NEEDS_NAME, name, NULL) != NULL;
	}
	return bind_name(sc, pv->row, n);
}

static struct cached **cache_slot(struct sema_text_env *e, struct str s)
{
	if (!e->cache)
		e->cache = arena_alloc(e->arena, sizeof(*e->cache));
	return e->cache ? &e->cache->bucket[hash_fnv(s) % CACHE_BUCKETS] : NULL;
}

static const struct sema_pv *remember(struct scan *sc, struct cached **slot, struct sema_pv *pv)
{
	struct cached *c = arena_alloc(sc->e->arena, sizeof(*c));

	if (!c)
		return fail(sc, TEXT_NOMEM, pv->text, NULL);
	pv->id = sc->e->n_pvs++;
	*c = (struct cached){pv->text, pv, *slot};
	*slot = c;
	return pv;
}

static bool bind_full(struct scan *sc, struct str in, struct sema_pv *pv)
{
	struct str whole = in;

	if (in.n && (in.p[0] == ' ' || in.p[0] == '\t'))
		return fail(sc, TEXT_SYNTAX, pv->text, "no blank may follow $(") != NULL;
	if (!bind_head(sc, &in, pv))
		return false;
	if (in.n && in.p[0] == '[') {
		size_t end = match(in, '[', ']');

		if (end == STR_NONE)
			return fail(sc, TEXT_BAD_INDEX, in, "] missing") != NULL;
		if (!(pv->row->flags & PVF_INDEX))
			return fail(sc, TEXT_TAKES_NO_INDEX, str_head(whole, name_len(whole)), NULL) != NULL;
		if (!bind_index(sc, str_make(in.p + 1, end - 1), &pv->index))
			return false;
		in = str_skip(in, end + 1);
	}
	return bind_trs(sc, in, pv);
}

static const struct sema_pv *bind_pv(struct scan *sc, struct str s)
{
	struct cached **slot = cache_slot(sc->e, s);
	struct sema_pv *pv;
	struct str rest;
	bool ok;

	if (!slot)
		return fail(sc, TEXT_NOMEM, s, NULL);
	for (struct cached *c = *slot; c; c = c->next)
		if (str_eq(c->text, s))
			return c->pv;
	if (sema_pv_extent(s) == 0 && (s.n < 2 || (s.p[1] != '(' && !name_char(s.p[1]))))
		return fail(sc, TEXT_LONE_DOLLAR, str_head(s, 1), "no name follows $");
	if (!is_pv(s))
		return fail(sc, TEXT_SYNTAX, s, "exactly one variable is expected");
	if (sc->depth >= SEMA_PV_DEPTH)
		return fail(sc, TEXT_TOO_DEEP, s, "variables nest too deep");
	pv = arena_alloc(sc->e->arena, sizeof(*pv));
	if (!pv)
		return fail(sc, TEXT_NOMEM, s, NULL);
	pv->text = s;
	sc->depth++;
	if (s.p[1] == '(') {
		ok = bind_full(sc, str_make(s.p + 2, s.n - 3), pv);
	} else {
		rest = str_skip(s, 1);
		ok = bind_head(sc, &rest, pv);
	}
	sc->depth--;
	return ok ? remember(sc, slot, pv) : NULL;
}

/* ---- format strings ---- */

struct parts {
	struct sema_fmt_part *v;
	int n, cap;
};

static bool add_part(struct scan *sc, struct parts *p, struct str text, const struct sema_pv *pv)
{
	if (p->n == p->cap) {
		int cap = p->cap ? p->cap * 2 : 4;
		struct sema_fmt_part *v = arena_calloc(sc->e->arena, (size_t)cap, sizeof(*v));

		if (!v)
			return fail(sc, TEXT_NOMEM, text, NULL) != NULL;
		if (p->n)
			memcpy(v, p->v, (size_t)p->n * sizeof(*v));
		p->v = v;
		p->cap = cap;
	}
	p->v[p->n++] = (struct sema_fmt_part){text, pv};
	return true;
}

static bool split_fmt(struct scan *sc, struct str s, struct parts *p)
{
	size_t start = 0, i = 0;

	while (i < s.n) {
		if (s.p[i] != '$') {
			i++;
			continue;
		}
		if (i > start && !add_part(sc, p, str_make(s.p + start, i - start), NULL))
			return false;
		if (i + 1 < s.n && s.p[i + 1] == '$') { /* $$ is one $ */
			start = i + 1;
			i += 2;
			continue;
		}
		size_t n = sema_pv_extent(str_skip(s, i));
		if (n == 0 && i + 1 < s.n && (s.p[i + 1] == '(' || name_char(s.p[i + 1])))
			return fail(sc, TEXT_SYNTAX, str_skip(s, i), ") missing") != NULL;
		if (n == 0)
			return fail(sc, TEXT_LONE_DOLLAR, str_make(s.p + i, 1),
				    "write $$ for a dollar sign") != NULL;
		const struct sema_pv *pv = bind_pv(sc, str_make(s.p + i, n));
		if (!pv || !add_part(sc, p, pv->text, pv))
			return false;
		i += n;
		start = i;
	}
	return i == start || add_part(sc, p, str_make(s.p + start, i - start), NULL);
}

static const struct sema_fmt *bind_fmt(struct scan *sc, struct str s)
{
	struct sema_fmt *f = arena_alloc(sc->e->arena, sizeof(*f));
	struct parts p = {NULL, 0, 0};
	struct sb plain;

	if (!f)
		return fail(sc, TEXT_NOMEM, s, NULL);
	f->text = s;
	if (!split_fmt(sc, s, &p))
		return NULL;
	f->parts = p.v;
	f->n_parts = p.n;
	f->constant = true;
	for (int i = 0; i < p.n; i++)
		f->constant &= p.v[i].pv == NULL;
	if (p.n == 1 && p.v[0].pv)
		f->only = p.v[0].pv;
	f->plain = s;
	if (f->constant && p.n > 1) {
		sb_init(&plain, sc->e->arena, s.n);
		for (int i = 0; i < p.n; i++)
			sb_add(&plain, p.v[i].text);
		f->plain = sb_str(&plain);
	} else if (f->constant && p.n == 1) {
		f->plain = p.v[0].text;
	}
	f->id = sc->e->n_fmts++;
	return f;
}

/* ---- substitutions ---- */

/* Up to the separator that no backslash hides, from `i` on. */
static size_t subst_part_end(struct str s, size_t i)
{
	while (i < s.n && s.p[i] != s.p[0])
		i += s.p[i] == '\\' && i + 1 < s.n ? 2 : 1;
	return i < s.n ? i : STR_NONE;
}

bool sema_text_has_pv(struct str s)
{
	for (size_t i = 0; i + 1 < s.n; i++)
		if (s.p[i] == '$' && (s.p[i + 1] == '(' || s.p[i + 1] == '$' || name_char(s.p[i + 1])))
			return true;
	return false;
}

static bool bind_subst(struct scan *sc, struct str s, struct str *text, const struct sema_fmt **fmt)
{
	size_t from = s.n > 2 ? subst_part_end(s, 1) : STR_NONE, to;
	struct sb b;

	*text = s;
	*fmt = NULL;
	to = from == STR_NONE ? STR_NONE : subst_part_end(s, from + 1);
	if (to == STR_NONE || !sema_text_has_pv(str_make(s.p + from + 1, to - from - 1)))
		return true; /* malformed: told by the check of the regex */
	*fmt = bind_fmt(sc, str_make(s.p + from + 1, to - from - 1));
	if (!*fmt)
		return false;
	sb_init(&b, sc->e->arena, s.n);
	sb_add(&b, str_head(s, from + 1));
	for (int i = 0; i < (*fmt)->n_parts; i++) {
		if ((*fmt)->parts[i].pv)
			sb_addc(&b, SEMA_SUBST_HOLE);
		else
			sb_add(&b, (*fmt)->parts[i].text);
	}
	sb_add(&b, str_skip(s, to));
	*text = sb_str(&b);
	return sb_ok(&b) || fail(sc, TEXT_NOMEM, s, NULL);
}

/* ---- the door ---- */

bool sema_subst_bind(struct sema_text_env *e, struct str subst, struct str *text, const struct sema_fmt **fmt)
{
	struct scan sc = {e, subst.p, 0};

	e->err = (struct sema_text_error){.code = TEXT_OK};
	return bind_subst(&sc, subst, text, fmt);
}

static struct scan scan_start(struct sema_text_env *e, struct str s)
{
	e->err = (struct sema_text_error){.code = TEXT_OK};
	return (struct scan){e, s.p, 0};
}

const struct sema_pv *sema_pv_bind(struct sema_text_env *e, struct str text)
{
	struct scan sc = scan_start(e, text);

	return bind_pv(&sc, text);
}

const struct sema_fmt *sema_fmt_bind(struct sema_text_env *e, struct str text)
{
	struct scan sc = scan_start(e, text);

	return bind_fmt(&sc, text);
}

const struct sema_pv *sema_attr_bind(struct sema_text_env *e, struct str name)
{
	struct scan sc = scan_start(e, name);
	struct str text = str_printf(e->arena, "%%%.*s", (int)name.n, name.p);
	struct cached **slot = cache_slot(e, text);
	struct sema_pv *pv = arena_alloc(e->arena, sizeof(*pv));

	if (!text.p || !slot || !pv)
		return fail(&sc, TEXT_NOMEM, name, NULL);
	for (struct cached *c = *slot; c; c = c->next)
		if (str_eq(c->text, text))
			return c->pv;
	pv->text = text;
	pv->row = cat_pv_find(e->cat, S("avp"));
	pv->ser_attr = true;
	pv->name.present = true;
	pv->name.text = name;
	if (!pv->row)
		return fail(&sc, TEXT_UNSUPPORTED_PV, name, NULL);
	pv->type = pv->row->type;
	if (!bind_avp_name(&sc, &pv->name))
		return NULL;
	return remember(&sc, slot, pv);
}
