/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of the terminal debugger, as a table; an unambiguous beginning of a name will do. */
#include "debug/console.h"

#include <histedit.h>
#include <stdlib.h>
#include <unistd.h>

#include "abi/program.h"
#include "base/sb.h"
#include "trace/trace.h"

struct console {
	struct arena *a;
	struct engine *e;
	struct engine_opts *o;
	FILE *in, *out;
	bool quit;
	EditLine *el; /* NULL: not a terminal */
	History *history;
	uint32_t run;  /* chosen by `run N`, 0: the one that is stopped */
	uint32_t listed; /* last line that list showed */
	struct str displays[16];
	size_t n_displays;
	char last[1024]; /* an empty line repeats it */
};

struct command {
	const char *name, *alias, *args, *doc;
	void (*run)(struct console *c, struct str args);
};

static const struct command *commands(size_t *n);

static void say(struct console *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say(struct console *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(c->out, fmt, ap);
	va_end(ap);
	fputc('\n', c->out);
}

static void output(void *arg, const char *line)
{
	struct console *c = arg;

	say(c, "  %s", line);
}

/* ---- where it stands ---- */

static void show_line(struct console *c, const char *file, uint32_t line, bool here)
{
	struct str text = trace_line(c->o->c, file, line);

	fprintf(c->out, "%s %5u  " STR_FMT "\n", here ? "=>" : "  ", line, STR_ARG(text));
}

static void show_stop(struct console *c, const struct engine_stop *s)
{
	const struct program_site *site = &engine_program(c->e)->sites[s->site];

	c->run = 0;
	if (strcmp(s->reason, "end") == 0) {
		say(c, "[the input has ended after %llu statements]", (unsigned long long)s->step);
		return;
	}
	if (strcmp(s->reason, "lost") == 0) {
		say(c, "[the script's process has died; run starts again]");
		return;
	}
	if (!s->step) {
		say(c, "[before the first statement]");
		return;
	}
	if (s->id)
		say(c, "[%s %d%s" STR_FMT "]", s->reason, s->id, s->text.n ? ": " : "", STR_ARG(s->text));
	say(c, STR_FMT "  step %llu, run %u, %.6f s", STR_ARG(trace_place(c->a, engine_program(c->e), s->site)),
	    (unsigned long long)s->step, s->run, (double)s->time_us / 1e6);
	show_line(c, site->file, site->line, true);
	c->listed = 0;
	for (size_t i = 0; i < c->n_displays; i++) {
		struct str v;

		engine_eval(c->e, c->displays[i], 0, &v);
		say(c, "  " STR_FMT " = " STR_FMT, STR_ARG(c->displays[i]), STR_ARG(v));
	}
}

static void move(struct console *c, enum engine_move m, uint32_t line)
{
	struct engine_stop s;

	engine_move(c->e, m, line, &s);
	show_stop(c, &s);
}

/* Repeat `n` times, as long as it is only a step. */
static void moves(struct console *c, enum engine_move m, struct str args)
{
	uint64_t n = 1;
	struct engine_stop s;

	if (args.n && !str_to_u64(args, 1000000, &n)) {
		say(c, "a number of times, please");
		return;
	}
	do
		engine_move(c->e, m, 0, &s);
	while (--n > 0 && strcmp(s.reason, "step") == 0);
	show_stop(c, &s);
}

static void do_run(struct console *c, struct str args)
{
	struct engine_stop s;

	(void)args;
	engine_start(c->e, &s);
	if (strcmp(s.reason, "lost") != 0)
		engine_move(c->e, ENGINE_CONTINUE, 0, &s);
	show_stop(c, &s);
}

static void do_start(struct console *c, struct str args)
{
	struct engine_stop s;

	(void)args;
	engine_start(c->e, &s);
	if (strcmp(s.reason, "lost") != 0)
		engine_move(c->e, ENGINE_STEP, 0, &s);
	show_stop(c, &s);
}

static void do_continue(struct console *c, struct str args)
{
	(void)args;
	move(c, ENGINE_CONTINUE, 0);
}

static void do_step(struct console *c, struct str args)
{
	moves(c, ENGINE_STEP, args);
}

static void do_next(struct console *c, struct str args)
{
	moves(c, ENGINE_NEXT, args);
}

static void do_finish(struct console *c, struct str args)
{
	(void)args;
	move(c, ENGINE_FINISH, 0);
}

static void do_until(struct console *c, struct str args)
{
	uint64_t line = 0;

	if (args.n && !str_to_u64(args, 10000000, &line))
		say(c, "until takes a line");
	else
		move(c, ENGINE_UNTIL, (uint32_t)line);
}

static void do_back(struct console *c, struct str args)
{
	moves(c, ENGINE_BACK, args);
}

static void do_rstep(struct console *c, struct str args)
{
	moves(c, ENGINE_REVERSE_STEP, args);
}

static void do_reverse_continue(struct console *c, struct str args)
{
	(void)args;
	move(c, ENGINE_REVERSE_CONTINUE, 0);
}

static void do_goto(struct console *c, struct str args)
{
	struct engine_stop s;
	uint64_t n;

	if (!str_to_u64(args, 1000000000, &n)) {
		say(c, "goto takes the number of a step");
		return;
	}
	engine_goto(c->e, n, &s);
	show_stop(c, &s);
}

/* ---- breakpoints ---- */

static void tell_changed(struct console *c, struct engine_break *b)
{
	const char *why;

	if (engine_breaks_changed(c->e, &why))
		return;
	say(c, "that condition is not taken: %s", why);
	b->condition = STR_NULL;
	engine_breaks_changed(c->e, &why);
}

static struct engine_break *add_break(struct console *c, struct str args)
{
	size_t cond = str_find(args, S(" if "));
	struct str where = str_trim(cond == STR_NONE ? args : str_head(args, cond));
	const char *why;
	struct engine_break *b = engine_break_add(c->e, where, &why);
	const struct program_site *s;

	if (!b) {
		say(c, STR_FMT ": %s", STR_ARG(where), why);
		return NULL;
	}
	if (cond != STR_NONE)
		b->condition = str_dup(c->a, str_trim(str_skip(args, cond + 4)));
	s = &engine_program(c->e)->sites[b->sites[0]];
	say(c, "breakpoint %d at %s:%u%s", b->id, s->file, s->line, b->moved ? " (the line has no statement)" : "");
	return b;
}

static void do_break(struct console *c, struct str args)
{
	struct engine_break *b = add_break(c, args);
	const char *why;

	if (!b || engine_breaks_changed(c->e, &why))
		return;
	say(c, "that condition is not taken: %s", why);
	engine_break_remove(c->e, b->id);
	engine_breaks_changed(c->e, &why);
}

static void do_tbreak(struct console *c, struct str args)
{
	struct engine_break *b = add_break(c, args);

	if (!b)
		return;
	b->temporary = true;
	tell_changed(c, b);
}

/* logpoint WHERE TEXT */
static void do_logpoint(struct console *c, struct str args)
{
	struct str where = str_cut(&args, ' ');
	struct engine_break *b = add_break(c, where);

	if (!b)
		return;
	b->log = str_dup(c->a, str_trim(args));
	tell_changed(c, b);
}

static struct engine_break *numbered(struct console *c, struct str *args)
{
	uint64_t n;
	struct str word = str_cut(args, ' ');
	struct engine_break *b = str_to_u64(word, 1000000, &n) ? engine_break_find(c->e, (int)n) : NULL;

	*args = str_trim(*args);
	if (!b)
		say(c, "there is no breakpoint " STR_FMT, STR_ARG(word));
	return b;
}

static void do_condition(struct console *c, struct str args)
{
	struct engine_break *b = numbered(c, &args);

	if (!b)
		return;
	b->condition = str_dup(c->a, args);
	tell_changed(c, b);
}

static void do_ignore(struct console *c, struct str args)
{
	struct engine_break *b = numbered(c, &args);
	uint64_t n;

	if (!b || !str_to_u64(args, 1000000000, &n))
		return;
	b->ignore = (unsigned)n;
	tell_changed(c, b);
}

static void do_delete(struct console *c, struct str args)
{
	const char *why;
	uint64_t n;

	if (!args.n) {
		for (size_t i = 0; engine_break_at(c->e, i); i++)
			engine_break_remove(c->e, engine_break_at(c->e, i)->id);
	} else if (!str_to_u64(args, 1000000, &n) || (!engine_unwatch(c->e, (int)n) && !engine_break_find(c->e, (int)n))) {
		say(c, "there is no " STR_FMT, STR_ARG(args));
		return;
	} else {
		engine_break_remove(c->e, (int)n);
	}
	engine_breaks_changed(c->e, &why);
}

static void enable(struct console *c, struct str args, bool on)
{
	struct engine_break *b = numbered(c, &args);

	if (!b)
		return;
	b->enabled = on;
	tell_changed(c, b);
}

static void do_enable(struct console *c, struct str args)
{
	enable(c, args, true);
}

static void do_disable(struct console *c, struct str args)
{
	enable(c, args, false);
}

static void do_watch(struct console *c, struct str args)
{
	const char *why;
	int id = engine_watch(c->e, args, &why);

	if (id)
		say(c, "watch %d: " STR_FMT, id, STR_ARG(args));
	else
		say(c, STR_FMT ": %s", STR_ARG(args), why);
}

/* ---- looking ---- */

static void do_print(struct console *c, struct str args)
{
	struct str v;

	engine_eval(c->e, args, c->run, &v);
	say(c, STR_FMT, STR_ARG(v));
}

static void do_set(struct console *c, struct str args)
{
	struct str v;

	if (!engine_eval(c->e, args, c->run, &v))
		say(c, STR_FMT, STR_ARG(v));
}

static void do_display(struct console *c, struct str args)
{
	struct str v;

	if (!engine_eval(c->e, args, 0, &v) && engine_at(c->e)->step) {
		say(c, STR_FMT, STR_ARG(v));
		return;
	}
	if (c->n_displays < sizeof(c->displays) / sizeof(c->displays[0]))
		c->displays[c->n_displays++] = str_dup(c->a, args);
	say(c, "  " STR_FMT " = " STR_FMT, STR_ARG(args), STR_ARG(v));
}

static json_t *ask(struct console *c, const char *what)
{
	json_t *j = engine_ask(c->e, json_pack("{s:s,s:i}", "do", what, "run", (int)c->run));
	const char *error = json_string_value(json_object_get(j, "error"));

	if (j && !error)
		return j;
	say(c, "%s", error ? error : "nothing is stopped");
	json_decref(j);
	return NULL;
}

static void show_frame(struct console *c, const char *mark, json_t *f)
{
	say(c, "%s%s at %s:%d", mark, json_string_value(json_object_get(f, "route")), json_string_value(json_object_get(f, "file")),
	    (int)json_integer_value(json_object_get(f, "line")));
}

static void do_backtrace(struct console *c, struct str args)
{
	json_t *j = ask(c, "stack"), *f;
	bool past = false;
	size_t i;
	char mark[32];

	(void)args;
	json_array_foreach(json_object_get(j, "frames"), i, f) {
		if (json_is_true(json_object_get(f, "past")) && !past)
			say(c, "in the same transaction, before:");
		past |= json_is_true(json_object_get(f, "past"));
		snprintf(mark, sizeof(mark), "#%zu  ", i);
		show_frame(c, past ? "    " : mark, f);
	}
	json_decref(j);
}

static void show_text(struct console *c, const char *what)
{
	json_t *j = ask(c, what);

	if (j)
		fprintf(c->out, "%s", json_string_value(json_object_get(j, "text")));
	json_decref(j);
}

static void show_runs(struct console *c)
{
	json_t *j = ask(c, "runs"), *f;
	char mark[48];
	size_t i;

	json_array_foreach(json_object_get(j, "runs"), i, f) {
		int n = (int)json_integer_value(json_object_get(f, "number"));

		snprintf(mark, sizeof(mark), "%s run %d, message #%d: ", (uint32_t)n == engine_at(c->e)->run ? "*" : " ", n,
			 (int)json_integer_value(json_object_get(f, "message")));
		show_frame(c, mark, f);
	}
	json_decref(j);
}

static void show_breaks(struct console *c)
{
	for (size_t i = 0; engine_break_at(c->e, i); i++) {
		const struct engine_break *b = engine_break_at(c->e, i);
		const struct program_site *s = b->id ? &engine_program(c->e)->sites[b->sites[0]] : NULL;

		if (!s)
			continue;
		fprintf(c->out, "%d  %s:%u  " STR_FMT "%s", b->id, s->file, s->line, STR_ARG(b->shown), b->enabled ? "" : "  (disabled)");
		if (b->condition.n)
			fprintf(c->out, "  if " STR_FMT, STR_ARG(b->condition));
		if (b->ignore)
			fprintf(c->out, "  after %u", b->ignore);
		if (b->log.n)
			fprintf(c->out, "  log " STR_FMT, STR_ARG(b->log));
		fputc('\n', c->out);
	}
}

static void show_routes(struct console *c)
{
	const struct program *p = engine_program(c->e);

	for (uint64_t i = 0; i < p->n_routes; i++)
		say(c, "%s[" STR_FMT "]", ast_route_kind_name(p->routes[i].kind), STR_ARG(p->routes[i].name));
}

static void show_variables(struct console *c)
{
	json_t *j = ask(c, "variables"), *v;
	size_t i;

	json_array_foreach(json_object_get(j, "list"), i, v)
		say(c, "%s = %s", json_string_value(json_object_get(v, "name")), json_string_value(json_object_get(v, "value")));
	json_decref(j);
}

static void do_info(struct console *c, struct str args)
{
	if (str_starts(S("breakpoints"), args) && args.n)
		show_breaks(c);
	else if (str_starts(S("message"), args) || str_eq(args, S("msg")))
		show_text(c, "message");
	else if (str_starts(S("txn"), args) || str_eq(args, S("transaction")))
		show_text(c, "txn");
	else if (str_starts(S("routes"), args))
		show_routes(c);
	else if (str_starts(S("runs"), args) || str_starts(S("threads"), args))
		show_runs(c);
	else if (str_starts(S("variables"), args) || str_starts(S("locals"), args))
		show_variables(c);
	else
		say(c, "info breakpoints, msg, txn, routes, runs, variables");
}

static void do_thread(struct console *c, struct str args)
{
	uint64_t n;

	if (!str_to_u64(args, UINT32_MAX, &n)) {
		say(c, "thread takes the number of a run");
		return;
	}
	c->run = (uint32_t)n;
	do_backtrace(c, STR_NULL);
}

static void do_list(struct console *c, struct str args)
{
	const struct engine_stop *s = engine_at(c->e);
	const struct program_site *site = &engine_program(c->e)->sites[s->site];
	const char *file = s->site ? site->file : c->o->c->file;
	uint32_t here = s->site ? site->line : 0, from = here > 5 ? here - 5 : 1;
	uint64_t n;

	if (args.n && str_to_u64(args, 10000000, &n))
		from = n > 5 ? (uint32_t)n - 5 : 1;
	else if (c->listed)
		from = c->listed + 1;
	for (uint32_t i = from; i < from + 10; i++)
		show_line(c, file, i, i == here);
	c->listed = from + 9;
}

static void do_why(struct console *c, struct str args)
{
	struct str file = str_of(c->o->c->file), line = args;
	size_t colon = str_rchr(args, ':');
	uint64_t n;
	json_t *j;

	if (colon != STR_NONE) {
		file = str_head(args, colon);
		line = str_skip(args, colon + 1);
	}
	if (!str_to_u64(line, 10000000, &n)) {
		say(c, "why takes a line");
		return;
	}
	j = engine_ask(c->e, json_pack("{s:s,s:s#,s:i}", "do", "why", "file", file.p, (int)file.n, "line", (int)n));
	if (json_object_get(j, "text"))
		fprintf(c->out, "%s", json_string_value(json_object_get(j, "text")));
	else
		say(c, "%s", j ? json_string_value(json_object_get(j, "error")) : "nothing is stopped");
	json_decref(j);
}

static void do_quit(struct console *c, struct str args)
{
	(void)args;
	c->quit = true;
}

static void do_help(struct console *c, struct str args)
{
	size_t n;
	const struct command *k = commands(&n);

	(void)args;
	for (size_t i = 0; i < n; i++)
		fprintf(c->out, "  %-18s %-4s %-16s %s\n", k[i].name, k[i].alias, k[i].args, k[i].doc);
}

static const struct command *commands(size_t *n)
{
	static const struct command table[] = {
		{"run", "r", "", "from the beginning to the first breakpoint", do_run},
		{"start", "", "", "from the beginning to the first statement", do_start},
		{"continue", "c", "", "to the next breakpoint", do_continue},
		{"step", "s", "[N]", "the next statement, into routes", do_step},
		{"next", "n", "[N]", "the next statement of this route", do_next},
		{"finish", "fin", "", "out of this route", do_finish},
		{"until", "u", "[LINE]", "to a later line of this route", do_until},
		{"back", "bk", "[N]", "the statement before, of this route", do_back},
		{"rstep", "rs", "[N]", "the statement before, into routes", do_rstep},
		{"reverse-continue", "rc", "", "back to the last breakpoint", do_reverse_continue},
		{"goto", "g", "STEP", "to the statement with that number, either way", do_goto},
		{"break", "b", "WHERE [if EXPR]", "stop at FILE:LINE, LINE, route NAME, or a function", do_break},
		{"tbreak", "tb", "WHERE [if EXPR]", "the same, once", do_tbreak},
		{"logpoint", "lp", "WHERE TEXT", "print TEXT with {expr} replaced, and go on", do_logpoint},
		{"condition", "cond", "N EXPR", "stop only when it is true", do_condition},
		{"ignore", "ig", "N COUNT", "let so many hits pass", do_ignore},
		{"enable", "en", "N", "", do_enable},
		{"disable", "dis", "N", "", do_disable},
		{"delete", "d", "[N]", "a breakpoint or watch; all breakpoints", do_delete},
		{"watch", "w", "EXPR", "stop when the value changes", do_watch},
		{"display", "", "EXPR", "show it at each stop", do_display},
		{"print", "p", "EXPR", "a variable's value; is an expression true?", do_print},
		{"set", "", "$X = EXPR", "assign, as the script would", do_set},
		{"info", "i", "WHAT", "breakpoints, msg, txn, routes, runs, variables", do_info},
		{"backtrace", "bt", "", "routes around, and what the transaction ran before", do_backtrace},
		{"thread", "t", "RUN", "look at another run under way", do_thread},
		{"list", "l", "[LINE]", "the script round here", do_list},
		{"why", "", "[FILE:]LINE", "why has it not run?", do_why},
		{"help", "h", "", "", do_help},
		{"quit", "q", "", "", do_quit},
	};

	*n = sizeof(table) / sizeof(table[0]);
	return table;
}

/* ---- the loop ---- */

static void execute(struct console *c, struct str line)
{
	struct str word = str_trim(line), args;
	const struct command *found = NULL, *k;
	size_t n, end = 0;

	while (end < word.n && word.p[end] != ' ' && word.p[end] != '\t')
		end++;
	args = str_trim(str_skip(word, end));
	word = str_head(word, end);
	k = commands(&n);
	for (size_t i = 0; i < n && !found; i++)
		if (str_eq(word, str_of(k[i].name)) || (k[i].alias[0] && str_eq(word, str_of(k[i].alias))))
			found = &k[i];
	for (size_t i = 0; i < n && !found; i++)
		if (str_starts(str_of(k[i].name), word))
			found = &k[i];
	if (found)
		found->run(c, args);
	else
		say(c, "unknown: " STR_FMT " (help lists the commands)", STR_ARG(word));
}

static char *read_line(struct console *c, char *buf, size_t size)
{
	const char *line;
	HistEvent ev;
	int n;

	fflush(c->out);
	if (!c->el)
		return fgets(buf, (int)size, c->in);
	line = el_gets(c->el, &n);
	if (!line || n <= 0)
		return NULL;
	snprintf(buf, size, "%s", line);
	if (n > 1)
		history(c->history, &ev, H_ENTER, line);
	return buf;
}

static char *prompt(EditLine *el)
{
	static char text[] = "(kiln) ";

	(void)el;
	return text;
}

static void edit_lines(struct console *c)
{
	HistEvent ev;

	if (!isatty(fileno(c->in)) || !isatty(fileno(c->out)))
		return;
	c->el = el_init("kiln", c->in, c->out, stderr);
	c->history = history_init();
	if (!c->el || !c->history)
		return;
	history(c->history, &ev, H_SETSIZE, 500);
	el_set(c->el, EL_PROMPT, prompt);
	el_set(c->el, EL_EDITOR, "emacs");
	el_set(c->el, EL_HIST, history, c->history);
}

int console_run(struct arena *a, struct engine_opts *o, FILE *in, FILE *out)
{
	struct console c = {.a = a, .o = o, .in = in, .out = out};
	char buf[sizeof(c.last)];
	struct engine_stop s;

	o->output = output;
	o->arg = &c;
	c.e = engine_new(a, o);
	if (!c.e)
		return 70;
	edit_lines(&c);
	engine_start(c.e, &s);
	show_stop(&c, &s);
	while (!c.quit && read_line(&c, buf, sizeof(buf))) {
		struct str line = str_trim(str_of(buf));

		if (line.n && line.p[0] == '#')
			continue; /* a comment in a file of commands */
		if (line.n)
			snprintf(c.last, sizeof(c.last), STR_FMT, STR_ARG(line));
		if (c.last[0])
			execute(&c, str_of(c.last));
	}
	engine_free(&c.e);
	if (c.el)
		el_end(c.el);
	if (c.history)
		history_end(c.history);
	fflush(out);
	return 0;
}
