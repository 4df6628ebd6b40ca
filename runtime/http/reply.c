/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers. "Sia" tells the client the address that it was seen with, as the reference's answers do. After
 * HTTP/1.0, "Connection: close" or on demand the connection is closed when the answer has left.
 */
#include "http/http.h"

#include <sys/uio.h>

#include "base/sb.h"
#include "net/net.h"

enum { HEAD_MAX = 65536 };

http_handler_fn *http_handler;

static bool one_line(struct str s)
{
	return !s.n || (!memchr(s.p, '\r', s.n) && !memchr(s.p, '\n', s.n));
}

static void add_head(struct sb *b, const struct http_exchange *x, const struct http_reply *r)
{
	char buf[ADDR_TEXT_MAX];

	sb_printf(b, STR_FMT " %d " STR_FMT "\r\n", STR_ARG(x->req.version), r->status, STR_ARG(r->reason));
	sb_printf(b, "Sia: SIP/2.0/" STR_FMT " " STR_FMT ":%u\r\n", STR_ARG(proto_via_name(x->origin.proto)),
		  STR_ARG(addr_text(&x->origin.src, true, buf)), x->origin.src.port);
	sb_add(b, r->headers);
	if (r->type.n)
		sb_printf(b, "Content-Type: " STR_FMT "\r\n", STR_ARG(r->type));
	if (r->server.n)
		sb_printf(b, "Server: " STR_FMT "\r\n", STR_ARG(r->server));
	sb_printf(b, "Content-Length: %zu\r\n\r\n", r->body.n);
}

int http_send(struct http_exchange *x, const struct http_reply *r)
{
	struct net_dst to = {.proto = x->origin.proto, .to = x->origin.src, .conn_id = x->origin.conn_id,
			     .flags = NET_NO_CONNECT | NET_CONN_ONLY};
	struct arena *a;
	struct sb b;
	struct iovec iov[2];
	int err;

	if (!one_line(r->reason) || !one_line(r->type) || r->body.n > HTTP_REPLY_MAX)
		return RT_E_INVAL;
	if (r->close || x->req.close)
		to.flags |= NET_CLOSE_AFTER;
	a = arena_new(HEAD_MAX * 2);
	if (!a)
		return RT_E_NOMEM;
	sb_init(&b, a, HEAD_MAX);
	add_head(&b, x, r);
	iov[0] = (struct iovec){b.p, b.n};
	memcpy(&iov[1].iov_base, &r->body.p, sizeof(iov[1].iov_base));
	iov[1].iov_len = r->body.n;
	err = sb_ok(&b) ? net_send(x->worker, &to, iov, r->body.n ? 2 : 1) : RT_E_NOMEM;
	arena_free(&a);
	if (!err)
		x->replies++;
	return err;
}

void http_refuse(struct worker *w, const struct msg_origin *o, int err)
{
	struct http_exchange x = {.req = {.version = S("HTTP/1.1")}, .worker = w, .origin = *o};
	struct http_reply r = {.close = true};

	switch (err) {
	case RT_E_UNSUPP:
		r.status = 501;
		r.reason = S("Not Implemented");
		break;
	case RT_E_LIMIT:
		r.status = 431;
		r.reason = S("Request Header Fields Too Large");
		break;
	case RT_E_NOMEM:
		r.status = 503;
		r.reason = S("Service Unavailable");
		break;
	default:
		r.status = 400;
		r.reason = S("Bad Request");
		break;
	}
	http_send(&x, &r);
}

void http_receive(struct worker *w, const struct msg_origin *o, struct str bytes)
{
	if (http_handler)
		http_handler(w, o, bytes);
	else
		net_conn_close(w, o->conn_id); /* nobody here speaks HTTP */
}
