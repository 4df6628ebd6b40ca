/* SPDX-License-Identifier: Apache-2.0 */
/* Finding scenarios, a process for each, and what is printed. */
#include "test/test.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"
#include "lsp/wire.h"
#include "test/cover.h"

enum { FILES_MAX = 4096, DEPTH_MAX = 12, SECONDS_MAX = 120 };

struct suite {
	struct arena *a;
	const struct test_opts *o;
	const char *files[FILES_MAX];
	size_t n_files;
	json_t *results; /* in order */
	json_t *cover;
	int changes; /* inotify: scenarios and the files that they read; -1: nobody asked */
	unsigned good, bad;
};

/* ---- finding ---- */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void find(struct suite *s, const char *path, int depth)
{
	struct stat st;
	struct dirent *e;
	DIR *d;

	if (stat(path, &st) || s->n_files == FILES_MAX || depth > DEPTH_MAX)
		return;
	if (!S_ISDIR(st.st_mode)) {
		if (depth == 0 || str_ends(str_of(path), S(".scenario")))
			s->files[s->n_files++] = path;
		return;
	}
	d = opendir(path);
	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.')
			find(s, str_printf(s->a, "%s/%s", path, e->d_name).p, depth + 1);
	if (d)
		closedir(d);
}

/* ---- one process ---- */

static json_t *died(int status)
{
	char why[100];

	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		snprintf(why, sizeof(why), "it did not end within %d seconds", SECONDS_MAX);
	else if (WIFSIGNALED(status))
		snprintf(why, sizeof(why), "its process died: %s", strsignal(WTERMSIG(status)));
	else
		snprintf(why, sizeof(why), "its process ended with %d", WEXITSTATUS(status));
	return json_pack("{s:b,s:s,s:i,s:s}", "passed", 0, "title", "", "line", 0, "message", why);
}

static json_t *run_one(struct suite *s, const char *path, uint64_t seed)
{
	json_t *j = NULL;
	int fd[2], status;
	FILE *in;
	pid_t pid;

	if (pipe(fd))
		return NULL;
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		FILE *out = fdopen(fd[1], "w");

		close(fd[0]);
		alarm(SECONDS_MAX);
		_exit(out && wire_write(out, test_scenario(s->o, path, seed)) ? 0 : 70);
	}
	close(fd[1]);
	in = fdopen(fd[0], "r");
	if (in && wire_read(in, &j) != WIRE_OK)
		j = NULL;
	if (in)
		fclose(in);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		status = 70 << 8;
	if (!j)
		j = died(status);
	json_object_set_new(j, "path", json_string(path));
	return j;
}

/* ---- changes ---- */

enum { CHANGES = IN_MODIFY | IN_MOVE_SELF | IN_DELETE_SELF | IN_ATTRIB };

static void watch(struct suite *s, const char *path)
{
	if (s->changes != -1)
		inotify_add_watch(s->changes, path, CHANGES);
}

/* Wait until a scenario or a script that one read changes; also when that was while they ran. */
static bool wait_for_change(struct suite *s)
{
	enum { SETTLE_MS = 100 };
	struct pollfd p = {.fd = s->changes, .events = POLLIN};
	char buf[4096];

	if (s->changes == -1 || read(s->changes, buf, sizeof(buf)) <= 0)
		return false;
	while (poll(&p, 1, SETTLE_MS) > 0) /* an editor writes in several steps */
		if (read(s->changes, buf, sizeof(buf)) <= 0)
			break;
	for (size_t i = 0; i < s->n_files; i++)
		watch(s, s->files[i]); /* a file that was replaced is a new one */
	return true;
}

/* ---- printing ---- */

static const char *text(json_t *r, const char *key)
{
	const char *v = json_string_value(json_object_get(r, key));

	return v ? v : "";
}

static bool passed(json_t *r)
{
	return json_is_true(json_object_get(r, "passed"));
}

static void indented(FILE *out, const char *prefix, const char *lines)
{
	struct str rest = str_of(lines);

	while (rest.n) {
		struct str l = str_cut(&rest, '\n');

		fprintf(out, "%s" STR_FMT "\n", prefix, STR_ARG(l));
	}
}

static void tell(struct suite *s, json_t *r, unsigned number)
{
	bool ok = passed(r);

	if (s->o->tap) {
		printf("%sok %u - %s%s%s\n", ok ? "" : "not ", number, text(r, "path"), text(r, "title")[0] ? ": " : "", text(r, "title"));
		if (!ok) {
			printf("# line %d\n", (int)json_integer_value(json_object_get(r, "line")));
			indented(stdout, "# ", text(r, "message"));
		}
		return;
	}
	printf("%s  %s%s%s", ok ? "ok  " : "FAIL", text(r, "path"), text(r, "title")[0] ? "  " : "", text(r, "title"));
	printf("  (%.3f s simulated)\n", (double)json_integer_value(json_object_get(r, "sim_us")) / 1e6);
	if (!ok) {
		printf("  %s:%d: (seed %lld)\n", text(r, "path"), (int)json_integer_value(json_object_get(r, "line")),
		       (long long)json_integer_value(json_object_get(r, "seed")));
		indented(stdout, "    ", text(r, "message"));
	}
}

