/* SPDX-License-Identifier: Apache-2.0 */
#include "diag/diag.h"

#include <stdarg.h>

static const struct diag_info infos[] = {
#define DIAG(id, severity, title, bad, good, why) {#id, severity, title, bad, good, why},
#include "diag/diag.def"
#undef DIAG
};

const struct diag_info *diag_info(enum diag_id id)
{
	return &infos[id];
}

int diag_find(struct str name)
{
	for (int i = 0; i < DIAG_COUNT; i++)
		if (str_ieq(str_of(infos[i].name), name))
			return i;
	return -1;
}

void diag_init(struct diag_sink *s, struct arena *a, const struct source *src)
{
	*s = (struct diag_sink){.arena = a, .source = src};
}

/* A place that a define put there: where it was defined, and the ones in between. */
static void show_expansions(struct diag_sink *s, struct diag *d)
{
	uint32_t exp = d->loc.exp;

	for (int n = 0; n < 4 && exp && exp <= s->source->n_exps; n++) {
		const struct source_expansion *e = &s->source->exps[exp];

		diag_span(s, d, e->def, "expanded from this define of \"" STR_FMT "\"", STR_ARG(e->name));
		exp = e->parent;
	}
}

struct diag *diag_report(struct diag_sink *s, enum diag_id id, struct loc loc, const char *fmt, ...)
{
	struct diag *d = s->n_kept <= DIAG_KEPT_MAX ? arena_new_of(s->arena, struct diag) : NULL;
	va_list ap;

	if (!d) { /* of one that is not kept the run fails all the same, as without memory */
		s->lost_errors += s->n_kept <= DIAG_KEPT_MAX || infos[id].severity == DIAG_ERROR;
		s->n_errors += s->n_kept <= DIAG_KEPT_MAX || infos[id].severity == DIAG_ERROR;
		return &s->lost;
	}
	d->id = id;
	d->severity = infos[id].severity;
	d->loc = loc;
	va_start(ap, fmt);
	d->message = s->n_kept++ < DIAG_KEPT_MAX ? str_vprintf(s->arena, fmt, ap)
						  : S("too many reports: this one and all after it are left out");
	va_end(ap);
	if (s->last)
		s->last->next = d;
	else
		s->first = d;
	s->last = d;
	s->n_errors += d->severity == DIAG_ERROR;
	s->n_warnings += d->severity == DIAG_WARNING;
	show_expansions(s, d);
	return d;
}

void diag_span(struct diag_sink *s, struct diag *d, struct loc loc, const char *fmt, ...)
{
	va_list ap;

	if (d->n_spans == DIAG_SPANS_MAX || loc.file == 0)
		return;
	va_start(ap, fmt);
	d->spans[d->n_spans++] = (struct diag_span){loc, str_vprintf(s->arena, fmt, ap)};
	va_end(ap);
}

void diag_hint(struct diag_sink *s, struct diag *d, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	d->hint = str_vprintf(s->arena, fmt, ap);
	va_end(ap);
}

void diag_fix(struct diag_sink *s, struct diag *d, struct loc loc, struct str text)
{
	d->has_fix = true;
	d->fix_loc = loc;
	d->fix_text = str_dup(s->arena, text);
}

void diag_drop(struct diag_sink *s, struct diag *d)
{
	if (d->dropped || d == &s->lost)
		return;
	d->dropped = true;
	s->n_errors -= d->severity == DIAG_ERROR;
	s->n_warnings -= d->severity == DIAG_WARNING;
}

/* Does the line hold "# kiln: allow ... ID"? */
static bool line_allows(struct str line, const char *id)
{
	size_t at = str_find(line, S("# kiln: allow"));
	struct str rest;

	if (at == STR_NONE)
		return false;
	rest = str_skip(line, at + 13);
	for (int words = 0; rest.n && words < 16; words++) {
		rest = str_ltrim(rest);
		if (str_ieq(str_head(rest, strlen(id)), str_of(id)) &&
		    (rest.n == strlen(id) || strchr(" \t,", rest.p[strlen(id)])))
			return true;
		str_cut(&rest, ' ');
	}
	return false;
}

