/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>

#include "base/mem.h"
#include "usrloc/usrloc.h"

enum { NOW = 1000000 };

struct fixture {
	struct ul_table *t;
	struct arena *a;
	size_t blocks;
};

static int setup(void **state)
{
	static struct fixture f;

	f.blocks = mem_blocks();
	assert_int_equal(ul_table_new(S("location"), NULL, &f.t), 0);
	f.a = arena_new(0);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	ul_table_free(&f->t);
	arena_free(&f->a);
	assert_int_equal(mem_blocks(), f->blocks); /* nothing leaked */
	return 0;
}

static struct ul_change save_of(const char *uri, const char *call_id, uint32_t cseq, int32_t q,
				int64_t expires)
{
	return (struct ul_change){.op = UL_OP_SAVE,
				  .c = {.uri = str_of(uri),
					.call_id = str_of(call_id),
					.ruid = str_of(uri),
					.cseq = cseq,
					.q = q,
					.expires = expires}};
}

static const struct ul_apply_opts plain = {.now = NOW, .cseq_delay = 20};

static int apply1(struct fixture *f, struct ul_change c, const struct ul_apply_opts *o,
		  struct ul_result *r)
{
	return ul_apply(f->t, S("alice"), &c, 1, o, f->a, r);
}

static void test_save_lookup_remove(void **state)
{
	struct fixture *f = *state;
	struct ul_result r;
	struct ul_change rm = {.op = UL_OP_REMOVE,
			       .c = {.uri = S("sip:a@1"), .call_id = S("c1"), .cseq = 3}};

	assert_int_equal(ul_lookup(f->t, S("alice"), NOW, f->a, &r), RT_E_NOENT);
	assert_int_equal(apply1(f, save_of("sip:a@1", "c1", 1, 500, NOW + 60), &plain, &r), 0);
	assert_int_equal(r.inserted, 1);
	assert_int_equal(apply1(f, save_of("sip:a@2", "c2", 1, 700, NOW + 60), &plain, &r), 0);
	assert_int_equal(ul_lookup(f->t, S("alice"), NOW, f->a, &r), 0);
	assert_int_equal(r.n, 2);
	assert_true(str_eq(r.contacts[0].uri, S("sip:a@2"))); /* the better q */
	assert_int_equal(apply1(f, rm, &plain, &r), 0);
	assert_int_equal(r.removed, 1);
	assert_int_equal(r.n, 1);
	assert_int_equal(ul_remove(f->t, S("alice"), STR_NULL), 0);
	assert_int_equal(ul_remove(f->t, S("alice"), STR_NULL), RT_E_NOENT);
}

static void test_order_and_retransmission(void **state)
{
	struct fixture *f = *state;
	struct ul_apply_opts late = {.now = NOW + 100, .cseq_delay = 20};
	struct ul_result r;

	assert_int_equal(apply1(f, save_of("sip:a@1", "c1", 5, -1, NOW + 600), &plain, &r), 0);
	assert_int_equal(apply1(f, save_of("sip:a@1", "c1", 5, -1, NOW + 600), &plain, &r),
			 RT_E_EXIST);
	assert_int_equal(r.n, 1);
	assert_int_equal(apply1(f, save_of("sip:a@1", "c1", 5, -1, NOW + 600), &late, &r),
			 RT_E_STATE);
	assert_int_equal(apply1(f, save_of("sip:a@1", "c1", 4, -1, NOW + 600), &plain, &r),
			 RT_E_STATE);
	assert_int_equal(apply1(f, save_of("sip:a@1", "c9", 1, -1, NOW + 600), &plain, &r), 0);
	assert_int_equal(r.updated, 1);
}

static void test_all_or_nothing(void **state)
{
	struct fixture *f = *state;
	struct ul_apply_opts o = {.now = NOW, .max_contacts = 2};
	struct ul_change three[] = {save_of("sip:a@1", "c", 1, -1, NOW + 60),
				    save_of("sip:a@2", "c", 1, -1, NOW + 60),
				    save_of("sip:a@3", "c", 1, -1, NOW + 60)};
	struct ul_result r;
	struct ul_counts n;

	assert_int_equal(ul_apply(f->t, S("alice"), three, 3, &o, f->a, &r), RT_E_LIMIT);
	ul_count(f->t, &n);
	assert_int_equal(n.contacts, 0);
	assert_int_equal(n.users, 0);
	for (uint64_t nth = 1; nth <= 16; nth++) { /* each allocation failing in turn */
		int err;

		mem_fail_nth(nth);
		err = ul_apply(f->t, S("alice"), three, 2, &o, f->a, &r);
		mem_fail_nth(0);
		ul_count(f->t, &n);
		if (err) {
			assert_int_equal(err, RT_E_NOMEM);
			assert_int_equal(n.contacts, 0);
			continue;
		}
		assert_int_equal(n.contacts, 2);
		break;
	}
	ul_count(f->t, &n);
	assert_int_equal(n.contacts, 2);
}

