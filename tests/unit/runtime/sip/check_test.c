/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The judgement of the RFC 4475 and 5118 messages (tests/torture) against expected.tsv, as far as it
 * is decided before the script: what must be refused is refused, what is valid is let through.
 */
#include "runtime/sip/sip_test.h"

enum { COLUMNS = 9, FILE_MAX = 70000 };

static struct str read_file(struct arena *a, const char *path)
{
	struct str s = STR_NULL;
	FILE *f = fopen(path, "rb");
	char *buf;

	if (!f)
		return s;
	buf = arena_alloc(a, FILE_MAX);
	s = str_make(buf, fread(buf, 1, FILE_MAX, f));
	fclose(f);
	return s;
}

/* Does the comma list hold one of the words (a trailing '-' or '*' does not count)? */
static bool allows(struct str list, struct str word)
{
	while (list.p) {
		struct str t = str_cut(&list, ',');

		while (t.n && (t.p[t.n - 1] == '-' || t.p[t.n - 1] == '*'))
			t.n--;
		if (str_eq(t, word))
			return true;
	}
	return false;
}

static bool fits(struct str accept, const struct sip_judgement *j)
{
	switch (j->verdict) {
	case SIP_ACCEPT: /* the script answers the rest: 401, 416, 420, 483 ... */
		return !str_eq(accept, S("400")) && !str_eq(accept, S("400,CLOSE")) &&
		       !str_eq(accept, S("505,DROP-")) && !str_eq(accept, S("400,DROP-")) &&
		       !str_eq(accept, S("400,DROP"));
	case SIP_REJECT:
		return allows(accept, j->status == 505 ? S("505") : S("400"));
	case SIP_DROP:
		return allows(accept, S("DROP"));
	}
	return false;
}

static void judge_file(struct str name, struct str accept, enum proto proto)
{
	struct arena *a = arena_new(0);
	struct sip_judgement j;
	struct sip_msg *m;
	char path[200];
	struct str bytes;

	snprintf(path, sizeof(path), "tests/torture/" STR_FMT, STR_ARG(name));
	bytes = read_file(a, path);
	assert_non_null(bytes.p);
	assert_int_equal(sip_msg_parse(NULL, bytes, &m), 0);
	m->origin.proto = proto;
	sip_judge(m, SIP_CHECK_NO_CLEN, &j);
	/* that some replies match no transaction is not the judge's to know */
	if (!fits(accept, &j) && !(!m->is_request && j.verdict == SIP_ACCEPT &&
				   !str_eq(accept, S("DROP,FWD")) && str_find(name, S("bcast")) != STR_NONE))
		fail_msg(STR_FMT ": wants " STR_FMT ", verdict %d %d " STR_FMT, STR_ARG(name),
			 STR_ARG(accept), (int)j.verdict, j.status, STR_ARG(j.reason));
	if (j.verdict == SIP_REJECT) {
		struct sip_draft d;
		struct str w;

		sip_draft_init(&d, m, a);
		if (sip_build_reply(a, &d, &(struct sip_reply){.status = j.status,
							       .reason = j.reason,
							       .to_tag = S("t")}, &w))
			fail_msg(STR_FMT ": no reply can be built", STR_ARG(name));
	}
	sip_msg_unref(&m);
	arena_free(&a);
}

static void torture(void **state)
{
	struct arena *a = arena_new(0);
	struct str table = read_file(a, "tests/torture/expected.tsv");
	int n = 0;

	(void)state;
	str_cut(&table, '\n');
	while (table.n) {
		struct str line = str_cut(&table, '\n'), col[COLUMNS];

		if (line.n == 0)
			continue;
		for (int i = 0; i < COLUMNS; i++)
			col[i] = str_cut(&line, '\t');
		judge_file(col[0], col[5], PROTO_UDP);
		judge_file(col[0], col[5], PROTO_TCP);
		n++;
	}
	assert_int_equal(n, 62);
	arena_free(&a);
}

#define VIA "Via: SIP/2.0/UDP h;branch=z9hG4bKa\n"
#define REST "From: <sip:a@a>;tag=f\nTo: <sip:b@b>\nCall-ID: c\nCSeq: 7 "

