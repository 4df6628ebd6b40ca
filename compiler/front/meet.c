/* SPDX-License-Identifier: Apache-2.0 */
/* Works on lines and words: all arms are seen at once, whichever of them a variant reads. */
#include "front/meet.h"

#include <stdlib.h>

#include "base/hash.h"

enum {
	FILES_MAX = 1024,
	PLACES_MAX = 1 << 17,
	EDGES_MAX = 4096,
	ITEMS_MAX = 2048,
	NESTED_MAX = 64,
	COMMON = 24,      /* a word under so many conditions is the language's, not the script's */
	CHAIN_MAX = 8,    /* calls in a row */
	STEPS_MAX = 50000 /* of all chains */
};

struct place {
	uint64_t word, mask;
	uint32_t item;
};

struct edge {
	uint32_t from;
	uint64_t to, mask;
};

struct meet {
	struct arena *arena;
	const struct catalog *catalog;
	uint64_t files[FILES_MAX];
	int n_files;
	struct str names[MEET_NAMES_MAX]; /* of all conditions */
	int n_names;
	uint64_t open[NESTED_MAX]; /* conditions around the line being read */
	int n_open;
	struct place *places;
	size_t n_places, cap_places;
	struct edge edges[EDGES_MAX];
	int n_edges;
	uint64_t items[ITEMS_MAX]; /* what each is called; 0 is what stands outside of routes */
	uint32_t n_items;
	/* while sets are made: bits of the caller for each of our names */
	uint64_t meaning[MEET_NAMES_MAX];
	uint64_t *sets;
	size_t n_sets;
	long steps;
	bool complete;
};

struct meet *meet_new(struct arena *a, const struct catalog *c)
{
	struct meet *m = arena_new_of(a, struct meet);

	if (m) {
		m->arena = a;
		m->catalog = c;
		m->n_items = 1;
		m->complete = true;
	}
	return m;
}

/* ---- reading ---- */

static bool is_word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* The next word of *rest; empty at its end. *before: the bytes in front of it. */
static struct str next_word(struct str *rest, struct str *before)
{
	size_t i = 0, n;

	while (i < rest->n && !is_word_char(rest->p[i]))
		i++;
	for (n = i; n < rest->n && is_word_char(rest->p[n]); n++)
		;
	struct str w = str_make(rest->p + i, n - i);
	*before = str_head(*rest, i);
	*rest = str_skip(*rest, n);
	return w;
}

static uint64_t bit_of(struct meet *m, struct str name)
{
	for (int i = 0; i < m->n_names; i++)
		if (str_eq(m->names[i], name))
			return 1ULL << i;
	if (m->n_names == MEET_NAMES_MAX) {
		m->complete = false;
		return 0;
	}
	m->names[m->n_names] = str_dup(m->arena, name);
	return 1ULL << m->n_names++;
}

static uint64_t mask_here(const struct meet *m)
{
	return m->n_open ? m->open[m->n_open - 1] : 0;
}

static void note(struct meet *m, struct str word)
{
	struct place p = {hash_fnv(word), mask_here(m), m->n_items - 1};
	struct place *v;

	if (m->n_places && m->places[m->n_places - 1].word == p.word && m->places[m->n_places - 1].mask == p.mask)
		return;
	if (m->n_places == m->cap_places) {
		size_t cap = m->cap_places ? 2 * m->cap_places : 4096;

		v = cap <= PLACES_MAX ? arena_calloc(m->arena, cap, sizeof(*v)) : NULL;
		if (!v) {
			m->complete = false;
			return;
		}
		if (m->n_places)
			memcpy(v, m->places, m->n_places * sizeof(*v));
		m->places = v;
		m->cap_places = cap;
	}
	m->places[m->n_places++] = p;
}

/* #!ifdef and its kin. */
static void directive(struct meet *m, struct str line)
{
	struct str rest = str_skip(line, 2), before, w = next_word(&rest, &before);
	uint64_t mask = mask_here(m);

	if (str_starts(w, S("if"))) {
		while ((w = next_word(&rest, &before)).n)
			mask |= bit_of(m, w);
		if (m->n_open < NESTED_MAX)
			m->open[m->n_open++] = mask;
		else
			m->complete = false;
	} else if (str_eq(w, S("endif"))) {
		m->n_open -= m->n_open > 0;
	} else {
		while ((w = next_word(&rest, &before)).n)
			note(m, w);
	}
}

