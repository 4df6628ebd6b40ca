/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Via (RFC 3261 20.42, RFC 3581): strict in what would let two readers see two next hops, liberal in
 * white space. An empty parameter (";;") is an error (RFC 4475 3.1.2.1).
 */
#include "sip/sip_priv.h"

/* token at the start of *s after white space; empty when there is none. */
static struct str take_token(struct str *s)
{
	struct str t;

	*s = str_ltrim(*s);
	t = str_head(*s, sip_span(*s, SIP_CC_TOKEN));
	*s = str_skip(*s, t.n);
	return t;
}

static bool take_char(struct str *s, char c)
{
	*s = str_ltrim(*s);
	if (s->n == 0 || *s->p != c)
		return false;
	*s = str_skip(*s, 1);
	return true;
}

/* The white space behind the transport. */
static int end_protocol(struct str *s, struct sip_via *v)
{
	if (!v->transport.n || !s->n || !sip_is(*s->p, SIP_CC_LWS))
		return RT_E_PARSE;
	v->proto = proto_parse(v->transport);
	if (v->proto == PROTO_NONE)
		v->proto = PROTO_OTHER;
	*s = str_ltrim(*s);
	return 0;
}

/* protocol-name SLASH protocol-version SLASH transport LWS */
static int take_protocol(struct str *s, struct sip_via *v)
{
	v->name = take_token(s);
	if (!take_char(s, '/'))
		return RT_E_PARSE;
	v->version = take_token(s);
	if (!take_char(s, '/'))
		return RT_E_PARSE;
	v->transport = take_token(s);
	return v->name.n && v->version.n ? end_protocol(s, v) : RT_E_PARSE;
}

/* Where the value of a parameter goes; NULL: it is not kept. */
static struct str *value_of(struct sip_via *v, struct str name)
{
	return str_is(name, "branch")     ? &v->branch
	       : str_is(name, "rport")    ? &v->rport
	       : str_is(name, "received") ? &v->received
	       : str_is(name, "i")        ? &v->i
	       : str_is(name, "alias")    ? &v->alias
	       : str_is(name, "maddr")    ? &v->maddr
	       : str_is(name, "ttl")      ? &v->ttl
					  : NULL;
}

static int note_param(void *arg, const struct sip_param *p)
{
	struct sip_via *v = arg;
	struct str *value = value_of(v, p->name);

	if (!value || value->p)
		return 0;
	*value = sip_param_text(p);
	if (value == &v->rport)
		v->rport_both = p->both;
	else if (value == &v->received)
		v->received_both = p->both;
	return 0;
}

/* host [":" port] and then parameters or nothing; an address in brackets is for the others. */
static bool take_sent_by(struct str *s, struct sip_via *v)
{
	size_t n = sip_host_span(*s), end = n;
	struct str port_text = STR_NULL;
	uint32_t port = 0;

	if (n < s->n && s->p[n] == ':') {
		for (end = n + 1; end < s->n && ascii_digit(s->p[end]); end++)
			port = port * 10 + (uint32_t)(s->p[end] - '0');
		port_text = str_make(s->p + n + 1, end - n - 1);
	}
	/* "h:", "h:99999", "h;" and what is no host are for the careful way */
	if (!n || port_text.n > 5 || port > 65535 || (port_text.p && !port_text.n) || (end < s->n && s->p[end] != ';') || end + 1 == s->n)
		return false;
	v->host = str_head(*s, n);
	v->port_text = port_text;
	v->port = (uint16_t)port;
	*s = str_skip(*s, end);
	return true;
}

/* "UDP" or "TCP" and the space behind it at p, which 4 bytes can be read at. */
static enum proto usual_transport(const char *p)
{
	return memcmp(p, "UDP ", 4) == 0 ? PROTO_UDP : memcmp(p, "TCP ", 4) == 0 ? PROTO_TCP : PROTO_NONE;
}

/*
 * The ordinary shape: one value, one space, which stands before sent-by, plain parameters. SIP_NOT_PLAIN: another one, or
 * none; what *v holds is of no use then.
 */
static int take_ordinary(struct str text, unsigned max, struct sip_via *v)
{
	static const char usual[8] = "SIP/2.0/";
	struct sip_params_to to = {max, SIP_PARAMS_STRICT, note_param, v};
	struct str s;

	if (text.n < sizeof(usual) + 4 || memcmp(text.p, usual, sizeof(usual)) != 0)
		return SIP_NOT_PLAIN;
	v->proto = usual_transport(text.p + sizeof(usual));
	s = str_skip(text, sizeof(usual) + 4);
	if (!v->proto || !take_sent_by(&s, v))
		return SIP_NOT_PLAIN;
	v->text = text;
	v->name = str_head(text, 3);
	v->version = str_make(text.p + 4, 3);
	v->transport = str_make(text.p + sizeof(usual), 3);
	if (!s.n)
		return 0;
	v->params = str_skip(s, 1);
	/* also when one is wrong: where this value ends is for the careful way to say */
	return sip_params_plain(v->params, &to) ? SIP_NOT_PLAIN : 0;
}

