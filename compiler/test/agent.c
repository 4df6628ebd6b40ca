/* SPDX-License-Identifier: Apache-2.0 */
#include "test/agent.h"

#include "base/sb.h"

struct agent {
	struct agents *g;
	const struct scenario_ua *ua;
	struct world_sock *sock;
	struct world_listener *listener;
	struct world_stream *out;  /* to the server */
	struct world_stream *in;   /* accepted from it */
	struct sb waiting, got[2]; /* not yet open; bytes of out and in that are no whole message yet */
	bool open;
	struct agent_message *first, *last;
	struct str call_id, tag;
	unsigned cseq, n_branches;
	struct sip_msg *request; /* last taken: what replies answer */
	struct sip_msg *dialog;  /* message that made the dialog: a 2xx got, or an INVITE got */
	struct str invite_branch, invite_uri, invite_to;
	unsigned invite_cseq;
	struct str local_tag_in; /* of our replies to the dialog's INVITE */
};

static struct str host(const struct agent *a, char buf[ADDR_TEXT_MAX])
{
	return addr_text(&a->ua->addr, true, buf);
}

/* ---- bytes in and out ---- */

static void send_bytes(struct agent *a, struct str bytes)
{
	struct iovec iov = {.iov_base = (void *)(uintptr_t)bytes.p, .iov_len = bytes.n};

	if (a->ua->proto == PROTO_UDP) {
		world_udp_send(a->sock, &a->g->server[PROTO_UDP], &iov, 1);
	} else if (a->open && a->out) {
		world_stream_write(a->out, bytes.p, bytes.n);
	} else if (a->in) {
		world_stream_write(a->in, bytes.p, bytes.n);
	} else {
		sb_add(&a->waiting, bytes);
	}
}

static bool is_again(const struct agent *a, struct str bytes)
{
	for (const struct agent_message *m = a->first; m; m = m->next)
		if (str_eq(m->msg->buf, bytes))
			return true;
	return false;
}

/* The ACK of a negative final reply: same branch, To of the reply. */
static void auto_ack(struct agent *a, struct sip_msg *m)
{
	struct sip_via *via = sip_via_top(m);
	struct sip_nameaddr *from = sip_from(m), *to = sip_to(m);
	struct sip_cseq cseq;
	char ip[ADDR_TEXT_MAX];
	struct sb b;

	if (m->is_request || m->status < 300 || sip_cseq(m, &cseq) || cseq.method != SIP_INVITE || !via || !from || !to ||
	    !str_eq(via->branch, a->invite_branch))
		return;
	sb_init(&b, a->g->a, 65536);
	sb_printf(&b, "ACK " STR_FMT " SIP/2.0\r\nVia: SIP/2.0/" STR_FMT " " STR_FMT ":%u;branch=" STR_FMT
		      "\r\nMax-Forwards: 70\r\nFrom: " STR_FMT "\r\nTo: " STR_FMT "\r\nCall-ID: " STR_FMT
		      "\r\nCSeq: %u ACK\r\nContent-Length: 0\r\n\r\n",
		  STR_ARG(a->invite_uri), STR_ARG(proto_via_name(a->ua->proto)), STR_ARG(host(a, ip)), a->ua->addr.port,
		  STR_ARG(a->invite_branch), STR_ARG(from->text), STR_ARG(to->text), STR_ARG(sip_call_id(m)), cseq.num);
	send_bytes(a, sb_str(&b));
}

static void receive(struct agent *a, struct str bytes)
{
	struct agent_message *m = arena_new_of(a->g->a, struct agent_message);
	struct sip_msg *msg = NULL;

	if (!m || !str_trim(bytes).n || sip_msg_parse(NULL, bytes, &msg))
		return;
	*m = (struct agent_message){.msg = msg, .again = is_again(a, msg->buf), .at = sim_now(a->g->sim)};
	if (a->last)
		a->last->next = m;
	else
		a->first = m;
	a->last = m;
	auto_ack(a, msg);
}

