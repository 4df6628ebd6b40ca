/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Client transactions end 64*T1 after their last retransmission could have been asked for; server
 * transactions answer a repeated request with what they said last. `odd` counts: an answer to nothing, an
 * ACK to nothing, a request that cannot be read, too many transactions at once.
 */
#include "ua.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LIFE = 64 * UA_T1 };

static const char sdp[] = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
			  "m=audio 4000 RTP/AVP 0\r\n";

/* ---- text ---- */

static void add(struct ua_text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add(struct ua_text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->p + t->n, UA_TEXT - t->n, fmt, ap);
	va_end(ap);
	BUG_ON(n < 0 || (size_t)n >= UA_TEXT - t->n);
	t->n += (size_t)n;
}

static void cut(char *to, size_t size, const char *from, size_t n)
{
	if (n >= size)
		n = size - 1;
	memcpy(to, from, n);
	to[n] = 0;
}

bool ua_header(const char *msg, const char *name, unsigned nth, char *buf, size_t size)
{
	size_t len = strlen(name);
	const char *p = strstr(msg, "\r\n");

	for (; p && p[2] && strncmp(p, "\r\n\r\n", 4) != 0; p = strstr(p + 2, "\r\n")) {
		const char *v = p + 2, *end;

		if (strncasecmp(v, name, len) != 0 || v[len] != ':' || nth--)
			continue;
		v += len + 1;
		while (*v == ' ')
			v++;
		end = strstr(v, "\r\n");
		cut(buf, size, v, end ? (size_t)(end - v) : strlen(v));
		return true;
	}
	buf[0] = 0;
	return false;
}

/* ";name=value" of a header value. */
static bool param(const char *value, const char *name, char *buf, size_t size)
{
	char want[32];
	const char *p;

	snprintf(want, sizeof(want), ";%s=", name);
	p = strcasestr(value, want);
	if (!p)
		return false;
	p += strlen(want);
	cut(buf, size, p, strcspn(p, ";,> \r\n"));
	return true;
}

static void uri_of(const char *value, char *buf, size_t size)
{
	const char *a = strchr(value, '<'), *b = a ? strchr(a, '>') : NULL;

	if (a && b)
		cut(buf, size, a + 1, (size_t)(b - a - 1));
	else
		cut(buf, size, value, strcspn(value, ";"));
}

static unsigned cseq_of(const char *msg, char method[16])
{
	char v[64];

	method[0] = 0;
	if (!ua_header(msg, "CSeq", 0, v, sizeof(v)))
		return 0;
	sscanf(v, "%*u %15s", method);
	return (unsigned)strtoul(v, NULL, 10);
}

/* ---- sending ---- */

static void stream_flush(struct ua_stream *x)
{
	ssize_t n = x->open && x->n_out ? world_stream_write(x->s, x->out, x->n_out) : 0;

	if (n <= 0)
		return;
	memmove(x->out, x->out + n, x->n_out - (size_t)n);
	x->n_out -= (size_t)n;
}

static void put(struct ua *u, const struct ua_way *way, const struct ua_text *t)
{
	char copy[UA_TEXT];
	struct iovec v = {copy, t->n};

	memcpy(copy, t->p, t->n);
	if (u->proto == PROTO_UDP) {
		(void)world_udp_send(u->sock, &way->to, &v, 1);
	} else if (way->stream && way->stream->s && way->stream->n_out + t->n <= sizeof(way->stream->out)) {
		memcpy(way->stream->out + way->stream->n_out, t->p, t->n);
		way->stream->n_out += t->n;
		stream_flush(way->stream);
	}
}

static void connect_stream(struct ua *u);

static struct ua_way to_server(struct ua *u)
{
	struct ua_way w = {.to = u->server};

	if (u->proto == PROTO_UDP)
		return w;
	if (!u->stream[0].s)
		connect_stream(u);
	w.stream = &u->stream[0];
	return w;
}

static void put_server(struct ua *u, const struct ua_text *t)
{
	struct ua_way w = to_server(u);

	put(u, &w, t);
}

/* ---- client transactions ---- */

static void client_done(struct ua_client *c, int status, const char *msg);

static void client_retr(void *arg)
{
	struct ua_client *c = arg;

	put_server(c->ua, &c->req);
	c->ms = c->invite ? c->ms * 2 : c->provisional || c->ms * 2 > UA_T2 ? UA_T2 : c->ms * 2;
	timer_start(c->ua->w, &c->retr, c->ms, client_retr, c);
}

