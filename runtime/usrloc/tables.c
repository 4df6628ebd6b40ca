/* SPDX-License-Identifier: Apache-2.0 */
/* A handful of tables: readers walk an array that only grows, writers take the lock. */
#include "usrloc/tables.h"

#include <pthread.h>
#include <stdatomic.h>

struct ul_conf ul_conf = {.cseq_delay = 20, .nat_bflag = -1};

void (*ul_on_expired)(struct ul_table *t, struct str aor, const struct ul_contact *c);

static struct ul_table *tables[UL_TABLES_MAX];
static _Atomic size_t n_tables;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

struct ul_table *ul_table_find(struct str name)
{
	size_t n = atomic_load_explicit(&n_tables, memory_order_acquire);

	for (size_t i = 0; i < n; i++)
		if (str_eq(ul_table_name(tables[i]), name))
			return tables[i];
	return NULL;
}

static struct ul_table *table_made(struct str name)
{
	struct ul_limits lim = ul_limits_default;
	struct ul_table *t;
	size_t n;

	if (ul_conf.max_contacts > 0)
		lim.contacts = (uint64_t)ul_conf.max_contacts;
	pthread_mutex_lock(&lock);
	t = ul_table_find(name);
	n = atomic_load(&n_tables);
	if (!t && n < UL_TABLES_MAX && ul_table_new(name, &lim, &t) == 0) {
		tables[n] = t;
		atomic_store_explicit(&n_tables, n + 1, memory_order_release);
		if (ul_conf.on_table)
			ul_conf.on_table(t);
	}
	pthread_mutex_unlock(&lock);
	return t;
}

struct ul_table *ul_table_get(struct str name)
{
	struct ul_table *t = ul_table_find(name);

	return t ? t : table_made(name);
}

void ul_tables_each(void (*fn)(void *arg, struct ul_table *t), void *arg)
{
	size_t n = atomic_load_explicit(&n_tables, memory_order_acquire);

	for (size_t i = 0; i < n; i++)
		fn(arg, tables[i]);
}

void ul_tables_free(void)
{
	size_t n = atomic_exchange(&n_tables, 0);

	for (size_t i = 0; i < n; i++)
		ul_table_free(&tables[i]);
	ul_on_expired = NULL;
}
