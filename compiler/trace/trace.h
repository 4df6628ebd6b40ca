/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace.h - a story as text and pictures, and why a line did not run.
 *
 * For: kiln trace; the ladder also for kiln test.
 */
#ifndef TRACE_TRACE_H
#define TRACE_TRACE_H

#include "base/sb.h"
#include "front/front.h"
#include "trace/replay.h"
#include "trace/story.h"

/* The text of a line of the script, trimmed; empty when there is none. */
struct str trace_line(const struct compilation *c, const char *file, uint32_t line);
/* "kamailio.cfg:120" of a site. */
struct str trace_place(struct arena *a, const struct program *p, uint32_t site);
/* "1.2.3.4:5060". */
struct str trace_addr(struct arena *a, const struct addr *x);

/* One event as lines; `bytes`: messages in full. Call in order. */
struct trace_printer {
	const struct compilation *c;
	const struct program *p;
	struct arena *arena;
	bool bytes;
	uint32_t run; /* of the event before */
};
void trace_event(struct trace_printer *t, const struct story_event *e, struct sb *out);

/* How the replay compares with the file. */
void trace_expectations(struct arena *a, const struct replay_expected *x, unsigned n, unsigned unexpected, struct sb *out);

/* The messages between the server and its peers, as text or as an SVG picture. */
void ladder_text(const struct story *s, struct arena *a, struct sb *out);
void ladder_svg(const struct compilation *c, const struct story *s, struct arena *a, struct sb *out);

/* Why did nothing at this line run? Text for the reader; false when no statement begins there. */
bool trace_why(const struct compilation *c, const struct story *s, struct str file, uint32_t line, struct sb *out);

#endif
