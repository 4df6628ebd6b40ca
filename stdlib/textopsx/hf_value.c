/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of headers: comma separated members, counted over all headers of a name, and their parameters. The functions
 * that end in 2 take a header as one value with parameters as credentials have them (RFC 3261 25.1). What a call names
 * is looked up in the message as received: edits made before are not seen.
 */
#define STD_PROTOTYPES_ONLY
#define STD_NAME textopsx
#define STD_DEF "textopsx/textopsx.def"
#include "abi/std.h"

#include "script/env.h"
#include "sip/draft.h"
#include "sip/hdr_ref.h"

enum { VALUES_MAX = 256 };

enum form { MEMBERS, CREDENTIALS };

static int32_t edited(struct run *r, int err)
{
	if (err >= 0)
		return 1;
	script_err(r, "header values: %s", rt_strerror(err));
	return -1;
}

/* ---- what is there ---- */

/* A header as one value; `params` of those only that have a value. */
static int whole_header(struct arena *a, struct sip_hdr *h, struct sip_item **ret)
{
	struct sip_creds creds = {0};
	struct sip_param **tail;

	*ret = arena_new_of(a, struct sip_item);
	if (!*ret)
		return RT_E_NOMEM;
	(*ret)->text = (*ret)->value = h->body;
	if (sip_creds_parse(a, h->body, &creds))
		return 0; /* no credentials: no parameters */
	tail = &(*ret)->param_list;
	for (struct sip_param *p = creds.param_list; p; p = p->next)
		if (p->value.p)
			*tail = p, tail = &p->next;
	*tail = NULL;
	return 0;
}

static int values_of(struct run *r, struct str name, enum form form, struct sip_item **ret)
{
	struct sip_item **tail = ret;
	int err = 0;

	*ret = NULL;
	for (struct sip_hdr *h = sip_hdr_find(r->draft->msg, name); h && !err; h = sip_hdr_next(h)) {
		err = form == CREDENTIALS ? whole_header(r->arena, h, tail)
					  : sip_items_parse(r->arena, h->body, VALUES_MAX, tail);
		for (; !err && *tail; tail = &(*tail)->next)
			(*tail)->hdr = h;
	}
	return err;
}

static struct sip_item *pick(struct sip_item *list, int64_t index)
{
	int64_t n = 0;

	for (struct sip_item *v = list; v; v = v->next)
		n++;
	if (index < 0)
		index += n + 1;
	if (index < 1 || index > n)
		return NULL;
	while (--index)
		list = list->next;
	return list;
}

/* False: there is no message, or nothing can be read of those headers. */
static bool look(struct run *r, const struct str *text, enum form form, struct sip_hdr_ref *ref, struct sip_item **ret)
{
	return r->draft && sip_hdr_ref_parse(*text, ref) && values_of(r, ref->name, form, ret) == 0;
}

/* ---- adding ---- */

static struct str header_line(struct run *r, struct str name, struct str value)
{
	return str_printf(r->arena, STR_FMT ": " STR_FMT "\r\n", STR_ARG(name), STR_ARG(value));
}

int32_t std_textopsx_append_hf_value(struct run *r, const struct str *hf, const struct str *value)
{
	struct sip_item *list, *at = NULL;
	struct sip_hdr_ref ref;

	if (!look(r, hf, MEMBERS, &ref, &list))
		return -1;
	if (ref.which == SIP_HDR_AT)
		at = pick(list, ref.index ? ref.index : -1);
	if (!at)
		return edited(r, sip_hdr_append(r->draft, header_line(r, ref.name, *value)));
	return edited(r, sip_edit_view(r->draft, str_make(at->text.p + at->text.n, 0), str_join(r->arena, S(","), *value)));
}

/* The last byte c before p, or p itself when only white space is there. */
static const char *back_to(const char *p, const char *begin, char c)
{
	const char *q = p;

	while (q > begin && q[-1] != c)
		q--;
	return q > begin ? q - 1 : p;
}

static const struct sip_item *before(const struct sip_item *list, const struct sip_item *v)
{
	const struct sip_item *prev = NULL;

	for (; list != v; list = list->next)
		prev = list;
	return prev && prev->hdr == v->hdr ? prev : NULL;
}

