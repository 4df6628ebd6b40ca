/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parsing and comparing URIs.
 *
 * The user part runs to the first '@' (RFC 4475 3.1.1.9: it may hold ';', '?' and '/'). It may hold
 * any visible byte but "<>@\"", because numbers such as #31# are met unescaped; host and port are
 * strict. A URI of another scheme is taken as it is when it has no white space.
 */
#include "sip/uri.h"

#include "base/bug.h"
#include "sip/sip_priv.h"

static const struct {
	struct str text;
	enum sip_scheme id;
} schemes[] = {
	{S("sip"), SIP_SCHEME_SIP},   {S("sips"), SIP_SCHEME_SIPS}, {S("tel"), SIP_SCHEME_TEL},
	{S("tels"), SIP_SCHEME_TELS}, {S("urn"), SIP_SCHEME_URN},
};

static enum sip_scheme scheme_of(struct str s)
{
	if (str_eq(s, S("sip")))
		return SIP_SCHEME_SIP;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++)
		if (str_ieq(schemes[i].text, s))
			return schemes[i].id;
	return SIP_SCHEME_OTHER;
}

/* Visible bytes (UTF-8 included) without those that end a URI in every context. */
static bool visible(struct str s)
{
	for (size_t i = 0; i < s.n; i += 16) {
		sip_block b = sip_block_at(s.p + i, s.n - i);
		sip_hits bad = (b <= sip_each(' ')) | (b == sip_each(0x7f)) | (b == sip_each('<')) | (b == sip_each('>'));

		if (sip_mask(bad) & sip_first_bits(s.n - i))
			return false;
	}
	return true;
}

static void note_param(struct sip_uri *u, const struct sip_pairs *it)
{
#define VALUE(f) offsetof(struct sip_uri, f)
	static const struct {
		struct str name;
		size_t value; /* in struct sip_uri */
	} known[] = {
		{S("lr"), VALUE(lr)},   {S("transport"), VALUE(transport)}, {S("user"), VALUE(user_param)},
		{S("ob"), VALUE(ob)},   {S("maddr"), VALUE(maddr)},         {S("method"), VALUE(method)},
		{S("r2"), VALUE(r2)},   {S("ttl"), VALUE(ttl)},             {S("comp"), VALUE(comp)},
		{S("gr"), VALUE(gr)},
	};
#undef VALUE

	for (size_t k = 0; k < sizeof(known) / sizeof(*known); k++) {
		struct str *value = (struct str *)(void *)((char *)u + known[k].value);

		if (!str_ieq(known[k].name, it->name))
			continue;
		if (!value->p)
			*value = it->value.p ? it->value : str_make(it->name.p + it->name.n, 0);
		return;
	}
}

static void note_params(struct sip_uri *u)
{
	struct sip_pairs it;

	sip_pairs_init(&it, u->params, ';');
	while (sip_pairs_next(&it))
		note_param(u, &it);
	if (u->transport.p) {
		u->proto = proto_parse(u->transport);
		if (u->proto == PROTO_NONE)
			u->proto = PROTO_OTHER;
	}
	if (str_ieq(u->user_param, S("phone")))
		u->flags |= SIP_URI_USER_PHONE;
}

static int parse_userinfo(struct str info, struct sip_uri *u)
{
	size_t colon = sip_find(info, ':');

	if (info.n == 0 || colon == 0 || sip_find(info, '"') != info.n)
		return RT_E_PARSE;
	u->user = str_head(info, colon);
	if (colon != info.n)
		u->passwd = str_skip(info, colon + 1);
	return 0;
}

/* [userinfo "@"] hostport [;params] [?headers] */
static int parse_sip(struct str rest, struct sip_uri *u)
{
	struct sip_hostport hp;
	size_t at = sip_find(rest, '@'), n;
	int err = 0;

	if (at != rest.n) {
		err = parse_userinfo(str_head(rest, at), u);
		rest = str_skip(rest, at + 1);
	}
	if (!err)
		err = sip_hostport_take(&rest, false, &hp);
	if (err)
		return err;
	u->host = hp.host;
	u->port_text = hp.port_text;
	u->port = hp.port;
	u->flags = hp.ipv6 ? SIP_URI_IPV6 : 0u;
	if (rest.n && *rest.p == ';') {
		n = sip_find(rest, '?');
		u->params = str_skip(str_head(rest, n), 1);
		rest = str_skip(rest, n);
		note_params(u);
	}
	if (rest.n && *rest.p == '?') {
		u->headers = str_skip(rest, 1);
		rest = str_skip(rest, rest.n);
	}
	return rest.n ? RT_E_PARSE : 0;
}

