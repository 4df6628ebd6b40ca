/* SPDX-License-Identifier: Apache-2.0 */
/* Selects inside URIs and name-addrs. A part that is missing is "", a parameter that is missing undefined. */
#include "net/net.h"
#include "script/select_priv.h"

enum uri_part {
	URI_TYPE, URI_USER, URI_RN_USER, URI_PWD, URI_HOST, URI_PORT, URI_HOSTPORT, URI_PARAMS, URI_TRANSPORT,
};

/* As the reference sees "sip:...;user=phone": a number, its parameters belong to the user. */
static bool is_phone(const struct sip_uri *u)
{
	return (u->flags & SIP_URI_USER_PHONE) && u->user.n;
}

static const char *type_name(const struct sip_uri *u)
{
	switch (u->scheme) {
	case SIP_SCHEME_SIP:
		return is_phone(u) ? "tel" : "sip";
	case SIP_SCHEME_SIPS:
		return is_phone(u) ? "tels" : "sips";
	case SIP_SCHEME_TEL:
		return "tel";
	case SIP_SCHEME_TELS:
		return "tels";
	case SIP_SCHEME_URN:
		return "urn";
	default:
		return NULL;
	}
}

/* The number that ;rn= of the user gives, else the user. */
static struct str rn_user(const struct sip_uri *u)
{
	size_t semi = str_chr(u->user, ';');
	struct str rn;

	if (semi != STR_NONE && sip_pairs_find(str_skip(u->user, semi + 1), ';', S("rn"), &rn) && rn.n)
		return rn;
	return u->user;
}

static bool uri_step(struct sel *s, const struct sel_part *p, int what)
{
	struct sip_uri u;
	struct str v;

	if (s->many || sip_uri_parse(s->text, &u))
		return false;
	switch ((enum uri_part)what) {
	case URI_TYPE:
		return type_name(&u) && sel_give(s, str_of(type_name(&u)));
	case URI_USER:
		return sel_give(s, u.user);
	case URI_RN_USER:
		return sel_give(s, rn_user(&u));
	case URI_PWD:
		return sel_give(s, u.passwd);
	case URI_HOST:
		return sel_give(s, u.host);
	case URI_PORT:
		return sel_give(s, u.port_text);
	case URI_HOSTPORT:
		return sel_give(s, str_printf(s->r->arena, STR_FMT ":%u", STR_ARG(u.host), sip_uri_port(&u)));
	case URI_TRANSPORT:
		return sel_give(s, u.proto == PROTO_NONE || u.proto == PROTO_OTHER ? proto_name(sip_uri_proto(&u))
										   : proto_name(u.proto));
	case URI_PARAMS:
		if (!p->has_key)
			return sel_give(s, is_phone(&u) ? S("") : u.params);
		return sip_uri_param(&u, p->key, &v) && v.n && sel_give(s, v);
	}
	return false;
}

/* Socket that would be used to reach the next hop. */
static bool src_ip(struct sel *s, const struct sel_part *p, int what)
{
	const struct net_socket *sock;
	struct sip_uri u;
	struct addr to;

	(void)p;
	(void)what;
	if (sip_uri_parse(s->text, &u) || !addr_parse(u.host, &to))
		return false;
	sock = net_socket_for(s->r->worker, sip_uri_proto(&u), &to, s->r->draft->main.force_sock);
	return sock && sel_give(s, sock->host);
}

/* ---- name-addrs ---- */

enum addr_part { ADDR_NAME, ADDR_URI, ADDR_PARAMS, ADDR_PARAM, ADDR_TAG };

static bool addr_step(struct sel *s, const struct sel_part *p, int what)
{
	const struct sip_nameaddr *a = s->addr;
	struct str v;

	switch ((enum addr_part)what) {
	case ADDR_NAME:
		return sel_give(s, a->display);
	case ADDR_URI:
		return sel_give(s, a->uri);
	case ADDR_TAG:
		return sel_give(s, a->tag);
	case ADDR_PARAMS:
		if (!p->has_key)
			return sel_give(s, a->params);
		__attribute__((fallthrough));
	case ADDR_PARAM:
		return sip_pairs_find(a->params, ';', p->key, &v) && v.n && sel_give(s, sip_unquote(v));
	}
	return false;
}

