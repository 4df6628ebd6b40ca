/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of the child is an event on its descriptor (pidfd), so that the fiber parks and nothing polls. The
 * child gets no descriptor of ours but the standard ones.
 */
#define _GNU_SOURCE 1 /* posix_spawn_file_actions_addclosefrom_np */
#include "script/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/fiber.h"
#include "core/worker.h"

extern char **environ;

static int start(const char *command, pid_t *pid)
{
	char sh[] = "sh", c[] = "-c";
	char *argv[] = {sh, c, (char *)(uintptr_t)command, NULL};
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	sigset_t usual;
	int err;

	sigemptyset(&usual);
	sigaddset(&usual, SIGPIPE);
	posix_spawn_file_actions_init(&fa);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigdefault(&attr, &usual);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addclosefrom_np(&fa, 3);
	err = posix_spawn(pid, "/bin/sh", &fa, &attr, argv, environ);
	posix_spawn_file_actions_destroy(&fa);
	posix_spawnattr_destroy(&attr);
	return err ? RT_E_IO : 0;
}

static void ended(void *arg, int fd, int events)
{
	(void)fd;
	(void)events;
	fiber_wake(arg);
}

int script_exec_await(struct worker *w, const char *command, int *status)
{
	struct world_watch *watch = NULL;
	pid_t pid, got = 0;
	int fd, err;

	if (world_is_sim(worker_world(w)))
		return RT_E_UNSUPP;
	err = start(command, &pid);
	if (err)
		return err;
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	err = fd < 0 ? RT_E_IO : world_watch_fd(worker_world(w), fd, WATCH_READ, ended, fiber_self(), &watch);
	while (!err && (got = waitpid(pid, status, WNOHANG)) == 0)
		fiber_park();
	if (watch)
		world_watch_close(&watch);
	if (fd >= 0)
		close(fd);
	if (err) /* it cannot be watched: wait here rather than leave a zombie */
		got = waitpid(pid, status, 0);
	return got == pid ? 0 : RT_E_IO;
}
