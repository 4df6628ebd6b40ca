/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From and To. An assignment is an edit of the header: the script goes on reading what was received
 * until msg_apply_changes(); two edits of one part both stay.
 */
#include "pv/pv_priv.h"

typedef struct sip_nameaddr *party_fn(struct sip_msg *m);

static struct sip_nameaddr *party(struct run *r, party_fn *fn)
{
	return pv_msg(r) ? fn(pv_msg(r)) : NULL;
}

static const struct sip_uri *party_uri(struct run *r, party_fn *fn)
{
	struct sip_nameaddr *a = party(r, fn);

	return a ? sip_nameaddr_uri(pv_msg(r), a) : NULL;
}

static int32_t insert_at(struct run *r, const char *p, struct str text)
{
	return sip_edit_insert(r->draft, (uint32_t)(p - pv_msg(r)->buf.p), text, SIP_PLACE_LAST);
}

static bool one_line(struct str s)
{
	return str_chr(s, '\r') == STR_NONE && str_chr(s, '\n') == STR_NONE;
}

static int32_t set_uri(struct run *r, party_fn *fn, const struct value *v)
{
	struct sip_nameaddr *a = party(r, fn);

	if (!a || !value_is_str(v) || !v->s.n || !one_line(v->s))
		return RT_E_INVAL;
	return sip_edit_view(r->draft, a->uri, v->s);
}

/* null takes the user and its '@' away, "" only the user. */
static int32_t set_user(struct run *r, party_fn *fn, const struct value *v)
{
	const struct sip_uri *u = party_uri(r, fn);
	struct str user, text;

	if (!u || v->tag == VAL_INT || (value_is_str(v) && !one_line(v->s)))
		return RT_E_INVAL;
	if (v->tag != VAL_NULL && u->user.n)
		return sip_edit_view(r->draft, u->user, v->s);
	if (v->tag != VAL_NULL) {
		text = str_join(r->arena, v->s, S("@"));
		return text.p ? insert_at(r, u->host.p, text) : RT_E_NOMEM;
	}
	if (!u->user.n)
		return 0;
	user = str_make(u->user.p, (size_t)(u->host.p - u->user.p)); /* with the password and '@' */
	return sip_edit_view(r->draft, user, S(""));
}

static int32_t set_host(struct run *r, party_fn *fn, const struct value *v)
{
	const struct sip_uri *u = party_uri(r, fn);

	if (!u || !value_is_str(v) || !v->s.n || !u->host.n || !one_line(v->s))
		return RT_E_INVAL;
	return sip_edit_view(r->draft, u->host, v->s);
}

static int32_t set_display(struct run *r, party_fn *fn, const struct value *v)
{
	struct sip_nameaddr *a = party(r, fn);
	struct str text, old;

	if (!a || v->tag == VAL_INT || (value_is_str(v) && !one_line(v->s)))
		return RT_E_INVAL;
	old = a->display;
	if (v->tag == VAL_NULL) {
		if (!old.n)
			return 0;
		old.n = (size_t)(a->uri.p - 1 - old.p); /* with the blank before '<' */
		return sip_edit_view(r->draft, old, S(""));
	}
	if (old.n)
		return sip_edit_view(r->draft, old, v->s);
	text = str_join(r->arena, v->s, a->brackets ? S(" ") : S(" <"));
	if (!text.p)
		return RT_E_NOMEM;
	if (a->brackets)
		return insert_at(r, a->uri.p - 1, text);
	return insert_at(r, a->uri.p, text) ? RT_E_NOMEM : insert_at(r, a->uri.p + a->uri.n, S(">"));
}

static int32_t length_of(struct str s, struct value *ret)
{
	return pv_give_int(ret, (int64_t)s.n);
}

#define PARTY(L, fn)                                                                               \
	PV_GET(L##u)                                                                               \
	{                                                                                          \
		struct sip_nameaddr *a = party(r, fn);                                             \
		return pv_give_text(ret, a ? a->uri : STR_NULL);                                   \
	}                                                                                          \
	PV_GET(L##n)                                                                               \
	{                                                                                          \
		struct sip_nameaddr *a = party(r, fn);                                             \
		return pv_give_text(ret, a ? a->display : STR_NULL);                               \
	}                                                                                          \
	PV_GET(L##t)                                                                               \
	{                                                                                          \
		struct sip_nameaddr *a = party(r, fn);                                             \
		return pv_give_text(ret, a ? a->tag : STR_NULL);                                   \
	}                                                                                          \
	PV_GET(L##U)                                                                               \
	{                                                                                          \
		return pv_give_user(ret, party_uri(r, fn));                                        \
	}                                                                                          \
	PV_GET(L##d)                                                                               \
	{                                                                                          \
		return pv_give_host(ret, party_uri(r, fn));                                        \
	}                                                                                          \
	PV_GET(L##Ul)                                                                              \
	{                                                                                          \
		const struct sip_uri *u = party_uri(r, fn);                                        \
		return length_of(u ? pv_uri_user(u) : STR_NULL, ret);                              \
	}                                                                                          \
	PV_SET(L##u)                                                                               \
	{                                                                                          \
		return set_uri(r, fn, v);                                                          \
	}                                                                                          \
	PV_SET(L##U)                                                                               \
	{                                                                                          \
		return set_user(r, fn, v);                                                         \
	}                                                                                          \
	PV_SET(L##d)                                                                               \
	{                                                                                          \
		return set_host(r, fn, v);                                                         \
	}                                                                                          \
	PV_SET(L##n)                                                                               \
	{                                                                                          \
		return set_display(r, fn, v);                                                      \
	}

PARTY(f, sip_from)
PARTY(t, sip_to)

PV_GET(ful)
{
	struct sip_nameaddr *a = party(r, sip_from);

	return length_of(a ? a->uri : STR_NULL, ret);
}

PV_GET(tts)
{
	struct sip_nameaddr *a = party(r, sip_to);

	return pv_give_int(ret, !a ? -1 : a->tag.n != 0);
}
