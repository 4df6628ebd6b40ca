/* SPDX-License-Identifier: Apache-2.0 */
/* The listener. Runs of several fibers interleave: each event is filed under the run of its own. */
#include "trace/story.h"

#include "base/sb.h"
#include "core/fiber.h"
#include "script/observe.h"
#include "sip/draft.h"

enum { EVENTS_DEFAULT = 10000000, TEXT_MAX = 2048 };

void story_init(struct story *s, struct arena *a, const struct program *p, uint32_t kinds, size_t limit)
{
	*s = (struct story){.arena = a, .program = p, .kinds = kinds ? kinds : ~0u, .limit = limit ? limit : EVENTS_DEFAULT};
}

static bool grow(struct story *s)
{
	size_t cap = s->cap ? 2 * s->cap : 1024;
	struct story_event *v;

	if (s->n >= s->limit)
		return false;
	v = arena_calloc(s->arena, cap, sizeof(*v));
	if (!v)
		return false;
	if (s->n)
		memcpy(v, s->v, s->n * sizeof(*v));
	s->v = v;
	s->cap = cap;
	return true;
}

/* NULL: not wanted, or no room. */
static struct story_event *add(struct story *s, enum story_kind kind)
{
	if (!(s->kinds & (1u << kind)) || s->full)
		return NULL;
	if (s->n == s->cap && !grow(s)) {
		s->full = true;
		return NULL;
	}
	s->v[s->n] = (struct story_event){.kind = kind, .route = -1, .at = s->sim ? sim_now(s->sim) : 0};
	return &s->v[s->n++];
}

static void added(struct story *s, const struct story_event *e)
{
	if (e && s->on_event)
		s->on_event(s->on_event_arg, e);
}

static struct story_run *run_of(const struct story *s, const struct run *r)
{
	for (struct story_run *i = s->live; i; i = i->next)
		if (i->run == r)
			return i;
	return NULL;
}

/* The innermost run of the fiber that runs now. */
static struct story_run *run_here(const struct story *s)
{
	const struct fiber *f = fiber_self();

	for (struct story_run *i = s->live; i; i = i->next)
		if (i->fiber == f)
			return i;
	return NULL;
}

const struct story_run *story_live(const struct story *s, uint32_t number)
{
	for (const struct story_run *i = s->live; i; i = i->next)
		if (i->number == number)
			return i;
	return NULL;
}

uint32_t story_here(const struct story *s)
{
	const struct story_run *x = run_here(s);

	return x ? x->run->site : 0;
}

static struct story_event *add_in_run(struct story *s, enum story_kind kind, struct run *r)
{
	struct story_run *x = run_of(s, r);
	struct story_event *e = add(s, kind);

	if (!e)
		return NULL;
	s->now = r;
	e->site = r->site;
	if (x) {
		e->run = x->number;
		e->depth = x->depth;
		e->message = x->message;
	}
	return e;
}

/* The message that a run works on: the newest that came with these bytes. */
static uint32_t message_of(const struct story *s, const struct run *r)
{
	enum { LOOK_BACK = 10000 };
	struct str buf = r->draft ? r->draft->msg->buf : STR_NULL;
	const struct story_event *e;
	int64_t at = s->last_in;

	for (int left = LOOK_BACK; buf.n && at && left; left--, at = e->n) {
		e = &s->v[at - 1];
		if (str_eq(e->a, buf))
			return e->message;
	}
	return 0;
}

/* ---- texts ---- */

struct str story_quote(struct arena *a, struct str s)
{
	struct sb b;

	sb_init(&b, a, 4 * TEXT_MAX + 16);
	sb_addc(&b, '"');
	for (size_t i = 0; i < s.n && i < TEXT_MAX; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '"' || c == '\\')
			sb_printf(&b, "\\%c", c);
		else if (c == '\n')
			sb_addz(&b, "\\n");
		else if (c == '\r')
			sb_addz(&b, "\\r");
		else if (c == '\t')
			sb_addz(&b, "\\t");
		else if (c < ' ' || c == 127)
			sb_printf(&b, "\\x%02x", c);
		else
			sb_addc(&b, (char)c);
	}
	sb_addz(&b, s.n > TEXT_MAX ? "\"..." : "\"");
	return sb_str(&b);
}

struct str story_value(struct arena *a, const struct value *v)
{
	if (!v || v->tag == VAL_NULL)
		return S("null");
	if (v->tag == VAL_INT)
		return str_printf(a, "%lld", (long long)v->i);
	return story_quote(a, v->s);
}

struct str story_first_line(struct str bytes)
{
	struct str line = str_rtrim(str_head(bytes, str_chr(bytes, '\n') == STR_NONE ? bytes.n : str_chr(bytes, '\n')));

	return str_ends(line, S(" SIP/2.0")) ? str_head(line, line.n - 8) : line;
}

/* ---- script/observe.h ---- */

static void on_begin(void *arg, struct run *r, int32_t route)
{
	struct story *s = arg;
	struct story_run *x = arena_new_of(s->arena, struct story_run);
	struct story_run *outer = run_here(s);
	struct story_event *e;

	if (!x)
		return;
	*x = (struct story_run){.next = s->live, .run = r, .fiber = fiber_self(), .number = ++s->n_runs, .route = route};
	x->message = message_of(s, r);
	if (!x->message && outer)
		x->message = outer->message;
	s->live = x;
	e = add_in_run(s, STORY_BEGIN, r);
	if (e) {
		e->route = route;
		e->n = r->kind;
	}
	added(s, e);
}

