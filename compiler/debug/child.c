/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The child: runs the replay, stops where it was told, answers while stopped. It stops inside of the
 * statement's fiber, so that the run, its message and its transaction are as the script sees them.
 */
#include <unistd.h>

#include "abi/program.h"
#include "base/sb.h"
#include "core/fiber.h"
#include "debug/engine.h"
#include "lsp/wire.h"
#include "sip/build.h"
#include "sip/draft.h"
#include "trace/trace.h"
#include "txn/txn.h"

enum { TXNS_MAX = 4096 };

struct bp {
	int id;
	const struct expr *cond;
	struct str log;
	unsigned ignore, hits;
	const uint32_t *sites;
	size_t n_sites;
};

struct watch {
	int id;
	const struct expr *e;
	uint32_t run; /* whose value was seen last */
	struct str last;
};

/* What a run left when it ended or parked: for backtraces through a transaction. */
struct past {
	const struct txn *txn;
	uint32_t run, site;
	int32_t route;
	uint32_t message;
};

struct child {
	const struct engine_opts *o;
	struct expr_scope *scope;
	struct arena *a;
	FILE *in, *out;
	struct replay *replay;
	struct story story;
	uint64_t step;
	bool quiet;
	/* the move under way */
	enum engine_move move;
	bool running_to;    /* to step `limit` */
	bool scanning;      /* to step `limit`, remembering what the move looks for */
	uint64_t limit, found;
	int found_id;
	uint32_t run, depth, line;
	bool run_ended;
	struct bp breaks[ENGINE_BREAKS_MAX];
	size_t n_breaks;
	struct watch watches[ENGINE_WATCHES_MAX];
	size_t n_watches;
	struct past past[TXNS_MAX];
	size_t n_past;
};

static void serve(struct child *c);

static void tell(struct child *c, json_t *j)
{
	if (!wire_write(c->out, j))
		_exit(0); /* the parent is gone */
}

static json_t *text(struct str s)
{
	json_t *j = json_stringn(s.n ? s.p : "", s.n);

	if (!j) { /* not UTF-8 */
		struct arena *a = arena_new(0);
		struct str q = a ? story_quote(a, s) : S("?");
		struct sb b;

		if (a) {
			sb_init(&b, a, 1 << 20);
			for (size_t i = 0; i < q.n; i++)
				if ((unsigned char)q.p[i] < 128)
					sb_addc(&b, q.p[i]);
				else
					sb_printf(&b, "\\x%02x", (unsigned char)q.p[i]);
			j = json_stringn(b.p, b.n);
		}
		arena_free(&a);
	}
	return j;
}

static void say(struct child *c, struct str line)
{
	if (!c->quiet)
		tell(c, json_pack("{s:o}", "out", text(line)));
}

/* ---- stopping ---- */

static void stop(struct child *c, const char *reason, int id, struct str note, const struct story_event *e)
{
	tell(c, json_pack("{s:{s:s,s:i,s:I,s:I,s:i,s:i,s:o}}", "stop", "reason", reason, "id", id, "step", (json_int_t)c->step,
			  "time", (json_int_t)(e ? e->at : 0), "run", e ? (int)e->run : 0, "site", e ? (int)e->site : 0, "text",
			  text(note)));
	c->quiet = false;
	c->running_to = c->scanning = false;
	serve(c);
}

static bool at_site(const struct bp *b, uint32_t site)
{
	for (size_t i = 0; i < b->n_sites; i++)
		if (b->sites[i] == site)
			return true;
	return false;
}

/* A log point's text with {expr} replaced. */
static struct str log_text(struct child *c, struct str s, struct run *r)
{
	struct sb b;

