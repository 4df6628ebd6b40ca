/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The adapter: requests of the editor become moves and questions of the engine. Runs under way are the
 * editor's threads; a frame's number is the run's times FRAMES plus its place, a variables reference
 * the run's times SCOPES plus the scope. A move is answered first, then carried out, then its stop is told.
 */
#include "debug/dap.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "abi/program.h"
#include "base/sb.h"
#include "lsp/wire.h"

enum { FRAMES = 1024, SCOPES = 4, SCOPE_VARIABLES = 1, SCOPE_MESSAGE, SCOPE_TXN };
enum { OWN_MAX = ENGINE_BREAKS_MAX, DEFINES_MAX = 64 };

struct dap {
	FILE *in, *out;
	dap_load_fn *load;
	void *load_arg;
	struct arena *a;
	struct engine_opts opts;
	struct engine *e;
	json_t *launched; /* keeps the texts of the configuration */
	int seq;
	bool done, stop_on_entry, lines_from_0;
	/* which breakpoints came with which request: a request replaces its own */
	struct {
		int id;
		const char *source; /* "" functions, NULL free */
	} own[OWN_MAX];
	int watches[ENGINE_WATCHES_MAX];
	size_t n_watches;
};

/* ---- messages ---- */

static void event(struct dap *d, const char *name, json_t *body)
{
	wire_write(d->out, json_pack("{s:i,s:s,s:s,s:o}", "seq", ++d->seq, "type", "event", "event", name, "body",
				     body ? body : json_object()));
}

static void answer(struct dap *d, json_t *req, json_t *body)
{
	wire_write(d->out, json_pack("{s:i,s:s,s:O,s:O,s:b,s:o}", "seq", ++d->seq, "type", "response", "request_seq",
				     json_object_get(req, "seq"), "command", json_object_get(req, "command"), "success", 1, "body",
				     body ? body : json_object()));
}

static void refuse(struct dap *d, json_t *req, const char *why)
{
	wire_write(d->out, json_pack("{s:i,s:s,s:O,s:O,s:b,s:s,s:{s:{s:i,s:s}}}", "seq", ++d->seq, "type", "response",
				     "request_seq", json_object_get(req, "seq"), "command", json_object_get(req, "command"), "success",
				     0, "message", why, "body", "error", "id", 1, "format", why));
}

static void output(void *arg, const char *line)
{
	struct dap *d = arg;

	event(d, "output", json_pack("{s:s,s:s+}", "category", "console", "output", line, "\n"));
}

static const char *string(json_t *args, const char *key)
{
	return json_string_value(json_object_get(args, key));
}

static int number(json_t *args, const char *key)
{
	return (int)json_integer_value(json_object_get(args, key));
}

/* ---- stops ---- */

static void tell_stop(struct dap *d, const struct engine_stop *s)
{
	const char *reason = strcmp(s->reason, "watch") == 0 ? "data breakpoint" : s->reason;
	json_t *body;

	if (strcmp(s->reason, "end") == 0) {
		/* the session stays: the editor may still go back */
		body = json_pack("{s:s,s:s,s:i,s:b}", "reason", "pause", "description", "the input has ended", "threadId", 1,
				 "allThreadsStopped", 1);
	} else if (strcmp(s->reason, "lost") == 0) {
		output(d, "the script's process has died");
		event(d, "exited", json_pack("{s:i}", "exitCode", 70));
		event(d, "terminated", NULL);
		return;
	} else {
		body = json_pack("{s:s,s:i,s:b}", "reason", reason, "threadId", s->run ? (int)s->run : 1, "allThreadsStopped", 1);
		if (s->id)
			json_object_set_new(body, "hitBreakpointIds", json_pack("[i]", s->id));
		if (s->text.n)
			json_object_set_new(body, "text", json_stringn(s->text.p, s->text.n));
	}
	event(d, "stopped", body);
}

static void carry_out(struct dap *d, json_t *req, enum engine_move m)
{
	struct engine_stop s;

	answer(d, req, json_pack("{s:b}", "allThreadsContinued", 1));
	engine_move(d->e, m, 0, &s);
	tell_stop(d, &s);
}

