/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread of its own talks to the client; workers only append to its buffer under one lock, after the filter,
 * and park. What a worker asks first is one atomic: is anybody interested?
 */
#include "host/debug_socket.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/sb.h"
#include "core/fiber.h"
#include "core/log.h"
#include "script/observe.h"
#include "sip/draft.h"

enum filter_kind { FILTER_NONE, FILTER_CALL_ID, FILTER_SOURCE, FILTER_USER };

struct stopped {
	uint32_t id; /* 0: free */
	struct fiber *fiber;
	struct worker *worker;
	bool released;
};

static struct {
	const struct program *p;
	char path[108];
	int listen_fd, wake_fd;
	pthread_t thread;
	bool open;
	_Atomic bool ending;
	_Atomic bool interested; /* trace is on or there are breakpoints */
	_Atomic int32_t choice;  /* even, another one whenever the client says anything: what runs were chosen for is void */
	pthread_mutex_t lock;    /* all below */
	bool trace;
	enum filter_kind filter;
	char wanted[256];
	uint32_t breaks[DEBUG_BREAKS_MAX];
	size_t n_breaks;
	struct stopped stopped[DEBUG_STOPPED_MAX];
	uint32_t next_id;
	char buf[DEBUG_BUFFER];
	size_t n;
	bool answering;    /* the client's command: the last DEBUG_ANSWERS bytes of the buffer are for these */
	uint64_t dropped;  /* lines */
	uint64_t left_out; /* runs that matched when the second's lines were spent */
	uint64_t second;   /* that `lines` belongs to */
	int32_t lines;     /* of the trace in it */
} d = {.choice = 2, .lock = PTHREAD_MUTEX_INITIALIZER, .listen_fd = -1, .wake_fd = -1};

/* ---- what workers do ---- */

static void wake_thread(void)
{
	uint64_t one = 1;

	if (write(d.wake_fd, &one, sizeof(one)) < 0)
		d.dropped++; /* full: it is awake already */
}

/* Under the lock. */
static void put(const char *text, size_t n)
{
	if (d.n + n > sizeof(d.buf) - (d.answering ? 0 : DEBUG_ANSWERS)) {
		d.dropped++;
		return;
	}
	if (!d.n)
		wake_thread();
	memcpy(d.buf + d.n, text, n);
	d.n += n;
}

static void putf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void putf(const char *fmt, ...)
{
	char line[2048];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n > 0)
		put(line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
}

/* Under the lock. */
static bool matches(const struct run *r)
{
	struct sip_msg *m = r->draft ? r->draft->msg : NULL;
	struct str wanted = str_of(d.wanted);
	char ip[ADDR_TEXT_MAX];
	struct sip_nameaddr *from;
	const struct sip_uri *u;

	switch (d.filter) {
	case FILTER_NONE:
		return true;
	case FILTER_CALL_ID:
		return m && str_eq(sip_call_id(m), wanted);
	case FILTER_SOURCE:
		return m && str_eq(addr_text(&m->origin.src, false, ip), wanted);
	case FILTER_USER:
		from = m ? sip_from(m) : NULL;
		u = from ? sip_nameaddr_uri(m, from) : NULL;
		if (u && str_eq(u->user, wanted))
			return true;
		from = m ? sip_to(m) : NULL;
		u = from ? sip_nameaddr_uri(m, from) : NULL;
		return u && str_eq(u->user, wanted);
	}
	return false;
}

/*
 * Is this run looked at? Asked once for each run and choice of the client: a message is traced whole or not at all,
 * and not when the lines of this second are spent. Takes the lock when it has to decide.
 */
