/* SPDX-License-Identifier: Apache-2.0 */
#include "codegen/llvm.h"

#include "lazy/lazy.h"

struct lazy_llvm lazy_llvm;

static const char *const names[] = {
#define LAZY(f) #f,
#include "lazy_llvm.def"
#undef LAZY
};

bool llvm_open(void)
{
	return lazy_open(LLVM_SONAME, names, sizeof(names) / sizeof(names[0]), (void **)&lazy_llvm);
}
