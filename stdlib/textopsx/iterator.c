/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks over headers and over lines of the body, by name. A walk belongs to the message: it is kept with its
 * variables, as the number of the place it is at (0: before the first).
 */
#define STD_PROTOTYPES_ONLY
#define STD_NAME textopsx
#define STD_DEF "textopsx/textopsx.def"
#include "abi/std.h"

#include "script/env.h"
#include "script/vars.h"
#include "sip/draft.h"

enum { WALK_HEADERS = 1 << 21, WALK_LINES = 1 << 22 }; /* name spaces of variables that no script can write */

static bool place_of(struct run *r, int64_t kind, struct str name, int64_t *i)
{
	struct avp_key k = avp_key(kind, name);
	struct value v;

	if (!r->draft || !avp_get(r->sv, &k, 0, &v))
		return false;
	*i = v.i;
	return true;
}

static int32_t go_to(struct run *r, int64_t kind, struct str name, int64_t i)
{
	struct avp_key k = avp_key(kind, name);
	struct value v = value_int(i);

	avp_delete(r->sv, &k, true);
	return avp_add(r->sv, &k, &v) == 0 ? 1 : -1;
}

static int32_t end(struct run *r, int64_t kind, struct str name)
{
	struct avp_key k = avp_key(kind, name);

	return avp_delete(r->sv, &k, true) ? 1 : -1;
}

/* ---- headers ---- */

static struct sip_hdr *header_at(struct run *r, int64_t i)
{
	struct sip_hdr *h = i > 0 ? r->draft->msg->headers : NULL;

	while (h && --i > 0)
		h = h->next;
	return h;
}

static struct sip_hdr *current(struct run *r, struct str name)
{
	int64_t i;

	return place_of(r, WALK_HEADERS, name, &i) ? header_at(r, i) : NULL;
}

int32_t std_textopsx_hf_iterator_start(struct run *r, const struct str *name)
{
	return r->draft ? go_to(r, WALK_HEADERS, *name, 0) : -1;
}

static int32_t step(struct run *r, const struct str *name, int64_t by)
{
	int64_t i;

	if (!place_of(r, WALK_HEADERS, *name, &i) || (i + by != 0 && !header_at(r, i + by)))
		return -1; /* 0 is before the first */
	return go_to(r, WALK_HEADERS, *name, i + by);
}

int32_t std_textopsx_hf_iterator_next(struct run *r, const struct str *name)
{
	return step(r, name, 1);
}

int32_t std_textopsx_hf_iterator_prev(struct run *r, const struct str *name)
{
	return step(r, name, -1);
}

int32_t std_textopsx_hf_iterator_end(struct run *r, const struct str *name)
{
	return end(r, WALK_HEADERS, *name);
}

int32_t std_textopsx_hf_iterator_rm(struct run *r, const struct str *name)
{
	struct sip_hdr *h = current(r, *name);

	return h && sip_hdr_remove(r->draft, h) == 0 ? 1 : -1;
}

int32_t std_textopsx_hf_iterator_append(struct run *r, const struct str *name, const struct str *text)
{
	struct sip_hdr *h = current(r, *name);

	return h && sip_hdr_insert_after(r->draft, h, *text) == 0 ? 1 : -1;
}

int32_t std_textopsx_hf_iterator_insert(struct run *r, const struct str *name, const struct str *text)
{
	struct sip_hdr *h = current(r, *name);

	return h && sip_hdr_insert_before(r->draft, h, *text) == 0 ? 1 : -1;
}

int32_t std_textopsx_pv_hfitname_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct sip_hdr *h = current(r, n->text);

	*ret = h ? value_str(h->name) : value_null();
	return 0;
}

int32_t std_textopsx_pv_hfitbody_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct sip_hdr *h = current(r, n->text);

	*ret = h ? value_str(h->body.p ? h->body : S("")) : value_null();
	return 0;
}

/* ---- lines of the body, line ends included ---- */

static bool line_at(struct run *r, int64_t i, struct str *ret)
{
	struct str rest = sip_body(r->draft->msg);

	for (; i > 0 && rest.n; i--) {
		size_t n = str_chr(rest, '\n');

		*ret = n == STR_NONE ? rest : str_head(rest, n + 1);
		rest = str_skip(rest, ret->n);
		if (i == 1)
			return true;
	}
	return false;
}

static bool current_line(struct run *r, struct str name, struct str *ret)
{
	int64_t i;

	return place_of(r, WALK_LINES, name, &i) && line_at(r, i, ret);
}

int32_t std_textopsx_bl_iterator_start(struct run *r, const struct str *name)
{
	return r->draft ? go_to(r, WALK_LINES, *name, 0) : -1;
}

int32_t std_textopsx_bl_iterator_next(struct run *r, const struct str *name)
{
	struct str line;
	int64_t i;

	if (!place_of(r, WALK_LINES, *name, &i) || !line_at(r, i + 1, &line))
		return -1;
	return go_to(r, WALK_LINES, *name, i + 1);
}

int32_t std_textopsx_bl_iterator_end(struct run *r, const struct str *name)
{
	return end(r, WALK_LINES, *name);
}

int32_t std_textopsx_bl_iterator_rm(struct run *r, const struct str *name)
{
	struct str line;

	return current_line(r, *name, &line) && sip_edit_view(r->draft, line, S("")) == 0 ? 1 : -1;
}

int32_t std_textopsx_bl_iterator_append(struct run *r, const struct str *name, const struct str *text)
{
	struct str line;

	if (!current_line(r, *name, &line))
		return -1;
	return sip_edit_view(r->draft, str_make(line.p + line.n, 0), *text) == 0 ? 1 : -1;
}

int32_t std_textopsx_bl_iterator_insert(struct run *r, const struct str *name, const struct str *text)
{
	struct str line;

	if (!current_line(r, *name, &line))
		return -1;
	return sip_edit_view(r->draft, str_make(line.p, 0), *text) == 0 ? 1 : -1;
}

int32_t std_textopsx_pv_blitval_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct str line;

	*ret = current_line(r, n->text, &line) ? value_str(line) : value_null();
	return 0;
}
