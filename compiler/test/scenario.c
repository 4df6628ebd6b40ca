/* SPDX-License-Identifier: Apache-2.0 */
/* Reading of scenario files: a line is a statement, a block ends with a lone brace. */
#include "test/scenario.h"

#include <stdio.h>
#include <string.h>

#include "base/sb.h"

struct reader {
	struct arena *a;
	struct scenario *s;
	struct str rest;
	unsigned line; /* of the statement being read */
	unsigned next_line;
	struct step **tail;
};

static bool fail(struct reader *r, const char *why)
{
	if (!r->s->why) {
		r->s->why = why;
		r->s->bad_line = r->line;
	}
	return false;
}

static struct str take_line(struct reader *r)
{
	r->next_line++;
	return str_cut(&r->rest, '\n');
}

/* The next word of *l; quotes group and are taken off. p NULL at the end. */
static struct str word(struct str *l)
{
	struct str w;
	size_t n = 0;

	*l = str_ltrim(*l);
	if (!l->n || l->p[0] == '#')
		return STR_NULL;
	if (l->p[0] == '"') {
		w = str_skip(*l, 1);
		n = str_chr(w, '"') == STR_NONE ? w.n : str_chr(w, '"');
		*l = str_skip(w, n + 1);
		return str_make(w.p, n);
	}
	while (n < l->n && l->p[n] != ' ' && l->p[n] != '\t' && l->p[n] != '\r')
		n++;
	w = str_head(*l, n);
	*l = str_skip(*l, n);
	return w;
}

static const char *z(struct reader *r, struct str s)
{
	return str_z(r->a, s);
}

/* A line that ends with "{": cut it off and take the lines up to the one that closes it. */
static bool block(struct reader *r, struct str *l, struct str *ret)
{
	struct str t = str_rtrim(*l);
	const char *start;
	int depth = 1;

	*ret = STR_NULL;
	if (!t.n || t.p[t.n - 1] != '{')
		return true;
	*l = str_head(t, t.n - 1);
	start = r->rest.p;
	while (r->rest.n) {
		struct str line = take_line(r), trimmed = str_trim(line);

		if (str_eq(trimmed, S("}")) && --depth == 0) {
			*ret = str_make(start, (size_t)(line.p - start));
			return true;
		}
		if (trimmed.n > 1 && trimmed.p[0] == '}')
			depth--; /* "} else ..." of a script that goes on */
		if (trimmed.n && trimmed.p[trimmed.n - 1] == '{')
			depth++;
	}
	return fail(r, "the block is not closed");
}

/* "500ms", "32s", "2m"; a bare number is seconds. */
static bool duration(struct str s, uint64_t *ms)
{
	uint64_t unit = 1000, v;

	if (str_ends(s, S("ms"))) {
		unit = 1;
		s.n -= 2;
	} else if (str_ends(s, S("s"))) {
		s.n--;
	} else if (str_ends(s, S("m"))) {
		unit = 60000;
		s.n--;
	}
	if (!str_to_u64(s, 1000000000, &v))
		return false;
	*ms = v * unit;
	return true;
}

static bool parse_address(struct str s, struct addr *ret)
{
	size_t colon = str_rchr(s, ':');
	uint64_t port = 5060;

	if (colon != STR_NONE && (s.p[0] == '[' || str_chr(s, ':') == colon)) {
		if (!str_to_u64(str_skip(s, colon + 1), 65535, &port))
			return false;
		s = str_head(s, colon);
	}
	if (!addr_parse(s, ret))
		return false;
	ret->port = (uint16_t)port;
	return true;
}

static struct step *new_step(struct reader *r, enum step_kind kind)
{
	struct step *s = arena_new_of(r->a, struct step);

	if (!s) {
		fail(r, "out of memory");
		return NULL;
	}
	*s = (struct step){.kind = kind, .line = r->line, .ms = SCENARIO_WITHIN_DEFAULT};
	*r->tail = s;
	r->tail = &s->next;
	return s;
}

