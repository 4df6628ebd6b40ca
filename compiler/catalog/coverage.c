/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coverage.c - what works out of what the reference has, and the text of `kiln explain NAME`.
 *
 * Counting goes over the known rows (the whole), a known row being done when a built row of that
 * module, name and arity exists; built rows that the reference lacks count as extra.
 */
#include "catalog/catalog_priv.h"

#include <stdio.h>

struct tally {
	size_t done, all;
};

static bool fn_built(const struct catalog *c, const struct cat_known *k)
{
	for (const struct cat_fn *f = cat_fn_find(c, str_of(k->name)); f; f = f->next)
		if (str_eq(str_of(f->module), str_of(k->module)) && k->a[0] == '0' + f->n_args)
			return true;
	return false;
}

static bool pv_built(const struct catalog *c, const struct cat_known *k)
{
	for (const struct cat_pv *p = cat_pv_find(c, str_of(k->name)); p; p = p->next)
		if (str_eq(str_of(p->module), str_of(k->module)))
			return true;
	return false;
}

static bool tr_built(const struct catalog *c, const struct cat_known *k)
{
	struct str name = str_of(k->name);
	struct str klass = str_cut(&name, '.');

	for (const struct cat_tr *t = cat_tr_find(c, klass, name); t; t = t->next)
		if (str_eq(str_of(t->module), str_of(k->module)))
			return true;
	return false;
}

static bool param_built(const struct catalog *c, const struct cat_known *k)
{
	return cat_param_find(c, str_of(k->module), str_of(k->name)) != NULL;
}

static bool event_built(const struct catalog *c, const struct cat_known *k)
{
	size_t n;
	const struct cat_named *e = cat_event_all(c, &n);

	for (size_t i = 0; i < n; i++)
		if (str_eq(str_of(e[i].name), str_of(k->name)))
			return true;
	return false;
}

static const struct kind {
	enum cat_known_kind kind;
	bool (*built)(const struct catalog *c, const struct cat_known *k);
} kinds[] = {
	{KNOWN_FN, fn_built},	    {KNOWN_PV, pv_built},	{KNOWN_TR, tr_built},
	{KNOWN_PARAM, param_built}, {KNOWN_EVENT, event_built},
};
enum { N_KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static struct tally count(const struct catalog *c, const struct kind *k, struct str module)
{
	struct tally t = {0, 0};
	size_t n;
	const struct cat_known *rows = cat_known_rows(k->kind, &n);

