/* SPDX-License-Identifier: Apache-2.0 */
/* RPC on tables; sentences and shapes are the reference's, which scripts around kamcmd know. */
#include "rpc/rpc.h"
#define STD_PROTOTYPES_ONLY
#define STD_NAME htable
#define STD_DEF "htable/htable.def"
#include "abi/std.h"

#include <time.h>

#include "htable/htable_priv.h"

/* The table that argument 0 names, and the other arguments by letters: s text, i number. NULL: refused. */
static struct ht_table *args(struct rpc *c, const char *letters, const char *few, struct str *s, int64_t *i)
{
	struct ht_table *t;
	struct str name;
	bool ok = rpc_peek_str(c, 0, &name);

	for (size_t k = 0; ok && letters[k]; k++)
		ok = letters[k] == 's' ? rpc_peek_str(c, k + 1, s++) : rpc_peek_int(c, k + 1, i++);
	if (!ok) {
		rpc_fail(c, 500, "Not enough parameters (%s)", few);
		return NULL;
	}
	t = ht_find(name);
	if (!t)
		rpc_fail(c, 500, "No such htable");
	return t;
}

static void done(struct rpc *c, int err, const char *text)
{
	if (err)
		rpc_fail(c, 500, "Failed to set the item");
	else
		rpc_add_str(c, NULL, NULL, str_of(text));
}

static void add_value(struct rpc *c, struct rpc_node *to, const struct value *v)
{
	if (value_is_str(v))
		rpc_add_str(c, to, "value", v->s);
	else
		rpc_add_int(c, to, "value", v->i);
}

static void add_expires(struct rpc *c, struct rpc_node *to, int64_t expires)
{
	time_t at = (time_t)expires;
	char text[32];
	struct tm tm;

	if (!expires)
		rpc_add_str(c, to, "expire", S("NEVER"));
	else if (localtime_r(&at, &tm) && strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm))
		rpc_add_str(c, to, "expire", str_of(text));
}

enum { FLAG_TEXT = 2 }; /* how the reference marks a text value */

void std_htable_rpc_get(struct rpc *c)
{
	struct rpc_node *top, *n;
	struct ht_entry e;
	struct str key;
	struct ht_table *t = args(c, "s", "htable name and key name", &key, NULL);

	if (!t)
		return;
	if (ht_entry(t, key, htable_now(c->worker), c->arena, &e)) {
		rpc_fail(c, 500, "Key name doesn't exist in htable.");
		return;
	}
	top = rpc_add_struct(c, NULL, NULL);
	n = rpc_add_struct(c, top, "item");
	rpc_add_str(c, n, "name", e.key);
	add_value(c, n, &e.value);
	rpc_add_int(c, n, "flags", value_is_str(&e.value) ? FLAG_TEXT : 0);
	add_expires(c, n, e.expires);
}

static const char set_done[] = "Ok. Key set to new value.";

void std_htable_rpc_sets(struct rpc *c)
{
	struct str s[2];
	struct ht_table *t = args(c, "ss", "htable name, key name and value", s, NULL);
	struct value v;

	if (!t)
		return;
	v = value_str(s[1]);
	done(c, ht_set(t, s[0], &v, htable_now(c->worker), HT_BY_TABLE), set_done);
}

void std_htable_rpc_seti(struct rpc *c)
{
	struct str key;
	int64_t i;
	struct ht_table *t = args(c, "si", "htable name, key name and value", &key, &i);
	struct value v;

	if (!t)
		return;
	v = value_int((int32_t)i);
	done(c, ht_set(t, key, &v, htable_now(c->worker), HT_BY_TABLE), set_done);
}

void std_htable_rpc_setex(struct rpc *c)
{
	struct str key;
	int64_t i;
	struct ht_table *t = args(c, "si", "htable name, key name and expire", &key, &i);

	if (!t)
		return;
	ht_set_left(t, key, i, htable_now(c->worker));
	done(c, 0, "Ok");
}

void std_htable_rpc_setxs(struct rpc *c)
{
	struct str s[2];
	int64_t left;
	struct ht_table *t = args(c, "ssi", "htable name, key name, value and expire", s, &left);
	struct value v;

	if (!t)
		return;
	v = value_str(s[1]);
	done(c, ht_set(t, s[0], &v, htable_now(c->worker), left < 0 ? 0 : left), set_done);
}

void std_htable_rpc_setxi(struct rpc *c)
{
	struct str key;
	int64_t i[2];
	struct ht_table *t = args(c, "sii", "htable name, key name, value and expire", &key, i);
	struct value v;

	if (!t)
		return;
	v = value_int((int32_t)i[0]);
	done(c, ht_set(t, key, &v, htable_now(c->worker), i[1] < 0 ? 0 : i[1]), set_done);
}

