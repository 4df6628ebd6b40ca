/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Selects (language.md 6.6). Few are built; one that is not is logged at each use and undefined, as the
 * reference does with a name that it does not know.
 */
#include "script/script_priv.h"

#include "sip/draft.h"

typedef struct str select_fn(struct run *r);

static struct sip_msg *msg_of(struct run *r)
{
	return r->draft->msg;
}

static struct str sel_method(struct run *r)
{
	return msg_of(r)->is_request ? msg_of(r)->method_text : STR_NULL;
}

static struct str sel_ruri(struct run *r)
{
	return msg_of(r)->is_request ? sip_draft_uri(r->draft) : STR_NULL;
}

static struct str sel_call_id(struct run *r)
{
	return sip_call_id(msg_of(r));
}

static struct str sel_cseq_num(struct run *r)
{
	struct sip_cseq c;

	return sip_cseq(msg_of(r), &c) ? STR_NULL : c.num_text;
}

static struct str sel_cseq_method(struct run *r)
{
	struct sip_cseq c;

	return sip_cseq(msg_of(r), &c) ? STR_NULL : c.method_text;
}

static struct str part(struct run *r, struct sip_nameaddr *a, char what)
{
	const struct sip_uri *u;

	if (!a)
		return STR_NULL;
	if (what == 'a')
		return a->uri;
	if (what == 't')
		return a->tag.n ? a->tag : STR_NULL;
	u = sip_nameaddr_uri(msg_of(r), a);
	if (!u)
		return STR_NULL;
	return what == 'u' ? u->user : u->host;
}

static struct str sel_from_uri(struct run *r)
{
	return part(r, sip_from(msg_of(r)), 'a');
}

static struct str sel_from_tag(struct run *r)
{
	return part(r, sip_from(msg_of(r)), 't');
}

static struct str sel_from_user(struct run *r)
{
	return part(r, sip_from(msg_of(r)), 'u');
}

static struct str sel_from_host(struct run *r)
{
	return part(r, sip_from(msg_of(r)), 'h');
}

static struct str sel_to_uri(struct run *r)
{
	return part(r, sip_to(msg_of(r)), 'a');
}

static struct str sel_to_tag(struct run *r)
{
	return part(r, sip_to(msg_of(r)), 't');
}

static struct str sel_to_user(struct run *r)
{
	return part(r, sip_to(msg_of(r)), 'u');
}

static struct str sel_to_host(struct run *r)
{
	return part(r, sip_to(msg_of(r)), 'h');
}

static const struct {
	const char *name;
	select_fn *fn;
} selects[] = {
	{"method", sel_method},         {"ruri", sel_ruri},
	{"call_id", sel_call_id},       {"cseq.num", sel_cseq_num},
	{"cseq.method", sel_cseq_method}, {"from.uri", sel_from_uri},
	{"from.tag", sel_from_tag},     {"from.uri.user", sel_from_user},
	{"from.uri.host", sel_from_host}, {"to.uri", sel_to_uri},
	{"to.tag", sel_to_tag},         {"to.uri.user", sel_to_user},
	{"to.uri.host", sel_to_host},
};

void rt_select(struct run *r, const struct str *text, void **slot, struct value *ret)
{
	struct str s;

	(void)slot;
	*ret = value_null();
	for (size_t i = 0; r->draft && i < sizeof(selects) / sizeof(selects[0]); i++) {
		if (!str_eq(str_of(selects[i].name), *text))
			continue;
		s = selects[i].fn(r);
		if (s.p)
			*ret = value_str(s);
		return;
	}
	script_err(r, "select @" STR_FMT " is not known", STR_ARG(*text));
}

void rt_cfg_get(struct run *r, int32_t index, struct value *ret)
{
	const struct program_value *v = &r->prog->cfg_vars[index].value;

	*ret = v->kind == PROGRAM_INT ? value_str(str_printf(r->arena, "%lld", (long long)v->i))
				      : value_str(v->s.p ? v->s : S(""));
}
