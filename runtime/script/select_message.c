/* SPDX-License-Identifier: Apache-2.0 */
/* Selects of the message and of where it came from. */
#include "script/select_priv.h"

static bool uri_now(struct sel *s)
{
	return s->msg && s->msg->is_request && sel_give(s, sip_draft_uri(s->r->draft));
}

enum root { R_RURI, R_DST_URI, R_NEXT_HOP, R_METHOD, R_VERSION, R_STATUS, R_REASON, R_CALL_ID };

static bool root_step(struct sel *s, const struct sel_part *p, int what)
{
	struct sip_msg *m = s->msg;

	(void)p;
	if (!m)
		return false;
	switch ((enum root)what) {
	case R_RURI:
		return uri_now(s);
	case R_DST_URI:
		return s->r->draft->main.dst_uri.n && sel_give(s, s->r->draft->main.dst_uri);
	case R_NEXT_HOP:
		return s->r->draft->main.dst_uri.n ? sel_give(s, s->r->draft->main.dst_uri) : uri_now(s);
	case R_METHOD:
		return m->is_request && sel_give(s, m->method_text);
	case R_VERSION:
		return sel_give(s, m->version);
	case R_STATUS:
		return !m->is_request && sel_give(s, m->status_text);
	case R_REASON:
		return !m->is_request && sel_give(s, m->reason);
	case R_CALL_ID:
		return sel_give_some(s, sip_call_id(m));
	}
	return false;
}

/* A header by its id: the text of the first. */
static bool header_text(struct sel *s, const struct sel_part *p, int id)
{
	(void)p;
	return s->msg && s->msg->first[id] && sel_give(s, s->msg->first[id]->body);
}

/* Up to its parameters. */
static bool header_value(struct sel *s, const struct sel_part *p, int id)
{
	struct str rest;

	if (!header_text(s, p, id))
		return false;
	rest = s->text;
	return sel_give(s, str_trim(str_cut(&rest, ';')));
}

static bool address(struct sel *s, const struct sel_part *p, int id)
{
	if (!header_text(s, p, id) || sip_addrs(s->msg, (enum sip_hdr_id)id, &s->addr))
		return false;
	return s->addr != NULL;
}

static bool from_to(struct sel *s, const struct sel_part *p, int id)
{
	if (!header_text(s, p, id))
		return false;
	s->addr = id == SIP_HDR_FROM ? sip_from(s->msg) : sip_to(s->msg);
	return s->addr != NULL;
}

/* The last contact, as the reference has it. */
static bool contact(struct sel *s, const struct sel_part *p, int what)
{
	(void)what;
	if (!header_text(s, p, SIP_HDR_CONTACT))
		return false;
	s->addr = sip_contacts(s->msg);
	while (s->addr && s->addr->next)
		s->addr = s->addr->next;
	return s->addr != NULL;
}

/* ---- Via: numbered from 1 ---- */

static bool via(struct sel *s, const struct sel_part *p, int what)
{
	(void)what;
	if (!s->msg || (p->has_num && p->num < 1))
		return false;
	s->via = sip_via_at(s->msg, p->has_num ? (unsigned)p->num - 1 : 0);
	return s->via && sel_give(s, s->via->text);
}

enum via_part {
	V_NAME, V_VERSION, V_TRANSPORT, V_HOST, V_PORT, V_COMMENT, V_BRANCH, V_RECEIVED, V_RPORT, V_I, V_ALIAS,
	V_PARAMS,
};

static bool via_step(struct sel *s, const struct sel_part *p, int what)
{
	const struct sip_via *v = s->via;
	struct str t;

	switch ((enum via_part)what) {
	case V_NAME:
		return sel_give(s, v->name);
	case V_VERSION:
		return sel_give(s, v->version);
	case V_TRANSPORT:
		return sel_give(s, v->transport);
	case V_HOST:
		return sel_give(s, v->host);
	case V_PORT:
		return sel_give(s, v->port_text);
	case V_COMMENT:
		return sel_give(s, v->comment);
	case V_BRANCH:
		return sel_give_some(s, v->branch);
	case V_RECEIVED:
		return sel_give_some(s, v->received);
	case V_RPORT:
		return sel_give_some(s, v->rport);
	case V_I:
		return sel_give_some(s, v->i);
	case V_ALIAS:
		return sel_give_some(s, v->alias);
	case V_PARAMS:
		return sip_pairs_find(v->params, ';', p->key, &t) && t.n && sel_give(s, sip_unquote(t));
	}
	return false;
}

/* ---- CSeq, credentials ---- */

static bool cseq_step(struct sel *s, const struct sel_part *p, int what)
{
	struct sip_cseq c;

	(void)p;
	if (!s->msg || sip_cseq(s->msg, &c))
		return false;
	return sel_give(s, what ? c.method_text : c.num_text);
}