/* Behind the comma that ends the value before, or where the header's first value begins. */
static const char *place_before(const struct sip_item *list, const struct sip_item *v)
{
	const struct sip_item *prev = before(list, v);

	return prev ? back_to(v->text.p, prev->text.p + prev->text.n, ',') + 1 : v->text.p;
}

int32_t std_textopsx_insert_hf_value(struct run *r, const struct str *hf, const struct str *value)
{
	struct sip_item *list, *at;
	struct sip_hdr_ref ref;

	if (!look(r, hf, MEMBERS, &ref, &list))
		return -1;
	if (!list && ref.index >= 0)
		return edited(r, sip_hdr_append(r->draft, header_line(r, ref.name, *value)));
	if (ref.which != SIP_HDR_AT)
		return edited(r, sip_hdr_insert_before(r->draft, list->hdr, header_line(r, ref.name, *value)));
	at = pick(list, ref.index ? ref.index : 1);
	if (!at)
		return -1;
	return edited(r, sip_edit_view(r->draft, str_make(place_before(list, at), 0), str_join(r->arena, *value, S(","))));
}

/* ---- removing ---- */

/* From a to b; both lie in the message. */
static int cut(struct run *r, const char *a, const char *b)
{
	return sip_edit_view(r->draft, str_make(a, (size_t)(b - a)), S(""));
}

/* A member goes with the comma before it; the first of its header with the one behind it. */
static int remove_value(struct run *r, const struct sip_item *list, const struct sip_item *v)
{
	const struct sip_item *prev = before(list, v);
	const char *end = v->text.p + v->text.n;

	if (prev)
		return cut(r, back_to(v->text.p, prev->text.p + prev->text.n, ','), end);
	if (!v->next || v->next->hdr != v->hdr)
		return sip_hdr_remove(r->draft, v->hdr);
	return cut(r, v->text.p, back_to(v->next->text.p, end, ',') + 1);
}

static const struct sip_param *param_of(const struct sip_item *v, struct str name)
{
	const struct sip_param *p = v->param_list;

	while (p && !str_ieq(p->name, name))
		p = p->next;
	return p;
}

/* A parameter goes with the separator before it; the first one of credentials with the one behind it. */
static int remove_param(struct run *r, const struct sip_item *v, const struct sip_param *p, enum form form)
{
	const char *end = p->both.p + p->both.n;

	if (form == MEMBERS)
		return cut(r, back_to(p->both.p, v->text.p, ';'), end);
	if (p != v->param_list)
		return cut(r, back_to(p->both.p, v->text.p, ','), end);
	return cut(r, p->both.p, p->next ? back_to(p->next->both.p, end, ',') + 1 : end);
}

static int remove_all(struct run *r, struct sip_hdr_ref *ref, const struct sip_item *v, enum form form)
{
	int err = 0, n = 0;

	if (!ref->param.p)
		return sip_hdr_remove_named(r->draft, ref->name);
	for (; v && !err; v = v->next) {
		const struct sip_param *p = param_of(v, ref->param);

		if (p)
			err = remove_param(r, v, p, form);
		n += p != NULL;
	}
	return err ? err : n;
}

static int32_t remove_at(struct run *r, const struct str *hf, enum form form)
{
	const struct sip_param *p;
	struct sip_item *list, *v;
	struct sip_hdr_ref ref;
	int n;

	if (!look(r, hf, form, &ref, &list))
		return -1;
	if (ref.which == SIP_HDR_ALL) {
		n = remove_all(r, &ref, list, form);
		return n ? edited(r, n) : -1;
	}
	v = pick(list, ref.index ? ref.index : 1);
	if (!v)
		return -1;
	if (!ref.param.p)
		return edited(r, remove_value(r, list, v));
	p = param_of(v, ref.param);
	return p ? edited(r, remove_param(r, v, p, form)) : -1;
}

int32_t std_textopsx_remove_hf_value(struct run *r, const struct str *hf)
{
	return remove_at(r, hf, MEMBERS);
}

int32_t std_textopsx_remove_hf_value2(struct run *r, const struct str *hf)
{
	return remove_at(r, hf, CREDENTIALS);
}

/* ---- assigning ---- */

