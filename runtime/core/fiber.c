/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Boost.Context's assembly, called from C. Resuming a fiber is a jump into it; parking and ending jump
 * back to whoever resumed it, which may itself be a fiber (fiber_run_now nests). The context pointer of
 * the side left behind travels in the jump, as the library wants.
 *
 * Stacks are mmapped with a guard page below and stay with their struct fiber, which lies at the
 * stack's top, so that one allocation serves both; spare ones are kept up to a bound.
 */
#include "core/fiber.h"

#include <sys/mman.h>
#include <unistd.h>

#include "core/core_priv.h"

#if defined(__SANITIZE_ADDRESS__)
#define FIBER_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FIBER_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define FIBER_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define FIBER_TSAN 1
#endif
#endif
#ifdef FIBER_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef FIBER_TSAN
#include <sanitizer/tsan_interface.h>
#endif

typedef void *fctx;
struct transfer {
	fctx from;
	void *data;
};
struct transfer jump_fcontext(fctx to, void *data);
fctx make_fcontext(void *stack_top, size_t size, void (*fn)(struct transfer));

enum { SPARE_MAX = 256, RUN_ROUND_MAX = 4096 };

/* Sanitizers need far deeper frames. */
#if defined(FIBER_ASAN) || defined(FIBER_TSAN)
enum { STACK_BYTES = FIBER_STACK * 4 };
#else
enum { STACK_BYTES = FIBER_STACK };
#endif

struct fiber {
	struct list node; /* ready queue */
	struct worker *w;
	fctx ctx;    /* where it stands; NULL while it runs */
	fctx caller; /* where to go back to */
	struct fiber *outer; /* the fiber that resumed it, or NULL: the loop */
	fiber_fn *fn;
	void *arg, *user;
	uint64_t id;
	char *map;
	size_t map_len, stack_len;
	struct fiber *next_spare;
	bool parked, woken, ended, has_parked;
#ifdef FIBER_ASAN
	void *fake;
	const void *caller_bottom;
	size_t caller_size;
#endif
#ifdef FIBER_TSAN
	void *tsan, *tsan_caller;
#endif
};

void fibers_init(struct fibers *f)
{
	list_init(&f->ready);
	f->max = FIBER_MAX_DEFAULT;
}

static void stack_free(struct fiber *f)
{
#ifdef FIBER_TSAN
	__tsan_destroy_fiber(f->tsan);
#endif
	munmap(f->map, f->map_len);
}

void fibers_fini(struct fibers *fs)
{
	while (fs->spare) {
		struct fiber *f = fs->spare;

		fs->spare = f->next_spare;
		stack_free(f);
	}
	fs->n_spare = 0;
}

static void fiber_main(struct transfer t);

/* A fiber that has had no work yet. */
static struct fiber *stack_new(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), len = STACK_BYTES + page;
	char *m = mem_must_fail() ? MAP_FAILED
				  : mmap(NULL, len, PROT_READ | PROT_WRITE,
					 MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
	struct fiber *f;
	size_t head = (sizeof(*f) + 63) & ~(size_t)63;

	if (m == MAP_FAILED)
		return NULL;
	if (mprotect(m, page, PROT_NONE) == -1) {
		munmap(m, len);
		return NULL;
	}
	f = (struct fiber *)(void *)(m + len - head); /* in fresh memory: zeroed */
	list_init(&f->node);
	f->map = m;
	f->map_len = len;
	f->stack_len = STACK_BYTES - head;
	f->ctx = make_fcontext(f, f->stack_len, fiber_main);
#ifdef FIBER_TSAN
	f->tsan = __tsan_create_fiber(0);
#endif
	return f;
}

#ifdef FIBER_ASAN
static char *stack_bottom(const struct fiber *f)
{
	return f->map + (f->map_len - STACK_BYTES);
}
#endif

/* ---- switching ---- */

/* From the fiber to whoever resumed it. Comes back when it is resumed, or has new work. */
static void switch_out(struct fiber *f)
{
	struct transfer t;

#ifdef FIBER_ASAN
	__sanitizer_start_switch_fiber(f->ended ? NULL : &f->fake, f->caller_bottom, f->caller_size);
#endif
#ifdef FIBER_TSAN
	__tsan_switch_to_fiber(f->tsan_caller, 0);
#endif
	t = jump_fcontext(f->caller, f);
#ifdef FIBER_ASAN
	__sanitizer_finish_switch_fiber(f->fake, &f->caller_bottom, &f->caller_size);
#endif
	f->caller = t.from;
}

