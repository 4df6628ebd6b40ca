/* SPDX-License-Identifier: Apache-2.0 */
/* The parent: children, moves, breakpoints as places of the script. */
#include "debug/engine.h"

#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/program.h"
#include "lsp/wire.h"

struct engine {
	struct arena *a;
	struct engine_opts o;
	struct expr_scope *scope;
	pid_t child;
	FILE *in, *out;
	struct engine_stop at;
	struct engine_break breaks[ENGINE_BREAKS_MAX];
	struct {
		int id;
		struct str text;
	} watches[ENGINE_WATCHES_MAX];
	int next_id;
};

struct engine *engine_new(struct arena *a, const struct engine_opts *o)
{
	struct engine *e = arena_new_of(a, struct engine);

	if (!e)
		return NULL;
	*e = (struct engine){.a = a, .o = *o, .next_id = 1, .at = {.reason = "entry"}};
	e->scope = expr_scope_new(a, o->c, o->replay.program);
	return e->scope ? e : NULL;
}

/* ---- the child ---- */

static void end_child(struct engine *e)
{
	if (!e->child)
		return;
	kill(e->child, SIGKILL);
	waitpid(e->child, NULL, 0);
	e->child = 0;
	if (e->in)
		fclose(e->in);
	if (e->out)
		fclose(e->out);
	e->in = e->out = NULL;
}

void engine_free(struct engine **e)
{
	if (*e)
		end_child(*e);
	*e = NULL;
}

/* The next thing that is no output; NULL: the child died. */
static json_t *listen_to(struct engine *e)
{
	json_t *j;

	while (e->in && wire_read(e->in, &j) == WIRE_OK) {
		const char *line = json_string_value(json_object_get(j, "out"));

		if (!line)
			return j;
		if (e->o.output)
			e->o.output(e->o.arg, line);
		json_decref(j);
	}
	return NULL;
}

json_t *engine_ask(struct engine *e, json_t *question)
{
	if (!e->child || !e->out) {
		json_decref(question);
		return NULL;
	}
	return wire_write(e->out, question) ? listen_to(e) : NULL;
}

static bool tell_breaks(struct engine *e)
{
	json_t *list = json_array(), *watches = json_array(), *answer;
	bool ok;

	for (size_t i = 0; i < ENGINE_BREAKS_MAX; i++) {
		const struct engine_break *b = &e->breaks[i];
		json_t *sites;

		if (!b->id || !b->enabled)
			continue;
		sites = json_array();
		for (size_t k = 0; k < b->n_sites; k++)
			json_array_append_new(sites, json_integer(b->sites[k]));
		json_array_append_new(list, json_pack("{s:i,s:o,s:i,s:s#,s:s#}", "id", b->id, "sites", sites, "ignore", (int)b->ignore,
						      "condition", b->condition.n ? b->condition.p : "", (int)b->condition.n, "log",
						      b->log.n ? b->log.p : "", (int)b->log.n));
	}
	for (size_t i = 0; i < ENGINE_WATCHES_MAX; i++)
		if (e->watches[i].id)
			json_array_append_new(watches, json_pack("{s:i,s:s#}", "id", e->watches[i].id, "text", e->watches[i].text.p,
								 (int)e->watches[i].text.n));
	answer = engine_ask(e, json_pack("{s:s,s:o}", "do", "breaks", "list", list));
	ok = answer && !json_object_get(answer, "error");
	json_decref(answer);
	answer = engine_ask(e, json_pack("{s:s,s:o}", "do", "watches", "list", watches));
	ok &= answer && !json_object_get(answer, "error");
	json_decref(answer);
	return ok;
}

/* A fresh child before the first statement, breakpoints told. */
static bool new_child(struct engine *e)
{
	int fd[2];
	json_t *hello;

	end_child(e);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd))
		return false;
	fflush(NULL);
	e->child = fork();
	if (e->child == 0) {
		struct engine_child_opts co = {.o = &e->o, .scope = e->scope, .fd = fd[1]};

		close(fd[0]);
		signal(SIGINT, SIG_IGN); /* the terminal's interrupt is for the debugger */
		engine_child(&co);
	}
	close(fd[1]);
	if (e->child == -1) {
		e->child = 0;
		close(fd[0]);
		return false;
	}
	e->in = fdopen(fd[0], "r");
	e->out = fdopen(dup(fd[0]), "w");
	hello = e->in && e->out ? listen_to(e) : NULL;
	if (!hello || json_object_get(hello, "error")) {
		json_decref(hello);
		end_child(e);
		return false;
	}
	json_decref(hello);
	return tell_breaks(e);
}