/* Does a route begin on this line? Its name, or what it is. */
static bool begins_route(struct str line, struct str *name)
{
	struct str rest = line, before, w = next_word(&rest, &before), after = str_ltrim(rest);

	if (before.n || !str_ends(w, S("route")) || (after.n && after.p[0] != '[' && after.p[0] != '{'))
		return false;
	*name = after.n && after.p[0] == '[' ? str_trim(str_head(str_skip(after, 1), str_chr(str_skip(after, 1), ']'))) : w;
	return true;
}

static void add_edge(struct meet *m, struct str to)
{
	if (m->n_edges == EDGES_MAX) {
		m->complete = false;
		return;
	}
	m->edges[m->n_edges++] = (struct edge){m->n_items - 1, hash_fnv(to), mask_here(m)};
}

static void read_line(struct meet *m, struct str line)
{
	struct str rest = line, before, w, last = STR_NULL, name;
	const struct cat_fn *fn;

	if (str_starts(line, S("#!")) || str_starts(line, S("!!"))) {
		directive(m, line);
		return;
	}
	if (!line.n || line.p[0] == '#' || str_starts(line, S("//")))
		return;
	if (begins_route(line, &name)) {
		if (m->n_items < ITEMS_MAX)
			m->items[m->n_items++] = hash_fnv(name);
		else
			m->complete = false;
	}
	for (; (w = next_word(&rest, &before)).n; last = w) {
		note(m, w);
		if (str_eq(last, S("route")) && str_eq(str_trim(before), S("(")))
			add_edge(m, w);
		fn = cat_fn_find(m->catalog, w); /* it stands for its module, too */
		if (fn)
			note(m, str_of(fn->module));
	}
}

void meet_read(struct meet *m, const struct source *s)
{
	for (uint32_t i = 1; i <= s->n_files; i++) {
		struct str rest = s->files[i].text;
		uint64_t id = hash_fnv(s->files[i].name) * 31 + rest.n;
		bool known = false;

		for (int k = 0; k < m->n_files; k++)
			known |= m->files[k] == id;
		if (known)
			continue;
		if (m->n_files == FILES_MAX) {
			m->complete = false;
			return;
		}
		m->files[m->n_files++] = id;
		m->n_open = 0; /* a condition may reach over files: then its names are asked for all the same */
		while (rest.n)
			read_line(m, str_trim(str_cut(&rest, '\n')));
	}
}

/* ---- sets ---- */

/* Our names as the caller's; a name that the script defines itself means the conditions around its #!define. */
static void find_meanings(struct meet *m, const struct str *names, int n)
{
	for (int i = 0; i < m->n_names; i++) {
		m->meaning[i] = 0;
		for (int k = 0; k < n; k++)
			if (str_eq(names[k], m->names[i]))
				m->meaning[i] = 1ULL << k;
	}
	for (int round = 0; round < CHAIN_MAX; round++)
		for (int i = 0; i < m->n_names; i++) {
			uint64_t word = hash_fnv(m->names[i]);

			for (size_t p = 0; p < m->n_places; p++)
				for (int k = 0; m->places[p].word == word && k < m->n_names; k++)
					if (m->places[p].mask >> k & 1)
						m->meaning[i] |= m->meaning[k];
		}
}

static uint64_t meaning_of(const struct meet *m, uint64_t mask)
{
	uint64_t ret = 0;

	for (int i = 0; i < m->n_names; i++)
		if (mask >> i & 1)
			ret |= m->meaning[i];
	return ret;
}

static void add_set(struct meet *m, uint64_t mask)
{
	uint64_t set = meaning_of(m, mask);

	if (__builtin_popcountll(set) < 2)
		return;
	if (__builtin_popcountll(set) > MEET_LARGEST) {
		m->complete = false;
		return;
	}
	for (size_t i = 0; i < m->n_sets; i++)
		if (!(set & ~m->sets[i]))
			return;
	if (m->n_sets == MEET_SETS_MAX) {
		m->complete = false;
		return;
	}
	m->sets[m->n_sets++] = set;
}

static int by_word(const void *x, const void *y)
{
	const struct place *a = x, *b = y;

	if (a->word != b->word)
		return a->word < b->word ? -1 : 1;
	return a->mask < b->mask ? -1 : a->mask > b->mask;
}

static int by_item(const void *x, const void *y)
{
	const struct place *a = x, *b = y;

	if (a->item != b->item)
		return a->item < b->item ? -1 : 1;
	return a->mask < b->mask ? -1 : a->mask > b->mask;
}

