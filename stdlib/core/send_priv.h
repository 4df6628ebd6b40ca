/* SPDX-License-Identifier: Apache-2.0 */
/* send_priv.h - what the files of the core's functions share. */
#ifndef CORE_SEND_PRIV_H
#define CORE_SEND_PRIV_H

/* send.c: before the first worker runs. */
void core_send_init(void);

#endif