static bool is_allowed(const struct diag_sink *s, const struct diag *d)
{
	struct source_pos pos = source_pos(s->source, d->loc);
	struct loc before = d->loc;

	if (d->severity == DIAG_ERROR || d->loc.file == 0)
		return false;
	if (line_allows(source_line(s->source, d->loc), infos[d->id].name))
		return true;
	if (pos.line < 2)
		return false;
	before.off = s->source->files[d->loc.file].lines[pos.line - 2];
	return line_allows(source_line(s->source, before), infos[d->id].name);
}

/* Rows of diag.def itself: what is wrong with the text, before anything is looked up. */
static bool is_of_text(enum diag_id id)
{
	return id < E_UNSUPPORTED && infos[id].severity == DIAG_ERROR && id != E_INCLUDE;
}

enum { LINES_MAX = 128 };

struct line {
	uint32_t file, line;
	bool unclosed;
};

/* Where the text of a line is wrong, what else is found on that line comes of it. */
static void drop_consequences(struct diag_sink *s)
{
	struct line bad[LINES_MAX];
	bool endless = false;
	int n = 0;

	for (const struct diag *d = s->first; d; d = d->next)
		endless |= d->id == E_INCLUDE_DEPTH;
	for (struct diag *d = s->first; d && endless; d = d->next)
		if (!is_of_text(d->id)) /* everything stands there many times */
			diag_drop(s, d);
	for (struct diag *d = s->first; d && n < LINES_MAX; d = d->next)
		if (is_of_text(d->id) && !d->dropped)
			bad[n++] = (struct line){d->loc.file, source_pos(s->source, d->loc).line, d->id == E_UNCLOSED};
	for (struct diag *d = s->first; d && n; d = d->next) {
		struct line at = {d->loc.file, source_pos(s->source, d->loc).line, false};

		for (int i = 0; i < n && (!is_of_text(d->id) || d->id == E_SYNTAX); i++)
			if (bad[i].file == at.file && bad[i].line == at.line &&
			    (d->id != E_SYNTAX || bad[i].unclosed))
				diag_drop(s, d);
	}
}

static bool is_after(const struct diag *a, const struct diag *b)
{
	if (a->loc.file != b->loc.file)
		return a->loc.file > b->loc.file;
	return a->loc.off > b->loc.off;
}

static struct diag *merge(struct diag *a, struct diag *b)
{
	struct diag *head = NULL, **at = &head;

	while (a && b) {
		struct diag **from = is_after(a, b) ? &b : &a;

		*at = *from;
		*from = (*from)->next;
		at = &(*at)->next;
	}
	*at = a ? a : b;
	return head;
}

/* By place; equal places keep their order. */
static struct diag *sorted(struct diag *head, size_t n)
{
	struct diag *mid = head, *rest;

	if (n < 2)
		return head;
	for (size_t i = 1; i < n / 2; i++)
		mid = mid->next;
	rest = mid->next;
	mid->next = NULL;
	return merge(sorted(head, n / 2), sorted(rest, n - n / 2));
}

void diag_finish(struct diag_sink *s)
{
	struct diag **at = &s->first;
	size_t n = 0;

	drop_consequences(s);
	s->n_errors = s->lost_errors;
	s->n_warnings = 0;
	while (*at) {
		struct diag *d = *at;

		if (d->dropped || is_allowed(s, d)) {
			*at = d->next;
			continue;
		}
		s->n_errors += d->severity == DIAG_ERROR;
		s->n_warnings += d->severity == DIAG_WARNING;
		n++;
		at = &d->next;
	}
	s->first = s->last = sorted(s->first, n);
	while (s->last && s->last->next)
		s->last = s->last->next;
}
