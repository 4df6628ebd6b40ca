/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Items by pattern: $shtcn, $shtcv, sht_match_*, sht_rm_*. These look at every item of the table; the
 * lock is held for one slot at a time.
 */
#define STD_PROTOTYPES_ONLY
#define STD_NAME htable
#define STD_DEF "htable/htable.def"
#include "abi/std.h"

#include "abi/rt.h"
#include "htable/htable_priv.h"
#include "script/env.h"
#include "script/regex.h"

enum op { OP_ALL, OP_EQ, OP_NE, OP_PREFIX, OP_SUFFIX, OP_REGEX, OP_NUMBER };

struct pattern {
	enum op op;
	bool on_value; /* else on the name */
	struct str text;
	int64_t number;
	const struct rt_regex *re;
};

static bool text_fits(const struct pattern *p, struct str s)
{
	switch (p->op) {
	case OP_ALL:
		return true;
	case OP_EQ:
		return str_eq(s, p->text);
	case OP_NE:
		return !str_eq(s, p->text);
	case OP_PREFIX:
		return str_starts(s, p->text);
	case OP_SUFFIX:
		return str_ends(s, p->text);
	case OP_REGEX:
		return rt_regex_exec(p->re, s, 0, NULL);
	case OP_NUMBER:
		return false;
	}
	return false;
}

static bool fits(void *arg, const struct ht_entry *e)
{
	const struct pattern *p = arg;

	if (!p->on_value || p->op == OP_ALL)
		return text_fits(p, e->key);
	if (p->op == OP_NUMBER)
		return value_is_int(&e->value) && e->value.i == p->number;
	return value_is_str(&e->value) && text_fits(p, e->value.s);
}

/* ---- $shtcn, $shtcv ---- */

/* An operator of two characters in front, else the whole is a regular expression. False: a bad one (logged). */
static bool count_pattern(struct run *r, struct str s, struct pattern *p)
{
	static const struct {
		struct str mark;
		enum op op;
	} ops[] = {
		{{"~~", 2}, OP_REGEX}, {{"~%", 2}, OP_SUFFIX}, {{"%~", 2}, OP_PREFIX},
		{{"==", 2}, OP_EQ},    {{"eq", 2}, OP_NUMBER}, {{"**", 2}, OP_ALL},
	};

	p->op = OP_REGEX;
	p->text = s;
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		if (!str_starts(s, ops[i].mark))
			continue;
		p->op = ops[i].op;
		p->text = str_skip(s, 2);
		break;
	}
	if (p->op == OP_NUMBER && !str_to_i64(p->text, &p->number))
		p->number = 0;
	if (p->op == OP_REGEX)
		p->re = rt_regex(r, &p->text, 0);
	return p->op != OP_REGEX || p->re;
}

static int32_t count(struct run *r, const struct pv_name *n, bool on_value, struct value *ret)
{
	struct pattern p = {.on_value = on_value};
	struct str rest;
	struct ht_table *t = htable_split(r, n->text, &rest);

	*ret = value_null();
	if (!t)
		return 0;
	*ret = value_int(0);
	if (count_pattern(r, rest, &p))
		*ret = value_int((int64_t)ht_count_if(t, htable_now(r->worker), fits, &p));
	return 0;
}

int32_t std_htable_pv_shtcn_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	return count(r, n, false, ret);
}

int32_t std_htable_pv_shtcv_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	return count(r, n, true, ret);
}

/* ---- functions ---- */

/* `allowed`: the words that this function knows. False: unknown word or bad regex (logged). */
static bool word_pattern(struct run *r, struct str op, struct str text, struct str allowed, struct pattern *p)
{
	static const struct {
		struct str word;
		enum op op;
	} words[] = {{{"eq", 2}, OP_EQ}, {{"ne", 2}, OP_NE}, {{"re", 2}, OP_REGEX}, {{"sw", 2}, OP_PREFIX}};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!str_eq(op, words[i].word) || str_find(allowed, op) == STR_NONE)
			continue;
		p->op = words[i].op;
		p->text = text;
		if (p->op == OP_REGEX)
			p->re = rt_regex(r, &text, 0);
		return p->op != OP_REGEX || p->re;
	}
	script_warn(r, "unsupported match operator: " STR_FMT, STR_ARG(op));
	return false;
}

static int32_t match(struct run *r, struct str table, struct str op, struct str text, bool on_value)
{
	struct ht_table *t = htable_get(r, table);
	struct pattern p = {.on_value = on_value};

	if (!t || !word_pattern(r, op, text, S("eq ne re sw"), &p))
		return -1;
	return ht_any(t, htable_now(r->worker), fits, &p) ? 1 : -1;
}

int32_t std_htable_sht_match_name(struct run *r, const struct str *htable, const struct str *op,
				  const struct str *mval)
{
	return match(r, *htable, *op, *mval, false);
}

int32_t std_htable_sht_match_str_value(struct run *r, const struct str *htable, const struct str *op,
				       const struct str *mval)
{
	return match(r, *htable, *op, *mval, true);
}

static int32_t rm(struct run *r, struct str table, struct str op, struct str text, bool on_value)
{
	struct ht_table *t = htable_get(r, table);
	struct pattern p = {.on_value = on_value};

	if (!t || !word_pattern(r, op, text, S("re sw"), &p))
		return -1;
	ht_remove_if(t, fits, &p);
	return 1;
}

int32_t std_htable_sht_rm_name(struct run *r, const struct str *htable, const struct str *op, const struct str *val)
{
	return rm(r, *htable, *op, *val, false);
}

int32_t std_htable_sht_rm_value(struct run *r, const struct str *htable, const struct str *op, const struct str *val)
{
	return rm(r, *htable, *op, *val, true);
}

static int32_t rm_re(struct run *r, struct str text, bool on_value)
{
	size_t arrow = str_find(text, S("=>"));

	return rm(r, str_trim(str_head(text, arrow)), S("re"), arrow == STR_NONE ? S("") : str_skip(text, arrow + 2),
		  on_value);
}

int32_t std_htable_sht_rm_name_re(struct run *r, const struct str *pattern)
{
	return rm_re(r, *pattern, false);
}

int32_t std_htable_sht_rm_value_re(struct run *r, const struct str *pattern)
{
	return rm_re(r, *pattern, true);
}
