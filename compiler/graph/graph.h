/* SPDX-License-Identifier: Apache-2.0 */
/*
 * graph.h - the routes of a script and who leads to whom: calls and the routes that t_on_... arms.
 *
 * For: kiln graph. The script must be bound (sema).
 */
#ifndef GRAPH_GRAPH_H
#define GRAPH_GRAPH_H

#include <stdio.h>

#include "base/sb.h"
#include "front/front.h"

enum graph_format { GRAPH_TEXT, GRAPH_DOT, GRAPH_SVG };

/* False when memory is out or the layout failed. */
bool graph_print(const struct compilation *c, enum graph_format how, FILE *out);

#endif
