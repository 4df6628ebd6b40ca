/* SPDX-License-Identifier: Apache-2.0 */
/* index.c - chained hash of names, edit distance and key lists: what the lookups are made of. */
#include "catalog/catalog_priv.h"

#include "base/hash.h"

static uint64_t key_hash(const struct cat_index *x, struct str key)
{
	return x->ignore_case ? hash_istr(key) : hash_fnv(key);
}

static bool key_eq(const struct cat_index *x, struct str a, struct str b)
{
	return x->ignore_case ? str_ieq(a, b) : str_eq(a, b);
}

bool cat_index_init(struct cat_index *x, struct arena *a, size_t n, bool ignore_case)
{
	size_t cap = 16;

	while (cap < n * 2)
		cap *= 2;
	x->bucket = arena_calloc(a, cap, sizeof(*x->bucket));
	x->mask = cap - 1;
	x->ignore_case = ignore_case;
	return x->bucket != NULL;
}

bool cat_index_add(struct cat_index *x, struct arena *a, struct str key, const void *row)
{
	struct cat_node *n = arena_alloc(a, sizeof(*n));
	struct cat_node **at;

	if (!n)
		return false;
	n->key = key;
	n->row = row;
	for (at = &x->bucket[key_hash(x, key) & x->mask]; *at; at = &(*at)->next)
		;
	*at = n;
	return true;
}

static const struct cat_node *scan(const struct cat_index *x, const struct cat_node *n, struct str k)
{
	while (n && !key_eq(x, n->key, k))
		n = n->next;
	return n;
}

const struct cat_node *cat_index_find(const struct cat_index *x, struct str key)
{
	if (!x->bucket)
		return NULL;
	return scan(x, x->bucket[key_hash(x, key) & x->mask], key);
}

const struct cat_node *cat_index_next(const struct cat_index *x, const struct cat_node *n)
{
	return scan(x, n->next, n->key);
}

/* A bit per character, ignoring case (and sharing bits, which only makes two names look nearer). */
static uint32_t letters(struct str s)
{
	uint32_t set = 0;

	for (size_t i = 0; i < s.n; i++)
		set |= 1u << (s.p[i] & 31);
	return set;
}

/* A character that only one of them has costs an edit: a bound that most pairs fail at once. */
static bool is_far(struct str a, struct str b, unsigned max)
{
	uint32_t la = letters(a), lb = letters(b);

	return (unsigned)__builtin_popcount(la & ~lb) > max || (unsigned)__builtin_popcount(lb & ~la) > max;
}

unsigned cat_distance(struct str a, struct str b, unsigned max)
{
	enum { LONGEST = 64 };
	unsigned row[3][LONGEST + 2];
	size_t diff = a.n > b.n ? a.n - b.n : b.n - a.n;

	if (a.n > LONGEST || b.n > LONGEST || diff > max || is_far(a, b, max))
		return max + 1;
	for (size_t j = 0; j <= b.n; j++)
		row[0][j] = (unsigned)j;
	for (size_t i = 1; i <= a.n; i++) {
		unsigned *cur = row[i % 3], *up = row[(i - 1) % 3], *up2 = row[(i + 1) % 3];
		size_t from = i > max ? i - max : 1, to = b.n < i + max ? b.n : i + max; /* all else is too far */
		unsigned least = from == 1 ? (unsigned)i : max + 1;

		cur[from - 1] = least;
		cur[to + 1] = max + 1; /* what the next row looks up at */
		for (size_t j = from; j <= to; j++) {
			char ca = ascii_lower(a.p[i - 1]), cb = ascii_lower(b.p[j - 1]);
			unsigned v = up[j - 1] + (ca != cb);

			if (up[j] + 1 < v)
				v = up[j] + 1;
			if (cur[j - 1] + 1 < v)
				v = cur[j - 1] + 1;
			if (i > 1 && j > 1 && ca == ascii_lower(b.p[j - 2]) &&
			    ascii_lower(a.p[i - 2]) == cb && up2[j - 2] + 1 < v)
				v = up2[j - 2] + 1;
			cur[j] = v;
			if (v < least)
				least = v;
		}
		if (least > max)
			return max + 1;
	}
	return row[a.n % 3][b.n];
}

unsigned cat_distance_max(struct str name)
{
	return name.n < 3 ? 0 : name.n < 6 ? 1 : name.n < 12 ? 2 : 3;
}

int cat_key_index(const char *keys, struct str key, bool ignore_case)
{
	struct str rest = str_of(keys);

	for (int i = 0; rest.p; i++) {
		struct str k = str_cut(&rest, '|');

		if (ignore_case ? str_ieq(k, key) : str_eq(k, key))
			return i;
	}
	return -1;
}