static void fiber_main(struct transfer t)
{
	struct fiber *f = t.data;

#ifdef __x86_64__
	__asm__ volatile(".cfi_undefined rip"); /* debuggers: the stack begins here */
#endif
#ifdef FIBER_ASAN
	__sanitizer_finish_switch_fiber(NULL, &f->caller_bottom, &f->caller_size);
#endif
	f->caller = t.from;
	for (;;) { /* goes on here with its next work */
		f->fn(f->arg);
		f->ended = true;
		switch_out(f);
	}
}

static void recycle(struct fibers *fs, struct fiber *f)
{
	fs->live--;
#ifdef FIBER_ASAN
	f->fake = NULL;
	__asan_unpoison_memory_region(stack_bottom(f), f->stack_len);
#endif
	if (fs->n_spare >= SPARE_MAX) {
		stack_free(f);
		return;
	}
	f->next_spare = fs->spare;
	fs->spare = f;
	fs->n_spare++;
}

/* Into the fiber; returns when it parks or ends. */
static void resume(struct worker *w, struct fiber *f)
{
	struct fibers *fs = &w->fibers;
	fctx to = f->ctx;
	struct transfer t;
#ifdef FIBER_ASAN
	void *fake = NULL;
#endif

	f->outer = fs->current;
	fs->current = f;
	f->ctx = NULL;
#ifdef FIBER_ASAN
	__sanitizer_start_switch_fiber(&fake, stack_bottom(f), f->stack_len);
#endif
#ifdef FIBER_TSAN
	f->tsan_caller = __tsan_get_current_fiber();
	__tsan_switch_to_fiber(f->tsan, 0);
#endif
	t = jump_fcontext(to, f);
#ifdef FIBER_ASAN
	__sanitizer_finish_switch_fiber(fake, NULL, NULL);
#endif
	f->ctx = t.from;
	fs->current = f->outer;
	f->outer = NULL;
	if (f->ended)
		recycle(fs, f);
}

/* ---- door ---- */

static int fiber_make(struct worker *w, fiber_fn *fn, void *arg, struct fiber **ret)
{
	struct fibers *fs = &w->fibers;
	struct fiber *f = fs->spare;

	if (fs->live >= fs->max)
		return RT_E_LIMIT;
	if (f) {
		fs->spare = f->next_spare;
		fs->n_spare--;
	} else {
		f = stack_new();
		if (!f)
			return RT_E_NOMEM;
	}
	/* the other members are as stack_new() or its last work left them */
	f->w = w;
	f->fn = fn;
	f->arg = arg;
	f->user = NULL;
	f->id = ++fs->last_id;
	f->parked = f->woken = f->ended = f->has_parked = false;
	fs->live++;
	*ret = f;
	return 0;
}

void fiber_set_max(struct worker *w, unsigned max)
{
	w->fibers.max = max;
}

int fiber_spawn(struct worker *w, fiber_fn *fn, void *arg)
{
	struct fiber *f;
	int err = fiber_make(w, fn, arg, &f);

	if (!err)
		list_add_tail(&w->fibers.ready, &f->node);
	return err;
}

int fiber_run_now(struct worker *w, fiber_fn *fn, void *arg)
{
	struct fiber *f;
	int err = fiber_make(w, fn, arg, &f);

	if (!err)
		resume(w, f);
	return err;
}

struct fiber *fiber_self(void)
{
	struct worker *w = worker_self();

	return w ? w->fibers.current : NULL;
}

bool fiber_again(void)
{
	struct fiber *f = fiber_self();

	f->woken = false;
	return !f->has_parked;
}

void fiber_park(void)
{
	struct fiber *f = fiber_self();

	BUG_ON(!f);
	if (!f->woken) {
		f->parked = f->has_parked = true;
		switch_out(f);
		f->parked = false;
	}
	f->woken = false;
}

void fiber_wake(struct fiber *f)
{
	DEBUG_ON(f->ended);
	if (f->woken)
		return;
	f->woken = true;
	if (f->parked)
		list_add_tail(&f->w->fibers.ready, &f->node);
}

