/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections are the process's; a result belongs to the run that asked for it, so that runs which wait in one worker do not
 * see each other's.
 */
#define STD_NAME sqlops
#define STD_DEF "sqlops/sqlops.def"
#include "abi/std.h"

#include "base/mem.h"
#include "base/sb.h"
#include "core/log.h"
#include "core/worker.h"
#include "db/db.h"
#include "script/env.h"
#include "script/run.h"
#include "script/xavp.h"

enum { CONNECTIONS_MAX = 32, COLUMNS_MAX = 256 };

struct connection {
	struct str name, url; /* the program's */
	struct db *db;
};

static struct connection connections[CONNECTIONS_MAX];
static int n_connections;

int32_t std_sqlops_param_sqlcon(const struct program_value *v)
{
	size_t at = str_find(v->s, S("=>"));
	struct connection *c = &connections[n_connections];

	if (at == STR_NONE || at == 0 || n_connections == CONNECTIONS_MAX)
		return at == STR_NONE || at == 0 ? RT_E_INVAL : RT_E_LIMIT;
	c->name = str_trim(str_head(v->s, at));
	c->url = str_trim(str_skip(v->s, at + 2));
	n_connections++;
	return 0;
}

int32_t std_sqlops_param_sqlres(const struct program_value *v)
{
	return v->s.n ? 0 : RT_E_INVAL; /* results come into being when they are asked for */
}

static int init(const struct program *p)
{
	const char *why;

	(void)p;
	for (int i = 0; i < n_connections; i++) {
		connections[i].db = db_find(connections[i].url, &why);
		if (!connections[i].db) {
			log_err("sqlops: connection " STR_FMT ": %s", STR_ARG(connections[i].name), why);
			return RT_E_UNSUPP;
		}
	}
	return 0;
}

static int worker_init(struct worker *w)
{
	for (int i = 0; i < n_connections && !world_is_sim(worker_world(w)); i++) {
		int err = db_start(connections[i].db);

		if (err && !param.connect_mode)
			return err;
	}
	return 0;
}

static void fini(void)
{
	n_connections = 0;
	db_fini();
}

static struct connection *find(struct run *r, struct str name)
{
	for (int i = 0; i < n_connections; i++)
		if (str_eq(connections[i].name, name))
			return &connections[i];
	script_err(r, "there is no connection \"" STR_FMT "\"", STR_ARG(name));
	return NULL;
}

/* ---- results of a run ---- */

struct kept {
	struct kept *next;
	struct str name;
	struct db_result v;
};

struct results {
	struct kept *first;
	struct str last;  /* connection of the last statement, and what it changed */
	int64_t changed;
};

static const char results_key;

static struct kept *kept_of(struct run *r, struct str name, bool make)
{
	struct results *all = make ? run_local(r, &results_key, sizeof(*all), NULL) : run_local_find(r, &results_key);
	struct kept *k = all ? all->first : NULL;
	int n = 0;

	for (; k && !str_eq(k->name, name); k = k->next)
		n++;
	if (k || !make || !all)
		return k;
	if (n >= param.results_maxsize) {
		script_err(r, "a run holds %d results (modparam sqlops results_maxsize)", n);
		return NULL;
	}
	k = arena_new_of(r->arena, struct kept);
	if (!k)
		return NULL;
	k->name = str_dup(r->arena, name);
	k->next = all->first;
	all->first = k;
	return k;
}

static int query(struct run *r, const struct str *connection, const struct str *sql, struct db_result *ret)
{
	struct connection *c = find(r, *connection);
	struct results *all = run_local(r, &results_key, sizeof(*all), NULL);
	char why[DB_WHY_MAX];
	int err;

	if (!c || !all)
		return RT_E_NOENT;
	err = db_query_await(c->db, *sql, (uint32_t)param.query_timeout, r->arena, ret, why);
	if (err)
		script_err(r, "query on " STR_FMT " failed: %s", STR_ARG(c->name), why);
	all->last = c->name;
	all->changed = ret->changed;
	return err;
}

int32_t std_sqlops_sql_query(struct run *r, const struct str *connection, const struct str *sql, const struct str *result)
{
	struct kept *k = kept_of(r, *result, true);

	if (!k)
		return -1;
	k->v = (struct db_result){0};
	if (query(r, connection, sql, &k->v)) {
		k->v = (struct db_result){0};
		return -1;
	}
	if (!k->v.n_rows)
		k->v.n_cols = 0; /* as the reference shows an empty one */
	return k->v.n_rows ? 1 : 2;
}

int32_t std_sqlops_sql_query_only(struct run *r, const struct str *connection, const struct str *sql)
{
	struct db_result v;

	if (query(r, connection, sql, &v))
		return -1;
	return v.n_rows ? 3 : 2;
}

int32_t std_sqlops_sql_query_async(struct run *r, const struct str *connection, const struct str *sql)
{
	struct connection *c = find(r, *connection);

	if (!c || db_query_later(c->db, *sql)) {
		if (c)
			script_err(r, "too many queries wait on " STR_FMT, STR_ARG(c->name));
		return -1;
	}
	return 1;
}

/* Numbers and texts; a floating point number is null, as in the reference. */
static struct value value_of(const struct db_cell *c)
{
	return c->type == DB_INT ? value_int(c->i) : c->type == DB_TEXT ? value_str(c->s) : value_null();
}

