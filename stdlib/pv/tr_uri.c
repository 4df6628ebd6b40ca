/* SPDX-License-Identifier: Apache-2.0 */
/* {uri.*}, {urialias.*}, {nameaddr.*}, {tobody.*}, {param.*}, {line.*}. */
#include "pv/pv_priv.h"

#include "script/run.h"

/* ---- {uri.*} ---- */

enum { LAST_URI_MAX = 256 };

/* Scripts take one URI apart piece by piece: the last one parsed is kept for the run, with its bytes,
   for what stands there may be written anew. */
struct last_uri {
	struct str text;
	char bytes[LAST_URI_MAX];
	struct sip_uri uri;
};

static const struct sip_uri *uri_apart(struct run *r, struct str s)
{
	static const char key;
	struct last_uri *last = s.n <= LAST_URI_MAX ? run_local(r, &key, sizeof(*last), NULL) : NULL;
	struct sip_uri *u = last ? &last->uri : arena_new_of(r->arena, struct sip_uri);

	if (!u)
		return NULL;
	if (last && s.n && last->text.p == s.p && last->text.n == s.n && memcmp(last->bytes, s.p, s.n) == 0)
		return u;
	if (last)
		last->text = STR_NULL;
	if (s.n == 0 || sip_uri_parse(s, u))
		return NULL;
	if (last) {
		memcpy(last->bytes, s.p, s.n);
		last->text = s;
	}
	return u;
}

static bool is_view(struct str a, struct str b)
{
	return a.p == b.p && a.n == b.n;
}

/* The input as a URI, or NULL. Those of the message are parsed once for all who ask. */
static const struct sip_uri *uri_seen(struct run *r, struct str s)
{
	struct sip_msg *m = pv_msg(r);

	if (m && m->from && is_view(m->from->uri, s))
		return sip_nameaddr_uri(m, m->from);
	if (m && m->to && is_view(m->to->uri, s))
		return sip_nameaddr_uri(m, m->to);
	if (m && m->is_request && is_view(sip_draft_uri(r->draft), s))
		return sip_draft_uri_view(r->draft);
	return uri_apart(r, s);
}

/* Always inlined: then `in` need not be in memory. */
static inline __attribute__((always_inline)) const struct sip_uri *uri_of(struct run *r, const struct value *in)
{
	struct str s;

	return tr_text(r, in, &s) ? uri_seen(r, s) : NULL;
}