/* telephone-subscriber (RFC 3966): number, then parameters. */
static int parse_tel(struct str rest, struct sip_uri *u)
{
	size_t n = str_chr(rest, ';');

	u->user = str_head(rest, n);
	u->flags = SIP_URI_TELUSER;
	if (n != STR_NONE) {
		u->params = str_skip(rest, n + 1);
		note_params(u);
	}
	return 0;
}

/* "urn:" NID ":" NSS; NID as user and NSS as host, as the reference shows them to scripts. */
static int parse_urn(struct str rest, struct sip_uri *u)
{
	size_t n = str_chr(rest, ':');

	if (n == STR_NONE || n == 0 || n + 1 == rest.n)
		return RT_E_PARSE;
	u->user = str_head(rest, n);
	u->host = str_skip(rest, n + 1);
	return 0;
}

int sip_uri_parse(struct str text, struct sip_uri *u)
{
	size_t n = str_starts(text, S("sip:")) ? 3 : sip_span(text, SIP_CC_SCHEME);

	if (n == 0 || n >= text.n || text.p[n] != ':' || !ascii_alpha(*text.p) || !visible(text))
		return RT_E_PARSE;
	*u = (struct sip_uri){.text = text, .scheme_text = str_head(text, n), .opaque = str_skip(text, n + 1)};
	u->scheme = scheme_of(u->scheme_text);
	switch (u->scheme) {
	case SIP_SCHEME_SIP:
	case SIP_SCHEME_SIPS:
		return parse_sip(u->opaque, u);
	case SIP_SCHEME_TEL:
	case SIP_SCHEME_TELS:
		return parse_tel(u->opaque, u);
	case SIP_SCHEME_URN:
		return parse_urn(u->opaque, u);
	case SIP_SCHEME_NONE:
	case SIP_SCHEME_OTHER:
		break;
	}
	return u->opaque.n ? 0 : RT_E_PARSE;
}

bool sip_uri_param(const struct sip_uri *u, struct str name, struct str *value)
{
	return sip_pairs_find(u->params, ';', name, value);
}

bool sip_uri_header(const struct sip_uri *u, struct str name, struct str *value)
{
	return sip_pairs_find(u->headers, '&', name, value);
}

void sip_pairs_init(struct sip_pairs *it, struct str text, char sep)
{
	*it = (struct sip_pairs){.rest = text, .sep = sep};
}

bool sip_pairs_next(struct sip_pairs *it)
{
	const char stops[2] = {it->sep, 0};

	while (it->rest.p) {
		size_t n = sip_until(it->rest, stops, SIP_NEST_ANGLES), eq;

		it->both = str_trim(str_head(it->rest, n)); /* STR_NONE: all of it */
		it->rest = n >= it->rest.n ? STR_NULL : str_skip(it->rest, n + 1);
		if (it->both.n == 0)
			continue;
		eq = str_chr(it->both, '=');
		it->name = str_rtrim(str_head(it->both, eq));
		it->value = eq == STR_NONE ? STR_NULL : str_ltrim(str_skip(it->both, eq + 1));
		return true;
	}
	return false;
}

bool sip_pairs_find(struct str text, char sep, struct str name, struct str *value)
{
	struct sip_pairs it;

	sip_pairs_init(&it, text, sep);
	while (sip_pairs_next(&it))
		if (str_ieq(it.name, name)) {
			*value = it.value;
			return true;
		}
	return false;
}

enum proto sip_uri_proto(const struct sip_uri *u)
{
	bool sips = u->scheme == SIP_SCHEME_SIPS;

	switch (u->proto) {
	case PROTO_NONE:
		return sips ? PROTO_TLS : PROTO_UDP;
	case PROTO_TCP:
		return sips ? PROTO_TLS : PROTO_TCP;
	case PROTO_WS:
		return sips ? PROTO_WSS : PROTO_WS;
	case PROTO_UDP:
	case PROTO_TLS:
	case PROTO_SCTP:
	case PROTO_WSS:
	case PROTO_OTHER:
		break;
	}
	return u->proto;
}

uint16_t sip_uri_port(const struct sip_uri *u)
{
	return u->port ? u->port : proto_port(sip_uri_proto(u));
}

/* ---- comparing (RFC 3261 19.1.4) ---- */

/*
 * The next character of *s with its escape undone. An escaped reserved character stays different
 * from the plain one: 256 is added.
 */
