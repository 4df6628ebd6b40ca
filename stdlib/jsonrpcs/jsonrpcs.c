/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests arrive on worker 0: lines of a FIFO, or datagrams of a unix socket. Each runs in a fiber of
 * its own, so a command that waits stops nobody. Answers that cannot be delivered at once are dropped
 * and logged: a stalled reader must not stall the server.
 */
#define STD_NAME jsonrpcs
#define STD_DEF "jsonrpcs/jsonrpcs.def"
#include "rpc/rpc.h"
#include "abi/std.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "core/fiber.h"
#include "core/log.h"
#include "core/worker.h"
#include "http/http.h"
#include "script/env.h"
#include "script/reply.h"
#include "sip/draft.h"

enum { USE_FIFO = 2, USE_DGRAM = 4, REQUEST_MAX = 65536, ANSWER_MAX = 16 << 20, CALL_ARENA = 64 << 20 };

static const struct program *program;
static int fifo_fd = -1, dgram_fd = -1;
static struct world_watch *fifo_watch, *dgram_watch;
static char fifo_path[256], dgram_path[108];
static char line[REQUEST_MAX]; /* what of a FIFO request has come */
static size_t line_n;
enum { STATUS_TEXT_MAX = 256 };
static __thread struct { /* answer of the script's last command */
	char *body;
	size_t n, text_n;
	int code;
	char text[STATUS_TEXT_MAX];
} last;

struct job {
	struct arena *a;
	struct worker *w;
	struct str request;
	struct sockaddr_un from;
	socklen_t from_len;
	bool is_fifo;
};

/* ---- answers ---- */

static void answer_fifo(struct job *j, struct str reply)
{
	struct str name = rpc_json_reply_name(j->a, j->request);
	char path[512];
	ssize_t n;
	int fd;

	if (!name.n || str_chr(name, '/') != STR_NONE || str_starts(name, S(".")))
		return; /* no answer wanted, or a name that would leave the directory */
	snprintf(path, sizeof(path), STR_FMT "/" STR_FMT, STR_ARG(param.fifo_reply_dir), STR_ARG(name));
	fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1) {
		log_warn("cannot open the reply FIFO %s: %s", path, strerror(errno));
		return;
	}
	n = write(fd, reply.p, reply.n);
	if (n < 0 || (size_t)n != reply.n)
		log_warn("answer of %zu bytes not taken by %s", reply.n, path);
	close(fd);
}

static void answer_dgram(struct job *j, struct str reply)
{
	if (!j->from_len || j->from.sun_path[0] == 0)
		return;
	if (sendto(dgram_fd, reply.p, reply.n, MSG_DONTWAIT, (struct sockaddr *)&j->from, j->from_len) < 0)
		log_warn("answer of %zu bytes not sent to %s: %s", reply.n, j->from.sun_path,
			 strerror(errno));
}

static void run_job(void *arg)
{
	struct job *j = arg;
	struct arena *a = j->a;
	struct sb out;

	sb_init(&out, a, ANSWER_MAX);
	rpc_json(a, j->w, program, j->request, param.pretty_format != 0, &out, NULL);
	if (!sb_ok(&out))
		log_warn("RPC answer too large, dropped");
	else if (j->is_fifo)
		answer_fifo(j, sb_str(&out));
	else
		answer_dgram(j, sb_str(&out));
	arena_free(&a);
}

static void start_job(struct worker *w, struct str request, const struct sockaddr_un *from,
		      socklen_t from_len)
{
	struct arena *a = arena_new(CALL_ARENA);
	struct job *j = a ? arena_new_of(a, struct job) : NULL;

	if (j) {
		*j = (struct job){.a = a, .w = w, .request = str_dup(a, request), .is_fifo = !from};
		if (from) {
			j->from = *from;
			j->from_len = from_len;
		}
	}
	if (!j || !j->request.p || fiber_run_now(w, run_job, j)) {
		log_err("no memory for an RPC request");
		arena_free(&a);
	}
}

/* ---- requests ---- */