/* ---- what peers do ---- */

static bool one_match(struct reader *r, struct step *s, struct str l, unsigned line)
{
	struct match *m = arena_new_of(r->a, struct match), **p = &s->matches;
	struct str w = word(&l), op;
	bool absent = str_eq(w, S("no"));

	if (!m)
		return fail(r, "out of memory");
	*m = (struct match){.line = line};
	if (absent)
		w = word(&l);
	if (str_eq(w, S("header"))) {
		m->what = MATCH_HEADER;
		m->name = word(&l);
	} else if (str_eq(w, S("body"))) {
		m->what = MATCH_BODY;
	} else if (str_eq(w, S("line"))) {
		m->what = MATCH_LINE;
	} else {
		return fail(r, "a match is header, body or line");
	}
	op = word(&l);
	m->how = absent ? MATCH_ABSENT : !op.p ? MATCH_THERE : str_eq(op, S("~")) ? MATCH_REGEX : MATCH_EQUAL;
	if (op.p && !str_eq(op, S("~")) && !str_eq(op, S("=")))
		return fail(r, "a match compares with = or ~");
	m->text = word(&l);
	if ((m->how == MATCH_EQUAL || m->how == MATCH_REGEX) && !m->text.p)
		return fail(r, "compare with what?");
	while (*p)
		p = &(*p)->next;
	*p = m;
	return true;
}

static bool expects(struct reader *r, struct step *s, struct str l)
{
	struct str matches, w;
	unsigned line = r->next_line;

	if (!block(r, &l, &matches))
		return false;
	s->what = word(&l);
	s->negated = str_eq(s->what, S("nothing"));
	if (!s->what.p)
		return fail(r, "expects what?");
	while ((w = word(&l)).p) {
		if (!str_eq(w, S("within")) || !duration(word(&l), &s->ms))
			return fail(r, "expected: within TIME");
	}
	while (matches.n) {
		struct str one = str_cut(&matches, '\n');

		line++;
		if (str_trim(one).n && str_trim(one).p[0] != '#' && !one_match(r, s, one, line))
			return false;
	}
	return true;
}

static bool peer(struct reader *r, int ua, struct str l)
{
	struct str verb = word(&l);
	struct step *s = new_step(r, str_eq(verb, S("sends")) ? STEP_SEND : str_eq(verb, S("replies")) ? STEP_REPLY : STEP_EXPECT);
	bool unused;

	if (!s)
		return false;
	s->ua = ua;
	if (str_eq(verb, S("expects")))
		return expects(r, s, l);
	if (!str_eq(verb, S("sends")) && !str_eq(verb, S("replies")))
		return fail(r, "a peer sends, replies or expects");
	unused = block(r, &l, &s->block);
	if (!unused)
		return false;
	s->what = word(&l);
	s->text = s->kind == STEP_REPLY ? str_trim(l) : word(&l);
	if (s->kind == STEP_REPLY && !s->what.p)
		return fail(r, "replies with which code?");
	if (s->kind == STEP_SEND && !s->what.p && !s->block.p)
		return fail(r, "sends what?");
	return true;
}

/* ---- what must hold ---- */

/* rows URL "SELECT" == "text" | asked METHOD URL [body ~ "re"] */
static bool expect_fixture(struct reader *r, struct str w, struct str l, bool negated)
{
	bool rows = str_eq(w, S("rows"));
	struct step *s = new_step(r, rows ? STEP_ROWS : STEP_ASKED);

	if (!s)
		return false;
	s->negated = negated;
	if (rows) {
		s->file = word(&l);
		s->what = word(&l);
		if (!str_eq(word(&l), S("==")) || !(s->text = word(&l)).p)
			return fail(r, "expected: rows URL \"SELECT ...\" == \"a|b;c|d\"");
		return true;
	}
	s->what = word(&l);
	s->file = word(&l);
	if (!s->file.p)
		return fail(r, "asked which METHOD and URL?");
	w = word(&l);
	if (w.p && (!str_eq(w, S("body")) || !str_eq(word(&l), S("~")) || !(s->text = word(&l)).p))
		return fail(r, "expected: body ~ \"regex\"");
	return true;
}

