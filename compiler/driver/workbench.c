/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs that run a script offline, in the simulated world: trace, debug, the debug adapter, test; and attach, to a running server. */
#include "driver/workbench.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "codegen/codegen.h"
#include "debug/console.h"
#include "debug/dap.h"
#include "lower/lower.h"
#include "test/test.h"
#include "trace/trace.h"

bool workbench_option(int argc, char **argv, int *i, const char *name, const char **value)
{
	size_t n = strlen(name);

	if (strncmp(argv[*i], name, n) != 0)
		return false;
	if (argv[*i][n] == '=') {
		*value = argv[*i] + n + 1;
		return true;
	}
	if (argv[*i][n] || *i + 1 >= argc)
		return false;
	*value = argv[++*i];
	return true;
}

int workbench_compile(struct workbench *w)
{
	struct codegen_input in;
	int code;

	w->o.front.no_lint = true;
	w->c = compile_front(&w->o.front, w->o.files.v[0]);
	if (!w->c)
		return EXIT_INTERNAL;
	print_diags(stderr, &w->o, w->c);
	code = compile_exit_code(&w->o, w->c);
	if (code != EXIT_OK)
		return code;
	in = (struct codegen_input){.arena = w->c->arena, .source = &w->c->source, .pp = &w->c->pp, .file = w->c->file};
	in.rir = lower_run(w->c->arena, w->c->program, &w->c->source, true);
	w->program = in.rir ? codegen_jit(&in) : NULL;
	return w->program ? EXIT_OK : EXIT_INTERNAL;
}

int workbench_read(struct workbench *w)
{
	const char *why = NULL;

	if (!w->input)
		return EXIT_OK;
	if (capture_read(w->c->arena, w->input, &w->capture, &why)) {
		fprintf(stderr, "kiln: %s: %s\n", w->input, why ? why : "out of memory");
		return EXIT_NO_INPUT;
	}
	return EXIT_OK;
}

bool workbench_parse(int argc, char **argv, struct workbench *w, workbench_option_fn *more, void *arg)
{
	static char minus_a[] = "-A";
	char *rest_argv[256];
	int n = 0, rest;

	w->after_ms = REPLAY_AFTER_DEFAULT;
	w->seed = 1;
	for (int i = 0; i < argc && n < 255; i++) {
		const char *v;

		if (workbench_option(argc, argv, &i, "--sip", &v) || workbench_option(argc, argv, &i, "--pcap", &v))
			w->input = v;
		else if (workbench_option(argc, argv, &i, "--server", &v))
			w->server = v;
		else if (workbench_option(argc, argv, &i, "--seed", &v))
			w->seed = strtoull(v, NULL, 10);
		else if (workbench_option(argc, argv, &i, "--for", &v))
			w->after_ms = (uint32_t)(strtod(v, NULL) * 1000);
		else if (workbench_option(argc, argv, &i, "--log", &v))
			w->log_level = (int)strtol(v, NULL, 10);
		else if (workbench_option(argc, argv, &i, "--define", &v) && n < 253) {
			rest_argv[n++] = minus_a;
			rest_argv[n++] = argv[i];
		} else if (!more || !more(arg, argc, argv, &i))
			rest_argv[n++] = argv[i];
	}
	return driver_parse(n, rest_argv, &w->o, &rest) && w->o.files.n == 1;
}

/* ---- trace ---- */

struct trace_opts {
	bool ladder, svg, brief;
	const char *why;
};

static bool trace_option(void *arg, int argc, char **argv, int *i)
{
	struct trace_opts *t = arg;
	const char *v;

	if (strcmp(argv[*i], "--ladder") == 0 || strcmp(argv[*i], "--ladder=text") == 0)
		return t->ladder = true;
	if (strcmp(argv[*i], "--ladder=svg") == 0)
		return t->ladder = t->svg = true;
	if (strcmp(argv[*i], "--brief") == 0)
		return t->brief = true;
	if (!workbench_option(argc, argv, i, "--why", &v))
		return false;
	t->why = v;
	return true;
}