static const struct {
	const char *text;
	enum proto proto;
	unsigned flags;
	enum sip_verdict verdict;
	int status;
	bool close;
} rows[] = {
	{"INVITE sip:b@h SIP/2.0\n" VIA REST "INVITE\n\n", PROTO_UDP, 0, SIP_ACCEPT, 0, false},
	{"INVITE sip:b@h SIP/2.0\n" VIA REST "INVITE\n\n", PROTO_TCP, 0, SIP_REJECT, 400, true},
	{"INVITE sip:b@h SIP/2.0\n" VIA REST "INVITE\n\n", PROTO_WS, 0, SIP_ACCEPT, 0, false},
	{"INVITE sip:b@h SIP/2.0\n" VIA REST "INVITE\n\n", PROTO_TLS, SIP_CHECK_NO_CLEN, SIP_ACCEPT, 0,
	 false},
	{"INVITE sip:b@h SIP/2.0\n" VIA REST "INVITE\nl: 1\nl: 2\n\nxx", PROTO_UDP, 0, SIP_REJECT, 400,
	 false},
	{"INVITE sip:b@h SIP/2.0\n" VIA REST "INVITE\nl: 2\nl: 2\n\nxx", PROTO_UDP, 0, SIP_ACCEPT, 0,
	 false},
	{"INVITE sip:b@h SIP/2.0\n" VIA REST "INVITE\nl: 1\nl: 2\n\nxx", PROTO_UDP, SIP_CHECK_LAX_CLEN,
	 SIP_ACCEPT, 0, false},
	{"INVITE sip:b@h SIP/2.0\n" VIA REST "INVITE\nl: -2\n\nxx", PROTO_TCP, 0, SIP_REJECT, 400, true},
	{"INVITE sip:b@h SIP/2.0\n" VIA REST "INVITE\ni: 2\n\n", PROTO_UDP, 0, SIP_REJECT, 400, false},
	{"INVITE sip:b@h SIP/2.0\n" VIA REST "INVITE\ni: 2\n\n", PROTO_UDP, SIP_CHECK_LAX_DUP,
	 SIP_ACCEPT, 0, false},
	{"INVITE sip:b@h SIP/2.0\n" VIA REST "BYE\n\n", PROTO_UDP, 0, SIP_REJECT, 400, false},
	{"INVITE sip:b@h SIP/3.0\n" VIA REST "INVITE\n\n", PROTO_UDP, 0, SIP_REJECT, 505, false},
	{"INVITE sip:b@h SIP/2.0\n" REST "INVITE\n\n", PROTO_UDP, 0, SIP_DROP, 400, false},
	{"ACK sip:b@h SIP/2.0\n" VIA REST "BYE\n\n", PROTO_UDP, 0, SIP_DROP, 400, false},
	{"SIP/2.0 200 OK\n" VIA REST "99999999999 BYE\n\n", PROTO_UDP, 0, SIP_DROP, 400, false},
	{"SIP/2.0 200 OK\n" VIA REST "BYE\n\n", PROTO_UDP, 0, SIP_ACCEPT, 0, false},
	{"INVITE tel:+1 SIP/2.0\n" VIA REST "INVITE\n\n", PROTO_UDP, 0, SIP_ACCEPT, 0, false},
	{"INVITE sip: SIP/2.0\n" VIA REST "INVITE\n\n", PROTO_UDP, 0, SIP_REJECT, 400, false},
};

static void table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct sip_msg *m = msg_of(rows[i].text);
		struct sip_judgement j;

		m->origin.proto = rows[i].proto;
		sip_judge(m, rows[i].flags, &j);
		if (j.verdict != rows[i].verdict || j.status != rows[i].status ||
		    j.close != rows[i].close)
			fail_msg("row %zu: %d %d %d " STR_FMT, i, (int)j.verdict, j.status, (int)j.close,
				 STR_ARG(j.reason));
		sip_msg_unref(&m);
	}
	assert_int_equal(mem_blocks(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(torture), cmocka_unit_test(table)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
