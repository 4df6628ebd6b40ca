/* SPDX-License-Identifier: Apache-2.0 */
/* Comma lists of plain items, numbers, CSeq, RAck, Date, Content-Type. */
#include "sip/sip_priv.h"

static int item_new(struct arena *a, struct str text, unsigned max, struct sip_item **ret)
{
	struct sip_item *it = arena_new_of(a, struct sip_item);
	size_t semi = sip_until(text, ";", SIP_NEST_ANGLES);

	if (!it)
		return RT_E_NOMEM;
	if (semi == STR_NONE)
		return RT_E_PARSE;
	it->text = text;
	it->value = str_rtrim(str_head(text, semi));
	*ret = it;
	if (semi == text.n)
		return 0;
	it->params = str_skip(text, semi + 1);
	return sip_params_parse(a, it->params, max, &it->param_list);
}

static int parse_list(struct arena *a, struct str body, const struct sip_limits *lim, unsigned *n,
		      struct sip_item ***tail)
{
	struct str member;
	int err = 0;

	while (sip_list_next(&body, SIP_NEST_ANGLES, &member, &err)) {
		struct sip_item *it = NULL;

		if (member.n == 0)
			continue;
		if (*n == lim->values)
			return RT_E_LIMIT;
		err = item_new(a, member, lim->params, &it);
		if (err)
			return err;
		(*n)++;
		**tail = it;
		*tail = &it->next;
	}
	return err;
}

int sip_items_parse(struct arena *a, struct str text, unsigned max, struct sip_item **ret)
{
	struct sip_limits lim = sip_limits_default;
	struct sip_item *first = NULL, **tail = &first;
	unsigned n = 0;
	int err;

	lim.values = max;
	err = parse_list(a, text, &lim, &n, &tail);
	if (!err)
		*ret = first;
	return err;
}

static int parse_all(struct sip_msg *m, enum sip_hdr_id id, struct sip_item **ret)
{
	struct sip_item **tail = ret;
	unsigned n = 0;
	int err = 0;

	for (struct sip_hdr *h = m->first[id]; h && !err; h = h->same) {
		struct sip_item **begin = tail;

		err = parse_list(m->arena, h->body, m->limits, &n, &tail);
		for (struct sip_item *it = *begin; it; it = it->next)
			it->hdr = h;
	}
	return err;
}

int sip_items(struct sip_msg *m, enum sip_hdr_id id, struct sip_item **ret)
{
	struct sip_hdr_cache *c;

	if (!m->first[id] || id == SIP_HDR_OTHER)
		return RT_E_NOENT;
	c = sip_cache(m, m->first[id]);
	if (!c)
		return RT_E_NOMEM;
	if (!c->items_done) {
		c->items_err = parse_all(m, id, &c->items);
		c->items_done = true;
	}
	if (c->items_err)
		return c->items_err;
	*ret = c->items;
	return 0;
}

bool sip_has_item(struct sip_msg *m, enum sip_hdr_id id, struct str value)
{
	struct sip_item *it = NULL;

	if (sip_items(m, id, &it))
		return false;
	for (; it; it = it->next)
		if (str_ieq(it->value, value))
			return true;
	return false;
}

/* Leading decimal digits of *s as a number; RT_E_LIMIT over 2^32-1. */
static inline int take_number(struct str *s, uint32_t *ret, struct str *text)
{
	uint64_t v = 0;
	size_t n = 0;

	while (n < s->n && ascii_digit(s->p[n])) {
		if (v <= UINT32_MAX)
			v = v * 10 + (uint64_t)(s->p[n] - '0');
		n++;
	}
	if (n == 0)
		return RT_E_PARSE;
	if (v > UINT32_MAX)
		return RT_E_LIMIT;
	*text = str_head(*s, n);
	*ret = (uint32_t)v;
	*s = str_skip(*s, n);
	return 0;
}

/* Retry-After may carry a comment, others parameters; anything else behind the digits is wrong. */
int sip_number(struct sip_msg *m, enum sip_hdr_id id, struct sip_number *ret)
{
	struct str s, text;
	uint32_t value;
	int err;

	if (!m->first[id])
		return RT_E_NOENT;
	s = m->first[id]->body;
	err = take_number(&s, &value, &text);
	if (err)
		return err;
	s = str_ltrim(s);
	if (s.n && *s.p != ';' && *s.p != '(')
		return RT_E_PARSE;
	*ret = (struct sip_number){value, text, s.n && *s.p == ';' ? str_skip(s, 1) : STR_NULL};
	return 0;
}

/* LWS then a token that is all that is left. */
static int take_method(struct str s, struct str *text, enum sip_method *id)
{
	struct str t = str_trim(s);

	*id = sip_method_id(t);
	if (s.n == t.n || (*id == SIP_METHOD_OTHER && !sip_all(t, SIP_CC_TOKEN)))
		return RT_E_PARSE;
	*text = t;
	return 0;
}