static void client_end(void *arg)
{
	struct ua_client *c = arg;

	timer_stop(&c->retr);
	if (!c->done)
		client_done(c, 408, NULL);
	c->used = false;
}

static struct ua_client *client_new(struct ua *u, const char *method)
{
	for (int i = 0; i < UA_CLIENTS; i++) {
		struct ua_client *c = &u->client[i];

		if (c->used)
			continue;
		c->ua = u;
		c->used = true;
		c->done = c->provisional = false;
		c->status = 0;
		c->req.n = c->ack.n = 0;
		c->invite = strcmp(method, "INVITE") == 0;
		snprintf(c->method, sizeof(c->method), "%s", method);
		snprintf(c->branch, sizeof(c->branch), "z9hG4bK%s%u", u->user, ++u->serial);
		return c;
	}
	u->odd++;
	return NULL;
}

static void client_send(struct ua_client *c)
{
	put_server(c->ua, &c->req);
	c->ms = UA_T1;
	if (c->ua->proto == PROTO_UDP)
		timer_start(c->ua->w, &c->retr, c->ms, client_retr, c);
	timer_start(c->ua->w, &c->end, LIFE, client_end, c);
}

static void start_request(struct ua_client *c, const char *uri, int max_forwards)
{
	struct ua *u = c->ua;

	add(&c->req, "%s %s SIP/2.0\r\nVia: SIP/2.0/%s %s;rport;branch=%s\r\nMax-Forwards: %d\r\n", c->method, uri,
	    u->proto == PROTO_UDP ? "UDP" : "TCP", u->host, c->branch, max_forwards);
}

static void add_contact(struct ua *u, struct ua_text *t)
{
	add(t, "Contact: <sip:%s@%s%s>", u->user, u->host, u->proto == PROTO_UDP ? "" : ";transport=tcp");
}

static void end_request(struct ua_client *c, bool body)
{
	if (body)
		add(&c->req, "Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%s", strlen(sdp), sdp);
	else
		add(&c->req, "Content-Length: 0\r\n\r\n");
	client_send(c);
}

/* ---- what a phone sends ---- */

void ua_register(struct ua *u, enum ua_contact kind, int expires)
{
	struct ua_client *c = client_new(u, "REGISTER");
	char uri[80];

	if (!c)
		return;
	u->registered = 0;
	snprintf(uri, sizeof(uri), "sip:%s", u->domain);
	start_request(c, uri, 70);
	add(&c->req, "From: <sip:%s@%s>;tag=r%u\r\nTo: <sip:%s@%s>\r\nCall-ID: reg-%s-%u\r\nCSeq: %u REGISTER\r\n",
	    u->user, u->domain, u->serial, u->user, u->domain, u->user, u->at.port, u->serial);
	if (kind == UA_STAR) {
		add(&c->req, "Contact: *\r\nExpires: 0\r\n");
	} else if (kind == UA_OWN) {
		add_contact(u, &c->req);
		add(&c->req, "\r\nExpires: %d\r\n", expires);
	}
	end_request(c, false);
}

void ua_options(struct ua *u, const char *uri)
{
	struct ua_client *c = client_new(u, "OPTIONS");

	if (!c)
		return;
	u->options = 0;
	start_request(c, uri, 70);
	add(&c->req, "From: <sip:%s@%s>;tag=o%u\r\nTo: <%s>\r\nCall-ID: opt-%s-%u\r\nCSeq: 1 OPTIONS\r\n", u->user,
	    u->domain, u->serial, uri, u->user, u->serial);
	end_request(c, false);
}

void ua_invite(struct ua *u, const char *to_user, int max_forwards)
{
	struct ua_client *c = client_new(u, "INVITE");
	struct ua_call *k = &u->call;
	char uri[128];

	if (!c)
		return;
	*k = (struct ua_call){.state = UA_CALLING, .caller = true, .cseq = 1};
	u->invited = u->cancel = u->bye = 0;
	u->provisional = u->got_2xx = 0;
	snprintf(k->id, sizeof(k->id), "call-%s-%u", u->user, u->serial);
	snprintf(k->local, sizeof(k->local), "<sip:%s@%s>;tag=c%u", u->user, u->domain, u->serial);
	snprintf(k->remote, sizeof(k->remote), "<sip:%s@%s>", to_user, u->domain);
	snprintf(uri, sizeof(uri), "sip:%s@%s", to_user, u->domain);
	snprintf(k->target, sizeof(k->target), "%s", uri);
	start_request(c, uri, max_forwards);
	add(&c->req, "From: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: 1 INVITE\r\n", k->local, k->remote, k->id);
	add_contact(u, &c->req);
	add(&c->req, "\r\n");
	end_request(c, true);
}

