/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Character classes in one table (bits SIP_CC_*; the unit test computes it anew from the strings of
 * the grammar); everything else scans forward once.
 */
#include "sip/sip_priv.h"

const uint8_t sip_cc[256] = {
	[0x00] = 0, 0, 0, 0, 0, 0, 0, 0, 0, 16, 16, 0, 0, 16, 0, 0,
	[0x20] = 16, 13, 0, 0, 12, 1, 12, 13, 12, 12, 13, 45, 4, 47, 47, 12,
	[0x30] = 47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 8, 4, 0, 4, 0, 4,
	[0x40] = 0, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47,
	[0x50] = 47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 8, 0, 8, 0, 15,
	[0x60] = 1, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47,
	[0x70] = 47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 0, 0, 0, 13, 0,
};

bool sip_all(struct str s, unsigned cls)
{
	return s.n > 0 && sip_span(s, cls) == s.n;
}

sip_block sip_block_end(const char *p, size_t n)
{
	sip_block b = {0};

	memcpy(&b, p, n < sizeof(b) ? n : sizeof(b));
	return b;
}

bool sip_has_lws(struct str s)
{
	for (size_t i = sip_find_or_space(s, ' '); i < s.n; i++) /* a byte up to SP is rare */
		if (ascii_lws(s.p[i]))
			return true;
	return false;
}

size_t sip_quoted_len(struct str s)
{
	for (size_t i = 1; i < s.n; i++) {
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == '"')
			return i + 1;
	}
	return 0;
}

/* Length of "(...)" with nesting and quoted pairs; 0 when it is not closed. */
static size_t comment_len(struct str s)
{
	size_t depth = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == '(')
			depth++;
		else if (s.p[i] == ')' && --depth == 0)
			return i + 1;
	}
	return 0;
}

/* Length of the quoted thing that starts at s, 1 when none does, 0 when it is not closed. */
static size_t skip_nested(struct str s, unsigned nest)
{
	size_t i;

	if (*s.p == '"')
		return sip_quoted_len(s);
	if (*s.p == '(' && nest & SIP_NEST_PARENS)
		return comment_len(s);
	if (*s.p == '<' && nest & SIP_NEST_ANGLES) {
		i = str_chr(s, '>');
		return i == STR_NONE ? 0 : i + 1;
	}
	return 1;
}

/* The usual one or two stops cost no call; '"' is met by skip_nested. */
static bool is_stop(char c, const char *stops)
{
	if (c == stops[0] || (stops[0] && c == stops[1]))
		return c != 0;
	return stops[0] && stops[1] && c && strchr(stops + 2, c);
}

/* How many leading bytes are neither of a and b nor open something. */
static size_t plain_run(struct str s, char a, char b)
{
	for (size_t i = 0; i < s.n; i += 16) {
		sip_block v = sip_block_at(s.p + i, s.n - i);
		unsigned mask = sip_mask((v == sip_each(a)) | (v == sip_each(b)) | (v == sip_each('"')) | (v == sip_each('<')) |
					 (v == sip_each('(')));

		if (sip_hit(mask, s.n, &i))
			return i;
	}
	return s.n;
}

size_t sip_until(struct str s, const char *stops, unsigned nest)
{
	bool few = stops[0] && (!stops[1] || !stops[2]);
	size_t i = 0, n;

	while (i < s.n) {
		if (few)
			i += plain_run(str_skip(s, i), stops[0], stops[1] ? stops[1] : stops[0]);
		if (i == s.n)
			break;
		if (is_stop(s.p[i], stops))
			return i;
		if (s.p[i] != '"' && s.p[i] != '<' && s.p[i] != '(') {
			i++;
			continue;
		}
		n = skip_nested(str_skip(s, i), nest);
		if (n == 0)
			return STR_NONE;
		i += n;
	}
	return s.n;
}

bool sip_list_next(struct str *rest, unsigned nest, struct str *member, int *err)
{
	size_t n;

	if (!rest->p)
		return false;
	n = sip_until(*rest, ",", nest);
	if (n == STR_NONE) {
		*err = RT_E_PARSE;
		return false;
	}
	*member = str_trim(str_head(*rest, n));
	*rest = n == rest->n ? STR_NULL : str_skip(*rest, n + 1);
	return true;
}

static int take_host(struct str *s, struct sip_hostport *hp)
{
	struct addr a;
	size_t n;

	if (s->n && *s->p == '[') {
		n = str_chr(*s, ']');
		if (n == STR_NONE)
			return RT_E_PARSE;
		hp->host = str_head(*s, n + 1);
		if (!addr_parse(hp->host, &a) || a.family != AF_INET6)
			return RT_E_PARSE;
		hp->ipv6 = true;
	} else {
		hp->host = str_head(*s, sip_host_span(*s));
	}
	*s = str_skip(*s, hp->host.n);
	return hp->host.n ? 0 : RT_E_PARSE;
}

