/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An HTTP request becomes a message with a request line and a Via of SIP's form, so that the script reads it with
 * $rm, $hdr(..), $rb and the rest; event_route[xhttp:request] runs over it in a fiber.
 */
#define STD_NAME xhttp
#define STD_DEF "xhttp/xhttp.def"
#include "abi/std.h"

#include <stdatomic.h>

#include "base/sb.h"
#include "core/fiber.h"
#include "core/log.h"
#include "http/http.h"
#include "net/net.h"
#include "script/env.h"
#include "script/regex.h"
#include "script/reply.h"
#include "script/run.h"

enum { EXTRA_MAX = 1024 };

static int32_t route = -1;
static struct rt_regex *match_re, *skip_re;

struct job {
	struct http_exchange x;
	struct sip_msg *msg;
	struct sip_draft draft;
};

/* ---- the event ---- */

static void run_event(void *arg)
{
	struct job *j = arg;
	struct sip_msg *msg = j->msg;
	struct run r;

	if (run_begin(&r, j->x.worker, &j->draft, IN_EVENT, NULL, NULL)) {
		http_refuse(j->x.worker, &j->x.origin, RT_E_NOMEM);
	} else {
		r.event_name = "xhttp:request";
		r.event = &j->x;
		script_exec(&r, route);
		run_end(&r);
	}
	sip_msg_unref(&msg);
}

/* The request as a message; its arena holds the job too. */
static int to_message(struct worker *w, const struct msg_origin *o, const struct http_request *req, struct job **ret)
{
	size_t room = req->method.n + req->target.n + req->headers.n + req->body.n + EXTRA_MAX;
	struct arena *a = arena_new(room * 2 + 65536);
	static _Atomic uint32_t number;
	char buf[ADDR_TEXT_MAX];
	struct sip_msg *msg;
	struct job *j;
	struct sb b;
	int err;

	if (!a)
		return RT_E_NOMEM;
	sb_init(&b, a, room);
	sb_printf(&b, STR_FMT " " STR_FMT " SIP/2.0\r\n", STR_ARG(req->method), STR_ARG(req->target));
	sb_printf(&b, "Via: SIP/2.0/TCP " STR_FMT ":%u\r\n", STR_ARG(addr_text(&o->src, true, buf)), o->src.port);
	sb_add(&b, req->headers);
	sb_addz(&b, "\r\n");
	sb_add(&b, req->body);
	err = sb_ok(&b) ? sip_msg_parse(NULL, sb_str(&b), &msg) : RT_E_NOMEM;
	arena_free(&a);
	if (err)
		return err;
	msg->origin = *o;
	msg->id = atomic_fetch_add(&number, 1) + 1;
	j = arena_new_of(msg->arena, struct job);
	if (!j) {
		sip_msg_unref(&msg);
		return RT_E_NOMEM;
	}
	j->msg = msg;
	j->x = (struct http_exchange){.req = *req, .worker = w, .origin = *o};
	j->x.req.target = str_dup(msg->arena, req->target);
	j->x.req.version = str_dup(msg->arena, req->version);
	j->x.req.method = str_dup(msg->arena, req->method);
	j->x.req.headers = j->x.req.body = STR_NULL; /* the message has them */
	sip_draft_init(&j->draft, msg, msg->arena);
	*ret = j;
	return 0;
}

static void on_request(struct worker *w, const struct msg_origin *o, struct str bytes)
{
	struct http_request req;
	int err = http_parse(bytes, &req);
	struct job *j;

	if (!err && ((match_re && !rt_regex_exec(match_re, req.target, 0, NULL)) ||
		     (skip_re && rt_regex_exec(skip_re, req.target, 0, NULL))))
		return; /* not for the script: as in the reference nobody answers, idling ends the connection */
	if (!err)
		err = to_message(w, o, &req, &j);
	if (!err && fiber_run_now(w, run_event, j)) {
		struct sip_msg *msg = j->msg;

		sip_msg_unref(&msg);
		err = RT_E_NOMEM;
	}
	if (err)
		http_refuse(w, o, err);
}

/* ---- script ---- */

static struct http_exchange *exchange(const struct run *r)
{
	return r->event_name && strcmp(r->event_name, "xhttp:request") == 0 ? r->event : NULL;
}

int32_t std_xhttp_pv_hu_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	const struct http_exchange *x = exchange(r);

	(void)n;
	*ret = x ? value_str(x->req.target) : value_null();
	return 0;
}

int32_t std_xhttp_xhttp_reply(struct run *r, int64_t code, const struct str *reason, const struct str *ctype,
			      const struct str *body)
{
	struct http_exchange *x = exchange(r);
	struct http_reply rep = {.status = (int)code, .reason = *reason, .type = *ctype, .body = *body,
				 .server = script_ident.server};

	if (!x) {
		script_err(r, "xhttp_reply: this is no HTTP request");
		return -1;
	}
	if (code < 100 || code > 999) {
		script_err(r, "xhttp_reply: %lld is no status", (long long)code);
		return -1;
	}
	rep.headers = sip_reply_edits(r->draft, r->arena);
	rep.close = (r->draft->rpl_send & SIP_SEND_CLOSE) != 0;
	return http_send(x, &rep) ? -1 : 1;
}

int32_t std_xhttp_tr_url_path(struct run *r, const struct value *in, struct value *ret)
{
	*ret = value_str(http_path(script_text(r, in)));
	return 0;
}

int32_t std_xhttp_tr_url_querystring(struct run *r, const struct value *in, struct value *ret)
{
	*ret = value_str(http_query(script_text(r, in)));
	return 0;
}

/* ---- life ---- */

static int compile(struct str text, const char *name, struct rt_regex **ret)
{
	*ret = NULL;
	if (!text.n)
		return 0;
	*ret = rt_regex_new(text, 0);
	if (!*ret)
		log_err("xhttp: %s is no regular expression: " STR_FMT, name, STR_ARG(text));
	return *ret ? 0 : RT_E_PARSE;
}

static int init(const struct program *p)
{
	int err = compile(param.url_match, "url_match", &match_re);

	if (!err)
		err = compile(param.url_skip, "url_skip", &skip_re);
	route = script_event(p, "xhttp:request");
	if (!err && route >= 0)
		http_handler = on_request;
	return err;
}

static void fini(void)
{
	http_handler = NULL;
	if (match_re)
		rt_regex_free(&match_re);
	if (skip_re)
		rt_regex_free(&skip_re);
}

STD_MODULE(xhttp, .init = init, .fini = fini)
