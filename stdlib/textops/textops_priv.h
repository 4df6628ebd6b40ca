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

/* Content types equal, parameters of `have` left out. */
bool to_type_is(struct str have, struct str want);
/* Hex digits as bytes, white space between pairs left out; false: no such digits. */
bool to_bytes(struct run *r, const struct str *hex, struct str *ret);

/* A part of a multipart body, views into it (multipart.c). */
struct body_part {
	struct str whole;   /* from its boundary line to the next one */
	struct str all;     /* from behind the boundary line to before the next CRLF--boundary */
	struct str raw;     /* the same with the boundary line behind it */
	struct str headers; /* with their line ends */
	struct str content;
	struct str after_type; /* what stands behind the line of its Content-Type, up to the boundary */
	struct str type;
};

/* The first part of that type. The whole body counts as its only part when it is no multipart one. */
bool to_find_part(struct run *r, const struct str *type, struct body_part *p);

#endif
