/* SPDX-License-Identifier: Apache-2.0 */
/* The call flow: a column for each participant, an arrow for each message, newest below. */
#include "abi/program.h"
#include "trace/trace.h"

enum { COLUMNS_MAX = 16, TEXT_GAP = 34 };

struct ladder {
	const struct story *s;
	struct arena *a;
	struct addr who[COLUMNS_MAX]; /* the server's addresses share column `server` */
	unsigned n, server;
	bool has_server;
};

static unsigned column(struct ladder *l, const struct addr *x, bool is_server)
{
	if (is_server && l->has_server)
		return l->server;
	for (unsigned i = 0; i < l->n; i++)
		if ((!l->has_server || i != l->server) && addr_eq(&l->who[i], x))
			return i;
	if (l->n == COLUMNS_MAX)
		return COLUMNS_MAX - 1; /* a crowd shares the last one */
	if (is_server) {
		l->has_server = true;
		l->server = l->n;
	}
	l->who[l->n] = *x;
	return l->n++;
}

static bool is_message(const struct story_event *e)
{
	return e->kind == STORY_IN || e->kind == STORY_OUT;
}

static void columns_of(struct ladder *l, const struct story_event *e, unsigned *from, unsigned *to)
{
	*from = column(l, &e->from, e->kind == STORY_OUT);
	*to = column(l, &e->to, e->kind == STORY_IN);
}

static struct str name(const struct ladder *l, unsigned i)
{
	return l->has_server && i == l->server ? S("kiln") : trace_addr(l->a, &l->who[i]);
}

static void begin(struct ladder *l, const struct story *s, struct arena *a)
{
	unsigned from, to;

	*l = (struct ladder){.s = s, .a = a};
	for (size_t i = 0; i < s->n; i++)
		if (is_message(&s->v[i]))
			columns_of(l, &s->v[i], &from, &to);
}

/* ---- text ---- */

static void arrow_text(const struct ladder *l, const struct story_event *e, unsigned from, unsigned to, struct sb *out)
{
	unsigned left = from < to ? from : to, right = from < to ? to : from;
	struct str label = story_first_line(e->a);
	unsigned room;

	if (str_starts(label, S("SIP/2.0 ")))
		label = str_skip(label, 8);
	sb_printf(out, "%10.3f ", (double)e->at / 1e6);
	for (unsigned i = 0; i < l->n; i++) {
		bool inside = i >= left && i < right;

		sb_addc(out, '|');
		if (i + 1 == l->n)
			break;
		room = TEXT_GAP;
		if (i == left && left != right) {
			struct str shown = str_head(label, room - 6);

			sb_addc(out, i == left && from > to ? '<' : '-');
			sb_printf(out, " " STR_FMT " ", STR_ARG(shown));
			room -= (unsigned)shown.n + 3;
		}
		while (room-- > 0)
			sb_addc(out, inside ? (room == 0 && i + 1 == right && from < to ? '>' : '-') : ' ');
	}
	if (left == right)
		sb_printf(out, " (to itself: " STR_FMT ")", STR_ARG(label));
	if (e->site)
		sb_printf(out, "  " STR_FMT, STR_ARG(trace_place(l->a, l->s->program, e->site)));
	sb_addc(out, '\n');
}

void ladder_text(const struct story *s, struct arena *a, struct sb *out)
{
	struct ladder l;
	unsigned from, to;

	begin(&l, s, a);
	sb_printf(out, "%11s", "");
	for (unsigned i = 0; i < l.n; i++)
		sb_printf(out, "%-*.*s", i + 1 == l.n ? 0 : TEXT_GAP + 1, STR_ARG(name(&l, i)));
	sb_addc(out, '\n');
	for (size_t i = 0; i < s->n; i++) {
		if (!is_message(&s->v[i]))
			continue;
		columns_of(&l, &s->v[i], &from, &to);
		arrow_text(&l, &s->v[i], from, to, out);
	}
}

/* ---- SVG ---- */

enum { LEFT = 90, GAP = 300, TOP = 60, ROW = 34 };

static void xml(struct sb *out, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '&')
			sb_addz(out, "&amp;");
		else if (c == '<')
			sb_addz(out, "&lt;");
		else if (c == '>')
			sb_addz(out, "&gt;");
		else if (c == '"')
			sb_addz(out, "&quot;");
		else if (c >= ' ' && c < 127)
			sb_addc(out, (char)c);
		else
			sb_addc(out, c == '\n' ? '\n' : '?'); /* the message's bytes may be no UTF-8 */
	}
}

