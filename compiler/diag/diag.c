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

struct diag *diag_report(struct diag_sink *s, enum diag_id id, struct loc loc, const char *fmt, ...)
{
	struct diag *d = arena_new_of(s->arena, struct diag);
	va_list ap;

	if (!d) {
		s->n_errors++; /* memory is out: the run fails in any case */
		return &s->lost;
	}
	d->id = id;
	d->severity = infos[id].severity;
	d->loc = loc;
	va_start(ap, fmt);
	d->message = str_vprintf(s->arena, fmt, ap);
	va_end(ap);
	if (s->last)
		s->last->next = d;
	else
		s->first = d;
	s->last = d;
	s->n_errors += d->severity == DIAG_ERROR;
	s->n_warnings += d->severity == DIAG_WARNING;
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

static bool is_after(const struct diag *a, const struct diag *b)
{
	if (a->loc.file != b->loc.file)
		return a->loc.file > b->loc.file;
	return a->loc.off > b->loc.off;
}

/* Insertion into a sorted chain; equal places keep their order. */
static struct diag *insert(struct diag *head, struct diag *d)
{
	struct diag **p = &head;

	while (*p && !is_after(*p, d))
		p = &(*p)->next;
	d->next = *p;
	*p = d;
	return head;
}

void diag_finish(struct diag_sink *s)
{
	struct diag *d = s->first, *next, *head = NULL;

	s->n_errors = s->n_warnings = 0;
	for (; d; d = next) {
		next = d->next;
		if (is_allowed(s, d))
			continue;
		head = insert(head, d);
		s->n_errors += d->severity == DIAG_ERROR;
		s->n_warnings += d->severity == DIAG_WARNING;
	}
	s->first = head;
	for (s->last = head; s->last && s->last->next;)
		s->last = s->last->next;
}
