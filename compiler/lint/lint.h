/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lint.h - warnings about scripts that are legal and mostly wrong.
 *
 * Runs over a tree that sema bound without errors (with errors it would only repeat them, so it does
 * nothing then). Reports through the diag sink; every rule is a row of lint_diag.def and is silenced
 * by "# kiln: allow ID".
 */
#ifndef LINT_LINT_H
#define LINT_LINT_H

#include "preproc/preproc.h"
#include "sema/sema.h"

/* pp: for names that conditions asked for; NULL: that rule is left out. */
void lint_run(struct arena *a, const struct source *src, struct diag_sink *sink,
	      struct ast_script *script, const struct sema_program *p, const struct preproc *pp);

#endif
