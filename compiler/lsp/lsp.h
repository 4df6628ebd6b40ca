/* SPDX-License-Identifier: Apache-2.0 */
/* lsp.h - the Language Server Protocol (3.17) over a pair of streams, on the compiler's front end. */
#ifndef LSP_LSP_H
#define LSP_LSP_H

#include <stdio.h>

#include "front/front.h"

/*
 * Serve one client until `exit` or the end of input. `o`: defines and language for every check; its
 * read function is replaced by one that sees the editor's buffers. 0 after shutdown, else 1.
 */
int lsp_serve(FILE *in, FILE *out, const struct front_opts *o);

#endif