static const char *colour(struct str first_line)
{
	struct str status = str_skip(first_line, 8);

	if (!str_starts(first_line, S("SIP/2.0 ")) || !status.n)
		return "#1f4e8c";
	switch (status.p[0]) {
	case '1': return "#777777";
	case '2': return "#22752a";
	case '3': return "#8a6d1a";
	default: return "#b02318";
	}
}

static void arrow_svg(const struct ladder *l, const struct compilation *c, const struct story_event *e, unsigned from,
		      unsigned to, unsigned row, struct sb *out)
{
	struct str first = story_first_line(e->a), label = str_starts(first, S("SIP/2.0 ")) ? str_skip(first, 8) : first;
	const struct program_site *site = e->site ? &l->s->program->sites[e->site] : NULL;
	unsigned x1 = LEFT + from * GAP, x2 = LEFT + to * GAP, y = TOP + row * ROW;
	const char *ink = colour(first);

	sb_printf(out, "<text x=\"6\" y=\"%u\" class=\"time\">%.3f</text>\n", y + 4, (double)e->at / 1e6);
	if (site) {
		sb_addz(out, "<a href=\"");
		xml(out, str_of(site->file));
		sb_printf(out, "#L%u\">", site->line);
	}
	sb_addz(out, "<g class=\"arrow\"><title>");
	if (site) {
		xml(out, trace_place(l->a, l->s->program, e->site));
		sb_addz(out, ": ");
		xml(out, trace_line(c, site->file, site->line));
		sb_addc(out, '\n');
	}
	xml(out, e->a);
	sb_printf(out, "</title><line x1=\"%u\" y1=\"%u\" x2=\"%u\" y2=\"%u\" stroke=\"%s\" marker-end=\"url(#head)\"/>", x1, y,
		  x2 > x1 ? x2 - 2 : x2 + 2, y, ink);
	sb_printf(out, "<text x=\"%u\" y=\"%u\" class=\"label\" fill=\"%s\">", (x1 + x2) / 2, y - 5, ink);
	xml(out, str_head(label, 44));
	sb_addz(out, "</text>");
	if (site) {
		sb_printf(out, "<text x=\"%u\" y=\"%u\" class=\"place\">", (x1 + x2) / 2, y + 12);
		xml(out, trace_place(l->a, l->s->program, e->site));
		sb_addz(out, "</text>");
	}
	sb_addz(out, site ? "</g></a>\n" : "</g>\n");
}

void ladder_svg(const struct compilation *c, const struct story *s, struct arena *a, struct sb *out)
{
	struct ladder l;
	unsigned from, to, rows = 0, width, height;

	begin(&l, s, a);
	for (size_t i = 0; i < s->n; i++)
		rows += is_message(&s->v[i]);
	width = LEFT + (l.n ? l.n - 1 : 0) * GAP + 110;
	height = TOP + (rows + 1) * ROW;
	sb_printf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" font-family=\"sans-serif\">\n"
		  "<style>.label{font-size:11px;text-anchor:middle}.place{font-size:9px;fill:#888;text-anchor:middle}"
		  ".time{font-size:9px;fill:#888}.who{font-size:12px;font-weight:bold;text-anchor:middle}"
		  ".life{stroke:#bbb;stroke-dasharray:3 3}a .arrow:hover line{stroke-width:2.5}</style>\n"
		  "<defs><marker id=\"head\" markerWidth=\"9\" markerHeight=\"8\" refX=\"8\" refY=\"4\" orient=\"auto\">"
		  "<path d=\"M0,0 L9,4 L0,8 z\" fill=\"#444\"/></marker></defs>\n<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
		  width, height);
	for (unsigned i = 0; i < l.n; i++) {
		unsigned x = LEFT + i * GAP;

		sb_printf(out, "<text x=\"%u\" y=\"22\" class=\"who\">", x);
		xml(out, name(&l, i));
		sb_printf(out, "</text><line x1=\"%u\" y1=\"30\" x2=\"%u\" y2=\"%u\" class=\"life\"/>\n", x, x, height - 8);
	}
	rows = 0;
	for (size_t i = 0; i < s->n; i++) {
		if (!is_message(&s->v[i]))
			continue;
		columns_of(&l, &s->v[i], &from, &to);
		arrow_svg(&l, c, &s->v[i], from, to, rows++, out);
	}
	sb_addz(out, "</svg>\n");
}
