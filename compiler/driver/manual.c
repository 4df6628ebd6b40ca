/* SPDX-License-Identifier: Apache-2.0 */
/* Shell completion and manual pages, from the tables of verbs, options and the catalog. */
#include <string.h>

#include "base/version.h"
#include "driver/show.h"

bool show_begin(struct show *s)
{
	s->a = arena_new(0);
	s->cat = s->a ? catalog_new(s->a) : NULL;
	if (s->cat)
		sb_init(&s->out, s->a, 1 << 24);
	return s->cat != NULL;
}

int show_end(struct show *s, int code)
{
	if (s->cat)
		fwrite(s->out.p ? s->out.p : "", 1, s->out.n, stdout);
	arena_free(&s->a);
	return code;
}

/* ---- shell completion ---- */

static void complete_bash(struct sb *b)
{
	size_t nv, no;
	const struct verb *v = driver_verbs(&nv);
	const struct driver_option *o = driver_options(&no);

	sb_addz(b, "# bash completion for kiln\n_kiln() {\n\tlocal cur=${COMP_WORDS[COMP_CWORD]}\n"
		   "\tif [ \"$COMP_CWORD\" = 1 ]; then\n\t\tmapfile -t COMPREPLY < <(compgen -W \"");
	for (size_t i = 0; i < nv; i++)
		sb_printf(b, "%s%s", i ? " " : "", v[i].name);
	sb_addz(b, "\" -- \"$cur\")\n\telif [[ $cur == -* ]]; then\n\t\tmapfile -t COMPREPLY < <(compgen -W \"");
	for (size_t i = 0; i < no; i++)
		sb_printf(b, "%s%s", i ? " " : "", o[i].name);
	sb_addz(b, "\" -- \"$cur\")\n\telse\n\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n\tfi\n}\n"
		   "complete -o filenames -o nospace -F _kiln kiln\n");
}

/* Quoted for zsh's _arguments and _describe. */
static void zsh_text(struct sb *b, const char *s)
{
	for (; *s; s++) {
		if (*s == '\'')
			sb_addz(b, "'\\''");
		else if (strchr(":[]", *s))
			sb_printf(b, "\\%c", *s);
		else
			sb_addc(b, *s);
	}
}

static void complete_zsh(struct sb *b)
{
	size_t n;
	const struct verb *v = driver_verbs(&n);
	const struct driver_option *o;

	sb_addz(b, "#compdef kiln\n_kiln() {\n\tlocal -a verbs\n\tverbs=(\n");
	for (size_t i = 0; i < n; i++) {
		sb_printf(b, "\t\t'%s:", v[i].name);
		zsh_text(b, v[i].doc);
		sb_addz(b, "'\n");
	}
	sb_addz(b, "\t)\n\tif (( CURRENT == 2 )); then\n\t\t_describe verb verbs\n\telse\n\t\t_arguments \\\n");
	o = driver_options(&n);
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(o[i].name);

		sb_printf(b, "\t\t\t'*%.*s", (int)(o[i].name[len - 1] == ' ' ? len - 1 : len), o[i].name);
		if (o[i].name[len - 1] == '=')
			sb_addc(b, '-'); /* the value is part of the word */
		sb_addc(b, '[');
		zsh_text(b, o[i].doc);
		sb_addc(b, ']');
		if (o[i].value[0]) {
			sb_addc(b, ':');
			zsh_text(b, o[i].value);
			sb_addc(b, ':');
		}
		sb_addz(b, "' \\\n");
	}
	sb_addz(b, "\t\t\t'*:file:_files'\n\tfi\n}\ncompdef _kiln kiln\n");
}

int verb_completion(int argc, char **argv)
{
	struct show s = {0};
	int code = EXIT_OK;

	if (!show_begin(&s))
		return show_end(&s, EXIT_INTERNAL);
	if (argc == 1 && strcmp(argv[0], "bash") == 0)
		complete_bash(&s.out);
	else if (argc == 1 && strcmp(argv[0], "zsh") == 0)
		complete_zsh(&s.out);
	else
		code = driver_usage(stderr);
	return show_end(&s, code);
}

/* ---- manual pages ---- */

/* Text for troff: no line may begin with a dot, backslashes and hyphens as they are. */
static void roff(struct sb *b, const char *s)
{
	for (bool start = true; *s; s++) {
		if (start && (*s == '.' || *s == '\''))
			sb_addz(b, "\\&");
		if (*s == '\\')
			sb_addz(b, "\\e");
		else if (*s == '-')
			sb_addz(b, "\\-");
		else if (*s == '"')
			sb_addz(b, "\\(dq");
		else
			sb_addc(b, *s);
		start = *s == '\n';
	}
}

static void man_entry(struct sb *b, const char *head, const char *tail, const char *doc)
{
	sb_addz(b, ".TP\n.B ");
	roff(b, head);
	if (tail[0]) {
		sb_addz(b, " \\fR");
		roff(b, tail);
	}
	sb_addc(b, '\n');
	roff(b, doc);
	sb_addc(b, '\n');
}