static void lost(struct engine *e)
{
	end_child(e);
	e->at = (struct engine_stop){.reason = "lost", .step = e->at.step};
}

/* Send a go and wait for where it stops. */
static void go(struct engine *e, json_t *question, struct engine_stop *ret)
{
	static const char *const reasons[] = {"step", "breakpoint", "watch", "end"};
	json_t *j = engine_ask(e, question), *s = json_object_get(j, "stop");
	const char *reason = json_string_value(json_object_get(s, "reason")), *text;

	if (!reason) {
		json_decref(j);
		lost(e);
		*ret = e->at;
		return;
	}
	text = json_string_value(json_object_get(s, "text"));
	e->at = (struct engine_stop){.reason = "step", .id = (int)json_integer_value(json_object_get(s, "id")),
				     .step = (uint64_t)json_integer_value(json_object_get(s, "step")),
				     .time_us = (uint64_t)json_integer_value(json_object_get(s, "time")),
				     .run = (uint32_t)json_integer_value(json_object_get(s, "run")),
				     .site = (uint32_t)json_integer_value(json_object_get(s, "site")),
				     .text = str_dup(e->a, str_of(text))};
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (strcmp(reason, reasons[i]) == 0)
			e->at.reason = reasons[i];
	json_decref(j);
	*ret = e->at;
}

static void forget_temporary(struct engine *e, const struct engine_stop *s)
{
	struct engine_break *b = s->id ? engine_break_find(e, s->id) : NULL;
	const char *why;

	if (b && b->temporary) {
		engine_break_remove(e, b->id);
		engine_breaks_changed(e, &why);
	}
}

void engine_start(struct engine *e, struct engine_stop *ret)
{
	e->at = (struct engine_stop){.reason = "entry"};
	if (!new_child(e))
		lost(e);
	*ret = e->at;
}

static uint32_t depth_here(struct engine *e)
{
	json_t *j = engine_ask(e, json_pack("{s:s}", "do", "depth"));
	uint32_t depth = (uint32_t)json_integer_value(json_object_get(j, "depth"));

	json_decref(j);
	return depth;
}

void engine_goto(struct engine *e, uint64_t step, struct engine_stop *ret)
{
	if (step <= e->at.step && !new_child(e)) {
		lost(e);
		*ret = e->at;
		return;
	}
	if (step == 0) {
		e->at = (struct engine_stop){.reason = "entry"};
		*ret = e->at;
		return;
	}
	go(e, json_pack("{s:s,s:s,s:I,s:b}", "do", "go", "mode", "to", "limit", (json_int_t)step, "quiet", 1), ret);
}

/* Run again up to here, looking for the last step before that the move wants; then go there. */
static void backwards(struct engine *e, enum engine_move m, struct engine_stop *ret)
{
	uint64_t here = e->at.step, found;
	uint32_t run = e->at.run, depth = run ? depth_here(e) : STORY_DEPTH_MAX;
	bool ended = strcmp(e->at.reason, "end") == 0;
	json_t *j;
	int id;

	if (!here || !new_child(e)) {
		if (here)
			lost(e);
		*ret = e->at;
		return;
	}
	if (ended)
		here++; /* the last statement itself may be found */
	j = engine_ask(e, json_pack("{s:s,s:s,s:i,s:I,s:i,s:i,s:b}", "do", "go", "mode", "scan", "move", (int)m, "limit",
				    (json_int_t)here, "run", (int)run, "depth", (int)depth, "quiet", 1));
	found = (uint64_t)json_integer_value(json_object_get(j, "found"));
	id = (int)json_integer_value(json_object_get(j, "id"));
	json_decref(j);
	e->at.step = here + 1; /* so that goto begins anew */
	engine_goto(e, found, ret);
	if (id && found) {
		e->at.reason = ret->reason = engine_break_find(e, id) ? "breakpoint" : "watch";
		e->at.id = ret->id = id;
	}
}