static bool why_line(struct workbench *w, const struct story *s, const char *where, struct sb *out)
{
	struct str file = str_of(where), line = file;
	size_t colon = str_rchr(file, ':');
	uint64_t n;

	line = colon == STR_NONE ? file : str_skip(file, colon + 1);
	file = colon == STR_NONE ? str_of(w->o.files.v[0]) : str_head(file, colon);
	if (!str_to_u64(line, 10000000, &n)) {
		fprintf(stderr, "kiln: --why takes LINE or FILE:LINE\n");
		return false;
	}
	if (trace_why(w->c, s, file, (uint32_t)n, out))
		return true;
	fprintf(stderr, "kiln: no statement begins at %s\n", where);
	return false;
}

static void put(FILE *to, struct sb *b)
{
	if (b->n)
		fwrite(b->p, 1, b->n, to);
	sb_reset(b);
}

static int trace_show(struct workbench *w, const struct trace_opts *t, struct story *s, struct replay *r, FILE *to)
{
	struct trace_printer printer = {.c = w->c, .p = w->program, .arena = w->c->arena, .bytes = !t->brief};
	const struct replay_expected *x;
	int code = EXIT_OK;
	unsigned n;
	struct sb b;

	sb_init(&b, w->c->arena, 1 << 28);
	for (size_t i = 0; !t->ladder && !t->why && i < s->n; i++) {
		trace_event(&printer, &s->v[i], &b);
		put(to, &b);
	}
	if (t->ladder && t->svg)
		ladder_svg(w->c, s, w->c->arena, &b);
	else if (t->ladder)
		ladder_text(s, w->c->arena, &b);
	if (t->why && !why_line(w, s, t->why, &b))
		code = EXIT_USAGE;
	x = replay_expectations(r, &n);
	if (n && !t->svg && !t->why) {
		sb_addc(&b, '\n');
		trace_expectations(w->c->arena, x, n, replay_unexpected(r), &b);
	}
	put(to, &b);
	if (s->full)
		fprintf(stderr, "kiln: the trace was cut after %zu events\n", s->n);
	return code;
}

int verb_trace(int argc, char **argv)
{
	struct workbench w = {.log_level = 0};
	struct trace_opts t = {0};
	struct replay *r = NULL;
	struct story story;
	FILE *to = stdout;
	int code;

	if (!workbench_parse(argc, argv, &w, trace_option, &t) || !w.input)
		return driver_usage(stderr);
	code = workbench_compile(&w);
	if (code == EXIT_OK)
		code = workbench_read(&w);
	if (code == EXIT_OK && w.o.output && !(to = fopen(w.o.output, "w"))) {
		fprintf(stderr, "kiln: cannot write %s\n", w.o.output);
		code = EXIT_NO_INPUT;
	}
	if (code == EXIT_OK) {
		struct replay_opts ro = {.program = w.program, .capture = &w.capture, .server = w.server, .seed = w.seed,
					 .after_ms = w.after_ms, .log_level = w.log_level};

		story_init(&story, w.c->arena, w.program, 0, 0);
		if (replay_new(w.c->arena, &ro, &story, &r)) {
			fprintf(stderr, "kiln: the server did not start\n");
			code = EXIT_NO_START;
		}
	}
	if (code == EXIT_OK) {
		while (replay_step(r))
			;
		code = trace_show(&w, &t, &story, r, to);
	}
	replay_free(&r);
	if (to && to != stdout)
		fclose(to);
	if (w.c)
		compile_free(&w.c);
	return code;
}

/* ---- debug ---- */

int verb_debug(int argc, char **argv)
{
	struct workbench w = {.log_level = 0};
	int code;

	if (!workbench_parse(argc, argv, &w, NULL, NULL) || !w.input)
		return driver_usage(stderr);
	code = workbench_compile(&w);
	if (code == EXIT_OK)
		code = workbench_read(&w);
	if (code == EXIT_OK) {
		struct engine_opts eo = {.c = w.c, .replay = {.program = w.program, .capture = &w.capture, .server = w.server,
							       .seed = w.seed, .after_ms = w.after_ms, .log_level = w.log_level}};

		code = console_run(w.c->arena, &eo, stdin, stdout);
	}
	if (w.c)
		compile_free(&w.c);
	return code;
}

/* ---- the debug adapter ---- */

