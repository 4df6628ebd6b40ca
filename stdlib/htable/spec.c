/* SPDX-License-Identifier: Apache-2.0 */
/* name=>attribute=value;attribute=value;... as modparam("htable", "htable", ...) gives it. */
#include "htable/table.h"

#include <stddef.h>

#include "base/bug.h"
#include "core/log.h"

enum { SIZE_MIN = 2, SIZE_LOW = 3, SIZE_MAX_EXP = 14, SIZE_DEFAULT = 3 };

/* The reference takes 2 to 31 and mends what lies outside 3 to 14 only below 2 and above 14. */
static unsigned slots_of(int64_t size)
{
	if (size < SIZE_MIN)
		size = SIZE_LOW;
	if (size > SIZE_MAX_EXP)
		size = SIZE_MAX_EXP;
	return 1u << size;
}

static int refuse(struct str name, const char *what)
{
	log_err("htable: table " STR_FMT ": %s is known, not supported yet", STR_ARG(name), what);
	return RT_E_UNSUPP;
}

static int columns(struct ht_spec *s, struct str v)
{
	s->n_cols = 0;
	while (v.n) {
		if (s->n_cols == HT_COLS_MAX) {
			log_err("htable: table " STR_FMT ": more than %d columns", STR_ARG(s->name), HT_COLS_MAX);
			return RT_E_LIMIT;
		}
		s->cols[s->n_cols++] = str_trim(str_cut(&v, ','));
	}
	if (s->n_cols >= 2)
		return 0;
	log_err("htable: table " STR_FMT ": cols needs the column of the key and one of the value", STR_ARG(s->name));
	return RT_E_PARSE;
}

static const struct {
	const char *key;
	size_t at;
} texts[] = {
	{"dbtable", offsetof(struct ht_spec, dbtable)},
	{"colsep", offsetof(struct ht_spec, colsep)},
	{"colnull", offsetof(struct ht_spec, colnull)},
};

static int attribute(struct ht_spec *s, struct str k, struct str v)
{
	int64_t n = 0;

	if (str_eq(k, S("cols")))
		return columns(s, v);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (str_eq(k, str_of(texts[i].key))) {
			*(struct str *)((char *)s + texts[i].at) = v;
			return 0;
		}
	if (!str_to_i64(v, &n)) {
		log_err("htable: table " STR_FMT ": " STR_FMT " is no number", STR_ARG(s->name), STR_ARG(v));
		return RT_E_PARSE;
	}
	if (str_eq(k, S("size"))) {
		s->slots = slots_of(n);
	} else if (str_eq(k, S("autoexpire"))) {
		s->autoexpire = n < 0 ? 0 : n;
	} else if (str_eq(k, S("updateexpire"))) {
		s->updateexpire = n != 0;
	} else if (str_eq(k, S("initval"))) {
		s->has_init = true;
		s->init = n;
	} else if (str_eq(k, S("dbmode"))) {
		s->dbmode = n != 0;
	} else if (str_eq(k, S("dmqreplicate"))) {
		return n ? refuse(s->name, "dmqreplicate") : 0;
	} else {
		log_err("htable: table " STR_FMT ": unknown attribute " STR_FMT, STR_ARG(s->name), STR_ARG(k));
		return RT_E_PARSE;
	}
	return 0;
}

/* Up to the next ';' that is not within quotes. */
static struct str cut_attribute(struct str *rest)
{
	struct str s;
	size_t i = 0;
	char quote = 0;

	for (; i < rest->n && (quote || rest->p[i] != ';'); i++)
		if (rest->p[i] == quote)
			quote = 0;
		else if (!quote && (rest->p[i] == '\'' || rest->p[i] == '"'))
			quote = rest->p[i];
	s = str_head(*rest, i);
	*rest = str_skip(*rest, i < rest->n ? i + 1 : i);
	return s;
}

static struct str unquoted(struct str s)
{
	bool quoted = s.n >= 2 && (s.p[0] == '\'' || s.p[0] == '"') && s.p[s.n - 1] == s.p[0];

	return quoted ? str_make(s.p + 1, s.n - 2) : s;
}

int ht_spec_parse(struct str text, struct ht_spec *ret)
{
	size_t arrow = str_find(text, S("=>"));
	struct str rest = arrow == STR_NONE ? STR_NULL : str_skip(text, arrow + 2);
	struct ht_spec s = {.name = str_trim(str_head(text, arrow)), .slots = 1u << SIZE_DEFAULT,
			    .updateexpire = true, .colsep = S(","), .colnull = S("*")};

	if (arrow == STR_NONE || !s.name.n || s.name.n > HT_NAME_MAX) {
		log_err("htable: \"" STR_FMT "\" is not of the form name=>size=8;", STR_ARG(text));
		return RT_E_PARSE;
	}
	while (rest.n) {
		struct str v = cut_attribute(&rest), k = str_trim(str_cut(&v, '='));
		int err = k.n ? attribute(&s, k, unquoted(str_trim(v))) : 0;

		if (err)
			return err;
	}
	*ret = s;
	return 0;
}