	sb_init(&b, c->a, 1 << 16);
	while (s.n) {
		size_t open = str_chr(s, '{'), close = open == STR_NONE ? STR_NONE : str_chr(str_skip(s, open), '}');
		const struct expr *e;
		const char *why;
		struct value v;

		if (close == STR_NONE) {
			sb_add(&b, s);
			break;
		}
		sb_add(&b, str_head(s, open));
		e = expr_compile(c->scope, str_head(str_skip(s, open + 1), close - 1), &why);
		if (e) {
			expr_eval(e, r, c->a, &v);
			sb_add(&b, value_is_str(&v) ? v.s : story_value(c->a, &v));
		} else {
			sb_printf(&b, "<%s>", why);
		}
		s = str_skip(s, open + close + 1);
	}
	return sb_str(&b);
}

/* The breakpoint that holds here, or NULL. Log points are printed. */
static struct bp *break_here(struct child *c, const struct story_event *e)
{
	struct bp *hit = NULL;

	for (size_t i = 0; i < c->n_breaks; i++) {
		struct bp *b = &c->breaks[i];

		if (!at_site(b, e->site) || (b->cond && !expr_true(b->cond, c->story.now)))
			continue;
		if (b->hits++ < b->ignore)
			continue;
		if (b->log.n)
			say(c, log_text(c, b->log, c->story.now));
		else if (!hit)
			hit = b;
	}
	return hit;
}

static struct watch *watch_here(struct child *c, const struct story_event *e, struct str *note)
{
	struct watch *hit = NULL;

	for (size_t i = 0; i < c->n_watches; i++) {
		struct watch *w = &c->watches[i];
		struct run *r = c->story.now;
		struct value v;
		struct str now;

		expr_eval(w->e, r, c->a, &v);
		now = story_value(c->a, &v);
		if (w->run == e->run && !str_eq(now, w->last) && !hit) {
			*note = str_printf(c->a, STR_FMT " -> " STR_FMT, STR_ARG(w->last), STR_ARG(now));
			hit = w;
		}
		w->run = e->run;
		w->last = now;
	}
	return hit;
}

/* Is this statement what the move looks for? */
static bool move_reached(const struct child *c, const struct story_event *e)
{
	bool ours = !c->run || e->run == c->run;
	const struct program_site *s = &c->o->replay.program->sites[e->site];

	switch (c->move) {
	case ENGINE_CONTINUE:
	case ENGINE_REVERSE_CONTINUE:
		return false;
	case ENGINE_STEP:
		return ours || c->run_ended;
	case ENGINE_NEXT:
		return (ours && e->depth <= c->depth) || c->run_ended;
	case ENGINE_FINISH:
		return (ours && e->depth < c->depth) || c->run_ended;
	case ENGINE_UNTIL:
		return (ours && (e->depth < c->depth || (e->depth == c->depth && s->line >= c->line))) || c->run_ended;
	case ENGINE_BACK:
		return ours && e->depth <= c->depth;
	case ENGINE_REVERSE_STEP:
		return ours;
	}
	return false;
}

static void remember(struct child *c, const struct story_event *e)
{
	const struct run *r = c->story.now;
	const struct story_run *live = story_live(&c->story, e->run);

	if (!r->txn)
		return;
	for (size_t i = c->n_past; i-- > 0;)
		if (c->past[i].run == e->run) {
			c->past[i].site = e->site;
			return;
		}
	if (c->n_past == TXNS_MAX) {
		memmove(c->past, c->past + 1, (TXNS_MAX - 1) * sizeof(c->past[0]));
		c->n_past--;
	}
	c->past[c->n_past++] = (struct past){r->txn, e->run, e->site, live ? live->route : -1, e->message};
}