static void on_expired(void *arg, struct str aor, const struct ul_contact *c)
{
	assert_true(str_eq(aor, S("alice")) || str_starts(aor, S("u")));
	assert_true(c->uri.n > 0);
	(*(int *)arg)++;
}

/* The same texts again: the binding stays, with its identity, and takes what is new. */
static void test_refresh(void **state)
{
	struct fixture *f = *state;
	struct ul_apply_opts later = {.now = NOW + 30, .cseq_delay = 20};
	struct ul_apply_opts by_time = {.now = NOW + 40, .by_time = true};
	struct ul_change again = save_of("sip:a@1", "c1", 2, -1, NOW + 90);
	struct ul_change twice[] = {save_of("sip:a@1", "c1", 4, 0, NOW + 95), save_of("sip:a@1", "c1", 4, 0, NOW + 99)};
	struct ul_result r;
	size_t blocks;
	int seen = 0;

	apply1(f, save_of("sip:a@1", "c1", 1, -1, NOW + 60), &plain, &r);
	apply1(f, save_of("sip:a@2", "c2", 1, -1, NOW + 80), &plain, &r);
	blocks = mem_blocks();
	again.c.ruid = S("another");
	assert_int_equal(apply1(f, again, &later, &r), 0);
	assert_int_equal(mem_blocks(), blocks);
	assert_int_equal(r.updated, 1);
	assert_true(str_eq(r.contacts[0].uri, S("sip:a@1")));
	assert_true(str_eq(r.contacts[0].ruid, S("sip:a@1")));
	assert_int_equal(r.contacts[0].cseq, 2);
	assert_int_equal(r.contacts[0].modified, NOW + 30);
	assert_int_equal(r.contacts[0].expires, NOW + 90);
	assert_int_equal(apply1(f, save_of("sip:a@2", "c2", 2, 500, NOW + 80), &later, &r), 0);
	assert_true(str_eq(r.contacts[0].uri, S("sip:a@2"))); /* now the better q */
	assert_int_equal(apply1(f, save_of("sip:a@1", "c1", 3, -1, NOW + 90), &by_time, &r), 0);
	assert_true(str_eq(r.contacts[0].uri, S("sip:a@1")));
	assert_false(ul_expire(f->t, NOW + 80, 100, on_expired, &seen));
	assert_int_equal(seen, 1);
	assert_int_equal(ul_apply(f->t, S("alice"), twice, 2, &later, f->a, &r), 0);
	assert_int_equal(r.n, 2); /* named twice: the second is one more */
	assert_false(ul_expire(f->t, NOW + 99, 100, on_expired, &seen));
	assert_int_equal(seen, 3);
}

static void test_modes(void **state)
{
	struct fixture *f = *state;
	struct ul_apply_opts only = {.now = NOW, .only_these = true};
	struct ul_apply_opts all = {.now = NOW, .remove_all = true};
	struct ul_result r;

	apply1(f, save_of("sip:a@1", "c1", 1, -1, NOW + 60), &plain, &r);
	apply1(f, save_of("sip:a@2", "c2", 1, -1, NOW + 60), &plain, &r);
	assert_int_equal(apply1(f, save_of("sip:a@9", "c3", 1, -1, NOW + 60), &only, &r), 0);
	assert_int_equal(r.n, 1);
	assert_int_equal(ul_apply(f->t, S("alice"), NULL, 0, &all, f->a, &r), 0);
	assert_int_equal(r.n, 0);
	assert_int_equal(r.removed, 1);
}

