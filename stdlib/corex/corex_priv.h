/* SPDX-License-Identifier: Apache-2.0 */
/* corex_priv.h - inside stdlib/corex only. */
#ifndef COREX_COREX_PRIV_H
#define COREX_COREX_PRIV_H

struct worker;
struct program;

/* Names of the parameters into the tables of runtime/net; on the first worker, before messages flow. */
int corex_names_start(struct worker *w);
void corex_names_fini(void);

/* Names of the XAVPs that our own Via is made from (via.c). */
void corex_via_load(const struct program *p);

#endif
