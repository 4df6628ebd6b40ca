/* SPDX-License-Identifier: Apache-2.0 */
/* One scenario: compile its script, serve it in a simulated world, carry out the steps. */
#include <regex.h>
#include <stdio.h>

#include "abi/program.h"
#include "base/sb.h"
#include "codegen/codegen.h"
#include "core/counter.h"
#include "core/fiber.h"
#include "core/log.h"
#include "debug/expr.h"
#include "host/offline.h"
#include "lower/lower.h"
#include "script/run.h"
#include "test/agent.h"
#include "test/fixture.h"
#include "test/scenario.h"
#include "test/test.h"
#include "trace/trace.h"
#include "txn/txn.h"

enum { AT_MAX = 64 };

/* An expression that must hold when a line is about to run. */
struct at {
	const struct step *step;
	const struct expr *e;
	unsigned hits, held;
};

struct test {
	struct arena *a;
	const struct test_opts *o;
	struct scenario *s;
	struct front_opts front;
	struct compilation *c;
	const struct program *program;
	struct offline *server;
	struct story story;
	struct agents agents;
	struct expr_scope *scope;
	struct at at[AT_MAX];
	size_t n_at;
	unsigned line; /* of the step that failed */
	struct str why;
};

static bool fail(struct test *t, unsigned line, struct str why)
{
	if (!t->why.n) {
		t->line = line;
		t->why = why;
	}
	return false;
}

#define FAIL(t, line, ...) fail((t), (line), str_printf((t)->a, __VA_ARGS__))

/* ---- start ---- */

static bool read_text(void *arg, struct arena *a, struct str name, struct str *text)
{
	struct test *t = arg;
	FILE *f;
	char buf[8192];
	struct sb b;
	size_t n;

	if (t->s->inline_config.p && str_eq(name, str_of(t->s->path))) {
		sb_init(&b, a, SOURCE_FILE_MAX);
		for (unsigned i = 0; i < t->s->config_line; i++)
			sb_addc(&b, '\n');
		sb_add(&b, t->s->inline_config);
		*text = sb_str(&b);
		return sb_ok(&b);
	}
	f = fopen(str_z(a, name), "rb");
	if (!f)
		return false;
	sb_init(&b, a, SOURCE_FILE_MAX);
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		sb_add(&b, str_make(buf, n));
	fclose(f);
	*text = b.n ? sb_str(&b) : S("");
	return sb_ok(&b);
}

static bool compile(struct test *t)
{
	struct codegen_input in;

	t->front = *t->o->front;
	t->front.stop = STAGE_ALL;
	t->front.no_lint = true;
	t->front.read = read_text;
	t->front.read_arg = t;
	for (size_t i = 0; i < t->s->n_defines && t->front.defines.n < FRONT_LIST_MAX; i++)
		t->front.defines.v[t->front.defines.n++] = t->s->defines[i];
	t->c = compile_front(&t->front, t->s->config ? t->s->config : t->s->path);
	if (!t->c)
		return FAIL(t, 1, "out of memory");
	if (!t->c->read)
		return FAIL(t, 1, "the script cannot be read: %s", t->s->config ? t->s->config : t->s->path);
	for (const struct diag *d = t->c->diag.first; d; d = d->next)
		if (d->severity == DIAG_ERROR) {
			struct source_pos p = source_pos(&t->c->source, d->loc);

			return FAIL(t, 1, "the script does not compile: " STR_FMT ":%u: " STR_FMT, STR_ARG(p.file), p.line, STR_ARG(d->message));
		}
	in = (struct codegen_input){.arena = t->c->arena, .source = &t->c->source, .pp = &t->c->pp, .file = t->c->file};
	in.rir = lower_run(t->c->arena, t->c->program, &t->c->source, true);
	t->program = in.rir ? codegen_jit(&in) : NULL;
	return t->program ? true : FAIL(t, 1, "no code could be made");
}