static bool chosen(struct run *r)
{
	int32_t choice = atomic_load_explicit(&d.choice, memory_order_relaxed);
	uint64_t second;

	if ((r->seen & ~1) == choice)
		return r->seen & 1;
	pthread_mutex_lock(&d.lock);
	r->seen = choice | matches(r);
	second = worker_now(r->worker) / 1000000;
	if (d.second != second) {
		d.second = second;
		d.lines = 0;
	}
	if ((r->seen & 1) && d.trace && !d.n_breaks && d.lines >= DEBUG_LINES_A_SECOND) {
		r->seen &= ~1;
		d.left_out++;
	}
	pthread_mutex_unlock(&d.lock);
	return r->seen & 1;
}

static struct str call_id(const struct run *r)
{
	return r->draft ? sip_call_id(r->draft->msg) : STR_NULL;
}

static void put_value(const struct value *v)
{
	if (v->tag == VAL_NULL)
		putf("null");
	else if (v->tag == VAL_INT)
		putf("%lld", (long long)v->i);
	else
		putf("\"" STR_FMT "\"", STR_ARG(str_head(v->s, 512)));
}

/* Variables and pending edits, told at the stop: later the worker would have to be asked. */
static void put_report(const struct run *r)
{
	for (uint64_t i = 0; i < d.p->n_vars; i++) {
		putf("  $var(" STR_FMT ") = ", STR_ARG(d.p->var_names[i]));
		put_value(&r->vars[i]);
		putf("\n");
	}
	if (!r->draft)
		return;
	putf("  " STR_FMT "\n", STR_ARG(r->draft->msg->first_line));
	for (const struct sip_edit *e = r->draft->edits; e; e = e->next)
		putf("  edit at byte %u: %u bytes go, " STR_FMT "\n", e->off, e->del, STR_ARG(str_trim(e->text)));
}

static bool at_break(uint32_t site)
{
	for (size_t i = 0; i < d.n_breaks; i++)
		if (d.breaks[i] == site)
			return true;
	return false;
}

static struct stopped *stop_here(struct run *r)
{
	const struct program_site *s = &d.p->sites[r->site];

	for (size_t i = 0; i < DEBUG_STOPPED_MAX; i++) {
		struct stopped *x = &d.stopped[i];

		if (x->id)
			continue;
		*x = (struct stopped){.id = ++d.next_id, .fiber = fiber_self(), .worker = r->worker};
		putf("stopped %u at %s:%u call-id " STR_FMT "\n", x->id, s->file, s->line, STR_ARG(call_id(r)));
		put_report(r);
		return x;
	}
	d.dropped++;
	return NULL;
}

static void on_site(void *arg, struct run *r)
{
	const struct program_site *s = &d.p->sites[r->site];
	struct stopped *x = NULL;
	bool released;

	(void)arg;
	if (!atomic_load_explicit(&d.interested, memory_order_relaxed) || !chosen(r))
		return;
	pthread_mutex_lock(&d.lock);
	if (d.trace) {
		putf("%s:%u call-id " STR_FMT "\n", s->file, s->line, STR_ARG(call_id(r)));
		d.lines++;
	}
	if (at_break(r->site) && fiber_self())
		x = stop_here(r);
	pthread_mutex_unlock(&d.lock);
	while (x) { /* parked: the worker serves others */
		fiber_park();
		pthread_mutex_lock(&d.lock);
		released = x->released;
		if (released)
			x->id = 0;
		pthread_mutex_unlock(&d.lock);
		if (released)
			return;
	}
}

static void told(struct run *r, const char *what, struct str name, const struct value *v, int64_t code)
{
	if (!atomic_load_explicit(&d.interested, memory_order_relaxed) || !chosen(r))
		return;
	pthread_mutex_lock(&d.lock);
	if (d.trace) {
		d.lines++;
		putf("    " STR_FMT " %s ", STR_ARG(name), what);
		if (v)
			put_value(v);
		else
			putf("%lld", (long long)code);
		putf("\n");
	}
	pthread_mutex_unlock(&d.lock);
}

static void on_value(void *arg, struct run *r, struct str pv, const struct value *v)
{
	(void)arg;
	told(r, "is", pv, v, 0);
}