static void on_site(struct child *c, const struct story_event *e)
{
	struct str note = STR_NULL;
	struct watch *w;
	struct bp *b;

	c->step++;
	remember(c, e);
	b = break_here(c, e);
	w = watch_here(c, e, &note);
	if (c->scanning) {
		if (c->step < c->limit && (b || w || move_reached(c, e))) {
			c->found = c->step;
			c->found_id = b ? b->id : w ? w->id : 0;
		} else if (c->step >= c->limit) {
			tell(c, json_pack("{s:I,s:i}", "found", (json_int_t)c->found, "id", c->found_id));
			_exit(0);
		}
		return;
	}
	if (c->running_to ? c->step == c->limit : move_reached(c, e) && !b && !w)
		stop(c, "step", 0, note, e);
	else if (!c->running_to && b)
		stop(c, "breakpoint", b->id, note, e);
	else if (!c->running_to && w)
		stop(c, "watch", w->id, note, e);
}

static void on_message(struct child *c, const struct story_event *e)
{
	struct arena *a = c->a;

	if (c->quiet)
		return;
	say(c, str_printf(a, "%s %s " STR_FMT " -> " STR_FMT "  " STR_FMT, e->kind == STORY_IN ? "in " : "out",
			  e->proto == PROTO_UDP ? "udp" : "tcp", STR_ARG(trace_addr(a, &e->from)), STR_ARG(trace_addr(a, &e->to)),
			  STR_ARG(story_first_line(e->a))));
}

static void on_event(void *arg, const struct story_event *event)
{
	struct child *c = arg;
	struct story_event e = *event; /* the list may move while stopped */

	switch (e.kind) {
	case STORY_SITE:
		on_site(c, &e);
		break;
	case STORY_END:
		c->run_ended |= e.run == c->run;
		break;
	case STORY_IN:
	case STORY_OUT:
		on_message(c, &e);
		break;
	case STORY_LOG:
		say(c, str_printf(c->a, "log(%lld) " STR_FMT, (long long)e.n, STR_ARG(e.a)));
		break;
	default:
		break;
	}
}

/* ---- answers ---- */

static json_t *failed(const char *why)
{
	return json_pack("{s:s}", "error", why);
}

static json_t *frame(struct child *c, uint32_t site, int32_t route, bool past)
{
	const struct program *p = c->o->replay.program;
	const struct program_site *s = &p->sites[site];
	const struct program_route *r = route >= 0 ? &p->routes[route] : NULL;
	struct str name = S("?");

	if (r && r->name.n)
		name = str_printf(c->a, "%s[" STR_FMT "]", ast_route_kind_name(r->kind), STR_ARG(r->name));
	else if (r)
		name = str_of(ast_route_kind_name(r->kind));
	return json_pack("{s:o,s:s,s:i,s:i,s:b}", "route", text(name), "file", s->file ? s->file : "", "line", (int)s->line,
			 "column", (int)s->column, "past", past);
}

/* The bodies around the run's statement, from the events of the run so far. */
static json_t *stack(struct child *c, const struct story_run *live)
{
	json_t *frames = json_array();
	int32_t route[STORY_DEPTH_MAX];
	uint32_t call[STORY_DEPTH_MAX], n = 0, site = live->run->site;

	for (size_t i = 0; i < c->story.n; i++) {
		const struct story_event *e = &c->story.v[i];

		if (e->run != live->number)
			continue;
		if (e->kind == STORY_ENTER && n < STORY_DEPTH_MAX) {
			call[n] = e->site;
			route[n++] = e->route;
		} else if (e->kind == STORY_LEAVE && n) {
			n--;
		}
	}
	while (n > 0) {
		json_array_append_new(frames, frame(c, site, route[--n], false));
		site = call[n];
	}
	for (size_t i = c->n_past; i-- > 0;)
		if (live->run->txn && c->past[i].txn == live->run->txn && c->past[i].run != live->number)
			json_array_append_new(frames, frame(c, c->past[i].site, c->past[i].route, true));
	return json_pack("{s:o}", "frames", frames);
}

static json_t *runs(struct child *c)
{
	json_t *list = json_array();

	for (const struct story_run *i = c->story.live; i; i = i->next) {
		json_t *f = frame(c, i->run->site, i->route, false);

		json_object_set_new(f, "number", json_integer(i->number));
		json_object_set_new(f, "message", json_integer(i->message));
		json_array_append_new(list, f);
	}
	return json_pack("{s:o}", "runs", list);
}

