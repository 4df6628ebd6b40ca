/* SPDX-License-Identifier: Apache-2.0 */
/*
 * workers.h - the worker threads of a server, each with a real world of its own.
 *
 * workers_new() makes them, workers_start() sets them up on their threads and waits until all are ready
 * to take messages, workers_go() lets them run, workers_join() waits for workers_stop() and takes them
 * down. They end together: nobody's state goes while another may still post to it.
 */
#ifndef HOST_WORKERS_H
#define HOST_WORKERS_H

#include "host/server.h"

struct workers;

/* s->workers of them, into s->worker; after server_load(). RT_E_NOMEM, RT_E_IO. */
int workers_new(struct server *s, struct workers **ret);
/* The first failure of any of them; then workers_free() is all that is left to do. */
int workers_start(struct workers *ws);
void workers_go(struct workers *ws);
/* From any thread or a signal handler. */
void workers_stop(struct workers *ws);
void workers_join(struct workers *ws);
void workers_free(struct workers **ws);

#endif
