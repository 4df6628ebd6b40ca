/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/replay.h"

#include <stdio.h>

#include "base/mem.h"
#include "base/sb.h"
#include "core/log.h"
#include "sip/msg.h"

/* An invented name: theirs in the file, ours in this run. */
struct pair {
	struct str theirs, ours;
};

/* A TCP connection of a peer of the file. */
struct peer {
	struct peer *next;
	struct replay *r;
	struct addr from, to;
	struct world_stream *s;
	bool open, refused;
	struct sb waiting; /* until it is open */
};

struct replay {
	struct arena *a;
	struct replay_opts o;
	struct story *story;
	struct offline *server;
	struct world *peers_world;
	struct peer *peers;
	struct addr servers[REPLAY_SERVERS_MAX];
	unsigned n_servers;
	const struct capture_message *next; /* to be fed or expected */
	int64_t origin; /* time of the file that is second 1 of the simulation */
	uint64_t end;
	struct replay_expected *expected;
	unsigned n_expected, unexpected;
	struct pair *pairs;
	size_t n_pairs;
};

/* ---- who is who in the file ---- */

static bool has_server(const struct replay *r, const struct addr *a)
{
	for (unsigned i = 0; i < r->n_servers; i++)
		if (addr_eq(&r->servers[i], a))
			return true;
	return false;
}

static void add_server(struct replay *r, const struct addr *a)
{
	if (a->family && r->n_servers < REPLAY_SERVERS_MAX && !has_server(r, a))
		r->servers[r->n_servers++] = *a;
}

static bool parse_server(const char *text, struct addr *ret)
{
	struct str s = str_of(text);
	size_t colon = str_rchr(s, ':');
	uint64_t port = 5060;

	if (colon != STR_NONE && (s.p[0] == '[' || str_chr(s, ':') == colon) && str_to_u64(str_skip(s, colon + 1), 65535, &port))
		s = str_head(s, colon);
	if (!addr_parse(s, ret))
		return false;
	ret->port = (uint16_t)port;
	return true;
}

static unsigned uses(const struct capture *c, const struct addr *a)
{
	unsigned n = 0;

	for (const struct capture_message *m = c->first; m; m = m->next)
		n += addr_eq(&m->from, a) || addr_eq(&m->to, a);
	return n;
}

/* The address that takes part in most messages. */
static void guess_server(struct replay *r)
{
	const struct addr *best = NULL;
	unsigned most = 0, seen = 0;

	for (const struct capture_message *m = r->o.capture->first; m && seen < 64; m = m->next, seen++) {
		unsigned to = uses(r->o.capture, &m->to), from = uses(r->o.capture, &m->from);

		if (m->to.family && to > most) {
			best = &m->to;
			most = to;
		}
		if (m->from.family && from > most) {
			best = &m->from;
			most = from;
		}
	}
	if (best)
		add_server(r, best);
}

/* ---- starting ---- */

static bool is_server(void *arg, const struct addr *a, enum proto p)
{
	const struct replay *r = arg;

	(void)p;
	for (unsigned i = 0; r->server && i < net_socket_count(offline_net(r->server)); i++)
		if (addr_eq(&net_socket_at(offline_net(r->server), i)->addr, a))
			return true;
	return has_server(r, a);
}

/* Times relative to second 1, so that the server has started. */
static uint64_t sim_time(const struct replay *r, const struct capture_message *m)
{
	int64_t t = m->time_us - r->origin;

	return 1000000 + (uint64_t)(t > 0 ? t : 0);
}

