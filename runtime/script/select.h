/* SPDX-License-Identifier: Apache-2.0 */
/*
 * select.h - @selects: paths into the message, the connection, the server (language.md 6.6).
 *
 * A select is resolved once: "from.uri.params["x"]" becomes a chain of steps, each from one kind of thing
 * to the next. Constant ones are resolved when the program is loaded, which also logs a name that is
 * not known; such a select stays undefined.
 */
#ifndef SCRIPT_SELECT_H
#define SCRIPT_SELECT_H

#include "abi/run.h"

struct rt_select;

/* NULL: memory is out. The text must outlive it. An unknown name is logged once, here. */
struct rt_select *rt_select_new(struct str text);
void rt_select_free(struct rt_select **s);
/* A name given at run time ($sel with a variable inside); *ret is null when undefined. */
void script_select(struct run *r, struct str text, struct value *ret);

#endif
