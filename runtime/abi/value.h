/* SPDX-License-Identifier: Apache-2.0 */
/*
 * value.h - a script value whose type is only known at run time.
 *
 * Used by generated code (layout through offsetof, see codegen) and by every getter and setter.
 * Strings are views: of the message, of the run's arena, or of the program's constants; they are
 * good until the run ends. Whoever keeps one longer copies it.
 */
#ifndef ABI_VALUE_H
#define ABI_VALUE_H

#include "base/str.h"

enum value_tag {
	VAL_NULL = 0,
	VAL_INT = 1,    /* i */
	VAL_STR = 2,    /* s */
	VAL_STRINT = 3, /* text first, number attached: both s and i (language: "s/i") */
};

struct value {
	int32_t tag;
	int32_t unused;
	int64_t i;
	struct str s;
};

/* Every member is written: a gap makes gcc build the value on the stack and read it back in larger pieces, which stalls. */
static inline struct value value_null(void)
{
	return (struct value){VAL_NULL, 0, 0, STR_NULL};
}
static inline struct value value_int(int64_t i)
{
	return (struct value){VAL_INT, 0, i, STR_NULL};
}
static inline struct value value_str(struct str s)
{
	return (struct value){VAL_STR, 0, 0, s};
}
static inline struct value value_strint(struct str s, int64_t i)
{
	return (struct value){VAL_STRINT, 0, i, s};
}
static inline bool value_is_str(const struct value *v)
{
	return (v->tag & VAL_STR) != 0;
}
static inline bool value_is_int(const struct value *v)
{
	return (v->tag & VAL_INT) != 0;
}

#endif
