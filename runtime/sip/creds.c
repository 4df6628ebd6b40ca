/* SPDX-License-Identifier: Apache-2.0 */
/* Digest credentials and challenges (RFC 3261 25.1, RFC 7616): scheme, then name=value pairs. */
#include "sip/sip_priv.h"

static void note_param(struct sip_creds *c, const struct sip_param *p)
{
	const struct {
		struct str name;
		struct str *value;
	} known[] = {
		{S("username"), &c->username}, {S("realm"), &c->realm},
		{S("nonce"), &c->nonce},       {S("uri"), &c->uri},
		{S("response"), &c->response}, {S("algorithm"), &c->algorithm},
		{S("cnonce"), &c->cnonce},     {S("opaque"), &c->opaque},
		{S("qop"), &c->qop_text},      {S("nc"), &c->nc},
		{S("stale"), &c->stale},       {S("domain"), &c->domain},
		{S("auts"), &c->auts},
	};

	for (size_t k = 0; k < sizeof(known) / sizeof(*known); k++)
		if (!known[k].value->p && str_ieq(known[k].name, p->name))
			*known[k].value = sip_unquote(sip_param_text(p));
}

static int parse_pairs(struct arena *a, struct str rest, struct sip_creds *c)
{
	struct sip_param **tail = &c->param_list;
	struct str member;
	int err = 0;

	for (unsigned n = 0; sip_list_next(&rest, 0, &member, &err);) {
		size_t eq = str_chr(member, '=');
		struct sip_param *p;

		if (member.n == 0)
			continue;
		if (n++ == sip_limits_default.params)
			return RT_E_LIMIT;
		p = arena_new_of(a, struct sip_param);
		if (!p)
			return RT_E_NOMEM;
		p->both = member;
		p->name = str_rtrim(str_head(member, eq));
		p->value = eq == STR_NONE ? STR_NULL : str_trim(str_skip(member, eq + 1));
		*tail = p;
		tail = &p->next;
		if (c->digest)
			note_param(c, p);
	}
	return err;
}

static enum sip_qop qop_of(struct str s)
{
	if (!s.p)
		return SIP_QOP_NONE;
	if (str_ieq(s, S("auth")))
		return SIP_QOP_AUTH;
	if (str_ieq(s, S("auth-int")))
		return SIP_QOP_AUTH_INT;
	return SIP_QOP_OTHER;
}

int sip_creds_parse(struct arena *a, struct str text, struct sip_creds *ret)
{
	struct sip_creds c = {0};
	size_t at;
	int err;

	text = str_trim(text);
	c.scheme = str_head(text, sip_span(text, SIP_CC_TOKEN));
	if (c.scheme.n == 0 || (c.scheme.n < text.n && !sip_is(text.p[c.scheme.n], SIP_CC_LWS)))
		return RT_E_PARSE;
	c.digest = str_ieq(c.scheme, S("Digest"));
	err = parse_pairs(a, str_ltrim(str_skip(text, c.scheme.n)), &c);
	if (err)
		return err;
	c.qop = qop_of(c.qop_text);
	at = str_chr(c.username, '@');
	c.user = str_head(c.username, at);
	if (at != STR_NONE)
		c.user_domain = str_skip(c.username, at + 1);
	*ret = c;
	return 0;
}

int sip_creds(struct sip_msg *m, struct sip_hdr *h, struct sip_creds **ret)
{
	struct sip_hdr_cache *cache = sip_cache(m, h);

	if (!cache)
		return RT_E_NOMEM;
	if (!cache->creds_done) {
		struct sip_creds *c = arena_new_of(m->arena, struct sip_creds);

		cache->creds_err = c ? sip_creds_parse(m->arena, h->body, c) : RT_E_NOMEM;
		cache->creds_done = true;
		cache->creds = c;
		if (!cache->creds_err)
			c->hdr = h;
	}
	if (cache->creds_err)
		return cache->creds_err;
	*ret = cache->creds;
	return 0;
}

int sip_creds_find(struct sip_msg *m, enum sip_hdr_id id, struct str realm, struct sip_creds **ret)
{
	int worst = RT_E_NOENT;

	for (struct sip_hdr *h = m->first[id]; h; h = h->same) {
		struct sip_creds *c;
		int err = sip_creds(m, h, &c);

		if (err) {
			worst = err;
			continue;
		}
		if (!c->digest || (realm.n && !str_eq(c->realm, realm)))
			continue;
		*ret = c;
		return 0;
	}
	return worst;
}
