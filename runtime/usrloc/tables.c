/* SPDX-License-Identifier: Apache-2.0 */
/* A handful of tables: readers walk an array that only grows, writers take the lock. */
#include "usrloc/tables.h"

#include <pthread.h>
#include <stdatomic.h>

struct ul_conf ul_conf = {.cseq_delay = 20, .nat_bflag = -1};

static struct ul_table *tables[UL_TABLES_MAX];
static _Atomic size_t n_tables;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct ul_table *find(struct str name)
{
	size_t n = atomic_load_explicit(&n_tables, memory_order_acquire);

	for (size_t i = 0; i < n; i++)
		if (str_eq(ul_table_name(tables[i]), name))
			return tables[i];
	return NULL;
}

struct ul_table *ul_table_get(struct str name)
{
	struct ul_table *t = find(name);
	size_t n;

	if (t)
		return t;
	pthread_mutex_lock(&lock);
	t = find(name);
	n = atomic_load(&n_tables);
	if (!t && n < UL_TABLES_MAX && ul_table_new(name, NULL, &t) == 0) {
		tables[n] = t;
		atomic_store_explicit(&n_tables, n + 1, memory_order_release);
	}
	pthread_mutex_unlock(&lock);
	return t;
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
}
