/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message belongs to the worker hash(Call-ID) mod N. The Call-ID is found by a scan for its header,
 * without parsing; a message without one stays where it came in and is refused there. What belongs to
 * others is copied into a batch for each and posted at the end of the batch, so that one wake-up there
 * serves many. The number of messages under way to a worker is bounded; beyond it they are dropped
 * and counted, as a full socket buffer would do.
 */
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
	return workers > 1 ? (unsigned)(hash_str(call_id) % workers) : 0;
}

/* "Call-ID" or "i" before the colon. */
static bool is_call_id(struct str line, struct str *value)
{
	struct str name;
	size_t colon;

	if (!line.n || (ascii_lower(line.p[0]) != 'c' && ascii_lower(line.p[0]) != 'i'))
		return false;
	colon = str_chr(line, ':');
	if (colon == STR_NONE)
		return false;
	name = str_trim(str_head(line, colon));
	if (!str_ieq(name, S("call-id")) && !str_ieq(name, S("i")))
		return false;
	*value = str_trim(str_skip(line, colon + 1));
	return true;
}

struct str net_find_call_id(const char *buf, size_t n)
{
	struct str rest = str_make(buf, n), value;

	str_cut(&rest, '\n');
	while (rest.n && rest.p[0] != '\r' && rest.p[0] != '\n') {
		struct str line = str_cut(&rest, '\n');

		if (!is_call_id(line, &value))
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

static void arrive(struct world_note *note)
{
	struct net_batch *b = container_of(note, struct net_batch, note);
	struct net_worker *nw = b->to;

	atomic_fetch_sub_explicit(&nw->net->inbox[worker_index(nw->w)], b->n, memory_order_relaxed);
	for (unsigned i = 0; i < b->n; i++)
		nw->net->h.message(nw->w, &b->item[i].origin, b->bytes + b->item[i].off, b->item[i].n);
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

	nw->out[owner] = NULL;
	if (b)
		world_post(worker_world(b->to->w), &b->note);
}

static bool hand_over(struct net_worker *nw, unsigned owner, const struct msg_origin *o, const char *buf, size_t n)
{
	struct net_worker *to = atomic_load(&nw->net->at[owner]);
	struct net_batch *b = nw->out[owner];

	if (!to || atomic_load_explicit(&nw->net->inbox[owner], memory_order_relaxed) >= nw->net->conf.handover_max)
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
	atomic_fetch_add_explicit(&nw->net->inbox[owner], 1, memory_order_relaxed);
	memcpy(b->bytes + b->used, buf, n);
	b->item[b->n++] = (struct item){*o, b->used, n};
	b->used += n + 1; /* the spare byte behind each */
	return true;
}

void net_dispatch(struct net_worker *nw, const struct msg_origin *o, char *buf, size_t n)
{
	unsigned me = worker_index(nw->w), owner = me;
	struct str id;

	if (nw->net->workers > 1) {
		id = net_find_call_id(buf, n);
		owner = id.n ? net_owner(id, nw->net->workers) : me;
	}
	if (owner == me)
		nw->net->h.message(nw->w, o, buf, n);
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