static void man_tool(struct sb *b)
{
	size_t n;
	const struct verb *v = driver_verbs(&n);
	const struct driver_option *o;

	sb_printf(b, ".TH KILN 1 \"\" \"kiln %s\"\n.SH NAME\nkiln \\- compile SIP routing scripts to native servers\n"
		     ".SH SYNOPSIS\n.B kiln\n.I verb\n[options] [file...]\n.SH VERBS\n", KILN_VERSION);
	for (size_t i = 0; i < n; i++)
		man_entry(b, v[i].name, v[i].args, v[i].doc);
	sb_addz(b, ".SH OPTIONS\n");
	o = driver_options(&n);
	for (size_t i = 0; i < n; i++)
		man_entry(b, o[i].name, o[i].value, o[i].doc);
	sb_addz(b, ".SH EXIT STATUS\n0 ok, 1 findings or failed tests, 2 usage, 3 cannot read input, 4 uses something that is not "
		   "supported, 5 could not start, 70 internal fault.\n");
}

static void man_section(struct sb *b, bool *begun, const char *title)
{
	if (!*begun)
		sb_printf(b, ".SH %s\n", title);
	*begun = true;
}

static void man_functions(const struct show *s, struct sb *b, struct str module)
{
	bool begun = false;
	size_t n;
	const struct cat_fn *f = cat_fn_all(s->cat, &n);

	for (size_t i = 0; i < n; i++) {
		struct str args = S("()");

		if (!str_eq(str_of(f[i].module), module))
			continue;
		for (int k = 0; k < f[i].n_args; k++)
			args = str_printf(s->a, STR_FMT "%s%s%s", (int)args.n - 1, args.p, k ? ", " : "", f[i].args[k].name,
					  ")");
		man_section(b, &begun, "FUNCTIONS");
		man_entry(b, str_printf(s->a, "%s" STR_FMT, f[i].name, STR_ARG(args)).p, "", f[i].doc);
	}
}

static void man_rest(const struct show *s, struct sb *b, struct str module)
{
	bool pvs = false, trs = false, params = false, events = false, rpcs = false;
	size_t n;
	const struct cat_pv *p = cat_pv_all(s->cat, &n);

	for (size_t i = 0; i < n; i++)
		if (str_eq(str_of(p[i].module), module)) {
			man_section(b, &pvs, "VARIABLES");
			man_entry(b, str_printf(s->a, "$%s%s", p[i].name, p[i].inner == CAT_INNER_NONE ? "" : "(...)").p,
				  p[i].writable ? "(can be assigned)" : "", p[i].doc);
		}
	for (const struct cat_tr *t = cat_tr_all(s->cat, &n), *e = t + n; t < e; t++)
		if (str_eq(str_of(t->module), module)) {
			man_section(b, &trs, "TRANSFORMATIONS");
			man_entry(b, str_printf(s->a, "{%s.%s}", t->klass, t->name).p, "", t->doc);
		}
	for (const struct cat_param *q = cat_param_all(s->cat, &n), *e = q + n; q < e; q++)
		if (str_eq(str_of(q->module), module)) {
			man_section(b, &params, "PARAMETERS");
			man_entry(b, q->name, str_printf(s->a, "(default \"%s\")%s", q->def, q->noop ? " without effect" : "").p,
				  q->doc);
		}
	for (const struct cat_named *q = cat_event_all(s->cat, &n), *e = q + n; q < e; q++)
		if (str_eq(str_of(q->module), module)) {
			man_section(b, &events, "EVENT ROUTES");
			man_entry(b, q->name, "", q->doc);
		}
	for (const struct cat_named *q = cat_rpc_all(s->cat, &n), *e = q + n; q < e; q++)
		if (str_eq(str_of(q->module), module)) {
			man_section(b, &rpcs, "RPC COMMANDS");
			man_entry(b, q->name, "", q->doc);
		}
}

int verb_man(int argc, char **argv)
{
	struct show s = {0};
	const struct cat_module *m;

	if (argc > 1)
		return driver_usage(stderr);
	if (!show_begin(&s))
		return show_end(&s, EXIT_INTERNAL);
	if (argc == 0) {
		man_tool(&s.out);
		return show_end(&s, EXIT_OK);
	}
	m = cat_module_find(s.cat, str_of(argv[0]));
	if (!m) {
		fprintf(stderr, "kiln: no module %s is built\n", argv[0]);
		return show_end(&s, EXIT_FINDINGS);
	}
	sb_printf(&s.out, ".TH KILN\\-%s 7 \"\" \"kiln %s\"\n.SH NAME\nkiln\\-%s \\- ", m->name, KILN_VERSION, m->name);
	roff(&s.out, m->doc);
	sb_addc(&s.out, '\n');
	man_functions(&s, &s.out, str_of(m->name));
	man_rest(&s, &s.out, str_of(m->name));
	return show_end(&s, EXIT_OK);
}