static bool creds(struct sel *s, const struct sel_part *p, int id)
{
	if (!s->msg || sip_creds_find(s->msg, (enum sip_hdr_id)id, p->key, &s->creds))
		return false;
	return sel_give(s, s->creds->hdr->body);
}

enum cred_part {
	C_USERNAME, C_USER, C_DOMAIN, C_REALM, C_NONCE, C_URI, C_CNONCE, C_NC, C_RESPONSE, C_OPAQUE, C_ALGORITHM, C_QOP,
};

static bool cred_step(struct sel *s, const struct sel_part *p, int what)
{
	const struct sip_creds *c = s->creds;
	const struct str parts[] = {c->username, c->user,     c->user_domain, c->realm,  c->nonce,     c->uri,
				    c->cnonce,   c->nc,       c->response,    c->opaque, c->algorithm, c->qop_text};

	(void)p;
	return sel_give(s, parts[what]);
}

/* ---- msg ---- */

static bool msg(struct sel *s, const struct sel_part *p, int what)
{
	(void)p;
	(void)what;
	return s->msg && sel_give(s, s->msg->buf);
}

enum msg_part { M_FIRST_LINE, M_LEN, M_FLAGS, M_ID, M_ID_HEX, M_TYPE, M_HEADERS, M_BODY, M_REQUEST, M_RESPONSE };

static bool msg_step(struct sel *s, const struct sel_part *p, int what)
{
	struct sip_msg *m = s->msg;
	struct arena *a = s->r->arena;

	(void)p;
	switch ((enum msg_part)what) {
	case M_FIRST_LINE:
		return sel_give(s, m->first_line);
	case M_LEN:
		return sel_give(s, str_printf(a, "%zu", m->buf.n));
	case M_FLAGS:
		return sel_give(s, str_printf(a, "%u", s->r->draft->flags));
	case M_ID:
		return sel_give(s, str_printf(a, "%u", m->id));
	case M_ID_HEX:
		return sel_give(s, str_printf(a, "%08x", m->id));
	case M_TYPE:
		return sel_give(s, m->is_request ? S("1") : S("2"));
	case M_HEADERS:
		return sel_give(s, str_make(m->buf.p + m->hdr_off, m->body_off - m->hdr_off));
	case M_BODY:
		return sel_give(s, m->body);
	case M_REQUEST:
		return m->is_request;
	case M_RESPONSE:
		return !m->is_request;
	}
	return false;
}

static bool request_uri(struct sel *s, const struct sel_part *p, int what)
{
	(void)p;
	(void)what;
	return sel_give(s, s->msg->ruri);
}

/* X_Name stands for X-Name; [n] is the n-th from 1, 0 the last. */
static bool header(struct sel *s, const struct sel_part *p, int what)
{
	char name[128];
	struct sip_hdr *h, *next;
	int64_t i;

	(void)what;
	if (p->name.n >= sizeof(name))
		return false;
	for (size_t k = 0; k < p->name.n; k++)
		name[k] = p->name.p[k] == '_' ? '-' : p->name.p[k];
	h = sip_hdr_find(s->msg, str_make(name, p->name.n));
	if (!h)
		h = sip_hdr_find(s->msg, p->name);
	for (i = p->has_num ? p->num : 1; h && i != 1; h = next, i--) {
		next = sip_hdr_next(h);
		if (!next && p->num <= 0)
			break;
	}
	s->hdr = h;
	return h && sel_give(s, h->body);
}

static bool sdp(struct sel *s, const struct sel_part *p, int what)
{
	struct str type = sip_content_type(s->msg);

	(void)p;
	(void)what;
	return str_ieq(type, S("application/sdp")) && sel_give(s, s->msg->body);
}

/* First line "x=...". */
static bool sdp_line(struct sel *s, const struct sel_part *p, int what)
{
	struct str rest = s->text;

	(void)what;
	while (rest.n) {
		struct str line = str_trim(str_cut(&rest, '\n'));

		if (line.n > p->key.n && line.p[p->key.n] == '=' && str_starts(line, p->key))
			return sel_give(s, str_skip(line, p->key.n + 1));
	}
	return false;
}

/* ---- where from, where to ---- */

static bool endpoint(struct sel *s, const struct sel_part *p, int dst)
{
	(void)p;
	if (!s->msg)
		return false;
	s->ip = dst ? &s->msg->origin.dst : &s->msg->origin.src;
	return true;
}

enum end_part { E_IP, E_PORT, E_IP_PORT, E_PROTO, E_ALL };

