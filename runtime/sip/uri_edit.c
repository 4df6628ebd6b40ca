/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing URIs: the script's rewriting functions and escaping. What each rewrite keeps and drops is
 * what the reference server does; a result that is no URI any more is refused.
 */
#include "base/bug.h"
#include "sip/sip_priv.h"
#include "sip/uri.h"

/* The pieces that a URI is put together from. */
struct pieces {
	struct str scheme, user, passwd, host, port, new_params, params, headers;
	struct str extra; /* ";name=value" behind the parameters */
	bool tel;
};

static struct pieces pieces_of(const struct sip_uri *u)
{
	return (struct pieces){.scheme = u->scheme_text,
			       .user = u->user,
			       .passwd = u->passwd,
			       .host = u->host,
			       .port = u->port_text,
			       .params = u->params,
			       .headers = u->headers,
			       .tel = (u->flags & SIP_URI_TELUSER) != 0};
}

static void add_with(struct sb *out, char lead, struct str s)
{
	if (!s.p)
		return;
	sb_addc(out, lead);
	sb_add(out, s);
}

static void write_pieces(const struct pieces *p, struct sb *out)
{
	sb_add(out, p->scheme);
	sb_addc(out, ':');
	sb_add(out, p->user);
	if (!p->tel) {
		if (p->user.n) {
			add_with(out, ':', p->passwd);
			sb_addc(out, '@');
		}
		sb_add(out, p->host);
		if (p->port.n)
			add_with(out, ':', p->port);
	}
	add_with(out, ';', p->new_params);
	add_with(out, ';', p->params);
	sb_add(out, p->extra);
	add_with(out, '?', p->headers);
}

/* A tel URI gets a host: it becomes sip:number;params@host;user=phone (RFC 3261 19.1.6). */
static void tel_to_sip(const struct sip_uri *u, struct pieces *p)
{
	p->scheme = S("sip");
	p->user = u->opaque;
	p->params = STR_NULL;
	p->extra = S(";user=phone");
	p->tel = false;
}

/* "host:port;params": the first two go where they belong, the rest to new_params. */
static void cut_hostport(struct str text, struct pieces *p)
{
	size_t semi = str_chr(text, ';'), colon;
	struct str hp = str_head(text, semi);

	if (semi != STR_NONE)
		p->new_params = str_skip(text, semi + 1);
	colon = str_rchr(hp, ':');
	if (colon != STR_NONE && str_chr(str_skip(hp, colon), ']') == STR_NONE) {
		p->host = str_head(hp, colon);
		p->port = str_skip(hp, colon + 1);
	} else {
		p->host = hp;
		p->port = STR_NULL;
	}
}

static void without_param(struct str params, struct str name, struct sb *out)
{
	struct sip_pairs it;

	sip_pairs_init(&it, params, ';');
	while (sip_pairs_next(&it)) {
		if (str_ieq(it.name, name))
			continue;
		if (out->n)
			sb_addc(out, ';');
		sb_add(out, it.both);
	}
}

static void set_user(struct pieces *p, struct str user)
{
	p->user = user;
	if (user.n == 0)
		p->passwd = STR_NULL;
}

/* Write with the transport of the old parameters taken away. */
static int rewrite_transport(struct pieces *p, struct sb *out)
{
	struct sb params;

	sb_init(&params, NULL, 65535);
	without_param(p->params, S("transport"), &params);
	p->params = params.n ? sb_str(&params) : STR_NULL;
	write_pieces(p, out);
	if (!sb_ok(&params))
		out->failed = true;
	sb_fini(&params);
	return 0;
}

static int rewrite_host(const struct sip_uri *u, enum sip_uri_part part, struct str text,
			struct pieces *p, struct sb *out)
{
	if (p->tel)
		tel_to_sip(u, p);
	if (part == SIP_URI_SET_HOST) {
		p->host = text;
	} else if (part == SIP_URI_SET_HOSTALL) {
		p->host = text;
		p->port = p->params = p->headers = p->extra = STR_NULL;
	} else {
		cut_hostport(text, p);
	}
	if (part == SIP_URI_SET_HOSTPORTTRANS)
		return rewrite_transport(p, out);
	write_pieces(p, out);
	return 0;
}

/* "user:pass" */
static int set_userpass(struct pieces *p, struct str text)
{
	size_t colon = str_chr(text, ':');

	if (p->tel)
		return RT_E_PARSE;
	set_user(p, str_head(text, colon));
	p->passwd = colon == STR_NONE ? STR_NULL : str_skip(text, colon + 1);
	return 0;
}

static int rewrite_other(const struct sip_uri *u, enum sip_uri_part part, struct str text, size_t n,
			 struct pieces *p, struct sb *out)
{
	struct str v;

