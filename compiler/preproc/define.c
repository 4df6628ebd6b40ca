/* SPDX-License-Identifier: Apache-2.0 */
/* Defines and substitution rules. */
#include "preproc/preproc.h"

#include <regex.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/sb.h"

static struct pp_define **bucket(struct preproc *p, struct str name)
{
	return &p->buckets[hash_fnv(name) & 255];
}

struct pp_define *pp_find(struct preproc *p, struct str name)
{
	struct pp_define *d = *bucket(p, name);

	while (d && !str_eq(d->name, name))
		d = d->next;
	return d;
}

static bool set_value(struct preproc *p, struct pp_define *d, const struct str *value, struct loc loc)
{
	if (value && value->n > PP_VALUE_MAX) {
		diag_report(p->diag, E_DEFINE, loc, "value of \"" STR_FMT "\" is over %d bytes",
			    STR_ARG(d->name), PP_VALUE_MAX);
		return false;
	}
	d->has_value = value != NULL;
	d->value = value ? str_dup(p->arena, *value) : STR_NULL;
	d->loc = loc;
	return true;
}

bool pp_define(struct preproc *p, struct str name, const struct str *value, struct loc loc,
	       enum pp_define_how how)
{
	struct pp_define *d = pp_find(p, name), **b = bucket(p, name);

	if (d && how == PP_TRYDEF)
		return true;
	if (d && how == PP_REDEF)
		return set_value(p, d, value, loc);
	if (d) {
		struct diag *g = diag_report(p->diag, E_DEFINE, loc, "\"" STR_FMT "\" is defined already",
					     STR_ARG(name));

		diag_span(p->diag, g, d->loc, "first defined here");
		diag_hint(p->diag, g, "use #!trydef to keep the first, #!redefine to replace it");
		return false;
	}
	if (p->n_defines == PP_DEFINES_MAX) {
		diag_report(p->diag, E_DEFINE, loc, "more than %d defines", PP_DEFINES_MAX);
		return false;
	}
	d = arena_new_of(p->arena, struct pp_define);
	if (!d)
		return false;
	d->name = str_dup(p->arena, name);
	d->next = *b;
	*b = d;
	if (p->last)
		p->last->order = d;
	else
		p->first = d;
	p->last = d;
	p->n_defines++;
	return set_value(p, d, value, loc);
}

bool pp_define_option(struct preproc *p, struct str text)
{
	struct str rest = text, name = str_cut(&rest, '=');

	return pp_define(p, name, rest.p ? &rest : NULL, (struct loc){0}, PP_DEFINE);
}

bool pp_undef(struct preproc *p, struct str name)
{
	struct pp_define **b = bucket(p, name), *d, **o = &p->first, *before = NULL;

	while (*b && !str_eq((*b)->name, name))
		b = &(*b)->next;
	d = *b;
	if (!d)
		return false;
	*b = d->next;
	while (*o != d) {
		before = *o;
		o = &(*o)->order;
	}
	*o = d->order;
	if (p->last == d)
		p->last = before;
	p->n_defines--;
	return true;
}

void pp_define_module(struct preproc *p, struct str file, struct loc loc)
{
	size_t slash = str_rchr(file, '/');
	struct str base = slash == STR_NONE ? file : str_skip(file, slash + 1);
	struct str name;

	if (str_ends(base, S(".so")))
		base = str_head(base, base.n - 3);
	name = str_join(p->arena, S("MOD_"), base);
	if (name.p && base.n)
		pp_define(p, name, NULL, loc, PP_TRYDEF);
}

/* ---- subst ---- */

struct pp_subst {
	struct pp_subst *next;
	regex_t re;
	struct str repl; /* with \1 .. \9 */
	bool all;
};

static bool bad_subst(struct preproc *p, struct str text, struct loc loc, const char *why)
{
	diag_report(p->diag, E_DIRECTIVE, loc, "substitution \"" STR_FMT "\" %s", STR_ARG(text), why);
	return false;
}

/* "/re/repl/flags" cut at its separator, which a backslash hides. */
static bool split(struct str text, struct str part[3])
{
	char sep;
	int n = 0;

	if (text.n < 3)
		return false;
	sep = text.p[0];
	text = str_skip(text, 1);
	for (; n < 2; n++) {
		size_t i = 0;

		while (i < text.n && text.p[i] != sep)
			i += text.p[i] == '\\' && i + 1 < text.n ? 2 : 1;
		if (i >= text.n)
			return false;
		part[n] = str_head(text, i);
		text = str_skip(text, i + 1);
	}
	part[2] = text;
	return part[0].n > 0;
}

static struct str unescape_repl(struct preproc *p, struct str s)
{
	struct sb b;

	sb_init(&b, p->arena, 65535);
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] != '\\' || i + 1 == s.n) {
			sb_addc(&b, s.p[i]);
			continue;
		}
		i++;
		if (s.p[i] == 'n')
			sb_addc(&b, '\n');
		else if (s.p[i] == 'r')
			sb_addc(&b, '\r');
		else if (s.p[i] == 't')
			sb_addc(&b, '\t');
		else {
			if (ascii_digit(s.p[i]) || s.p[i] == '\\')
				sb_addc(&b, '\\');
			sb_addc(&b, s.p[i]);
		}
	}
	return sb_str(&b);
}

