/* SPDX-License-Identifier: Apache-2.0 */
/* The tool's command line: verbs and their options. */
#include "driver/driver.h"

#include <stdlib.h>
#include <string.h>

#include "base/sb.h"
#include "base/version.h"
#include "codegen/codegen.h"
#include "lower/lower.h"
#include "parse/parse.h"

static const struct verb verbs[] = {
#define VERB(name, args, doc) {#name, args, doc, verb_##name},
#include "driver/verbs.def"
#undef VERB
};

const struct verb *driver_verbs(size_t *n)
{
	*n = sizeof(verbs) / sizeof(verbs[0]);
	return verbs;
}

const struct driver_option *driver_options(size_t *n)
{
	static const struct driver_option options[] = {
#define OPTION(name, value, doc) {name, value, doc},
#include "driver/options.def"
#undef OPTION
	};

	*n = sizeof(options) / sizeof(options[0]);
	return options;
}

int driver_usage(FILE *out)
{
	size_t n;
	const struct driver_option *o = driver_options(&n);

	fprintf(out, "kiln %s: compiles SIP routing scripts to native servers\n\n", KILN_VERSION);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		fprintf(out, "  kiln %-10s %-18s %s\n", verbs[i].name, verbs[i].args, verbs[i].doc);
	fputc('\n', out);
	for (size_t i = 0; i < n; i++) {
		int used = fprintf(out, "  %s%s", o[i].name, o[i].value);

		fprintf(out, "%*s%s\n", used < 34 ? 34 - used : 1, "", o[i].doc);
	}
	return out == stderr ? EXIT_USAGE : EXIT_OK;
}

static bool add(struct front_list *l, const char *v)
{
	if (l->n == FRONT_LIST_MAX)
		return false;
	l->v[l->n++] = v;
	return true;
}

static bool parse_stage(const char *v, enum stage *ret)
{
	static const char *const names[] = {"preproc", "parse", "check", "lower", "codegen"};

	for (int i = 0; i < 5; i++)
		if (strcmp(v, names[i]) == 0) {
			*ret = (enum stage)i;
			return true;
		}
	return false;
}

static bool parse_format(const char *v, enum driver_format *ret)
{
	static const char *const names[] = {"text", "json", "sarif"};

	for (int i = 0; i < 3; i++)
		if (strcmp(v, names[i]) == 0) {
			*ret = (enum driver_format)i;
			return true;
		}
	return false;
}

/* --name=value */
static bool long_option(struct driver_opts *o, const char *arg)
{
	const char *v = strchr(arg, '=');
	struct str name = str_make(arg + 2, v ? (size_t)(v - arg - 2) : strlen(arg + 2));

	v = v ? v + 1 : "";
	if (str_eq(name, S("format")))
		return parse_format(v, &o->format);
	if (str_eq(name, S("dump"))) {
		o->dump = v;
		return *v != 0;
	}
	if (str_eq(name, S("stop-after")))
		return parse_stage(v, &o->front.stop);
	if (str_eq(name, S("compat"))) {
		o->front.compat = v[0] - '0';
		return v[0] && !v[1] && (o->front.compat == 5 || o->front.compat == 6);
	}
	if (str_eq(name, S("fail-on"))) {
		o->fail_on_warning = strcmp(v, "warning") == 0;
		return o->fail_on_warning || strcmp(v, "error") == 0;
	}
	if (str_eq(name, S("all-variants")))
		return o->front.all_variants = true;
	if (str_eq(name, S("observe")))
		return o->observe = true;
	if (str_eq(name, S("no-lint")))
		return o->front.no_lint = true;
	if (str_eq(name, S("subst")))
		return add(&o->front.substs, v);
	if (str_eq(name, S("substdef")))
		return add(&o->front.substdefs, v);
	if (str_eq(name, S("substdefs")))
		return add(&o->front.substdefss, v);
	if (str_eq(name, S("loadmodule")))
		return add(&o->front.loadmodules, v);
	return false;
}

/* Options and files; *rest is the index behind "--", or argc. */
bool driver_parse(int argc, char **argv, struct driver_opts *o, int *rest)
{
	*o = (struct driver_opts){.front = {.stop = STAGE_ALL, .compat = 5}};
	*rest = argc;
	for (int i = 0; i < argc; i++) {
		const char *a = argv[i];
		bool ok = true;

		if (strcmp(a, "--") == 0) {
			*rest = i + 1;
			return true;
		}
		if (strncmp(a, "--", 2) == 0) {
			ok = long_option(o, a);
		} else if (a[0] == '-' && (a[1] == 'A' || a[1] == 'D' || a[1] == 'o') && (a[2] || i + 1 < argc)) {
			const char *v = a[2] ? a + 2 : argv[++i];

			if (a[1] == 'o')
				o->output = v;
			else
				ok = add(&o->front.defines, v);
		} else if (a[0] == '-' && a[1]) {
			ok = false;
		} else {
			ok = add(&o->files, a);
		}
		if (!ok) {
			fprintf(stderr, "kiln: bad option: %s\n", a);
			return false;
		}
	}
	return true;
}

static void put(struct sb *b)
{
	fwrite(b->p ? b->p : "", 1, b->n, stdout);
}

