/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diag.h - diagnostics as data.
 *
 * Every stage reports here and goes on; nobody below the driver prints. A diagnostic has an id (a row
 * of diag.def), one primary place, labelled secondary ones, a hint and perhaps a safe fix. Texts are
 * copied into the sink's arena. "# kiln: allow ID reason" on the same line or the line before
 * suppresses a warning (errors are not suppressed).
 */
#ifndef DIAG_DIAG_H
#define DIAG_DIAG_H

#include "source/source.h"

enum diag_severity { DIAG_NOTE, DIAG_WARNING, DIAG_ERROR };

enum diag_id {
#define DIAG(id, severity, title, bad, good, why) id,
#include "diag/diag.def"
#undef DIAG
	DIAG_COUNT
};

struct diag_info {
	const char *name; /* "E_SYNTAX" */
	enum diag_severity severity;
	const char *title, *bad, *good, *why;
};
const struct diag_info *diag_info(enum diag_id id);
/* By name, case ignored; -1 when unknown. */
int diag_find(struct str name);

enum { DIAG_SPANS_MAX = 12 };

struct diag_span {
	struct loc loc;
	struct str label;
};

struct diag {
	struct diag *next;
	enum diag_id id;
	enum diag_severity severity;
	struct loc loc;
	struct str message;
	struct str hint;
	struct diag_span spans[DIAG_SPANS_MAX]; /* secondary */
	int n_spans;
	bool dropped;
	bool has_fix;
	struct loc fix_loc;
	struct str fix_text;
	struct str condition; /* --all-variants: under which defines; empty: always */
};

struct diag_sink {
	struct arena *arena;
	const struct source *source;
	struct diag *first, *last;
	int n_errors, n_warnings;
	bool unsupported; /* an E_UNSUPPORTED was among them */
	int n_kept;
	int lost_errors; /* errors that were not kept: there is one more than the list shows */
	struct diag lost; /* written when memory is out, or more than DIAG_KEPT_MAX came */
};

/* Reports of one run that are kept; the one after them says so. Errors count all the same. */
enum { DIAG_KEPT_MAX = 2000 };

void diag_init(struct diag_sink *s, struct arena *a, const struct source *src);
/* Never NULL; add spans and hints to what it returns. */
struct diag *diag_report(struct diag_sink *s, enum diag_id id, struct loc loc, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void diag_span(struct diag_sink *s, struct diag *d, struct loc loc, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void diag_hint(struct diag_sink *s, struct diag *d, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void diag_fix(struct diag_sink *s, struct diag *d, struct loc loc, struct str text);
/* Take one back: another report tells it. */
void diag_drop(struct diag_sink *s, struct diag *d);
/* Drop what comments allow, then order by place; call once, before printing. */
void diag_finish(struct diag_sink *s);

#endif