static bool dap_load(void *arg, const struct dap_launch *l, struct engine_opts *ret, const char **why)
{
	struct workbench *w = arg;

	w->o.front.stop = STAGE_ALL;
	w->o.front.compat = w->o.front.compat ? w->o.front.compat : 5;
	w->o.files = (struct front_list){.v = {l->program}, .n = 1};
	w->input = l->capture;
	w->server = l->server;
	w->seed = l->seed ? l->seed : 1;
	w->after_ms = l->run_on > 0 ? (uint32_t)(l->run_on * 1000) : REPLAY_AFTER_DEFAULT;
	for (size_t i = 0; i < l->n_defines && w->o.front.defines.n < FRONT_LIST_MAX; i++)
		w->o.front.defines.v[w->o.front.defines.n++] = l->defines[i];
	*why = "the script does not compile; its errors are on standard error";
	if (workbench_compile(w) != EXIT_OK)
		return false;
	*why = "the file of messages cannot be read";
	if (workbench_read(w) != EXIT_OK)
		return false;
	*ret = (struct engine_opts){.c = w->c, .replay = {.program = w->program, .capture = &w->capture, .server = w->server,
							   .seed = w->seed, .after_ms = w->after_ms}};
	return true;
}

int verb_dap(int argc, char **argv)
{
	struct workbench w = {0};
	int code;

	(void)argv;
	if (argc)
		return driver_usage(stderr);
	code = dap_serve(stdin, stdout, dap_load, &w);
	if (w.c)
		compile_free(&w.c);
	return code;
}

/* ---- test ---- */

static bool test_option(struct test_opts *t, int argc, char **argv, int *i)
{
	static const char *const kinds[] = {"--coverage=text", "--coverage=lcov", "--coverage=html"};
	const char *v;

	for (int k = 0; k < 3; k++)
		if (strcmp(argv[*i], kinds[k]) == 0) {
			t->coverage = (enum test_coverage)(COVERAGE_TEXT + k);
			return true;
		}
	if (strcmp(argv[*i], "--tap") == 0)
		return t->tap = true;
	if (strcmp(argv[*i], "--watch") == 0)
		return t->watch = true;
	if (workbench_option(argc, argv, i, "--junit", &v)) {
		t->junit = v;
		return true;
	}
	if (workbench_option(argc, argv, i, "--seed", &v)) {
		t->seed = strtoull(v, NULL, 10);
		return true;
	}
	if (workbench_option(argc, argv, i, "--runs", &v)) {
		t->runs = (unsigned)strtoul(v, NULL, 10);
		return true;
	}
	return false;
}

int verb_test(int argc, char **argv)
{
	struct test_opts t = {0};
	struct driver_opts o;
	int n = 0, rest;

	for (int i = 0; i < argc; i++)
		if (!test_option(&t, argc, argv, &i))
			argv[n++] = argv[i];
	if (!driver_parse(n, argv, &o, &rest))
		return driver_usage(stderr);
	t.front = &o.front;
	t.paths = o.files.v;
	t.n_paths = o.files.n;
	t.coverage_out = o.output;
	return test_run(&t);
}

/* ---- attach ---- */

/* Lines from the terminal to the server, its lines to the terminal. */
static int attach(int fd)
{
	struct pollfd p[2] = {{.fd = 0, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
	char buf[4096];
	ssize_t n;

	for (;;) {
		if (poll(p, 2, -1) < 0)
			return EXIT_INTERNAL;
		if (p[1].revents) {
			n = read(fd, buf, sizeof(buf));
			if (n <= 0) {
				fprintf(stderr, "kiln: the server has closed\n");
				return EXIT_NO_INPUT;
			}
			fwrite(buf, 1, (size_t)n, stdout);
			fflush(stdout);
		}
		if (p[0].revents) {
			n = read(0, buf, sizeof(buf));
			if (n <= 0)
				return EXIT_OK; /* and what was stopped goes on */
			if (write(fd, buf, (size_t)n) != n)
				return EXIT_NO_INPUT;
		}
	}
}

int verb_attach(int argc, char **argv)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = -1, code;

	if (argc != 1 || strlen(argv[0]) >= sizeof(a.sun_path))
		return driver_usage(stderr);
	memcpy(a.sun_path, argv[0], strlen(argv[0]));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1 || connect(fd, (struct sockaddr *)&a, sizeof(a))) {
		fprintf(stderr, "kiln: cannot attach to %s: %s\n", argv[0], strerror(errno));
		code = EXIT_NO_INPUT;
	} else {
		code = attach(fd);
	}
	if (fd != -1)
		close(fd);
	return code;
}
