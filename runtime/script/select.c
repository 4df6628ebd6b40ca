/* SPDX-License-Identifier: Apache-2.0 */
/* Resolving a select into steps, and walking them. The rows are in select_message.c and its siblings. */
#include "script/select.h"

#include "base/mem.h"
#include "core/log.h"
#include "script/select_priv.h"

enum { PARTS_MAX = 12 };

struct step {
	const struct sel_row *row;
	struct sel_part part;
};

struct rt_select {
	struct str text;
	unsigned n; /* 0: not known, undefined for ever */
	struct step steps[PARTS_MAX];
};

static bool name_char(char c)
{
	return ascii_alpha(c) || ascii_digit(c) || c == '_';
}

/* One "name", "name[3]", "name["x"]" or "name[x]" and the dot behind it. */
static bool read_part(struct str *rest, struct sel_part *p)
{
	size_t n = 0, end;
	struct str in;

	while (n < rest->n && name_char(rest->p[n]))
		n++;
	*p = (struct sel_part){.name = str_head(*rest, n)};
	*rest = str_skip(*rest, n);
	if (n == 0)
		return false;
	if (rest->n && rest->p[0] == '[') {
		end = str_chr(*rest, ']');
		if (end == STR_NONE)
			return false;
		in = str_make(rest->p + 1, end - 1);
		*rest = str_skip(*rest, end + 1);
		p->has_num = str_to_i64(in, &p->num);
		if (!p->has_num) {
			if (in.n >= 2 && (in.p[0] == '"' || in.p[0] == '\'') && in.p[in.n - 1] == in.p[0])
				in = str_make(in.p + 1, in.n - 2);
			p->has_key = true;
			p->key = in;
		}
	}
	if (rest->n == 0)
		return true;
	if (rest->p[0] != '.' || rest->n == 1)
		return false;
	*rest = str_skip(*rest, 1);
	return true;
}

static bool index_fits(const struct sel_row *row, const struct sel_part *p)
{
	if (p->has_num)
		return (row->index & SEL_MAY_NUM) != 0;
	if (p->has_key)
		return (row->index & (SEL_NEEDS_KEY | SEL_MAY_KEY)) != 0;
	return !(row->index & SEL_NEEDS_KEY);
}

static const struct sel_row *find(enum sel_kind from, const struct sel_part *p)
{
	static const struct sel_row *const tables[] = {sel_rows_message, sel_rows_address, sel_rows_server};

	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
		for (const struct sel_row *r = tables[t]; r->from != SEL_END; r++)
			if (r->from == from && (!r->name || str_ieq(str_of(r->name), p->name)) &&
			    index_fits(r, p))
				return r;
	return NULL;
}

/* "params.x" is "params["x"]". */
static void dotted_key(struct str *rest, struct sel_part *p)
{
	struct sel_part key;

	if (!rest->n || !read_part(rest, &key))
		return;
	p->has_key = true;
	p->key = key.name;
}

/*
 * "header["X"]" is "header.X", so is "cfg_get["g"]": a key where a name must follow is that name.
 */
static bool resolve(struct rt_select *s)
{
	struct str rest = s->text;
	enum sel_kind at = SEL_ROOT;

	while (rest.n) {
		struct sel_part p, key = {.name = STR_NULL};

		if (s->n + 1 >= PARTS_MAX || !read_part(&rest, &p))
			return false;
		s->steps[s->n] = (struct step){find(at, &p), p};
		if (!s->steps[s->n].row && p.has_key) {
			key.name = p.key;
			p.has_key = false;
			s->steps[s->n] = (struct step){find(at, &p), p};
		}
		if (!s->steps[s->n].row)
			return false;
		at = s->steps[s->n++].row->to;
		if (!key.name.p && !p.has_key && s->steps[s->n - 1].row->index & SEL_MAY_KEY)
			dotted_key(&rest, &s->steps[s->n - 1].part);
		if (!key.name.p)
			continue;
		if (rest.n && rest.p[0] == '[') { /* header["X"][2] */
			struct str number = str_cut(&rest, ']');

			key.has_num = str_to_i64(str_skip(number, 1), &key.num);
			if (!key.has_num)
				return false;
			if (rest.n && rest.p[0] == '.')
				rest = str_skip(rest, 1);
		}
		s->steps[s->n] = (struct step){find(at, &key), key};
		if (!s->steps[s->n].row)
			return false;
		at = s->steps[s->n++].row->to;
	}
	return s->n > 0 && s->steps[s->n - 1].row->fn != NULL;
}

struct rt_select *rt_select_new(struct str text)
{
	struct rt_select *s = mem_calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->text = text;
	if (!resolve(s)) {
		s->n = 0;
		log_err("select @" STR_FMT " is not known, it is undefined", STR_ARG(text));
	}
	return s;
}

void rt_select_free(struct rt_select **s)
{
	mem_free(s);
}

void rt_select(struct run *r, const void *sel, struct value *ret)
{
	const struct rt_select *s = sel;
	struct sel w = {.r = r, .msg = r->draft ? r->draft->msg : NULL};

	*ret = value_null();
	if (!s || s->n == 0)
		return;
	for (unsigned i = 0; i < s->n; i++) {
		const struct sel_row *row = s->steps[i].row;

		if (row->fn && !row->fn(&w, &s->steps[i].part, row->what))
			return;
	}
	if (w.text.p)
		*ret = value_str(w.text);
}

void script_select(struct run *r, struct str text, struct value *ret)
{
	struct rt_select s = {.text = text};

	*ret = value_null();
	if (resolve(&s))
		rt_select(r, &s, ret);
	else
		script_err(r, "select @" STR_FMT " is not known", STR_ARG(text));
}