static bool is_server(void *arg, const struct addr *a, enum proto p)
{
	struct test *t = arg;

	(void)p;
	for (unsigned i = 0; t->server && i < net_socket_count(offline_net(t->server)); i++)
		if (addr_eq(&net_socket_at(offline_net(t->server), i)->addr, a))
			return true;
	/* a stream that the server opened comes from an address of its own, but no peer's */
	for (size_t i = 0; i < t->s->n_uas; i++)
		if (addr_ip_eq(&t->s->uas[i].addr, a))
			return false;
	return true;
}

static void on_event(void *arg, const struct story_event *e)
{
	struct test *t = arg;

	if (e->kind != STORY_SITE)
		return;
	for (size_t i = 0; i < t->n_at; i++)
		if (t->program->sites[e->site].line == (uint32_t)t->at[i].step->n &&
		    program_site_in(&t->program->sites[e->site], t->at[i].step->file)) {
			t->at[i].hits++;
			t->at[i].held += expr_true(t->at[i].e, t->story.now);
		}
}

static bool prepare_expressions(struct test *t)
{
	t->scope = expr_scope_new(t->a, t->c, t->program);
	for (const struct step *s = t->s->steps; s; s = s->next) {
		const char *why;

		if (s->kind != STEP_AT)
			continue;
		if (!t->scope || t->n_at == AT_MAX)
			return FAIL(t, s->line, "too many expressions");
		t->at[t->n_at].step = s;
		t->at[t->n_at].e = expr_compile(t->scope, s->text, &why);
		if (!t->at[t->n_at++].e)
			return FAIL(t, s->line, STR_FMT ": %s", STR_ARG(s->text), why);
	}
	return true;
}

static bool start(struct test *t, uint64_t seed)
{
	struct offline_opts oo = {.sim = {.seed = seed, .link = t->s->link}, .log_set = true, .log_level = 3, .listen_only = true,
				  .tap = story_tap, .tap_arg = &t->story, .log = story_log, .log_arg = &t->story};
	const struct net_socket *udp, *tcp;
	unsigned line = 1;
	struct str why;

	if (!fixture_open(t->s, t->a, &why, &line))
		return fail(t, line, why);
	story_init(&t->story, t->a, t->program, 0, 0);
	t->story.is_server = is_server;
	t->story.is_server_arg = t;
	t->story.on_event = on_event;
	t->story.on_event_arg = t;
	log_set_head(false);
	for (size_t i = 0; i < t->s->n_listens && oo.listen.n < HOST_OPT_MAX; i++)
		oo.listen.v[oo.listen.n++] = t->s->listens[i];
	if (offline_new(t->program, &oo, &t->server)) {
		for (size_t i = 0; i < t->story.n; i++)
			if (t->story.v[i].kind == STORY_LOG && t->story.v[i].n < 0)
				return FAIL(t, 1, "the server did not start: " STR_FMT, STR_ARG(t->story.v[i].a));
		return FAIL(t, 1, "the server did not start");
	}
	story_listen(&t->story, offline_sim(t->server));
	for (size_t i = 0; i < t->s->n_dns; i++)
		sim_dns_add(offline_sim(t->server), t->s->dns[i].name, &t->s->dns[i].rr);
	udp = net_socket_default(offline_net(t->server), PROTO_UDP, 0);
	tcp = net_socket_default(offline_net(t->server), PROTO_TCP, 0);
	if (agents_new(&t->agents, t->a, offline_sim(t->server), t->s, udp ? &udp->addr : NULL, tcp ? &tcp->addr : NULL))
		return FAIL(t, 1, "a peer's address is taken or wrong");
	return true;
}

/* ---- matching ---- */

static bool regex_holds(struct test *t, unsigned line, struct str re, struct str s)
{
	char *pattern = str_z(t->a, re), *subject = str_z(t->a, s);
	regex_t x;
	bool holds;

	if (!pattern || !subject || regcomp(&x, pattern, REG_EXTENDED | REG_NOSUB))
		return FAIL(t, line, "bad regular expression: " STR_FMT, STR_ARG(re));
	holds = regexec(&x, subject, 0, NULL, 0) == 0;
	regfree(&x);
	return holds;
}