static int assign_param(struct run *r, const struct sip_item *v, struct str name, struct str value, enum form form)
{
	const struct sip_param *p = param_of(v, name);
	struct str n = p ? p->name : name;
	struct str text = value.n ? str_printf(r->arena, STR_FMT "=" STR_FMT, STR_ARG(n), STR_ARG(value)) : n;
	struct str sep = form == MEMBERS ? S(";") : v->param_list ? S(",") : S(" ");

	if (p)
		return sip_edit_view(r->draft, p->both, text);
	return sip_edit_view(r->draft, str_make(v->text.p + v->text.n, 0), str_join(r->arena, sep, text));
}

static int32_t assign_at(struct run *r, const struct str *hf, const struct str *value, enum form form)
{
	struct sip_item *list, *v;
	struct sip_hdr_ref ref;
	int err = 0;

	if (!look(r, hf, form, &ref, &list))
		return -1;
	v = ref.which == SIP_HDR_ALL ? list : pick(list, ref.index ? ref.index : 1);
	if (!v)
		return -1;
	if (!ref.param.p)
		return edited(r, sip_edit_view(r->draft, v->text, *value));
	do {
		err = assign_param(r, v, ref.param, *value, form);
		v = v->next;
	} while (!err && v && ref.which == SIP_HDR_ALL);
	return edited(r, err);
}

int32_t std_textopsx_assign_hf_value(struct run *r, const struct str *hf, const struct str *value)
{
	return assign_at(r, hf, value, MEMBERS);
}

int32_t std_textopsx_assign_hf_value2(struct run *r, const struct str *hf, const struct str *value)
{
	return assign_at(r, hf, value, CREDENTIALS);
}

/* ---- headers that hold a set ---- */

static const struct sip_item *member(const struct sip_item *v, struct str value)
{
	while (v && !str_ieq(v->text, value))
		v = v->next;
	return v;
}

int32_t std_textopsx_hf_value_exists(struct run *r, const struct str *hf, const struct str *value)
{
	struct sip_hdr_ref ref;
	struct sip_item *list;

	return look(r, hf, MEMBERS, &ref, &list) && member(list, *value) ? 1 : -1;
}

/* Behind the last value of the first header. */
int32_t std_textopsx_include_hf_value(struct run *r, const struct str *hf, const struct str *value)
{
	struct sip_hdr_ref ref;
	struct sip_item *v;

	if (!value->n || !look(r, hf, MEMBERS, &ref, &v))
		return -1;
	if (member(v, *value))
		return 1;
	if (!v)
		return edited(r, sip_hdr_append(r->draft, header_line(r, ref.name, *value)));
	while (v->next && v->next->hdr == v->hdr)
		v = v->next;
	return edited(r, sip_edit_view(r->draft, str_make(v->text.p + v->text.n, 0), str_join(r->arena, S(","), *value)));
}

/*
 * Members of one header that equal the value go; the cuts lie side by side: behind a member that stays each takes the comma
 * before it, before the first that stays the one behind it.
 */
static int exclude_from(struct run *r, const struct sip_item *first, struct str value)
{
	const struct sip_item *prev = NULL;
	bool kept = false, all = true;
	int err = 0;

	for (const struct sip_item *v = first; v && v->hdr == first->hdr; v = v->next)
		all &= str_ieq(v->text, value);
	if (all)
		return sip_hdr_remove(r->draft, first->hdr);
	for (const struct sip_item *v = first; v && v->hdr == first->hdr && !err; prev = v, v = v->next) {
		const char *end = v->text.p + v->text.n;

		if (!str_ieq(v->text, value))
			kept = true;
		else if (kept)
			err = cut(r, back_to(v->text.p, prev->text.p + prev->text.n, ','), end);
		else
			err = cut(r, v->text.p, v->next->text.p); /* one that stays follows in this header */
	}
	return err;
}

int32_t std_textopsx_exclude_hf_value(struct run *r, const struct str *hf, const struct str *value)
{
	struct sip_item *list, *next;
	struct sip_hdr_ref ref;
	int err = 0;

	if (!value->n || !look(r, hf, MEMBERS, &ref, &list))
		return -1;
	for (; list && !err; list = next) {
		err = exclude_from(r, list, *value);
		for (next = list; next && next->hdr == list->hdr; next = next->next)
			;
	}
	return edited(r, err);
}