/* Distinct conditions from v[i] on that share the key; their number, *end behind them. */
static int masks_of(const struct meet *m, size_t i, bool item, uint64_t *masks, int max, size_t *end)
{
	const struct place *v = m->places;
	int n = 0;

	for (*end = i; *end < m->n_places && (item ? v[*end].item == v[i].item : v[*end].word == v[i].word); ++*end)
		if (n < max && (!n || masks[n - 1] != v[*end].mask))
			masks[n++] = v[*end].mask;
	return n;
}

/* Conditions in a route: of its lines, and of its words together with those of the same word elsewhere. */
struct item_masks {
	uint64_t v[512];
	int n;
};

static void add_mask(struct meet *m, struct item_masks *x, uint64_t mask)
{
	int kept = 0;

	for (int i = 0; i < x->n; i++)
		if (!(mask & ~x->v[i]))
			return;
	for (int i = 0; i < x->n; i++)
		if (x->v[i] & ~mask)
			x->v[kept++] = x->v[i];
	x->n = kept;
	if (x->n == (int)(sizeof(x->v) / sizeof(x->v[0])))
		m->complete = false;
	else
		x->v[x->n++] = mask;
}

/* Places that name the same thing. */
static void by_names(struct meet *m, struct item_masks *items)
{
	uint64_t masks[COMMON + 1];
	size_t end;

	qsort(m->places, m->n_places, sizeof(*m->places), by_word);
	for (size_t i = 0; i < m->n_places; i = end) {
		int n = masks_of(m, i, false, masks, COMMON + 1, &end);

		for (int a = 0; a < n && n <= COMMON; a++) {
			for (int b = 0; b < a; b++)
				add_set(m, masks[a] | masks[b]);
			for (size_t k = i; k < end; k++)
				add_mask(m, &items[m->places[k].item], m->places[k].mask | masks[a]);
		}
	}
}

/* What a chain of calls ends in: each condition there, under those of the calls. */
static void chase(struct meet *m, const struct item_masks *items, uint32_t from, uint64_t mask, int depth)
{
	for (int e = 0; e < m->n_edges && depth < CHAIN_MAX; e++) {
		if (m->edges[e].from != from)
			continue;
		for (uint32_t to = 1; to < m->n_items; to++) {
			if (m->items[to] != m->edges[e].to)
				continue;
			if (++m->steps > STEPS_MAX) {
				m->complete = false;
				return;
			}
			for (int k = 0; k < items[to].n; k++)
				add_set(m, mask | m->edges[e].mask | items[to].v[k]);
			chase(m, items, to, mask | m->edges[e].mask, depth + 1);
		}
	}
}

/* Lines of one route: all of it in one go where that is possible, else each two. */
static void within_routes(struct meet *m)
{
	uint64_t masks[512], all;
	size_t end;

	qsort(m->places, m->n_places, sizeof(*m->places), by_item);
	for (size_t i = 0; i < m->n_places; i = end) {
		int n = masks_of(m, i, true, masks, 512, &end);

		all = 0;
		for (int a = 0; a < n; a++)
			all |= masks[a];
		if (!m->places[i].item)
			continue;
		if (__builtin_popcountll(meaning_of(m, all)) <= MEET_LARGEST) {
			add_set(m, all);
			continue;
		}
		for (int a = 0; a < n; a++)
			for (int b = 0; b < a; b++)
				add_set(m, masks[a] | masks[b]);
	}
}

size_t meet_sets(struct meet *m, const struct str *names, int n, const uint64_t **ret, bool *complete)
{
	struct item_masks *items;
	size_t kept = 0;

	find_meanings(m, names, n);
	m->n_sets = 0;
	m->sets = arena_calloc(m->arena, MEET_SETS_MAX, sizeof(*m->sets));
	if (!m->sets) {
		*complete = false;
		return 0;
	}
	items = arena_calloc(m->arena, m->n_items, sizeof(*items));
	if (!items) {
		*complete = false;
		return 0;
	}
	within_routes(m);
	by_names(m, items);
	for (uint32_t i = 1; i < m->n_items; i++)
		chase(m, items, i, 0, 0);
	for (size_t i = 0; i < m->n_sets; i++) { /* later ones may hold earlier ones */
		bool within = false;

		for (size_t k = i + 1; k < m->n_sets && !within; k++)
			within = !(m->sets[i] & ~m->sets[k]);
		if (!within)
			m->sets[kept++] = m->sets[i];
	}
	*ret = m->sets;
	*complete = m->complete;
	return kept;
}
