/* SPDX-License-Identifier: Apache-2.0 */
/* The settings; who measures stands beside what is measured. */
#include "core/latency.h"

#include "core/log.h"

struct latency_conf latency_conf = {.level = L_ERR, .cfg_level = L_DBG};