static struct ua_client *invite_of(struct ua *u)
{
	char cid[80];

	for (int i = 0; i < UA_CLIENTS; i++) {
		struct ua_client *c = &u->client[i];

		if (c->used && c->invite && ua_header(c->req.p, "Call-ID", 0, cid, sizeof(cid)) &&
		    strcmp(cid, u->call.id) == 0)
			return c;
	}
	return NULL;
}

/* RFC 3261 9.1: not before a provisional answer; the caller of this function sees to it. */
void ua_cancel(struct ua *u)
{
	struct ua_client *inv = invite_of(u), *c = client_new(u, "CANCEL");
	const char *end;

	if (!inv || !c) {
		u->odd++;
		return;
	}
	snprintf(c->branch, sizeof(c->branch), "%s", inv->branch);
	end = strchr(inv->req.p, ' ') + 1;
	add(&c->req, "CANCEL %.*s SIP/2.0\r\nVia: SIP/2.0/%s %s;rport;branch=%s\r\nMax-Forwards: 70\r\n",
	    (int)strcspn(end, " "), end, u->proto == PROTO_UDP ? "UDP" : "TCP", u->host, c->branch);
	add(&c->req, "From: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: 1 CANCEL\r\n", u->call.local, u->call.remote,
	    u->call.id);
	end_request(c, false);
}

static void add_dialog(struct ua *u, struct ua_text *t, const char *method, unsigned cseq)
{
	struct ua_call *k = &u->call;

	for (unsigned i = 0; i < k->n_routes; i++)
		add(t, "Route: %s\r\n", k->route[i]);
	add(t, "From: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %u %s\r\n", k->local, k->remote, k->id, cseq, method);
}

void ua_reinvite(struct ua *u)
{
	struct ua_client *c = client_new(u, "INVITE");

	if (!c)
		return;
	u->invited = 0;
	start_request(c, u->call.target, 70);
	add_dialog(u, &c->req, "INVITE", ++u->call.cseq);
	add_contact(u, &c->req);
	add(&c->req, "\r\n");
	end_request(c, true);
}

void ua_bye(struct ua *u)
{
	struct ua_client *c = client_new(u, "BYE");

	if (!c)
		return;
	u->bye = 0;
	u->call.state = UA_ENDED;
	start_request(c, u->call.target, 70);
	add_dialog(u, &c->req, "BYE", ++u->call.cseq);
	end_request(c, false);
}

/* ---- answers to what it sent ---- */

static void learn_routes(struct ua_call *k, const char *msg, bool reverse)
{
	unsigned n = 0;

	while (n < UA_ROUTES && ua_header(msg, "Record-Route", n, k->route[n], sizeof(k->route[n])))
		n++;
	for (unsigned i = 0; reverse && i < n / 2; i++) {
		char tmp[sizeof(k->route[0])];

		memcpy(tmp, k->route[i], sizeof(tmp));
		memcpy(k->route[i], k->route[n - 1 - i], sizeof(tmp));
		memcpy(k->route[n - 1 - i], tmp, sizeof(tmp));
	}
	k->n_routes = n;
}

static void ack_2xx(struct ua_client *c, const char *msg)
{
	struct ua *u = c->ua;
	struct ua_call *k = &u->call;
	char contact[160], method[16], cid[80];
	unsigned cseq = cseq_of(msg, method);

	ua_header(msg, "Call-ID", 0, cid, sizeof(cid));
	if (c->ack.n || strcmp(cid, k->id) != 0) {
		put_server(u, &c->ack);
		return;
	}
	ua_header(msg, "To", 0, k->remote, sizeof(k->remote));
	if (ua_header(msg, "Contact", 0, contact, sizeof(contact)))
		uri_of(contact, k->target, sizeof(k->target));
	if (k->state < UA_TALKING) {
		learn_routes(k, msg, true);
		k->state = UA_TALKING;
	}
	add(&c->ack, "ACK %s SIP/2.0\r\nVia: SIP/2.0/%s %s;rport;branch=z9hG4bK%s%u\r\nMax-Forwards: 70\r\n",
	    k->target, u->proto == PROTO_UDP ? "UDP" : "TCP", u->host, u->user, ++u->serial);
	add_dialog(u, &c->ack, "ACK", cseq);
	add(&c->ack, "Content-Length: 0\r\n\r\n");
	put_server(u, &c->ack);
}

