/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attributes of a contact (modparam usrloc xavp_contact): the newest record of an XAVP at save() is kept with each of the
 * request's contacts, packed field after field, and is a record again when lookup() takes the contact.
 */
#include "registrar/registrar_priv.h"

#include "base/sb.h"
#include "script/xavp.h"

enum { FIELDS_MAX = 256, PACKED_MAX = 65535 };

static void put_u16(struct sb *b, size_t n)
{
	sb_addc(b, (char)(n >> 8));
	sb_addc(b, (char)n);
}

/* Tag, length of the name, name; a number as decimal text, so that one form fits both. */
static void put_field(struct sb *b, const struct xavp_pair *p, struct arena *a)
{
	bool text = value_is_str(&p->value);
	struct str s = text ? p->value.s : str_printf(a, "%lld", (long long)p->value.i);

	sb_addc(b, text ? 's' : 'i');
	put_u16(b, p->name.n);
	sb_add(b, p->name);
	put_u16(b, s.n);
	sb_add(b, s);
}

struct str reg_attrs_take(struct run *r)
{
	const struct xavp_place record = {.kind = XAVP_PLAIN, .root = ul_conf.xavp_contact};
	struct xavp_pair p;
	struct sb b;

	if (!ul_conf.xavp_contact.n || !r->sv || !xavp_exists(r->sv, ul_conf.xavp_contact, 0))
		return STR_NULL;
	sb_init(&b, r->arena, PACKED_MAX);
	for (unsigned i = 0; i < FIELDS_MAX && xavp_field_nth(r->sv, &record, i, &p); i++)
		put_field(&b, &p, r->arena);
	return sb_str(&b);
}

static struct str get_text(struct str *s)
{
	size_t n = s->n < 2 ? 0 : (size_t)(unsigned char)s->p[0] << 8 | (unsigned char)s->p[1];
	struct str text = str_head(str_skip(*s, 2), n);

	*s = str_skip(*s, 2 + n);
	return text;
}

static void give(struct run *r, struct str packed)
{
	struct xavp_pair *pairs = arena_calloc(r->arena, FIELDS_MAX, sizeof(*pairs));
	size_t n = 0;

	while (pairs && packed.n && n < FIELDS_MAX) {
		struct xavp_pair *p = &pairs[FIELDS_MAX - ++n]; /* each of them goes on top of those before */
		bool text = packed.p[0] == 's';
		struct str value;
		int64_t i = 0;

		packed = str_skip(packed, 1);
		p->name = get_text(&packed);
		value = get_text(&packed);
		if (!text)
			(void)str_to_i64(value, &i);
		p->value = text ? value_str(value) : value_int(i);
	}
	if (pairs)
		(void)xavp_push(r->sv, ul_conf.xavp_contact, &pairs[FIELDS_MAX - n], n); /* full: the script sees one record less */
}

void reg_attrs_give(struct run *r, const struct ul_contact *const *c, size_t n)
{
	if (!ul_conf.xavp_contact.n || !r->sv)
		return;
	while (n > 0 && !c[n - 1]->attrs.n) /* record i is that of contact i: those in between have empty ones */
		n--;
	while (n-- > 0) /* the first contact's comes out on top */
		give(r, c[n]->attrs);
}
