/* SPDX-License-Identifier: Apache-2.0 */
/* name=>attribute=value;attribute=value;... as modparam("htable", "htable", ...) gives it. */
#include "htable/table.h"

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

static int attribute(struct ht_spec *s, struct str k, struct str v)
{
	int64_t n = 0;

	if (str_eq(k, S("dbtable")) || str_eq(k, S("cols")))
		return v.n ? refuse(s->name, "loading from a database (dbtable, cols)") : 0;
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
	} else if (str_eq(k, S("dbmode")) || str_eq(k, S("dmqreplicate"))) {
		return n ? refuse(s->name, "dbmode, dmqreplicate") : 0;
	} else {
		log_err("htable: table " STR_FMT ": unknown attribute " STR_FMT, STR_ARG(s->name), STR_ARG(k));
		return RT_E_PARSE;
	}
	return 0;
}

int ht_spec_parse(struct str text, struct ht_spec *ret)
{
	size_t arrow = str_find(text, S("=>"));
	struct str rest = arrow == STR_NONE ? STR_NULL : str_skip(text, arrow + 2);
	struct ht_spec s = {.name = str_trim(str_head(text, arrow)), .slots = 1u << SIZE_DEFAULT,
			    .updateexpire = true};

	if (arrow == STR_NONE || !s.name.n || s.name.n > HT_NAME_MAX) {
		log_err("htable: \"" STR_FMT "\" is not of the form name=>size=8;", STR_ARG(text));
		return RT_E_PARSE;
	}
	while (rest.n) {
		struct str v = str_cut(&rest, ';'), k = str_trim(str_cut(&v, '='));
		int err = k.n ? attribute(&s, k, str_trim(v)) : 0;

		if (err)
			return err;
	}
	*ret = s;
	return 0;
}
