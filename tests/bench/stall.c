/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The location table alone, in one thread: bytes, the mean lookup, and the longest that one registration, one lookup
 * and one bite of the sweep take (processor time), with 1,000 contacts up to the number given (a million). All of them
 * fall due in one second.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "usrloc/usrloc.h"

enum { NOW = 1700000000, BITE = 2000 /* as stdlib/usrloc's */, LOOKUPS = 1000000, ROUNDS = 3 };

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static struct str name(char *buf, size_t size, const char *fmt, unsigned i)
{
	int n = snprintf(buf, size, fmt, i);

	return str_make(buf, (size_t)n);
}

/* What a phone sends. */
static void save(struct ul_table *t, struct arena *a, unsigned i)
{
	char aor[32], uri[80], call_id[64], ruid[40];
	struct ul_change ch = {.op = UL_OP_SAVE};
	struct ul_apply_opts o = {.now = NOW};
	struct ul_result res;

	ch.c = (struct ul_contact){
		.uri = name(uri, sizeof(uri), "sip:user%07u@192.168.100.101:5060;transport=udp", i),
		.call_id = name(call_id, sizeof(call_id), "%07u-f81d4fae-7dec-11d0@192.168.100.101", i),
		.ruid = name(ruid, sizeof(ruid), "uloc-6592a8b1-1f2e3d4c-%07x", i),
		.user_agent = S("Yealink SIP-T46S 66.84.0.15"), .cseq = 1, .expires = NOW + 3600, .q = -1, .methods = 0x1fff};
	if (ul_apply(t, name(aor, sizeof(aor), "user%07u@example.org", i), &ch, 1, &o, a, &res))
		exit(1);
	arena_reset(a);
}

/*
 * The same work is done ROUNDS times; of each step the shortest time counts, for what else the machine does hits
 * another step each time; of all steps the longest is told.
 */
struct steps {
	uint32_t *ns;
	size_t n, cap;
};

static void took(struct steps *s, unsigned round, size_t i, uint64_t begin)
{
	uint64_t ns = cpu_ns() - begin;

	if (i >= s->cap)
		exit(1);
	if (round == 0 || ns < s->ns[i])
		s->ns[i] = (uint32_t)(ns < UINT32_MAX ? ns : UINT32_MAX);
	s->n = i + 1;
}

static double longest_ms(const struct steps *s)
{
	uint32_t most = 0;

	for (size_t i = 0; i < s->n; i++)
		most = s->ns[i] > most ? s->ns[i] : most;
	return most / 1e6;
}

struct figures {
	struct steps save, find, expire;
	size_t bytes;
	double lookup_ns;
};

static void look_up(struct ul_table *t, struct arena *a, unsigned n, unsigned i)
{
	struct ul_result r;
	char aor[32];

	if (ul_lookup(t, name(aor, sizeof(aor), "user%07u@example.org", i * 7919u % n), NOW, a, &r))
		exit(1);
	arena_reset(a);
}

static void one_round(struct figures *f, unsigned round, unsigned n)
{
	struct arena *a = arena_new(0);
	size_t bytes = mem_bytes(), blocks = mem_blocks();
	struct ul_table *t;
	uint64_t begin, all;
	bool more = true;

	if (ul_table_new(S("location"), NULL, &t))
		exit(1);
	for (unsigned i = 0; i < n; i++) {
		begin = cpu_ns();
		save(t, a, i);
		took(&f->save, round, i, begin);
	}
	f->bytes = mem_bytes() - bytes + 8 * (mem_blocks() - blocks);
	all = cpu_ns();
	for (unsigned i = 0; i < LOOKUPS; i++)
		look_up(t, a, n, i);
	all = cpu_ns() - all;
	if (round == 0 || (double)all / LOOKUPS < f->lookup_ns)
		f->lookup_ns = (double)all / LOOKUPS;
	for (unsigned i = 0; i < n; i++) {
		begin = cpu_ns();
		look_up(t, a, n, i);
		took(&f->find, round, i, begin);
	}
	for (size_t i = 0; more; i++) {
		begin = cpu_ns();
		more = ul_expire(t, NOW + 3600, BITE, NULL, NULL);
		took(&f->expire, round, i, begin);
	}
	ul_table_free(&t);
	arena_free(&a);
}

static struct steps steps_for(unsigned n)
{
	struct steps s = {.ns = calloc(n + 10u, sizeof(uint32_t)), .cap = n + 10u};

	if (!s.ns)
		exit(1);
	return s;
}

static void measure(unsigned n)
{
	struct figures f = {.save = steps_for(n), .find = steps_for(n), .expire = steps_for(n)};

	for (unsigned r = 0; r < ROUNDS; r++)
		one_round(&f, r, n);
	printf("%8u contacts: %3zu bytes each; lookup %4.0f ns; longest registration %.3f ms, lookup %.3f ms, bite of expiry %.3f ms\n",
	       n, f.bytes / n, f.lookup_ns, longest_ms(&f.save), longest_ms(&f.find), longest_ms(&f.expire));
	fflush(stdout);
	free(f.save.ns);
	free(f.find.ns);
	free(f.expire.ns);
}

int main(int argc, char **argv)
{
	unsigned top = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1000000;

	for (unsigned n = 1000; n <= top; n *= 10)
		measure(n);
	return 0;
}