/* A request is the text between the first { and its } at the same depth. */
static size_t request_end(struct str s)
{
	int depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < s.n; i++) {
		if (quoted) {
			i += s.p[i] == '\\';
			quoted = i >= s.n || s.p[i] != '"';
		} else if (s.p[i] == '"') {
			quoted = true;
		} else if (s.p[i] == '{' || s.p[i] == '[') {
			depth++;
		} else if (s.p[i] == '}' || s.p[i] == ']') {
			if (--depth <= 0)
				return i + 1;
		}
	}
	return 0;
}

static void on_fifo(void *arg, int fd, int events)
{
	struct worker *w = arg;
	ssize_t n = read(fd, line + line_n, sizeof(line) - line_n);
	size_t end;

	(void)events;
	if (n <= 0)
		return;
	line_n += (size_t)n;
	while ((end = request_end(str_make(line, line_n))) != 0) {
		start_job(w, str_make(line, end), NULL, 0);
		while (end < line_n && (line[end] == '\n' || line[end] == '\r' || line[end] == ' '))
			end++;
		memmove(line, line + end, line_n - end);
		line_n -= end;
	}
	if (line_n == sizeof(line)) {
		log_warn("RPC request over %d bytes dropped", REQUEST_MAX);
		line_n = 0;
	}
}

static void on_dgram(void *arg, int fd, int events)
{
	static char buf[REQUEST_MAX];
	struct sockaddr_un from = {0};
	socklen_t len = sizeof(from);
	ssize_t n = recvfrom(fd, buf, sizeof(buf), MSG_DONTWAIT, (struct sockaddr *)&from, &len);

	(void)events;
	if (n > 0)
		start_job(arg, str_make(buf, (size_t)n), &from, len);
}

static int open_fifo(struct worker *w)
{
	int err;

	if (!script_run_path(param.fifo_name, fifo_path, sizeof(fifo_path)))
		return RT_E_LIMIT;
	unlink(fifo_path);
	if (mkfifo(fifo_path, (mode_t)param.fifo_mode) == -1 || chmod(fifo_path, (mode_t)param.fifo_mode) == -1 ||
	    script_chown(fifo_path, param.fifo_user, param.fifo_group))
		return RT_E_IO;
	/* read-write, so that it never reports an end when the last writer goes */
	fifo_fd = open(fifo_path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fifo_fd == -1)
		return RT_E_IO;
	err = world_watch_fd(worker_world(w), fifo_fd, WATCH_READ, on_fifo, w, &fifo_watch);
	return err;
}

static int open_dgram(struct worker *w)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};

	if (!script_run_path(param.dgram_socket, dgram_path, sizeof(dgram_path)))
		return RT_E_LIMIT;
	memcpy(sa.sun_path, dgram_path, strlen(dgram_path) + 1);
	unlink(dgram_path);
	dgram_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (dgram_fd == -1 || bind(dgram_fd, (struct sockaddr *)&sa, sizeof(sa)) == -1 ||
	    chmod(dgram_path, (mode_t)param.dgram_mode) == -1 ||
	    script_chown(dgram_path, param.dgram_user, param.dgram_group))
		return RT_E_IO;
	return world_watch_fd(worker_world(w), dgram_fd, WATCH_READ, on_dgram, w, &dgram_watch);
}

static int worker_init(struct worker *w)
{
	int64_t use = param.transport ? param.transport : USE_FIFO | USE_DGRAM;

	if (worker_index(w) != 0 || world_is_sim(worker_world(w)))
		return 0;
	if ((use & USE_FIFO) && param.fifo_name.n && open_fifo(w)) {
		log_err("cannot make the RPC FIFO %s: %s", fifo_path, strerror(errno));
		return RT_E_IO;
	}
	if ((use & USE_DGRAM) && param.dgram_socket.n && open_dgram(w)) {
		log_err("cannot make the RPC socket %s: %s", dgram_path, strerror(errno));
		return RT_E_IO;
	}
	return 0;
}

