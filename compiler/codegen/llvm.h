/* SPDX-License-Identifier: Apache-2.0 */
/* llvm.h - LLVM's C API as this folder uses it: every function through a pointer that llvm_open() fills (lazy/lazy.h). */
#ifndef CODEGEN_LLVM_H
#define CODEGEN_LLVM_H

#include <llvm-c/Analysis.h>
#include <llvm-c/BitReader.h>
#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>
#include <llvm-c/ExecutionEngine.h>
#include <llvm-c/LLJIT.h>
#include <llvm-c/Linker.h>
#include <llvm-c/Orc.h>
#include <llvm-c/OrcEE.h>
#include <llvm-c/Support.h>
#include <llvm-c/Target.h>
#include <llvm-c/TargetMachine.h>
#include <llvm-c/Transforms/PassBuilder.h>
#include <stdbool.h>

struct lazy_llvm {
#define LAZY(f) __typeof__(f) *f;
#include "lazy_llvm.def"
#undef LAZY
};
extern struct lazy_llvm lazy_llvm;
#include "lazy_llvm.h"

/* False: told on stderr. */
bool llvm_open(void);

#endif
