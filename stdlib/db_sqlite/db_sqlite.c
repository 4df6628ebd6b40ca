/* SPDX-License-Identifier: Apache-2.0 */
/* Adds the driver and tells it what to do with which file. */
#define STD_NAME db_sqlite
#define STD_DEF "db_sqlite/db_sqlite.def"
#include "abi/std.h"

#include <stdio.h>

#include "core/log.h"
#include "db/db.h"

int32_t std_db_sqlite_param_db_set_readonly(const struct program_value *v)
{
	return db_sqlite_of(v->s, true) ? 0 : RT_E_LIMIT;
}

/* "file=value"; NULL after logging. */
static struct db_sqlite_opts *split(struct str text, struct str *value)
{
	size_t at = str_rchr(text, '=');

	if (at == STR_NONE) {
		log_err("db_sqlite: \"" STR_FMT "\" is not file=value", STR_ARG(text));
		return NULL;
	}
	*value = str_trim(str_skip(text, at + 1));
	return db_sqlite_of(str_trim(str_head(text, at)), false);
}

int32_t std_db_sqlite_param_db_set_journal_mode(const struct program_value *v)
{
	static const char *const modes[] = {"DELETE", "TRUNCATE", "PERSIST", "MEMORY", "WAL", "OFF"};
	struct str value;
	struct db_sqlite_opts *o = split(v->s, &value);

	for (size_t i = 0; o && i < sizeof(modes) / sizeof(modes[0]); i++)
		if (str_ieq(value, str_of(modes[i]))) {
			snprintf(o->journal_mode, sizeof(o->journal_mode), "%s", modes[i]);
			return 0;
		}
	return RT_E_INVAL;
}

int32_t std_db_sqlite_param_db_set_busy_timeout(const struct program_value *v)
{
	struct str value;
	struct db_sqlite_opts *o = split(v->s, &value);
	uint64_t ms;

	if (!o || !str_to_u64(value, 600000, &ms))
		return RT_E_INVAL;
	o->busy_timeout = (int)ms;
	return 0;
}

static int init(const struct program *p)
{
	(void)p;
	return db_driver_add(&db_sqlite);
}

static void fini(void)
{
	db_fini();
	db_sqlite_forget();
}

STD_MODULE(db_sqlite, .init = init, .fini = fini)