static void test_expiry(void **state)
{
	struct fixture *f = *state;
	struct ul_result r;
	struct ul_counts n;
	int seen = 0;

	apply1(f, save_of("sip:a@1", "c1", 1, -1, NOW + 60), &plain, &r);
	apply1(f, save_of("sip:a@2", "c2", 1, -1, NOW + 60), &plain, &r);
	apply1(f, save_of("sip:a@3", "c3", 1, -1, NOW + 9000), &plain, &r);
	assert_int_equal(ul_lookup(f->t, S("alice"), NOW + 61, f->a, &r), 0);
	assert_int_equal(r.n, 1); /* not shown, though not swept yet */
	assert_false(ul_expire(f->t, NOW + 59, 100, on_expired, &seen));
	assert_int_equal(seen, 0);
	assert_false(ul_expire(f->t, NOW + 60, 100, on_expired, &seen));
	assert_int_equal(seen, 2);
	assert_false(ul_expire(f->t, NOW + 8999, 100, on_expired, &seen));
	assert_int_equal(seen, 2);
	assert_false(ul_expire(f->t, NOW + 9001, 100, NULL, NULL));
	ul_count(f->t, &n);
	assert_int_equal(n.users, 0);
	assert_int_equal(n.expired, 3);
}

static bool count_visit(void *arg, struct str aor, const struct ul_contact *c, uint32_t n)
{
	(void)aor;
	(void)c;
	*(uint64_t *)arg += n;
	return true;
}

static void test_many(void **state)
{
	struct fixture *f = *state;
	uint64_t visited = 0;
	struct ul_counts n;
	int seen = 0;

	for (int i = 0; i < 100000; i++) {
		char user[32], uri[64];
		struct ul_result r;
		struct ul_change c;

		snprintf(user, sizeof(user), "u%d", i);
		snprintf(uri, sizeof(uri), "sip:u%d@10.0.0.1", i);
		c = save_of(uri, user, 1, -1, NOW + 60 + i % 3600);
		assert_int_equal(ul_apply(f->t, str_of(user), &c, 1, &plain, f->a, &r), 0);
		if (i % 1000 == 0)
			arena_reset(f->a);
	}
	ul_each(f->t, NOW, count_visit, &visited);
	assert_int_equal(visited, 100000);
	while (ul_expire(f->t, NOW + 4000, 5000, on_expired, &seen))
		;
	assert_int_equal(seen, 100000);
	ul_count(f->t, &n);
	assert_int_equal(n.contacts, 0);
}

enum { CROWD = 1000000, BITE = 1000, DEAREST = 16 };

static void register_crowd(struct fixture *f, int from, int to, int64_t expires)
{
	for (int i = from; i < to; i++) {
		char user[32];
		struct ul_result r;
		struct ul_change c;
		uint64_t moved = i % 1000 ? 0 : ul_moved(f->t);

		snprintf(user, sizeof(user), "u%d", i);
		c = save_of(user, user, 1, -1, expires);
		assert_int_equal(ul_apply(f->t, str_of(user), &c, 1, &plain, f->a, &r), 0);
		if (i % 1000 == 0) {
			assert_in_range(ul_moved(f->t) - moved, 0, DEAREST);
			arena_reset(f->a);
		}
	}
}

/*
 * No stall, by counts: with a million contacts a registration moves no more records than a chain has, and a
 * sweep removes what it was allowed to, though all of them fall due in one second and as many wait beside them.
 */
static void test_million(void **state)
{
	struct fixture *f = *state;
	struct ul_counts n, before;
	uint32_t bites = 0, idle = 0;
	bool more = true;

	register_crowd(f, 0, CROWD / 2, NOW + 60);
	register_crowd(f, CROWD / 2, CROWD, NOW + 61);
	for (int64_t s = NOW; s < NOW + 60; s++)
		while (ul_expire(f->t, s, BITE, NULL, NULL))
			idle++;
	assert_in_range(idle, 0, 2 * CROWD / BITE);
	for (; more; bites++) {
		ul_count(f->t, &before);
		more = ul_expire(f->t, NOW + 60, BITE, NULL, NULL);
		ul_count(f->t, &n);
		assert_int_equal(before.contacts - n.contacts, more ? BITE : CROWD / 2 % BITE);
	}
	assert_int_equal(bites, CROWD / 2 / BITE + 1);
	assert_int_equal(n.contacts, CROWD / 2);
}