static void begin(struct dap *d)
{
	struct engine_stop s;

	engine_start(d->e, &s);
	if (strcmp(s.reason, "lost") != 0)
		engine_move(d->e, d->stop_on_entry ? ENGINE_STEP : ENGINE_CONTINUE, 0, &s);
	if (d->stop_on_entry && strcmp(s.reason, "step") == 0)
		s.reason = "entry";
	tell_stop(d, &s);
}

/* ---- starting ---- */

static void initialize(struct dap *d, json_t *req, json_t *args)
{
	json_t *from1 = json_object_get(args, "linesStartAt1");
	static const char *const can[] = {
		"supportsConfigurationDoneRequest", "supportsConditionalBreakpoints", "supportsHitConditionalBreakpoints",
		"supportsLogPoints", "supportsFunctionBreakpoints", "supportsDataBreakpoints", "supportsEvaluateForHovers",
		"supportsSetVariable", "supportsStepBack", "supportsRestartRequest", "supportsTerminateRequest",
	};
	json_t *body = json_object();

	d->lines_from_0 = json_is_false(from1);
	for (size_t i = 0; i < sizeof(can) / sizeof(can[0]); i++)
		json_object_set_new(body, can[i], json_true());
	answer(d, req, body);
}

static void launch(struct dap *d, json_t *req, json_t *args)
{
	const char *defines[DEFINES_MAX], *why = "out of memory";
	struct dap_launch l = {.program = string(args, "program"), .server = string(args, "server"), .defines = defines};
	json_t *v;
	size_t i;

	l.capture = string(args, "pcap") ? string(args, "pcap") : string(args, "sip");
	l.seed = (uint64_t)json_integer_value(json_object_get(args, "seed"));
	l.run_on = json_number_value(json_object_get(args, "for"));
	json_array_foreach(json_object_get(args, "defines"), i, v)
		if (json_string_value(v) && l.n_defines < DEFINES_MAX)
			defines[l.n_defines++] = json_string_value(v);
	d->stop_on_entry = json_is_true(json_object_get(args, "stopOnEntry"));
	if (d->e || d->launched) {
		refuse(d, req, "a script is launched already");
		return;
	}
	if (!l.program || !l.capture) {
		refuse(d, req, "the configuration needs \"program\" (the script) and \"pcap\" or \"sip\" (the messages)");
		return;
	}
	d->launched = json_incref(args);
	if (!d->load(d->load_arg, &l, &d->opts, &why)) {
		refuse(d, req, why);
		return;
	}
	d->opts.output = output;
	d->opts.arg = d;
	d->e = engine_new(d->a, &d->opts);
	if (!d->e) {
		refuse(d, req, "out of memory");
		return;
	}
	answer(d, req, NULL);
	event(d, "initialized", NULL);
}

static void configuration_done(struct dap *d, json_t *req, json_t *args)
{
	(void)args;
	answer(d, req, NULL);
	begin(d);
}

static void restart(struct dap *d, json_t *req, json_t *args)
{
	(void)args;
	answer(d, req, NULL);
	begin(d);
}

static void disconnect(struct dap *d, json_t *req, json_t *args)
{
	(void)args;
	engine_free(&d->e);
	answer(d, req, NULL);
	if (strcmp(json_string_value(json_object_get(req, "command")), "terminate") == 0)
		event(d, "terminated", NULL);
	else
		d->done = true;
}

/* ---- breakpoints ---- */

static void drop_own(struct dap *d, const char *source)
{
	for (size_t i = 0; i < OWN_MAX; i++)
		if (d->own[i].source && strcmp(d->own[i].source, source) == 0) {
			engine_break_remove(d->e, d->own[i].id);
			d->own[i].source = NULL;
		}
}

