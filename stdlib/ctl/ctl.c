/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stream connections on worker 0; a request is read until it is whole, runs in a fiber, and its
 * answer is written before the next request of that connection is looked at. A client that does not
 * read its answer is closed once the system's buffer is full.
 */
#define STD_NAME ctl
#define STD_DEF "ctl/ctl.def"
#include "rpc/binrpc.h"
#include "abi/std.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "core/fiber.h"
#include "core/log.h"
#include "core/worker.h"
#include "script/env.h"

enum { LISTEN_MAX = 8, CONNECTIONS_MAX = 64, CALL_ARENA = 64 << 20, ANSWER_MAX = 16 << 20 };

struct listener {
	char path[108];
	int fd;
	struct world_watch *watch;
	struct worker *w;
};

struct connection {
	int fd;
	struct world_watch *watch;
	struct worker *w;
	struct listener *l;
	bool busy; /* a command runs */
	bool dead; /* close when it has ended */
	size_t n;
	char in[BINRPC_BODY_MAX + 16];
};

static const struct program *program;
static struct listener listeners[LISTEN_MAX];
static size_t n_listeners;
static struct connection *connections[CONNECTIONS_MAX];

/* unix:PATH; unixs and unixd name stream and datagram. */
int32_t std_ctl_param_binrpc(const struct program_value *v)
{
	struct listener *l = &listeners[n_listeners];
	struct str s = v->s;

	if (n_listeners == LISTEN_MAX)
		return RT_E_LIMIT;
	if (str_starts(s, S("unix:")))
		s = str_skip(s, 5);
	else if (str_starts(s, S("unixs:")))
		s = str_skip(s, 6);
	else if (s.n == 0 || s.p[0] != '/') {
		log_err("ctl: only unix stream sockets are built: %.*s", STR_ARG(v->s));
		return RT_E_UNSUPP;
	}
	if (!script_run_path(s, l->path, sizeof(l->path)))
		return RT_E_LIMIT;
	l->fd = -1;
	n_listeners++;
	return 0;
}

static void connection_close(struct connection *c)
{
	if (c->busy) {
		c->dead = true;
		return;
	}
	for (int i = 0; i < CONNECTIONS_MAX; i++)
		if (connections[i] == c)
			connections[i] = NULL;
	world_watch_close(&c->watch);
	close(c->fd);
	mem_free(&c);
}

static bool send_answer(struct connection *c, struct str s)
{
	while (s.n) {
		ssize_t n = send(c->fd, s.p, s.n, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0)
			return false;
		s = str_skip(s, (size_t)n);
	}
	return true;
}

struct job {
	struct connection *c;
	struct arena *a;
	size_t need;
};

static void on_request(struct connection *c);

static void run_job(void *arg)
{
	struct job *j = arg;
	struct connection *conn = j->c;
	struct arena *a = j->a;
	size_t need = j->need;
	struct str command, cookie;
	struct sb out;
	struct rpc c;
	bool ok;

	rpc_init(&c, a, conn->w, program);
	ok = binrpc_request(&c, str_make(conn->in, need), &command, &cookie) == 0;
	if (ok) {
		if (!rpc_find(command))
			rpc_fail(&c, 500, "command " STR_FMT " not found", STR_ARG(command));
		else
			rpc_call(&c, command);
		sb_init(&out, a, ANSWER_MAX);
		binrpc_answer(&c, cookie, &out);
		ok = sb_ok(&out) && send_answer(conn, sb_str(&out));
	}
	arena_free(&a);
	conn->busy = false;
	memmove(conn->in, conn->in + need, conn->n - need);
	conn->n -= need;
	if (!ok || conn->dead)
		connection_close(conn);
	else
		on_request(conn);
}

/* Is there a whole request? Run it. */
static void on_request(struct connection *c)
{
	struct arena *a;
	struct job *j;
	size_t need;

	if (c->busy)
		return;
	if (binrpc_frame(str_make(c->in, c->n), &need)) {
		connection_close(c);
		return;
	}
	if (need == 0 || need > c->n)
		return;
	a = arena_new(CALL_ARENA);
	j = a ? arena_new_of(a, struct job) : NULL;
	if (!j) {
		arena_free(&a);
		connection_close(c);
		return;
	}
	*j = (struct job){c, a, need};
	c->busy = true;
	if (fiber_spawn(c->w, run_job, j)) {
		c->busy = false;
		arena_free(&a);
		connection_close(c);
	}
}

