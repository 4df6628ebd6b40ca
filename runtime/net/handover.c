/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message belongs to the worker hash(Call-ID) mod N. The Call-ID is found by a scan for its header,
 * without parsing; a message without one stays where it came in and is refused there. What belongs to
 * others is copied into a batch for each and posted at the end of the batch, so that one wake-up there
 * serves many. The number of messages under way to a worker is bounded; beyond it they are dropped
 * and counted, as a full socket buffer would do.
 */
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/hash.h"
#include "net/net_priv.h"

enum { BATCH_MESSAGES = 32, BATCH_BYTES = 16384 };

struct item {
	struct msg_origin origin;
	size_t off, n;
};

struct net_batch {
	struct world_note note;
	struct net_worker *to;
	unsigned n;
	size_t used, cap;
	struct item item[BATCH_MESSAGES];
	char bytes[];
};

unsigned net_owner(struct str call_id, unsigned workers)
{
	return workers > 1 ? (unsigned)((hash_share(call_id) >> 32) * workers >> 32) : 0;
}

/* May the line be the Call-ID, or does it end the header? */
static bool is_candidate(char first)
{
	return first == 'C' || first == 'c' || first == 'i' || first == 'I' || first == '\r' || first == '\n';
}

/* Index of the next such line behind the one that i is in; n: there is none. */
static size_t next_candidate(const char *p, size_t i, size_t n)
{
#ifdef __SSE2__
	for (; i + 17 <= n; i += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
		unsigned ends = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_set1_epi8('\n')));

		for (; ends; ends &= ends - 1)
			if (is_candidate(p[i + (unsigned)__builtin_ctz(ends) + 1]))
				return i + (unsigned)__builtin_ctz(ends) + 1;
	}
#endif
	for (; i + 1 < n; i++)
		if (p[i] == '\n' && is_candidate(p[i + 1]))
			return i + 1;
	return n;
}

/* "Call-ID" or "i" and the colon; what stands behind goes to *value. */
static bool is_call_id(struct str line, struct str *value)
{
	size_t n = ascii_lower(line.p[0]) == 'i' ? 1 : sizeof("call-id") - 1;

	if (!str_starts(line, S("Call-ID:"))) {
		if (n > 1 && !str_ieq(str_head(line, n), S("call-id")))
			return false;
		line = str_ltrim(str_skip(line, n));
		if (!line.n || *line.p != ':')
			return false;
		n = 0;
	}
	*value = str_trim(str_skip(line, n + 1));
	return true;
}

struct str net_find_call_id(const char *buf, size_t n)
{
	size_t begin = 0;

	while (begin < n && (buf[begin] == '\r' || buf[begin] == '\n')) /* in front of a message (RFC 3261 7.5) */
		begin++;
	for (size_t i = next_candidate(buf, begin, n); i < n; i = next_candidate(buf, i, n)) {
		struct str rest = str_make(buf + i, n - i), value;

		if (buf[i] == '\r' || buf[i] == '\n')
			break;
		if (!is_call_id(str_cut(&rest, '\n'), &value))
			continue;
		/* a value on the folded line behind it */
		while (!value.n && rest.n && (rest.p[0] == ' ' || rest.p[0] == '\t'))
			value = str_trim(str_cut(&rest, '\n'));
		return value;
	}
	return STR_NULL;
}

/* A worker sends off what it has got: as many batches come as go. */
static void keep_or_free(struct net_worker *nw, struct net_batch *b)
{
	if (b->cap != BATCH_BYTES || nw->n_spare_out == NET_SPARE_BATCHES) {
		mem_free(&b);
		return;
	}
	nw->spare_out[nw->n_spare_out++] = b;
}

struct arrival {
	struct net_series series;
	struct net_batch *b;
};

static void take_item(struct net_series *s, size_t i, net_msg_fn *fn)
{
	struct net_batch *b = container_of(s, struct arrival, series)->b;

	fn(s->nw->w, &b->item[i].origin, b->bytes + b->item[i].off, b->item[i].n);
}

static void arrive(struct world_note *note)
{
	struct net_batch *b = container_of(note, struct net_batch, note);
	struct arrival a = {{.nw = b->to, .n = b->n, .take = take_item}, b};
	struct net_worker *nw = b->to;

	atomic_fetch_sub_explicit(&nw->net->inbox[worker_index(nw->w)], b->n, memory_order_relaxed);
	net_take_all(&a.series);
	keep_or_free(nw, b);
}

static void drop(struct world_note *note)
{
	struct net_batch *b = container_of(note, struct net_batch, note);

	mem_free(&b);
}

static struct net_batch *batch_new(struct net_worker *nw, struct net_worker *to, size_t need)
{
	size_t cap = need > BATCH_BYTES ? need : BATCH_BYTES;
	struct net_batch *b = cap == BATCH_BYTES && nw->n_spare_out ? nw->spare_out[--nw->n_spare_out]
								     : mem_raw(sizeof(*b) + cap);

	if (!b)
		return NULL;
	b->n = 0;
	b->used = 0;
	b->note.fn = arrive;
	b->note.drop = drop;
	b->to = to;
	b->cap = cap;
	return b;
}

static void post(struct net_worker *nw, unsigned owner)
{
	struct net_batch *b = nw->out[owner];

	if (!b)
		return;
	nw->out[owner] = NULL;
	atomic_fetch_add_explicit(&nw->net->inbox[owner], b->n, memory_order_relaxed);
	world_post(worker_world(b->to->w), &b->note);
}

static bool hand_over(struct net_worker *nw, unsigned owner, const struct msg_origin *o, const char *buf, size_t n)
{
	struct net_worker *to = atomic_load(&nw->net->at[owner]);
	struct net_batch *b = nw->out[owner];
	uint32_t under_way = atomic_load_explicit(&nw->net->inbox[owner], memory_order_relaxed) + (b ? b->n : 0);

	if (!to || under_way >= nw->net->conf.handover_max)
		return false;
	if (b && (b->n == BATCH_MESSAGES || b->cap - b->used < n + 1)) {
		post(nw, owner);
		b = NULL;
	}
	if (!b) {
		b = nw->out[owner] = batch_new(nw, to, n + 1);
		if (!b)
			return false;
	}
	memcpy(b->bytes + b->used, buf, n);
	b->item[b->n++] = (struct item){*o, b->used, n};
	b->used += n + 1; /* the spare byte behind each */
	return true;
}

void net_dispatch(struct net_worker *nw, net_msg_fn *fn, const struct msg_origin *o, char *buf, size_t n)
{
	unsigned me = worker_index(nw->w), owner = me;
	struct str id;

	if (nw->net->workers > 1) {
		id = net_find_call_id(buf, n);
		owner = id.n ? net_owner(id, nw->net->workers) : me;
	}
	if (owner == me)
		fn(nw->w, o, buf, n);
	else if (hand_over(nw, owner, o, buf, n))
		net_count(nw, N_HANDED_OVER, 1);
	else
		net_count(nw, N_HANDOVER_DROPPED, 1);
}

void net_handover_flush(struct net_worker *nw)
{
	for (unsigned i = 0; i < nw->net->workers; i++)
		post(nw, i);
}

void net_handover_discard(struct net_worker *nw)
{
	for (unsigned i = 0; i < NET_WORKERS_MAX; i++)
		mem_free(&nw->out[i]);
	while (nw->n_spare_out)
		mem_free(&nw->spare_out[--nw->n_spare_out]);
}