/* RFC 3261 17.1.1.3 */
static void ack_negative(struct ua_client *c, const char *msg)
{
	struct ua *u = c->ua;
	const char *uri = strchr(c->req.p, ' ') + 1;
	char from[160], to[256], cid[80], method[16];

	if (!c->ack.n) {
		ua_header(c->req.p, "From", 0, from, sizeof(from));
		ua_header(msg, "To", 0, to, sizeof(to));
		ua_header(c->req.p, "Call-ID", 0, cid, sizeof(cid));
		add(&c->ack, "ACK %.*s SIP/2.0\r\nVia: SIP/2.0/%s %s;rport;branch=%s\r\nMax-Forwards: 70\r\n",
		    (int)strcspn(uri, " "), uri, u->proto == PROTO_UDP ? "UDP" : "TCP", u->host, c->branch);
		add(&c->ack, "From: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %u ACK\r\nContent-Length: 0\r\n\r\n", from,
		    to, cid, cseq_of(c->req.p, method));
	}
	put_server(u, &c->ack);
}

static void client_done(struct ua_client *c, int status, const char *msg)
{
	struct ua *u = c->ua;
	char v[512];

	c->done = true;
	c->status = status;
	if (strcmp(c->method, "REGISTER") == 0) {
		u->registered = status;
		u->contacts = 0;
		for (unsigned i = 0; msg && ua_header(msg, "Contact", i, v, sizeof(v)); i++)
			for (const char *p = v; (p = strchr(p, '<')); p++)
				u->contacts++;
	} else if (strcmp(c->method, "OPTIONS") == 0) {
		u->options = status;
	} else if (strcmp(c->method, "BYE") == 0) {
		u->bye = status;
	} else if (strcmp(c->method, "CANCEL") == 0) {
		u->cancel = status;
	} else if (c->invite) {
		u->invited = status;
		if (status >= 300 && u->call.state < UA_TALKING)
			u->call.state = UA_ENDED;
	}
}

static void final_reply(struct ua_client *c, int status, const char *msg)
{
	struct ua *u = c->ua;

	if (c->invite && status < 300) {
		if (c->done && c->status >= 300) {
			u->odd++; /* answered twice, differently */
			return;
		}
		u->got_2xx++;
		ack_2xx(c, msg);
	} else if (c->invite) {
		if (c->done && c->status < 300) {
			u->odd++;
			return;
		}
		ack_negative(c, msg);
	}
	if (c->done)
		return;
	timer_stop(&c->retr);
	timer_start(u->w, &c->end, LIFE, client_end, c); /* absorbs what comes again */
	client_done(c, status, msg);
}

static void on_reply(struct ua *u, const char *msg)
{
	int status = atoi(msg + 8);
	char via[256], branch[80], method[16];

	cseq_of(msg, method);
	ua_header(msg, "Via", 0, via, sizeof(via));
	if (!param(via, "branch", branch, sizeof(branch))) {
		u->odd++;
		return;
	}
	for (int i = 0; i < UA_CLIENTS; i++) {
		struct ua_client *c = &u->client[i];

		if (!c->used || strcmp(c->branch, branch) != 0 || strcmp(c->method, method) != 0)
			continue;
		if (status >= 200) {
			final_reply(c, status, msg);
		} else if (!c->done) {
			c->provisional = true;
			u->provisional++;
			if (c->invite)
				timer_stop(&c->retr);
			if (c->invite) /* a proxy is there: it will end it */
				timer_start(u->w, &c->end, 300000, client_end, c);
			if (status > 100 && u->call.state == UA_CALLING)
				u->call.state = UA_RINGING;
		}
		return;
	}
	if (status >= 200) /* a late provisional may come after the end of all */
		u->odd++;
}

/* ---- server transactions ---- */

static void server_end(void *arg)
{
	struct ua_server *s = arg;

	timer_stop(&s->retr);
	if (s->invite && s->final && !s->acked)
		s->ua->unacked++;
	s->used = false;
}