static void on_readable(void *arg, int fd, int events)
{
	struct connection *c = arg;
	ssize_t n = recv(fd, c->in + c->n, sizeof(c->in) - c->n, MSG_DONTWAIT);

	(void)events;
	if (n <= 0) {
		if (n == 0 || (errno != EAGAIN && errno != EINTR))
			connection_close(c);
		return;
	}
	c->n += (size_t)n;
	on_request(c);
}

static void on_accept(void *arg, int fd, int events)
{
	struct listener *l = arg;
	struct connection *c = NULL;
	int slot = 0, peer = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)events;
	if (peer == -1)
		return;
	while (slot < CONNECTIONS_MAX && connections[slot])
		slot++;
	if (slot < CONNECTIONS_MAX)
		c = mem_alloc(sizeof(*c));
	if (!c) {
		log_warn("ctl: no room for another connection");
		close(peer);
		return;
	}
	c->fd = peer;
	c->w = l->w;
	c->l = l;
	if (world_watch_fd(worker_world(l->w), peer, WATCH_READ, on_readable, c, &c->watch)) {
		close(peer);
		mem_free(&c);
		return;
	}
	connections[slot] = c;
}

static int listener_open(struct worker *w, struct listener *l)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};

	l->w = w;
	memcpy(sa.sun_path, l->path, strlen(l->path) + 1);
	unlink(l->path);
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd == -1 || bind(l->fd, (struct sockaddr *)&sa, sizeof(sa)) == -1 ||
	    chmod(l->path, (mode_t)param.mode) == -1 || listen(l->fd, 16) == -1) {
		log_err("ctl: cannot listen on %s: %s", l->path, strerror(errno));
		return RT_E_IO;
	}
	return world_watch_fd(worker_world(w), l->fd, WATCH_READ, on_accept, l, &l->watch);
}

static int init(const struct program *p)
{
	struct program_value def = {.kind = PROGRAM_STR, .s = S("unix:kamailio_ctl")};

	program = p;
	return n_listeners ? 0 : std_ctl_param_binrpc(&def);
}

static int worker_init(struct worker *w)
{
	int err = 0;

	if (worker_index(w) != 0 || world_is_sim(worker_world(w)))
		return 0;
	for (size_t i = 0; !err && i < n_listeners; i++)
		err = listener_open(w, &listeners[i]);
	return err;
}

static void worker_fini(struct worker *w)
{
	if (worker_index(w) != 0)
		return;
	for (int i = 0; i < CONNECTIONS_MAX; i++)
		if (connections[i])
			connection_close(connections[i]);
	for (size_t i = 0; i < n_listeners; i++) {
		struct listener *l = &listeners[i];

		if (l->watch)
			world_watch_close(&l->watch);
		if (l->fd == -1)
			continue;
		close(l->fd);
		unlink(l->path);
		l->fd = -1;
	}
}

void std_ctl_rpc_who(struct rpc *c)
{
	for (int i = 0; i < CONNECTIONS_MAX; i++) {
		if (!connections[i])
			continue;
		rpc_add_str(c, NULL, NULL, S("binrpc"));
		rpc_add_str(c, NULL, NULL, S("unix_stream"));
		rpc_add_str(c, NULL, NULL, S("<anonymous unix socket>"));
		rpc_add_str(c, NULL, NULL, S(""));
		rpc_add_str(c, NULL, NULL, str_of(connections[i]->l->path));
		rpc_add_str(c, NULL, NULL, S(""));
	}
}

void std_ctl_rpc_connections(struct rpc *c)
{
	int n = 0;

	for (int i = 0; i < CONNECTIONS_MAX; i++)
		n += connections[i] != NULL;
	rpc_add_int(c, NULL, NULL, n);
}

void std_ctl_rpc_listen(struct rpc *c)
{
	for (size_t i = 0; i < n_listeners; i++) {
		rpc_add_str(c, NULL, NULL, S("binrpc"));
		rpc_add_str(c, NULL, NULL, S("unix_stream"));
		rpc_add_str(c, NULL, NULL, str_of(listeners[i].path));
		rpc_add_str(c, NULL, NULL, S(""));
	}
}

static void fini(void)
{
	n_listeners = 0;
}

STD_MODULE(ctl, .init = init, .worker_init = worker_init, .worker_fini = worker_fini, .fini = fini)
