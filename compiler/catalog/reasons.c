/* SPDX-License-Identifier: Apache-2.0 */
/* reasons.c - why a name of the reference is refused, made from reasons.tsv at build time. */
#include "catalog/catalog_priv.h"

struct cat_reason {
	const char *module, *kind, *name, *why;
};

static const struct cat_reason reasons[] = {
#include "reasons.inc"
};

const char *const cat_kind_words[KNOWN_KINDS] = {
	[KNOWN_MODULE] = "module",	     [KNOWN_FN] = "function",
	[KNOWN_PARAM] = "parameter",	     [KNOWN_PV] = "variable",
	[KNOWN_TR] = "transformation",	     [KNOWN_EVENT] = "event",
	[KNOWN_GROUP] = "configuration group", [KNOWN_SELECT] = "select",
	[KNOWN_STAT] = "statistic",
};

/* "size_*" means all that begin with "size_". */
static bool names(struct str pattern, struct str name)
{
	if (pattern.n && pattern.p[pattern.n - 1] == '*')
		return str_starts(name, str_head(pattern, pattern.n - 1));
	return str_eq(pattern, name);
}

const char *cat_why_not(const struct catalog *c, enum cat_known_kind kind, struct str module, struct str name)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		const struct cat_reason *r = &reasons[i];

		if (str_eq(str_of(r->module), module) && str_eq(str_of(r->kind), str_of(cat_kind_words[kind])) &&
		    names(str_of(r->name), name))
			return r->why;
	}
	if (kind == KNOWN_MODULE)
		return "not built";
	return module.n && !cat_module_find(c, module) ? "needs its module, which is not built" : NULL;
}
