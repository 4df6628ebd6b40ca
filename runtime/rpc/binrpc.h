/* SPDX-License-Identifier: Apache-2.0 */
/*
 * binrpc.h - the binary encoding of RPC calls that kamcmd speaks (version 1).
 *
 * A packet: 0xA1; a byte of flags (4 bits: 0 request, 1 reply, 3 fault), length of the length less one
 * (2 bits), length of the cookie less one (2 bits); body length; cookie; body. A record: one byte with
 * type (low 4 bits) and size (bits 4 to 6); bit 7: the size is that many bytes of length which follow.
 * Structs and arrays are a start record, their members and an end record (bit 7 set).
 */
#ifndef RPC_BINRPC_H
#define RPC_BINRPC_H

#include "rpc/rpc.h"

enum { BINRPC_BODY_MAX = 65536 };

/*
 * Bytes of the first packet in `in`: *need is its length once that can be told, else 0 (more bytes are
 * needed). RT_E_PARSE: not a packet; RT_E_LIMIT: body too long.
 */
int binrpc_frame(struct str in, size_t *need);
/* Read a request packet: command name and arguments. RT_E_PARSE, RT_E_LIMIT. */
int binrpc_request(struct rpc *c, struct str packet, struct str *command, struct str *cookie);
/* The answer packet of a finished call. */
void binrpc_answer(struct rpc *c, struct str cookie, struct sb *out);

#endif