static int start(struct replay *r)
{
	static char listen[2 * REPLAY_SERVERS_MAX][ADDR_TEXT_MAX + 16];
	struct offline_opts oo = {.sim = {.seed = r->o.seed, .wall_start = r->origin > 1000000 ? r->origin - 1000000 : 0},
				  .listen_only = r->n_servers > 0, .log_set = true, .log_level = r->o.log_level,
				  .tap = story_tap, .tap_arg = r->story, .log = story_log, .log_arg = r->story};
	int err;

	for (unsigned i = 0; i < r->n_servers; i++)
		for (int tcp = 0; tcp < 2; tcp++) {
			char text[ADDR_TEXT_MAX];
			char *to = listen[2 * i + (unsigned)tcp];

			snprintf(to, sizeof(listen[0]), "%s:" STR_FMT ":%u", tcp ? "tcp" : "udp",
				 STR_ARG(addr_text(&r->servers[i], true, text)), r->servers[i].port);
			oo.listen.v[oo.listen.n++] = to;
		}
	log_set_head(false); /* process numbers would differ from run to run */
	err = offline_new(r->o.program, &oo, &r->server);
	if (err)
		return err;
	story_listen(r->story, offline_sim(r->server));
	r->peers_world = sim_world_new(offline_sim(r->server));
	return r->peers_world ? 0 : RT_E_NOMEM;
}

int replay_new(struct arena *a, const struct replay_opts *o, struct story *story, struct replay **ret)
{
	struct replay *r = arena_new_of(a, struct replay);
	struct addr server;
	int err;

	if (!r)
		return RT_E_NOMEM;
	*r = (struct replay){.a = a, .o = *o, .story = story};
	r->next = o->capture ? o->capture->first : NULL;
	r->origin = r->next ? r->next->time_us : 0;
	r->end = 1000000 + (uint64_t)o->after_ms * 1000;
	if (o->capture && o->capture->last)
		r->end += (uint64_t)(o->capture->last->time_us - r->origin);
	if (o->server && !parse_server(o->server, &server))
		return RT_E_INVAL;
	if (o->server)
		add_server(r, &server);
	else if (o->capture)
		guess_server(r);
	if (o->capture)
		r->expected = arena_calloc(a, o->capture->n + 1, sizeof(*r->expected));
	r->pairs = arena_calloc(a, REPLAY_PAIRS_MAX, sizeof(*r->pairs));
	if ((o->capture && !r->expected) || !r->pairs)
		return RT_E_NOMEM;
	story->is_server = is_server;
	story->is_server_arg = r;
	story->sim = NULL;
	err = start(r);
	if (err)
		replay_free(&r);
	else
		*ret = r;
	return err;
}

void replay_free(struct replay **rp)
{
	struct replay *r = *rp;

	*rp = NULL;
	if (!r)
		return;
	for (struct peer *p = r->peers; p; p = p->next)
		if (p->s)
			world_stream_close(&p->s, true);
	if (r->peers_world)
		world_free(&r->peers_world);
	story_ignore(r->story);
	if (r->server)
		offline_free(&r->server);
}

struct offline *replay_server(struct replay *r)
{
	return r->server;
}

/* ---- invented names ---- */

static void learn(struct replay *r, struct str theirs, struct str ours)
{
	if (!theirs.n || !ours.n || str_eq(theirs, ours) || r->n_pairs == REPLAY_PAIRS_MAX)
		return;
	for (size_t i = 0; i < r->n_pairs; i++)
		if (str_eq(r->pairs[i].theirs, theirs))
			return;
	r->pairs[r->n_pairs++] = (struct pair){str_dup(r->a, theirs), str_dup(r->a, ours)};
}

/* Theirs for ours, or the other way round. */
static struct str exchange(struct replay *r, struct str s, bool to_ours)
{
	struct sb b;
	bool any = false;

	sb_init(&b, r->a, 1 << 20);
	for (size_t i = 0; i < s.n;) {
		const struct pair *best = NULL;

		for (size_t k = 0; k < r->n_pairs; k++) {
			struct str from = to_ours ? r->pairs[k].theirs : r->pairs[k].ours;

			if (s.p[i] == from.p[0] && str_starts(str_skip(s, i), from) &&
			    (!best || from.n > (to_ours ? best->theirs.n : best->ours.n)))
				best = &r->pairs[k];
		}
		if (best) {
			sb_add(&b, to_ours ? best->ours : best->theirs);
			i += to_ours ? best->theirs.n : best->ours.n;
			any = true;
		} else {
			sb_addc(&b, s.p[i++]);
		}
	}
	return any && sb_ok(&b) ? sb_str(&b) : s;
}

