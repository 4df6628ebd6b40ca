/* SPDX-License-Identifier: Apache-2.0 */
/* Files, positions, conditions. */
#include "preproc/preproc.h"

static const struct str five[] = {S("KAMAILIO_5"), S("KAMAILIO_5_6"), S("KAMAILIO_5_6_3")};
static const struct str six[] = {S("KAMAILIO_6"), S("KAMAILIO_6_2"), S("KAMAILIO_6_2_0")};

static void predefine(struct preproc *p)
{
	struct str version = p->compat == 6 ? S("6002000") : S("5006003"), os = S("linux");
	struct loc none = {0};

	for (int i = 0; i < 3; i++)
		pp_define(p, p->compat == 6 ? six[i] : five[i], NULL, none, PP_DEFINE);
	if (p->compat == 6) {
		pp_define(p, S("KAMAILIO_VERSION"), &version, none, PP_DEFINE);
		pp_define(p, S("OS_NAME"), &os, none, PP_DEFINE);
	}
}

void pp_init(struct preproc *p, struct arena *a, struct source *src, struct diag_sink *d, int compat)
{
	*p = (struct preproc){.arena = a, .src = src, .diag = d, .compat = compat, .mode = PP_MAXCOMPAT};
	predefine(p);
}

void pp_set_compat(struct preproc *p, int compat)
{
	for (int i = 0; i < 3; i++)
		pp_undef(p, p->compat == 6 ? six[i] : five[i]);
	pp_undef(p, S("KAMAILIO_VERSION"));
	pp_undef(p, S("OS_NAME"));
	p->compat = compat;
	predefine(p);
}

/* ---- positions ---- */

static struct pp_frame *top(struct preproc *p)
{
	return p->n_frames ? &p->frames[p->n_frames - 1] : NULL;
}

static struct pp_pending *pending(struct preproc *p)
{
	int base = p->n_frames ? top(p)->exps_base : 0;

	while (p->n_exps > base && p->exps[p->n_exps - 1].left == 0)
		p->n_exps--;
	return p->n_exps > base ? &p->exps[p->n_exps - 1] : NULL;
}

struct loc pp_here(const struct preproc *p)
{
	const struct pp_frame *f = p->n_frames ? &p->frames[p->n_frames - 1] : NULL;
	int base = f ? f->exps_base : 0;

	for (int i = p->n_exps; i > base; i--) {
		const struct pp_pending *e = &p->exps[i - 1];

		if (e->left)
			return (struct loc){e->use.file, e->use.off, e->use.len, e->exp};
	}
	return f ? (struct loc){f->file, f->pos, 0, 0} : (struct loc){0};
}

void pp_consume(struct preproc *p, uint32_t n)
{
	while (n) {
		struct pp_pending *e = pending(p);
		uint32_t take = e && e->left < n ? e->left : n;

		if (e)
			e->left -= take;
		else if (top(p))
			top(p)->pos += take;
		n -= take;
	}
}

void pp_unconsume(struct preproc *p)
{
	int base = p->n_frames ? top(p)->exps_base : 0;

	/* a byte goes back to the expansion on top if one is there, else to the file */
	if (p->n_exps > base)
		p->exps[p->n_exps - 1].left++;
	else if (top(p) && top(p)->pos)
		top(p)->pos--;
}

void pp_rewind(struct preproc *p, uint32_t off)
{
	struct pp_frame *f = top(p);

	if (!f)
		return;
	p->n_exps = f->exps_base;
	f->pos = f->fed = off;
}

static bool is_inside(const struct preproc *p, uint32_t exp, struct str name)
{
	for (int guard = 0; exp && guard < 10000; guard++) {
		const struct source_expansion *e = &p->src->exps[exp];

		if (str_eq(e->name, name))
			return true;
		exp = e->parent;
	}
	return false;
}

static size_t pending_bytes(const struct preproc *p)
{
	size_t n = 0;

	for (int i = 0; i < p->n_exps; i++)
		n += p->exps[i].left;
	return n;
}

bool pp_expand(struct preproc *p, struct pp_define *d, struct loc use)
{
	uint32_t exp;

	d->used = true;
	if (is_inside(p, use.exp, d->name)) {
		struct diag *g = diag_report(p->diag, E_DEFINE_LOOP, use, "define \"" STR_FMT "\" expands to itself",
					     STR_ARG(d->name));

		diag_span(p->diag, g, d->loc, "defined here");
		return false;
	}
	pending(p);
	p->expanded += d->value.n + 1;
	if (p->n_exps == PP_EXPANSIONS_MAX || p->expanded > PP_EXPANDED_MAX ||
	    pending_bytes(p) + d->value.n > PP_PENDING_MAX) {
		if (!p->expansion_told)
			diag_report(p->diag, E_DEFINE_LOOP, use, p->n_exps == PP_EXPANSIONS_MAX
								  ? "defines are nested too deep"
								  : "defines expand to too much text");
		p->expansion_told = true;
		return false;
	}
	exp = source_add_expansion(p->src, d->name, d->loc, use.exp);
	p->exps[p->n_exps++] = (struct pp_pending){(uint32_t)d->value.n, exp, use};
	return true;
}

