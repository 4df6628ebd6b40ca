/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_prefix.h - the core parameter log_prefix: a format put into each line that is logged while a message
 * is in work. With log_prefix_mode 0 it is as when the message's first run began and stays so, else it is
 * evaluated for each line. One that only tells what the message arrived with is not worked out before the first line.
 */
#ifndef SCRIPT_LOG_PREFIX_H
#define SCRIPT_LOG_PREFIX_H

#include "abi/program.h"

/* Take the program's settings; before workers run. The program must stay. */
void script_log_prefix(const struct program *p);
/* A run begins: mode 0. */
void script_log_prefix_begin(struct run *r);
/* Mode 0: another message is about to take the place of the one in work. */
void script_log_prefix_settle(void);

#endif