static json_t *eval(struct child *c, struct run *r, const char *what)
{
	const char *why;
	const struct expr *e = expr_compile(c->scope, str_of(what), &why);
	struct value v;

	if (!e)
		return failed(why);
	expr_eval(e, r, c->a, &v);
	return json_pack("{s:o}", "value", text(story_value(c->a, &v)));
}

static json_t *message_text(struct child *c, const struct run *r)
{
	const struct sip_edit *made[256];
	size_t n = 0, edits = 0;
	struct sb b;

	if (!r->draft)
		return failed("this run has no message");
	sb_init(&b, c->a, 1 << 20);
	sb_add(&b, r->draft->msg->buf);
	sb_addz(&b, "\n");
	for (const struct sip_edit *e = r->draft->edits; e && n < 256; e = e->next)
		made[n++] = e;
	while (n-- > 0) {
		struct str old = str_head(str_skip(r->draft->msg->buf, made[n]->off), made[n]->del);

		sb_printf(&b, "edit %zu: at byte %u", ++edits, made[n]->off);
		if (old.n)
			sb_printf(&b, ", remove " STR_FMT, STR_ARG(story_quote(c->a, old)));
		if (made[n]->late)
			sb_addz(&b, ", insert what depends on the way out");
		else if (made[n]->text.n)
			sb_printf(&b, ", insert " STR_FMT, STR_ARG(story_quote(c->a, made[n]->text)));
		sb_addc(&b, '\n');
	}
	if (r->draft->main.uri.p)
		sb_printf(&b, "request URI: " STR_FMT "\n", STR_ARG(r->draft->main.uri));
	if (r->draft->main.dst_uri.n)
		sb_printf(&b, "destination: " STR_FMT "\n", STR_ARG(r->draft->main.dst_uri));
	for (unsigned i = 0; i < sip_branch_count(r->draft); i++)
		sb_printf(&b, "branch %u: " STR_FMT "\n", i + 1, STR_ARG(sip_branch_at(r->draft, i)->uri));
	return json_pack("{s:o}", "text", text(sb_str(&b)));
}

static void armed(struct child *c, struct sb *b, const char *what, int32_t route)
{
	if (route >= 0)
		sb_printf(b, "%s: " STR_FMT "\n", what, STR_ARG(c->o->replay.program->routes[route].name));
}

static json_t *txn_text(struct child *c, const struct run *r)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} flags[] = {{TXN_INVITE, "INVITE"}, {TXN_LOCAL, "local"}, {TXN_CANCELED, "cancelled"}, {TXN_EXPIRED, "expired"},
		     {TXN_RELAYED, "relayed"}, {TXN_SUSPENDED, "suspended"}};
	const struct txn *t = r->txn;
	struct sb b;

	if (!t)
		return failed("there is no transaction yet");
	sb_init(&b, c->a, 1 << 18);
	sb_printf(&b, "transaction %u:%u", txn_index(t), txn_label(t));
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (txn_flags(t) & flags[i].bit)
			sb_printf(&b, ", %s", flags[i].name);
	sb_printf(&b, "\nlast status sent: %d\n", txn_status(t));
	armed(c, &b, "on failure", txn_routes(r->txn)->on_failure);
	armed(c, &b, "on reply", txn_routes(r->txn)->on_reply);
	armed(c, &b, "on branch", txn_routes(r->txn)->on_branch);
	for (unsigned i = 0; i < txn_branch_count(t); i++) {
		const struct txn_branch *br = txn_branch_at(t, i);
		const struct sip_branch *to = br ? txn_branch_target(br) : NULL;

		if (br)
			sb_printf(&b, "branch %u: " STR_FMT " status %d%s%s\n", i, STR_ARG(to ? to->uri : S("")), txn_branch_status(br),
				  txn_branch_timed_out(br) ? ", timed out" : "", r->branch == (int32_t)i ? "  (this one)" : "");
	}
	return json_pack("{s:o}", "text", text(sb_str(&b)));
}