static struct sip_msg *parsed(struct str bytes)
{
	struct sip_msg *m = NULL;

	return sip_msg_parse(NULL, bytes, &m) ? NULL : m;
}

/* What both sides name differently though it means the same: the top Via's branch, tags. */
static void learn_from(struct replay *r, struct sip_msg *theirs, struct sip_msg *ours)
{
	struct sip_via *vt = sip_via_top(theirs), *vo = sip_via_top(ours);
	struct sip_nameaddr *t, *o;

	if (theirs->is_request && vt && vo)
		learn(r, vt->branch, vo->branch);
	t = sip_to(theirs);
	o = sip_to(ours);
	if (t && o)
		learn(r, t->tag, o->tag);
	t = sip_from(theirs);
	o = sip_from(ours);
	if (t && o)
		learn(r, t->tag, o->tag);
}

static bool same_exchange(struct sip_msg *a, struct sip_msg *b)
{
	struct sip_cseq ca, cb;

	return a->is_request == b->is_request && a->status == b->status && str_eq(a->method_text, b->method_text) &&
	       str_eq(sip_call_id(a), sip_call_id(b)) && !sip_cseq(a, &ca) && !sip_cseq(b, &cb) && ca.num == cb.num &&
	       str_eq(ca.method_text, cb.method_text);
}

/* Headers in which servers name themselves and their version. */
static bool names_server(struct str line)
{
	struct str name = str_cut(&line, ':');

	return str_ieq(name, S("Server")) || str_ieq(name, S("User-Agent")) || str_ieq(name, S("Warning"));
}

static struct str next_line(struct str *s)
{
	struct str line;

	do
		line = str_rtrim(str_cut(s, '\n'));
	while (line.n && names_server(line));
	return line;
}

static void compare(struct replay *r, struct replay_expected *x, struct str theirs, struct str ours)
{
	ours = exchange(r, ours, false);
	x->equal = true;
	while (theirs.n || ours.n) {
		struct str t = next_line(&theirs), o = next_line(&ours);

		if (str_eq(t, o))
			continue;
		x->equal = false;
		x->difference = str_printf(r->a, STR_FMT " | " STR_FMT, STR_ARG(t), STR_ARG(o));
		return;
	}
}

/* Which message of the file is this one? The first like it, to the same peer, that nothing was found for. */
static void match_sent(struct replay *r, size_t event)
{
	const struct story_event *e = &r->story->v[event];
	struct sip_msg *ours = parsed(e->a);
	bool found = false;

	for (const struct capture_message *m = ours ? r->o.capture->first : NULL; m && !found; m = m->next) {
		struct sip_msg *theirs;
		unsigned i;

		if (!is_server(r, &m->from, m->proto) || !addr_eq(&m->to, &e->to))
			continue;
		for (i = 0; i < r->n_expected && r->expected[i].m != m; i++)
			;
		if (i < r->n_expected && r->expected[i].sent)
			continue;
		theirs = parsed(m->bytes);
		found = theirs && same_exchange(theirs, ours);
		if (found) {
			if (i == r->n_expected)
				r->expected[r->n_expected++].m = m;
			learn_from(r, theirs, ours);
			r->expected[i].sent = event + 1;
			compare(r, &r->expected[i], m->bytes, e->a);
		}
		sip_msg_unref(&theirs);
	}
	r->unexpected += !found;
	sip_msg_unref(&ours);
}

/* ---- feeding ---- */

static void peer_flush(struct peer *p)
{
	if (!p->open || !p->s || !p->waiting.n)
		return;
	if (world_stream_write(p->s, p->waiting.p, p->waiting.n) >= 0) /* a window of 64 KiB is more than a message */
		sb_reset(&p->waiting);
}