static bool is_code(struct str s)
{
	return s.n == 3 && ascii_digit(s.p[0]);
}

static struct str name_of(struct test *t, struct sip_msg *m)
{
	return m->is_request ? m->method_text : str_printf(t->a, "%d " STR_FMT, m->status, STR_ARG(m->reason));
}

static bool kind_matches(struct str what, struct sip_msg *m)
{
	if (str_eq(what, S("any")))
		return true;
	if (is_code(what)) {
		if (m->is_request)
			return false;
		for (int i = 0; i < 3; i++)
			if (ascii_digit(what.p[i]) && what.p[i] != m->status_text.p[i])
				return false;
		return true;
	}
	return m->is_request && str_eq(what, m->method_text);
}

static bool one_match(struct test *t, const struct match *x, struct sip_msg *m)
{
	struct sip_hdr *h = x->what == MATCH_HEADER ? sip_hdr_find(m, x->name) : NULL;
	struct str seen = x->what == MATCH_BODY ? sip_body(m) : x->what == MATCH_LINE ? m->first_line : STR_NULL;
	bool there = x->what == MATCH_HEADER ? h != NULL : seen.n > 0, holds = false;

	if (x->how == MATCH_ABSENT)
		return there ? FAIL(t, x->line, "it is there: " STR_FMT, STR_ARG(h ? sip_hdr_raw(h) : seen)) : true;
	if (!there)
		return FAIL(t, x->line, STR_FMT " is missing", STR_ARG(h || x->what == MATCH_HEADER ? x->name : S("the body")));
	if (x->how == MATCH_THERE)
		return true;
	for (; x->what != MATCH_HEADER || h; h = sip_hdr_next(h)) { /* any header of the name */
		if (x->what == MATCH_HEADER)
			seen = h->body;
		holds |= x->how == MATCH_EQUAL ? str_eq(seen, x->text) : regex_holds(t, x->line, x->text, seen);
		if (x->what != MATCH_HEADER || holds)
			break;
	}
	if (t->why.n || holds)
		return holds;
	return FAIL(t, x->line, "expected: " STR_FMT "\n    seen:     " STR_FMT, STR_ARG(x->text), STR_ARG(seen));
}

/* ---- steps ---- */

static void settle_now(struct test *t)
{
	struct sim *sim = offline_sim(t->server);

	while (sim_next(sim) <= sim_now(sim))
		sim_step(sim);
}

static struct agent_message *wait_for(struct test *t, const struct step *s)
{
	struct sim *sim = offline_sim(t->server);
	uint64_t end = sim_now(sim) + s->ms * 1000;
	bool want_100 = str_eq(s->what, S("100")) || str_eq(s->what, S("1xx"));
	struct agent_message *m;

	for (;;) {
		do
			m = agent_next(t->agents.v[s->ua], false);
		while (m && !m->msg->is_request && m->msg->status == 100 && !want_100);
		if (m)
			return m;
		if (sim_next(sim) > end) {
			sim_run_until(sim, end);
			return NULL;
		}
		sim_step(sim);
	}
}

static bool do_expect(struct test *t, const struct step *s)
{
	struct agent_message *m = wait_for(t, s);
	struct str ua = t->s->uas[s->ua].name;

	if (s->negated) {
		if (!m)
			return true;
		return FAIL(t, s->line, STR_FMT " got " STR_FMT ", nothing was expected", STR_ARG(ua), STR_ARG(name_of(t, m->msg)));
	}
	if (!m)
		return FAIL(t, s->line, STR_FMT " got nothing within %llu ms; expected: " STR_FMT, STR_ARG(ua), (unsigned long long)s->ms,
			    STR_ARG(s->what));
	if (!kind_matches(s->what, m->msg))
		return FAIL(t, s->line, STR_FMT " got something else\n    expected: " STR_FMT "\n    seen:     " STR_FMT, STR_ARG(ua),
			    STR_ARG(s->what), STR_ARG(name_of(t, m->msg)));
	for (const struct match *x = s->matches; x; x = x->next)
		if (!one_match(t, x, m->msg))
			return false;
	return true;
}