struct timed_park {
	struct timer t;
	struct fiber *f;
	bool fired;
};

static void park_timeout(void *arg)
{
	struct timed_park *p = arg;

	p->fired = true;
	fiber_wake(p->f);
}

int fiber_park_timeout(uint32_t ms)
{
	struct timed_park p = {.f = fiber_self()};

	BUG_ON(!p.f);
	timer_start(p.f->w, &p.t, ms, park_timeout, &p);
	fiber_park();
	timer_stop(&p.t);
	return p.fired ? RT_E_TIMEOUT : 0;
}

void fiber_sleep_await(uint32_t ms)
{
	while (fiber_park_timeout(ms) != RT_E_TIMEOUT)
		ms = 0; /* woken by a stray wake: nothing else may wake a sleeper */
}

void fiber_set_user(struct fiber *f, void *user)
{
	f->user = user;
}

void *fiber_user(const struct fiber *f)
{
	return f->user;
}

uintptr_t fiber_stack_end(const struct fiber *f)
{
	return (uintptr_t)f->map;
}

uint64_t fiber_id(const struct fiber *f)
{
	return f->id;
}

struct worker *fiber_worker(const struct fiber *f)
{
	return f->w;
}

void *worker_fiber_user(const struct worker *w)
{
	const struct fiber *f = w->fibers.current;

	return f ? f->user : NULL;
}

unsigned worker_fibers(const struct worker *w)
{
	return w->fibers.live;
}

bool fibers_run(struct worker *w)
{
	struct list *q = &w->fibers.ready;

	for (unsigned n = 0; !list_empty(q) && n < RUN_ROUND_MAX; n++) {
		struct fiber *f = container_of(q->next, struct fiber, node);

		list_del(&f->node);
		resume(w, f);
	}
	return !list_empty(q);
}

/* ---- calls between workers ---- */

/* On the caller's stack, which is parked until the note has come back. */
struct call {
	struct world_note note;
	struct worker *to, *from;
	struct fiber *caller;
	worker_fn *fn;
	void *arg;
	int err;
	bool done;
};

static void call_back(struct world_note *n)
{
	struct call *c = container_of(n, struct call, note);

	c->done = true;
	fiber_wake(c->caller);
}

static void call_fiber(void *arg)
{
	struct call *c = arg;

	c->fn(c->to, c->arg);
	c->note.fn = call_back;
	world_post(c->from->world, &c->note);
}

static void call_there(struct world_note *n)
{
	struct call *c = container_of(n, struct call, note);
	int err = fiber_run_now(c->to, call_fiber, c);

	if (!err)
		return; /* c may be gone by now */
	c->err = err;
	n->fn = call_back;
	world_post(c->from->world, n);
}

int worker_call_await(struct worker *to, worker_fn *fn, void *arg)
{
	struct fiber *f = fiber_self();
	struct call c = {.to = to, .caller = f, .fn = fn, .arg = arg};

	if (to == worker_self()) {
		fn(to, arg);
		return 0;
	}
	if (!f)
		return RT_E_STATE;
	c.from = f->w;
	c.note.fn = call_there;
	world_post(to->world, &c.note);
	while (!c.done)
		fiber_park();
	return c.err;
}

/* ---- wait queues ---- */

struct waiter {
	struct list node;
	struct fiber *f;
};

void wait_queue_init(struct wait_queue *q)
{
	list_init(&q->waiters);
}

int wait_queue_await(struct wait_queue *q, uint32_t ms)
{
	struct waiter me = {.f = fiber_self()};
	int err = 0;

	list_init(&me.node);
	list_add_tail(&q->waiters, &me.node);
	if (ms == 0)
		fiber_park();
	else
		err = fiber_park_timeout(ms);
	if (list_empty(&me.node))
		err = 0; /* woken in the same moment as the timeout */
	list_del(&me.node);
	return err;
}

bool wait_queue_wake_one(struct wait_queue *q)
{
	struct waiter *x;

	if (list_empty(&q->waiters))
		return false;
	x = container_of(q->waiters.next, struct waiter, node);
	list_del(&x->node);
	fiber_wake(x->f);
	return true;
}

void wait_queue_wake_all(struct wait_queue *q)
{
	while (wait_queue_wake_one(q))
		;
}
