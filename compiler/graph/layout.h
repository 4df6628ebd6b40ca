/* SPDX-License-Identifier: Apache-2.0 */
/* layout.h - a graph in graphviz' language as a picture. */
#ifndef GRAPH_LAYOUT_H
#define GRAPH_LAYOUT_H

#include <stdbool.h>
#include <stdio.h>

#include "base/sb.h"

/* SVG on `out`. False: graphviz is missing (told on stderr) or cannot lay it out. */
bool graph_svg(const struct sb *dot_text, FILE *out);

#endif