static bool expect(struct reader *r, struct str l)
{
	struct str whole = str_trim(l), w = word(&l), op;
	bool negated = str_eq(w, S("not"));
	struct step *s;
	size_t at;

	if (negated) {
		whole = str_trim(l);
		w = word(&l);
	}
	if (str_eq(w, S("rows")) || str_eq(w, S("asked")))
		return expect_fixture(r, w, l, negated);
	if (str_eq(w, S("visited"))) {
		s = new_step(r, STEP_VISITED);
		if (s)
			s->what = str_trim(l);
	} else if (str_eq(w, S("log"))) {
		s = new_step(r, STEP_LOG);
		if (!str_eq(word(&l), S("~")))
			return fail(r, "expected: log ~ \"regex\"");
		if (s)
			s->text = word(&l);
	} else if (str_eq(w, S("counter")) || str_eq(w, S("transactions"))) {
		s = new_step(r, str_eq(w, S("counter")) ? STEP_COUNTER : STEP_TXNS);
		if (s && s->kind == STEP_COUNTER)
			s->text = word(&l);
		op = word(&l);
		if (!s || !str_eq(op, S("==")) || !str_to_i64(word(&l), &s->n))
			return fail(r, "expected: == NUMBER");
	} else {
		at = STR_NONE;
		for (size_t i = 0; i + 4 <= whole.n; i++)
			if (memcmp(whole.p + i, " at ", 4) == 0)
				at = i;
		if (at == STR_NONE)
			return fail(r, "expect what? visited, log, counter, transactions, or an expression at a line");
		s = new_step(r, STEP_AT);
		if (!s)
			return false;
		s->text = str_trim(str_head(whole, at));
		op = str_trim(str_skip(whole, at + 4));
		if (str_chr(op, ':') != STR_NONE)
			s->file = str_head(op, str_rchr(op, ':'));
		if (!str_to_i64(s->file.n ? str_skip(op, s->file.n + 1) : op, &s->n))
			return fail(r, "at which line?");
	}
	if (s)
		s->negated = negated;
	return s != NULL;
}

/* ---- the surroundings ---- */

/* database URL { SQL } before the first step; database URL down | up as one. */
static bool database(struct reader *r, struct str l)
{
	struct scenario_database *d = &r->s->databases[r->s->n_databases];
	struct str sql, url, how;
	struct step *s;

	if (!block(r, &l, &sql))
		return false;
	url = word(&l);
	how = word(&l);
	if (sql.p && r->s->n_databases < SCENARIO_LIST_MAX) {
		*d = (struct scenario_database){url, sql, r->line};
		r->s->n_databases++;
		return true;
	}
	if (!str_eq(how, S("down")) && !str_eq(how, S("up")))
		return fail(r, "database URL { SQL }, or database URL down | up");
	s = new_step(r, STEP_DATABASE);
	if (s) {
		s->file = url;
		s->n = str_eq(how, S("down"));
	}
	return s != NULL;
}

static bool http(struct reader *r, struct str l)
{
	struct scenario_http *h = &r->s->https[r->s->n_https];
	struct str how;
	uint64_t v = 0;

	if (r->s->n_https == SCENARIO_LIST_MAX || !block(r, &l, &h->block))
		return fail(r, "too many answers");
	h->method = word(&l);
	h->url = word(&l);
	how = word(&l);
	r->s->n_https++;
	if (str_eq(how, S("fails")))
		return true;
	if (!str_eq(how, S("answers")) || !str_to_u64(word(&l), 599, &v) || v < 100)
		return fail(r, "http METHOD URL answers CODE, or http METHOD URL fails");
	h->status = (int)v;
	how = word(&l);
	return !how.p || (str_eq(how, S("after")) && duration(word(&l), &h->after_ms)) ? true : fail(r, "after which time?");
}

