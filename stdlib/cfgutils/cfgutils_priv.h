/* SPDX-License-Identifier: Apache-2.0 */
/* cfgutils_priv.h - inside stdlib/cfgutils only. */
#ifndef CFGUTILS_CFGUTILS_PRIV_H
#define CFGUTILS_CFGUTILS_PRIV_H

#include "base/bug.h"
#include "base/str.h"

/* 2^power locks; 0: none. RT_E_NOMEM, RT_E_LIMIT. */
int cfgutils_locks_init(int64_t power);
void cfgutils_locks_fini(void);

#endif
