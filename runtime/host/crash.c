/* SPDX-License-Identifier: Apache-2.0 */
#include "host/crash.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "core/worker.h"
#include "script/run.h"

enum { MESSAGE_SHOWN = 2048, ALT_STACK = 32 * 1024, DEPTH_SHOWN = 64, TRAIL_SHOWN = 64 };
#define HEAD "CRITICAL: kiln: "

static const struct program *program;
static struct worker *_Atomic workers[CRASH_WORKERS_MAX];
static _Thread_local char alt_stack[ALT_STACK];
static _Thread_local stack_t stack_before;

static void put(struct str s)
{
	ssize_t n = write(STDERR_FILENO, s.p, s.n);

	(void)n; /* nobody is left to tell */
}

/* snprintf with numbers and texts only: glibc's takes no lock and no memory for those. */
#define PUTF(...)                                                                                  \
	do {                                                                                       \
		char line_[512];                                                                   \
		int n_ = snprintf(line_, sizeof(line_), __VA_ARGS__);                              \
		if (n_ > 0)                                                                        \
			put(str_make(line_, (size_t)n_ < sizeof(line_) ? (size_t)n_ : sizeof(line_) - 1)); \
	} while (0)

static const struct program_site *site_of(uint32_t i)
{
	return &program->sites[i < program->n_sites ? i : 0];
}

static const char *route_name(int32_t i)
{
	return i >= 0 && (uint64_t)i < program->n_routes ? program->routes[i].symbol : "the start";
}

static void put_site(unsigned worker, const char *what, uint32_t site, int32_t route)
{
	const struct program_site *s = site_of(site);

	PUTF(HEAD "worker %u %s %s:%u in %s\n", worker, what, s->file, s->line, route_name(route));
}

/* The line that runs, then each call on the way to it; then the run that this one interrupts. */
static void put_chain(unsigned worker, const struct run *r)
{
	int depth = 0;

	for (const char *what = "was at"; r; r = r->outer, what = "within a run at") {
		put_site(worker, what, r->site, r->routes ? r->routes->route : site_of(r->site)->route);
		for (const struct run_route *f = r->routes; f && f->up && depth < DEPTH_SHOWN; f = f->up, depth++)
			put_site(worker, "  called from", f->site, f->up->route);
	}
}

static void put_message(const struct run *r)
{
	if (!r->draft || !r->draft->msg)
		return;
	put(S(HEAD "with the message\n"));
	put(str_head(r->draft->msg->buf, MESSAGE_SHOWN));
	put(S("\n"));
}

/* The one that was `ago` before the newest. */
static uint32_t trail_site(const struct run_trail *t, unsigned ago)
{
	return t->site[(uint8_t)(t->next - 1 - ago)];
}

static void put_trail(unsigned worker, const struct run_trail *t)
{
	const char *file = NULL;

	PUTF(HEAD "worker %u ran last, newest at the end:", worker);
	for (unsigned ago = TRAIL_SHOWN; ago--;) {
		const struct program_site *s = site_of(trail_site(t, ago));

		if (!trail_site(t, ago))
			continue;
		if (s->file != file)
			PUTF(" %s", s->file);
		PUTF("%s%u", s->file != file ? ":" : " ", s->line);
		file = s->file;
	}
	put(S("\n"));
}

static void put_worker(struct worker *w)
{
	const struct run *r = script_run_now(w);
	const struct run_trail *t = script_trail(w);
	unsigned i = worker_index(w);

	if (r) {
		put_chain(i, r);
		put_message(r);
	} else if (t && trail_site(t, 0)) {
		put_site(i, "idles, was last at", trail_site(t, 0), site_of(trail_site(t, 0))->route);
	}
	if (t && trail_site(t, 0))
		put_trail(i, t);
}

static void on_signal(int sig)
{
	struct worker *me = worker_self();

	PUTF(HEAD "process %d dies of signal %d\n", (int)getpid(), sig);
	if (program && me)
		put_worker(me);
	for (unsigned i = 0; program && i < CRASH_WORKERS_MAX; i++) {
		struct worker *w = atomic_load(&workers[i]);

		if (w && w != me)
			put_worker(w);
	}
	signal(sig, SIG_DFL);
	raise(sig);
}

void crash_install(const struct program *p)
{
	static const int sigs[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
	struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};

	program = p;
	sigemptyset(&sa.sa_mask);
	for (size_t i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		sigaction(sigs[i], &sa, NULL);
}

void crash_worker(struct worker *w)
{
	stack_t ss = {.ss_sp = alt_stack, .ss_size = sizeof(alt_stack)};

	sigaltstack(&ss, &stack_before);
	atomic_store(&workers[worker_index(w) % CRASH_WORKERS_MAX], w);
}

void crash_forget(struct worker *w)
{
	atomic_store(&workers[worker_index(w) % CRASH_WORKERS_MAX], NULL);
	sigaltstack(&stack_before, NULL); /* ours goes with the thread */
}
