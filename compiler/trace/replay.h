/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay.h - feed a file of messages to a compiled script in a simulated world, at the times of the file.
 *
 * For: trace and debugger. What the server sends is held against what the file says that it sent (a
 * capture of the server that the script ran on before). Branches, tags and other names that a server
 * invents differ from run to run: they are learned from the pairs and exchanged in what is fed after, so
 * that the peers of the file answer this server. Same file, same seed: same run, bit for bit; any
 * number of replays may follow each other in one process.
 */
#ifndef TRACE_REPLAY_H
#define TRACE_REPLAY_H

#include "capture/capture.h"
#include "host/offline.h"
#include "trace/story.h"

struct replay_opts {
	const struct program *program;
	const struct capture *capture; /* NULL: nothing is fed */
	const char *server; /* "ADDRESS:PORT" of the server in the file; NULL: guessed, else where the script listens */
	uint64_t seed;
	uint32_t after_ms;  /* simulated time after the last message */
	int log_level;
};

enum { REPLAY_AFTER_DEFAULT = 400, REPLAY_PAIRS_MAX = 65536, REPLAY_SERVERS_MAX = 16 };

/* One message that the file says the server sent. */
struct replay_expected {
	const struct capture_message *m;
	size_t sent;       /* what it sent here: index of the story's event + 1, 0: nothing like it */
	bool equal;        /* but for invented names */
	struct str difference; /* the first line that differs: "theirs | ours" */
};

struct replay;

/* Start the server; nothing is fed yet. Listens with `story` (which must outlive it). */
int replay_new(struct arena *a, const struct replay_opts *o, struct story *story, struct replay **ret);
void replay_free(struct replay **r);
/* One event of the simulation or one message; false at the end. */
bool replay_step(struct replay *r);
struct offline *replay_server(struct replay *r);
/* Messages of the file in the other direction, in its order; after the end. */
const struct replay_expected *replay_expectations(struct replay *r, unsigned *n);
/* Messages sent here that the file does not have. */
unsigned replay_unexpected(const struct replay *r);

#endif