void engine_move(struct engine *e, enum engine_move m, uint32_t line, struct engine_stop *ret)
{
	uint32_t depth;

	if (m >= ENGINE_BACK) {
		backwards(e, m, ret);
		return;
	}
	if (!e->child) {
		*ret = e->at;
		return;
	}
	depth = e->at.run ? depth_here(e) : 0;
	if (m == ENGINE_UNTIL && !line && e->at.site)
		line = e->o.replay.program->sites[e->at.site].line + 1;
	/* before the first statement every move stops at it, but for continue */
	if (!e->at.step && m != ENGINE_CONTINUE)
		go(e, json_pack("{s:s,s:s,s:i}", "do", "go", "mode", "to", "limit", 1), ret);
	else
		go(e, json_pack("{s:s,s:i,s:i,s:i,s:i}", "do", "go", "move", (int)m, "run", (int)e->at.run, "depth", (int)depth,
				"line", (int)line), ret);
	forget_temporary(e, ret);
}

const struct engine_stop *engine_at(const struct engine *e)
{
	return &e->at;
}

const struct program *engine_program(const struct engine *e)
{
	return e->o.replay.program;
}

bool engine_eval(struct engine *e, struct str text, uint32_t run, struct str *ret)
{
	json_t *j = engine_ask(e, json_pack("{s:s,s:s#,s:i}", "do", "eval", "text", text.n ? text.p : "", (int)text.n, "run", (int)run));
	const char *value = json_string_value(json_object_get(j, "value"));
	const char *error = json_string_value(json_object_get(j, "error"));

	*ret = str_dup(e->a, str_of(value ? value : error ? error : "nothing is stopped"));
	json_decref(j);
	return value != NULL;
}

/* ---- places ---- */

static void add_site(struct engine *e, struct engine_break *b, uint32_t site)
{
	if (!b->sites)
		b->sites = arena_calloc(e->a, e->o.replay.program->n_sites + 1, sizeof(*b->sites));
	if (b->sites)
		b->sites[b->n_sites++] = site;
}

/* The statements of a line: one that has none stands for the next that has. */
static bool line_sites(struct engine *e, struct engine_break *b, struct str file, uint32_t line)
{
	const struct program *p = e->o.replay.program;
	uint32_t best = UINT32_MAX, first = 0;

	for (uint32_t i = 1; i < p->n_sites; i++)
		if (p->sites[i].line >= line && p->sites[i].line < best && program_site_in(&p->sites[i], file))
			best = p->sites[i].line;
	/* stop once per line: at its first statement */
	for (uint32_t i = 1; i < p->n_sites; i++)
		if (p->sites[i].line == best && program_site_in(&p->sites[i], file) &&
		    (!first || p->sites[i].column < p->sites[first].column))
			first = i;
	for (uint32_t i = 1; first && i < p->n_sites; i++) /* a loop's head has several sites */
		if (p->sites[i].line == best && p->sites[i].column == p->sites[first].column && program_site_in(&p->sites[i], file))
			add_site(e, b, i);
	b->moved = best != line;
	return b->n_sites > 0;
}

static uint32_t site_of(const struct engine *e, const struct ast *n)
{
	struct source_pos at = source_pos(&e->o.c->source, n->loc);

	return program_site_find(e->o.replay.program, at.file, at.line, at.column);
}

/* "route NAME", "route[NAME]", "failure_route[NAME]", "request_route": its first statement. */
static bool route_sites(struct engine *e, struct engine_break *b, struct str where)
{
	struct str kind = str_head(where, str_chr(where, '[') == STR_NONE ? where.n : str_chr(where, '['));
	struct str name = str_skip(where, kind.n + 1);

	if (name.n && name.p[name.n - 1] == ']')
		name.n--;
	if (str_starts(where, S("route "))) {
		kind = S("route");
		name = str_trim(str_skip(where, 6));
	}
	for (size_t i = 0; i < e->o.c->program->routes.n; i++) {
		const struct sema_route *r = e->o.c->program->routes.v[i];
		uint32_t site;

		if (!str_eq(str_of(ast_route_kind_name(r->kind)), kind) || !str_eq(r->name, name))
			continue;
		for (const struct ast *n = r->bodies ? r->bodies->node->kid[0] : NULL; n && !b->n_sites; n = n->next) {
			site = site_of(e, n);
			if (site)
				add_site(e, b, site);
		}
	}
	return b->n_sites > 0;
}