int sip_hostport_take(struct str *s, bool lws, struct sip_hostport *hp)
{
	struct str rest;
	uint32_t port = 0;
	int err;

	*hp = (struct sip_hostport){0};
	err = take_host(s, hp);

	if (err)
		return err;
	rest = lws ? str_ltrim(*s) : *s;
	if (rest.n && *rest.p == ':') {
		rest = str_skip(rest, 1);
		if (lws)
			rest = str_ltrim(rest);
		for (hp->port_text = str_head(rest, 0);
		     hp->port_text.n < rest.n && ascii_digit(rest.p[hp->port_text.n]); hp->port_text.n++)
			if (port <= 65535)
				port = port * 10 + (uint32_t)(rest.p[hp->port_text.n] - '0');
		if (hp->port_text.n == 0 || port > 65535)
			return RT_E_PARSE;
		*s = str_skip(rest, hp->port_text.n);
	}
	hp->port = (uint16_t)port;
	return 0;
}

/* name [= value] of one parameter; false when the name is empty. */
static bool cut_param(struct str text, struct sip_param *p)
{
	size_t eq = str_chr(text, '=');

	p->both = text;
	p->name = str_rtrim(str_head(text, eq));
	p->value = eq == STR_NONE ? STR_NULL : str_trim(str_skip(text, eq + 1));
	return p->name.n > 0;
}

/* Parameters of any shape. */
static int careful_params(struct str text, const struct sip_params_to *to)
{
	for (unsigned n = 0; text.p;) {
		struct sip_param p = {0};
		size_t end = sip_until(text, ";", SIP_NEST_ANGLES);

		if (end == STR_NONE)
			return RT_E_PARSE;
		if (cut_param(str_trim(str_head(text, end)), &p)) {
			int err = n++ == to->max ? RT_E_LIMIT : to->fn(to->arg, &p);

			if (err)
				return err;
		} else if (to->flags & SIP_PARAMS_STRICT || p.both.n) {
			return RT_E_PARSE;
		}
		text = end == text.n ? STR_NULL : str_skip(text, end + 1);
	}
	return 0;
}

/* One of a list of plain parameters, with its '=' at eq or none. */
static inline int give_param(const struct sip_params_to *to, unsigned *n, const char *p, const char *eq, const char *end)
{
	const char *name_end = eq ? eq : end;
	struct sip_param param = {NULL, str_make(p, (size_t)(name_end - p)), STR_NULL, str_make(p, (size_t)(end - p))};

	if (name_end == p)
		return to->flags & SIP_PARAMS_STRICT || end != p ? RT_E_PARSE : 0;
	if ((*n)++ == to->max)
		return RT_E_LIMIT;
	if (eq)
		param.value = str_make(eq + 1, (size_t)(end - eq - 1));
	return to->fn(to->arg, &param);
}

int sip_params_plain(struct str text, const struct sip_params_to *to)
{
	const char *p = text.p, *eq = NULL;
	unsigned n = 0;

	for (size_t i = 0; i < text.n; i += 16) {
		sip_block b = sip_block_at(text.p + i, text.n - i);
		unsigned own = sip_first_bits(text.n - i), marks = sip_mask(b - sip_each(';') <= sip_each('=' - ';')) & own;

		if (sip_mask(b <= sip_each(',')) & own && sip_mask(sip_not_plain(b)) & own)
			return SIP_NOT_PLAIN;
		for (; marks; marks &= marks - 1) {
			const char *at = text.p + i + (unsigned)__builtin_ctz(marks);
			int err;

			if (*at == '<')
				return SIP_NOT_PLAIN;
			if (*at == '=') {
				eq = eq ? eq : at;
				continue;
			}
			err = give_param(to, &n, p, eq, at);
			if (err)
				return err;
			p = at + 1;
			eq = NULL;
		}
	}
	return give_param(to, &n, p, eq, text.p + text.n);
}

int sip_params_each(struct str text, const struct sip_params_to *to)
{
	int err = text.p ? sip_params_plain(text, to) : 0;

	return err == SIP_NOT_PLAIN ? careful_params(text, to) : err;
}

struct param_list {
	struct arena *arena;
	struct sip_param *first, **tail;
};

static int keep_param(void *arg, const struct sip_param *p)
{
	struct param_list *l = arg;
	struct sip_param *kept = arena_raw(l->arena, sizeof(*kept));

	if (!kept)
		return RT_E_NOMEM;
	*kept = *p;
	*l->tail = kept;
	l->tail = &kept->next;
	return 0;
}

int sip_params_parse(struct arena *a, struct str text, unsigned max, struct sip_param **ret)
{
	struct param_list l = {.arena = a, .tail = &l.first};
	struct sip_params_to to = {max, 0, keep_param, &l};
	int err = text.p ? sip_params_plain(text, &to) : 0;

	if (err == SIP_NOT_PLAIN) {
		l = (struct param_list){.arena = a, .tail = &l.first};
		err = careful_params(text, &to);
	}
	if (!err)
		*ret = l.first;
	return err;
}


bool sip_param_find(const struct sip_param *list, struct str name, struct str *value)
{
	for (; list; list = list->next)
		if (str_ieq(list->name, name)) {
			*value = list->value;
			return true;
		}
	return false;
}