/* The parameters: all of them, or none when one is wrong. */
static int take_params(struct str text, unsigned max, struct sip_via *v)
{
	struct sip_via seen = *v;
	struct sip_params_to to = {max, SIP_PARAMS_STRICT, note_param, &seen};
	int err = sip_params_each(text, &to);

	if (!err)
		*v = seen;
	v->params = text;
	return err;
}

/* One value, without surrounding white space. */
static int parse_one(struct str text, unsigned max, struct sip_via *v)
{
	struct sip_hostport hp;
	struct str s = text;
	int err;

	v->text = text;
	err = take_protocol(&s, v);
	if (!err)
		err = sip_hostport_take(&s, true, &hp);
	if (err)
		return err;
	v->host = hp.host;
	v->port_text = hp.port_text;
	v->port = hp.port;
	if (sip_find(text, '(') != text.n) {
		size_t open = sip_until(s, "(", 0);

		if (open == STR_NONE)
			return RT_E_PARSE;
		v->comment = str_skip(s, open);
		s = str_rtrim(str_head(s, open));
	}
	s = str_ltrim(s);
	if (s.n == 0)
		return 0;
	if (*s.p != ';')
		return RT_E_PARSE;
	return take_params(str_skip(s, 1), max, v);
}

/* Append the values of one header body to the chain at *tail; *n counts over all headers. */
static int parse_body(struct arena *a, struct str body, const struct sip_limits *lim, unsigned *n,
		      struct sip_via ***tail)
{
	struct str member, rest = body;
	int err = 0;

	while (rest.p) {
		struct sip_via *v;

		if (*n == lim->values)
			return RT_E_LIMIT;
		v = arena_raw(a, sizeof(*v));
		if (!v)
			return RT_E_NOMEM;
		*v = (struct sip_via){0};
		err = take_ordinary(rest, lim->params, v);
		if (err != SIP_NOT_PLAIN) {
			rest = STR_NULL; /* it is all that there is */
		} else {
			err = 0;
			if (!sip_list_next(&rest, SIP_NEST_PARENS, &member, &err))
				break;
			*v = (struct sip_via){0};
			err = parse_one(member, lim->params, v);
		}
		if (err && (!v->host.p || *n))
			return err;
		/* a top value with bad parameters stays: it is where the 400 goes */
		v->index = (*n)++;
		**tail = v;
		*tail = &v->next;
		if (err)
			return err;
	}
	return err;
}

int sip_via_parse(struct arena *a, struct str text, struct sip_via **ret)
{
	struct sip_via *first = NULL, **tail = &first;
	unsigned n = 0;
	int err = parse_body(a, text, &sip_limits_default, &n, &tail);

	if (!err && !first)
		err = RT_E_PARSE;
	if (!err)
		*ret = first;
	return err;
}

static int parse_vias(struct sip_msg *m)
{
	struct sip_via **tail = &m->vias;
	unsigned n = 0;

	for (struct sip_hdr *h = m->first[SIP_HDR_VIA]; h; h = h->same) {
		struct sip_via **begin = tail;
		int err = parse_body(m->arena, h->body, m->limits, &n, &tail);

		for (struct sip_via *v = *begin; v; v = v->next)
			v->hdr = h;
		if (err)
			return err;
	}
	return m->vias ? 0 : RT_E_NOENT;
}

/* vias_err: 0 not yet parsed, 1 fine, else the error; what came before an error stays in vias. */
int sip_vias(struct sip_msg *m, struct sip_via **ret)
{
	if (m->vias_err == 0) {
		int err = parse_vias(m);

		m->vias_err = err ? err : 1;
	}
	if (m->vias_err < 0)
		return m->vias_err;
	*ret = m->vias;
	return 0;
}

struct sip_via *sip_via_top_parse(struct sip_msg *m)
{
	struct sip_via *v;

	(void)sip_vias(m, &v);
	return m->vias;
}

struct sip_via *sip_via_at(struct sip_msg *m, unsigned i)
{
	struct sip_via *v = sip_via_top(m);

	while (v && v->index < i)
		v = v->next;
	return v;
}