static json_t *add_own(struct dap *d, const char *source, struct str where, json_t *spec)
{
	const char *why, *hits = string(spec, "hitCondition"), *cond = string(spec, "condition"), *log = string(spec, "logMessage");
	struct engine_break *b = engine_break_add(d->e, where, &why);
	const struct program_site *s;

	if (!b)
		return json_pack("{s:b,s:s}", "verified", 0, "message", why);
	b->condition = str_dup(d->a, str_of(cond));
	b->log = str_dup(d->a, str_of(log));
	b->ignore = hits && strtoul(hits, NULL, 10) > 0 ? (unsigned)strtoul(hits, NULL, 10) - 1 : 0;
	if (!engine_breaks_changed(d->e, &why)) {
		engine_break_remove(d->e, b->id);
		return json_pack("{s:b,s:s}", "verified", 0, "message", why);
	}
	for (size_t i = 0; i < OWN_MAX; i++)
		if (!d->own[i].source) {
			d->own[i].source = str_dup(d->a, str_of(source)).p;
			d->own[i].id = b->id;
			break;
		}
	s = &engine_program(d->e)->sites[b->sites[0]];
	return json_pack("{s:b,s:i,s:i}", "verified", 1, "id", b->id, "line", (int)s->line - d->lines_from_0);
}

/* The script's own name for an editor's path. */
static struct str script_path(struct dap *d, const char *path)
{
	const struct program *p = engine_program(d->e);
	char asked[PATH_MAX], have[PATH_MAX];

	if (!path || !realpath(path, asked))
		return str_of(path);
	for (uint64_t i = 1; i < p->n_sites; i++)
		if (realpath(p->sites[i].file, have) && strcmp(have, asked) == 0)
			return str_of(p->sites[i].file);
	return str_of(path);
}

static void set_breakpoints(struct dap *d, json_t *req, json_t *args)
{
	const char *path = string(json_object_get(args, "source"), "path"), *why;
	struct str file = script_path(d, path);
	json_t *list = json_array(), *spec;
	size_t i;

	drop_own(d, path ? path : "?");
	json_array_foreach(json_object_get(args, "breakpoints"), i, spec)
		json_array_append_new(list, add_own(d, path ? path : "?", str_printf(d->a, STR_FMT ":%d", STR_ARG(file), number(spec, "line") + d->lines_from_0), spec));
	engine_breaks_changed(d->e, &why);
	answer(d, req, json_pack("{s:o}", "breakpoints", list));
}

static void set_function_breakpoints(struct dap *d, json_t *req, json_t *args)
{
	json_t *list = json_array(), *spec;
	const char *why;
	size_t i;

	drop_own(d, "");
	json_array_foreach(json_object_get(args, "breakpoints"), i, spec)
		json_array_append_new(list, add_own(d, "", str_of(string(spec, "name")), spec));
	engine_breaks_changed(d->e, &why);
	answer(d, req, json_pack("{s:o}", "breakpoints", list));
}

static void data_breakpoint_info(struct dap *d, json_t *req, json_t *args)
{
	const char *name = string(args, "name");

	(void)d;
	answer(d, req, json_pack("{s:o,s:s,s:[s]}", "dataId", name && *name == '$' ? json_string(name) : json_null(), "description",
				 name ? name : "", "accessTypes", "write"));
}

static void set_data_breakpoints(struct dap *d, json_t *req, json_t *args)
{
	json_t *list = json_array(), *spec;
	const char *why;
	size_t i;

	while (d->n_watches)
		engine_unwatch(d->e, d->watches[--d->n_watches]);
	json_array_foreach(json_object_get(args, "breakpoints"), i, spec) {
		int id = engine_watch(d->e, str_of(string(spec, "dataId")), &why);

		if (id)
			d->watches[d->n_watches++] = id;
		json_array_append_new(list, id ? json_pack("{s:b,s:i}", "verified", 1, "id", id)
					       : json_pack("{s:b,s:s}", "verified", 0, "message", why));
	}
	answer(d, req, json_pack("{s:o}", "breakpoints", list));
}

/* ---- looking ---- */

static void threads(struct dap *d, json_t *req, json_t *args)
{
	json_t *j = engine_ask(d->e, json_pack("{s:s}", "do", "runs")), *list = json_array(), *r;
	char name[200];
	size_t i;

	(void)args;
	json_array_foreach(json_object_get(j, "runs"), i, r) {
		snprintf(name, sizeof(name), "run %d: %s, message #%d", number(r, "number"), string(r, "route"), number(r, "message"));
		json_array_append_new(list, json_pack("{s:i,s:s}", "id", number(r, "number"), "name", name));
	}
	if (!json_array_size(list))
		json_array_append_new(list, json_pack("{s:i,s:s}", "id", 1, "name", "no run under way"));
	json_decref(j);
	answer(d, req, json_pack("{s:o}", "threads", list));
}

