/* SPDX-License-Identifier: Apache-2.0 */
/* A story as text: each message, under it the statements that ran with what they saw and sent. */
#include "trace/trace.h"

struct str trace_line(const struct compilation *c, const char *file, uint32_t line)
{
	for (uint32_t i = 1; i <= c->source.n_files; i++) {
		struct str rest = c->source.files[i].text, l = STR_NULL;

		if (!str_eq(c->source.files[i].name, str_of(file)))
			continue;
		for (uint32_t n = 0; n < line; n++)
			l = str_cut(&rest, '\n');
		return str_trim(l);
	}
	return STR_NULL;
}

static struct str base_name(const char *file)
{
	struct str s = str_of(file);
	size_t slash = str_rchr(s, '/');

	return slash == STR_NONE ? s : str_skip(s, slash + 1);
}

struct str trace_place(struct arena *a, const struct program *p, uint32_t site)
{
	if (!site)
		return S("");
	return str_printf(a, STR_FMT ":%u", STR_ARG(base_name(p->sites[site].file)), p->sites[site].line);
}

struct str trace_addr(struct arena *a, const struct addr *x)
{
	char buf[ADDR_TEXT_MAX];

	return str_printf(a, STR_FMT ":%u", STR_ARG(addr_text(x, true, buf)), x->port);
}

static const char *kind_name(int64_t kind)
{
	switch (kind) {
	case IN_REQUEST: return "a request";
	case IN_FAILURE: return "a failed transaction";
	case IN_BRANCH: return "a branch";
	case IN_ONSEND: return "sending";
	case IN_CORE_ONREPLY: return "a reply";
	case IN_TM_ONREPLY: return "a reply of the transaction";
	default: return "an event";
	}
}

static struct str route_label(struct arena *a, const struct program *p, int32_t route)
{
	const struct program_route *r = route >= 0 && (uint64_t)route < p->n_routes ? &p->routes[route] : NULL;

	if (!r)
		return S("?");
	if (!r->name.n)
		return str_of(ast_route_kind_name(r->kind));
	return str_printf(a, "%s[" STR_FMT "]", ast_route_kind_name(r->kind), STR_ARG(r->name));
}

enum { PLACE_WIDTH = 20 };

static void indent(struct sb *out, struct str place, uint32_t depth)
{
	sb_printf(out, "  %-*.*s", PLACE_WIDTH, (int)place.n, place.p ? place.p : "");
	for (uint32_t i = 0; i < depth && i < 40; i++)
		sb_addz(out, "  ");
}

static void message_head(struct trace_printer *t, const struct story_event *e, const char *mark, struct sb *out)
{
	sb_printf(out, "%s %3llu.%06llu  " STR_FMT " " STR_FMT " -> " STR_FMT "  " STR_FMT "\n", mark,
		  (unsigned long long)(e->at / 1000000), (unsigned long long)(e->at % 1000000), STR_ARG(proto_name(e->proto)),
		  STR_ARG(trace_addr(t->arena, &e->from)), STR_ARG(trace_addr(t->arena, &e->to)),
		  STR_ARG(story_first_line(e->a)));
}

static void message_bytes(struct str bytes, struct sb *out)
{
	bytes = str_rtrim(bytes);
	while (bytes.n) {
		struct str line = str_rtrim(str_cut(&bytes, '\n'));

		sb_printf(out, "      | " STR_FMT "\n", STR_ARG(line));
	}
}

static void message(struct trace_printer *t, const struct story_event *e, struct sb *out)
{
	if (e->kind == STORY_IN) {
		sb_printf(out, "\n#%u ", e->message);
		message_head(t, e, "in ", out);
	} else {
		message_head(t, e, "  => out", out);
		if (e->site)
			sb_printf(out, "      caused by " STR_FMT "\n", STR_ARG(trace_place(t->arena, t->p, e->site)));
	}
	if (t->bytes)
		message_bytes(e->a, out);
}

