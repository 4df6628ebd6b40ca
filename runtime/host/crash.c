/* SPDX-License-Identifier: Apache-2.0 */
#include "host/crash.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

enum { MESSAGE_SHOWN = 2048, ALT_STACK = 64 * 1024 };

static const struct program *program;
static struct crash_mark marks[CRASH_WORKERS_MAX];
static uint32_t last_site[CRASH_WORKERS_MAX]; /* of the last run that ended; 0: none yet */
static char alt_stack[ALT_STACK];

struct crash_mark crash_enter(unsigned index, const uint32_t *site, struct str message)
{
	struct crash_mark before = marks[index % CRASH_WORKERS_MAX];

	marks[index % CRASH_WORKERS_MAX] = (struct crash_mark){site, message};
	return before;
}

void crash_leave(unsigned index, struct crash_mark before)
{
	const uint32_t *site = marks[index % CRASH_WORKERS_MAX].site;

	if (site)
		last_site[index % CRASH_WORKERS_MAX] = *site;
	marks[index % CRASH_WORKERS_MAX] = before;
}

static void put(struct str s)
{
	ssize_t n = write(STDERR_FILENO, s.p, s.n);

	(void)n; /* nobody is left to tell */
}

static void put_site(unsigned worker, const char *when, const struct program_site *site)
{
	char line[512];
	const char *route = site->route >= 0 && (uint64_t)site->route < program->n_routes
				    ? program->routes[site->route].symbol
				    : "";
	int n = snprintf(line, sizeof(line), "CRITICAL: kiln: worker %u %s at %s:%u in %s\n", worker,
			 when, site->file, site->line, route);

	put(str_make(line, n > 0 ? (size_t)n : 0));
}

static void on_signal(int sig)
{
	char line[96];
	int n = snprintf(line, sizeof(line), "CRITICAL: kiln: process %d dies of signal %d\n",
			 (int)getpid(), sig);

	put(str_make(line, n > 0 ? (size_t)n : 0));
	for (unsigned i = 0; i < CRASH_WORKERS_MAX; i++) {
		const uint32_t *site = marks[i].site;

		if (!program)
			break;
		if (!site && last_site[i] && last_site[i] < program->n_sites)
			put_site(i, "idles, was last", &program->sites[last_site[i]]);
		if (!site || *site >= program->n_sites)
			continue;
		put_site(i, "was", &program->sites[*site]);
		put(S("CRITICAL: kiln: with the message\n"));
		put(str_head(marks[i].message, MESSAGE_SHOWN));
		put(S("\n"));
	}
	signal(sig, SIG_DFL);
	raise(sig);
}

void crash_install(const struct program *p)
{
	static const int sigs[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
	stack_t ss = {.ss_sp = alt_stack, .ss_size = sizeof(alt_stack)};
	struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};

	program = p;
	sigaltstack(&ss, NULL);
	sigemptyset(&sa.sa_mask);
	for (size_t i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		sigaction(sigs[i], &sa, NULL);
}