static int parse_cseq(struct sip_msg *m, struct str s, struct sip_cseq *ret)
{
	int err = take_number(&s, &ret->num, &ret->num_text);

	if (err)
		return err;
	/* nearly always the request's own behind one space */
	if (m->method && m->method != SIP_METHOD_OTHER && s.n && *s.p == ' ' && str_eq(str_skip(s, 1), m->method_text)) {
		ret->method = m->method;
		ret->method_text = str_skip(s, 1);
		return 0;
	}
	return take_method(s, &ret->method_text, &ret->method);
}

int sip_cseq_parse(struct sip_msg *m)
{
	const struct sip_hdr *h = m->first[SIP_HDR_CSEQ];

	m->cseq_err = h ? parse_cseq(m, h->body, &m->cseq) : RT_E_NOENT;
	m->cseq_done = true;
	return m->cseq_err;
}

int sip_rack(struct sip_msg *m, struct sip_rack *ret)
{
	struct sip_rack r = {0};
	struct str s, text;
	int err;

	if (!m->first[SIP_HDR_RACK])
		return RT_E_NOENT;
	s = m->first[SIP_HDR_RACK]->body;
	err = take_number(&s, &r.rseq, &text);
	if (!err && (s.n == 0 || !sip_is(*s.p, SIP_CC_LWS)))
		err = RT_E_PARSE;
	s = str_ltrim(s);
	if (!err)
		err = take_number(&s, &r.cseq, &text);
	if (!err)
		err = take_method(s, &r.method_text, &r.method);
	if (!err)
		*ret = r;
	return err;
}

struct str sip_call_id(struct sip_msg *m)
{
	return m->first[SIP_HDR_CALL_ID] ? m->first[SIP_HDR_CALL_ID]->body : STR_NULL;
}

struct str sip_content_type(struct sip_msg *m)
{
	struct sip_hdr *h = m->first[SIP_HDR_CONTENT_TYPE];

	return h ? str_rtrim(str_head(h->body, str_chr(h->body, ';'))) : STR_NULL;
}

int sip_q_parse(struct str s)
{
	int q = 0, unit = 100;

	if (s.n == 0 || s.n > 5 || (*s.p != '0' && *s.p != '1'))
		return -1;
	if (s.n > 1 && s.p[1] != '.')
		return -1;
	q = (*s.p - '0') * 1000;
	for (size_t i = 2; i < s.n; i++, unit /= 10) {
		if (!ascii_digit(s.p[i]))
			return -1;
		q += (s.p[i] - '0') * unit;
	}
	return q <= 1000 ? q : -1;
}

/* Days since 1970-01-01 of a civil date (proleptic Gregorian). */
static int64_t days_from_civil(int64_t y, unsigned m, unsigned d)
{
	int64_t era;
	unsigned yoe, doy, doe;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = (unsigned)(y - era * 400);
	doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
	doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
	return era * 146097 + (int64_t)doe - 719468;
}

/* n digits at offset i. */
static bool digits(struct str s, size_t i, size_t n, unsigned max, unsigned *ret)
{
	uint64_t v;

	if (!str_to_u64(str_head(str_skip(s, i), n), max, &v))
		return false;
	*ret = (unsigned)v;
	return true;
}

/* "Sat, 13 Nov 2010 23:29:00 GMT": fixed columns (RFC 3261 25.1 SIP-date). */
int sip_date_parse(struct str s, int64_t *ret)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	unsigned day, mon = 0, year, h, min, sec;

	s = str_trim(s);
	if (s.n != 29 || s.p[3] != ',' || s.p[19] != ':' || s.p[22] != ':' ||
	    !str_ieq(str_skip(s, 25), S(" GMT")))
		return RT_E_PARSE;
	while (mon < 12 && !str_ieq(str_head(str_skip(s, 8), 3), str_make(months + mon * 3, 3)))
		mon++;
	if (mon == 12 || !digits(s, 5, 2, 31, &day) || day == 0 || !digits(s, 12, 4, 9999, &year) ||
	    !digits(s, 17, 2, 23, &h) || !digits(s, 20, 2, 59, &min) || !digits(s, 23, 2, 60, &sec))
		return RT_E_PARSE;
	*ret = days_from_civil(year, mon + 1, day) * 86400 + h * 3600 + min * 60 + sec;
	return 0;
}

int sip_date(struct sip_msg *m, int64_t *ret)
{
	if (!m->first[SIP_HDR_DATE])
		return RT_E_NOENT;
	return sip_date_parse(m->first[SIP_HDR_DATE]->body, ret);
}