/* --dump of the front end's stages; false when it is a later one's. */
static bool dump_front(const struct driver_opts *o, const char *file, struct compilation *c)
{
	struct sb b;

	sb_init(&b, c->arena, 1 << 28);
	if (strcmp(o->dump, "ast") == 0) {
		ast_dump(c->script.items, &b);
	} else if (strcmp(o->dump, "bound") == 0) {
		if (c->program)
			sema_dump(c->program, &c->script, &b);
	} else if (strcmp(o->dump, "tokens") == 0) {
		struct compilation t = {.arena = c->arena, .opts = &o->front};

		source_init(&t.source, t.arena, NULL, NULL);
		diag_init(&t.diag, t.arena, &t.source);
		pp_init(&t.pp, t.arena, &t.source, &t.diag, o->front.compat);
		parse_tokens(&t.pp, str_of(file), &b);
		pp_fini(&t.pp);
	} else {
		return false;
	}
	put(&b);
	return true;
}

static struct codegen_input lowered(const struct driver_opts *o, struct compilation *c)
{
	struct codegen_input in = {.arena = c->arena, .source = &c->source, .pp = &c->pp, .file = c->file};

	if (c->program)
		in.rir = lower_run(c->arena, c->program, &c->source, o->observe);
	return in;
}

/* --dump of the later stages. */
static bool dump_back(const struct driver_opts *o, struct compilation *c)
{
	struct codegen_input in = lowered(o, c);
	struct sb b;

	if (!in.rir)
		return false;
	sb_init(&b, c->arena, 1 << 28);
	if (strcmp(o->dump, "rir") == 0)
		rir_dump(in.rir, &b);
	else if (strcmp(o->dump, "sites") == 0)
		rir_dump_sites(in.rir, &b);
	else if (strcmp(o->dump, "llvm") == 0)
		return codegen_dump_ir(&in, stdout);
	else
		return false;
	put(&b);
	return true;
}

static int finish_check(const struct driver_opts *o, struct compilation *c)
{
	int code = compile_exit_code(o, c);

	if (o->dump && !dump_front(o, c->file, c) && code == EXIT_OK)
		code = dump_back(o, c) ? EXIT_OK : EXIT_USAGE;
	return code;
}

int verb_check(int argc, char **argv)
{
	enum { CHECKED_MAX = 1024 };
	static struct compilation *all[CHECKED_MAX];
	struct driver_opts o;
	int code = EXIT_OK, rest;
	size_t n = 0;

	if (!driver_parse(argc, argv, &o, &rest) || o.files.n == 0)
		return driver_usage(stderr);
	for (size_t i = 0; i < o.files.n; i++) {
		size_t got = 0;

		if (o.front.all_variants)
			got = compile_variants(&o.front, o.files.v[i], all + n, CHECKED_MAX - n);
		else if (n < CHECKED_MAX)
			got = (all[n] = compile_front(&o.front, o.files.v[i])) != NULL;
		if (!got)
			return EXIT_INTERNAL;
		n += got;
	}
	print_all(o.format == FORMAT_TEXT ? stderr : stdout, &o, all, n);
	while (n-- > 0) { /* the first holds what variants share */
		int one = finish_check(&o, all[n]);

		if (one > code)
			code = one;
		compile_free(&all[n]);
	}
	return code;
}

static bool back_end(const struct driver_opts *o, const struct codegen_input *in)
{
	if (!in->rir)
		return false;
	if (o->front.stop == STAGE_LOWER)
		return true;
	if (o->front.stop == STAGE_CODEGEN)
		return codegen_check(in);
	return codegen_build(in, o->output ? o->output : "a.out");
}

int verb_build(int argc, char **argv)
{
	struct driver_opts o;
	struct compilation *c;
	int code, rest;

	if (!driver_parse(argc, argv, &o, &rest) || o.files.n != 1)
		return driver_usage(stderr);
	c = compile_front(&o.front, o.files.v[0]);
	if (!c)
		return EXIT_INTERNAL;
	print_diags(stderr, &o, c);
	code = compile_exit_code(&o, c);
	if (code == EXIT_OK && o.dump && !dump_front(&o, o.files.v[0], c) && !dump_back(&o, c))
		code = EXIT_USAGE;
	if (code == EXIT_OK && o.front.stop > STAGE_CHECK) {
		struct codegen_input in = lowered(&o, c);

		code = back_end(&o, &in) ? EXIT_OK : EXIT_INTERNAL;
	}
	compile_free(&c);
	return code;
}

int verb_run(int argc, char **argv)
{
	struct driver_opts o;
	int rest;

	if (!driver_parse(argc, argv, &o, &rest) || o.files.n != 1)
		return driver_usage(stderr);
	/* what follows -- is the server's command line; its name goes before it */
	argv[rest - 1] = argv[-1];
	return driver_serve(&o, o.files.v[0], argc - rest + 1, argv + rest - 1);
}

int driver_main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	if (strcmp(verb, "-h") == 0 || strcmp(verb, "--help") == 0 || strcmp(verb, "help") == 0)
		return driver_usage(stdout);
	if (strcmp(verb, "--version") == 0 || strcmp(verb, "version") == 0) {
		printf("kiln %s (%s)\n", KILN_VERSION, KILN_TARGET);
		return EXIT_OK;
	}
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verb, verbs[i].name) == 0)
			return verbs[i].run(argc - 2, argv + 2);
	return driver_usage(stderr);
}

int main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	const char *name = slash ? slash + 1 : argv[0];

	if (strcmp(name, "kamailio") == 0)
		return driver_kamailio(argc, argv);
	return driver_main(argc, argv);
}