struct call_search {
	struct engine *e;
	struct engine_break *b;
	struct str name;
	uint32_t site; /* of the statement around */
};

static void find_calls(void *arg, struct ast *n)
{
	struct call_search *s = arg;
	uint32_t before = s->site, here = n->kind >= AST_CALL && n->kind <= AST_BREAK ? site_of(s->e, n) : 0;

	if (here)
		s->site = here;
	if (n->kind == AST_CALL && str_eq(n->text, s->name) && s->site &&
	    (!s->b->n_sites || s->b->sites[s->b->n_sites - 1] != s->site))
		add_site(s->e, s->b, s->site);
	ast_each_child(n, find_calls, s);
	s->site = before;
}

static bool function_sites(struct engine *e, struct engine_break *b, struct str name)
{
	struct call_search s = {.e = e, .b = b, .name = name};

	for (struct ast *n = e->o.c->script.items; n; n = n->next)
		if (n->kind == AST_ROUTE)
			for (struct ast *k = n->kid[0]; k; k = k->next)
				find_calls(&s, k);
	return b->n_sites > 0;
}

struct engine_break *engine_break_add(struct engine *e, struct str where, const char **why)
{
	struct str file = str_of(e->o.c->file), line = where;
	size_t colon = str_rchr(where, ':');
	struct engine_break *b = NULL;
	uint64_t n;
	bool found;

	*why = "too many breakpoints";
	for (size_t i = 0; i < ENGINE_BREAKS_MAX && !b; i++)
		b = e->breaks[i].id ? NULL : &e->breaks[i];
	if (!b)
		return NULL;
	*b = (struct engine_break){.enabled = true, .shown = str_dup(e->a, where)};
	if (colon != STR_NONE && str_to_u64(str_skip(where, colon + 1), 10000000, &n)) {
		file = str_head(where, colon);
		line = str_skip(where, colon + 1);
	}
	*why = "nothing in the script is there or has that name";
	if (str_to_u64(line, 10000000, &n))
		found = line_sites(e, b, file, (uint32_t)n);
	else
		found = route_sites(e, b, where) || function_sites(e, b, where);
	if (!found)
		return NULL;
	b->id = e->next_id++;
	return b;
}

struct engine_break *engine_break_find(struct engine *e, int id)
{
	for (size_t i = 0; i < ENGINE_BREAKS_MAX; i++)
		if (id && e->breaks[i].id == id)
			return &e->breaks[i];
	return NULL;
}

struct engine_break *engine_break_at(struct engine *e, size_t i)
{
	return i < ENGINE_BREAKS_MAX ? &e->breaks[i] : NULL;
}

void engine_break_remove(struct engine *e, int id)
{
	struct engine_break *b = engine_break_find(e, id);

	if (b)
		*b = (struct engine_break){0};
}

bool engine_breaks_changed(struct engine *e, const char **why)
{
	/* compiled here first, so that every later child has the code already */
	for (size_t i = 0; i < ENGINE_BREAKS_MAX; i++)
		if (e->breaks[i].id && e->breaks[i].condition.n && !expr_compile(e->scope, e->breaks[i].condition, why))
			return false;
	*why = "the child did not take it";
	return !e->child || tell_breaks(e);
}

int engine_watch(struct engine *e, struct str expr, const char **why)
{
	if (!expr_compile(e->scope, expr, why))
		return 0;
	*why = "too many watches";
	for (size_t i = 0; i < ENGINE_WATCHES_MAX; i++)
		if (!e->watches[i].id) {
			e->watches[i].id = e->next_id++;
			e->watches[i].text = str_dup(e->a, str_trim(expr));
			return engine_breaks_changed(e, why) ? e->watches[i].id : 0;
		}
	return 0;
}

bool engine_unwatch(struct engine *e, int id)
{
	const char *why;

	for (size_t i = 0; i < ENGINE_WATCHES_MAX; i++)
		if (id && e->watches[i].id == id) {
			e->watches[i].id = 0;
			engine_breaks_changed(e, &why);
			return true;
		}
	return false;
}
