/* SPDX-License-Identifier: Apache-2.0 */
/* sip_test.h - what the tests of runtime/sip share: parsing literals, comparing views. */
#ifndef SIP_TEST_H
#define SIP_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"
#include "sip/build.h"
#include "sip/check.h"
#include "sip/sip_priv.h"

#define assert_str(got, want)                                                                      \
	do {                                                                                       \
		struct str g_ = (got), w_ = (want);                                                \
		if (!str_eq(g_, w_))                                                               \
			fail_msg("got  [" STR_FMT "]\nwant [" STR_FMT "]", STR_ARG(g_),            \
				 STR_ARG(w_));                                                     \
	} while (0)

/* Parse text whose lines end in \n; they become CRLF up to the empty line. */
static inline struct sip_msg *msg_of(const char *text)
{
	struct sip_msg *m = NULL;
	bool body = false;
	struct sb b;

	sb_init(&b, NULL, 65535);
	for (const char *p = text; *p; p++) {
		if (*p == '\n' && !body) {
			sb_add(&b, S("\r\n"));
			body = p > text && p[-1] == '\n';
		} else {
			sb_addc(&b, *p);
		}
	}
	assert_int_equal(sip_msg_parse(NULL, sb_str(&b), &m), 0);
	sb_fini(&b);
	m->origin.proto = PROTO_UDP;
	assert_true(addr_parse(S("127.0.0.1"), &m->origin.src));
	m->origin.src.port = 23001;
	return m;
}

/* `want` in LF lines against wire bytes in CRLF lines. */
static inline void assert_wire(struct str wire, const char *want)
{
	struct sb got;
	char *z;

	sb_init(&got, NULL, 65535);
	for (size_t i = 0; i < wire.n; i++)
		if (wire.p[i] != '\r')
			sb_addc(&got, wire.p[i]);
	sb_addc(&got, 0);
	z = got.p;
	assert_string_equal(z, want);
	sb_fini(&got);
}

#endif