static bool end_step(struct sel *s, const struct sel_part *p, int what)
{
	struct arena *a = s->r->arena;
	char buf[ADDR_TEXT_MAX];
	struct str ip = addr_text(s->ip, false, buf);

	(void)p;
	switch ((enum end_part)what) {
	case E_IP:
		return sel_give(s, str_dup(a, ip));
	case E_PORT:
		return sel_give(s, str_printf(a, "%u", s->ip->port));
	case E_IP_PORT:
		return sel_give(s, str_printf(a, STR_FMT ":%u", STR_ARG(addr_text(s->ip, true, buf)), s->ip->port));
	case E_PROTO:
		return sel_give(s, proto_name(s->msg->origin.proto));
	case E_ALL:
		ip = addr_text(s->ip, true, buf);
		return sel_give(s, str_printf(a, STR_FMT ":" STR_FMT ":%u", STR_ARG(proto_name(s->msg->origin.proto)),
					      STR_ARG(ip), s->ip->port));
	}
	return false;
}

#define ADDRESS(name, id) {SEL_ROOT, name, 0, SEL_ADDR, address, SIP_HDR_##id}
#define TEXT(name, id) {SEL_ROOT, name, 0, SEL_END, header_text, SIP_HDR_##id}
#define VALUE(name, id) {SEL_ROOT, name, 0, SEL_END, header_value, SIP_HDR_##id}
#define MSG_ROWS(name, what, to) {SEL_MSG, name, 0, to, msg_step, what}
#define VIA_ROW(name, what) {SEL_VIA, name, 0, SEL_END, via_step, what}
#define CRED_ROW(name, what) {SEL_CREDS, name, 0, SEL_END, cred_step, what}