static json_t *variables(struct child *c, struct run *r)
{
	static const char *const worth[] = {"$rm", "$ru", "$rU", "$rd", "$du", "$fu", "$tu", "$ci", "$cs", "$si", "$sp", "$rs", "$ua"};
	const struct program *p = c->o->replay.program;
	json_t *list = json_array();

	for (uint64_t i = 0; i < p->n_vars; i++)
		json_array_append_new(list, json_pack("{s:o,s:o}", "name", text(str_printf(c->a, "$var(" STR_FMT ")", STR_ARG(p->var_names[i]))),
						      "value", text(story_value(c->a, &r->vars[i]))));
	for (size_t i = 0; r->draft && i < sizeof(worth) / sizeof(worth[0]); i++) {
		const char *why;
		const struct expr *e = expr_compile(c->scope, str_of(worth[i]), &why);
		struct value v;

		if (!e)
			continue; /* pv is not loaded */
		expr_eval(e, r, c->a, &v);
		json_array_append_new(list, json_pack("{s:s,s:o}", "name", worth[i], "value", text(story_value(c->a, &v))));
	}
	return json_pack("{s:o}", "list", list);
}

static json_t *why(struct child *c, json_t *q)
{
	const char *file = json_string_value(json_object_get(q, "file"));
	struct sb b;

	sb_init(&b, c->a, 1 << 18);
	if (!file || !trace_why(c->o->c, &c->story, str_of(file), (uint32_t)json_integer_value(json_object_get(q, "line")), &b))
		return failed("no statement begins there");
	return json_pack("{s:o}", "text", text(sb_str(&b)));
}

/* ---- what the parent tells ---- */

static json_t *set_breaks(struct child *c, json_t *list)
{
	json_t *j, *s;
	size_t i, k;

	c->n_breaks = 0;
	json_array_foreach(list, i, j) {
		struct str cond = str_of(json_string_value(json_object_get(j, "condition")));
		struct bp *b = &c->breaks[c->n_breaks];
		json_t *sites = json_object_get(j, "sites");
		uint32_t *v = arena_calloc(c->a, json_array_size(sites) + 1, sizeof(*v));
		const char *reason = NULL;

		if (!v || c->n_breaks == ENGINE_BREAKS_MAX)
			return failed("too many breakpoints");
		json_array_foreach(sites, k, s)
			v[k] = (uint32_t)json_integer_value(s);
		*b = (struct bp){.id = (int)json_integer_value(json_object_get(j, "id")), .sites = v, .n_sites = json_array_size(sites),
				 .ignore = (unsigned)json_integer_value(json_object_get(j, "ignore")),
				 .log = str_dup(c->a, str_of(json_string_value(json_object_get(j, "log"))))};
		b->cond = cond.n ? expr_compile(c->scope, cond, &reason) : NULL;
		if (cond.n && !b->cond)
			return failed(reason);
		c->n_breaks++;
	}
	return json_object();
}

static json_t *set_watches(struct child *c, json_t *list)
{
	json_t *j;
	size_t i;

	c->n_watches = 0;
	json_array_foreach(list, i, j) {
		const char *reason;
		struct watch *w = &c->watches[c->n_watches];

		*w = (struct watch){.id = (int)json_integer_value(json_object_get(j, "id"))};
		w->e = expr_compile(c->scope, str_of(json_string_value(json_object_get(j, "text"))), &reason);
		if (!w->e)
			return failed(reason);
		if (++c->n_watches == ENGINE_WATCHES_MAX)
			break;
	}
	return json_object();
}

