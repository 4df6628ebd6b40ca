/* SPDX-License-Identifier: Apache-2.0 */
/* DWARF: one compile unit, a subprogram for each route, lines from the sites, include files as blocks. */
#include "codegen/cg.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/version.h"

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
