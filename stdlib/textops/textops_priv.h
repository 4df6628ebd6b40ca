/* SPDX-License-Identifier: Apache-2.0 */
/* textops_priv.h - shared by the files of this module. */
#ifndef TEXTOPS_TEXTOPS_PRIV_H
#define TEXTOPS_TEXTOPS_PRIV_H

#define STD_NAME textops
#define STD_DEF "textops/textops.def"
#ifndef TEXTOPS_MAIN
#define STD_PROTOTYPES_ONLY
#endif
#include "abi/std.h"

#include "script/env.h"
#include "sip/draft.h"

/* The message of the run, or NULL (events without one). */
static inline struct sip_msg *to_msg(struct run *r)
{
	return r->draft ? r->draft->msg : NULL;
}

/* 1, or -1 after a line in the log. */
int32_t to_edited(struct run *r, int err, const char *what);

/* The received body from where edits count; p NULL without a message. */
static inline struct str to_body(struct run *r)
{
	return to_msg(r) ? sip_body(to_msg(r)) : STR_NULL;
}

static inline int32_t to_answer(bool yes)
{
	return yes ? 1 : -1;
}

#endif
