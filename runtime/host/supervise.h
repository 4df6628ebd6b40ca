/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervise.h - the parent process: it holds the listening sockets and restarts a server that dies.
 *
 * supervise() forks. In the child it returns SUPERVISE_SERVE: serve now. The parent stays inside and
 * passes SIGTERM, SIGINT and SIGHUP on, waits, restarts a child that was killed by a signal or
 * exited with a fault (at most RESTARTS_MAX in RESTARTS_WINDOW seconds), and returns the exit
 * code once the child ended on purpose. A child that dies before it said it is ready is not
 * restarted: it could not start.
 */
#ifndef HOST_SUPERVISE_H
#define HOST_SUPERVISE_H

#include <stdbool.h>

enum { SUPERVISE_SERVE = -1, RESTARTS_MAX = 10, RESTARTS_WINDOW = 60 };

struct supervise_opts {
	const char *pid_file;  /* NULL: none */
	const char *pgid_file;
	bool daemon;           /* detach: the starting process ends 0 when the child is ready */
	unsigned exit_timeout; /* s that the server has to end before it is killed; 0: no limit */
	bool keep_stderr;      /* a daemon that logs to stderr */
};

/* SUPERVISE_SERVE in the child, else the exit code for the process (parents and starters). */
int supervise(const struct supervise_opts *o);
/* Child: the server is up. */
void supervise_ready(void);

#endif
