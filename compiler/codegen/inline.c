/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bitcode of Makefile.inline, linked into the module. Of runtime/script/inline.c a body fast_x stands
 * for x; the other files are those of the library itself, whose functions may be inlined and are else
 * called there.
 */
#include "codegen/cg.h"

#include <string.h>

__asm__(".section .rodata\n"
	".balign 16\n"
	"cg_inline_begin: .incbin \"" INLINE_BC "\"\n"
	"cg_inline_end: .byte 0\n"
	".previous\n");
extern const char cg_inline_begin[], cg_inline_end[];

static const char prefix[] = "fast_";

enum { SMALL = 80 }; /* instructions: such a body goes in wherever it is called */

static bool is_small(LLVMValueRef fn)
{
	unsigned n = 0;

	for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(fn); b; b = LLVMGetNextBasicBlock(b))
		for (LLVMValueRef i = LLVMGetFirstInstruction(b); i; i = LLVMGetNextInstruction(i))
			n++;
	return n <= SMALL;
}

static void mark(struct cg *g, LLVMValueRef fn, const char *attribute, LLVMLinkage linkage)
{
	unsigned kind = LLVMGetEnumAttributeKindForName(attribute, strlen(attribute));

	LLVMSetLinkage(fn, linkage);
	LLVMAddAttributeAtIndex(fn, LLVMAttributeFunctionIndex, LLVMCreateEnumAttribute(g->ctx, kind, 0));
}

bool cg_inline_link(struct cg *g)
{
	size_t size = (size_t)(cg_inline_end - cg_inline_begin);
	LLVMMemoryBufferRef buf = LLVMCreateMemoryBufferWithMemoryRange(cg_inline_begin, size, "inline", false);
	LLVMModuleRef from;
	bool ok = !LLVMParseBitcodeInContext2(g->ctx, buf, &from);

	LLVMDisposeMemoryBuffer(buf);
	if (!ok || LLVMLinkModules2(g->mod, from)) {
		fprintf(stderr, "kiln: internal fault, the runtime's bitcode cannot be read\n");
		return false;
	}
	for (LLVMValueRef fn = LLVMGetFirstFunction(g->mod); fn; fn = LLVMGetNextFunction(fn)) {
		if (!LLVMCountBasicBlocks(fn) || LLVMGetLinkage(fn) == LLVMInternalLinkage)
			continue;
		if (strncmp(LLVMGetValueName2(fn, &size), prefix, sizeof(prefix) - 1) == 0)
			mark(g, fn, "alwaysinline", LLVMInternalLinkage);
		else
			mark(g, fn, is_small(fn) ? "alwaysinline" : "inlinehint", LLVMAvailableExternallyLinkage);
	}
	return true;
}

/* Bodies that nobody calls need not be optimised. */
void cg_inline_drop_unused(struct cg *g)
{
	bool again = true;

	while (again) {
		again = false;
		for (LLVMValueRef fn = LLVMGetFirstFunction(g->mod), next; fn; fn = next) {
			LLVMLinkage l = LLVMGetLinkage(fn);

			next = LLVMGetNextFunction(fn);
			if (LLVMGetFirstUse(fn) || (l != LLVMAvailableExternallyLinkage && l != LLVMInternalLinkage))
				continue;
			LLVMDeleteFunction(fn);
			again = true;
		}
	}
}

LLVMValueRef cg_inline_of(struct cg *g, const char *name)
{
	char fast[96];
	int n = snprintf(fast, sizeof(fast), "%s%s", prefix, name);
	LLVMValueRef fn = n > 0 && (size_t)n < sizeof(fast) ? LLVMGetNamedFunction(g->mod, fast) : NULL;

	return fn && LLVMCountBasicBlocks(fn) ? fn : NULL;
}
