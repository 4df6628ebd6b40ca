/* SPDX-License-Identifier: Apache-2.0 */
/* DWARF: one compile unit, a subprogram for each route, lines from the sites, include files as blocks. */
#include "codegen/cg.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "abi/run.h"
#include "base/version.h"

/* DWARF 4, 7.7 and 7.8 */
enum { DW_OP_deref = 0x06, DW_OP_plus_uconst = 0x23, DW_ATE_SIGNED = 5, DW_ATE_SIGNED_CHAR = 6 };

static LLVMMetadataRef file_of(struct cg *g, struct str name)
{
	size_t slash = str_rchr(name, '/');
	struct str dir = slash == STR_NONE ? S(".") : str_head(name, slash);
	struct str base = slash == STR_NONE ? name : str_skip(name, slash + 1);
	char real[PATH_MAX];

	if (realpath(str_z(g->arena, dir), real))
		dir = str_of(real);
	return LLVMDIBuilderCreateFile(g->di, base.p ? base.p : "", base.n, dir.p ? dir.p : "", dir.n);
}

void cg_debug_init(struct cg *g)
{
	LLVMMetadataRef file;
	const char *producer = "kiln " KILN_VERSION;

	g->di = LLVMCreateDIBuilder(g->mod);
	file = file_of(g, str_of(g->in->file));
	g->cu = LLVMDIBuilderCreateCompileUnit(g->di, LLVMDWARFSourceLanguageC, file, producer,
					       strlen(producer), true, "", 0, 0, "", 0,
					       LLVMDWARFEmissionFull, 0, false, false, "", 0, "", 0);
	g->fn_type = LLVMDIBuilderCreateSubroutineType(g->di, file, NULL, 0, LLVMDIFlagZero);
	LLVMAddModuleFlag(g->mod, LLVMModuleFlagBehaviorWarning, "Debug Info Version", 18,
			  LLVMValueAsMetadata(LLVMConstInt(g->i32, LLVMDebugMetadataVersion(), false)));
	LLVMAddModuleFlag(g->mod, LLVMModuleFlagBehaviorWarning, "Dwarf Version", 13,
			  LLVMValueAsMetadata(LLVMConstInt(g->i32, 4, false)));
}

void cg_debug_function(struct cg *g, const struct rir_fn *f, LLVMValueRef fn)
{
	struct source_pos pos = source_pos(g->in->source, f->loc);
	struct str name = f->loc.file ? pos.file : str_of(g->in->file);
	LLVMMetadataRef file = file_of(g, name);
	unsigned line = f->loc.file ? pos.line : 1;
	LLVMMetadataRef sp =
		LLVMDIBuilderCreateFunction(g->di, file, f->shown.p, f->shown.n, f->symbol, strlen(f->symbol),
					    file, line, g->fn_type, false, true, line, LLVMDIFlagZero, true);

	LLVMSetSubprogram(fn, sp);
	LLVMSetCurrentDebugLocation2(g->b, LLVMDIBuilderCreateDebugLocation(g->ctx, line, 0, sp, NULL));
}

/* struct value as a debugger shows it. */
static LLVMMetadataRef value_type(struct cg *g)
{
	static const struct {
		const char *name;
		size_t off;
	} fields[] = {{"tag", offsetof(struct value, tag)},
		      {"i", offsetof(struct value, i)},
		      {"s", offsetof(struct value, s.p)},
		      {"n", offsetof(struct value, s.n)}};
	LLVMMetadataRef file = file_of(g, str_of(g->in->file)), tag, i, ch, p, types[4], m[4], tags[4];
	static const char *const names[] = {"null", "int", "str", "strint"};

	if (g->value_type)
		return g->value_type;
	for (unsigned k = 0; k < 4; k++)
		tags[k] = LLVMDIBuilderCreateEnumerator(g->di, names[k], strlen(names[k]), k, true);
	i = LLVMDIBuilderCreateBasicType(g->di, "int", 3, 64, DW_ATE_SIGNED, LLVMDIFlagZero);
	ch = LLVMDIBuilderCreateBasicType(g->di, "char", 4, 8, DW_ATE_SIGNED_CHAR, LLVMDIFlagZero);
	p = LLVMDIBuilderCreatePointerType(g->di, ch, 64, 64, 0, "", 0);
	tag = LLVMDIBuilderCreateEnumerationType(g->di, g->cu, "tag", 3, file, 0, 32, 32, tags, 4, i);
	types[0] = tag;
	types[1] = types[3] = i;
	types[2] = p;
	for (unsigned k = 0; k < 4; k++)
		m[k] = LLVMDIBuilderCreateMemberType(g->di, g->cu, fields[k].name, strlen(fields[k].name), file, 0,
						     k ? 64 : 32, k ? 64 : 32, fields[k].off * 8, LLVMDIFlagZero,
						     types[k]);
	g->value_type = LLVMDIBuilderCreateStructType(g->di, g->cu, "value", 5, file, 0,
						      sizeof(struct value) * 8, 64, LLVMDIFlagZero, NULL, m, 4, 0,
						      NULL, "", 0);
	return g->value_type;
}

/* Slots that f reads or sets, each once. */
static void used_vars(const struct rir_fn *f, bool *used, size_t n)
{
	for (size_t i = 0; i < f->n; i++) {
		const struct rir_inst *in = &f->v[i];

		if ((in->op == RIR_VAR || in->op == RIR_SETVAR) && (size_t)in->imm < n)
			used[in->imm] = true;
	}
}

void cg_debug_vars(struct cg *g, const struct rir_fn *f, LLVMValueRef run, LLVMBasicBlockRef entry)
{
	LLVMMetadataRef scope = LLVMGetSubprogram(LLVMGetBasicBlockParent(entry));
	size_t n = g->sema->var_names.n;
	bool *used = arena_calloc(g->arena, n + 1, sizeof(*used));

	if (!used || !scope)
		return;
	used_vars(f, used, n);
	for (size_t i = 0; i < n; i++) {
		/* run->vars, then the slot, in memory */
		uint64_t at[] = {DW_OP_plus_uconst, offsetof(struct run, vars), DW_OP_deref, DW_OP_plus_uconst,
				 i * sizeof(struct value), DW_OP_deref};
		struct str name = g->sema->var_names.v[i];
		LLVMMetadataRef var, file = file_of(g, str_of(g->in->file));

		if (!used[i])
			continue;
		var = LLVMDIBuilderCreateAutoVariable(g->di, scope, name.p, name.n, file, 0, value_type(g), true,
						      LLVMDIFlagZero, 0);
		LLVMDIBuilderInsertDbgValueRecordAtEnd(
			g->di, run, var, LLVMDIBuilderCreateExpression(g->di, at, sizeof(at) / sizeof(at[0])),
			LLVMDIBuilderCreateDebugLocation(g->ctx, 0, 0, scope, NULL), entry);
	}
}

void cg_debug_site(struct cg *g, LLVMValueRef fn, uint32_t site)
{
	const struct rir_site *s = &g->rir->sites[site];
	LLVMMetadataRef scope = LLVMGetSubprogram(fn);

	if (!site || !scope)
		return;
	scope = LLVMDIBuilderCreateLexicalBlockFile(g->di, scope, file_of(g, s->file), 0);
	LLVMSetCurrentDebugLocation2(g->b,
				     LLVMDIBuilderCreateDebugLocation(g->ctx, s->line, s->column, scope, NULL));
}

void cg_debug_fini(struct cg *g)
{
	LLVMDIBuilderFinalize(g->di);
	LLVMDisposeDIBuilder(g->di);
}
