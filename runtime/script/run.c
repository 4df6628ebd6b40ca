/* SPDX-License-Identifier: Apache-2.0 */
#include "script/run.h"

#include <stddef.h>

#include "base/mem.h"
#include "core/fiber.h"
#include "core/log.h"
#include "script/observe.h"
#include "script/log_prefix.h"
#include "script/script_priv.h"
#include "script/vars.h"

enum { FRAMES_MAX = 8192, VAR_BYTES_MAX = 65535 };

struct script_conf script_conf = {.max_recursive_level = 256, .max_while_loops = 100};

/* Values first, for generated code; then who owns the bytes. */
struct frame {
	struct frame *next; /* in the pool */
	struct value *values;
	char **bytes;
	size_t *caps;
	struct junk {
		struct junk *next;
		char *bytes;
	} *junk; /* what a route within a route replaced: the outer one may still look at it */
};

struct script_worker {
	const struct program *prog;
	struct frame *pool;
	unsigned n_frames;
	struct run_trail trail;
};

static struct script_worker *state(const struct worker *w)
{
	return worker_slot(w, WSLOT_SCRIPT);
}

int script_worker_init(struct worker *w, const struct program *p)
{
	struct script_worker *s = mem_alloc(sizeof(*s));

	if (!s)
		return RT_E_NOMEM;
	s->prog = p;
	worker_set_slot(w, WSLOT_SCRIPT, s);
	return 0;
}

static void junk_free(struct frame *f)
{
	while (f->junk) {
		struct junk *j = f->junk;

		f->junk = j->next;
		mem_free(&j->bytes);
		mem_free(&j);
	}
}

static void frame_free(struct frame **f, size_t n_vars)
{
	for (size_t i = 0; (*f)->bytes && i < n_vars; i++)
		mem_free(&(*f)->bytes[i]);
	mem_free(&(*f)->bytes);
	mem_free(&(*f)->caps);
	mem_free(&(*f)->values);
	mem_free(f);
}

void script_worker_fini(struct worker *w)
{
	struct script_worker *s = state(w);

	while (s && s->pool) {
		struct frame *f = s->pool;

		s->pool = f->next;
		frame_free(&f, s->prog->n_vars);
	}
	mem_free(&s);
	worker_set_slot(w, WSLOT_SCRIPT, NULL);
	script_regex_cache_free();
}

const struct program *script_program(const struct worker *w)
{
	return state(w)->prog;
}

/* ---- values that frames start with ---- */

static struct preset {
	struct preset *next;
	struct str name;
	struct value v;
} *presets;
static struct arena *preset_arena;

int script_var_preset(struct str name, const struct value *v)
{
	struct preset *p;

	if (!preset_arena)
		preset_arena = arena_new(1 << 20);
	p = preset_arena ? arena_new_of(preset_arena, struct preset) : NULL;
	if (!p)
		return RT_E_NOMEM;
	p->name = str_dup(preset_arena, name);
	p->v = *v;
	if (value_is_str(v))
		p->v.s = str_dup(preset_arena, v->s);
	p->next = presets;
	presets = p;
	return p->name.p && (!value_is_str(v) || p->v.s.p) ? 0 : RT_E_NOMEM;
}

void script_presets_free(void)
{
	presets = NULL;
	arena_free(&preset_arena);
}

static void frame_preset(struct frame *f, const struct program *prog)
{
	struct run r = {.prog = prog, .frame = f, .vars = f->values};

	for (const struct preset *p = presets; p; p = p->next)
		for (uint64_t i = 0; i < prog->n_vars; i++)
			if (f->values[i].tag == VAL_NULL && str_eq(prog->var_names[i], p->name))
				rt_var_set(&r, (int32_t)i, &p->v);
}

static struct frame *frame_get(struct script_worker *s)
{
	struct frame *f = s->pool;
	size_t n = s->prog->n_vars + 1;

	if (f) {
		s->pool = f->next;
		return f;
	}
	if (s->n_frames == FRAMES_MAX)
		return NULL;
	f = mem_alloc(sizeof(*f));
	if (!f)
		return NULL;
	f->values = mem_calloc(n, sizeof(*f->values));
	f->bytes = mem_calloc(n, sizeof(*f->bytes));
	f->caps = mem_calloc(n, sizeof(*f->caps));
	if (!f->values || !f->bytes || !f->caps) {
		frame_free(&f, 0);
		return NULL;
	}
	s->n_frames++;
	frame_preset(f, s->prog);
	return f;
}

int run_begin(struct run *r, struct worker *w, struct sip_draft *d, int32_t kind, struct txn *t,
	      struct script_vars *sv)
{
	struct script_worker *s = state(w);
	struct fiber *f = fiber_self();

	*r = (struct run){.prog = s->prog, .kind = kind, .branch = -1, .worker = w, .draft = d, .txn = t,
			  .trail = &s->trail};
	r->arena = arena_new(RUN_ARENA_LIMIT);
	r->outer = f ? fiber_user(f) : NULL;
	r->frame = r->outer ? r->outer->frame : frame_get(s); /* routes within a route see its variables */
	r->sv = sv ? script_vars_ref(sv) : script_vars_new();
	if (f)
		fiber_set_user(f, r);
	if (!r->arena || !r->frame || !r->sv) {
		run_end(r);
		return RT_E_NOMEM;
	}
	r->vars = ((struct frame *)r->frame)->values;
	script_log_prefix_begin(r);
	return 0;
}