int32_t std_sqlops_sql_xquery(struct run *r, const struct str *connection, const struct str *sql, const struct str *xavp)
{
	struct xavp_pair pairs[COLUMNS_MAX];
	struct db_result v;

	if (query(r, connection, sql, &v))
		return -1;
	for (size_t row = 0; row < v.n_rows; row++) {
		for (size_t i = 0; i < v.n_cols && i < COLUMNS_MAX; i++)
			pairs[i] = (struct xavp_pair){v.names[i], value_of(&v.cells[row * v.n_cols + i])};
		if (xavp_append(r->sv, *xavp, pairs, v.n_cols < COLUMNS_MAX ? v.n_cols : COLUMNS_MAX)) {
			script_err(r, "out of memory");
			return -1;
		}
	}
	return v.n_rows ? 1 : 2;
}

/* As an assignment of the script, but null leaves what an avp has. */
static int assign(struct run *r, const struct pv_ref *to, const struct db_cell *c)
{
	struct value v = c->type == DB_REAL ? value_str(c->s) : value_of(c);

	if (c->type == DB_NULL && strcmp(to->pv_class, "avp") == 0)
		return 0;
	if (to->set(r, &v) >= 0)
		return 0;
	script_err(r, "cannot assign to " STR_FMT, STR_ARG(to->text));
	return RT_E_INVAL;
}

int32_t std_sqlops_sql_pvquery(struct run *r, const struct str *connection, const struct str *sql, const struct pv_list *result)
{
	struct db_result v;

	if (!result || query(r, connection, sql, &v))
		return -1;
	for (size_t row = v.n_rows; row-- > 0;)
		for (size_t i = 0; i < v.n_cols; i++) {
			if (i == result->n) {
				script_err(r, "there is no variable for column %zu", i + 1);
				return -1;
			}
			if (assign(r, result->v[i], &v.cells[row * v.n_cols + i]))
				return -1;
		}
	return v.n_rows ? 1 : 2;
}

int32_t std_sqlops_sql_result_free(struct run *r, const struct str *result)
{
	struct kept *k = kept_of(r, *result, false);

	if (k)
		k->v = (struct db_result){0};
	return 1;
}

/* ---- variables ---- */

/* "[a,b]" or "[a]". */
static bool indexes(struct str s, int n, uint64_t *ret)
{
	if (s.n < 3 || s.p[0] != '[' || s.p[s.n - 1] != ']')
		return false;
	s = str_make(s.p + 1, s.n - 2);
	for (int i = 0; i < n; i++)
		if (!str_to_u64(str_trim(str_cut(&s, ',')), INT32_MAX, &ret[i]))
			return false;
	return !s.n;
}

int32_t std_sqlops_pv_dbr_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	size_t at = str_find(n->text, S("=>"));
	struct kept *k = at == STR_NONE ? NULL : kept_of(r, str_trim(str_head(n->text, at)), false);
	struct str key = at == STR_NONE ? STR_NULL : str_trim(str_skip(n->text, at + 2));
	uint64_t i[2];

	*ret = value_null();
	if (!k)
		return 0;
	if (str_eq(key, S("rows")))
		*ret = value_int((int64_t)k->v.n_rows);
	else if (str_eq(key, S("cols")))
		*ret = value_int((int64_t)k->v.n_cols);
	else if (str_starts(key, S("colname")) && indexes(str_skip(key, 7), 1, i) && i[0] < k->v.n_cols)
		*ret = value_str(k->v.names[i[0]]);
	else if (indexes(key, 2, i) && i[0] < k->v.n_rows && i[1] < k->v.n_cols)
		*ret = value_of(&k->v.cells[i[0] * k->v.n_cols + i[1]]);
	return 0;
}

int32_t std_sqlops_pv_sqlrows_get(struct run *r, const struct pv_name *n, struct value *ret)
{
	struct results *all = run_local_find(r, &results_key);

	*ret = all && str_eq(all->last, n->text) ? value_int(all->changed) : value_null();
	return 0;
}

/* ---- literals ---- */

static struct value quoted(struct run *r, struct str s)
{
	struct sb b;

	sb_init(&b, r->arena, 2 * s.n + 3);
	sb_addc(&b, '\'');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\'' || s.p[i] == '"' || s.p[i] == '\\')
			sb_addc(&b, '\\');
		sb_addc(&b, s.p[i]);
	}
	sb_addc(&b, '\'');
	return value_str(sb_str(&b));
}

static int32_t literal(struct run *r, const struct value *in, struct str null, struct value *ret)
{
	if (in->tag == VAL_NULL)
		*ret = value_str(null);
	else if (in->tag == VAL_INT)
		*ret = value_str(script_text(r, in));
	else
		*ret = quoted(r, in->s);
	return ret->s.p ? 0 : -1;
}

int32_t std_sqlops_tr_sql_val(struct run *r, const struct value *in, struct value *ret)
{
	return literal(r, in, S("NULL"), ret);
}

int32_t std_sqlops_tr_sql_val_int(struct run *r, const struct value *in, struct value *ret)
{
	return literal(r, in, S("0"), ret);
}

int32_t std_sqlops_tr_sql_val_str(struct run *r, const struct value *in, struct value *ret)
{
	return literal(r, in, S("''"), ret);
}

STD_MODULE(sqlops, .init = init, .worker_init = worker_init, .fini = fini)
