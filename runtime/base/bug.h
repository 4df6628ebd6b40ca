/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bug.h - assertions about our own code, and the errors of the runtime.
 *
 * BUG_ON is always compiled in: it prints place and condition and aborts; the supervisor restarts
 * the worker. It is never used on bytes from outside: input errors are returned.
 */
#ifndef BASE_BUG_H
#define BASE_BUG_H

#include <stdnoreturn.h>

/* Results of runtime functions: 0 or one of these. Never a script return code. */
enum rt_error {
	RT_OK = 0,
	RT_E_NOMEM = -1,   /* an allocation failed */
	RT_E_LIMIT = -2,   /* a stated bound was reached */
	RT_E_PARSE = -3,   /* the bytes are not what the grammar wants */
	RT_E_NOENT = -4,   /* no such thing */
	RT_E_EXIST = -5,   /* already there */
	RT_E_IO = -6,      /* the system refused: errno or the log tells */
	RT_E_TIMEOUT = -7, /* the answer did not come in time */
	RT_E_INVAL = -8,   /* the caller's arguments make no sense together */
	RT_E_UNSUPP = -9,  /* known, not built */
	RT_E_STATE = -10,  /* not in this state */
	RT_E_CLOSED = -11, /* the peer or the connection is gone */
};

/* English name of an rt_error, never NULL. */
const char *rt_strerror(int err);

noreturn void bug_at(const char *file, int line, const char *cond);

#define BUG_ON(cond)                                                                               \
	do {                                                                                       \
		if (__builtin_expect(!!(cond), 0))                                                 \
			bug_at(__FILE__, __LINE__, #cond);                                         \
	} while (0)

#ifdef KILN_DEBUG
#define DEBUG_ON(cond) BUG_ON(cond)
#else
#define DEBUG_ON(cond) ((void)sizeof(!!(cond)))
#endif

#endif