static json_t *source_of(const char *file)
{
	char real[PATH_MAX];
	const char *slash = strrchr(file, '/');

	return json_pack("{s:s,s:s}", "name", slash ? slash + 1 : file, "path", realpath(file, real) ? real : file);
}

static void stack_trace(struct dap *d, json_t *req, json_t *args)
{
	int run = number(args, "threadId"), from = number(args, "startFrame"), levels = number(args, "levels");
	json_t *j = engine_ask(d->e, json_pack("{s:s,s:i}", "do", "stack", "run", run)), *list = json_array(), *f;
	json_t *frames = json_object_get(j, "frames");
	size_t i;

	json_array_foreach(frames, i, f) {
		json_t *out;

		if ((int)i < from || (levels > 0 && (int)i >= from + levels) || i >= FRAMES)
			continue;
		out = json_pack("{s:i,s:s,s:o,s:i,s:i}", "id", run * FRAMES + (int)i, "name", string(f, "route"), "source",
				source_of(string(f, "file")), "line", number(f, "line") - d->lines_from_0, "column", number(f, "column"));
		if (json_is_true(json_object_get(f, "past")))
			json_object_set_new(out, "presentationHint", json_string("subtle"));
		json_array_append_new(list, out);
	}
	i = json_array_size(frames);
	json_decref(j);
	answer(d, req, json_pack("{s:o,s:i}", "stackFrames", list, "totalFrames", (int)i));
}

static void scopes(struct dap *d, json_t *req, json_t *args)
{
	int run = number(args, "frameId") / FRAMES;

	answer(d, req, json_pack("{s:[{s:s,s:i,s:b},{s:s,s:i,s:b},{s:s,s:i,s:b}]}", "scopes",
				 "name", "Variables", "variablesReference", run * SCOPES + SCOPE_VARIABLES, "expensive", 0,
				 "name", "Message", "variablesReference", run * SCOPES + SCOPE_MESSAGE, "expensive", 0,
				 "name", "Transaction", "variablesReference", run * SCOPES + SCOPE_TXN, "expensive", 0));
}

static void add_variable(json_t *list, struct str name, struct str value)
{
	json_array_append_new(list, json_pack("{s:o,s:o,s:i}", "name", json_stringn(name.p, name.n), "value",
					      value.n ? json_stringn(value.p, value.n) : json_string(""), "variablesReference", 0));
}

/* "Name: value" lines. */
static void lines_as_variables(json_t *list, const char *text)
{
	struct str rest = str_of(text);
	unsigned n = 0;
	char buf[24];

	while (rest.n) {
		struct str line = str_rtrim(str_cut(&rest, '\n')), value = line, name = str_cut(&value, ':');

		if (!line.n)
			continue;
		snprintf(buf, sizeof(buf), "line %u", ++n);
		if (name.n && name.n < line.n && str_chr(name, ' ') == STR_NONE)
			add_variable(list, name, str_trim(value));
		else
			add_variable(list, str_of(buf), line);
	}
}

static void variables(struct dap *d, json_t *req, json_t *args)
{
	static const char *const question[] = {"", "variables", "message", "txn"};
	int ref = number(args, "variablesReference");
	json_t *j = engine_ask(d->e, json_pack("{s:s,s:i}", "do", question[ref % SCOPES], "run", ref / SCOPES)), *list = json_array(), *v;
	size_t i;

	json_array_foreach(json_object_get(j, "list"), i, v) {
		add_variable(list, str_of(string(v, "name")), str_of(string(v, "value")));
		json_object_set(json_array_get(list, json_array_size(list) - 1), "evaluateName", json_object_get(v, "name"));
	}
	if (string(j, "text"))
		lines_as_variables(list, string(j, "text"));
	else if (string(j, "error"))
		add_variable(list, S("(none)"), str_of(string(j, "error")));
	json_decref(j);
	answer(d, req, json_pack("{s:o}", "variables", list));
}

static void evaluate(struct dap *d, json_t *req, json_t *args)
{
	struct str v, what = str_of(string(args, "expression"));

	if (!engine_eval(d->e, what, (uint32_t)(number(args, "frameId") / FRAMES), &v))
		refuse(d, req, v.p ? v.p : "");
	else
		answer(d, req, json_pack("{s:o,s:i}", "result", json_stringn(v.p, v.n), "variablesReference", 0));
}