static void peer_open(void *arg, struct world_stream *s)
{
	struct peer *p = arg;

	(void)s;
	p->open = true;
	peer_flush(p);
}

static void peer_close(void *arg, struct world_stream *s, int err)
{
	struct peer *p = arg;

	(void)s;
	(void)err;
	p->s = NULL;
	p->open = false;
	p->refused = true;
}

static void feed_stream(struct replay *r, const struct capture_message *m, struct str bytes)
{
	static const struct world_stream_ops ops = {.on_open = peer_open, .on_close = peer_close};
	struct world_tcp_opts to = {.source = &m->from};
	struct peer *p;

	for (p = r->peers; p; p = p->next)
		if (addr_eq(&p->from, &m->from) && addr_eq(&p->to, &m->to) && !p->refused)
			break;
	if (!p) {
		p = arena_new_of(r->a, struct peer);
		if (!p)
			return;
		*p = (struct peer){.next = r->peers, .r = r, .from = m->from, .to = m->to};
		sb_init(&p->waiting, r->a, 1 << 20);
		r->peers = p;
		if (world_tcp_connect(r->peers_world, &m->to, &to, &ops, p, &p->s)) {
			p->refused = true;
			return;
		}
	}
	sb_add(&p->waiting, bytes);
	peer_flush(p);
}

/* Text files name no addresses: from what Via says, to where the server listens. */
static void complete_addresses(struct replay *r, struct capture_message *m)
{
	const struct net_socket *s = net_socket_default(offline_net(r->server), m->proto, 0);
	struct sip_msg *msg = parsed(m->bytes);
	struct sip_via *via = msg ? sip_via_top(msg) : NULL;

	if (!m->to.family && s)
		m->to = s->addr;
	if (!m->from.family && (!via || !addr_parse(via->host, &m->from)))
		addr_parse(S("127.0.0.1"), &m->from);
	if (!m->from.port)
		m->from.port = via && via->port ? via->port : 5060;
	if (m->from.family != m->to.family || addr_eq(&m->from, &m->to))
		m->from.port = 5070;
	if (m->from.family != m->to.family)
		addr_parse(m->to.family == AF_INET6 ? S("::1") : S("127.0.0.1"), &m->from);
	if (!m->from.port)
		m->from.port = 5070;
	sip_msg_unref(&msg);
}

static void feed(struct replay *r, const struct capture_message *in)
{
	struct capture_message m = *in;
	struct str bytes;

	complete_addresses(r, &m);
	bytes = exchange(r, m.bytes, true);
	if (m.proto == PROTO_UDP)
		sim_inject(offline_sim(r->server), &m.from, &m.to, bytes, 0);
	else
		feed_stream(r, &m, bytes);
}

/* One message of the file whose time has come. */
static void take_next(struct replay *r)
{
	const struct capture_message *m = r->next;

	r->next = m->next;
	if (m->from.family && is_server(r, &m->from, m->proto)) {
		for (unsigned i = 0; i < r->n_expected; i++)
			if (r->expected[i].m == m)
				return; /* sent already */
		r->expected[r->n_expected++].m = m;
	} else {
		feed(r, m);
	}
}

bool replay_step(struct replay *r)
{
	struct sim *sim = offline_sim(r->server);
	size_t before = r->story->n;
	uint64_t next = sim_next(sim);

	if (r->next && sim_time(r, r->next) <= next) {
		if (sim_time(r, r->next) > sim_now(sim))
			sim_run_until(sim, sim_time(r, r->next));
		take_next(r);
	} else if (next > r->end) {
		return false;
	} else {
		sim_step(sim);
	}
	for (size_t i = before; r->o.capture && i < r->story->n; i++)
		if (r->story->v[i].kind == STORY_OUT)
			match_sent(r, i);
	return true;
}

const struct replay_expected *replay_expectations(struct replay *r, unsigned *n)
{
	*n = r->n_expected;
	return r->expected;
}

unsigned replay_unexpected(const struct replay *r)
{
	return r->unexpected;
}