const struct sel_row sel_rows_message[] = {
	{SEL_ROOT, "ruri", 0, SEL_URI, root_step, R_RURI},
	{SEL_ROOT, "request_uri", 0, SEL_URI, root_step, R_RURI},
	{SEL_ROOT, "dst_uri", 0, SEL_URI, root_step, R_DST_URI},
	{SEL_ROOT, "next_hop", 0, SEL_NEXT_HOP, root_step, R_NEXT_HOP},
	{SEL_ROOT, "method", 0, SEL_END, root_step, R_METHOD},
	{SEL_ROOT, "version", 0, SEL_END, root_step, R_VERSION},
	{SEL_ROOT, "status", 0, SEL_END, root_step, R_STATUS},
	{SEL_ROOT, "code", 0, SEL_END, root_step, R_STATUS},
	{SEL_ROOT, "reason", 0, SEL_END, root_step, R_REASON},
	{SEL_ROOT, "call_id", 0, SEL_END, root_step, R_CALL_ID},
	{SEL_ROOT, "from", 0, SEL_ADDR, from_to, SIP_HDR_FROM},
	{SEL_ROOT, "f", 0, SEL_ADDR, from_to, SIP_HDR_FROM},
	{SEL_ROOT, "to", 0, SEL_ADDR, from_to, SIP_HDR_TO},
	{SEL_ROOT, "t", 0, SEL_ADDR, from_to, SIP_HDR_TO},
	ADDRESS("refer_to", REFER_TO), ADDRESS("rpid", RPID), ADDRESS("remote_party_id", RPID),
	ADDRESS("record_route", RECORD_ROUTE), ADDRESS("rr", RECORD_ROUTE),
	{SEL_ROOT, "contact", 0, SEL_CONTACT, contact, 0},
	{SEL_ROOT, "m", 0, SEL_CONTACT, contact, 0},
	{SEL_ROOT, "via", SEL_MAY_NUM, SEL_VIA, via, 0},
	{SEL_ROOT, "v", SEL_MAY_NUM, SEL_VIA, via, 0},
	{SEL_ROOT, "cseq", 0, SEL_CSEQ, header_text, SIP_HDR_CSEQ},
	{SEL_ROOT, "authorization", SEL_NEEDS_KEY, SEL_CREDS, creds, SIP_HDR_AUTHORIZATION},
	{SEL_ROOT, "proxy_authorization", SEL_NEEDS_KEY, SEL_CREDS, creds, SIP_HDR_PROXY_AUTHORIZATION},
	TEXT("content_type", CONTENT_TYPE), TEXT("content_length", CONTENT_LENGTH), TEXT("expires", EXPIRES),
	TEXT("max_forwards", MAX_FORWARDS), TEXT("subject", SUBJECT), TEXT("organization", ORGANIZATION),
	TEXT("priority", PRIORITY), TEXT("session_expires", SESSION_EXPIRES), TEXT("min_se", MIN_SE),
	TEXT("user_agent", USER_AGENT), TEXT("sip_if_match", SIP_IF_MATCH), TEXT("date", DATE),
	TEXT("identity", IDENTITY), TEXT("identity_info", IDENTITY_INFO), VALUE("event", EVENT),

	VIA_ROW("name", V_NAME), VIA_ROW("version", V_VERSION), VIA_ROW("transport", V_TRANSPORT),
	VIA_ROW("host", V_HOST), VIA_ROW("port", V_PORT), VIA_ROW("comment", V_COMMENT),
	VIA_ROW("branch", V_BRANCH), VIA_ROW("received", V_RECEIVED), VIA_ROW("rport", V_RPORT),
	VIA_ROW("i", V_I), VIA_ROW("alias", V_ALIAS),
	{SEL_VIA, "params", SEL_NEEDS_KEY, SEL_END, via_step, V_PARAMS},
	{SEL_CSEQ, "num", 0, SEL_END, cseq_step, 0},
	{SEL_CSEQ, "method", 0, SEL_END, cseq_step, 1},

	{SEL_CREDS, "username", 0, SEL_USERNAME, cred_step, C_USERNAME},
	{SEL_USERNAME, "user", 0, SEL_END, cred_step, C_USER},
	{SEL_USERNAME, "domain", 0, SEL_END, cred_step, C_DOMAIN},
	CRED_ROW("realm", C_REALM), CRED_ROW("nonce", C_NONCE), CRED_ROW("uri", C_URI), CRED_ROW("cnonce", C_CNONCE),
	CRED_ROW("nc", C_NC), CRED_ROW("response", C_RESPONSE), CRED_ROW("opaque", C_OPAQUE),
	CRED_ROW("algorithm", C_ALGORITHM), CRED_ROW("qop", C_QOP),

	{SEL_ROOT, "msg", 0, SEL_MSG, msg, 0},
	{SEL_ROOT, "message", 0, SEL_MSG, msg, 0},
	MSG_ROWS("first_line", M_FIRST_LINE, SEL_END), MSG_ROWS("len", M_LEN, SEL_END),
	MSG_ROWS("flags", M_FLAGS, SEL_END), MSG_ROWS("id", M_ID, SEL_ID), MSG_ROWS("type", M_TYPE, SEL_END),
	{SEL_ID, "hex", 0, SEL_END, msg_step, M_ID_HEX},
	MSG_ROWS("header", M_HEADERS, SEL_HEADERS), MSG_ROWS("h", M_HEADERS, SEL_HEADERS),
	MSG_ROWS("body", M_BODY, SEL_BODY), MSG_ROWS("content", M_BODY, SEL_BODY),
	MSG_ROWS("request", M_REQUEST, SEL_REQUEST), MSG_ROWS("req", M_REQUEST, SEL_REQUEST),
	MSG_ROWS("response", M_RESPONSE, SEL_RESPONSE), MSG_ROWS("res", M_RESPONSE, SEL_RESPONSE),
	{SEL_HEADERS, NULL, SEL_MAY_NUM, SEL_ADDR_TEXT, header, 0},
	{SEL_REQUEST, "method", 0, SEL_END, root_step, R_METHOD},
	{SEL_REQUEST, "uri", 0, SEL_URI, request_uri, 0},
	{SEL_REQUEST, "version", 0, SEL_END, root_step, R_VERSION},
	{SEL_RESPONSE, "status", 0, SEL_END, root_step, R_STATUS},
	{SEL_RESPONSE, "code", 0, SEL_END, root_step, R_STATUS},
	{SEL_RESPONSE, "reason", 0, SEL_END, root_step, R_REASON},
	{SEL_RESPONSE, "version", 0, SEL_END, root_step, R_VERSION},
	{SEL_BODY, "sdp", 0, SEL_SDP, sdp, 0},
	{SEL_SDP, "line", SEL_NEEDS_KEY, SEL_END, sdp_line, 0},

	{SEL_ROOT, "src", 0, SEL_ENDPOINT, endpoint, 0},
	{SEL_ROOT, "dst", 0, SEL_ENDPOINT, endpoint, 1},
	{SEL_ROOT, "received", 0, SEL_RECEIVED, endpoint, 1},
	{SEL_ENDPOINT, "ip", 0, SEL_END, end_step, E_IP},
	{SEL_ENDPOINT, "port", 0, SEL_END, end_step, E_PORT},
	{SEL_ENDPOINT, "ip_port", 0, SEL_END, end_step, E_IP_PORT},
	{SEL_RECEIVED, "ip", 0, SEL_END, end_step, E_IP},
	{SEL_RECEIVED, "port", 0, SEL_END, end_step, E_PORT},
	{SEL_RECEIVED, "ip_port", 0, SEL_END, end_step, E_IP_PORT},
	{SEL_RECEIVED, "proto", 0, SEL_END, end_step, E_PROTO},
	{SEL_RECEIVED, "proto_ip_port", 0, SEL_END, end_step, E_ALL},
	{SEL_END, NULL, 0, SEL_END, NULL, 0},
};