static void xml(FILE *out, const char *s)
{
	for (; *s; s++) {
		switch (*s) {
		case '&': fputs("&amp;", out); break;
		case '<': fputs("&lt;", out); break;
		case '>': fputs("&gt;", out); break;
		case '"': fputs("&quot;", out); break;
		default:
			if ((unsigned char)*s >= ' ' || *s == '\n' || *s == '\t')
				fputc(*s, out);
		}
	}
}

static void junit(struct suite *s)
{
	FILE *out = fopen(s->o->junit, "w");
	json_t *r;
	size_t i;

	if (!out) {
		fprintf(stderr, "kiln: cannot write %s\n", s->o->junit);
		s->bad++;
		return;
	}
	fprintf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"kiln\" tests=\"%u\" failures=\"%u\">\n", s->good + s->bad, s->bad);
	json_array_foreach(s->results, i, r) {
		fputs("<testcase classname=\"", out);
		xml(out, text(r, "path"));
		fputs("\" name=\"", out);
		xml(out, text(r, "title")[0] ? text(r, "title") : text(r, "path"));
		fprintf(out, "\" time=\"%.3f\">", (double)json_integer_value(json_object_get(r, "sim_us")) / 1e6);
		if (!passed(r)) {
			fprintf(out, "<failure message=\"line %d\">", (int)json_integer_value(json_object_get(r, "line")));
			xml(out, text(r, "message"));
			fputs("</failure>", out);
		}
		fputs("</testcase>\n", out);
	}
	fputs("</testsuite>\n", out);
	fclose(out);
}

/* ---- all ---- */

static void run_file(struct suite *s, const char *path)
{
	unsigned runs = s->o->runs ? s->o->runs : 1, done;
	json_t *r = NULL, *f;
	size_t i;

	for (done = 0; done < runs && (!r || passed(r)); done++) { /* the first seed that fails is shown */
		json_decref(r);
		r = run_one(s, path, s->o->seed ? s->o->seed + done : runs > 1 ? done + 1 : 0);
		cover_add(s->cover, r);
		json_array_foreach(json_object_get(r, "files"), i, f)
			watch(s, json_string_value(f));
	}
	s->good += passed(r);
	s->bad += !passed(r);
	tell(s, r, s->good + s->bad);
	json_object_del(r, "sites");
	json_array_append_new(s->results, r);
}

static void coverage(struct suite *s)
{
	FILE *out = s->o->coverage_out ? fopen(s->o->coverage_out, "w") : stdout;

	if (!out) {
		fprintf(stderr, "kiln: cannot write %s\n", s->o->coverage_out);
		s->bad++;
		return;
	}
	cover_print(s->cover, s->o->coverage, out);
	if (out != stdout)
		fclose(out);
}

static int run_all(struct suite *s)
{
	s->good = s->bad = 0;
	s->results = json_array();
	s->cover = cover_new();
	if (s->o->tap)
		printf("TAP version 13\n1..%zu\n", s->n_files);
	for (size_t i = 0; i < s->n_files; i++)
		run_file(s, s->files[i]);
	if (!s->o->tap)
		printf("%u passed, %u failed\n", s->good, s->bad);
	if (s->o->junit)
		junit(s);
	if (s->o->coverage)
		coverage(s);
	json_decref(s->results);
	json_decref(s->cover);
	fflush(stdout);
	return s->bad ? 1 : 0;
}

int test_run(const struct test_opts *o)
{
	struct suite s = {.a = arena_new(0), .o = o};
	int code;

	if (!s.a)
		return 70;
	for (size_t i = 0; i < o->n_paths; i++)
		find(&s, o->paths[i], 0);
	if (!o->n_paths)
		find(&s, ".", 1);
	qsort(s.files, s.n_files, sizeof(s.files[0]), by_name);
	if (!s.n_files) {
		fprintf(stderr, "kiln: no scenario found\n");
		arena_free(&s.a);
		return 3;
	}
	s.changes = o->watch ? inotify_init1(IN_CLOEXEC) : -1;
	for (size_t i = 0; i < s.n_files; i++)
		watch(&s, s.files[i]);
	do
		code = run_all(&s);
	while (o->watch && wait_for_change(&s));
	arena_free(&s.a);
	return code;
}