static void on_dgrams(void *arg, struct world_sock *s, struct world_dgram *v, size_t n)
{
	(void)s;
	for (size_t i = 0; i < n; i++)
		receive(arg, str_make(v[i].buf, v[i].n));
}

/* Whole messages by Content-Length. */
static void cut(struct agent *a, struct sb *got)
{
	for (;;) {
		struct str all = sb_str(got), line, head;
		size_t end = str_find(all, S("\r\n\r\n"));
		uint64_t body = 0;

		if (end == STR_NONE)
			return;
		head = str_head(all, end + 2);
		while (head.n) {
			line = str_trim(str_cut(&head, '\n'));
			if (str_istarts(line, S("Content-Length:")))
				str_to_u64(str_trim(str_skip(line, 15)), 1 << 20, &body);
		}
		if (all.n < end + 4 + body)
			return;
		receive(a, str_head(all, end + 4 + body));
		all = str_dup(a->g->a, str_skip(all, end + 4 + body));
		sb_reset(got);
		sb_add(got, all);
	}
}

static void on_open(void *arg, struct world_stream *s)
{
	struct agent *a = arg;

	a->open = true;
	if (a->waiting.n)
		world_stream_write(s, a->waiting.p, a->waiting.n);
	sb_reset(&a->waiting);
}

static void on_data(void *arg, struct world_stream *s, char *p, size_t n)
{
	struct agent *a = arg;
	struct sb *got = &a->got[s == a->in];

	sb_add(got, str_make(p, n));
	cut(a, got);
}

static void on_close(void *arg, struct world_stream *s, int err)
{
	struct agent *a = arg;

	(void)err;
	if (s == a->out) {
		a->out = NULL;
		a->open = false;
	} else {
		a->in = NULL;
	}
}

static const struct world_stream_ops stream_ops = {.on_open = on_open, .on_data = on_data, .on_close = on_close};

static void on_accept(void *arg, struct world_listener *l, struct world_stream *s, const struct addr *from)
{
	struct agent *a = arg;

	(void)l;
	(void)from;
	if (a->in)
		return;
	a->in = s;
	world_stream_accept(s, &stream_ops, a);
}

/* ---- life ---- */

static struct str random_token(struct agents *g, unsigned n)
{
	struct sb b;

	sb_init(&b, g->a, 64);
	while (n-- > 0)
		sb_printf(&b, "%x", (unsigned)(world_random_u64(g->world) & 15));
	return sb_str(&b);
}

static int agent_new(struct agents *g, const struct scenario_ua *ua, struct agent **ret)
{
	struct agent *a = arena_new_of(g->a, struct agent);

	if (!a)
		return RT_E_NOMEM;
	*a = (struct agent){.g = g, .ua = ua, .call_id = random_token(g, 16), .tag = random_token(g, 8)};
	sb_init(&a->waiting, g->a, 1 << 20);
	sb_init(&a->got[0], g->a, 1 << 20);
	sb_init(&a->got[1], g->a, 1 << 20);
	*ret = a;
	if (ua->proto == PROTO_UDP)
		return world_udp_open(g->world, &ua->addr, NULL, on_dgrams, a, &a->sock);
	return world_tcp_listen(g->world, &ua->addr, NULL, on_accept, a, &a->listener);
}

int agents_new(struct agents *g, struct arena *a, struct sim *sim, const struct scenario *s, const struct addr *udp,
	       const struct addr *tcp)
{
	int err = 0;

	*g = (struct agents){.a = a, .sim = sim, .world = sim_world_new(sim)};
	if (!g->world)
		return RT_E_NOMEM;
	if (udp)
		g->server[PROTO_UDP] = *udp;
	if (tcp)
		g->server[PROTO_TCP] = *tcp;
	for (size_t i = 0; !err && i < s->n_uas; i++) {
		err = agent_new(g, &s->uas[i], &g->v[i]);
		g->n = i + (err == 0);
	}
	return err;
}

