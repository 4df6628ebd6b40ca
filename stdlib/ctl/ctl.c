/* SPDX-License-Identifier: Apache-2.0 */
/*
 * On worker 0. Streams: a request is read until it is whole, runs in a fiber, and its answer is written
 * before the next request of that connection is looked at; a client that does not read its answer is
 * closed once the system's buffer is full. Datagrams: one request each, answered by one datagram or, when
 * it does not fit, by a fault. Whoever reaches a udp: or tcp: socket may do everything, as in the reference.
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

#include "base/addr.h"
#include "base/mem.h"
#include "core/fiber.h"
#include "core/log.h"
#include "core/worker.h"
#include "script/env.h"

enum { LISTEN_MAX = 8, CONNECTIONS_MAX = 64, CALL_ARENA = 64 << 20, ANSWER_MAX = 16 << 20 };

struct listener {
	struct str proto; /* "unix_stream", "unix_dgram", "tcp", "udp" as ctl.listen names it */
	bool is_dgram;
	char path[108];   /* of a unix socket, else "" */
	struct addr addr; /* of the others */
	char host[ADDR_TEXT_MAX];
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

enum { DEFAULT_PORT = 2049 };

static int unix_listener(struct listener *l, struct str path, bool is_dgram)
{
	l->is_dgram = is_dgram;
	l->proto = is_dgram ? S("unix_dgram") : S("unix_stream");
	return script_run_path(path, l->path, sizeof(l->path)) ? 0 : RT_E_LIMIT;
}

/* HOST[:PORT], HOST being an address, * or localhost. */
static int inet_listener(struct listener *l, struct str text, bool is_dgram)
{
	size_t colon = str_rchr(text, ':');
	bool has_port = colon != STR_NONE && text.p[text.n - 1] != ']' &&
			(text.p[0] == '[' || str_chr(text, ':') == colon);
	struct str host = has_port ? str_head(text, colon) : text;
	uint64_t port = DEFAULT_PORT;

	if (str_eq(host, S("*")))
		host = S("0.0.0.0");
	else if (str_ieq(host, S("localhost")))
		host = S("127.0.0.1");
	if (!addr_parse(host, &l->addr) || (has_port && !str_to_u64(str_skip(text, colon + 1), 65535, &port)))
		return RT_E_PARSE;
	l->addr.port = (uint16_t)port;
	l->is_dgram = is_dgram;
	l->proto = is_dgram ? S("udp") : S("tcp");
	addr_text(&l->addr, false, l->host);
	return 0;
}