static void same_run(struct trace_printer *t, const struct story_event *e, struct sb *out)
{
	if (e->run == t->run || !e->run)
		return;
	if (e->kind != STORY_BEGIN && t->run)
		sb_printf(out, "  -- run %u goes on\n", e->run);
	t->run = e->run;
}

void trace_event(struct trace_printer *t, const struct story_event *e, struct sb *out)
{
	const struct program_site *site = e->site ? &t->p->sites[e->site] : NULL;

	if (e->kind != STORY_IN && e->kind != STORY_OUT)
		same_run(t, e, out);
	switch (e->kind) {
	case STORY_IN:
	case STORY_OUT:
		message(t, e, out);
		break;
	case STORY_LOG:
		indent(out, S(""), e->depth);
		sb_printf(out, "log(%lld) " STR_FMT "\n", (long long)e->n, STR_ARG(e->a));
		break;
	case STORY_BEGIN:
		sb_printf(out, "  -- run %u: " STR_FMT " for %s%s\n", e->run, STR_ARG(route_label(t->arena, t->p, e->route)), kind_name(e->n),
			  e->message ? str_printf(t->arena, " (message #%u)", e->message).p : "");
		break;
	case STORY_END:
		sb_printf(out, "  -- run %u ended with %lld\n", e->run, (long long)e->n);
		break;
	case STORY_ENTER:
		if (e->depth)
			indent(out, S(""), e->depth), sb_printf(out, STR_FMT " {\n", STR_ARG(route_label(t->arena, t->p, e->route)));
		break;
	case STORY_LEAVE:
		if (e->depth)
			indent(out, S(""), e->depth), sb_printf(out, "} = %lld\n", (long long)e->n);
		break;
	case STORY_SITE:
		indent(out, trace_place(t->arena, t->p, e->site), e->depth);
		sb_printf(out, STR_FMT "\n", STR_ARG(site ? trace_line(t->c, site->file, site->line) : S("?")));
		break;
	case STORY_VALUE:
		indent(out, S(""), e->depth);
		sb_printf(out, "    " STR_FMT " is " STR_FMT "\n", STR_ARG(e->a), STR_ARG(e->b));
		break;
	case STORY_SET:
		indent(out, S(""), e->depth);
		sb_printf(out, "    " STR_FMT " = " STR_FMT "%s\n", STR_ARG(e->a), STR_ARG(e->b), e->n < 0 ? "  (failed)" : "");
		break;
	case STORY_CODE:
		indent(out, S(""), e->depth);
		sb_printf(out, "    " STR_FMT "() returned %lld\n", STR_ARG(e->a), (long long)e->n);
		break;
	case STORY_COND:
		indent(out, S(""), e->depth);
		sb_printf(out, "    -> %s\n", e->n ? "true" : "false");
		break;
	case STORY_EDIT:
		indent(out, S(""), 0);
		sb_printf(out, "pending edit: " STR_FMT "\n", STR_ARG(e->a));
		break;
	}
}

void trace_expectations(struct arena *a, const struct replay_expected *x, unsigned n, unsigned unexpected, struct sb *out)
{
	unsigned equal = 0, differ = 0, missing = 0;

	for (unsigned i = 0; i < n; i++) {
		struct str first = story_first_line(x[i].m->bytes);

		equal += x[i].sent && x[i].equal;
		differ += x[i].sent && !x[i].equal;
		missing += !x[i].sent;
		if (!x[i].sent)
			sb_printf(out, "missing: #%u of the file, " STR_FMT " to " STR_FMT "\n", x[i].m->number, STR_ARG(first),
				  STR_ARG(trace_addr(a, &x[i].m->to)));
		else if (!x[i].equal)
			sb_printf(out, "differs: #%u of the file, " STR_FMT ": " STR_FMT "\n", x[i].m->number, STR_ARG(first),
				  STR_ARG(x[i].difference));
	}
	sb_printf(out, "compared with the file: %u equal, %u differ, %u missing, %u more\n", equal, differ, missing, unexpected);
}
