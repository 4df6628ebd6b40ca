/* SPDX-License-Identifier: Apache-2.0 */
/*
 * capture.h - SIP messages from files: packet captures and plain text.
 *
 * For: trace, debugger, test runner. A capture gives every message of either direction with its time and
 * both addresses; what is to be fed to a script is the caller's choice. TCP is reassembled per
 * direction and cut by Content-Length; IP fragments are put together. Anything that is not SIP is
 * counted and left out.
 */
#ifndef CAPTURE_CAPTURE_H
#define CAPTURE_CAPTURE_H

#include "base/addr.h"
#include "base/arena.h"
#include "base/bug.h"

enum {
	CAPTURE_MESSAGES_MAX = 1000000,
	CAPTURE_BYTES_MAX = 1 << 30,
	CAPTURE_STREAMS_MAX = 4096,
	CAPTURE_STREAM_MAX = 1 << 20, /* bytes of a direction that wait for a gap or a message's end */
	CAPTURE_FRAGMENTS_MAX = 256,
};

struct capture_message {
	struct capture_message *next;
	int64_t time_us; /* since the epoch; in text files: a second apart from 0 */
	enum proto proto; /* PROTO_UDP or PROTO_TCP */
	struct addr from, to; /* family 0: the file does not tell */
	struct str bytes;
	unsigned number; /* from 1, in the file */
};

struct capture {
	struct capture_message *first, *last; /* in time order */
	unsigned n;
	uint64_t other; /* packets and bytes of streams that were no SIP */
};

/*
 * Read a pcap or pcapng file (by its magic) or a text file of one or more messages. Everything lives in
 * the arena. On failure (RT_E_NOENT, RT_E_PARSE, RT_E_LIMIT, RT_E_NOMEM) *why tells in the arena.
 */
int capture_read(struct arena *a, const char *path, struct capture *ret, const char **why);
/* A text of messages that follow each other; line ends may be bare LF, "----" lines part them. */
int capture_text(struct arena *a, struct str text, struct capture *ret);

/* ---- for capture_read and tests: one packet at a time ---- */

struct capture_reader;
/* linktype: a DLT_* of pcap. NULL when memory is out. */
struct capture_reader *capture_reader_new(struct arena *a, int linktype, struct capture *to);
/* Returns RT_E_LIMIT when the capture is full. */
int capture_packet(struct capture_reader *r, int64_t time_us, struct str frame);

#endif