/* "route[X]", "X", "failure_route[Y]". */
static int32_t route_named(const struct test *t, struct str what)
{
	for (uint64_t i = 0; i < t->program->n_routes; i++) {
		const struct program_route *r = &t->program->routes[i];
		struct str full = r->name.n ? str_printf(t->a, "%s[" STR_FMT "]", ast_route_kind_name(r->kind), STR_ARG(r->name))
					    : str_of(ast_route_kind_name(r->kind));

		if (str_eq(full, what) || (r->kind == ROUTE_SUB && str_eq(r->name, what)))
			return (int32_t)i;
	}
	return -1;
}

static bool do_visited(struct test *t, const struct step *s)
{
	int32_t route = route_named(t, s->what);
	unsigned n = 0;

	if (route < 0)
		return FAIL(t, s->line, "the script has no " STR_FMT, STR_ARG(s->what));
	for (size_t i = 0; i < t->story.n; i++)
		n += t->story.v[i].kind == STORY_ENTER && t->story.v[i].route == route;
	if ((n > 0) != s->negated)
		return true;
	return FAIL(t, s->line, STR_FMT " was entered %u times", STR_ARG(s->what), n);
}

static bool do_log(struct test *t, const struct step *s)
{
	const struct story_event *hit = NULL;

	for (size_t i = 0; i < t->story.n && !hit && !t->why.n; i++)
		if (t->story.v[i].kind == STORY_LOG && regex_holds(t, s->line, s->text, t->story.v[i].a))
			hit = &t->story.v[i];
	if (t->why.n)
		return false;
	if ((hit != NULL) != s->negated)
		return true;
	return hit ? FAIL(t, s->line, "it was logged: " STR_FMT, STR_ARG(hit->a)) : FAIL(t, s->line, "nothing like it was logged: " STR_FMT, STR_ARG(s->text));
}

static bool do_counter(struct test *t, const struct step *s)
{
	struct str name = s->text, group = str_cut(&name, '.');
	int c = name.n ? counter_find(group, name) : -1;

	if (c < 0)
		return FAIL(t, s->line, "there is no counter " STR_FMT, STR_ARG(s->text));
	if (counter_value(c) == s->n)
		return true;
	return FAIL(t, s->line, STR_FMT "\n    expected: %lld\n    seen:     %lld", STR_ARG(s->text), (long long)s->n,
		    (long long)counter_value(c));
}

static bool do_txns(struct test *t, const struct step *s)
{
	struct offline_left left;

	offline_left(t->server, &left);
	if (left.txns == (unsigned)s->n)
		return true;
	return FAIL(t, s->line, "transactions\n    expected: %lld\n    seen:     %u", (long long)s->n, left.txns);
}

static bool do_at(struct test *t, const struct step *s)
{
	for (size_t i = 0; i < t->n_at; i++) {
		const struct at *x = &t->at[i];

		if (x->step != s)
			continue;
		if (!x->hits)
			return FAIL(t, s->line, "line %lld did not run", (long long)s->n);
		if (s->negated ? x->held == 0 : x->held == x->hits)
			return true;
		return FAIL(t, s->line, STR_FMT " held %u of the %u times that line %lld ran", STR_ARG(s->text), x->held, x->hits,
			    (long long)s->n);
	}
	return false;
}

/* ---- units ---- */

struct unit {
	struct test *t;
	const struct step *s;
	int32_t route;
	bool done;
};

