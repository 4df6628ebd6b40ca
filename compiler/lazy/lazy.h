/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lazy.h - a shared library that is loaded when it is first needed.
 *
 * For: LLVM, graphviz, libpcap. kiln check, lsp and the rest of the front end start without them: loading LLVM
 * alone takes longer than checking a script of 3,000 lines. Whoever uses such a library includes our header for it
 * (codegen/llvm.h ...), which has its own headers and makes every name that the folder uses a pointer; the names are
 * gathered from the sources (Makefile.lazy), so calls look as ever. Before the first one the folder opens it.
 */
#ifndef LAZY_LAZY_H
#define LAZY_LAZY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Load `soname` and fill slots[i] with names[i]; does nothing the second time (slots[0] is filled then). False: what is
 * missing was told on stderr. Not for threads.
 */
bool lazy_open(const char *soname, const char *const *names, size_t n, void **slots);

#endif