/* ---- files ---- */

static int push(struct preproc *p, struct str name, struct loc loc)
{
	uint32_t file;
	int err = source_add_file(p->src, name, loc, &file);

	if (!err)
		p->frames[p->n_frames++] = (struct pp_frame){.file = file, .exps_base = p->n_exps};
	return err;
}

int pp_include(struct preproc *p, struct str name, struct loc loc)
{
	struct str dir = source_dir(p->src, loc.file);
	int err;

	if (p->too_deep)
		return RT_E_STATE;
	if (p->n_frames > PP_INCLUDES_MAX) {
		p->too_deep = true;
		return RT_E_LIMIT;
	}
	err = push(p, name, loc);
	if (err == RT_E_NOENT && dir.n && name.n && name.p[0] != '/')
		err = push(p, str_join(p->arena, dir, name), loc);
	return err;
}

size_t pp_feed(struct preproc *p, char *buf, size_t max)
{
	struct pp_frame *f = top(p);
	struct str text, rest;
	size_t n;

	if (!f)
		return 0;
	text = p->src->files[f->file].text;
	rest = str_skip(text, f->fed);
	n = str_chr(rest, '\n'); /* a line at a time leaves room for what is pushed back */
	n = n == STR_NONE ? rest.n : n + 1;
	if (n > max)
		n = max;
	if (n)
		memcpy(buf, rest.p, n);
	f->fed += (uint32_t)n;
	return n;
}

bool pp_pop_file(struct preproc *p)
{
	if (p->n_frames)
		p->n_exps = top(p)->exps_base;
	p->n_frames--;
	return p->n_frames > 0;
}

/* ---- conditions ---- */

bool pp_active(const struct preproc *p)
{
	return p->n_ifs == 0 || p->ifs[p->n_ifs - 1].active;
}

void pp_if_push(struct preproc *p, bool value, struct loc loc)
{
	bool outer = pp_active(p);

	if (p->n_ifs == PP_IFS_MAX) {
		diag_report(p->diag, E_IFDEF_BALANCE, loc, "more than %d nested conditions", PP_IFS_MAX);
		return;
	}
	p->arms = (p->arms ^ ((uint64_t)loc.file << 33 | (uint64_t)loc.off << 1 | value)) * 0x9e3779b97f4a7c15ULL;
	p->arms ^= p->arms >> 29;
	p->ifs[p->n_ifs++] = (struct pp_if){.loc = loc, .active = outer && value, .outer_active = outer};
}

void pp_if_else(struct preproc *p, struct loc loc)
{
	struct pp_if *i;

	if (p->n_ifs == 0) {
		/* the reference takes it, too */
		diag_report(p->diag, W_DIRECTIVE_COMMENT, loc, "this #!else belongs to no condition and changes nothing");
		return;
	}
	i = &p->ifs[p->n_ifs - 1];
	if (i->has_else) {
		struct diag *d = diag_report(p->diag, W_ELSE_TWICE, loc, "a second #!else flips the condition again");

		diag_span(p->diag, d, i->loc, "of this condition");
	}
	i->has_else = true;
	i->active = i->outer_active && !i->active;
}

void pp_if_pop(struct preproc *p, struct loc loc)
{
	if (p->n_ifs == 0)
		diag_report(p->diag, E_IFDEF_BALANCE, loc, "#!endif without #!ifdef");
	else
		p->n_ifs--;
}

void pp_if_end(struct preproc *p)
{
	for (int i = p->n_ifs; i-- > 0;) {
		struct diag *d = diag_report(p->diag, E_IFDEF_BALANCE, p->ifs[i].loc,
					     "this condition is never closed by #!endif");

		diag_hint(p->diag, d, "only blanks may follow #!endif, and its line must end with a newline");
		if (p->mute_endif) {
			diag_span(p->diag, d, p->mute_endif->loc, "this line is a comment");
			diag_drop(p->diag, p->mute_endif);
			p->mute_endif = NULL;
		}
	}
	p->n_ifs = 0;
}

bool pp_if_defined(struct preproc *p, struct str name, struct loc loc)
{
	struct pp_define *d = pp_find(p, name);
	struct pp_asked *q;

	if (d) {
		d->used = true;
		return true;
	}
	for (q = p->asked; q; q = q->next)
		if (str_eq(q->name, name))
			return false;
	q = arena_new_of(p->arena, struct pp_asked);
	if (q) {
		q->name = str_dup(p->arena, name);
		q->loc = loc;
		q->next = p->asked;
		p->asked = q;
	}
	return false;
}

void pp_trivia(struct preproc *p, enum ast_trivia_kind kind, struct loc loc)
{
	struct ast_trivia *t = arena_new_of(p->arena, struct ast_trivia);

	if (!t)
		return;
	t->kind = kind;
	t->loc = loc;
	if (p->last_trivia)
		p->last_trivia->next = t;
	else
		p->trivia = t;
	p->last_trivia = t;
}
