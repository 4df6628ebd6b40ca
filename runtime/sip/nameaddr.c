/* SPDX-License-Identifier: Apache-2.0 */
/*
 * name-addr and addr-spec with parameters (RFC 3261 20.10, 20.20, 20.39 ...).
 *
 * Without angle brackets everything behind the first ';' belongs to the header, not to the URI. White
 * space inside the brackets is an error (RFC 4475 3.1.2.14), an unquoted comma in a display name too.
 */
#include "sip/sip_priv.h"

/* Where the value of a parameter goes; NULL: it is not kept. */
static struct str *value_of(struct sip_nameaddr *na, struct str name)
{
	return str_is(name, "tag")             ? &na->tag
	       : str_is(name, "q")             ? &na->q
	       : str_is(name, "expires")       ? &na->expires
	       : str_is(name, "+sip.instance") ? &na->instance
	       : str_is(name, "reg-id")        ? &na->reg_id
	       : str_is(name, "methods")       ? &na->methods
	       : str_is(name, "received")      ? &na->received
					       : NULL;
}

static int note_param(void *arg, const struct sip_param *p)
{
	struct str *value = value_of(arg, p->name);

	if (value && !value->p)
		*value = sip_unquote(sip_param_text(p));
	return 0;
}

/* Quoted string, or words; the bytes of a word may be anything (UTF-8 is met unquoted). */
static bool display_ok(struct str s)
{
	if (s.n == 0)
		return true;
	if (*s.p == '"')
		return sip_quoted_len(s) == s.n;
	return sip_until(s, ",;\"", 0) == s.n;
}

/* "<" addr-spec ">" at `open`; what follows goes to *rest. */
static int parse_brackets(struct str text, size_t open, struct sip_nameaddr *na, struct str *rest)
{
	struct str s = str_skip(text, open + 1);
	size_t close = str_chr(s, '>');

	na->brackets = true;
	na->display = str_rtrim(str_head(text, open));
	if (close == STR_NONE || !display_ok(na->display))
		return RT_E_PARSE;
	na->uri = str_head(s, close);
	*rest = str_ltrim(str_skip(s, close + 1));
	return 0;
}

static int parse_bare(struct str text, struct sip_nameaddr *na, struct str *rest)
{
	size_t n = str_chr(text, ';');

	na->display = str_head(text, 0);
	na->uri = str_rtrim(str_head(text, n));
	*rest = n == STR_NONE ? str_skip(text, text.n) : str_skip(text, n);
	return 0;
}

static int parse_params(struct str rest, unsigned max, struct sip_nameaddr *na)
{
	struct sip_params_to to = {max, 0, note_param, na};

	if (rest.n == 0)
		return 0;
	if (*rest.p != ';')
		return RT_E_PARSE;
	na->params = str_skip(rest, 1);
	return sip_params_each(na->params, &to);
}

/* Nothing, one quoted string, or plain words. */
static bool is_plain_display(struct str s)
{
	if (!s.n)
		return true;
	if (*s.p == '"')
		return sip_find(str_skip(s, 1), '"') == s.n - 2 && sip_find(s, '\\') == s.n;
	return sip_find(s, ',') + sip_find(s, ';') + sip_find(s, '"') == 3 * s.n;
}

/* The ordinary shape: a plain display name, a URI in brackets, plain parameters. SIP_NOT_PLAIN: it is another, or nothing
   of the kind; what *na holds is of no use then. */
static int take_ordinary(struct str text, unsigned max, struct sip_nameaddr *na)
{
	struct sip_params_to to = {max, 0, note_param, na};
	size_t open = sip_find(text, '<'), close;
	struct str uri = str_skip(text, open + 1), rest;

	close = sip_find_or_space(uri, '>');
	if (close == uri.n || close == 0 || uri.p[close] != '>')
		return SIP_NOT_PLAIN;
	rest = str_skip(uri, close + 1);
	na->text = text;
	na->display = str_rtrim(str_head(text, open));
	na->brackets = true;
	na->uri = str_head(uri, close);
	if (!is_plain_display(na->display))
		return SIP_NOT_PLAIN;
	if (!rest.n)
		return 0;
	if (*rest.p != ';')
		return SIP_NOT_PLAIN;
	na->params = str_skip(rest, 1);
	return sip_params_plain(na->params, &to);
}

/* Any shape; *na holds its header and nothing else. */
static int take_any(struct str text, unsigned max, struct sip_nameaddr *na)
{
	struct str rest = str_skip(text, text.n);
	size_t open;
	int err;

	na->text = text;
	if (str_eq(text, S("*"))) {
		na->star = true;
		return 0;
	}
	open = sip_until(text, "<", 0);
	if (open == STR_NONE)
		return RT_E_PARSE;
	err = open < text.n ? parse_brackets(text, open, na, &rest) : parse_bare(text, na, &rest);
	if (!err && (na->uri.n == 0 || sip_has_lws(na->uri)))
		err = RT_E_PARSE;
	return err ? err : parse_params(rest, max, na);
}

static int parse_one(struct str text, unsigned max, struct sip_nameaddr *na)
{
	int err = take_ordinary(text, max, na);

	if (err != SIP_NOT_PLAIN)
		return err;
	*na = (struct sip_nameaddr){.hdr = na->hdr};
	return take_any(text, max, na);
}

int sip_nameaddr_parse(struct str text, struct sip_nameaddr *ret)
{
	struct sip_nameaddr na = {0};
	int err = parse_one(str_trim(text), sip_limits_default.params, &na);

	if (!err)
		*ret = na;
	return err;
}