/* unix:, unixs:, unixd: PATH; udp:, tcp: HOST:PORT; a bare path is a unix stream. */
int32_t std_ctl_param_binrpc(const struct program_value *v)
{
	static const struct {
		struct str prefix;
		int (*fn)(struct listener *l, struct str text, bool is_dgram);
		bool is_dgram;
	} kinds[] = {
		{S("unix:"), unix_listener, false}, {S("unixs:"), unix_listener, false}, {S("unixd:"), unix_listener, true},
		{S("tcp:"), inet_listener, false},  {S("udp:"), inet_listener, true},
	};
	struct listener *l = &listeners[n_listeners];
	int err = RT_E_PARSE;

	if (n_listeners == LISTEN_MAX)
		return RT_E_LIMIT;
	*l = (struct listener){.fd = -1};
	if (str_starts(v->s, S("/")))
		err = unix_listener(l, v->s, false);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (str_starts(v->s, kinds[i].prefix) && v->s.n > kinds[i].prefix.n)
			err = kinds[i].fn(l, str_skip(v->s, kinds[i].prefix.n), kinds[i].is_dgram);
	if (err)
		log_err("ctl: cannot listen on \"" STR_FMT "\": unix:PATH, unixd:PATH, udp:HOST:PORT, tcp:HOST:PORT",
			STR_ARG(v->s));
	else
		n_listeners++;
	return err;
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

/* Run one request; false: it is none. The answer is in *out unless that failed. */
static bool answer(struct worker *w, struct arena *a, struct str packet, struct sb *out)
{
	struct str command, cookie;
	struct rpc c;

	rpc_init(&c, a, w, program);
	if (binrpc_request(&c, packet, &command, &cookie))
		return false;
	if (!rpc_find(command))
		rpc_fail(&c, 500, "command " STR_FMT " not found", STR_ARG(command));
	else
		rpc_call(&c, command);
	sb_init(out, a, ANSWER_MAX);
	binrpc_answer(&c, cookie, out);
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
	struct sb out;
	bool ok = answer(conn->w, a, str_make(conn->in, need), &out) && sb_ok(&out) && send_answer(conn, sb_str(&out));

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

/* ---- datagrams ---- */

struct dgram_job {
	struct arena *a;
	struct listener *l;
	struct str packet;
	struct sockaddr_storage from;
	socklen_t from_len;
};

static void run_dgram(void *arg)
{
	struct dgram_job *j = arg;
	struct arena *a = j->a;
	struct sb out;

	if (j->from_len && answer(j->l->w, a, j->packet, &out) &&
	    (!sb_ok(&out) || sendto(j->l->fd, out.p, out.n, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&j->from,
				    j->from_len) < 0))
		log_warn("ctl: an answer was not sent: %s", strerror(errno));
	arena_free(&a);
}

static void on_dgram(void *arg, int fd, int events)
{
	static char buf[BINRPC_BODY_MAX + 16];
	struct sockaddr_storage from = {0};
	socklen_t len = sizeof(from);
	ssize_t n = recvfrom(fd, buf, sizeof(buf), MSG_DONTWAIT, (struct sockaddr *)&from, &len);
	struct arena *a = n > 0 ? arena_new(CALL_ARENA) : NULL;
	struct dgram_job *j = a ? arena_new_of(a, struct dgram_job) : NULL;
	struct listener *l = arg;
	size_t need;

	(void)events;
	if (j && binrpc_frame(str_make(buf, (size_t)n), &need) == 0 && need == (size_t)n) {
		*j = (struct dgram_job){.a = a, .l = l, .packet = str_dup(a, str_make(buf, need)), .from = from,
					.from_len = len};
		if (j->packet.p && fiber_spawn(l->w, run_dgram, j) == 0)
			return;
	}
	arena_free(&a);
}

/* ---- listening ---- */

static socklen_t listener_address(const struct listener *l, struct sockaddr_storage *ss)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};

	if (!l->path[0])
		return addr_to_sockaddr(&l->addr, ss);
	memcpy(un.sun_path, l->path, strlen(l->path) + 1);
	memcpy(ss, &un, sizeof(un));
	return sizeof(un);
}

static int listener_open(struct worker *w, struct listener *l)
{
	struct sockaddr_storage ss = {0};
	socklen_t len = listener_address(l, &ss);
	int type = l->is_dgram ? SOCK_DGRAM : SOCK_STREAM, on = 1;

	l->w = w;
	if (l->path[0])
		unlink(l->path);
	l->fd = socket(ss.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd != -1 && !l->path[0])
		setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (l->fd == -1 || bind(l->fd, (struct sockaddr *)&ss, len) == -1 ||
	    (l->path[0] && (chmod(l->path, (mode_t)param.mode) == -1 || script_chown(l->path, param.user, param.group))) ||
	    (!l->is_dgram && listen(l->fd, 16) == -1)) {
		log_err("ctl: cannot listen on %s: %s", l->path[0] ? l->path : l->host, strerror(errno));
		return RT_E_IO;
	}
	return world_watch_fd(worker_world(w), l->fd, WATCH_READ, l->is_dgram ? on_dgram : on_accept, l, &l->watch);
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
		if (l->path[0])
			unlink(l->path);
		l->fd = -1;
	}
}

/* Address and port of a socket as the reference prints them; a unix one has a name and no port. */
static void add_place(struct rpc *c, const struct listener *l)
{
	rpc_add_str(c, NULL, NULL, str_of(l->path[0] ? l->path : l->host));
	if (l->path[0])
		rpc_add_str(c, NULL, NULL, S(""));
	else
		rpc_add_fmt(c, NULL, NULL, "%u", l->addr.port);
}

void std_ctl_rpc_who(struct rpc *c)
{
	for (int i = 0; i < CONNECTIONS_MAX; i++) {
		if (!connections[i])
			continue;
		rpc_add_str(c, NULL, NULL, S("binrpc"));
		rpc_add_str(c, NULL, NULL, connections[i]->l->proto);
		rpc_add_str(c, NULL, NULL,
			    connections[i]->l->path[0] ? S("<anonymous unix socket>") : S("<remote>"));
		rpc_add_str(c, NULL, NULL, S(""));
		add_place(c, connections[i]->l);
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
		rpc_add_str(c, NULL, NULL, listeners[i].proto);
		add_place(c, &listeners[i]);
	}
}

static void fini(void)
{
	n_listeners = 0;
}

STD_MODULE(ctl, .init = init, .worker_init = worker_init, .worker_fini = worker_fini, .fini = fini)
