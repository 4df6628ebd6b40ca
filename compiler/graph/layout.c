/* SPDX-License-Identifier: Apache-2.0 */
/* The picture: graphviz lays the text out. It is loaded here, for nobody else needs it (lazy/lazy.h). */
#include "graph/layout.h"

#include <graphviz/gvc.h>

#include "lazy/lazy.h"

static struct lazy_graphviz {
#define LAZY(f) __typeof__(f) *f;
#include "lazy_graphviz.def"
#undef LAZY
} lazy_graphviz;

static const char *const names[] = {
#define LAZY(f) #f,
#include "lazy_graphviz.def"
#undef LAZY
};
#include "lazy_graphviz.h"

bool graph_svg(const struct sb *dot_text, FILE *out)
{
	Agraph_t *ag;
	GVC_t *gvc;
	bool ok;

	if (!lazy_open(GRAPHVIZ_SONAME, names, sizeof(names) / sizeof(names[0]), (void **)&lazy_graphviz))
		return false;
	gvc = gvContext();
	ag = gvc ? agmemread(dot_text->p) : NULL;
	ok = ag && gvLayout(gvc, ag, "dot") == 0;

	if (ok) {
		ok = gvRender(gvc, ag, "svg", out) == 0;
		gvFreeLayout(gvc, ag);
	}
	if (ag)
		agclose(ag);
	if (gvc)
		gvFreeContext(gvc);
	return ok;
}