static void tell_edits(struct story *s, struct run *r)
{
	const struct sip_edit *made[64];
	size_t n = 0;

	if (!r->draft || !(s->kinds & (1u << STORY_EDIT)))
		return;
	for (const struct sip_edit *e = r->draft->edits; e && n < 64; e = e->next)
		made[n++] = e;
	while (n-- > 0) { /* the oldest first */
		struct story_event *e = add_in_run(s, STORY_EDIT, r);
		struct str old = str_head(str_skip(r->draft->msg->buf, made[n]->off), made[n]->del);

		if (!e)
			return;
		if (made[n]->late)
			e->a = S("insert a header that depends on the way out");
		else if (old.n && made[n]->text.n)
			e->a = str_printf(s->arena, "replace " STR_FMT " by " STR_FMT, STR_ARG(story_quote(s->arena, old)),
					  STR_ARG(story_quote(s->arena, made[n]->text)));
		else
			e->a = str_printf(s->arena, "%s " STR_FMT, old.n ? "remove" : "insert",
					  STR_ARG(story_quote(s->arena, old.n ? old : made[n]->text)));
		added(s, e);
	}
}

static void on_end(void *arg, struct run *r, int32_t route, int32_t value)
{
	struct story *s = arg;
	struct story_event *e;

	tell_edits(s, r);
	e = add_in_run(s, STORY_END, r);
	if (e) {
		e->route = route;
		e->n = value;
	}
	for (struct story_run **p = &s->live; *p; p = &(*p)->next)
		if ((*p)->run == r) {
			*p = (*p)->next;
			break;
		}
	added(s, e);
}

static void on_enter(void *arg, struct run *r, int32_t route)
{
	struct story *s = arg;
	struct story_event *e = add_in_run(s, STORY_ENTER, r);
	struct story_run *x = run_of(s, r);

	if (e)
		e->route = route;
	if (x)
		x->depth++;
	added(s, e);
}

static void on_leave(void *arg, struct run *r, int32_t route, int64_t value)
{
	struct story *s = arg;
	struct story_run *x = run_of(s, r);
	struct story_event *e;

	if (x && x->depth)
		x->depth--;
	e = add_in_run(s, STORY_LEAVE, r);
	if (e) {
		e->route = route;
		e->n = value;
	}
	added(s, e);
}

static void on_site(void *arg, struct run *r)
{
	struct story *s = arg;
	struct story_event *e = add_in_run(s, STORY_SITE, r);

	if (e)
		e->route = s->program->sites[r->site].route;
	added(s, e);
}

static void on_value(void *arg, struct run *r, struct str pv, const struct value *v)
{
	struct story *s = arg;
	struct story_event *e = add_in_run(s, STORY_VALUE, r);

	if (e) {
		e->a = pv; /* a constant of the program */
		e->b = story_value(s->arena, v);
	}
	added(s, e);
}

static void on_set(void *arg, struct run *r, struct str pv, const struct value *v, int64_t rc)
{
	struct story *s = arg;
	struct story_event *e = add_in_run(s, STORY_SET, r);

	if (e) {
		e->a = pv;
		e->b = story_value(s->arena, v);
		e->n = rc;
	}
	added(s, e);
}

static void on_code(void *arg, struct run *r, struct str fn, int64_t code)
{
	struct story *s = arg;
	struct story_event *e = add_in_run(s, STORY_CODE, r);

	if (e) {
		e->a = fn;
		e->n = code;
	}
	added(s, e);
}

static void on_cond(void *arg, struct run *r, bool taken)
{
	struct story *s = arg;
	struct story_event *e = add_in_run(s, STORY_COND, r);

	if (e)
		e->n = taken;
	added(s, e);
}

static struct observer observer = {.begin = on_begin, .end = on_end, .enter = on_enter, .leave = on_leave, .site = on_site,
				   .value = on_value, .set = on_set, .code = on_code, .cond = on_cond};

void story_listen(struct story *s, struct sim *sim)
{
	s->sim = sim;
	s->live = NULL;
	observer.arg = s;
	script_observe(&observer);
	sim_set_tap(sim, story_tap, s);
	sim_set_log(sim, story_log, s);
}

void story_ignore(struct story *s)
{
	script_observe(NULL);
	if (s->sim) {
		sim_set_tap(s->sim, NULL, NULL);
		sim_set_log(s->sim, NULL, NULL);
	}
}

/* ---- the world's taps ---- */

void story_tap(void *arg, uint64_t now, enum proto p, const struct addr *from, const struct addr *to, struct str bytes)
{
	struct story *s = arg;
	bool out = s->is_server && s->is_server(s->is_server_arg, from, p);
	const struct story_run *x = out ? run_here(s) : NULL;
	struct story_event *e;

	(void)now;
	s->now = NULL;
	if (!str_trim(bytes).n)
		return; /* a keepalive */
	e = add(s, out ? STORY_OUT : STORY_IN);
	if (!out)
		s->n_in++;
	if (!e)
		return;
	e->proto = p;
	e->from = *from;
	e->to = *to;
	e->a = str_dup(s->arena, bytes);
	e->message = out ? (x ? x->message : 0) : s->n_in;
	if (!out) {
		e->n = s->last_in;
		s->last_in = e - s->v + 1;
	}
	if (x) {
		e->site = x->run->site;
		e->run = x->number;
		e->depth = x->depth;
	}
	added(s, e);
}

void story_log(void *arg, uint64_t now, int level, struct str line)
{
	struct story *s = arg;
	const struct story_run *x = run_here(s);
	struct story_event *e = add(s, STORY_LOG);

	(void)now;
	s->now = NULL;
	if (!e)
		return;
	e->n = level;
	e->a = str_dup(s->arena, line);
	if (x) {
		e->site = x->run->site;
		e->run = x->number;
		e->depth = x->depth;
		e->message = x->message;
	}
	added(s, e);
}
