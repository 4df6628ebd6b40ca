/* SPDX-License-Identifier: Apache-2.0 */
#include "lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/mem.h"
#include "codegen/codegen.h"
#include "front/front.h"
#include "lower/lower.h"

enum { MS = 1000, SETTLE_S = 4000 };

const struct sim_link lab_good = {.latency_min = 5 * MS, .latency_max = 5 * MS};
const struct sim_link lab_bad = {.loss = 500, .dup = 300, .reorder = 500, .latency_min = 5 * MS,
				 .latency_max = 40 * MS, .reorder_by = 200 * MS};

/* Code in memory lives as long as the process, and LLVM with it. */
const char *__lsan_default_suppressions(void);
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void)
{
	return "leak:libLLVM\n";
}

/* ---- compiling ---- */

static const struct program *compile(const struct front_opts *o, const char *path)
{
	struct compilation *c = compile_front(o, path);
	const struct program *p = NULL;
	struct codegen_input in;

	if (!c || !c->program || c->diag.n_errors) {
		fprintf(stderr, "%s: does not compile (kiln check tells why)\n", path);
		compile_free(&c);
		return NULL;
	}
	in = (struct codegen_input){.arena = c->arena, .source = &c->source, .pp = &c->pp, .file = c->file};
	in.rir = lower_run(c->arena, c->program, &c->source, false);
	p = in.rir ? codegen_jit(&in) : NULL;
	compile_free(&c);
	return p;
}

const struct program *lab_compile(const char *path)
{
	static const struct front_opts o = {.stop = STAGE_ALL, .no_lint = true, .compat = 5};

	return compile(&o, path);
}

static bool give_text(void *arg, struct arena *a, struct str name, struct str *text)
{
	(void)a;
	(void)name;
	*text = str_of(arg);
	return true;
}

const struct program *lab_compile_text(const char *text)
{
	static struct front_opts o = {.stop = STAGE_ALL, .no_lint = true, .compat = 5, .read = give_text};

	o.read_arg = (void *)(uintptr_t)text; /* only read */
	return compile(&o, "test.cfg");
}

/* ---- a run ---- */

static void on_line(void *arg, uint64_t now, int level, struct str line)
{
	struct lab *l = arg;

	(void)now;
	if (level > -1 || l->n_lines == LAB_LINES)
		return;
	snprintf(l->line[l->n_lines++], sizeof(l->line[0]), "%.*s", (int)(line.n < 199 ? line.n : 199), line.p);
}

static void on_tap(void *arg, uint64_t now, enum proto p, const struct addr *from, const struct addr *to,
		   struct str bytes)
{
	struct lab *l = arg;

	l->sent++;
	l->digest = (l->digest ^ hash_fnv(bytes)) * 0x100000001b3u + now + (uint64_t)p + from->ip[3] + to->port;
	if (getenv("SIM_SHOW"))
		printf("%9.3f %d:%u > %d:%u\n%.*s\n", (double)now / 1e6, from->ip[3], from->port, to->ip[3],
		       to->port, (int)bytes.n, bytes.p);
}

static struct addr host(bool ipv6, unsigned n)
{
	char text[24];
	struct addr a;

	snprintf(text, sizeof(text), ipv6 ? "fd00::%x" : "10.0.0.%u", n);
	BUG_ON(!addr_parse(str_of(text), &a));
	a.port = 5060;
	return a;
}

int lab_begin(struct lab *l, const struct program *p, const struct lab_opts *o)
{
	struct offline_opts oo = {.sim = {.seed = o->seed, .link = o->link}, .workers = o->workers,
				  .listen_only = true, .log_set = true, .log_level = o->log_level,
				  .tap = on_tap, .tap_arg = l, .log = on_line, .log_arg = l};
	bool was;
	int err;

	memset(l, 0, offsetof(struct lab, phone)); /* a phone is cleared when it is had */
	l->o = *o;
	if (l->o.proto == PROTO_NONE)
		l->o.proto = PROTO_UDP;
	l->at = host(o->ipv6, 1);
	l->blocks = mem_blocks();
	l->arenas = arena_count();
	oo.listen.v[oo.listen.n++] = o->ipv6 ? "[fd00::1]:5060" : "10.0.0.1:5060";
	err = offline_new(p, &oo, &l->server);
	if (err)
		return err;
	was = mem_fail_pause(true); /* phones' own memory */
	l->sim = offline_sim(l->server);
	l->world = sim_world_new(l->sim);
	err = worker_new(l->world, 0, 1, &l->worker);
	mem_fail_pause(was);
	return err;
}