void std_htable_rpc_delete(struct rpc *c)
{
	struct str key;
	struct ht_table *t = args(c, "s", "htable name and key name", &key, NULL);

	if (!t)
		return;
	if (ht_remove(t, key))
		rpc_add_str(c, NULL, NULL, S("Ok. Key deleted."));
	else
		rpc_fail(c, 404, "Key not found in htable.");
}

void std_htable_rpc_flush(struct rpc *c)
{
	struct ht_table *t = args(c, "", "htable name", NULL, NULL);

	if (!t)
		return;
	ht_reset(t);
	rpc_add_str(c, NULL, NULL, S("Ok. Htable flushed."));
}

void std_htable_rpc_dump(struct rpc *c)
{
	struct ht_table *t = args(c, "", "htable name", NULL, NULL);

	rpc_list(c);
	for (unsigned i = 0; t && !c->fault && i < ht_spec(t)->slots; i++) {
		struct rpc_node *slot, *list;
		struct ht_entry *e;
		size_t n;

		if (ht_slot(t, i, htable_now(c->worker), c->arena, &e, &n)) {
			rpc_fail(c, 500, "the answer is too large");
			return;
		}
		if (!n)
			continue;
		slot = rpc_add_struct(c, NULL, NULL);
		rpc_add_int(c, slot, "entry", i);
		rpc_add_int(c, slot, "size", (int64_t)n);
		list = rpc_add_array(c, slot, "slot");
		for (size_t k = 0; k < n; k++) {
			struct rpc_node *item = rpc_add_struct(c, list, NULL);

			rpc_add_str(c, item, "name", e[k].key);
			add_value(c, item, &e[k].value);
			rpc_add_str(c, item, "type", value_is_str(&e[k].value) ? S("str") : S("int"));
		}
	}
}

void std_htable_rpc_list_tables(struct rpc *c)
{
	rpc_list(c);
	for (unsigned i = ht_count(); i-- > 0;) {
		const struct ht_spec *s = ht_spec(ht_at(i));
		struct rpc_node *n = rpc_add_struct(c, NULL, NULL);

		rpc_add_str(c, n, "name", s->name);
		rpc_add_str(c, n, "dbtable", s->dbtable);
		rpc_add_int(c, n, "dbmode", s->dbmode);
		rpc_add_int(c, n, "expire", s->autoexpire);
		rpc_add_int(c, n, "updateexpire", s->updateexpire);
		rpc_add_int(c, n, "size", s->slots);
		rpc_add_int(c, n, "dmqreplicate", 0);
	}
}

void std_htable_rpc_stats(struct rpc *c)
{
	rpc_list(c);
	for (unsigned i = ht_count(); i-- > 0;) {
		struct ht_table *t = ht_at(i);
		struct rpc_node *n = rpc_add_struct(c, NULL, NULL);
		uint64_t least, most;

		ht_slot_sizes(t, &least, &most);
		rpc_add_str(c, n, "name", ht_spec(t)->name);
		rpc_add_int(c, n, "slots", ht_spec(t)->slots);
		rpc_add_int(c, n, "all", (int64_t)ht_items(t));
		rpc_add_int(c, n, "min", (int64_t)least);
		rpc_add_int(c, n, "max", (int64_t)most);
	}
}

/* The table that argument 0 names when a database stands behind it; NULL: refused. */
static struct ht_table *stored_table(struct rpc *c)
{
	struct ht_table *t = NULL;
	struct str name;

	if (!htable_db_is_set()) {
		rpc_fail(c, 500, "No htable db_url");
	} else if (!rpc_peek_str(c, 0, &name)) {
		rpc_fail(c, 500, "No htable name given");
	} else {
		t = ht_find(name);
		if (!t)
			rpc_fail(c, 500, "No such htable");
		else if (!ht_spec(t)->dbtable.n)
			rpc_fail(c, 500, "No database htable");
	}
	return c->fault ? NULL : t;
}

void std_htable_rpc_reload(struct rpc *c)
{
	struct ht_table *t = stored_table(c);

	if (t && htable_db_reload_await(t, htable_now(c->worker)))
		rpc_fail(c, 500, "Htable reload failed");
	else if (t)
		rpc_add_str(c, NULL, NULL, S("Ok. Htable reloaded."));
}

void std_htable_rpc_store(struct rpc *c)
{
	struct ht_table *t = stored_table(c);

	if (t && ht_spec(t)->n_cols) /* what was joined is not taken apart again */
		rpc_fail(c, 500, "Htable has cols and cannot be stored");
	else if (t && htable_db_store_await(t, htable_now(c->worker)))
		rpc_fail(c, 500, "Htable store failed");
	else if (t)
		rpc_add_str(c, NULL, NULL, S("Ok. Htable successfully stored to DB."));
}
