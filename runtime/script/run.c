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
#include "txn/txn.h"

/* STACK_RESERVE: bytes that a script function may need below the deepest route. */
enum { FRAMES_MAX = 8192, STACK_RESERVE = 24 * 1024 };

struct script_conf script_conf = {.max_recursive_level = 256, .max_while_loops = 100};

/* While a run is at work its variables' texts are views, as all values are; at its end those that a later
   run may read move into the frame's own block. */
struct frame {
	struct frame *next; /* in the pool */
	struct value *values;
	char *block;
	size_t used, cap;
};

struct script_worker {
	const struct program *prog;
	struct frame *pool;
	unsigned n_frames;
	struct script_vars *spare_vars; /* empty, for the next run; NULL: in use */
	struct arena *spare_arena;
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
	s->spare_arena = arena_new(RUN_ARENA_LIMIT); /* so that a worker at rest holds as many as at its start; NULL is fine */
	worker_set_slot(w, WSLOT_SCRIPT, s);
	return 0;
}

static void frame_free(struct frame **f)
{
	mem_free(&(*f)->block);
	mem_free(&(*f)->values);
	mem_free(f);
}

void script_worker_fini(struct worker *w)
{
	struct script_worker *s = state(w);

	while (s && s->pool) {
		struct frame *f = s->pool;

		s->pool = f->next;
		frame_free(&f);
	}
	if (s) {
		script_vars_unref(&s->spare_vars);
		arena_free(&s->spare_arena);
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
	for (const struct preset *p = presets; p; p = p->next)
		for (uint64_t i = 0; i < prog->n_vars; i++)
			if (f->values[i].tag == VAL_NULL && str_eq(prog->var_names[i], p->name))
				f->values[i] = p->v;
}

static struct frame *frame_get(struct script_worker *s)
{
	struct frame *f = s->pool;

	if (f) {
		s->pool = f->next;
		return f;
	}
	if (s->n_frames == FRAMES_MAX)
		return NULL;
	f = mem_alloc(sizeof(*f));
	if (!f)
		return NULL;
	f->values = mem_calloc(s->prog->n_vars + 1, sizeof(*f->values));
	if (!f->values) {
		frame_free(&f);
		return NULL;
	}
	s->n_frames++;
	frame_preset(f, s->prog);
	return f;
}

static bool is_kept(const struct frame *f, struct str s)
{
	return s.p >= f->block && s.p < f->block + f->cap;
}

/* A larger block for `all` bytes. When memory is out the new texts are lost. */
static bool frame_grow(struct frame *f, const struct program *p, size_t all, char **old)
{
	size_t cap = all < 128 ? 256 : all * 2;
	char *block = mem_alloc(cap);

	if (block) {
		*old = f->block;
		f->block = block;
		f->cap = cap;
		f->used = 0;
		return true;
	}
	for (uint64_t i = 0; i < p->n_kept_vars; i++) {
		struct value *v = &f->values[p->kept_vars[i]];

		if (value_is_str(v) && v->s.n && !is_kept(f, v->s))
			*v = value_null();
	}
	log_err("out of memory for $var texts");
	return false;
}

static void frame_keep(struct frame *f, const struct program *p)
{
	size_t all = 0, fresh = 0;
	char *old = NULL;

	for (uint64_t i = 0; i < p->n_kept_vars; i++) {
		const struct value *v = &f->values[p->kept_vars[i]];

		if (!value_is_str(v))
			continue;
		all += v->s.n;
		fresh += is_kept(f, v->s) ? 0 : v->s.n;
	}
	if (fresh > f->cap - f->used && !frame_grow(f, p, all, &old))
		return;
	for (uint64_t i = 0; i < p->n_kept_vars; i++) {
		struct value *v = &f->values[p->kept_vars[i]];
		char *to = f->block + f->used;

		if (!value_is_str(v) || is_kept(f, v->s))
			continue;
		if (v->s.n)
			memcpy(to, v->s.p, v->s.n);
		v->s = v->s.n ? str_make(to, v->s.n) : S("");
		f->used += v->s.n;
	}
	mem_free(&old);
}

static struct script_vars *vars_get(struct script_worker *s)
{
	struct script_vars *v = s->spare_vars;

	s->spare_vars = NULL;
	return v ? v : script_vars_new();
}

static void vars_put(struct script_worker *s, struct script_vars **v)
{
	if (*v && !s->spare_vars && script_vars_reset(*v)) {
		s->spare_vars = *v;
		*v = NULL;
	}
	script_vars_unref(v);
}

static struct arena *arena_get(struct script_worker *s)
{
	struct arena *a = s->spare_arena;

	s->spare_arena = NULL;
	return a ? a : arena_new(RUN_ARENA_LIMIT);
}

static void arena_put(struct script_worker *s, struct arena **a)
{
	if (*a && !s->spare_arena && arena_reuse(*a)) {
		s->spare_arena = *a;
		*a = NULL;
	}
	arena_free(a);
}

int run_begin(struct run *r, struct worker *w, struct sip_draft *d, int32_t kind, struct txn *t,
	      struct script_vars *sv)
{
	struct script_worker *s = state(w);
	struct fiber *f = fiber_self();

	*r = (struct run){.prog = s->prog, .kind = kind, .branch = -1, .worker = w, .draft = d, .txn = t,
			  .trail = &s->trail};
	r->arena = arena_get(s);
	r->outer = f ? fiber_user(f) : NULL;
	r->frame = r->outer ? r->outer->frame : frame_get(s); /* routes within a route see its variables */
	r->sv = sv ? script_vars_ref(sv) : vars_get(s);
	r->depth_max = (int32_t)script_conf.max_recursive_level;
	r->stack_low = f ? fiber_stack_end(f) + STACK_RESERVE : 0;
	if (f)
		fiber_set_user(f, r);
	if (!r->arena || !r->frame || !r->sv) {
		run_end(r);
		return RT_E_NOMEM;
	}
	r->vars = ((struct frame *)r->frame)->values;
	if (t && !txn_user(t))
		txn_set_user(t, r->sv);
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

struct held {
	struct held *next;
	struct sip_msg *msg;
};

static void let_go(void *data)
{
	for (struct held *h = *(struct held **)data; h; h = h->next)
		sip_msg_unref(&h->msg);
}

bool run_hold_msg(struct run *r, struct sip_msg *m)
{
	static const char key;
	struct held **first = run_local(r, &key, sizeof(*first), let_go), *h = first ? *first : NULL;

	while (h && h->msg != m)
		h = h->next;
	if (h || !first)
		return first != NULL;
	h = arena_new_of(r->arena, struct held);
	if (!h)
		return false;
	*h = (struct held){*first, sip_msg_ref(m)};
	*first = h;
	return true;
}

void run_leave_txn(struct run *r)
{
	if (r->txn && r->sv && txn_user(r->txn) == r->sv && script_vars_spare(r->sv))
		txn_set_user(r->txn, NULL);
	r->txn = NULL;
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
		frame_keep(f, s->prog);
		f->next = s->pool;
		s->pool = f;
	}
	r->frame = NULL;
	if (fiber && fiber_user(fiber) == r)
		fiber_set_user(fiber, r->outer);
	run_leave_txn(r);
	vars_put(s, &r->sv);
	arena_put(s, &r->arena);
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

/* Texts are good until the run ends; those that an inner run made must last as long as the outermost one. */
void rt_var_set(struct run *r, int32_t slot, const struct value *v)
{
	struct value *to = &r->vars[slot];
	struct run *outermost = r;

	*to = *v;
	if (!value_is_str(v))
		return;
	if (to->s.n > RUN_VAR_MAX) {
		script_warn(r, "value of $var(" STR_FMT ") is cut to %d bytes", STR_ARG(r->prog->var_names[slot]),
			    RUN_VAR_MAX);
		to->s.n = RUN_VAR_MAX;
	}
	if (!r->outer || !to->s.n)
		return;
	while (outermost->outer)
		outermost = outermost->outer;
	to->s = str_dup(outermost->arena, to->s);
	if (to->s.p)
		return;
	*to = value_null();
	script_err(r, "out of memory for $var(" STR_FMT ")", STR_ARG(r->prog->var_names[slot]));
}