void agents_free(struct agents *g)
{
	for (size_t i = 0; i < g->n; i++) {
		struct agent *a = g->v[i];

		if (a->sock)
			world_udp_close(&a->sock);
		if (a->listener)
			world_listener_close(&a->listener);
		if (a->out)
			world_stream_close(&a->out, true);
		if (a->in)
			world_stream_close(&a->in, true);
		for (struct agent_message *m = a->first; m; m = m->next)
			sip_msg_unref(&m->msg);
	}
	if (g->world)
		world_free(&g->world);
}

struct agent_message *agent_next(struct agent *a, bool again)
{
	for (struct agent_message *m = a->first; m; m = m->next)
		if (!m->taken && (again || !m->again)) {
			m->taken = true;
			if (m->msg->is_request)
				a->request = m->msg;
			if (m->msg->is_request ? m->msg->method == SIP_INVITE : m->msg->status / 100 == 2)
				a->dialog = m->msg;
			return m;
		}
	return NULL;
}

/* ---- building ---- */

static bool given(struct str head, struct str name)
{
	while (head.n) {
		struct str line = str_trim(str_cut(&head, '\n')), n = str_cut(&line, ':');

		if (str_ieq(str_rtrim(n), name))
			return true;
	}
	return false;
}

static void add_lines(struct sb *b, struct str lines)
{
	while (lines.n) {
		struct str line = str_trim(str_cut(&lines, '\n'));

		if (line.n) {
			sb_add(b, line);
			sb_addz(b, "\r\n");
		}
	}
}

static struct str crlf_body(struct agent *a, struct str body)
{
	struct sb b;

	sb_init(&b, a->g->a, 1 << 20);
	add_lines(&b, body);
	return sb_str(&b);
}

static void finish(struct agent *a, struct sb *b, struct str head, struct str block_body)
{
	struct str body = crlf_body(a, block_body);

	add_lines(b, head);
	if (body.n && !given(head, S("Content-Type")))
		sb_addz(b, "Content-Type: application/sdp\r\n");
	if (!given(head, S("Content-Length")))
		sb_printf(b, "Content-Length: %zu\r\n", body.n);
	sb_addz(b, "\r\n");
	sb_add(b, body);
}

static void header(struct sb *b, struct str head, const char *name, struct str value)
{
	if (!given(head, str_of(name)))
		sb_printf(b, "%s: " STR_FMT "\r\n", name, STR_ARG(value));
}

static void connect_if_needed(struct agent *a)
{
	struct world_tcp_opts o = {0};
	struct addr any = a->ua->addr;

	any.port = 0;
	o.source = &any;
	if (a->ua->proto == PROTO_TCP && !a->out && !a->in)
		world_tcp_connect(a->g->world, &a->g->server[PROTO_TCP], &o, &stream_ops, a, &a->out);
}

/* Route headers of a dialog (RFC 3261 12.1): the UAC reads Record-Route backwards. */
static void add_routes(struct agent *a, struct sb *b)
{
	struct sip_nameaddr *list = NULL, *v[32];
	size_t n = 0;

	if (sip_addrs(a->dialog, SIP_HDR_RECORD_ROUTE, &list))
		return;
	for (struct sip_nameaddr *i = list; i && n < 32; i = i->next)
		v[n++] = i;
	for (size_t i = 0; i < n; i++)
		sb_printf(b, "Route: " STR_FMT "\r\n", STR_ARG(v[a->dialog->is_request ? i : n - 1 - i]->text));
}

static struct str with_tag(struct agent *a, struct str value, struct str tag)
{
	return str_ifind(value, S(";tag=")) != STR_NONE || !tag.n
		       ? value : str_printf(a->g->a, STR_FMT ";tag=" STR_FMT, STR_ARG(value), STR_ARG(tag));
}

/* What From, To, Call-ID and the target of a request in the dialog are. */
static void dialog_sides(struct agent *a, struct str *from, struct str *to, struct str *call_id, struct str *uri)
{
	struct sip_nameaddr *f = sip_from(a->dialog), *t = sip_to(a->dialog), *c = sip_contacts(a->dialog);
	bool uas = a->dialog->is_request;

	*call_id = sip_call_id(a->dialog);
	*from = uas ? with_tag(a, t ? t->text : S(""), a->local_tag_in) : f ? f->text : S("");
	*to = uas ? (f ? f->text : S("")) : t ? t->text : S("");
	if (!uri->n && c)
		*uri = c->uri;
}