static void set_variable(struct dap *d, json_t *req, json_t *args)
{
	const char *name = string(args, "name"), *value = string(args, "value");
	uint32_t run = (uint32_t)(number(args, "variablesReference") / SCOPES);
	struct str v;

	if (!name || !value || !engine_eval(d->e, str_printf(d->a, "%s = %s", name, value), run, &v)) {
		refuse(d, req, name && value && v.p ? v.p : "a name and a value");
		return;
	}
	engine_eval(d->e, str_of(name), run, &v);
	answer(d, req, json_pack("{s:o,s:i}", "value", json_stringn(v.p, v.n), "variablesReference", 0));
}

/* ---- moves ---- */

static void move_continue(struct dap *d, json_t *req, json_t *args)
{
	(void)args;
	carry_out(d, req, ENGINE_CONTINUE);
}

static void move_next(struct dap *d, json_t *req, json_t *args)
{
	(void)args;
	carry_out(d, req, ENGINE_NEXT);
}

static void move_in(struct dap *d, json_t *req, json_t *args)
{
	(void)args;
	carry_out(d, req, ENGINE_STEP);
}

static void move_out(struct dap *d, json_t *req, json_t *args)
{
	(void)args;
	carry_out(d, req, ENGINE_FINISH);
}

static void move_back(struct dap *d, json_t *req, json_t *args)
{
	(void)args;
	carry_out(d, req, ENGINE_BACK);
}

static void move_reverse(struct dap *d, json_t *req, json_t *args)
{
	(void)args;
	carry_out(d, req, ENGINE_REVERSE_CONTINUE);
}

static void nothing(struct dap *d, json_t *req, json_t *args)
{
	(void)args;
	answer(d, req, json_pack("{s:[]}", "breakpoints"));
}

/* ---- dispatch ---- */

static const struct {
	const char *command;
	bool before_launch;
	void (*run)(struct dap *d, json_t *req, json_t *args);
} requests[] = {
	{"initialize", true, initialize},
	{"launch", true, launch},
	{"disconnect", true, disconnect},
	{"terminate", true, disconnect},
	{"configurationDone", false, configuration_done},
	{"restart", false, restart},
	{"setBreakpoints", false, set_breakpoints},
	{"setFunctionBreakpoints", false, set_function_breakpoints},
	{"setExceptionBreakpoints", false, nothing},
	{"dataBreakpointInfo", false, data_breakpoint_info},
	{"setDataBreakpoints", false, set_data_breakpoints},
	{"threads", false, threads},
	{"stackTrace", false, stack_trace},
	{"scopes", false, scopes},
	{"variables", false, variables},
	{"evaluate", false, evaluate},
	{"setVariable", false, set_variable},
	{"continue", false, move_continue},
	{"next", false, move_next},
	{"stepIn", false, move_in},
	{"stepOut", false, move_out},
	{"stepBack", false, move_back},
	{"reverseContinue", false, move_reverse},
};

static void request(struct dap *d, json_t *req)
{
	const char *command = string(req, "command");
	json_t *args = json_object_get(req, "arguments");

	if (!command || !json_object_get(req, "seq"))
		return;
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		if (strcmp(requests[i].command, command) != 0)
			continue;
		if (requests[i].before_launch || d->e)
			requests[i].run(d, req, args);
		else
			refuse(d, req, "nothing is launched");
		return;
	}
	refuse(d, req, "no such request");
}

int dap_serve(FILE *in, FILE *out, dap_load_fn *load, void *arg)
{
	struct dap d = {.in = in, .out = out, .load = load, .load_arg = arg, .a = arena_new(0)};
	enum wire_result r;
	json_t *m;

	while (d.a && !d.done && (r = wire_read(in, &m)) != WIRE_END && r != WIRE_BAD_FRAME) {
		if (r != WIRE_OK)
			continue;
		request(&d, m);
		json_decref(m);
	}
	engine_free(&d.e);
	json_decref(d.launched);
	arena_free(&d.a);
	return d.done ? 0 : 1;
}