static bool percent(struct str s, uint32_t *ret)
{
	uint64_t v;

	if (str_ends(s, S("%")))
		s.n--;
	if (!str_to_u64(s, 100, &v))
		return false;
	*ret = (uint32_t)v * 100;
	return true;
}

static bool link(struct reader *r, struct str l)
{
	struct sim_link *k = &r->s->link;
	struct str w;
	uint64_t ms;

	k->latency_min = k->latency_max = 100;
	k->reorder_by = 20000;
	while ((w = word(&l)).p) {
		struct str v = w, name = str_cut(&v, '=');
		bool ok;

		if (str_eq(name, S("latency"))) {
			ok = duration(v, &ms);
			k->latency_min = k->latency_max = (uint32_t)ms * 1000;
		} else {
			ok = percent(v, str_eq(name, S("loss")) ? &k->loss : str_eq(name, S("dup")) ? &k->dup : &k->reorder);
			ok &= str_eq(name, S("loss")) || str_eq(name, S("dup")) || str_eq(name, S("reorder"));
		}
		if (!ok)
			return fail(r, "link takes loss=N% dup=N% reorder=N% latency=TIME");
	}
	return true;
}

static bool number16(struct str s, uint16_t *ret)
{
	uint64_t v;

	if (!str_to_u64(s, 65535, &v))
		return false;
	*ret = (uint16_t)v;
	return true;
}

static bool dns(struct reader *r, struct str l)
{
	struct scenario_dns *d = &r->s->dns[r->s->n_dns];
	struct str type = word(&l);

	if (r->s->n_dns == SCENARIO_LIST_MAX)
		return fail(r, "too many records");
	d->name = word(&l);
	d->rr = (struct world_rr){.ttl = 60};
	if (str_ieq(type, S("a")) || str_ieq(type, S("aaaa"))) {
		d->rr.type = str_ieq(type, S("a")) ? DNS_A : DNS_AAAA;
		if (!addr_parse(word(&l), &d->rr.addr))
			return fail(r, "that is no address");
	} else if (str_ieq(type, S("srv"))) {
		d->rr.type = DNS_SRV;
		if (!number16(word(&l), &d->rr.prio) || !number16(word(&l), &d->rr.weight) || !number16(word(&l), &d->rr.port))
			return fail(r, "srv takes NAME PRIO WEIGHT PORT TARGET");
		d->rr.name = word(&l);
	} else if (str_ieq(type, S("naptr"))) {
		d->rr.type = DNS_NAPTR;
		if (!number16(word(&l), &d->rr.prio) || !number16(word(&l), &d->rr.weight))
			return fail(r, "naptr takes NAME ORDER PREF FLAGS SERVICE TARGET");
		d->rr.flags = word(&l);
		d->rr.service = word(&l);
		d->rr.name = word(&l);
	} else {
		return fail(r, "records are a, aaaa, srv and naptr");
	}
	r->s->n_dns++;
	return true;
}

static bool ua(struct reader *r, struct str l)
{
	struct scenario_ua *u = &r->s->uas[r->s->n_uas];
	struct str w;

	if (r->s->n_uas == SCENARIO_UAS_MAX)
		return fail(r, "too many peers");
	*u = (struct scenario_ua){.name = word(&l), .proto = PROTO_UDP};
	if (!u->name.p || !parse_address(word(&l), &u->addr))
		return fail(r, "ua takes NAME ADDRESS:PORT");
	w = word(&l);
	if (w.p && !str_ieq(w, S("tcp")) && !str_ieq(w, S("udp")))
		return fail(r, "a peer is udp or tcp");
	if (str_ieq(w, S("tcp")))
		u->proto = PROTO_TCP;
	r->s->n_uas++;
	return true;
}