static void go(struct child *c, json_t *q)
{
	const char *mode = json_string_value(json_object_get(q, "mode"));

	c->move = (enum engine_move)json_integer_value(json_object_get(q, "move"));
	c->running_to = mode && strcmp(mode, "to") == 0;
	c->scanning = mode && strcmp(mode, "scan") == 0;
	c->limit = (uint64_t)json_integer_value(json_object_get(q, "limit"));
	c->run = (uint32_t)json_integer_value(json_object_get(q, "run"));
	c->depth = (uint32_t)json_integer_value(json_object_get(q, "depth"));
	c->line = (uint32_t)json_integer_value(json_object_get(q, "line"));
	c->quiet = json_is_true(json_object_get(q, "quiet"));
	c->run_ended = false;
	c->found = 0;
}

/* The run that a question is about: by number, else the one that is stopped. */
static struct run *asked_run(struct child *c, json_t *q, const struct story_run **live)
{
	uint32_t number = (uint32_t)json_integer_value(json_object_get(q, "run"));

	*live = NULL;
	for (const struct story_run *i = c->story.live; i && !*live; i = i->next)
		if (number ? i->number == number : i->run == c->story.now)
			*live = i;
	return *live ? (*live)->run : NULL;
}

static json_t *reply(struct child *c, const char *what, json_t *q)
{
	const struct story_run *live;
	struct run *r = asked_run(c, q, &live);

	if (strcmp(what, "breaks") == 0)
		return set_breaks(c, json_object_get(q, "list"));
	if (strcmp(what, "watches") == 0)
		return set_watches(c, json_object_get(q, "list"));
	if (strcmp(what, "runs") == 0)
		return runs(c);
	if (strcmp(what, "why") == 0)
		return why(c, q);
	if (strcmp(what, "depth") == 0)
		return json_pack("{s:i}", "depth", live ? (int)live->depth : 0);
	if (!r)
		return failed("no such run is under way");
	if (strcmp(what, "eval") == 0)
		return eval(c, r, json_string_value(json_object_get(q, "text")));
	if (strcmp(what, "stack") == 0)
		return stack(c, live);
	if (strcmp(what, "message") == 0)
		return message_text(c, r);
	if (strcmp(what, "txn") == 0)
		return txn_text(c, r);
	if (strcmp(what, "variables") == 0)
		return variables(c, r);
	return failed("no such question");
}

/* Answer until told to go on. */
static void serve(struct child *c)
{
	struct run *stopped = c->story.now;
	json_t *q;

	for (;;) {
		enum wire_result got = wire_read(c->in, &q);
		const char *what;

		if (got != WIRE_OK)
			_exit(0);
		what = json_string_value(json_object_get(q, "do"));
		if (what && strcmp(what, "go") == 0) {
			go(c, q);
			json_decref(q);
			return;
		}
		c->story.now = stopped;
		tell(c, what ? reply(c, what, q) : failed("no question"));
		json_decref(q);
	}
}

void engine_child(const struct engine_child_opts *o)
{
	struct child *c;
	struct arena *a = arena_new(0);

	c = a ? arena_new_of(a, struct child) : NULL;
	if (!c)
		_exit(70);
	*c = (struct child){.o = o->o, .scope = o->scope, .a = a, .in = fdopen(o->fd, "r"), .out = fdopen(dup(o->fd), "w")};
	story_init(&c->story, a, o->o->replay.program, 0, 0);
	c->story.on_event = on_event;
	c->story.on_event_arg = c;
	if (!c->in || !c->out || replay_new(a, &o->o->replay, &c->story, &c->replay)) {
		if (c->out)
			tell(c, failed("the server did not start"));
		_exit(5);
	}
	tell(c, json_object());
	serve(c); /* breakpoints, then the first go */
	while (replay_step(c->replay))
		;
	if (c->scanning)
		tell(c, json_pack("{s:I,s:i}", "found", (json_int_t)c->found, "id", c->found_id));
	for (c->story.now = NULL; !c->scanning;)
		stop(c, "end", 0, STR_NULL, NULL);
	_exit(0);
}