static bool unit_statement(struct unit *u, struct run *r, struct str l, unsigned line)
{
	struct test *t = u->t;
	struct str verb;
	const struct expr *e;
	const char *why;
	struct value v;

	l = str_trim(l);
	if (!l.n || l.p[0] == '#')
		return true;
	if (str_eq(l, S("run"))) {
		script_exec(r, u->route);
		return true;
	}
	verb = str_cut(&l, ' ');
	if (!str_eq(verb, S("given")) && !str_eq(verb, S("expect")))
		return FAIL(t, line, "a unit holds given, run and expect");
	e = expr_compile(t->scope, l, &why);
	if (!e)
		return FAIL(t, line, STR_FMT ": %s", STR_ARG(l), why);
	if (str_eq(verb, S("expect")))
		return expr_true(e, r) ? true : FAIL(t, line, "does not hold: " STR_FMT, STR_ARG(l));
	expr_eval(e, r, t->a, &v);
	return true;
}

static void unit_fiber(void *arg)
{
	static const char text[] = "INVITE sip:unit@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bKunit\r\n"
				   "From: <sip:unit@127.0.0.1>;tag=unit\r\nTo: <sip:unit@127.0.0.1>\r\nCall-ID: unit\r\nCSeq: 1 INVITE\r\n"
				   "Max-Forwards: 70\r\nContact: <sip:unit@127.0.0.1:5070>\r\nContent-Length: 0\r\n\r\n";
	struct unit *u = arg;
	struct worker *w = offline_worker(u->t->server, 0);
	struct str rest = u->s->block;
	unsigned line = u->s->line;
	struct sip_msg *m = NULL;
	struct sip_draft d;
	struct run r;

	u->done = true;
	if (sip_msg_parse(NULL, str_of(text), &m))
		return;
	m->origin.proto = PROTO_UDP;
	m->origin.sock = net_socket_at(offline_net(u->t->server), 0);
	if (m->origin.sock)
		m->origin.dst = m->origin.sock->addr;
	addr_parse(S("127.0.0.1"), &m->origin.src);
	m->origin.src.port = 5070;
	sip_draft_init(&d, m, m->arena);
	if (!run_begin(&r, w, &d, IN_REQUEST, NULL, NULL)) {
		while (rest.n && !u->t->why.n) {
			struct str l = str_cut(&rest, '\n');

			line++;
			while (l.n && !u->t->why.n)
				unit_statement(u, &r, str_cut(&l, ';'), line);
		}
		run_end(&r);
	}
	sip_msg_unref(&m);
}

static bool do_unit(struct test *t, const struct step *s)
{
	struct unit u = {.t = t, .s = s, .route = route_named(t, s->what)};
	struct worker *w = offline_worker(t->server, 0), *before;

	if (u.route < 0)
		return FAIL(t, s->line, "the script has no " STR_FMT, STR_ARG(s->what));
	before = worker_enter(w);
	if (fiber_run_now(w, unit_fiber, &u) || !u.done)
		FAIL(t, s->line, "out of memory");
	worker_enter(before);
	return !t->why.n;
}

static bool do_fixture(struct test *t, const struct step *s)
{
	struct str why;

	return fixture_step(s, t->a, &why) ? true : fail(t, s->line, why);
}

static bool do_step(struct test *t, const struct step *s)
{
	const char *why = NULL;
	uint64_t code;

	switch (s->kind) {
	case STEP_SEND:
		why = agent_send(t->agents.v[s->ua], s->what, s->text, s->block);
		settle_now(t);
		break;
	case STEP_REPLY:
		if (!str_to_u64(s->what, 699, &code) || code < 100)
			return FAIL(t, s->line, STR_FMT " is no status", STR_ARG(s->what));
		why = agent_reply(t->agents.v[s->ua], (int)code, s->text, s->block);
		settle_now(t);
		break;
	case STEP_EXPECT:
		return do_expect(t, s);
	case STEP_ADVANCE:
		sim_run_for(offline_sim(t->server), s->ms * 1000);
		break;
	case STEP_VISITED:
		return do_visited(t, s);
	case STEP_LOG:
		return do_log(t, s);
	case STEP_COUNTER:
		return do_counter(t, s);
	case STEP_TXNS:
		return do_txns(t, s);
	case STEP_AT:
		return do_at(t, s);
	case STEP_UNIT:
		return do_unit(t, s);
	case STEP_DATABASE:
	case STEP_ROWS:
	case STEP_ASKED:
		return do_fixture(t, s);
	}
	return why ? fail(t, s->line, str_of(why)) : true;
}