static void server_retr(void *arg)
{
	struct ua_server *s = arg;

	put(s->ua, &s->way, &s->rpl);
	s->ms = s->ms * 2 > UA_T2 ? UA_T2 : s->ms * 2;
	timer_start(s->ua->w, &s->retr, s->ms, server_retr, s);
}

static void answer(struct ua_server *s, int status, const char *reason, const char *headers)
{
	struct ua *u = s->ua;
	char v[512];
	struct ua_text *t = &s->rpl;

	t->n = 0;
	add(t, "SIP/2.0 %d %s\r\n", status, reason);
	for (unsigned i = 0; ua_header(s->req.p, "Via", i, v, sizeof(v)); i++)
		add(t, "Via: %s\r\n", v);
	for (unsigned i = 0; ua_header(s->req.p, "Record-Route", i, v, sizeof(v)); i++)
		add(t, "Record-Route: %s\r\n", v);
	ua_header(s->req.p, "From", 0, v, sizeof(v));
	add(t, "From: %s\r\n", v);
	ua_header(s->req.p, "To", 0, v, sizeof(v));
	add(t, "To: %s", v);
	if (!strstr(v, ";tag="))
		add(t, ";tag=%s%u", u->user, u->at.ip[3] * 1000u + s->cseq);
	ua_header(s->req.p, "CSeq", 0, v, sizeof(v));
	add(t, "\r\nCall-ID: %s\r\nCSeq: %s\r\n", s->call_id, v);
	if (s->invite && status < 300) {
		add_contact(u, t);
		add(t, "\r\n");
	}
	if (headers)
		add(t, "%s", headers);
	if (s->invite && status >= 200 && status < 300)
		add(t, "Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%s", strlen(sdp), sdp);
	else
		add(t, "Content-Length: 0\r\n\r\n");
	s->status = status;
	put(u, &s->way, t);
	if (status < 200)
		return;
	s->final = true;
	timer_stop(&s->ring);
	timer_stop(&s->answer);
	timer_start(u->w, &s->end, LIFE, server_end, s);
	s->ms = UA_T1;
	/* a 2xx is repeated end to end whatever the transport (13.3.1.4), others over datagrams */
	if (s->invite && (status < 300 || u->proto == PROTO_UDP))
		timer_start(u->w, &s->retr, s->ms, server_retr, s);
}

/* The callee's view of the dialog. */
static void take_call(struct ua_server *s)
{
	struct ua_call *k = &s->ua->call;
	char v[256];

	*k = (struct ua_call){.state = UA_TALKING, .cseq = 100};
	snprintf(k->id, sizeof(k->id), "%s", s->call_id);
	ua_header(s->rpl.p, "To", 0, k->local, sizeof(k->local));
	ua_header(s->req.p, "From", 0, k->remote, sizeof(k->remote));
	if (ua_header(s->req.p, "Contact", 0, v, sizeof(v)))
		uri_of(v, k->target, sizeof(k->target));
	learn_routes(k, s->req.p, false);
}

static void on_ring(void *arg)
{
	answer(arg, 180, "Ringing", NULL);
}

static void on_answer(void *arg)
{
	struct ua_server *s = arg;
	const struct ua_manners *m = &s->ua->manners;

	answer(s, m->final, m->final < 300 ? "OK" : "Busy Here", m->headers);
	if (m->final < 300)
		take_call(s);
}

static void on_invite(struct ua_server *s, bool in_dialog)
{
	struct ua *u = s->ua;

	if (in_dialog) {
		u->got_reinvite++;
		answer(s, 200, "OK", NULL);
		return;
	}
	u->got_invite++;
	if (u->manners.ring_ms >= 0)
		timer_start(u->w, &s->ring, (uint32_t)u->manners.ring_ms, on_ring, s);
	if (u->manners.final)
		timer_start(u->w, &s->answer, (uint32_t)u->manners.final_ms, on_answer, s);
}

