/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uri.h - SIP, SIPS, TEL and URN URIs as views (RFC 3261 19.1, RFC 3966).
 *
 * For: everything that reads an address. Nothing is allocated by parsing: a struct sip_uri is plain
 * data whose views point into the parsed text and live as long as it. Escapes stay as written;
 * sip_unescape() undoes them on demand. A view with p == NULL means "not there", a view with
 * n == 0 and p != NULL "there, but empty" (";lr" has lr.p set and no value).
 */
#ifndef SIP_URI_H
#define SIP_URI_H

#include "base/addr.h"
#include "base/sb.h"
#include "base/str.h"

/* The numbers are the language's uri types. */
enum sip_scheme {
	SIP_SCHEME_NONE = 0,
	SIP_SCHEME_SIP,
	SIP_SCHEME_SIPS,
	SIP_SCHEME_TEL,
	SIP_SCHEME_TELS,
	SIP_SCHEME_URN,
	SIP_SCHEME_OTHER, /* syntactically a URI, nothing below the scheme but `opaque` is set */
};

enum sip_uri_flag {
	SIP_URI_USER_PHONE = 1, /* ;user=phone */
	SIP_URI_IPV6 = 2,       /* the host is an IPv6 reference */
	SIP_URI_TELUSER = 4,    /* a tel: URI, whose number is `user` */
};

struct sip_uri {
	enum sip_scheme scheme;
	unsigned flags;
	struct str text;        /* the whole URI */
	struct str scheme_text; /* as written, without ':' */
	struct str opaque;      /* all behind "scheme:" */
	struct str user;        /* may hold ';' parameters of a telephone-subscriber */
	struct str passwd;
	struct str host; /* brackets kept round IPv6 */
	struct str port_text;
	uint16_t port; /* 0 when not written */
	struct str params;  /* all behind the first ';' of the host part, without it */
	struct str headers; /* all behind '?' */
	/* values of the well-known parameters */
	struct str transport, ttl, user_param, maddr, method, lr, r2, gr, ob, comp;
	enum proto proto; /* of ;transport=; PROTO_NONE when absent, PROTO_OTHER when unknown */
};

/* Iterator over "a=b;c" texts (parameters) or "a=b&c" (headers): see sip_pairs_next. */
struct sip_pairs {
	struct str rest;
	char sep;
	struct str name, value; /* value.p NULL: no '='; quotes kept */
	struct str both;        /* name=value as written */
};

/* Parse all of `text`. 0, RT_E_PARSE, or RT_E_LIMIT; on failure nothing is to be read of *ret. */
int sip_uri_parse(struct str text, struct sip_uri *ret);
/* Value of parameter `name` (case ignored); false when absent. value.p NULL when it has no '='. */
bool sip_uri_param(const struct sip_uri *u, struct str name, struct str *value);
/* Header `name` of "?a=b&c=d". */
bool sip_uri_header(const struct sip_uri *u, struct str name, struct str *value);

/* Start an iteration; `sep` is ';' or '&' or ','. Quoted strings and <...> are skipped over. */
void sip_pairs_init(struct sip_pairs *it, struct str text, char sep);
bool sip_pairs_next(struct sip_pairs *it);
/* Find one; false when absent. */
bool sip_pairs_find(struct str text, char sep, struct str name, struct str *value);

/* Port to use: the written one, else the default of the scheme and transport. */
uint16_t sip_uri_port(const struct sip_uri *u);
/* Protocol to use: ;transport= or TLS for sips, else UDP. */
enum proto sip_uri_proto(const struct sip_uri *u);

/* RFC 3261 19.1.4. Two tel URIs compare as RFC 3966 4 wants. */
bool sip_uri_eq(const struct sip_uri *a, const struct sip_uri *b);
/* Both texts parse and are equal. */
bool sip_uri_text_eq(struct str a, struct str b);
/* user@host:port equal (what an AoR is made of), scheme and parameters ignored. */
bool sip_uri_aor_eq(const struct sip_uri *a, const struct sip_uri *b);

/* What a rewrite changes; the language's core functions of like names. */
enum sip_uri_part {
	SIP_URI_SET_USER,          /* setuser; empty text removes the user */
	SIP_URI_SET_USERPASS,      /* setuserpass: "user:pass" */
	SIP_URI_SET_HOST,          /* sethost: host only, port and the rest kept */
	SIP_URI_SET_HOSTPORT,      /* sethostport: "host:port", parameters kept */
	SIP_URI_SET_HOSTPORTTRANS, /* sethostporttrans: ";transport=" of the old one dropped */
	SIP_URI_SET_HOSTALL,       /* all behind user@ replaced */
	SIP_URI_SET_PORT,
	SIP_URI_SET_PREFIX,     /* text put before the user */
	SIP_URI_SET_USERPHONE,  /* ;user=phone added unless there */
	SIP_URI_ADD_PARAM,      /* ;text added to the parameters */
	SIP_URI_STRIP,          /* the first `n` characters of the user cut */
	SIP_URI_STRIP_TAIL,     /* the last `n` */
	SIP_URI_SET_SCHEME,
};
/* Rewritten URI into `out`; RT_E_PARSE when the result would be no URI. */
int sip_uri_rewrite(const struct sip_uri *u, enum sip_uri_part part, struct str text, size_t n,
		    struct sb *out);
/* Remove parameter `name` (all of that name): the text without it into `out`. */
void sip_uri_without_param(const struct sip_uri *u, struct str name, struct sb *out);

/* "%41" -> 'A' and so on; a '%' without two hex digits stays. Never longer than `s`. */
void sip_unescape(struct str s, struct sb *out);
/* No '%' in it, nor, with `fold`, a capital: unescaped and folded it is the same. */
bool sip_is_plain_user(struct str user, bool fold);
/* Escape what the grammar of user (resp. a parameter) does not allow unescaped. */
void sip_escape_user(struct str s, struct sb *out);
void sip_escape_param(struct str s, struct sb *out);

#endif