static void on_set(void *arg, struct run *r, struct str pv, const struct value *v, int64_t rc)
{
	(void)arg;
	(void)rc;
	told(r, "=", pv, v, 0);
}

static void on_code(void *arg, struct run *r, struct str fn, int64_t code)
{
	(void)arg;
	told(r, "returned", fn, NULL, code);
}

static const struct observer observer = {.site = on_site, .value = on_value, .set = on_set, .code = on_code};

/* ---- the client's commands; under the lock ---- */

static void wake_fiber(struct worker *w, void *arg)
{
	(void)w;
	fiber_wake(arg);
}

static unsigned release(uint32_t id)
{
	unsigned n = 0;

	for (size_t i = 0; i < DEBUG_STOPPED_MAX; i++) {
		struct stopped *x = &d.stopped[i];

		if (!x->id || x->released || (id && x->id != id))
			continue;
		x->released = true;
		if (worker_post(x->worker, wake_fiber, x->fiber))
			x->released = false; /* its queue is full: ask again */
		else
			n++;
	}
	return n;
}

static void set_break(struct str where)
{
	size_t colon = str_rchr(where, ':');
	struct str file = colon == STR_NONE ? STR_NULL : str_head(where, colon);
	uint64_t line;
	size_t before = d.n_breaks;

	if (!str_to_u64(colon == STR_NONE ? where : str_skip(where, colon + 1), 10000000, &line)) {
		putf("error: break takes FILE:LINE\n");
		return;
	}
	for (uint32_t i = 1; i < d.p->n_sites && d.n_breaks < DEBUG_BREAKS_MAX; i++)
		if (d.p->sites[i].line == line && program_site_in(&d.p->sites[i], file))
			d.breaks[d.n_breaks++] = i;
	putf(d.n_breaks > before ? "ok\n" : "error: no statement begins there\n");
}

static void set_filter(struct str args)
{
	struct str kind = str_cut(&args, ' ');

	d.filter = str_eq(kind, S("call-id"))  ? FILTER_CALL_ID
		   : str_eq(kind, S("source")) ? FILTER_SOURCE
		   : str_eq(kind, S("user"))   ? FILTER_USER
					       : FILTER_NONE;
	snprintf(d.wanted, sizeof(d.wanted), STR_FMT, STR_ARG(str_trim(args)));
	putf("ok\n");
}

static void command(struct str line)
{
	struct str args = str_trim(line), verb = str_cut(&args, ' ');
	unsigned stopped = 0;
	uint64_t id = 0;

	args = str_trim(args);
	if (str_eq(verb, S("trace"))) {
		d.trace = str_eq(args, S("on"));
		putf("ok\n");
	} else if (str_eq(verb, S("filter"))) {
		set_filter(args);
	} else if (str_eq(verb, S("break"))) {
		set_break(args);
	} else if (str_eq(verb, S("delete"))) {
		d.n_breaks = 0;
		putf("ok\n");
	} else if (str_eq(verb, S("continue")) && (str_eq(args, S("all")) || str_to_u64(args, UINT32_MAX, &id))) {
		putf("%u go on\n", release((uint32_t)id));
	} else if (str_eq(verb, S("status"))) {
		for (size_t i = 0; i < DEBUG_STOPPED_MAX; i++)
			stopped += d.stopped[i].id != 0;
		putf("%zu breakpoints, %u stopped, %llu lines dropped, %llu messages left out\n", d.n_breaks, stopped,
		     (unsigned long long)d.dropped, (unsigned long long)d.left_out);
	} else if (verb.n) {
		putf("error: filter, trace, break, delete, continue, status\n");
	}
	atomic_store(&d.interested, d.trace || d.n_breaks);
	atomic_store(&d.choice, d.choice >= INT32_MAX - 3 ? 2 : d.choice + 2);
}

static void client_gone(void)
{
	d.trace = false;
	d.n_breaks = 0;
	d.filter = FILTER_NONE;
	d.n = 0;
	atomic_store(&d.interested, false);
	release(0);
}