	for (size_t i = 0; i < n; i++) {
		if (module.p && !str_eq(str_of(rows[i].module), module))
			continue;
		t.all++;
		t.done += k->built(c, &rows[i]);
	}
	return t;
}

static void missing_row(const struct catalog *c, enum cat_known_kind kind, const struct cat_known *k, struct sb *out)
{
	const char *why = cat_why_not(c, kind, str_of(k->module), str_of(k->name));

	sb_printf(out, "    missing %s %s%s%s: %s\n", cat_kind_words[kind], k->name, kind == KNOWN_FN ? "/" : "",
		  kind == KNOWN_FN ? k->a : "", why ? why : "nobody has said why");
}

static void missing(const struct catalog *c, struct str module, struct sb *out)
{
	for (size_t i = 0; i < N_KINDS; i++) {
		size_t n;
		const struct cat_known *rows = cat_known_rows(kinds[i].kind, &n);

		for (size_t j = 0; j < n; j++)
			if (str_eq(str_of(rows[j].module), module) && !kinds[i].built(c, &rows[j]))
				missing_row(c, kinds[i].kind, &rows[j], out);
	}
	size_t n;
	const struct cat_param *p = cat_param_all(c, &n);

	for (size_t i = 0; i < n; i++)
		if (p[i].noop && str_eq(str_of(p[i].module), module))
			sb_printf(out, "    without effect %s: %s\n", p[i].name, p[i].doc);
}

static void add_row(struct sb *out, const char *name, const struct tally t[N_KINDS])
{
	sb_printf(out, "%-20s", name);
	for (size_t i = 0; i < N_KINDS; i++) {
		char cell[32];

		if (t[i].all)
			snprintf(cell, sizeof(cell), "%zu/%zu", t[i].done, t[i].all);
		else
			snprintf(cell, sizeof(cell), "-");
		sb_printf(out, " %14s", cell);
	}
	sb_addc(out, '\n');
}

static void core_param_rows(struct sb *out, bool detail)
{
	size_t n, effect = 0;
	const struct cat_core_param *p = cat_core_params(&n);

	for (size_t i = 0; i < n; i++)
		effect += p[i].effect;
	sb_printf(out, "\ncore parameters: %zu understood, %zu take effect\n", n, effect);
	for (size_t i = 0; detail && i < n; i++)
		if (!p[i].effect)
			sb_printf(out, "    without effect %s: %s\n", p[i].name, p[i].why);
}

void cat_coverage(const struct catalog *c, struct sb *out, bool detail)
{
	size_t n;
	const struct cat_module *m = cat_modules(c, &n);
	struct tally t[N_KINDS];

	sb_printf(out, "%-20s %14s %14s %14s %14s %14s\n", "module", "functions", "variables",
		  "transform.", "parameters", "events");
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < N_KINDS; j++)
			t[j] = count(c, &kinds[j], str_of(m[i].name));
		add_row(out, m[i].name, t);
		if (detail)
			missing(c, str_of(m[i].name), out);
	}
	for (size_t j = 0; j < N_KINDS; j++)
		t[j] = count(c, &kinds[j], (struct str){NULL, 0});
	add_row(out, "all of the reference", t);
	core_param_rows(out, detail);
}

static const char *const arg_names[] = {
	[CAT_INT] = "integer",
	[CAT_STR] = "text",
	[CAT_VSTR] = "constant text or $pv",
	[CAT_CSTR] = "constant text",
	[CAT_ANY] = "value",
	[CAT_PVAR] = "$pv",
	[CAT_PVAR_W] = "writable $pv",
	[CAT_AVP] = "$avp",
	[CAT_ROUTE] = "route",
	[CAT_ROUTE_ONREPLY] = "onreply_route",
	[CAT_ROUTE_FAILURE] = "failure_route",
	[CAT_ROUTE_BRANCH] = "branch_route",
	[CAT_ROUTE_BRANCH_FAILURE] = "branch-failure event_route",
	[CAT_REGEX] = "regex",
	[CAT_SUBST] = "/re/replacement/flags",
	[CAT_METHODS] = "methods",
	[CAT_FLAG] = "flag",
	[CAT_LEVEL] = "log level",
	[CAT_CODE] = "reply code",
	[CAT_TABLE] = "table",
	[CAT_SHT] = "hash table",
	[CAT_SHTKEY] = "hash table=>key",
	[CAT_ENUM] = "one of",
	[CAT_HDRREF] = "header value",
	[CAT_PVLIST_W] = "writable $pv;$pv;..",
};

static void explain_contexts(uint32_t ctx, struct sb *out)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} names[] = {
		{IN_REQUEST, "request_route"},      {IN_FAILURE, "failure_route"},
		{IN_BRANCH, "branch_route"},        {IN_ONSEND, "onsend_route"},
		{IN_CORE_ONREPLY, "reply_route"},   {IN_TM_ONREPLY, "onreply_route[name]"},
		{IN_EVENT, "event_route"},
	};

	sb_addz(out, "  allowed in:");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (ctx & names[i].bit)
			sb_printf(out, " %s", names[i].name);
	sb_addc(out, '\n');
}