/* A list of addresses as it grows, over all headers of one name. */
struct addr_list {
	struct arena *arena;
	const struct sip_limits *lim;
	struct sip_hdr *hdr; /* of those that come, NULL: of none */
	struct sip_nameaddr **tail;
	unsigned n;
};

static int add_member(struct addr_list *l, struct str member, bool alone)
{
	struct sip_nameaddr *na;
	int err;

	if (l->n == l->lim->values)
		return RT_E_LIMIT;
	na = arena_raw(l->arena, sizeof(*na));
	if (!na)
		return RT_E_NOMEM;
	*na = (struct sip_nameaddr){.hdr = l->hdr};
	err = alone ? take_ordinary(member, l->lim->params, na) : parse_one(member, l->lim->params, na);
	if (err)
		return err;
	na->index = l->n++;
	*l->tail = na;
	l->tail = &na->next;
	return 0;
}

/* Empty members of a list are skipped: "Contact: <a>,, <b>" is met in the wild. Mostly there is one, of the ordinary shape,
   which has no comma but in its URI or its quoted name. */
static int parse_list(struct addr_list *l, struct str body)
{
	struct str member;
	int err = add_member(l, body, true);

	if (!err)
		return 0;
	err = 0;
	while (!err && sip_list_next(&body, SIP_NEST_ANGLES, &member, &err))
		if (member.n)
			err = add_member(l, member, false);
	return err;
}

int sip_nameaddrs_parse(struct arena *a, struct str text, struct sip_nameaddr **ret)
{
	struct sip_nameaddr *first = NULL;
	struct addr_list l = {.arena = a, .lim = &sip_limits_default, .tail = &first};
	int err = parse_list(&l, str_trim(text));

	if (!err && !first)
		err = RT_E_PARSE;
	if (!err)
		*ret = first;
	return err;
}

/* From and To: the whole body is one value, a comma outside quotes and brackets is wrong. */
static bool single_ok(struct str body)
{
	if (body.n && sip_until(body, ",", SIP_NEST_ANGLES) == body.n)
		return true;
	/* a bare addr-spec may hold a comma in its user part; then there is no bracket */
	return body.n && str_chr(body, '<') == STR_NONE;
}

static int parse_single(struct sip_msg *m, struct sip_hdr *h, struct sip_nameaddr **ret)
{
	struct sip_nameaddr *na = arena_new_of(m->arena, struct sip_nameaddr);

	if (!na)
		return RT_E_NOMEM;
	na->hdr = h;
	*ret = na;
	if (!single_ok(h->body))
		return RT_E_PARSE;
	return parse_one(h->body, m->limits->params, na);
}

static int parse_all(struct sip_msg *m, enum sip_hdr_id id, struct sip_nameaddr **ret)
{
	struct addr_list l = {.arena = m->arena, .lim = m->limits, .tail = ret};
	int err = 0;

	if (sip_hdr_kind(id) == SIP_KIND_NAMEADDR)
		return parse_single(m, m->first[id], ret);
	for (struct sip_hdr *h = m->first[id]; h && !err; h = h->same) {
		l.hdr = h;
		err = parse_list(&l, h->body);
	}
	return err ? err : *ret ? 0 : RT_E_PARSE;
}

int sip_addrs(struct sip_msg *m, enum sip_hdr_id id, struct sip_nameaddr **ret)
{
	struct sip_hdr_cache *c;
	struct sip_nameaddr *seen = id == SIP_HDR_FROM ? m->from : id == SIP_HDR_TO ? m->to : NULL;

	if (seen) {
		*ret = seen;
		return 0;
	}
	if (!m->first[id])
		return RT_E_NOENT;
	c = sip_cache(m, m->first[id]);
	if (!c)
		return RT_E_NOMEM;
	if (!c->addrs_done) {
		c->addrs_err = parse_all(m, id, &c->addrs);
		c->addrs_done = true;
	}
	if (c->addrs_err)
		return c->addrs_err;
	*ret = c->addrs;
	return 0;
}

static struct sip_nameaddr *addrs_or_null(struct sip_msg *m, enum sip_hdr_id id)
{
	struct sip_nameaddr *na = NULL;

	return sip_addrs(m, id, &na) == 0 ? na : NULL;
}

/* From or To of the ordinary shape needs no cache; others do, for their error is remembered there. */
static struct sip_nameaddr *party(struct sip_msg *m, enum sip_hdr_id id)
{
	struct sip_hdr *h = m->first[id];
	struct sip_nameaddr *na = h ? arena_raw(m->arena, sizeof(*na)) : NULL;

	if (!na)
		return NULL;
	*na = (struct sip_nameaddr){.hdr = h};
	return take_ordinary(h->body, m->limits->params, na) == 0 ? na : addrs_or_null(m, id);
}

struct sip_nameaddr *sip_from_parse(struct sip_msg *m)
{
	return m->from = party(m, SIP_HDR_FROM);
}

struct sip_nameaddr *sip_to_parse(struct sip_msg *m)
{
	return m->to = party(m, SIP_HDR_TO);
}

struct sip_nameaddr *sip_contacts(struct sip_msg *m)
{
	return addrs_or_null(m, SIP_HDR_CONTACT);
}

const struct sip_uri *sip_nameaddr_uri_parse(struct sip_msg *m, struct sip_nameaddr *a)
{
	if (!a->parsed) {
		struct sip_uri *u = arena_raw(m->arena, sizeof(*u));

		if (!u || sip_uri_parse(a->uri, u))
			return NULL;
		a->parsed = u;
	}
	return a->parsed;
}
