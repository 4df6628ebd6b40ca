/* SPDX-License-Identifier: Apache-2.0 */
/* Set-up, the module as a whole, verification and optimisation. */
#include "codegen/cg.h"


static LLVMTargetMachineRef target_machine(char **triple)
{
	LLVMTargetRef target;
	LLVMTargetMachineRef tm = NULL;
	char *error = NULL;

	*triple = LLVMGetDefaultTargetTriple();
	if (LLVMGetTargetFromTriple(*triple, &target, &error))
		LLVMDisposeMessage(error);
	else
		tm = LLVMCreateTargetMachine(target, *triple, "x86-64", "", LLVMCodeGenLevelDefault,
					     LLVMRelocPIC, LLVMCodeModelDefault);
	return tm;
}

bool cg_init(struct cg *g, const struct codegen_input *in)
{
	LLVMTargetDataRef layout;
	char *triple;

	*g = (struct cg){.in = in, .arena = in->arena, .rir = in->rir, .sema = in->rir->sema};
	if (!llvm_open())
		return false;
	/* values are written word by word; stores merged into larger ones stall who reads them back, and the other way round */
	LLVMParseCommandLineOptions(2, (const char *const[]){"kiln", "-combiner-store-merging=0"}, NULL);
	LLVMInitializeX86TargetInfo();
	LLVMInitializeX86Target();
	LLVMInitializeX86TargetMC();
	LLVMInitializeX86AsmPrinter();
	g->tm = target_machine(&triple);
	if (!g->tm) {
		fprintf(stderr, "kiln: no code generator for %s\n", triple);
		LLVMDisposeMessage(triple);
		return false;
	}
	g->ctx = LLVMContextCreate();
	g->mod = LLVMModuleCreateWithNameInContext("script", g->ctx);
	layout = LLVMCreateTargetDataLayout(g->tm);
	LLVMSetModuleDataLayout(g->mod, layout);
	LLVMDisposeTargetData(layout);
	LLVMSetTarget(g->mod, triple);
	LLVMDisposeMessage(triple);
	g->b = LLVMCreateBuilderInContext(g->ctx);
	g->i8 = LLVMInt8TypeInContext(g->ctx);
	g->i32 = LLVMInt32TypeInContext(g->ctx);
	g->i64 = LLVMInt64TypeInContext(g->ctx);
	g->ptr = LLVMPointerTypeInContext(g->ctx, 0);
	g->vd = LLVMVoidTypeInContext(g->ctx);
	g->names = arena_calloc(g->arena, (size_t)g->sema->n_pvs + 1, sizeof(*g->names));
	return g->names != NULL;
}

void cg_fini(struct cg *g)
{
	if (g->b)
		LLVMDisposeBuilder(g->b);
	if (g->mod)
		LLVMDisposeModule(g->mod);
	if (g->ctx)
		LLVMContextDispose(g->ctx);
	if (g->tm)
		LLVMDisposeTargetMachine(g->tm);
}

/* int main(int argc, char **argv) { return host_serve(&kiln_program, argc, argv); } */
static void emit_main(struct cg *g)
{
	LLVMTypeRef serve_args[] = {g->ptr, g->i32, g->ptr}, main_args[] = {g->i32, g->ptr};
	LLVMTypeRef serve_type = LLVMFunctionType(g->i32, serve_args, 3, false);
	LLVMValueRef serve = LLVMAddFunction(g->mod, "host_serve", serve_type);
	LLVMValueRef fn = LLVMAddFunction(g->mod, "main", LLVMFunctionType(g->i32, main_args, 2, false));
	LLVMValueRef args[3] = {LLVMGetNamedGlobal(g->mod, "kiln_program"), LLVMGetParam(fn, 0),
				LLVMGetParam(fn, 1)};

	LLVMPositionBuilderAtEnd(g->b, LLVMAppendBasicBlockInContext(g->ctx, fn, "entry"));
	LLVMBuildRet(g->b, LLVMBuildCall2(g->b, serve_type, serve, args, 3, ""));
}

bool cg_module(struct cg *g, const char *passes)
{
	LLVMPassBuilderOptionsRef opts;
	LLVMErrorRef err;
	char *why = NULL;

	if (!cg_inline_link(g))
		return false;
	cg_debug_init(g);
	for (size_t i = 0; i < g->rir->n_fns; i++)
		cg_declare(g, g->rir->fns[i]);
	for (size_t i = 0; i < g->rir->n_fns; i++)
		cg_function(g, g->rir->fns[i]);
	cg_program(g);
	emit_main(g);
	cg_inline_drop_unused(g);
	cg_debug_fini(g);
	if (LLVMVerifyModule(g->mod, LLVMReturnStatusAction, &why)) {
		fprintf(stderr, "kiln: internal fault, generated code is not valid: %s\n", why);
		LLVMDisposeMessage(why);
		return false;
	}
	LLVMDisposeMessage(why);
	opts = LLVMCreatePassBuilderOptions();
	err = LLVMRunPasses(g->mod, passes, g->tm, opts);
	LLVMDisposePassBuilderOptions(opts);
	if (err) {
		LLVMConsumeError(err);
		fprintf(stderr, "kiln: internal fault, optimisation failed\n");
		return false;
	}
	return true;
}