static bool explain_fn(const struct catalog *c, struct str name, struct sb *out)
{
	const struct cat_fn *f = cat_fn_find(c, name);

	for (const struct cat_fn *i = f; i; i = i->next) {
		sb_printf(out, "%s(", i->name);
		for (int a = 0; a < i->n_args; a++)
			sb_printf(out, "%s%s: %s%s%s", a ? ", " : "", i->args[a].name,
				  arg_names[i->args[a].kind], i->args[a].keys ? " " : "",
				  i->args[a].keys ? i->args[a].keys : "");
		sb_printf(out, ")  module %s\n  %s\n", i->module, i->doc);
		if (i->alias_of)
			sb_printf(out, "  another name of %s\n", i->alias_of);
		explain_contexts(i->contexts, out);
	}
	return f != NULL;
}

static bool explain_pv(const struct catalog *c, struct str name, struct sb *out)
{
	const struct cat_pv *p = cat_pv_find(c, name);

	for (const struct cat_pv *i = p; i; i = i->next)
		sb_printf(out, "$%s%s  module %s, %s\n  %s\n", i->name,
			  i->inner == CAT_INNER_NONE ? "" : "(...)", i->module,
			  i->writable ? "can be assigned" : "read only", i->doc);
	return p != NULL;
}

static bool explain_param(const struct catalog *c, struct str name, struct sb *out)
{
	bool found = false;
	size_t n;
	const struct cat_param *p = cat_param_all(c, &n);
	const struct cat_core_param *cp = cat_core_param_find(c, name);

	for (size_t i = 0; i < n; i++) {
		if (!str_eq(str_of(p[i].name), name))
			continue;
		sb_printf(out, "modparam(\"%s\", \"%s\", ...)  default \"%s\"\n  %s%s\n", p[i].module,
			  p[i].name, p[i].def, p[i].noop ? "accepted without effect: " : "", p[i].doc);
		found = true;
	}
	if (cp) {
		sb_printf(out, "%s = ...  core parameter, default \"%s\"\n", cp->name, cp->def);
		if (!cp->effect)
			sb_printf(out, "  accepted without effect: %s\n", cp->why);
		found = true;
	}
	return found;
}

static bool explain_tr(const struct catalog *c, struct str name, struct sb *out)
{
	struct str klass = str_cut(&name, '.');
	const struct cat_tr *t = name.p ? cat_tr_find(c, klass, name) : NULL;

	for (const struct cat_tr *i = t; i; i = i->next) {
		sb_printf(out, "{%s.%s", i->klass, i->name);
		for (int a = 0; a < i->n_args; a++)
			sb_printf(out, ",%s", i->args[a].name);
		sb_printf(out, "}  module %s\n  %s\n", i->module, i->doc);
	}
	return t != NULL;
}

static bool explain_known(const struct catalog *c, struct str name, struct sb *out)
{
	bool found = false;

	for (int k = 0; k < KNOWN_KINDS; k++) {
		const struct cat_known *row = cat_known_find(c, (enum cat_known_kind)k, name, 0);
		const char *why;

		if (!row)
			continue;
		why = cat_why_not(c, (enum cat_known_kind)k, str_of(row->module), str_of(row->name));
		sb_printf(out, "%s \"%s\"%s%s: known, not supported yet%s%s\n", cat_kind_words[k], row->name,
			  row->module[0] ? " of module " : "", row->module, why ? ": " : "", why ? why : "");
		found = true;
	}
	return found;
}

bool cat_explain(const struct catalog *c, struct str name, struct sb *out)
{
	bool found = false;

	if (name.n && name.p[0] == '$')
		return explain_pv(c, str_skip(name, 1), out) ||
		       explain_known(c, str_skip(name, 1), out);
	if (name.n > 2 && name.p[0] == '{' && name.p[name.n - 1] == '}')
		name = str_make(name.p + 1, name.n - 2);
	found |= explain_fn(c, name, out);
	found |= explain_tr(c, name, out);
	found |= explain_param(c, name, out);
	if (!found)
		found = explain_pv(c, name, out);
	if (!found && cat_module_find(c, name)) {
		sb_printf(out, "module %s\n  %s\n", cat_module_find(c, name)->name,
			  cat_module_find(c, name)->doc);
		found = true;
	}
	return found || explain_known(c, name, out);
}
