/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bug.h"

#include <stdio.h>
#include <stdlib.h>

const char *rt_strerror(int err)
{
	switch ((enum rt_error)err) {
	case RT_OK:
		return "no error";
	case RT_E_NOMEM:
		return "out of memory";
	case RT_E_LIMIT:
		return "limit reached";
	case RT_E_PARSE:
		return "malformed";
	case RT_E_NOENT:
		return "not found";
	case RT_E_EXIST:
		return "exists already";
	case RT_E_IO:
		return "input/output error";
	case RT_E_TIMEOUT:
		return "timed out";
	case RT_E_INVAL:
		return "invalid argument";
	case RT_E_UNSUPP:
		return "not supported";
	case RT_E_STATE:
		return "wrong state";
	case RT_E_CLOSED:
		return "closed";
	}
	return "unknown error";
}

void bug_at(const char *file, int line, const char *cond)
{
	fprintf(stderr, "kiln: BUG at %s:%d: %s\n", file, line, cond);
	abort();
}
