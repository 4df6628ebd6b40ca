/* SPDX-License-Identifier: Apache-2.0 */
/*
 * debug_socket.h - look into a running server: live trace with a filter, breakpoints that stop one message.
 *
 * For: kiln attach. Only with --debug-socket, and only for code compiled with --observe; without the option
 * there is no socket, no thread and no observer. One client at a time, over a unix socket that its owner alone may
 * open, lines of text both ways:
 *   filter call-id X | source IP | user U | none     what is traced and may be stopped
 *   trace on | off
 *   break FILE:LINE        delete                    all breakpoints
 *   continue N | all       status
 * A message that reaches a breakpoint has its fiber parked; every other message goes on. When the client goes, all
 * breakpoints go and what was stopped goes on. Lines wait in a buffer of DEBUG_BUFFER bytes; what does not
 * fit is dropped and counted, so a slow client never slows a worker. Runs that begin when DEBUG_LINES_A_SECOND have
 * been told in this second are left out, whole, and counted: `make bench` shows what a trace of everything costs.
 */
#ifndef HOST_DEBUG_SOCKET_H
#define HOST_DEBUG_SOCKET_H

#include "abi/program.h"

enum { DEBUG_BUFFER = 256 * 1024, DEBUG_ANSWERS = 8192, DEBUG_LINES_A_SECOND = 10000, DEBUG_BREAKS_MAX = 64, DEBUG_STOPPED_MAX = 64 };

/* Before workers go. RT_E_UNSUPP: the program is not observed; RT_E_IO: the socket (errno). */
int debug_socket_open(const struct program *p, const char *path);
/* Lets everything go on, ends the thread, removes the socket. Nothing when it is not open. */
void debug_socket_close(void);

#endif