static int next_char(struct str *s)
{
	int c = (unsigned char)*s->p;
	size_t used = 1;

	if (c == '%' && s->n >= 3 && hex_value(s->p[1]) >= 0 && hex_value(s->p[2]) >= 0) {
		c = hex_value(s->p[1]) * 16 + hex_value(s->p[2]);
		if (c && strchr(";/?:@&=+$,", c))
			c += 256;
		used = 3;
	}
	*s = str_skip(*s, used);
	return c;
}

static int fold(int c)
{
	return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

static bool escaped_eq(struct str a, struct str b, bool ignore_case)
{
	while (a.n && b.n) {
		int x = next_char(&a), y = next_char(&b);

		if (x != y && !(ignore_case && fold(x) == fold(y)))
			return false;
	}
	return a.n == 0 && b.n == 0;
}

static bool host_eq(const struct sip_uri *a, const struct sip_uri *b)
{
	struct addr x, y;

	if (a->flags & b->flags & SIP_URI_IPV6)
		return addr_parse(a->host, &x) && addr_parse(b->host, &y) && addr_ip_eq(&x, &y);
	return str_ieq(a->host, b->host);
}

/* Parameters that count even when only one side has them. */
static bool decisive(struct str name)
{
	static const struct str names[] = {S("transport"), S("user"), S("ttl"), S("method"),
					   S("maddr")};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (str_ieq(names[i], name))
			return true;
	return false;
}

/* Every parameter of a agrees with b's of the same name; one that b lacks must not be decisive. */
static bool params_agree(struct str a, struct str b, bool all_decisive)
{
	struct sip_pairs it;
	struct str v;

	sip_pairs_init(&it, a, ';');
	while (sip_pairs_next(&it)) {
		if (!sip_pairs_find(b, ';', it.name, &v)) {
			if (all_decisive || decisive(it.name))
				return false;
		} else if (!escaped_eq(it.value, v, true)) {
			return false;
		}
	}
	return true;
}

/* Every header of a is in b with the same value. */
static bool headers_agree(struct str a, struct str b)
{
	struct sip_pairs it;
	struct str v;

	sip_pairs_init(&it, a, '&');
	while (sip_pairs_next(&it))
		if (!sip_pairs_find(b, '&', it.name, &v) || !escaped_eq(it.value, v, false))
			return false;
	return true;
}

/* The next dialled character of a number, 0 at the end: visual separators do not count. */
static char next_digit(struct str *s)
{
	while (s->n) {
		char c = *s->p;

		*s = str_skip(*s, 1);
		if (!strchr("-.()", c))
			return ascii_lower(c);
	}
	return 0;
}

static bool tel_eq(const struct sip_uri *a, const struct sip_uri *b)
{
	struct str x = a->user, y = b->user;
	char c;

	do {
		c = next_digit(&x);
		if (c != next_digit(&y))
			return false;
	} while (c);
	return params_agree(a->params, b->params, true) && params_agree(b->params, a->params, true);
}

bool sip_uri_eq(const struct sip_uri *a, const struct sip_uri *b)
{
	if (a->scheme != b->scheme)
		return false;
	if (str_eq(a->text, b->text)) /* also when a parameter is there twice */
		return true;
	switch (a->scheme) {
	case SIP_SCHEME_TEL:
	case SIP_SCHEME_TELS:
		return tel_eq(a, b);
	case SIP_SCHEME_URN: /* RFC 8141 3: NID without case, NSS with */
		return str_ieq(a->user, b->user) && escaped_eq(a->host, b->host, false);
	case SIP_SCHEME_NONE:
	case SIP_SCHEME_OTHER:
		return str_ieq(a->scheme_text, b->scheme_text) && str_eq(a->opaque, b->opaque);
	case SIP_SCHEME_SIP:
	case SIP_SCHEME_SIPS:
		break;
	}
	return !a->user.p == !b->user.p && escaped_eq(a->user, b->user, false) &&
	       escaped_eq(a->passwd, b->passwd, false) && host_eq(a, b) && a->port == b->port &&
	       params_agree(a->params, b->params, false) &&
	       params_agree(b->params, a->params, false) &&
	       headers_agree(a->headers, b->headers) && headers_agree(b->headers, a->headers);
}

bool sip_uri_text_eq(struct str a, struct str b)
{
	struct sip_uri x, y;

	return sip_uri_parse(a, &x) == 0 && sip_uri_parse(b, &y) == 0 && sip_uri_eq(&x, &y);
}

bool sip_uri_aor_eq(const struct sip_uri *a, const struct sip_uri *b)
{
	return escaped_eq(a->user, b->user, false) && host_eq(a, b) &&
	       sip_uri_port(a) == sip_uri_port(b);
}