bool pp_subst_add(struct preproc *p, struct str text, struct loc loc, int def)
{
	struct str part[3], value;
	struct pp_subst *s;
	int flags = REG_EXTENDED;
	char *z;

	if (!split(text, part))
		return bad_subst(p, text, loc, "is not /regex/replacement/flags");
	s = arena_new_of(p->arena, struct pp_subst);
	z = str_z(p->arena, part[0]);
	if (!s || !z)
		return false;
	for (size_t i = 0; i < part[2].n; i++) {
		char c = part[2].p[i];

		if (c == 'g')
			s->all = true;
		else if (c == 'i')
			flags |= REG_ICASE;
		else if (c != 's')
			return bad_subst(p, text, loc, "has an unknown flag");
	}
	value = def ? pp_eval_pvs(p, part[1]) : part[1];
	s->repl = unescape_repl(p, value);
	if (regcomp(&s->re, z, flags) != 0)
		return bad_subst(p, text, loc, "has a bad regex");
	if (p->last_subst)
		p->last_subst->next = s;
	else
		p->substs = s;
	p->last_subst = s;
	if (def == 2)
		value = str_printf(p->arena, "\"" STR_FMT "\"", STR_ARG(value));
	return !def || pp_define(p, part[0], &value, loc, PP_DEFINE);
}

void pp_fini(struct preproc *p)
{
	for (struct pp_subst *s = p->substs; s; s = s->next)
		regfree(&s->re);
	p->substs = p->last_subst = NULL;
}

static void add_repl(struct sb *b, struct str repl, const char *in, const regmatch_t *m)
{
	for (size_t i = 0; i < repl.n; i++) {
		if (repl.p[i] != '\\' || i + 1 == repl.n) {
			sb_addc(b, repl.p[i]);
			continue;
		}
		i++;
		if (ascii_digit(repl.p[i])) {
			int k = repl.p[i] - '0';

			if (m[k].rm_so >= 0)
				sb_add(b, str_make(in + m[k].rm_so, (size_t)(m[k].rm_eo - m[k].rm_so)));
		} else {
			sb_addc(b, repl.p[i]);
		}
	}
}

static struct str apply(struct preproc *p, struct pp_subst *s, struct str text)
{
	char *z = str_z(p->arena, text);
	regmatch_t m[10];
	size_t at = 0;
	struct sb b;
	bool any = false;

	sb_init(&b, p->arena, 1 << 20);
	while (z && at <= text.n && regexec(&s->re, z + at, 10, m, at ? REG_NOTBOL : 0) == 0) {
		any = true;
		sb_add(&b, str_make(z + at, (size_t)m[0].rm_so));
		add_repl(&b, s->repl, z + at, m);
		if (m[0].rm_eo == m[0].rm_so && at + (size_t)m[0].rm_eo < text.n)
			sb_addc(&b, z[at + (size_t)m[0].rm_eo++]);
		else if (m[0].rm_eo == m[0].rm_so)
			return sb_str(&b);
		at += (size_t)m[0].rm_eo;
		if (!s->all)
			break;
	}
	if (!any || !z)
		return text;
	sb_add(&b, str_skip(text, at));
	return sb_ok(&b) ? sb_str(&b) : text;
}

struct str pp_subst(struct preproc *p, struct str text)
{
	if (str_chr(text, '\0') != STR_NONE)
		return text;
	for (struct pp_subst *s = p->substs; s; s = s->next)
		text = apply(p, s, text);
	return text;
}

/* ---- $env(X), $def(X) ---- */

static bool eval_one(struct preproc *p, struct str klass, struct str inner, struct sb *b)
{
	if (str_eq(klass, S("env"))) {
		const char *v = getenv(str_z(p->arena, inner));

		sb_addz(b, v ? v : "");
		return true;
	}
	if (str_eq(klass, S("def"))) {
		struct pp_define *d = pp_find(p, inner);

		if (d)
			sb_add(b, d->value);
		return true;
	}
	return false;
}

struct str pp_eval_pvs(struct preproc *p, struct str text)
{
	struct sb b;

	sb_init(&b, p->arena, 1 << 20);
	for (size_t i = 0; i < text.n; i++) {
		struct str rest = str_skip(text, i + 1);
		size_t open = str_chr(rest, '('), close = str_chr(rest, ')');

		if (text.p[i] == '$' && open != STR_NONE && close != STR_NONE && close > open &&
		    open > 0 && eval_one(p, str_head(rest, open),
					 str_make(rest.p + open + 1, close - open - 1), &b)) {
			i += close + 1;
			continue;
		}
		sb_addc(&b, text.p[i]);
	}
	return sb_ok(&b) ? sb_str(&b) : text;
}
