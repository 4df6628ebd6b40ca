/* SPDX-License-Identifier: Apache-2.0 */
/* Names of runtime/core/counter.h in the group "script"; any other statistic may be changed too. */
#define STD_NAME statistics
#define STD_DEF "statistics/statistics.def"
#include "abi/std.h"

#include "core/counter.h"
#include "core/log.h"
#include "script/env.h"

enum { KEPT_MAX = 256 };

static int kept[KEPT_MAX]; /* handles that reset_stat leaves */
static size_t n_kept;

int32_t std_statistics_param_variable(const struct program_value *v)
{
	struct str flag = v->s, name = str_trim(str_cut(&flag, '/'));
	int h = counter_get(S("script"), name);

	if (!name.n || h == COUNTER_NONE)
		return RT_E_LIMIT;
	if (!flag.n)
		return 0;
	if (!str_eq(str_trim(flag), S("no_reset")) || n_kept == KEPT_MAX) {
		log_err("statistics: " STR_FMT " is no flag of a variable", STR_ARG(flag));
		return RT_E_INVAL;
	}
	kept[n_kept++] = h;
	return 0;
}

static int handle_of(struct run *r, const struct str *name)
{
	int h = counter_find(STR_NULL, *name);

	if (h == COUNTER_NONE)
		script_err(r, "no statistic \"" STR_FMT "\"", STR_ARG(*name));
	return h;
}

int32_t std_statistics_update_stat(struct run *r, const struct str *variable, const struct str *value)
{
	struct str text = str_trim(*value);
	int h = handle_of(r, variable);
	int64_t n;

	if (h == COUNTER_NONE)
		return -1;
	if (text.n && text.p[0] == '+')
		text = str_skip(text, 1);
	if (!str_to_i64(text, &n)) {
		script_err(r, "update_stat: \"" STR_FMT "\" is no number", STR_ARG(*value));
		return -1;
	}
	counter_add(h, n);
	return 1;
}

int32_t std_statistics_reset_stat(struct run *r, const struct str *variable)
{
	int h = handle_of(r, variable);

	if (h == COUNTER_NONE)
		return -1;
	for (size_t i = 0; i < n_kept; i++)
		if (kept[i] == h)
			return 1; /* kept, as the reference does without a word */
	counter_reset(h);
	return 1;
}

static void fini(void)
{
	n_kept = 0;
}

STD_MODULE(statistics, .fini = fini)
