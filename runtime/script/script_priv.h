/* SPDX-License-Identifier: Apache-2.0 */
/* script_priv.h - inside runtime/script only. */
#ifndef SCRIPT_SCRIPT_PRIV_H
#define SCRIPT_SCRIPT_PRIV_H

#include "abi/rt.h"
#include "script/env.h"

/* Wrap to the int width of the script's language version. */
static inline int64_t script_wrap(const struct run *r, int64_t v)
{
	return r->prog->compat == 6 ? v : (int64_t)(int32_t)(uint32_t)(uint64_t)v;
}

void script_regex_cache_free(void); /* of this thread */
void script_presets_free(void);

#endif
