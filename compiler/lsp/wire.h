/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire.h - the base protocol of editors: JSON messages behind a Content-Length header.
 *
 * Both the Language Server Protocol and the Debug Adapter Protocol frame their messages so.
 */
#ifndef LSP_WIRE_H
#define LSP_WIRE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

enum { WIRE_MESSAGE_MAX = 64 << 20, WIRE_HEADER_MAX = 4096 };

enum wire_result { WIRE_OK, WIRE_END, WIRE_BAD_FRAME, WIRE_BAD_JSON };

/* The next message; on WIRE_OK *ret is the caller's. After WIRE_BAD_JSON the stream goes on. */
enum wire_result wire_read(FILE *in, json_t **ret);
/* Write one message and drop the reference; false when the peer is gone. */
bool wire_write(FILE *out, json_t *message);

#endif