enum contact_part { CT_Q, CT_EXPIRES, CT_METHODS, CT_RECEIVED, CT_INSTANCE };

static bool contact_step(struct sel *s, const struct sel_part *p, int what)
{
	const struct sip_nameaddr *a = s->addr;

	(void)p;
	switch ((enum contact_part)what) {
	case CT_Q:
		return sel_give_some(s, a->q);
	case CT_EXPIRES:
		return sel_give_some(s, a->expires);
	case CT_METHODS:
		return sel_give_some(s, sip_unquote(a->methods));
	case CT_RECEIVED:
		return sel_give_some(s, a->received);
	case CT_INSTANCE:
		return sel_give_some(s, a->instance);
	}
	return false;
}

/* ".nameaddr" of a text: parsed on the spot. */
static bool to_addr(struct sel *s, const struct sel_part *p, int what)
{
	(void)p;
	(void)what;
	s->addr = arena_new_of(s->r->arena, struct sip_nameaddr);
	return s->addr && !s->many && sip_nameaddr_parse(s->text, s->addr) == 0;
}

/* ".uri" of a text that is a name-addr or a bare URI. */
static bool text_uri(struct sel *s, const struct sel_part *p, int what)
{
	return to_addr(s, p, what) && sel_give(s, s->addr->uri);
}

static bool text_name(struct sel *s, const struct sel_part *p, int what)
{
	return to_addr(s, p, what) && sel_give(s, s->addr->display);
}

static bool text_params(struct sel *s, const struct sel_part *p, int what)
{
	struct str v;

	(void)what;
	if (!p->has_key)
		return false;
	return sip_pairs_find(s->text, ';', p->key, &v) && v.n && sel_give(s, sip_unquote(v));
}

#define URI_ROWS(from)                                                                             \
	{from, "type", 0, SEL_END, uri_step, URI_TYPE}, {from, "user", 0, SEL_END, uri_step, URI_USER},    \
		{from, "rn_user", 0, SEL_END, uri_step, URI_RN_USER},                              \
		{from, "pwd", 0, SEL_END, uri_step, URI_PWD}, {from, "host", 0, SEL_END, uri_step, URI_HOST},\
		{from, "port", 0, SEL_END, uri_step, URI_PORT},                                    \
		{from, "hostport", 0, SEL_END, uri_step, URI_HOSTPORT},                            \
		{from, "transport", 0, SEL_END, uri_step, URI_TRANSPORT},                          \
	{                                                                                          \
		from, "params", SEL_MAY_KEY, SEL_END, uri_step, URI_PARAMS                         \
	}
#define ADDR_ROWS(from)                                                                            \
	{from, "name", 0, SEL_END, addr_step, ADDR_NAME}, {from, "uri", 0, SEL_URI, addr_step, ADDR_URI},  \
		{from, "tag", 0, SEL_END, addr_step, ADDR_TAG},                                    \
	{                                                                                          \
		from, "params", SEL_MAY_KEY, SEL_END, addr_step, ADDR_PARAMS                       \
	}

const struct sel_row sel_rows_address[] = {
	URI_ROWS(SEL_URI),
	URI_ROWS(SEL_NEXT_HOP),
	{SEL_NEXT_HOP, "src_ip", 0, SEL_END, src_ip, 0},
	ADDR_ROWS(SEL_ADDR),
	ADDR_ROWS(SEL_CONTACT),
	{SEL_CONTACT, "q", 0, SEL_END, contact_step, CT_Q},
	{SEL_CONTACT, "expires", 0, SEL_END, contact_step, CT_EXPIRES},
	{SEL_CONTACT, "methods", 0, SEL_END, contact_step, CT_METHODS},
	{SEL_CONTACT, "received", 0, SEL_END, contact_step, CT_RECEIVED},
	{SEL_CONTACT, "instance", 0, SEL_END, contact_step, CT_INSTANCE},
	{SEL_ADDR_TEXT, "nameaddr", 0, SEL_ADDR, to_addr, 0},
	{SEL_ADDR_TEXT, "name", 0, SEL_END, text_name, 0},
	{SEL_ADDR_TEXT, "uri", 0, SEL_URI, text_uri, 0},
	{SEL_ADDR_TEXT, "params", SEL_NEEDS_KEY, SEL_END, text_params, 0},
	{SEL_END, NULL, 0, SEL_END, NULL, 0},
};