/* ---- the thread ---- */

static bool flush(int fd)
{
	ssize_t n;

	while (d.n) {
		n = send(fd, d.buf, d.n, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0)
			return errno == EAGAIN;
		memmove(d.buf, d.buf + n, d.n - (size_t)n);
		d.n -= (size_t)n;
	}
	return true;
}

/* Whole lines of what has come; the rest stays. False: the line is too long. */
static bool take_lines(char *in, size_t *n, size_t size)
{
	struct str rest = str_make(in, *n);

	d.answering = true;
	while (str_chr(rest, '\n') != STR_NONE)
		command(str_cut(&rest, '\n'));
	d.answering = false;
	if (rest.n == size)
		return false;
	memmove(in, rest.p, rest.n);
	*n = rest.n;
	return true;
}

static void serve_client(int fd)
{
	struct pollfd p[2] = {{.fd = fd}, {.fd = d.wake_fd, .events = POLLIN}};
	char in[1024];
	size_t n = 0;
	uint64_t unused;
	bool ok = true;

	while (ok && !d.ending) {
		pthread_mutex_lock(&d.lock);
		ok = flush(fd);
		p[0].events = (short)(POLLIN | (d.n ? POLLOUT : 0));
		pthread_mutex_unlock(&d.lock);
		if (!ok || poll(p, 2, -1) < 0)
			break;
		if (p[1].revents && read(d.wake_fd, &unused, sizeof(unused)) < 0)
			continue;
		if (p[0].revents & (POLLIN | POLLHUP)) {
			ssize_t got = recv(fd, in + n, sizeof(in) - n, 0);

			if (got <= 0)
				break;
			n += (size_t)got;
			pthread_mutex_lock(&d.lock);
			ok = take_lines(in, &n, sizeof(in));
			pthread_mutex_unlock(&d.lock);
		}
	}
	pthread_mutex_lock(&d.lock);
	client_gone();
	pthread_mutex_unlock(&d.lock);
	close(fd);
}

static void *thread_main(void *arg)
{
	struct pollfd p[2] = {{.fd = d.listen_fd, .events = POLLIN}, {.fd = d.wake_fd, .events = POLLIN}};
	uint64_t unused;

	(void)arg;
	while (!d.ending && poll(p, 2, -1) >= 0) {
		int fd = p[0].revents ? accept4(d.listen_fd, NULL, NULL, SOCK_CLOEXEC) : -1;

		if (p[1].revents && read(d.wake_fd, &unused, sizeof(unused)) < 0)
			continue;
		if (fd >= 0)
			serve_client(fd);
	}
	return NULL;
}

int debug_socket_open(const struct program *p, const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	mode_t before;

	if (!p->observed)
		return RT_E_UNSUPP;
	if (strlen(path) >= sizeof(a.sun_path))
		return RT_E_LIMIT;
	d.p = p;
	memcpy(a.sun_path, path, strlen(path));
	memcpy(d.path, path, strlen(path) + 1);
	d.listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	d.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	unlink(path); /* of a server that died */
	before = umask(0177);
	d.open = d.listen_fd >= 0 && d.wake_fd >= 0 && !bind(d.listen_fd, (struct sockaddr *)&a, sizeof(a)) &&
		 !listen(d.listen_fd, 1) && !pthread_create(&d.thread, NULL, thread_main, NULL);
	umask(before);
	if (!d.open) {
		debug_socket_close();
		return RT_E_IO;
	}
	script_observe(&observer);
	return 0;
}

void debug_socket_close(void)
{
	if (d.open) {
		script_observe(NULL);
		d.ending = true;
		wake_thread();
		pthread_join(d.thread, NULL);
		unlink(d.path);
	}
	if (d.listen_fd >= 0)
		close(d.listen_fd);
	if (d.wake_fd >= 0)
		close(d.wake_fd);
	d.listen_fd = d.wake_fd = -1;
	d.open = d.ending = false;
}
