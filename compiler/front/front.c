/* SPDX-License-Identifier: Apache-2.0 */
#include "front/front_priv.h"

#include "base/mem.h"
#include "base/sb.h"
#include "lint/lint.h"
#include "parse/parse.h"

static void command_line(struct compilation *c)
{
	const struct front_opts *o = c->opts;
	struct loc none = {0};

	for (size_t i = 0; i < o->defines.n; i++)
		pp_define_option(&c->pp, str_of(o->defines.v[i]));
	for (size_t i = 0; i < o->substs.n; i++)
		pp_subst_add(&c->pp, str_of(o->substs.v[i]), none, 0);
	for (size_t i = 0; i < o->substdefs.n; i++)
		pp_subst_add(&c->pp, str_of(o->substdefs.v[i]), none, 1);
	for (size_t i = 0; i < o->substdefss.n; i++)
		pp_subst_add(&c->pp, str_of(o->substdefss.v[i]), none, 2);
	for (size_t i = 0; i < o->loadmodules.n; i++)
		pp_define_module(&c->pp, str_of(o->loadmodules.v[i]), none);
}

static void check(struct compilation *c)
{
	static __thread const char *extra[FRONT_LIST_MAX + 1];
	struct sema_opts so = {.compat = c->pp.compat};

	for (size_t i = 0; i < c->opts->loadmodules.n; i++)
		extra[i] = c->opts->loadmodules.v[i];
	extra[c->opts->loadmodules.n] = NULL;
	so.extra_modules = extra;
	c->catalog = c->opts->catalog ? c->opts->catalog : catalog_new(c->arena);
	if (!c->catalog)
		return;
	c->program = sema_run(c->arena, c->catalog, &c->source, &c->diag, &c->script, &so);
	if (c->program && !c->opts->no_lint)
		lint_run(c->arena, &c->source, &c->diag, &c->script, c->program, &c->pp);
}

struct compilation *front_parse(const struct front_opts *o, const char *file)
{
	struct arena *a = arena_new(0);
	struct compilation *c = a ? arena_new_of(a, struct compilation) : NULL;

	if (!c) {
		arena_free(&a);
		return NULL;
	}
	c->arena = a;
	c->opts = o;
	c->file = file;
	source_init(&c->source, a, o->read, o->read_arg);
	diag_init(&c->diag, a, &c->source);
	pp_init(&c->pp, a, &c->source, &c->diag, o->compat);
	command_line(c);
	c->read = parse_file(&c->pp, str_of(file), &c->script);
	return c;
}

void front_check(struct compilation *c)
{
	if (c->read && c->opts->stop >= STAGE_CHECK)
		check(c);
	pp_fini(&c->pp);
	diag_finish(&c->diag);
}

struct compilation *compile_front(const struct front_opts *o, const char *file)
{
	struct compilation *c = front_parse(o, file);

	if (c)
		front_check(c);
	return c;
}

void compile_free(struct compilation **c)
{
	struct arena *a = *c ? (*c)->arena : NULL, *beside = *c ? (*c)->beside : NULL;

	*c = NULL;
	arena_free(&a);
	arena_free(&beside);
}