static const char *raw(struct agent *a, struct str block);

const char *agent_send(struct agent *a, struct str method, struct str uri, struct str block)
{
	char ip[ADDR_TEXT_MAX], sip[ADDR_TEXT_MAX];
	struct agents *g = a->g;
	struct str head, body, from, to, call_id = a->call_id, branch;
	bool in_dialog = !uri.n, cancel = str_eq(method, S("CANCEL")), ack = str_eq(method, S("ACK"));
	unsigned cseq;
	struct sb b;

	if (!method.n)
		return raw(a, block);
	scenario_split(block, &head, &body);
	if (cancel)
		uri = a->invite_uri;
	else if (in_dialog && !a->dialog)
		return "there is no dialog yet; name a URI";
	from = str_printf(g->a, "<sip:" STR_FMT "@" STR_FMT ">;tag=" STR_FMT, STR_ARG(a->ua->name),
			  STR_ARG(addr_text(&g->server[a->ua->proto], true, sip)), STR_ARG(a->tag));
	to = str_printf(g->a, "<" STR_FMT ">", STR_ARG(uri));
	if (cancel)
		to = a->invite_to;
	else if (in_dialog)
		dialog_sides(a, &from, &to, &call_id, &uri);
	if (!uri.n)
		return "the dialog has no target";
	cseq = ack || cancel ? a->invite_cseq : ++a->cseq;
	branch = cancel ? a->invite_branch : str_printf(g->a, "z9hG4bK" STR_FMT "%u", STR_ARG(a->tag), ++a->n_branches);
	if (str_eq(method, S("INVITE"))) {
		a->invite_branch = branch;
		a->invite_uri = str_dup(g->a, uri);
		a->invite_to = to;
		a->invite_cseq = cseq;
	}
	sb_init(&b, g->a, 65536);
	sb_printf(&b, STR_FMT " " STR_FMT " SIP/2.0\r\n", STR_ARG(method), STR_ARG(uri));
	header(&b, head, "Via", str_printf(g->a, "SIP/2.0/" STR_FMT " " STR_FMT ":%u;branch=" STR_FMT, STR_ARG(proto_via_name(a->ua->proto)),
					   STR_ARG(host(a, ip)), a->ua->addr.port, STR_ARG(branch)));
	if (in_dialog && !cancel)
		add_routes(a, &b);
	header(&b, head, "Max-Forwards", S("70"));
	header(&b, head, "From", from);
	header(&b, head, "To", to);
	header(&b, head, "Call-ID", call_id);
	header(&b, head, "CSeq", str_printf(g->a, "%u " STR_FMT, cseq, STR_ARG(method)));
	if (!ack && !cancel)
		header(&b, head, "Contact", str_printf(g->a, "<sip:" STR_FMT "@" STR_FMT ":%u%s>", STR_ARG(a->ua->name),
						       STR_ARG(host(a, ip)), a->ua->addr.port, a->ua->proto == PROTO_TCP ? ";transport=tcp" : ""));
	finish(a, &b, head, body);
	connect_if_needed(a);
	send_bytes(a, sb_str(&b));
	return sb_ok(&b) ? NULL : "the message is too long";
}

static void copy_headers(struct sb *b, struct sip_msg *m, enum sip_hdr_id id, struct str head)
{
	if (given(head, sip_hdr_name(id)))
		return;
	for (struct sip_hdr *h = m->first[id]; h; h = h->same)
		sb_printf(b, STR_FMT ": " STR_FMT "\r\n", STR_ARG(h->name), STR_ARG(h->body));
}