struct ua *lab_phone(struct lab *l, const char *user)
{
	struct ua *u = &l->phone[l->n_phones];
	struct addr at = host(l->o.ipv6, 11 + l->n_phones++);

	BUG_ON(l->n_phones > LAB_PHONES);
	ua_init(u, l->worker, user, &at, &l->at, l->o.proto);
	return u;
}

/* One step unless it lies behind `end`. */
static bool step(struct lab *l, uint64_t end)
{
	return sim_next(l->sim) <= end && sim_step(l->sim);
}

int lab_wait(struct lab *l, const int *v, unsigned limit_ms)
{
	uint64_t end = sim_now(l->sim) + (uint64_t)limit_ms * MS;

	while (!*v && step(l, end))
		;
	return *v;
}

bool lab_wait_state(struct lab *l, const struct ua *u, enum ua_state s, unsigned limit_ms)
{
	uint64_t end = sim_now(l->sim) + (uint64_t)limit_ms * MS;

	while (u->call.state < s && step(l, end))
		;
	return u->call.state == s;
}

bool lab_wait_count(struct lab *l, const unsigned *v, unsigned n, unsigned limit_ms)
{
	uint64_t end = sim_now(l->sim) + (uint64_t)limit_ms * MS;

	while (*v < n && step(l, end))
		;
	return *v >= n;
}

void lab_run_ms(struct lab *l, unsigned ms)
{
	sim_run_for(l->sim, (uint64_t)ms * MS);
}

static bool phones_idle(const struct lab *l)
{
	for (unsigned i = 0; i < l->n_phones; i++)
		if (!ua_idle(&l->phone[i]))
			return false;
	return true;
}

bool lab_settle(struct lab *l, char *why, size_t size)
{
	uint64_t end = sim_now(l->sim) + (uint64_t)SETTLE_S * 1000 * MS;
	struct offline_left n;

	while (!phones_idle(l) || !offline_is_idle(l->server))
		if (!step(l, end))
			break;
	offline_left(l->server, &n);
	if (phones_idle(l) && offline_is_idle(l->server) && n.arenas <= 0)
		return true;
	snprintf(why, size,
		 "left: %u transactions, %u fibers, %u connections, %llu streams, %llu queries, %lld timers, "
		 "%lld arenas, %llu contacts, %llu events, phones %s",
		 n.txns, n.fibers, n.conns, (unsigned long long)n.streams, (unsigned long long)n.queries,
		 (long long)n.timers, (long long)n.arenas, (unsigned long long)n.contacts,
		 (unsigned long long)n.under_way, phones_idle(l) ? "idle" : "busy");
	return false;
}

bool lab_end(struct lab *l, char *why, size_t size)
{
	for (unsigned i = 0; i < l->n_phones; i++)
		ua_fini(&l->phone[i]);
	if (l->worker)
		worker_free(&l->worker);
	if (l->world)
		world_free(&l->world);
	offline_free(&l->server);
	if (mem_blocks() == l->blocks && arena_count() == l->arenas)
		return true;
	snprintf(why, size, "the process holds %lld blocks and %lld arenas more than before",
		 (long long)mem_blocks() - (long long)l->blocks, (long long)arena_count() - (long long)l->arenas);
	return false;
}

unsigned lab_runs(unsigned few)
{
	const char *s = getenv("RUNS");

	return s && *s ? (unsigned)strtoul(s, NULL, 10) : few;
}