struct run_local {
	struct run_local *next;
	const void *key;
	void (*end)(void *);
	max_align_t data[];
};

void *run_local_find(const struct run *r, const void *key)
{
	for (struct run_local *l = r->locals; l; l = l->next)
		if (l->key == key)
			return l->data;
	return NULL;
}

void *run_local(struct run *r, const void *key, size_t size, void (*end)(void *))
{
	void *found = run_local_find(r, key);
	struct run_local *l;

	if (found)
		return found;
	l = arena_alloc(r->arena, sizeof(*l) + size);
	if (!l)
		return NULL;
	l->key = key;
	l->end = end;
	l->next = r->locals;
	r->locals = l;
	return l->data;
}

void run_end(struct run *r)
{
	struct script_worker *s = state(r->worker);
	struct frame *f = r->frame;
	struct fiber *fiber = fiber_self();

	for (; r->locals; r->locals = r->locals->next)
		if (r->locals->end)
			r->locals->end(r->locals->data);
	if (f && !r->outer) {
		junk_free(f);
		f->next = s->pool;
		s->pool = f;
	}
	r->frame = NULL;
	if (fiber && fiber_user(fiber) == r)
		fiber_set_user(fiber, r->outer);
	script_vars_unref(&r->sv);
	arena_free(&r->arena);
}

const struct run *script_run_now(const struct worker *w)
{
	return worker_fiber_user(w);
}

const struct run_trail *script_trail(const struct worker *w)
{
	struct script_worker *s = state(w);

	return s ? &s->trail : NULL;
}

int32_t script_exec(struct run *r, int32_t route)
{
	const struct observer *o = script_observer();
	int32_t value;

	r->ctl = 0;
	r->rc = 0;
	r->depth = 1; /* the body of the route itself */
	r->failed = 0;
	if (route < 0 || (uint64_t)route >= r->prog->n_routes)
		return 1;
	if (o && o->begin)
		o->begin(o->arg, r, route);
	value = r->prog->routes[route].fn(r);
	if (o && o->end)
		o->end(o->arg, r, route, value);
	return value;
}

int32_t script_event(const struct program *p, const char *name)
{
	return program_route_find(p, ROUTE_EVENT, str_of(name));
}

bool program_site_in(const struct program_site *s, struct str file)
{
	struct str shown = str_of(s->file);

	return !file.n || str_eq(shown, file) ||
	       (shown.n > file.n && str_ends(shown, file) && shown.p[shown.n - file.n - 1] == '/');
}

uint32_t program_site_find(const struct program *p, struct str file, uint32_t line, uint32_t column)
{
	for (uint32_t i = 1; i < p->n_sites; i++)
		if (p->sites[i].line == line && p->sites[i].column == column && str_eq(str_of(p->sites[i].file), file))
			return i;
	return 0;
}

int32_t program_route_find(const struct program *p, enum route_kind kind, struct str name)
{
	for (uint64_t i = 0; i < p->n_routes; i++)
		if (p->routes[i].kind == (int32_t)kind && str_eq(p->routes[i].name, name))
			return (int32_t)i;
	return -1;
}

/* ---- $var ---- */

/* Put a variable's bytes aside until the outermost run ends. */
static bool keep_old(struct frame *f, int32_t slot)
{
	struct junk *j = f->bytes[slot] ? mem_alloc(sizeof(*j)) : NULL;

	if (!j)
		return !f->bytes[slot];
	*j = (struct junk){f->junk, f->bytes[slot]};
	f->junk = j;
	f->bytes[slot] = NULL;
	return true;
}

void rt_var_set(struct run *r, int32_t slot, const struct value *v)
{
	struct frame *f = r->frame;
	struct value *to = &f->values[slot];
	struct str s = v->s;

	if (!value_is_str(v)) {
		*to = *v;
		return;
	}
	if (s.n > VAR_BYTES_MAX) {
		script_warn(r, "value of $var(" STR_FMT ") is cut to %d bytes", STR_ARG(r->prog->var_names[slot]),
			    VAR_BYTES_MAX);
		s.n = VAR_BYTES_MAX;
	}
	if (s.n > f->caps[slot] || (r->outer && s.n)) {
		size_t cap = s.n < 64 ? 64 : s.n * 2;
		char *p = mem_alloc(cap);

		if (!p || (r->outer && !keep_old(f, slot))) {
			mem_free(&p);
			script_err(r, "out of memory for $var(" STR_FMT ")", STR_ARG(r->prog->var_names[slot]));
			return;
		}
		memcpy(p, s.p, s.n); /* what was there may be part of the new value */
		mem_free(&f->bytes[slot]);
		f->bytes[slot] = p;
		f->caps[slot] = cap;
	} else if (s.n) {
		memmove(f->bytes[slot], s.p, s.n);
	}
	*to = *v;
	to->s = str_make(f->bytes[slot], s.n);
}