static void on_cancel(struct ua_server *s, const char *branch)
{
	struct ua *u = s->ua;
	struct ua_server *inv = NULL;
	char key[160];

	snprintf(key, sizeof(key), "%s INVITE", branch);
	for (int i = 0; i < UA_SERVERS; i++)
		if (u->serving[i].used && strcmp(u->serving[i].key, key) == 0)
			inv = &u->serving[i];
	answer(s, inv ? 200 : 481, inv ? "OK" : "No such call", NULL);
	if (!inv)
		u->odd++; /* a CANCEL may not overtake what it cancels: it waits for a provisional answer */
	if (!inv || inv->final)
		return;
	u->got_cancel++;
	answer(inv, 487, "Request Terminated", NULL);
}

static void on_ack(struct ua *u, const char *msg, const char *branch)
{
	char cid[80], method[16], key[160];
	unsigned cseq = cseq_of(msg, method);

	ua_header(msg, "Call-ID", 0, cid, sizeof(cid));
	snprintf(key, sizeof(key), "%s INVITE", branch);
	for (int i = 0; i < UA_SERVERS; i++) {
		struct ua_server *s = &u->serving[i];

		if (!s->used || !s->invite || s->cseq != cseq || strcmp(s->call_id, cid) != 0 ||
		    (s->status >= 300 && strcmp(s->key, key) != 0))
			continue;
		u->got_ack += !s->acked;
		s->acked = true;
		timer_stop(&s->retr);
		return;
	}
	u->odd++;
}

static void new_request(struct ua *u, const char *msg, size_t n, const struct ua_way *way, const char *key,
			const char *branch, const char *method)
{
	struct ua_server *s = NULL;
	char to[256], m[16];

	for (int i = 0; i < UA_SERVERS && !s; i++)
		if (!u->serving[i].used)
			s = &u->serving[i];
	if (!s || n >= UA_TEXT) {
		u->odd++;
		return;
	}
	s->ua = u;
	s->used = true;
	s->acked = s->final = false;
	s->status = 0;
	s->rpl.n = 0;
	s->way = *way;
	s->invite = strcmp(method, "INVITE") == 0;
	memcpy(s->req.p, msg, n + 1);
	s->req.n = n;
	snprintf(s->key, sizeof(s->key), "%s", key);
	ua_header(msg, "Call-ID", 0, s->call_id, sizeof(s->call_id));
	s->cseq = cseq_of(msg, m);
	ua_header(msg, "To", 0, to, sizeof(to));
	if (s->invite) {
		on_invite(s, strstr(to, ";tag=") != NULL);
	} else if (strcmp(method, "CANCEL") == 0) {
		on_cancel(s, branch);
	} else if (strcmp(method, "BYE") == 0) {
		u->got_bye++;
		u->call.state = UA_ENDED;
		answer(s, 200, "OK", NULL);
	} else {
		answer(s, 200, "OK", NULL);
	}
}

static void on_request(struct ua *u, const char *msg, size_t n, const struct ua_way *way)
{
	char via[256], branch[80], method[16], key[160];

	cut(method, sizeof(method), msg, strcspn(msg, " "));
	ua_header(msg, "Via", 0, via, sizeof(via));
	if (!param(via, "branch", branch, sizeof(branch))) {
		u->odd++;
		return;
	}
	if (strcmp(method, "ACK") == 0) {
		on_ack(u, msg, branch);
		return;
	}
	snprintf(key, sizeof(key), "%s %s", branch, method);
	for (int i = 0; i < UA_SERVERS; i++) {
		struct ua_server *s = &u->serving[i];

		if (!s->used || strcmp(s->key, key) != 0)
			continue;
		if (s->rpl.n)
			put(u, &s->way, &s->rpl);
		return;
	}
	new_request(u, msg, n, way, key, branch, method);
}

static void on_message(struct ua *u, char *msg, size_t n, const struct ua_way *way)
{
	if (u->manners.silent)
		return;
	msg[n] = 0;
	if (n < 12)
		u->odd++;
	else if (strncmp(msg, "SIP/2.0 ", 8) == 0)
		on_reply(u, msg);
	else
		on_request(u, msg, n, way);
}

/* ---- transports ---- */

static void on_dgrams(void *arg, struct world_sock *sock, struct world_dgram *v, size_t n)
{
	(void)sock;
	for (size_t i = 0; i < n; i++) {
		struct ua_way way = {.to = v[i].from};

		on_message(arg, v[i].buf, v[i].n, &way);
	}
}

static void s_open(void *arg, struct world_stream *s)
{
	struct ua_stream *x = arg;

	(void)s;
	x->open = true;
	stream_flush(x);
}