/* Issue 6: at most 400 bytes per contact, all told; what a phone usually sends. */
static void test_bytes(void **state)
{
	struct fixture *f = *state;
	enum { N = 100000 };
	size_t before = mem_bytes(), blocks = mem_blocks();

	for (int i = 0; i < N; i++) {
		struct ul_apply_opts o = {.now = NOW};
		struct ul_change ch = {.op = UL_OP_SAVE};
		struct ul_result res;
		char aor[32], uri[80], call_id[64], ruid[40];

		snprintf(aor, sizeof(aor), "user%06d@example.org", i);
		snprintf(uri, sizeof(uri), "sip:user%06d@192.168.100.101:5060;transport=udp", i);
		snprintf(call_id, sizeof(call_id), "%06d-f81d4fae-7dec-11d0@192.168.100.101", i);
		snprintf(ruid, sizeof(ruid), "uloc-6592a8b1-1f2e3d4c-%06x", i);
		ch.c = (struct ul_contact){.uri = str_of(uri), .call_id = str_of(call_id), .ruid = str_of(ruid),
					   .user_agent = S("Yealink SIP-T46S 66.84.0.15"), .cseq = 1,
					   .expires = NOW + 3600, .q = -1, .methods = 0x1fff};
		assert_int_equal(ul_apply(f->t, str_of(aor), &ch, 1, &o, f->a, &res), 0);
		arena_reset(f->a);
	}
	/* an allocator's own 8 bytes per block count too */
	assert_true((mem_bytes() - before + 8 * (mem_blocks() - blocks)) / N <= 400);
}

/* Contacts of two AoRs come, change q, expire and go; whichever is first, the table finds all, the best first. */
static void test_first_changes(void **state)
{
	enum { AORS = 2, CONTACTS = 5, SECONDS = 3000 };
	static const char *uris[CONTACTS] = {"sip:0", "sip:1", "sip:2", "sip:3", "sip:4"};
	static const struct str aors[AORS] = {S("alice"), S("bob")};
	struct {
		int32_t q;
		int64_t expires; /* 0: not there */
	} have[AORS][CONTACTS] = {0};
	struct fixture *f = *state;
	uint64_t seed = 1;

	for (int64_t now = NOW; now < NOW + SECONDS; now++) {
		struct ul_apply_opts o = {.now = now};
		struct ul_result r = {0};
		struct ul_counts count;
		struct ul_change ch;
		unsigned a, c, all = 0;

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		a = seed >> 60 & 1;
		c = (unsigned)(seed >> 40) % CONTACTS;
		if (seed >> 33 & 3) {
			have[a][c].q = seed >> 50 & 7;
			have[a][c].expires = now + 1 + (int64_t)(seed >> 36 & 15);
			ch = save_of(uris[c], "c", (uint32_t)now, have[a][c].q, have[a][c].expires);
			assert_int_equal(ul_apply(f->t, aors[a], &ch, 1, &o, f->a, &r), 0);
		} else {
			assert_int_equal(ul_remove(f->t, aors[a], str_of(uris[c])), have[a][c].expires ? 0 : RT_E_NOENT);
			have[a][c].expires = 0;
		}
		assert_false(ul_expire(f->t, now, 1000, NULL, NULL));
		for (a = 0; a < AORS; a++) {
			unsigned n = 0;

			r.n = 0;
			for (c = 0; c < CONTACTS; c++) {
				if (have[a][c].expires <= now)
					have[a][c].expires = 0;
				n += have[a][c].expires != 0;
			}
			assert_int_equal(ul_lookup(f->t, aors[a], now, f->a, &r), n ? 0 : RT_E_NOENT);
			assert_int_equal(r.n, n);
			all += n;
			for (uint32_t i = 0; i < r.n; i++) {
				c = (unsigned)(r.contacts[i].uri.p[4] - '0');
				assert_int_equal(r.contacts[i].q, have[a][c].q);
				assert_int_equal(r.contacts[i].expires, have[a][c].expires);
				assert_true(i == 0 || r.contacts[i - 1].q >= r.contacts[i].q);
			}
		}
		ul_count(f->t, &count);
		assert_int_equal(count.contacts, all);
		assert_in_range(count.users, all ? 1 : 0, AORS);
		arena_reset(f->a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_save_lookup_remove, setup, teardown),
		cmocka_unit_test_setup_teardown(test_order_and_retransmission, setup, teardown),
		cmocka_unit_test_setup_teardown(test_all_or_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refresh, setup, teardown),
		cmocka_unit_test_setup_teardown(test_modes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_expiry, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_first_changes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_million, setup, teardown),
	};

	return cmocka_run_group_tests_name("usrloc", tests, NULL, NULL);
}