	switch (part) {
	case SIP_URI_SET_USER:
		set_user(p, text);
		break;
	case SIP_URI_SET_USERPASS:
		if (set_userpass(p, text))
			return RT_E_PARSE;
		break;
	case SIP_URI_SET_PORT:
		p->port = text;
		break;
	case SIP_URI_STRIP:
		set_user(p, str_skip(p->user, n));
		break;
	case SIP_URI_STRIP_TAIL:
		set_user(p, str_head(p->user, n < p->user.n ? p->user.n - n : 0));
		break;
	case SIP_URI_SET_USERPHONE:
		if (!p->tel && !sip_uri_param(u, S("user"), &v))
			p->extra = S(";user=phone");
		break;
	case SIP_URI_SET_SCHEME:
		p->scheme = text;
		break;
	case SIP_URI_SET_HOST:
	case SIP_URI_SET_HOSTALL:
	case SIP_URI_SET_HOSTPORT:
	case SIP_URI_SET_HOSTPORTTRANS:
	case SIP_URI_SET_PREFIX:
	case SIP_URI_ADD_PARAM:
		return RT_E_INVAL; /* done by sip_uri_rewrite */
	}
	write_pieces(p, out);
	return 0;
}

/* Write with `text` put before the user. */
static void rewrite_prefix(struct pieces *p, struct str text, struct sb *out)
{
	struct sb user;

	sb_init(&user, NULL, 65535);
	sb_add(&user, text);
	sb_add(&user, p->user);
	p->user = sb_str(&user);
	write_pieces(p, out);
	if (!sb_ok(&user))
		out->failed = true;
	sb_fini(&user);
}

static int rewrite(const struct sip_uri *u, enum sip_uri_part part, struct str text, size_t n,
		   struct sb *out)
{
	struct pieces p = pieces_of(u);

	switch (part) {
	case SIP_URI_SET_HOST:
	case SIP_URI_SET_HOSTALL:
	case SIP_URI_SET_HOSTPORT:
	case SIP_URI_SET_HOSTPORTTRANS:
		return rewrite_host(u, part, text, &p, out);
	case SIP_URI_SET_PREFIX:
		rewrite_prefix(&p, text, out);
		return 0;
	case SIP_URI_ADD_PARAM:
		p.new_params = p.params;
		p.params = text;
		write_pieces(&p, out);
		return 0;
	case SIP_URI_SET_USER:
	case SIP_URI_SET_USERPASS:
	case SIP_URI_SET_PORT:
	case SIP_URI_SET_USERPHONE:
	case SIP_URI_STRIP:
	case SIP_URI_STRIP_TAIL:
	case SIP_URI_SET_SCHEME:
		break;
	}
	return rewrite_other(u, part, text, n, &p, out);
}

int sip_uri_rewrite(const struct sip_uri *u, enum sip_uri_part part, struct str text, size_t n,
		    struct sb *out)
{
	size_t start = out->n;
	struct sip_uri check;
	int err;

	if (u->scheme == SIP_SCHEME_OTHER || u->scheme == SIP_SCHEME_URN)
		return RT_E_UNSUPP;
	err = rewrite(u, part, text, n, out);
	if (!err && !sb_ok(out))
		err = RT_E_NOMEM;
	if (!err)
		err = sip_uri_parse(str_skip(sb_str(out), start), &check);
	if (err && !out->failed)
		out->n = start;
	return err;
}

void sip_uri_without_param(const struct sip_uri *u, struct str name, struct sb *out)
{
	struct pieces p = pieces_of(u);
	struct sb params;

	sb_init(&params, NULL, 65535);
	without_param(u->params, name, &params);
	p.params = params.n ? sb_str(&params) : STR_NULL;
	if (u->scheme == SIP_SCHEME_OTHER || u->scheme == SIP_SCHEME_URN)
		sb_add(out, u->text);
	else
		write_pieces(&p, out);
	if (!sb_ok(&params))
		out->failed = true;
	sb_fini(&params);
}

void sip_unescape(struct str s, struct sb *out)
{
	for (size_t n = sip_find(s, '%'); n < s.n; n = sip_find(s, '%')) {
		int high = n + 2 < s.n ? hex_value(s.p[n + 1]) : -1, low = high < 0 ? -1 : hex_value(s.p[n + 2]);

		sb_add(out, str_head(s, n));
		sb_addc(out, low < 0 ? '%' : (char)(high * 16 + low));
		s = str_skip(s, n + (low < 0 ? 1 : 3));
	}
	sb_add(out, s);
}

bool sip_is_plain_user(struct str user, bool fold)
{
	for (size_t i = 0; i < user.n; i += 16) {
		sip_block b = sip_block_at(user.p + i, user.n - i), capital = b - sip_each('A');
		sip_hits other = b == sip_each('%');

		if (fold)
			other |= capital <= sip_each('Z' - 'A');
		if (sip_mask(other) & sip_first_bits(user.n - i))
			return false;
	}
	return true;
}

static void escape(struct str s, unsigned keep, struct sb *out)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (sip_is((char)c, keep)) {
			sb_addc(out, (char)c);
			continue;
		}
		sb_addc(out, '%');
		sb_addc(out, hex[c >> 4]);
		sb_addc(out, hex[c & 15]);
	}
}

void sip_escape_user(struct str s, struct sb *out)
{
	escape(s, SIP_CC_USER, out);
}

void sip_escape_param(struct str s, struct sb *out)
{
	escape(s, SIP_CC_PARAM, out);
}
