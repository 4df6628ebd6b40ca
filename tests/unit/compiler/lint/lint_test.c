/* SPDX-License-Identifier: Apache-2.0 */
/* What needs no built module: both a hit and a near miss per row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lint/lint.h"
#include "parse/parse.h"

enum { NOTHING = -1 };

struct row {
	const char *text;
	int id; /* of the one diagnostic, or NOTHING */
	uint32_t line;
};

static void run(const struct row *row)
{
	struct arena *a = arena_new(0);
	struct source src;
	struct diag_sink sink;
	struct preproc *pp = arena_alloc(a, sizeof(*pp));
	struct ast_script script = {NULL, NULL};
	struct sema_program *p;

	source_init(&src, a, NULL, NULL);
	diag_init(&sink, a, &src);
	pp_init(pp, a, &src, &sink, 5);
	assert_true(parse_text(pp, S("t.cfg"), str_of(row->text), &script));
	p = sema_run(a, catalog_new(a), &src, &sink, &script, NULL);
	assert_non_null(p);
	lint_run(a, &src, &sink, &script, p, pp);
	diag_finish(&sink);
	if (row->id == NOTHING && sink.first)
		fail_msg("%s: got %.*s", row->text, (int)sink.first->message.n, sink.first->message.p);
	if (row->id != NOTHING) {
		if (!sink.first || (int)sink.first->id != row->id || sink.first->next)
			fail_msg("%s: wanted one %s, got %s", row->text,
				 diag_info((enum diag_id)row->id)->name,
				 sink.first ? diag_info(sink.first->id)->name : "nothing");
		assert_int_equal(source_pos(&src, sink.first->loc).line, row->line);
	}
	pp_fini(pp);
	arena_free(&a);
}

static void rules(void **state)
{
	static const struct row rows[] = {
		{"request_route { exit; }\n", NOTHING, 0},
		{"request_route { exit; }\nroute { exit; }\n", W_REQUEST_ROUTE, 2},
		{"request_route { exit; }\nroute[A] { exit; }\n", W_ROUTE_UNUSED, 2},
		{"request_route { route(A); }\nroute[A] { exit; }\n", NOTHING, 0},
		{"request_route {\nexit;\nforce_rport(); }\n", W_UNREACHABLE, 3},
		{"request_route { if (1) exit; }\n", W_CONDITION, 1},
		{"#!define ON 1\nrequest_route { if (ON) exit; }\n", NOTHING, 0},
		{"#!ifdef WITH_THIS\n#!endif\nrequest_route { exit; }\n", N_DEFINE, 1},
		{"# define WITH_THIS\n#!ifdef WITH_THIS\n#!endif\nrequest_route { exit; }\n", NOTHING, 0},
		{"request_route { route(B); }\n", E_ROUTE_MISSING, 1},
		{"request_route { exit; }\nevent_route[tm:local-requst] { exit; }\n", W_EVENT_ROUTE, 2},
		{"request_route { while (\"x\") exit; }\n", E_CONDITION, 1},
		{"request_route { switch (1 + 1) { case 1: exit; case 1: exit; } }\n", E_CASE, 1},
		{"route[A] { exit; }\nroute[A] { exit; }\nrequest_route { route(A); }\n", E_ROUTE_TWICE, 2},
		{"request_route { if (method == \"INVTE\") exit; }\n", W_METHOD, 1},
		{"request_route { if (src_ip == 5) exit; }\n", E_CORE_OPERAND, 1},
		{"loadmodule \"tmm\"\nrequest_route { exit; }\n", E_UNKNOWN_MODULE, 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		run(&rows[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(rules)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