static void s_data(void *arg, struct world_stream *s, char *p, size_t n)
{
	struct ua_stream *x = arg;
	struct ua_way way = {.stream = x};

	(void)s;
	if (x->n_in + n >= sizeof(x->in)) {
		x->ua->odd++;
		return;
	}
	memcpy(x->in + x->n_in, p, n);
	x->n_in += n;
	for (;;) {
		char copy[UA_TEXT], len[16];
		char *end;
		size_t all;

		x->in[x->n_in] = 0;
		end = strstr(x->in, "\r\n\r\n");
		if (!end)
			return;
		ua_header(x->in, "Content-Length", 0, len, sizeof(len));
		all = (size_t)(end + 4 - x->in) + strtoul(len, NULL, 10);
		if (all > x->n_in || all >= sizeof(copy))
			return;
		memcpy(copy, x->in, all);
		memmove(x->in, x->in + all, x->n_in - all);
		x->n_in -= all;
		on_message(x->ua, copy, all, &way);
	}
}

static void s_writable(void *arg, struct world_stream *s)
{
	(void)s;
	stream_flush(arg);
}

static void s_close(void *arg, struct world_stream *s, int err)
{
	struct ua_stream *x = arg;

	(void)s;
	(void)err;
	x->s = NULL;
	x->open = false;
	x->n_in = x->n_out = 0;
}

static const struct world_stream_ops stream_ops = {s_open, s_data, s_writable, s_close};

static void connect_stream(struct ua *u)
{
	struct addr from = u->at;
	struct world_tcp_opts o = {.source = &from};

	from.port = 0;
	u->stream[0].ua = u;
	(void)world_tcp_connect(worker_world(u->w), &u->server, &o, &stream_ops, &u->stream[0], &u->stream[0].s);
}

static void on_accept(void *arg, struct world_listener *l, struct world_stream *s, const struct addr *from)
{
	struct ua *u = arg;

	(void)l;
	(void)from;
	for (int i = 1; i < UA_STREAMS; i++) {
		struct ua_stream *x = &u->stream[i];

		if (x->s)
			continue;
		x->ua = u;
		x->s = s;
		x->open = true;
		x->n_in = x->n_out = 0;
		world_stream_accept(s, &stream_ops, x);
		return;
	}
}

void ua_init(struct ua *u, struct worker *w, const char *user, const struct addr *at, const struct addr *server,
	     enum proto proto)
{
	char ip[ADDR_TEXT_MAX];
	struct str t;
	int err;

	memset(u, 0, sizeof(*u));
	u->w = w;
	u->user = user;
	u->at = *at;
	u->server = *server;
	u->proto = proto;
	u->manners = (struct ua_manners){.ring_ms = 100, .final = 200, .final_ms = 1000};
	t = addr_text(at, true, ip);
	snprintf(u->host, sizeof(u->host), "%.*s:%u", (int)t.n, t.p, at->port);
	t = addr_text(server, true, ip);
	snprintf(u->domain, sizeof(u->domain), "%.*s", (int)t.n, t.p);
	err = proto == PROTO_UDP ? world_udp_open(worker_world(w), at, NULL, on_dgrams, u, &u->sock)
				 : world_tcp_listen(worker_world(w), at, NULL, on_accept, u, &u->listener);
	BUG_ON(err);
}

void ua_fini(struct ua *u)
{
	if (u->sock)
		world_udp_close(&u->sock);
	if (u->listener)
		world_listener_close(&u->listener);
	for (int i = 0; i < UA_STREAMS; i++)
		if (u->stream[i].s)
			world_stream_close(&u->stream[i].s, false);
	for (int i = 0; i < UA_CLIENTS; i++) {
		timer_stop(&u->client[i].retr);
		timer_stop(&u->client[i].end);
	}
	for (int i = 0; i < UA_SERVERS; i++) {
		struct ua_server *s = &u->serving[i];

		timer_stop(&s->retr);
		timer_stop(&s->end);
		timer_stop(&s->ring);
		timer_stop(&s->answer);
	}
}

bool ua_idle(const struct ua *u)
{
	for (int i = 0; i < UA_CLIENTS; i++)
		if (u->client[i].used && !u->client[i].done)
			return false;
	for (int i = 0; i < UA_SERVERS; i++)
		if (u->serving[i].used && u->serving[i].invite && u->serving[i].final && !u->serving[i].acked)
			return false;
	return true;
}
