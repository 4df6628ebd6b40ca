/* SPDX-License-Identifier: Apache-2.0 */
/* cg.h - the state of one code generation; inside compiler/codegen only. */
#ifndef CODEGEN_CG_H
#define CODEGEN_CG_H


#include "abi/module.h"
#include "codegen/codegen.h"
#include "codegen/llvm.h"

struct cg {
	const struct codegen_input *in;
	struct arena *arena;
	const struct rir_program *rir;
	const struct sema_program *sema;
	LLVMContextRef ctx;
	LLVMModuleRef mod;
	LLVMBuilderRef b;
	LLVMTargetMachineRef tm;
	LLVMTypeRef i8, i32, i64, ptr, vd;
	LLVMDIBuilderRef di;
	LLVMMetadataRef cu, fn_type, value_type;
	LLVMMetadataRef *files; /* by source file name, see cg_debug.c */
	int n_strings, n_names;
	LLVMValueRef *names;    /* struct pv_name of sema_pv by id, NULL: not made yet */
};

/* ---- cg.c ---- */
bool cg_init(struct cg *g, const struct codegen_input *in);
void cg_fini(struct cg *g);
/* The whole module, verified and optimised ("default<O2>" ...). */
bool cg_module(struct cg *g, const char *passes);

/* ---- data.c: constants that C code reads; layout by offsetof only ---- */
struct cg_field {
	size_t off, size;
	LLVMValueRef v;
};
struct cg_blob {
	struct cg *g;
	size_t size;
	struct cg_field f[64];
	int n;
};
struct cg_blob cg_blob(struct cg *g, size_t size);
void cg_put(struct cg_blob *b, size_t off, size_t size, LLVMValueRef v);
void cg_put_i32(struct cg_blob *b, size_t off, int64_t v);
void cg_put_i64(struct cg_blob *b, size_t off, int64_t v);
void cg_put_ptr(struct cg_blob *b, size_t off, LLVMValueRef v); /* NULL: null */
void cg_put_str(struct cg_blob *b, size_t off, struct str s);
LLVMValueRef cg_blob_value(struct cg_blob *b);
/* A private constant of that content; its address. */
LLVMValueRef cg_constant(struct cg *g, LLVMValueRef v, const char *name);
LLVMValueRef cg_array(struct cg *g, LLVMValueRef *v, size_t n, const char *name);
LLVMValueRef cg_bytes(struct cg *g, struct str s);
LLVMValueRef cg_extern(struct cg *g, const char *name);
LLVMValueRef cg_text(struct cg *g, struct str s);       /* struct str */
LLVMValueRef cg_name(struct cg *g, const struct sema_pv *pv, int64_t part); /* struct pv_name */
LLVMValueRef cg_pvref(struct cg *g, const struct sema_pv *pv);
LLVMValueRef cg_regex_slot(struct cg *g, size_t i);

/* ---- inline.c: bodies of runtime functions that are inlined ---- */
bool cg_inline_link(struct cg *g);
void cg_inline_drop_unused(struct cg *g);
/* What stands for the runtime's function of that name, or NULL. */
LLVMValueRef cg_inline_of(struct cg *g, const char *name);

/* ---- program.c ---- */
void cg_program(struct cg *g);

/* ---- func.c ---- */
void cg_declare(struct cg *g, const struct rir_fn *f);
void cg_function(struct cg *g, const struct rir_fn *f);

/* ---- debug.c ---- */
void cg_debug_init(struct cg *g);
void cg_debug_function(struct cg *g, const struct rir_fn *f, LLVMValueRef fn);
/* $var names that f uses, as locals: the run's frame of variables is where they are. */
void cg_debug_vars(struct cg *g, const struct rir_fn *f, LLVMValueRef run, LLVMBasicBlockRef entry);
void cg_debug_site(struct cg *g, LLVMValueRef fn, uint32_t site);
void cg_debug_fini(struct cg *g);

#endif
