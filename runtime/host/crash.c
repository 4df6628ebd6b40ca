/* SPDX-License-Identifier: Apache-2.0 */
#include "host/crash.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "core/worker.h"
#include "script/run.h"

enum { MESSAGE_SHOWN = 2048, ALT_STACK = 32 * 1024 };

static const struct program *program;
static struct worker *_Atomic workers[CRASH_WORKERS_MAX];
static _Thread_local char alt_stack[ALT_STACK];

static void put(struct str s)
{
	ssize_t n = write(STDERR_FILENO, s.p, s.n);

	(void)n; /* nobody is left to tell */
}

static void put_site(unsigned worker, const char *when, uint32_t at)
{
	const struct program_site *site = &program->sites[at];
	char line[512];
	const char *route = site->route >= 0 && (uint64_t)site->route < program->n_routes
				    ? program->routes[site->route].symbol
				    : "";
	int n = snprintf(line, sizeof(line), "CRITICAL: kiln: worker %u %s at %s:%u in %s\n", worker,
			 when, site->file, site->line, route);

	put(str_make(line, n > 0 ? (size_t)n : 0));
}

static void put_worker(struct worker *w)
{
	const struct run *r = script_run_now(w);
	uint32_t last = script_last_site(w);

	if (!r && last && last < program->n_sites)
		put_site(worker_index(w), "idles, was last", last);
	if (!r || r->site >= program->n_sites)
		return;
	put_site(worker_index(w), "was", r->site);
	for (const struct run *o = r->outer; o && o->site < program->n_sites; o = o->outer)
		put_site(worker_index(w), "came from", o->site);
	if (!r->draft || !r->draft->msg)
		return;
	put(S("CRITICAL: kiln: with the message\n"));
	put(str_head(r->draft->msg->buf, MESSAGE_SHOWN));
	put(S("\n"));
}

static void on_signal(int sig)
{
	char line[96];
	int n = snprintf(line, sizeof(line), "CRITICAL: kiln: process %d dies of signal %d\n",
			 (int)getpid(), sig);
	struct worker *me = worker_self();

	put(str_make(line, n > 0 ? (size_t)n : 0));
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

	sigaltstack(&ss, NULL);
	atomic_store(&workers[worker_index(w) % CRASH_WORKERS_MAX], w);
}

void crash_forget(struct worker *w)
{
	atomic_store(&workers[worker_index(w) % CRASH_WORKERS_MAX], NULL);
}
