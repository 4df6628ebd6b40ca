/* SPDX-License-Identifier: Apache-2.0 */
/* front_priv.h - the two halves of compile_front. */
#ifndef FRONT_FRONT_PRIV_H
#define FRONT_FRONT_PRIV_H

#include "front/front.h"

/* Up to the tree; pp.arms tells which arms of conditions were read. NULL when memory is out. */
struct compilation *front_parse(const struct front_opts *o, const char *file);
/* The rest; once, also when nothing is to be checked. */
void front_check(struct compilation *c);

#endif
