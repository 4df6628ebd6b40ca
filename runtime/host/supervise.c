/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two pipes: the child tells its supervisor that it serves, the supervisor tells the process that
 * started a daemon. So `kamailio -f x` returns when the server answers, with 0, or with the reason
 * on stderr and a non-zero code.
 */
#include "host/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/log.h"

enum { EXIT_NO_START = 5, EXIT_FAULT = 70 };

static int ready_fd = -1;         /* child's end */
static bool quiet;                /* a daemon: stderr ends once it serves */
static volatile pid_t child;      /* supervisor: the server */
static volatile sig_atomic_t asked_to_end;
static unsigned exit_timeout;

static bool write_number(const char *file, long n)
{
	FILE *f;

	if (!file)
		return true;
	f = fopen(file, "w");
	if (!f) {
		log_err("cannot write %s: %s", file, strerror(errno));
		return false;
	}
	fprintf(f, "%ld\n", n);
	return fclose(f) == 0;
}

static void on_end(int sig)
{
	asked_to_end = 1;
	if (child <= 0)
		return;
	kill(child, sig);
	if (exit_timeout)
		alarm(exit_timeout);
}

static void on_too_late(int sig)
{
	(void)sig;
	if (child > 0)
		kill(child, SIGKILL);
}

static void on_pass(int sig)
{
	if (child > 0)
		kill(child, sig);
}

static void handle(int sig, void (*fn)(int))
{
	struct sigaction sa = {.sa_handler = fn};

	sigemptyset(&sa.sa_mask);
	sigaction(sig, &sa, NULL);
}

/* One byte, or false at the end of the pipe. */
static bool wait_byte(int fd)
{
	char c;
	ssize_t n;

	do
		n = read(fd, &c, 1);
	while (n == -1 && errno == EINTR);
	return n == 1;
}

static void say_byte(int fd)
{
	ssize_t n = write(fd, "1", 1);

	(void)n; /* the reader may be gone, which is fine */
	close(fd);
}

/* Until the server is up, reasons for failing reach the one who started it. */
static void hush(void)
{
	int null = quiet ? open("/dev/null", O_RDWR) : -1;

	if (null == -1)
		return;
	dup2(null, STDERR_FILENO);
	close(null);
}

void supervise_ready(void)
{
	if (ready_fd >= 0)
		say_byte(ready_fd);
	ready_fd = -1;
	hush();
}

/* Fork the server. Parent: true when it became ready (*pid is set either way). Child: *pid is 0. */
static bool start_child(pid_t *pid)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) == -1)
		return false;
	*pid = fork();
	if (*pid == -1)
		return false;
	if (*pid == 0) {
		close(fds[0]);
		ready_fd = fds[1];
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		handle(SIGALRM, SIG_DFL);
		handle(SIGTERM, SIG_DFL);
		handle(SIGINT, SIG_DFL);
		handle(SIGHUP, SIG_DFL);
		return true;
	}
	child = *pid;
	close(fds[1]);
	bool ok = wait_byte(fds[0]);

	close(fds[0]);
	return ok;
}

static int wait_child(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	child = 0;
	return status;
}

struct restarts {
	time_t window;
	int n;
};

static bool may_restart(struct restarts *r)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now); /* the supervisor is outside every world */
	if (now.tv_sec - r->window > RESTARTS_WINDOW) {
		r->window = now.tv_sec;
		r->n = 0;
	}
	return ++r->n <= RESTARTS_MAX;
}

static void say_death(int status, bool again)
{
	if (WIFSIGNALED(status))
		log_crit("server killed by signal %d%s", WTERMSIG(status), again ? ", starting again" : "");
	else
		log_crit("server ended with %d%s", WEXITSTATUS(status), again ? ", starting again" : "");
}

/* The supervisor's life; tell_fd >= 0: say there when the server is up the first time. */
static int watch(const struct supervise_opts *o, int tell_fd)
{
	struct restarts restarts = {0};
	bool first = true;

	exit_timeout = o->exit_timeout;
	handle(SIGALRM, on_too_late);
	handle(SIGTERM, on_end);
	handle(SIGINT, on_end);
	handle(SIGHUP, on_pass);
	for (;;) {
		pid_t pid = -1;
		bool up = start_child(&pid), fault, again;
		int status;

		if (pid == 0)
			return SUPERVISE_SERVE;
		if (pid == -1)
			return EXIT_NO_START;
		if (up && first && (!write_number(o->pid_file, (long)getpid()) ||
				    !write_number(o->pgid_file, (long)getpgrp())))
			kill(pid, SIGTERM);
		if (up && first && tell_fd >= 0) {
			say_byte(tell_fd);
			hush();
		}
		status = wait_child(pid);
		fault = WIFSIGNALED(status) || WEXITSTATUS(status) == EXIT_FAULT;
		again = fault && !asked_to_end && (up || !first) && may_restart(&restarts);
		if (fault)
			say_death(status, again);
		if (!again) {
			if ((up || !first) && o->pid_file)
				unlink(o->pid_file);
			if (fault)
				return asked_to_end ? 0 : EXIT_FAULT;
			return WEXITSTATUS(status);
		}
		first = false;
	}
}

static void detach(void)
{
	int null = open("/dev/null", O_RDWR);

	setsid();
	if (null == -1)
		return;
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	if (null > STDERR_FILENO)
		close(null);
}

int supervise(const struct supervise_opts *o)
{
	int fds[2];
	pid_t pid;
	int status;

	if (!o->daemon)
		return watch(o, -1);
	if (pipe2(fds, O_CLOEXEC) == -1)
		return EXIT_NO_START;
	pid = fork();
	if (pid == -1)
		return EXIT_NO_START;
	if (pid > 0) {
		close(fds[1]);
		if (wait_byte(fds[0]))
			return 0;
		if (waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status))
			return WEXITSTATUS(status);
		return EXIT_NO_START;
	}
	close(fds[0]);
	detach();
	quiet = !o->keep_stderr;
	return watch(o, fds[1]);
}