static void close_one(int *fd, struct world_watch **watch, const char *path)
{
	if (*watch)
		world_watch_close(watch);
	if (*fd == -1)
		return;
	close(*fd);
	*fd = -1;
	unlink(path);
}

static void worker_fini(struct worker *w)
{
	mem_free(&last.body); /* of this thread */
	if (worker_index(w) != 0)
		return;
	close_one(&fifo_fd, &fifo_watch, fifo_path);
	close_one(&dgram_fd, &dgram_watch, dgram_path);
}

/* ---- script ---- */

static void keep_last(const struct rpc_status *st, struct str body)
{
	mem_free(&last.body);
	last.n = 0;
	last.code = st->code;
	last.text_n = st->text.n < STATUS_TEXT_MAX ? st->text.n : STATUS_TEXT_MAX;
	memcpy(last.text, st->text.p ? st->text.p : "", last.text_n);
	last.body = mem_alloc(body.n + 1);
	if (!last.body)
		return;
	memcpy(last.body, body.p ? body.p : "", body.n);
	last.n = body.n;
}

int32_t std_jsonrpcs_jsonrpc_exec(struct run *r, const struct str *request)
{
	struct arena *a = arena_new(CALL_ARENA);
	struct rpc_status st = {0};
	struct sb out;
	bool ok;

	if (!a)
		return -1;
	sb_init(&out, a, ANSWER_MAX);
	rpc_json(a, r->worker, program, *request, param.pretty_format != 0, &out, &st);
	ok = sb_ok(&out) && st.code > 0;
	keep_last(&st, sb_ok(&out) ? sb_str(&out) : S(""));
	arena_free(&a);
	return ok && last.body ? 1 : -1;
}

int32_t std_jsonrpcs_pv_jsonrpl_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	if (!last.body)
		*ret = value_null();
	else if (n->num == 0)
		*ret = value_int(last.code);
	else if (n->num == 1)
		*ret = value_str(str_dup(r->arena, str_make(last.text, last.text_n)));
	else
		*ret = value_str(str_dup(r->arena, str_make(last.body, last.n)));
	return 0;
}

/* ---- HTTP ---- */

/* The body of the HTTP request is the call; nothing is answered when it is none. */
int32_t std_jsonrpcs_jsonrpc_dispatch(struct run *r)
{
	bool is_http = r->event_name && strcmp(r->event_name, "xhttp:request") == 0;
	struct arena *a = is_http ? arena_new(CALL_ARENA) : NULL;
	struct http_reply rep = {.type = S("application/json"), .server = script_ident.server};
	struct str body = is_http ? r->draft->msg->body : STR_NULL;
	struct rpc_status st = {0};
	int err = RT_E_INVAL;
	struct sb out;

	if (!is_http || !a) {
		script_err(r, "jsonrpc_dispatch: %s", is_http ? "no memory" : "this is no HTTP request");
		return -1;
	}
	sb_init(&out, a, ANSWER_MAX);
	if (body.n)
		rpc_json(a, r->worker, program, body, param.pretty_format != 0, &out, &st);
	if (sb_ok(&out) && st.code > 0) {
		rep.status = st.code >= 100 && st.code <= 999 ? st.code : 500;
		rep.reason = st.text;
		rep.headers = sip_reply_edits(r->draft, r->arena);
		rep.close = (r->draft->rpl_send & SIP_SEND_CLOSE) != 0;
		rep.body = sb_str(&out);
		err = http_send(r->event, &rep);
	}
	arena_free(&a);
	return err ? -1 : 1;
}

void std_jsonrpcs_rpc_echo(struct rpc *c)
{
	struct str s;

	rpc_list(c);
	for (size_t i = 0; i < c->n_args; i++)
		if (rpc_arg_str(c, i, false, &s))
			rpc_add_str(c, NULL, NULL, s);
}

static int init(const struct program *p)
{
	program = p;
	return 0;
}

STD_MODULE(jsonrpcs, .init = init, .worker_init = worker_init, .worker_fini = worker_fini)
