/* SPDX-License-Identifier: Apache-2.0 */
/* usrloc_rpc.h - what rpc.c asks of the module's parameters. */
#ifndef USRLOC_USRLOC_RPC_H
#define USRLOC_USRLOC_RPC_H

#include <stdint.h>

/* hash_size as a number of slots: dumps are ordered by them as the reference's are. */
uint32_t usrloc_slots(void);

#endif