static bool config(struct reader *r, struct str l)
{
	struct str file;

	if (!block(r, &l, &r->s->inline_config))
		return false;
	r->s->config_line = r->line;
	if (r->s->inline_config.p)
		return true;
	file = word(&l);
	if (!file.p)
		return fail(r, "config takes a file or a block");
	if (file.p[0] != '/') {
		struct str path = str_of(r->s->path);
		size_t slash = str_rchr(path, '/');

		file = str_join(r->a, slash == STR_NONE ? S("") : str_head(path, slash + 1), file);
	}
	r->s->config = z(r, file);
	return true;
}

static bool unit(struct reader *r, struct str l)
{
	struct step *s = new_step(r, STEP_UNIT);

	if (!s || !block(r, &l, &s->block))
		return false;
	s->what = str_trim(l);
	return s->block.p ? true : fail(r, "unit takes a route and a block");
}

static bool statement(struct reader *r, struct str l)
{
	struct scenario *s = r->s;
	struct str all = l, w = word(&l);
	struct step *step;

	if (!w.p)
		return true;
	for (size_t i = 0; i < s->n_uas; i++)
		if (str_eq(w, s->uas[i].name))
			return peer(r, (int)i, l);
	if (str_eq(w, S("config")))
		return config(r, l);
	if (str_eq(w, S("define")) && s->n_defines < SCENARIO_LIST_MAX) {
		s->defines[s->n_defines++] = z(r, str_trim(l));
		return true;
	}
	if (str_eq(w, S("listen")) && s->n_listens < SCENARIO_LIST_MAX) {
		s->listens[s->n_listens++] = z(r, str_trim(l));
		return true;
	}
	if (str_eq(w, S("seed")))
		return str_to_u64(word(&l), UINT64_MAX, &s->seed) ? true : fail(r, "seed takes a number");
	if (str_eq(w, S("link")))
		return link(r, l);
	if (str_eq(w, S("dns")))
		return dns(r, l);
	if (str_eq(w, S("database")))
		return database(r, l);
	if (str_eq(w, S("http")))
		return http(r, l);
	if (str_eq(w, S("ua")))
		return ua(r, l);
	if (str_eq(w, S("expect")))
		return expect(r, l);
	if (str_eq(w, S("unit")))
		return unit(r, l);
	if (str_eq(w, S("advance"))) {
		step = new_step(r, STEP_ADVANCE);
		return step && duration(word(&l), &step->ms) ? true : fail(r, "advance takes a time: 32s, 500ms");
	}
	return fail(r, z(r, str_printf(r->a, "unknown: " STR_FMT, STR_ARG(str_trim(all)))));
}

static bool read_file(struct arena *a, const char *path, struct str *ret)
{
	FILE *f = fopen(path, "rb");
	char buf[8192];
	struct sb b;
	size_t n;

	if (!f)
		return false;
	sb_init(&b, a, 1 << 22);
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		sb_add(&b, str_make(buf, n));
	fclose(f);
	*ret = sb_str(&b);
	return sb_ok(&b);
}

struct scenario *scenario_read(struct arena *a, const char *path)
{
	struct scenario *s = arena_new_of(a, struct scenario);
	struct reader r = {.a = a, .s = s};

	if (!s || !read_file(a, path, &r.rest))
		return NULL;
	*s = (struct scenario){.path = path, .seed = 1};
	r.tail = &s->steps;
	while (r.rest.n && !s->why) {
		struct str l = take_line(&r), t = str_trim(l);

		r.line = r.next_line;
		if (t.n && t.p[0] == '#' && !s->title.n && !s->steps)
			s->title = str_trim(str_skip(t, 1));
		statement(&r, l);
	}
	if (!s->why && !s->config && !s->inline_config.p)
		s->why = "there is no config";
	return s;
}

void scenario_split(struct str block, struct str *head, struct str *body)
{
	struct str rest = block;

	*head = *body = STR_NULL;
	while (rest.n) {
		const char *at = rest.p;

		if (!str_trim(str_cut(&rest, '\n')).n && at > block.p) {
			*head = str_make(block.p, (size_t)(at - block.p));
			*body = rest;
			return;
		}
	}
	*head = block;
}