#define URI_PART(name, expr)                                                                       \
	TR_FN(uri_##name)                                                                          \
	{                                                                                          \
		const struct sip_uri *u = uri_of(r, in);                                           \
                                                                                                   \
		return u ? tr_give(ret, expr) : TR_FAILED;                                         \
	}
URI_PART(user, pv_uri_user(u))
URI_PART(host, u->host)
URI_PART(domain, u->host)
URI_PART(passwd, u->passwd)
URI_PART(params, u->flags & SIP_URI_TELUSER ? S("") : u->params) /* as the reference: those of the host */
URI_PART(headers, u->headers)
URI_PART(transport, u->transport)
URI_PART(scheme, u->scheme_text)
URI_PART(ttl, u->ttl)
URI_PART(uparam, u->user_param)
URI_PART(maddr, u->maddr)
URI_PART(method, u->method)
URI_PART(lr, u->lr)
URI_PART(r2, u->r2)

/* A number where "+" and "==" look. */
TR_FN(uri_port)
{
	const struct sip_uri *u = uri_of(r, in);

	if (!u)
		return TR_FAILED;
	*ret = u->port_text.n ? value_int(sip_uri_port(u)) : value_str(S(""));
	return 0;
}

TR_FN(uri_param, const struct str *name)
{
	const struct sip_uri *u = uri_of(r, in);
	struct str v = S("");

	if (!u)
		return TR_FAILED;
	if (!(u->flags & SIP_URI_TELUSER))
		sip_uri_param(u, *name, &v);
	return tr_give(ret, v);
}

TR_FN(uri_rmparam, const struct str *name)
{
	const struct sip_uri *u = uri_of(r, in);
	struct sb b;

	if (!u)
		return TR_FAILED;
	sb_init(&b, r->arena, PV_TEXT_MAX);
	sip_uri_without_param(u, *name, &b);
	return tr_give_sb(ret, &b);
}

/* proto:host:port; without a transport 5.6 gives nothing. */
TR_FN(uri_tosocket)
{
	const struct sip_uri *u = uri_of(r, in);

	if (!u)
		return TR_FAILED;
	if (!u->transport.n)
		return r->prog->compat == 6 ? tr_give(ret, str_printf(r->arena, "udp:" STR_FMT ":%u", STR_ARG(u->host),
								      sip_uri_port(u)))
					    : tr_give(ret, S(""));
	return tr_give(ret, str_printf(r->arena, STR_FMT ":" STR_FMT ":%u", STR_ARG(proto_name(sip_uri_proto(u))), STR_ARG(u->host),
				       sip_uri_port(u)));
}

/* scheme:[user@]host[:port][;transport=x]; 5.6 puts a byte of garbage behind the scheme, which is a fault. */
static int32_t short_uri(struct run *r, const struct value *in, bool user, bool where, struct value *ret)
{
	const struct sip_uri *u = uri_of(r, in);
	struct sb b;

	if (!u)
		return TR_FAILED;
	sb_init(&b, r->arena, PV_TEXT_MAX);
	sb_printf(&b, STR_FMT ":", STR_ARG(u->scheme_text));
	if (user && u->user.n)
		sb_printf(&b, STR_FMT "%s", STR_ARG(pv_uri_user(u)), u->host.n ? "@" : "");
	sb_add(&b, u->host);
	if (where && u->port_text.n)
		sb_printf(&b, ":" STR_FMT, STR_ARG(u->port_text));
	if (where && u->transport.n)
		sb_printf(&b, ";transport=" STR_FMT, STR_ARG(u->transport));
	return tr_give_sb(ret, &b);
}

TR_FN(uri_saor)
{
	return short_uri(r, in, true, false, ret);
}

TR_FN(uri_suri)
{
	return short_uri(r, in, true, true, ret);
}

TR_FN(uri_duri)
{
	return short_uri(r, in, false, true, ret);
}

/* ---- {urialias.*}: address~port~protocol ---- */

TR_FN(urialias_encode)
{
	const struct sip_uri *u = uri_of(r, in);

	if (!u || !u->host.n)
		return TR_FAILED;
	return tr_give(ret, str_printf(r->arena, STR_FMT "~%u~%d", STR_ARG(u->host), sip_uri_port(u), sip_uri_proto(u)));
}

TR_FN(urialias_decode)
{
	struct str rest, host, port;
	uint64_t proto = 0, number;

	if (!tr_text(r, in, &rest))
		return TR_FAILED;
	host = str_cut(&rest, '~');
	port = str_cut(&rest, '~');
	if (!host.n || !str_to_u64(port, 65535, &number) || !str_to_u64(rest, PROTO_WSS, &proto) || proto == PROTO_NONE)
		return TR_FAILED;
	if (proto == PROTO_UDP)
		return tr_give(ret, str_printf(r->arena, "sip:" STR_FMT ":" STR_FMT, STR_ARG(host), STR_ARG(port)));
	return tr_give(ret, str_printf(r->arena, "sip:" STR_FMT ":" STR_FMT ";transport=" STR_FMT, STR_ARG(host),
				       STR_ARG(port), STR_ARG(proto_name((enum proto)proto))));
}

/* ---- {nameaddr.*}: as written, blank behind the name included ---- */

/* Without brackets the whole text is the URI. */
static bool nameaddr(struct run *r, const struct value *in, struct str *name, struct str *uri, size_t *len)
{
	struct str s;
	size_t open, close;
	bool quoted = false;

	if (!tr_text(r, in, &s))
		return false;
	for (open = 0; open < s.n && (quoted || s.p[open] != '<'); open++) {
		if (quoted && s.p[open] == '\\' && open + 1 < s.n)
			open++;
		else if (s.p[open] == '"')
			quoted = !quoted;
	}
	*name = S("");
	*uri = s;
	*len = s.n;
	if (open >= s.n)
		return true;
	close = str_chr(str_skip(s, open), '>');
	if (close == STR_NONE)
		return false;
	*name = str_ltrim(str_head(s, open));
	*uri = str_make(s.p + open + 1, close - 1);
	*len = open + close + 1;
	return true;
}

TR_FN(nameaddr_name)
{
	struct str name, uri;
	size_t len;

	return nameaddr(r, in, &name, &uri, &len) ? tr_give(ret, name) : TR_FAILED;
}

TR_FN(nameaddr_uri)
{
	struct str name, uri;
	size_t len;

	return nameaddr(r, in, &name, &uri, &len) ? tr_give(ret, uri) : TR_FAILED;
}

TR_FN(nameaddr_len)
{
	struct str name, uri;
	size_t len;

	if (!nameaddr(r, in, &name, &uri, &len))
		return TR_FAILED;
	*ret = value_int((int64_t)len);
	return 0;
}

/* ---- {tobody.*} ---- */

static bool to_body(struct run *r, const struct value *in, struct sip_nameaddr *a, struct sip_uri *u)
{
	struct str s;

	return tr_text(r, in, &s) && sip_nameaddr_parse(s, a) == 0 && sip_uri_parse(a->uri, u) == 0;
}

#define TO_PART(name, expr)                                                                        \
	TR_FN(tobody_##name)                                                                       \
	{                                                                                          \
		struct sip_nameaddr a;                                                             \
		struct sip_uri u;                                                                  \
                                                                                                   \
		return to_body(r, in, &a, &u) ? tr_give(ret, expr) : TR_FAILED;                    \
	}
TO_PART(uri, a.uri)
TO_PART(tag, a.tag)
TO_PART(user, pv_uri_user(&u))
TO_PART(host, u.host)
TO_PART(params, a.params)
TO_PART(display, str_trim(a.display))

/* ---- {param.*} ---- */

static bool is_blank_in(struct str v)
{
	if (!v.n || v.p[0] == '"' || v.p[0] == '\'')
		return false;
	return str_chr(v, ' ') != STR_NONE || str_chr(v, '\t') != STR_NONE;
}

/* "a=;b", a text without a name and a value of two words are no lists: nothing is found in one, not even what stands in front. */
static bool is_list(struct sip_pairs it)
{
	size_t n = 0;

	for (; sip_pairs_next(&it); n++)
		if ((it.value.p && !it.value.n && it.rest.n) || is_blank_in(it.value))
			return false;
	return n > 0;
}

/* Start of the list; false: it is none. */
static bool pairs(struct run *r, const struct value *in, const struct str *sep, struct sip_pairs *it)
{
	struct str s;

	if (!tr_text(r, in, &s) || (sep && sep->n != 1))
		return false;
	sip_pairs_init(it, s, sep ? sep->p[0] : ';');
	return is_list(*it);
}

static int32_t give_param(struct str v, struct value *ret)
{
	char q = v.n >= 2 ? v.p[0] : 0;

	return tr_give(ret, (q == '"' || q == '\'') && v.p[v.n - 1] == q ? str_make(v.p + 1, v.n - 2) : v);
}

TR_FN(param_value_sep, const struct str *name, const struct str *sep)
{
	struct str v = S("");
	struct sip_pairs it;

	if (!pairs(r, in, sep, &it))
		return TR_FAILED;
	while (sip_pairs_next(&it)) /* the last of a name counts */
		if (str_ieq(it.name, *name))
			v = it.value;
	return give_param(v, ret);
}

TR_FN(param_value, const struct str *name)
{
	return std_pv_tr_param_value_sep(r, in, name, &S(";"), ret);
}

TR_FN(param_in_sep, const struct str *name, const struct str *sep)
{
	struct sip_pairs it;
	int64_t found = 0;

	if (!pairs(r, in, sep, &it))
		return TR_FAILED;
	while (!found && sip_pairs_next(&it))
		found = str_ieq(it.name, *name);
	*ret = value_int(found);
	return 0;
}

TR_FN(param_in, const struct str *name)
{
	return std_pv_tr_param_in_sep(r, in, name, &S(";"), ret);
}

static int64_t count_pairs(struct sip_pairs it)
{
	int64_t n = 0;

	while (sip_pairs_next(&it))
		n++;
	return n;
}

/* The i-th pair, negative from the end; false: none. */
static bool pair_at(struct sip_pairs *it, int64_t i)
{
	if (i < 0)
		i += count_pairs(*it);
	if (i < 0)
		return false;
	while (sip_pairs_next(it))
		if (i-- == 0)
			return true;
	return false;
}

TR_FN(param_valueat_sep, int64_t i, const struct str *sep)
{
	struct sip_pairs it;

	if (!pairs(r, in, sep, &it))
		return TR_FAILED;
	return pair_at(&it, i) ? give_param(it.value, ret) : tr_give(ret, S(""));
}

TR_FN(param_valueat, int64_t i)
{
	return std_pv_tr_param_valueat_sep(r, in, i, &S(";"), ret);
}

TR_FN(param_name_sep, int64_t i, const struct str *sep)
{
	struct sip_pairs it;

	if (!pairs(r, in, sep, &it))
		return TR_FAILED;
	return tr_give(ret, pair_at(&it, i) ? it.name : S(""));
}

TR_FN(param_name, int64_t i)
{
	return std_pv_tr_param_name_sep(r, in, i, &S(";"), ret);
}

/* Empty members count, but for one at the end. */
TR_FN(param_count_sep, const struct str *sep)
{
	struct sip_pairs it;
	struct str s, rest;
	int64_t n = 0;

	if (!pairs(r, in, sep, &it) || !tr_text(r, in, &s) || !s.n)
		return TR_FAILED;
	for (rest = s; rest.n && rest.p[0] == it.sep; rest = str_skip(rest, 1))
		n++;
	*ret = value_int(n + count_pairs(it));
	return 0;
}

TR_FN(param_count)
{
	return std_pv_tr_param_count_sep(r, in, &S(";"), ret);
}

/* ---- {line.*}: split at LF, without the CR before it ---- */

static bool line_at(struct str s, int64_t i, struct str *ret)
{
	for (; s.n; i--) {
		struct str line = str_cut(&s, '\n');

		if (i == 0) {
			*ret = line.n && line.p[line.n - 1] == '\r' ? str_head(line, line.n - 1) : line;
			return true;
		}
	}
	return false;
}

static int64_t count_lines(struct str s)
{
	int64_t n = 0;

	for (; s.n; n++)
		str_cut(&s, '\n');
	return n;
}

TR_FN(line_count)
{
	struct str s;

	if (!tr_text(r, in, &s) || !s.n)
		return TR_FAILED;
	return pv_give_number(r, ret, count_lines(s));
}

TR_FN(line_at, int64_t i)
{
	struct str s, line = S("");

	if (!tr_text(r, in, &s))
		return TR_FAILED;
	if (i < 0)
		i += count_lines(s);
	if (i >= 0)
		line_at(s, i, &line);
	return tr_give(ret, line);
}

TR_FN(line_sw, const struct str *prefix)
{
	struct str s, line;

	if (!tr_text(r, in, &s))
		return TR_FAILED;
	for (int64_t i = 0; line_at(s, i, &line); i++)
		if (str_starts(line, *prefix))
			return tr_give(ret, line);
	return tr_give(ret, S(""));
}
