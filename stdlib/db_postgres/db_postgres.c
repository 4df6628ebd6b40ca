/* SPDX-License-Identifier: Apache-2.0 */
/* Adds the driver and tells it its parameters. */
#define STD_NAME db_postgres
#define STD_DEF "db_postgres/db_postgres.def"
#include "abi/std.h"

#include "core/log.h"
#include "db/db.h"

int32_t std_db_postgres_param_con_param(const struct program_value *v)
{
	struct str rest = v->s;
	int err = 0;

	while (!err && rest.n) {
		struct str value = str_cut(&rest, ';'), name = str_trim(str_cut(&value, '='));

		err = name.n && value.n ? db_postgres_con_param(name, str_trim(value)) : RT_E_INVAL;
	}
	if (err == RT_E_INVAL)
		log_err("db_postgres: \"" STR_FMT "\" is not name=value;...", STR_ARG(v->s));
	return err;
}

static int init(const struct program *p)
{
	(void)p;
	db_postgres_opts = (struct db_postgres_opts){
		.retries = (int)param.retries,
		.timeout = param.timeout < 3600 ? (int)param.timeout : 3600,
		.keepalive = (int)param.tcp_keepalive,
		.bytea_escape = param.bytea_output_escape != 0,
	};
	return db_driver_add(&db_postgres);
}

static void fini(void)
{
	db_fini();
	db_postgres_forget();
}

STD_MODULE(db_postgres, .init = init, .fini = fini)
