/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http.h - HTTP/1.x requests on the stream sockets: reading one, answering it (RFC 9110, 9112).
 *
 * For: net's framing asks http_is_request; host hands what is one to http_handler, which stdlib/xhttp
 * sets; xhttp and jsonrpcs answer. A request is a view of the bytes that it was read from. Bounds:
 * HTTP_HEADERS_MAX fields, the stream's own limit for the whole. Chunked bodies are not taken.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include "base/addr.h"
#include "core/worker.h"

enum { HTTP_HEADERS_MAX = 128, HTTP_TARGET_MAX = 8192, HTTP_REPLY_MAX = 16 << 20 };

struct http_request {
	struct str method, target, version; /* version: "HTTP/1.1" */
	struct str headers;                 /* the fields, each with its line end */
	struct str body;
	bool close; /* the client does not want to go on (Connection: close) */
};

/* Is the first line that of an HTTP/1.x request? Costs one look at the line. */
bool http_is_request(struct str bytes);
/*
 * Read the request that `bytes` is. RT_E_PARSE: not well formed (400); RT_E_UNSUPP: a coding that is not
 * taken (501); RT_E_LIMIT: too many fields, or too long a target (431, 414).
 */
int http_parse(struct str bytes, struct http_request *ret);
/* Path and query ("" when there is none) of a target. */
struct str http_path(struct str target);
struct str http_query(struct str target);

/* One request on its way; on the handler's stack or in its arena. */
struct http_exchange {
	struct http_request req;
	struct worker *worker;
	struct msg_origin origin;
	unsigned replies; /* sent so far */
};

struct http_reply {
	int status;
	struct str reason, type, body;
	struct str headers; /* further fields, each with its line end */
	struct str server;  /* Server, or empty */
	bool close;         /* close the connection afterwards */
};
/* RT_E_INVAL: a line end in reason or type; RT_E_NOMEM; else as net_send(). */
int http_send(struct http_exchange *x, const struct http_reply *r);
/* An answer without a body, then close: for what could not be read. */
void http_refuse(struct worker *w, const struct msg_origin *o, int err);

/* Takes every HTTP request, in its worker's thread, outside a fiber; NULL: the connection is closed. */
typedef void http_handler_fn(struct worker *w, const struct msg_origin *o, struct str bytes);
extern http_handler_fn *http_handler;
void http_receive(struct worker *w, const struct msg_origin *o, struct str bytes);

#endif