/* ---- the result ---- */

static json_t *sites_of(const struct test *t)
{
	json_t *list = json_array();
	uint32_t (*n)[3] = arena_calloc(t->a, t->program->n_sites + 1, sizeof(*n));

	for (size_t i = 0; n && i < t->story.n; i++) {
		const struct story_event *e = &t->story.v[i];

		if (e->kind == STORY_SITE)
			n[e->site][0]++;
		else if (e->kind == STORY_COND)
			n[e->site][e->n ? 1 : 2]++;
	}
	for (uint64_t i = 1; n && i < t->program->n_sites; i++)
		json_array_append_new(list, json_pack("[s,i,i,i,i,i]", t->program->sites[i].file, (int)t->program->sites[i].line,
						      (int)t->program->sites[i].column, (int)n[i][0], (int)n[i][1], (int)n[i][2]));
	return list;
}

static json_t *routes_of(const struct test *t)
{
	json_t *list = json_array();

	for (size_t i = 0; i < t->c->program->routes.n; i++) {
		const struct sema_route *r = t->c->program->routes.v[i];
		struct source_pos p = source_pos(&t->c->source, r->loc);
		int n = 0;

		for (size_t k = 0; k < t->story.n; k++)
			n += t->story.v[k].kind == STORY_ENTER && t->story.v[k].route == r->index;
		json_array_append_new(list, json_pack("[s#,i,s#,i]", p.file.p, (int)p.file.n, (int)p.line,
						      r->name.n ? r->name.p : ast_route_kind_name(r->kind),
						      r->name.n ? (int)r->name.n : (int)strlen(ast_route_kind_name(r->kind)), n));
	}
	return list;
}

static json_t *result(struct test *t, uint64_t seed)
{
	json_t *j, *files = json_array();
	struct sb b;

	sb_init(&b, t->a, 1 << 22);
	sb_add(&b, t->why);
	if (t->why.n && t->story.n_in) {
		sb_addz(&b, "\n\n");
		ladder_text(&t->story, t->a, &b);
	}
	for (uint32_t i = 1; t->c && i <= t->c->source.n_files; i++)
		json_array_append_new(files, json_stringn(t->c->source.files[i].name.p, t->c->source.files[i].name.n));
	j = json_pack("{s:b,s:s#,s:i,s:o,s:I,s:I,s:o}", "passed", !t->why.n, "title", t->s->title.n ? t->s->title.p : "",
		      (int)t->s->title.n, "line", (int)t->line, "message",
		      b.n && json_stringn(b.p, b.n) ? json_stringn(b.p, b.n) : json_string(""), "seed", (json_int_t)seed, "sim_us",
		      (json_int_t)(t->server ? sim_now(offline_sim(t->server)) : 0), "files", files);
	if (t->program) {
		json_object_set_new(j, "sites", sites_of(t));
		json_object_set_new(j, "routes", routes_of(t));
	}
	return j;
}

json_t *test_scenario(const struct test_opts *o, const char *path, uint64_t seed)
{
	struct test t = {.a = arena_new(0), .o = o};

	t.s = t.a ? scenario_read(t.a, path) : NULL;
	if (!t.s) {
		arena_free(&t.a);
		return json_pack("{s:b,s:s,s:i,s:s}", "passed", 0, "title", "", "line", 0, "message", "it cannot be read");
	}
	if (!seed)
		seed = t.s->seed;
	if (t.s->why)
		fail(&t, t.s->bad_line, str_of(t.s->why));
	else if (compile(&t) && prepare_expressions(&t) && start(&t, seed))
		for (const struct step *s = t.s->steps; s && do_step(&t, s); s = s->next)
			;
	return result(&t, seed); /* the process ends with the scenario: nothing is taken down */
}