const char *agent_reply(struct agent *a, int status, struct str reason, struct str block)
{
	char ip[ADDR_TEXT_MAX];
	struct sip_msg *m = a->request;
	struct sip_nameaddr *to = m ? sip_to(m) : NULL;
	struct str head, body;
	struct sb b;

	if (!m || !to)
		return "no request was expected before it";
	scenario_split(block, &head, &body);
	sb_init(&b, a->g->a, 65536);
	sb_printf(&b, "SIP/2.0 %d " STR_FMT "\r\n", status, STR_ARG(reason.n ? reason : S("Answer")));
	copy_headers(&b, m, SIP_HDR_VIA, head);
	copy_headers(&b, m, SIP_HDR_RECORD_ROUTE, head);
	copy_headers(&b, m, SIP_HDR_FROM, head);
	if (status > 100 && !to->tag.n) {
		a->local_tag_in = a->tag;
		header(&b, head, "To", with_tag(a, to->text, a->tag));
	} else {
		copy_headers(&b, m, SIP_HDR_TO, head);
	}
	copy_headers(&b, m, SIP_HDR_CALL_ID, head);
	copy_headers(&b, m, SIP_HDR_CSEQ, head);
	if (m->method == SIP_INVITE || m->method == SIP_SUBSCRIBE)
		header(&b, head, "Contact", str_printf(a->g->a, "<sip:" STR_FMT "@" STR_FMT ":%u%s>", STR_ARG(a->ua->name),
						       STR_ARG(host(a, ip)), a->ua->addr.port, a->ua->proto == PROTO_TCP ? ";transport=tcp" : ""));
	finish(a, &b, head, body);
	send_bytes(a, sb_str(&b));
	return sb_ok(&b) ? NULL : "the message is too long";
}

/* ---- whole messages with keywords ---- */

static struct str last_header(struct agent *a, struct str name)
{
	struct agent_message *taken = NULL;
	struct sip_hdr *h;

	for (struct agent_message *m = a->first; m; m = m->next)
		if (m->taken)
			taken = m;
	h = taken ? sip_hdr_find(taken->msg, name) : NULL;
	return h ? str_printf(a->g->a, STR_FMT ": " STR_FMT, STR_ARG(h->name), STR_ARG(h->body)) : STR_NULL;
}

static bool keyword(struct agent *a, struct str k, size_t body, struct sb *b)
{
	char ip[ADDR_TEXT_MAX];

	if (str_eq(k, S("branch")))
		sb_printf(b, "z9hG4bK" STR_FMT "%u", STR_ARG(a->tag), ++a->n_branches);
	else if (str_eq(k, S("call_id")))
		sb_add(b, a->call_id);
	else if (str_eq(k, S("cseq")))
		sb_printf(b, "%u", ++a->cseq);
	else if (str_eq(k, S("tag")))
		sb_add(b, a->tag);
	else if (str_eq(k, S("local_ip")))
		sb_add(b, host(a, ip));
	else if (str_eq(k, S("local_port")))
		sb_printf(b, "%u", a->ua->addr.port);
	else if (str_eq(k, S("transport")))
		sb_add(b, proto_via_name(a->ua->proto));
	else if (str_eq(k, S("len")))
		sb_printf(b, "%zu", body);
	else if (str_starts(k, S("last_")))
		sb_add(b, last_header(a, str_skip(k, 5)));
	else
		return false;
	return true;
}

static const char *raw(struct agent *a, struct str block)
{
	struct str head, body;
	struct sb b;

	scenario_split(block, &head, &body);
	body = crlf_body(a, body);
	sb_init(&b, a->g->a, 1 << 17);
	while (head.n) {
		struct str line = str_trim(str_cut(&head, '\n'));

		while (line.n) {
			size_t open = str_chr(line, '['), close = open == STR_NONE ? STR_NONE : str_chr(str_skip(line, open), ']');

			if (close == STR_NONE) {
				sb_add(&b, line);
				break;
			}
			sb_add(&b, str_head(line, open));
			if (!keyword(a, str_head(str_skip(line, open + 1), close - 1), body.n, &b))
				sb_add(&b, str_head(str_skip(line, open), close + 1)); /* an IPv6 address, say */
			line = str_skip(line, open + close + 1);
		}
		sb_addz(&b, "\r\n");
	}
	sb_addz(&b, "\r\n");
	sb_add(&b, body);
	connect_if_needed(a);
	send_bytes(a, sb_str(&b));
	return sb_ok(&b) ? NULL : "the message is too long";
}
