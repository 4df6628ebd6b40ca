/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process.h - what the script and the command line say of the process: log, folders, limits, rights.
 * The command line wins. In the order of their calls; each logs why it fails.
 */
#ifndef HOST_PROCESS_H
#define HOST_PROCESS_H

#include "abi/program.h"
#include "host/options.h"

struct process_conf {
	const char *user, *group, *chroot, *workdir, *run_dir; /* NULL: none */
	int64_t exit_timeout; /* s that an ending server has before it is killed; 0: no limit */
	bool log_stderr, log_color;
};

/* Texts of the script are copied into storage of the process. RT_E_INVAL: one is too long. */
int process_conf_from(const struct program *p, const struct host_options *o, struct process_conf *ret);
/* Where log lines go, their level, facility, name and prefix. */
int process_log(const struct program *p, const struct host_options *o, const struct process_conf *c);
/* Run-time and working folders. */
int process_dirs(const struct process_conf *c);
/* Core dumps, open files (enough for `conns` connections), locked memory. */
int process_limits(const struct program *p, unsigned conns);
/* chroot, group, user. After all that needs rights. */
int process_drop_rights(const struct process_conf *c);

#endif
